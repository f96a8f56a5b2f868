#include "agent/control/record.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static struct record
record_full(void)
{
	struct record r = { .phase = PHASE_PROVISIONING,
		.failed = true,
		.attempt = 2,
		.armed_s = 1767225600,
		.on_s = 1767225601,
		.installed_s = 1767225602,
		.ejected_s = 1767225602,
		.data_gone_s = 1767225602,
		.on2_s = 1767225603,
		.deadline_s = 1767229200,
		.power_s = 1767225604,
		.reboot_by_s = 1767225724 };

	(void)str_copy(r.id.uuid, sizeof(r.id.uuid),
	    "8245083f-303c-453e-8ecc-e4346e007bd7");
	memset(r.id.serial, 'S', sizeof(r.id.serial) - 1);
	for (r.id.n_macs = 0; r.id.n_macs < RECORD_MACS; r.id.n_macs++)
		(void)str_copy(r.id.macs[r.id.n_macs], 18, "52:54:b5:30:a6:e0");
	memset(r.pin, 'a', sizeof(r.pin) - 1);
	memset(r.claim_id, 'c', sizeof(r.claim_id) - 1);
	memset(r.mark, 'm', sizeof(r.mark) - 1);
	memset(r.power, 'p', sizeof(r.power) - 1);
	memset(r.reboot, 'r', sizeof(r.reboot) - 1);
	memset(r.data, 'd', sizeof(r.data) - 1);
	memset(r.refused, 'f', sizeof(r.refused) - 1);
	r.refused_s = r.heal_s = r.fenced_s = 1767225605;
	memset(r.heal, 'h', sizeof(r.heal) - 1);
	memset(r.heal_do, 'd', sizeof(r.heal_do) - 1);
	memset(r.heal_at, 'a', sizeof(r.heal_at) - 1);
	return r;
}

static void
survives_being_written_and_read(void)
{
	struct record r = record_full(), back;
	char *text = record_print(&r);

	/* The annotation's bound of SAFETY.md 1, with every field full. */
	CU_ASSERT_TRUE(strlen(text) <= RECORD_MAX);
	CU_ASSERT_TRUE_FATAL(record_parse(&back, text, NULL));
	CU_ASSERT_TRUE(record_equal(&r, &back));
	CU_ASSERT_EQUAL(back.id.n_macs, RECORD_MACS);
	CU_ASSERT_EQUAL(back.deadline_s, r.deadline_s);
	xfree(text);
}

static void
refuses_what_is_no_record(void)
{
	static const char *const bad[] = { "", "null", "[]", "{}", "{\"v\":2}",
		"{\"v\":\"1\"}", "{\"v\":1,\"phase\":\"up\"}",
		"{\"v\":1,\"attempt\":-1}", "{\"v\":1,\"attempt\":1001}",
		"{\"v\":1,\"onAt\":\"soon\"}", "{\"v\":1,\"onAt\":-5}",
		"{\"v\":1,\"claim\":7}", "{\"v\":1,\"claim\":null}",
		"{\"v\":1,\"macs\":\"x\"}", "{\"v\":1,\"macs\":[1]}",
		"{\"v\":1,\"macs\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
		"{\"v\":1", "{\"v\":1}x",
		("{\"v\":1,\"uuid\":\"01234567890123456789012345678901234567890"
		 "123456789\"}") };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct record r;
		struct err e = { 0 };

		CHECK_ROW(!record_parse(&r, bad[i], &e), bad[i]);
		CHECK_ROW(e.kind == ERR_SPEC, bad[i]);
		CHECK_ROW(r.attempt == 0 && r.claim_id[0] == '\0', bad[i]);
	}
}

static void
refuses_more_than_a_kilobyte(void)
{
	char text[RECORD_MAX + 64];
	struct record r;

	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"v\":1}", 7);
	text[sizeof(text) - 1] = '\0';
	CU_ASSERT_FALSE(record_parse(&r, text, NULL));
	text[RECORD_MAX] = '\0';
	CU_ASSERT_TRUE(record_parse(&r, text, NULL));
}

static void
forgets_the_claim_but_not_the_board(void)
{
	struct record r = record_full();

	record_clear_claim(&r);
	CHECK_TEXT(r.claim_id, "");
	CHECK_TEXT(r.power, "");
	CHECK_TEXT(r.reboot, "");
	CU_ASSERT_EQUAL(r.reboot_by_s, 0);
	CU_ASSERT_EQUAL(r.phase, PHASE_IDLE);
	CU_ASSERT_EQUAL(r.on_s, 0);
	CU_ASSERT_FALSE(r.failed);
	CHECK_TEXT(r.id.uuid, "8245083f-303c-453e-8ecc-e4346e007bd7");
	CU_ASSERT_EQUAL(strlen(r.pin), 64);
}

static void
keeps_the_power_action_when_an_attempt_is_forgotten(void)
{
	struct record r = record_full();

	/* The next attempt may switch off only what we switched on. */
	record_clear_attempt(&r);
	CU_ASSERT_EQUAL(r.armed_s, 0);
	CU_ASSERT_EQUAL(r.deadline_s, 0);
	CU_ASSERT_TRUE(r.power[0] == 'p');
	CU_ASSERT_EQUAL(r.attempt, 2);
}

struct same_row {
	const char *name;
	struct identity a, b;
	bool same;
};

static void
knows_a_board_by_uuid_then_serial_then_mac(void)
{
	static const struct same_row rows[] = {
		{ "empty", { .uuid = "" }, { .uuid = "" }, false },
		{ "uuid", { .uuid = "a", .serial = "1" },
		    { .uuid = "A", .serial = "2" }, true },
		{ "other uuid", { .uuid = "a", .serial = "1" },
		    { .uuid = "b", .serial = "1" }, false },
		{ "serial", { .uuid = "a", .serial = "1" }, { .serial = "1" },
		    true },
		{ "other serial", { .serial = "1" }, { .serial = "2" }, false },
		{ "mac", { .macs = { "m1", "m2" }, .n_macs = 2 },
		    { .macs = { "m2" }, .n_macs = 1 }, true },
		{ "other mac", { .macs = { "m1" }, .n_macs = 1 },
		    { .macs = { "m2" }, .n_macs = 1 }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK_ROW(identity_same(&rows[i].a, &rows[i].b) == rows[i].same,
		    rows[i].name);
		CHECK_ROW(identity_same(&rows[i].b, &rows[i].a) == rows[i].same,
		    rows[i].name);
	}
}

static void
tells_when_something_may_be_under_way(void)
{
	static const struct {
		const char *name;
		struct record r;
		bool open;
	} rows[] = {
		{ "idle", { .phase = PHASE_IDLE }, false },
		{ "provisioning", { .phase = PHASE_PROVISIONING }, true },
		{ "releasing", { .phase = PHASE_RELEASING }, true },
		{ "provisioned", { .phase = PHASE_PROVISIONED }, false },
		{ "error", { .phase = PHASE_ERROR }, false },
		{ "cycled just now",
		    { .phase = PHASE_PROVISIONED, .power_s = 999000 }, true },
		{ "by a clock that is ahead",
		    { .phase = PHASE_IDLE, .power_s = 1000500 }, true },
		{ "cycled long ago",
		    { .phase = PHASE_PROVISIONED, .power_s = 900000 }, false },
		{ "healing",
		    { .phase = PHASE_PROVISIONED,
			.heal = "x",
			.heal_do = HEAL_CYCLE,
			.heal_at = HEAL_AT_OFF },
		    true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(record_open(&rows[i].r, 1000000) == rows[i].open,
		    rows[i].name);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "survives being written and read",
		    survives_being_written_and_read },
		{ "refuses what is no record", refuses_what_is_no_record },
		{ "refuses more than a kilobyte",
		    refuses_more_than_a_kilobyte },
		{ "forgets the claim but not the board",
		    forgets_the_claim_but_not_the_board },
		{ "keeps the power action when an attempt is forgotten",
		    keeps_the_power_action_when_an_attempt_is_forgotten },
		{ "tells when something may be under way",
		    tells_when_something_may_be_under_way },
		{ "knows a board by uuid, then serial, then mac",
		    knows_a_board_by_uuid_then_serial_then_mac },
	};

	return UNIT_RUN("record", cases);
}
