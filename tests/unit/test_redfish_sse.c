/* Framing of event streams, and which events are worth a look. */
#include <CUnit/Basic.h>
#include <string.h>

#include "agent/redfish/hint.h"
#include "agent/redfish/sse.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define CAP 32

struct told {
	struct buf all; /* "type|data|\n", "cut|" in front where it was */
	unsigned n;
};

static void
on_event(void *arg, const struct sse_event *ev)
{
	struct told *t = arg;

	t->n++;
	CU_ASSERT_TRUE(ev->n <= CAP);
	(void)buf_addf(&t->all, "%s%s|", ev->cut ? "cut|" : "", ev->type);
	(void)buf_add(&t->all, ev->data, ev->n);
	(void)buf_adds(&t->all, "|\n");
}

static void
open_stream(struct told *t, struct sse *s)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->all, 4096);
	sse_init(s, CAP, on_event, t);
}

static void
close_stream(struct told *t, struct sse *s)
{
	sse_free(s);
	buf_free(&t->all);
}

/* The same whether it comes whole, by the byte or in threes. */
static void
check(const char *stream, const char *want)
{
	static const size_t pieces[] = { 1000000, 1, 2, 3, 7 };
	size_t n = strlen(stream), i, at, k;

	for (i = 0; i < N(pieces); i++) {
		struct told t;
		struct sse s;

		open_stream(&t, &s);
		for (at = 0; at < n; at += k) {
			k = n - at < pieces[i] ? n - at : pieces[i];
			CU_ASSERT_TRUE(sse_feed(&s, stream + at, k, NULL));
		}
		CHECK_TEXT(buf_str(&t.all), want);
		close_stream(&t, &s);
	}
}

static void
lines_end_as_they_like(void)
{
	check("data: a\n\ndata: b\n\n", "message|a|\nmessage|b|\n");
	check("data: a\r\n\r\ndata: b\r\n\r\n", "message|a|\nmessage|b|\n");
	check("data: a\r\rdata: b\r\r", "message|a|\nmessage|b|\n");
	check("data: a\r\n\ndata: b\n\r\ndata: c\r\n\r",
	    "message|a|\nmessage|b|\nmessage|c|\n");
}

static void
fields_are_those_of_the_standard(void)
{
	check("data:a\ndata: b\ndata:  c\n\n", "message|a\nb\n c|\n");
	check("data\n\n", "message||\n");
	check("data\ndata\n\n", "message|\n|\n");
	check("event: alert\ndata: 1\n\ndata: 2\n\n", "alert|1|\nmessage|2|\n");
	check("data: a:b: c\n\n", "message|a:b: c|\n");
	/* no data, no event; the type is forgotten with it */
	check("event: alert\n\ndata: 1\n\n", "message|1|\n");
	check("\n\n\n", "");
	/* names are exact */
	check("Data: 1\ndatas: 2\ndat: 3\n data: 4\ndata : 5\n\n", "");
	check("a-name-longer-than-any-we-know: x\ndata: 1\n\n", "message|1|\n");
	/* what the end interrupts is no event */
	check("data: 1\n\ndata: 2\n", "message|1|\n");
}

static void
comments_and_marks_are_left_out(void)
{
	struct told t;
	struct sse s;

	check(": open\n\n: keep-alive\n\ndata: 1\n:x\n\n", "message|1|\n");
	check("\xef\xbb\xbf"
	      "data: 1\n\n",
	    "message|1|\n");
	/* only at the very start, and only the whole of it */
	check("data: 1\n\n\xef\xbb\xbf"
	      "data: 2\n\n",
	    "message|1|\n");
	check("\xef\xbb"
	      "data: 1\n\ndata: 2\n\n",
	    "message|2|\n");
	open_stream(&t, &s);
	CU_ASSERT_TRUE(sse_feed(&s, ": a\n\n:\n", 7, NULL));
	CU_ASSERT_EQUAL(s.comments, 2);
	close_stream(&t, &s);
}

static void
ids_are_kept_for_the_next_stream(void)
{
	static const struct {
		const char *stream;
		size_t n;
		const char *id;
	} rows[] = {
		{ "id: 7\n\n", 7, "7" },
		{ "id: 7\ndata: x\n\nid: 8\n", 21, "8" },
		{ "id: 7\nid\n", 9, "" },
		{ "id: 7\nid: a\0b\n", 14, "7" },
		{ "id: 7\nid: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		    0, "7" },
	};
	struct told t;
	struct sse s;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		size_t n = rows[i].n ? rows[i].n : strlen(rows[i].stream);

		open_stream(&t, &s);
		CU_ASSERT_TRUE(sse_feed(&s, rows[i].stream, n, NULL));
		CHECK_TEXT(s.id, rows[i].id);
		close_stream(&t, &s);
	}
	open_stream(&t, &s);
	CU_ASSERT_EQUAL(s.retry_ms, -1);
	CU_ASSERT_TRUE(sse_feed(&s, "retry: 3x\n", 10, NULL));
	CU_ASSERT_EQUAL(s.retry_ms, -1);
	CU_ASSERT_TRUE(sse_feed(&s, "retry: 3000\n", 12, NULL));
	CU_ASSERT_EQUAL(s.retry_ms, 3000);
	close_stream(&t, &s);
}

static void
too_much_data_is_cut_and_told(void)
{
	check("data: 0123456789abcdef0123456789abcdef\n\ndata: 1\n\n",
	    "message|0123456789abcdef0123456789abcdef|\nmessage|1|\n");
	check("data: 0123456789abcdef0123456789abcdefX\n\ndata: 1\n\n",
	    "cut|message|0123456789abcdef0123456789abcdef|\nmessage|1|\n");
	check("data: 0123456789abcdef0123456789abcdef\ndata: x\n\n",
	    "cut|message|0123456789abcdef0123456789abcdef|\n");
}

static void
a_line_without_end_costs_no_memory_and_ends(void)
{
	static const char *const starts[] = { "data: ", ": ", "", "id: " };
	char chunk[4096];
	size_t i, sent;

	memset(chunk, 'x', sizeof(chunk));
	for (i = 0; i < N(starts); i++) {
		struct err e = { .kind = ERR_NONE };
		struct told t;
		struct sse s;

		open_stream(&t, &s);
		CU_ASSERT_TRUE(
		    sse_feed(&s, starts[i], strlen(starts[i]), NULL));
		for (sent = 0; sent < SSE_LINE_MAX + 2 * sizeof(chunk) &&
			       sse_feed(&s, chunk, sizeof(chunk), &e);
		     sent += sizeof(chunk))
			CU_ASSERT_TRUE(s.data.cap <= 2 * CAP);
		CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
		CU_ASSERT_TRUE(sent <= SSE_LINE_MAX);
		CU_ASSERT_EQUAL(t.n, 0);
		close_stream(&t, &s);
	}
}

#define EVENT(fields) "{\"Events\":[{" fields "}]}"

static void
events_of_no_interest_are_few(void)
{
	static const struct {
		const char *text;
		bool concerns;
	} rows[] = {
		{ EVENT("\"OriginOfCondition\":{\"@odata.id\":"
			"\"/redfish/v1/Systems/1\"}"),
		    true },
		{ EVENT("\"OriginOfCondition\":\"/redfish/v1/Systems/1\""),
		    true },
		{ EVENT("\"MessageId\":\"iLOEvents.2.3.ServerPoweredOn\""),
		    true },
		{ EVENT("\"OriginOfCondition\":{\"@odata.id\":"
			"\"/redfish/v1/SessionService/Sessions/4\"}"),
		    false },
		{ EVENT("\"OriginOfCondition\":\"/redfish/v1/AccountService/"
			"Accounts/3\""),
		    false },
		{ EVENT("\"MessageId\":"
			"\"HeartbeatEvent.1.0.RedfishServiceFunctional\""),
		    false },
		{ "{\"Events\":[{\"OriginOfCondition\":\"/redfish/v1/"
		  "TaskService/Tasks/1\"},{\"OriginOfCondition\":"
		  "\"/redfish/v1/Systems/1\"}]}",
		    true },
		{ "{\"@odata.type\":\"#MetricReport.v1_4_2.MetricReport\"}",
		    false },
		/* whatever it is */
		{ EVENT("\"OriginOfCondition\":7"), true },
		{ EVENT(""), true },
		{ "{\"Events\":[]}", true },
		{ "{\"Events\":[7,null]}", true },
		{ "{}", true },
		{ "[]", true },
		{ "power is on", true },
		{ "", true },
	};
	size_t i;

	for (i = 0; i < N(rows); i++)
		CHECK_ROW(rf_hint_concerns(rows[i].text,
			      strlen(rows[i].text)) == rows[i].concerns,
		    rows[i].text);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(lines_end_as_they_like),
		UNIT_CASE(fields_are_those_of_the_standard),
		UNIT_CASE(comments_and_marks_are_left_out),
		UNIT_CASE(ids_are_kept_for_the_next_stream),
		UNIT_CASE(too_much_data_is_cut_and_told),
		UNIT_CASE(a_line_without_end_costs_no_memory_and_ends),
		UNIT_CASE(events_of_no_interest_are_few),
	};

	return UNIT_RUN("redfish_sse", cases);
}
