/*
 * What people are told who ask why a host is as it is: the diary, the answer of
 * a running agent at every moment of a story, the text made of it.
 */
#include "agent/agent.h"
#include "agent/control/diary.h"
#include "agent/explain/print.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

static const struct bmc_timing quick = { .post_ms = 15000,
	.install_ms = 20000 };

/* ---- the diary --------------------------------------------------------------- */

static struct diary_line
line(int64_t at_us, const char *step)
{
	return (struct diary_line){
		.first_us = at_us, .step = step, .verdict = V_POLL
	};
}

static void
equal_lines_are_one(void)
{
	struct diaries all;
	struct diary *d = NULL;
	struct diary_line a = line(1, "connected"), b = line(2, "connected");

	diaries_init(&all);
	CU_ASSERT_PTR_NULL(diary_line_at(d, 0));
	diary_note(&all, &d, &a, "why");
	diary_note(&all, &d, &b, "why");
	CU_ASSERT_EQUAL(d->n, 1);
	CU_ASSERT_EQUAL(diary_line_at(d, 0)->times, 2);
	CU_ASSERT_EQUAL(diary_line_at(d, 0)->first_us, 1);
	CU_ASSERT_EQUAL(diary_line_at(d, 0)->last_us, 2);
	diary_note(&all, &d, &b, "another");
	b.asked = "reset";
	diary_note(&all, &d, &b, "another");
	CU_ASSERT_EQUAL(d->n, 3);
	diary_free(&all, &d);
	CU_ASSERT_PTR_NULL(d);
	CU_ASSERT_EQUAL(all.n, 0);
}

static void
the_last_lines_stay(void)
{
	struct diaries all;
	struct diary *d = NULL;
	struct diary_line l = line(0, "connected");
	char why[200];

	diaries_init(&all);
	for (int i = 0; i < 100; i++) {
		l.first_us = i;
		(void)str_format(why, sizeof(why), "reason %d", i);
		diary_note(&all, &d, &l, why);
	}
	CU_ASSERT_EQUAL(d->n, DIARY_LINES);
	CHECK_TEXT(diary_line_at(d, DIARY_LINES - 1)->why, "reason 99");
	CHECK_TEXT(diary_line_at(d, 0)->why, "reason 92");
	CU_ASSERT_PTR_NULL(diary_line_at(d, DIARY_LINES));
	/* Cut, and no half of a character left. */
	memset(why, 'x', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	memcpy(why + DIARY_WHY - 5, "\xc3\xa4", 2);
	diary_note(&all, &d, &l, why);
	CU_ASSERT_TRUE(
	    str_has_suffix(diary_line_at(d, DIARY_LINES - 1)->why, "xx..."));
	diary_free(&all, &d);
}

static void
diaries_are_bounded(void)
{
	struct diary **d = xcalloc(DIARIES_MAX + 3, sizeof(struct diary *));
	struct diaries all;
	struct diary_line l = line(1, "connected");

	diaries_init(&all);
	for (size_t i = 0; i < DIARIES_MAX; i++)
		diary_note(&all, &d[i], &l, NULL);
	l.first_us = 2;
	diary_note(&all, &d[0], &l, "news of the oldest");
	for (size_t i = DIARIES_MAX; i < DIARIES_MAX + 3; i++)
		diary_note(&all, &d[i], &l, NULL);
	CU_ASSERT_EQUAL(all.n, DIARIES_MAX);
	CU_ASSERT_PTR_NOT_NULL(d[0]);
	for (size_t i = 1; i <= 3; i++)
		CU_ASSERT_PTR_NULL(d[i]);
	CU_ASSERT_PTR_NOT_NULL(d[4]);
	for (size_t i = 0; i < DIARIES_MAX + 3; i++)
		diary_free(&all, &d[i]);
	CU_ASSERT_EQUAL(all.n, 0);
	xfree(d);
}

/* ---- a running agent ---------------------------------------------------------- */

static cJSON *
explain(struct rig *r, const char *host)
{
	struct err e = { .kind = ERR_NONE };
	cJSON *j = agent_explain(stage_agent(r->s, 0), host, &e);

	if (j == NULL)
		CHECK_TEXT(e.msg, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

static bool
says(const cJSON *j, const char *list, const char *member, const char *text)
{
	const cJSON *o;

	cJSON_ArrayForEach (o, json_arr(j, list))
		if (strstr(json_str(o, member, ""), text) != NULL)
			return true;
	return false;
}

struct moments {
	struct rig *r;
	unsigned asked, leaks, nexts;
	bool inserted, armed, on, off, ejected, posted, under_way;
};

/* Whatever it is in the middle of. */
static void
moment(struct moments *m)
{
	cJSON *j = explain(m->r, "bmc-000");
	char *text = json_print(j);
	const cJSON *d;

	m->asked++;
	m->leaks += strstr(text, MARKER) != NULL ||
		    strstr(text, "b7-sim-secret") != NULL ||
		    strstr(text, "X-Auth") != NULL;
	m->under_way |= json_bool(j, "next/underWay", false);
	m->nexts += json_str(j, "next/what", NULL) != NULL &&
		    (json_bool(j, "next/underWay", false) ||
			json_str(j, "next/at", NULL) != NULL);
	cJSON_ArrayForEach (d, json_arr(j, "decisions")) {
		const char *asked = json_str(d, "asked", "");
		const char *why = json_str(d, "why", "");

		if (!str_eq(json_str(d, "verdict", ""), "done"))
			continue;
		m->inserted |= str_eq(asked, "insert the medium");
		m->ejected |= str_eq(asked, "eject the medium");
		m->armed |= str_eq(asked, "boot once from CD");
		m->on |= str_eq(asked, "reset") && str_eq(why, "On");
		m->off |= str_eq(asked, "reset") && !str_eq(why, "On");
	}
	m->posted |= says(j, "requests", "method", "POST");
	xfree(text);
	cJSON_Delete(j);
}

static void
a_story_is_told_without_secrets(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	struct moments m = { .r = r };

	rig_machine(r, "m1");
	for (int i = 0; i < 3000; i++) {
		rig_run(r, LOOP_S / 10);
		moment(&m);
	}
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(m.inserted && m.armed && m.on && m.ejected);
	CU_ASSERT_TRUE(m.posted && m.under_way);
	rig_delete(r, MACHINES, "m1");
	for (int i = 0; i < 1200; i++) {
		rig_run(r, LOOP_S / 10);
		moment(&m);
	}
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(m.off);
	CU_ASSERT_EQUAL(m.leaks, 0);
	/* It always says what comes next, and when. */
	CU_ASSERT_EQUAL(m.nexts, m.asked);
	rig_free(r);
}

static void
a_silent_bmc_is_told_with_the_next_try(void)
{
	struct rig_opts o = { .bmcs = 1 };
	struct rig *r = rig_new(&o);
	cJSON *j;
	const cJSON *last;

	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 5 * LOOP_MIN));
	rig_patch(r, HOST, "bmc-000",
	    "{\"spec\":{\"redfishConnection\":{\"address\":"
	    "\"https://10.250.250.250\"}}}");
	rig_run(r, 5 * LOOP_MIN);
	j = explain(r, "default/bmc-000");
	last = json_arr(j, "decisions");
	last = cJSON_GetArrayItem(last, cJSON_GetArraySize(last) - 1);
	if (json_bool(j, "next/underWay", false)) {
		cJSON_Delete(j);
		rig_run(r, 40 * LOOP_S);
		j = explain(r, "default/bmc-000");
		last = json_arr(j, "decisions");
		last = cJSON_GetArrayItem(last, cJSON_GetArraySize(last) - 1);
	}
	CHECK_TEXT(json_str(last, "verdict", ""), "fail");
	CHECK_TEXT(json_str(last, "step", ""), "connected");
	CU_ASSERT_TRUE(strlen(json_str(last, "why", "")) > 10);
	CHECK_TEXT(json_str(j, "power", ""), "Off");
	CHECK_TEXT(json_str(j, "next/step", ""), "connected");
	CU_ASSERT_TRUE(json_i64(j, "next/inSeconds", -1) >= 0);
	CU_ASSERT_TRUE(json_i64(j, "bmc/failuresInARow", 0) > 0);
	CU_ASSERT_TRUE(says(j, "requests", "target", "/redfish/v1"));
	cJSON_Delete(j);
	rig_free(r);
}

static void
names_that_are_not_clear_are_refused(void)
{
	struct rig_opts o = { .bmcs = 2 };
	struct rig *r = rig_new(&o);
	struct agent *a = stage_agent(r->s, 0);
	struct err e = { .kind = ERR_NONE };

	rig_run(r, LOOP_MIN);
	CU_ASSERT_PTR_NULL(agent_explain(a, "nobody", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "nobody"));
	CU_ASSERT_PTR_NULL(agent_explain(a, "other/bmc-000", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	rig_apply(r, "apiVersion: v1\nkind: Namespace\n"
		     "metadata: {name: other}\n---\n"
		     "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
		     "kind: PhysicalHost\n"
		     "metadata: {name: bmc-000, namespace: other}\n"
		     "spec:\n  redfishConnection:\n"
		     "    address: https://10.250.250.250\n"
		     "    credentialsSecretRef: {name: none}\n");
	rig_run(r, LOOP_S);
	CU_ASSERT_PTR_NULL(agent_explain(a, "bmc-000", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "default/bmc-000, other/bmc-000"));
	rig_free(r);
}

/* ---- the text ------------------------------------------------------------------- */

static const char answer[] =
    "{\"now\":\"2026-11-23T06:00:00Z\",\"host\":\"metal/r7n1\","
    "\"state\":\"Enrolling\",\"address\":\"https://10.1.1.1\","
    "\"record\":{\"phase\":\"idle\"},"
    "\"conditions\":[{\"type\":\"RedfishConnectionReady\",\"status\":"
    "\"False\",\"reason\":\"ConnectionFailed\",\"message\":\"\\u001b[2J\"},"
    "{\"type\":\"Paused\",\"status\":\"False\",\"reason\":\"NotPaused\"}],"
    "\"next\":{\"underWay\":false,\"what\":\"look again\",\"step\":"
    "\"connected\",\"at\":\"2026-11-23T06:00:41Z\",\"inSeconds\":41},"
    "\"decisions\":[{\"at\":\"2026-11-23T05:59:00Z\",\"step\":\"connected\","
    "\"verdict\":\"fail\",\"why\":\"refused\",\"times\":3,\"since\":"
    "\"2026-11-23T05:50:00Z\"}],"
    "\"requests\":[{\"at\":\"2026-11-23T05:59:00Z\",\"method\":\"GET\","
    "\"target\":\"/redfish/v1\",\"status\":0,\"ms\":7,\"what\":\"connect\"}]}";

static char *
printed(bool terminal)
{
	struct err e;
	cJSON *j = json_parse(answer, strlen(answer), &e);
	struct buf b;
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	buf_init(&b, 1u << 16);
	explain_print(j, terminal, &b);
	text = buf_take(&b, NULL);
	cJSON_Delete(j);
	buf_free(&b);
	return text;
}

static void
a_pipe_gets_a_line_for_each_fact(void)
{
	char *text = printed(false);

	CHECK_TEXT(text,
	    "host metal/r7n1\nstate Enrolling\nrecord idle\n"
	    "bmc https://10.1.1.1\n"
	    "next 2026-11-23T06:00:41Z look again; so far it came to: "
	    "connected\n"
	    "condition RedfishConnectionReady False ConnectionFailed: "
	    "\\x1b[2J\ncondition Paused False NotPaused\n"
	    "decision 2026-11-23T05:59:00Z connected: fail, refused (3 times "
	    "since 2026-11-23T05:50:00Z)\n"
	    "request 2026-11-23T05:59:00Z GET /redfish/v1 -> no answer "
	    "connect, 7 ms\n");
	xfree(text);
}

static void
a_terminal_gets_headings_and_ages(void)
{
	char *text = printed(true);

	CU_ASSERT_PTR_NOT_NULL(strstr(text, "host       metal/r7n1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "06:00:41Z (in 41s) look again"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "(60s ago) connected: fail"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nWhat is not as wished:\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "Paused"));
	CU_ASSERT_PTR_NULL(strchr(text, '\x1b'));
	xfree(text);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(equal_lines_are_one),
		UNIT_CASE(the_last_lines_stay),
		UNIT_CASE(diaries_are_bounded),
		UNIT_CASE(a_story_is_told_without_secrets),
		UNIT_CASE(a_silent_bmc_is_told_with_the_next_try),
		UNIT_CASE(names_that_are_not_clear_are_refused),
		UNIT_CASE(a_pipe_gets_a_line_for_each_fact),
		UNIT_CASE(a_terminal_gets_headings_and_ages),
	};

	return RIG_CASES("explain", cases);
}
