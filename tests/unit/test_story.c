/*
 * The shortest whole story, without the scenario runner: hosts enrolled, one
 * machine provisioned and released, in virtual time. What the runner builds
 * upon must stand by itself.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "scenarios/runner/stage.h"

#define HOSTS 3

static bool verbose;

static void
story_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	if (verbose)
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static void
story_bmc(void *arg, const struct bmc_event *ev)
{
	(void)arg;
	if (verbose)
		(void)fprintf(stderr, "%8.3f %s %s %s %s %s %s %d %lld\n",
		    (double)ev->at_us / 1e6, ev->bmc, bmc_event_name(ev->kind),
		    ev->method, ev->target, ev->text, ev->who, ev->status,
		    (long long)ev->bytes);
}

static void
story_commit(void *arg, const char *verb, const struct kube_gvr *gvr,
    const cJSON *before, const cJSON *after, const char *user,
    const char *manager)
{
	(void)arg;
	(void)before;
	(void)manager;
	if (verbose)
		(void)fprintf(stderr, "         commit %s %s %s %s state=%s\n",
		    user, verb, gvr->resource,
		    json_str(after, "metadata/name", "-"),
		    json_str(after, "status/state", ""));
	if (verbose && getenv("DIFF") != NULL && before != NULL) {
		cJSON *d = json_merge_diff(before, after);
		char *t = json_print(d);

		(void)fprintf(stderr, "         diff %s\n", t);
		xfree(t);
		cJSON_Delete(d);
	}
}

static void
story_problem(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "problem: %s\n", text);
	CU_FAIL("the contract was broken");
}

static struct stage *
story_new(void)
{
	static const char *const profiles[] = { "generic" };
	struct stage_opts o = { .seed = 1,
		.log_level = LOG_DEBUG,
		.log_line = story_line,
		.on_bmc = story_bmc,
		.on_commit = story_commit,
		.on_problem = story_problem,
		.bmcs = HOSTS,
		.profiles = profiles,
		.n_profiles = 1,
		.tls = true };
	struct err e;
	struct stage *s = stage_new(&o, &e);

	if (s == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return s;
}

static void
story_apply(struct stage *s, const char *text)
{
	struct err e = { 0 };
	bool ok = kube_server_apply_yaml(
	    stage_kube(s), text, strlen(text), "story", &e);

	if (!ok)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_FATAL(ok);
}

static void
story_hosts(struct stage *s)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		char address[128], *text;

		bmc_address(
		    bmc_fleet_at(stage_fleet(s), i), address, sizeof(address));
		text = xasprintf("apiVersion: v1\n"
				 "kind: Secret\n"
				 "metadata: {name: bmc-%03u}\n"
				 "stringData: {username: root, password: "
				 "b7-sim-secret}\n"
				 "---\n"
				 "apiVersion: infrastructure.cluster.x-k8s.io/"
				 "v1beta2\n"
				 "kind: PhysicalHost\n"
				 "metadata: {name: bmc-%03u}\n"
				 "spec:\n"
				 "  redfishConnection:\n"
				 "    address: %s\n"
				 "    credentialsSecretRef: {name: bmc-%03u}\n"
				 "    insecureSkipVerify: true\n",
		    i, i, address, i);
		story_apply(s, text);
		xfree(text);
	}
}

static const char cluster_yaml[] =
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
    "kind: Beskar7Cluster\n"
    "metadata: {name: c1}\n"
    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n"
    "---\n"
    "apiVersion: cluster.x-k8s.io/v1beta2\n"
    "kind: Cluster\n"
    "metadata: {name: c1}\n"
    "spec:\n"
    "  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, "
    "kind: Beskar7Cluster, name: c1}\n"
    "---\n"
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
    "kind: Beskar7Machine\n"
    "metadata: {name: m1, labels: {cluster.x-k8s.io/cluster-name: c1, "
    "cluster.x-k8s.io/control-plane: \"\"}}\n"
    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n"
    "---\n"
    "apiVersion: cluster.x-k8s.io/v1beta2\n"
    "kind: Machine\n"
    "metadata: {name: m1, labels: {cluster.x-k8s.io/cluster-name: c1, "
    "cluster.x-k8s.io/control-plane: \"\"}}\n"
    "spec:\n"
    "  clusterName: c1\n"
    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, kind: "
    "KubeadmConfig, name: m1}}\n"
    "  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: "
    "Beskar7Machine, name: m1}\n";

struct story_want {
	struct stage *s;
	const char *resource, *name, *path, *value;
};

static bool
story_reached(void *arg)
{
	struct story_want *w = arg;
	const char *group = str_eq(w->resource, "machines")
				? "cluster.x-k8s.io"
				: "infrastructure.cluster.x-k8s.io";
	cJSON *o = kube_server_get(
	    stage_kube(w->s), group, w->resource, "default", w->name);
	bool ok = w->path == NULL
		      ? o == NULL
		      : str_eq(json_str(o, w->path, NULL), w->value);

	cJSON_Delete(o);
	return ok;
}

static void
story_wait(struct stage *s, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us)
{
	struct story_want w = { s, resource, name, path, value };
	struct world *world = stage_world(s);
	bool ok = world_run(
	    world, world_now_us(world) + within_us, story_reached, &w);

	if (!ok) {
		cJSON *all = kube_server_list(stage_kube(s),
		    "infrastructure.cluster.x-k8s.io", "physicalhosts", NULL);
		char *text = json_print_pretty(all);

		(void)fprintf(stderr, "waited for %s %s %s=%s\n%s\n", resource,
		    name, path, value, text);
		xfree(text);
		cJSON_Delete(all);
	}
	CU_ASSERT_FATAL(ok);
}

static void
provisions_and_releases_one_machine(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = story_new();
	struct bmc_snapshot snap;
	struct err e = { 0 };
	cJSON *reply;
	int status;

	story_hosts(s);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, &e));
	for (unsigned i = 0; i < HOSTS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "bmc-%03u", i);
		story_wait(s, "physicalhosts", name, "status/state",
		    "Available", LOOP_MIN);
	}
	story_apply(s, cluster_yaml);
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 30 * LOOP_MIN);
	reply = kube_server_do(stage_kube(s), "DELETE",
	    "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/m1",
	    NULL, NULL, &status);
	CU_ASSERT_EQUAL(status, 200);
	cJSON_Delete(reply);
	story_wait(s, "machines", "m1", NULL, NULL, 30 * LOOP_MIN);
	for (unsigned i = 0; i < HOSTS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "bmc-%03u", i);
		story_wait(s, "physicalhosts", name, "status/state",
		    "Available", 5 * LOOP_MIN);
		bmc_snapshot(bmc_fleet_at(stage_fleet(s), i), &snap);
		CU_ASSERT_STRING_EQUAL(snap.power, "Off");
		CU_ASSERT_FALSE(snap.media_inserted);
		CU_ASSERT_TRUE(snap.medium_boots <= 1);
	}
	stage_free(s);
}

int
main(void)
{
	CU_pSuite suite;
	unsigned failures;

	verbose = getenv("VERBOSE") != NULL;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite("story", NULL, NULL);
	CU_add_test(suite, "provisions and releases one machine",
	    provisions_and_releases_one_machine);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures == 0 ? 0 : 1;
}
