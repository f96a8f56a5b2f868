/* Sources and sinks, both ways: pausing, windows, ends and breaks. */
#include "tests/unit/http_contract.h"

/* ---- a source and a sink that count ---------------------------------------------- */

struct flow_end {
	/* source */
	size_t total, given, step;
	size_t pause_at;     /* once, after so many bytes; 0 = never */
	enum http_flow last; /* what it says at its end */
	unsigned pulls;
	/* sink */
	size_t taken, hold_at; /* pauses once when so many came; 0 = never */
	unsigned ends;
	bool held, wrong;
	enum http_flow at_hold; /* HTTP_PAUSE or HTTP_ABORT */
};

static struct flow_end up, down;

static char
byte_at(size_t i)
{
	return (char)('a' + i % 23);
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct flow_end *f = arg;
	char *p = out;
	size_t want = f->total - f->given;

	f->pulls++;
	if (f->pause_at && f->given >= f->pause_at) {
		f->pause_at = 0;
		*n = 0;
		return HTTP_PAUSE;
	}
	if (want > cap)
		want = cap;
	if (f->step && want > f->step)
		want = f->step;
	for (size_t i = 0; i < want; i++)
		p[i] = byte_at(f->given + i);
	f->given += want;
	*n = want;
	return f->given == f->total ? f->last : HTTP_MORE;
}

static enum http_flow
take(void *arg, struct http_bytes b)
{
	struct flow_end *f = arg;
	const char *p = b.p;

	if (f->held || f->ends > 0)
		f->wrong = true;
	if (b.n == 0) {
		f->ends++;
		return HTTP_MORE;
	}
	for (size_t i = 0; i < b.n; i++)
		f->wrong |= p[i] != byte_at(f->taken + i);
	f->taken += b.n;
	if (f->hold_at && f->taken >= f->hold_at) {
		f->hold_at = 0;
		f->held = f->at_hold == HTTP_PAUSE;
		return f->at_hold;
	}
	return HTTP_MORE;
}

static struct http_source
source_of(struct flow_end *f, bool chunked)
{
	return (struct http_source){ .pull = pull,
		.arg = f,
		.length = chunked ? -1 : (int64_t)f->total };
}

static bool down_chunked;

static void
reply_stream(struct http_rig *r, struct http_exchange *x)
{
	struct http_source src = source_of(&down, down_chunked);

	r->x = x;
	http_reply_stream(x, 200, NULL, 0, &src);
}

static void
reset_flows(void)
{
	memset(&up, 0, sizeof(up));
	memset(&down, 0, sizeof(down));
	up.last = down.last = HTTP_END;
	up.at_hold = down.at_hold = HTTP_PAUSE;
}

/* ---- replies ------------------------------------------------------------------------ */

static void
streams_arrive_whole_chunked_or_not(void)
{
	for (int chunked = 0; chunked < 2; chunked++) {
		struct http_sink sink = { take, &down };
		struct http_request q = { .sink = &sink };
		struct http_rig r;
		struct ask a;

		contract_plain(&r);
		reset_flows();
		down.total = 300001;
		down.step = 7001;
		down_chunked = chunked;
		r.on_request = reply_stream;
		ask(&r, &a, &q);
		CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
		CU_ASSERT_EQUAL(down.taken, 300001);
		CU_ASSERT_EQUAL(down.ends, 1);
		CU_ASSERT_FALSE(down.wrong);
		CU_ASSERT_EQUAL(a.body_n, 0);
		CU_ASSERT_EQUAL(r.gone, 0);
		rig_close(&r);
	}
}

static void
a_stream_is_collected_without_a_sink(void)
{
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	down.total = 50;
	down.step = 3;
	down_chunked = true;
	r.on_request = reply_stream;
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.body_n, 50);
	/* An empty one ends too. */
	reset_flows();
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.body_n, 0);
	rig_close(&r);
}

static void
a_paused_source_waits_for_resume(void)
{
	struct http_sink sink = { take, &down };
	struct http_request q = { .sink = &sink };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	reset_flows();
	down.total = 5000;
	down.step = 1000;
	down.pause_at = 3000;
	down_chunked = true;
	r.on_request = reply_stream;
	ask_start(&r, &a, &q);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, down.taken >= 3000);
	CU_ASSERT_EQUAL(down.taken, 3000);
	CU_ASSERT_FALSE(a.done);
	http_exchange_resume(r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(down.taken, 5000);
	rig_close(&r);
}

static void
a_paused_sink_stops_the_stream(void)
{
	struct http_sink sink = { take, &down };
	struct http_request q = { .sink = &sink,
		.limits = { .idle_us = LOOP_S } };
	struct ask a = { .done = false };
	struct http_rig r;
	size_t taken;

	contract_plain(&r);
	reset_flows();
	/* More than the buffers of a kernel hold. */
	down.total = 32u << 20;
	down.hold_at = 100000;
	down_chunked = true;
	r.on_request = reply_stream;
	ask_start(&r, &a, &q);
	/* Longer than idle_us: our own pause is not the peer's silence. */
	RIG_PASS_UNTIL(&r, 1300 * LOOP_MS, down.taken >= 100000);
	taken = down.taken;
	CU_ASSERT(taken >= 100000);
	CU_ASSERT(down.given < down.total);
	CU_ASSERT_FALSE(a.done);
	if (r.backend->virtual_time)
		CU_ASSERT(down.given <= taken + 65536);
	rig_pass(&r, 50 * LOOP_MS);
	CU_ASSERT_EQUAL(down.taken, taken);
	down.held = false;
	http_call_resume(a.call);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(down.taken, down.total);
	CU_ASSERT_FALSE(down.wrong);
	rig_close(&r);
}

/* A pause on the last bytes holds back the end. */
static void
a_sink_may_pause_on_its_last_bytes(void)
{
	struct http_sink sink = { take, &down };
	struct http_request q = { .sink = &sink };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	reset_flows();
	down.total = 1000;
	down.hold_at = 1000;
	r.on_request = reply_stream;
	ask_start(&r, &a, &q);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, down.taken >= 1000);
	CU_ASSERT_EQUAL(down.taken, 1000);
	CU_ASSERT_EQUAL(down.ends, 0);
	CU_ASSERT_FALSE(a.done);
	down.held = false;
	http_call_resume(a.call);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(down.ends, 1);
	rig_close(&r);
}

static void
a_silent_stream_hits_the_idle_limit(void)
{
	struct http_request q = { .limits = { .idle_us = 80 * LOOP_MS } };
	struct http_request watch = { .limits = { .idle_us = HTTP_NO_LIMIT,
					  .total_us = HTTP_NO_LIMIT } };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	reset_flows();
	down.total = 100;
	down.step = 10;
	down.pause_at = 20;
	down_chunked = true;
	r.on_request = reply_stream;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.status, 200);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	reset_flows();
	down.total = 100;
	down.step = 10;
	down.pause_at = 20;
	memset(&a, 0, sizeof(a));
	ask_start(&r, &a, &watch);
	RIG_PASS_UNTIL(&r, 200 * LOOP_MS, r.x != NULL);
	CU_ASSERT_FALSE(a.done);
	http_exchange_resume(r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

static void
a_sink_that_aborts_ends_its_call(void)
{
	struct http_sink sink = { take, &down };
	struct http_request q = { .sink = &sink };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	down.total = 32u << 20;
	down.hold_at = 100000;
	down.at_hold = HTTP_ABORT;
	down_chunked = true;
	r.on_request = reply_stream;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_ABORT, HTTP_P_BODY);
	CU_ASSERT_EQUAL(down.ends, 0);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

static void
a_source_that_aborts_breaks_the_reply(void)
{
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	down.total = 1000;
	down.step = 100;
	down.last = HTTP_ABORT;
	down_chunked = true;
	r.on_request = reply_stream;
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.err == HTTP_E_RESET || a.err == HTTP_E_EOF);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

static void
reply_short(struct http_rig *r, struct http_exchange *x)
{
	struct http_source src = source_of(&down, false);

	(void)r;
	src.length += 10;
	http_reply_stream(x, 200, NULL, 0, &src);
}

static void
a_source_that_ends_early_breaks_the_reply(void)
{
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	down.total = 1000;
	r.on_request = reply_short;
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.err == HTTP_E_RESET || a.err == HTTP_E_EOF);
	rig_close(&r);
}

static struct ask *cancelled;

static enum http_flow
take_and_cancel(void *arg, struct http_bytes b)
{
	(void)take(arg, b);
	http_cancel(cancelled->call);
	return HTTP_MORE;
}

static void
a_sink_may_cancel_its_call(void)
{
	struct http_sink sink = { take_and_cancel, &down };
	struct http_request q = { .sink = &sink };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	reset_flows();
	down.total = 16u << 20;
	down_chunked = true;
	r.on_request = reply_stream;
	cancelled = &a;
	ask_start(&r, &a, &q);
	RIG_PASS_UNTIL(&r, 100 * LOOP_MS, r.gone);
	CU_ASSERT(down.taken > 0);
	CU_ASSERT_FALSE(a.done);
	CU_ASSERT_EQUAL(r.gone, 1);
	rig_close(&r);
}

/* ---- requests ------------------------------------------------------------------------ */

static void
take_up(struct http_rig *r, struct http_exchange *x)
{
	struct http_sink sink = { take, &up };

	r->x = x;
	http_exchange_sink(x, &sink);
}

static void
requests_stream_into_a_sink(void)
{
	for (int chunked = 0; chunked < 2; chunked++) {
		struct http_source src;
		struct http_request q = { .method = "PUT", .source = &src };
		struct ask a = { .done = false };
		struct http_rig r;

		contract_plain(&r);
		reset_flows();
		up.total = 500000;
		up.pause_at = 30000;
		up.hold_at = 100000;
		src = source_of(&up, chunked);
		r.on_request = take_up;
		ask_start(&r, &a, &q);
		RIG_PASS_UNTIL(&r, 50 * LOOP_MS,
		    up.given >= 30000 && up.taken == up.given);
		CU_ASSERT(up.given >= 30000 && up.given < 100000);
		CU_ASSERT_EQUAL(up.taken, up.given);
		http_call_resume(a.call);
		RIG_PASS_UNTIL(&r, 50 * LOOP_MS, up.held);
		CU_ASSERT_TRUE(up.held);
		up.held = false;
		http_exchange_resume(r.x);
		RIG_PASS_UNTIL(&r, 100 * LOOP_MS, up.ends > 0);
		CU_ASSERT_EQUAL(up.taken, up.total);
		CU_ASSERT_EQUAL(up.ends, 1);
		CU_ASSERT_FALSE(up.wrong);
		CU_ASSERT_FALSE(a.done);
		rig_answer(&r, r.x);
		ask_wait(&r, &a);
		CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
		rig_close(&r);
	}
}

static size_t whole_n;

static void
whole(void *arg, struct http_exchange *x, struct http_bytes b)
{
	whole_n = b.n;
	rig_answer(arg, x);
}

static void
collect_up(struct http_rig *r, struct http_exchange *x)
{
	http_exchange_collect(x, whole, r);
}

static void
streamed_requests_can_be_collected(void)
{
	struct http_source src;
	struct http_request q = { .method = "POST", .source = &src };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	up.total = 200000;
	src = source_of(&up, true);
	r.on_request = collect_up;
	whole_n = 0;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(whole_n, 200000);
	rig_close(&r);
}

static void
a_request_source_that_aborts_ends_the_call(void)
{
	struct http_source src;
	struct http_request q = { .method = "POST", .source = &src };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	up.total = 100000;
	up.step = 5000;
	up.last = HTTP_ABORT;
	src = source_of(&up, true);
	r.on_request = take_up;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_ABORT, HTTP_P_SEND);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	CU_ASSERT_EQUAL(up.ends, 0);
	rig_close(&r);
}

static void
a_server_sink_that_aborts_resets(void)
{
	struct http_source src;
	struct http_request q = { .method = "POST", .source = &src };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	up.total = 8u << 20;
	up.hold_at = 50000;
	up.at_hold = HTTP_ABORT;
	src = source_of(&up, true);
	r.on_request = take_up;
	ask(&r, &a, &q);
	CU_ASSERT_TRUE(a.err == HTTP_E_RESET || a.err == HTTP_E_EOF);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

static void
answer_early(struct http_rig *r, struct http_exchange *x)
{
	(void)r;
	http_reply(x, 403, NULL, 0, (struct http_bytes){ "no", 2 });
}

/* The server refuses by the head alone; its answer must not be lost. */
static void
an_early_answer_ends_an_upload(void)
{
	struct http_source src;
	struct http_request q = { .method = "POST", .source = &src };
	struct http_rig r;
	struct ask a;

	contract_plain(&r);
	reset_flows();
	up.total = 150000;
	src = source_of(&up, false);
	r.on_request = answer_early;
	ask(&r, &a, &q);
	CU_ASSERT_EQUAL(a.err, HTTP_OK);
	CU_ASSERT_EQUAL(a.status, 403);
	CHECK_TEXT(a.body, "no");
	rig_close(&r);
}

static void
cancelling_an_upload_is_noticed(void)
{
	struct http_source src;
	struct http_request q = { .method = "POST", .source = &src };
	struct ask a = { .done = false };
	struct http_rig r;

	contract_plain(&r);
	reset_flows();
	up.total = 32u << 20;
	up.hold_at = 50000;
	src = source_of(&up, true);
	r.on_request = take_up;
	ask_start(&r, &a, &q);
	RIG_PASS_UNTIL(&r, 60 * LOOP_MS, up.held);
	CU_ASSERT_TRUE(up.held);
	http_exchange_resume(r.x);
	up.held = false;
	http_cancel(a.call);
	RIG_PASS_UNTIL(&r, 100 * LOOP_MS, r.gone);
	CU_ASSERT_EQUAL(r.gone, 1);
	CU_ASSERT_FALSE(a.done);
	CU_ASSERT_EQUAL(up.ends, 0);
	rig_close(&r);
}

const struct unit_case http_contract_stream[] = {
	{ "streams arrive whole, chunked or not",
	    streams_arrive_whole_chunked_or_not },
	{ "a stream is collected without a sink",
	    a_stream_is_collected_without_a_sink },
	{ "a paused source waits for resume",
	    a_paused_source_waits_for_resume },
	{ "a paused sink stops the stream", a_paused_sink_stops_the_stream },
	{ "a sink may pause on its last bytes",
	    a_sink_may_pause_on_its_last_bytes },
	{ "a silent stream hits the idle limit",
	    a_silent_stream_hits_the_idle_limit },
	{ "a sink that aborts ends its call",
	    a_sink_that_aborts_ends_its_call },
	{ "a source that aborts breaks the reply",
	    a_source_that_aborts_breaks_the_reply },
	{ "a source that ends early breaks the reply",
	    a_source_that_ends_early_breaks_the_reply },
	{ "a sink may cancel its call", a_sink_may_cancel_its_call },
	{ "requests stream into a sink", requests_stream_into_a_sink },
	{ "streamed requests can be collected",
	    streamed_requests_can_be_collected },
	{ "a request source that aborts ends the call",
	    a_request_source_that_aborts_ends_the_call },
	{ "a server's sink that aborts resets",
	    a_server_sink_that_aborts_resets },
	{ "an early answer ends an upload", an_early_answer_ends_an_upload },
	{ "cancelling an upload is noticed", cancelling_an_upload_is_noticed },
};
const size_t http_contract_stream_n =
    sizeof(http_contract_stream) / sizeof(http_contract_stream[0]);
