#include "common/retry.h"

#include "common/random.h"
#include "tests/unit/unit.h"

#define S 1000000LL

static void
delays_stay_within_a_doubling_bound(void)
{
	static const int64_t bounds[] = { 1 * S, 2 * S, 4 * S, 8 * S, 10 * S,
		10 * S, 10 * S };
	struct backoff b;
	struct rng r;

	rng_seed(&r, 1, "t");
	backoff_init(&b, S, 10 * S, &r);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
			int64_t d;

			CU_ASSERT_EQUAL(backoff_bound(&b), bounds[i]);
			d = backoff_next(&b);
			CU_ASSERT_TRUE(d >= 1 && d <= bounds[i]);
		}
		backoff_reset(&b);
	}
}

static void
jitter_is_full(void)
{
	int64_t least = INT64_MAX, most = 0;
	struct backoff b;
	struct rng r;

	rng_seed(&r, 2, "t");
	backoff_init(&b, 1000, 1000, &r);
	for (int i = 0; i < 20000; i++) {
		int64_t d = backoff_next(&b);

		least = d < least ? d : least;
		most = d > most ? d : most;
	}
	CU_ASSERT_EQUAL(least, 1);
	CU_ASSERT_EQUAL(most, 1000);
}

static void
the_same_seed_gives_the_same_delays(void)
{
	struct rng r1, r2;
	struct backoff a, b;

	rng_seed(&r1, 7, "host");
	rng_seed(&r2, 7, "host");
	backoff_init(&a, S, 60 * S, &r1);
	backoff_init(&b, S, 60 * S, &r2);
	for (int i = 0; i < 50; i++)
		CU_ASSERT_EQUAL(backoff_next(&a), backoff_next(&b));
}

static void
odd_settings_neither_loop_nor_overflow(void)
{
	struct backoff b;
	struct rng r;

	rng_seed(&r, 3, "t");
	backoff_init(&b, 0, -5, &r);
	CU_ASSERT_EQUAL(backoff_next(&b), 1);
	backoff_init(&b, INT64_MAX / 2 + 7, INT64_MAX, &r);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_TRUE(backoff_next(&b) > 0);
	CU_ASSERT_EQUAL(backoff_bound(&b), INT64_MAX);
	backoff_init(&b, 10 * S, S, &r);
	CU_ASSERT_EQUAL(backoff_bound(&b), 10 * S);
	b.failures = UINT32_MAX;
	(void)backoff_next(&b);
	CU_ASSERT_EQUAL(b.failures, UINT32_MAX);
}

/* 784111777 = Sun, 06 Nov 1994 08:49:37 GMT */
#define THEN (784111777 * S)

static void
reads_all_three_date_forms(void)
{
	static const struct {
		const char *text;
		int64_t us; /* -1 = refused */
	} t[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", THEN },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", THEN },
		{ "Sun Nov  6 08:49:37 1994", THEN },
		{ "Wed, 16 Nov 1994 08:49:37 GMT", THEN + 864000 * S },
		{ "Wed Nov 16 08:49:37 1994", THEN + 864000 * S },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Tue, 29 Feb 2028 00:00:00 GMT", 1835395200 * S },
		{ "Wed, 29 Feb 2027 00:00:00 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 CET", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
		{ "Xxx, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
		{ "1994-11-06T08:49:37Z", -1 },
		{ "Sun", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t us = -1;

		CHECK_ROW(http_date_parse(t[i].text, &us) == (t[i].us >= 0),
		    t[i].text);
		CHECK_ROW(us == t[i].us, t[i].text);
	}
	CU_ASSERT_FALSE(http_date_parse(NULL, NULL));
}

static void
retry_after_is_clamped(void)
{
	static const struct {
		const char *text;
		int64_t delay; /* -1 = refused */
	} t[] = {
		UNIT_CASE(0),
		{ "5", 5 * S },
		{ "120", 60 * S },
		{ "9223372036854775807", 60 * S },
		{ "99999999999999999999999999", 60 * S },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", 10 * S },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:00:00 GMT", 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 60 * S },
		{ "-5", -1 },
		{ "1.5", -1 },
		{ "5s", -1 },
		{ " 5", -1 },
		{ "", -1 },
		{ "soon", -1 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t d = -1;

		CHECK_ROW(retry_after_parse(t[i].text, THEN, 60 * S, &d) ==
			      (t[i].delay >= 0),
		    t[i].text);
		CHECK_ROW(d == t[i].delay, t[i].text);
	}
	CU_ASSERT_FALSE(retry_after_parse(NULL, THEN, 60 * S, NULL));
}

static const struct unit_case cases[] = {
	{ "delays stay within a doubling bound",
	    delays_stay_within_a_doubling_bound },
	{ "jitter is full", jitter_is_full },
	{ "the same seed gives the same delays",
	    the_same_seed_gives_the_same_delays },
	{ "odd settings neither loop nor overflow",
	    odd_settings_neither_loop_nor_overflow },
	{ "reads all three date forms", reads_all_three_date_forms },
	{ "Retry-After is clamped", retry_after_is_clamped },
};

int
main(void)
{
	return UNIT_RUN("retry", cases);
}
