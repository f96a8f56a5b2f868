/* The Range header and preconditions, RFC 9110. */
#include "agent/serve/range.h"
#include "tests/unit/unit.h"

#define SIZE 1000

struct row {
	const char *value;
	enum range_kind kind;
	uint64_t at, n;
};

static void
check(const struct row *r, uint64_t size)
{
	struct range got;
	enum range_kind kind = range_parse(r->value, size, &got);

	if (kind != r->kind || got.at != r->at || got.n != r->n)
		(void)printf("\n    %s: kind %d, %llu+%llu\n",
		    r->value == NULL ? "(none)" : r->value, (int)kind,
		    (unsigned long long)got.at, (unsigned long long)got.n);
	CU_ASSERT_EQUAL(kind, r->kind);
	CU_ASSERT_EQUAL(got.at, r->at);
	CU_ASSERT_EQUAL(got.n, r->n);
}

static void
one_range_is_served(void)
{
	static const struct row rows[] = {
		{ "bytes=0-0", RANGE_PART, 0, 1 },
		{ "bytes=0-999", RANGE_PART, 0, 1000 },
		{ "bytes=10-19", RANGE_PART, 10, 10 },
		{ "bytes=999-999", RANGE_PART, 999, 1 },
		{ "bytes=5-5000", RANGE_PART, 5, 995 },
		{ "bytes=500-", RANGE_PART, 500, 500 },
		{ "bytes=-1", RANGE_PART, 999, 1 },
		{ "bytes=-5000", RANGE_PART, 0, 1000 },
		{ "bytes=3-99999999999999999999999", RANGE_PART, 3, 997 },
		{ "bytes=-99999999999999999999999", RANGE_PART, 0, 1000 },
		/* as firmware writes it */
		{ "Bytes=0-1", RANGE_PART, 0, 2 },
		{ "  bytes = 0-1 ", RANGE_PART, 0, 2 },
		{ "bytes=,0-1,", RANGE_PART, 0, 2 },
		{ "bytes=0 - 1", RANGE_PART, 0, 2 },
		{ "bytes=00000000000000000000000000000001-2", RANGE_PART, 1,
		    2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], SIZE);
}

static void
what_is_no_single_range_is_ignored(void)
{
	static const char *const rows[] = { NULL, "", "bytes",
		"bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-0",
		"bytes=--1", "bytes=1--2", "bytes=+1-2", "bytes=0x1-2",
		"items=0-1", "bytesx=0-1", "bytes 0-1", "bytes=0-1 2",
		"bytes=0-1x", "bytes=0-1,5-6", "bytes=0-0,-1", "bytes=0-1,x",
		"bytes=,", "bytes=0-1;", "bytes==0-1", "bytes=1-2-3" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row r = { rows[i], RANGE_WHOLE, 0, SIZE };

		check(&r, SIZE);
	}
}

static void
what_begins_behind_the_end_is_refused(void)
{
	static const struct row rows[] = {
		{ "bytes=1000-", RANGE_BEYOND, 0, 1000 },
		{ "bytes=1000-1000", RANGE_BEYOND, 0, 1000 },
		{ "bytes=-0", RANGE_BEYOND, 0, 1000 },
		{ "bytes=18446744073709551615-", RANGE_BEYOND, 0, 1000 },
		{ "bytes=18446744073709551616-", RANGE_BEYOND, 0, 1000 },
	};
	static const struct row none[] = {
		{ "bytes=0-", RANGE_BEYOND, 0, 0 },
		{ "bytes=-5", RANGE_BEYOND, 0, 0 },
		{ "bytes=0-0", RANGE_BEYOND, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], SIZE);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check(&none[i], 0);
}

static void
large_images_do_not_wrap(void)
{
	static const struct row rows[] = {
		{ "bytes=4294967296-4294967297", RANGE_PART, 4294967296, 2 },
		{ "bytes=-4294967297", RANGE_PART, 4294967295, 4294967297 },
		{ "bytes=0-18446744073709551615", RANGE_PART, 0, 8589934592 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], 8589934592);
}

static void
tags_are_compared_as_a_whole(void)
{
	const char *t = "\"abc\"";

	CU_ASSERT_TRUE(range_tag_listed("*", t, false));
	CU_ASSERT_TRUE(range_tag_listed("\"abc\"", t, false));
	CU_ASSERT_TRUE(range_tag_listed("\"x\" , \"abc\"", t, false));
	CU_ASSERT_TRUE(range_tag_listed(",,\"a,b\",\"abc\"", t, false));
	CU_ASSERT_FALSE(range_tag_listed("", t, false));
	CU_ASSERT_FALSE(range_tag_listed("abc", t, false));
	CU_ASSERT_FALSE(range_tag_listed("\"abc", t, false));
	CU_ASSERT_FALSE(range_tag_listed("\"abcd\"", t, false));
	CU_ASSERT_FALSE(range_tag_listed("\"ABC\"", t, false));
	CU_ASSERT_FALSE(range_tag_listed("W/\"abc\"", t, false));
	CU_ASSERT_TRUE(range_tag_listed("W/\"abc\"", t, true));
	CU_ASSERT_TRUE(range_tag_holds(NULL, t));
	CU_ASSERT_TRUE(range_tag_holds("\"abc\"", t));
	CU_ASSERT_FALSE(range_tag_holds("W/\"abc\"", t));
	CU_ASSERT_FALSE(range_tag_holds("Thu, 01 Jan 2026 00:00:00 GMT", t));
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(one_range_is_served),
		UNIT_CASE(what_is_no_single_range_is_ignored),
		UNIT_CASE(what_begins_behind_the_end_is_refused),
		UNIT_CASE(large_images_do_not_wrap),
		UNIT_CASE(tags_are_compared_as_a_whole),
	};

	return UNIT_RUN("range", cases);
}
