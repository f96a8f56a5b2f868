/* See digest.h; over mbedTLS, whose functions fail only in hardware. */
#include "common/digest.h"

#include <assert.h>
#include <mbedtls/md.h>
#include <mbedtls/md5.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct sha256_ctx),
    "the library's state fits");

static void
must(int failed)
{
	if (failed != 0)
		abort();
}

void
sha256_begin(struct sha256_ctx *c)
{
	mbedtls_sha256_context m;

	mbedtls_sha256_init(&m);
	must(mbedtls_sha256_starts_ret(&m, 0));
	memset(c, 0, sizeof(*c));
	memcpy(c->state, &m, sizeof(m));
}

void
sha256_more(struct sha256_ctx *c, const void *p, size_t n)
{
	mbedtls_sha256_context m;

	memcpy(&m, c->state, sizeof(m));
	must(mbedtls_sha256_update_ret(&m, p, n));
	memcpy(c->state, &m, sizeof(m));
}

void
sha256_end(struct sha256_ctx *c, uint8_t out[32])
{
	mbedtls_sha256_context m;

	memcpy(&m, c->state, sizeof(m));
	must(mbedtls_sha256_finish_ret(&m, out));
	memset(c, 0, sizeof(*c));
}

void
hmac_sha256(
    const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32])
{
	must(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key,
	    key_n, p, n, out));
}

void
md5(const void *p, size_t n, uint8_t out[16])
{
	must(mbedtls_md5_ret(p, n, out));
}
