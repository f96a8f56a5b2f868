/* Rules of a robust client (agent/redfish/RULES.md) that no ladder holds: the
 * wire, sessions, trees that are half there, tasks, what is asked again. */
#include "tests/unit/redfish_ladder_rig.h"

#define SYS "/redfish/v1/Systems/system-1"
#define SESS "/redfish/v1/SessionService/Sessions"
#define TASK "/redfish/v1/TaskService/Tasks/7"

static unsigned
count_in(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* ---- 1: one connection ------------------------------------------------------ */

struct wire {
	unsigned requests, stale, back;
	uint16_t port, first; /* of the last request; of the first */
	unsigned strange;     /* requests with headers that BMCs choke on */
};

/* Ports of a virtual world are handed out in their order. */
static bool
notes_connections(struct fake_bmc *b, struct http_exchange *x)
{
	struct wire *w = b->arg;
	uint16_t port = http_exchange_remote(x)->port;

	w->stale += port == w->port && !str_eq(http_exchange_method(x), "GET");
	w->back += port < w->port;
	w->port = port;
	if (w->requests++ == 0)
		w->first = port;
	return false;
}

/* One at a time, each left before the next is made. A write goes out on a new
 * one: of one that waited nobody knows whether the BMC has forgotten it. */
static void
connections_follow_each_other_and_writes_have_their_own(void)
{
	struct wire w = { .requests = 0 };
	struct rig g;

	rig_open(&g, "generic");
	g.fake.takes = notes_connections;
	g.fake.arg = &w;
	boot_from_cd(&g);
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	OK(&g, redfish_close(g.rf, rig_done, &g));
	CU_ASSERT(w.requests > 15);
	CU_ASSERT_EQUAL(w.back, 0);
	CU_ASSERT_EQUAL(w.stale, 0);
	CU_ASSERT(w.port - w.first < 8); /* reads share them */
	rig_close(&g);
}

/* ---- 4: headers -------------------------------------------------------------- */

static bool
is(const struct http_exchange *x, const char *name, const char *value)
{
	const char *got = http_exchange_header(x, name);

	return value ? str_eq(got, value) : got == NULL;
}

static bool
notes_headers(struct fake_bmc *b, struct http_exchange *x)
{
	struct wire *w = b->arg;
	const char *method = http_exchange_method(x);
	bool writes = str_eq(method, "POST") || str_eq(method, "PATCH");
	bool plain = is(x, "Accept", "application/json") &&
		     is(x, "OData-Version", "4.0") &&
		     is(x, "Accept-Encoding", "identity") &&
		     is(x, "Expect", NULL);

	if (plain &&
	    is(x, "Content-Type", writes ? "application/json" : NULL) &&
	    (!str_eq(method, "POST") || is(x, "If-Match", NULL)))
		return false;
	w->strange++;
	return false;
}

static void
headers_are_those_that_every_bmc_takes(void)
{
	struct wire w = { .requests = 0 };
	struct rig g;

	rig_open(&g, "generic");
	g.fake.takes = notes_headers;
	g.fake.arg = &w;
	boot_from_cd(&g);
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	OK(&g, redfish_close(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(w.strange, 0);
	rig_close(&g);
}

static bool
takes_no_identity(struct fake_bmc *b, struct http_exchange *x)
{
	b->arg = is(x, "Accept-Encoding", NULL) ? NULL : b;
	return false;
}

static bool
stored_compressed(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)path;
	(void)body;
	return str_eq(method, "GET") && b->arg &&
	       fake_refuse(a, 406, "NotAcceptable", NULL, NULL);
}

static void
an_encoding_that_is_refused_is_never_named_again(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.takes = takes_no_identity;
	g.fake.hook = stored_compressed;
	DISCOVER(&g);
	CU_ASSERT_EQUAL(g.r.requests, 8); /* one more, once */
	CU_ASSERT_TRUE(rig_quirks_are(&g, "encoding:any"));
	rig_close(&g);
}

/* ---- 5: redirects, slashes ---------------------------------------------------- */

static bool
only_with_slash(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	char *text;

	(void)body;
	if (!str_eq(method, "GET"))
		return false;
	if (str_eq(path, "/redfish/v1/Systems"))
		return fake_refuse(a, 404, "ResourceMissingAtURI", NULL, NULL);
	if (!str_eq(path, "/redfish/v1/Systems/"))
		return false;
	text = json_print(fake_bmc_at(b, "/redfish/v1/Systems"));
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body), text);
	xfree(text);
	return true;
}

static void
a_404_is_asked_again_with_the_other_slash(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = only_with_slash;
	DISCOVER(&g);
	CU_ASSERT_EQUAL(g.r.requests, 8); /* one more */
	rig_close(&g);
}

/* ---- 6: patience ---------------------------------------------------------------- */

/* Seconds from the spoilt request to the end. */
static int64_t
seconds_of_silence(bool write)
{
	struct rig g;
	int64_t t0, s;

	rig_open(&g, "generic");
	DISCOVER(&g);
	rig_sleep(&g, LOOP_MIN);
	g.fake.spoil_at = g.fake.requests + (write ? 2 : 1);
	g.fake.spoil = FAKE_HANG;
	t0 = world_now_us(g.w);
	if (write)
		RUN(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	else
		RUN(&g, redfish_read(g.rf, RF_READ_SYSTEM, rig_done, &g));
	CU_ASSERT_EQUAL(g.r.cause, RF_CAUSE_TIMEOUT);
	CU_ASSERT_EQUAL(g.r.maybe_executed, write);
	s = (world_now_us(g.w) - t0) / LOOP_S;
	rig_close(&g);
	return s;
}

static void
a_silent_read_ends_after_a_minute_a_write_after_two(void)
{
	CU_ASSERT_EQUAL(seconds_of_silence(false), 60);
	CU_ASSERT_EQUAL(seconds_of_silence(true), 120);
}

/* ---- 8: sessions ------------------------------------------------------------------ */

static bool
answers_login(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)body;
	if (!str_eq(method, "POST") || !str_has_suffix(path, "/Sessions"))
		return false;
	a->status = 307;
	(void)str_copy(a->header[0], sizeof(a->header[0]),
	    "Location: http://10.0.0.1/redfish/v1/SessionService/Sessions");
	return true;
}

static void
a_login_is_never_sent_to_another_host(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = answers_login;
	FAILS(&g, RF_CAUSE_PROTOCOL, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "another host"));
	CU_ASSERT_EQUAL(g.fake.logins, 0);
	rig_close(&g);
}

/* ---- 13, 14, 15: trees that say less --------------------------------------------------- */

/* The one hint that is a vendor's (UsbCd) must not hang on Vendor alone. */
static void
a_maker_without_vendor_is_known_by_its_oem_key(void)
{
	struct rig g;
	cJSON *root;

	rig_open(&g, "supermicro-x12");
	root = fake_bmc_at(&g.fake, "/redfish/v1/");
	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	json_set(root, "Vendor", NULL);
	json_set(root, "Oem", NULL);
	(void)json_ensure_obj(root, "Oem/Supermicro");
	json_set(fake_bmc_at(&g.fake, "/redfish/v1/Systems/1"), "Manufacturer",
	    NULL);
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CHECK_TEXT(redfish_state(g.rf)->boot.target, "UsbCd");
	rig_close(&g);
}

static void
resets_that_are_not_listed_are_tried(void)
{
	struct rig g;

	rig_open(&g, "generic");
	json_put(fake_bmc_at(&g.fake, SYS),
	    "Actions/#ComputerSystem.Reset/ResetType@Redfish.AllowableValues",
	    NULL);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 1);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

/* A BMC that was reset shows a root without links for minutes. */
static bool
half_a_root(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	if (!str_has_prefix(path, "/redfish/v1") ||
	    loop_mono_us(b->loop) > 9 * LOOP_MIN || strlen(path) > 12)
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body),
	    "{\"@odata.id\":\"/redfish/v1/\",\"RedfishVersion\":\"1.6.0\"}");
	return true;
}

static void
half_a_tree_is_no_verdict(void)
{
	unsigned failed = 0, i;
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = half_a_root;
	for (i = 0; i < 10 && !redfish_discovered(g.rf); i++) {
		RUN(&g, redfish_discover(g.rf, rig_done, &g));
		if (g.r.cause != RF_CAUSE_NONE) {
			failed++;
			CU_ASSERT_PTR_NOT_NULL(
			    strstr(g.r.err.msg, "may be starting"));
		}
		rig_sleep(&g, LOOP_MIN);
	}
	CU_ASSERT_EQUAL(failed, 9);
	CU_ASSERT_TRUE(redfish_discovered(g.rf));
	rig_close(&g);
}

/* ---- 29: tasks -------------------------------------------------------------------------- */

struct tasks {
	unsigned posts, polls, runs; /* it runs for so many polls */
	const char *header;          /* with each poll */
	const char *accepted;        /* where the 202 names the monitor */
	int64_t first_us, last_us;
};

static bool
runs_behind_a_200(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	struct tasks *t = b->arg;
	bool location = str_has_prefix(t->accepted, "Location");

	(void)method;
	(void)body;
	if (str_has_suffix(path, "InsertMedia")) {
		t->posts++;
		a->status = 202;
		(void)str_copy(location ? a->header[0] : a->body,
		    location ? sizeof(a->header[0]) : sizeof(a->body),
		    t->accepted);
		return true;
	}
	if (!str_eq(path, TASK))
		return false;
	if (t->polls++ == 0)
		t->first_us = loop_mono_us(b->loop);
	t->last_us = loop_mono_us(b->loop);
	a->status = 200;
	(void)str_copy(a->header[0], sizeof(a->header[0]), t->header);
	(void)str_format(a->body, sizeof(a->body), "{\"TaskState\":\"%s\"}",
	    t->polls > t->runs ? "Completed" : "Running");
	if (t->polls > t->runs) {
		cJSON *slot = fake_bmc_at(b, SYS "/VirtualMedia/Cd");

		json_set_bool(slot, "Inserted", true);
		json_set_str(slot, "Image", URL);
		json_set_str(slot, "ConnectedVia", "URI");
	}
	return true;
}

static void
a_task_that_says_200_and_running_runs(void)
{
	static const char *const accepted[] = { "Location: " TASK,
		"{\"TaskMonitor\":\"" TASK "\"}",
		"{\"@odata.id\":\"" TASK "\"}" };

	for (size_t i = 0; i < 3; i++) {
		struct tasks t = {
			.runs = 4, .header = "", .accepted = accepted[i]
		};
		struct rig g;

		rig_open(&g, "generic");
		g.fake.hook = runs_behind_a_200;
		g.fake.arg = &t;
		OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
		CHECK_ROW(t.polls == 5 && t.posts == 1, accepted[i]);
		rig_close(&g);
	}
}

/* A second at least, a minute at most, whatever Retry-After wants; a date by a
 * clock of 1970 only means later. */
static void
tasks_are_asked_once_a_second_to_once_a_minute(void)
{
	static const struct {
		const char *header;
		int64_t s;
	} rows[] = { { "Retry-After: 0", 2 }, { "Retry-After: 4", 4 },
		{ "Retry-After: 3000", 60 },
		{ "Retry-After: Fri, 02 Jan 1970 00:00:00 GMT", 10 } };

	for (size_t i = 0; i < 4; i++) {
		struct tasks t = { .runs = 1,
			.header = rows[i].header,
			.accepted = "Location: " TASK };
		struct rig g;
		int64_t s;

		rig_open(&g, "generic");
		g.fake.hook = runs_behind_a_200;
		g.fake.arg = &t;
		OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
		s = (t.last_us - t.first_us) / LOOP_S;
		CHECK_ROW(s >= rows[i].s && s <= rows[i].s + 2, rows[i].header);
		rig_close(&g);
	}
}

/* ---- 26, 31: what is asked again -------------------------------------------------------- */

struct busy {
	const char *method, *part;
	int status;
	const char *id;
	unsigned times, seen;
};

static bool
refuses_at_first(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	struct busy *x = b->arg;

	(void)body;
	if (!str_eq(method, x->method) || !strstr(path, x->part))
		return false;
	x->seen++;
	return x->seen <= x->times &&
	       fake_refuse(a, x->status, x->id, NULL, NULL);
}

static void
reads_are_asked_again_where_that_may_help(void)
{
	static const struct {
		int status;
		unsigned asked;
		enum redfish_cause cause;
	} rows[] = { { 500, 3, RF_CAUSE_BUSY }, { 503, 3, RF_CAUSE_BUSY },
		{ 429, 3, RF_CAUSE_BUSY }, { 408, 3, RF_CAUSE_BUSY },
		{ 409, 1, RF_CAUSE_CONFLICT } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct busy x = { "GET", SYS, rows[i].status, "GeneralError",
			100, 0 };
		struct rig g;

		rig_open(&g, "generic");
		DISCOVER(&g);
		g.fake.hook = refuses_at_first;
		g.fake.arg = &x;
		RUN(&g, redfish_read(g.rf, RF_READ_SYSTEM, rig_done, &g));
		CU_ASSERT_EQUAL(g.r.cause, rows[i].cause);
		CU_ASSERT_EQUAL(x.seen, rows[i].asked);
		rig_close(&g);
	}
}

/* A 500 without a word that it passes may hide that it was done. */
static void
a_write_is_repeated_only_where_the_bmc_says_that_it_passes(void)
{
	static const struct {
		int status;
		const char *id;
		unsigned posts;
	} rows[] = { { 500, "InternalError", 1 }, { 400, "GeneralError", 1 },
		{ 503, "ServiceTemporarilyUnavailable", 3 },
		{ 400, "InvalidOperationForSystemState", 3 },
		{ 400, "SYS518", 3 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct busy x = { "POST", "ComputerSystem.Reset",
			rows[i].status, rows[i].id, 2, 0 };
		struct rig g;

		rig_open(&g, "generic");
		DISCOVER(&g);
		g.fake.hook = refuses_at_first;
		g.fake.arg = &x;
		RUN(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
		CHECK_ROW(x.seen == rows[i].posts, rows[i].id);
		CHECK_ROW((g.r.cause == RF_CAUSE_NONE) == (rows[i].posts == 3),
		    rows[i].id);
		rig_close(&g);
	}
}

static void
an_insertion_is_tried_again_on_5xx_after_a_look(void)
{
	struct busy x = { "POST", "InsertMedia", 500, "InternalError", 3, 0 };
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	fake_bmc_forget_log(&g.fake);
	g.fake.hook = refuses_at_first;
	g.fake.arg = &x;
	OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CU_ASSERT_EQUAL(x.seen, 4);
	CU_ASSERT(count_in(buf_str(&g.fake.log),
		      "GET " SYS "/VirtualMedia/Cd\n") >= 4);
	CU_ASSERT_EQUAL(g.fake.inserts, 1);
	rig_close(&g);
}

/* Other words do not help against a BMC that is busy. */
static void
an_insertion_ends_where_the_bmc_stays_busy(void)
{
	static const int rows[] = { 503, 429 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct busy x = { "POST", "InsertMedia", rows[i],
			"GeneralError", 1000, 0 };
		struct rig g;

		rig_open(&g, "generic");
		DISCOVER(&g);
		g.fake.hook = refuses_at_first;
		g.fake.arg = &x;
		RUN(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
		CU_ASSERT_EQUAL(x.seen, 6);
		CU_ASSERT_EQUAL(g.r.cause, RF_CAUSE_BUSY);
		CU_ASSERT_EQUAL(g.r.http_status, rows[i]);
		rig_close(&g);
	}
}

static bool
knows_the_action_alone(struct fake_bmc *b, const char *method, const char *uri,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)body;
	if (strstr(uri, "VirtualMedia") == NULL || str_eq(method, "GET"))
		return false;
	return str_eq(method, "PATCH")
		   ? fake_refuse(a, 400, "ActionNotSupported", NULL, NULL)
		   : fake_refuse(a, 500, "InternalError", NULL, NULL);
}

static void
what_the_action_said_is_told_and_not_that_others_are_not_supported(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	g.fake.hook = knows_the_action_alone;
	RUN(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CHECK_ROW(g.r.http_status == 500, g.r.err.msg);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "InsertMedia: HTTP 500"));
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(connections_follow_each_other_and_writes_have_their_own),
	UNIT_CASE(headers_are_those_that_every_bmc_takes),
	UNIT_CASE(an_encoding_that_is_refused_is_never_named_again),
	UNIT_CASE(a_404_is_asked_again_with_the_other_slash),
	UNIT_CASE(a_silent_read_ends_after_a_minute_a_write_after_two),
	UNIT_CASE(a_login_is_never_sent_to_another_host),
	UNIT_CASE(a_maker_without_vendor_is_known_by_its_oem_key),
	UNIT_CASE(resets_that_are_not_listed_are_tried),
	UNIT_CASE(half_a_tree_is_no_verdict),
	UNIT_CASE(a_task_that_says_200_and_running_runs),
	UNIT_CASE(tasks_are_asked_once_a_second_to_once_a_minute),
	UNIT_CASE(reads_are_asked_again_where_that_may_help),
	UNIT_CASE(a_write_is_repeated_only_where_the_bmc_says_that_it_passes),
	UNIT_CASE(an_insertion_is_tried_again_on_5xx_after_a_look),
	UNIT_CASE(an_insertion_ends_where_the_bmc_stays_busy),
	UNIT_CASE(
	    what_the_action_said_is_told_and_not_that_others_are_not_supported),
};

int
main(void)
{
	return UNIT_RUN("redfish_rules", cases);
}
