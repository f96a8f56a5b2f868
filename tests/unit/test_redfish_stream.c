/* The event stream of a client: found, opened, told, ended; whatever it sends. */
#include "agent/redfish/follow.h"
#include "common/mem.h"
#include "tests/unit/redfish_rig.h"

#define SSE "/redfish/v1/EventService/SSE"
#define EVENT "data: {\"Events\":[{\"MessageId\":\"Power.1.0.On\"}]}\n\n"
#define LOGIN \
	"data: {\"Events\":[{\"OriginOfCondition\":{\"@odata.id\":" \
	"\"/redfish/v1/SessionService/Sessions/9\"}}]}\n\n"

/* The other end of the stream. */
struct far {
	struct rig g; /* first: fake.arg is it */
	struct http_exchange *x;
	struct buf out;
	bool starved, ends, silent, flood;
	int status; /* of what a stream is refused with; 0 = it is not */
	const char *type, *location;
	unsigned opened;
	char accept[64], token[64], last_id[32];
	size_t sent;
	/* what the client's user heard */
	unsigned news[4];
	char why[160];
	bool unfollow; /* inside of the callback */
	bool free;
};

static struct far *
far_of(struct fake_bmc *b)
{
	return b->arg;
}

static void
far_gone(void *arg)
{
	struct far *f = arg;

	f->x = NULL;
}

static enum http_flow
far_pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct far *f = arg;

	*n = f->out.n < cap ? f->out.n : cap;
	if (f->flood) {
		memset(out, 'x', cap);
		((char *)out)[cap - 1] = '\n';
		*n = cap;
		f->sent += cap;
		return HTTP_MORE;
	}
	if (*n > 0) {
		memcpy(out, f->out.p, *n);
		buf_consume(&f->out, *n);
		return HTTP_MORE;
	}
	f->starved = true;
	if (f->ends)
		f->x = NULL;
	return f->ends ? HTTP_END : HTTP_PAUSE;
}

static void
far_keep(char *dst, size_t cap, const struct http_exchange *x, const char *name)
{
	const char *v = http_exchange_header(x, name);

	(void)str_copy(dst, cap, v ? v : "");
}

static bool
far_takes(struct fake_bmc *b, struct http_exchange *x)
{
	struct far *f = far_of(b);
	struct http_header h[] = { { "Content-Type", f->type },
		{ "Location", f->location ? f->location : "" } };
	struct http_source src = { far_pull, f, -1 };

	if (!str_has_prefix(http_exchange_target(x), SSE))
		return false;
	f->opened++;
	far_keep(f->accept, sizeof(f->accept), x, "Accept");
	far_keep(f->token, sizeof(f->token), x, "X-Auth-Token");
	far_keep(f->last_id, sizeof(f->last_id), x, "Last-Event-ID");
	if (f->status) {
		http_reply(x, f->status, h, f->location ? 2 : 1,
		    (struct http_bytes){ "{}", 2 });
		f->status = 0;
		return true;
	}
	f->x = x;
	f->starved = false;
	http_exchange_on_gone(x, far_gone, f);
	http_reply_stream(x, 200, h, 1, &src);
	return true;
}

static void
far_open(struct far *f)
{
	cJSON *service = cJSON_CreateObject();

	memset(f, 0, sizeof(*f));
	rig_open(&f->g, "generic");
	buf_init(&f->out, 1u << 20);
	f->type = "text/event-stream; charset=utf-8";
	f->g.fake.takes = far_takes;
	f->g.fake.arg = f;
	json_set_str(json_ensure_obj(fake_bmc_at(&f->g.fake, "/redfish/v1/"),
			 "EventService"),
	    "@odata.id", "/redfish/v1/EventService");
	json_set_str(service, "ServerSentEventUri", SSE);
	json_set_bool(service, "ServiceEnabled", true);
	json_set(f->g.fake.tree, "/redfish/v1/EventService", service);
}

static void
far_close(struct far *f)
{
	redfish_free(f->g.rf);
	f->g.rf = NULL;
	buf_free(&f->out);
	rig_close(&f->g);
}

static void
far_say(struct far *f, const char *text)
{
	(void)buf_adds(&f->out, text);
	if (f->x && f->starved) {
		f->starved = false;
		http_exchange_resume(f->x);
	}
	rig_sleep(&f->g, 50 * LOOP_MS);
}

static void
far_end(struct far *f)
{
	f->ends = true;
	f->starved = false;
	http_exchange_resume(f->x);
	rig_sleep(&f->g, LOOP_S);
	f->ends = false;
}

static void
on_news(void *arg, enum redfish_news news, const struct err *why)
{
	struct far *f = arg;

	f->news[news]++;
	CU_ASSERT_EQUAL(why != NULL, news == RF_NEWS_ENDED);
	if (why)
		(void)str_copy(f->why, sizeof(f->why), why->msg);
	if (f->unfollow)
		redfish_unfollow(f->g.rf);
	if (f->free) {
		redfish_free(f->g.rf);
		f->g.rf = NULL;
	}
}

static void
follow(struct far *f)
{
	OK(&f->g, redfish_follow(f->g.rf, on_news, f, rig_done, &f->g));
	rig_sleep(&f->g, LOOP_S);
}

#define HEARD(f, o, h, s, e) \
	CHECK_ROW((f)->news[RF_NEWS_OPEN] == (o) && \
		      (f)->news[RF_NEWS_HINT] == (h) && \
		      (f)->news[RF_NEWS_SILENT] == (s) && \
		      (f)->news[RF_NEWS_ENDED] == (e), \
	    "open " #o " hint " #h " silent " #s " ended " #e)

/* ---- cases -------------------------------------------------------------------- */

static void
a_stream_is_found_opened_and_told(void)
{
	struct far f;
	unsigned before;

	far_open(&f);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_UNKNOWN);
	DISCOVER(&f.g);
	before = f.g.fake.requests;
	follow(&f);
	CU_ASSERT_EQUAL(f.g.fake.requests, before + 2);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_OPEN);
	CU_ASSERT_TRUE(redfish_stream_vouches(f.g.rf));
	CHECK_TEXT(f.accept, "text/event-stream");
	CU_ASSERT_NOT_EQUAL(f.token[0], '\0');
	CU_ASSERT_EQUAL(f.g.fake.logins, 1);
	HEARD(&f, 1, 0, 0, 0);
	far_say(&f, EVENT);
	HEARD(&f, 1, 1, 0, 0);
	/* at once many are one hint; what is of no interest is none */
	far_say(&f, EVENT EVENT EVENT);
	HEARD(&f, 1, 2, 0, 0);
	far_say(&f, LOGIN ": comment\n\n");
	HEARD(&f, 1, 2, 0, 0);
	/* a second follow changes nothing */
	follow(&f);
	CU_ASSERT_EQUAL(f.opened, 1);
	/* requests go on beside it, and cost no login */
	READ(&f.g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(f.g.fake.logins, 1);
	far_close(&f);
}

static void
a_hint_makes_the_next_look_a_full_one(void)
{
	struct far f;
	uint64_t same;

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	READ(&f.g, RF_READ_SYSTEM);
	same = redfish_stats(f.g.rf)->not_modified;
	READ(&f.g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_stats(f.g.rf)->not_modified, same + 1);
	far_say(&f, EVENT);
	READ(&f.g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_stats(f.g.rf)->not_modified, same + 1);
	READ(&f.g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_stats(f.g.rf)->not_modified, same + 2);
	far_close(&f);
}

static void
silence_is_told_once_and_a_comment_ends_it(void)
{
	struct far f;

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	rig_sleep(&f.g, 60 * LOOP_S);
	far_say(&f, ": keep-alive\n\n");
	rig_sleep(&f.g, 60 * LOOP_S);
	CU_ASSERT_TRUE(redfish_stream_vouches(f.g.rf));
	HEARD(&f, 1, 0, 0, 0);
	rig_sleep(&f.g, 60 * LOOP_S);
	CU_ASSERT_FALSE(redfish_stream_vouches(f.g.rf));
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_OPEN);
	HEARD(&f, 1, 0, 1, 0);
	rig_sleep(&f.g, 5 * LOOP_MIN);
	HEARD(&f, 1, 0, 1, 0);
	far_say(&f, ":\n");
	CU_ASSERT_TRUE(redfish_stream_vouches(f.g.rf));
	/* a socket that never says anything is not held for ever */
	rig_sleep(&f.g, 20 * LOOP_MIN);
	HEARD(&f, 1, 0, 2, 1);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_CLOSED);
	far_close(&f);
}

static void
an_end_is_told_and_the_next_stream_says_where_it_was(void)
{
	struct far f;

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	CHECK_TEXT(f.last_id, "");
	far_say(&f, "id: 41\n" EVENT);
	far_end(&f);
	HEARD(&f, 1, 1, 0, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(f.why, "ended"));
	follow(&f);
	CHECK_TEXT(f.last_id, "41");
	CU_ASSERT_EQUAL(f.opened, 2);
	HEARD(&f, 2, 1, 0, 1);
	far_close(&f);
}

static void
a_session_that_ends_takes_its_stream_along(void)
{
	struct far f;
	char token[64];

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	(void)str_copy(token, sizeof(token), f.token);
	fake_bmc_expire(&f.g.fake);
	READ(&f.g, RF_READ_SYSTEM);
	rig_sleep(&f.g, LOOP_S);
	HEARD(&f, 1, 0, 0, 1);
	CU_ASSERT_PTR_NULL(f.x);
	follow(&f);
	HEARD(&f, 2, 0, 0, 1);
	CU_ASSERT_STRING_NOT_EQUAL(f.token, token);
	CU_ASSERT_EQUAL(f.g.fake.logins, 2);
	/* and before the logout it is closed */
	OK(&f.g, redfish_close(f.g.rf, rig_done, &f.g));
	rig_sleep(&f.g, LOOP_S);
	CU_ASSERT_PTR_NULL(f.x);
	CU_ASSERT_EQUAL(f.g.fake.sessions, 0);
	HEARD(&f, 2, 0, 0, 1);
	far_close(&f);
}

static void
unfollowing_is_silent_wherever_it_is_said(void)
{
	struct far f;

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	redfish_unfollow(f.g.rf);
	rig_sleep(&f.g, LOOP_S);
	CU_ASSERT_PTR_NULL(f.x);
	HEARD(&f, 1, 0, 0, 0);
	f.unfollow = true;
	follow(&f);
	HEARD(&f, 2, 0, 0, 0);
	CU_ASSERT_PTR_NULL(f.x);
	f.unfollow = false;
	follow(&f);
	f.free = true;
	far_say(&f, EVENT EVENT);
	CU_ASSERT_PTR_NULL(f.g.rf);
	CU_ASSERT_PTR_NULL(f.x);
	HEARD(&f, 3, 1, 0, 0);
	far_close(&f);
}

static void
refusals_are_for_now_or_for_good(void)
{
	static const struct {
		int status;
		const char *type;
		enum redfish_streaming then;
	} rows[] = {
		{ 401, "application/json", RF_STREAMING_CLOSED },
		{ 403, "application/json", RF_STREAMING_CLOSED },
		{ 404, "application/json", RF_STREAMING_UNKNOWN },
		{ 405, "application/json", RF_STREAMING_NONE },
		{ 501, "application/json", RF_STREAMING_NONE },
		{ 503, "application/json", RF_STREAMING_CLOSED },
		{ 200, "application/json", RF_STREAMING_NONE },
		{ 204, "text/event-stream", RF_STREAMING_CLOSED },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct far f;
		char row[32];

		far_open(&f);
		DISCOVER(&f.g);
		f.status = rows[i].status;
		f.type = rows[i].type;
		follow(&f);
		(void)str_format(row, sizeof(row), "HTTP %d", rows[i].status);
		CHECK_ROW(redfish_streaming(f.g.rf) == rows[i].then, row);
		HEARD(&f, 0, 0, 0, 1);
		/* nobody is locked out, nothing else is the worse for it */
		CU_ASSERT_EQUAL(redfish_login_hold(f.g.rf), 0);
		READ(&f.g, RF_READ_SYSTEM);
		far_close(&f);
	}
}

static void
no_stream_is_asked_for_once(void)
{
	struct far f;
	unsigned n;

	far_open(&f);
	json_set(fake_bmc_at(&f.g.fake, "/redfish/v1/EventService"),
	    "ServerSentEventUri", NULL);
	DISCOVER(&f.g);
	n = f.g.fake.requests;
	follow(&f);
	follow(&f);
	CU_ASSERT_EQUAL(f.g.fake.requests, n + 1);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_NONE);
	rig_sleep(&f.g, 6 * LOOP_HOUR + LOOP_S);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_UNKNOWN);
	far_close(&f);
}

static void
links_to_other_hosts_are_not_followed(void)
{
	struct far f;

	far_open(&f);
	json_set_str(fake_bmc_at(&f.g.fake, "/redfish/v1/EventService"),
	    "ServerSentEventUri", "http://10.6.6.6/sse");
	DISCOVER(&f.g);
	follow(&f);
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_NONE);
	far_close(&f);
	far_open(&f);
	DISCOVER(&f.g);
	f.status = 307;
	f.location = "http://10.6.6.6/sse";
	follow(&f);
	CU_ASSERT_EQUAL(f.opened, 1);
	HEARD(&f, 0, 0, 0, 1);
	far_close(&f);
	/* the same host is, once */
	far_open(&f);
	DISCOVER(&f.g);
	f.status = 307;
	f.location = SSE "/";
	follow(&f);
	CU_ASSERT_EQUAL(f.opened, 2);
	HEARD(&f, 1, 0, 0, 0);
	far_close(&f);
}

static void
a_flood_is_read_slowly(void)
{
	struct far f;

	far_open(&f);
	DISCOVER(&f.g);
	follow(&f);
	f.flood = true;
	f.starved = false;
	http_exchange_resume(f.x);
	rig_sleep(&f.g, 10 * LOOP_S);
	/* what waits on the way is not much more than a second's worth */
	CHECK_ROW(f.sent > 5 * 65536 && f.sent < 14 * 65536, "bytes read");
	f.flood = false;
	CU_ASSERT_EQUAL(redfish_streaming(f.g.rf), RF_STREAMING_OPEN);
	READ(&f.g, RF_READ_SYSTEM);
	far_close(&f);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_stream_is_found_opened_and_told),
		UNIT_CASE(a_hint_makes_the_next_look_a_full_one),
		UNIT_CASE(silence_is_told_once_and_a_comment_ends_it),
		UNIT_CASE(an_end_is_told_and_the_next_stream_says_where_it_was),
		UNIT_CASE(a_session_that_ends_takes_its_stream_along),
		UNIT_CASE(unfollowing_is_silent_wherever_it_is_said),
		UNIT_CASE(refusals_are_for_now_or_for_good),
		UNIT_CASE(no_stream_is_asked_for_once),
		UNIT_CASE(links_to_other_hosts_are_not_followed),
		UNIT_CASE(a_flood_is_read_slowly),
	};

	return UNIT_RUN("redfish_stream", cases);
}
