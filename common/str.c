#include "common/str.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The ctype functions depend on the locale. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
str_ieq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool
str_has_iprefix(const char *s, const char *prefix)
{
	if (s == NULL || prefix == NULL)
		return false;
	while (*prefix != '\0' && lower(*s) == lower(*prefix)) {
		s++;
		prefix++;
	}
	return *prefix == '\0';
}

bool
str_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool
str_has_prefix(const char *s, const char *prefix)
{
	return s != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_has_suffix(const char *s, const char *suffix)
{
	size_t n, m = strlen(suffix);

	if (s == NULL)
		return false;
	n = strlen(s);
	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool
str_copy(char *dst, size_t cap, const char *src)
{
	size_t n = strlen(src), fits = n;

	if (cap == 0)
		return false;
	if (fits >= cap)
		fits = cap - 1;
	memmove(dst, src, fits);
	dst[fits] = '\0';
	return fits == n;
}

bool
str_format(char *dst, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap;
}

static bool
to_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		uint64_t d = (uint64_t)(*s - '0');

		if (v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (*s != '\0')
		return false;
	*out = v;
	return true;
}

bool
str_to_u64(const char *s, uint64_t *out)
{
	return s != NULL && to_u64(s, UINT64_MAX, out);
}

bool
str_to_i64(const char *s, int64_t *out)
{
	bool negative;
	uint64_t v;

	if (s == NULL)
		return false;
	negative = *s == '-';
	if (!to_u64(s + negative, (uint64_t)INT64_MAX + negative, &v))
		return false;
	/* Not -(int64_t)v: the most negative number has no counterpart. */
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static const char *
skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

bool
str_to_double(const char *s, double *out)
{
	const char *p;
	double d;

	if (s == NULL)
		return false;
	p = s + (*s == '-' || *s == '+');
	if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
		return false; /* strtod takes inf, nan, hex and spaces */
	p = skip_digits(p);
	if (*p == '.')
		p = skip_digits(p + 1);
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!is_digit(*p))
			return false;
		p = skip_digits(p);
	}
	if (*p != '\0')
		return false;
	/* Nothing here calls setlocale, so that the point is a point. */
	d = strtod(s, NULL);
	if (!isfinite(d))
		return false;
	*out = d;
	return true;
}

/* RFC 3629 section 4, by ranges of the first byte: the length, and what the
 * second byte may be. No overlong forms, surrogates or values > U+10FFFF. */
static const struct utf8_lead {
	unsigned char first, last, len, low, high;
} utf8_leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};
#define UTF8_LEADS (sizeof(utf8_leads) / sizeof(utf8_leads[0]))

static bool
utf8_tail_fits(const struct utf8_lead *lead, const unsigned char *p)
{
	if (p[1] < lead->low || p[1] > lead->high)
		return false;
	for (size_t i = 2; i < lead->len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

size_t
str_utf8_len(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	while (i < UTF8_LEADS &&
	       (p[0] < utf8_leads[i].first || p[0] > utf8_leads[i].last))
		i++;
	if (i == UTF8_LEADS || n < utf8_leads[i].len ||
	    !utf8_tail_fits(&utf8_leads[i], p))
		return 0;
	return utf8_leads[i].len;
}

bool
str_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *again = NULL;

	/* Going back to the latest star only keeps hostile patterns cheap. */
	while (*s != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			again = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star != NULL) {
			pattern = star + 1;
			s = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

uint64_t
str_hash(const char *s, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (; *s != '\0'; s++) {
		h ^= (unsigned char)*s;
		h *= 0x100000001b3u;
	}
	return h;
}

static bool
is_label(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!(s[i] >= 'a' && s[i] <= 'z') && !is_digit(s[i]) &&
		    s[i] != '-')
			return false;
	}
	return true;
}

bool
str_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

bool
str_is_dns_label(const char *s)
{
	return s != NULL && is_label(s, strlen(s));
}

bool
str_is_dns_subdomain(const char *s)
{
	size_t total;

	if (s == NULL)
		return false;
	total = strlen(s);
	if (total > 253)
		return false;
	for (size_t at = 0; at <= total;) {
		size_t n = strcspn(s + at, ".");

		if (!is_label(s + at, n))
			return false;
		at += n + 1;
	}
	return true;
}

void
str_escape(char *dst, size_t cap, const char *src, size_t n)
{
	size_t at = 0;

	if (cap == 0)
		return;
	for (size_t i = 0, len; i < n; i += len) {
		char piece[8];
		size_t m;

		len = str_utf8_len(src + i, n - i);
		m = len;
		if (len == 0 || (unsigned char)src[i] < 0x20 ||
		    src[i] == 0x7f) {
			len = 1;
			(void)snprintf(piece, sizeof(piece), "\\x%02x",
			    (unsigned char)src[i]); /* always fits */
			m = 4;
		} else if (src[i] == '"' || src[i] == '\\') {
			piece[0] = '\\';
			piece[1] = src[i];
			m = 2;
		} else {
			memcpy(piece, src + i, len);
		}
		if (at + m >= cap)
			break; /* never half an escape or character */
		memcpy(dst + at, piece, m);
		at += m;
	}
	dst[at] = '\0';
}
