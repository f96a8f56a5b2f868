/* What reading and writing a FAT file system share. */
#ifndef B7_AGENT_MEDIA_FAT_INT_H
#define B7_AGENT_MEDIA_FAT_INT_H

#include "agent/media/fat.h"

#define FAT_ENTRY 32u

/* Clusters of a file in their order. */
struct fat_chain {
	uint32_t *v; /* owned */
	size_t n;
};

/* ERR_PROTO: a loop, or a link to nowhere. At most max clusters. */
enum media_step fat_chain(const struct fat *f, struct overlay *o,
    uint32_t first, size_t max, struct fat_chain *out, struct err *e);
static inline uint64_t
fat_place(const struct fat *f, uint32_t cluster)
{
	return f->data + (uint64_t)(cluster - 2) * f->cluster;
}
/* The table's entry of a cluster, without the reserved bits of FAT32. */
enum media_step fat_next(
    const struct fat *f, struct overlay *o, uint32_t cluster, uint32_t *next);

#endif
