/* The objects of the safety tests: made, patched, waited for. See safety_rig.h. */
#include "tests/unit/safety_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/core.h"

/* ---- objects ------------------------------------------------------------------ */

void
rig_apply(struct rig *r, const char *fmt, ...)
{
	struct err e = { 0 };
	char text[8192];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ok = kube_server_apply_yaml(
	    stage_kube(r->s), text, strlen(text), "rig", &e);
	if (!ok)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_TRUE_FATAL(ok);
}

void
rig_hosts(struct rig *r)
{
	for (unsigned i = 0; i < r->bmcs; i++) {
		char address[128];

		bmc_address(bmc_fleet_at(stage_fleet(r->s), i), address,
		    sizeof(address));
		rig_apply(r,
		    "apiVersion: v1\n"
		    "kind: Secret\n"
		    "metadata: {name: bmc-%03u}\n"
		    "stringData: {username: root, password: b7-sim-secret}\n"
		    "---\n"
		    "apiVersion: " AX "/v1beta2\n"
		    "kind: PhysicalHost\n"
		    "metadata: {name: bmc-%03u, labels: {mine: \"yes\"}, "
		    "annotations: {mine/a: b}}\n"
		    "spec:\n"
		    "  redfishConnection:\n"
		    "    address: %s\n"
		    "    credentialsSecretRef: {name: bmc-%03u}\n"
		    "    %s\n",
		    i, i, address, i,
		    r->o.trust == NULL ? "insecureSkipVerify: true"
				       : r->o.trust);
	}
}

void
rig_cluster(struct rig *r)
{
	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec:\n"
	    "  infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c1}\n");
}

void
rig_machine(struct rig *r, const char *name)
{
	const struct rig_opts *o = &r->o;

	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: %s, labels: {cluster.x-k8s.io/cluster-name: c1, "
	    "cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec: {image: {url: \"http://10.0.0.3/%s\", kind: %s}%s%s}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: %s, labels: {cluster.x-k8s.io/cluster-name: c1, "
	    "cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: %s}}\n"
	    "  infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Machine, name: %s}\n",
	    name, o->image == NULL ? "installer.iso" : o->image,
	    o->kind == NULL ? "Installer" : o->kind,
	    o->machine == NULL ? "" : ", ",
	    o->machine == NULL ? "" : o->machine, name, name, name);
}

static const char *
rig_group(const char *resource)
{
	return str_eq(resource, MACHINES) || str_eq(resource, CLUSTERS)
		   ? "cluster.x-k8s.io"
	       : str_eq(resource, "secrets") || str_eq(resource, "events") ? ""
									   : AX;
}

static void
rig_path(char out[256], const char *resource, const char *name)
{
	const char *group = rig_group(resource);

	(void)snprintf(out, 256, "/%s%s/%s/namespaces/default/%s/%s",
	    group[0] == '\0' ? "api" : "apis/", group,
	    group[0] == '\0' ? "v1" : "v1beta2", resource, name);
}

void
rig_delete(struct rig *r, const char *resource, const char *name)
{
	char path[256];
	int status;

	rig_path(path, resource, name);
	cJSON_Delete(kube_server_do(
	    stage_kube(r->s), "DELETE", path, NULL, NULL, &status));
	CU_ASSERT_EQUAL(status, 200);
}

void
rig_patch(
    struct rig *r, const char *resource, const char *name, const char *fmt, ...)
{
	char path[256], text[4096];
	va_list ap;
	int status;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rig_path(path, resource, name);
	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/merge-patch+json", text, &status));
	CU_ASSERT_EQUAL(status, 200);
}

void
rig_annotate(
    struct rig *r, const char *host, const char *key, const char *value)
{
	if (value == NULL)
		rig_patch(r, HOST, host,
		    "{\"metadata\":{\"annotations\":{\"%s\":null}}}", key);
	else
		rig_patch(r, HOST, host,
		    "{\"metadata\":{\"annotations\":{\"%s\":\"%s\"}}}", key,
		    value);
}

cJSON *
rig_get(struct rig *r, const char *resource, const char *name)
{
	return kube_server_get(
	    stage_kube(r->s), rig_group(resource), resource, "default", name);
}

static const char *
rig_value(const cJSON *o, const char *path)
{
	char type[64];
	const char *dot, *why = NULL, *status;

	if (path[0] != '?')
		return json_str(o, path, NULL);
	dot = strchr(path, '.');
	(void)snprintf(type, sizeof(type), "%.*s",
	    dot == NULL ? (int)strlen(path) - 1 : (int)(dot - path) - 1,
	    path + 1);
	status = facts_condition(o, type, &why);
	return dot == NULL ? status : why;
}

bool
rig_is(struct rig *r, const char *resource, const char *name, const char *path,
    const char *value)
{
	const cJSON *o = kube_server_see(
	    stage_kube(r->s), rig_group(resource), resource, "default", name);
	bool ok = path == NULL ? o == NULL
			       : o != NULL && str_eq(rig_value(o, path), value);

	json_drop(o);
	return ok;
}

static void
rig_show(struct rig *r)
{
	cJSON *all = kube_server_list(stage_kube(r->s), AX, HOST, NULL);
	const cJSON *h;
	unsigned n = 0;

	cJSON_ArrayForEach (h, all) {
		char *text = json_print(json_obj(h, "status/operation"));
		const char *rec = facts_annotation(h, AX "/host-record");

		if (n++ < 3)
			(void)fprintf(stderr, "%s %s %s\n  %s\n",
			    json_str(h, "metadata/name", ""),
			    json_str(h, "status/state", ""),
			    text == NULL ? "-" : text, rec == NULL ? "" : rec);
		xfree(text);
	}
	cJSON_Delete(all);
}

struct rig_want {
	struct rig *r;
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
	return w->r->killed || (changed && rig_is(w->r, w->resource, w->name,
					       w->path, w->value));
}

bool
rig_wait(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us)
{
	struct rig_want w = { r, resource, name, path, value, -1 };
	int64_t until = world_now_us(stage_world(r->s)) + within_us;
	cJSON *o;
	char *text;

	(void)world_run(stage_world(r->s), until, rig_reached, &w);
	/* The agent died where it was told to: another one goes on. */
	while (r->killed) {
		stage_agent_kill(r->s, 0);
		r->kill_at = 0;
		rig_run(r, 3 * LOOP_S);
		rig_agent(r);
		(void)world_run(stage_world(r->s), until, rig_reached, &w);
	}
	if (rig_is(r, resource, name, path, value))
		return true;
	o = rig_get(r, resource, name);
	text = json_print(json_obj(o, "status"));
	(void)fprintf(stderr, "waited for %s %s %s=%s\n%s\n", resource, name,
	    path == NULL ? "" : path, value == NULL ? "(none)" : value,
	    text == NULL ? "(gone)" : text);
	xfree(text);
	cJSON_Delete(o);
	rig_show(r);
	return false;
}

char *
rig_record(struct rig *r, const char *host, const char *member)
{
	cJSON *o = rig_get(r, HOST, host), *j = NULL;
	const char *text = facts_annotation(o, AX "/host-record");
	char *out = NULL;
	const cJSON *v;

	if (text != NULL)
		j = json_parse(text, strlen(text), NULL);
	v = json_child(j, member);
	if (cJSON_IsString(v))
		out = xstrdup(v->valuestring);
	else if (cJSON_IsNumber(v))
		out = xasprintf("%lld", (long long)v->valuedouble);
	cJSON_Delete(j);
	cJSON_Delete(o);
	return out;
}

const char *
rig_host_of(struct rig *r, const char *machine, char out[64])
{
	cJSON *all = kube_server_list(stage_kube(r->s), AX, HOST, NULL);
	const cJSON *h;

	out[0] = '\0';
	cJSON_ArrayForEach (h, all)
		if (str_eq(json_str(h, "spec/consumerRef/name", NULL), machine))
			(void)snprintf(
			    out, 64, "%s", json_str(h, "metadata/name", ""));
	cJSON_Delete(all);
	return out;
}

unsigned
rig_index(const char *host)
{
	return (unsigned)(host[4] - '0') * 100 +
	       (unsigned)(host[5] - '0') * 10 + (unsigned)(host[6] - '0');
}
