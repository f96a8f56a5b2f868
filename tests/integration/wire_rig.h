/* A server of ours and one bare socket that says to it what no client would. */
#ifndef B7_TESTS_WIRE_RIG_H
#define B7_TESTS_WIRE_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/http_rig_real.h"

struct wire {
	struct http_rig rig;
	int fd;
	char text[70000];
	size_t n;
	bool closed;
};

static inline int
dial(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET, ip, &a.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
		(void)close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline void
say(struct wire *w, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(w->fd, at, n, MSG_NOSIGNAL);

		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
		} else if (errno != EAGAIN) {
			return;
		}
		rig_pass(&w->rig, LOOP_MS);
	}
}

/* Reads until the server is silent for so long, or closes. */
static inline void
listen_to(struct wire *w, int64_t quiet_us)
{
	int64_t last = loop_mono_us(w->rig.client);

	while (loop_mono_us(w->rig.client) - last < quiet_us) {
		ssize_t n =
		    recv(w->fd, w->text + w->n, sizeof w->text - 1 - w->n, 0);

		if (n > 0) {
			w->n += (size_t)n;
			last = loop_mono_us(w->rig.client);
		} else if (n == 0 || errno != EAGAIN) {
			w->closed = true;
			break;
		}
		rig_pass(&w->rig, LOOP_MS);
	}
	w->text[w->n] = '\0';
}

static inline void
wire_open(struct wire *w, const struct http_listen_opts *o)
{
	memset(w, 0, sizeof *w);
	rig_open(&w->rig, &rig_real, 1);
	rig_listen(&w->rig, o);
	w->fd = dial("127.0.0.1", w->rig.port);
	CU_ASSERT_FATAL(w->fd >= 0);
}

static inline void
wire_redial(struct wire *w)
{
	(void)close(w->fd);
	w->fd = dial("127.0.0.1", w->rig.port);
	w->n = 0;
	w->closed = false;
}

static inline void
wire_close(struct wire *w)
{
	(void)close(w->fd);
	rig_close(&w->rig);
}

static inline void
talk(struct wire *w, const char *bytes)
{
	say(w, bytes, strlen(bytes));
	listen_to(w, 60 * LOOP_MS);
}

static inline unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

#endif
