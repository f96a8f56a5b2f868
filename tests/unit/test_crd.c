#include "sim/kube/crd.h"

#include "tests/unit/schema_rig.h"

/* ---- definitions of others ---------------------------------------------- */

static const char good[] =
    "{metadata: {name: things.example.org}, spec: {group: example.org, scope: "
    "Namespaced, names: {plural: things, kind: Thing, shortNames: [th]}, "
    "versions: [{name: v1, served: true, storage: true, subresources: "
    "{status: {}}, selectableFields: [{jsonPath: .spec.a}], schema: "
    "{openAPIV3Schema: {type: object, properties: {spec: {type: object, "
    "properties: {a: {type: string}}}}}}}, {name: v1beta1, served: false, "
    "storage: false, schema: {openAPIV3Schema: {type: object}}}]}}";

static void
a_definition_becomes_names_and_versions(void)
{
	struct field_errors l = { 0 };
	cJSON *j = rig_yaml(good), *st;
	struct crd *c;

	crd_default(j);
	c = crd_parse(j, &l);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CHECK_TEXT(c->singular, "thing");
	CHECK_TEXT(c->list_kind, "ThingList");
	CHECK_TEXT(c->short_names[0], "th");
	CU_ASSERT_EQUAL(c->n_versions, 2);
	CU_ASSERT_EQUAL(c->storage, 0);
	CU_ASSERT_TRUE(c->versions[0].has_status);
	CHECK_TEXT(c->versions[0].selectable[0], "spec.a");
	CU_ASSERT_FALSE(crd_version_by_name(c, "v1beta1")->served);
	CU_ASSERT_PTR_NULL(crd_version_by_name(c, "v2"));
	st = crd_status(c, 0);
	CHECK_TEXT(json_str(st, "conditions/1/type", NULL), "Established");
	CHECK_TEXT(json_str(st, "conditions/1/lastTransitionTime", NULL),
	    "1970-01-01T00:00:00Z");
	CHECK_TEXT(json_str(st, "acceptedNames/listKind", NULL), "ThingList");
	CHECK_TEXT(json_str(st, "storedVersions/0", NULL), "v1");
	cJSON_Delete(st);
	crd_free(c);
	cJSON_Delete(j);
}

static void
bad_definitions_are_refused_with_their_place(void)
{
	static const struct {
		const char *patch, *want;
	} t[] = {
		{ "{metadata: {name: x}}",
		    "metadata.name: Invalid value: \"x\": must be "
		    "spec.names.plural+\".\"+spec.group" },
		{ "{spec: {group: null}}", "spec.group: Required value" },
		{ "{spec: {group: nodots}}", "spec.group: Invalid value: "
					     "\"nodots\"" },
		{ "{spec: {scope: Global}}",
		    "spec.scope: Unsupported value: \"Global\": supported "
		    "values: \"Cluster\", \"Namespaced\"" },
		{ "{spec: {names: {kind: 'a b'}}}",
		    "spec.names.kind: Invalid value: \"a b\"" },
		{ "{spec: {names: {listKind: Thing}}}",
		    "kind and listKind may not be the same" },
		{ "{spec: {names: {shortNames: [1]}}}",
		    "spec.names.shortNames: Invalid value" },
		{ "{spec: {conversion: {strategy: Webhook}}}",
		    "spec.conversion.strategy: Unsupported value: "
		    "\"Webhook\"" },
		{ "{spec: {preserveUnknownFields: true}}",
		    "spec.preserveUnknownFields: Invalid value" },
		{ "{spec: {versions: []}}",
		    "spec.versions: Required value: must have at least one "
		    "version" },
		{ "{spec: {versions: [{name: v1, served: true, storage: false, "
		  "schema: {openAPIV3Schema: {type: object}}}]}}",
		    "must have exactly one version marked as storage "
		    "version" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object}}}, {name: v1, schema: "
		  "{openAPIV3Schema: {type: object}}}]}}",
		    "spec.versions[1].name: Duplicate value: \"v1\"" },
		{ "{spec: {versions: [{name: v1, storage: true}]}}",
		    "spec.versions[0].schema.openAPIV3Schema: Required value: "
		    "schemas are required" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object, properties: {a: {$ref: "
		  "x}}}}}]}}",
		    "spec.versions[0].schema.openAPIV3Schema: Invalid value: "
		    "a: $ref is not allowed" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object}}, "
		  "additionalPrinterColumns: [{name: C, type: string, "
		  "jsonPath: x}]}]}}",
		    "spec.versions[0].additionalPrinterColumns: Invalid "
		    "value: column C: jsonPath x" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct field_errors l = { 0 };
		cJSON *base = rig_yaml(good), *patch = rig_yaml(t[i].patch);
		cJSON *j = json_merge_patch(base, patch);
		struct crd *c;
		char *text;

		crd_default(j);
		c = crd_parse(j, &l);
		text = field_errors_text(&l);
		CHECK_ROW(c == NULL, t[i].patch);
		if (strstr(text, t[i].want) == NULL)
			CHECK_TEXT(text, t[i].want);
		xfree(text);
		field_errors_free(&l);
		crd_free(c);
		cJSON_Delete(j);
		cJSON_Delete(base);
		cJSON_Delete(patch);
	}
}

static void
garbage_definitions_do_no_harm(void)
{
	static const char *const bad[] = { "{}", "{spec: 1}", "{spec: []}",
		"{spec: {names: [], versions: {a: 1}, group: {}}}",
		"{spec: {versions: [1, null, [], {}]}}",
		"{spec: {versions: [{schema: {openAPIV3Schema: 5}}]}}" };

	for (size_t i = 0; i < N(bad); i++) {
		struct field_errors l = { 0 };
		cJSON *j = rig_yaml(bad[i]);
		struct crd *c;

		crd_default(j);
		c = crd_parse(j, &l);
		CHECK_ROW(c == NULL && l.n > 0, bad[i]);
		crd_free(c);
		field_errors_free(&l);
		cJSON_Delete(j);
	}
}

static void
names_and_scope_never_change(void)
{
	struct field_errors l = { 0 };
	cJSON *a = rig_yaml(good), *b = rig_yaml(good);
	struct crd *x, *y;
	char *text;

	json_put(b, "spec/scope", cJSON_CreateString("Cluster"));
	json_put(b, "spec/names/kind", cJSON_CreateString("Other"));
	crd_default(a);
	crd_default(b);
	x = crd_parse(a, &l);
	y = crd_parse(b, &l);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(y);
	crd_validate_update(x, x, &l);
	CU_ASSERT_EQUAL(l.n, 0);
	crd_validate_update(x, y, &l);
	text = field_errors_text(&l);
	CHECK_TEXT(text,
	    "[spec.names.kind: Invalid value: \"Other\": field is immutable, "
	    "spec.scope: Invalid value: \"Cluster\": field is immutable]");
	xfree(text);
	field_errors_free(&l);
	crd_free(x);
	crd_free(y);
	cJSON_Delete(a);
	cJSON_Delete(b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_definition_becomes_names_and_versions),
	UNIT_CASE(bad_definitions_are_refused_with_their_place),
	UNIT_CASE(garbage_definitions_do_no_harm),
	UNIT_CASE(names_and_scope_never_change),
};

int
main(void)
{
	return UNIT_RUN("crd", cases);
}
