/* Compressed data as it is unpacked: RFC 1951 and 1952, one member. */
#ifndef B7_SIM_OS_INFLATE_H
#define B7_SIM_OS_INFLATE_H

#include "common/buf.h"

/* p starts as gzip does. */
bool inflate_is_gzip(const void *p, size_t n);
/* Adds what is in it to out, whose cap holds. used: bytes of p; NULL is fine.
 * false: it is broken, or too large. */
bool inflate_gzip(const void *p, size_t n, struct buf *out, size_t *used);

#endif
