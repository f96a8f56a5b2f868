/* Keys, owners, patches, selectors, conditions. */
#include <string.h>

#include "agent/kube/condition.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static cJSON *
parse(const char *text)
{
	struct err e = { .kind = ERR_NONE };
	cJSON *j = json_parse(text, strlen(text), &e);

	CHECK_ROW(j != NULL, text);
	return j;
}

static void
prints(cJSON *j, const char *want)
{
	char *got = j == NULL ? NULL : json_print(j);

	CHECK_TEXT(got != NULL ? got : "(null)", want);
	xfree(got);
	cJSON_Delete(j);
}

static void
a_label_comes_with_a_finalizer(void)
{
	static const struct {
		const char *object, *patch;
		bool finalizer;
	} rows[] = {
		{ "{\"metadata\":{\"resourceVersion\":\"7\"}}",
		    "[{\"op\":\"test\",\"path\":\"/metadata/"
		    "resourceVersion\",\"value\":\"7\"},{\"op\":\"add\","
		    "\"path\":\"/metadata/finalizers\",\"value\":[\"f\"]},"
		    "{\"op\":\"add\",\"path\":\"/metadata/labels\","
		    "\"value\":{\"a.b/c\":\"\"}}]",
		    true },
		{ "{\"metadata\":{\"resourceVersion\":\"7\",\"finalizers\":["
		  "\"f\"],\"labels\":{\"x\":\"y\"}}}",
		    "[{\"op\":\"test\",\"path\":\"/metadata/"
		    "resourceVersion\",\"value\":\"7\"},{\"op\":\"add\","
		    "\"path\":\"/metadata/labels/a.b~1c\",\"value\":\"\"}]",
		    true },
		/* Whatever its value is. */
		{ "{\"metadata\":{\"resourceVersion\":\"7\",\"labels\":{"
		  "\"a.b/c\":\"no\"}}}",
		    "(null)", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *o = parse(rows[i].object);

		prints(kobj_with_label(rows[i].finalizer
					   ? kobj_finalizer_add_patch(o, "f")
					   : NULL,
			   o, "a.b/c"),
		    rows[i].patch);
		cJSON_Delete(o);
	}
}

static void
half_empty_objects_are_no_trouble(void)
{
	static const char *const odd[] = { "{}", "7", "[]", "null",
		"{\"metadata\":7}",
		"{\"metadata\":{\"name\":7,\"labels\":[],"
		"\"annotations\":\"x\",\"finalizers\":{},"
		"\"ownerReferences\":[7,null]}}" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		cJSON *o = parse(odd[i]);
		char key[KOBJ_KEY_CAP];
		int64_t t;

		CHECK_ROW(!kobj_key(o, key) && key[0] == '\0', odd[i]);
		CHECK_ROW(kobj_name(o)[0] == '\0', odd[i]);
		CHECK_ROW(kobj_rv(o)[0] == '\0', odd[i]);
		CHECK_ROW(kobj_label(o, "x") == NULL, odd[i]);
		CHECK_ROW(kobj_annotation(o, "x") == NULL, odd[i]);
		CHECK_ROW(!kobj_has_finalizer(o, "x"), odd[i]);
		CHECK_ROW(kobj_finalizers(o) == 0, odd[i]);
		CHECK_ROW(kobj_owner(o, "K", "g") == NULL, odd[i]);
		CHECK_ROW(!kobj_deleting(o), odd[i]);
		CHECK_ROW(!kobj_created_us(o, &t), odd[i]);
		CHECK_ROW(kobj_generation(o) == 0, odd[i]);
		cJSON_Delete(o);
	}
	CU_ASSERT_STRING_EQUAL(kobj_name(NULL), "");
}

static void
keys_split_where_they_were_joined(void)
{
	char key[KOBJ_KEY_CAP], ns[256], name[256];
	char long_name[300];

	CU_ASSERT_TRUE(kobj_key_make("lab", "h", key));
	CHECK_TEXT(key, "lab/h");
	CU_ASSERT_TRUE(kobj_key_split(key, ns, name));
	CHECK_TEXT(ns, "lab");
	CHECK_TEXT(name, "h");
	CU_ASSERT_TRUE(kobj_key_make(NULL, "node", key));
	CU_ASSERT_TRUE(kobj_key_split(key, ns, name));
	CHECK_TEXT(ns, "");
	CHECK_TEXT(name, "node");
	CU_ASSERT_FALSE(kobj_key_split("/x", ns, name));
	CU_ASSERT_FALSE(kobj_key_split("x/", ns, name));
	CU_ASSERT_FALSE(kobj_key_split("", ns, name));
	memset(long_name, 'a', sizeof(long_name));
	long_name[299] = '\0';
	CU_ASSERT_FALSE(kobj_key_split(long_name, ns, name));
}

static void
owners_match_by_kind_and_group(void)
{
	cJSON *o = parse("{\"metadata\":{\"ownerReferences\":["
			 "{\"apiVersion\":\"foo.io/v1\",\"kind\":\"Machine\"},"
			 "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"uid\":"
			 "\"s\"},"
			 "{\"apiVersion\":\"cluster.x-k8s.io/v9\",\"kind\":"
			 "\"Machine\",\"name\":\"m\",\"uid\":\"u\"}]}}");
	char g[256];

	CHECK_TEXT(
	    json_str(kobj_owner(o, "Machine", "cluster.x-k8s.io"), "name", ""),
	    "m");
	CU_ASSERT_PTR_NULL(kobj_owner(o, "Cluster", "cluster.x-k8s.io"));
	CU_ASSERT_PTR_NOT_NULL(kobj_owner(o, "Secret", ""));
	CHECK_TEXT(json_str(kobj_owner_by_uid(o, "u"), "name", ""), "m");
	kobj_api_group("v1", g);
	CHECK_TEXT(g, "");
	cJSON_Delete(o);
}

static void
finalizer_patches_carry_the_version(void)
{
	cJSON *bare = parse("{\"metadata\":{\"resourceVersion\":\"5\"}}");
	cJSON *two = parse("{\"metadata\":{\"resourceVersion\":\"6\","
			   "\"finalizers\":[\"foo/f\",\"a/f\"]}}");

	prints(kobj_finalizer_add_patch(bare, "a/f"),
	    "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\","
	    "\"value\":\"5\"},{\"op\":\"add\",\"path\":\"/metadata/"
	    "finalizers\",\"value\":[\"a/f\"]}]");
	prints(kobj_finalizer_add_patch(two, "b/f"),
	    "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\","
	    "\"value\":\"6\"},{\"op\":\"add\",\"path\":\"/metadata/"
	    "finalizers/-\",\"value\":\"b/f\"}]");
	prints(kobj_finalizer_remove_patch(two, "a/f"),
	    "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\","
	    "\"value\":\"6\"},{\"op\":\"test\",\"path\":\"/metadata/"
	    "finalizers/1\",\"value\":\"a/f\"},{\"op\":\"remove\",\"path\":"
	    "\"/metadata/finalizers/1\"}]");
	CU_ASSERT_PTR_NULL(kobj_finalizer_add_patch(two, "a/f"));
	CU_ASSERT_PTR_NULL(kobj_finalizer_remove_patch(bare, "a/f"));
	cJSON_Delete(bare);
	cJSON_Delete(two);
}

static void
annotation_patches_are_minimal(void)
{
	cJSON *o = parse("{\"metadata\":{\"resourceVersion\":\"5\","
			 "\"annotations\":{\"a\":\"1\",\"paused\":\"\"}}}");

	CU_ASSERT_PTR_NULL(kobj_annotate_patch(o, "a", "1"));
	CU_ASSERT_PTR_NULL(kobj_annotate_patch(o, "zz", NULL));
	prints(kobj_annotate_patch(o, "paused", NULL),
	    "{\"metadata\":{\"resourceVersion\":\"5\",\"annotations\":{"
	    "\"paused\":null}}}");
	prints(kobj_annotate_patch(o, "b", "2"),
	    "{\"metadata\":{\"resourceVersion\":\"5\",\"annotations\":{"
	    "\"b\":\"2\"}}}");
	prints(kobj_label_patch(o, "l", "v"),
	    "{\"metadata\":{\"resourceVersion\":\"5\",\"labels\":{\"l\":"
	    "\"v\"}}}");
	CHECK_TEXT(kobj_annotation(o, "paused"), "");
	cJSON_Delete(o);
}

static void
status_patches_say_only_what_changed(void)
{
	cJSON *o = parse("{\"metadata\":{\"resourceVersion\":\"5\"},"
			 "\"status\":{\"a\":1,\"b\":{\"c\":2,\"d\":[1,2]}}}");
	cJSON *s = kobj_status_dup(o);

	CU_ASSERT_PTR_NULL(kobj_status_patch(o, s));
	json_put(s, "b/d", parse("[1]"));
	json_put(s, "a", NULL);
	prints(kobj_status_patch(o, s),
	    "{\"metadata\":{\"resourceVersion\":\"5\"},\"status\":{\"a\":null,"
	    "\"b\":{\"d\":[1]}}}");
	cJSON_Delete(s);
	prints(kobj_status_patch(o, NULL),
	    "{\"metadata\":{\"resourceVersion\":\"5\"},\"status\":{\"a\":null,"
	    "\"b\":null}}");
	cJSON_Delete(o);
	o = parse("{\"metadata\":{\"resourceVersion\":\"5\"},\"status\":7}");
	s = kobj_status_dup(o);
	CU_ASSERT_PTR_NULL(kobj_status_patch(o, s));
	cJSON_Delete(s);
	cJSON_Delete(o);
}

static void
selectors_match_as_the_api_does(void)
{
	static const struct {
		const char *selector;
		int want; /* 1, 0; -1 = malformed */
	} rows[] = {
		{ "null", 1 },
		{ "{}", 1 },
		{ "{\"matchLabels\":{\"a\":\"1\"}}", 1 },
		{ "{\"matchLabels\":{\"a\":\"2\"}}", 0 },
		{ "{\"matchLabels\":{\"z\":\"\"}}", 0 },
		{ "{\"matchLabels\":{\"e\":\"\"}}", 1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
		  "\"values\":[\"0\",\"1\"]}]}",
		    1 },
		{ "{\"matchExpressions\":[{\"key\":\"z\",\"operator\":\"In\","
		  "\"values\":[\"1\"]}]}",
		    0 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
		  "\"NotIn\",\"values\":[\"1\"]}]}",
		    0 },
		{ "{\"matchExpressions\":[{\"key\":\"z\",\"operator\":"
		  "\"NotIn\",\"values\":[\"1\"]}]}",
		    1 },
		{ "{\"matchExpressions\":[{\"key\":\"e\",\"operator\":"
		  "\"Exists\"}]}",
		    1 },
		{ "{\"matchExpressions\":[{\"key\":\"e\",\"operator\":"
		  "\"DoesNotExist\"}]}",
		    0 },
		{ "{\"matchExpressions\":[{\"key\":\"z\",\"operator\":"
		  "\"DoesNotExist\",\"values\":[]}]}",
		    1 },
		{ "{\"matchLabels\":{\"a\":\"1\"},\"matchExpressions\":[{"
		  "\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"1\"]}]}",
		    0 },
		{ "7", -1 },
		{ "{\"matchLabels\":[]}", -1 },
		{ "{\"matchLabels\":{\"a\":1}}", -1 },
		{ "{\"matchExpressions\":{}}", -1 },
		{ "{\"matchExpressions\":[7]}", -1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\"}]}", -1 },
		{ "{\"matchExpressions\":[{\"key\":\"\",\"operator\":"
		  "\"Exists\"}]}",
		    -1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"in\","
		  "\"values\":[\"1\"]}]}",
		    -1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]"
		  "}",
		    -1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
		  "\"values\":[1]}]}",
		    -1 },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
		  "\"Exists\",\"values\":[\"1\"]}]}",
		    -1 },
	};
	cJSON *o =
	    parse("{\"metadata\":{\"labels\":{\"a\":\"1\",\"e\":\"\"}}}");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .kind = ERR_NONE };
		cJSON *s = parse(rows[i].selector);
		bool m = kobj_selector_matches(s, o, &e);

		CHECK_ROW(m == (rows[i].want == 1), rows[i].selector);
		CHECK_ROW((e.kind == ERR_SPEC) == (rows[i].want < 0),
		    rows[i].selector);
		CHECK_ROW(kobj_selector_valid(s, NULL) == (rows[i].want >= 0),
		    rows[i].selector);
		cJSON_Delete(s);
	}
	cJSON_Delete(o);
}

/* ---- conditions --------------------------------------------------------------- */

#define T0 (1767225600LL * LOOP_S)

static bool
set(cJSON *status, const char *type, enum cond_status s, const char *reason,
    const char *message, int64_t wall_us)
{
	const struct cond c = { type, s, reason, message };
	const struct cond_stamp at = { 3, wall_us };

	return cond_set(status, &c, &at);
}

static void
transition_times_move_with_the_status_only(void)
{
	cJSON *s = cJSON_CreateObject();

	CU_ASSERT_TRUE(set(s, "X", COND_FALSE, "A", "m", T0 + 1999999));
	prints(json_dup(json_at(s, "conditions/0")),
	    "{\"type\":\"X\",\"status\":\"False\",\"observedGeneration\":3,"
	    "\"lastTransitionTime\":\"2026-01-01T00:00:01Z\",\"reason\":\"A\","
	    "\"message\":\"m\"}");
	CU_ASSERT_FALSE(set(s, "X", COND_FALSE, "A", "m", T0 + 60 * LOOP_S));
	CU_ASSERT_TRUE(set(s, "X", COND_FALSE, "B", "n", T0 + 60 * LOOP_S));
	CHECK_TEXT(json_str(s, "conditions/0/lastTransitionTime", ""),
	    "2026-01-01T00:00:01Z");
	CU_ASSERT_TRUE(set(s, "X", COND_TRUE, "B", NULL, T0 + 60 * LOOP_S));
	CHECK_TEXT(json_str(s, "conditions/0/lastTransitionTime", ""),
	    "2026-01-01T00:01:00Z");
	CU_ASSERT_EQUAL(cond_get(s, "X"), COND_TRUE);
	CHECK_TEXT(cond_reason(s, "X"), "B");
	CHECK_TEXT(cond_message(s, "X"), "");
	CU_ASSERT_EQUAL(cond_get(s, "Y"), COND_ABSENT);
	CU_ASSERT_TRUE(set(s, "X", COND_ABSENT, NULL, NULL, T0));
	CU_ASSERT_FALSE(cond_remove(s, "X"));
	prints(s, "{}");
}

static void
conditions_stand_in_order(void)
{
	static const char *const types[] = { "Paused", "Zeta", "Ready",
		"Deleting", "Alpha", "Available" };
	cJSON *s = cJSON_CreateObject();
	char all[100] = "";

	for (size_t i = 0; i < 6; i++)
		(void)set(s, types[i], COND_TRUE, "R", "", T0);
	(void)set(s, "Zeta", COND_FALSE, "R", "", T0);
	for (int i = 0; i < 6; i++) {
		size_t n = strlen(all);
		const cJSON *c =
		    cJSON_GetArrayItem(json_arr(s, "conditions"), i);

		(void)str_format(
		    all + n, sizeof(all) - n, "%s ", json_str(c, "type", ""));
	}
	CHECK_TEXT(all, "Available Ready Alpha Zeta Deleting Paused ");
	cJSON_Delete(s);
}

static void
bounds_of_core_are_kept(void)
{
	static const struct {
		const char *in, *out;
	} reasons[] = { { "a.b", "ab" }, { "", "InternalError" },
		{ "123", "InternalError" }, { "9Lives", "Lives" },
		{ "X:", "X" }, { "A,b:c_", "A,b:c_" },
		{ "Über Fall", "berFall" }, { NULL, "InternalError" } };
	cJSON *s = cJSON_CreateObject();
	char *big = xmalloc(20001);
	char type[8];
	size_t n;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		(void)set(s, "X", COND_TRUE, reasons[i].in, "", T0);
		CHECK_TEXT(cond_reason(s, "X"), reasons[i].out);
	}
	for (size_t i = 0; i < 20000; i += 2)
		memcpy(big + i, "\xc3\xa4", 2);
	big[20000] = '\0';
	(void)set(s, "X", COND_TRUE, "R", big, T0);
	n = strlen(cond_message(s, "X"));
	CU_ASSERT(n <= COND_MESSAGE_MAX && n > COND_MESSAGE_MAX - 8);
	CU_ASSERT_EQUAL((unsigned char)cond_message(s, "X")[n - 4], 0xa4);
	memset(big, 'r', 300);
	big[300] = '\0';
	(void)set(s, "X", COND_TRUE, big, "", T0);
	CU_ASSERT_EQUAL(strlen(cond_reason(s, "X")), 256);
	for (int i = 0; i < 40; i++) {
		(void)str_format(type, sizeof(type), "T%02d", i);
		(void)set(s, type, COND_TRUE, "R", "", T0);
	}
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(s, "conditions")), 32);
	CU_ASSERT_TRUE(set(s, "T05", COND_FALSE, "R", "", T0));
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(s, "conditions")), 32);
	xfree(big);
	cJSON_Delete(s);
}

static void
strange_conditions_are_survived(void)
{
	cJSON *s = parse("{\"conditions\":[7,null,{\"type\":5},{\"type\":"
			 "\"X\",\"status\":null,\"lastTransitionTime\":7},"
			 "{\"type\":\"Foreign\",\"status\":\"True\"}]}");

	CU_ASSERT_EQUAL(cond_get(s, "X"), COND_UNKNOWN);
	CHECK_TEXT(cond_reason(s, "X"), "");
	CU_ASSERT_TRUE(set(s, "X", COND_UNKNOWN, "R", "", T0));
	CHECK_TEXT(json_str(cond_find(s, "X"), "lastTransitionTime", ""),
	    "2026-01-01T00:00:00Z");
	CU_ASSERT_PTR_NOT_NULL(cond_find(s, "Foreign"));
	cJSON_Delete(s);
	s = parse("{\"conditions\":\"x\"}");
	CU_ASSERT_TRUE(set(s, "X", COND_TRUE, "R", "", T0));
	CU_ASSERT_EQUAL(cond_get(s, "X"), COND_TRUE);
	cJSON_Delete(s);
}

static void
ready_sums_up(void)
{
	static const struct cond_input in[] = { { "A", false }, { "B", false },
		{ "Deleting", true } };
	const struct cond_stamp at = { 3, T0 };
	cJSON *s = cJSON_CreateObject();

	CU_ASSERT_TRUE(cond_summarize(s, "Ready", in, 3, &at));
	CU_ASSERT_EQUAL(cond_get(s, "Ready"), COND_UNKNOWN);
	CHECK_TEXT(cond_reason(s, "Ready"), "ReadyUnknown");
	CHECK_TEXT(cond_message(s, "Ready"),
	    "* A: Condition A not yet reported\n"
	    "* B: Condition B not yet reported");
	(void)set(s, "A", COND_TRUE, "Good", "", T0);
	(void)set(s, "B", COND_FALSE, "Waiting", "", T0);
	(void)cond_summarize(s, "Ready", in, 3, &at);
	CU_ASSERT_EQUAL(cond_get(s, "Ready"), COND_FALSE);
	CHECK_TEXT(cond_reason(s, "Ready"), "NotReady");
	CHECK_TEXT(cond_message(s, "Ready"), "* B: Waiting");
	(void)set(s, "A", COND_UNKNOWN, "Dunno", "no idea", T0);
	(void)cond_summarize(s, "Ready", in, 3, &at);
	CHECK_TEXT(cond_message(s, "Ready"), "* B: Waiting\n* A: no idea");
	(void)set(s, "A", COND_TRUE, "Good", "", T0);
	(void)set(s, "B", COND_TRUE, "Good", "fine", T0);
	(void)cond_summarize(s, "Ready", in, 3, &at);
	CU_ASSERT_EQUAL(cond_get(s, "Ready"), COND_TRUE);
	CHECK_TEXT(cond_reason(s, "Ready"), "Ready");
	CHECK_TEXT(cond_message(s, "Ready"), "");
	CU_ASSERT_FALSE(cond_summarize(s, "Ready", in, 3, &at));
	(void)set(s, "Deleting", COND_TRUE, "PoweringOff", "waits for off", T0);
	(void)cond_summarize(s, "Ready", in, 3, &at);
	CU_ASSERT_EQUAL(cond_get(s, "Ready"), COND_FALSE);
	CHECK_TEXT(cond_reason(s, "Ready"), "Deleting");
	CHECK_TEXT(cond_message(s, "Ready"), "waits for off");
	cJSON_Delete(s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "half-empty objects are no trouble",
		    half_empty_objects_are_no_trouble },
		{ "keys split where they were joined",
		    keys_split_where_they_were_joined },
		{ "owners match by kind and group",
		    owners_match_by_kind_and_group },
		{ "finalizer patches carry the version",
		    finalizer_patches_carry_the_version },
		{ "a label comes with a finalizer",
		    a_label_comes_with_a_finalizer },
		{ "annotation patches are minimal",
		    annotation_patches_are_minimal },
		{ "status patches say only what changed",
		    status_patches_say_only_what_changed },
		{ "selectors match as the API does",
		    selectors_match_as_the_api_does },
		{ "transition times move with the status only",
		    transition_times_move_with_the_status_only },
		{ "conditions stand in order", conditions_stand_in_order },
		{ "bounds of core are kept", bounds_of_core_are_kept },
		{ "strange conditions are survived",
		    strange_conditions_are_survived },
		{ "Ready sums up", ready_sums_up },
	};

	return UNIT_RUN("kube_object", cases);
}
