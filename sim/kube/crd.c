#include "sim/kube/crd.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define NAMES_MAX 20

/* ---- defaults ----------------------------------------------------------- */

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 32);
}

void
crd_default(cJSON *obj)
{
	cJSON *names = json_at_mut(obj, "spec/names");
	cJSON *spec = json_at_mut(obj, "spec");
	const char *kind = json_str(names, "kind", "");
	char *s;

	if (!cJSON_IsObject(names))
		return;
	if (str_empty(json_str(names, "singular", NULL))) {
		s = xstrdup(kind);
		lower(s);
		json_set_str(names, "singular", s);
		xfree(s);
	}
	if (str_empty(json_str(names, "listKind", NULL))) {
		s = xasprintf("%sList", kind);
		json_set_str(names, "listKind", s);
		xfree(s);
	}
	if (json_child(spec, "conversion") == NULL)
		json_put(obj, "spec/conversion/strategy",
		    cJSON_CreateString("None"));
}

/* ---- names -------------------------------------------------------------- */

/* A required string at path, which is also its place in messages. */
static const char *
need(const cJSON *obj, const char *path, const char *shown,
    struct field_errors *l)
{
	const char *s = json_str(obj, path, NULL);

	if (!str_empty(s))
		return s;
	field_errors_add(l, FIELD_REQUIRED, shown, "%s", "");
	return "";
}

static void
label(const char *value, const char *shown, struct field_errors *l)
{
	char folded[64];
	cJSON *v;

	if (value[0] == '\0')
		return;
	if (str_copy(folded, sizeof(folded), value)) {
		lower(folded);
		if (str_is_dns_label(folded))
			return;
	}
	v = cJSON_CreateString(value);
	field_errors_invalid(l, shown, v,
	    "a DNS-1035 label must consist of lower case alphanumeric "
	    "characters or '-'");
	cJSON_Delete(v);
}

static void
strings(const cJSON *list, const char *shown, char ***out, size_t *n,
    struct field_errors *l)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, list) {
		if (!cJSON_IsString(i) || *n == NAMES_MAX) {
			field_errors_add(l, FIELD_INVALID, shown,
			    "at most %d strings", NAMES_MAX);
			return;
		}
		label(i->valuestring, shown, l);
		*out = xreallocarray(*out, *n + 1, sizeof(char *));
		(*out)[(*n)++] = xstrdup(i->valuestring);
	}
}

static void
parse_names(struct crd *c, const cJSON *obj, struct field_errors *l)
{
	const char *group = need(obj, "spec/group", "spec.group", l);
	const char *plural =
	    need(obj, "spec/names/plural", "spec.names.plural", l);
	const char *kind = need(obj, "spec/names/kind", "spec.names.kind", l);
	const char *name = json_str(obj, "metadata/name", "");
	char *want = xasprintf("%s.%s", plural, group);
	cJSON *v;

	c->group = xstrdup(group);
	c->plural = xstrdup(plural);
	c->kind = xstrdup(kind);
	c->singular = xstrdup(json_str(obj, "spec/names/singular", ""));
	c->list_kind = xstrdup(json_str(obj, "spec/names/listKind", ""));
	label(plural, "spec.names.plural", l);
	label(c->singular, "spec.names.singular", l);
	label(kind, "spec.names.kind", l);
	label(c->list_kind, "spec.names.listKind", l);
	if (str_eq(c->kind, c->list_kind))
		field_errors_add(l, FIELD_INVALID, "spec.names.listKind",
		    "\"%s\": kind and listKind may not be the same", kind);
	if (group[0] != '\0' &&
	    (!str_is_dns_subdomain(group) || str_is_dns_label(group)))
		field_errors_add(l, FIELD_INVALID, "spec.group",
		    "\"%s\": should be a domain with at least one dot", group);
	if (!str_eq(name, want)) {
		v = cJSON_CreateString(name);
		field_errors_invalid(l, "metadata.name", v,
		    "must be spec.names.plural+\".\"+spec.group");
		cJSON_Delete(v);
	}
	xfree(want);
	strings(json_at(obj, "spec/names/shortNames"), "spec.names.shortNames",
	    &c->short_names, &c->n_short_names, l);
	strings(json_at(obj, "spec/names/categories"), "spec.names.categories",
	    &c->categories, &c->n_categories, l);
}

static void
parse_scope(struct crd *c, const cJSON *obj, struct field_errors *l)
{
	const char *scope = need(obj, "spec/scope", "spec.scope", l);
	const char *strategy =
	    json_str(obj, "spec/conversion/strategy", "None");

	c->namespaced = str_eq(scope, "Namespaced");
	if (scope[0] != '\0' && !c->namespaced && !str_eq(scope, "Cluster"))
		field_errors_add(l, FIELD_NOT_SUPPORTED, "spec.scope",
		    "\"%s\": supported values: \"Cluster\", \"Namespaced\"",
		    scope);
	if (!str_eq(strategy, "None"))
		field_errors_add(l, FIELD_NOT_SUPPORTED,
		    "spec.conversion.strategy",
		    "\"%s\": supported values: \"None\" (this stand-in has no "
		    "conversion webhooks)",
		    strategy);
	if (json_bool(obj, "spec/preserveUnknownFields", false))
		field_errors_add(l, FIELD_INVALID, "spec.preserveUnknownFields",
		    "true: must be false");
}

/* ---- versions ----------------------------------------------------------- */

static void
parse_selectable(struct crd_version *v, const cJSON *list)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, list) {
		const char *path = json_str(i, "jsonPath", "");

		if (path[0] != '.' || v->n_selectable == 8)
			continue;
		v->selectable = xreallocarray(
		    v->selectable, v->n_selectable + 1, sizeof(char *));
		v->selectable[v->n_selectable++] = xstrdup(path + 1);
	}
}

static void
parse_schema(
    struct crd_version *v, const cJSON *j, size_t n, struct field_errors *l)
{
	const cJSON *schema = json_at(j, "schema/openAPIV3Schema");
	char at[80];
	struct err e;

	(void)str_format(
	    at, sizeof(at), "spec.versions[%zu].schema.openAPIV3Schema", n);
	if (schema == NULL) {
		field_errors_add(l, FIELD_REQUIRED, at, "schemas are required");
		return;
	}
	v->schema = schema_compile(schema, &e);
	if (v->schema == NULL)
		field_errors_add(l, FIELD_INVALID, at, "%s", e.msg);
}

static void
parse_version(struct crd *c, const cJSON *j, size_t n, struct field_errors *l)
{
	struct crd_version *v = &c->versions[n];
	char at[80];
	struct err e;

	(void)str_format(at, sizeof(at), "spec.versions[%zu].name", n);
	v->name = xstrdup(need(j, "name", at, l));
	label(v->name, at, l);
	for (size_t i = 0; i < n; i++)
		if (str_eq(c->versions[i].name, v->name))
			field_errors_add(
			    l, FIELD_DUPLICATE, at, "\"%s\"", v->name);
	v->served = json_bool(j, "served", false);
	v->storage = json_bool(j, "storage", false);
	v->deprecated = json_bool(j, "deprecated", false);
	v->warning = xstrdup(json_str(j, "deprecationWarning", NULL));
	v->has_status = json_obj(j, "subresources/status") != NULL;
	parse_selectable(v, json_arr(j, "selectableFields"));
	parse_schema(v, j, n, l);
	v->table = table_new(json_arr(j, "additionalPrinterColumns"), &e);
	if (v->table == NULL) {
		(void)str_format(at, sizeof(at),
		    "spec.versions[%zu].additionalPrinterColumns", n);
		field_errors_add(l, FIELD_INVALID, at, "%s", e.msg);
	}
}

static void
parse_versions(struct crd *c, const cJSON *obj, struct field_errors *l)
{
	const cJSON *list = json_at(obj, "spec/versions"), *j;
	size_t storages = 0;

	cJSON_ArrayForEach (j, list) {
		if (c->n_versions == CRD_MAX_VERSIONS) {
			field_errors_add(l, FIELD_TOO_MANY, "spec.versions",
			    "%d: must have at most %d items",
			    cJSON_GetArraySize(list), CRD_MAX_VERSIONS);
			return;
		}
		parse_version(c, j, c->n_versions, l);
		if (c->versions[c->n_versions].storage) {
			c->storage = c->n_versions;
			storages++;
		}
		c->n_versions++;
	}
	if (c->n_versions == 0)
		field_errors_add(l, FIELD_REQUIRED, "spec.versions",
		    "must have at least one version");
	else if (storages != 1)
		field_errors_add(l, FIELD_INVALID, "spec.versions",
		    "must have exactly one version marked as storage version");
}

struct crd *
crd_parse(const cJSON *obj, struct field_errors *l)
{
	struct crd *c = xcalloc(1, sizeof(*c));
	size_t before = l->n;

	parse_names(c, obj, l);
	parse_scope(c, obj, l);
	parse_versions(c, obj, l);
	if (l->n == before && !l->more)
		return c;
	crd_free(c);
	return NULL;
}

static void
free_strings(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xfree(v[i]);
	xfree(v);
}

void
crd_free(struct crd *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_versions; i++) {
		struct crd_version *v = &c->versions[i];

		xfree(v->name);
		xfree(v->warning);
		schema_free(v->schema);
		table_free(v->table);
		free_strings(v->selectable, v->n_selectable);
	}
	xfree(c->group);
	xfree(c->kind);
	xfree(c->list_kind);
	xfree(c->plural);
	xfree(c->singular);
	free_strings(c->short_names, c->n_short_names);
	free_strings(c->categories, c->n_categories);
	xfree(c);
}

const struct crd_version *
crd_version_by_name(const struct crd *c, const char *name)
{
	for (size_t i = 0; i < c->n_versions; i++)
		if (str_eq(c->versions[i].name, name))
			return &c->versions[i];
	return NULL;
}

/* ---- status and updates ------------------------------------------------- */

static cJSON *
condition(
    const char *type, const char *reason, const char *message, int64_t wall_us)
{
	cJSON *c = cJSON_CreateObject();
	char now[RFC3339_CAP];

	rfc3339_s(now, wall_us);
	json_set_str(c, "type", type);
	json_set_str(c, "status", "True");
	json_set_str(c, "lastTransitionTime", now);
	json_set_str(c, "reason", reason);
	json_set_str(c, "message", message);
	return c;
}

static cJSON *
string_list(char *const *v, size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		(void)cJSON_AddItemToArray(list, cJSON_CreateString(v[i]));
	return list;
}

cJSON *
crd_status(const struct crd *c, int64_t wall_us)
{
	cJSON *st = cJSON_CreateObject(), *names = cJSON_CreateObject();
	cJSON *conds = cJSON_CreateArray();

	(void)cJSON_AddItemToArray(
	    conds, condition("NamesAccepted", "NoConflicts",
		       "no conflicts found", wall_us));
	(void)cJSON_AddItemToArray(
	    conds, condition("Established", "InitialNamesAccepted",
		       "the initial names have been accepted", wall_us));
	json_set(st, "conditions", conds);
	json_set_str(names, "plural", c->plural);
	json_set_str(names, "singular", c->singular);
	if (c->n_short_names > 0)
		json_set(names, "shortNames",
		    string_list(c->short_names, c->n_short_names));
	json_set_str(names, "kind", c->kind);
	json_set_str(names, "listKind", c->list_kind);
	if (c->n_categories > 0)
		json_set(names, "categories",
		    string_list(c->categories, c->n_categories));
	json_set(st, "acceptedNames", names);
	json_set(st, "storedVersions",
	    string_list(&c->versions[c->storage].name, 1));
	return st;
}

static void
same(const char *was, const char *is, const char *at, struct field_errors *l)
{
	cJSON *v;

	if (str_eq(was, is))
		return;
	v = cJSON_CreateString(is);
	field_errors_invalid(l, at, v, "field is immutable");
	cJSON_Delete(v);
}

void
crd_validate_update(
    const struct crd *was, const struct crd *is, struct field_errors *l)
{
	same(was->group, is->group, "spec.group", l);
	same(was->plural, is->plural, "spec.names.plural", l);
	same(was->kind, is->kind, "spec.names.kind", l);
	same(was->namespaced ? "Namespaced" : "Cluster",
	    is->namespaced ? "Namespaced" : "Cluster", "spec.scope", l);
}
