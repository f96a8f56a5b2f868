/*
 * What is known of the base image: some of its sectors. The base comes over the
 * network, so whoever needs bytes asks sparse_get() for them; what is not there
 * is noted as wanted, the caller answers MEDIA_WANTS, and is run again from the
 * top when the wants were put. Nothing waits in the middle.
 */
#ifndef B7_AGENT_MEDIA_SPARSE_H
#define B7_AGENT_MEDIA_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define MEDIA_SECTOR 2048u
#define SPARSE_MAX (40u << 20) /* bytes kept of one image: its metadata */

/* What a function that reads the base says. */
enum media_step {
	MEDIA_DONE,
	MEDIA_WANTS, /* put what sparse_wants() tells, and call again */
	MEDIA_BAD    /* e says what is wrong, and where in the image */
};

struct sparse_range {
	uint64_t at, n; /* bytes */
};
struct sparse {
	uint64_t size;           /* of the base, in bytes */
	struct sparse_sector *v; /* owned, sorted by number */
	size_t n, cap;
	struct sparse_range *wants;
	size_t n_wants, cap_wants;
	uint64_t wanted; /* bytes, roughly: overlaps count twice */
};

void sparse_init(struct sparse *s, uint64_t size);
void sparse_free(struct sparse *s);
/* Keeps the whole sectors of [at, at + n), and the last, short one at the end
 * of the image. A sector that is known stays as it is. */
void sparse_put(struct sparse *s, uint64_t at, const void *p, size_t n);
/* Copies [at, at + n). false: noted as wanted, p is not to be looked at. The
 * range must lie inside of the image (callers check what an image says). */
bool sparse_get(struct sparse *s, uint64_t at, void *p, size_t n);
bool sparse_has(const struct sparse *s, uint64_t at, uint64_t n);
/* Sorted, merged, whole sectors, never of what is known; until the next call
 * that changes s. Forgets them: a run from the top tells them anew. */
size_t sparse_wants(struct sparse *s, const struct sparse_range **v);
/* Over the cap with what is kept and wanted: ERR_TOO_BIG. */
bool sparse_fits(const struct sparse *s, struct err *e);

#endif
