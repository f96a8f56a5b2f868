/*
 * The one look at a whole base before any host boots it: its bytes in order
 * prove image.checksum, give a digest of each MiB, and what of them the parser
 * asks for is kept. What it asks for when it has gone by already is wanted
 * again, as ranges, which are checked by the digests.
 */
#ifndef B7_AGENT_MEDIA_PREPASS_H
#define B7_AGENT_MEDIA_PREPASS_H

#include "agent/media/cd.h"
#include "agent/media/digests.h"
#include "agent/media/sparse.h"
#include "common/digest.h"

#define PREPASS_HEAD (4u << 20) /* kept until it is parsed: folders are there */
#define PREPASS_PIECE (256u << 10)

struct prepass {
	struct sparse base;
	struct cd cd; /* filled once parsed */
	struct digests digests;
	struct sha256_ctx whole;
	uint8_t sha256[32]; /* of the whole, once all was seen */
	uint8_t want[32];
	bool has_want, parsed;
	bool gone;  /* the parser wants what has come by already */
	bool ended; /* sha256 is there */
	bool wrong; /* and is not what was wanted */
	struct sparse_range *ahead; /* owned: wants that are still to come by */
	size_t n_ahead;
	uint8_t *carry; /* owned: the start of a sector */
	size_t n_carry;
};

/* sha256: what image.checksum says; NULL = it says nothing. */
bool prepass_init(
    struct prepass *p, uint64_t size, const uint8_t *sha256, struct err *e);
void prepass_free(struct prepass *p);
/* The next bytes, in order. An image that is refused is refused as soon as that
 * is known. */
bool prepass_add(struct prepass *p, const void *bytes, size_t n, struct err *e);
/* After the last byte. ERR_SPEC: not the checksum that was asked for.
 * MEDIA_WANTS: read sparse_wants(&p->base), check it by digests_check, put it,
 * and call again. MEDIA_DONE: cd, digests and base are ready for compose(). */
enum media_step prepass_end(struct prepass *p, struct err *e);

#endif
