/* Objects against schemas, with the sentences of the real API server. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/schema_node.h"

struct check {
	struct schema_path at;
	struct field_errors *l;
	const cJSON *was; /* the same place in a valid object; may be NULL */
	bool marked;      /* what is equal to was has marks */
	bool anew;        /* marks say nothing: it is another schema's turn */
};

static void check_value(
    struct check *c, const struct schema *s, const cJSON *v);

const char *
schema_type_of(const cJSON *v)
{
	if (cJSON_IsNull(v))
		return "null";
	if (cJSON_IsBool(v))
		return "boolean";
	if (json_is_number(v))
		return json_is_integer(v) ? "integer" : "number";
	if (cJSON_IsString(v))
		return "string";
	return cJSON_IsArray(v) ? "array" : "object";
}

size_t
schema_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* ---- scalars ------------------------------------------------------------ */

static const char *
type_name(enum schema_type t)
{
	switch (t) {
	case SCHEMA_OBJECT:
		return "object";
	case SCHEMA_ARRAY:
		return "array";
	case SCHEMA_STRING:
		return "string";
	case SCHEMA_INTEGER:
		return "integer";
	case SCHEMA_NUMBER:
		return "number";
	case SCHEMA_BOOLEAN:
		return "boolean";
	case SCHEMA_INT_OR_STRING:
		return "integer,string";
	case SCHEMA_ANY:
		break;
	}
	return "any";
}

static bool
has_type(const struct schema *s, const cJSON *v)
{
	switch (s->type) {
	case SCHEMA_OBJECT:
		return cJSON_IsObject(v);
	case SCHEMA_ARRAY:
		return cJSON_IsArray(v);
	case SCHEMA_STRING:
		return cJSON_IsString(v);
	case SCHEMA_INTEGER:
		return json_is_integer(v);
	case SCHEMA_NUMBER:
		return json_is_number(v);
	case SCHEMA_BOOLEAN:
		return cJSON_IsBool(v);
	case SCHEMA_INT_OR_STRING:
		return cJSON_IsString(v) || json_is_integer(v);
	case SCHEMA_ANY:
		break;
	}
	return true;
}

static void
type_error(struct check *c, const char *wanted, const char *got)
{
	field_errors_add(c->l, FIELD_TYPE_INVALID, c->at.s,
	    "\"%s\": %s in body must be of type %s: \"%s\"", got, c->at.s,
	    wanted, got);
}

static void
check_format(struct check *c, const struct schema *s, const cJSON *v)
{
	char *text;

	if (s->format == NULL || schema_format_holds(s->format, v))
		return;
	text = json_print(v);
	field_errors_add(c->l, FIELD_TYPE_INVALID, c->at.s,
	    "%s: %s in body must be of type %s: %s", text, c->at.s, s->format,
	    text);
	xfree(text);
}

static void
check_string(struct check *c, const struct schema *s, const cJSON *v)
{
	int64_t n = (int64_t)schema_chars(v->valuestring);

	if (s->max_length >= 0 && n > s->max_length) {
		field_errors_add(c->l, FIELD_TOO_LONG, c->at.s,
		    "may not be more than %lld bytes",
		    (long long)s->max_length);
		return;
	}
	if (s->min_length >= 0 && n < s->min_length)
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body should be at least %lld chars long", c->at.s,
		    (long long)s->min_length);
	if (s->pattern != NULL &&
	    !schema_regex_match(s->pattern, v->valuestring))
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body should match '%s'", c->at.s, s->pattern_text);
	check_format(c, s, v);
}

static void
check_number(struct check *c, const struct schema *s, const cJSON *v)
{
	double d = schema_number(v), steps;

	if (s->has_max && (s->below_max ? d >= s->max : d > s->max))
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body should be less than %s%.15g", c->at.s,
		    s->below_max ? "" : "or equal to ", s->max);
	if (s->has_min && (s->above_min ? d <= s->min : d < s->min))
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body should be greater than %s%.15g", c->at.s,
		    s->above_min ? "" : "or equal to ", s->min);
	if (s->has_step) {
		steps = d / s->step;
		if (fabs(steps - round(steps)) > 1e-9)
			field_errors_invalid(c->l, c->at.s, v,
			    "%s in body should be a multiple of %.15g", c->at.s,
			    s->step);
	}
	check_format(c, s, v);
}

static void
check_enum(struct check *c, const struct schema *s, const cJSON *v)
{
	struct buf b;
	const cJSON *i;
	char *text;

	if (s->enums == NULL)
		return;
	cJSON_ArrayForEach (i, s->enums)
		if (json_equal(i, v))
			return;
	buf_init(&b, 4096);
	cJSON_ArrayForEach (i, s->enums) {
		text = json_print(i);
		(void)buf_addf(&b, "%s%s%s%s", b.n > 0 ? ", " : "",
		    cJSON_IsString(i) ? "" : "\"", text,
		    cJSON_IsString(i) ? "" : "\"");
		xfree(text);
	}
	text = json_print(v);
	field_errors_add(c->l, FIELD_NOT_SUPPORTED, c->at.s,
	    "%.1024s: supported values: %s", text, buf_str(&b));
	xfree(text);
	buf_free(&b);
}

/* ---- lists -------------------------------------------------------------- */

struct entry {
	char *key; /* owned */
	size_t i;  /* place in the list */
	bool again;
};

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->key, y->key);

	return d != 0 ? d : (x->i > y->i) - (x->i < y->i);
}

static int
by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->i > y->i) - (x->i < y->i);
}

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The map keys of one item as the API server prints them. */
static char *
map_key(const struct schema *s, const cJSON *item)
{
	const char **names = xcalloc(s->n_keys, sizeof(*names));
	struct buf b;

	memcpy((void *)names, s->keys, s->n_keys * sizeof(*names));
	qsort((void *)names, s->n_keys, sizeof(*names), name_cmp);
	buf_init(&b, 64U << 10);
	(void)buf_adds(&b, "{");
	for (size_t i = 0; i < s->n_keys; i++) {
		const cJSON *v = json_child(item, names[i]);
		char *text = v == NULL ? xstrdup("") : json_print(v);

		(void)buf_addf(
		    &b, "%s\"%s\":%s", i > 0 ? "," : "", names[i], text);
		xfree(text);
	}
	(void)buf_addc(&b, '}');
	xfree((void *)names);
	return buf_take(&b, NULL);
}

static bool
same_keys(const struct schema *s, const cJSON *a, const cJSON *b)
{
	for (size_t i = 0; i < s->n_keys; i++) {
		const cJSON *va = json_child(a, s->keys[i]);
		const cJSON *vb = json_child(b, s->keys[i]);

		if (va == NULL || vb == NULL || !json_equal(va, vb))
			return false;
	}
	return s->n_keys > 0;
}

/* The items are still those of the list that was valid: none is there twice. */
static bool
items_as_before(const struct check *c, const struct schema *s, const cJSON *v)
{
	const cJSON *old, *i;

	if (!c->marked || c->anew || c->was == NULL || !cJSON_IsArray(c->was))
		return false;
	old = c->was->child;
	cJSON_ArrayForEach (i, v) {
		if (old == NULL || (!json_same(i) && !same_keys(s, old, i)))
			return false;
		old = old->next;
	}
	return true;
}

static void
check_duplicates(struct check *c, const struct schema *s, const cJSON *v)
{
	struct entry *e;
	const cJSON *i;
	size_t n = 0;

	if (s->list == SCHEMA_LIST_ATOMIC || items_as_before(c, s, v))
		return;
	e = xcalloc((size_t)cJSON_GetArraySize(v) + 1, sizeof(*e));
	cJSON_ArrayForEach (i, v) {
		e[n].i = n;
		e[n++].key =
		    s->list == SCHEMA_LIST_MAP ? map_key(s, i) : json_print(i);
	}
	qsort(e, n, sizeof(*e), by_key);
	for (size_t k = 1; k < n; k++)
		e[k].again = str_eq(e[k].key, e[k - 1].key);
	qsort(e, n, sizeof(*e), by_place);
	for (size_t k = 0; k < n; k++) {
		size_t mark = schema_path_index(&c->at, k);

		if (e[k].again)
			field_errors_add(
			    c->l, FIELD_DUPLICATE, c->at.s, "%s", e[k].key);
		schema_path_pop(&c->at, mark);
		xfree(e[k].key);
	}
	xfree(e);
}

/* An item is compared with the one that stood in its place. */
static void
check_items(struct check *c, const struct schema *items, const cJSON *v)
{
	const cJSON *was = c->was, *i;
	const cJSON *old =
	    was != NULL && cJSON_IsArray(was) ? was->child : NULL;
	size_t k = 0;

	cJSON_ArrayForEach (i, v) {
		size_t mark = schema_path_index(&c->at, k++);

		c->was = old;
		check_value(c, items, i);
		schema_path_pop(&c->at, mark);
		old = old != NULL ? old->next : NULL;
	}
	c->was = was;
}

static void
check_array(struct check *c, const struct schema *s, const cJSON *v)
{
	int64_t n = cJSON_GetArraySize(v);

	if (s->max_items >= 0 && n > s->max_items) {
		field_errors_add(c->l, FIELD_TOO_MANY, c->at.s,
		    "%lld: must have at most %lld items", (long long)n,
		    (long long)s->max_items);
		return;
	}
	if (s->min_items >= 0 && n < s->min_items)
		field_errors_add(c->l, FIELD_INVALID, c->at.s,
		    "%lld: %s in body should have at least %lld items",
		    (long long)n, c->at.s, (long long)s->min_items);
	if (s->items != NULL)
		check_items(c, s->items, v);
	check_duplicates(c, s, v);
}

/* ---- objects ------------------------------------------------------------ */

static void
check_count(struct check *c, const struct schema *s, const cJSON *v)
{
	int64_t n = cJSON_GetArraySize(v);

	if (s->max_members >= 0 && n > s->max_members)
		field_errors_add(c->l, FIELD_TOO_MANY, c->at.s,
		    "%lld: must have at most %lld items", (long long)n,
		    (long long)s->max_members);
	if (s->min_members >= 0 && n < s->min_members)
		field_errors_add(c->l, FIELD_INVALID, c->at.s,
		    "%lld: %s in body should have at least %lld properties",
		    (long long)n, c->at.s, (long long)s->min_members);
}

static void
require(struct check *c, const cJSON *v, const char *key)
{
	size_t mark = schema_path_key(&c->at, key);

	if (json_child(v, key) == NULL)
		field_errors_add(c->l, FIELD_REQUIRED, c->at.s, "%s", "");
	schema_path_pop(&c->at, mark);
}

/* apiVersion, kind and metadata of a resource inside a resource. */
static void
check_embedded(struct check *c, const cJSON *v)
{
	const cJSON *meta = json_child(v, "metadata");
	size_t mark;

	require(c, v, "apiVersion");
	require(c, v, "kind");
	if (meta == NULL || cJSON_IsObject(meta))
		return;
	mark = schema_path_key(&c->at, "metadata");
	type_error(c, "object", schema_type_of(meta));
	schema_path_pop(&c->at, mark);
}

static void
check_object(struct check *c, const struct schema *s, const cJSON *v)
{
	const cJSON *i, *was = c->was;

	check_count(c, s, v);
	cJSON_ArrayForEach (i, s->required)
		require(c, v, i->valuestring);
	if (s->embedded)
		check_embedded(c, v);
	cJSON_ArrayForEach (i, v) {
		const struct schema *sub = schema_member(s, i->string);
		size_t mark;

		if (sub == NULL || (s->root && str_eq(i->string, "metadata")))
			continue;
		mark = schema_path_key(&c->at, i->string);
		c->was = json_child(was, i->string);
		check_value(c, sub, i);
		schema_path_pop(&c->at, mark);
	}
	c->was = was;
}

/* ---- combinations ------------------------------------------------------- */

static bool
holds(struct check *c, const struct schema *s, const cJSON *v)
{
	struct field_errors l = { 0 };
	struct check quiet = { .at = c->at, .l = &l, .anew = true };
	bool ok;

	check_value(&quiet, s, v);
	ok = l.n == 0;
	field_errors_free(&l);
	return ok;
}

static size_t
count_holding(struct check *c, const struct schema_list_of *l, const cJSON *v)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += holds(c, l->v[i], v);
	return n;
}

static void
check_logic(struct check *c, const struct schema *s, const cJSON *v)
{
	for (size_t i = 0; i < s->all_of.n; i++)
		check_value(c, s->all_of.v[i], v);
	if (s->any_of.n > 0 && count_holding(c, &s->any_of, v) == 0)
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body must validate at least one schema (anyOf)",
		    c->at.s);
	if (s->one_of.n > 0 && count_holding(c, &s->one_of, v) != 1)
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body must validate one and only one schema (oneOf)",
		    c->at.s);
	if (s->not_ != NULL && holds(c, s->not_, v))
		field_errors_invalid(c->l, c->at.s, v,
		    "%s in body must not validate the schema (not)", c->at.s);
}

static void
check_value(struct check *c, const struct schema *s, const cJSON *v)
{
	if (c->l->more || (json_same(v) && !c->anew) ||
	    (c->was != NULL && !c->marked && json_equal(c->was, v)))
		return;
	if (cJSON_IsNull(v) && (s->nullable || !s->typed))
		return;
	if (!has_type(s, v)) {
		type_error(c, type_name(s->type), schema_type_of(v));
		return;
	}
	check_enum(c, s, v);
	if (cJSON_IsString(v))
		check_string(c, s, v);
	else if (json_is_number(v))
		check_number(c, s, v);
	else if (cJSON_IsArray(v))
		check_array(c, s, v);
	else if (cJSON_IsObject(v))
		check_object(c, s, v);
	check_logic(c, s, v);
}

bool
schema_validate(
    const struct schema *s, const cJSON *obj, struct field_errors *l)
{
	return schema_validate_change(s, NULL, obj, l);
}

/* A value that holds for a branch of anyOf, oneOf or not need not have held for
 * it before: holds() begins without `was`. */
bool
schema_validate_change(const struct schema *s, const cJSON *was,
    const cJSON *obj, struct field_errors *l)
{
	struct check c = { .l = l, .was = was };
	size_t before = l->n;

	check_value(&c, s, obj);
	return l->n == before && !l->more;
}

bool
schema_validate_marked(const struct schema *s, const cJSON *was,
    const cJSON *obj, struct field_errors *l)
{
	struct check c = { .l = l, .was = was, .marked = was != NULL };
	size_t before = l->n;

	check_value(&c, s, obj);
	return l->n == before && !l->more;
}
