/* See blocks.h. */
#include "agent/origin/blocks.h"

#include <string.h>
#include <sys/queue.h>

#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/metrics.h"

/* One read of a view, which may span blocks. */
struct wait {
	TAILQ_ENTRY(wait) in_view;
	LIST_ENTRY(wait) in_block; /* of the block it waits for */
	bool queued;               /* in such a list */
	struct blocks_view *view;
	uint64_t at;
	size_t n, got;
	char *p; /* owned: what came so far, if it spans blocks */
	source_fn *fn;
	void *arg;
};

LIST_HEAD(waits, wait);

struct block {
	TAILQ_ENTRY(block) in_use; /* the one used last is the last */
	struct blocks *b;
	struct blocks_view *via; /* who reads it; NULL: it is here */
	char *key;               /* owned */
	uint64_t at;
	char *p; /* owned; NULL while it is read */
	size_t n;
	unsigned busy; /* somebody looks at p: it must not go */
	bool ahead;    /* nobody came to it yet */
	bool early;    /* its read began before anybody did */
	struct waits waits;
};

struct blocks {
	const struct env *env; /* borrowed */
	size_t max;
	struct map by_key;          /* "name/number" -> struct block, owned */
	TAILQ_HEAD(, block) in_use; /* those that are here */
	TAILQ_HEAD(, blocks_view) views;
	size_t n_ahead;
	struct blocks_counts counts;
};

struct blocks_view {
	TAILQ_ENTRY(blocks_view) in_blocks;
	struct blocks *b;
	char *name; /* owned */
	const struct source *from;
	struct source source;
	TAILQ_HEAD(, wait) waits;
};

struct blocks *
blocks_new(const struct env *env, size_t max)
{
	struct blocks *b = xcalloc(1, sizeof(*b));

	b->env = env;
	b->max = max < BLOCKS_SIZE ? BLOCKS_SIZE : max;
	TAILQ_INIT(&b->in_use);
	TAILQ_INIT(&b->views);
	return b;
}

/* Somebody came to it, or nobody will. */
static void
not_ahead(struct block *k)
{
	k->b->n_ahead -= k->ahead;
	k->ahead = false;
}

static void
block_free(struct block *k)
{
	struct blocks *b = k->b;

	not_ahead(k);
	(void)map_take(&b->by_key, k->key); /* it was k */
	if (k->p != NULL) {
		TAILQ_REMOVE(&b->in_use, k, in_use);
		b->counts.bytes -= k->n;
	}
	xfree(k->p);
	xfree(k->key);
	xfree(k);
}

void
blocks_free(struct blocks *b)
{
	if (b == NULL)
		return;
	while (b->by_key.n > 0)
		block_free(b->by_key.v[b->by_key.n - 1].value);
	map_free(&b->by_key, NULL);
	xfree(b);
}

struct blocks_counts
blocks_counts(const struct blocks *b)
{
	return b->counts;
}

/* Makes room for n bytes, of the blocks that were used longest ago. Memory of that
 * length comes back to be used again, since new pages cost more than the copy into
 * them; else NULL. */
static char *
evict(struct blocks *b, size_t n)
{
	struct block *k, *next;
	char *p = NULL;

	for (k = TAILQ_FIRST(&b->in_use);
	     k != NULL && b->counts.bytes + n > b->max; k = next) {
		next = TAILQ_NEXT(k, in_use);
		if (k->busy > 0)
			continue;
		if (p == NULL && k->n == n) {
			p = k->p;
			k->p = NULL;
			TAILQ_REMOVE(&b->in_use, k, in_use);
			b->counts.bytes -= k->n;
		}
		block_free(k);
	}
	return p;
}

/* ---- reading ------------------------------------------------------------ */

static void go(struct wait *w);

static void
wait_free(struct wait *w)
{
	if (w->queued)
		LIST_REMOVE(w, in_block);
	TAILQ_REMOVE(&w->view->waits, w, in_view);
	xfree(w->p);
	xfree(w);
}

static void
fail(struct wait *w, const struct err *e)
{
	source_fn *fn = w->fn;
	void *arg = w->arg;

	wait_free(w);
	fn(arg, NULL, 0, e);
}

static void fetch(struct block *k, struct blocks_view *via);

/* Whoever waits for a block whose reader went reads it itself. */
static void
hand_over(struct block *k)
{
	struct wait *next;

	LIST_FOREACH (next, &k->waits, in_block)
		if (next->view != k->via)
			break;
	k->via = NULL;
	k->early = false;
	if (next != NULL)
		fetch(k, next->view);
	else
		block_free(k);
}

/* What is told may ask for more, cancel others, or free the view: the list is
 * apart from the block, and a failed block is gone before anybody hears of
 * it. */
static void
tell(struct waits *list, const struct err *e)
{
	struct wait *w;

	while ((w = LIST_FIRST(list)) != NULL) {
		LIST_REMOVE(w, in_block);
		w->queued = false;
		if (e != NULL)
			fail(w, e);
		else
			go(w);
	}
}

/* Whoever came to a read that had begun before gets one of his own if it fails:
 * he has as much time as if nobody had read ahead. */
static bool
once_more(struct block *k, const struct err *e)
{
	struct wait *w = LIST_FIRST(&k->waits);

	if (!k->early || w == NULL || e->kind == ERR_CONFLICT)
		return false;
	k->early = false;
	fetch(k, w->view);
	return true;
}

/* A copy of what came. */
static void
keep(struct block *k, const void *p, size_t n)
{
	struct blocks *b = k->b;

	k->p = evict(b, n);
	if (k->p == NULL)
		k->p = xmalloc(n);
	memcpy(k->p, p, n);
	k->n = n;
	b->counts.bytes += n;
	TAILQ_INSERT_TAIL(&b->in_use, k, in_use);
}

static void
fetched(void *arg, const void *p, size_t n, const struct err *e)
{
	struct block *k = arg;
	struct blocks *b = k->b;
	struct waits list = LIST_HEAD_INITIALIZER(list);
	struct wait *w;

	if (p == NULL && once_more(k, e))
		return;
	k->via = NULL;
	while ((w = LIST_FIRST(&k->waits)) != NULL) {
		LIST_REMOVE(w, in_block);
		LIST_INSERT_HEAD(&list, w, in_block);
	}
	if (p == NULL) {
		block_free(k);
		tell(&list, e);
		return;
	}
	keep(k, p, n);
	k->busy++;
	tell(&list, NULL);
	k->busy--;
	(void)evict(b, 0); /* what was looked at before */
}

static void
fetch(struct block *k, struct blocks_view *via)
{
	uint64_t left = via->from->size - k->at;
	size_t n = left < BLOCKS_SIZE ? (size_t)left : BLOCKS_SIZE;

	k->via = via;
	k->b->counts.misses++;
	via->from->read(via->from->self, k->at, n, fetched, k);
}

/* The block of that byte; NULL: it is neither here nor on its way. */
static struct block *
find(const struct blocks_view *v, uint64_t at, char **key)
{
	*key = xasprintf(
	    "%s/%llu", v->name, (unsigned long long)(at / BLOCKS_SIZE));
	return map_get(&v->b->by_key, *key);
}

static struct block *
block_new(struct blocks *b, uint64_t at, char *key)
{
	struct block *k = xcalloc(1, sizeof(*k));

	k->b = b;
	k->key = key;
	k->at = at / BLOCKS_SIZE * BLOCKS_SIZE;
	LIST_INIT(&k->waits);
	(void)map_put(&b->by_key, key, k); /* there was none */
	return k;
}

static struct block *
block_of(struct blocks_view *v, uint64_t at, bool *made)
{
	struct blocks *b = v->b;
	char *key;
	struct block *k = find(v, at, &key);

	*made = k == NULL;
	if (k == NULL)
		return block_new(b, at, key);
	xfree(key);
	not_ahead(k);
	if (k->p != NULL) {
		TAILQ_REMOVE(&b->in_use, k, in_use);
		TAILQ_INSERT_TAIL(&b->in_use, k, in_use);
		b->counts.hits++;
	}
	return k;
}

/* Some of its bytes, or all at once, without a copy. */
static bool
take(struct wait *w, struct block *k)
{
	size_t off = (size_t)(w->at + w->got - k->at), n = w->n - w->got;
	source_fn *fn = w->fn;
	void *arg = w->arg;

	if (n > k->n - off)
		n = k->n - off;
	if (n == w->n) {
		wait_free(w);
		k->busy++;
		fn(arg, k->p + off, n, NULL);
		k->busy--;
		return true;
	}
	if (w->p == NULL)
		w->p = xmalloc(w->n);
	memcpy(w->p + w->got, k->p + off, n);
	w->got += n;
	return false;
}

/* Waits for a block that is not there yet. */
static void
queue(struct wait *w, struct block *k, bool made)
{
	struct blocks_view *v = w->view;

	w->queued = true;
	LIST_INSERT_HEAD(&k->waits, w, in_block);
	if (made)
		fetch(k, v); /* may end w */
}

/* Takes what there is of its bytes, and ends or waits for the rest. */
static void
go(struct wait *w)
{
	while (w->got < w->n) {
		bool made;
		struct block *k = block_of(w->view, w->at + w->got, &made);

		if (k->p == NULL) {
			queue(w, k, made);
			return;
		}
		if (take(w, k))
			return;
	}
	TAILQ_REMOVE(&w->view->waits, w, in_view);
	w->fn(w->arg, w->p, w->n, NULL);
	xfree(w->p);
	xfree(w);
}

static void
view_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct blocks_view *v = self;
	struct wait *w = xcalloc(1, sizeof(*w));

	w->view = v;
	w->at = at;
	w->n = n;
	w->fn = fn;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&v->waits, w, in_view);
	go(w);
}

/* A block that nobody waits for any more comes all the same: the next one will
 * want it. */
static void
view_cancel(void *self, void *arg)
{
	struct blocks_view *v = self;
	struct wait *w;

	TAILQ_FOREACH (w, &v->waits, in_view)
		if (w->arg == arg) {
			wait_free(w);
			return;
		}
}

static void
view_ahead(void *self, uint64_t at)
{
	struct blocks_view *v = self;
	struct blocks *b = v->b;
	struct block *k;
	char *key;

	if (at >= v->source.size || b->n_ahead >= b->max / BLOCKS_SIZE / 4)
		return;
	if (find(v, at, &key) != NULL) {
		xfree(key);
		return;
	}
	k = block_new(b, at, key);
	k->ahead = k->early = true;
	b->n_ahead++;
	b->counts.ahead++;
	fetch(k, v); /* k may be gone */
}

/* ---- views -------------------------------------------------------------- */

struct blocks_view *
blocks_view_new(struct blocks *b, const char *name, const struct source *from)
{
	struct blocks_view *v = xcalloc(1, sizeof(*v));

	v->b = b;
	v->name = xstrdup(name);
	v->from = from;
	v->source = (struct source){
		.size = from->size,
		.read = view_read,
		.cancel = view_cancel,
		.ahead = view_ahead,
		.self = v,
	};
	TAILQ_INIT(&v->waits);
	TAILQ_INSERT_TAIL(&b->views, v, in_blocks);
	return v;
}

const struct source *
blocks_view_source(struct blocks_view *v)
{
	return &v->source;
}

void
blocks_view_free(struct blocks_view *v)
{
	struct blocks *b;

	if (v == NULL)
		return;
	b = v->b;
	while (!TAILQ_EMPTY(&v->waits))
		wait_free(TAILQ_FIRST(&v->waits));
	/* From the end: handing over may free the one that is looked at. */
	for (size_t i = b->by_key.n; i-- > 0;) {
		struct block *k = i < b->by_key.n ? b->by_key.v[i].value : NULL;

		if (k == NULL || k->via != v)
			continue;
		v->from->cancel(v->from->self, k);
		hand_over(k);
	}
	TAILQ_REMOVE(&b->views, v, in_blocks);
	xfree(v->name);
	xfree(v);
}
