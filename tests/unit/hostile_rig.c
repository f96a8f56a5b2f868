/* See hostile_rig.h. */
#include "tests/unit/hostile_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"

static bool
rig_verbose(void)
{
	return getenv("VERBOSE") != NULL;
}

static void
rig_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	if (rig_verbose())
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static void
rig_problem(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "problem: %s\n", text);
	CU_FAIL("the contract was broken");
}

static void
rig_bmc(void *arg, const struct bmc_event *ev)
{
	struct hostile_rig *r = arg;

	if (ev->index != 0)
		return;
	r->logins +=
	    ev->kind == BMC_EV_LOGIN_OK || ev->kind == BMC_EV_LOGIN_FAILED;
	r->power_writes += ev->kind == BMC_EV_POWER_WRITE;
	r->media_writes += ev->kind == BMC_EV_MEDIA_INSERTED ||
			   ev->kind == BMC_EV_MEDIA_EJECTED ||
			   ev->kind == BMC_EV_BOOT_OVERRIDE;
}

static void
rig_call(void *arg, const struct net_event *ev)
{
	struct hostile_rig *r = arg;

	if (str_has_prefix(ev->origin, HOSTILE_THIEF))
		r->thief_calls++;
	if (!str_has_prefix(ev->from, "agent"))
		return;
	r->calls += str_has_prefix(ev->origin, "127.16.0.1:");
	r->target_calls += r->agent_target != NULL &&
			   str_has_prefix(ev->origin, r->agent_target);
}

void
hostile_open(struct hostile_rig *r, unsigned n)
{
	hostile_open_seed(r, n, 11);
}

void
hostile_open_seed(struct hostile_rig *r, unsigned n, uint64_t seed)
{
	static const char *const profiles[] = { "generic" };
	struct stage_opts o = { .seed = seed,
		.log_level = LOG_DEBUG,
		.log_line = rig_line,
		.on_bmc = rig_bmc,
		.on_problem = rig_problem,
		.arg = r,
		.bmcs = n,
		.profiles = profiles,
		.n_profiles = 1,
		.tls = true };
	struct err e = { 0 };

	*r = (struct hostile_rig){ 0 };
	r->s = stage_new(&o, &e);
	if (r->s == NULL) {
		(void)fprintf(stderr, "stage_new: %s\n", e.msg);
		abort();
	}
	world_net_watch(stage_world(r->s), rig_call, r);
}

void
hostile_close(struct hostile_rig *r)
{
	CU_ASSERT_EQUAL(r->thief_calls, 0);
	stage_free(r->s);
}

void
hostile_agent(struct hostile_rig *r)
{
	struct stage_agent_opts o = { .busy_us = 2 * LOOP_S };
	struct err e = { 0 };

	CU_ASSERT_TRUE_FATAL(stage_agent_start(r->s, 0, &o, &e));
}

void
hostile_reset(struct hostile_rig *r)
{
	r->calls = r->logins = r->power_writes = r->media_writes = 0;
	r->target_calls = 0;
}

void
hostile_apply(struct hostile_rig *r, const char *yaml)
{
	struct err e = { 0 };
	bool ok = kube_server_apply_yaml(
	    stage_kube(r->s), yaml, strlen(yaml), "hostile", &e);

	if (!ok)
		(void)fprintf(stderr, "%s\n%s\n", e.msg, yaml);
	CU_ASSERT_FATAL(ok);
}

int
hostile_patch(struct hostile_rig *r, const char *path, const char *body)
{
	int status = 0;
	cJSON *reply = kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/merge-patch+json", body, &status);

	if (status >= 300)
		(void)fprintf(stderr, "PATCH %s: %d %s\n", path, status,
		    json_str(reply, "message", ""));
	cJSON_Delete(reply);
	return status;
}

void
hostile_delete(struct hostile_rig *r, const char *path)
{
	int status = 0;

	cJSON_Delete(kube_server_do(
	    stage_kube(r->s), "DELETE", path, NULL, NULL, &status));
	CU_ASSERT_EQUAL(status, 200);
}

void
hostile_host(
    struct hostile_rig *r, unsigned i, const char *address, const char *trust)
{
	char own[128], *text;

	bmc_address(bmc_fleet_at(stage_fleet(r->s), i), own, sizeof(own));
	text =
	    xasprintf("apiVersion: v1\n"
		      "kind: Secret\n"
		      "metadata: {name: bmc-%03u}\n"
		      "stringData: {username: root, password: b7-sim-secret}\n"
		      "---\n"
		      "apiVersion: " HOSTILE_AX "/v1beta2\n"
		      "kind: PhysicalHost\n"
		      "metadata: {name: bmc-%03u}\n"
		      "spec:\n"
		      "  redfishConnection:\n"
		      "    address: %s\n"
		      "    credentialsSecretRef: {name: bmc-%03u}\n"
		      "    %s\n",
		i, i, address != NULL ? address : own, i, trust);
	hostile_apply(r, text);
	xfree(text);
}

void
hostile_control(struct hostile_rig *r, const char *method, const char *path,
    const char *body)
{
	int status = 0;
	cJSON *b = body == NULL ? NULL : json_parse(body, strlen(body), NULL);
	cJSON *out =
	    bmc_fleet_control(stage_fleet(r->s), method, path, b, &status);

	if (status >= 300)
		(void)fprintf(stderr, "%s %s: %d %s\n", method, path, status,
		    json_str(out, "error", ""));
	CU_ASSERT_TRUE(status >= 200 && status < 300);
	cJSON_Delete(out);
	cJSON_Delete(b);
}

void
hostile_run(struct hostile_rig *r, int64_t us)
{
	struct world *w = stage_world(r->s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL); /* time is up */
}

/* Given back to json_drop(). */
static const cJSON *
rig_get(struct hostile_rig *r, const char *resource, const char *name)
{
	return kube_server_see(stage_kube(r->s),
	    str_eq(resource, "machines") || str_eq(resource, "clusters")
		? "cluster.x-k8s.io"
		: HOSTILE_AX,
	    resource, "default", name);
}

static const char *
rig_keep(const cJSON *j)
{
	static _Thread_local char kept[2048];
	char *text = NULL;

	if (!cJSON_IsString(j) && j != NULL)
		text = json_print(j);
	(void)str_format(kept, sizeof(kept), "%s",
	    cJSON_IsString(j) ? j->valuestring
	    : text != NULL    ? text
			      : "");
	xfree(text);
	return kept;
}

const char *
hostile_at(struct hostile_rig *r, const char *resource, const char *name,
    const char *path)
{
	const cJSON *o = rig_get(r, resource, name);
	const char *text = rig_keep(json_at(o, path));

	json_drop(o);
	return text;
}

const char *
hostile_condition(struct hostile_rig *r, const char *resource, const char *name,
    const char *type, const char *member)
{
	const cJSON *o = rig_get(r, resource, name);
	const cJSON *c, *found = NULL;
	const char *text;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions"))
		if (str_eq(json_str(c, "type", ""), type))
			found = json_child(c, member);
	text = rig_keep(found);
	json_drop(o);
	return text;
}

struct rig_want {
	struct hostile_rig *r;
	const char *resource, *name, *path, *value;
	int64_t seen; /* as of this revision it is not as it should */
};

static bool
rig_reached(void *arg)
{
	struct rig_want *w = arg;
	int64_t now = kube_server_revision(stage_kube(w->r->s));
	bool changed = now != w->seen;

	w->seen = now;
	return changed &&
	       str_eq(
		   hostile_at(w->r, w->resource, w->name, w->path), w->value);
}

int64_t
hostile_wait(struct hostile_rig *r, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us)
{
	struct rig_want want = { r, resource, name, path, value, -1 };
	struct world *w = stage_world(r->s);
	int64_t began = world_now_us(w);
	bool ok = world_run(w, began + within_us, rig_reached, &want);

	if (!ok)
		(void)fprintf(stderr, "waited for %s %s %s=%s, it is \"%s\"\n",
		    resource, name, path, value,
		    hostile_at(r, resource, name, path));
	return ok ? world_now_us(w) - began : -1;
}

void
hostile_machine(struct hostile_rig *r)
{
	hostile_apply(r,
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: Beskar7Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec:\n"
	    "  infrastructureRef: {apiGroup: " HOSTILE_AX
	    ", kind: Beskar7Cluster, name: c1}\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: m1}\n"
	    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: m1, labels: {cluster.x-k8s.io/control-plane: "
	    "\"\"}}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: m1}}\n"
	    "  infrastructureRef: {apiGroup: " HOSTILE_AX
	    ", kind: Beskar7Machine, name: m1}\n");
}
