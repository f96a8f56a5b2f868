/*
 * clusterctl's block-move on a machine: from before its host is claimed until
 * it is provisioned, and while it is released; gone when nothing goes on, also
 * under a pause; somebody else's is left alone.
 */
#include <stdio.h>

#include "agent/kube/object.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define IMAGE "http://10.0.0.3/installer.iso"
#define BLOCK "clusterctl.cluster.x-k8s.io/block-move"
#define M1 "/apis/" AX "/v1beta2/namespaces/default/beskar7machines/m1"
#define C1 "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/clusters/c1"
#define STEP (20 * LOOP_MS)

static void
start(struct stage *s)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
}

static void
pass(struct stage *s, int64_t us)
{
	struct world *w = stage_world(s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL);
}

/* Given back to json_drop(). */
static const cJSON *
get(struct stage *s, const char *resource, const char *name)
{
	return kube_server_see(stage_kube(s), AX, resource, "default", name);
}

static bool
blocked(struct stage *s)
{
	const cJSON *m = get(s, "beskar7machines", "m1");
	bool is =
	    json_child(json_obj(m, "metadata/annotations"), BLOCK) != NULL;

	json_drop(m);
	return is;
}

static void
patch(struct stage *s, const char *target, const char *body)
{
	int status;

	cJSON_Delete(kube_server_do(stage_kube(s), "PATCH", target,
	    "application/merge-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
}

static bool
claimed(struct stage *s)
{
	const cJSON *h = get(s, "physicalhosts", "bmc-000");
	bool is = json_at(h, "spec/consumerRef") != NULL;

	json_drop(h);
	return is;
}

static bool
provisioned(struct stage *s)
{
	const cJSON *m = get(s, "beskar7machines", "m1");
	bool is = json_str(m, "spec/providerID", NULL) != NULL;

	json_drop(m);
	return is;
}

static struct stage *
with_machine(unsigned hosts)
{
	struct stage *s = story_new("generic", hosts);

	start(s);
	if (hosts > 0)
		story_wait(s, "physicalhosts", "bmc-000", "status/state",
		    "Available", 5 * LOOP_MIN);
	story_machine(s, IMAGE, "Installer");
	return s;
}

static void
a_provision_and_a_release_block_a_move(void)
{
	struct stage *s = with_machine(1);
	unsigned seen = 0;

	for (int i = 0; i < 60000 && !provisioned(s); i++) {
		if (claimed(s)) {
			CU_ASSERT_TRUE_FATAL(blocked(s) || provisioned(s));
			seen++;
		}
		pass(s, STEP);
	}
	CU_ASSERT(seen > 100);
	CU_ASSERT_TRUE_FATAL(provisioned(s));
	CU_ASSERT_FALSE(blocked(s));
	pass(s, 10 * LOOP_MIN);
	CU_ASSERT_FALSE(blocked(s));
	story_delete_machine(s);
	pass(s, LOOP_S);
	CU_ASSERT_TRUE(claimed(s));
	CU_ASSERT_TRUE(blocked(s));
	story_wait(s, "machines", "m1", NULL, NULL, 30 * LOOP_MIN);
	stage_free(s);
}

static void
a_machine_that_waits_for_a_host_blocks_nothing(void)
{
	struct stage *s = with_machine(0);

	for (int i = 0; i < 200; i++) {
		pass(s, STEP);
		CU_ASSERT_FALSE_FATAL(blocked(s));
	}
	stage_free(s);
}

/* What clusterctl does first is to pause the cluster. */
static void
a_pause_lets_it_move_at_once(void)
{
	struct stage *s = with_machine(1);

	story_wait(s, "physicalhosts", "bmc-000", "status/state",
	    "Provisioning", 5 * LOOP_MIN);
	pass(s, 10 * LOOP_S);
	CU_ASSERT_TRUE(blocked(s));
	patch(s, C1, "{\"spec\":{\"paused\":true}}");
	pass(s, 20 * LOOP_S);
	CU_ASSERT_FALSE(blocked(s));
	CU_ASSERT_FALSE(provisioned(s));
	pass(s, 10 * LOOP_MIN);
	CU_ASSERT_FALSE(blocked(s));
	patch(s, C1, "{\"spec\":{\"paused\":false}}");
	pass(s, LOOP_S);
	CU_ASSERT_TRUE(blocked(s));
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 60 * LOOP_MIN);
	CU_ASSERT_FALSE(blocked(s));
	stage_free(s);
}

static void
somebody_elses_is_left_alone(void)
{
	struct stage *s = with_machine(1);
	const cJSON *m;

	patch(
	    s, M1, "{\"metadata\":{\"annotations\":{\"" BLOCK "\":\"mine\"}}}");
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 60 * LOOP_MIN);
	m = get(s, "beskar7machines", "m1");
	CHECK_TEXT(kobj_annotation(m, BLOCK), "mine");
	json_drop(m);
	stage_free(s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a provision and a release block a move",
		    a_provision_and_a_release_block_a_move },
		{ "a machine that waits for a host blocks nothing",
		    a_machine_that_waits_for_a_host_blocks_nothing },
		{ "a pause lets it move at once",
		    a_pause_lets_it_move_at_once },
		{ "somebody else's is left alone",
		    somebody_elses_is_left_alone },
	};

	return UNIT_RUN("block_move", cases);
}
