/* SHA-256 in pieces, of any length, in any place. */
#include "common/digest.h"

#include <string.h>

#include "common/hex.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define MOST (300u << 10)

/* By small pieces. */
static void
slowly(const uint8_t *p, size_t n, uint8_t out[32])
{
	struct sha256_ctx c;

	sha256_begin(&c);
	for (size_t at = 0; at < n;) {
		size_t part = n - at < 1000 ? n - at : 1000;

		sha256_more(&c, p + at, part);
		at += part;
	}
	sha256_end(&c, out);
}

static uint8_t *
noise(void)
{
	uint8_t *p = xmalloc(MOST);
	uint32_t x = 1;

	for (size_t i = 0; i < MOST; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24);
	}
	return p;
}

static void
known_answers_are_given(void)
{
	uint8_t *p = xmalloc(1000000), raw[32];
	char hex[65];

	memset(p, 'a', 1000000); /* FIPS 180-2, B.3 */
	sha256(p, 1000000, raw);
	hex_encode(hex, raw, 32);
	CHECK_TEXT(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
			"f1809a48a497200e046d39ccc7112cd0");
	slowly(p, 1000000, raw);
	hex_encode(hex, raw, 32);
	CHECK_TEXT(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
			"f1809a48a497200e046d39ccc7112cd0");
	xfree(p);
}

static void
any_length_and_place_gives_the_same(void)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65535, 65536, 65537,
		65599, 65600, 131072, 262144, MOST - 7 };
	uint8_t *p = noise(), a[32], b[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t off = 0; off < 8; off += 3) {
			sha256(p + off, sizes[i], a);
			slowly(p + off, sizes[i], b);
			CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
		}
	xfree(p);
}

/* Long pieces behind short ones, whole blocks or not, and copies of a state. */
static void
pieces_may_be_of_any_length(void)
{
	static const size_t first[] = { 1, 64, 100, 65536, 70000 };
	uint8_t *p = noise(), a[32], b[32];

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct sha256_ctx c, copy;

		sha256_begin(&c);
		sha256_more(&c, p, first[i]);
		copy = c;
		sha256_more(&c, p + first[i], MOST - first[i] - 64);
		sha256_more(&c, p + MOST - 64, 64);
		sha256_end(&c, a);
		slowly(p, MOST, b);
		CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
		sha256_end(&copy, a);
		slowly(p, first[i], b);
		CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
	}
	xfree(p);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(known_answers_are_given),
		UNIT_CASE(any_length_and_place_gives_the_same),
		UNIT_CASE(pieces_may_be_of_any_length),
	};

	return UNIT_RUN("digest", cases);
}
