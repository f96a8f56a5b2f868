/* Between tree.c (layout), tree_iso.c (records) and tree_fat.c. */
#ifndef B7_SIM_ORIGIN_TREE_IMPL_H
#define B7_SIM_ORIGIN_TREE_IMPL_H

#include "sim/origin/tree.h"

#define TREE_NODES 48
#define TREE_NAME 64
#define TREE_DEPTH 8
#define TREE_ESP (32 * TREE_SECTOR) /* bytes of the FAT image */

/* Sectors that are always there. */
enum {
	TREE_PVD = 16,
	TREE_BOOT_RECORD,
	TREE_SVD,
	TREE_TERMINATOR,
	TREE_CATALOG,
	TREE_PATHS, /* L, M, and both of Joliet */
	TREE_CE = TREE_PATHS + 4,
	TREE_DIRS
};

struct tree_node {
	char name[TREE_NAME];
	char id[16]; /* "GRUB.CFG;1" */
	int parent;  /* -1: the root, which is node 0 */
	bool dir, zero;
	unsigned number; /* of a folder in the path tables, from 1 */
	uint32_t lba, joliet_lba, size;
	const char *text;
};
struct tree {
	const struct tree_family *f;
	struct tree_node node[TREE_NODES];
	int n, n_dirs;
	int last; /* the file that takes what is left */
	uint8_t *head;
	uint32_t head_n; /* sectors of it */
	uint32_t zero_lba, zero_n;
	uint32_t bios_lba, esp_lba;
	/* where sizes of the image are put in: its last file's records */
	size_t last_at[2];
};

/* tree_iso.c: everything but contents, into t->head. */
void tree_write(struct tree *t);
/* tree_fat.c */
void tree_fat(uint8_t *p, const char *config);

static inline void
tree_le16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
tree_le32(uint8_t *p, uint32_t v)
{
	tree_le16(p, v & 0xffff);
	tree_le16(p + 2, v >> 16);
}

static inline void
tree_both32(uint8_t *p, uint32_t v)
{
	tree_le32(p, v);
	for (int i = 0; i < 4; i++)
		p[4 + i] = (uint8_t)(v >> (24 - 8 * i));
}

#endif
