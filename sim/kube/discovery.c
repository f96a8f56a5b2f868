#include "sim/kube/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

/* The API level that the stand-in follows; clients compare minor versions. */
#define SIM_MAJOR "1"
#define SIM_MINOR "32"
#define SIM_VERSION "v1.32.0-beskar7-sim"

static const char *const ns_short[] = { "ns" };
static const char *const cm_short[] = { "cm" };
static const char *const ev_short[] = { "ev" };
static const char *const no_short[] = { "no" };
static const char *const crd_short[] = { "crd", "crds" };
static const char *const crd_categories[] = { "api-extensions" };

static const struct api_resource builtins[] = {
	{ .group = "",
	    .version = "v1",
	    .plural = "configmaps",
	    .singular = "configmap",
	    .kind = "ConfigMap",
	    .list_kind = "ConfigMapList",
	    .short_names = cm_short,
	    .n_short_names = 1,
	    .namespaced = true },
	{ .group = "",
	    .version = "v1",
	    .plural = "events",
	    .singular = "event",
	    .kind = "Event",
	    .list_kind = "EventList",
	    .short_names = ev_short,
	    .n_short_names = 1,
	    .namespaced = true },
	{ .group = "",
	    .version = "v1",
	    .plural = "namespaces",
	    .singular = "namespace",
	    .kind = "Namespace",
	    .list_kind = "NamespaceList",
	    .short_names = ns_short,
	    .n_short_names = 1,
	    .has_status = true },
	{ .group = "",
	    .version = "v1",
	    .plural = "nodes",
	    .singular = "node",
	    .kind = "Node",
	    .list_kind = "NodeList",
	    .short_names = no_short,
	    .n_short_names = 1,
	    .has_status = true },
	{ .group = "",
	    .version = "v1",
	    .plural = "secrets",
	    .singular = "secret",
	    .kind = "Secret",
	    .list_kind = "SecretList",
	    .namespaced = true },
	{ .group = "apiextensions.k8s.io",
	    .version = "v1",
	    .plural = "customresourcedefinitions",
	    .singular = "customresourcedefinition",
	    .kind = "CustomResourceDefinition",
	    .list_kind = "CustomResourceDefinitionList",
	    .short_names = crd_short,
	    .n_short_names = 2,
	    .categories = crd_categories,
	    .n_categories = 1,
	    .has_status = true },
	{ .group = "coordination.k8s.io",
	    .version = "v1",
	    .plural = "leases",
	    .singular = "lease",
	    .kind = "Lease",
	    .list_kind = "LeaseList",
	    .namespaced = true },
	{ .group = "events.k8s.io",
	    .version = "v1",
	    .plural = "events",
	    .singular = "event",
	    .kind = "Event",
	    .list_kind = "EventList",
	    .short_names = ev_short,
	    .n_short_names = 1,
	    .namespaced = true },
};

const struct api_resource *
discovery_builtins(size_t *n)
{
	*n = sizeof(builtins) / sizeof(builtins[0]);
	return builtins;
}

struct api_resource
discovery_of_crd(const struct crd *c, const struct crd_version *v)
{
	return (struct api_resource){
		.group = c->group,
		.version = v->name,
		.plural = c->plural,
		.singular = c->singular,
		.kind = c->kind,
		.list_kind = c->list_kind,
		.short_names = (const char *const *)c->short_names,
		.n_short_names = c->n_short_names,
		.categories = (const char *const *)c->categories,
		.n_categories = c->n_categories,
		.namespaced = c->namespaced,
		.has_status = v->has_status,
		.schema = v->schema,
	};
}

/* ---- order of versions -------------------------------------------------- */

struct version {
	int level; /* 3 GA, 2 beta, 1 alpha, 0 other */
	int64_t major, minor;
};

static struct version
version_parse(const char *s)
{
	static const char *const words[] = { "alpha", "beta" };
	struct version v = { 0 }, other = { 0 };
	size_t n;
	char num[20];

	if (s[0] != 'v')
		return other;
	n = strspn(s + 1, "0123456789");
	if (n == 0 || n >= sizeof(num))
		return other;
	memcpy(num, s + 1, n);
	num[n] = '\0';
	(void)str_to_i64(num, &v.major);
	s += 1 + n;
	v.level = 3;
	if (*s == '\0')
		return v;
	for (int i = 0; i < 2; i++)
		if (str_has_prefix(s, words[i]) &&
		    str_to_i64(s + strlen(words[i]), &v.minor)) {
			v.level = i + 1;
			return v;
		}
	return other;
}

static int
cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int
discovery_version_cmp(const char *a, const char *b)
{
	struct version x = version_parse(a), y = version_parse(b);
	int d = y.level - x.level;

	if (d == 0)
		d = cmp_i64(y.major, x.major);
	if (d == 0)
		d = cmp_i64(y.minor, x.minor);
	return d != 0 ? d : strcmp(a, b);
}

/* Group, then version by preference, then plural. */
static int
resource_cmp(const void *a, const void *b)
{
	const struct api_resource *x = *(const struct api_resource *const *)a;
	const struct api_resource *y = *(const struct api_resource *const *)b;
	int d = strcmp(x->group, y->group);

	if (d == 0)
		d = discovery_version_cmp(x->version, y->version);
	return d != 0 ? d : strcmp(x->plural, y->plural);
}

/* Owned array of n + 1 pointers, the last NULL. */
static const struct api_resource **
sorted(const struct api_resource *r, size_t n)
{
	const struct api_resource **v =
	    xcalloc(n + 1, sizeof(const struct api_resource *));

	for (size_t i = 0; i < n; i++)
		v[i] = &r[i];
	qsort((void *)v, n, sizeof(const struct api_resource *), resource_cmp);
	return v;
}

/* ---- pieces ------------------------------------------------------------- */

static cJSON *
string_list(const char *const *v, size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		(void)cJSON_AddItemToArray(list, cJSON_CreateString(v[i]));
	return list;
}

static cJSON *
verbs(const struct api_resource *r, bool status)
{
	static const char *const all[] = { "create", "delete",
		"deletecollection", "get", "list", "patch", "update", "watch" };
	static const char *const some[] = { "get", "patch", "update" };

	static const char *const one[] = { "create", "delete", "get", "list",
		"patch", "update", "watch" };

	if (!status && str_eq(r->plural, "namespaces"))
		return string_list(one, 7);
	return status ? string_list(some, 3) : string_list(all, 8);
}

static cJSON *
document(const char *kind, const char *api_version)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "kind", kind);
	json_set_str(j, "apiVersion", api_version);
	return j;
}

static char *
group_version(const char *group, const char *version)
{
	return group[0] == '\0' ? xstrdup(version)
				: xasprintf("%s/%s", group, version);
}

static cJSON *
gv_entry(const struct api_resource *r)
{
	cJSON *j = cJSON_CreateObject();
	char *gv = group_version(r->group, r->version);

	json_set_str(j, "groupVersion", gv);
	json_set_str(j, "version", r->version);
	xfree(gv);
	return j;
}

/* From *v on, the entries of one group; leaves *v behind them. */
static cJSON *
group_entry(const struct api_resource ***v)
{
	const struct api_resource *first = **v, *last = NULL;
	cJSON *j = cJSON_CreateObject(), *list = cJSON_CreateArray();

	json_set_str(j, "name", first->group);
	for (; **v != NULL && str_eq((**v)->group, first->group); (*v)++) {
		if (last == NULL || !str_eq(last->version, (**v)->version))
			(void)cJSON_AddItemToArray(list, gv_entry(**v));
		last = **v;
	}
	json_set(j, "versions", list);
	json_set(j, "preferredVersion", gv_entry(first));
	return j;
}

/* ---- documents ---------------------------------------------------------- */

cJSON *
discovery_api(const char *server_address)
{
	static const char *const v1[] = { "v1" };
	cJSON *j = document("APIVersions", NULL);
	cJSON *cidrs = cJSON_CreateArray(), *c = cJSON_CreateObject();

	json_set(j, "versions", string_list(v1, 1));
	json_set_str(c, "clientCIDR", "0.0.0.0/0");
	json_set_str(c, "serverAddress", server_address);
	(void)cJSON_AddItemToArray(cidrs, c);
	json_set(j, "serverAddressByClientCIDRs", cidrs);
	return j;
}

cJSON *
discovery_apis(const struct api_resource *r, size_t n)
{
	const struct api_resource **v = sorted(r, n), **i = v;
	cJSON *j = document("APIGroupList", "v1");
	cJSON *groups = cJSON_CreateArray();

	while (*i != NULL) {
		bool core = (*i)->group[0] == '\0';
		cJSON *g = group_entry(&i);

		if (core)
			cJSON_Delete(g);
		else
			(void)cJSON_AddItemToArray(groups, g);
	}
	json_set(j, "groups", groups);
	xfree((void *)v);
	return j;
}

cJSON *
discovery_group(const struct api_resource *r, size_t n, const char *group)
{
	const struct api_resource **v = sorted(r, n), **i = v;
	cJSON *j = NULL;

	while (*i != NULL && j == NULL) {
		bool hit = str_eq((*i)->group, group) && group[0] != '\0';
		cJSON *g = group_entry(&i);

		if (hit) {
			j = g;
			json_set_str(j, "kind", "APIGroup");
			json_set_str(j, "apiVersion", "v1");
		} else {
			cJSON_Delete(g);
		}
	}
	xfree((void *)v);
	return j;
}

static cJSON *
resource_entry(const struct api_resource *r, bool status)
{
	cJSON *j = cJSON_CreateObject();
	char *name = xasprintf("%s%s", r->plural, status ? "/status" : "");

	json_set_str(j, "name", name);
	json_set_str(j, "singularName", status ? "" : r->singular);
	json_set_bool(j, "namespaced", r->namespaced);
	json_set_str(j, "kind", r->kind);
	json_set(j, "verbs", verbs(r, status));
	if (!status && r->n_short_names > 0)
		json_set(j, "shortNames",
		    string_list(r->short_names, r->n_short_names));
	if (!status && r->n_categories > 0)
		json_set(j, "categories",
		    string_list(r->categories, r->n_categories));
	xfree(name);
	return j;
}

cJSON *
discovery_resources(const struct api_resource *r, size_t n, const char *group,
    const char *version)
{
	const struct api_resource **v = sorted(r, n);
	cJSON *j = document("APIResourceList", "v1");
	cJSON *list = cJSON_CreateArray();
	char *gv = group_version(group, version);

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(v[i]->group, group) ||
		    !str_eq(v[i]->version, version))
			continue;
		(void)cJSON_AddItemToArray(list, resource_entry(v[i], false));
		if (v[i]->has_status)
			(void)cJSON_AddItemToArray(
			    list, resource_entry(v[i], true));
	}
	json_set_str(j, "groupVersion", gv);
	json_set(j, "resources", list);
	xfree(gv);
	xfree((void *)v);
	if (list->child != NULL)
		return j;
	cJSON_Delete(j);
	return NULL;
}

/* ---- aggregated --------------------------------------------------------- */

cJSON *
discovery_gvk(const struct api_resource *r)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "group", r->group);
	json_set_str(j, "version", r->version);
	json_set_str(j, "kind", r->kind);
	return j;
}

static cJSON *
aggregated_resource(const struct api_resource *r)
{
	cJSON *j = cJSON_CreateObject(), *subs, *sub;

	json_set_str(j, "resource", r->plural);
	json_set(j, "responseKind", discovery_gvk(r));
	json_set_str(j, "scope", r->namespaced ? "Namespaced" : "Cluster");
	json_set_str(j, "singularResource", r->singular);
	json_set(j, "verbs", verbs(r, false));
	if (r->n_short_names > 0)
		json_set(j, "shortNames",
		    string_list(r->short_names, r->n_short_names));
	if (r->n_categories > 0)
		json_set(j, "categories",
		    string_list(r->categories, r->n_categories));
	if (!r->has_status)
		return j;
	sub = cJSON_CreateObject();
	json_set_str(sub, "subresource", "status");
	json_set(sub, "responseKind", discovery_gvk(r));
	json_set(sub, "verbs", verbs(r, true));
	subs = cJSON_CreateArray();
	(void)cJSON_AddItemToArray(subs, sub);
	json_set(j, "subresources", subs);
	return j;
}

/* From *v on, the resources of one version; leaves *v behind them. */
static cJSON *
aggregated_version(const struct api_resource ***v)
{
	const struct api_resource *first = **v;
	cJSON *j = cJSON_CreateObject(), *list = cJSON_CreateArray();

	json_set_str(j, "version", first->version);
	for (; **v != NULL && str_eq((**v)->group, first->group) &&
	       str_eq((**v)->version, first->version);
	     (*v)++)
		(void)cJSON_AddItemToArray(list, aggregated_resource(**v));
	json_set(j, "resources", list);
	json_set_str(j, "freshness", "Current");
	return j;
}

static cJSON *
aggregated_group(const struct api_resource ***v)
{
	const struct api_resource *first = **v;
	cJSON *j = cJSON_CreateObject(), *meta = cJSON_CreateObject();
	cJSON *list = cJSON_CreateArray();

	/* The core group has no name at all. */
	if (first->group[0] != '\0')
		json_set_str(meta, "name", first->group);
	json_set(meta, "creationTimestamp", cJSON_CreateNull());
	json_set(j, "metadata", meta);
	while (**v != NULL && str_eq((**v)->group, first->group))
		(void)cJSON_AddItemToArray(list, aggregated_version(v));
	json_set(j, "versions", list);
	return j;
}

cJSON *
discovery_aggregated(const struct api_resource *r, size_t n, bool core)
{
	const struct api_resource **v = sorted(r, n), **i = v;
	cJSON *j = document("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2");
	cJSON *items = cJSON_CreateArray();

	json_set(j, "metadata", cJSON_CreateObject());
	while (*i != NULL) {
		bool is_core = (*i)->group[0] == '\0';
		cJSON *g = aggregated_group(&i);

		if (is_core == core)
			(void)cJSON_AddItemToArray(items, g);
		else
			cJSON_Delete(g);
	}
	json_set(j, "items", items);
	xfree((void *)v);
	return j;
}

cJSON *
discovery_version(const char *platform)
{
	static const char *const fixed[][2] = {
		{ "major", SIM_MAJOR },
		{ "minor", SIM_MINOR },
		{ "gitVersion", SIM_VERSION },
		{ "gitCommit", "" },
		{ "gitTreeState", "" },
		{ "buildDate", "1970-01-01T00:00:00Z" },
		{ "goVersion", "none" },
		{ "compiler", "cc" },
	};
	cJSON *j = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		json_set_str(j, fixed[i][0], fixed[i][1]);
	json_set_str(j, "platform", platform);
	return j;
}

bool
discovery_aggregated_accepted(const char *accept)
{
	const char *p = accept;

	while (p != NULL && *p != '\0') {
		const char *end;
		char part[160];
		size_t n;

		p += strspn(p, " ,");
		n = strcspn(p, ",");
		end = p + n;
		if (n >= sizeof(part))
			return false;
		memcpy(part, p, n);
		part[n] = '\0';
		p = end;
		if (!str_has_prefix(part, "application/json"))
			continue;
		if (strstr(part, "g=apidiscovery.k8s.io") == NULL)
			return false;
		if (strstr(part, "as=APIGroupDiscoveryList") != NULL &&
		    (str_has_suffix(part, "v=v2") ||
			strstr(part, "v=v2;") != NULL))
			return true;
	}
	return false;
}
