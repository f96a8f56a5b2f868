/* See digest_cpu.h. Which processor it is is asked each time: there is no state
 * to keep the answer in. */
#include "common/digest_cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* FIPS 180-4, 4.2.2. */
static const uint32_t round_words[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf,
	0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

/* The eight words as the instructions have them, the highest first. */
struct halves {
	__m128i abef, cdgh;
};

/* SSSE3 and SSE4.1, then SHA. */
static bool
has_sha(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 ||
	    (c & bit_SSE4_1) == 0)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 &&
	       (b & bit_SHA) != 0;
}

TARGET static inline __m128i
load(const void *p)
{
	return _mm_loadu_si128(p);
}

/* Four words of the message, which are big-endian. */
TARGET static inline __m128i
words(const uint8_t *p)
{
	return _mm_shuffle_epi8(load(p),
	    _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}

/* The four after those of a, b, c and d. */
TARGET static inline __m128i
schedule(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i sum =
	    _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

	return _mm_sha256msg2_epu32(sum, d);
}

TARGET static inline void
four_rounds(struct halves *h, __m128i w, size_t first)
{
	__m128i wk = _mm_add_epi32(w, load(round_words + first));

	h->cdgh = _mm_sha256rnds2_epu32(h->cdgh, h->abef, wk);
	wk = _mm_shuffle_epi32(wk, 0x0e);
	h->abef = _mm_sha256rnds2_epu32(h->abef, h->cdgh, wk);
}

TARGET static void
one_block(struct halves *h, const uint8_t *p)
{
	__m128i a = words(p), b = words(p + 16), c = words(p + 32),
		d = words(p + 48);
	struct halves was = *h;

	four_rounds(h, a, 0);
	four_rounds(h, b, 4);
	four_rounds(h, c, 8);
	four_rounds(h, d, 12);
	for (size_t i = 16; i < 64; i += 16) {
		a = schedule(a, b, c, d);
		four_rounds(h, a, i);
		b = schedule(b, c, d, a);
		four_rounds(h, b, i + 4);
		c = schedule(c, d, a, b);
		four_rounds(h, c, i + 8);
		d = schedule(d, a, b, c);
		four_rounds(h, d, i + 12);
	}
	h->abef = _mm_add_epi32(h->abef, was.abef);
	h->cdgh = _mm_add_epi32(h->cdgh, was.cdgh);
}

TARGET static void
all_blocks(uint32_t s[8], const uint8_t *p, size_t blocks)
{
	struct halves h = {
		.abef =
		    _mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]),
		.cdgh =
		    _mm_set_epi32((int)s[2], (int)s[3], (int)s[6], (int)s[7]),
	};

	for (; blocks > 0; blocks--, p += 64)
		one_block(&h, p);
	s[0] = (uint32_t)_mm_extract_epi32(h.abef, 3);
	s[1] = (uint32_t)_mm_extract_epi32(h.abef, 2);
	s[2] = (uint32_t)_mm_extract_epi32(h.cdgh, 3);
	s[3] = (uint32_t)_mm_extract_epi32(h.cdgh, 2);
	s[4] = (uint32_t)_mm_extract_epi32(h.abef, 1);
	s[5] = (uint32_t)_mm_extract_epi32(h.abef, 0);
	s[6] = (uint32_t)_mm_extract_epi32(h.cdgh, 1);
	s[7] = (uint32_t)_mm_extract_epi32(h.cdgh, 0);
}

bool
digest_cpu_sha256(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	if (!has_sha())
		return false;
	all_blocks(state, p, blocks);
	return true;
}

#else

bool
digest_cpu_sha256(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	(void)state;
	(void)p;
	(void)blocks;
	return false;
}

#endif
