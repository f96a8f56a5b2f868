/* Checks 74 to 78: races, crashes, and an API that is not at its best. */
#include "agent/agent.h"
#include "common/random.h"
#include "tests/conformance/capi/capi.h"

#define MANY 20
#define KILLS 100

static void
machines(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "m%02u", i);
		rig_machine(r, name);
	}
}

struct up_want {
	struct rig *r;
	unsigned n;
	int64_t seen; /* as of this revision they are fewer */
};

static unsigned
up(struct rig *r)
{
	cJSON *all = kube_server_list(stage_kube(r->s), AX, B7M, NULL);
	const cJSON *m;
	unsigned n = 0;

	cJSON_ArrayForEach (m, all)
		n += json_bool(m, "status/initialization/provisioned", false);
	cJSON_Delete(all);
	return n;
}

static bool
up_reached(void *arg)
{
	struct up_want *w = arg;

	int64_t now = kube_server_revision(stage_kube(w->r->s));
	bool changed = now != w->seen;

	w->seen = now;
	return changed && up(w->r) >= w->n;
}

static bool
wait_up(struct rig *r, unsigned n)
{
	struct up_want w = { r, n, -1 };
	struct world *world = stage_world(r->s);

	return world_run(
	    world, world_now_us(world) + 60 * LOOP_MIN, up_reached, &w);
}

/* Each host has one consumer and each machine one host. */
static void
claims_are_one_to_one(struct rig *r, unsigned hosts)
{
	cJSON *all = kube_server_list(stage_kube(r->s), AX, HOST, NULL);
	const cJSON *a, *b;
	unsigned n = 0;

	cJSON_ArrayForEach (a, all) {
		const char *name = json_str(a, "spec/consumerRef/name", NULL);

		n += name != NULL;
		cJSON_ArrayForEach (b, all)
			CU_ASSERT_FALSE(
			    a != b && name != NULL &&
			    str_eq(name,
				json_str(b, "spec/consumerRef/name", NULL)));
	}
	CU_ASSERT_EQUAL(n, hosts);
	cJSON_Delete(all);
}

static void
one_host_too_few(void)
{
	struct rig *r = capi_new(5);
	unsigned waiting = 0;
	char left[16] = "";

	machines(r, 6);
	CU_ASSERT_TRUE(wait_up(r, 5));
	claims_are_one_to_one(r, 5);
	for (unsigned i = 0; i < 6; i++) {
		char name[16], host[64];

		(void)str_format(name, sizeof(name), "m%02u", i);
		if (rig_host_of(r, name, host)[0] != '\0')
			continue;
		waiting++;
		(void)str_copy(left, sizeof(left), name);
	}
	CU_ASSERT_EQUAL(waiting, 1);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, left, "HostClaimed", "reason", "NoHostAvailable"));
	rig_delete(r, MACHINES, str_eq(left, "m00") ? "m01" : "m00");
	CU_ASSERT_TRUE(capi_up(r, left));
	rig_free(r);
}

/* SIGKILL a hundred times while twenty machines come up. */
static void
killed_a_hundred_times(void)
{
	struct rig *r = capi_new(MANY);
	struct rng rng;

	rng_seed(&rng, 1, "kills");
	machines(r, MANY);
	for (unsigned i = 0; i < KILLS; i++) {
		rig_run(r,
		    200 * LOOP_MS + (int64_t)rng_below(&rng, 2000) * LOOP_MS);
		rig_kill(r);
		rig_run(r, 50 * LOOP_MS);
		rig_agent(r);
	}
	CU_ASSERT_TRUE(wait_up(r, MANY));
	claims_are_one_to_one(r, MANY);
	for (unsigned i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(r->bmc[i].loads, 1);
	rig_free(r);
}

static void
spoil(struct rig *r, const char *verb, int status, int64_t retry_after,
    bool after_commit)
{
	struct kube_fail f = { .user = "beskar7-agent",
		.verb = verb,
		.status = status,
		.retry_after_s = retry_after,
		.after_commit = after_commit,
		.count = 5 };

	kube_server_fail(stage_kube(r->s), &f);
}

/* Of everything some, all the way. */
static void
a_bad_api_is_survived(void)
{
	struct rig *r = capi_new(4);

	machines(r, 4);
	for (unsigned i = 0; i < 12; i++) {
		rig_run(r, 3 * LOOP_S);
		switch (i % 6) {
		case 0:
			kube_server_compact(stage_kube(r->s));
			kube_server_drop_watches(stage_kube(r->s), true);
			break;
		case 1:
			spoil(r, "patch", 409, 0, false);
			break;
		case 2:
			spoil(r, "patch", 429, 2, false);
			spoil(r, "watch", 500, 0, false);
			break;
		case 3:
			spoil(r, "patch", 0, 0, true);
			break;
		case 4:
			kube_server_outage(
			    stage_kube(r->s), KUBE_503, 20 * LOOP_S);
			break;
		default:
			kube_server_drop_watches(stage_kube(r->s), false);
			spoil(r, "list", 500, 0, false);
			break;
		}
	}
	kube_server_fail_clear(stage_kube(r->s));
	CU_ASSERT_TRUE(wait_up(r, 4));
	claims_are_one_to_one(r, 4);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(r->bmc[i].loads, 1);
	rig_free(r);
}

static unsigned
leaders(struct rig *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct agent *a = stage_agent(r->s, i);

		n += a != NULL && agent_counts(a).hosts > 0;
	}
	return n;
}

/* Two with one Lease; the one that holds it freezes, and wakes up late. */
static void
one_leader_at_a_time(void)
{
	struct rig_opts o = { .bmcs = 3,
		.timing = capi_quick,
		.agent = { .leader_elect = true } };
	struct rig *r = rig_new(&o);
	struct stage_agent_opts ao = { .leader_elect = true };
	struct err e = { 0 };
	cJSON *lease;

	CU_ASSERT_TRUE_FATAL(stage_agent_start(r->s, 1, &ao, &e));
	facts_agent_started(invariants_facts(r->inv), 1);
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(leaders(r), 1);
	machines(r, 3);
	rig_run(r, 8 * LOOP_S);
	stage_agent_freeze(r->s, 0, true);
	rig_run(r, 2 * LOOP_MIN);
	lease = kube_server_get(stage_kube(r->s), "coordination.k8s.io",
	    "leases", "default", "beskar7-agent");
	CU_ASSERT_TRUE(str_has_prefix(
	    json_str(lease, "spec/holderIdentity", ""), "agent-1"));
	cJSON_Delete(lease);
	stage_agent_freeze(r->s, 0, false);
	CU_ASSERT_TRUE(wait_up(r, 3));
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(leaders(r), 1);
	claims_are_one_to_one(r, 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(r->bmc[i].loads, 1);
	rig_free(r);
}

/* consumerRef goes from one to another by way of nobody: also with replies
 * lost after they were stored, and watches that tell nothing for a while. */
static void
no_second_claim_from_an_old_read(void)
{
	struct rig *r = capi_new(3);
	struct saw_log *l = saw_start(r);
	const struct saw *s = NULL;
	unsigned claims = 0;

	for (unsigned round = 0; round < 4; round++) {
		char name[16];

		for (unsigned i = 0; i < 5; i++) {
			(void)str_format(
			    name, sizeof(name), "r%u-%u", round, i);
			rig_machine(r, name);
		}
		rig_run(r, 3 * LOOP_S);
		spoil(r, "patch", 0, 0, true);
		kube_server_drop_watches(stage_kube(r->s), round % 2 == 0);
		rig_run(r, 2 * LOOP_MIN);
		for (unsigned i = 0; i < 5; i++) {
			(void)str_format(
			    name, sizeof(name), "r%u-%u", round, i);
			rig_delete(r, MACHINES, name);
		}
		for (unsigned i = 0; i < 5; i++) {
			(void)str_format(
			    name, sizeof(name), "r%u-%u", round, i);
			CU_ASSERT_TRUE(rig_released(r, name, 20 * LOOP_MIN));
		}
	}
	while ((s = saw_next(l, s, HOST, NULL)) != NULL) {
		const char *was = json_str(
			       s->before, "spec/consumerRef/claimID", NULL),
			   *is = json_str(
			       s->after, "spec/consumerRef/claimID", NULL);

		CU_ASSERT_TRUE(was == NULL || is == NULL || str_eq(was, is));
		claims += was == NULL && is != NULL;
	}
	CU_ASSERT_TRUE(claims >= 8);
	saw_free(l);
	rig_free(r);
}

const struct contract_check contract_races[] = {
	{ 74, 'M', "with a host too few one machine waits", one_host_too_few,
	    NULL },
	{ 75, 'M', "killed a hundred times during twenty provisionings",
	    killed_a_hundred_times, NULL },
	{ 76, 'M', "409, 429, 500, 503, 410, lost replies and lost watches",
	    a_bad_api_is_survived, NULL },
	{ 77, 'M', "of two replicas one acts", one_leader_at_a_time, NULL },
	{ 78, 'Q', "no second claim from an old read",
	    no_second_claim_from_an_old_read, NULL },
	{ 0 },
};
