/*
 * SHA-256 of what comes in pieces (sha256() of common/str.h does it at once),
 * with a key, and MD5 for formats that carry one: it protects against nobody.
 */
#ifndef B7_DIGEST_H
#define B7_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Room for the library's state, which is copied by value. */
struct sha256_ctx {
	uint64_t state[16];
};

void sha256_begin(struct sha256_ctx *c);
void sha256_more(struct sha256_ctx *c, const void *p, size_t n);
void sha256_end(struct sha256_ctx *c, uint8_t out[32]); /* begin anew after */

/* RFC 2104 with SHA-256. */
void hmac_sha256(
    const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32]);

void md5(const void *p, size_t n, uint8_t out[16]);

#endif
