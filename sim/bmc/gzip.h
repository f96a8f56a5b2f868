/* Compressed replies, in name only: RFC 1952 around stored blocks of RFC 1951,
 * which any reader takes. */
#ifndef B7_SIM_BMC_GZIP_H
#define B7_SIM_BMC_GZIP_H

#include <stddef.h>

#include "sim/bmc/etag.h"

struct buf;

void gzip_stored(struct buf *b, const char *p, size_t n);
/* "x" becomes "x-gzip", as some servers have it; others are left alone. */
const char *gzip_tag(const char *tag, char out[ETAG_CAP]);

#endif
