/* See source.h. */
#include "agent/media/source.h"

#include <string.h>

#include "common/mem.h"

static void go(struct source_run *r);

static void
finish(struct source_run *r, const struct err *e)
{
	source_done *done = r->done;

	xfree(r->todo);
	r->todo = NULL;
	r->done = NULL;
	done(r->arg, e); /* may free r */
}

/* A read has ended; go() is on the stack if it did so at once. */
static void
got(void *arg, const void *p, size_t n, const struct err *e)
{
	struct source_run *r = arg;
	struct sparse_range *t = &r->todo[r->at_todo];

	r->reading = false;
	if (p == NULL) {
		r->failed = *e;
	} else {
		sparse_put(r->into, t->at, p, n);
		t->at += n;
		t->n -= n;
		if (t->n == 0)
			r->at_todo++;
	}
	if (r->inside)
		r->again = true;
	else
		go(r);
}

/* The wants of a step that was run; false: it ended. */
static bool
plan(struct source_run *r)
{
	const struct sparse_range *v;
	struct err e = { .kind = ERR_NONE };
	enum media_step step = r->step(r->arg, r->into, &e);

	if (step == MEDIA_WANTS && !sparse_fits(r->into, &e))
		step = MEDIA_BAD;
	r->n_todo = sparse_wants(r->into, &v);
	r->at_todo = 0;
	if (step == MEDIA_WANTS && r->n_todo == 0) {
		step = MEDIA_BAD;
		(void)err_set(
		    &e, ERR_INTERNAL, 0, "wants nothing, is not done");
	}
	if (step != MEDIA_WANTS) {
		finish(r, step == MEDIA_DONE ? NULL : &e);
		return false;
	}
	r->todo = xreallocarray(r->todo, r->n_todo, sizeof(*r->todo));
	memcpy(r->todo, v, r->n_todo * sizeof(*v));
	return true;
}

static void
go(struct source_run *r)
{
	do {
		struct sparse_range *t;

		if (r->failed.kind != ERR_NONE) {
			struct err e = r->failed;

			finish(r, &e);
			return;
		}
		if (r->at_todo == r->n_todo && !plan(r))
			return;
		t = &r->todo[r->at_todo];
		r->again = false;
		r->inside = true;
		r->reading = true;
		r->from->read(r->from->self, t->at,
		    t->n < SOURCE_PIECE ? (size_t)t->n : SOURCE_PIECE, got, r);
		r->inside = false;
	} while (r->again);
}

void
source_run(struct source_run *r, const struct source *from, struct sparse *into,
    source_step *step, source_done *done, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->from = from;
	r->into = into;
	r->step = step;
	r->done = done;
	r->arg = arg;
	go(r);
}

void
source_stop(struct source_run *r)
{
	if (r->done == NULL)
		return;
	r->done = NULL;
	if (r->reading)
		r->from->cancel(r->from->self, r);
	r->reading = false;
	xfree(r->todo);
	r->todo = NULL;
}
