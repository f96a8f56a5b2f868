/*
 * An ISO 9660 image as it stands: descriptors, trees, boot catalog (ECMA-119;
 * Joliet; SUSP and Rock Ridge 1.09 and 1.12; El Torito 1.0). Strict and capped:
 * what would let two readers see different files, or cannot be written again
 * without guessing, is refused with its place.
 */
#ifndef B7_AGENT_MEDIA_CD_H
#define B7_AGENT_MEDIA_CD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/media/sparse.h"
#include "common/buf.h"

#define CD_TREES 6
#define CD_BOOTS 32
#define CD_DEPTH 64             /* folders in folders */
#define CD_NODES 300000         /* of one tree */
#define CD_DIR_MAX (8u << 20)   /* bytes of one directory */
#define CD_DIRS_MAX (24u << 20) /* of all directories of an image */
#define CD_NAME_MAX 255         /* bytes of a name, UTF-8 */
#define CD_PATH_MAX 1024
#define CD_NONE UINT32_MAX

enum cd_kind {
	CD_PRIMARY,
	CD_JOLIET,
	CD_ENHANCED /* ISO 9660:1999 with a tree of its own */
};

struct cd_extent {
	uint32_t sector; /* of the image, whatever the tree's shift */
	uint32_t n;      /* bytes */
};

enum cd_flag {
	CD_DIR = 1,
	CD_SYMLINK = 2,
	CD_SPECIAL = 4,   /* a device, socket or pipe */
	CD_PACKED = 8,    /* zisofs: its bytes are not its contents */
	CD_MOVED = 16,    /* relocated here; its place is where `link` is */
	CD_STAND_IN = 32, /* stands where a relocated directory belongs */
	CD_HIDDEN = 64    /* existence bit, or an associated file */
};

struct cd_node {
	uint32_t parent; /* by directory records; the root's is itself */
	uint32_t name;   /* offset in cd_tree.names; NUL-terminated */
	uint32_t flags;
	uint32_t link;    /* moved: its stand-in; stand-in: what it stands for;
			   * else CD_NONE */
	uint64_t record;  /* where its first record is in the image */
	uint64_t size;    /* bytes */
	uint32_t extents; /* first of them in cd_tree.extents */
	uint32_t n_extents;
	uint32_t kids; /* of a folder: the first node in it, and how many */
	uint32_t n_kids;
};

struct cd_tree {
	enum cd_kind kind;
	uint32_t shift;      /* image sectors before what it calls sector 0 */
	uint32_t descriptor; /* sector of the image */
	bool rock;           /* Rock Ridge names and attributes */
	uint8_t skip;        /* SUSP bytes to skip in records */
	uint32_t blocks;     /* volume space size as it says */
	uint32_t table_size; /* path tables, bytes */
	uint32_t tables[4];  /* L, optional L, M, optional M; 0 = none */
	struct cd_node *v;   /* owned; v[0] is the root, parents come first */
	size_t n, cap;
	struct cd_extent *extents; /* owned */
	size_t n_extents, cap_extents;
	struct buf names;
};

/* One thing in the image; none overlaps another (equal ones are one). */
struct cd_range {
	uint32_t sector, n; /* image sectors */
	uint32_t node;      /* of a tree; CD_NONE = a table or a descriptor */
	uint8_t tree;
	bool file; /* contents of a file, not a folder or table */
};

enum cd_platform {
	CD_BIOS = 0,
	CD_PPC = 1,
	CD_MAC = 2,
	CD_UEFI = 0xef
};

struct cd_boot {
	uint8_t platform; /* enum cd_platform */
	bool bootable;
	uint8_t media;   /* 0 no emulation, 1-3 floppy, 4 hard disk */
	uint16_t load;   /* sectors of 512 bytes that firmware loads */
	uint32_t sector; /* of the image */
	uint64_t n; /* bytes of its file, or up to what follows; 0 = it begins
		     * inside of something else */
};

struct cd {
	uint64_t size;   /* bytes of the image */
	uint32_t blocks; /* largest end of a volume, in image sectors */
	char volume[33]; /* of the primary volume, blanks cut off */
	struct cd_tree trees[CD_TREES];
	size_t n_trees; /* trees[0] is the primary one */
	/* Descriptors that name the primary tree's root once more (ISO
	 * 9660:1999 as genisoimage writes it); 0 = none. */
	uint32_t enhanced;
	uint32_t catalog; /* sector; 0 = no El Torito */
	struct cd_boot boots[CD_BOOTS];
	size_t n_boots;
	bool implanted; /* isomd5sum's checksum in the application use area */
	struct cd_range *map; /* owned, sorted: what lies where */
	size_t n_map, cap_map;
};

/* MEDIA_DONE: *cd is filled (cd_free). Else it is empty. */
enum media_step cd_parse(struct cd *cd, struct sparse *s, struct err *e);
void cd_free(struct cd *cd);

static inline const char *
cd_name(const struct cd_tree *t, uint32_t node)
{
	return t->names.p + t->v[node].name;
}
/* "/a/b" as a mounted image shows it; through stand-ins, not rr_moved. */
void cd_path(const struct cd_tree *t, uint32_t node, char out[CD_PATH_MAX]);
/* A name in a folder: exact; where the tree has identifiers only, without
 * regard to case. CD_NONE = not there. A stand-in gives what it stands for. */
uint32_t cd_child(const struct cd_tree *t, uint32_t dir, const char *name);
/* "/a/b" or "a/b"; symbolic links are not followed. */
uint32_t cd_find(const struct cd_tree *t, const char *path);
/* What lies at a byte of the image, by the primary tree, for what readers are
 * seen to read; CD_NONE = no file. Logarithmic. */
uint32_t cd_at(const struct cd *cd, uint64_t at);
/* The bytes of a file, whole. ERR_TOO_BIG if more than max. */
enum media_step cd_read(const struct cd_tree *t, uint32_t node,
    struct sparse *s, struct buf *out, struct err *e);

#endif
