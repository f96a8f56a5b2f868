/* Lists and watches over the (virtual) network. */
#include "tests/unit/kube_rig.h"

static void
add(struct kube_rig *r, const char *name, const char *label)
{
	char body[200];

	(void)snprintf(body, sizeof(body),
	    "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}", name,
	    label);
	rig_ok(r, 201, "POST", RIG_MAPS, NULL, body);
}

static void
label(struct kube_rig *r, const char *name, const char *to)
{
	char target[200], body[100];

	(void)snprintf(target, sizeof(target), RIG_MAPS "/%s", name);
	(void)snprintf(body, sizeof(body),
	    "{\"metadata\":{\"labels\":{\"l\":\"%s\"}}}", to);
	rig_ok(r, 200, "PATCH", target, RIG_MERGE, body);
}

static void
a_watch_follows_a_list(void)
{
	struct kube_rig r;
	struct rig_watch w;
	char target[200], got[500];
	cJSON *j;

	rig_open(&r);
	add(&r, "a", "1");
	j = rig_get(&r, RIG_MAPS);
	(void)snprintf(target, sizeof(target),
	    RIG_MAPS "?watch=1&resourceVersion=%s",
	    json_str(j, "metadata/resourceVersion", ""));
	cJSON_Delete(j);
	add(&r, "b", "1");
	rig_watch_open(&r, &w, target, NULL);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ADDED b");
	label(&r, "a", "2");
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/b", NULL, NULL);
	rig_run(&r, LOOP_S);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "MODIFIED a,DELETED b");
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
selectors_make_objects_appear_and_disappear(void)
{
	struct kube_rig r;
	struct rig_watch w;
	char got[500];

	rig_open(&r);
	add(&r, "a", "1");
	add(&r, "b", "2");
	rig_watch_open(
	    &r, &w, RIG_MAPS "?watch=true&labelSelector=l%3D1", NULL);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ADDED a");
	label(&r, "b", "1");
	label(&r, "b", "3");
	label(&r, "b", "4");
	label(&r, "a", "9");
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a", NULL, NULL);
	rig_run(&r, LOOP_S);
	CHECK_TEXT(
	    rig_events(&w, got, sizeof(got)), "ADDED b,DELETED b,DELETED a");
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
a_deselected_object_is_sent_as_it_was_with_the_new_revision(void)
{
	struct kube_rig r;
	struct rig_watch w;
	struct err e;
	cJSON *j;
	char rv[24];

	rig_open(&r);
	add(&r, "a", "1");
	rig_watch_open(&r, &w,
	    RIG_MAPS "?watch=true&labelSelector=l%3D1&resourceVersion=6", NULL);
	buf_reset(&w.text);
	label(&r, "a", "2");
	rig_run(&r, LOOP_S);
	j = json_parse(w.text.p, w.text.n, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	CHECK_TEXT(json_str(j, "type", NULL), "DELETED");
	CHECK_TEXT(json_str(j, "object/metadata/labels/l", NULL), "1");
	(void)snprintf(
	    rv, sizeof(rv), "%lld", (long long)kube_server_revision(r.s));
	CHECK_TEXT(json_str(j, "object/metadata/resourceVersion", NULL), rv);
	cJSON_Delete(j);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
old_versions_are_expired_future_ones_refused(void)
{
	struct kube_rig r;
	struct rig_watch w;
	char got[200];
	struct kube_server_opts o = { .history = 5 };

	rig_open_with(&r, &o);
	for (int i = 0; i < 10; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "m%d", i);
		add(&r, name, "1");
	}
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true&resourceVersion=7", NULL);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ERROR Expired");
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_watch_open(
	    &r, &w, RIG_MAPS "?watch=true&resourceVersion=9999", NULL);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ERROR Timeout");
	rig_watch_close(&r, &w);
	kube_server_compact(r.s);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true&resourceVersion=14", NULL);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ERROR Expired");
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
initial_events_end_with_a_bookmark(void)
{
	struct kube_rig r;
	struct rig_watch w;
	char got[500];

	rig_open(&r);
	add(&r, "a", "1");
	rig_watch_open(&r, &w,
	    RIG_MAPS "?watch=true&sendInitialEvents=true&"
		     "allowWatchBookmarks=true&"
		     "resourceVersionMatch=NotOlderThan",
	    NULL);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(buf_str(&w.text), "k8s.io/initial-events-end"));
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ADDED a,BOOKMARK -");
	rig_run(&r, 130 * LOOP_S);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "BOOKMARK -,BOOKMARK -");
	rig_watch_close(&r, &w);
	rig_watch_open(
	    &r, &w, RIG_MAPS "?watch=true&sendInitialEvents=true", NULL);
	CU_ASSERT_EQUAL(w.status, 422);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
watches_end_in_time_and_on_demand(void)
{
	struct kube_rig r;
	struct rig_watch w;
	char got[200];

	rig_open(&r);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true&timeoutSeconds=5", NULL);
	CU_ASSERT_FALSE(w.ended);
	rig_run(&r, 5 * LOOP_S);
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", NULL);
	kube_server_drop_watches(r.s, true);
	rig_run(&r, LOOP_S);
	CHECK_TEXT(rig_events(&w, got, sizeof(got)), "ERROR Expired");
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", NULL);
	rig_run(&r, 3700 * LOOP_S);
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
pages_show_one_revision(void)
{
	struct kube_rig r;
	char target[300];
	cJSON *a, *b;

	rig_open(&r);
	add(&r, "a", "1");
	add(&r, "b", "1");
	add(&r, "c", "1");
	add(&r, "d", "1");
	a = rig_get(&r, RIG_MAPS "?limit=2");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(a, "items")), 2);
	CU_ASSERT_EQUAL(json_i64(a, "metadata/remainingItemCount", 0), 2);
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/c", NULL, NULL);
	label(&r, "d", "2");
	add(&r, "e", "1");
	(void)snprintf(target, sizeof(target), RIG_MAPS "?limit=9&continue=%s",
	    json_str(a, "metadata/continue", ""));
	b = rig_get(&r, target);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(b, "items")), 2);
	CHECK_TEXT(json_str(b, "items/0/metadata/name", NULL), "c");
	CHECK_TEXT(json_str(b, "items/1/metadata/labels/l", NULL), "1");
	CU_ASSERT_PTR_NULL(json_at(b, "metadata/continue"));
	CHECK_TEXT(json_str(b, "metadata/resourceVersion", NULL),
	    json_str(a, "metadata/resourceVersion", ""));
	cJSON_Delete(b);
	(void)snprintf(target, sizeof(target),
	    RIG_MAPS "?resourceVersion=%s&resourceVersionMatch=Exact",
	    json_str(a, "metadata/resourceVersion", ""));
	b = rig_get(&r, target);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(b, "items")), 4);
	cJSON_Delete(b);
	kube_server_compact(r.s);
	(void)snprintf(target, sizeof(target), RIG_MAPS "?limit=9&continue=%s",
	    json_str(a, "metadata/continue", ""));
	b = rig_do(&r, 410, "GET", target, NULL, NULL);
	CHECK_TEXT(json_str(b, "reason", NULL), "Expired");
	cJSON_Delete(b);
	cJSON_Delete(a);
	rig_close(&r);
}

static const struct {
	const char *query, *names;
} selections[] = {
	{ "", "a b c" },
	{ "labelSelector=", "a b c" },
	{ "labelSelector=l", "a b c" },
	{ "labelSelector=%21l", "" },
	{ "labelSelector=l%3D1", "a" },
	{ "labelSelector=l%3D%3D1", "a" },
	{ "labelSelector=l%21%3D1", "b c" },
	{ "labelSelector=m%21%3D1", "a b c" },
	{ "labelSelector=l%20in%20(1,2)", "a b" },
	{ "labelSelector=l%20notin%20(1,2),l", "c" },
	{ "labelSelector=l%3E1", "b c" },
	{ "labelSelector=l%3C2", "a" },
	{ "labelSelector=l%20in%20(1),l%3D2", "" },
	{ "fieldSelector=metadata.name%3Db", "b" },
	{ "fieldSelector=metadata.name%21%3Db", "a c" },
	{ "fieldSelector=metadata.namespace%3Ddefault", "a b c" },
	{ "fieldSelector=metadata.namespace%3Dx", "" },
	{ "fieldSelector=metadata.name%3Db&labelSelector=l%3D1", "" },
};

static void
selectors_select(void)
{
	struct kube_rig r;

	rig_open(&r);
	add(&r, "a", "1");
	add(&r, "b", "2");
	add(&r, "c", "3");
	for (size_t i = 0; i < sizeof(selections) / sizeof(selections[0]);
	     i++) {
		char target[200], got[50] = "";
		const cJSON *c;
		cJSON *j;

		(void)snprintf(target, sizeof(target), RIG_MAPS "?%s",
		    selections[i].query);
		j = rig_get(&r, target);
		cJSON_ArrayForEach (c, json_arr(j, "items")) {
			size_t n = strlen(got);

			(void)snprintf(got + n, sizeof(got) - n, "%s%s",
			    n > 0 ? " " : "", json_str(c, "metadata/name", ""));
		}
		CHECK_ROW(
		    str_eq(got, selections[i].names), selections[i].query);
		cJSON_Delete(j);
	}
	rig_close(&r);
}

static void
custom_resources_are_selected_by_their_fields(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"h\"},\"spec\":{\"zone\":\"z1\"}}");
	j = rig_get(&r, RIG_HOSTS "?fieldSelector=spec.zone%3Dz1");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 1);
	cJSON_Delete(j);
	j = rig_get(&r, RIG_HOSTS "?fieldSelector=spec.zone%3Dz2");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 0);
	cJSON_Delete(j);
	rig_close(&r);
}

static void
many_objects_stream_whole(void)
{
	struct kube_rig r;
	struct rig_reply p;
	struct err e;
	cJSON *j;

	rig_open(&r);
	for (int i = 0; i < 600; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "m%03d", i);
		add(&r, name, "some-label");
	}
	rig_send(
	    &r, &(struct rig_send){ .method = "GET", .target = RIG_MAPS }, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	j = json_parse(p.body, strlen(p.body), &e);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 600);
	CHECK_TEXT(json_str(j, "items/599/metadata/name", NULL), "m599");
	CHECK_TEXT(json_str(j, "kind", NULL), "ConfigMapList");
	cJSON_Delete(j);
	rig_reply_free(&p);
	rig_close(&r);
}

static void
other_forms_for_lists_and_watches(void)
{
	static const char partial[] =
	    "application/json;as="
	    "PartialObjectMetadata;g=meta.k8s.io;v=v1";
	static const char partial_list[] =
	    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
	    "application/json";
	static const char table[] = "application/json;as=Table;v=v1;g=meta."
				    "k8s.io,application/json";
	struct kube_rig r;
	struct rig_reply p;
	struct rig_watch w;
	struct err e;
	cJSON *j;

	rig_open(&r);
	add(&r, "a", "1");
	rig_send(&r,
	    &(struct rig_send){
		.method = "GET", .target = RIG_MAPS "/a", .accept = partial },
	    &p);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(p.body, "\"kind\":\"PartialObjectMetadata\""));
	rig_reply_free(&p);
	rig_send(&r,
	    &(struct rig_send){
		.method = "GET", .target = RIG_MAPS, .accept = partial_list },
	    &p);
	j = json_parse(p.body, strlen(p.body), &e);
	CHECK_TEXT(json_str(j, "kind", NULL), "PartialObjectMetadataList");
	CHECK_TEXT(json_str(j, "items/0/kind", NULL), "PartialObjectMetadata");
	cJSON_Delete(j);
	rig_reply_free(&p);
	rig_send(&r,
	    &(struct rig_send){
		.method = "GET", .target = RIG_MAPS, .accept = table },
	    &p);
	j = json_parse(p.body, strlen(p.body), &e);
	CHECK_TEXT(json_str(j, "kind", NULL), "Table");
	CHECK_TEXT(json_str(j, "rows/0/cells/0", NULL), "a");
	CU_ASSERT_PTR_NOT_NULL(json_at(j, "metadata/resourceVersion"));
	cJSON_Delete(j);
	rig_reply_free(&p);
	rig_send(&r,
	    &(struct rig_send){
		.method = "GET", .target = RIG_MAPS, .accept = "text/html" },
	    &p);
	CU_ASSERT_EQUAL(p.status, 406);
	rig_reply_free(&p);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", table);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&w.text), "columnDefinitions"));
	rig_watch_close(&r, &w);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", partial);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(buf_str(&w.text), "PartialObjectMetadata"));
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
a_changed_crd_ends_its_watches(void)
{
	struct kube_rig r;
	struct rig_watch w;

	rig_open(&r);
	rig_watch_open(&r, &w, RIG_HOSTS "?watch=true", NULL);
	rig_ok(&r, 200, "PATCH",
	    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
	    "hosts.example.org",
	    RIG_JSON_PATCH,
	    "[{\"op\":\"add\",\"path\":\"/spec/names/shortNames/-\","
	    "\"value\":\"hh\"}]");
	rig_run(&r, LOOP_S);
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
a_client_that_leaves_is_forgotten(void)
{
	struct kube_rig r;
	struct rig_watch w[20];
	cJSON *j;

	rig_open(&r);
	for (size_t i = 0; i < 20; i++)
		rig_watch_open(&r, &w[i], RIG_MAPS "?watch=true", NULL);
	j = kube_server_stats(r.s);
	CU_ASSERT_EQUAL(json_i64(j, "watches", 0), 20);
	cJSON_Delete(j);
	for (size_t i = 0; i < 20; i += 2)
		rig_watch_close(&r, &w[i]);
	add(&r, "a", "1");
	rig_run(&r, LOOP_S);
	for (size_t i = 1; i < 20; i += 2) {
		char got[100];

		CHECK_TEXT(rig_events(&w[i], got, sizeof(got)), "ADDED a");
		rig_watch_close(&r, &w[i]);
	}
	j = kube_server_stats(r.s);
	CU_ASSERT_EQUAL(json_i64(j, "watches", -1), 0);
	cJSON_Delete(j);
	rig_close(&r);
}

static const char racks[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: racks.example.org}\n"
    "spec:\n"
    "  group: example.org\n"
    "  scope: Cluster\n"
    "  names: {plural: racks, singular: rack, kind: Rack}\n"
    "  versions:\n"
    "  - {name: v1, served: true, storage: true, schema: &s {\n"
    "      openAPIV3Schema: {type: object,\n"
    "        x-kubernetes-preserve-unknown-fields: true}}}\n"
    "  - {name: v1beta1, served: true, storage: false, deprecated: true,\n"
    "      schema: *s}\n"
    "  - {name: v1alpha1, served: false, storage: false, schema: *s}\n";

static void
versions_show_the_same_objects(void)
{
	static const char beta[] = "/apis/example.org/v1beta1/racks";
	struct kube_rig r;
	struct rig_watch w;
	struct rig_reply p;
	struct err e = { 0 };
	cJSON *j;

	rig_open(&r);
	CU_ASSERT_TRUE(
	    kube_server_apply_yaml(r.s, racks, strlen(racks), "racks", &e));
	rig_watch_open(&r, &w, "/apis/example.org/v1beta1/racks?watch=1", NULL);
	j = rig_do(&r, 201, "POST", beta, NULL,
	    "{\"apiVersion\":\"example.org/v1beta1\",\"kind\":\"Rack\","
	    "\"metadata\":{\"name\":\"a\"},\"spec\":{\"x\":1}}");
	CHECK_TEXT(json_str(j, "apiVersion", NULL), "example.org/v1beta1");
	cJSON_Delete(j);
	rig_ok(&r, 400, "POST", beta, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Rack\","
	    "\"metadata\":{\"name\":\"b\"}}");
	rig_ok(&r, 404, "GET", "/apis/example.org/v1alpha1/racks", NULL, NULL);
	j = rig_do(&r, 200, "PATCH", "/apis/example.org/v1beta1/racks/a",
	    RIG_JSON_PATCH,
	    "[{\"op\":\"test\",\"path\":\"/apiVersion\",\"value\":"
	    "\"example.org/v1beta1\"},{\"op\":\"replace\",\"path\":"
	    "\"/spec/x\",\"value\":2}]");
	CHECK_TEXT(json_str(j, "apiVersion", NULL), "example.org/v1beta1");
	cJSON_Delete(j);
	j = rig_get(&r, "/apis/example.org/v1/racks/a");
	CHECK_TEXT(json_str(j, "apiVersion", NULL), "example.org/v1");
	CU_ASSERT_EQUAL(json_i64(j, "spec/x", 0), 2);
	CU_ASSERT_EQUAL(json_i64(j, "metadata/generation", 0), 2);
	cJSON_Delete(j);
	j = rig_get(&r, beta);
	CHECK_TEXT(
	    json_str(j, "items/0/apiVersion", NULL), "example.org/v1beta1");
	cJSON_Delete(j);
	rig_run(&r, LOOP_S);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&w.text),
	    "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":"
	    "\"example.org/v1beta1\","));
	rig_send(&r, &(struct rig_send){ .method = "GET", .target = beta }, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	rig_send(&r,
	    &(struct rig_send){ .method = "GET",
		.target = "/apis/example.org/v1beta1/racks/a" },
	    &p);
	CHECK_TEXT(
	    p.warning, "299 - \"example.org/v1beta1 Rack is deprecated\"");
	rig_reply_free(&p);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static void
secrets_are_selected_by_type(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"a\"}}");
	rig_ok(&r, 201, "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"b\"},\"type\":\"x/y\"}");
	j = rig_get(&r, RIG_SECRETS "?fieldSelector=type%3Dx%2Fy");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(j, "items")), 1);
	CHECK_TEXT(json_str(j, "items/0/metadata/name", NULL), "b");
	cJSON_Delete(j);
	rig_close(&r);
}

/* The client reads nothing while more is written than a watch may lag. */
static void
a_client_that_does_not_read_is_cut_off(void)
{
	struct kube_rig r;
	struct rig_watch w;
	cJSON *j;

	rig_open(&r);
	add(&r, "a", "1");
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", NULL);
	for (int i = 0; i < 20500; i++)
		label(&r, "a", i % 2 == 0 ? "2" : "3");
	rig_run(&r, 60 * LOOP_S);
	CU_ASSERT_TRUE(w.ended);
	j = kube_server_stats(r.s);
	CU_ASSERT_EQUAL(json_i64(j, "watches", -1), 0);
	cJSON_Delete(j);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "a watch follows a list", a_watch_follows_a_list },
	{ "selectors make objects appear and disappear",
	    selectors_make_objects_appear_and_disappear },
	{ "a deselected object is sent as it was, with the new revision",
	    a_deselected_object_is_sent_as_it_was_with_the_new_revision },
	{ "old versions are expired, future ones refused",
	    old_versions_are_expired_future_ones_refused },
	{ "initial events end with a bookmark",
	    initial_events_end_with_a_bookmark },
	{ "watches end in time and on demand",
	    watches_end_in_time_and_on_demand },
	{ "pages show one revision", pages_show_one_revision },
	{ "selectors select", selectors_select },
	{ "custom resources are selected by their fields",
	    custom_resources_are_selected_by_their_fields },
	{ "many objects stream whole", many_objects_stream_whole },
	{ "other forms for lists and watches",
	    other_forms_for_lists_and_watches },
	{ "a changed CRD ends its watches", a_changed_crd_ends_its_watches },
	{ "versions show the same objects", versions_show_the_same_objects },
	{ "secrets are selected by type", secrets_are_selected_by_type },
	{ "a client that does not read is cut off",
	    a_client_that_does_not_read_is_cut_off },
	{ "a client that leaves is forgotten",
	    a_client_that_leaves_is_forgotten },
};

int
main(void)
{
	return UNIT_RUN("kube_watch", cases);
}
