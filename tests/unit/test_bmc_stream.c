/* Event streams: opened, filtered, kept alive, and ended with their socket. */
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define EVT "/redfish/v1/EventService"
#define SSE EVT "/SSE"
#define SUBS EVT "/Subscriptions"
#define SESSIONS "/redfish/v1/SessionService/Sessions"

struct stream {
	struct http_peer *peer;
	struct http_call *call;
	struct buf got;
	int status;
	char type[64];
	bool done;
	enum http_err err;
};

static enum http_flow
on_head(void *arg, int status, const struct http_header *h, size_t n)
{
	struct stream *s = arg;
	const char *t = http_header_get(h, n, "Content-Type");

	s->status = status;
	(void)str_copy(s->type, sizeof(s->type), t ? t : "");
	return HTTP_MORE;
}

static enum http_flow
on_data(void *arg, struct http_bytes b)
{
	struct stream *s = arg;

	buf_add(&s->got, b.p, b.n);
	return HTTP_MORE;
}

static void
on_done(void *arg, const struct http_result *r)
{
	struct stream *s = arg;

	s->done = true;
	s->call = NULL;
	s->status = r->status;
	s->err = r->err;
}

static void
stream_open(struct rig *g, struct stream *s, const char *path)
{
	struct http_peer_opts po = { .base = "https://10.1.0.1:443" };
	struct http_sink sink = { on_data, s };
	char *b64 = b64_encode("root:b7-sim-secret", 18);
	char *basic = xasprintf("Basic %s", b64);
	struct http_header h[] = {
		{ "Accept", "text/event-stream" },
		{ g->token[0] ? "X-Auth-Token" : "Authorization",
		    g->token[0] ? g->token : basic },
	};
	struct http_request rq = { .method = "GET",
		.target = path,
		.headers = h,
		.n_headers = 2,
		.head = on_head,
		.sink = &sink,
		.done = on_done,
		.arg = s,
		.limits = {
		    .idle_us = HTTP_NO_LIMIT, .total_us = HTTP_NO_LIMIT } };
	struct err e = { 0 };

	memset(s, 0, sizeof(*s));
	buf_init(&s->got, 1u << 20);
	po.tls.insecure = true;
	s->peer = http_peer_new(world_net(g->client_loop), &po, &e);
	s->call = http_start(s->peer, &rq);
	rig_run(g, 1000);
	xfree(b64);
	xfree(basic);
}

static void
stream_end(struct stream *s)
{
	http_peer_free(s->peer);
	buf_free(&s->got);
}

static unsigned
times(const struct stream *s, const char *text)
{
	const char *p = buf_str(&s->got);
	unsigned n = 0;

	for (; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void
press(struct rig *g)
{
	(void)rig_control(g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(g, 500);
}

static void
a_stream_is_a_subscription_while_its_socket_is_open(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	stream_open(&g, &s, SSE);
	CU_ASSERT_EQUAL(s.status, 200);
	CHECK_TEXT(s.type, "text/event-stream");
	CU_ASSERT_EQUAL(rig_get(&g, SUBS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "SubscriptionType"), "SSE");
	CHECK_TEXT(rig_at(&g, "Context"), "stream-1");
	press(&g);
	CU_ASSERT_EQUAL(times(&s, "ResourceEvent.1.3.ResourcePoweringOn"), 1);
	CU_ASSERT_EQUAL(times(&s, "\nid: "), times(&s, "\ndata: {"));
	CHECK_ROW(times(&s, "\nid: 1\n") == 1 && times(&s, "\nid: 2\n") == 1,
	    "ids are unique");
	/* the client goes: so does the subscription, at once */
	stream_end(&s);
	rig_run(&g, 100);
	CU_ASSERT_EQUAL(rig_get(&g, SUBS "/1"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, SUBS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	rig_close(&g);
}

static void
deleting_the_subscription_ends_the_stream(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	stream_open(&g, &s, SSE);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", SUBS "/1", NULL), 204);
	rig_run(&g, 100);
	CU_ASSERT_TRUE(s.done);
	CU_ASSERT_EQUAL(s.err, HTTP_OK);
	stream_end(&s);
	rig_close(&g);
}

static void
the_end_of_a_session_ends_its_stream(void)
{
	struct rig g;
	struct stream s;
	char session[256];

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	(void)str_copy(session, sizeof(session), g.r.location);
	stream_open(&g, &s, SSE);
	/* an open stream is use of the session: it does not expire */
	rig_run(&g, 3600 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, session), 200);
	CU_ASSERT_FALSE(s.done);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", session, NULL), 204);
	rig_run(&g, 100);
	CU_ASSERT_TRUE(s.done);
	stream_end(&s);
	rig_close(&g);
}

static void
a_restart_of_the_bmc_breaks_streams(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	stream_open(&g, &s, SSE);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/restart-bmc", "{}");
	rig_run(&g, 100);
	CU_ASSERT_TRUE(s.done);
	CU_ASSERT_NOT_EQUAL(s.err, HTTP_OK);
	stream_end(&s);
	rig_close(&g);
}

static void
a_filter_chooses_what_a_stream_tells(void)
{
	static const struct {
		const char *filter;
		unsigned powering, button;
	} rows[] = {
		{ "RegistryPrefix%20eq%20'ResourceEvent'", 1, 0 },
		{ "RegistryPrefix%20eq%20'SimEvent'%20or%20MessageId%20eq%20"
		  "'ResourceEvent.1.3.ResourcePoweringOn'",
		    1, 1 },
		{ "(RegistryPrefix%20eq%20'SimEvent')%20and%20(ResourceType"
		  "%20eq%20'ComputerSystem')",
		    0, 1 },
		{ "EventFormatType%20eq%20'Event'", 1, 1 },
		{ "OriginResource%20eq%20'/redfish/v1/Managers/bmc-1'", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[256];
		struct rig g;
		struct stream s;

		rig_open(&g, NULL);
		(void)str_format(
		    path, sizeof(path), SSE "?$filter=%s", rows[i].filter);
		stream_open(&g, &s, path);
		press(&g);
		CHECK_ROW(times(&s, "ResourcePoweringOn\"") == rows[i].powering,
		    rows[i].filter);
		CHECK_ROW(times(&s, "PowerButton\"") == rows[i].button,
		    rows[i].filter);
		stream_end(&s);
		rig_close(&g);
	}
}

static void
what_is_no_filter_is_refused(void)
{
	static const char *const bad[] = { "Nothing%20eq%20'x'",
		"RegistryPrefix%20ne%20'x'", "RegistryPrefix%20eq%20x",
		"(RegistryPrefix%20eq%20'x'", "RegistryPrefix%20eq%20'x",
		"RegistryPrefix%20eq%20'x'%20xor%20ResourceType%20eq%20'y'",
		"((((((((((RegistryPrefix%20eq%20'x'))))))))))", "" };
	struct rig g;
	char path[256];

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)str_format(path, sizeof(path), SSE "?$filter=%s", bad[i]);
		CHECK_ROW(rig_get(&g, path) == 400, bad[i]);
		CHECK_TEXT(rig_message(&g), "QueryParameterValueFormatError");
	}
	CU_ASSERT_EQUAL(rig_get(&g, SUBS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	rig_close(&g);
}

static void
a_stream_drops_after_some_events(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/faults",
	    "{\"action\":\"stream-drop\",\"after\":2,\"count\":1}");
	stream_open(&g, &s, SSE);
	press(&g);
	rig_run(&g, 60 * 1000);
	CU_ASSERT_TRUE(s.done);
	CU_ASSERT_EQUAL(s.err, HTTP_OK);
	CU_ASSERT_EQUAL(times(&s, "\ndata: {"), 2); /* and the third is lost */
	CU_ASSERT_EQUAL(rig_get(&g, SUBS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	stream_end(&s);
	rig_close(&g);
}

/* Where the text begins in what came; -1 = nowhere. */
static long
place(const struct stream *s, const char *text)
{
	const char *p = strstr(buf_str(&s->got), text);

	return p ? (long)(p - buf_str(&s->got)) : -1;
}

static void
a_late_event_is_overtaken(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/faults",
	    "{\"action\":\"event-late\",\"count\":1,\"latency\":\"10s\"}");
	stream_open(&g, &s, SSE);
	press(&g);
	CU_ASSERT_EQUAL(place(&s, "\nid: 1\n"), -1);
	CU_ASSERT_TRUE(place(&s, "\nid: 2\n") > 0);
	rig_run(&g, 60 * 1000);
	CU_ASSERT_TRUE(place(&s, "\nid: 1\n") > place(&s, "\nid: 2\n"));
	CU_ASSERT_EQUAL(times(&s, "\nid: 1\n"), 1);
	stream_end(&s);
	rig_close(&g);
}

static void
events_are_lost_or_come_twice(void)
{
	static const struct {
		const char *rule;
		unsigned times;
	} rows[] = {
		{ "{\"action\":\"event-lost\"}", 0 },
		{ "{\"action\":\"event-twice\"}", 2 },
	};

	for (size_t i = 0; i < 2; i++) {
		struct rig g;
		struct stream s;

		rig_open(&g, NULL);
		(void)rig_control(
		    &g, "POST", "/bmcs/bmc-000/faults", rows[i].rule);
		stream_open(&g, &s, SSE);
		press(&g);
		CHECK_ROW(times(&s, "ResourcePoweringOn\"") == rows[i].times,
		    rows[i].rule);
		stream_end(&s);
		rig_close(&g);
	}
}

static void
several_events_share_a_payload(void)
{
	struct rig g;
	struct stream s;

	rig_knobs(&g, "{events: {defects: [batch]}}");
	stream_open(&g, &s, SSE);
	press(&g);
	rig_run(&g, 2000);
	CU_ASSERT_TRUE(times(&s, "\"Events@odata.count\":2") >= 1);
	CU_ASSERT_TRUE(times(&s, "\"MemberId\":\"1\"") >= 1);
	/* one that is alone is not kept back for ever */
	CU_ASSERT_EQUAL(times(&s, "\"MessageId\":"),
	    2 * times(&s, "\"Events@odata.count\":2") +
		times(&s, "\"Events@odata.count\":1"));
	CU_ASSERT_TRUE(times(&s, "\"MessageId\":") >= 2);
	stream_end(&s);
	rig_close(&g);
}

static void
streams_have_a_limit_and_a_pulse(void)
{
	struct rig g;
	struct stream s[4];

	rig_open(&g, NULL);
	for (int i = 0; i < 4; i++)
		stream_open(&g, &s[i], SSE);
	CU_ASSERT_EQUAL(rig_get(&g, SSE), 503);
	CHECK_TEXT(rig_message(&g), "EventSubscriptionLimitExceeded");
	rig_run(&g, 60 * 1000);
	CHECK_ROW(times(&s[0], ": keep-alive\n\n") == 2, "two of them");
	for (int i = 0; i < 4; i++)
		stream_end(&s[i]);
	rig_run(&g, 100);
	stream_open(&g, &s[0], SSE);
	CU_ASSERT_EQUAL(s[0].status, 200);
	stream_end(&s[0]);
	rig_close(&g);
}

static void
a_fleet_ends_while_somebody_listens(void)
{
	struct rig g;
	struct stream s;

	rig_open(&g, NULL);
	stream_open(&g, &s, SSE);
	bmc_fleet_stop(g.fleet, LOOP_S);
	rig_run(&g, 100);
	CU_ASSERT_TRUE(s.done);
	stream_end(&s);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_stream_is_a_subscription_while_its_socket_is_open),
		UNIT_CASE(deleting_the_subscription_ends_the_stream),
		UNIT_CASE(the_end_of_a_session_ends_its_stream),
		UNIT_CASE(a_restart_of_the_bmc_breaks_streams),
		UNIT_CASE(a_filter_chooses_what_a_stream_tells),
		UNIT_CASE(what_is_no_filter_is_refused),
		UNIT_CASE(a_stream_drops_after_some_events),
		UNIT_CASE(a_late_event_is_overtaken),
		UNIT_CASE(events_are_lost_or_come_twice),
		UNIT_CASE(several_events_share_a_payload),
		UNIT_CASE(streams_have_a_limit_and_a_pulse),
		UNIT_CASE(a_fleet_ends_while_somebody_listens),
	};

	return UNIT_RUN("bmc stream", cases);
}
