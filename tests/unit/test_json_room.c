/* Blocks shared by nodes: what is taken stays, whole and apart, until it is
 * freed; a block goes with the last of it. AddressSanitizer sees the edges of a
 * piece and what was freed, as if each had its own memory. */
#include "common/json_room.h"

#include <stdint.h>
#include <string.h>

#include "common/mem.h"
#include "common/random.h"
#include "tests/unit/unit.h"

#define PIECES 2000

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(SANITIZED)
#define SANITIZED 1
#endif

static unsigned long
alive(void)
{
	struct mem_stats m = mem_stats();

	return (unsigned long)(m.allocs - m.frees);
}

static void
pieces_are_aligned_and_apart(void)
{
	struct json_room room = { .next = 256 };
	unsigned char *p[64];

	for (size_t i = 0; i < 64; i++) {
		p[i] = json_room_take(&room, i + 1);
		CU_ASSERT_EQUAL((uintptr_t)p[i] % sizeof(void *), 0);
		memset(p[i], (int)i, i + 1);
	}
	json_room_close(&room);
	for (size_t i = 0; i < 64; i++) {
		for (size_t n = 0; n <= i; n++)
			CU_ASSERT_EQUAL_FATAL(p[i][n], i);
		json_room_free(p[i]);
	}
}

static void
a_block_goes_with_the_last_of_it(void)
{
	unsigned long before = alive();
	struct json_room room = { .next = 3 * json_room_need(8) };
	void *a = json_room_take(&room, 8), *b = json_room_take(&room, 8);

	CU_ASSERT_EQUAL(alive(), before + 1);
	json_room_free(a);
	json_room_close(&room);
	CU_ASSERT_EQUAL(alive(), before + 1);
	json_room_free(b);
	CU_ASSERT_EQUAL(alive(), before);
}

static void
an_open_room_keeps_an_empty_block(void)
{
	unsigned long before = alive();
	struct json_room room = { .next = 4 * json_room_need(8) };

	json_room_free(json_room_take(&room, 8));
	CU_ASSERT_EQUAL(alive(), before + 1);
	json_room_free(json_room_take(&room, 8));
	json_room_close(&room);
	json_room_close(&room); /* twice does no harm */
	CU_ASSERT_EQUAL(alive(), before);
}

static void
a_piece_larger_than_the_next_block_fits(void)
{
	unsigned long before = alive();
	struct json_room room = { .next = 16 };
	char *small = json_room_take(&room, 8);
	char *big = json_room_take(&room, 100000);

	memset(big, 'b', 100000);
	memset(small, 's', 8);
	CU_ASSERT_EQUAL(big[99999], 'b');
	CU_ASSERT_EQUAL(alive(), before + 2);
	CU_ASSERT_EQUAL(room.taken, json_room_need(8) + json_room_need(100000));
	json_room_close(&room);
	json_room_free(small);
	json_room_free(big);
	CU_ASSERT_EQUAL(alive(), before);
}

static void
pieces_alone_need_no_room(void)
{
	unsigned long before = alive();
	char *t = json_room_text("caf\xc3\xa9");

	CHECK_TEXT(t, "caf\xc3\xa9");
	CU_ASSERT_EQUAL(alive(), before + 1);
	json_room_free(t);
	json_room_free(NULL);
	CU_ASSERT_EQUAL(alive(), before);
}

/* Taken and freed in any order, from two rooms at once: nothing is lost,
 * nothing overlaps. */
static void
any_order_of_frees_gives_all_back(void)
{
	unsigned long before = alive();
	struct json_room rooms[2] = { { .next = 512 }, { .next = 4096 } };
	struct rng r;
	unsigned char *p[PIECES];
	size_t n[PIECES];

	rng_seed(&r, 7, "json_room");
	for (size_t i = 0; i < PIECES; i++) {
		n[i] = 1 + (size_t)rng_below(&r, 200);
		p[i] = json_room_take(
		    rng_below(&r, 5) ? &rooms[i % 2] : NULL, n[i]);
		memset(p[i], (int)(i & 0xff), n[i]);
	}
	for (size_t left = PIECES; left > 0; left--) {
		size_t at = (size_t)rng_below(&r, left);

		for (size_t k = 0; k < n[at]; k++)
			CU_ASSERT_EQUAL_FATAL(p[at][k], p[at][0]);
		json_room_free(p[at]);
		p[at] = p[left - 1];
		n[at] = n[left - 1];
	}
	json_room_close(&rooms[0]);
	json_room_close(&rooms[1]);
	CU_ASSERT_EQUAL(alive(), before);
}

#ifdef SANITIZED
#include <sanitizer/asan_interface.h>

#define SEEN(p) CU_ASSERT_TRUE(__asan_address_is_poisoned(p))
#define MINE(p, n) CU_ASSERT_PTR_NULL(__asan_region_is_poisoned((p), (n)))

static void
the_sanitizer_knows_whose_each_byte_is(void)
{
	struct json_room room = { .next = 4096 };
	char *p[3], *alone = json_room_text("alone");
	uintptr_t gone;

	for (size_t i = 0; i < 3; i++)
		p[i] = json_room_take(&room, 13);
	for (size_t i = 0; i < 3; i++) {
		MINE(p[i], 13);
		SEEN(p[i] - 1);
		SEEN(p[i] + 13);
		SEEN(p[i] + 15);
	}
	SEEN(p[2] + 100); /* nobody's yet */
	MINE(alone, 6);
	SEEN(alone - 1);
	SEEN(alone + 6);
	gone = (uintptr_t)p[1];
	json_room_free(p[1]);
	for (size_t n = 0; n < 13; n++)
		SEEN((const void *)(gone + n));
	MINE(p[0], 13);
	MINE(p[2], 13);
	json_room_close(&room);
	json_room_free(p[0]);
	json_room_free(p[2]);
	json_room_free(alone);
}
#endif

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(pieces_are_aligned_and_apart),
		UNIT_CASE(a_block_goes_with_the_last_of_it),
		UNIT_CASE(an_open_room_keeps_an_empty_block),
		UNIT_CASE(a_piece_larger_than_the_next_block_fits),
		UNIT_CASE(pieces_alone_need_no_room),
		UNIT_CASE(any_order_of_frees_gives_all_back),
#ifdef SANITIZED
		UNIT_CASE(the_sanitizer_knows_whose_each_byte_is),
#endif
	};

	return UNIT_RUN("json_room", cases);
}
