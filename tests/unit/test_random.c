#include "common/random.h"

#include "tests/unit/unit.h"

static void
draws_as_xoshiro256_starstar(void)
{
	/* The reference state 1, 2, 3, 4 and its first results. */
	struct rng r = { { 1, 2, 3, 4 } };

	CU_ASSERT_EQUAL(rng_u64(&r), 11520);
	CU_ASSERT_EQUAL(rng_u64(&r), 0);
	CU_ASSERT_EQUAL(rng_u64(&r), 1509978240);
	CU_ASSERT_EQUAL(rng_u64(&r), 1215971899390074240);
}

static void
streams_are_repeatable_and_apart(void)
{
	struct rng a, b, c, d;
	int same_path = 0, same_seed = 0;

	rng_seed(&a, 1, "x");
	rng_seed(&b, 1, "x");
	rng_seed(&c, 2, "x");
	rng_seed(&d, 1, "y");
	for (int i = 0; i < 1000; i++) {
		uint64_t v = rng_u64(&a);

		CU_ASSERT_EQUAL(v, rng_u64(&b));
		same_path += v == rng_u64(&c);
		same_seed += v == rng_u64(&d);
	}
	CU_ASSERT_EQUAL(same_path, 0);
	CU_ASSERT_EQUAL(same_seed, 0);
}

static void
below_is_even_and_in_range(void)
{
	unsigned counts[7] = { 0 };
	struct rng r;

	rng_seed(&r, 3, "below");
	for (int i = 0; i < 70000; i++) {
		uint64_t v = rng_below(&r, 7);

		CU_ASSERT_TRUE_FATAL(v < 7);
		counts[v]++;
	}
	for (int i = 0; i < 7; i++)
		CU_ASSERT_TRUE(counts[i] > 9500 && counts[i] < 10500);
	CU_ASSERT_EQUAL(rng_below(&r, 0), 0);
	CU_ASSERT_EQUAL(rng_below(&r, 1), 0);
	CU_ASSERT_TRUE(rng_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void
chances_hit_as_often_as_they_say(void)
{
	struct rng r, before;
	unsigned hits = 0;

	rng_seed(&r, 4, "chance");
	for (int i = 0; i < 100000; i++)
		hits += rng_chance_ppm(&r, 250000);
	CU_ASSERT_TRUE(hits > 24000 && hits < 26000);
	for (int i = 0; i < 1000; i++) {
		CU_ASSERT_FALSE(rng_chance_ppm(&r, 0));
		CU_ASSERT_TRUE(rng_chance_ppm(&r, 1000000));
	}
	/* A rate of zero draws all the same. */
	before = r;
	(void)rng_chance_ppm(&r, 0);
	CU_ASSERT_NOT_EQUAL(memcmp(&before, &r, sizeof(r)), 0);
}

static void
virtual_entropy_repeats(void)
{
	struct rng r1, r2;
	char a[65], b[65], uuid[37];

	rng_seed(&r1, 5, "e");
	rng_seed(&r2, 5, "e");
	entropy_hex(entropy_virtual(&r1), a, 32);
	entropy_hex(entropy_virtual(&r2), b, 32);
	CHECK_TEXT(a, b);
	CU_ASSERT_EQUAL(strlen(a), 64);
	entropy_uuid(entropy_virtual(&r1), uuid);
	CU_ASSERT_EQUAL(strlen(uuid), 36);
	CU_ASSERT_EQUAL(uuid[14], '4');
	CU_ASSERT_PTR_NOT_NULL(strchr("89ab", uuid[19]));
	CU_ASSERT_TRUE(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' &&
		       uuid[23] == '-');
}

static void
system_entropy_does_not(void)
{
	char a[401], b[401];

	entropy_hex(entropy_system(), a, 200);
	entropy_hex(entropy_system(), b, 200);
	CU_ASSERT_EQUAL(strlen(a), 400);
	CU_ASSERT_NOT_EQUAL(strcmp(a, b), 0);
	entropy_hex(entropy_system(), a, 0);
	CHECK_TEXT(a, "");
}

static const struct unit_case cases[] = {
	{ "draws as xoshiro256**", draws_as_xoshiro256_starstar },
	{ "streams are repeatable and apart",
	    streams_are_repeatable_and_apart },
	{ "below is even and in range", below_is_even_and_in_range },
	{ "chances hit as often as they say",
	    chances_hit_as_often_as_they_say },
	{ "virtual entropy repeats", virtual_entropy_repeats },
	{ "system entropy does not", system_entropy_does_not },
};

int
main(void)
{
	return UNIT_RUN("random", cases);
}
