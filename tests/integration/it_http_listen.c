/*
 * What only real sockets show: blocks of addresses, ranges of ports, names, too
 * few descriptors, too many connections.
 */
#include <sys/resource.h>

#include "tests/integration/wire_rig.h"

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

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "sixteen handshakes at once and no more",
		    sixteen_handshakes_at_once_and_no_more },
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

	return UNIT_RUN("http listen", cases);
}
