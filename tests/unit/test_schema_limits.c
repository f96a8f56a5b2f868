/* Schemas that are refused, and what hostile ones and hostile objects cost. */
#include "sim/kube/schema.h"

#include "tests/unit/schema_rig.h"

/* The schema of one field f. */
#define F(text) "{type: object, properties: {f: {" text "}}}"

/* ---- schemas that are refused ------------------------------------------- */

static void
refuses_schemas_that_are_not_structural(void)
{
	static const struct {
		const char *schema, *why;
	} t[] = {
		{ "{}", "schema: type is required" },
		{ "{type: string}",
		    "schema: the type of the root must be object" },
		{ F(""), "f: type is required" },
		{ F("type: thing"),
		    "f: type is none of object, array, string, integer, "
		    "number, boolean" },
		{ F("$ref: '#/definitions/x'"), "f: $ref is not allowed" },
		{ F("type: object, $ref: '#/properties/f'"),
		    "f: $ref is not allowed" },
		{ F("type: object, additionalProperties: false"),
		    "f: additionalProperties must not be false" },
		{ F("type: object, properties: {a: {type: string}}, "
		    "additionalProperties: {type: string}"),
		    "f: properties and additionalProperties exclude each "
		    "other" },
		{ F("type: object, patternProperties: {}"),
		    "f: patternProperties is not allowed" },
		{ F("type: array"), "f: items is required for an array" },
		{ F("type: array, items: [{type: string}]"),
		    "f: items must be one schema" },
		{ F("type: array, uniqueItems: true, items: {type: string}"),
		    "f: uniqueItems is not allowed" },
		{ F("type: array, x-kubernetes-list-type: map, items: {type: "
		    "string}"),
		    "f: x-kubernetes-list-map-keys is required with "
		    "x-kubernetes-list-type map" },
		{ F("type: array, x-kubernetes-list-type: map, "
		    "x-kubernetes-list-map-keys: [a], items: {type: object, "
		    "properties: {a: {type: string}}}"),
		    "f: a list map key is neither required nor has a "
		    "default" },
		{ F("type: array, x-kubernetes-list-type: set, items: {type: "
		    "object}"),
		    "f: the items of a set must be scalars or atomic" },
		{ F("type: string, pattern: '('"),
		    "f: pattern: missing ) at character 1" },
		{ F("type: string, maxLength: -1"),
		    "f: a count is not a whole number from 0" },
		{ F("type: string, minimum: x"), "f: a bound is not a number" },
		{ F("type: string, enum: []"), "f: enum is not a list of "
					       "values" },
		{ F("type: string, default: 5"),
		    "f: bad default: <nil>: Invalid value: \"integer\":  in "
		    "body must be of type string: \"integer\"" },
		{ F("type: object, default: {x: 1}, properties: {a: {type: "
		    "string}}"),
		    "f: the default has fields that the schema does not "
		    "know" },
		{ F("type: integer, anyOf: [{default: 1}]"),
		    "f: allOf, anyOf, oneOf and not may only hold value "
		    "validations" },
		{ F("type: string, nullable: 1"),
		    "f: a flag is not true or false" },
		{ F("type: string, x-kubernetes-int-or-string: true"),
		    "f: x-kubernetes-int-or-string excludes type" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct err e = { 0 };
		cJSON *j = rig_yaml(t[i].schema);
		struct schema *s = schema_compile(j, &e);

		CHECK_ROW(s == NULL, t[i].schema);
		CHECK_TEXT(e.msg, t[i].why);
		CHECK_ROW(s != NULL || e.kind == ERR_SPEC, t[i].schema);
		schema_free(s);
		cJSON_Delete(j);
	}
}

/* levels of {type: object, properties: {p: ...}} around a string. */
static cJSON *
nested(int levels)
{
	cJSON *j = rig_yaml("{type: string}");

	while (levels-- > 0) {
		cJSON *o = rig_yaml("{type: object}");

		json_put(o, "properties/p", j);
		j = o;
	}
	return j;
}

static void
caps_hostile_schemas(void)
{
	struct err e = { 0 };
	cJSON *j = nested(SCHEMA_MAX_DEPTH - 1), *list;
	struct schema *s = schema_compile(j, &e);

	CU_ASSERT_PTR_NOT_NULL(s);
	schema_free(s);
	cJSON_Delete(j);
	j = nested(SCHEMA_MAX_DEPTH);
	CU_ASSERT_PTR_NULL(schema_compile(j, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "the schema nests too deep"));
	cJSON_Delete(j);

	j = rig_yaml("{type: object}");
	for (int i = 0; i < SCHEMA_MAX_NODES; i++) {
		char key[32];

		(void)str_format(key, sizeof(key), "properties/p%d", i);
		json_put(j, key, rig_yaml("{type: string}"));
	}
	CU_ASSERT_PTR_NULL(schema_compile(j, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "the schema is too big"));
	cJSON_Delete(j);

	j = rig_yaml(F("type: integer"));
	list = cJSON_CreateArray();
	for (int i = 0; i <= SCHEMA_MAX_ENUM; i++)
		(void)cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
	json_put(j, "properties/f/enum", list);
	CU_ASSERT_PTR_NULL(schema_compile(j, &e));
	CHECK_TEXT(e.msg, "f: enum has too many values");
	cJSON_Delete(j);
}

static void
caps_what_hostile_objects_cost(void)
{
	struct schema *s = rig_schema(F("type: array, items: {type: string}"));
	struct field_errors l = { 0 };
	cJSON *j = rig_yaml("{f: []}"), *deep_value = cJSON_CreateObject();
	char *text;

	for (int i = 0; i < 5000; i++)
		(void)cJSON_AddItemToArray(
		    json_child(j, "f"), cJSON_CreateNumber(i));
	CU_ASSERT_FALSE(schema_validate(s, j, &l));
	CU_ASSERT_EQUAL(l.n, FIELD_ERRORS_MAX);
	CU_ASSERT_TRUE(l.more);
	text = field_errors_text(&l);
	CU_ASSERT_TRUE(str_has_suffix(text, ", and more]"));
	CU_ASSERT_TRUE(strlen(text) < 65536);
	xfree(text);
	field_errors_free(&l);

	/* As deep as the parser lets in: the walk follows the schema. */
	for (int i = 0; i < 60; i++) {
		cJSON *o = cJSON_CreateObject();

		json_set(o, "f", deep_value);
		deep_value = o;
	}
	CU_ASSERT_FALSE(schema_validate(s, deep_value, &l));
	CU_ASSERT_EQUAL(l.n, 1);
	field_errors_free(&l);
	cJSON_Delete(deep_value);
	cJSON_Delete(j);
	schema_free(s);
}

static void
long_values_are_cut_in_messages(void)
{
	struct schema *s = rig_schema(F("type: string, pattern: '^a$'"));
	cJSON *j = cJSON_CreateObject();
	char *big = xcalloc(1, 100001), *text;

	memset(big, 'b', 100000);
	json_set_str(j, "f", big);
	text = rig_admit(s, j);
	CU_ASSERT_TRUE(strlen(text) < 2000);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "...: f in body should match"));
	xfree(text);
	xfree(big);
	cJSON_Delete(j);
	schema_free(s);
}

static const struct unit_case cases[] = {
	UNIT_CASE(refuses_schemas_that_are_not_structural),
	UNIT_CASE(caps_hostile_schemas),
	UNIT_CASE(caps_what_hostile_objects_cost),
	UNIT_CASE(long_values_are_cut_in_messages),
};

int
main(void)
{
	return UNIT_RUN("schema_limits", cases);
}
