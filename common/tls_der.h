/*
 * DER written from the end to the front, so that lengths are known when they
 * are written. A full buffer sets `full` and drops everything after.
 */
#ifndef B7_TLS_DER_H
#define B7_TLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DER_BOOL 0x01
#define DER_INT 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_UTF8 0x0c
#define DER_UTC_TIME 0x17
#define DER_GENERAL_TIME 0x18
#define DER_SEQ 0x30
#define DER_SET 0x31
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_CONTEXT_SEQ(n) (0xa0 | (n))

struct der {
	uint8_t *start, *p; /* borrowed; content is from p to the end */
	bool full;
};

void der_bytes(struct der *d, const void *p, size_t n);
/* Makes everything written since p was `end` the content of a tag. */
void der_wrap(struct der *d, const uint8_t *end, unsigned tag);
/* A primitive value with its tag. */
void der_value(struct der *d, unsigned tag, const void *p, size_t n);
void der_bit_string(struct der *d, const void *p, size_t n);

#endif
