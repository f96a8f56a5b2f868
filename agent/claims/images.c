/* See images.h. */
#include "agent/claims/images.h"

#include <string.h>
#include <sys/queue.h>

#include "agent/control/names.h"
#include "agent/origin/blocks.h"
#include "agent/origin/origin.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

#define IMAGES_CACHE (16u << 20)
#define IMAGES_IDLE_US (10 * LOOP_MIN)
#define IMAGES_SWEEP_US LOOP_MIN

static const struct kube_resource HOSTS = { AX, AX_VERSION, "physicalhosts",
	"PhysicalHost", false };

struct asker {
	TAILQ_ENTRY(asker) in_image;
	serve_opened *fn;
	void *arg;
};

struct image {
	LIST_ENTRY(image) in_images;
	struct images *im;
	struct live_claim *claim; /* counted */
	unsigned refs;            /* readers */
	int64_t used_us;
	struct kube_call *asking; /* for the host */
	struct origin_reader *origin;
	struct blocks_view *view; /* NULL until it was opened */
	char etag[80];
	TAILQ_HEAD(, asker) askers;
	struct err failed; /* told from `tell`, out of the origin's callback */
	struct deferred tell;
	bool over; /* not to be handed out any more */
};

struct images {
	struct kube_client *kube; /* borrowed */
	const struct env *env;
	char *origins; /* owned; NULL = any */
	struct tls_trust *trust;
	struct blocks *blocks;
	LIST_HEAD(, image) v;
	struct timer sweep;
};

static void
image_free(struct image *i)
{
	struct asker *a;

	deferred_cancel(&i->tell);
	if (i->asking != NULL)
		kube_cancel(i->asking);
	while ((a = TAILQ_FIRST(&i->askers)) != NULL) {
		TAILQ_REMOVE(&i->askers, a, in_image);
		xfree(a);
	}
	LIST_REMOVE(i, in_images);
	blocks_view_free(i->view);
	origin_reader_free(i->origin);
	live_unref(i->claim);
	xfree(i);
}

/* ---- opening ------------------------------------------------------------ */

static void
hand_out(struct image *i, serve_opened *fn, void *arg)
{
	struct serve_image s = { .source = blocks_view_source(i->view) };

	(void)str_copy(s.etag, sizeof(s.etag), i->etag); /* fits */
	i->refs++;
	fn(arg, &s, NULL);
}

/* Whoever is told may ask again: an image that failed is over by then. */
static void
tell(void *arg)
{
	struct image *i = arg;
	struct err e = i->failed;
	struct asker *a;

	i->over = e.kind != ERR_NONE;
	i->refs++; /* stays while it tells */
	while ((a = TAILQ_FIRST(&i->askers)) != NULL) {
		struct asker copy = *a;

		TAILQ_REMOVE(&i->askers, a, in_image);
		xfree(a);
		if (i->over)
			copy.fn(copy.arg, NULL, &e);
		else
			hand_out(i, copy.fn, copy.arg);
	}
	i->refs--;
	i->used_us = loop_mono_us(i->im->env->loop);
	if (i->over && i->refs == 0)
		image_free(i);
}

static void
tell_soon(struct image *i, const struct err *e)
{
	if (e != NULL)
		i->failed = *e;
	loop_defer(i->im->env->loop, &i->tell, tell, i);
}

static void
origin_opened(void *arg, const struct err *e)
{
	struct image *i = arg;
	const char *name = origin_reader_name(i->origin);
	struct err why;

	/* The token lives: what lacks is behind it. */
	if (e != NULL && e->kind == ERR_NOTFOUND) {
		why = *e;
		why.kind = ERR_SPEC;
		e = &why;
	}
	if (e == NULL) {
		i->view = blocks_view_new(
		    i->im->blocks, name, origin_reader_source(i->origin));
		(void)str_format(i->etag, sizeof(i->etag), "\"%.32s\"", name);
		LOGI(i->im->env->log, "serves an image",
		    F_STR("host", i->claim->key),
		    F_INT("attempt", i->claim->attempt),
		    F_INT("bytes",
			(int64_t)origin_reader_source(i->origin)->size));
	}
	tell_soon(i, e);
}

static bool
open_origin(struct image *i, const cJSON *host, struct err *e)
{
	struct origin_opts o = {
		.url = json_str(host, "spec/bootIsoSource", ""),
		.allowed = i->im->origins,
		.trust = i->im->trust,
	};

	if (!str_eq(json_str(host, "spec/consumerRef/claimID", ""),
		i->claim->claim))
		return err_set(
		    e, ERR_NOTFOUND, 0, "its host is claimed by another one");
	if (o.url[0] == '\0')
		return err_set(
		    e, ERR_SPEC, 0, "its host has no spec.bootIsoSource");
	i->origin = origin_reader_new(i->im->env, &o, origin_opened, i, e);
	return i->origin != NULL;
}

static void
host_read(void *arg, const struct kube_reply *r)
{
	struct image *i = arg;
	struct err e;

	i->asking = NULL;
	if (r->err.kind != ERR_NONE) {
		e = r->err;
		if (e.kind != ERR_NOTFOUND)
			e.kind = ERR_BUSY;
		tell_soon(i, &e);
	} else if (!open_origin(i, r->object, &e)) {
		tell_soon(i, &e);
	}
}

static struct image *
image_new(struct images *im, struct live_claim *c)
{
	struct image *i = xcalloc(1, sizeof(*i));
	struct kube_request rq = { .verb = KUBE_GET,
		.res = &HOSTS,
		.ns = c->ns,
		.name = c->name,
		.done = host_read,
		.arg = i };

	i->im = im;
	i->claim = live_ref(c);
	TAILQ_INIT(&i->askers);
	LIST_INSERT_HEAD(&im->v, i, in_images);
	i->asking = kube_start(im->kube, &rq);
	return i;
}

/* ---- hooks -------------------------------------------------------------- */

void
images_open(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg)
{
	struct images *im = self;
	struct image *i;
	struct asker *a;

	(void)which;
	LIST_FOREACH (i, &im->v, in_images) {
		if (i->claim != c || i->over)
			continue;
		if (i->view == NULL || !origin_reader_changed(i->origin))
			break;
		i->over = true; /* its readers are cut one by one */
	}
	if (i != NULL && i->view != NULL && TAILQ_EMPTY(&i->askers)) {
		hand_out(i, fn, arg);
		return;
	}
	if (i == NULL)
		i = image_new(im, c);
	a = xcalloc(1, sizeof(*a));
	a->fn = fn;
	a->arg = arg;
	TAILQ_INSERT_TAIL(&i->askers, a, in_image);
}

void
images_give_back(void *self, const struct serve_image *image)
{
	struct images *im = self;
	struct image *i;

	LIST_FOREACH (i, &im->v, in_images)
		if (i->view != NULL &&
		    blocks_view_source(i->view) == image->source)
			break;
	if (i == NULL)
		return;
	i->refs--;
	i->used_us = loop_mono_us(im->env->loop);
}

static bool
cancel_in(struct image *i, const void *arg)
{
	struct asker *a;

	TAILQ_FOREACH (a, &i->askers, in_image)
		if (a->arg == arg) {
			TAILQ_REMOVE(&i->askers, a, in_image);
			xfree(a);
			return true;
		}
	return false;
}

void
images_cancel(void *self, void *arg)
{
	struct images *im = self;
	struct image *i;

	LIST_FOREACH (i, &im->v, in_images)
		if (cancel_in(i, arg))
			return;
}

/* ---- life --------------------------------------------------------------- */

/* Those of dead claims, and those that nobody reads any more. */
static void
sweep(void *arg)
{
	struct images *im = arg;
	int64_t now = loop_mono_us(im->env->loop);
	struct image *i, *next;

	timer_start(im->env->loop, &im->sweep, IMAGES_SWEEP_US, sweep, im);
	for (i = LIST_FIRST(&im->v); i != NULL; i = next) {
		next = LIST_NEXT(i, in_images);
		if (i->refs > 0 || i->view == NULL || !TAILQ_EMPTY(&i->askers))
			continue;
		if (i->over || !live_open(i->claim, TOKEN_MEDIUM) ||
		    now - i->used_us > IMAGES_IDLE_US)
			image_free(i);
	}
}

struct images *
images_new(struct kube_client *k, const struct images_opts *o)
{
	struct images *im = xcalloc(1, sizeof(*im));

	im->kube = k;
	im->env = kube_client_env(k);
	im->origins = str_empty(o->origins) ? NULL : xstrdup(o->origins);
	im->trust = o->trust;
	im->blocks =
	    blocks_new(im->env, o->cache == 0 ? IMAGES_CACHE : o->cache);
	timer_start(im->env->loop, &im->sweep, IMAGES_SWEEP_US, sweep, im);
	return im;
}

void
images_free(struct images *im)
{
	if (im == NULL)
		return;
	timer_stop(&im->sweep);
	while (!LIST_EMPTY(&im->v))
		image_free(LIST_FIRST(&im->v));
	blocks_free(im->blocks);
	xfree(im->origins);
	xfree(im);
}
