#include "sim/kube/schema.h"

#include "tests/unit/schema_rig.h"

/* The schema of one field f. */
#define F(text) "{type: object, properties: {f: {" text "}}}"

/* ---- validation --------------------------------------------------------- */

static void
speaks_as_the_api_server_does(void)
{
	static const struct rig_row rows[] = {
		{ F("type: string"), "{f: x}", "" },
		{ F("type: string"), "{f: 1}",
		    "f: Invalid value: \"integer\": f in body must be of type "
		    "string: \"integer\"" },
		{ F("type: integer"), "{f: 1.5}",
		    "f: Invalid value: \"number\": f in body must be of type "
		    "integer: \"number\"" },
		{ F("type: integer"), "{f: 9223372036854775807}", "" },
		{ F("type: number"), "{f: 1.5}", "" },
		{ F("type: boolean"), "{f: 'true'}",
		    "f: Invalid value: \"string\": f in body must be of type "
		    "boolean: \"string\"" },
	};

	rig_rows(rows, N(rows));
}

static void
speaks_so_of_lists_and_objects(void)
{
	static const struct rig_row rows[] = {
		{ F("type: array, items: {type: string}"), "{f: {a: b}}",
		    "f: Invalid value: \"object\": f in body must be of type "
		    "array: \"object\"" },
		{ F("type: array, items: {type: string}"), "{f: [a, 1]}",
		    "f[1]: Invalid value: \"integer\": f[1] in body must be of "
		    "type string: \"integer\"" },
		{ F("type: string, enum: [A, B]"), "{f: B}", "" },
		{ F("type: string, enum: [A, B]"), "{f: C}",
		    "f: Unsupported value: \"C\": supported values: \"A\", "
		    "\"B\"" },
		{ F("type: integer, enum: [1, 2]"), "{f: 3}",
		    "f: Unsupported value: 3: supported values: \"1\", "
		    "\"2\"" },
		{ F("type: string, maxLength: 3"), "{f: abc}", "" },
		{ F("type: string, maxLength: 3"), "{f: abcd}",
		    "f: Too long: may not be more than 3 bytes" },
		{ F("type: string, maxLength: 3"),
		    "{f: \"\xc3\xa4\xc3\xb6"
		    "\xc3\xbc\"}",
		    "" },
		{ F("type: string, minLength: 2"), "{f: a}",
		    "f: Invalid value: \"a\": f in body should be at least 2 "
		    "chars long" },
		{ F("type: string, pattern: '^a+$'"), "{f: aab}",
		    "f: Invalid value: \"aab\": f in body should match "
		    "'^a+$'" },
		{ F("type: integer, minimum: 1, maximum: 5"), "{f: 5}", "" },
		{ F("type: integer, minimum: 1"), "{f: 0}",
		    "f: Invalid value: 0: f in body should be greater than or "
		    "equal to 1" },
		{ F("type: integer, maximum: 5"), "{f: 6}",
		    "f: Invalid value: 6: f in body should be less than or "
		    "equal to 5" },
		{ F("type: integer, maximum: 5, exclusiveMaximum: true"),
		    "{f: 5}",
		    "f: Invalid value: 5: f in body should be less than 5" },
		{ F("type: integer, minimum: 5, exclusiveMinimum: true"),
		    "{f: 5}",
		    "f: Invalid value: 5: f in body should be greater than "
		    "5" },
		{ F("type: integer, multipleOf: 3"), "{f: 7}",
		    "f: Invalid value: 7: f in body should be a multiple of "
		    "3" },
		{ F("type: integer, multipleOf: 3"), "{f: 9}", "" },
		{ F("type: integer, format: int32"), "{f: 2147483648}",
		    "f: Invalid value: 2147483648: f in body must be of type "
		    "int32: 2147483648" },
		{ F("type: array, maxItems: 1, items: {type: string}"),
		    "{f: [a, b]}",
		    "f: Too many: 2: must have at most 1 items" },
		{ F("type: array, minItems: 1, items: {type: string}"),
		    "{f: []}",
		    "f: Invalid value: 0: f in body should have at least 1 "
		    "items" },
		{ F("type: object, minProperties: 1, properties: {a: {type: "
		    "string}}"),
		    "{f: {}}",
		    "f: Invalid value: 0: f in body should have at least 1 "
		    "properties" },
		{ F("type: object, maxProperties: 1, additionalProperties: "
		    "{type: string}"),
		    "{f: {a: b, c: d}}",
		    "f: Too many: 2: must have at most 1 items" },
		{ F("type: object, required: [a, b], properties: {a: {type: "
		    "string}, b: {type: string}}"),
		    "{f: {a: x}}", "f.b: Required value" },
		{ F("type: object, required: [a, b], properties: {a: {type: "
		    "string}, b: {type: string}}"),
		    "{f: {}}", "[f.a: Required value, f.b: Required value]" },
	};

	rig_rows(rows, N(rows));
}

static void
knows_nulls_maps_and_unions(void)
{
	static const struct rig_row rows[] = {
		/* A null that is not nullable is as if it were not there. */
		{ F("type: string"), "{f: null}", "" },
		{ "{type: object, required: [f], properties: {f: {type: "
		  "string}}}",
		    "{f: null}", "f: Required value" },
		{ F("type: string, nullable: true"), "{f: null}", "" },
		{ F("type: array, items: {type: string}"), "{f: [null]}",
		    "f[0]: Invalid value: \"null\": f[0] in body must be of "
		    "type string: \"null\"" },
		{ F("type: object, additionalProperties: {type: string}"),
		    "{f: {a: b, c: 1}}",
		    "f.c: Invalid value: \"integer\": f.c in body must be of "
		    "type string: \"integer\"" },
		{ F("x-kubernetes-int-or-string: true"), "{f: 1}", "" },
		{ F("x-kubernetes-int-or-string: true"), "{f: 10%}", "" },
		{ F("x-kubernetes-int-or-string: true"), "{f: true}",
		    "f: Invalid value: \"boolean\": f in body must be of type "
		    "integer,string: \"boolean\"" },
		{ F("x-kubernetes-int-or-string: true, anyOf: [{type: "
		    "integer}, {type: string}], pattern: '^[0-9]+$'"),
		    "{f: x}",
		    "f: Invalid value: \"x\": f in body should match "
		    "'^[0-9]+$'" },
		{ F("type: integer, allOf: [{minimum: 1}, {maximum: 2}]"),
		    "{f: 3}",
		    "f: Invalid value: 3: f in body should be less than or "
		    "equal to 2" },
		{ F("type: integer, anyOf: [{maximum: 1}, {minimum: 5}]"),
		    "{f: 5}", "" },
		{ F("type: integer, anyOf: [{maximum: 1}, {minimum: 5}]"),
		    "{f: 3}",
		    "f: Invalid value: 3: f in body must validate at least "
		    "one schema (anyOf)" },
		{ F("type: integer, oneOf: [{minimum: 1}, {minimum: 5}]"),
		    "{f: 6}",
		    "f: Invalid value: 6: f in body must validate one and "
		    "only one schema (oneOf)" },
		{ F("type: integer, oneOf: [{minimum: 1}, {minimum: 5}]"),
		    "{f: 2}", "" },
		{ F("type: string, not: {enum: [x]}"), "{f: x}",
		    "f: Invalid value: \"x\": f in body must not validate the "
		    "schema (not)" },
		{ F("type: object, oneOf: [{required: [a]}, {required: [b]}], "
		    "properties: {a: {type: string}, b: {type: string}}"),
		    "{f: {a: x}}", "" },
	};

	rig_rows(rows, N(rows));
}

static void
finds_doubles_in_sets_and_maps(void)
{
	static const char map[] =
	    F("type: array, x-kubernetes-list-type: map, "
	      "x-kubernetes-list-map-keys: [type], items: {type: object, "
	      "required: [type], properties: {type: {type: string}, v: {type: "
	      "integer}}}");
	static const char pair[] =
	    F("type: array, x-kubernetes-list-type: map, "
	      "x-kubernetes-list-map-keys: [port, proto], items: {type: "
	      "object, required: [port], properties: {port: {type: integer}, "
	      "proto: {type: string, default: TCP}}}");
	static const char set[] =
	    F("type: array, x-kubernetes-list-type: set, items: {type: "
	      "string}");
	static const struct rig_row rows[] = {
		{ map, "{f: [{type: a}, {type: b}]}", "" },
		{ map, "{f: [{type: a, v: 1}, {type: b}, {type: a, v: 2}]}",
		    "f[2]: Duplicate value: {\"type\":\"a\"}" },
		{ map, "{f: [{v: 1}]}", "f[0].type: Required value" },
		{ pair, "{f: [{port: 1}, {port: 1, proto: UDP}]}", "" },
		{ pair, "{f: [{port: 1}, {port: 1, proto: TCP}]}",
		    "f[1]: Duplicate value: {\"port\":1,\"proto\":\"TCP\"}" },
		{ set, "{f: [a, b]}", "" },
		{ set, "{f: [a, b, a, b]}",
		    "[f[2]: Duplicate value: \"a\", f[3]: Duplicate value: "
		    "\"b\"]" },
		{ F("type: array, items: {type: string}"), "{f: [a, a]}", "" },
	};

	rig_rows(rows, N(rows));
}

static void
knows_formats(void)
{
	static const struct {
		const char *format, *good, *bad;
	} t[] = {
		{ "date-time", "2026-11-22T18:25:00.5+01:00", "2026-11-22" },
		{ "date", "2026-02-28", "2026-02-30" },
		{ "ipv4", "10.0.0.255", "10.0.0.256" },
		{ "ipv4", "0.0.0.0", "10.0.0" },
		{ "ipv6", "fe80::1", "fe80:::1" },
		{ "ipv6", "::ffff:10.0.0.1", "1:2:3:4:5:6:7" },
		{ "ipv6", "::", "1::2::3" },
		{ "ipv6", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9" },
		{ "cidr", "10.0.0.0/24", "10.0.0.0/33" },
		{ "cidr", "fe80::/64", "fe80::" },
		{ "mac", "aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee" },
		{ "uuid", "12345678-1234-1234-1234-123456789abc",
		    "12345678-1234-1234-1234-123456789ab" },
		{ "uri", "http://host/x", "no scheme" },
		{ "hostname", "a-b.example.org", "a_b" },
		{ "hostname", "a", "-a" },
		{ "email", "a@b.org", "a.b.org" },
		{ "byte", "aGVsbG8=", "a!b=" },
		{ "duration", "1h30m5.5s", "5 minutes" },
		{ "duration", "-2ms", "5" },
	};

	for (size_t i = 0; i < N(t); i++) {
		char schema[160], obj[128];
		struct schema *s;
		char *got;
		cJSON *j;

		(void)str_format(schema, sizeof(schema),
		    F("type: string, format: %s"), t[i].format);
		s = rig_schema(schema);
		(void)str_format(obj, sizeof(obj), "{f: '%s'}", t[i].good);
		j = rig_yaml(obj);
		got = rig_admit(s, j);
		CHECK_TEXT(got, "");
		xfree(got);
		cJSON_Delete(j);
		(void)str_format(obj, sizeof(obj), "{f: '%s'}", t[i].bad);
		j = rig_yaml(obj);
		got = rig_admit(s, j);
		CHECK_ROW(strstr(got, "must be of type") != NULL, t[i].bad);
		xfree(got);
		cJSON_Delete(j);
		schema_free(s);
	}
}

/* ---- pruning and defaults ----------------------------------------------- */

static const char *const deep =
    "{type: object, properties: {apiVersion: {type: string}, kind: {type: "
    "string}, metadata: {type: object}, spec: {type: object, default: {}, "
    "properties: {num: {type: integer, default: 3}, "
    "list: {type: array, items: {type: object, properties: {a: {type: string, "
    "default: x}}}}, "
    "open: {type: object, x-kubernetes-preserve-unknown-fields: true, "
    "properties: {in: {type: object, properties: {a: {type: string}}}}}, "
    "map: {type: object, additionalProperties: {type: object, properties: {b: "
    "{type: integer, default: 1}}}}, "
    "maybe: {type: string, nullable: true, default: d}, "
    "sub: {type: object, properties: {c: {type: string, default: yy}}}}}}}";

static void
removes_and_names_unknown_fields(void)
{
	static const struct {
		const char *in, *out, *unknown;
	} t[] = {
		{ "{apiVersion: v, kind: K, metadata: {any: thing}, spec: {}}",
		    "{\"apiVersion\":\"v\",\"kind\":\"K\",\"metadata\":{"
		    "\"any\":\"thing\"},\"spec\":{}}",
		    "strict decoding error: " },
		{ "{x: 1, spec: {z: 1, list: [{a: b}, {c: d}]}}",
		    "{\"spec\":{\"list\":[{\"a\":\"b\"},{}]}}",
		    "strict decoding error: unknown field \"x\", unknown field "
		    "\"spec.z\", unknown field \"spec.list[1].c\"" },
		{ "{spec: {open: {q: {r: s}, in: {a: b, z: 1}}}}",
		    "{\"spec\":{\"open\":{\"q\":{\"r\":\"s\"},\"in\":{\"a\":"
		    "\"b\"}}}}",
		    "strict decoding error: unknown field "
		    "\"spec.open.in.z\"" },
		{ "{spec: {map: {k: {b: 1, c: 2}}}}",
		    "{\"spec\":{\"map\":{\"k\":{\"b\":1}}}}",
		    "strict decoding error: unknown field \"spec.map.k.c\"" },
	};
	struct schema *s = rig_schema(deep);

	for (size_t i = 0; i < N(t); i++) {
		struct schema_unknown u = { 0 };
		cJSON *j = rig_yaml(t[i].in);
		char *out, *text;

		schema_prune(s, j, &u);
		out = json_print(j);
		text = schema_unknown_text(&u);
		CHECK_TEXT(out, t[i].out);
		CHECK_TEXT(text, t[i].unknown);
		xfree(out);
		xfree(text);
		schema_unknown_free(&u);
		cJSON_Delete(j);
	}
	schema_free(s);
}

static void
fills_in_defaults_inside_out(void)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "{}", "{spec: {num: 3, maybe: d}}" },
		{ "{spec: {num: 4, maybe: null}}",
		    "{spec: {num: 4, maybe: null}}" },
		{ "{spec: {num: null}}", "{spec: {num: 3, maybe: d}}" },
		{ "{spec: {sub: {}, list: [{}, {a: z}]}}",
		    "{spec: {num: 3, maybe: d, sub: {c: yy}, list: [{a: x}, "
		    "{a: "
		    "z}]}}" },
		{ "{spec: {sub: null}}", "{spec: {num: 3, maybe: d}}" },
		{ "{spec: {map: {k: {}}}}",
		    "{spec: {num: 3, maybe: d, map: {k: {b: 1}}}}" },
	};
	struct schema *s = rig_schema(deep);

	for (size_t i = 0; i < N(t); i++) {
		cJSON *j = rig_yaml(t[i].in), *want = rig_yaml(t[i].out);

		schema_default(s, j);
		CHECK_ROW(json_equal(j, want), t[i].in);
		schema_default(s, j);
		CHECK_ROW(json_equal(j, want), t[i].in);
		cJSON_Delete(j);
		cJSON_Delete(want);
	}
	schema_free(s);
}

static void
embedded_resources_keep_their_head(void)
{
	static const char schema[] =
	    F("type: object, x-kubernetes-embedded-resource: true, properties: "
	      "{spec: {type: object}}");
	static const struct rig_row rows[] = {
		{ schema, "{f: {apiVersion: v1, kind: K, metadata: {name: x}}}",
		    "" },
		{ schema, "{f: {kind: K}}", "f.apiVersion: Required value" },
		{ schema, "{f: {apiVersion: v1, kind: K, metadata: 1}}",
		    "f.metadata: Invalid value: \"integer\": f.metadata in "
		    "body must be of type object: \"integer\"" },
		{ schema, "{f: {apiVersion: v1, kind: K, other: 1}}",
		    "strict decoding error: unknown field \"f.other\"" },
	};

	rig_rows(rows, N(rows));
}

/* ---- shape -------------------------------------------------------------- */

static void
tells_apply_how_things_merge(void)
{
	struct schema *s = rig_schema(
	    "{type: object, properties: {"
	    "atomic: {type: array, items: {type: string}}, "
	    "set: {type: array, x-kubernetes-list-type: set, items: {type: "
	    "string}}, "
	    "map: {type: array, x-kubernetes-list-type: map, "
	    "x-kubernetes-list-map-keys: [k], items: {type: object, required: "
	    "[k], properties: {k: {type: string}}}}, "
	    "whole: {type: object, x-kubernetes-map-type: atomic, "
	    "additionalProperties: {type: string}}}}");
	const struct schema *m = schema_member(s, "map");
	size_t n;

	CU_ASSERT_EQUAL(schema_type(s), SCHEMA_OBJECT);
	CU_ASSERT_EQUAL(
	    schema_list_type(schema_member(s, "atomic")), SCHEMA_LIST_ATOMIC);
	CU_ASSERT_EQUAL(
	    schema_list_type(schema_member(s, "set")), SCHEMA_LIST_SET);
	CU_ASSERT_EQUAL(schema_list_type(m), SCHEMA_LIST_MAP);
	CHECK_TEXT(schema_list_keys(m, &n)[0], "k");
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(
	    schema_type(schema_member(schema_items(m), "k")), SCHEMA_STRING);
	CU_ASSERT_TRUE(schema_map_atomic(schema_member(s, "whole")));
	CU_ASSERT_EQUAL(
	    schema_type(schema_member(schema_member(s, "whole"), "any")),
	    SCHEMA_STRING);
	CU_ASSERT_PTR_NULL(schema_member(s, "nothing"));
	CU_ASSERT_PTR_NULL(schema_member(NULL, "nothing"));
	schema_free(s);
}

static const struct unit_case cases[] = {
	UNIT_CASE(speaks_as_the_api_server_does),
	UNIT_CASE(speaks_so_of_lists_and_objects),
	UNIT_CASE(knows_nulls_maps_and_unions),
	UNIT_CASE(finds_doubles_in_sets_and_maps),
	UNIT_CASE(knows_formats),
	UNIT_CASE(removes_and_names_unknown_fields),
	UNIT_CASE(fills_in_defaults_inside_out),
	UNIT_CASE(embedded_resources_keep_their_head),
	UNIT_CASE(tells_apply_how_things_merge),
};

int
main(void)
{
	return UNIT_RUN("schema", cases);
}
