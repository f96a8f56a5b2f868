#include "sim/kube/table.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/table_columns.h"

#define CELL_MAX 4096

/* ---- ages --------------------------------------------------------------- */

/* The steps of apimachinery's HumanDuration. */
void
table_age(char out[TABLE_AGE_CAP], int64_t from_us, int64_t now_us)
{
	int64_t s = (now_us - from_us) / 1000000, m = s / 60, h = m / 60;
	int64_t d = h / 24, y = d / 365;
	const struct {
		int64_t below;      /* the unit is used until it reaches this */
		int64_t big, small; /* small < 0: not shown */
		char unit, sub;
	} steps[] = {
		{ 120, s, -1, 's', 0 },
		{ 10, m, s % 60, 'm', 's' },
		{ 180, m, -1, 'm', 0 },
		{ 8, h, m % 60, 'h', 'm' },
		{ 48, h, -1, 'h', 0 },
		{ 8, d, h % 24, 'd', 'h' },
		{ 730, d, -1, 'd', 0 },
		{ 8, y, d % 365, 'y', 'd' },
		{ INT64_MAX, y, -1, 'y', 0 },
	};

	size_t i = 0;

	/* Clocks may differ by a second. */
	if (s < 0) {
		(void)str_copy(out, TABLE_AGE_CAP, s < -1 ? "<invalid>" : "0s");
		return;
	}
	while (steps[i].big >= steps[i].below)
		i++;
	if (steps[i].small > 0)
		(void)str_format(out, TABLE_AGE_CAP, "%lld%c%lld%c",
		    (long long)steps[i].big, steps[i].unit,
		    (long long)steps[i].small, steps[i].sub);
	else
		(void)str_format(out, TABLE_AGE_CAP, "%lld%c",
		    (long long)steps[i].big, steps[i].unit);
}

cJSON *
table_age_cell(const cJSON *time, int64_t wall_us)
{
	char age[TABLE_AGE_CAP];
	int64_t us;

	if (!cJSON_IsString(time))
		return cJSON_CreateString("<unknown>");
	if (!rfc3339_parse(time->valuestring, &us))
		return cJSON_CreateString("<invalid>");
	table_age(age, us, wall_us);
	return cJSON_CreateString(age);
}

/* ---- columns ------------------------------------------------------------ */

static struct table_column *
add_column(struct table *t, const char *name, const char *type, const char *doc,
    int priority)
{
	struct table_column *c = &t->v[t->n++];

	c->name = xstrdup(name);
	c->type = xstrdup(type);
	c->format = xstrdup(t->n == 1 && str_eq(name, "Name") ? "name" : "");
	c->doc = xstrdup(doc);
	c->priority = priority;
	return c;
}

static cJSON *
name_cell(const cJSON *obj, int64_t wall_us)
{
	(void)wall_us;
	return cJSON_CreateString(json_str(obj, "metadata/name", ""));
}

static cJSON *
created_cell(const cJSON *obj, int64_t wall_us)
{
	return table_age_cell(
	    json_at(obj, "metadata/creationTimestamp"), wall_us);
}

static void
add_name(struct table *t)
{
	add_column(t, "Name", "string", "Name of the object.", 0)->cell =
	    name_cell;
}

static bool
column_type_ok(const char *type)
{
	static const char *const types[] = { "string", "integer", "number",
		"boolean", "date" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(types[i], type))
			return true;
	return false;
}

static bool
add_crd_column(struct table *t, const cJSON *j, struct err *e)
{
	const char *name = json_str(j, "name", NULL);
	const char *type = json_str(j, "type", NULL);
	const char *path = json_str(j, "jsonPath", NULL);
	struct table_column *c;
	char *doc;

	if (t->n == TABLE_MAX_COLUMNS)
		return err_set(e, ERR_SPEC, 0, "too many columns");
	if (str_empty(name) || str_empty(path) || str_empty(type))
		return err_set(e, ERR_SPEC, 0,
		    "column %zu: name, type and jsonPath are required", t->n);
	if (!column_type_ok(type))
		return err_set(e, ERR_SPEC, 0,
		    "column %s: type \"%s\" is none of string, integer, "
		    "number, boolean, date",
		    name, type);
	doc = xstrdup(json_str(j, "description", NULL));
	if (doc == NULL)
		doc = xasprintf("Custom resource definition column (in "
				"JSONPath format): %s",
		    path);
	c = add_column(t, name, type, doc, (int)json_i64(j, "priority", 0));
	xfree(doc);
	xreplace(&c->format, json_str(j, "format", ""));
	c->path = jsonpath_compile(path, e);
	return c->path != NULL || err_wrap(e, "column %s", name);
}

struct table *
table_new(const cJSON *columns, struct err *e)
{
	struct table *t = xcalloc(1, sizeof(*t));
	const cJSON *i;

	add_name(t);
	if (columns == NULL || columns->child == NULL) {
		add_column(t, "Age", "date", "Time since creation.", 0)->cell =
		    created_cell;
		return t;
	}
	cJSON_ArrayForEach (i, columns) {
		if (!add_crd_column(t, i, e)) {
			table_free(t);
			return NULL;
		}
	}
	return t;
}

struct table *
table_new_builtin(const char *group, const char *kind)
{
	const struct table_builtin_column *b =
	    table_builtin_columns(group, kind);
	struct table *t;

	if (b == NULL)
		return table_new(NULL, NULL);
	t = xcalloc(1, sizeof(*t));
	for (; b->name != NULL; b++)
		add_column(t, b->name, b->type, b->doc, b->priority)->cell =
		    b->cell;
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->v[i].name, "Name"))
			xreplace(&t->v[i].format, "name");
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		xfree(t->v[i].name);
		xfree(t->v[i].type);
		xfree(t->v[i].format);
		xfree(t->v[i].doc);
		jsonpath_free(t->v[i].path);
	}
	xfree(t);
}

/* ---- cells -------------------------------------------------------------- */

static cJSON *
string_cell(const cJSON *v)
{
	char *text;
	cJSON *cell;

	if (cJSON_IsString(v))
		return cJSON_CreateString(v->valuestring);
	text = json_print(v);
	if (strlen(text) > CELL_MAX)
		text[CELL_MAX] = '\0';
	cell = cJSON_CreateString(text);
	xfree(text);
	return cell;
}

/* A value of another type than the column's shows as nothing, as it does in
 * the real server; only string columns print whatever is there. */
static cJSON *
path_cell(const struct table_column *c, const cJSON *obj, int64_t wall_us)
{
	const cJSON *v = NULL;

	if (jsonpath_eval(c->path, obj, &v, 1) == 0 || cJSON_IsNull(v))
		return cJSON_CreateNull();
	if (str_eq(c->type, "string"))
		return string_cell(v);
	if (str_eq(c->type, "date"))
		return cJSON_IsString(v) ? table_age_cell(v, wall_us)
					 : cJSON_CreateNull();
	if (str_eq(c->type, "boolean"))
		return cJSON_IsBool(v) ? json_dup(v) : cJSON_CreateNull();
	if (!json_is_number(v))
		return cJSON_CreateNull();
	if (str_eq(c->type, "integer") && !json_is_integer(v) &&
	    v->valuedouble < 9e15 && v->valuedouble > -9e15)
		return cJSON_CreateNumber((double)(int64_t)v->valuedouble);
	return json_dup(v);
}

cJSON *
table_partial(const cJSON *obj)
{
	const cJSON *meta = json_obj(obj, "metadata");
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "kind", "PartialObjectMetadata");
	json_set_str(j, "apiVersion", "meta.k8s.io/v1");
	json_set(j, "metadata",
	    meta == NULL ? cJSON_CreateObject() : json_dup(meta));
	return j;
}

static cJSON *
row(const struct table *t, const cJSON *obj, const struct table_opts *o)
{
	cJSON *r = cJSON_CreateObject(), *cells = cJSON_CreateArray();

	for (size_t i = 0; i < t->n; i++) {
		const struct table_column *c = &t->v[i];

		(void)cJSON_AddItemToArray(
		    cells, c->cell != NULL ? c->cell(obj, o->wall_us)
					   : path_cell(c, obj, o->wall_us));
	}
	json_set(r, "cells", cells);
	if (o->include == TABLE_OBJECT)
		json_set(r, "object", json_dup(obj));
	else if (o->include == TABLE_METADATA)
		json_set(r, "object", table_partial(obj));
	else
		json_set(r, "object", cJSON_CreateNull());
	return r;
}

static cJSON *
headers(const struct table *t)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < t->n; i++) {
		const struct table_column *c = &t->v[i];
		cJSON *h = cJSON_CreateObject();

		json_set_str(h, "name", c->name);
		json_set_str(h, "type", c->type);
		json_set_str(h, "format", c->format);
		json_set_str(h, "description", c->doc);
		json_set_i64(h, "priority", c->priority);
		(void)cJSON_AddItemToArray(list, h);
	}
	return list;
}

static cJSON *
list_meta(const cJSON *const *items, size_t n, const struct table_opts *o)
{
	const char *rv;
	cJSON *m;

	if (o->meta != NULL)
		return json_dup(o->meta);
	m = cJSON_CreateObject();
	rv = n == 1 ? json_str(items[0], "metadata/resourceVersion", NULL)
		    : NULL;
	json_set_str(m, "resourceVersion", rv);
	return m;
}

cJSON *
table_render(const struct table *t, const cJSON *const *items, size_t n,
    const struct table_opts *o)
{
	cJSON *j = cJSON_CreateObject(), *rows = cJSON_CreateArray();

	json_set_str(j, "kind", "Table");
	json_set_str(j, "apiVersion", "meta.k8s.io/v1");
	json_set(j, "metadata", list_meta(items, n, o));
	json_set(j, "columnDefinitions",
	    o->no_headers ? cJSON_CreateNull() : headers(t));
	for (size_t i = 0; i < n; i++)
		(void)cJSON_AddItemToArray(rows, row(t, items[i], o));
	json_set(j, "rows", rows);
	return j;
}

/* ---- negotiation -------------------------------------------------------- */

bool
table_include_parse(const char *s, enum table_include *out)
{
	if (str_empty(s) || str_eq(s, "Metadata"))
		*out = TABLE_METADATA;
	else if (str_eq(s, "Object"))
		*out = TABLE_OBJECT;
	else if (str_eq(s, "None"))
		*out = TABLE_NONE;
	else
		return false;
	return true;
}

/* True if part (up to its comma) has the parameter name=value. */
static bool
has_param(const char *part, size_t n, const char *param)
{
	size_t len = strlen(param);

	for (size_t i = 0; i + len <= n; i++) {
		bool begin =
		    i > 0 && (part[i - 1] == ';' || part[i - 1] == ' ');
		bool end = i + len == n || part[i + len] == ';' ||
			   part[i + len] == ' ';

		if (begin && end && memcmp(part + i, param, len) == 0)
			return true;
	}
	return false;
}

/* The first type of the header that we can serve decides. */
static bool
accepted(const char *accept, const char *as, const char *as_list)
{
	const char *p = accept;

	while (p != NULL && *p != '\0') {
		size_t n;

		p += strspn(p, " ,");
		n = strcspn(p, ",");
		if (str_has_prefix(p, "application/json") ||
		    str_has_prefix(p, "*/*") ||
		    str_has_prefix(p, "application/*")) {
			bool is = has_param(p, n, as) ||
				  (as_list != NULL && has_param(p, n, as_list));

			if (is && has_param(p, n, "g=meta.k8s.io") &&
			    has_param(p, n, "v=v1"))
				return true;
			if (memchr(p, '=', n) == NULL ||
			    !has_param(p, n, "g=meta.k8s.io"))
				return false;
		}
		p += n;
	}
	return false;
}

bool
table_accepted(const char *accept)
{
	return accepted(accept, "as=Table", NULL);
}

bool
table_partial_accepted(const char *accept)
{
	return accepted(
	    accept, "as=PartialObjectMetadata", "as=PartialObjectMetadataList");
}
