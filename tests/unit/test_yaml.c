#include "common/yaml.h"

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

static const struct {
	const char *yaml, *json; /* of all documents; NULL = refused */
} rows[] = {
	/* plain scalars */
	{ "[true, True, TRUE, false]", "[[true,true,true,false]]" },
	{ "[null, ~, Null, NULL, ]", "[[null,null,null,null]]" },
	{ "a:", "[{\"a\":null}]" },
	{ "[tRue, nULL, none]", "[[\"tRue\",\"nULL\",\"none\"]]" },
	{ "[1, -1, +1, 0, -0]", "[[1,-1,1,0,0]]" },
	{ "[0644, 0o644, 0x1F, 0b101, 1_000]", "[[420,420,31,5,1000]]" },
	{ "[08, 09.5]", "[[8,9.5]]" },
	{ "[1.5, .5, 1., 1e3, -1E-2, 1.10]", "[[1.5,0.5,1,1000,-0.01,1.1]]" },
	{ "[9007199254740993, 18446744073709551615, -9223372036854775808]",
	    "[[9007199254740993,18446744073709551615,-9223372036854775808]]" },
	{ "[1.2.3, 1-2, 10.0.0.1, 2001-01-01, 12:30, 0x, 0xg, '.', '-', '+']",
	    "[[\"1.2.3\",\"1-2\",\"10.0.0.1\",\"2001-01-01\",\"12:30\","
	    "\"0x\",\"0xg\",\".\",\"-\",\"+\"]]" },
	{ "[., 1e999, _1, 1a]", "[[\".\",\"1e999\",\"_1\",\"1a\"]]" },
	{ ".inf", NULL },
	{ "-.INF", NULL },
	{ ".nan", NULL },
	{ "yes", NULL },
	{ "a: Off", NULL },
	{ "on: x", NULL },
	{ "a: y", NULL },
	/* quotes and blocks are text */
	{ "['true', \"1\", '', \"null\", 'yes', '~']",
	    "[[\"true\",\"1\",\"\",\"null\",\"yes\",\"~\"]]" },
	{ "a: |\n  1\n   2\n\n  3\n\nb: x",
	    "[{\"a\":\"1\\n 2\\n\\n3\\n\",\"b\":\"x\"}]" },
	{ "a: |-\n  x\n  y\n", "[{\"a\":\"x\\ny\"}]" },
	{ "a: |+\n  x\n\n", "[{\"a\":\"x\\n\\n\"}]" },
	{ "a: >\n  x\n  y\n\n  z\n", "[{\"a\":\"x y\\nz\\n\"}]" },
	{ "a: x y\n  z", "[{\"a\":\"x y z\"}]" },
	{ "\"\\u00e9\\x41\\n\"", "[\"\xc3\xa9"
				 "A\\n\"]" },
	{ "'it''s'", "[\"it's\"]" },
	{ "a: # comment\n  b", "[{\"a\":\"b\"}]" },
	{ "a: b#c", "[{\"a\":\"b#c\"}]" },
	{ "url: http://h:1/x", "[{\"url\":\"http://h:1/x\"}]" },
	/* collections */
	{ "- a\n- - b\n  - c\n- d: e\n  f: g\n",
	    "[[\"a\",[\"b\",\"c\"],{\"d\":\"e\",\"f\":\"g\"}]]" },
	{ "a:\n- 1\n- 2\n", "[{\"a\":[1,2]}]" },
	{ "{a: {b: [1, {c: d}]}, \"e\": }",
	    "[{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"e\":null}]" },
	{ "{\"a\":1,\"b\":[true,null]}", "[{\"a\":1,\"b\":[true,null]}]" },
	{ "1: a\ntrue: b\n0x10: c\n1.5: d\n'2': e",
	    "[{\"1\":\"a\",\"true\":\"b\",\"16\":\"c\",\"1.5\":\"d\","
	    "\"2\":\"e\"}]" },
	{ "a: 1\na: 2", NULL },
	{ "1: a\n'1': b", NULL },
	{ "{a: 1, a: 2}", NULL },
	{ "~: a", NULL },
	{ "[a]: b", NULL },
	{ "? {a: b}\n: c", NULL },
	{ "&k a: b", NULL },
	/* documents */
	{ "", "[]" },
	{ "# nothing\n", "[]" },
	{ "---\n---\n...\n", "[]" },
	{ "--- 1\n--- 2\n", "[1,2]" },
	{ "---\na: 1\n---\n\n---\nb: 2\n...\n", "[{\"a\":1},{\"b\":2}]" },
	{ "\xef\xbb\xbf"
	  "a: 1",
	    "[{\"a\":1}]" },
	{ "%YAML 1.1\n---\na: 1", "[{\"a\":1}]" },
	{ "a: 1\r\nb: 2\r\n", "[{\"a\":1,\"b\":2}]" },
	/* anchors */
	{ "a: &x [1]\nb: *x\nc: *x", "[{\"a\":[1],\"b\":[1],\"c\":[1]}]" },
	{ "a: &x 1\nb: &x 2\nc: *x", "[{\"a\":1,\"b\":2,\"c\":2}]" },
	{ "a: *x", NULL },
	{ "a: &x [*x]", NULL },
	{ "a: &x 1\n---\nb: *x", NULL },
	{ "a: &x {k: v}\nb:\n  <<: *x", NULL },
	{ "'<<': 1", "[{\"<<\":1}]" },
	/* tags */
	{ "[!!str 1, !!int '1', !!float 2, !!bool 'true', !!null '']",
	    "[[\"1\",1,2,true,null]]" },
	{ "[! 1]", "[[\"1\"]]" },
	{ "!!map {a: !!seq [1]}", "[{\"a\":[1]}]" },
	{ "!!int x", NULL },
	{ "!!int 1.5", NULL },
	{ "!!bool maybe", NULL },
	{ "!!null x", NULL },
	{ "!!float x", NULL },
	{ "!!binary aGk=", NULL },
	{ "!!timestamp 2001-01-01", NULL },
	{ "!custom x", NULL },
	{ "!custom {a: b}", NULL },
	{ "!!set {a}", NULL },
	{ "!!map [1]", NULL },
	/* broken */
	{ "a: b: c", NULL },
	{ "a:\n\t- b", NULL },
	{ "[1, 2", NULL },
	{ "{a: 1", NULL },
	{ "'open", NULL },
	{ "\"\\q\"", NULL },
	{ "\"\\0\"", NULL },
	{ "\"a\\0\": 1", NULL },
	{ "a: \x01", NULL },
	{ "a: \xff", NULL },
	{ "- a\nb: c", NULL },
	{ " a: 1\nb: 2", NULL },
	{ "@x", NULL },
	{ "`x`", NULL },
};

static void
reads_yaml_as_kubectl_does(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		cJSON *j = yaml_parse_all(
		    rows[i].yaml, strlen(rows[i].yaml), "f.yaml", &e);
		char *out = j != NULL ? json_print(j) : NULL;

		if (rows[i].json != NULL) {
			CHECK_ROW(e.kind == ERR_NONE, e.msg);
			CHECK_TEXT(out, rows[i].json);
		} else {
			CHECK_ROW(
			    j == NULL && e.kind == ERR_SPEC, rows[i].yaml);
			CHECK_ROW(strncmp(e.msg, "f.yaml:", 7) == 0, e.msg);
		}
		xfree(out);
		cJSON_Delete(j);
	}
}

static void
errors_name_line_and_column(void)
{
	static const struct {
		const char *yaml, *msg;
	} t[] = {
		{ "a: 1\nb:\n  c: 1\n  c: 2\n",
		    "f.yaml:4:3: the key stands here a second time" },
		{ "a: [1,\n  .nan]",
		    "f.yaml:2:3: JSON has no infinity and no NaN" },
		{ "b: 1\na: 2\na: 3\nb: 4",
		    "f.yaml:3:1: the key stands here a second time" },
		{ "a: 1\nb: *zz",
		    "f.yaml:2:4: alias of an anchor that does not stand before "
		    "it" },
		{ "a: 1\nb\n", "f.yaml:3:1: could not find expected ':'" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = { 0 };

		CU_ASSERT_PTR_NULL(
		    yaml_parse_all(t[i].yaml, strlen(t[i].yaml), "f.yaml", &e));
		CHECK_TEXT(e.msg, t[i].msg);
	}
}

static void
wants_exactly_one_document(void)
{
	struct err e = { 0 };
	cJSON *j = yaml_parse("---\n---\na: 1\n", 13, "f", &e);

	CU_ASSERT_EQUAL(json_i64(j, "a", 0), 1);
	cJSON_Delete(j);
	CU_ASSERT_PTR_NULL(yaml_parse("", 0, "f", &e));
	CHECK_TEXT(e.msg, "f: one document is expected, not 0");
	CU_ASSERT_PTR_NULL(yaml_parse("--- 1\n--- 2", 11, "f", &e));
	CHECK_TEXT(e.msg, "f: one document is expected, not 2");
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
}

static enum err_kind
kind_of(const struct buf *b)
{
	struct err e = { 0 };

	cJSON_Delete(yaml_parse_all(buf_str(b), b->n, "f", &e));
	return e.kind;
}

static void
hostile_texts_have_a_bounded_cost(void)
{
	struct buf b;

	buf_init(&b, YAML_MAX_BYTES + 100);
	/* a billion laughs */
	(void)buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		(void)buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			(void)buf_addf(&b, "*a%d,", i - 1);
		(void)buf_adds(&b, "]\n");
	}
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		(void)buf_addc(&b, '[');
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		(void)buf_adds(&b, "- ");
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	/* depth by aliases */
	buf_reset(&b);
	(void)buf_adds(&b, "a0: &a0 []\n");
	for (int i = 1; i < 70; i++)
		(void)buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	buf_reset(&b);
	(void)buf_addc(&b, '[');
	for (int i = 0; i <= JSON_MAX_MEMBERS; i++)
		(void)buf_adds(&b, "1,");
	(void)buf_addc(&b, ']');
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	/* keys and anchors in the worst order */
	buf_reset(&b);
	for (int k = 0; k < 20; k++) {
		(void)buf_addf(&b, "m%d:\n", k);
		for (int i = JSON_MAX_MEMBERS; i > 0; i--)
			(void)buf_addf(&b, " k%05d: 1\n", i);
	}
	CU_ASSERT_EQUAL(kind_of(&b), ERR_NONE);
	buf_reset(&b);
	for (int i = 9999; i > 0; i--)
		(void)buf_addf(&b, "- &a%05d x\n", i);
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);

	buf_reset(&b);
	while (b.n <= YAML_MAX_BYTES)
		(void)buf_adds(&b, "# padding\n");
	CU_ASSERT_EQUAL(kind_of(&b), ERR_TOO_BIG);
	buf_free(&b);
}

static void
finds_the_line_of_a_value(void)
{
	static const char text[] = "# head\n"     /* 1 */
				   "---\n"        /* 2 */
				   "---\n"        /* 3: first is empty */
				   "kind: A\n"    /* 4 */
				   "steps:\n"     /* 5 */
				   "- apply: x\n" /* 6 */
				   "- wait:\n"    /* 7 */
				   "    for: z\n" /* 8 */
				   "a/b~c: {d:\n" /* 9 */
				   "  e}\n"       /* 10 */
				   "---\n"        /* 11 */
				   "kind: B\n"    /* 12 */
				   "bad: [\n";    /* 13 */
	static const struct {
		size_t doc;
		const char *path;
		int line;
	} t[] = {
		{ 0, "kind", 4 },
		{ 0, "/steps", 5 },
		{ 0, "steps/0/apply", 6 },
		{ 0, "steps/1", 7 },
		{ 0, "steps/1/wait/for", 8 },
		{ 0, "a~1b~0c/d", 9 },
		{ 0, "", 4 },
		{ 1, "kind", 12 },
		{ 1, "bad", 13 },
		{ 0, "none", 0 },
		{ 0, "steps/2", 0 },
		{ 2, "kind", 0 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int line =
		    yaml_line_of(text, strlen(text), t[i].doc, t[i].path);

		CHECK_ROW(line == t[i].line, t[i].path);
	}
}

static const struct unit_case cases[] = {
	{ "reads YAML as kubectl does", reads_yaml_as_kubectl_does },
	{ "errors name line and column", errors_name_line_and_column },
	{ "wants exactly one document", wants_exactly_one_document },
	{ "hostile texts have a bounded cost",
	    hostile_texts_have_a_bounded_cost },
	{ "finds the line of a value", finds_the_line_of_a_value },
};

int
main(void)
{
	return UNIT_RUN("yaml", cases);
}
