/*
 * Writes whose fate is unknown. The object is read from the server (a plain
 * GET is answered from a quorum) until it answered, and where it shows no
 * change, for as long as the request could still be executed: an API server
 * drops a request after a minute, and we waited for half of that.
 */
#include "agent/kube/informer_impl.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define LATE_US (35 * LOOP_S)
#define READ_AGAIN_US (5 * LOOP_S)

struct doubt {
	struct informer *inf;
	char *key;
	char *rv; /* what the cache held when it began; NULL = nothing */
	int64_t until_us;
	struct kube_call *call;
	struct timer timer;
	struct backoff backoff;
};

static void
doubt_free(void *p)
{
	struct doubt *d = p;

	kube_cancel(d->call);
	timer_stop(&d->timer);
	xfree(d->key);
	xfree(d->rv);
	xfree(d);
}

void
doubts_free(struct informer *inf)
{
	map_free(&inf->doubts, doubt_free);
}

static void
settled(struct doubt *d)
{
	doubt_free(map_take(&d->inf->doubts, d->key));
}

static void doubt_read(void *arg);

static void
read_again(struct doubt *d, int64_t us)
{
	timer_start(d->inf->env->loop, &d->timer, us, doubt_read, d);
}

static bool
too_late(const struct doubt *d)
{
	return loop_mono_us(d->inf->env->loop) >= d->until_us;
}

static void
found(struct doubt *d, const struct kube_reply *r)
{
	/* Another version: what our write was based upon is gone, so it was
	 * executed or never will be. */
	bool moved = d->rv == NULL || !str_eq(d->rv, r->resource_version);

	cache_note(d->inf, r->object);
	if (moved || too_late(d))
		settled(d);
	else
		read_again(d, READ_AGAIN_US);
}

/* The watch will tell that it is gone; until then it is in doubt. */
static void
absent(struct doubt *d)
{
	if (!informer_has(d->inf, d->key) && too_late(d))
		settled(d);
	else
		read_again(d, READ_AGAIN_US);
}

static void
doubt_done(void *arg, const struct kube_reply *r)
{
	struct doubt *d = arg;
	int64_t wait;

	d->call = NULL;
	if (r->err.kind == ERR_NONE) {
		backoff_reset(&d->backoff);
		found(d, r);
		return;
	}
	if (r->err.kind == ERR_NOTFOUND) {
		absent(d);
		return;
	}
	wait = backoff_next(&d->backoff);
	read_again(d, wait > r->retry_after_us ? wait : r->retry_after_us);
}

static void
doubt_read(void *arg)
{
	struct doubt *d = arg;
	char ns[256], name[256];
	struct kube_request rq = { .verb = KUBE_GET,
		.res = d->inf->o.res,
		.metadata_only = d->inf->o.metadata_only,
		.sensitive = d->inf->o.metadata_only,
		.done = doubt_done,
		.arg = d };

	(void)kobj_key_split(d->key, ns, name);
	rq.ns = ns;
	rq.name = name;
	d->call = kube_start(d->inf->c, &rq);
}

void
informer_doubt(struct informer *inf, const char *key)
{
	struct doubt *d = map_get(&inf->doubts, key);
	const struct cached *c = cache_get(inf, key);

	if (d == NULL) {
		d = xcalloc(1, sizeof(*d));
		d->inf = inf;
		d->key = xstrdup(key);
		backoff_init(&d->backoff, LOOP_S, 30 * LOOP_S, &inf->rng);
		(void)map_put(&inf->doubts, key, d);
	}
	d->until_us = loop_mono_us(inf->env->loop) + LATE_US;
	xreplace(&d->rv, c == NULL ? NULL : c->rv);
	if (d->call == NULL)
		read_again(d, 0);
}

bool
informer_in_doubt(const struct informer *inf, const char *key)
{
	return map_get(&inf->doubts, key) != NULL;
}

size_t
informer_doubts(const struct informer *inf)
{
	return inf->doubts.n;
}
