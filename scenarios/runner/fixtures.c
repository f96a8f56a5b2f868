/*
 * The shorthands of scenario files: `hosts` makes a Secret and a PhysicalHost
 * for each BMC, named like it; `cluster` makes a Cluster and its machines.
 */
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/subst.h"

#define INFRA_API "infrastructure.cluster.x-k8s.io/v1beta2"
#define CAPI_API "cluster.x-k8s.io/v1beta2"
#define LABEL_CLUSTER "cluster.x-k8s.io/cluster-name"
#define LABEL_CP "cluster.x-k8s.io/control-plane"
#define APPLY_MAX (64u << 20)

static cJSON *
fixture_object(
    const char *api, const char *kind, const char *ns, const char *name)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "apiVersion", api);
	json_set_str(o, "kind", kind);
	json_set_str(json_ensure_obj(o, "metadata"), "name", name);
	json_set_str(json_ensure_obj(o, "metadata"), "namespace", ns);
	return o;
}

/* Merges JSON text into an object's member. */
static void
fixture_merge(cJSON *o, const char *key, const cJSON *patch)
{
	cJSON *merged;

	if (patch == NULL)
		return;
	merged = json_merge_patch(json_child(o, key), patch);
	json_set(o, key, merged);
}

bool
play_apply(struct play *p, const cJSON *objects, struct err *e)
{
	struct buf b;
	const cJSON *o;
	bool ok;

	buf_init(&b, APPLY_MAX);
	cJSON_ArrayForEach (o, objects) {
		char *text = json_print(o);

		(void)buf_addf(&b, "%s", b.n == 0 ? "" : "---\n");
		(void)buf_adds(&b, text);
		(void)buf_addc(&b, '\n');
		xfree(text);
	}
	ok = p->be->ops->apply(p->be, buf_str(&b), "scenario", e);
	buf_free(&b);
	return ok;
}

/* Applies in portions: YAML streams are bounded. */
static bool
fixture_flush(struct play *p, cJSON **list, int least, struct err *e)
{
	bool ok = true;

	if (cJSON_GetArraySize(*list) < least)
		return true;
	ok = play_apply(p, *list, e);
	cJSON_Delete(*list);
	*list = cJSON_CreateArray();
	return ok;
}

/* ---- hosts --------------------------------------------------------------------- */

static cJSON *
fixture_secret(const char *ns, const struct play *p, const struct fact_bmc *b)
{
	cJSON *s = fixture_object("v1", "Secret", ns, b->name), *data;
	const cJSON *o;
	const char *user = "root", *password = "b7-sim-secret";

	cJSON_ArrayForEach (o, json_at(p->sc->doc, "bmcs/overrides")) {
		if (!str_eq(json_str(o, "bmc", NULL), b->name))
			continue;
		user = json_str(o, "username", user);
		password = json_str(o, "password", password);
	}
	data = json_ensure_obj(s, "stringData");
	json_set_str(data, "username", user);
	json_set_str(data, "password", password);
	return s;
}

static cJSON *
fixture_host(const char *ns, const struct fact_bmc *b, const cJSON *how,
    const char *trust)
{
	cJSON *h = fixture_object(INFRA_API, "PhysicalHost", ns, b->name);
	cJSON *c = json_ensure_obj(h, "spec/redfishConnection");

	json_set_str(c, "address", b->address);
	json_set_str(
	    json_ensure_obj(c, "credentialsSecretRef"), "name", b->name);
	if (!str_has_prefix(b->address, "https:")) {
		/* nothing to trust */
	} else if (str_eq(trust, "insecure")) {
		json_set_bool(c, "insecureSkipVerify", true);
	} else if (str_eq(trust, "first-use")) {
		json_set_bool(c, "trustOnFirstUse", true);
	} else {
		json_set_str(
		    json_ensure_obj(c, "caBundleSecretRef"), "name", "bmc-ca");
	}
	fixture_merge(h, "spec", json_child(how, "spec"));
	if (json_child(how, "labels") != NULL)
		json_set(json_child(h, "metadata"), "labels",
		    json_dup(json_child(how, "labels")));
	return h;
}

static bool
fixture_hosts(struct play *p, const cJSON *how, struct err *e)
{
	int64_t n = cJSON_IsNumber(how)
			? json_i64(how, "", 0)
			: json_i64(how, "count", (int64_t)p->f->bmcs.n);
	const char *ns = json_str(how, "namespace", "default");
	const char *trust = json_str(how, "trust", "ca");
	cJSON *list = cJSON_CreateArray(), *ca;
	bool ok = true;

	if (cJSON_IsNumber(how))
		n = (int64_t)how->valuedouble;
	if (p->be->bmc_ca != NULL) {
		ca = fixture_object("v1", "Secret", ns, "bmc-ca");
		json_set_str(
		    json_ensure_obj(ca, "stringData"), "ca.crt", p->be->bmc_ca);
		cJSON_AddItemToArray(list, ca);
	}
	for (size_t i = 0; ok && i < p->f->bmcs.n && (int64_t)i < n; i++) {
		const struct fact_bmc *b = p->f->bmcs.v[i].value;

		cJSON_AddItemToArray(list, fixture_secret(ns, p, b));
		cJSON_AddItemToArray(list, fixture_host(ns, b, how, trust));
		ok = fixture_flush(p, &list, 100, e);
	}
	ok = ok && fixture_flush(p, &list, 1, e);
	cJSON_Delete(list);
	return ok;
}

/* ---- a cluster ------------------------------------------------------------------ */

static void
fixture_ref(cJSON *o, const char *path, const char *group, const char *kind,
    const char *name)
{
	cJSON *r = json_ensure_obj(o, path);

	json_set_str(r, "apiGroup", group);
	json_set_str(r, "kind", kind);
	json_set_str(r, "name", name);
}

static void
fixture_labels(cJSON *o, const char *cluster, bool control_plane)
{
	cJSON *l = json_ensure_obj(o, "metadata/labels");

	json_set_str(l, LABEL_CLUSTER, cluster);
	if (control_plane)
		json_set_str(l, LABEL_CP, "");
}

struct fixture_machine {
	const char *ns, *cluster, *image;
	bool control_plane;
	const cJSON *how;
	unsigned scale; /* times pass so many times faster */
};

/* The deadline for evidence, as the times of the BMC that it waits for. */
static void
fixture_scale(cJSON *infra, unsigned scale)
{
	cJSON *c = json_child(json_child(infra, "spec"), "completion");
	int64_t s = json_i64(c, "timeoutSeconds", 0) / scale;

	if (c != NULL && json_child(c, "timeoutSeconds") != NULL)
		json_set_i64(c, "timeoutSeconds", s < 1 ? 1 : s);
}

static void
fixture_machine(cJSON *list, const struct fixture_machine *m, const char *name)
{
	cJSON *infra = fixture_object(INFRA_API, "Beskar7Machine", m->ns, name);
	cJSON *capi = fixture_object(CAPI_API, "Machine", m->ns, name);
	cJSON *image = json_ensure_obj(infra, "spec/image");

	json_set_str(image, "url", m->image);
	json_set_str(image, "kind", json_str(m->how, "kind", "Installer"));
	fixture_labels(infra, m->cluster, m->control_plane);
	fixture_merge(infra, "spec", json_child(m->how, "machine-spec"));
	fixture_scale(infra, m->scale);
	fixture_labels(capi, m->cluster, m->control_plane);
	json_set_str(json_ensure_obj(capi, "spec"), "clusterName", m->cluster);
	fixture_ref(capi, "spec/bootstrap/configRef",
	    "bootstrap.cluster.x-k8s.io", "KubeadmConfig", name);
	fixture_ref(capi, "spec/infrastructureRef",
	    "infrastructure.cluster.x-k8s.io", "Beskar7Machine", name);
	cJSON_AddItemToArray(list, infra);
	cJSON_AddItemToArray(list, capi);
}

static void
fixture_cluster_objects(cJSON *list, const struct fixture_machine *m)
{
	cJSON *infra =
	    fixture_object(INFRA_API, "Beskar7Cluster", m->ns, m->cluster);
	cJSON *capi = fixture_object(CAPI_API, "Cluster", m->ns, m->cluster);
	cJSON *end = json_ensure_obj(infra, "spec/controlPlaneEndpoint");

	json_set_str(end, "host", json_str(m->how, "endpoint", "10.1.2.3"));
	json_set_i64(end, "port", 6443);
	fixture_ref(capi, "spec/infrastructureRef",
	    "infrastructure.cluster.x-k8s.io", "Beskar7Cluster", m->cluster);
	cJSON_AddItemToArray(list, infra);
	cJSON_AddItemToArray(list, capi);
}

bool
play_cluster(struct play *p, const cJSON *c, struct err *e)
{
	const char *image = json_str(c, "image", "installer.iso");
	char *url = strstr(image, "://") != NULL
			? xstrdup(image)
			: xasprintf("%s/%s", p->be->origin, image);
	struct fixture_machine m = { json_str(c, "namespace", "default"),
		json_str(c, "name", "c1"), url, true, c,
		p->o.sockets && p->o.time_scale > 1 ? p->o.time_scale : 1 };
	int64_t cp = json_i64(c, "control-plane", 1);
	int64_t workers = json_i64(c, "workers", 0);
	cJSON *list = cJSON_CreateArray();
	bool ok = true;

	fixture_cluster_objects(list, &m);
	for (int64_t i = 0; ok && i < cp + workers; i++) {
		char *name;

		m.control_plane = i < cp;
		name = xasprintf("%s-%s-%lld", m.cluster,
		    m.control_plane ? "cp" : "w",
		    (long long)(m.control_plane ? i : i - cp));
		fixture_machine(list, &m, name);
		xfree(name);
		ok = fixture_flush(p, &list, 100, e);
	}
	ok = ok && fixture_flush(p, &list, 1, e);
	cJSON_Delete(list);
	xfree(url);
	return ok;
}

/* ---- manifests ------------------------------------------------------------------- */

bool
play_apply_file(struct play *p, const char *path, struct err *e)
{
	struct files f = files_system();
	char *full = path[0] == '/' ? xstrdup(path)
				    : xasprintf("%s/%s", p->o.root, path);
	struct buf b;
	bool ok;

	buf_init(&b, 4u << 20);
	ok = f.read(f.self, full, &b, e) &&
	     p->be->ops->apply(p->be, buf_str(&b), path, e);
	buf_free(&b);
	xfree(full);
	return ok || err_wrap(e, "%s", path);
}

static bool
fixture_manifests(struct play *p, struct err *e)
{
	cJSON *all =
	    json_child(p->sc->doc, "manifests") == NULL
		? cJSON_CreateArray()
		: subst(json_child(p->sc->doc, "manifests"), play_var, p, e);
	cJSON *list = cJSON_CreateArray();
	const cJSON *m;
	bool ok = all != NULL;

	cJSON_ArrayForEach (m, all) {
		const char *file = json_str(m, "file", NULL);

		if (ok && file != NULL)
			ok = play_apply_file(p, file, e);
		else if (file == NULL)
			cJSON_AddItemToArray(list, json_dup(m));
	}
	ok = ok && fixture_flush(p, &list, 1, e);
	cJSON_Delete(list);
	cJSON_Delete(all);
	return ok;
}

bool
play_fixtures(struct play *p, struct err *e)
{
	const cJSON *hosts = json_child(p->sc->doc, "hosts");
	const cJSON *cluster = json_child(p->sc->doc, "cluster");
	cJSON *c = NULL;
	bool ok = true;

	if (!fixture_manifests(p, e))
		return false;
	if (hosts != NULL && !fixture_hosts(p, hosts, e))
		return false;
	if (cluster != NULL && !json_bool(cluster, "step", false)) {
		c = subst(cluster, play_var, p, e);
		ok = c != NULL && play_cluster(p, c, e);
		cJSON_Delete(c);
	}
	return ok;
}
