/*
 * SAFETY.md 8 and 12: deleting what is paused, and finalizers of others. Ours go
 * when what they stand for is done; those of others are not ours to take.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define PAUSED "cluster.x-k8s.io/paused"
#define THEIRS "example.com/keep"
#define OURS_HOST "physicalhost." AX
#define OURS_B7M "beskar7machine." AX
#define OURS_SECRET "physicalhost." AX "/credentials"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static unsigned
touched(const struct rig *r, unsigned i)
{
	const struct rig_bmc *b = &r->bmc[i];

	return b->resets + b->arms + b->inserts + b->ejects;
}

static bool
has_finalizer(
    struct rig *r, const char *resource, const char *name, const char *want)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *f;
	bool is = false;

	cJSON_ArrayForEach (f, json_arr(o, "metadata/finalizers"))
		is = is || str_eq(cJSON_GetStringValue(f), want);
	cJSON_Delete(o);
	return is;
}

/* Keeps the others in the order in which they are. */
static void
finalizer(struct rig *r, const char *resource, const char *name,
    const char *which, bool add)
{
	cJSON *o = rig_get(r, resource, name);
	cJSON *list = cJSON_CreateArray();
	const cJSON *f;
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	if (add)
		cJSON_AddItemToArray(list, cJSON_CreateString(which));
	cJSON_ArrayForEach (f, json_arr(o, "metadata/finalizers"))
		if (!str_eq(cJSON_GetStringValue(f), which))
			cJSON_AddItemToArray(
			    list, cJSON_CreateString(cJSON_GetStringValue(f)));
	text = json_print(list);
	rig_patch(
	    r, resource, name, "{\"metadata\":{\"finalizers\":%s}}", text);
	xfree(text);
	cJSON_Delete(list);
	cJSON_Delete(o);
}

/* Nobody writes to hosts, machines or BMCs. */
static void
rests(struct rig *r, int64_t us)
{
	unsigned commits = r->commits, writes = 0, now = 0;

	for (unsigned i = 0; i < r->bmcs; i++)
		writes += r->bmc[i].writes;
	rig_run(r, us);
	for (unsigned i = 0; i < r->bmcs; i++)
		now += r->bmc[i].writes;
	CU_ASSERT_EQUAL(r->commits, commits);
	CU_ASSERT_EQUAL(now, writes);
}

static void
pause_host(struct rig *r, bool on)
{
	rig_annotate(r, "bmc-000", PAUSED, on ? "" : NULL);
}

/* ---- paused ---------------------------------------------------------------------- */

static void
a_paused_host_waits_with_its_deletion(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	pause_host(r, true);
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", "?Paused", "True", LOOP_MIN));
	rig_delete(r, HOST, "bmc-000");
	rig_run(r, LOOP_MIN);
	rests(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(has_finalizer(r, HOST, "bmc-000", OURS_HOST));
	CU_ASSERT_TRUE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	/* nobody gets it meanwhile */
	rig_machine(r, "m1");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m1", "?HostClaimed.reason", "NoHostAvailable"));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "spec/consumerRef/name", NULL));
	pause_host(r, false);
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", NULL, NULL, LOOP_MIN));
	CU_ASSERT_FALSE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	rig_free(r);
}

/* Claimed, paused, and all of it deleted: the tenant's server runs on until the
 * pause ends; then it is given back before the host goes. */
static void
a_paused_claimed_host_is_released_only_after_the_pause(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	struct bmc_snapshot s;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	pause_host(r, true);
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", "?Paused", "True", LOOP_MIN));
	rig_delete(r, HOST, "bmc-000");
	rig_delete(r, MACHINES, "m1");
	rig_run(r, LOOP_MIN);
	rests(r, 30 * LOOP_MIN);
	s = rig_snap(r, "bmc-000");
	CU_ASSERT_STRING_EQUAL(s.power, "On");
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "spec/consumerRef/name", "m1"));
	CU_ASSERT_TRUE(has_finalizer(r, B7M, "m1", OURS_B7M));
	pause_host(r, false);
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", NULL, NULL, 5 * LOOP_MIN));
	s = rig_snap(r, "bmc-000");
	CU_ASSERT_STRING_EQUAL(s.power, "Off");
	CU_ASSERT_FALSE(s.media_inserted);
	CU_ASSERT_FALSE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	rig_free(r);
}

/* ---- of others --------------------------------------------------------------------- */

static void
a_foreign_finalizer_outlives_ours_on_a_host(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	struct bmc_snapshot s;

	finalizer(r, HOST, "bmc-000", THEIRS, true);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	rig_delete(r, HOST, "bmc-000");
	rig_run(r, 10 * LOOP_MIN);
	/* claimed: the deletion waits, ours stays */
	CU_ASSERT_TRUE(has_finalizer(r, HOST, "bmc-000", OURS_HOST));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "?Deleting.reason", "Claimed"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_FALSE(has_finalizer(r, HOST, "bmc-000", OURS_HOST));
	CU_ASSERT_TRUE(has_finalizer(r, HOST, "bmc-000", THEIRS));
	CU_ASSERT_FALSE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	s = rig_snap(r, "bmc-000");
	CU_ASSERT_STRING_EQUAL(s.power, "Off");
	/* What is left of it is nobody's host: no claim, no writes, also by an
	 * agent that starts anew. */
	rig_machine(r, "m2");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m2", "?HostClaimed.reason", "NoHostAvailable"));
	rig_kill(r);
	rig_agent(r);
	rig_run(r, 5 * LOOP_MIN);
	rests(r, 30 * LOOP_MIN);
	CU_ASSERT_FALSE(has_finalizer(r, HOST, "bmc-000", OURS_HOST));
	CU_ASSERT_TRUE(has_finalizer(r, HOST, "bmc-000", THEIRS));
	finalizer(r, HOST, "bmc-000", THEIRS, false);
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", NULL, NULL, LOOP_MIN));
	rig_free(r);
}

/* The host is free again although somebody still keeps the machine's object. */
static void
a_foreign_finalizer_on_a_machine_keeps_no_host(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	finalizer(r, B7M, "m1", THEIRS, true);
	rig_delete(r, MACHINES, "m1");
	rig_clean(r, "bmc-000");
	CU_ASSERT_TRUE(has_finalizer(r, B7M, "m1", THEIRS));
	CU_ASSERT_FALSE(has_finalizer(r, B7M, "m1", OURS_B7M));
	/* the next one gets it, and the old one does not come back */
	rig_machine(r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "spec/consumerRef/name", "m2"));
	CU_ASSERT_FALSE(has_finalizer(r, B7M, "m1", OURS_B7M));
	CU_ASSERT_EQUAL(r->bmc[0].loads, 2);
	finalizer(r, B7M, "m1", THEIRS, false);
	CU_ASSERT_TRUE(rig_released(r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(r, B7M, "m2", "?HostProvisioned", "True"));
	rig_free(r);
}

static void
a_foreign_finalizer_on_a_secret_stays(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	finalizer(r, "secrets", "bmc-000", THEIRS, true);
	/* deleted while in use: ours holds it, and the host goes on */
	rig_delete(r, "secrets", "bmc-000");
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_delete(r, HOST, "bmc-000");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", NULL, NULL, 5 * LOOP_MIN));
	CU_ASSERT_FALSE(has_finalizer(r, "secrets", "bmc-000", OURS_SECRET));
	CU_ASSERT_TRUE(has_finalizer(r, "secrets", "bmc-000", THEIRS));
	finalizer(r, "secrets", "bmc-000", THEIRS, false);
	CU_ASSERT_TRUE(rig_is(r, "secrets", "bmc-000", NULL, NULL));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a paused host waits with its deletion",
		    a_paused_host_waits_with_its_deletion },
		{ "a paused claimed host is released only after the pause",
		    a_paused_claimed_host_is_released_only_after_the_pause },
		{ "a foreign finalizer outlives ours on a host",
		    a_foreign_finalizer_outlives_ours_on_a_host },
		{ "a foreign finalizer on a machine keeps no host",
		    a_foreign_finalizer_on_a_machine_keeps_no_host },
		{ "a foreign finalizer on a secret stays",
		    a_foreign_finalizer_on_a_secret_stays },
	};

	return RIG_CASES("safety_delete", cases);
}
