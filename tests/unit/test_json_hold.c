/* One tree, several readers: it lives until the last of them drops it, and
 * copies of it are nobody's but their owner's. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

static unsigned long
alive(void)
{
	struct mem_stats m = mem_stats();

	return (unsigned long)(m.allocs - m.frees);
}

static cJSON *
parse(const char *text)
{
	cJSON *j = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

static void
the_last_to_drop_frees(void)
{
	unsigned long before = alive();
	const cJSON *a = parse("{\"a\":{\"b\":[1,2]}}");
	const cJSON *b = json_hold(a), *c = json_hold(a);

	json_drop(a);
	json_drop(c);
	CU_ASSERT_EQUAL(json_i64(b, "a/b/1", 0), 2);
	json_drop(b);
	CU_ASSERT_EQUAL(alive(), before);
	json_drop(NULL);
	CU_ASSERT_PTR_NULL(json_hold(NULL));
}

/* A held tree counts in a field that copies and comparisons must not see. */
static void
a_copy_of_a_held_tree_has_one_holder(void)
{
	unsigned long before = alive();
	const cJSON *a = parse("{\"a\":[1]}"), *b = json_hold(a);
	cJSON *copy = json_dup(a);
	char *text = json_print(a);

	CHECK_TEXT(text, "{\"a\":[1]}");
	CU_ASSERT_TRUE(json_equal(a, copy));
	json_put(copy, "a", cJSON_CreateString("changed"));
	CU_ASSERT_EQUAL(json_i64(b, "a/0", 0), 1);
	cJSON_Delete(copy);
	json_drop(a);
	json_drop(b);
	xfree(text);
	CU_ASSERT_EQUAL(alive(), before);
}

static void
an_array_can_be_held(void)
{
	unsigned long before = alive();
	const cJSON *list = parse("[{\"x\":1},{\"x\":2}]");
	const cJSON *again = json_hold(list);

	json_drop(list);
	CU_ASSERT_EQUAL(json_i64(cJSON_GetArrayItem(again, 1), "x", 0), 2);
	json_drop(again);
	CU_ASSERT_EQUAL(alive(), before);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_last_to_drop_frees),
		UNIT_CASE(a_copy_of_a_held_tree_has_one_holder),
		UNIT_CASE(an_array_can_be_held),
	};

	return UNIT_RUN("json_hold", cases);
}
