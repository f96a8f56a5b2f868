/*
 * SAFETY.md 1, 9 and 12: the record, what survives a move, nothing when not
 * ours, and rest. That secrets appear nowhere is looked for by the rig in every
 * test.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static unsigned
touched(const struct rig *r, unsigned i)
{
	const struct rig_bmc *b = &r->bmc[i];

	return b->resets + b->arms + b->inserts + b->ejects;
}

/* ---- the record -------------------------------------------------------------------- */

static void
spoilt(const char *record, bool provisioned)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	char *was;
	cJSON *h;
	unsigned before;

	rig_machine(r, "m1");
	if (!provisioned)
		rig_run(r, 9 * LOOP_S);
	else
		CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	h = rig_get(r, HOST, "bmc-000");
	was = xstrdup(facts_annotation(h, AX "/host-record"));
	cJSON_Delete(h);
	rig_annotate(r, "bmc-000", AX "/host-record", record);
	rig_run(r, 2 * LOOP_S);
	before = touched(r, 0);
	if (provisioned)
		rig_delete(r, MACHINES, "m1");
	rig_run(r, 60 * LOOP_MIN);
	CHECK_ROW(rig_is(r, HOST, "bmc-000", "?IdentityVerified.reason",
		      "RecordLost"),
	    record == NULL ? "absent" : record);
	CHECK_ROW(touched(r, 0) == before, record == NULL ? "absent" : record);
	CHECK_ROW(rig_is(r, HOST, "bmc-000", "spec/consumerRef/name", "m1"),
	    record == NULL ? "absent" : record);
	if (!provisioned)
		rig_delete(r, MACHINES, "m1");
	/* Restored, it goes on. */
	h = cJSON_CreateObject();
	json_set_str(h, AX "/host-record", was);
	xfree(was);
	was = json_print(h);
	cJSON_Delete(h);
	rig_patch(
	    r, HOST, "bmc-000", "{\"metadata\":{\"annotations\":%s}}", was);
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	if (rig_is(r, HOST, "bmc-000", "status/state", "Error"))
		rig_annotate(r, "bmc-000", AX "/retry", "yes");
	rig_clean(r, "bmc-000");
	xfree(was);
	rig_free(r);
}

static void
a_lost_record_allows_reads_only(void)
{
	static const char *const records[] = { NULL, "", "garbage", "[]", "{}",
		"{\\\"v\\\":2}", "{\\\"v\\\":1,\\\"phase\\\":\\\"flying\\\"}",
		"{\\\"v\\\":1,\\\"attempt\\\":-4}" };

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		spoilt(records[i], true);
	spoilt(NULL, false);
	spoilt("garbage", false);
}

/* An old backup: the record is from before the machine was provisioned. */
static void
an_old_record_never_images_a_running_machine(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	cJSON *h = rig_get(r, HOST, "bmc-000"), *ann = cJSON_CreateObject();
	char *claim, *text;
	unsigned before;

	json_set_str(
	    ann, AX "/host-record", facts_annotation(h, AX "/host-record"));
	text = json_print(ann);
	cJSON_Delete(ann);
	cJSON_Delete(h);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	claim = rig_record(r, "bmc-000", "claim");
	before = touched(r, 0);
	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_patch(
	    r, HOST, "bmc-000", "{\"metadata\":{\"annotations\":%s}}", text);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(
	    r, HOST, "bmc-000", "?IdentityVerified.reason", "RecordLost"));
	CU_ASSERT_EQUAL(touched(r, 0), before);
	CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
	rig_annotate(r, "bmc-000", AX "/force-release", claim);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Error", 5 * LOOP_MIN));
	xfree(claim);
	xfree(text);
	rig_free(r);
}

/* ---- a move --------------------------------------------------------------------------- */

/* What clusterctl keeps: spec, labels, annotations, finalizers. */
static char *
moved_text(cJSON *o)
{
	char *text;

	json_set(o, "status", NULL);
	json_put(o, "metadata/uid", NULL);
	json_put(o, "metadata/resourceVersion", NULL);
	json_put(o, "metadata/generation", NULL);
	json_put(o, "metadata/creationTimestamp", NULL);
	json_put(o, "metadata/managedFields", NULL);
	json_put(o, "metadata/ownerReferences", NULL);
	text = json_print(o);
	cJSON_Delete(o);
	return text;
}

static char *
move_away(struct rig *r, const char *resource, const char *name)
{
	char *text = moved_text(rig_get(r, resource, name));

	rig_patch(r, resource, name, "%s",
	    "{\"metadata\":{\"annotations\":{\"clusterctl.cluster.x-k8s.io/"
	    "delete-for-move\":\"\"}}}");
	rig_delete(r, resource, name);
	if (!rig_is(r, resource, name, NULL, NULL))
		rig_patch(
		    r, resource, name, "{\"metadata\":{\"finalizers\":null}}");
	return text;
}

static void
a_move_rebuilds_and_writes_nothing(void)
{
	struct rig_opts o = { .bmcs = 2, .timing = quick };
	struct rig *r = rig_new(&o);
	char host[64], *h, *m;
	unsigned before;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	rig_host_of(r, "m1", host);
	before = touched(r, rig_index(host));
	rig_patch(r, CLUSTERS, "c1", "{\"spec\":{\"paused\":true}}");
	rig_run(r, 5 * LOOP_S);
	h = move_away(r, HOST, host);
	m = move_away(r, B7M, "m1");
	rig_run(r, 5 * LOOP_S);
	/* Hosts first; their consumer is away for a long while. */
	rig_apply(r, "%s", h);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(touched(r, rig_index(host)), before);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, host, "?HostProvisioned.reason", "ClaimLost"));
	CU_ASSERT_TRUE(rig_is(r, HOST, host, "status/state", "Provisioned"));
	rig_apply(r, "%s", m);
	rig_run(r, LOOP_MIN);
	rig_patch(r, CLUSTERS, "c1", "{\"spec\":{\"paused\":false}}");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, host, "?HostProvisioned", "True", 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(touched(r, rig_index(host)), before);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, host);
	xfree(h);
	xfree(m);
	rig_free(r);
}

/* ---- pause, maintenance ---------------------------------------------------------------- */

enum brake {
	BY_HOST,
	BY_MACHINE,
	BY_CLUSTER,
	BY_MAINTENANCE,
	N_BRAKES
};

static void
brake(struct rig *r, enum brake b, bool on)
{
	static const char *const ann[] = {
		"{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/"
		"paused\":null}}}",
		"{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/"
		"paused\":\"\"}}}"
	};

	switch (b) {
	case BY_HOST:
		rig_patch(r, HOST, "bmc-000", "%s", ann[on]);
		break;
	case BY_MACHINE:
		rig_patch(r, B7M, "m1", "%s", ann[on]);
		break;
	case BY_CLUSTER:
		rig_patch(r, CLUSTERS, "c1", "{\"spec\":{\"paused\":%s}}",
		    on ? "true" : "false");
		break;
	case BY_MAINTENANCE:
		rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"maintenance\":%s}}",
		    on ? "{\"reason\":\"fan\"}" : "null");
		break;
	case N_BRAKES:
		break;
	}
}

static void
braked_at(enum brake b, int64_t at_us, bool release)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	char row[64];
	unsigned before;

	(void)str_format(row, sizeof(row), "brake %d at %lld ms%s", (int)b,
	    (long long)(at_us / LOOP_MS), release ? " of a release" : "");
	rig_machine(r, "m1");
	if (release) {
		CHECK_ROW(rig_provisioned(r, "m1", 20 * LOOP_MIN), row);
		rig_delete(r, MACHINES, "m1");
	}
	rig_run(r, at_us);
	brake(r, b, true);
	rig_run(r, 2 * LOOP_S);
	before = touched(r, 0);
	rig_run(r, 30 * LOOP_MIN);
	CHECK_ROW(touched(r, 0) == before, row);
	brake(r, b, false);
	if (!release) {
		CHECK_ROW(rig_provisioned(r, "m1", 20 * LOOP_MIN), row);
		CHECK_ROW(r->bmc[0].loads == 1, row);
		rig_delete(r, MACHINES, "m1");
	}
	CHECK_ROW(rig_released(r, "m1", 20 * LOOP_MIN), row);
	rig_clean(r, "bmc-000");
	CHECK_ROW(
	    rig_is(r, HOST, "bmc-000", "metadata/labels/mine", "yes"), row);
	rig_free(r);
}

static void
paused_at_any_moment_nothing_moves(void)
{
	static const int64_t ms[] = { 4500, 6500, 9000, 30000 };
	static const int64_t down[] = { 0, 5000 };

	for (int b = BY_HOST; b < N_BRAKES; b++) {
		for (size_t i = 0; i < sizeof(ms) / sizeof(*ms); i++)
			braked_at((enum brake)b, ms[i] * LOOP_MS, false);
		for (size_t i = 0; i < sizeof(down) / sizeof(*down); i++)
			braked_at((enum brake)b, down[i] * LOOP_MS, true);
	}
}

/* ---- rest -------------------------------------------------------------------------------- */

static void
a_day_of_rest_writes_nothing(void)
{
	struct rig_opts o = { .bmcs = 3, .timing = quick };
	struct rig *r = rig_new(&o);
	unsigned commits, events, logins, writes;

	rig_machine(r, "m1");
	rig_machine(r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 20 * LOOP_MIN));
	rig_run(r, 10 * LOOP_MIN);
	commits = r->commits;
	events = r->events;
	logins = r->bmc[0].logins + r->bmc[1].logins + r->bmc[2].logins;
	writes = touched(r, 0) + touched(r, 1) + touched(r, 2);
	invariants_quiet(r->inv, true);
	rig_run(r, 24 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->commits, commits);
	CU_ASSERT_EQUAL(r->events, events);
	CU_ASSERT_EQUAL(
	    r->bmc[0].logins + r->bmc[1].logins + r->bmc[2].logins, logins);
	CU_ASSERT_EQUAL(touched(r, 0) + touched(r, 1) + touched(r, 2), writes);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rig_snap(r, i == 0   ? "bmc-000"
					    : i == 1 ? "bmc-001"
						     : "bmc-002")
				    .sessions,
		    1);
	rig_free(r);
}

/* ---- annotations ----------------------------------------------------------------------------- */

static void
annotations_that_mean_nothing_are_removed(void)
{
	static const char *const keys[] = { AX "/retry", AX "/reboot",
		AX "/confirm-provisioned", AX "/accept-identity",
		AX "/accept-certificate", AX "/inspect", AX "/force-release" };
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		cJSON *h;

		rig_annotate(r, "bmc-000", keys[i], "hard");
		rig_run(r, 2 * LOOP_MIN);
		h = rig_get(r, HOST, "bmc-000");
		CHECK_ROW(facts_annotation(h, keys[i]) == NULL, keys[i]);
		cJSON_Delete(h);
	}
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

static void
a_reboot_is_sent_once_whatever_is_lost(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	struct kube_fail f = { .user = "beskar7-agent",
		.verb = "patch",
		.resource = HOST "." AX,
		.status = 503,
		.count = 3 };

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	rig_annotate(r, "bmc-000", AX "/reboot", "hard");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].restarts, 1);
	CU_ASSERT_EQUAL(rig_event_count(r, "Rebooted"), 1);
	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"lost-reply\",\"operation\":\"reset\",\"count\":1}");
	rig_annotate(r, "bmc-000", AX "/reboot", "hard");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].restarts, 2);
	/* The write after it fails: not sent again because of that. */
	rig_annotate(r, "bmc-000", AX "/reboot", "hard");
	rig_run(r, 3 * LOOP_MS);
	kube_server_fail(stage_kube(r->s), &f);
	rig_run(r, 15 * LOOP_MIN);
	CU_ASSERT_TRUE(r->bmc[0].restarts <= 3);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a lost record allows reads only",
		    a_lost_record_allows_reads_only },
		{ "an old record never images a running machine",
		    an_old_record_never_images_a_running_machine },
		{ "a move rebuilds and writes nothing",
		    a_move_rebuilds_and_writes_nothing },
		{ "paused at any moment nothing moves",
		    paused_at_any_moment_nothing_moves },
		{ "a day of rest writes nothing",
		    a_day_of_rest_writes_nothing },
		{ "annotations that mean nothing are removed",
		    annotations_that_mean_nothing_are_removed },
		{ "a reboot is sent once whatever is lost",
		    a_reboot_is_sent_once_whatever_is_lost },
	};

	return RIG_CASES("safety-record", cases);
}
