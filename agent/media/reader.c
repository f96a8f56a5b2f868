/* See reader.h. */
#include "agent/media/reader.h"

#include <string.h>

#include "common/mem.h"

struct reader_read {
	LIST_ENTRY(reader_read) in_reader;
	struct reader *r;
	uint64_t at, end; /* still to come */
	size_t n, got;
	char *p; /* owned: what came, if it is of several pieces */
	bool inside, again, reading;
	struct err failed;
	source_fn *fn;
	void *arg;
};

static void go(struct reader_read *t);

static void
read_free(struct reader_read *t)
{
	LIST_REMOVE(t, in_reader);
	if (t->p != NULL)
		secret_wipe(t->p, t->n);
	xfree(t->p);
	xfree(t);
}

static void
finish(struct reader_read *t, const void *p, const struct err *e)
{
	source_fn *fn = t->fn;
	void *arg = t->arg;
	size_t n = p == NULL ? 0 : t->n;
	char *owned = t->p;

	t->p = NULL;
	read_free(t);
	fn(arg, p, n, e);
	if (owned != NULL)
		secret_wipe(owned, n);
	xfree(owned);
}

static void
keep(struct reader_read *t, const void *p, size_t n)
{
	if (t->p == NULL)
		t->p = xcalloc(1, t->n); /* so zeros are there already */
	if (p != NULL)
		memcpy(t->p + t->got, p, n);
	t->got += n;
}

/* A piece of the base; go() is on the stack if it came at once. */
static void
came(void *arg, const void *p, size_t n, const struct err *e)
{
	struct reader_read *t = arg;

	t->reading = false;
	if (p != NULL && n == t->n) {
		finish(t, p, NULL);
		return;
	}
	if (p == NULL)
		t->failed = *e;
	else
		keep(t, p, n);
	if (t->inside)
		t->again = true;
	else
		go(t);
}

/* The whole read is one piece of the base: it ends with that, perhaps now. */
static void
pass_on(struct reader_read *t, const struct composed_piece *c)
{
	const struct source *base = t->r->base;

	t->reading = true;
	base->read(base->self, c->from, (size_t)c->n, came, t);
}

static bool
step(struct reader_read *t, const struct composed_piece *c)
{
	t->again = true;
	if (c->kind != COMPOSED_BASE) {
		keep(t, c->kind == COMPOSED_ZERO ? NULL : c->p, (size_t)c->n);
		return true;
	}
	t->again = false;
	t->inside = true;
	pass_on(t, c);
	t->inside = false;
	return t->again;
}

static void
go(struct reader_read *t)
{
	struct composed_piece c;

	do {
		if (t->failed.kind != ERR_NONE) {
			struct err e = t->failed;

			finish(t, NULL, &e);
			return;
		}
		if (!composed_next(t->r->of, &t->at, t->end, &c)) {
			finish(t, t->p, NULL);
			return;
		}
		if (c.n == t->n && c.kind == COMPOSED_MEMORY) {
			finish(t, c.p, NULL);
			return;
		}
		if (c.n == t->n && c.kind == COMPOSED_BASE) {
			pass_on(t, &c); /* t may be gone */
			return;
		}
	} while (step(t, &c));
}

static void
reader_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct reader *r = self;
	struct reader_read *t = xcalloc(1, sizeof(*t));

	t->r = r;
	t->at = at;
	t->end = at + n;
	t->n = n;
	t->fn = fn;
	t->arg = arg;
	LIST_INSERT_HEAD(&r->reads, t, in_reader);
	go(t);
}

static void
drop(struct reader_read *t)
{
	if (t->reading)
		t->r->base->cancel(t->r->base->self, t);
	read_free(t);
}

static void
reader_cancel(void *self, void *arg)
{
	struct reader *r = self;
	struct reader_read *t;

	LIST_FOREACH (t, &r->reads, in_reader)
		if (t->arg == arg) {
			drop(t);
			return;
		}
}

/* What is in memory is ready. */
static void
reader_ahead(void *self, uint64_t at)
{
	const struct reader *r = self;
	struct composed_piece c;

	if (r->base != NULL && r->base->ahead != NULL &&
	    composed_next(r->of, &at, at + 1, &c) && c.kind == COMPOSED_BASE)
		r->base->ahead(r->base->self, c.from);
}

void
reader_init(
    struct reader *r, const struct composed *of, const struct source *base)
{
	memset(r, 0, sizeof(*r));
	r->source = (struct source){ .size = of->size,
		.read = reader_read,
		.cancel = reader_cancel,
		.ahead = reader_ahead,
		.self = r };
	r->of = of;
	r->base = base;
	LIST_INIT(&r->reads);
}

void
reader_fini(struct reader *r)
{
	while (!LIST_EMPTY(&r->reads))
		drop(LIST_FIRST(&r->reads));
}
