/*
 * The seam to the base image: bytes at an offset, which may come later. An HTTP
 * origin with ranges, a file, or memory in tests.
 */
#ifndef B7_AGENT_MEDIA_SOURCE_H
#define B7_AGENT_MEDIA_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/media/sparse.h"
#include "common/err.h"

/* All n bytes, borrowed for the call; or p NULL and e why. */
typedef void source_fn(void *arg, const void *p, size_t n, const struct err *e);

struct source {
	uint64_t size; /* of the base, in bytes */
	/* [at, at + n) inside of it. fn is called once, perhaps before this
	 * returns; not after cancel. */
	void (*read)(
	    void *self, uint64_t at, size_t n, source_fn *fn, void *arg);
	/* Of the read whose arg this is; none such is fine. */
	void (*cancel)(void *self, void *arg);
	void *self;
	/* NULL, or: the byte there will be wanted soon. What it lies in may be
	 * got ready, or not; nobody is told. */
	void (*ahead)(void *self, uint64_t at);
};

/* Runs a step until it wants nothing more: reads its wants one after another, in
 * order, at most SOURCE_PIECE at once. */
#define SOURCE_PIECE (1u << 20)
typedef enum media_step source_step(void *arg, struct sparse *s, struct err *e);
typedef void source_done(void *arg, const struct err *e); /* NULL = done */

struct source_run {
	const struct source *from;
	struct sparse *into;
	source_step *step;
	source_done *done;
	void *arg;
	struct sparse_range *todo; /* owned */
	size_t n_todo, at_todo;
	bool reading, inside, again;
	struct err failed;
};

/* done is called once, perhaps before this returns. The run, its source and
 * sparse belong to the caller and must outlive it. */
void source_run(struct source_run *r, const struct source *from,
    struct sparse *into, source_step *step, source_done *done, void *arg);
void source_stop(struct source_run *r); /* done is not called; idempotent */

#endif
