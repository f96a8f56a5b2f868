/* See proven.h. */
#include "agent/origin/proven.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

struct proven_read {
	LIST_ENTRY(proven_read) in_proven;
	struct proven *p;
	uint64_t at;
	source_fn *fn;
	void *arg;
};

static bool
is_right(const struct proven_read *r, const void *p, size_t n, struct err *e)
{
	const struct digests *d = r->p->digests;
	size_t index = (size_t)(r->at / DIGESTS_BLOCK);
	uint8_t sum[32];

	sha256(p, n, sum);
	if (index < d->n && memcmp(sum, d->v[index], sizeof(sum)) == 0)
		return true;
	return err_set(e, ERR_CONFLICT, 0,
	    "the image has changed at its origin: MiB %zu is not what it was",
	    index);
}

static void
came(void *arg, const void *p, size_t n, const struct err *e)
{
	struct proven_read *r = arg;
	struct proven_read copy = *r;
	struct proven *of = r->p;
	struct err why = { .kind = ERR_NONE };

	LIST_REMOVE(r, in_proven);
	xfree(r);
	if (p != NULL && !is_right(&copy, p, n, &why)) {
		p = NULL;
		e = &why;
	}
	if (of->told != NULL)
		of->told(of->arg, p == NULL ? e : NULL);
	copy.fn(copy.arg, p, p == NULL ? 0 : n, e);
}

static void
proven_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct proven *p = self;
	uint64_t left = p->source.size - at;
	struct proven_read *r;
	struct err e;

	if (at % DIGESTS_BLOCK != 0 ||
	    n != (left < DIGESTS_BLOCK ? left : DIGESTS_BLOCK)) {
		(void)err_set(&e, ERR_INTERNAL, 0, "a read of part of a MiB");
		fn(arg, NULL, 0, &e);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->p = p;
	r->at = at;
	r->fn = fn;
	r->arg = arg;
	LIST_INSERT_HEAD(&p->reads, r, in_proven);
	p->from->read(p->from->self, at, n, came, r);
}

static void
drop(struct proven_read *r)
{
	r->p->from->cancel(r->p->from->self, r);
	LIST_REMOVE(r, in_proven);
	xfree(r);
}

static void
proven_cancel(void *self, void *arg)
{
	struct proven *p = self;
	struct proven_read *r;

	LIST_FOREACH (r, &p->reads, in_proven)
		if (r->arg == arg) {
			drop(r);
			return;
		}
}

void
proven_init(struct proven *p, const struct source *from,
    const struct digests *d, void (*told)(void *arg, const struct err *e),
    void *arg)
{
	memset(p, 0, sizeof(*p));
	p->source = (struct source){ .size = from->size,
		.read = proven_read,
		.cancel = proven_cancel,
		.self = p };
	p->from = from;
	p->digests = d;
	p->told = told;
	p->arg = arg;
	LIST_INIT(&p->reads);
}

void
proven_fini(struct proven *p)
{
	while (!LIST_EMPTY(&p->reads))
		drop(LIST_FIRST(&p->reads));
}
