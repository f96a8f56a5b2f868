/* Each fault's effect on the wire, and how rules match. */
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define ON "{\"ResetType\":\"On\"}"
#define FAULTS "/bmcs/bmc-000/faults"

static void
inject(struct rig *g, const char *rule)
{
	CHECK_ROW(rig_control(g, "POST", FAULTS, rule) == 201, rule);
}

static void
latency_delays_the_execution_too(void)
{
	struct rig g;
	int64_t t;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"latency\",\"latency\":\"10s\","
		   "\"operation\":\"read-system\"}");
	t = world_now_us(g.w);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_TRUE(world_now_us(g.w) - t >= 10 * LOOP_S);
	t = world_now_us(g.w);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_MGR), 200);
	CU_ASSERT_TRUE(world_now_us(g.w) - t < LOOP_S);
	rig_close(&g);
}

static void
refuse_and_reset_come_before_anything_happens(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"refuse\",\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 0);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	inject(&g, "{\"action\":\"reset\",\"count\":1,"
		   "\"operation\":\"reset\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 0);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 204);
	CHECK_TEXT(rig_snap(&g).power, "PoweringOn");
	rig_close(&g);
}

static void
a_lost_reply_is_executed(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"lost-reply\",\"count\":1,"
		   "\"operation\":\"reset\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 0);
	CU_ASSERT_TRUE(g.r.err == HTTP_E_RESET || g.r.err == HTTP_E_EOF);
	CHECK_TEXT(rig_snap(&g).power, "PoweringOn");
	CU_ASSERT_EQUAL(rig_count(&g, "power-write On"), 1);
	inject(&g, "{\"action\":\"lost-reply\",\"count\":1,"
		   "\"operation\":\"insert\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT,
			    "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    0);
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	rig_close(&g);
}

static void
what_gets_no_reply_is_executed(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"no-reply\",\"count\":1,"
		   "\"method\":\"P*\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 0);
	CU_ASSERT_NOT_EQUAL(g.r.err, HTTP_E_RESET); /* silence */
	CU_ASSERT_NOT_EQUAL(g.r.err, HTTP_OK);
	CU_ASSERT_EQUAL(rig_count(&g, "power-write On"), 1);
	rig_close(&g);
}

static void
accepted_is_not_done(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"accepted-not-done\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 204);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":"
			    "\"Once\",\"BootSourceOverrideTarget\":\"Cd\"}}"),
	    200);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT,
			    "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    204);
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	CHECK_TEXT(rig_snap(&g).override_enabled, "Disabled");
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	rig_close(&g);
}

static void
stale_reads_answer_from_the_past(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"stale-read\",\"age\":\"60s\","
		   "\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 204);
	rig_run(&g, 30000);
	(void)rig_get(&g, RIG_SYS);
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	CHECK_TEXT(rig_snap(&g).power, "On");
	rig_run(&g, 40000);
	(void)rig_get(&g, RIG_SYS);
	CHECK_TEXT(rig_at(&g, "PowerState"), "On");
	rig_close(&g);
}

static void
status_body_and_retry_after_are_as_asked(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"status\",\"status\":503,\"retryAfter\":7,"
		   "\"messageId\":\"IDRAC.2.8.SYS518\",\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 503);
	CHECK_TEXT(g.r.retry_after, "7");
	CHECK_TEXT(rig_message(&g), "SYS518");
	inject(&g, "{\"action\":\"status\",\"status\":500,\"count\":1,"
		   "\"body\":{\"oops\":1}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 500);
	CHECK_TEXT(rig_at(&g, "oops"), "1");
	inject(&g, "{\"action\":\"redirect\",\"url\":\"https://evil/x\","
		   "\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 307);
	CHECK_TEXT(g.r.location, "https://evil/x");
	rig_close(&g);
}

static void
sessions_expire_on_demand(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	inject(&g, "{\"action\":\"expire-session\",\"count\":1,"
		   "\"operation\":\"reset\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 401);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	rig_close(&g);
}

struct spoilt {
	const char *action;
	int status; /* 0 = no reply reaches the client */
	enum http_err err;
	bool json; /* the body still parses */
};

static void
replies_are_spoilt_in_their_own_ways(void)
{
	static const struct spoilt rows[] = {
		{ "\"garbage\"", 200, HTTP_OK, false },
		{ "\"html\"", 200, HTTP_OK, false },
		{ "\"empty-body\"", 200, HTTP_OK, false },
		{ "\"deep-json\"", 200, HTTP_OK, false },
		{ "\"duplicate-keys\"", 200, HTTP_OK, true },
		{ "\"wrong-types\"", 200, HTTP_OK, true },
		{ "\"nulls\"", 200, HTTP_OK, true },
		{ "\"truncate\"", 200, HTTP_E_EOF, false },
		{ "\"bad-chunk\"", -1, HTTP_E_PROTO, false },
		{ "\"huge-body\"", 200, HTTP_E_TOO_BIG, false },
		{ "\"endless-header\"", 0, HTTP_E_TOO_BIG, false },
		{ "\"hang\"", 0, HTTP_E_DEADLINE, false },
		{ "\"trickle\",\"bytesPerSecond\":10", 200, HTTP_E_DEADLINE,
		    false },
	};
	struct rig g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[160];

		rig_open(&g, NULL);
		(void)str_format(rule, sizeof(rule),
		    "{\"action\":%s,\"count\":1,\"path\":\"*Systems*\"}",
		    rows[i].action);
		inject(&g, rule);
		(void)rig_get(&g, RIG_SYS);
		CHECK_ROW(rows[i].status < 0 || g.r.status == rows[i].status,
		    rows[i].action);
		CHECK_ROW(g.r.err == rows[i].err, rows[i].action);
		CHECK_ROW((g.r.json != NULL) == rows[i].json, rows[i].action);
		/* it met one request only */
		CHECK_ROW(rig_get(&g, RIG_SYS) == 200, rows[i].action);
		CHECK_ROW(g.r.json != NULL, rows[i].action);
		rig_close(&g);
	}
}

static void
values_change_their_types(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"wrong-types\",\"count\":1,"
		   "\"operation\":\"read-system\"}");
	(void)rig_get(&g, RIG_SYS);
	CHECK_TEXT(rig_at(&g, "PowerState"), "4711");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideTarget"), "4711");
	inject(&g, "{\"action\":\"nulls\",\"count\":1,"
		   "\"operation\":\"read-system\"}");
	(void)rig_get(&g, RIG_SYS);
	CHECK_TEXT(rig_at(&g, "PowerState"), "null");
	rig_close(&g);
}

static void
the_machine_misbehaves(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"media-never-mounts\",\"count\":1}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT,
			    "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    204);
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	(void)rig_call(
	    &g, "POST", INSERT, "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}");
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	inject(&g, "{\"action\":\"power-stuck\",\"count\":1}");
	(void)rig_call(&g, "POST", RESET, ON);
	rig_run(&g, 600000);
	CHECK_TEXT(rig_snap(&g).power, "PoweringOn");
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 10000);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	inject(&g, "{\"action\":\"once-not-consumed\",\"count\":1}");
	inject(&g, "{\"action\":\"shutdown-ignored\",\"count\":1}");
	(void)rig_call(&g, "PATCH", RIG_SYS,
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\"}}");
	(void)rig_call(&g, "POST", RESET, ON);
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium", 300000));
	CHECK_TEXT(rig_snap(&g).override_enabled, "Once");
	(void)rig_call(
	    &g, "POST", RESET, "{\"ResetType\":\"GracefulShutdown\"}");
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	(void)rig_call(
	    &g, "POST", RESET, "{\"ResetType\":\"GracefulShutdown\"}");
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	rig_close(&g);
}

static void
rules_count_wait_and_end(void)
{
	struct rig g;
	unsigned bad = 0;

	rig_open(&g, NULL);
	inject(&g, "{\"id\":\"a\",\"action\":\"status\",\"status\":500,"
		   "\"after\":2,\"count\":2}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 500);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 500);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	inject(&g, "{\"id\":\"b\",\"action\":\"status\",\"status\":500,"
		   "\"for\":\"10s\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 500);
	rig_run(&g, 10000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	inject(&g, "{\"id\":\"c\",\"action\":\"status\",\"status\":500,"
		   "\"probabilityPpm\":500000}");
	for (int i = 0; i < 40; i++)
		bad += rig_get(&g, RIG_SYS) == 500;
	CU_ASSERT_TRUE(bad > 5 && bad < 35);
	CU_ASSERT_EQUAL(rig_control(&g, "DELETE", FAULTS "/c", NULL), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_control(&g, "DELETE", FAULTS "/c", NULL), 404);
	CU_ASSERT_EQUAL(rig_control(&g, "GET", FAULTS, NULL), 200);
	CHECK_TEXT(rig_at(&g, "faults/0/fired"), "2");
	rig_close(&g);
}

static void
bad_rules_are_refused_with_their_member(void)
{
	static const char *const rows[][2] = {
		{ "{}", "action is missing" },
		{ "{\"action\":\"explode\"}", "action must be an action" },
		{ "{\"action\":\"status\"}", "status needs status" },
		{ "{\"action\":\"reset\",\"colour\":1}",
		    "unknown member colour" },
		{ "{\"action\":\"reset\",\"count\":-1}", "count must be" },
		{ "{\"action\":\"reset\",\"operation\":\"dance\"}",
		    "operation must be" },
		{ "{\"action\":\"latency\",\"latency\":5}",
		    "latency must be a duration" },
		{ "{\"action\":\"power-stuck\",\"path\":\"*\"}",
		    "meets no requests" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_control(&g, "POST", FAULTS, rows[i][0]) == 400,
		    rows[i][0]);
		CHECK_ROW(strstr(rig_at(&g, "error"), rows[i][1]) != NULL,
		    rig_at(&g, "error"));
	}
	rig_close(&g);
}

static void
a_client_that_gives_up_is_obeyed_all_the_same(void)
{
	struct rig g;

	rig_open(&g, NULL);
	/* longer than the client's 30 s for a head */
	inject(&g, "{\"action\":\"latency\",\"latency\":\"50s\",\"count\":1,"
		   "\"operation\":\"reset\"}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET, ON), 0);
	CU_ASSERT_EQUAL(g.r.err, HTTP_E_DEADLINE);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	rig_run(&g, 25000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "latency delays the execution too",
		    latency_delays_the_execution_too },
		{ "refuse and reset come before anything happens",
		    refuse_and_reset_come_before_anything_happens },
		{ "a lost reply is executed", a_lost_reply_is_executed },
		{ "what gets no reply is executed",
		    what_gets_no_reply_is_executed },
		{ "accepted is not done", accepted_is_not_done },
		{ "stale reads answer from the past",
		    stale_reads_answer_from_the_past },
		{ "status, body and Retry-After are as asked",
		    status_body_and_retry_after_are_as_asked },
		{ "sessions expire on demand", sessions_expire_on_demand },
		{ "replies are spoilt in their own ways",
		    replies_are_spoilt_in_their_own_ways },
		{ "values change their types", values_change_their_types },
		{ "the machine misbehaves", the_machine_misbehaves },
		{ "rules count, wait and end", rules_count_wait_and_end },
		{ "bad rules are refused with their member",
		    bad_rules_are_refused_with_their_member },
		{ "a client that gives up is obeyed all the same",
		    a_client_that_gives_up_is_obeyed_all_the_same },
	};

	return UNIT_RUN("bmc faults", cases);
}
