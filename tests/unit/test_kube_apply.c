/* Patches, and server-side apply with several managers. */
#include "tests/unit/kube_rig.h"

#define APPLY(manager) RIG_HOSTS "/h?fieldManager=" manager
#define APPLY_STATUS(manager) RIG_HOSTS "/h/status?fieldManager=" manager
#define HEAD "apiVersion: example.org/v1\nkind: Host\nmetadata: {name: h}\n"

static void
strategic_patches_merge_by_key(void)
{
	static const struct {
		const char *patch, *path, *want; /* want NULL: absent */
	} rows[] = {
		{ "{\"metadata\":{\"labels\":{\"b\":\"2\"}}}",
		    "metadata/labels/a", "1" },
		{ "{\"metadata\":{\"labels\":{\"a\":null}}}",
		    "metadata/labels/a", NULL },
		{ "{\"metadata\":{\"labels\":{\"$patch\":\"replace\","
		  "\"c\":\"3\"}}}",
		    "metadata/labels/b", NULL },
		{ "{\"metadata\":{\"finalizers\":[\"x/two\"]}}",
		    "metadata/finalizers/0", "x/two" },
		{ "{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":["
		  "\"x/one\"]}}",
		    "metadata/finalizers/0", "x/two" },
		{ "{\"metadata\":{\"$setElementOrder/finalizers\":[\"x/two\","
		  "\"x/three\"],\"finalizers\":[\"x/three\"]}}",
		    "metadata/finalizers/1", "x/three" },
		{ "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u1\","
		  "\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\"}]}}",
		    "metadata/ownerReferences/0/name", "p" },
		{ "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u1\","
		  "\"name\":\"q\"}]}}",
		    "metadata/ownerReferences/0/kind", "Pod" },
		{ "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u1\","
		  "\"$patch\":\"delete\"}]}}",
		    "metadata/ownerReferences/0/name", NULL },
		{ "{\"data\":{\"k\":\"v\"}}", "data/k", "v" },
		{ "{\"data\":{\"$retainKeys\":[\"z\"],\"z\":\"y\"}}", "data/k",
		    NULL },
	};
	struct kube_rig r;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_MAPS, NULL,
	    "{\"metadata\":{\"name\":\"m\",\"labels\":{\"a\":\"1\"},"
	    "\"finalizers\":[\"x/one\"]}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *j = rig_do(&r, 200, "PATCH", RIG_MAPS "/m",
		    RIG_STRATEGIC, rows[i].patch);

		CHECK_ROW(str_eq(json_str(j, rows[i].path, NULL), rows[i].want),
		    rows[i].patch);
		cJSON_Delete(j);
	}
	rig_ok(&r, 422, "PATCH", RIG_MAPS "/m", RIG_STRATEGIC,
	    "{\"$patch\":\"explode\"}");
	rig_ok(&r, 400, "PATCH", RIG_MAPS "/m", RIG_STRATEGIC, "[1]");
	rig_ok(&r, 422, "PATCH", RIG_MAPS "/m", RIG_STRATEGIC,
	    "{\"metadata\":{\"ownerReferences\":[{\"name\":\"x\"}]}}");
	rig_ok(&r, 422, "PATCH", RIG_MAPS "/m", RIG_STRATEGIC,
	    "{\"metadata\":{\"ownerReferences\":[7]}}");
	rig_close(&r);
}

static void
json_patches_are_atomic(void)
{
	struct kube_rig r;
	cJSON *j;
	int64_t rv;

	rig_open(&r);
	rig_ok(
	    &r, 201, "PATCH", APPLY("me"), RIG_APPLY, HEAD "spec: {size: 1}\n");
	rv = kube_server_revision(r.s);
	rig_ok(&r, 422, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
	    "[{\"op\":\"replace\",\"path\":\"/spec/size\",\"value\":2},"
	    "{\"op\":\"test\",\"path\":\"/spec/size\",\"value\":3}]");
	rig_ok(&r, 422, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
	    "[{\"op\":\"remove\",\"path\":\"/none\"}]");
	rig_ok(&r, 400, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH, "{}");
	rig_ok(&r, 400, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
	    "[{\"op\":\"replace\",\"path\":\"\",\"value\":[]}]");
	rig_ok(&r, 400, "PATCH", RIG_HOSTS "/h", RIG_MERGE, "[]");
	CU_ASSERT_EQUAL(kube_server_revision(r.s), rv);
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
	    "[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{"
	    "\"a/b\":\"c\"}},{\"op\":\"replace\",\"path\":"
	    "\"/metadata/labels/a~1b\",\"value\":\"d\"}]");
	CHECK_TEXT(json_str(j, "metadata/labels/a~1b", NULL), "d");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
appliers_conflict_share_and_let_go(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	j = rig_do(&r, 201, "PATCH", APPLY("one"), RIG_APPLY,
	    HEAD "spec: {size: 1, zone: z, tags: [a]}\n");
	CHECK_TEXT(
	    json_str(j, "metadata/managedFields/0/operation", NULL), "Apply");
	CHECK_TEXT(
	    json_str(j, "metadata/managedFields/0/manager", NULL), "one");
	CU_ASSERT_PTR_NOT_NULL(json_at(
	    j, "metadata/managedFields/0/fieldsV1/f:spec/f:tags/v:\"a\""));
	cJSON_Delete(j);
	j = rig_do(&r, 409, "PATCH", APPLY("two"), RIG_APPLY,
	    HEAD "spec: {size: 2}\n");
	CHECK_TEXT(json_str(j, "reason", NULL), "Conflict");
	CHECK_TEXT(json_str(j, "message", NULL),
	    "Apply failed with 1 conflict: conflict with \"one\": .spec.size");
	CHECK_TEXT(json_str(j, "details/causes/0/reason", NULL),
	    "FieldManagerConflict");
	CHECK_TEXT(json_str(j, "details/causes/0/field", NULL), ".spec.size");
	cJSON_Delete(j);
	/* The same value is shared; a set merges. */
	j = rig_do(&r, 200, "PATCH", APPLY("two"), RIG_APPLY,
	    HEAD "spec: {size: 1, tags: [b]}\n");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "spec/tags")), 2);
	cJSON_Delete(j);
	/* What one gives up stays while the other has it. */
	j = rig_do(&r, 200, "PATCH", APPLY("one"), RIG_APPLY,
	    HEAD "spec: {mode: a}\n");
	CU_ASSERT_EQUAL(json_i64(j, "spec/size", 0), 1);
	CU_ASSERT_PTR_NULL(json_at(j, "spec/zone"));
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "spec/tags")), 1);
	CHECK_TEXT(json_str(j, "spec/tags/0", NULL), "b");
	cJSON_Delete(j);
	j = rig_do(&r, 200, "PATCH", APPLY("three") "&force=true", RIG_APPLY,
	    HEAD "spec: {size: 3}\n");
	CU_ASSERT_EQUAL(json_i64(j, "spec/size", 0), 3);
	cJSON_Delete(j);
	/* two no longer owns the size: dropping it changes nothing. */
	j = rig_do(&r, 200, "PATCH", APPLY("two"), RIG_APPLY, HEAD);
	CU_ASSERT_EQUAL(json_i64(j, "spec/size", 0), 3);
	CU_ASSERT_PTR_NULL(json_at(j, "spec/tags"));
	cJSON_Delete(j);
	rig_close(&r);
}

static void
applying_the_same_twice_writes_once(void)
{
	struct kube_rig r;
	int64_t rv;

	rig_open(&r);
	rig_ok(&r, 201, "PATCH", APPLY("one"), RIG_APPLY,
	    HEAD "spec: {size: 1, args: [x, z]}\n");
	rv = kube_server_revision(r.s);
	rig_run(&r, 60 * LOOP_S);
	rig_ok(&r, 200, "PATCH", APPLY("one"), RIG_APPLY,
	    HEAD "spec: {size: 1, args: [x, z]}\n");
	CU_ASSERT_EQUAL(kube_server_revision(r.s), rv);
	rig_close(&r);
}

#define COND(type, status) \
	HEAD "status: {conditions: [{type: " type ", status: '" status "'}]}" \
	     "\n"

static void
two_managers_own_conditions_by_type(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "PATCH", APPLY("one"), RIG_APPLY,
	    HEAD "spec: {size: 1}\nstatus: {phase: ignored}\n");
	rig_ok(&r, 200, "PATCH", APPLY_STATUS("one"), RIG_APPLY,
	    COND("Ready", "True"));
	j = rig_do(&r, 200, "PATCH", APPLY_STATUS("two"), RIG_APPLY,
	    COND("Healthy", "True"));
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "status/conditions")), 2);
	CU_ASSERT_EQUAL(json_i64(j, "spec/size", 0), 1);
	CU_ASSERT_PTR_NULL(json_at(j, "status/phase"));
	cJSON_Delete(j);
	j = rig_do(&r, 409, "PATCH", APPLY_STATUS("two"), RIG_APPLY,
	    COND("Ready", "False"));
	CHECK_TEXT(json_str(j, "details/causes/0/field", NULL),
	    ".status.conditions[type=\"Ready\"].status");
	CHECK_TEXT(json_str(j, "details/causes/0/message", NULL),
	    "conflict with \"one\" with subresource \"status\"");
	cJSON_Delete(j);
	j = rig_do(&r, 200, "PATCH", APPLY_STATUS("one"), RIG_APPLY, HEAD);
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "status/conditions")), 1);
	CHECK_TEXT(json_str(j, "status/conditions/0/type", NULL), "Healthy");
	cJSON_Delete(j);
	/* An update takes fields over; the applier then conflicts. */
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h/status?fieldManager=three",
	    RIG_MERGE,
	    "{\"status\":{\"conditions\":[{\"type\":\"Healthy\",\"status\":"
	    "\"False\"}]}}");
	j = rig_do(&r, 409, "PATCH", APPLY_STATUS("two"), RIG_APPLY,
	    COND("Healthy", "True"));
	CHECK_TEXT(json_str(j, "message", NULL),
	    "Apply failed with 1 conflict: conflict with \"three\" with "
	    "subresource \"status\" using example.org/v1: "
	    ".status.conditions[type=\"Healthy\"].status");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
updates_are_owned_by_who_changed_what(void)
{
	struct kube_rig r;
	const cJSON *m;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS "?fieldManager=maker", NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"h\"},\"spec\":{\"size\":1,\"zone\":\"z\"}}");
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h?fieldManager=editor",
	    RIG_MERGE, "{\"spec\":{\"size\":2}}");
	m = json_arr(j, "metadata/managedFields");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(m), 2);
	CHECK_TEXT(json_str(m, "0/manager", NULL), "editor");
	CU_ASSERT_PTR_NOT_NULL(json_at(m, "0/fieldsV1/f:spec/f:size"));
	CU_ASSERT_PTR_NULL(json_at(m, "0/fieldsV1/f:spec/f:zone"));
	CU_ASSERT_PTR_NULL(json_at(m, "1/fieldsV1/f:spec/f:size"));
	CU_ASSERT_PTR_NOT_NULL(json_at(m, "1/fieldsV1/f:spec/f:zone"));
	cJSON_Delete(j);
	/* Removing a field removes its owner. */
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h?fieldManager=third",
	    RIG_MERGE, "{\"spec\":{\"size\":null}}");
	m = json_arr(j, "metadata/managedFields");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(m), 1);
	cJSON_Delete(j);
	/* Managers can be rewritten, and reset, but not broken. */
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"managedFields\":[{\"manager\":7}]}}");
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "metadata/managedFields")), 1);
	cJSON_Delete(j);
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"managedFields\":[{}]}}");
	CU_ASSERT_PTR_NULL(json_at(j, "metadata/managedFields"));
	cJSON_Delete(j);
	rig_close(&r);
}

static void
old_updaters_become_ancient(void)
{
	struct kube_rig r;
	cJSON *j;
	bool ancient = false;
	const cJSON *c;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_MAPS "?fieldManager=m0", NULL,
	    "{\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":\"v\"}}");
	for (int i = 0; i < 15; i++) {
		char target[100], body[60];

		(void)snprintf(
		    target, sizeof(target), RIG_MAPS "/m?fieldManager=m%d", i);
		(void)snprintf(
		    body, sizeof(body), "{\"data\":{\"k%d\":\"v\"}}", i);
		rig_ok(&r, 200, "PATCH", target, RIG_MERGE, body);
		rig_run(&r, LOOP_S);
	}
	j = rig_get(&r, RIG_MAPS "/m");
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "metadata/managedFields")), 10);
	cJSON_ArrayForEach (c, json_arr(j, "metadata/managedFields")) {
		ancient = ancient ||
			  str_eq(json_str(c, "manager", ""), "ancient-changes");
	}
	CU_ASSERT_TRUE(ancient);
	cJSON_Delete(j);
	rig_close(&r);
}

static void
bad_configurations_are_refused(void)
{
	static const struct {
		const char *target, *body;
		int status;
	} rows[] = {
		{ RIG_HOSTS "/h", HEAD, 422 }, /* no manager */
		{ APPLY("me"), "", 400 },
		{ APPLY("me"), "[]", 400 },
		{ APPLY("me"), "a: b: c", 400 },
		{ APPLY("me"), "metadata: {name: h}", 400 },
		{ APPLY("me"), "apiVersion: example.org/v2\nkind: Host\n",
		    400 },
		{ APPLY("me"),
		    "apiVersion: example.org/v1\nkind: Host\nmetadata: {name: "
		    "i}\n",
		    400 },
		{ APPLY("me"), HEAD "spec: {size: -1}\n", 422 },
		{ APPLY("me") "&fieldValidation=Strict",
		    HEAD "spec: {sise: 1}\n", 500 },
		{ APPLY("me"),
		    "apiVersion: example.org/v1\nkind: Host\nmetadata: {name: "
		    "h, managedFields: [{manager: x}]}\n",
		    400 },
		{ APPLY_STATUS("me"), HEAD, 404 },
		{ APPLY("me%01"), HEAD, 422 },
	};
	struct kube_rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(rig_code(&r, "PATCH", rows[i].target, RIG_APPLY,
			      rows[i].body) == rows[i].status,
		    rows[i].body);
	rig_close(&r);
}

static void
deep_objects_keep_their_managers(void)
{
	struct kube_rig r;
	struct buf b;

	rig_open(&r);
	buf_init(&b, 100000);
	(void)buf_adds(&b, "{\"apiVersion\":\"example.org/v1\",\"kind\":"
			   "\"Host\",\"metadata\":{\"name\":\"h\"},\"spec\":{"
			   "\"extra\":");
	for (int i = 0; i < 44; i++)
		(void)buf_adds(&b, "{\"x\":");
	(void)buf_adds(&b, "1");
	for (int i = 0; i < 44; i++)
		(void)buf_adds(&b, "}");
	(void)buf_adds(&b, "}}");
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL, buf_str(&b));
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	rig_ok(&r, 200, "GET", RIG_HOSTS "/h", NULL, NULL);
	buf_reset(&b);
	for (int i = 0; i < 10000; i++)
		(void)buf_adds(&b, "{\"x\":");
	rig_ok(&r, 400, "POST", RIG_HOSTS, NULL, buf_str(&b));
	buf_reset(&b);
	for (int i = 0; i < 60; i++)
		(void)buf_adds(&b, "[");
	for (int i = 0; i < 60; i++)
		(void)buf_adds(&b, "]");
	rig_ok(&r, 400, "PATCH", RIG_HOSTS "/h", RIG_MERGE, buf_str(&b));
	buf_free(&b);
	rig_close(&r);
}

/* A patch cannot deepen what is stored either. */
static void
json_patches_cannot_nest_without_end(void)
{
	struct kube_rig r;

	rig_open(&r);
	rig_ok(&r, 201, "PATCH", APPLY("me"), RIG_APPLY,
	    HEAD "spec: {extra: {x: {x: {x: {x: {x: 1}}}}}}\n");
	for (int i = 0; i < 8; i++)
		(void)rig_code(&r, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
		    "[{\"op\":\"copy\",\"from\":\"/spec/extra\",\"path\":"
		    "\"/spec/extra/x/x/x/x/x\"}]");
	rig_ok(&r, 200, "GET", RIG_HOSTS "/h", NULL, NULL);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "strategic patches merge by key", strategic_patches_merge_by_key },
	{ "JSON patches are atomic", json_patches_are_atomic },
	{ "appliers conflict, share and let go",
	    appliers_conflict_share_and_let_go },
	{ "applying the same twice writes once",
	    applying_the_same_twice_writes_once },
	{ "two managers own conditions by type",
	    two_managers_own_conditions_by_type },
	{ "updates are owned by who changed what",
	    updates_are_owned_by_who_changed_what },
	{ "old updaters become ancient", old_updaters_become_ancient },
	{ "bad configurations are refused", bad_configurations_are_refused },
	{ "deep objects keep their managers",
	    deep_objects_keep_their_managers },
	{ "JSON patches cannot nest without end",
	    json_patches_cannot_nest_without_end },
};

int
main(void)
{
	return UNIT_RUN("kube_apply", cases);
}
