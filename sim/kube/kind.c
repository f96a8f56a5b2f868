#include "sim/kube/kind.h"

#include <assert.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/object.h"
#include "sim/kube/watch.h"

/* Served although no document describes their fields. */
static const char *const sa_short[] = { "sa" };
static const struct api_resource more_builtins[] = {
	{ .group = "",
	    .version = "v1",
	    .plural = "serviceaccounts",
	    .singular = "serviceaccount",
	    .kind = "ServiceAccount",
	    .list_kind = "ServiceAccountList",
	    .short_names = sa_short,
	    .n_short_names = 1,
	    .namespaced = true },
};

static const struct {
	const char *group, *plural;
	enum ks_special special;
} specials[] = {
	{ "", "namespaces", KS_NAMESPACE },
	{ "", "secrets", KS_SECRET },
	{ "", "configmaps", KS_CONFIGMAP },
	{ "", "events", KS_EVENT },
	{ "coordination.k8s.io", "leases", KS_LEASE },
	{ "apiextensions.k8s.io", "customresourcedefinitions", KS_CRD },
};

static enum ks_special
special_of(const char *group, const char *plural)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (str_eq(specials[i].group, group) &&
		    str_eq(specials[i].plural, plural))
			return specials[i].special;
	return KS_PLAIN;
}

static void
version_names(struct ks_version *v, const char *group, const char *name)
{
	v->group = group;
	v->name = name;
	v->api_version =
	    group[0] == '\0' ? xstrdup(name) : xasprintf("%s/%s", group, name);
	v->head = xasprintf("{\"apiVersion\":\"%s\"", v->api_version);
}

static void
versions_fini(struct ks_kind *k)
{
	for (size_t i = 0; i < k->n_versions; i++) {
		xfree(k->versions[i].api_version);
		xfree(k->versions[i].head);
		k->versions[i] = (struct ks_version){ 0 };
	}
	k->n_versions = 0;
}

static struct ks_kind *
kind_add(struct ks_kinds *ks, const char *group, const char *plural)
{
	struct ks_kind *k = xcalloc(1, sizeof(*k));

	k->group = xstrdup(group);
	k->plural = xstrdup(plural);
	k->resource = group[0] == '\0' ? xstrdup(plural)
				       : xasprintf("%s.%s", plural, group);
	ks->v = xreallocarray(ks->v, ks->n + 1, sizeof(struct ks_kind *));
	ks->v[ks->n++] = k;
	return k;
}

static void
builtin_schema(struct ks_kind *k)
{
	cJSON *doc = schema_builtin(k->group, k->kind);
	struct err e;

	if (doc == NULL)
		return;
	k->own_schema = schema_compile(doc, &e);
	assert(k->own_schema != NULL); /* a constant of ours */
	cJSON_Delete(doc);
}

static void
builtin_add(struct ks_kinds *ks, const struct api_resource *r)
{
	struct ks_kind *k;

	/* Events of both groups are the same objects. */
	if (str_eq(r->group, "events.k8s.io")) {
		k = ks_kind_find(ks, "", "events");
		assert(k != NULL);
		k->versions[1].events_v1 = true;
	} else {
		k = kind_add(ks, r->group, r->plural);
		k->kind = xstrdup(r->kind);
		k->list_kind = xstrdup(r->list_kind);
		k->namespaced = r->namespaced;
		k->special = special_of(r->group, r->plural);
		k->served = true;
		builtin_schema(k);
		k->own_table = table_new_builtin(r->group, r->kind);
	}
	k->api[k->n_versions] = *r;
	if (k->n_versions == 0)
		k->api[0].schema = k->own_schema;
	version_names(&k->versions[k->n_versions], r->group, r->version);
	k->versions[k->n_versions].served = true;
	k->versions[k->n_versions].has_status = r->has_status;
	k->versions[k->n_versions].schema = k->own_schema;
	k->versions[k->n_versions].table = k->own_table;
	k->n_versions++;
}

static void
meta_schema(struct ks_kinds *ks)
{
	cJSON *doc = schema_builtin("", "ConfigMap");
	struct err e;

	assert(doc != NULL);
	ks->meta = schema_compile(doc, &e);
	assert(ks->meta != NULL);
	cJSON_Delete(doc);
}

void
ks_kinds_init(struct ks_kinds *ks)
{
	size_t n;
	const struct api_resource *r = discovery_builtins(&n);

	*ks = (struct ks_kinds){ 0 };
	meta_schema(ks);
	for (size_t i = 0; i < n; i++)
		builtin_add(ks, &r[i]);
	for (size_t i = 0; i < sizeof(more_builtins) / sizeof(more_builtins[0]);
	     i++)
		if (ks_kind_find(ks, more_builtins[i].group,
			more_builtins[i].plural) == NULL)
			builtin_add(ks, &more_builtins[i]);
}

static void
kind_free(struct ks_kind *k)
{
	assert(k->watches == NULL);
	map_free(&k->objects, NULL);
	versions_fini(k);
	crd_free(k->crd);
	schema_free(k->own_schema);
	table_free(k->own_table);
	xfree(k->group);
	xfree(k->plural);
	xfree(k->kind);
	xfree(k->list_kind);
	xfree(k->resource);
	xfree(k);
}

void
ks_kinds_fini(struct ks_kinds *ks)
{
	for (size_t i = 0; i < ks->n; i++)
		kind_free(ks->v[i]);
	xfree(ks->v);
	schema_free(ks->meta);
	*ks = (struct ks_kinds){ 0 };
}

struct ks_kind *
ks_kind_find(const struct ks_kinds *ks, const char *group, const char *plural)
{
	for (size_t i = 0; i < ks->n; i++)
		if (str_eq(ks->v[i]->plural, plural) &&
		    str_eq(ks->v[i]->group, group))
			return ks->v[i];
	return NULL;
}

static const struct ks_version *
served_version(const struct ks_kind *k, const char *group, const char *name)
{
	if (!k->served)
		return NULL;
	for (size_t i = 0; i < k->n_versions; i++)
		if (k->versions[i].served &&
		    str_eq(k->versions[i].name, name) &&
		    str_eq(k->versions[i].group, group))
			return &k->versions[i];
	return NULL;
}

bool
ks_kind_lookup(const struct ks_kinds *ks, const char *group,
    const char *version, const char *plural, struct ks_kind **k,
    const struct ks_version **v)
{
	for (size_t i = 0; i < ks->n; i++) {
		if (!str_eq(ks->v[i]->plural, plural))
			continue;
		*v = served_version(ks->v[i], group, version);
		*k = ks->v[i];
		if (*v != NULL)
			return true;
	}
	return false;
}

struct ks_kind *
ks_kind_of_ref(
    const struct ks_kinds *ks, const char *api_version, const char *kind)
{
	for (size_t i = 0; i < ks->n; i++) {
		const struct ks_kind *k = ks->v[i];

		if (!k->served || !str_eq(k->kind, kind))
			continue;
		for (size_t n = 0; n < k->n_versions; n++)
			if (str_eq(k->versions[n].api_version, api_version))
				return ks->v[i];
	}
	return NULL;
}

bool
ks_group_served(const struct ks_kinds *ks, const char *group)
{
	for (size_t i = 0; i < ks->n; i++)
		for (size_t n = 0; ks->v[i]->served && n < ks->v[i]->n_versions;
		     n++)
			if (str_eq(ks->v[i]->versions[n].group, group))
				return true;
	return false;
}

static void
custom_versions(struct ks_kind *k)
{
	versions_fini(k);
	k->n_versions = k->crd->n_versions;
	k->storage = k->crd->storage;
	for (size_t i = 0; i < k->n_versions; i++) {
		const struct crd_version *c = &k->crd->versions[i];
		struct ks_version *v = &k->versions[i];

		version_names(v, k->group, c->name);
		v->served = c->served;
		v->has_status = c->has_status;
		v->deprecated = c->deprecated;
		v->warning = c->warning;
		v->warning = c->warning;
		v->schema = c->schema;
		v->table = c->table;
		v->selectable = (const char *const *)c->selectable;
		v->n_selectable = c->n_selectable;
		k->api[i] = discovery_of_crd(k->crd, c);
	}
}

struct ks_kind *
ks_kind_serve(struct ks_kinds *ks, struct crd *c)
{
	struct ks_kind *k = ks_kind_find(ks, c->group, c->plural);

	if (k == NULL)
		k = kind_add(ks, c->group, c->plural);
	crd_free(k->crd);
	k->crd = c;
	xreplace(&k->kind, c->kind);
	xreplace(&k->list_kind, c->list_kind);
	k->namespaced = c->namespaced;
	k->special = KS_CUSTOM;
	k->served = true;
	custom_versions(k);
	return k;
}

struct api_resource *
ks_kinds_api(const struct ks_kinds *ks, size_t *n)
{
	struct api_resource *out = NULL;

	*n = 0;
	for (size_t i = 0; i < ks->n; i++) {
		const struct ks_kind *k = ks->v[i];

		for (size_t v = 0; k->served && v < k->n_versions; v++) {
			if (!k->versions[v].served)
				continue;
			out = xreallocarray(out, *n + 1, sizeof(*out));
			out[(*n)++] = k->api[v];
		}
	}
	return out;
}
