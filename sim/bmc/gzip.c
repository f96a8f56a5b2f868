/* See gzip.h. */
#include "sim/bmc/gzip.h"

#include <string.h>

#include "common/buf.h"
#include "common/str.h"
#include "sim/bmc/etag.h"

#define STORED_MAX 65535

static void
le(struct buf *b, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_addc(b, (char)(v >> (8 * i) & 0xff));
}

static uint32_t
crc32_of(const unsigned char *p, size_t n)
{
	uint32_t c = 0xffffffffu;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

void
gzip_stored(struct buf *b, const char *p, size_t n)
{
	static const char magic[] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0,
		3 };
	size_t at = 0;

	buf_add(b, magic, sizeof(magic));
	do {
		size_t k = n - at < STORED_MAX ? n - at : STORED_MAX;

		buf_addc(b, at + k == n ? 1 : 0);
		le(b, (uint32_t)k, 2);
		le(b, ~(uint32_t)k, 2);
		buf_add(b, p + at, k);
		at += k;
	} while (at < n);
	le(b, crc32_of((const unsigned char *)p, n), 4);
	le(b, (uint32_t)n, 4);
}

const char *
gzip_tag(const char *tag, char out[ETAG_CAP])
{
	size_t n = strlen(tag);

	if (n == 0 || tag[n - 1] != '"' ||
	    !str_format(out, ETAG_CAP, "%.*s-gzip\"", (int)n - 1, tag))
		return tag;
	return out;
}
