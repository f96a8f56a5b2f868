/* What is sent twice is parsed once, and nothing is kept for long. */
#include <string.h>

#include "agent/kube/twice.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static cJSON *
give(struct twice *t, const char *text)
{
	struct err e;

	return twice_parse(t, text, strlen(text), &e);
}

static void
the_second_has_the_tree_of_the_first(void)
{
	static const char text[] =
	    "{\"kind\":\"X\",\"metadata\":{\"name\":\"a\","
	    "\"managedFields\":[{\"manager\":\"m\"}]}}";
	struct twice t;
	cJSON *a, *b, *c;

	twice_init(&t);
	a = give(&t, text);
	CU_ASSERT_EQUAL(t.n, 1);
	CU_ASSERT_PTR_NULL(json_at(a, "metadata/managedFields"));
	b = twice_parse(&t, text, strlen(text), NULL);
	CU_ASSERT_PTR_EQUAL(a, b);
	CU_ASSERT_EQUAL(t.n, 0);
	CU_ASSERT_EQUAL(t.bytes, 0);
	c = give(&t, text);
	CU_ASSERT_PTR_NOT_EQUAL(a, c);
	json_drop(a);
	CHECK_TEXT(json_str(b, "metadata/name", ""), "a");
	json_drop(b);
	twice_free(&t);
	CHECK_TEXT(json_str(c, "metadata/name", ""), "a");
	json_drop(c);
}

static void
the_end_of_a_line_is_no_difference(void)
{
	struct twice t;
	cJSON *a, *b;

	twice_init(&t);
	a = give(&t, "{\"kind\":\"X\"}\n");
	b = give(&t, "{\"kind\":\"X\"}");
	CU_ASSERT_PTR_EQUAL(a, b);
	json_drop(a);
	json_drop(b);
	twice_free(&t);
}

static void
other_words_are_another_object(void)
{
	struct twice t;
	cJSON *a, *b;

	twice_init(&t);
	a = give(&t, "{\"kind\":\"X\"}");
	b = give(&t, "{\"kind\":\"Y\"}");
	CHECK_TEXT(json_str(b, "kind", ""), "Y");
	CU_ASSERT_EQUAL(t.n, 2);
	json_drop(a);
	json_drop(b);
	twice_free(&t);
}

static void
the_oldest_go_first(void)
{
	struct twice t;
	char text[40];

	twice_init(&t);
	for (int i = 0; i < TWICE_MAX + 1; i++) {
		(void)str_format(text, sizeof(text), "{\"n\":%d}", i);
		json_drop(give(&t, text));
	}
	CU_ASSERT_EQUAL(t.n, TWICE_MAX);
	json_drop(give(&t, "{\"n\":1}"));
	CU_ASSERT_EQUAL(t.n, TWICE_MAX - 1);
	json_drop(give(&t, "{\"n\":0}")); /* it was forgotten: kept anew */
	CU_ASSERT_EQUAL(t.n, TWICE_MAX);
	twice_free(&t);
}

static void
long_texts_are_kept_within_bounds(void)
{
	struct twice t;
	char *text = xmalloc(TWICE_BYTES + 40);
	const size_t third = TWICE_BYTES / 3;

	twice_init(&t);
	for (int c = 'a'; c < 'h'; c++) {
		memset(text, c, third);
		memcpy(text, "{\"", 2);
		memcpy(text + third - 5, "\":1}", 5);
		json_drop(give(&t, text));
		CU_ASSERT_TRUE(t.bytes <= TWICE_BYTES);
	}
	CU_ASSERT_EQUAL(t.n, 3);
	memset(text, 'x', TWICE_BYTES + 9);
	memcpy(text, "{\"", 2);
	memcpy(text + TWICE_BYTES + 9, "\":1}", 5);
	json_drop(give(&t, text));
	CU_ASSERT_EQUAL(t.n, 3);
	twice_free(&t);
	xfree(text);
}

static void
what_is_no_object_is_refused(void)
{
	static const char *const bad[] = { "", "[]", "1", "{\"a\":", "{} {}" };
	struct twice t;

	twice_init(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };

		CU_ASSERT_PTR_NULL(twice_parse(&t, bad[i], strlen(bad[i]), &e));
		CU_ASSERT_EQUAL(e.kind, ERR_PROTO);
	}
	CU_ASSERT_EQUAL(t.n, 0);
	twice_free(&t);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_second_has_the_tree_of_the_first),
		UNIT_CASE(the_end_of_a_line_is_no_difference),
		UNIT_CASE(other_words_are_another_object),
		UNIT_CASE(the_oldest_go_first),
		UNIT_CASE(long_texts_are_kept_within_bounds),
		UNIT_CASE(what_is_no_object_is_refused),
	};

	return UNIT_RUN("kube_twice", cases);
}
