/* Parsing, printing, paths and setters of common/json.h. */
#include "common/json.h"

#include <math.h>

#include "common/buf.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

static cJSON *
parse(const char *text)
{
	return json_parse(text, strlen(text), NULL);
}

static const struct row {
	const char *in, *out; /* out NULL = refused */
} rows[] = {
	{ "{}", "{}" },
	{ " [ ] ", "[]" },
	{ "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}" },
	{ "null", "null" },
	{ "\"x\"", "\"x\"" },
	{ "[true,false,null]", "[true,false,null]" },
	{ "{\"a\":{\"b\":[1,2,{\"c\":\"d\"}]}}",
	    "{\"a\":{\"b\":[1,2,{\"c\":\"d\"}]}}" },
	{ "\t\r\n[1 , 2]\n", "[1,2]" },
	{ "", NULL },
	{ "  ", NULL },
	{ "1 x", NULL },
	{ "{} {}", NULL },
	{ "[1,]", NULL },
	{ "[,1]", NULL },
	{ "[1 2]", NULL },
	{ "{\"a\":1,}", NULL },
	{ "{\"a\" 1}", NULL },
	{ "{a:1}", NULL },
	{ "{1:1}", NULL },
	{ "{\"a\":}", NULL },
	{ "{", NULL },
	{ "[", NULL },
	{ "]", NULL },
	{ "{\"a\"", NULL },
	{ "{\"a\":1", NULL },
	{ "tru", NULL },
	{ "True", NULL },
	{ "nul", NULL },
	{ "nullx", NULL },
	{ "'a'", NULL },
	{ "// c\n1", NULL },
	{ "NaN", NULL },
	{ "Infinity", NULL },
	/* numbers */
	{ "0", "0" },
	{ "-0", "0" },
	{ "01", NULL },
	{ "-01", NULL },
	{ "+1", NULL },
	{ "1.", NULL },
	{ ".5", NULL },
	{ "-", NULL },
	{ "1e", NULL },
	{ "1e+", NULL },
	{ "0x10", NULL },
	{ "1_000", NULL },
	{ "1.5", "1.5" },
	{ "0.1", "0.1" },
	{ "3.141592653589793", "3.141592653589793" },
	{ "1e3", "1000" },
	{ "1E-2", "0.01" },
	{ "1e999", "1e999" },
	{ "-1e999", "-1e999" },
	{ "1000000000000000", "1000000000000000" },
	{ "9007199254740992", "9007199254740992" },
	{ "9007199254740993", "9007199254740993" },
	{ "-9007199254740993", "-9007199254740993" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "123456789012345678901234567890", "123456789012345678901234567890" },
	/* strings */
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	    "\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\u0009\"" },
	{ "\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"" },
	{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
	{ "\"\\ud83d\"", "\"\xef\xbf\xbd\"" },
	{ "\"\\ud83dx\"", "\"\xef\xbf\xbdx\"" },
	{ "\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd"
				"A\"" },
	{ "\"\\ude00\"", "\"\xef\xbf\xbd\"" },
	{ "\"\\u0000\"", NULL },
	{ "{\"a\\u0000b\":1}", NULL },
	{ "\"\\u12\"", NULL },
	{ "\"\\u12g4\"", NULL },
	{ "\"\\x\"", NULL },
	{ "\"\\\"", NULL },
	{ "\"a", NULL },
	{ "\"a\nb\"", NULL },
	{ "\"a\x01\"", NULL },
	{ "\"\xff\xff\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\"\xc0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\"\xe2\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\"\xc3\xa9\"", "\"\xc3\xa9\"" },
	/* keys */
	{ "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
	{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}" },
	{ "{\"\":1}", "{\"\":1}" },
};

static void
parses_what_rfc_8259_allows_and_nothing_else(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		cJSON *j = json_parse(rows[i].in, strlen(rows[i].in), &e);
		char *out = j != NULL ? json_print(j) : NULL;

		if (rows[i].out != NULL) {
			CHECK_ROW(e.kind == ERR_NONE, rows[i].in);
			CHECK_TEXT(out, rows[i].out);
		} else {
			CHECK_ROW(j == NULL && e.kind == ERR_PROTO, rows[i].in);
			CHECK_ROW(strstr(e.msg, "at byte ") != NULL, e.msg);
		}
		xfree(out);
		cJSON_Delete(j);
	}
}

static void
stops_at_the_length_not_at_the_nul(void)
{
	struct err e = { 0 };
	cJSON *j = json_parse("[1]junk", 3, &e);

	CU_ASSERT_PTR_NOT_NULL(j);
	cJSON_Delete(j);
	j = json_parse("[1]\n\0\0", 6, &e);
	CU_ASSERT_PTR_NOT_NULL(j);
	cJSON_Delete(j);
	CU_ASSERT_PTR_NULL(json_parse("[1]\0x", 5, &e));
	CU_ASSERT_PTR_NULL(json_parse("\"a\0b\"", 5, &e));
	CU_ASSERT_PTR_NULL(json_parse("[\0]", 3, &e));
	CU_ASSERT_PTR_NULL(json_parse("tru", 3, &e));
	CU_ASSERT_PTR_NULL(json_parse("\"\\u00", 5, &e));
}

/* open * n, middle, close * n */
static cJSON *
nested(const char *open, const char *close, size_t n, struct err *e)
{
	struct buf b;
	cJSON *j;

	buf_init(&b, 1u << 24);
	for (size_t i = 0; i < n; i++)
		(void)buf_adds(&b, open);
	(void)buf_adds(&b, "1");
	for (size_t i = 0; i < n; i++)
		(void)buf_adds(&b, close);
	j = json_parse(b.p, b.n, e);
	buf_free(&b);
	return j;
}

static void
refuses_deep_nesting(void)
{
	static const char *const kinds[][2] = { { "[", "]" },
		{ "{\"a\":", "}" } };

	for (size_t i = 0; i < 2; i++) {
		struct err e = { 0 };
		cJSON *j = nested(kinds[i][0], kinds[i][1], 64, &e);

		CU_ASSERT_PTR_NOT_NULL(j);
		cJSON_Delete(j);
		CU_ASSERT_PTR_NULL(nested(kinds[i][0], kinds[i][1], 65, &e));
		CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
		CU_ASSERT_PTR_NULL(
		    nested(kinds[i][0], kinds[i][1], 1000000, &e));
	}
}

static cJSON *
wide(size_t n, bool object, struct err *e)
{
	struct buf b;
	cJSON *j;

	buf_init(&b, 1u << 24);
	(void)buf_addc(&b, object ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		if (object)
			(void)buf_addf(&b, "%s\"k%zu\":1", i ? "," : "", i);
		else
			(void)buf_adds(&b, i ? ",1" : "1");
	}
	(void)buf_addc(&b, object ? '}' : ']');
	j = json_parse(b.p, b.n, e);
	buf_free(&b);
	return j;
}

static void
caps_members_and_number_length(void)
{
	struct err e = { 0 };
	char digits[200];
	cJSON *j;

	for (int object = 0; object < 2; object++) {
		j = wide(JSON_MAX_MEMBERS, object, &e);
		CU_ASSERT_EQUAL(cJSON_GetArraySize(j), JSON_MAX_MEMBERS);
		cJSON_Delete(j);
		CU_ASSERT_PTR_NULL(wide(JSON_MAX_MEMBERS + 1, object, &e));
		CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	}
	memset(digits, '7', sizeof(digits));
	CU_ASSERT_PTR_NULL(json_parse(digits, sizeof(digits), &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
}

static void
caps_the_values_of_a_whole_tree(void)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 1u << 24);
	(void)buf_addc(&b, '[');
	for (int i = 0; i < 200; i++) {
		(void)buf_adds(&b, i ? ",[0" : "[0");
		for (int k = 0; k < 6000; k++)
			(void)buf_adds(&b, ",0");
		(void)buf_addc(&b, ']');
	}
	(void)buf_addc(&b, ']');
	CU_ASSERT_PTR_NULL(json_parse(b.p, b.n, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	buf_free(&b);
}

static void
of_many_equal_keys_the_last_wins_in_place(void)
{
	struct buf b;
	cJSON *j;

	buf_init(&b, 1u << 16);
	(void)buf_addc(&b, '{');
	for (int i = 0; i < 100; i++)
		(void)buf_addf(&b, "\"k%d\":%d,", i % 10, i);
	(void)buf_adds(&b, "\"z\":0}");
	j = json_parse(b.p, b.n, NULL);
	buf_free(&b);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(j), 11);
	CU_ASSERT_EQUAL(json_i64(j, "k3", 0), 93);
	CHECK_TEXT(j->child->string, "k0");
	CHECK_TEXT(j->child->prev->string, "z");
	cJSON_Delete(j);
}

static void
prints_what_it_is_given_as_valid_json(void)
{
	cJSON *j = cJSON_CreateObject();
	char *out;

	json_set_str(j, "bad", "a\xff\x01\x7f");
	json_set(j, "nan", cJSON_CreateNumber((double)NAN));
	json_set(j, "big", cJSON_CreateNumber(1e20));
	json_set(j, "third", cJSON_CreateNumber(1.0 / 3));
	json_set_i64(j, "i", INT64_MIN);
	out = json_print(j);
	CHECK_TEXT(out, "{\"bad\":\"a\xef\xbf\xbd\\u0001\x7f\",\"nan\":null,"
			"\"big\":1e+20,\"third\":0.3333333333333333,"
			"\"i\":-9223372036854775808}");
	xfree(out);
	cJSON_Delete(j);
	out = json_print(NULL);
	CHECK_TEXT(out, "null");
	xfree(out);
	j = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}");
	out = json_print_pretty(j);
	CHECK_TEXT(out, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n"
			"    \"c\": []\n  }\n}");
	xfree(out);
	cJSON_Delete(j);
}

/* ---- access -------------------------------------------------------------- */

static const char doc[] =
    "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":\"y\"}],\"n\":null,\"t\":true},"
    "\"k8s.io/x\":1,\"m~n\":2,\"\":3,\"Name\":\"N\",\"big\":9007199254740993,"
    "\"f\":1.5,\"e\":1e3,\"huge\":1e30,\"u\":18446744073709551615}";

static void
finds_by_exact_path(void)
{
	static const struct {
		const char *path, *out; /* NULL = absent */
	} paths[] = {
		{ "a/b/0/c", "\"x\"" },
		{ "/a/b/1/c", "\"y\"" },
		{ "a/b/2", NULL },
		{ "a/b/01", NULL },
		{ "a/b/-", NULL },
		{ "a/b/-1", NULL },
		{ "a/b/4294967296", NULL },
		{ "a/b/", NULL },
		{ "a/n", "null" },
		{ "a/n/x", NULL },
		{ "a/t/0", NULL },
		{ "k8s.io~1x", "1" },
		{ "k8s.io/x", NULL },
		{ "m~0n", "2" },
		{ "m~n", "2" },
		{ "/", "3" },
		{ "name", NULL },
		{ "Name", "\"N\"" },
		{ "Nam", NULL },
		{ "Names", NULL },
	};
	cJSON *j = parse(doc);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const cJSON *v = json_at(j, paths[i].path);
		char *text = v != NULL ? json_print(v) : NULL;

		CHECK_ROW(v == json_at_mut(j, paths[i].path), paths[i].path);
		if (paths[i].out == NULL)
			CHECK_ROW(v == NULL, paths[i].path);
		else
			CHECK_TEXT(text, paths[i].out);
		xfree(text);
	}
	CU_ASSERT_PTR_EQUAL(json_at(j, ""), j);
	CU_ASSERT_PTR_NULL(json_at(NULL, "a"));
	CU_ASSERT_PTR_NULL(json_at(NULL, ""));
	CU_ASSERT_PTR_NULL(json_child(j, "name"));
	CU_ASSERT_PTR_NULL(json_child(NULL, "name"));
	CU_ASSERT_PTR_NOT_NULL(json_obj(j, "a"));
	CU_ASSERT_PTR_NULL(json_obj(j, "a/b"));
	CU_ASSERT_PTR_NOT_NULL(json_arr(j, "a/b"));
	cJSON_Delete(j);
}

static void
tells_absent_null_and_wrong_apart(void)
{
	cJSON *j = parse(doc);
	const char *s = "kept";
	int64_t i = 7;
	bool b = true;

	CU_ASSERT_EQUAL(json_get_str(j, "zz", &s), JSON_ABSENT);
	CU_ASSERT_EQUAL(json_get_str(j, "a/n", &s), JSON_NULL);
	CU_ASSERT_EQUAL(json_get_str(j, "a", &s), JSON_WRONG);
	CHECK_TEXT(s, "kept");
	CU_ASSERT_EQUAL(json_get_str(j, "Name", &s), JSON_GOT);
	CHECK_TEXT(s, "N");
	CU_ASSERT_EQUAL(json_get_bool(j, "Name", &b), JSON_WRONG);
	CU_ASSERT_EQUAL(json_get_bool(j, "a/t", &b), JSON_GOT);
	CU_ASSERT_EQUAL(json_get_i64(j, "f", &i), JSON_WRONG);
	CU_ASSERT_EQUAL(json_get_i64(j, "huge", &i), JSON_WRONG);
	CU_ASSERT_EQUAL(json_get_i64(j, "u", &i), JSON_WRONG);
	CU_ASSERT_EQUAL(json_get_i64(j, "Name", &i), JSON_WRONG);
	CU_ASSERT_EQUAL(i, 7);
	CU_ASSERT_EQUAL(json_get_i64(j, "big", &i), JSON_GOT);
	CU_ASSERT_EQUAL(i, 9007199254740993);
	CU_ASSERT_EQUAL(json_i64(j, "e", 0), 1000);
	CU_ASSERT_EQUAL(json_i64(j, "a/n", 5), 5);
	CHECK_TEXT(json_str(j, "a/n", "d"), "d");
	CU_ASSERT_TRUE(json_bool(j, "zz", true));
	CU_ASSERT_TRUE(json_is_number(json_at(j, "big")));
	CU_ASSERT_TRUE(json_is_integer(json_at(j, "u")));
	CU_ASSERT_FALSE(json_is_integer(json_at(j, "f")));
	CU_ASSERT_FALSE(json_is_number(json_at(j, "Name")));
	cJSON_Delete(j);
}

static void
sets_replaces_and_deletes(void)
{
	cJSON *j = parse("{\"a\":1,\"b\":2,\"c\":3}");
	char *out;

	json_set_str(j, "b", "two");
	json_set_str(j, "B", "case");
	json_set_bool(j, "d", false);
	json_set(j, "a", NULL);
	json_set(j, "none", NULL);
	json_set_str(j, "c", NULL);
	json_set_i64(j, "i", 9007199254740993);
	json_set(j->child, "no", cJSON_CreateTrue()); /* not an object */
	json_set(NULL, "no", cJSON_CreateTrue());
	out = json_print(j);
	CHECK_TEXT(out, "{\"b\":\"two\",\"B\":\"case\",\"d\":false,"
			"\"i\":9007199254740993}");
	xfree(out);
	cJSON_Delete(j);
}

static void
puts_along_paths(void)
{
	cJSON *j = parse("{\"s\":\"x\",\"l\":[{\"a\":1}]}");
	char *out;

	json_put(j, "m/annotations/k8s.io~1x", cJSON_CreateString("v"));
	json_put(j, "/top", cJSON_CreateTrue());
	json_put(j, "s/under", cJSON_CreateNumber(1));
	json_put(j, "l/0/a", cJSON_CreateNumber(2));
	json_put(j, "l/1", cJSON_CreateNumber(3));
	json_put(j, "gone/deep/er", NULL);
	json_put(j, "top", NULL);
	CU_ASSERT_TRUE(cJSON_IsObject(json_ensure_obj(j, "o/p")));
	CU_ASSERT_PTR_EQUAL(json_ensure_obj(j, "o/p"), json_at(j, "o/p"));
	CU_ASSERT_PTR_EQUAL(json_ensure_obj(j, ""), j);
	out = json_print(j);
	CHECK_TEXT(out,
	    "{\"s\":{\"under\":1},\"l\":[{\"a\":2},3],"
	    "\"m\":{\"annotations\":{\"k8s.io/x\":\"v\"}},\"o\":{\"p\":{}}}");
	xfree(out);
	json_put(j, "l/0", NULL);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_at(j, "l")), 1);
	CU_ASSERT_TRUE(cJSON_IsObject(json_ensure_obj(j, "l")));
	cJSON_Delete(j);
}

static void
leaves_out_what_it_is_told_to_but_checks_it(void)
{
	static const struct json_leave leave = { "metadata", "managedFields" };
	static const char *const bad[] = { "[1,]", "{\"a\"}", "{\"a\":}", "tru",
		"\"\\q\"", "01", "[\"\\u0000\"]", "{\"a\":1]", "{1:2}", "",
		"[[" };
	const char *text =
	    "{\"managedFields\":1,\"metadata\":{\"a\":{\"managedFields\":2},"
	    "\"managedFields\":[{\"\\u0066\":[1.5,-2,true,false,null,\"\\n\"]},"
	    "{},[]],\"z\":3,\"managedFields\":[]},"
	    "\"l\":[{\"metadata\":{\"managedFields\":[]}},"
	    "{\"metadata\":[{\"managedFields\":4}]}]}";
	struct err e;
	cJSON *j = json_parse_without(text, strlen(text), &leave, &e);
	char *out;

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	out = json_print(j);
	CHECK_TEXT(out,
	    "{\"managedFields\":1,\"metadata\":{\"a\":{\"managedFields\":2},"
	    "\"z\":3},\"l\":[{\"metadata\":{}},"
	    "{\"metadata\":[{\"managedFields\":4}]}]}");
	xfree(out);
	cJSON_Delete(j);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *s =
		    xasprintf("{\"metadata\":{\"managedFields\":%s}}", bad[i]);

		CU_ASSERT_PTR_NULL(
		    json_parse_without(s, strlen(s), &leave, &e));
		CU_ASSERT_EQUAL(e.kind, ERR_PROTO);
		xfree(s);
	}
	out = xasprintf("{\"metadata\":{\"managedFields\":%0*d", 70, 0);
	memset(strchr(out, '0'), '[', 70);
	CU_ASSERT_PTR_NULL(json_parse_without(out, strlen(out), &leave, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	xfree(out);
}

/* Eight bytes are looked at together: each byte, at each place among them. */
static void
check_byte(unsigned char c, size_t at)
{
	char text[] = "\"abcdefghijklmnopqrs\"", *out;
	cJSON *j;

	text[1 + at] = (char)c;
	j = cJSON_CreateString(text);
	out = json_print(j);
	cJSON_Delete(j);
	j = parse(out);
	CU_ASSERT(c >= 0x80 || strcmp(json_str(j, "", ""), text) == 0);
	cJSON_Delete(j);
	xfree(out);
	if (c == '\\') /* is another text's test */
		return;
	j = json_parse(text, strlen(text), NULL);
	CU_ASSERT_EQUAL(j != NULL, c >= 0x20 && c != '"');
	out = json_print(j);
	CU_ASSERT(j == NULL || c >= 0x80 || strcmp(out, text) == 0);
	CU_ASSERT(j == NULL || c < 0x80 || strlen(out) == strlen(text) + 2);
	xfree(out);
	cJSON_Delete(j);
}

static void
reads_and_prints_any_byte_at_any_place(void)
{
	for (int c = 1; c < 256; c++)
		for (size_t at = 0; at < 19; at++)
			check_byte((unsigned char)c, at);
}

/* Nodes carry key and text in their own block; whatever moves, renames or
 * rewrites one must neither free nor keep those of another. */
static void
nodes_outlive_what_they_came_from(void)
{
	cJSON *from = parse("{\"a\":\"text\",\"o\":{\"k\":[\"v\"]},"
			    "\"n\":12345678901234567890}");
	cJSON *j = cJSON_CreateObject(), *a, *patched;
	char *out;

	a = json_dup(json_child(from, "a"));
	json_set(j, "renamed", a);
	json_set(j, "o", json_dup(json_child(from, "o")));
	json_set(j, "n", json_dup(json_child(from, "n")));
	a = json_child(from, "a");
	(void)cJSON_DetachItemViaPointer(from, a);
	json_set(j, a->string, a); /* by its own name */
	json_retext(a, "longer than the text before");
	json_retext(json_child(j, "renamed"), a->valuestring + 12);
	json_retext(json_at_mut(j, "o/k/0"), "w");
	json_retext(json_child(j, "o"), "not a string");
	patched = json_merge_patch(j, from);
	cJSON_Delete(from);
	from = json_dup(patched);
	cJSON_Delete(patched);
	out = json_print(from);
	CHECK_TEXT(out, "{\"renamed\":\"the text before\","
			"\"o\":{\"k\":[\"v\"]},\"n\":12345678901234567890,"
			"\"a\":\"longer than the text before\"}");
	xfree(out);
	cJSON_Delete(from);
	out = json_print(json_child(j, "o"));
	CHECK_TEXT(out, "{\"k\":[\"w\"]}");
	xfree(out);
	cJSON_Delete(j);
}

static const struct unit_case cases[] = {
	{ "parses what RFC 8259 allows and nothing else",
	    parses_what_rfc_8259_allows_and_nothing_else },
	{ "stops at the length, not at the NUL",
	    stops_at_the_length_not_at_the_nul },
	{ "refuses deep nesting", refuses_deep_nesting },
	{ "caps members and number length", caps_members_and_number_length },
	{ "caps the values of a whole tree", caps_the_values_of_a_whole_tree },
	{ "of many equal keys the last wins",
	    of_many_equal_keys_the_last_wins_in_place },
	{ "prints valid JSON", prints_what_it_is_given_as_valid_json },
	{ "finds by exact path", finds_by_exact_path },
	{ "tells absent, null and wrong apart",
	    tells_absent_null_and_wrong_apart },
	{ "sets, replaces and deletes", sets_replaces_and_deletes },
	{ "puts along paths", puts_along_paths },
	{ "leaves out what it is told to, but checks it",
	    leaves_out_what_it_is_told_to_but_checks_it },
	{ "reads and prints any byte at any place",
	    reads_and_prints_any_byte_at_any_place },
	{ "nodes outlive what they came from",
	    nodes_outlive_what_they_came_from },
};

int
main(void)
{
	return UNIT_RUN("json", cases);
}
