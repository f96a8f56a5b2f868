/*
 * What an image of a family holds: a tree in ISO 9660 with Rock Ridge and in
 * Joliet, El Torito entries, and a FAT image for UEFI. A tree is made once and
 * serves images of any size: its last file, the root file system, is as long as
 * the image lets it be.
 */
#ifndef B7_SIM_ORIGIN_TREE_H
#define B7_SIM_ORIGIN_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_SECTOR 2048

struct tree_file {
	const char *path; /* "/boot/grub/grub.cfg"; NULL ends the list */
	const char *text; /* NULL: filler */
	uint32_t size;    /* of filler; 0 = all that is left (the last one) */
	bool zero;        /* zeros instead of filler, as embed areas are */
};
/* A family of operating systems, as its images are. */
struct tree_family {
	const char *name, *label;
	const struct tree_file *files;
	const char *esp;        /* where the FAT image is in the tree */
	const char *esp_config; /* /EFI/BOOT/grub.cfg in it; NULL = none */
	bool coreiso;           /* the header of the embed area */
};
extern const struct tree_family
    tree_families[]; /* families.c; name NULL ends */
const struct tree_family *tree_family(const char *name); /* or NULL */

struct tree;
struct tree *tree_new(const struct tree_family *f);
void tree_free(struct tree *t);
/* The least that an image of it can be. */
int64_t tree_min(const struct tree *t);
/* Sector n of an image of so many sectors; false: it is filler. note: text of
 * the primary descriptor's application field. */
bool tree_sector(const struct tree *t, int64_t n, uint32_t sectors,
    const char *note, uint8_t out[TREE_SECTOR]);

#endif
