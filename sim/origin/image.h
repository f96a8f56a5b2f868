/*
 * A synthetic ISO 9660 image: every byte is computed from its offset, so that
 * images of any size cost nothing and are the same on every read.
 *
 *   sector 16 primary volume descriptor   17 El Torito boot record
 *          18 terminator                  19 boot catalog
 *          20 BIOS loader                 21 root directory
 *          22, 23 path tables             24.. UEFI loader (FAT bytes)
 *          then filler
 */
#ifndef B7_SIM_ORIGIN_IMAGE_H
#define B7_SIM_ORIGIN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_SECTOR 2048
#define IMAGE_MIN (64 * IMAGE_SECTOR)

struct tree;

struct image {
	int64_t size;   /* a multiple of IMAGE_SECTOR, at least IMAGE_MIN */
	bool iso;       /* else filler from the first byte */
	bool bootable;  /* has a boot record and a catalog */
	char note[256]; /* "b7sim kind=live id=..."; application use field */
	uint64_t key;   /* of the filler */
	/* A family's (borrowed), in place of the layout above; NULL = none. */
	const struct tree *tree;
};
/* n bytes from offset off; what lies beyond the end is left alone. */
void image_read(const struct image *im, int64_t off, void *out, size_t n);

#endif
