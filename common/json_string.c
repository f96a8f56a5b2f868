/* Strings of JSON texts: RFC 8259, and U+FFFD for what is not UTF-8. */
#include "common/json_parser.h"

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/mem.h"
#include "common/str.h"

static bool
hex4(const char *s, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)s[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (lower - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

static size_t
put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* ps->p stands behind "\u"; 0 on failure. */
static size_t
unicode_escape(struct json_parser *ps, char *out)
{
	unsigned c, low;

	if (ps->end - ps->p < 4 || !hex4(ps->p, &c)) {
		(void)json_parse_fail(ps, ERR_PROTO, "bad \\u escape");
		return 0;
	}
	if (c == 0) {
		(void)json_parse_fail(ps, ERR_PROTO, "\\u0000 is not accepted");
		return 0;
	}
	ps->p += 4;
	if (c < 0xd800 || c > 0xdfff)
		return put_utf8(out, c);
	if (c < 0xdc00 && ps->end - ps->p >= 6 && ps->p[0] == '\\' &&
	    ps->p[1] == 'u' && hex4(ps->p + 2, &low) && low >= 0xdc00 &&
	    low <= 0xdfff) {
		ps->p += 6;
		return put_utf8(
		    out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
	}
	return put_utf8(out, 0xfffd);
}

static size_t
escape(struct json_parser *ps, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;
	char c;

	ps->p++; /* the closing quote was found: there is a next byte */
	c = *ps->p;
	if (c == 'u') {
		ps->p++;
		return unicode_escape(ps, out);
	}
	hit = c != '\0' ? strchr(from, c) : NULL;
	if (hit == NULL) {
		(void)json_parse_fail(ps, ERR_PROTO, "bad escape");
		return 0;
	}
	ps->p++;
	*out = to[hit - from];
	return 1;
}

static bool
is_plain(char c)
{
	return (signed char)c >= 0x20 && c != '"' && c != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of each of eight bytes that is not plain: too low (borrows), too
 * high, or zero by the exclusive or. A borrow goes on into the byte above, so
 * only the lowest that is set is sure. */
static uint64_t
odd_of_eight(const char *s)
{
	uint64_t w, quote, slash;

	memcpy(&w, s, sizeof(w));
	quote = w ^ EACH('"');
	slash = w ^ EACH('\\');
	return ((w - EACH(0x20)) | w | (quote - EACH(1)) | (slash - EACH(1))) &
	       EACH(0x80);
}

/* Where the first of them stands, or some bytes before it. */
static size_t
first_odd(uint64_t odd)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(odd) / 8;
#else
	(void)odd;
	return 0;
#endif
}

#ifdef __SSE2__

#define WIDE 16

/* A bit for each of them that is not plain: bytes from 0x80 are negative. */
static unsigned
odd_of_wide(const char *s)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

	return (unsigned)_mm_movemask_epi8(odd);
}

#else

#define WIDE SIZE_MAX

static unsigned
odd_of_wide(const char *s)
{
	(void)s;
	return 0;
}

#endif

size_t
json_plain(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t odd;

	for (; n - i >= WIDE; i += WIDE) {
		unsigned wide = odd_of_wide(s + i);

		if (wide != 0)
			return i + (size_t)__builtin_ctz(wide);
	}
	for (; n - i >= sizeof(odd); i += sizeof(odd)) {
		odd = odd_of_eight(s + i);
		if (odd != 0) {
			i += first_odd(odd);
			break;
		}
	}
	while (i < n && is_plain(s[i]))
		i++;
	return i;
}

/* Copies what stands before `end` (the closing quote), decoded. */
static bool
decode_string(
    struct json_parser *ps, const char *end, size_t high, struct json_string *s)
{
	/* A stray byte becomes three. */
	char *out = xmalloc((size_t)(end - ps->p) + 2 * high + 1), *dst = out;
	const char *whole_end = ps->end;

	ps->end = end;
	while (ps->p < end) {
		size_t n = json_plain(ps->p, (size_t)(end - ps->p));

		memcpy(dst, ps->p, n);
		dst += n;
		ps->p += n;
		if (ps->p == end)
			break;
		if (*ps->p == '\\') {
			n = escape(ps, dst);
			if (n == 0) {
				xfree(out);
				return false;
			}
			dst += n;
			continue;
		}
		n = str_utf8_len(ps->p, (size_t)(end - ps->p));
		if (n == 0) {
			dst += put_utf8(dst, 0xfffd);
			ps->p++;
			continue;
		}
		memcpy(dst, ps->p, n);
		dst += n;
		ps->p += n;
	}
	ps->end = whole_end;
	*s = (struct json_string){ { out, (size_t)(dst - out) }, out };
	return true;
}

bool
json_parse_string(struct json_parser *ps, struct json_string *s)
{
	const char *at = ps->p + 1;
	size_t high = 0;
	bool plain = true;

	for (;; at++) {
		unsigned char c;

		at += json_plain(at, (size_t)(ps->end - at)); /* mostly all */
		if (at >= ps->end || *at == '"')
			break;
		c = (unsigned char)*at;

		if (c < 0x20) {
			ps->p = at;
			(void)json_parse_fail(
			    ps, ERR_PROTO, "control byte in a string");
			return false;
		}
		high += c >= 0x80;
		if (c == '\\') {
			plain = false;
			if (++at >= ps->end)
				break;
		}
	}
	if (at >= ps->end) {
		(void)json_parse_fail(ps, ERR_PROTO, "string without an end");
		return false;
	}
	ps->p++;
	if (plain && high == 0)
		*s = (struct json_string){ { ps->p, (size_t)(at - ps->p) },
			NULL };
	else if (!decode_string(ps, at, high, s))
		return false;
	ps->p = at + 1;
	return true;
}
