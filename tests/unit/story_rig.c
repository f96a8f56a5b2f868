/* See story_rig.h. */
#include "tests/unit/story_rig.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

static bool
story_verbose(void)
{
	return getenv("VERBOSE") != NULL;
}

static void
story_line(void *arg, const char *line, size_t n)
{
	if (arg != NULL)
		(void)(buf_add(arg, line, n) && buf_addc(arg, '\n'));
	if (story_verbose())
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static void
story_bmc(void *arg, const struct bmc_event *ev)
{
	(void)arg;
	if (story_verbose())
		(void)fprintf(stderr, "%8.3f %s %s %s %s %s %s %d %lld\n",
		    (double)ev->at_us / 1e6, ev->bmc, bmc_event_name(ev->kind),
		    ev->method, ev->target, ev->text, ev->who, ev->status,
		    (long long)ev->bytes);
}

static void
story_commit(void *arg, const struct kube_commit *c)
{
	(void)arg;
	if (story_verbose())
		(void)fprintf(stderr, "         commit %s %s %s %s state=%s\n",
		    c->user, c->verb, c->gvr->resource,
		    json_str(c->after, "metadata/name", "-"),
		    json_str(c->after, "status/state", ""));
}

static void
story_problem(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "problem: %s\n", text);
	CU_FAIL("the contract was broken");
}

void
story_apply(struct stage *s, const char *yaml)
{
	struct err e = { 0 };
	bool ok = kube_server_apply_yaml(
	    stage_kube(s), yaml, strlen(yaml), "story", &e);

	if (!ok)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_FATAL(ok);
}

static void
story_host(struct stage *s, unsigned i)
{
	char address[128], *text;

	bmc_address(bmc_fleet_at(stage_fleet(s), i), address, sizeof(address));
	text =
	    xasprintf("apiVersion: v1\n"
		      "kind: Secret\n"
		      "metadata: {name: bmc-%03u}\n"
		      "stringData: {username: root, password: b7-sim-secret}\n"
		      "---\n"
		      "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
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

struct story_how {
	const char *knobs, *replay;
	bool workload;
	struct buf *heard;
};

static struct stage *
story_with(const char *profile, struct story_how how, unsigned hosts)
{
	struct stage_opts o = { .seed = 1,
		.log_level = LOG_DEBUG,
		.log_line = story_line,
		.on_bmc = story_bmc,
		.on_commit = story_commit,
		.on_problem = story_problem,
		.arg = how.heard,
		.bmcs = hosts,
		.profiles = &profile,
		.n_profiles = 1,
		.knobs = how.knobs,
		.replay = how.replay,
		.workload = how.workload,
		.tls = true };
	struct err e;
	struct stage *s = stage_new(&o, &e);

	if (s == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	for (unsigned i = 0; i < hosts; i++)
		story_host(s, i);
	return s;
}

struct stage *
story_new_replay(const char *profile, const char *replay, unsigned hosts)
{
	return story_with(
	    profile, (struct story_how){ .replay = replay }, hosts);
}

struct stage *
story_new_knobs(const char *profile, const char *knobs, unsigned hosts)
{
	return story_with(profile, (struct story_how){ .knobs = knobs }, hosts);
}

struct stage *
story_new(const char *profile, unsigned hosts)
{
	return story_with(profile, (struct story_how){ 0 }, hosts);
}

struct stage *
story_new_workload(const char *profile, unsigned hosts)
{
	return story_with(
	    profile, (struct story_how){ .workload = true }, hosts);
}

struct stage *
story_new_heard(const char *profile, unsigned hosts, struct buf *heard)
{
	return story_with(profile, (struct story_how){ .heard = heard }, hosts);
}

void
story_machine(struct stage *s, const char *image, const char *kind)
{
	static const char labels[] = "labels: {cluster.x-k8s.io/cluster-name: "
				     "c1, cluster.x-k8s.io/control-plane: "
				     "\"\"}";
	static const char group[] = "infrastructure.cluster.x-k8s.io";
	char *text = xasprintf(
	    "apiVersion: %s/v1beta2\n"
	    "kind: Beskar7Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec:\n"
	    "  infrastructureRef: {apiGroup: %s, kind: Beskar7Cluster, name: "
	    "c1}\n"
	    "---\n"
	    "apiVersion: %s/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: m1, %s}\n"
	    "spec: {image: {url: \"%s\", kind: %s}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: m1, %s}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: m1}}\n"
	    "  infrastructureRef: {apiGroup: %s, kind: Beskar7Machine, name: "
	    "m1}\n",
	    group, group, group, labels, image, kind, labels, group);

	story_apply(s, text);
	xfree(text);
}

void
story_delete_machine(struct stage *s)
{
	int status;
	cJSON *reply = kube_server_do(stage_kube(s), "DELETE",
	    "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/m1",
	    NULL, NULL, &status);

	CU_ASSERT_EQUAL(status, 200);
	cJSON_Delete(reply);
}

struct story_want {
	struct stage *s;
	const char *resource, *name, *path, *value;
	int64_t seen; /* as of this revision it is not as it should */
};

static bool
story_reached(void *arg)
{
	struct story_want *w = arg;
	const char *group = str_eq(w->resource, "machines")
				? "cluster.x-k8s.io"
				: "infrastructure.cluster.x-k8s.io";
	int64_t now = kube_server_revision(stage_kube(w->s));
	const cJSON *o;
	bool ok;

	if (now == w->seen)
		return false;
	w->seen = now;
	o = kube_server_see(
	    stage_kube(w->s), group, w->resource, "default", w->name);
	ok = w->path == NULL ? o == NULL
			     : str_eq(json_str(o, w->path, NULL), w->value);

	json_drop(o);
	return ok;
}

void
story_wait(struct stage *s, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us)
{
	struct story_want w = { s, resource, name, path, value, -1 };
	struct world *world = stage_world(s);
	bool ok = world_run(
	    world, world_now_us(world) + within_us, story_reached, &w);
	cJSON *all;
	char *text;

	if (!ok) {
		all = kube_server_list(stage_kube(s),
		    "infrastructure.cluster.x-k8s.io", "physicalhosts", NULL);
		text = json_print_pretty(all);
		(void)fprintf(stderr, "waited for %s %s %s=%s\n%s\n", resource,
		    name, path == NULL ? "" : path,
		    value == NULL ? "gone" : value, text);
		xfree(text);
		cJSON_Delete(all);
	}
	CU_ASSERT_FATAL(ok);
}

static void
all_available(struct stage *s)
{
	char name[16];

	for (unsigned i = 0; i < bmc_fleet_count(stage_fleet(s)); i++) {
		(void)snprintf(name, sizeof(name), "bmc-%03u", i);
		story_wait(s, "physicalhosts", name, "status/state",
		    "Available", 10 * LOOP_MIN);
	}
}

void
story_round(struct stage *s, const char *image, const char *kind)
{
	struct bmc_snapshot snap;
	unsigned boots = 0;

	all_available(s);
	story_machine(s, image, kind);
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 30 * LOOP_MIN);
	story_delete_machine(s);
	story_wait(s, "machines", "m1", NULL, NULL, 30 * LOOP_MIN);
	all_available(s);
	for (unsigned i = 0; i < bmc_fleet_count(stage_fleet(s)); i++) {
		bmc_snapshot(bmc_fleet_at(stage_fleet(s), i), &snap);
		CHECK_TEXT(snap.power, "Off");
		CU_ASSERT_FALSE(snap.media_inserted);
		boots += snap.medium_boots;
	}
	CU_ASSERT_EQUAL(boots, 1);
}
