/* Requests, replies and connections. */
#include "tests/unit/http_contract.h"

static const struct http_rig_backend *chosen;

const struct http_rig_backend *
http_contract_backend(void)
{
	return chosen;
}

/* ---- plain requests --------------------------------------------------------- */

static void
a_get_brings_status_headers_and_body(void)
{
	struct http_rig r;
	struct ask a = { .want_header = "x-RIG" };
	char local[64];

	contract_plain(&r);
	ask_start(&r, &a, &(struct http_request){ .target = "/a/b?c=d%20e" });
	CU_ASSERT_FALSE(a.done);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.status, 200);
	CHECK_TEXT(a.body, "hello");
	CHECK_TEXT(a.header, "yes");
	CHECK_TEXT(a.why, "");
	CU_ASSERT_TRUE(a.maybe_executed);
	CU_ASSERT_FALSE(a.had_tls);
	CHECK_TEXT(r.last_method, "GET");
	CHECK_TEXT(r.last_target, "/a/b?c=d%20e");
	CHECK_TEXT(r.last_cn, "-");
	(void)str_format(local, sizeof(local), "%s:%u", r.host, r.port);
	CHECK_TEXT(r.local, local);
	rig_close(&r);
}

static char host_header[64], type_header[64];

static void
note_headers(struct http_rig *r, struct http_exchange *x)
{
	const char *host = http_exchange_header(x, "HOST");
	const char *type = http_exchange_header(x, "content-type");

	(void)str_copy(host_header, sizeof(host_header), host ? host : "-");
	(void)str_copy(type_header, sizeof(type_header), type ? type : "-");
	rig_answer(r, x);
}

static void
the_server_sees_host_and_headers(void)
{
	struct http_header h = { "Content-Type", "application/json" };
	struct http_request q = { .headers = &h, .n_headers = 1 };
	struct ask a = { .done = false };
	struct http_rig r;
	char want[64];

	contract_plain(&r);
	r.on_request = note_headers;
	a.want_header = "Date";
	ask_start(&r, &a, &q);
	ask_wait(&r, &a);
	(void)str_format(want, sizeof(want), "%s:%u", r.host, r.port);
	CHECK_TEXT(host_header, want);
	CHECK_TEXT(type_header, "application/json");
	CU_ASSERT_EQUAL(
	    strlen(a.header), strlen("Thu, 01 Jan 2026 00:00:00 GMT"));
	rig_close(&r);
}

static char got_body[64];
static size_t got_body_n;

static void
echo_whole(void *arg, struct http_exchange *x, struct http_bytes b)
{
	struct http_rig *r = arg;

	got_body_n = b.n;
	(void)str_format(
	    got_body, sizeof(got_body), "%.*s", (int)b.n, (const char *)b.p);
	rig_answer(r, x);
}

static void
collect(struct http_rig *r, struct http_exchange *x)
{
	http_exchange_collect(x, echo_whole, r);
}

static void
bodies_are_collected_even_empty_ones(void)
{
	struct http_request q = { .method = "PATCH",
		.body = { "{\"a\":1}", 7 } };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	r.on_request = collect;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(got_body, "{\"a\":1}");
	q.body.n = 0;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(got_body_n, 0);
	rig_close(&r);
}

static int reply_status;

static void
reply_with_status(struct http_rig *r, struct http_exchange *x)
{
	(void)r;
	http_reply(x, reply_status, NULL, 0, (struct http_bytes){ "body", 4 });
}

static void
some_replies_have_no_body(void)
{
	const struct {
		const char *method;
		int status;
		size_t n;
	} rows[] = { { "GET", 200, 4 }, { "HEAD", 200, 0 }, { "GET", 204, 0 },
		{ "GET", 304, 0 }, { "DELETE", 404, 4 } };
	struct http_peer_opts o = { .idle_close_us = LOOP_S };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	r.on_request = reply_with_status;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_request q = { .method = rows[i].method,
			.may_resend = true };

		reply_status = rows[i].status;
		ask(&r, &a, &q);
		CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
		CU_ASSERT_EQUAL(a.status, rows[i].status);
		CU_ASSERT_EQUAL(a.body_n, rows[i].n);
	}
	rig_close(&r);
}

static void
bad_requests_end_in_proto(void)
{
	const struct http_header split = { "A", "b\r\nC: d" };
	const struct http_header host = { "Host", "other" };
	const struct http_request rows[] = {
		{ .method = "GET " },
		{ .target = "x" },
		{ .target = "/a b" },
		{ .headers = &split, .n_headers = 1 },
		{ .headers = &host, .n_headers = 1 },
	};
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(&r, &a, &rows[i]);
		CU_ASSERT_TRUE(a.done);
		CU_ASSERT_EQUAL(a.err, HTTP_E_PROTO);
		CU_ASSERT_FALSE(a.maybe_executed);
	}
	CU_ASSERT_EQUAL(r.handled, 0);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

/* ---- connections -------------------------------------------------------------- */

static void
reads_share_a_connection_and_writes_do_not(void)
{
	struct http_peer_opts o = { .idle_close_us = LOOP_S };
	struct http_request get = { .may_resend = true };
	struct http_request post = { .method = "POST", .body = { "x", 1 } };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	for (int i = 0; i < 3; i++)
		ask(&r, &a, &get);
	CU_ASSERT_EQUAL(r.accepted, 1);
	ask(&r, &a, &post);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(r.accepted, 2);
	ask(&r, &a, &post);
	CU_ASSERT_EQUAL(r.accepted, 3);
	CU_ASSERT_EQUAL(r.handled, 5);
	rig_close(&r);
}

static void
without_keeping_each_call_connects(void)
{
	struct http_request get = { .may_resend = true };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	ask(&r, &a, &get);
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(r.accepted, 2);
	rig_close(&r);
}

static void
calls_wait_in_order_for_a_connection(void)
{
	struct ask a[3] = { { .done = false } };
	struct http_rig r;

	contract_plain(&r);
	r.on_request = rig_keep;
	for (size_t i = 0; i < 3; i++)
		ask_start(&r, &a[i], NULL);
	for (size_t i = 0; i < 3; i++) {
		RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.handled > i);
		CU_ASSERT_EQUAL(r.handled, i + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r.x);
		rig_answer(&r, r.x);
		r.x = NULL;
		ask_wait(&r, &a[i]);
		CU_ASSERT_EQUAL(a[i].err, HTTP_OK);
	}
	rig_close(&r);
}

static void
max_conns_calls_run_at_once(void)
{
	struct http_peer_opts o = { .max_conns = 3 };
	struct ask a[5] = { { .done = false } };
	struct http_rig r;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	r.on_request = rig_keep;
	for (size_t i = 0; i < 5; i++)
		ask_start(&r, &a[i], NULL);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.handled >= 3);
	CU_ASSERT_EQUAL(r.handled, 3);
	http_cancel(a[0].call);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.gone && r.handled >= 4);
	CU_ASSERT_EQUAL(r.handled, 4);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

static void
execute_and_close(struct http_rig *r, struct http_exchange *x)
{
	if (r->handled < 2)
		rig_answer(r, x);
	else
		http_reply_raw(x, (struct http_bytes){ "", 0 }, 0, HTTP_RST);
}

/* A server that executes and then breaks must see a write once; a read on a
 * kept connection may be sent again, and no more than once. */
static void
writes_are_never_sent_twice(void)
{
	struct http_peer_opts o = { .idle_close_us = 10 * LOOP_S };
	struct http_request get = { .may_resend = true };
	struct http_request post = { .method = "POST", .body = { "x", 1 } };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	r.on_request = execute_and_close;
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(a.err, HTTP_OK);
	ask(&r, &a, &post);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT_TRUE(a.maybe_executed);
	CU_ASSERT_EQUAL(r.handled, 2);
	/* Unless its connection was given up for the POST, it is resent. */
	r.handled = 0;
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(a.err, HTTP_OK);
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(a.err, HTTP_E_RESET);
	CU_ASSERT_EQUAL(r.handled, 3);
	rig_close(&r);
}

static bool both_asked;

static void
break_kept_ones(struct http_rig *r, struct http_exchange *x)
{
	if (r->handled == 1) {
		r->x = x;
	} else if (r->handled == 2) {
		rig_answer(r, r->x);
		rig_answer(r, x);
		both_asked = true;
	} else {
		http_reply_raw(x, (struct http_bytes){ "", 0 }, 0, HTTP_RST);
	}
}

/* Sent again means on a fresh connection, not on the next kept one. */
static void
a_read_is_sent_again_once(void)
{
	struct http_peer_opts o = { .max_conns = 2,
		.idle_close_us = 10 * LOOP_S };
	struct http_request get = { .may_resend = true };
	struct ask a = { .done = false }, b = { .done = false };
	struct http_rig r;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	r.on_request = break_kept_ones;
	both_asked = false;
	ask_start(&r, &a, &get);
	ask_start(&r, &b, &get);
	ask_wait(&r, &a);
	ask_wait(&r, &b);
	CU_ASSERT_TRUE(both_asked);
	CU_ASSERT_EQUAL(r.accepted, 2);
	ask(&r, &a, &get);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT_EQUAL(r.handled, 4);
	CU_ASSERT_EQUAL(r.accepted, 3);
	rig_close(&r);
}

static void
idle_connections_end_on_the_server_too(void)
{
	struct http_listen_opts l = { .limits = { .idle_us = 300 * LOOP_MS } };
	struct http_peer_opts o = { .idle_close_us = 10 * LOOP_S };
	struct http_request get = { .may_resend = true };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, &l);
	rig_peer(&r, &o);
	ask(&r, &a, &get);
	rig_pass(&r, 20 * LOOP_MS);
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(r.accepted, 1);
	rig_pass(&r, 700 * LOOP_MS);
	ask(&r, &a, &get);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(r.accepted, 2);
	/* A handler may think for longer than a client may be silent. */
	r.on_request = rig_keep;
	memset(&a, 0, sizeof(a));
	ask_start(&r, &a, &get);
	RIG_PASS_UNTIL(&r, 700 * LOOP_MS, r.x != NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.x);
	rig_answer(&r, r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

static void
a_full_server_lets_others_wait(void)
{
	struct http_listen_opts l = { .max_conns = 1 };
	struct http_peer_opts o = { .max_conns = 3,
		.idle_close_us = 10 * LOOP_S };
	struct http_request post = { .method = "POST", .body = { "x", 1 } };
	struct ask a = { .done = false }, b = { .done = false }, c;
	struct http_rig r;

	contract_open(&r);
	rig_listen(&r, &l);
	rig_peer(&r, &o);
	r.on_request = rig_keep;
	ask_start(&r, &a, &post);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.handled > 0);
	CU_ASSERT_EQUAL(r.handled, 1);
	ask_start(&r, &b, &post);
	rig_pass(&r, 50 * LOOP_MS);
	CU_ASSERT_EQUAL(r.handled, 1);
	CU_ASSERT_EQUAL(r.accepted, 1);
	http_cancel(a.call);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.handled >= 2);
	CU_ASSERT_EQUAL(r.handled, 2);
	rig_answer(&r, r.x);
	ask_wait(&r, &b);
	CHECK_END(&b, HTTP_OK, HTTP_P_BODY);
	/* b's connection idles and gives way. */
	r.on_request = rig_answer;
	ask(&r, &c, &post);
	CHECK_END(&c, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(r.accepted, 3);
	rig_close(&r);
}

static void
a_refused_connection_executes_nothing(void)
{
	struct http_peer_opts o = { .base = NULL };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, &o);
	http_server_free(r.s);
	r.s = NULL;
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_CONNECT, HTTP_P_CONNECT);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT_EQUAL(a.status, 0);
	rig_close(&r);
}

static void
a_refused_accept_resets(void)
{
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	r.refuse_accept = true;
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.err == HTTP_E_RESET || a.err == HTTP_E_EOF);
	CU_ASSERT_EQUAL(r.handled, 0);
	rig_close(&r);
}

const struct unit_case http_contract_basic[] = {
	{ "a GET brings status, headers and body",
	    a_get_brings_status_headers_and_body },
	{ "the server sees Host and headers",
	    the_server_sees_host_and_headers },
	{ "bodies are collected, even empty ones",
	    bodies_are_collected_even_empty_ones },
	{ "some replies have no body", some_replies_have_no_body },
	{ "bad requests end in proto", bad_requests_end_in_proto },
	{ "reads share a connection and writes do not",
	    reads_share_a_connection_and_writes_do_not },
	{ "without keeping, each call connects",
	    without_keeping_each_call_connects },
	{ "calls wait in order for a connection",
	    calls_wait_in_order_for_a_connection },
	{ "max_conns calls run at once", max_conns_calls_run_at_once },
	{ "writes are never sent twice", writes_are_never_sent_twice },
	{ "a read is sent again once", a_read_is_sent_again_once },
	{ "idle connections end on the server too",
	    idle_connections_end_on_the_server_too },
	{ "a full server lets others wait", a_full_server_lets_others_wait },
	{ "a refused connection executes nothing",
	    a_refused_connection_executes_nothing },
	{ "a refused accept resets", a_refused_accept_resets },
};
const size_t http_contract_basic_n =
    sizeof(http_contract_basic) / sizeof(http_contract_basic[0]);

int
http_contract_run(const struct http_rig_backend *b)
{
	int failed = 0;

	chosen = b;
	failed |=
	    unit_run("http basic", http_contract_basic, http_contract_basic_n);
	failed |= unit_run(
	    "http limits", http_contract_limits, http_contract_limits_n);
	failed |= unit_run(
	    "http stream", http_contract_stream, http_contract_stream_n);
	failed |= unit_run("http tls", http_contract_tls, http_contract_tls_n);
	return failed;
}
