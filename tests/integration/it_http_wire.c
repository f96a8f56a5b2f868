/*
 * What only real sockets show: bytes that no client of ours would send, old
 * and broken clients. Addresses and names: it_http_listen.c.
 */
#include "tests/integration/wire_rig.h"

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
	/* A server of that manner takes the body, but asks for none. */
	w.rig.manner.no_continue = true;
	w.rig.on_request = collect;
	wire_redial(&w);
	talk(&w, head);
	CHECK_TEXT(w.text, "");
	talk(&w, "body");
	CU_ASSERT_EQUAL(strncmp(w.text, "HTTP/1.1 200 OK\r\n", 17), 0);
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
	struct http_listen_opts o = { .limits = { .idle_us = 600 * LOOP_MS } };
	struct wire w;

	wire_open(&w, &o);
	talk(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CU_ASSERT_FALSE(w.closed);
	listen_to(&w, 3 * LOOP_S);
	CU_ASSERT_TRUE(w.closed);
	wire_redial(&w);
	w.rig.on_request = reply_endless;
	say(&w, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	rig_pass(&w.rig, 100 * LOOP_MS);
	CU_ASSERT_EQUAL(w.rig.gone, 0);
	RIG_PASS_UNTIL(&w.rig, 800 * LOOP_MS, w.rig.gone);
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
		{ "idle connections and unread replies end",
		    idle_connections_and_unread_replies_end },
		{ "pipelined input is not hoarded",
		    pipelined_input_is_not_hoarded },
	};

	return UNIT_RUN("http wire", cases);
}
