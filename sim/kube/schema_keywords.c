/* What each keyword of a schema sets, and which are not allowed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/schema_compiler.h"

bool
schema_set_type(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	static const struct {
		const char *name;
		enum schema_type type;
	} types[] = { { "object", SCHEMA_OBJECT }, { "array", SCHEMA_ARRAY },
		{ "string", SCHEMA_STRING }, { "integer", SCHEMA_INTEGER },
		{ "number", SCHEMA_NUMBER }, { "boolean", SCHEMA_BOOLEAN } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (cJSON_IsString(v) &&
		    str_eq(v->valuestring, types[i].name)) {
			s->type = types[i].type;
			s->typed = true;
			return true;
		}
	}
	return schema_refuse(c,
	    "type is none of object, array, string, integer, "
	    "number, boolean");
}

static bool
flag(struct schema_compiler *c, const cJSON *v, bool *out)
{
	if (!cJSON_IsBool(v))
		return schema_refuse(c, "a flag is not true or false");
	*out = cJSON_IsTrue(v);
	return true;
}

static bool
set_nullable(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	return flag(c, v, &s->nullable);
}

static bool
set_preserve(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	if (!flag(c, v, &s->preserve))
		return false;
	return s->preserve ||
	       schema_refuse(c,
		   "x-kubernetes-preserve-unknown-fields must be true or "
		   "undefined");
}

static bool
set_embedded(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	return flag(c, v, &s->embedded);
}

static bool
set_int_or_string(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	bool on = false;

	if (!flag(c, v, &on))
		return false;
	if (!on)
		return true;
	if (s->typed)
		return schema_refuse(
		    c, "x-kubernetes-int-or-string excludes type");
	s->type = SCHEMA_INT_OR_STRING;
	s->typed = true;
	return true;
}

static bool
set_list_type(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	if (!cJSON_IsString(v))
		return schema_refuse(
		    c, "x-kubernetes-list-type is not a string");
	if (str_eq(v->valuestring, "set"))
		s->list = SCHEMA_LIST_SET;
	else if (str_eq(v->valuestring, "map"))
		s->list = SCHEMA_LIST_MAP;
	else if (!str_eq(v->valuestring, "atomic"))
		return schema_refuse(c,
		    "x-kubernetes-list-type is none of atomic, "
		    "set, map");
	return true;
}

static bool
set_map_type(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	s->map_atomic = cJSON_IsString(v) && str_eq(v->valuestring, "atomic");
	return s->map_atomic ||
	       (cJSON_IsString(v) && str_eq(v->valuestring, "granular")) ||
	       schema_refuse(
		   c, "x-kubernetes-map-type is neither granular nor atomic");
}

static bool
strings(struct schema_compiler *c, const cJSON *v, const char *what)
{
	const cJSON *i;

	if (!cJSON_IsArray(v))
		return schema_refuse(c, what);
	cJSON_ArrayForEach (i, v)
		if (!cJSON_IsString(i))
			return schema_refuse(c, what);
	return true;
}

static bool
set_keys(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	const cJSON *i;

	if (!strings(c, v,
		"x-kubernetes-list-map-keys is not a list of "
		"strings"))
		return false;
	cJSON_ArrayForEach (i, v) {
		s->keys = xreallocarray(
		    (void *)s->keys, s->n_keys + 1, sizeof(*s->keys));
		s->keys[s->n_keys++] = i->valuestring;
	}
	return true;
}

static bool
set_required(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	s->required = v;
	return strings(c, v, "required is not a list of strings");
}

static bool
set_enum(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	s->enums = v;
	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) == 0)
		return schema_refuse(c, "enum is not a list of values");
	return cJSON_GetArraySize(v) <= SCHEMA_MAX_ENUM ||
	       schema_refuse(c, "enum has too many values");
}

static bool
set_default(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	(void)c;
	s->dflt = cJSON_IsNull(v) ? NULL : v;
	return true;
}

static bool
set_pattern(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	struct err why;

	if (!cJSON_IsString(v))
		return schema_refuse(c, "pattern is not a string");
	s->pattern_text = v->valuestring;
	s->pattern = schema_regex_new(v->valuestring, &why);
	return s->pattern != NULL || schema_refuse(c, why.msg);
}

static bool
set_format(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	if (!cJSON_IsString(v))
		return schema_refuse(c, "format is not a string");
	s->format = v->valuestring;
	return true;
}

static bool
set_exclusive(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	return flag(c, v,
	    str_eq(v->string, "exclusiveMinimum") ? &s->above_min
						  : &s->below_max);
}

static bool
set_limit(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	if (!json_is_number(v) || !isfinite(schema_number(v)))
		return schema_refuse(c, "a bound is not a number");
	if (str_eq(v->string, "minimum")) {
		s->has_min = true;
		s->min = schema_number(v);
	} else if (str_eq(v->string, "maximum")) {
		s->has_max = true;
		s->max = schema_number(v);
	} else {
		s->has_step = true;
		s->step = schema_number(v);
		if (s->step <= 0)
			return schema_refuse(c, "multipleOf is not above 0");
	}
	return true;
}

static bool
set_count(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	const struct {
		const char *name;
		int64_t *to;
	} counts[] = { { "maxLength", &s->max_length },
		{ "minLength", &s->min_length }, { "maxItems", &s->max_items },
		{ "minItems", &s->min_items },
		{ "maxProperties", &s->max_members },
		{ "minProperties", &s->min_members } };

	if (!json_is_integer(v) || schema_number(v) < 0 ||
	    schema_number(v) > 9e15)
		return schema_refuse(c, "a count is not a whole number from 0");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (str_eq(v->string, counts[i].name))
			*counts[i].to = (int64_t)schema_number(v);
	return true;
}

static int
prop_cmp(const void *a, const void *b)
{
	const struct schema_prop *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool
set_properties(
    struct schema_compiler *c, struct schema *s, const cJSON *v, bool nested)
{
	const cJSON *i;

	if (!cJSON_IsObject(v))
		return schema_refuse(c, "properties is not an object");
	s->props =
	    xcalloc((size_t)cJSON_GetArraySize(v) + 1, sizeof(*s->props));
	cJSON_ArrayForEach (i, v) {
		size_t mark = schema_path_key(&c->at, i->string);
		struct schema *sub = schema_compile_node(c, i, nested);

		if (sub == NULL)
			return false;
		schema_path_pop(&c->at, mark);
		s->props[s->n_props++] = (struct schema_prop){ i->string, sub };
	}
	qsort(s->props, s->n_props, sizeof(*s->props), prop_cmp);
	return true;
}

static bool
set_additional(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	size_t mark;

	if (cJSON_IsTrue(v)) {
		s->any_member = true;
		return true;
	}
	if (!cJSON_IsObject(v))
		return schema_refuse(
		    c, "additionalProperties must not be false");
	mark = schema_path_key(&c->at, "*");
	s->additional = schema_compile_node(c, v, false);
	schema_path_pop(&c->at, mark);
	return s->additional != NULL;
}

static bool
set_items(
    struct schema_compiler *c, struct schema *s, const cJSON *v, bool nested)
{
	size_t mark;

	if (!cJSON_IsObject(v))
		return schema_refuse(c, "items must be one schema");
	mark = schema_path_key(&c->at, "items");
	s->items = schema_compile_node(c, v, nested);
	schema_path_pop(&c->at, mark);
	return s->items != NULL;
}

static bool
set_logic(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	struct schema_list_of *l = v->string[0] == 'o'   ? &s->one_of
				   : v->string[1] == 'n' ? &s->any_of
							 : &s->all_of;
	const cJSON *i;

	if (!cJSON_IsArray(v))
		return schema_refuse(c, "allOf, anyOf and oneOf are lists");
	l->v =
	    xcalloc((size_t)cJSON_GetArraySize(v) + 1, sizeof(struct schema *));
	cJSON_ArrayForEach (i, v) {
		struct schema *sub = schema_compile_node(c, i, true);

		if (sub == NULL)
			return false;
		l->v[l->n++] = sub;
	}
	return true;
}

static bool
set_not(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	s->not_ = schema_compile_node(c, v, true);
	return s->not_ != NULL;
}

static bool
set_forbidden(struct schema_compiler *c, struct schema *s, const cJSON *v)
{
	char why[96];

	(void)s;
	if (str_eq(v->string, "uniqueItems") && cJSON_IsFalse(v))
		return true;
	(void)str_format(why, sizeof(why), "%s is not allowed", v->string);
	return schema_refuse(c, why);
}

static const struct keyword {
	const char *name;
	bool (*set)(
	    struct schema_compiler *c, struct schema *s, const cJSON *v);
	bool not_nested; /* not inside allOf, anyOf, oneOf, not */
} keywords[] = {
	{ "x-kubernetes-int-or-string", set_int_or_string, true },
	{ "nullable", set_nullable, true },
	{ "x-kubernetes-preserve-unknown-fields", set_preserve, true },
	{ "x-kubernetes-embedded-resource", set_embedded, true },
	{ "x-kubernetes-list-type", set_list_type, true },
	{ "x-kubernetes-list-map-keys", set_keys, true },
	{ "x-kubernetes-map-type", set_map_type, true },
	{ "default", set_default, true },
	{ "additionalProperties", set_additional, true },
	{ "required", set_required, false },
	{ "enum", set_enum, false },
	{ "pattern", set_pattern, false },
	{ "format", set_format, false },
	{ "exclusiveMinimum", set_exclusive, false },
	{ "exclusiveMaximum", set_exclusive, false },
	{ "minimum", set_limit, false },
	{ "maximum", set_limit, false },
	{ "multipleOf", set_limit, false },
	{ "maxLength", set_count, false },
	{ "minLength", set_count, false },
	{ "maxItems", set_count, false },
	{ "minItems", set_count, false },
	{ "maxProperties", set_count, false },
	{ "minProperties", set_count, false },
	{ "allOf", set_logic, false },
	{ "anyOf", set_logic, false },
	{ "oneOf", set_logic, false },
	{ "not", set_not, false },
	{ "$ref", set_forbidden, false },
	{ "id", set_forbidden, false },
	{ "definitions", set_forbidden, false },
	{ "dependencies", set_forbidden, false },
	{ "patternProperties", set_forbidden, false },
	{ "additionalItems", set_forbidden, false },
	{ "uniqueItems", set_forbidden, false },
};

bool
schema_set_keyword(
    struct schema_compiler *c, struct schema *s, const cJSON *v, bool nested)
{
	if (str_eq(v->string, "properties"))
		return set_properties(c, s, v, nested);
	if (str_eq(v->string, "items"))
		return set_items(c, s, v, nested);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!str_eq(v->string, keywords[i].name))
			continue;
		if (nested && keywords[i].not_nested)
			return schema_refuse(c,
			    "allOf, anyOf, oneOf and not may only "
			    "hold value validations");
		return keywords[i].set(c, s, v);
	}
	return true; /* description, CEL rules and the like */
}
