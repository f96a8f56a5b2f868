/* From openAPIV3Schema JSON to struct schema, refusing what is not structural. */
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/schema_compiler.h"

bool
schema_refuse(struct schema_compiler *c, const char *what)
{
	return err_set(c->e, ERR_SPEC, 0, "%s: %s",
	    c->at.n == 0 ? "schema" : c->at.s, what);
}

/* ---- structure ---------------------------------------------------------- */

static bool
is_scalar(enum schema_type t)
{
	return t != SCHEMA_ANY && t != SCHEMA_OBJECT && t != SCHEMA_ARRAY;
}

static bool
is_required(const struct schema *s, const char *key)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, s->required)
		if (str_eq(i->valuestring, key))
			return true;
	return false;
}

static bool
check_map_keys(struct schema_compiler *c, const struct schema *s)
{
	if (s->n_keys == 0)
		return schema_refuse(c,
		    "x-kubernetes-list-map-keys is required with "
		    "x-kubernetes-list-type map");
	if (s->items->type != SCHEMA_OBJECT)
		return schema_refuse(
		    c, "the items of a list map must be objects");
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct schema *k = schema_prop(s->items, s->keys[i]);

		if (k == NULL || !is_scalar(k->type))
			return schema_refuse(c,
			    "a list map key is not a scalar "
			    "property of the items");
		if (k->dflt == NULL && !is_required(s->items, s->keys[i]))
			return schema_refuse(c,
			    "a list map key is neither required "
			    "nor has a default");
	}
	return true;
}

static bool
check_list(struct schema_compiler *c, const struct schema *s)
{
	const struct schema *i = s->items;

	if (i == NULL)
		return schema_refuse(c, "items is required for an array");
	if (s->list != SCHEMA_LIST_MAP && s->n_keys > 0)
		return schema_refuse(c, "x-kubernetes-list-map-keys needs "
					"x-kubernetes-list-type map");
	if (s->list == SCHEMA_LIST_MAP)
		return check_map_keys(c, s);
	if (s->list == SCHEMA_LIST_SET && !is_scalar(i->type) &&
	    !(i->type == SCHEMA_OBJECT && i->map_atomic) &&
	    !(i->type == SCHEMA_ARRAY && i->list == SCHEMA_LIST_ATOMIC))
		return schema_refuse(c, "the items of a set must be scalars or "
					"atomic");
	return true;
}

static bool
check_default(struct schema_compiler *c, const struct schema *s)
{
	struct field_errors l = { 0 };
	struct schema_unknown u = { 0 };
	cJSON *copy;
	char *text;
	bool ok;

	if (s->dflt == NULL)
		return true;
	copy = json_dup(s->dflt);
	schema_prune(s, copy, &u);
	schema_default(s, copy);
	ok = schema_validate(s, copy, &l);
	if (!ok) {
		text = field_errors_text(&l);
		(void)err_set(
		    c->e, ERR_SPEC, 0, "%s: bad default: %s", c->at.s, text);
		xfree(text);
	} else if (u.n > 0) {
		ok = schema_refuse(c,
		    "the default has fields that the schema does "
		    "not know");
	}
	field_errors_free(&l);
	schema_unknown_free(&u);
	cJSON_Delete(copy);
	return ok;
}

static bool
check_structure(struct schema_compiler *c, const struct schema *s)
{
	if (!s->typed && !s->preserve)
		return schema_refuse(c, "type is required");
	if (s->n_props > 0 && (s->additional != NULL || s->any_member))
		return schema_refuse(c,
		    "properties and additionalProperties exclude "
		    "each other");
	if (s->embedded && s->type != SCHEMA_OBJECT)
		return schema_refuse(
		    c, "an embedded resource must be an object");
	if (s->type == SCHEMA_ARRAY && !check_list(c, s))
		return false;
	if (s->type != SCHEMA_ARRAY &&
	    (s->list != SCHEMA_LIST_ATOMIC || s->n_keys > 0))
		return schema_refuse(c, "list keywords need type array");
	if (s->map_atomic && s->type != SCHEMA_OBJECT)
		return schema_refuse(
		    c, "x-kubernetes-map-type needs type object");
	return check_default(c, s);
}

/* The two types of int-or-string may stand in its anyOf (also inside allOf);
 * the flag itself already says the same. */
static bool
set_nested_type(struct schema_compiler *c, struct schema *s, const cJSON *type)
{
	struct schema t = { 0 };

	if (!schema_set_type(c, &t, type))
		return false;
	if (t.type != SCHEMA_INTEGER && t.type != SCHEMA_STRING)
		return schema_refuse(c,
		    "allOf, anyOf, oneOf and not must not hold "
		    "a type");
	s->type = t.type;
	s->typed = true;
	return true;
}

static bool
fill(struct schema_compiler *c, struct schema *s, const cJSON *j, bool nested)
{
	const cJSON *type = json_child(j, "type"), *i;

	if (type != NULL &&
	    !(type->valuestring != NULL && type->valuestring[0] == '\0')) {
		if (nested ? !set_nested_type(c, s, type)
			   : !schema_set_type(c, s, type))
			return false;
	}
	cJSON_ArrayForEach (i, j)
		if (!schema_set_keyword(c, s, i, nested))
			return false;
	return nested || check_structure(c, s);
}

struct schema *
schema_compile_node(struct schema_compiler *c, const cJSON *j, bool nested)
{
	struct schema *s;

	if (!cJSON_IsObject(j)) {
		(void)schema_refuse(c, "a schema is an object");
		return NULL;
	}
	if (++c->nodes > SCHEMA_MAX_NODES || c->depth == SCHEMA_MAX_DEPTH) {
		(void)schema_refuse(c, c->nodes > SCHEMA_MAX_NODES
					   ? "the schema is too big"
					   : "the schema nests too deep");
		return NULL;
	}
	c->depth++;
	s = xcalloc(1, sizeof(*s));
	s->json = j;
	s->max_length = s->min_length = s->max_items = s->min_items = -1;
	s->max_members = s->min_members = -1;
	if (!fill(c, s, j, nested)) {
		schema_free(s);
		return NULL;
	}
	c->depth--;
	return s;
}

struct schema *
schema_compile(const cJSON *openapi, struct err *e)
{
	struct schema_compiler c = { .e = e };
	cJSON *copy = json_dup(openapi);
	struct schema *s = schema_compile_node(&c, copy, false);

	if (s != NULL && s->type != SCHEMA_OBJECT) {
		(void)err_set(e, ERR_SPEC, 0,
		    "schema: the type of the root must be object");
		schema_free(s);
		s = NULL;
	}
	if (s == NULL) {
		cJSON_Delete(copy);
		return NULL;
	}
	s->root = true;
	return s;
}

/* ---- freeing ------------------------------------------------------------ */

static void
free_list(struct schema_list_of *l)
{
	for (size_t i = 0; i < l->n; i++)
		schema_free(l->v[i]);
	xfree(l->v);
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_props; i++)
		schema_free(s->props[i].s);
	xfree(s->props);
	schema_free(s->additional);
	schema_free(s->items);
	schema_free(s->not_);
	free_list(&s->all_of);
	free_list(&s->any_of);
	free_list(&s->one_of);
	xfree((void *)s->keys);
	schema_regex_free(s->pattern);
	if (s->root)
		cJSON_Delete((cJSON *)(uintptr_t)s->json);
	xfree(s);
}
