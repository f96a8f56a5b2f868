/*
 * What only real sockets show: bytes that no client of ours would send, old
 * and broken clients, names, blocks of addresses, too few descriptors.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
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

static int
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

static void
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
static void
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

static void
wire_open(struct wire *w, const struct http_listen_opts *o)
{
	memset(w, 0, sizeof *w);
	rig_open(&w->rig, &rig_real, 1);
	rig_listen(&w->rig, o);
	w->fd = dial("127.0.0.1", w->rig.port);
	CU_ASSERT_FATAL(w->fd >= 0);
}

static void
wire_redial(struct wire *w)
{
	(void)close(w->fd);
	w->fd = dial("127.0.0.1", w->rig.port);
	w->n = 0;
	w->closed = false;
}

static void
wire_close(struct wire *w)
{
	(void)close(w->fd);
	rig_close(&w->rig);
}

static void
talk(struct wire *w, const char *bytes)
{
	say(w, bytes, strlen(bytes));
	listen_to(w, 60 * LOOP_MS);
}

static unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* ---- requests ------------------------------------------------------------------ */

static void
old_clients_get_a_close(void)
{
	struct wire w;

	wire_open(&w, NULL);
	talk(&w, "GET /old HTTP/1.0\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "\r\n\r\nhello"));
	CU_ASSERT_TRUE(w.closed);
	wire_redial(&w);
	talk(&w, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "Connection: keep-alive\r\n"));
	CU_ASSERT_FALSE(w.closed);
	wire_close(&w);
}

static void
pipelined_requests_are_answered_in_order(void)
{
	struct wire w;
	char *many;
	struct buf b;

	buf_init(&b, 1u << 20);
	for (int i = 0; i < 200; i++)
		(void)buf_addf(&b,
		    "POST /%d HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: 4\r\n\r\nbody",
		    i);
	many = buf_take(&b, NULL);
	wire_open(&w, NULL);
	talk(&w, many);
	CU_ASSERT_EQUAL(count(w.text, "HTTP/1.1 200 OK\r\n"), 200);
	CU_ASSERT_EQUAL(w.rig.handled, 200);
	CHECK_TEXT(w.rig.last_target, "/199");
	CU_ASSERT_FALSE(w.closed);
	xfree(many);
	wire_close(&w);
}

static void
one_byte_at_a_time_is_a_request_too(void)
{
	static const char bytes[] = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n"
				    "Empty:\r\nA: b \r\n\r\n";
	struct wire w;

	wire_open(&w, NULL);
	for (size_t i = 0; i < sizeof bytes - 1; i++)
		say(&w, bytes + i, 1);
	listen_to(&w, 60 * LOOP_MS);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	CHECK_TEXT(w.rig.last_target, "/a?b=c");
	wire_close(&w);
}

static void
bad_requests_are_refused_and_closed(void)
{
	static const struct {
		const char *bytes, *status;
	} rows[] = {
		{ "GARBAGE\r\n\r\n", "HTTP/1.1 501 " },
		{ "GET\r\n\r\n", "HTTP/1.1 501 " },
		{ "GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 505 " },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA: b\001c\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		  "Content-Length: 2\r\n\r\nx",
		    "HTTP/1.1 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\n"
		  "Transfer-Encoding: gzip\r\n\r\nabc",
		    "HTTP/1.1 400 " },
		{ "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
	};
	struct wire w;

	wire_open(&w, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		wire_redial(&w);
		talk(&w, rows[i].bytes);
		CHECK_ROW(strncmp(w.text, rows[i].status,
			      strlen(rows[i].status)) == 0,
		    rows[i].bytes);
		CHECK_ROW(w.closed, rows[i].bytes);
	}
	CU_ASSERT_EQUAL(w.rig.handled, 0);
	wire_close(&w);
}

static void
absolute_targets_and_upgrades_are_plain_requests(void)
{
	struct wire w;

	wire_open(&w, NULL);
	talk(&w, "GET http://x:1/p?q HTTP/1.1\r\nHost: x\r\n"
		 "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	CHECK_TEXT(w.rig.last_target, "/p?q");
	wire_close(&w);
}

static char whole[64];

static void
note_whole(void *arg, struct http_exchange *x, struct http_bytes b)
{
	if (b.n > 0)
		(void)str_format(
		    whole, sizeof whole, "%.*s", (int)b.n, (const char *)b.p);
	rig_answer(arg, x);
}

static void
collect(struct http_rig *r, struct http_exchange *x)
{
	http_exchange_collect(x, note_whole, r);
}

static void
a_body_is_invited_only_when_wanted(void)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\n"
				   "Expect: 100-continue\r\n"
				   "Content-Length: 4\r\n\r\n";
	struct wire w;

	wire_open(&w, NULL);
	w.rig.on_request = collect;
	talk(&w, head);
	CHECK_TEXT(w.text, "HTTP/1.1 100 Continue\r\n\r\n");
	talk(&w, "body");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	CHECK_TEXT(whole, "body");
	CU_ASSERT_FALSE(w.closed);
	/* Answered unread: no invitation, and nobody knows if it comes. */
	wire_redial(&w);
	w.rig.on_request = rig_answer;
	talk(&w, head);
	CU_ASSERT_EQUAL(strncmp(w.text, "HTTP/1.1 200 OK\r\n", 17), 0);
	CU_ASSERT_TRUE(w.closed);
	wire_close(&w);
}

static void
chunked_bodies_lose_their_framing(void)
{
	struct wire w;

	wire_open(&w, NULL);
	w.rig.on_request = collect;
	talk(&w, "POST / HTTP/1.1\r\nHost: x\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n"
		 "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
		 "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	CHECK_TEXT(whole, "abcde");
	CHECK_TEXT(w.rig.last_target, "/next");
	CU_ASSERT_EQUAL(count(w.text, "HTTP/1.1 200 OK\r\n"), 2);
	wire_close(&w);
}

/* ---- limits -------------------------------------------------------------------- */

static void
endless_heads_and_chunk_lines_are_capped(void)
{
	struct http_listen_opts o = { .limits = { .head_max = 4096 } };
	struct wire w;
	char junk[1000];

	memset(junk, 'j', sizeof junk);
	wire_open(&w, &o);
	say(&w, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 29);
	for (int i = 0; i < 10; i++)
		say(&w, junk, sizeof junk);
	listen_to(&w, 60 * LOOP_MS);
	CU_ASSERT_EQUAL(strncmp(w.text, "HTTP/1.1 431 ", 13), 0);
	CU_ASSERT_TRUE(w.closed);
	wire_redial(&w);
	w.rig.on_request = collect;
	talk(&w, "POST / HTTP/1.1\r\nHost: x\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n1;");
	for (int i = 0; i < 30; i++)
		say(&w, junk, sizeof junk);
	listen_to(&w, 60 * LOOP_MS);
	CU_ASSERT_EQUAL(strncmp(w.text, "HTTP/1.1 400 ", 13), 0);
	CU_ASSERT_TRUE(w.closed);
	wire_close(&w);
}

static void
slow_heads_end_at_an_absolute_time(void)
{
	struct http_listen_opts o = { .limits = { .head_us = 200 * LOOP_MS } };
	struct wire w;
	int64_t began;

	wire_open(&w, &o);
	began = loop_mono_us(w.rig.client);
	say(&w, "GET / HTTP/1.1\r\n", 16);
	while (!w.closed && loop_mono_us(w.rig.client) - began < 2 * LOOP_S) {
		say(&w, "a", 1);
		listen_to(&w, 20 * LOOP_MS);
	}
	CU_ASSERT_TRUE(w.closed);
	CU_ASSERT(loop_mono_us(w.rig.client) - began < LOOP_S);
	CU_ASSERT_EQUAL(strncmp(w.text, "HTTP/1.1 408 ", 13), 0);
	wire_close(&w);
}

static enum http_flow
pull_forever(void *arg, void *out, size_t cap, size_t *n)
{
	(void)arg;
	memset(out, 'e', cap);
	*n = cap;
	return HTTP_MORE;
}

static void
reply_endless(struct http_rig *r, struct http_exchange *x)
{
	const struct http_source src = { pull_forever, r, -1 };

	http_reply_stream(x, 200, NULL, 0, &src);
}

static void
idle_connections_and_unread_replies_end(void)
{
	struct http_listen_opts o = { .limits = { .idle_us = 150 * LOOP_MS } };
	struct wire w;

	wire_open(&w, &o);
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CU_ASSERT_FALSE(w.closed);
	listen_to(&w, 400 * LOOP_MS);
	CU_ASSERT_TRUE(w.closed);
	wire_redial(&w);
	w.rig.on_request = reply_endless;
	say(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	rig_pass(&w.rig, 100 * LOOP_MS);
	CU_ASSERT_EQUAL(w.rig.gone, 0);
	rig_pass(&w.rig, 300 * LOOP_MS);
	CU_ASSERT_EQUAL(w.rig.gone, 1);
	wire_close(&w);
}

static void
pipelined_input_is_not_hoarded(void)
{
	struct wire w;
	char junk[4096];
	size_t sent = 0;
	ssize_t n;

	memset(junk, 'G', sizeof junk);
	wire_open(&w, NULL);
	w.rig.on_request = rig_keep;
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	/* Sockets take some megabytes; the server's memory must not. */
	for (int i = 0; i < 200; i++) {
		n = send(w.fd, junk, sizeof junk, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		rig_pass(&w.rig, 200);
	}
	CU_ASSERT(sent > 100000);
	CU_ASSERT_EQUAL(w.rig.gone, 0);
	rig_answer(&w.rig, w.rig.x);
	listen_to(&w, 60 * LOOP_MS);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 501 "));
	wire_close(&w);
}

/* ---- addresses and descriptors ---------------------------------------------------- */

static void
a_block_of_addresses_tells_them_apart(void)
{
	struct http_listen_opts o = { .addr = "127.7.0.0", .prefix = 16 };
	struct http_request get = { .method = "GET" };
	struct http_rig r;
	struct ask a;
	char want[64];

	rig_open(&r, &rig_real, 1);
	rig_listen(&r, &o);
	r.host = "127.7.3.9";
	rig_peer(&r, NULL);
	ask(&r, &a, &get);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	(void)str_format(want, sizeof want, "127.7.3.9:%u", r.port);
	CHECK_TEXT(r.local, want);
	http_peer_free(r.p);
	r.host = "127.8.0.1"; /* outside */
	rig_peer(&r, NULL);
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(a.err, HTTP_E_RESET);
	CU_ASSERT_EQUAL(r.handled, 1);
	rig_close(&r);
}

static void
a_range_of_ports_is_one_server(void)
{
	struct http_listen_opts o = { .n_ports = 20 };
	struct http_rig r;
	struct ask a;
	char want[64];

	rig_open(&r, &rig_real, 1);
	/* Some free range; another try is another range. */
	for (o.port = 21000; o.port < 60000; o.port += 100) {
		struct http_listen_opts probe = o;
		struct err e = { .kind = ERR_NONE };
		struct http_server *s;

		probe.addr = "127.0.0.1";
		probe.handle = rig_handle;
		probe.arg = &r;
		s = http_listen(r.server_net, &probe, &e);
		http_server_free(s);
		if (s)
			break;
	}
	rig_listen(&r, &o);
	r.port += 19;
	rig_peer(&r, NULL);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	(void)str_format(want, sizeof want, "127.0.0.1:%u", o.port + 19);
	CHECK_TEXT(r.local, want);
	rig_close(&r);
}

static void
wrong_places_to_listen_are_named(void)
{
	static const struct http_listen_opts rows[] = {
		{ .addr = "localhost" },
		{ .addr = "127.0.0.1", .prefix = 33 },
		{ .addr = "127.0.0.1", .port = 65000, .n_ports = 1000 },
		{ .addr = "203.0.113.77", .port = 1 },
	};
	struct http_rig r;

	rig_open(&r, &rig_real, 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_listen_opts o = rows[i];
		struct err e = { .kind = ERR_NONE };

		o.handle = rig_handle;
		CHECK_ROW(
		    http_listen(r.server_net, &o, &e) == NULL, rows[i].addr);
		CHECK_ROW(e.kind == ERR_SPEC, rows[i].addr);
	}
	rig_close(&r);
}

static void
names_resolve_and_unknown_ones_say_so(void)
{
	struct http_rig r;
	struct ask a;

	rig_open(&r, &rig_real, 1);
	rig_listen(&r, NULL);
	r.host = "localhost";
	rig_peer(&r, NULL);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	http_peer_free(r.p);
	r.host = "no-such-host.invalid";
	rig_peer(&r, NULL);
	ask(&r, &a,
	    &(struct http_request){ .limits = { .connect_us = 5 * LOOP_S } });
	CU_ASSERT_TRUE(a.done);
	CU_ASSERT_EQUAL(a.phase, HTTP_P_RESOLVE);
	CU_ASSERT_TRUE(a.err == HTTP_E_RESOLVE || a.err == HTTP_E_DEADLINE);
	CU_ASSERT_FALSE(a.maybe_executed);
	rig_close(&r);
}

static void
cancelling_and_freeing_while_names_resolve_is_silent(void)
{
	struct ask a = { .done = false }, b = { .done = false };
	struct http_rig r;
	bool too_late;

	rig_open(&r, &rig_real, 1);
	r.host = "no-such-host.invalid";
	r.port = 1;
	rig_peer(&r, NULL);
	ask_start(&r, &a, NULL);
	rig_pass(&r, 0);
	/* A near resolver may have answered already. */
	too_late = a.done;
	if (!too_late)
		http_cancel(a.call);
	rig_pass(&r, 20 * LOOP_MS);
	CU_ASSERT_EQUAL(a.done, too_late);
	ask_start(&r, &b, NULL);
	rig_pass(&r, 0);
	too_late = b.done;
	rig_close(&r);
	CU_ASSERT_EQUAL(b.done, too_late);
}

static void
without_descriptors_it_waits_and_goes_on(void)
{
	struct rlimit old, few;
	struct wire w;
	int held[64], n = 0, extra;

	wire_open(&w, NULL);
	(void)getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	extra = dup(0);
	few.rlim_cur = (rlim_t)extra + 8;
	(void)close(extra);
	(void)setrlimit(RLIMIT_NOFILE, &few);
	while (n < 64 && (held[n] = dup(0)) >= 0)
		n++;
	wire_redial(&w); /* in the backlog; the server has no descriptor */
	say(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	(void)loop_max_lag_us(w.rig.client, true);
	listen_to(&w, 250 * LOOP_MS);
	CU_ASSERT_EQUAL(w.n, 0);
	while (n > 0)
		(void)close(held[--n]);
	(void)setrlimit(RLIMIT_NOFILE, &old);
	listen_to(&w, 300 * LOOP_MS);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	wire_close(&w);
}

#define DIALLERS 20

/* A port that accepts and says nothing: TLS waits for ever. */
static void
sixteen_handshakes_at_once_and_no_more(void)
{
	struct http_request q = { .limits = { .connect_us = 200 * LOOP_MS } };
	struct http_peer_opts o = { .tls = { .insecure = true } };
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	struct http_peer *peers[DIALLERS];
	struct ask asks[DIALLERS] = { { .done = false } };
	struct http_rig r;
	struct err e = { .kind = ERR_NONE };
	char base[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), c[DIALLERS];
	int taken = 0;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&a, n), 0);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 64), 0);
	CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	rig_open(&r, &rig_real, 1);
	(void)str_format(
	    base, sizeof base, "https://127.0.0.1:%u", ntohs(a.sin_port));
	o.base = base;
	for (size_t i = 0; i < DIALLERS; i++) {
		peers[i] = r.p = http_peer_new(r.client_net, &o, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r.p);
		ask_start(&r, &asks[i], &q);
	}
	rig_pass(&r, 50 * LOOP_MS);
	while (taken < DIALLERS && (c[taken] = accept(fd, NULL, NULL)) >= 0)
		taken++;
	CU_ASSERT_EQUAL(taken, 16);
	/* One that is given up lets another in. */
	http_peer_free(peers[0]);
	rig_pass(&r, 20 * LOOP_MS);
	while (taken < DIALLERS && (c[taken] = accept(fd, NULL, NULL)) >= 0)
		taken++;
	CU_ASSERT_EQUAL(taken, 17);
	for (size_t i = 1; i < DIALLERS; i++) {
		ask_wait(&r, &asks[i]);
		CHECK_END(&asks[i], HTTP_E_DEADLINE, HTTP_P_TLS);
		CU_ASSERT_FALSE(asks[i].maybe_executed);
		http_peer_free(peers[i]);
	}
	CU_ASSERT_FALSE(asks[0].done);
	r.p = NULL;
	rig_close(&r);
	while (taken > 0)
		(void)close(c[--taken]);
	(void)close(fd);
}

static void
idle_connections_give_way_at_max_conns(void)
{
	struct http_listen_opts o = { .max_conns = 2 };
	struct wire w;
	int first, second;

	wire_open(&w, &o);
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	first = w.fd;
	w.fd = dial("127.0.0.1", w.rig.port);
	w.rig.on_request = rig_keep;
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	second = w.fd;
	w.fd = dial("127.0.0.1", w.rig.port);
	w.n = 0;
	w.rig.on_request = rig_answer;
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "HTTP/1.1 200 OK\r\n"));
	CU_ASSERT_EQUAL(recv(first, w.text, 1, 0), 0); /* the idle one */
	CU_ASSERT_EQUAL(recv(second, w.text, 1, 0), -1);
	(void)close(first);
	(void)close(second);
	wire_close(&w);
}

/* ---- replies ------------------------------------------------------------------------ */

static struct rng spoil_rng;

/* A good reply with some bytes changed, lost or put in. */
static void
reply_spoilt(struct http_rig *r, struct http_exchange *x)
{
	static const char *const good[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nT: x\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nA: b\r\n c"
		"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded: first\r\n\r\nrest",
	};
	char m[300];
	size_t n, at;

	(void)r;
	(void)str_copy(m, sizeof m, good[rng_below(&spoil_rng, 4)]);
	n = strlen(m);
	for (uint64_t k = rng_below(&spoil_rng, 4); k > 0; k--) {
		at = (size_t)rng_below(&spoil_rng, n - 1);
		switch (rng_below(&spoil_rng, 3)) {
		case 0:
			m[at] = (char)rng_u64(&spoil_rng);
			break;
		case 1:
			memmove(m + at, m + at + 1, --n - at);
			break;
		default:
			memmove(m + at + 1, m + at, n++ - at);
			m[at] = "\r\n: 0a\0f"[rng_below(&spoil_rng, 8)];
			break;
		}
	}
	http_reply_raw(x, (struct http_bytes){ m, n }, 0,
	    rng_below(&spoil_rng, 2) ? HTTP_FIN : HTTP_RST);
}

static void
spoilt_replies_end_and_break_nothing(void)
{
	struct http_peer_opts o = { .idle_close_us = LOOP_S };
	struct http_request q = { .may_resend = true,
		.limits = {
		    .head_us = 50 * LOOP_MS, .idle_us = 50 * LOOP_MS } };
	struct http_rig r;
	struct ask a;
	unsigned good = 0;

	rig_open(&r, &rig_real, 1);
	rng_seed(&spoil_rng, 11, "spoil");
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	r.on_request = reply_spoilt;
	for (int i = 0; i < 600; i++) {
		memset(&a, 0, sizeof a);
		a.want_header = "Content-Length";
		ask_start(&r, &a, &q);
		ask_wait(&r, &a);
		CU_ASSERT_TRUE_FATAL(a.done);
		good += a.err == HTTP_OK;
	}
	CU_ASSERT(good > 50 && good < 550);
	r.on_request = rig_answer;
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "old clients get a close", old_clients_get_a_close },
		{ "pipelined requests are answered in order",
		    pipelined_requests_are_answered_in_order },
		{ "one byte at a time is a request, too",
		    one_byte_at_a_time_is_a_request_too },
		{ "bad requests are refused and closed",
		    bad_requests_are_refused_and_closed },
		{ "absolute targets and upgrades are plain requests",
		    absolute_targets_and_upgrades_are_plain_requests },
		{ "a body is invited only when wanted",
		    a_body_is_invited_only_when_wanted },
		{ "chunked bodies lose their framing",
		    chunked_bodies_lose_their_framing },
		{ "endless heads and chunk lines are capped",
		    endless_heads_and_chunk_lines_are_capped },
		{ "slow heads end at an absolute time",
		    slow_heads_end_at_an_absolute_time },
		{ "spoilt replies end and break nothing",
		    spoilt_replies_end_and_break_nothing },
		{ "sixteen handshakes at once and no more",
		    sixteen_handshakes_at_once_and_no_more },
		{ "idle connections and unread replies end",
		    idle_connections_and_unread_replies_end },
		{ "pipelined input is not hoarded",
		    pipelined_input_is_not_hoarded },
		{ "a block of addresses tells them apart",
		    a_block_of_addresses_tells_them_apart },
		{ "a range of ports is one server",
		    a_range_of_ports_is_one_server },
		{ "wrong places to listen are named",
		    wrong_places_to_listen_are_named },
		{ "names resolve, unknown ones say so",
		    names_resolve_and_unknown_ones_say_so },
		{ "cancelling and freeing while names resolve is silent",
		    cancelling_and_freeing_while_names_resolve_is_silent },
		{ "without descriptors it waits and goes on",
		    without_descriptors_it_waits_and_goes_on },
		{ "idle connections give way at max_conns",
		    idle_connections_give_way_at_max_conns },
	};

	return UNIT_RUN("http wire", cases);
}
