/* ObjectMeta, errors as a Status, schemas of builtin kinds. */
#include "sim/kube/schema.h"

#include "tests/unit/schema_rig.h"

/* ---- metadata ----------------------------------------------------------- */

struct meta_row {
	const char *object, *want; /* start of the text */
	bool namespaced;
};

static void
judge_rows(const struct meta_row *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct field_errors l = { 0 };
		cJSON *j = rig_yaml(t[i].object);
		bool ok = schema_validate_metadata(j, t[i].namespaced, &l);
		char *text = field_errors_text(&l);

		CHECK_ROW(ok == (t[i].want[0] == '\0'), t[i].object);
		if (!str_has_prefix(text, t[i].want) || (ok && text[0] != '\0'))
			CHECK_TEXT(text, t[i].want);
		xfree(text);
		field_errors_free(&l);
		cJSON_Delete(j);
	}
}

static void
judges_names_and_namespaces(void)
{
	static const struct meta_row t[] = {
		{ "{metadata: {name: a.b-1, namespace: nn}}", "", true },
		{ "{metadata: {name: a}}", "", false },
		{ "{metadata: {namespace: nn}}",
		    "metadata.name: Required value: name or generateName is "
		    "required",
		    true },
		{ "{metadata: {generateName: a-, namespace: nn}}", "", true },
		{ "{metadata: {name: A_b, namespace: nn}}",
		    "metadata.name: Invalid value: \"A_b\": a lowercase RFC "
		    "1123 subdomain",
		    true },
		{ "{metadata: {name: 5, namespace: nn}}",
		    "metadata.name: Invalid value: \"integer\"", true },
		{ "{metadata: {name: a}}",
		    "metadata.namespace: Required "
		    "value",
		    true },
		{ "{metadata: {name: a, namespace: nn}}",
		    "metadata.namespace: Forbidden: not allowed on this type",
		    false },
		{ "{metadata: 1}", "metadata: Invalid value: \"integer\"",
		    false },
		{ "{}", "metadata.name: Required value", false },
	};

	judge_rows(t, N(t));
}

static void
judges_labels_finalizers_and_owners(void)
{
	static const struct meta_row t[] = {
		{ "{metadata: {name: a, labels: {x.y/z: v, a: ''}}}", "",
		    false },
		{ "{metadata: {name: a, labels: {x y: v}}}",
		    "metadata.labels: Invalid value: \"x y\": name part must",
		    false },
		{ "{metadata: {name: a, labels: {/x: v}}}",
		    "metadata.labels: Invalid value: \"/x\": prefix part must "
		    "be non-empty",
		    false },
		{ "{metadata: {name: a, labels: {x: a b}}}",
		    "metadata.labels: Invalid value: \"a b\": a valid label",
		    false },
		{ "{metadata: {name: a, labels: {x: 1}}}",
		    "metadata.labels.x: Invalid value: \"integer\"", false },
		{ "{metadata: {name: a, labels: [a]}}",
		    "metadata.labels: Invalid value: \"array\"", false },
		{ "{metadata: {name: a, annotations: {X.y/Z: any thing}}}", "",
		    false },
		{ "{metadata: {name: a, annotations: {a b: c}}}",
		    "metadata.annotations: Invalid value: \"a b\"", false },
		{ "{metadata: {name: a, finalizers: [x.y/z, q.org]}}", "",
		    false },
		{ "{metadata: {name: a, finalizers: [foo]}}", "", false },
		{ "{metadata: {name: a, finalizers: [1]}}",
		    "metadata.finalizers[0]: Invalid value: \"integer\"",
		    false },
		{ "{metadata: {name: a, ownerReferences: [{apiVersion: v1, "
		  "kind: K, name: nn, uid: u, controller: true}]}}",
		    "", false },
		{ "{metadata: {name: a, ownerReferences: [{apiVersion: v1, "
		  "kind: K, name: nn}]}}",
		    "metadata.ownerReferences.uid: Invalid value: \"\": "
		    "must not be empty",
		    false },
		{ "{metadata: {name: a, ownerReferences: [{apiVersion: v1, "
		  "kind: K, name: nn, uid: u, controller: true}, {apiVersion: "
		  "v1, kind: L, name: nn, uid: v, controller: true}]}}",
		    "metadata.ownerReferences: Invalid value: ", false },
	};

	judge_rows(t, N(t));
}

static void
annotations_are_capped(void)
{
	struct field_errors l = { 0 };
	cJSON *j = rig_yaml("{metadata: {name: a}}");
	char *big = xcalloc(1, 300001), *text;

	memset(big, 'x', 300000);
	json_put(j, "metadata/annotations/a", cJSON_CreateString(big));
	CU_ASSERT_FALSE(schema_validate_metadata(j, false, &l));
	text = field_errors_text(&l);
	CHECK_TEXT(text, "metadata.annotations: Too long: may not be more than "
			 "262144 bytes");
	xfree(text);
	xfree(big);
	field_errors_free(&l);
	cJSON_Delete(j);
}

static void
errors_become_a_status(void)
{
	struct field_errors l = { 0 };
	cJSON *st;

	field_errors_add(&l, FIELD_REQUIRED, "spec.a", "%s", "");
	field_errors_add(&l, FIELD_FORBIDDEN, "spec.b", "no");
	st = field_errors_status(&l, "example.org", "Host", "h1");
	CHECK_TEXT(json_str(st, "message", NULL),
	    "Host.example.org \"h1\" is invalid: [spec.a: Required value, "
	    "spec.b: Forbidden: no]");
	CU_ASSERT_EQUAL(json_i64(st, "code", 0), 422);
	CHECK_TEXT(json_str(st, "reason", NULL), "Invalid");
	CHECK_TEXT(json_str(st, "details/causes/0/reason", NULL),
	    "FieldValueRequired");
	CHECK_TEXT(json_str(st, "details/causes/1/field", NULL), "spec.b");
	CHECK_TEXT(
	    json_str(st, "details/causes/1/message", NULL), "Forbidden: no");
	cJSON_Delete(st);
	field_errors_free(&l);
}

/* ---- builtin kinds ------------------------------------------------------ */

static void
builtin_kinds_have_schemas(void)
{
	static const struct {
		const char *group, *kind, *object, *want;
	} t[] = {
		{ "", "Namespace", "{status: {phase: Active}}", "" },
		{ "", "Secret", "{type: Opaque, data: {a: aGk=}}", "" },
		{ "", "Secret", "{dat: {}}",
		    "strict decoding error: unknown field \"dat\"" },
		{ "", "Secret", "{data: {a: '!'}}",
		    "data.a: Invalid value: \"!\": data.a in body must be of "
		    "type byte: \"!\"" },
		{ "", "ConfigMap", "{data: {a: 1}}",
		    "data.a: Invalid value: \"integer\": data.a in body must "
		    "be of type string: \"integer\"" },
		{ "", "Event",
		    "{involvedObject: {kind: K}, lastTimestamp: null, "
		    "eventTime: '2026-01-01T00:00:00.000001Z', count: 1}",
		    "" },
		{ "events.k8s.io", "Event", "{note: x, regarding: {}}", "" },
		{ "", "Node",
		    "{spec: {providerID: x, odd: 1}, status: {capacity: {cpu: "
		    "4, memory: 1Gi}, conditions: [{type: Ready, status: "
		    "'True'}]}}",
		    "" },
		{ "coordination.k8s.io", "Lease",
		    "{spec: {holderIdentity: a, leaseDurationSeconds: 15, "
		    "renewTime: '2026-01-01T00:00:00.000001Z'}}",
		    "" },
		{ "apiextensions.k8s.io", "CustomResourceDefinition",
		    "{spec: {group: g, names: {kind: K}, versions: [{name: v1, "
		    "schema: {openAPIV3Schema: {type: object}}}]}}",
		    "" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct err e = { 0 };
		cJSON *doc = schema_builtin(t[i].group, t[i].kind);
		struct schema *s = schema_compile(doc, &e);
		cJSON *obj = rig_yaml(t[i].object);
		char *got;

		CHECK_ROW(s != NULL, e.msg);
		got = rig_admit(s, obj);
		CHECK_TEXT(got, t[i].want);
		xfree(got);
		cJSON_Delete(obj);
		schema_free(s);
		cJSON_Delete(doc);
	}
	CU_ASSERT_PTR_NULL(schema_builtin("", "Pod"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(judges_names_and_namespaces),
	UNIT_CASE(judges_labels_finalizers_and_owners),
	UNIT_CASE(annotations_are_capped),
	UNIT_CASE(errors_become_a_status),
	UNIT_CASE(builtin_kinds_have_schemas),
};

int
main(void)
{
	return UNIT_RUN("schema_meta", cases);
}
