/*
 * What stands between an agent and the API server where a scenario cuts one off:
 * a process of ours that passes bytes on. It is stopped, and nothing comes
 * through; it goes on, and all of it does, as after a partition. `beskar7-scenario
 * relay PORT`, for the runner itself.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/sockets.h"

#define RELAY_PAIRS 128
#define RELAY_PIECE 16384

struct relay_pair {
	int fd[2]; /* the client's, the server's; -1 = free */
};

struct relay {
	int listens;
	unsigned to;
	struct relay_pair pairs[RELAY_PAIRS];
};

static int
relay_socket(unsigned port, bool serve)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    (serve ? bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
			 listen(fd, RELAY_PAIRS) != 0
		   : connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void
relay_close(struct relay_pair *p)
{
	for (int k = 0; k < 2; k++) {
		if (p->fd[k] >= 0)
			(void)close(p->fd[k]);
		p->fd[k] = -1;
	}
}

static void
relay_accept(struct relay *r)
{
	int fd = accept(r->listens, NULL, NULL);

	for (int i = 0; fd >= 0 && i < RELAY_PAIRS; i++) {
		struct relay_pair *p = &r->pairs[i];

		if (p->fd[0] >= 0)
			continue;
		p->fd[0] = fd;
		p->fd[1] = relay_socket(r->to, false);
		if (p->fd[1] < 0)
			relay_close(p);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

/* Loopback takes what it is given: a write that blocks does so for moments. */
static void
relay_pass(struct relay_pair *p, int from)
{
	char piece[RELAY_PIECE];
	ssize_t n = recv(p->fd[from], piece, sizeof(piece), 0), out = 0;

	for (ssize_t at = 0; n > 0 && at < n; at += out) {
		out = send(p->fd[1 - from], piece + at, (size_t)(n - at),
		    MSG_NOSIGNAL);
		if (out <= 0) {
			n = 0;
			break;
		}
	}
	if (n <= 0)
		relay_close(p);
}

static void
relay_turn(struct relay *r)
{
	struct pollfd f[1 + 2 * RELAY_PAIRS];

	f[0] = (struct pollfd){ .fd = r->listens, .events = POLLIN };
	for (int i = 0; i < 2 * RELAY_PAIRS; i++)
		f[1 + i] = (struct pollfd){ .fd = r->pairs[i / 2].fd[i % 2],
			.events = POLLIN };
	if (poll(f, 1 + 2 * RELAY_PAIRS, -1) <= 0)
		return;
	for (int i = 0; i < 2 * RELAY_PAIRS; i++)
		if (f[1 + i].revents != 0 && r->pairs[i / 2].fd[i % 2] >= 0)
			relay_pass(&r->pairs[i / 2], i % 2);
	if (f[0].revents != 0)
		relay_accept(r);
}

int
sockets_relay_main(const char *port)
{
	struct relay *r = xcalloc(1, sizeof(*r));
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	uint64_t to;

	if (!str_to_u64(port, &to) || to == 0 || to > 65535) {
		xfree(r);
		return 2;
	}
	r->to = (unsigned)to;
	for (int i = 0; i < RELAY_PAIRS; i++)
		r->pairs[i].fd[0] = r->pairs[i].fd[1] = -1;
	r->listens = relay_socket(0, true);
	if (r->listens < 0 ||
	    getsockname(r->listens, (struct sockaddr *)&a, &n) != 0) {
		xfree(r);
		return 1;
	}
	(void)printf("port:%u\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	for (;;)
		relay_turn(r);
}
