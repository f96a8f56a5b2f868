/* See core_rig.h. */
#include "tests/unit/core_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/core/core.h"

static const char wild_crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata:\n"
    "  name: %ss.%s\n"
    "  labels: {cluster.x-k8s.io/v1beta2: v1}\n"
    "spec:\n"
    "  group: %s\n"
    "  scope: Namespaced\n"
    "  names: {plural: %ss, singular: %s, kind: %s}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        x-kubernetes-preserve-unknown-fields: true\n";

static void
rig_problem(void *arg, const char *text)
{
	struct core_rig *r = arg;

	r->problems++;
	(void)str_format(r->problem, sizeof(r->problem), "%.500s", text);
}

static void
rig_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	if (getenv("VERBOSE") != NULL)
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static void
rig_crd(struct core_rig *r, const char *kind, const char *lower)
{
	char *text = xasprintf(
	    wild_crd, lower, CORE_WILD, CORE_WILD, lower, lower, kind);

	core_rig_apply(r, text);
	xfree(text);
}

void
core_rig_open(struct core_rig *r, unsigned bmcs)
{
	static const char *const profiles[] = { "generic" };
	struct stage_opts o = { .seed = 5,
		.log_level = LOG_INFO,
		.log_line = rig_line,
		.on_problem = rig_problem,
		.arg = r,
		.bmcs = bmcs,
		.profiles = profiles,
		.n_profiles = 1 };
	struct err e = { 0 };

	*r = (struct core_rig){ 0 };
	r->s = stage_new(&o, &e);
	if (r->s == NULL) {
		(void)fprintf(stderr, "stage_new: %s\n", e.msg);
		abort();
	}
	rig_crd(r, "WildCluster", "wildcluster");
	rig_crd(r, "WildMachine", "wildmachine");
	core_rig_run(r, 2 * LOOP_S);
	CU_ASSERT_TRUE(core_synced(stage_core(r->s)));
}

void
core_rig_close(struct core_rig *r)
{
	if (r->problems > 0)
		(void)fprintf(stderr, "problem: %s\n", r->problem);
	CU_ASSERT_EQUAL(r->problems, 0);
	stage_free(r->s);
}

void
core_rig_apply(struct core_rig *r, const char *yaml)
{
	struct err e = { 0 };
	bool ok = kube_server_apply_yaml(
	    stage_kube(r->s), yaml, strlen(yaml), "rig", &e);

	if (!ok)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_FATAL(ok);
}

int
core_rig_patch(struct core_rig *r, const char *path, const char *body)
{
	int status = 0;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/merge-patch+json", body, &status));
	return status;
}

int
core_rig_delete(struct core_rig *r, const char *path)
{
	int status = 0;

	cJSON_Delete(kube_server_do(
	    stage_kube(r->s), "DELETE", path, NULL, NULL, &status));
	return status;
}

void
core_rig_run(struct core_rig *r, int64_t us)
{
	struct world *w = stage_world(r->s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL); /* time is up */
}

/* Texts of answers outlive the tree that they came from. */
static const char *
rig_keep(const cJSON *j)
{
	static _Thread_local char kept[1024];
	char *text;

	if (cJSON_IsString(j)) {
		(void)str_format(kept, sizeof(kept), "%s", j->valuestring);
		return kept;
	}
	text = j == NULL ? xstrdup("") : json_print(j);
	(void)str_format(kept, sizeof(kept), "%s", text);
	xfree(text);
	return kept;
}

static cJSON *
rig_get(struct core_rig *r, const char *object)
{
	int status = 0;
	cJSON *o = kube_server_do(
	    stage_kube(r->s), "GET", object, NULL, NULL, &status);

	if (status == 200)
		return o;
	cJSON_Delete(o);
	return NULL;
}

const char *
core_rig_at(struct core_rig *r, const char *object, const char *path)
{
	cJSON *o = rig_get(r, object);
	const char *text = o == NULL ? "<gone>" : rig_keep(json_at(o, path));

	cJSON_Delete(o);
	return text;
}

const char *
core_rig_condition(struct core_rig *r, const char *object, const char *type,
    const char *member)
{
	cJSON *o = rig_get(r, object);
	const cJSON *c, *found = NULL;
	const char *text;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions"))
		if (str_eq(json_str(c, "type", ""), type))
			found = json_child(c, member);
	text = rig_keep(found);
	cJSON_Delete(o);
	return text;
}

void
core_rig_problems(struct core_rig *r, unsigned at_least, const char *word)
{
	if (r->problems < at_least || strstr(r->problem, word) == NULL)
		(void)fprintf(stderr, "%u problems, the last: %s\n",
		    r->problems, r->problem);
	CU_ASSERT_TRUE(r->problems >= at_least);
	CU_ASSERT_PTR_NOT_NULL(strstr(r->problem, word));
	r->problems = 0;
}

void
core_rig_cluster(struct core_rig *r)
{
	core_rig_apply(r,
	    "apiVersion: " CORE_WILD "/v1\n"
	    "kind: WildCluster\n"
	    "metadata: {name: c1}\n"
	    "spec: {controlPlaneEndpoint: {host: 10.9.9.9, port: 6443}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec:\n"
	    "  infrastructureRef: {apiGroup: " CORE_WILD
	    ", kind: WildCluster, name: c1}\n");
}

void
core_rig_machine(struct core_rig *r, const char *name, bool control_plane)
{
	char *text = xasprintf(
	    "apiVersion: " CORE_WILD "/v1\n"
	    "kind: WildMachine\n"
	    "metadata: {name: %s}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: %s, labels: {%s}}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: %s}}\n"
	    "  infrastructureRef: {apiGroup: " CORE_WILD
	    ", kind: WildMachine, name: %s}\n",
	    name, name,
	    control_plane ? "cluster.x-k8s.io/control-plane: \"\"" : "", name,
	    name);

	core_rig_apply(r, text);
	xfree(text);
}

void
core_rig_cluster_up(struct core_rig *r)
{
	CU_ASSERT_EQUAL(core_rig_patch(r, CORE_WILD_CLUSTERS "/c1/status",
			    "{\"status\":{\"initialization\":{\"provisioned\":"
			    "true}}}"),
	    200);
}

void
core_rig_machine_up(struct core_rig *r, const char *name, const char *id)
{
	char *path = xasprintf(CORE_WILD_MACHINES "/%s", name);
	char *status = xasprintf("%s/status", path);
	char *body = xasprintf("{\"spec\":{\"providerID\":\"%s\"}}", id);

	CU_ASSERT_EQUAL(core_rig_patch(r, path, body), 200);
	CU_ASSERT_EQUAL(core_rig_patch(r, status,
			    "{\"status\":{\"initialization\":{\"provisioned\":"
			    "true}}}"),
	    200);
	xfree(path);
	xfree(status);
	xfree(body);
}
