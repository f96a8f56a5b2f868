#include "common/tls_der.h"

#include <string.h>

void
der_bytes(struct der *d, const void *p, size_t n)
{
	if (d->full || (size_t)(d->p - d->start) < n) {
		d->full = true;
		return;
	}
	d->p -= n;
	if (n > 0)
		memcpy(d->p, p, n);
}

static void
put(struct der *d, size_t byte)
{
	uint8_t b = (uint8_t)byte;

	der_bytes(d, &b, 1);
}

void
der_wrap(struct der *d, const uint8_t *end, unsigned tag)
{
	size_t n = (size_t)(end - d->p);

	if (n < 0x80) {
		put(d, n);
	} else if (n < 0x100) {
		put(d, n);
		put(d, 0x81);
	} else {
		put(d, n & 0xff);
		put(d, n >> 8 & 0xff);
		put(d, 0x82);
		d->full |= n > 0xffff;
	}
	put(d, tag);
}

void
der_value(struct der *d, unsigned tag, const void *p, size_t n)
{
	const uint8_t *end = d->p;

	der_bytes(d, p, n);
	der_wrap(d, end, tag);
}

void
der_bit_string(struct der *d, const void *p, size_t n)
{
	const uint8_t *end = d->p;

	der_bytes(d, p, n);
	put(d, 0); /* no unused bits */
	der_wrap(d, end, DER_BITS);
}
