/* See clone.h. */
#include "sim/core/clone.h"

#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define CLONE_APPLY "application/apply-patch+yaml"
#define CLONE_TRIES 3
#define CLONE_SET "clone-set"
#define CLONE_SET_UID "c10e0000-0000-4000-8000-000000000001"

struct core_clone {
	struct core *c;
	/* owned */
	char *group, *template_kind, *ns, *template_name;
	char *machine, *cluster, *data_secret;
	char *kind, *path, *api_version;
	bool control_plane;
	unsigned tries;
	struct core_clone_result result;
	void (*done)(void *arg, const struct core_clone_result *r);
	void *arg;
	LIST_ENTRY(core_clone) entry;
};

static void
clone_free(struct core_clone *k)
{
	char *owned[] = { k->group, k->template_kind, k->ns, k->template_name,
		k->machine, k->cluster, k->data_secret, k->kind, k->path,
		k->api_version };

	LIST_REMOVE(k, entry);
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		xfree(owned[i]);
	xfree(k);
}

void
core_clones_free(struct core *c)
{
	while (!LIST_EMPTY(&c->clones))
		clone_free(LIST_FIRST(&c->clones));
}

static void
clone_end(struct core_clone *k)
{
	k->result.ok = k->result.why[0] == '\0';
	k->done(k->arg, &k->result);
	clone_free(k);
}

static bool
clone_ok(struct core_clone *k, const char *step, int status, const cJSON *body)
{
	if (status >= 200 && status < 300)
		return true;
	(void)str_format(k->result.why, sizeof(k->result.why), "%s: %d %s",
	    step, status, json_str(body, "message", ""));
	return false;
}

/* ---- what is written ------------------------------------------------------ */

static void
clone_labels(const struct core_clone *k, cJSON *meta)
{
	cJSON *l = json_ensure_obj(meta, "labels");

	json_set_str(l, CAPI "/cluster-name", k->cluster);
	json_set_str(l, CAPI "/set-name", CLONE_SET);
	if (k->control_plane)
		json_set_str(l, CAPI "/control-plane", "");
}

static void
clone_annotations(const struct core_clone *k, cJSON *meta)
{
	cJSON *a = json_ensure_obj(meta, "annotations");
	char *gk = xasprintf("%s.%s", k->template_kind, k->group);

	json_set_str(a, CAPI "/cloned-from-name", k->template_name);
	json_set_str(a, CAPI "/cloned-from-groupkind", gk);
	xfree(gk);
}

static void
clone_owner(cJSON *meta)
{
	cJSON *list = cJSON_CreateArray(), *ref = cJSON_CreateObject();

	json_set_str(ref, "apiVersion", CAPI "/v1beta2");
	json_set_str(ref, "kind", "MachineSet");
	json_set_str(ref, "name", CLONE_SET);
	json_set_str(ref, "uid", CLONE_SET_UID);
	json_set_bool(ref, "controller", true);
	json_set_bool(ref, "blockOwnerDeletion", true);
	cJSON_AddItemToArray(list, ref);
	json_set(meta, "ownerReferences", list);
}

static cJSON *
clone_object(
    const struct core_clone *k, const char *api_version, const char *kind)
{
	cJSON *o = cJSON_CreateObject(), *meta;

	json_set_str(o, "apiVersion", api_version);
	json_set_str(o, "kind", kind);
	meta = json_ensure_obj(o, "metadata");
	json_set_str(meta, "name", k->machine);
	json_set_str(meta, "namespace", k->ns);
	clone_labels(k, meta);
	return o;
}

static cJSON *
clone_machine(const struct core_clone *k)
{
	cJSON *m = clone_object(k, CAPI "/v1beta2", "Machine");
	cJSON *spec = json_ensure_obj(m, "spec"), *ref;

	clone_owner(json_ensure_obj(m, "metadata"));
	json_set_str(spec, "clusterName", k->cluster);
	ref = json_ensure_obj(spec, "infrastructureRef");
	json_set_str(ref, "apiGroup", k->group);
	json_set_str(ref, "kind", k->kind);
	json_set_str(ref, "name", k->machine);
	if (k->data_secret != NULL) {
		json_set_str(json_ensure_obj(spec, "bootstrap"),
		    "dataSecretName", k->data_secret);
		return m;
	}
	ref = json_ensure_obj(spec, "bootstrap/configRef");
	json_set_str(ref, "apiGroup", "bootstrap.cluster.x-k8s.io");
	json_set_str(ref, "kind", "KubeadmConfig");
	json_set_str(ref, "name", k->machine);
	return m;
}

/* Labels and annotations go over to the manager that applies them later. */
static cJSON *
clone_managers(const cJSON *object)
{
	cJSON *p = cJSON_CreateObject(), *list, *e;
	cJSON *meta = json_ensure_obj(p, "metadata");

	json_set_str(meta, "resourceVersion",
	    json_str(object, "metadata/resourceVersion", ""));
	list = json_dup(json_arr(object, "metadata/managedFields"));
	cJSON_ArrayForEach (e, list) {
		cJSON *f = json_at_mut(e, "fieldsV1/f:metadata");

		if (!str_eq(json_str(e, "manager", ""), "capi-machineset") ||
		    f == NULL)
			continue;
		json_set(f, "f:labels", NULL);
		json_set(f, "f:annotations", NULL);
	}
	json_set(meta, "managedFields", list);
	return p;
}

/* ---- step by step ---------------------------------------------------------- */

static void
clone_metadata_done(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;

	(void)clone_ok(k, "apply metadata", status, body);
	clone_end(k);
}

static void
clone_machine_done(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;
	cJSON *o, *meta;
	char *target;

	if (!clone_ok(k, "create Machine", status, body)) {
		clone_end(k);
		return;
	}
	o = clone_object(k, k->api_version, k->kind);
	meta = json_ensure_obj(o, "metadata");
	clone_annotations(k, meta);
	target = xasprintf(
	    "%s?fieldManager=capi-machineset-metadata&force=true", k->path);
	core_request(k->c->api, "PATCH", target, CLONE_APPLY, o,
	    (struct core_done){ clone_metadata_done, k });
	xfree(target);
	cJSON_Delete(o);
}

static void clone_managers_done(void *arg, int status, const cJSON *body);

static void
clone_patch_managers(struct core_clone *k, const cJSON *object)
{
	cJSON *p = clone_managers(object);

	core_request(k->c->api, "PATCH", k->path, CORE_MERGE, p,
	    (struct core_done){ clone_managers_done, k });
	cJSON_Delete(p);
}

static void
clone_read_again(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;

	if (clone_ok(k, "read the clone", status, body))
		clone_patch_managers(k, body);
	else
		clone_end(k);
}

static void
clone_managers_done(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;
	cJSON *m;
	char *target;

	if (status == 409) {
		k->result.conflicts++;
		if (++k->tries < CLONE_TRIES) {
			core_request(k->c->api, "GET", k->path, NULL, NULL,
			    (struct core_done){ clone_read_again, k });
			return;
		}
	}
	if (!clone_ok(k, "patch managedFields", status, body)) {
		clone_end(k);
		return;
	}
	m = clone_machine(k);
	target = xasprintf(CAPI_PATH "/namespaces/%s/machines", k->ns);
	core_request(k->c->api, "POST", target, NULL, m,
	    (struct core_done){ clone_machine_done, k });
	xfree(target);
	cJSON_Delete(m);
}

static void
clone_applied(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;

	if (clone_ok(k, "apply the clone", status, body))
		clone_patch_managers(k, body);
	else
		clone_end(k);
}

/* Metadata and spec of spec.template, verbatim, and ours over them. */
static void
clone_apply(struct core_clone *k, const cJSON *template)
{
	const cJSON *t = json_obj(template, "spec/template"), *x;
	cJSON *o = clone_object(k, k->api_version, k->kind);
	cJSON *meta = json_ensure_obj(o, "metadata");
	char *target;

	cJSON_ArrayForEach (x, json_obj(t, "metadata/labels"))
		if (json_child(json_obj(meta, "labels"), x->string) == NULL)
			json_set(json_ensure_obj(meta, "labels"), x->string,
			    json_dup(x));
	cJSON_ArrayForEach (x, json_obj(t, "metadata/annotations"))
		json_set(json_ensure_obj(meta, "annotations"), x->string,
		    json_dup(x));
	clone_annotations(k, meta);
	clone_owner(meta);
	if (json_obj(t, "spec") != NULL)
		json_set(o, "spec", json_dup(json_obj(t, "spec")));
	target =
	    xasprintf("%s?fieldManager=capi-machineset&force=true", k->path);
	core_request(k->c->api, "PATCH", target, CLONE_APPLY, o,
	    (struct core_done){ clone_applied, k });
	xfree(target);
	cJSON_Delete(o);
}

static void
clone_template(void *arg, int status, const cJSON *body)
{
	struct core_clone *k = arg;

	if (clone_ok(k, "read the template", status, body))
		clone_apply(k, body);
	else
		clone_end(k);
}

/* "/apis/group/version/namespaces/ns/plural/name"; owned, NULL without the
 * contract's label. */
static char *
clone_path(const struct core_clone *k, const char *kind, const char *name,
    char **api_version)
{
	char *base = core_infra_path(k->c, k->group, kind, k->ns, api_version);
	char *path = base == NULL ? NULL : xasprintf("%s/%s", base, name);

	xfree(base);
	return path;
}

static bool
clone_resolve(struct core_clone *k, char **template_path)
{
	size_t n = strlen(k->template_kind), cut = strlen("Template");

	if (n <= cut || !str_eq(k->template_kind + n - cut, "Template"))
		return false;
	k->kind = xstrndup(k->template_kind, n - cut);
	*template_path =
	    clone_path(k, k->template_kind, k->template_name, NULL);
	k->path = clone_path(k, k->kind, k->machine, &k->api_version);
	return *template_path != NULL && k->path != NULL;
}

void
core_clone(struct core *c, const struct core_clone_opts *o,
    void (*done)(void *arg, const struct core_clone_result *r), void *arg)
{
	struct core_clone *k = xcalloc(1, sizeof(*k));
	char *template_path = NULL;

	k->c = c;
	k->group = xstrdup(o->group);
	k->template_kind = xstrdup(o->kind);
	k->ns = xstrdup(o->ns);
	k->template_name = xstrdup(o->name);
	k->machine = xstrdup(o->machine);
	k->cluster = xstrdup(o->cluster);
	k->data_secret = xstrdup(o->data_secret);
	k->control_plane = o->control_plane;
	k->done = done;
	k->arg = arg;
	LIST_INSERT_HEAD(&c->clones, k, entry);
	if (clone_resolve(k, &template_path)) {
		core_request(c->api, "GET", template_path, NULL, NULL,
		    (struct core_done){ clone_template, k });
	} else {
		(void)str_format(k->result.why, sizeof(k->result.why),
		    "no kind %s of %s with the contract's label", o->kind,
		    o->group);
		clone_end(k);
	}
	xfree(template_path);
}
