#include "sim/kube/object.h"

#include <assert.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/kept.h"
#include "sim/kube/kind.h"

const char *
ks_pairs_get(const struct ks_pairs *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->v[i].key, key))
			return p->v[i].value;
	return NULL;
}

void
ks_pairs_add(struct ks_pairs *p, const char *key, const char *value)
{
	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n].key = xstrdup(key);
	p->v[p->n].value = xstrdup(value);
	p->n++;
}

void
ks_pairs_free(struct ks_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		xfree(p->v[i].key);
		xfree(p->v[i].value);
	}
	xfree(p->v);
	*p = (struct ks_pairs){ 0 };
}

char *
ks_key(const char *ns, const char *name)
{
	if (str_empty(ns))
		return xstrdup(name);
	return xasprintf("%s/%s", ns, name);
}

/* Field selectors of builtin kinds, as their registries register them. */
static const struct {
	enum ks_special special;
	const char *name, *path;
} selectable[] = {
	{ KS_EVENT, "involvedObject.kind", "involvedObject/kind" },
	{ KS_EVENT, "involvedObject.namespace", "involvedObject/namespace" },
	{ KS_EVENT, "involvedObject.name", "involvedObject/name" },
	{ KS_EVENT, "involvedObject.uid", "involvedObject/uid" },
	{ KS_EVENT, "involvedObject.apiVersion", "involvedObject/apiVersion" },
	{ KS_EVENT, "involvedObject.resourceVersion",
	    "involvedObject/resourceVersion" },
	{ KS_EVENT, "involvedObject.fieldPath", "involvedObject/fieldPath" },
	{ KS_EVENT, "regarding.kind", "involvedObject/kind" },
	{ KS_EVENT, "regarding.namespace", "involvedObject/namespace" },
	{ KS_EVENT, "regarding.name", "involvedObject/name" },
	{ KS_EVENT, "regarding.uid", "involvedObject/uid" },
	{ KS_EVENT, "reason", "reason" },
	{ KS_EVENT, "reportingComponent", "reportingComponent" },
	{ KS_EVENT, "source", "source/component" },
	{ KS_EVENT, "type", "type" },
	{ KS_SECRET, "type", "type" },
	{ KS_NAMESPACE, "status.phase", "status/phase" },
	{ KS_NAMESPACE, "name", "metadata/name" },
};

bool
ks_field_builtin(enum ks_special special, const char *name)
{
	for (size_t i = 0; i < sizeof(selectable) / sizeof(selectable[0]); i++)
		if (selectable[i].special == special &&
		    str_eq(selectable[i].name, name))
			return true;
	return false;
}

static void
add_field(
    struct ks_object *o, const cJSON *obj, const char *name, const char *path)
{
	const cJSON *v = json_at(obj, path);
	char *text;

	if (cJSON_IsString(v)) {
		ks_pairs_add(&o->fields, name, v->valuestring);
	} else if (cJSON_IsBool(v) || cJSON_IsNumber(v)) {
		text = json_print(v);
		ks_pairs_add(&o->fields, name, text);
		xfree(text);
	} else {
		ks_pairs_add(&o->fields, name, "");
	}
}

static void
custom_field(struct ks_object *o, const cJSON *obj, const char *name)
{
	char *path = xstrdup(name[0] == '.' ? name + 1 : name);

	for (char *p = path; *p != '\0'; p++)
		if (*p == '.')
			*p = '/';
	add_field(o, obj, name[0] == '.' ? name + 1 : name, path);
	xfree(path);
}

static void
collect_fields(struct ks_object *o, const cJSON *obj)
{
	const struct ks_version *v = ks_kind_storage(o->kind);

	for (size_t i = 0; i < v->n_selectable; i++)
		custom_field(o, obj, v->selectable[i]);
	if (o->kind->special == KS_CUSTOM || o->kind->special == KS_PLAIN)
		return;
	for (size_t i = 0; i < sizeof(selectable) / sizeof(selectable[0]); i++)
		if (selectable[i].special == o->kind->special)
			add_field(
			    o, obj, selectable[i].name, selectable[i].path);
}

static void
collect_meta(struct ks_object *o, const cJSON *meta)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_obj(meta, "labels")) {
		if (cJSON_IsString(c))
			ks_pairs_add(&o->labels, c->string, c->valuestring);
	}
	cJSON_ArrayForEach (c, json_arr(meta, "ownerReferences")) {
		o->owners =
		    xreallocarray(o->owners, o->n_owners + 1, sizeof(char *));
		o->owners[o->n_owners++] = xstrdup(json_str(c, "uid", ""));
	}
	o->deleting = json_str(meta, "deletionTimestamp", NULL) != NULL;
}

/* Moves a member to the front. */
static void
to_front(cJSON *obj, const char *key)
{
	cJSON *c = json_child(obj, key);

	if (c == NULL || obj->child == c)
		return;
	cJSON_DetachItemViaPointer(obj, c);
	cJSON_InsertItemInArray(obj, 0, c);
}

struct ks_object *
ks_object_new(struct ks_kind *k, cJSON *obj, int64_t rv)
{
	struct ks_object *o = xcalloc(1, sizeof(*o));
	const char *head = ks_kind_storage(k)->head;
	const cJSON *meta;

	json_set_str(obj, "apiVersion", ks_kind_storage(k)->api_version);
	to_front(obj, "metadata");
	to_front(obj, "kind");
	to_front(obj, "apiVersion");
	meta = json_obj(obj, "metadata");
	o->refs = 1;
	o->kind = k;
	o->rv = rv;
	o->ns = xstrdup(json_str(meta, "namespace", ""));
	o->name = xstrdup(json_str(meta, "name", ""));
	o->uid = xstrdup(json_str(meta, "uid", ""));
	o->text = json_print(obj);
	o->n = strlen(o->text);
	o->head = strlen(head);
	assert(str_has_prefix(o->text, head));
	collect_meta(o, meta);
	collect_fields(o, obj);
	return o;
}

struct ks_object *
ks_object_ref(struct ks_object *o)
{
	if (o != NULL)
		o->refs++;
	return o;
}

void
ks_object_unref(struct ks_object *o)
{
	if (o == NULL || --o->refs > 0)
		return;
	ks_kept_drop(o);
	ks_pairs_free(&o->labels);
	ks_pairs_free(&o->fields);
	for (size_t i = 0; i < o->n_owners; i++)
		xfree(o->owners[i]);
	xfree(o->owners);
	xfree(o->ns);
	xfree(o->name);
	xfree(o->uid);
	xfree(o->text);
	xfree(o);
}

cJSON *
ks_object_tree(const struct ks_object *o)
{
	struct err e;
	cJSON *j = json_parse(o->text, o->n, &e);

	assert(j != NULL); /* we printed it */
	return j;
}
