/* realloc as the agent has it; tests/integration/wiped.sh looks what free leaves. */
#include "common/mem.h"
#include "tests/unit/unit.h"

static unsigned char
at(size_t i)
{
	return (unsigned char)(i * 7 + i / 256);
}

static bool
holds(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != at(i))
			return false;
	return true;
}

static void
a_block_keeps_what_it_holds(void)
{
	static const size_t sizes[] = { 1, 2, 24, 25, 40, 39, 4000, 300000,
		299999, 150001, 100, 64, 1, 5000, 2 };
	unsigned char *p = NULL;
	size_t had = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];

		p = xrealloc(p, n);
		CU_ASSERT_TRUE(holds(p, had < n ? had : n));
		for (size_t k = 0; k < n; k++)
			p[k] = at(k);
		had = n;
	}
	xfree(p);
}

static void
neighbours_stay_as_they_are(void)
{
	unsigned char *v[64];
	bool good = true;

	for (size_t i = 0; i < 64; i++) {
		v[i] = xmalloc(40);
		for (size_t k = 0; k < 40; k++)
			v[i][k] = at(k);
	}
	for (size_t i = 0; i < 64; i += 2)
		v[i] = xrealloc(v[i], i % 4 == 0 ? 8 : 400);
	for (size_t i = 0; i < 64; i += 4) {
		xfree(v[i]);
		v[i] = NULL;
	}
	for (size_t i = 1; i < 64; i++)
		good = good && (v[i] == NULL || holds(v[i], 40));
	CU_ASSERT_TRUE(good);
	for (size_t i = 0; i < 64; i++)
		xfree(v[i]);
}

static void
nothing_and_no_bytes_are_fine(void)
{
	void *p = realloc(NULL, 0);

	CU_ASSERT_PTR_NOT_NULL(p);
	p = realloc(p, 0);
	CU_ASSERT_PTR_NOT_NULL(p);
	free(p);
	free(NULL);
}

static const struct unit_case cases[] = {
	{ "a block keeps what it holds", a_block_keeps_what_it_holds },
	{ "neighbours stay as they are", neighbours_stay_as_they_are },
	{ "nothing and no bytes are fine", nothing_and_no_bytes_are_fine },
};

int
main(void)
{
	return UNIT_RUN("wiping", cases);
}
