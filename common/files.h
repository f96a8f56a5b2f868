/* The file seam: tokens, CAs, kubeconfigs, images, CRDs, recordings. */
#ifndef B7_FILES_H
#define B7_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

struct files {
	/* Whole file into out (whose max caps it). ERR_NOTFOUND, ERR_TOO_BIG,
	 * ERR_INTERNAL with errno as code. */
	bool (*read)(
	    void *self, const char *path, struct buf *out, struct err *e);
	/* Its bytes, and some of them: n at an offset, or it fails
	 * (ERR_PROTO: there are fewer). */
	bool (*size)(void *self, const char *path, uint64_t *n, struct err *e);
	bool (*read_at)(void *self, const char *path, uint64_t at, void *p,
	    size_t n, struct err *e);
	/* Modification stamp in microseconds, for noticing rotation. */
	bool (*stamp)(void *self, const char *path, int64_t *us, struct err *e);
	/* Names in a folder, sorted, one a line. */
	bool (*list)(
	    void *self, const char *path, struct buf *out, struct err *e);
	/* Makes a new file and the folders that it needs, for their owner
	 * alone. ERR_CONFLICT if it is there already: nothing that stands is
	 * written over; ERR_INTERNAL with errno as code. */
	bool (*write)(void *self, const char *path, const void *p, size_t n,
	    struct err *e);
	void *self;
};

struct files files_system(void);
/* In memory, for virtual worlds and tests. Stamps count the puts; paths are
 * compared as text, folders are what lies before a '/'. */
struct files *files_memory_new(void);
/* Stores a copy, replacing; p == NULL removes. */
void files_memory_put(
    struct files *f, const char *path, const void *p, size_t n);
void files_memory_free(struct files *f);

#endif
