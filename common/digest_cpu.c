/* See digest_cpu.h. Which processor it is is asked each time: there is no state
 * to keep the answer in. */
#include "common/digest_cpu.h"

/* Four words at once. */
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define BY_X86
#define FOUR __m128i
#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#elif defined(__AARCH64EL__) && !defined(__clang__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define BY_ARM
#define FOUR uint32x4_t
#define TARGET __attribute__((target("+crypto")))
#endif

#if defined(FOUR)

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

/* The eight words of the state, as the instructions have them: a, b, e, f and c, d,
 * g, h, the last one lowest, on x86; in their order on ARM. */
struct halves {
	FOUR x, y;
};

#endif

#if defined(BY_X86)

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

TARGET static inline FOUR
load(const void *p)
{
	return _mm_loadu_si128(p);
}

TARGET static inline FOUR
sum(FOUR a, FOUR b)
{
	return _mm_add_epi32(a, b);
}

/* Of the message, which is big-endian. */
TARGET static inline FOUR
words(const uint8_t *p)
{
	return _mm_shuffle_epi8(load(p),
	    _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}

/* Those of the message's schedule that come after a, b, c and d. */
TARGET static inline FOUR
schedule(FOUR a, FOUR b, FOUR c, FOUR d)
{
	FOUR v = sum(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

	return _mm_sha256msg2_epu32(v, d);
}

TARGET static inline void
four_rounds(struct halves *h, FOUR w, size_t first)
{
	FOUR wk = sum(w, load(round_words + first));

	h->y = _mm_sha256rnds2_epu32(h->y, h->x, wk);
	wk = _mm_shuffle_epi32(wk, 0x0e);
	h->x = _mm_sha256rnds2_epu32(h->x, h->y, wk);
}

TARGET static struct halves
begin(const uint32_t s[8])
{
	return (struct halves){
		_mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]),
		_mm_set_epi32((int)s[2], (int)s[3], (int)s[6], (int)s[7]),
	};
}

TARGET static void
end(const struct halves *h, uint32_t s[8])
{
	s[0] = (uint32_t)_mm_extract_epi32(h->x, 3);
	s[1] = (uint32_t)_mm_extract_epi32(h->x, 2);
	s[2] = (uint32_t)_mm_extract_epi32(h->y, 3);
	s[3] = (uint32_t)_mm_extract_epi32(h->y, 2);
	s[4] = (uint32_t)_mm_extract_epi32(h->x, 1);
	s[5] = (uint32_t)_mm_extract_epi32(h->x, 0);
	s[6] = (uint32_t)_mm_extract_epi32(h->y, 1);
	s[7] = (uint32_t)_mm_extract_epi32(h->y, 0);
}

#elif defined(BY_ARM)

static bool
has_sha(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
}

TARGET static inline FOUR
sum(FOUR a, FOUR b)
{
	return vaddq_u32(a, b);
}

TARGET static inline FOUR
words(const uint8_t *p)
{
	return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)));
}

TARGET static inline FOUR
schedule(FOUR a, FOUR b, FOUR c, FOUR d)
{
	return vsha256su1q_u32(vsha256su0q_u32(a, b), c, d);
}

TARGET static inline void
four_rounds(struct halves *h, FOUR w, size_t first)
{
	FOUR wk = sum(w, vld1q_u32(round_words + first)), x = h->x;

	h->x = vsha256hq_u32(x, h->y, wk);
	h->y = vsha256h2q_u32(h->y, x, wk);
}

TARGET static struct halves
begin(const uint32_t s[8])
{
	return (struct halves){ vld1q_u32(s), vld1q_u32(s + 4) };
}

TARGET static void
end(const struct halves *h, uint32_t s[8])
{
	vst1q_u32(s, h->x);
	vst1q_u32(s + 4, h->y);
}

#endif

#if defined(FOUR)

TARGET static void
one_block(struct halves *h, const uint8_t *p)
{
	FOUR a = words(p), b = words(p + 16), c = words(p + 32),
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
	h->x = sum(h->x, was.x);
	h->y = sum(h->y, was.y);
}

TARGET static void
all_blocks(uint32_t s[8], const uint8_t *p, size_t blocks)
{
	struct halves h = begin(s);

	for (; blocks > 0; blocks--, p += 64)
		one_block(&h, p);
	end(&h, s);
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
