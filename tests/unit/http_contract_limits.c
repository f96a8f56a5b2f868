/* Cancelling, limits, stopping, and raw replies. */
#include "tests/unit/http_contract.h"

static unsigned wholes;

static void
count_whole(void *arg, struct http_exchange *x, struct http_bytes b)
{
	(void)b;
	wholes++;
	rig_answer(arg, x);
}

static void
collect(struct http_rig *r, struct http_exchange *x)
{
	http_exchange_collect(x, count_whole, r);
}

/* ---- leaving --------------------------------------------------------------------- */

static unsigned asked_to_leave;

static bool
stay(void *arg)
{
	(void)arg;
	asked_to_leave++;
	return false;
}

static bool
leave(void *arg)
{
	(void)arg;
	asked_to_leave++;
	return true;
}

/* The permit of a write may end while it connects. */
static void
a_request_is_held_back_when_it_would_leave(void)
{
	struct http_request no = { .method = "POST", .may_leave = stay };
	struct http_request yes = { .method = "POST", .may_leave = leave };
	struct ask a = { .done = false }, b = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	asked_to_leave = 0;
	ask_start(&r, &a, &no);
	CU_ASSERT_EQUAL(asked_to_leave, 0); /* not before it is connected */
	ask_wait(&r, &a);
	CU_ASSERT_EQUAL(asked_to_leave, 1);
	CU_ASSERT_EQUAL(a.err, HTTP_E_ABORT);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT_EQUAL(r.handled, 0);
	ask_start(&r, &b, &yes);
	ask_wait(&r, &b);
	CU_ASSERT_EQUAL(asked_to_leave, 2);
	CU_ASSERT_EQUAL(b.err, HTTP_OK);
	CU_ASSERT_EQUAL(r.handled, 1);
	rig_close(&r);
}

/* ---- cancelling ---------------------------------------------------------------- */

static void
cancelling_is_silent_and_frees_the_place(void)
{
	struct ask a = { .done = false }, b = { .done = false };
	struct ask c = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	ask_start(&r, &b, NULL);
	ask_start(&r, &c, NULL);
	http_cancel(b.call);
	RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.handled > 0);
	CU_ASSERT_EQUAL(r.handled, 1);
	http_cancel(a.call);
	RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.gone && r.handled >= 2);
	CU_ASSERT_EQUAL(r.gone, 1);
	CU_ASSERT_EQUAL(r.handled, 2);
	rig_answer(&r, r.x);
	ask_wait(&r, &c);
	CU_ASSERT_EQUAL(c.err, HTTP_OK);
	CU_ASSERT_FALSE(a.done || b.done);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

static void
freeing_a_peer_cancels_its_calls(void)
{
	struct ask a = { .done = false }, b = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	ask_start(&r, &b, NULL);
	RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.handled > 0);
	http_peer_free(r.p);
	r.p = NULL;
	RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	CU_ASSERT_FALSE(a.done || b.done);
	rig_close(&r);
}

static struct ask *cancel_me;

static enum http_flow
cancel_in_head(void *arg, int status, const struct http_header *h, size_t n)
{
	(void)arg;
	(void)status;
	(void)h;
	(void)n;
	http_cancel(cancel_me->call);
	return HTTP_MORE;
}

static void
a_call_may_be_cancelled_in_its_callbacks(void)
{
	struct http_request q = { .head = cancel_in_head };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	cancel_me = &a;
	ask_start(&r, &a, &q);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.handled > 0);
	CU_ASSERT_EQUAL(r.handled, 1);
	CU_ASSERT_FALSE(a.done);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

/* ---- limits -------------------------------------------------------------------- */

static void
a_silent_server_hits_the_head_limit(void)
{
	struct http_request q = { .limits = { .head_us = 80 * LOOP_MS } };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	r.on_request = rig_keep;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
	CU_ASSERT(a.done_us - a.started_us >= 80 * LOOP_MS);
	CU_ASSERT_TRUE(a.maybe_executed);
	RIG_PASS_UNTIL(&r, 30 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

static void
the_total_limit_counts_waiting_too(void)
{
	struct http_request q = { .limits = { .total_us = 80 * LOOP_MS } };
	struct ask a = { .done = false }, b = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	ask_start(&r, &b, &q);
	ask_wait(&r, &b);
	CHECK_END(&b, HTTP_E_DEADLINE, HTTP_P_QUEUED);
	CU_ASSERT_FALSE(b.maybe_executed);
	CU_ASSERT_FALSE(a.done);
	rig_close(&r);
}

static char big[300000];

static void
reply_big(struct http_rig *r, struct http_exchange *x)
{
	(void)r;
	http_reply(x, 200, NULL, 0, (struct http_bytes){ big, sizeof(big) });
}

static void
big_bodies_come_whole_or_hit_the_cap(void)
{
	struct http_request q = { .limits = { .body_max = sizeof(big) } };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	memset(big, 'b', sizeof(big));
	r.on_request = reply_big;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.body_n, sizeof(big));
	q.limits.body_max--;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_TOO_BIG, HTTP_P_BODY);
	rig_close(&r);
}

static void
a_request_body_over_the_cap_gets_413(void)
{
	struct http_listen_opts o = { .limits = { .body_max = 10 } };
	struct http_request q = { .method = "POST",
		.body = { "0123456789+", 11 } };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, &o);
	rig_peer(&r, NULL);
	r.on_request = collect;
	wholes = 0;
	ask(&r, &a, &q);
	CU_ASSERT_EQUAL(a.status, 413);
	CU_ASSERT_EQUAL(wholes, 0);
	q.body.n = 10;
	ask(&r, &a, &q);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT_EQUAL(wholes, 1);
	rig_close(&r);
}

static void
heads_have_caps_on_both_sides(void)
{
	struct http_listen_opts o = { .limits = { .head_max = 1000 } };
	struct http_header h = { "X", big };
	struct http_request q = { .headers = &h, .n_headers = 1 };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	memset(big, 'h', sizeof(big));
	big[2000] = '\0';
	rig_listen(&r, &o);
	rig_peer(&r, NULL);
	ask(&r, &a, &q);
	CU_ASSERT_EQUAL(a.status, 431);
	CU_ASSERT_EQUAL(r.handled, 0);
	ask(&r, &a, &(struct http_request){ .limits = { .head_max = 20 } });
	CU_ASSERT_EQUAL(a.err, HTTP_E_TOO_BIG);
	rig_close(&r);
}

/* ---- stopping ------------------------------------------------------------------ */

/* A request that the server got and does not answer. */
static void
open_kept(struct http_rig *r, struct ask *a)
{
	contract_plain(r);
	r->on_request = rig_keep;
	ask_start(r, a, NULL);
	RIG_PASS_UNTIL(r, 30 * LOOP_MS, r->x != NULL);
}

static void
a_stopping_server_finishes_what_runs(void)
{
	struct ask a = { .done = false }, b;
	struct http_rig r;

	open_kept(&r, &a);
	http_server_stop(r.s, 5 * LOOP_S);
	rig_pass(&r, 30 * LOOP_MS);
	CU_ASSERT_FALSE(a.done);
	rig_answer(&r, r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	ask(&r, &b, NULL);
	CHECK_END(&b, HTTP_E_CONNECT, HTTP_P_CONNECT);
	rig_close(&r);
}

static void
after_its_grace_a_stopping_server_resets(void)
{
	struct ask a = { .done = false };
	struct http_rig r;

	open_kept(&r, &a);
	http_server_stop(r.s, 50 * LOOP_MS);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

static void
freeing_a_server_resets_and_tells_nobody(void)
{
	struct ask a = { .done = false };
	struct http_rig r;

	open_kept(&r, &a);
	http_server_free(r.s);
	r.s = NULL;
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

/* ---- raw replies ---------------------------------------------------------------- */

struct raw_row {
	const char *wire;
	enum http_break then;
	enum http_err err;
	enum http_phase phase;
	int status;
	const char *body;
};

static const struct raw_row *raw_row;
static int64_t raw_rate;

static void
reply_raw(struct http_rig *r, struct http_exchange *x)
{
	(void)r;
	http_reply_raw(x,
	    (struct http_bytes){ raw_row->wire, strlen(raw_row->wire) },
	    raw_rate, raw_row->then);
}

static void
raw_replies_mean_what_their_bytes_say(void)
{
	static const struct raw_row rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", HTTP_FIN,
		    HTTP_OK, HTTP_P_BODY, 200, "hi" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n",
		    HTTP_HANG, HTTP_OK, HTTP_P_BODY, 200, "hi yo" },
		{ "HTTP/1.1 100 Continue\r\n\r\n"
		  "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
		    HTTP_FIN, HTTP_OK, HTTP_P_BODY, 201, "" },
		{ "HTTP/1.1 200 OK\r\n\r\nto the end", HTTP_FIN, HTTP_OK,
		    HTTP_P_BODY, 200, "to the end" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", HTTP_FIN,
		    HTTP_E_EOF, HTTP_P_BODY, 200, "hi" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", HTTP_HANG,
		    HTTP_E_DEADLINE, HTTP_P_BODY, 200, "hi" },
		{ "", HTTP_RST, HTTP_E_RESET, HTTP_P_HEAD, 0, "" },
		{ "", HTTP_FIN, HTTP_E_EOF, HTTP_P_HEAD, 0, "" },
		{ "", HTTP_HANG, HTTP_E_DEADLINE, HTTP_P_HEAD, 0, "" },
		{ "HTTP/1.1 20", HTTP_FIN, HTTP_E_EOF, HTTP_P_HEAD, 0, "" },
		{ "SSH-2.0-OpenSSH\r\n\r\n", HTTP_FIN, HTTP_E_PROTO,
		    HTTP_P_HEAD, 0, "" },
	};
	struct http_request q = { .limits = { .head_us = 150 * LOOP_MS,
				      .idle_us = 150 * LOOP_MS } };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	r.on_request = reply_raw;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		raw_row = &rows[i];
		raw_rate = 0;
		ask(&r, &a, &q);
		CHECK_ROW(a.err == rows[i].err, rows[i].wire);
		CHECK_ROW(a.phase == rows[i].phase, rows[i].wire);
		CHECK_ROW(a.status == rows[i].status, rows[i].wire);
		if (a.err == HTTP_OK)
			CHECK_TEXT(a.body, rows[i].body);
	}
	rig_close(&r);
}

static void
raw_replies_trickle(void)
{
	static const struct raw_row row = {
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow", HTTP_FIN,
		HTTP_OK, HTTP_P_BODY, 200, "slow"
	};
	struct http_request q = { .limits = { .head_us = 60 * LOOP_MS } };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	r.on_request = reply_raw;
	raw_row = &row;
	raw_rate = 200;
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(a.body, "slow");
	/* 42 bytes at 200 a second. */
	CU_ASSERT(a.done_us - a.started_us > 150 * LOOP_MS);
	CU_ASSERT(a.done_us - a.started_us < 600 * LOOP_MS);
	/* Bytes that trickle do not put the head's limit off. */
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
	rig_close(&r);
}

const struct unit_case http_contract_limits[] = {
	{ "a request is held back when it would leave",
	    a_request_is_held_back_when_it_would_leave },
	{ "cancelling is silent and frees the place",
	    cancelling_is_silent_and_frees_the_place },
	{ "freeing a peer cancels its calls",
	    freeing_a_peer_cancels_its_calls },
	{ "a call may be cancelled in its callbacks",
	    a_call_may_be_cancelled_in_its_callbacks },
	{ "a silent server hits the head limit",
	    a_silent_server_hits_the_head_limit },
	{ "the total limit counts waiting too",
	    the_total_limit_counts_waiting_too },
	{ "big bodies come whole or hit the cap",
	    big_bodies_come_whole_or_hit_the_cap },
	{ "a request body over the cap gets 413",
	    a_request_body_over_the_cap_gets_413 },
	{ "heads have caps on both sides", heads_have_caps_on_both_sides },
	{ "a stopping server finishes what runs",
	    a_stopping_server_finishes_what_runs },
	{ "after its grace a stopping server resets",
	    after_its_grace_a_stopping_server_resets },
	{ "freeing a server resets and tells nobody",
	    freeing_a_server_resets_and_tells_nobody },
	{ "raw replies mean what their bytes say",
	    raw_replies_mean_what_their_bytes_say },
	{ "raw replies trickle", raw_replies_trickle },
};
const size_t http_contract_limits_n =
    sizeof(http_contract_limits) / sizeof(http_contract_limits[0]);
