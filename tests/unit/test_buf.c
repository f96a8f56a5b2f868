#include "common/buf.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

static void
grows_up_to_its_cap(void)
{
	struct buf b;

	buf_init(&b, 10);
	CHECK_TEXT(buf_str(&b), "");
	CU_ASSERT_TRUE(buf_adds(&b, "hello"));
	CU_ASSERT_TRUE(buf_addc(&b, ' '));
	CU_ASSERT_TRUE(buf_addf(&b, "%d%s", 12, "ab"));
	CHECK_TEXT(buf_str(&b), "hello 12ab");
	CU_ASSERT_FALSE(b.overflow);
	CU_ASSERT_TRUE(b.cap <= 11);
	CU_ASSERT_FALSE(buf_addc(&b, 'x'));
	CU_ASSERT_TRUE(b.overflow);
	CHECK_TEXT(buf_str(&b), "hello 12ab");
	buf_free(&b);
}

static void
after_an_overflow_nothing_is_added(void)
{
	struct buf b;

	buf_init(&b, 3);
	CU_ASSERT_FALSE(buf_adds(&b, "long"));
	CU_ASSERT_FALSE(buf_adds(&b, "s"));
	CU_ASSERT_FALSE(buf_addf(&b, "s"));
	CU_ASSERT_EQUAL(b.n, 0);
	CU_ASSERT_EQUAL(b.cap, 0);
	buf_reset(&b);
	CU_ASSERT_TRUE(buf_adds(&b, "abc"));
	buf_free(&b);
	buf_init(&b, 3);
	CU_ASSERT_FALSE(buf_addf(&b, "%s", "long"));
	CU_ASSERT_TRUE(b.overflow);
	buf_free(&b);
}

static void
a_huge_add_does_not_wrap(void)
{
	struct buf b;

	buf_init(&b, (size_t)-1);
	CU_ASSERT_TRUE(buf_adds(&b, "abc"));
	CU_ASSERT_FALSE(buf_add(&b, "", (size_t)-2));
	CHECK_TEXT(buf_str(&b), "abc");
	buf_free(&b);
}

static void
consumes_from_the_front(void)
{
	struct buf b;

	buf_init(&b, 100);
	buf_consume(&b, 5);
	CU_ASSERT_TRUE(buf_adds(&b, "abcdef"));
	buf_consume(&b, 2);
	CHECK_TEXT(buf_str(&b), "cdef");
	buf_consume(&b, 100);
	CHECK_TEXT(buf_str(&b), "");
	CU_ASSERT_EQUAL(b.n, 0);
	buf_free(&b);
}

static void
gives_its_bytes_away(void)
{
	struct buf b;
	size_t n = 9;
	char *p;

	buf_init(&b, 100);
	p = buf_take(&b, &n);
	CHECK_TEXT(p, "");
	CU_ASSERT_EQUAL(n, 0);
	xfree(p);
	CU_ASSERT_TRUE(buf_add(&b, "a\0b", 3));
	p = buf_take(&b, &n);
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_EQUAL(memcmp(p, "a\0b", 4), 0);
	xfree(p);
	CU_ASSERT_PTR_NULL(b.p);
	CU_ASSERT_TRUE(buf_adds(&b, "again"));
	buf_free(&b);
	buf_free(&b);
}

static const struct unit_case cases[] = {
	{ "grows up to its cap", grows_up_to_its_cap },
	{ "after an overflow nothing is added",
	    after_an_overflow_nothing_is_added },
	{ "a huge add does not wrap", a_huge_add_does_not_wrap },
	{ "consumes from the front", consumes_from_the_front },
	{ "gives its bytes away", gives_its_bytes_away },
};

int
main(void)
{
	return UNIT_RUN("buf", cases);
}
