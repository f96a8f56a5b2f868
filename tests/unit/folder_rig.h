/* Files in memory that go wrong, or change, right behind a read. */
#ifndef B7_FOLDER_RIG_H
#define B7_FOLDER_RIG_H

#include "common/env.h"
#include "common/files.h"

struct folder_rig {
	struct files files; /* to be handed out */
	struct files *in;   /* owned: where they are */
	struct env env;     /* has nothing but these files */
	unsigned reads;
	/* Runs right behind that read, counted from 1; 0 = none. */
	unsigned when;
	void (*then)(struct folder_rig *r);
	/* What is said in the place of the truth; 0, ERR_NONE = nothing. */
	uint64_t size;
	int64_t stamp;
	enum err_kind read_fails, stamp_fails;
};

static inline bool
folder_rig_size(void *self, const char *path, uint64_t *n, struct err *e)
{
	struct folder_rig *r = self;

	if (!r->in->size(r->in->self, path, n, e))
		return false;
	if (r->size > 0)
		*n = r->size;
	return true;
}

static inline bool
folder_rig_stamp(void *self, const char *path, int64_t *us, struct err *e)
{
	struct folder_rig *r = self;

	if (r->stamp_fails != ERR_NONE)
		return err_set(e, r->stamp_fails, 5, "stat: scripted");
	if (!r->in->stamp(r->in->self, path, us, e))
		return false;
	if (r->stamp != 0)
		*us = r->stamp;
	return true;
}

static inline bool
folder_rig_read_at(
    void *self, const char *path, uint64_t at, void *p, size_t n, struct err *e)
{
	struct folder_rig *r = self;
	bool ok = r->in->read_at(r->in->self, path, at, p, n, e);

	if (r->read_fails != ERR_NONE)
		ok = err_set(e, r->read_fails, 5, "read: scripted");
	if (++r->reads == r->when)
		r->then(r);
	return ok;
}

static inline void
folder_rig_open(struct folder_rig *r)
{
	*r = (struct folder_rig){ .in = files_memory_new() };
	r->files = (struct files){ .size = folder_rig_size,
		.stamp = folder_rig_stamp,
		.read_at = folder_rig_read_at,
		.self = r };
	r->env = (struct env){ .name = "agent", .files = &r->files };
}

static inline void
folder_rig_close(struct folder_rig *r)
{
	files_memory_free(r->in);
}

#endif
