/* Create, update, delete and their rules, in process. */
#include "tests/unit/kube_rig.h"

static void
creates_set_what_the_server_owns(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	j = rig_do(&r, 201, "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\","
	    "\"metadata\":{\"name\":\"h1\",\"uid\":\"mine\",\"generation\":9},"
	    "\"spec\":{\"size\":3},\"status\":{\"phase\":\"x\"}}");
	CHECK_TEXT(json_str(j, "metadata/namespace", NULL), "default");
	CHECK_TEXT(json_str(j, "metadata/creationTimestamp", NULL),
	    "2026-01-01T00:00:00Z");
	CU_ASSERT_EQUAL(strlen(json_str(j, "metadata/uid", "")), 36);
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 1);
	CHECK_TEXT(json_str(j, "spec/mode", NULL), "a");
	CU_ASSERT_PTR_NULL(json_at(j, "status"));
	CU_ASSERT_PTR_NOT_NULL(json_at(j, "metadata/managedFields/0"));
	cJSON_Delete(j);
	j = rig_do(&r, 409, "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\","
	    "\"metadata\":{\"name\":\"h1\"}}");
	CHECK_TEXT(json_str(j, "reason", NULL), "AlreadyExists");
	CHECK_TEXT(json_str(j, "message", NULL),
	    "hosts.example.org \"h1\" already exists");
	cJSON_Delete(j);
	rig_close(&r);
}

struct refusal {
	const char *method, *target, *type, *body;
	int status;
	const char *reason, *message; /* message: a part of it */
};

#define HOST(meta, rest) \
	"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\"," \
	"\"metadata\":{" meta "}" rest "}"

static const struct refusal refusals[] = {
	{ "POST", RIG_HOSTS, NULL, "", 400, "BadRequest", "empty" },
	{ "POST", RIG_HOSTS, NULL, "{", 400, "BadRequest", "" },
	{ "POST", RIG_HOSTS, NULL, "[]", 400, "BadRequest", "" },
	{ "POST", RIG_HOSTS, NULL, "3", 400, "BadRequest", "" },
	{ "POST", RIG_HOSTS, NULL, "{\"metadata\":[]}", 400, "BadRequest", "" },
	{ "POST", RIG_HOSTS, NULL, "{}", 400, "BadRequest", "Kind" },
	{ "POST", RIG_HOSTS, NULL, "{\"kind\":\"Host\"}", 400, "BadRequest",
	    "the API version in the data () does not match" },
	{ "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v2\",\"kind\":\"Host\"}", 400,
	    "BadRequest", "does not match" },
	{ "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Rack\"}", 422,
	    "Invalid", "must be Host" },
	{ "POST", RIG_HOSTS, NULL, HOST("", ""), 422, "Invalid",
	    "name or generateName is required" },
	{ "POST", RIG_HOSTS, NULL, HOST("\"name\":\"Bad_Name\"", ""), 422,
	    "Invalid", "metadata.name" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\",\"namespace\":\"other\"", ""), 400,
	    "BadRequest", "namespace" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\",\"resourceVersion\":\"1\"", ""), 500, "",
	    "resourceVersion should not be set" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\"", ",\"spec\":{\"size\":-1}"), 422, "Invalid",
	    "spec.size" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\"", ",\"spec\":{\"mode\":\"c\"}"), 422,
	    "Invalid", "Unsupported value" },
	{ "POST", RIG_HOSTS "?fieldValidation=Strict", NULL,
	    HOST("\"name\":\"a\"", ",\"spec\":{\"sise\":1}"), 400, "BadRequest",
	    "unknown field \"spec.sise\"" },
	{ "POST", RIG_HOSTS "?fieldValidation=No", NULL,
	    HOST("\"name\":\"a\"", ""), 422, "Invalid", "fieldValidation" },
	{ "POST", RIG_HOSTS "?dryRun=Some", NULL, HOST("\"name\":\"a\"", ""),
	    422, "Invalid", "dryRun" },
	{ "POST", RIG_HOSTS, "text/plain", HOST("\"name\":\"a\"", ""), 415,
	    "UnsupportedMediaType", "" },
	{ "POST", "/apis/example.org/v1/namespaces/none/hosts", NULL,
	    HOST("\"name\":\"a\"", ""), 404, "NotFound",
	    "namespaces \"none\" not found" },
	{ "POST", "/apis/example.org/v1/hosts", NULL, HOST("", ""), 404, NULL,
	    NULL },
	{ "POST", RIG_HOSTS "/h", NULL, HOST("", ""), 405, "MethodNotAllowed",
	    "" },
	{ "TRACE", RIG_HOSTS, NULL, NULL, 405, "MethodNotAllowed", "" },
	{ "GET", RIG_HOSTS "/none", NULL, NULL, 404, "NotFound",
	    "hosts.example.org \"none\" not found" },
	{ "GET", "/api/v1/namespaces/none", NULL, NULL, 404, "NotFound",
	    "namespaces \"none\" not found" },
	{ "GET", "/apis/example.org/v2/hosts", NULL, NULL, 404, NULL, NULL },
	{ "GET", "/apis/none.org/v1/hosts", NULL, NULL, 404, NULL, NULL },
	{ "GET", "/api/v1/namespaces/default/pods", NULL, NULL, 404, "NotFound",
	    "could not find the requested resource" },
	{ "GET", RIG_HOSTS "/h/scale", NULL, NULL, 404, "NotFound", "" },
	{ "GET", "/apis/example.org/v1/hosts/h", NULL, NULL, 404, NULL, NULL },
	{ "PUT", RIG_HOSTS "/none", NULL, HOST("\"name\":\"none\"", ""), 404,
	    "NotFound", "" },
	{ "PUT", RIG_HOSTS "/a", NULL, HOST("\"name\":\"b\"", ""), 400,
	    "BadRequest", "does not match the name on the URL" },
	{ "DELETE", RIG_HOSTS "/none", NULL, NULL, 404, "NotFound", "" },
	{ "PATCH", RIG_HOSTS "/none", RIG_MERGE, "{}", 404, "NotFound", "" },
	{ "PATCH", RIG_HOSTS "/none", "application/json", "{}", 415,
	    "UnsupportedMediaType", "merge-patch" },
	{ "PATCH", RIG_HOSTS "/none", RIG_STRATEGIC, "{}", 415,
	    "UnsupportedMediaType", "" },
	{ "GET", RIG_HOSTS "?labelSelector=%21%21", NULL, NULL, 400,
	    "BadRequest", "" },
	{ "GET", RIG_HOSTS "?labelSelector=a%20in%20b", NULL, NULL, 400,
	    "BadRequest", "" },
	{ "GET", RIG_HOSTS "?fieldSelector=spec.size%3D1", NULL, NULL, 400,
	    "BadRequest", "field label not supported: spec.size" },
	{ "GET", RIG_HOSTS "?fieldSelector=x", NULL, NULL, 400, "BadRequest",
	    "" },
	{ "GET", RIG_HOSTS "?resourceVersion=abc", NULL, NULL, 400,
	    "BadRequest", "" },
	{ "GET", RIG_HOSTS "?resourceVersion=-4", NULL, NULL, 400, "BadRequest",
	    "" },
	{ "GET", RIG_HOSTS "?resourceVersion=99999999999999999999", NULL, NULL,
	    400, "BadRequest", "" },
	{ "GET", RIG_HOSTS "?resourceVersion=100000", NULL, NULL, 504,
	    "Timeout", "Too large resource version" },
	{ "GET", RIG_HOSTS "?resourceVersionMatch=Exact", NULL, NULL, 422,
	    "Invalid", "unless resourceVersion is provided" },
	{ "GET", RIG_HOSTS "?limit=x", NULL, NULL, 400, "BadRequest", "" },
	{ "GET", RIG_HOSTS "?continue=%00", NULL, NULL, 400, "BadRequest", "" },
	{ "GET", RIG_HOSTS "?continue=zzz", NULL, NULL, 400, "BadRequest",
	    "continue key is not valid" },
	{ "POST", "/api/v1/namespaces", NULL,
	    "{\"metadata\":{\"name\":\"a.b\"}}", 422, "Invalid",
	    "must not contain dots" },
	{ "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"s\"},\"data\":{\"a\":\"%%%\"}}", 400,
	    "BadRequest", "" },
	{ "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"s\"},\"data\":{\"a b\":\"\"}}", 422,
	    "Invalid", "config key" },
	{ "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"s\"},\"type\":\"kubernetes.io/tls\"}",
	    422, "Invalid", "tls.crt" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\",\"ownerReferences\":[{\"name\":\"x\"}]", ""),
	    422, "Invalid", "ownerReferences" },
	{ "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\",\"labels\":{\"a b\":\"c\"}", ""), 422,
	    "Invalid", "labels" },
	{ "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
	    NULL,
	    "{\"metadata\":{\"name\":\"x.y\"},\"spec\":{\"group\":\"y\"}}", 422,
	    "Invalid", "" },
};

static void
refuses_with_the_words_of_the_real_server(void)
{
	struct kube_rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *f = &refusals[i];
		char row[300];
		int status;
		cJSON *j = kube_server_do(
		    r.s, f->method, f->target, f->type, f->body, &status);

		(void)snprintf(row, sizeof(row), "%s %s %s -> %d %s: %s",
		    f->method, f->target, f->body != NULL ? f->body : "",
		    status, json_str(j, "reason", "-"),
		    json_str(j, "message", "-"));
		CHECK_ROW(status == f->status, row);
		/* What is no API answers in text. */
		if (f->reason == NULL) {
			CHECK_ROW(cJSON_IsString(j), row);
			cJSON_Delete(j);
			continue;
		}
		CHECK_ROW(str_eq(json_str(j, "kind", ""), "Status"), row);
		CHECK_ROW(str_eq(json_str(j, "reason", ""), f->reason), row);
		CHECK_ROW(
		    strstr(json_str(j, "message", ""), f->message) != NULL,
		    row);
		CHECK_ROW(json_i64(j, "code", 0) == f->status, row);
		cJSON_Delete(j);
	}
	rig_close(&r);
}

static void
generates_names_that_are_free(void)
{
	struct kube_rig r;
	cJSON *a, *b;

	rig_open(&r);
	a = rig_do(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"generateName\":\"h-\"", ""));
	b = rig_do(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"generateName\":\"h-\"", ""));
	CU_ASSERT_EQUAL(strlen(json_str(a, "metadata/name", "")), 7);
	CU_ASSERT_FALSE(str_eq(json_str(a, "metadata/name", ""),
	    json_str(b, "metadata/name", "")));
	cJSON_Delete(a);
	cJSON_Delete(b);
	rig_close(&r);
}

static void
spec_counts_generation_status_and_metadata_do_not(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL, HOST("\"name\":\"h\"", ""));
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"labels\":{\"a\":\"b\"}},"
	    "\"status\":{\"phase\":\"no\"}}");
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 1);
	CU_ASSERT_PTR_NULL(json_at(j, "status"));
	cJSON_Delete(j);
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h/status", RIG_MERGE,
	    "{\"metadata\":{\"labels\":{\"a\":\"c\"}},\"spec\":{\"size\":5},"
	    "\"status\":{\"phase\":\"yes\"}}");
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 1);
	CHECK_TEXT(json_str(j, "status/phase", NULL), "yes");
	CHECK_TEXT(json_str(j, "metadata/labels/a", NULL), "b");
	CU_ASSERT_PTR_NULL(json_at(j, "spec/size"));
	cJSON_Delete(j);
	j = rig_do(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"spec\":{\"size\":5}}");
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 2);
	CHECK_TEXT(json_str(j, "status/phase", NULL), "yes");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
writes_that_change_nothing_are_not_writes(void)
{
	struct kube_rig r;
	int64_t rv;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"h\"", ",\"spec\":{\"size\":1}"));
	rv = kube_server_revision(r.s);
	rig_run(&r, 100 * LOOP_S);
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"spec\":{\"size\":1}}");
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_JSON_PATCH,
	    "[{\"op\":\"test\",\"path\":\"/spec/size\",\"value\":1}]");
	j = rig_get(&r, RIG_HOSTS "/h");
	char *text = json_print(j);

	rig_ok(&r, 200, "PUT", RIG_HOSTS "/h", NULL, text);
	rig_ok(&r, 200, "PUT", RIG_HOSTS "/h/status", NULL, text);
	xfree(text);
	cJSON_Delete(j);
	CU_ASSERT_EQUAL(kube_server_revision(r.s), rv);
	CU_ASSERT_EQUAL(
	    kube_server_writes(r.s, "admin", "hosts.example.org", "default/h"),
	    1);
	CU_ASSERT_EQUAL(
	    kube_server_requests(r.s, "admin", "update", "hosts.example.org"),
	    1);
	CU_ASSERT_EQUAL(
	    kube_server_requests(r.s, NULL, NULL, "hosts.example.org/status"),
	    1);
	rig_close(&r);
}

static void
updates_are_optimistic(void)
{
	struct kube_rig r;
	char *old;
	cJSON *j;

	rig_open(&r);
	j = rig_do(
	    &r, 201, "POST", RIG_HOSTS, NULL, HOST("\"name\":\"h\"", ""));
	old = json_print(j);
	cJSON_Delete(j);
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"spec\":{\"size\":2}}");
	j = rig_do(&r, 409, "PUT", RIG_HOSTS "/h", NULL, old);
	CHECK_TEXT(json_str(j, "reason", NULL), "Conflict");
	CHECK_TEXT(json_str(j, "message", NULL),
	    "Operation cannot be fulfilled on hosts.example.org \"h\": the "
	    "object has been modified; please apply your changes to the "
	    "latest version and try again");
	cJSON_Delete(j);
	xfree(old);
	rig_ok(
	    &r, 422, "PUT", RIG_HOSTS "/h", NULL, HOST("\"name\":\"h\"", ""));
	rig_ok(&r, 409, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"size\":9}}");
	rig_ok(&r, 422, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"uid\":\"x\"}}");
	rig_ok(&r, 500, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"resourceVersion\":\"x\"}}");
	/* It stays what it was. */
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"creationTimestamp\":\"2020-01-01T00:00:00Z\"}}");
	/* Secrets may be replaced unconditionally. */
	rig_ok(&r, 201, "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"s\"}}");
	rig_ok(&r, 200, "PUT", RIG_SECRETS "/s", NULL,
	    "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"k\":\"v\"}}");
	j = rig_get(&r, RIG_SECRETS "/s");
	CHECK_TEXT(json_str(j, "data/k", NULL), "dg==");
	CHECK_TEXT(json_str(j, "type", NULL), "Opaque");
	CU_ASSERT_PTR_NULL(json_at(j, "stringData"));
	cJSON_Delete(j);
	rig_close(&r);
}

static void
dry_runs_answer_and_store_nothing(void)
{
	struct kube_rig r;
	int64_t rv;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL, HOST("\"name\":\"h\"", ""));
	rv = kube_server_revision(r.s);
	rig_ok(&r, 201, "POST", RIG_HOSTS "?dryRun=All", NULL,
	    HOST("\"name\":\"x\"", ""));
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h?dryRun=All", RIG_MERGE,
	    "{\"spec\":{\"size\":2}}");
	rig_ok(&r, 200, "DELETE", RIG_HOSTS "/h?dryRun=All", NULL, NULL);
	rig_ok(
	    &r, 200, "DELETE", RIG_HOSTS "/h", NULL, "{\"dryRun\":[\"All\"]}");
	rig_ok(&r, 201, "PATCH", RIG_HOSTS "/new?dryRun=All&fieldManager=me",
	    RIG_APPLY, HOST("\"name\":\"new\"", ""));
	CU_ASSERT_EQUAL(kube_server_revision(r.s), rv);
	rig_ok(&r, 200, "GET", RIG_HOSTS "/h", NULL, NULL);
	rig_ok(&r, 404, "GET", RIG_HOSTS "/x", NULL, NULL);
	rig_close(&r);
}

static void
finalizers_hold_what_is_deleted(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"h\",\"finalizers\":[\"a/b\"]", ""));
	j = rig_do(&r, 200, "DELETE", RIG_HOSTS "/h", NULL, NULL);
	CHECK_TEXT(json_str(j, "kind", NULL), "Host");
	CU_ASSERT_PTR_NOT_NULL(json_at(j, "metadata/deletionTimestamp"));
	CU_ASSERT_EQUAL(
	    json_i64(j, "metadata/deletionGracePeriodSeconds", -1), 0);
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 2);
	cJSON_Delete(j);
	/* Again: nothing changes. */
	int64_t rv = kube_server_revision(r.s);

	rig_ok(&r, 200, "DELETE", RIG_HOSTS "/h", NULL, NULL);
	CU_ASSERT_EQUAL(kube_server_revision(r.s), rv);
	rig_ok(&r, 422, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"finalizers\":[\"a/b\",\"c/d\"]}}");
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"deletionTimestamp\":null}}");
	j = rig_get(&r, RIG_HOSTS "/h");
	CU_ASSERT_PTR_NOT_NULL(json_at(j, "metadata/deletionTimestamp"));
	cJSON_Delete(j);
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"finalizers\":null}}");
	rig_ok(&r, 404, "GET", RIG_HOSTS "/h", NULL, NULL);
	rig_close(&r);
}

static void
deletion_honours_preconditions(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL, HOST("\"name\":\"h\"", ""));
	rig_ok(&r, 409, "DELETE", RIG_HOSTS "/h", NULL,
	    "{\"preconditions\":{\"uid\":\"x\"}}");
	rig_ok(&r, 409, "DELETE", RIG_HOSTS "/h", NULL,
	    "{\"preconditions\":{\"resourceVersion\":\"1\"}}");
	rig_ok(&r, 422, "DELETE", RIG_HOSTS "/h?propagationPolicy=Sideways",
	    NULL, NULL);
	rig_ok(&r, 400, "DELETE", RIG_HOSTS "/h", NULL, "[1]");
	j = rig_do(&r, 200, "DELETE", RIG_HOSTS "/h", NULL, "{}");
	CHECK_TEXT(json_str(j, "status", NULL), "Success");
	CHECK_TEXT(json_str(j, "details/kind", NULL), "hosts");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
collections_are_deleted_by_selector(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"a\",\"labels\":{\"x\":\"1\"}", ""));
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"b\",\"labels\":{\"x\":\"2\"}", ""));
	j = rig_do(
	    &r, 200, "DELETE", RIG_HOSTS "?labelSelector=x%3D1", NULL, NULL);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 1);
	cJSON_Delete(j);
	j = kube_server_list(r.s, "example.org", "hosts", NULL);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(j), 1);
	CHECK_TEXT(json_str(j, "0/metadata/name", NULL), "b");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
events_of_both_groups_are_the_same(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST",
	    "/apis/events.k8s.io/v1/namespaces/default/events", NULL,
	    "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\","
	    "\"metadata\":{\"name\":\"e\"},\"eventTime\":"
	    "\"2026-01-01T00:00:00.000000Z\",\"action\":\"Boot\","
	    "\"reportingController\":\"b7\",\"reportingInstance\":\"b7-0\","
	    "\"regarding\":{\"kind\":\"Host\",\"namespace\":\"default\","
	    "\"name\":\"h\"},\"reason\":\"Booted\",\"note\":\"up\","
	    "\"type\":\"Normal\"}");
	j = rig_get(&r, "/api/v1/namespaces/default/events?fieldSelector="
			"involvedObject.name%3Dh%2CinvolvedObject.kind%3DHost");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 1);
	CHECK_TEXT(json_str(j, "items/0/message", NULL), "up");
	CHECK_TEXT(json_str(j, "items/0/reportingComponent", NULL), "b7");
	cJSON_Delete(j);
	j = rig_get(&r, "/apis/events.k8s.io/v1/namespaces/default/events/e");
	CHECK_TEXT(json_str(j, "note", NULL), "up");
	CHECK_TEXT(json_str(j, "apiVersion", NULL), "events.k8s.io/v1");
	CHECK_TEXT(json_str(j, "regarding/name", NULL), "h");
	cJSON_Delete(j);
	rig_ok(&r, 200, "PATCH",
	    "/apis/events.k8s.io/v1/namespaces/default/events/e", RIG_MERGE,
	    "{\"note\":\"down\"}");
	j = rig_get(&r, "/api/v1/namespaces/default/events/e");
	CHECK_TEXT(json_str(j, "message", NULL), "down");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
crds_are_served_changed_and_gone(void)
{
	struct kube_rig r;
	cJSON *j;
	static const char crd[] =
	    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
	    "hosts.example.org";

	rig_open(&r);
	j = rig_get(&r, crd);
	CHECK_TEXT(json_str(j, "status/acceptedNames/kind", NULL), "Host");
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "status/conditions")), 2);
	cJSON_Delete(j);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"h\",\"finalizers\":[\"a/b\"]", ""));
	rig_ok(&r, 200, "PATCH", crd, RIG_JSON_PATCH,
	    "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/schema/"
	    "openAPIV3Schema/properties/spec/properties/mode/default\","
	    "\"value\":\"b\"}]");
	j = rig_do(&r, 201, "POST", RIG_HOSTS, NULL,
	    HOST("\"name\":\"i\"", ",\"spec\":{}"));
	CHECK_TEXT(json_str(j, "spec/mode", NULL), "b");
	cJSON_Delete(j);
	rig_ok(&r, 422, "PATCH", crd, RIG_MERGE,
	    "{\"spec\":{\"scope\":\"Cluster\"}}");
	/* It waits for its instances, and they for their finalizers. */
	rig_ok(&r, 200, "DELETE", crd, NULL, NULL);
	rig_run(&r, LOOP_S);
	rig_ok(&r, 404, "GET", RIG_HOSTS "/i", NULL, NULL);
	rig_ok(&r, 200, "GET", crd, NULL, NULL);
	rig_ok(&r, 200, "PATCH", RIG_HOSTS "/h", RIG_MERGE,
	    "{\"metadata\":{\"finalizers\":null}}");
	rig_run(&r, LOOP_S);
	rig_ok(&r, 404, "GET", crd, NULL, NULL);
	rig_ok(&r, 404, "GET", RIG_HOSTS, NULL, NULL);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "creates set what the server owns",
	    creates_set_what_the_server_owns },
	{ "refuses with the words of the real server",
	    refuses_with_the_words_of_the_real_server },
	{ "generates names that are free", generates_names_that_are_free },
	{ "spec counts generation, status and metadata do not",
	    spec_counts_generation_status_and_metadata_do_not },
	{ "writes that change nothing are not writes",
	    writes_that_change_nothing_are_not_writes },
	{ "updates are optimistic", updates_are_optimistic },
	{ "dry runs answer and store nothing",
	    dry_runs_answer_and_store_nothing },
	{ "finalizers hold what is deleted", finalizers_hold_what_is_deleted },
	{ "deletion honours preconditions", deletion_honours_preconditions },
	{ "collections are deleted by selector",
	    collections_are_deleted_by_selector },
	{ "events of both groups are the same",
	    events_of_both_groups_are_the_same },
	{ "CRDs are served, changed and gone",
	    crds_are_served_changed_and_gone },
};

int
main(void)
{
	return UNIT_RUN("kube_write", cases);
}
