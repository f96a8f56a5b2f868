/* RFC 7396, RFC 6902 with their appendices' examples, equality and diffs. */
#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

static cJSON *
parse(const char *text)
{
	return text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
}

static void
check_tree(const cJSON *got, const char *want)
{
	cJSON *w = parse(want);
	char *text = json_print(got);

	CU_ASSERT_PTR_NOT_NULL(w);
	CHECK_ROW(json_equal(got, w), text);
	cJSON_Delete(w);
	xfree(text);
}

static const struct {
	const char *target, *patch, *result;
} merges[] = {
	/* RFC 7396 appendix A */
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	    "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	/* ours */
	{ "{\"a\":1}", "{\"A\":null}", "{\"a\":1}" },
	{ "{\"a\":1}", "{}", "{\"a\":1}" },
	{ "{\"n\":1}", "{\"n\":9007199254740993}", "{\"n\":9007199254740993}" },
};

static void
merges_as_rfc_7396(void)
{
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		cJSON *t = parse(merges[i].target);
		cJSON *p = parse(merges[i].patch);
		cJSON *r = json_merge_patch(t, p);

		check_tree(r, merges[i].result);
		check_tree(t, merges[i].target); /* untouched */
		check_tree(p, merges[i].patch);
		cJSON_Delete(t);
		cJSON_Delete(p);
		cJSON_Delete(r);
	}
}

static void
merges_into_nothing(void)
{
	cJSON *p = parse("{\"a\":{\"b\":null,\"c\":1}}");
	cJSON *r = json_merge_patch(NULL, p);

	check_tree(r, "{\"a\":{\"c\":1}}");
	cJSON_Delete(p);
	cJSON_Delete(r);
}

static const struct {
	const char *a, *b, *diff; /* NULL = equal */
} diffs[] = {
	{ "{}", "{}", NULL },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", NULL },
	{ "{\"a\":1}", "{\"a\":2}", "{\"a\":2}" },
	{ "{\"a\":1}", "{}", "{\"a\":null}" },
	{ "{}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}" },
	{ "{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"x\":1,\"y\":3}}",
	    "{\"a\":{\"y\":3}}" },
	{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", "{\"a\":[2,1]}" },
	{ "{\"a\":[1,2]}", "{\"a\":[1,2]}", NULL },
	{ "{\"a\":\"x\"}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}" },
	{ "{\"a\":{\"b\":1}}", "{\"a\":7}", "{\"a\":7}" },
	{ "1", "2", "2" },
	{ "{\"a\":9007199254740993}", "{\"a\":9007199254740992}",
	    "{\"a\":9007199254740992}" },
};

static void
diffs_lead_from_a_to_b(void)
{
	for (size_t i = 0; i < sizeof(diffs) / sizeof(diffs[0]); i++) {
		cJSON *a = parse(diffs[i].a), *b = parse(diffs[i].b);
		cJSON *d = json_merge_diff(a, b);

		if (diffs[i].diff == NULL) {
			CHECK_ROW(d == NULL, diffs[i].a);
		} else {
			cJSON *back = json_merge_patch(a, d);

			check_tree(d, diffs[i].diff);
			check_tree(back, diffs[i].b);
			cJSON_Delete(back);
		}
		cJSON_Delete(a);
		cJSON_Delete(b);
		cJSON_Delete(d);
	}
}

static void
equality_looks_at_values_not_at_order_or_spelling(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} t[] = {
		{ "1", "1.0", true },
		{ "1e20", "100000000000000000000", true },
		{ "100000000000000000000", "1e20", true },
		{ "9007199254740993", "9007199254740992", false },
		{ "9007199254740993", "9007199254740993", true },
		{ "9007199254740993", "9007199254740995", false },
		{ "0.5", "9007199254740993", false },
		{ "1", "\"1\"", false },
		{ "null", "false", false },
		{ "true", "false", false },
		{ "[1,2]", "[1,2,3]", false },
		{ "[1,2,3]", "[1,2]", false },
		{ "[]", "{}", false },
		{ "{\"a\":1}", "{\"A\":1}", false },
		{ "{\"a\":1,\"b\":{\"c\":[]}}", "{\"b\":{\"c\":[]},\"a\":1}",
		    true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "{\"a\":null}", "{}", false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *a = parse(t[i].a), *b = parse(t[i].b);

		CHECK_ROW(json_equal(a, b) == t[i].equal, t[i].a);
		cJSON_Delete(a);
		cJSON_Delete(b);
	}
	CU_ASSERT_TRUE(json_equal(NULL, NULL));
}

static cJSON *
wide(int n, bool backwards)
{
	cJSON *j = cJSON_CreateObject();

	for (int i = 0; i < n; i++) {
		char key[16];

		(void)snprintf(
		    key, sizeof(key), "k%d", backwards ? n - 1 - i : i);
		(void)cJSON_AddNumberToObject(
		    j, key, backwards ? n - 1 - i : i);
	}
	return j;
}

/* Quadratic work would take minutes under the sanitizers. */
static void
wide_objects_cost_no_quadratic_time(void)
{
	cJSON *a = wide(20000, false), *b = wide(20000, true);
	cJSON *r, *d;

	CU_ASSERT_TRUE(json_equal(a, b));
	d = json_merge_diff(a, b);
	CU_ASSERT_PTR_NULL(d);
	r = json_merge_patch(a, b);
	CU_ASSERT_TRUE(json_equal(r, b));
	cJSON_Delete(r);
	cJSON_Delete(a);
	cJSON_Delete(b);
}

/* ---- RFC 6902 ------------------------------------------------------------ */

static const struct {
	const char *target, *ops, *result; /* NULL = refused */
	enum err_kind kind;
} patches[] = {
	/* appendix A, in its order */
	{ "{\"foo\":\"bar\"}",
	    "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
	    "{\"baz\":\"qux\",\"foo\":\"bar\"}", ERR_NONE },
	{ "{\"foo\":[\"bar\",\"baz\"]}",
	    "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
	    "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", ERR_NONE },
	{ "{\"baz\":\"qux\",\"foo\":\"bar\"}",
	    "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}",
	    ERR_NONE },
	{ "{\"foo\":[\"bar\",\"qux\",\"baz\"]}",
	    "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
	    "{\"foo\":[\"bar\",\"baz\"]}", ERR_NONE },
	{ "{\"baz\":\"qux\",\"foo\":\"bar\"}",
	    "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
	    "{\"baz\":\"boo\",\"foo\":\"bar\"}", ERR_NONE },
	{ "{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},"
	  "\"qux\":{\"corge\":\"grault\"}}",
	    "[{\"op\":\"move\",\"from\":\"/foo/waldo\","
	    "\"path\":\"/qux/thud\"}]",
	    "{\"foo\":{\"bar\":\"baz\"},"
	    "\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}",
	    ERR_NONE },
	{ "{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
	    "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
	    "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}", ERR_NONE },
	{ "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
	    "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},"
	    "{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
	    "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}", ERR_NONE },
	{ "{\"baz\":\"qux\"}",
	    "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", NULL,
	    ERR_CONFLICT },
	{ "{\"foo\":\"bar\"}",
	    "[{\"op\":\"add\",\"path\":\"/child\","
	    "\"value\":{\"grandchild\":{}}}]",
	    "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}", ERR_NONE },
	{ "{\"foo\":\"bar\"}",
	    "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\","
	    "\"xyz\":123}]",
	    "{\"foo\":\"bar\",\"baz\":\"qux\"}", ERR_NONE },
	{ "{\"foo\":\"bar\"}",
	    "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", NULL,
	    ERR_SPEC },
	{ "{\"/\":9,\"~1\":10}",
	    "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
	    "{\"/\":9,\"~1\":10}", ERR_NONE },
	{ "{\"/\":9,\"~1\":10}",
	    "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", NULL,
	    ERR_CONFLICT },
	{ "{\"foo\":[\"bar\"]}",
	    "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\"]}]",
	    "{\"foo\":[\"bar\",[\"abc\"]]}", ERR_NONE },
	/* the whole document */
	{ "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":[1]}]",
	    "[1]", ERR_NONE },
	{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":2}]", "2",
	    ERR_NONE },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]",
	    "{\"a\":1,\"b\":{\"a\":1}}", ERR_NONE },
	{ "{\"a\":1}", "[]", "{\"a\":1}", ERR_NONE },
	/* null is a value */
	{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":null}]",
	    "{\"a\":1,\"b\":null}", ERR_NONE },
	{ "{\"a\":null}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]",
	    "{\"a\":null}", ERR_NONE },
	{ "{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", NULL,
	    ERR_CONFLICT },
	/* add replaces a member */
	{ "{\"a\":1,\"b\":2}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":3}]",
	    "{\"a\":3,\"b\":2}", ERR_NONE },
	{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0}]",
	    "{\"a\":[0,1]}", ERR_NONE },
	{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":2}]",
	    "{\"a\":[1,2]}", ERR_NONE },
	{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":2}]",
	    NULL, ERR_SPEC },
	{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/00\",\"value\":2}]",
	    NULL, ERR_SPEC },
	{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/x\",\"value\":2}]",
	    NULL, ERR_SPEC },
	{ "{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/1\",\"value\":2}]",
	    NULL, ERR_SPEC },
	{ "{\"a\":[1,2]}",
	    "[{\"op\":\"replace\",\"path\":\"/a/1\",\"value\":9}]",
	    "{\"a\":[1,9]}", ERR_NONE },
	{ "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]",
	    NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL,
	    ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/A\"}]", NULL,
	    ERR_SPEC },
	{ "{\"a\":{\"b\":1}}",
	    "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL,
	    ERR_SPEC },
	{ "{\"a\":{\"b\":1}}",
	    "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]",
	    "{\"a\":{\"b\":1}}", ERR_NONE },
	{ "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/x\"}]",
	    NULL, ERR_SPEC },
	/* malformed */
	{ "{\"a\":1}", "{\"op\":\"remove\",\"path\":\"/a\"}", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[1]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"spam\",\"path\":\"/a\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"path\":\"/a\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"a\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a~2\"}]", NULL,
	    ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a~\"}]", NULL,
	    ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\"}]", NULL, ERR_SPEC },
	{ "{\"a\":1}", "[{\"op\":\"copy\",\"path\":\"/b\"}]", NULL, ERR_SPEC },
	/* long integers compare by their digits */
	{ "{\"a\":9007199254740993}",
	    "[{\"op\":\"test\",\"path\":\"/a\",\"value\":9007199254740995}]",
	    NULL, ERR_CONFLICT },
};

static void
patches_as_rfc_6902(void)
{
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		cJSON *t = parse(patches[i].target);
		cJSON *ops = parse(patches[i].ops);
		struct err e = { 0 };
		cJSON *r = json_patch(t, ops, &e);

		CU_ASSERT_PTR_NOT_NULL(ops);
		if (patches[i].result != NULL)
			check_tree(r, patches[i].result);
		else
			CHECK_ROW(r == NULL, patches[i].ops);
		CHECK_ROW(e.kind == patches[i].kind, patches[i].ops);
		check_tree(t, patches[i].target);
		cJSON_Delete(t);
		cJSON_Delete(ops);
		cJSON_Delete(r);
	}
}

static void
a_failed_patch_says_where_and_changes_nothing(void)
{
	cJSON *t = parse("{\"a\":1}");
	cJSON *ops = parse("[{\"op\":\"add\",\"path\":\"/b\",\"value\":1},"
			   "{\"op\":\"remove\",\"path\":\"/c\"}]");
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(json_patch(t, ops, &e));
	CHECK_TEXT(e.msg, "operation 1: remove /c: no such value");
	check_tree(t, "{\"a\":1}");
	cJSON_Delete(t);
	cJSON_Delete(ops);
}

static enum err_kind
patch_many(const char *target, const char *op, int n)
{
	cJSON *t = parse(target), *ops = cJSON_CreateArray(), *r;
	struct err e = { 0 };

	for (int i = 0; i < n; i++) {
		struct buf b;

		buf_init(&b, 1000);
		(void)buf_addf(&b, "{\"op\":\"copy\",\"from\":\"\",");
		(void)buf_addf(&b, "\"path\":\"/%s%d\"}", op, i);
		(void)cJSON_AddItemToArray(ops, parse(b.p));
		buf_free(&b);
	}
	r = json_patch(t, ops, &e);
	cJSON_Delete(t);
	cJSON_Delete(ops);
	cJSON_Delete(r);
	return e.kind;
}

static void
copies_cannot_blow_a_tree_up(void)
{
	CU_ASSERT_EQUAL(patch_many("{\"a\":1}", "k", 10), ERR_NONE);
	CU_ASSERT_EQUAL(patch_many("{\"a\":1}", "k", 40), ERR_TOO_BIG);
	CU_ASSERT_EQUAL(patch_many("{\"a\":1}", "k", 10001), ERR_TOO_BIG);
}

static const struct unit_case cases[] = {
	{ "merges as RFC 7396", merges_as_rfc_7396 },
	{ "merges into nothing", merges_into_nothing },
	{ "diffs lead from a to b", diffs_lead_from_a_to_b },
	{ "equality looks at values",
	    equality_looks_at_values_not_at_order_or_spelling },
	{ "wide objects cost no quadratic time",
	    wide_objects_cost_no_quadratic_time },
	{ "patches as RFC 6902", patches_as_rfc_6902 },
	{ "a failed patch says where and changes nothing",
	    a_failed_patch_says_where_and_changes_nothing },
	{ "copies cannot blow a tree up", copies_cannot_blow_a_tree_up },
};

int
main(void)
{
	return UNIT_RUN("json_patch", cases);
}
