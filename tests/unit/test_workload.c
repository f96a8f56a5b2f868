/* What the agent asks of a workload cluster, counted, and when it lets go. */
#include <stdio.h>

#include "agent/control/workload.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/workload/wlsim.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

struct seen {
	unsigned reads, patches, others, secrets; /* by the agent */
	unsigned secret_list;
	char patch[600];
};

static void
on_call(void *arg, const struct net_event *ev)
{
	struct seen *s = arg;

	if (!str_has_prefix(ev->from, "agent"))
		return;
	if (!str_has_prefix(ev->origin, "10.0.0.5:")) {
		s->secrets += strstr(ev->target, "/c1-kubeconfig") != NULL;
		return;
	}
	if (str_eq(ev->method, "GET"))
		s->reads++;
	else if (str_eq(ev->method, "PATCH"))
		s->patches++;
	else
		s->others++;
	if (str_eq(ev->method, "PATCH"))
		(void)str_format(s->patch, sizeof(s->patch), "%s", ev->target);
}

static struct stage *
running(struct seen *seen)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };
	struct stage *s = story_new_workload("generic", 1);

	memset(seen, 0, sizeof(*seen));
	world_net_watch(stage_world(s), on_call, seen);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_machine(s, "http://10.0.0.3/installer.iso", "Installer");
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 30 * LOOP_MIN);
	return s;
}

static void
pass(struct stage *s, int64_t us)
{
	struct world *w = stage_world(s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL);
}

static void
an_association_takes_one_patch_and_few_reads(void)
{
	struct seen seen;
	struct stage *s = running(&seen);

	CU_ASSERT_EQUAL(seen.patches, 1);
	CU_ASSERT_EQUAL(seen.others, 0);
	CU_ASSERT_EQUAL(seen.secrets, 1);
	/* Those that were refused while there was no API server, a list and a
	 * watch. */
	CU_ASSERT(seen.reads >= 2 && seen.reads <= 12);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen.patch,
	    "/api/v1/nodes/node-bmc-000?fieldManager=beskar7-agent"));
	stage_free(s);
}

/* A Secret and a list (and the watch that follows) an hour or so. */
static void
afterwards_the_cluster_is_left_alone(void)
{
	struct seen seen;
	struct stage *s = running(&seen);

	pass(s, 2 * LOOP_MIN);
	memset(&seen, 0, sizeof(seen));
	pass(s, 24 * LOOP_HOUR);
	(void)printf("24 h: %u reads, %u Secrets, %u writes\n", seen.reads,
	    seen.secrets, seen.patches + seen.others);
	CU_ASSERT_EQUAL(seen.patches, 0);
	CU_ASSERT_EQUAL(seen.others, 0);
	CU_ASSERT(seen.secrets >= 19 && seen.secrets <= 32);
	CU_ASSERT(seen.reads == 2 * seen.secrets);
	stage_free(s);
}

/* New addresses are those of the machine, within that time; an agent that
 * starts anew keeps what it told until it has looked again. */
static void
addresses_follow_the_node(void)
{
	static const char text[] = "{\"address\":\"10.99.0.1\"}";
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };
	struct seen seen;
	struct stage *s = running(&seen);
	cJSON *body = json_parse(text, strlen(text), NULL);
	int status;

	story_wait(s, "beskar7machines", "m1", "status/addresses/1/address",
	    "node-bmc-000", LOOP_MIN);
	cJSON_Delete(wlsim_control(
	    stage_workload(s), "POST", "/kubelets/bmc-000", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	story_wait(s, "beskar7machines", "m1", "status/addresses/0/address",
	    "10.99.0.1", 90 * LOOP_MIN);
	memset(&seen, 0, sizeof(seen));
	stage_agent_kill(s, 0);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	pass(s, LOOP_MIN);
	CU_ASSERT_EQUAL(seen.reads, 0);
	story_wait(s, "beskar7machines", "m1", "status/addresses/0/address",
	    "10.99.0.1", LOOP_S);
	pass(s, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(seen.reads, 2);
	story_wait(s, "beskar7machines", "m1", "status/addresses/0/address",
	    "10.99.0.1", LOOP_S);
	cJSON_Delete(body);
	stage_free(s);
}

#define CROWD (WORKLOADS_MAX + 4)
#define AWAY (WORKLOADS_MAX + 1)

static void
one_cluster(struct stage *s, unsigned i)
{
	static const char group[] = "infrastructure.cluster.x-k8s.io";
	char text[1600];

	(void)str_format(text, sizeof(text),
	    "apiVersion: %s/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: w%02u}\n"
	    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\n"
	    "metadata: {name: w%02u}\nspec:\n  infrastructureRef: {apiGroup: "
	    "%s, kind: Beskar7Cluster, name: w%02u}\n---\n"
	    "apiVersion: %s/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: w%02u, labels: {cluster.x-k8s.io/cluster-name: "
	    "w%02u, cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec: {image: {url: \"http://10.0.0.3/live.iso\", kind: Live}}\n"
	    "---\napiVersion: cluster.x-k8s.io/v1beta2\nkind: Machine\n"
	    "metadata: {name: w%02u, labels: {cluster.x-k8s.io/cluster-name: "
	    "w%02u, cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec:\n  clusterName: w%02u\n  bootstrap: {configRef: {apiGroup: "
	    "bootstrap.cluster.x-k8s.io, kind: KubeadmConfig, name: w%02u}}\n"
	    "  infrastructureRef: {apiGroup: %s, kind: Beskar7Machine, name: "
	    "w%02u}\n",
	    group, i, i, group, i, group, i, i, i, i, i, i, group, i);
	story_apply(s, text);
}

/* More clusters that do not answer than there are places: the others come to
 * theirs all the same. */
static void
the_dead_make_room_for_the_living(void)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };
	struct stage *s = story_new_workload("generic", CROWD);
	char path[64], name[8];
	int status;

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	for (unsigned i = 0; i < CROWD; i++)
		one_cluster(s, i);
	pass(s, 10 * LOOP_S);
	for (unsigned i = 0; i < AWAY; i++) {
		(void)str_format(
		    path, sizeof(path), "/clusters/default/w%02u/away", i);
		cJSON_Delete(wlsim_control(
		    stage_workload(s), "POST", path, NULL, &status));
		CU_ASSERT_EQUAL(status, 200);
	}
	for (unsigned i = AWAY; i < CROWD; i++) {
		(void)str_format(name, sizeof(name), "w%02u", i);
		story_wait(s, "machines", name, "status/phase", "Running",
		    30 * LOOP_MIN);
	}
	stage_free(s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(an_association_takes_one_patch_and_few_reads),
		UNIT_CASE(afterwards_the_cluster_is_left_alone),
		UNIT_CASE(addresses_follow_the_node),
		UNIT_CASE(the_dead_make_room_for_the_living),
	};

	return UNIT_RUN("workload", cases);
}
