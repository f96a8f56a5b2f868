/* Reports of machines: stored once, whatever is lost, and what they prove. */
#include "agent/control/phoned.h"
#include "tests/unit/claims_rig.h"

#define HOST_GVR "physicalhosts." AX
/* Nothing but a report is taken for proof. */
#define BY_REPORT(kind) kind "}, completion: {evidence: Report"
#define DONE "{\"status\":\"succeeded\",\"hostname\":\"n1\"}"
#define FAILED "status=failed&message=kubeadm%20said%20s3cr3t"

static struct got
post(struct claims_rig *r, unsigned n, const char *target, const char *body)
{
	struct world *w = stage_world(r->s);
	struct got g = { .send = body };

	ask(r->agents[n], &g, "POST", target, NULL);
	(void)world_run(w, world_now_us(w) + 2 * LOOP_MIN, got_it, &g);
	CU_ASSERT_EQUAL_FATAL(g.done, 1);
	buf_free(&g.body);
	return g;
}

static void
annotation(struct claims_rig *r, char out[PHONED_CAP])
{
	cJSON *o = kube_server_get(
	    stage_kube(r->s), AX, "physicalhosts", "default", "bmc-000");
	const cJSON *ann = json_obj(o, "metadata/annotations");
	const char *text = cJSON_GetStringValue(json_child(ann, ANN_REPORT));

	(void)str_copy(out, PHONED_CAP, text == NULL ? "" : text);
	cJSON_Delete(o);
}

static bool
stored(struct claims_rig *r, bool failed)
{
	char text[PHONED_CAP];
	struct phoned w;

	annotation(r, text);
	return phoned_of(&w, text, r->claim, r->attempt) && w.failed == failed;
}

static void
annotate(struct claims_rig *r, const char *value)
{
	char *body = xasprintf("{\"metadata\":{\"annotations\":{\"" ANN_REPORT
			       "\":\"%s\"}}}",
	    value);
	int status;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH",
	    "/apis/" AX_API "/namespaces/default/physicalhosts/bmc-000",
	    "application/merge-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	xfree(body);
}

static int64_t
writes(struct claims_rig *r)
{
	return kube_server_writes(
	    stage_kube(r->s), "beskar7-agent", HOST_GVR, "default/bmc-000");
}

static bool
state_is(struct claims_rig *r, const char *state)
{
	cJSON *o = kube_server_get(
	    stage_kube(r->s), AX, "physicalhosts", "default", "bmc-000");
	bool yes = str_eq(json_str(o, "status/state", ""), state);

	cJSON_Delete(o);
	return yes;
}

/* ---- storing ------------------------------------------------------------ */

static void
a_report_is_stored_once_by_whoever_is_asked(void)
{
	struct claims_rig r;
	char at[64], first[PHONED_CAP], now[PHONED_CAP];
	unsigned standby;
	struct err e;
	cJSON *host;
	int64_t n;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_agent(&r, 1);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	/* Who stands by explains nothing. */
	host = agent_explain(stage_agent(r.s, 0), HOST_KEY, &e);
	standby = host != NULL ? 1 : 0;
	cJSON_Delete(host);
	host = agent_explain(stage_agent(r.s, standby), HOST_KEY, &e);
	CU_ASSERT_PTR_NULL_FATAL(host);
	n = writes(&r);
	CU_ASSERT_EQUAL(post(&r, standby, at, DONE).status, 204);
	CU_ASSERT_TRUE(stored(&r, false));
	annotation(&r, first);
	CU_ASSERT_EQUAL(post(&r, standby, at, DONE).status, 204); /* at once */
	rig_pass(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(post(&r, 0, at, "").status, 204);
	CU_ASSERT_EQUAL(post(&r, 1, at, DONE).status, 204);
	annotation(&r, now);
	CU_ASSERT_STRING_EQUAL(first, now);
	CU_ASSERT_EQUAL(writes(&r), n + 1);
	CU_ASSERT_EQUAL(heard(&r, "a machine reported"), 1);
	CU_ASSERT_EQUAL(metrics_get(stage_agent_metrics(r.s, standby),
			    "beskar7_media_reports_total",
			    "outcome=\"succeeded\",result=\"stored\""),
	    1);
	rig_close(&r);
}

static void
four_at_once_are_one_write(void)
{
	struct claims_rig r;
	struct got g[4] = { { 0 } };
	char at[64];
	int64_t n;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	n = writes(&r);
	for (size_t i = 0; i < 4; i++) {
		g[i].send = DONE;
		ask(r.agents[0], &g[i], "POST", at, NULL);
	}
	rig_pass(&r, 5 * LOOP_S);
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(g[i].done, 1);
		CU_ASSERT_EQUAL(g[i].status, 204);
		buf_free(&g[i].body);
	}
	CU_ASSERT_EQUAL(writes(&r), n + 1);
	rig_close(&r);
}

/* What the server does to one patch, and whether it was executed. */
static void
with_fault(struct kube_fail f, int status, int64_t more)
{
	struct claims_rig r;
	struct got g;
	char at[64];
	int64_t n;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	n = writes(&r);
	f.user = "beskar7-agent";
	f.verb = "patch";
	f.resource = HOST_GVR;
	kube_server_fail(stage_kube(r.s), &f);
	g = post(&r, 0, at, DONE);
	CU_ASSERT_EQUAL(g.status, status);
	CU_ASSERT_EQUAL(writes(&r), n + more);
	CU_ASSERT_EQUAL(stored(&r, false), more == 1);
	kube_server_fail_clear(stage_kube(r.s));
	rig_pass(&r, 10 * LOOP_S); /* as Retry-After says */
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	CU_ASSERT_TRUE(stored(&r, false));
	CU_ASSERT_EQUAL(writes(&r), n + 1);
	rig_close(&r);
}

static void
lost_replies_and_conflicts_store_it_once(void)
{
	with_fault((struct kube_fail){ .after_commit = true }, 204, 1);
	with_fault(
	    (struct kube_fail){ .after_commit = true, .hang = true }, 204, 1);
	with_fault((struct kube_fail){ .hang = true }, 204, 1);
	with_fault((struct kube_fail){ .status = 409 }, 204, 1);
	with_fault((struct kube_fail){ .status = 403 }, 503, 0);
	with_fault((struct kube_fail){ .status = 409, .count = 1000 }, 503, 0);
}

static void
no_2xx_without_the_api_server(void)
{
	struct claims_rig r;
	struct got g;
	char at[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	kube_server_outage(stage_kube(r.s), KUBE_REFUSE, 2 * LOOP_MIN);
	g = post(&r, 0, at, DONE);
	CU_ASSERT_EQUAL(g.status, 503);
	CU_ASSERT_STRING_EQUAL(g.retry, "10");
	CU_ASSERT_FALSE(stored(&r, false));
	rig_pass(&r, 4 * LOOP_MIN);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	CU_ASSERT_TRUE(stored(&r, false));
	rig_close(&r);
}

static void
another_outcome_has_to_wait_and_then_counts(void)
{
	struct claims_rig r;
	char at[64], text[PHONED_CAP];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_EQUAL(post(&r, 0, at, FAILED).status, 204);
	CU_ASSERT_TRUE(stored(&r, true));
	annotation(&r, text);
	CU_ASSERT_PTR_NULL(strstr(text, "s3cr3t"));
	CU_ASSERT_EQUAL(heard(&r, "s3cr3t"), 0);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 503);
	CU_ASSERT_TRUE(stored(&r, true));
	rig_pass(&r, 3 * LOOP_S);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	CU_ASSERT_TRUE(stored(&r, false));
	rig_close(&r);
}

static void
it_goes_with_its_claim(void)
{
	struct claims_rig r;
	char at[64], text[PHONED_CAP];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	story_delete_machine(r.s);
	story_wait(r.s, "machines", "m1", NULL, NULL, 10 * LOOP_MIN);
	annotation(&r, text);
	CHECK_TEXT(text, "");
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 404);
	rig_boot(&r);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 404);
	annotation(&r, text);
	CHECK_TEXT(text, "");
	rig_close(&r);
}

/* ---- what it proves ----------------------------------------------------- */

static void
a_live_image_is_up_when_it_says_so(void)
{
	struct claims_rig r;
	char at[64], *foreign;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_start(&r, IMAGE_URL, BY_REPORT("Live"), "Provisioning");
	rig_pass(&r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(state_is(&r, "Provisioning"));
	/* of another tenant, or another boot */
	annotate(&r, "succeeded other-claim 1 2026-01-01T00:10:00Z");
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_TRUE(state_is(&r, "Provisioning"));
	foreign = xasprintf(
	    "succeeded %s %d 2026-01-01T00:10:00Z", r.claim, r.attempt + 1);
	annotate(&r, foreign);
	xfree(foreign);
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_TRUE(state_is(&r, "Provisioning"));
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_TRUE(state_is(&r, "Provisioned"));
	rig_close(&r);
}

static void
who_waits_for_another_proof_does_not_take_a_report(void)
{
	struct claims_rig r;
	char at[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_start(&r, IMAGE_URL, "Live}, completion: {evidence: Node",
	    "Provisioning");
	rig_pass(&r, LOOP_MIN);
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_TRUE(state_is(&r, "Provisioning"));
	rig_close(&r);
}

static void
a_failed_bootstrap_is_said_and_repeats_nothing(void)
{
	struct claims_rig r;
	struct record rec;
	char at[64], *text;
	cJSON *o;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_start(&r, IMAGE_URL, BY_REPORT("Live"), "Provisioning");
	rig_pass(&r, 5 * LOOP_MIN);
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_EQUAL(post(&r, 0, at, FAILED).status, 204);
	rig_pass(&r, 2 * 60 * LOOP_MIN); /* past the deadline, too */
	CU_ASSERT_TRUE(state_is(&r, "Provisioning"));
	o = kube_server_get(
	    stage_kube(r.s), AX, "physicalhosts", "default", "bmc-000");
	text = json_print(json_obj(o, "status"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "WaitingForEvidence"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "reported that its bootstrap"));
	CU_ASSERT_PTR_NULL(strstr(text, "s3cr3t"));
	xfree(text);
	cJSON_Delete(o);
	CU_ASSERT_TRUE(rig_record(&r, &rec));
	CU_ASSERT_EQUAL(rec.attempt, r.attempt);
	/* The user mended it there. */
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
	    "Provisioned", 5 * LOOP_MIN);
	rig_close(&r);
}

static void
an_installed_system_says_that_the_installer_ended(void)
{
	struct claims_rig r;
	struct bmc_snapshot snap;
	struct record rec;
	char at[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_start(&r, "http://10.0.0.3/installer.iso", BY_REPORT("Installer"),
	    "Provisioning");
	rig_pass(&r, 30 * LOOP_S);
	rig_target(&r, 0, TOKEN_REPORT, at);
	CU_ASSERT_STRING_NOT_EQUAL(at, "");
	CU_ASSERT_TRUE(rig_record(&r, &rec));
	CU_ASSERT_EQUAL(rec.installed_s, 0);
	CU_ASSERT_EQUAL(post(&r, 0, at, DONE).status, 204);
	rig_pass(&r, 10 * LOOP_S); /* long before it would end by itself */
	CU_ASSERT_TRUE(rig_record(&r, &rec));
	CU_ASSERT_NOT_EQUAL(rec.installed_s, 0);
	story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
	    "Provisioned", 10 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_record(&r, &rec));
	CU_ASSERT_NOT_EQUAL(rec.installed_s, 0);
	bmc_snapshot(bmc_fleet_at(stage_fleet(r.s), 0), &snap);
	CU_ASSERT_FALSE(snap.media_inserted);
	rig_close(&r);
}

/* ---- the text ----------------------------------------------------------- */

static void
what_is_stored_is_read_back_or_is_nothing(void)
{
	static const char *const bad[] = { "", "succeeded", "succeeded c 1",
		"succeeded c 1 now", "succeeded c x 2026-01-01T00:00:00Z",
		"done c 1 2026-01-01T00:00:00Z",
		"succeeded c -1 2026-01-01T00:00:00Z",
		"succeeded c 99999 2026-01-01T00:00:00Z",
		"succeeded  1 2026-01-01T00:00:00Z",
		"succeeded c 1 2026-01-01T00:00:00Z x" };
	static const char longer[] =
	    "succeeded 12345678901234567890123456789012345678901234567890"
	    "12345678901234 1 2026-01-01T00:00:00Z";
	struct phoned w = { true, "claim-1", 3, 1767225600 }, back;
	char text[PHONED_CAP];

	CU_ASSERT_TRUE(phoned_print(&w, text));
	CHECK_TEXT(text, "failed claim-1 3 2026-01-01T00:00:00Z");
	CU_ASSERT_TRUE(phoned_parse(&back, text));
	CU_ASSERT_TRUE(back.failed);
	CU_ASSERT_STRING_EQUAL(back.claim, w.claim);
	CU_ASSERT_EQUAL(back.attempt, 3);
	CU_ASSERT_EQUAL(back.at_s, w.at_s);
	CU_ASSERT_TRUE(phoned_of(&back, text, "claim-1", 3));
	CU_ASSERT_FALSE(phoned_of(&back, text, "claim-2", 3));
	CU_ASSERT_FALSE(phoned_of(&back, text, "claim-1", 2));
	CU_ASSERT_FALSE(phoned_parse(&back, NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(!phoned_parse(&back, bad[i]), bad[i]);
	CU_ASSERT_FALSE(phoned_parse(&back, longer));
	(void)str_copy(w.claim, sizeof(w.claim), "two words");
	CU_ASSERT_FALSE(phoned_print(&w, text));
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_report_is_stored_once_by_whoever_is_asked),
		UNIT_CASE(four_at_once_are_one_write),
		UNIT_CASE(lost_replies_and_conflicts_store_it_once),
		UNIT_CASE(no_2xx_without_the_api_server),
		UNIT_CASE(another_outcome_has_to_wait_and_then_counts),
		UNIT_CASE(it_goes_with_its_claim),
		UNIT_CASE(a_live_image_is_up_when_it_says_so),
		UNIT_CASE(who_waits_for_another_proof_does_not_take_a_report),
		UNIT_CASE(a_failed_bootstrap_is_said_and_repeats_nothing),
		UNIT_CASE(an_installed_system_says_that_the_installer_ended),
		UNIT_CASE(what_is_stored_is_read_back_or_is_nothing),
	};

	return UNIT_RUN("claims_report", cases);
}
