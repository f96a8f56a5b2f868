/*
 * A SHA-256 of each MiB of a base, made in one pass, and the check of what is
 * served later: whole MiBs are read, checked, and cut to what was asked for.
 */
#ifndef B7_AGENT_MEDIA_DIGESTS_H
#define B7_AGENT_MEDIA_DIGESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/err.h"

#define DIGESTS_BLOCK (1u << 20)
#define DIGESTS_BASE_MAX (64ull << 30) /* 2 MiB of digests */

struct digests {
	uint64_t size;    /* of the base */
	uint8_t (*v)[32]; /* owned */
	size_t n, cap;
	uint64_t seen; /* bytes so far, while it is made */
	struct sha256_ctx block;
};

/* ERR_TOO_BIG over DIGESTS_BASE_MAX. */
bool digests_init(struct digests *d, uint64_t size, struct err *e);
void digests_free(struct digests *d);
/* The next bytes of the base, in order. ERR_PROTO if there are more. */
bool digests_add(struct digests *d, const void *p, size_t n, struct err *e);
bool digests_whole(const struct digests *d); /* all were seen */

/* A range of the base that is being read: [from, to) was asked for, whole MiBs
 * [at, end) are to be fetched. Bytes come out only once their MiB was right. */
struct digests_check {
	const struct digests *d;
	uint64_t from, to; /* wanted */
	uint64_t at, end;  /* to fetch; at moves as bytes come */
	uint8_t *block;    /* owned: one MiB */
	size_t n;
};
typedef void digests_fn(void *arg, const uint8_t *p, size_t n);

void digests_check_init(struct digests_check *c, const struct digests *d,
    uint64_t from, uint64_t to);
void digests_check_free(struct digests_check *c);
/* false: the origin's bytes are not those of the pass (ERR_CONFLICT), or more
 * than were asked for (ERR_PROTO); nothing of that MiB came out. */
bool digests_check_add(struct digests_check *c, const void *p, size_t n,
    digests_fn *out, void *arg, struct err *e);
static inline bool
digests_check_done(const struct digests_check *c)
{
	return c->at == c->end;
}

#endif
