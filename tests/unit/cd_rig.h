/*
 * An ISO 9660 image in memory, made without tools: Rock Ridge, Joliet, a
 * relocated folder, El Torito with a FAT12 image, MBR and GPT. Small enough that
 * a test can change any byte of it and see what is said.
 */
#ifndef B7_TEST_CD_RIG_H
#define B7_TEST_CD_RIG_H

#include "agent/media/cd.h"
#include "agent/media/compose.h"
#include "common/err.h"

struct cd_rig {
	uint8_t *p; /* owned */
	size_t n;
	/* where things are: bytes */
	size_t root, docs, docs_txt, boot_dir, joliet_root, l_table, fat;
	size_t gpt_backup; /* 0 = none */
};

struct cd_rig_opts {
	bool joliet, rock, disk, moved;
	size_t files;   /* small ones in /docs besides; 0 = none */
	size_t padding; /* bytes behind the volume */
};

void cd_rig_make(struct cd_rig *r, const struct cd_rig_opts *o);
/* One of 1 MiB more than `far` sectors, whose Joliet folder /docs stands at that
 * sector, and the root that tells of it behind it: who reads in order learns of it
 * too late. */
void cd_rig_far(struct cd_rig *r, uint32_t far);
void cd_rig_free(struct cd_rig *r);

/* Runs cd_parse() until it is done: feeds what it wants. */
enum media_step cd_rig_parse(
    const struct cd_rig *r, struct cd *cd, struct sparse *s, struct err *e);
/* The same for compose(); *runs counts. */
enum media_step cd_rig_compose(const struct cd_rig *r, const struct cd *cd,
    struct sparse *s, const struct compose_opts *o, struct composed *out,
    struct err *e);
/* All bytes of a composed image; owned by the caller. */
uint8_t *cd_rig_bytes(const struct cd_rig *r, const struct composed *c);
/* A composed image as a base of its own. */
void cd_rig_again(
    struct cd_rig *out, const struct cd_rig *r, const struct composed *c);
/* Text of a file by path in a tree; "" if it is not there. */
const char *cd_rig_text(const struct cd_rig *r, const struct cd *cd,
    size_t tree, const char *path, char out[4096]);

#endif
