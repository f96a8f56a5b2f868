#include "common/map.h"

#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static int one, two, three;

static void
keeps_keys_in_order(void)
{
	struct map m = { 0 };

	CU_ASSERT_PTR_NULL(map_get(&m, "a"));
	CU_ASSERT_PTR_NULL(map_take(&m, "a"));
	CU_ASSERT_PTR_NULL(map_put(&m, "b", &two));
	CU_ASSERT_PTR_NULL(map_put(&m, "a", &one));
	CU_ASSERT_PTR_NULL(map_put(&m, "c", &three));
	CU_ASSERT_PTR_EQUAL(map_put(&m, "b", &one), &two);
	CU_ASSERT_EQUAL_FATAL(m.n, 3);
	CHECK_TEXT(m.v[0].key, "a");
	CHECK_TEXT(m.v[1].key, "b");
	CHECK_TEXT(m.v[2].key, "c");
	CU_ASSERT_PTR_EQUAL(map_get(&m, "b"), &one);
	CU_ASSERT_PTR_EQUAL(map_take(&m, "a"), &one);
	CU_ASSERT_PTR_NULL(map_get(&m, "a"));
	CU_ASSERT_EQUAL(m.n, 2);
	map_free(&m, NULL);
	CU_ASSERT_EQUAL(m.n, 0);
}

static void
finds_where_a_prefix_starts(void)
{
	struct map m = { 0 };

	(void)map_put(&m, "ns1/a", &one);
	(void)map_put(&m, "ns1/b", &one);
	(void)map_put(&m, "ns2/a", &one);
	CU_ASSERT_EQUAL(map_lower(&m, ""), 0);
	CU_ASSERT_EQUAL(map_lower(&m, "ns1/"), 0);
	CU_ASSERT_EQUAL(map_lower(&m, "ns1/b"), 1);
	CU_ASSERT_EQUAL(map_lower(&m, "ns2/"), 2);
	CU_ASSERT_EQUAL(map_lower(&m, "ns3/"), 3);
	map_free(&m, NULL);
}

static void
frees_each_value_once(void)
{
	struct map m = { 0 };

	for (int i = 0; i < 100; i++) {
		char key[8];

		(void)str_format(key, sizeof(key), "%d", i);
		(void)map_put(&m, key, xmalloc(3));
	}
	map_free(&m, xfree); /* the sanitizer counts */
	map_free(&m, xfree);
}

/* Few keys are searched, many are hashed; a map goes from one to the other. */
static void
behaves_as_a_plain_array_of(size_t keys)
{
	char in[1000] = { 0 };
	struct map m = { 0 };
	struct rng r;
	size_t n = 0;
	char key[8];

	rng_seed(&r, keys, "map");
	for (int i = 0; i < 20000; i++) {
		size_t k = rng_below(&r, keys);
		bool put = rng_chance_ppm(&r, 500000);
		void *old, *found;

		(void)str_format(key, sizeof(key), "k%zu", k);
		found = map_get(&m, key);
		old = put ? map_put(&m, key, &in[k]) : map_take(&m, key);
		CU_ASSERT_PTR_EQUAL(old, in[k] ? &in[k] : NULL);
		CU_ASSERT_PTR_EQUAL(found, old);
		n = n + (put && !in[k]) - (!put && in[k]);
		in[k] = put;
		CU_ASSERT_EQUAL_FATAL(m.n, n);
	}
	for (size_t i = 1; i < m.n; i++)
		CU_ASSERT_TRUE(strcmp(m.v[i - 1].key, m.v[i].key) < 0);
	for (size_t k = 0; k < keys; k++) {
		(void)str_format(key, sizeof(key), "k%zu", k);
		CU_ASSERT_PTR_EQUAL(map_get(&m, key), in[k] ? &in[k] : NULL);
		(void)map_take(&m, key);
	}
	CU_ASSERT_EQUAL(m.n, 0);
	CU_ASSERT_PTR_NULL(map_get(&m, "k0"));
	map_free(&m, NULL);
}

static void
behaves_as_a_plain_array_would(void)
{
	behaves_as_a_plain_array_of(8);
	behaves_as_a_plain_array_of(64);
	behaves_as_a_plain_array_of(1000);
}

/* A later value is the one that is found, hashed or not. */
static void
finds_the_value_put_last(void)
{
	struct map m = { 0 };
	char key[8];

	for (int i = 0; i < 100; i++) {
		(void)str_format(key, sizeof(key), "%d", i);
		CU_ASSERT_PTR_NULL(map_put(&m, key, &one));
		CU_ASSERT_PTR_EQUAL(map_put(&m, key, &two), &one);
		CU_ASSERT_PTR_EQUAL(map_get(&m, key), &two);
	}
	map_free(&m, NULL);
}

static const struct unit_case cases[] = {
	{ "keeps keys in order", keeps_keys_in_order },
	{ "finds where a prefix starts", finds_where_a_prefix_starts },
	{ "frees each value once", frees_each_value_once },
	{ "behaves as a plain array would", behaves_as_a_plain_array_would },
	{ "finds the value put last", finds_the_value_put_last },
};

int
main(void)
{
	return UNIT_RUN("map", cases);
}
