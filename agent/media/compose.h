/*
 * One host's image: the base with files added or replaced. A pure function: the
 * same base, files and arguments give the same bytes, whoever composes them and
 * when. Times are those of the folder that a file goes to.
 */
#ifndef B7_AGENT_MEDIA_COMPOSE_H
#define B7_AGENT_MEDIA_COMPOSE_H

#include "agent/media/cd.h"
#include "agent/media/composed.h"
#include "agent/media/sparse.h"

#define COMPOSE_FILES 64
#define COMPOSE_BYTES (64u << 20) /* of all files */

struct compose_file {
	const char *path; /* "/a/b", folders are made as needed */
	const void *p;    /* borrowed until compose() is done; copied */
	size_t n;
	/* In the FAT file system of boots[boot - 1] instead, where the path
	 * must be there; 0: in the trees. */
	unsigned boot;
};

struct compose_opts {
	const struct compose_file *files;
	size_t n_files;
	const char *args; /* kernel arguments to add; NULL = none */
	/* How the volume is to be called; NULL = as it is. Refused where a boot
	 * configuration of the image looks for the former name. */
	const char *label;
};

/* What was done, for logs and users; texts are one fact a line. */
struct compose_note {
	unsigned lines; /* of configurations that got the arguments */
	struct buf text;
};

/* MEDIA_DONE: *out is filled (composed_free). note may be NULL. ERR_SPEC for
 * what can never be composed of this base and these files. */
enum media_step compose(struct composed *out, const struct cd *cd,
    struct sparse *base, const struct compose_opts *opts,
    struct compose_note *note, struct err *e);

#endif
