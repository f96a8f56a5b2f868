/* Base64 (RFC 4648 section 4), hex and SHA-256 of str.h. */
#include "common/str.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "common/hex.h"
#include "common/mem.h"

static const char b64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789+/";

static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The next quantum of four symbols; line breaks between them are skipped, as
 * Go does. -1 at the end of text or on a stranger. */
static int
b64_quantum(const char *s, size_t n, size_t *at, int v[4])
{
	int got = 0;

	for (; *at < n && got < 4; ++*at) {
		if (s[*at] == '\n' || s[*at] == '\r')
			continue;
		v[got] = s[*at] == '=' ? -2 : b64_value(s[*at]);
		if (v[got] == -1)
			return -1;
		got++;
	}
	return got;
}

/* Number of bytes in a quantum, -1 when padding or its spare bits are wrong:
 * one text for the same bytes only. */
static int
b64_bytes(const int v[4])
{
	if (v[0] < 0 || v[1] < 0)
		return -1;
	if (v[2] < 0)
		return v[3] < 0 && (v[1] & 0x0f) == 0 ? 1 : -1;
	if (v[3] < 0)
		return (v[2] & 0x03) == 0 ? 2 : -1;
	return 3;
}

bool
b64_decode(const char *s, size_t n, void *out, size_t cap, size_t *len)
{
	unsigned char *dst = out;
	size_t at = 0, used = 0;
	bool ended = false;
	int v[4], got;

	while ((got = b64_quantum(s, n, &at, v)) != 0) {
		unsigned bits;
		int bytes;

		if (got != 4 || ended)
			return false;
		bytes = b64_bytes(v);
		if (bytes < 0 || (size_t)bytes > cap - used)
			return false;
		ended = bytes < 3;
		bits = (unsigned)v[0] << 18 | (unsigned)v[1] << 12;
		if (bytes > 1)
			bits |= (unsigned)v[2] << 6;
		if (bytes > 2)
			bits |= (unsigned)v[3];
		for (int i = 0; i < bytes; i++)
			dst[used++] = (unsigned char)(bits >> (16 - 8 * i));
	}
	*len = used;
	return true;
}

char *
b64_encode(const void *p, size_t n)
{
	const unsigned char *src = p;
	char *out = xmalloc((n / 3 + 1) * 4 + 1), *dst = out;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned bits = (unsigned)src[i] << 16;

		if (left > 1)
			bits |= (unsigned)src[i + 1] << 8;
		if (left > 2)
			bits |= (unsigned)src[i + 2];
		*dst++ = b64_alphabet[bits >> 18 & 63];
		*dst++ = b64_alphabet[bits >> 12 & 63];
		*dst++ = left > 1 ? b64_alphabet[bits >> 6 & 63] : '=';
		*dst++ = left > 2 ? b64_alphabet[bits & 63] : '=';
	}
	*dst = '\0';
	return out;
}

void
hex_encode(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *src = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[src[i] >> 4];
		*out++ = digits[src[i] & 15];
	}
	*out = '\0';
}

bool
hex_decode(const char *s, void *out, size_t n)
{
	unsigned char *dst = out;

	for (size_t i = 0; i < n; i++) {
		int high = hex_value(s[2 * i]);
		/* The NUL may be at 2i: do not look behind it. */
		int low = high >= 0 ? hex_value(s[2 * i + 1]) : -1;

		if (low < 0)
			return false;
		dst[i] = (unsigned char)(high << 4 | low);
	}
	return s[2 * n] == '\0';
}

void
sha256(const void *p, size_t n, uint8_t out[32])
{
	if (mbedtls_sha256_ret(p, n, out, 0) != 0)
		abort(); /* only a hardware back end can fail */
}
