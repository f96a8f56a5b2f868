/* What a Beskar7Remediation asks of a host, and what it makes of the answer. */
#include "agent/control/heal.h"

#include <string.h>

#include "agent/control/names.h"
#include "agent/control/remediation.h"
#include "common/json.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define UUID "26fda018-c0fa-4243-8903-610b47080a8b"
#define T 1767225600 /* 2026-01-01T00:00:00Z */

static void
an_ask_survives_being_written_and_read(void)
{
	struct heal_ask a = { .cycle = true }, b;
	char text[160];

	(void)str_copy(a.claim, sizeof(a.claim), "claim with spaces");
	CU_ASSERT_TRUE(heal_id_print(a.id, UUID, 100));
	CU_ASSERT_TRUE(heal_ask_print(&a, text));
	CU_ASSERT_TRUE_FATAL(heal_ask_parse(&b, text));
	CU_ASSERT_EQUAL(b.cycle, true);
	CU_ASSERT_STRING_EQUAL(b.claim, a.claim);
	CU_ASSERT_STRING_EQUAL(b.id, a.id);
	CU_ASSERT_EQUAL(heal_id_attempt(b.id, UUID), 100);
}

static void
what_is_no_ask_is_refused(void)
{
	static const char *const bad[] = { "", " ", "PowerCycle", "PowerCycle ",
		"PowerCycle claim", "PowerCycle  x", "PowerCycle claim ",
		"powercycle claim id", "Reinstall claim id", "PowerOffs c i",
		"PowerCycle c 0123456789012345678901234567890123456789"
		"01234567890",
		("PowerCycle 012345678901234567890123456789012345678901234567"
		 "89012345678901234567890 id") };
	struct heal_ask a;

	CU_ASSERT_FALSE(heal_ask_parse(&a, NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_ROW(!heal_ask_parse(&a, bad[i]), bad[i]);
	CU_ASSERT_TRUE(heal_ask_parse(&a, "PowerOff c i"));
	CU_ASSERT_FALSE(a.cycle);
}

static void
an_id_tells_whose_attempt_it_is(void)
{
	static const struct {
		const char *id;
		int attempt;
	} rows[] = {
		{ UUID ":1", 1 },
		{ UUID ":100", 100 },
		{ UUID ":101", 0 },
		{ UUID ":0", 0 },
		{ UUID ":-1", 0 },
		{ UUID ":", 0 },
		{ UUID ":1x", 0 },
		{ UUID "1", 0 },
		{ UUID, 0 },
		{ "reboot", 0 },
		{ "", 0 },
		{ NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(heal_id_attempt(rows[i].id, UUID) == rows[i].attempt,
		    rows[i].id == NULL ? "NULL" : rows[i].id);
	CU_ASSERT_EQUAL(heal_id_attempt(":1", ""), 0);
}

/* ---- what is to be done next ------------------------------------------------ */

struct row {
	const char *what;
	int attempts;   /* by the status */
	int64_t last_s; /* likewise */
	int asked;      /* by the annotation; 0 = none */
	int healed;     /* by the record; 0 = another's */
	const char *at; /* of the record */
	int64_t heal_s, fenced_s;
	int64_t now_s;
	enum remedy_state state;
	int want_attempts;
	int64_t want_last, want_next;
};

static const struct row rows[] = {
	{ "nothing yet", 0, 0, 0, 0, "", 0, 0, T, REMEDY_NEW, 0, 0, 0 },
	{ "asked just now", 0, 0, 1, 0, "", 0, 0, T, REMEDY_ASKED, 1, 0, 300 },
	{ "asked, and told", 1, T, 1, 0, "", 0, 0, T + 9, REMEDY_ASKED, 1, T,
	    T + 300 },
	{ "begun", 1, T, 1, 1, "off", T + 5, 0, T + 9, REMEDY_OFF, 1, T,
	    T + 300 },
	{ "coming on", 1, T, 1, 1, "on", T + 9, T + 9, T + 9, REMEDY_ON, 1, T,
	    T + 300 },
	{ "done", 1, T, 0, 1, "done", T + 40, T + 20, T + 50, REMEDY_DONE, 1, T,
	    T + 340 },
	{ "refused", 1, T, 0, 0, "", 0, 0, T + 9, REMEDY_FAILED, 1, T,
	    T + 300 },
	{ "out of patience", 1, T, 1, 0, "", 0, 0, T + 600, REMEDY_LATE, 1, T,
	    T + 300 },
	{ "never goes off", 1, T, 1, 1, "off", T + 5, 0, T + 600, REMEDY_LATE,
	    1, T, T + 300 },
	{ "withdrawn", 1, T, 0, 1, "off", T + 5, 0, T + 601, REMEDY_FAILED, 1,
	    T, T + 300 },
	{ "comes on, too late", 1, T, 0, 1, "on", T + 5, T + 5, T + 601,
	    REMEDY_FAILED, 1, T, T + 300 },
	{ "done late is done", 1, T, 0, 1, "done", T + 700, T + 650, T + 900,
	    REMEDY_DONE, 1, T, T + 1000 },
	{ "a second attempt", 1, T, 2, 1, "done", T + 40, T + 20, T + 400,
	    REMEDY_ASKED, 2, 0, 300 },
	{ "status lost in a move", 0, 0, 0, 3, "done", T + 40, T + 20, T + 50,
	    REMEDY_DONE, 3, T + 40, T + 340 },
	{ "another remediation's record", 2, T, 0, 0, "done", T + 40, T + 20,
	    T + 50, REMEDY_FAILED, 2, T, T + 300 },
};

static void
look(const struct row *w)
{
	struct host h = { .record_valid = true };
	struct remediation r = { .id = UUID,
		.interval_s = 300,
		.max_attempts = 3,
		.cycle = true,
		.attempts = w->attempts,
		.last_s = w->last_s };
	char text[160];
	struct heal_ask a = { .cycle = true, .claim = "c" };
	struct remedy y;

	(void)heal_id_print(a.id, UUID, w->asked);
	(void)heal_ask_print(&a, text);
	h.asks.remediate = w->asked == 0 ? NULL : text;
	(void)heal_id_print(
	    h.record.heal, w->healed == 0 ? "another" : UUID, w->healed);
	(void)str_copy(h.record.heal_at, sizeof(h.record.heal_at), w->at);
	h.record.heal_s = w->heal_s;
	h.record.fenced_s = w->fenced_s;
	y = remedy_of(&r, &h, w->now_s);
	CHECK_ROW(y.state == w->state, w->what);
	CHECK_ROW(y.attempts == w->want_attempts, w->what);
	CHECK_ROW(y.last_s == w->want_last, w->what);
	CHECK_ROW(y.next_s == w->want_next, w->what);
	CHECK_ROW(
	    y.fenced == (w->healed == y.attempts && w->fenced_s != 0), w->what);
}

static void
the_next_step_follows_from_what_is_stored(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		look(&rows[i]);
}

static void
patience_is_two_intervals_within_reason(void)
{
	static const int64_t pairs[][2] = { { 1, 60 }, { 30, 60 }, { 31, 62 },
		{ 299, 598 }, { 300, 600 }, { 301, 600 }, { 86400, 600 } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct remediation r = { .interval_s = pairs[i][0] };

		CU_ASSERT_EQUAL(remediation_patience_s(&r), pairs[i][1]);
	}
}

static void
without_a_host_nothing_is_done(void)
{
	struct remediation r = { .id = UUID, .interval_s = 1, .attempts = 1 };
	struct remedy y = remedy_of(&r, NULL, T);

	CU_ASSERT_EQUAL(y.state, REMEDY_FAILED);
	CU_ASSERT_FALSE(y.fenced);
	r.id = NULL;
	CU_ASSERT_EQUAL(remedy_of(&r, NULL, T).attempts, 1);
}

static void
odd_objects_have_sane_views(void)
{
	static const char text[] =
	    "{\"metadata\":{\"name\":7,\"ownerReferences\":\"x\"},"
	    "\"spec\":{\"type\":3,\"maxAttempts\":-5,"
	    "\"retryIntervalSeconds\":99999999},"
	    "\"status\":{\"attempts\":-1,\"lastAttempt\":\"soon\"}}";
	cJSON *j = json_parse(text, sizeof(text) - 1, NULL);
	struct remediation r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	remediation_view(&r, j);
	CU_ASSERT_TRUE(r.cycle);
	CU_ASSERT_EQUAL(r.max_attempts, 1);
	CU_ASSERT_EQUAL(r.interval_s, 86400);
	CU_ASSERT_EQUAL(r.attempts, HEAL_ATTEMPTS_MAX); /* none left */
	CU_ASSERT_EQUAL(r.last_s, 0);
	CU_ASSERT_PTR_NULL(r.owner);
	cJSON_Delete(j);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(an_ask_survives_being_written_and_read),
		UNIT_CASE(what_is_no_ask_is_refused),
		UNIT_CASE(an_id_tells_whose_attempt_it_is),
		UNIT_CASE(the_next_step_follows_from_what_is_stored),
		UNIT_CASE(patience_is_two_intervals_within_reason),
		UNIT_CASE(without_a_host_nothing_is_done),
		UNIT_CASE(odd_objects_have_sane_views),
	};

	return UNIT_RUN("heal", cases);
}
