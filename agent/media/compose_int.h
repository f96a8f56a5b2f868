/* What the parts of compose() share. */
#ifndef B7_AGENT_MEDIA_COMPOSE_INT_H
#define B7_AGENT_MEDIA_COMPOSE_INT_H

#include "agent/media/cd_int.h"
#include "agent/media/compose.h"
#include "agent/media/overlay.h"
#include "agent/media/ptable.h"

#define COMPOSE_TAIL_MAX (COMPOSE_BYTES + CD_DIRS_MAX + (16u << 20))

/* New contents: of the caller's file, or of a configuration that got kernel
 * arguments. */
struct content {
	const char *path; /* NULL = whatever has its extent at `was` */
	const void *p;
	size_t n;
	uint32_t was;    /* image sector of what it replaces; 0 = not known */
	uint32_t sector; /* of the image, once it is placed */
	bool used;
	char *made; /* owned: p, if it was made here */
};

/* How a folder writes its records. */
struct dir_style {
	uint8_t date[7];
	bool rr;        /* the RR entry of Rock Ridge 1.09 */
	uint8_t px_n;   /* 36, or 44 with serial numbers */
	bool versions;  /* ";1" behind names */
	uint32_t links; /* of the folder before; 1: this image counts none */
};

/* A record that is added to a folder, or changed in it. */
struct rec_job {
	uint32_t node;    /* changed: whose; CD_NONE = added */
	uint32_t content; /* index; CD_NONE = a new folder */
	uint32_t dir;     /* index of the job of a new folder */
	char name[CD_NAME_MAX + 1];
	uint8_t id[CD_NAME_MAX];
	uint8_t n_id;
	uint32_t ce; /* offset in the tail's continuation area; CD_NONE */
};

/* A folder that changes, or is new. */
struct dir_job {
	uint32_t node; /* CD_NONE = new */
	uint32_t up;   /* new: index of the job that it is in */
	struct dir_style style;
	struct rec_job *v; /* owned */
	size_t n, cap;
	uint8_t *old; /* owned: its bytes before, whole sectors */
	size_t n_old;
	uint32_t sector, size; /* after: image sector, bytes */
	bool moves;
	unsigned new_kids; /* folders in it */
};

struct tree_job {
	const struct cd_tree *t;
	struct dir_job *v; /* owned; new folders come after what they are in */
	size_t n, cap;
	bool has_new;       /* folders: the path tables are made anew */
	uint32_t tables[4]; /* image sectors after; 0 = none */
	uint32_t table_size;
};

struct plan {
	const struct cd *cd;
	struct overlay o;
	struct err *e;
	bool missing;      /* something is wanted; what follows waits */
	bool final;        /* places are known */
	struct content *v; /* owned */
	size_t n, cap;
	struct tree_job trees[CD_TREES];
	uint32_t first; /* image sector that the tail begins with */
	struct buf tail;
	struct buf areas; /* continuation areas */
	uint32_t areas_sector;
	uint8_t backup[PTABLE_BACKUP]; /* of the GPT: the image's end */
	size_t n_backup;
	uint64_t size;             /* of the composed image */
	struct compose_note *note; /* NULL = nobody asks */
	const char *label;         /* of the volume; NULL = stays */
	unsigned lines;            /* that got arguments */
};

/* Each part returns false with e set, or goes on with `missing` set. */
bool compose_fats(struct plan *p, const struct compose_opts *o);
bool compose_args(struct plan *p, const char *args); /* and the label */
/* A unified kernel image: good if the arguments are in it already. */
struct fat;
struct fat_file;
bool compose_unified_fat(struct plan *p, const struct fat *f, unsigned boot,
    const char *path, const struct fat_file *file, const char *args);
bool compose_unified_tree(
    struct plan *p, uint32_t node, const char *path, const char *args);
/* The label: whether it is one, whether a configuration can do without the
 * former one, and its place in the descriptors. */
bool compose_label_ok(struct plan *p, const char *label);
bool compose_label_free(
    struct plan *p, const char *path, const struct buf *text);
void compose_label(struct plan *p);
bool compose_edits(struct plan *p); /* which folders change, and how */
bool compose_place(struct plan *p); /* where all goes */
bool compose_write(struct plan *p); /* folders and what points to them */
/* Path tables: where new ones go, and what stands in them. */
bool compose_table_place(struct plan *p, struct tree_job *tj);
bool compose_table_write(struct plan *p, struct tree_job *tj);
bool compose_sum(struct plan *p); /* the implanted checksum: last of all */

/* Adds contents made here; takes p. */
void compose_add(struct plan *p, uint32_t was, char *made, size_t n);

/* Room in the tail, at the start of a sector, zeroed. *sector is the image's; 0
 * for no bytes. */
bool compose_room(struct plan *p, size_t n, uint32_t *sector);
/* Writes to the base's sectors or into the tail. */
void compose_set(struct plan *p, uint32_t sector, const void *bytes, size_t n);

/* The bytes of a folder as it will be. */
bool compose_folder(
    struct plan *p, struct tree_job *tj, struct dir_job *d, struct buf *out);
/* Room for names that do not fit into their records. */
bool compose_areas(struct plan *p, struct tree_job *tj);

/* A name of this folder that no other has. false: there is none. */
bool compose_name(struct plan *p, const struct tree_job *tj,
    const struct dir_job *d, struct rec_job *r);
/* By ECMA-119 9.3; <0, 0, >0. */
int compose_cmp(enum cd_kind kind, const uint8_t *a, size_t na,
    const uint8_t *b, size_t nb);

static inline struct dir_job *
compose_job_of(struct tree_job *tj, uint32_t node)
{
	for (size_t i = 0; i < tj->n; i++)
		if (tj->v[i].node == node)
			return &tj->v[i];
	return NULL;
}

#endif
