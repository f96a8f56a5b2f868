/*
 * Sectors of the base that are replaced: reads see what was written. Nothing is
 * written beyond the base, whose last, short sector counts as a whole one.
 */
#ifndef B7_AGENT_MEDIA_OVERLAY_H
#define B7_AGENT_MEDIA_OVERLAY_H

#include "agent/media/sparse.h"

struct overlay_sector {
	uint32_t number;
	uint8_t p[MEDIA_SECTOR];
};
struct overlay {
	struct sparse *base;
	struct overlay_sector **v; /* owned, sorted by number */
	size_t n, cap;
	bool missed; /* a write met a sector that is not known */
};

void overlay_init(struct overlay *o, struct sparse *base);
void overlay_free(struct overlay *o); /* wipes: user data may be in it */
/* As sparse_get(). */
bool overlay_get(struct overlay *o, uint64_t at, void *p, size_t n);
/* false: what is around it is not known yet; noted as wanted, and missed. */
bool overlay_set(struct overlay *o, uint64_t at, const void *p, size_t n);

#endif
