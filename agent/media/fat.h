/*
 * A FAT file system inside of the image (the El Torito image of UEFI): FAT12,
 * FAT16 or FAT32, long names. Files are replaced in it, into the clusters that
 * they have and free ones; nothing moves and the file system does not grow.
 */
#ifndef B7_AGENT_MEDIA_FAT_H
#define B7_AGENT_MEDIA_FAT_H

#include "agent/media/overlay.h"
#include "agent/media/sparse.h"
#include "common/buf.h"

#define FAT_DIR_MAX (1u << 20)
#define FAT_DEPTH 16

struct fat {
	uint64_t at, n;           /* of the image, bytes */
	unsigned bits;            /* 12, 16, 32 */
	uint32_t sector, cluster; /* bytes */
	uint64_t tables;          /* where the first table is in the image */
	uint32_t table;           /* bytes of one */
	uint8_t n_tables;
	uint64_t root;   /* FAT12, FAT16: where it is in the image */
	uint32_t root_n; /* bytes; FAT32: 0 */
	uint32_t root_cluster;
	uint64_t data;
	uint32_t clusters; /* count of data clusters */
	uint64_t info;     /* FAT32: where its free counts are; 0 = nowhere */
};

struct fat_file {
	uint64_t entry; /* where its short entry is in the image */
	uint32_t cluster, n;
	bool dir;
};

/* ERR_NOTFOUND: there is no FAT file system at that place. */
enum media_step fat_open(
    struct fat *f, struct overlay *o, uint64_t at, uint64_t n, struct err *e);
/* Names without regard to case, long or short. ERR_NOTFOUND. */
enum media_step fat_find(const struct fat *f, struct overlay *o,
    const char *path, struct fat_file *file, struct err *e);
/* All files, each with its path, whose text lives for the call. */
typedef void fat_each_fn(
    void *arg, const char *path, const struct fat_file *file);
enum media_step fat_each(const struct fat *f, struct overlay *o,
    fat_each_fn *fn, void *arg, struct err *e);
/* The first bytes of a file, or all: at most n. */
enum media_step fat_read(const struct fat *f, struct overlay *o,
    const struct fat_file *file, uint32_t n, struct buf *out);
/* New contents of a file that is there. ERR_TOO_BIG: no room. */
enum media_step fat_replace(const struct fat *f, struct overlay *o,
    const struct fat_file *file, const void *p, size_t n, struct err *e);

#endif
