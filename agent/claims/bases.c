/* See bases.h. */
#include "agent/claims/bases.h"

#include <string.h>

#include "agent/claims/base_proof.h"
#include "agent/origin/sums.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/random.h"
#include "common/retry.h"
#include "common/str.h"

#define SWEEP_US (10 * LOOP_MIN)
#define SHOWN 160
#define METRIC "beskar7_media_images"

enum phase {
	PHASE_REST,  /* READY, or `why`: a timer looks again */
	PHASE_OPEN,  /* it is asked what it is */
	PHASE_SUM,   /* its SHA256SUMS is read */
	PHASE_WAIT,  /* others are looked at */
	PHASE_PROVE, /* it is looked at */
};

struct base {
	LIST_ENTRY(base) in_bases;
	struct bases *of;
	char *url, *checksum; /* owned; checksum NULL = none */
	LIST_HEAD(, base_user) users;
	enum phase phase;
	struct proof *now;  /* NULL: nothing is proven */
	struct proof *next; /* under way */
	struct sums_call *sums;
	bool has_want;
	uint8_t want[32];
	/* Why not; `refused` until the image is another one than that. */
	struct err why;
	const char *reason;
	bool refused;
	char refused_name[65];
	struct timer again;
	struct backoff backoff;
	int64_t looked_us, used_us;
	unsigned told_percent;
	struct deferred drop; /* of what is not the origin's image any more */
	bool lost;
};

struct bases {
	const struct env *env;
	struct bases_opts o; /* its strings are ours */
	char *origins, *folders;
	struct blocks *cache;
	LIST_HEAD(, base) v;
	size_t n;
	unsigned proving;
	uint64_t serial; /* of blocks' names */
	struct rng rng;
	struct timer sweep;
};

static void look(void *arg);

/* ---- saying ------------------------------------------------------------- */

/* Listeners only note it: the list stays. */
static void
changed(struct base *b)
{
	struct base_user *u;

	LIST_FOREACH (u, &b->users, in_base)
		u->changed(u->arg);
}

static void
shown(const struct base *b, char out[SHOWN])
{
	(void)str_format(out, SHOWN, "%.*s", (int)strcspn(b->url, "?"),
	    b->url); /* cut is fine */
}

void
base_status(const struct base *b, struct base_status *out)
{
	static const char *const doing[] = { [PHASE_OPEN] = "is being opened",
		[PHASE_SUM] = "waits for its SHA256SUMS",
		[PHASE_WAIT] = "waits until others are checked",
		[PHASE_PROVE] = "is being read and checked" };
	char name[SHOWN];

	*out = (struct base_status){ .state = BASE_READY };
	shown(b, name);
	if (b->why.kind != ERR_NONE) {
		out->state = b->refused ? BASE_REFUSED : BASE_RETRY;
		out->reason = b->reason;
		(void)str_format(out->message, sizeof(out->message), "%s%s%s",
		    strstr(b->why.msg, name) == NULL ? name : "",
		    strstr(b->why.msg, name) == NULL ? ": " : "", b->why.msg);
	} else if (b->phase != PHASE_REST) {
		out->state = BASE_WORKING;
		(void)str_format(out->message, sizeof(out->message), "%s %s",
		    name, doing[b->phase]);
	}
	out->percent = b->now != NULL    ? 100
		       : b->next != NULL ? proof_percent(b->next)
					 : 0;
}

struct base_image *
base_image(struct base *b)
{
	if (b->now == NULL || b->lost || b->phase == PHASE_OPEN)
		return NULL;
	b->now->refs++;
	return &b->now->image;
}

void
base_image_unref(struct base_image *i)
{
	if (i != NULL)
		proof_unref(proof_of(i));
}

/* ---- the end of a look -------------------------------------------------- */

static void next_in_turn(struct bases *bs);

static void
rest(struct base *b)
{
	bool proving = b->phase == PHASE_PROVE;

	sums_cancel(b->sums);
	b->sums = NULL;
	if (b->next != NULL) {
		proof_mute(b->next);
		proof_unref(b->next);
		b->next = NULL;
	}
	b->phase = PHASE_REST;
	b->looked_us = loop_mono_us(b->of->env->loop);
	if (!proving)
		return;
	b->of->proving--;
	next_in_turn(b->of);
}

static void
forget(struct base *b)
{
	struct proof *old = b->now;

	deferred_cancel(&b->drop);
	b->lost = false;
	b->now = NULL;
	if (old == NULL)
		return;
	old->image.over = true;
	proof_mute(old);
	proof_unref(old);
}

static void
failed(struct base *b, const struct err *e, const char *reason, bool refused)
{
	struct err why = *e;
	bool known = b->why.kind != ERR_NONE && str_eq(b->why.msg, why.msg);
	char name[SHOWN];

	shown(b, name);
	if (!known)
		LOGW(b->of->env->log, "an image cannot be served",
		    F_STR("image", name), F_STR("reason", reason), F_ERR(&why));
	rest(b);
	b->why = why;
	b->reason = reason;
	b->refused = refused;
	timer_start(b->of->env->loop, &b->again,
	    refused ? BASES_REFUSED_US : backoff_next(&b->backoff), look, b);
	changed(b);
}

static void
good(struct base *b)
{
	b->why.kind = ERR_NONE;
	b->refused = false;
	b->refused_name[0] = '\0';
	backoff_reset(&b->backoff);
	timer_stop(&b->again);
	rest(b);
	changed(b);
}

/* ---- a look ------------------------------------------------------------- */

static void
lose(void *arg)
{
	struct base *b = arg;

	forget(b);
	if (b->phase == PHASE_REST && !timer_armed(&b->again))
		timer_start(b->of->env->loop, &b->again,
		    backoff_next(&b->backoff), look, b);
	changed(b);
}

/* Of reads of what is proven: inside of one of them. */
static void
on_read(void *arg, const struct err *e)
{
	struct base *b = arg;
	bool bad = b->why.kind != ERR_NONE;

	if (e == NULL && (!bad || b->phase != PHASE_REST || b->lost))
		return;
	if (e == NULL) {
		b->why.kind = ERR_NONE;
		changed(b);
		return;
	}
	if (bad && b->why.kind == e->kind)
		return;
	b->why = *e;
	b->reason = "OriginFailed";
	b->refused = false;
	if (e->kind == ERR_CONFLICT) {
		b->lost = true;
		b->now->image.over = true;
		loop_defer(b->of->env->loop, &b->drop, lose, b);
	} else if (b->phase == PHASE_REST && !timer_armed(&b->again)) {
		timer_start(b->of->env->loop, &b->again,
		    backoff_next(&b->backoff), look, b);
	}
	changed(b);
}

static void
on_progress(void *arg)
{
	struct base *b = arg;
	unsigned percent = proof_percent(b->next) / 10;

	if (percent == b->told_percent)
		return;
	b->told_percent = percent;
	changed(b);
}

static void
proven(void *arg, const struct err *e)
{
	struct base *b = arg;
	struct proof *p = b->next;
	struct err why;
	char name[SHOWN];

	if (e == NULL && p->image.p.cd.n_boots == 0) {
		(void)err_set(&why, ERR_SPEC, 0,
		    "the image has no boot catalog (El Torito)");
		(void)str_copy(b->refused_name, 65, proof_name(p));
		failed(b, &why, "NoBootCatalog", true);
		return;
	}
	if (e != NULL) {
		bool bytes = e->kind == ERR_SPEC || e->kind == ERR_TOO_BIG;

		if (bytes)
			(void)str_copy(b->refused_name, 65, proof_name(p));
		failed(b, e, bytes ? proof_refusal(e) : "OriginFailed", bytes);
		return;
	}
	shown(b, name);
	LOGI(b->of->env->log, "an image is proven", F_STR("image", name),
	    F_INT("bytes", (int64_t)p->image.source->size),
	    F_BOOL("checksum", b->has_want));
	p->done = NULL;
	p->progress = NULL;
	p->told = on_read;
	b->now = p;
	b->next = NULL;
	b->phase = PHASE_REST;
	b->of->proving--;
	good(b);
	next_in_turn(b->of);
}

static void
prove(struct base *b)
{
	char name[32];

	(void)str_format(
	    name, sizeof(name), "%llu", (unsigned long long)b->of->serial++);
	b->phase = PHASE_PROVE;
	b->of->proving++;
	b->told_percent = 0;
	b->why.kind = ERR_NONE;
	b->next->done = proven;
	b->next->progress = on_progress;
	b->next->arg = b;
	proof_begin(b->next, b->has_want ? b->want : NULL, b->of->cache, name);
	changed(b);
}

static void
next_in_turn(struct bases *bs)
{
	struct base *b, *oldest = NULL;

	if (bs->proving >= BASES_AT_ONCE)
		return;
	LIST_FOREACH (b, &bs->v, in_bases)
		if (b->phase == PHASE_WAIT &&
		    (oldest == NULL || b->looked_us < oldest->looked_us))
			oldest = b;
	if (oldest != NULL)
		prove(oldest);
}

static void
queue(struct base *b)
{
	b->phase = PHASE_WAIT;
	b->looked_us = loop_mono_us(b->of->env->loop);
	next_in_turn(b->of);
}

static void
summed(void *arg, const uint8_t *sha256, const struct err *e)
{
	struct base *b = arg;

	b->sums = NULL;
	if (sha256 == NULL) {
		failed(b, e,
		    e->kind == ERR_SPEC ? "ChecksumNotFound" : "OriginFailed",
		    e->kind == ERR_SPEC);
		return;
	}
	memcpy(b->want, sha256, sizeof(b->want));
	b->has_want = true;
	queue(b);
}

/* A SHA256SUMS of --image-dir. */
static bool
sums_in_folder(struct base *b, const char *path, struct err *e)
{
	struct files *fs = b->of->env->files;
	struct buf text;
	bool ok;

	if (path[0] == '\0')
		return false;
	buf_init(&text, SUMS_MAX);
	ok = fs->read(fs->self, path, &text, e) &&
	     sums_find(buf_str(&text), text.n, b->url, b->want, e);
	buf_free(&text);
	return ok;
}

static void
want_sum(struct base *b)
{
	struct origin_opts o = { .url = b->checksum,
		.allowed = b->of->origins,
		.trust = b->of->o.trust };
	struct err e = { .kind = ERR_NONE };
	char path[FOLDER_PATH];

	b->phase = PHASE_SUM;
	b->has_want = b->checksum != NULL;
	if (b->checksum == NULL) {
		queue(b);
	} else if (str_has_prefix(b->checksum, "sha256:")) {
		if (hex_decode(b->checksum + strlen("sha256:"), b->want, 32))
			queue(b);
		else
			(void)err_set(
			    &e, ERR_SPEC, 0, "image.checksum is no SHA-256");
	} else if (folder_path(b->of->folders, b->checksum, path, &e)) {
		if (sums_in_folder(b, path, &e))
			queue(b);
	} else {
		b->sums = sums_fetch(b->of->env, &o, b->url, summed, b, &e);
	}
	if (e.kind != ERR_NONE)
		failed(b, &e, "ChecksumNotFound", e.kind == ERR_SPEC);
}

static void
opened(void *arg, const struct err *e)
{
	struct base *b = arg;
	const char *name;

	if (e != NULL) {
		failed(b, e, "OriginFailed", e->kind == ERR_SPEC);
		return;
	}
	name = proof_name(b->next);
	if (b->now != NULL && !b->lost && !proof_changed(b->now) &&
	    str_eq(proof_name(b->now), name)) {
		good(b);
		return;
	}
	/* The sums may say another thing by now; nobody else's may. */
	if (str_eq(b->refused_name, name) &&
	    (b->checksum == NULL || str_has_prefix(b->checksum, "sha256:"))) {
		struct err why = b->why;

		failed(b, &why, b->reason, true);
		return;
	}
	forget(b);
	want_sum(b);
}

static void
look(void *arg)
{
	struct base *b = arg;
	struct proof_opts o = { b->url, b->of->origins, b->of->folders,
		b->of->o.trust };

	timer_stop(&b->again);
	b->phase = PHASE_OPEN;
	b->next = proof_new(b->of->env, &o);
	b->next->done = opened;
	b->next->arg = b;
}

/* ---- who wants it ------------------------------------------------------- */

static void
base_free(struct base *b)
{
	timer_stop(&b->again);
	if (b->phase == PHASE_WAIT)
		b->phase = PHASE_REST;
	LIST_REMOVE(b, in_bases);
	b->of->n--;
	rest(b);
	forget(b);
	xfree(b->url);
	xfree(b->checksum);
	xfree(b);
}

static void
gauge(struct bases *bs)
{
	metrics_set(bs->env->metrics, METRIC, NULL, (int64_t)bs->n);
}

/* The one that nobody uses for longest goes. */
static bool
make_room(struct bases *bs)
{
	struct base *b, *oldest = NULL;

	if (bs->n < BASES_MAX)
		return true;
	LIST_FOREACH (b, &bs->v, in_bases)
		if (LIST_EMPTY(&b->users) &&
		    (oldest == NULL || b->used_us < oldest->used_us))
			oldest = b;
	if (oldest == NULL)
		return false;
	base_free(oldest);
	return true;
}

static struct base *
find(struct bases *bs, const char *url, const char *checksum)
{
	struct base *b;

	LIST_FOREACH (b, &bs->v, in_bases)
		if (str_eq(b->url, url) &&
		    str_eq(b->checksum == NULL ? "" : b->checksum,
			checksum == NULL ? "" : checksum))
			return b;
	return NULL;
}

static struct base *
base_new(struct bases *bs, const char *url, const char *checksum)
{
	struct base *b = xcalloc(1, sizeof(*b));

	b->of = bs;
	b->url = xstrdup(url);
	b->checksum = str_empty(checksum) ? NULL : xstrdup(checksum);
	LIST_INIT(&b->users);
	backoff_init(&b->backoff, BASES_RETRY_US, BASES_RETRY_MAX_US, &bs->rng);
	LIST_INSERT_HEAD(&bs->v, b, in_bases);
	bs->n++;
	gauge(bs);
	look(b);
	return b;
}

bool
base_want(struct bases *bs, struct base_user *u, const char *url,
    const char *checksum, struct err *e)
{
	struct base *b = find(bs, url, checksum);
	int64_t now = loop_mono_us(bs->env->loop);

	base_leave(u);
	if (b == NULL && !make_room(bs))
		return err_set(e, ERR_BUSY, 0,
		    "%u images are in use, as many as may be", BASES_MAX);
	if (b == NULL)
		b = base_new(bs, url, checksum);
	else if (b->phase == PHASE_REST && b->now != NULL &&
		 now - b->looked_us > BASES_FRESH_US)
		look(b); /* the origin may have another one by now */
	u->base = b;
	LIST_INSERT_HEAD(&b->users, u, in_base);
	return true;
}

void
base_leave(struct base_user *u)
{
	if (u->base == NULL)
		return;
	u->base->used_us = loop_mono_us(u->base->of->env->loop);
	LIST_REMOVE(u, in_base);
	u->base = NULL;
}

/* ---- life --------------------------------------------------------------- */

static void
sweep(void *arg)
{
	struct bases *bs = arg;
	int64_t now = loop_mono_us(bs->env->loop);
	struct base *b, *next;

	timer_start(bs->env->loop, &bs->sweep, SWEEP_US, sweep, bs);
	for (b = LIST_FIRST(&bs->v); b != NULL; b = next) {
		next = LIST_NEXT(b, in_bases);
		if (LIST_EMPTY(&b->users) && now - b->used_us > BASES_IDLE_US)
			base_free(b);
	}
	gauge(bs);
}

struct bases *
bases_new(const struct env *env, const struct bases_opts *o)
{
	struct bases *bs = xcalloc(1, sizeof(*bs));

	bs->env = env;
	bs->o = *o;
	bs->origins = str_empty(o->origins) ? NULL : xstrdup(o->origins);
	bs->folders = str_empty(o->folders) ? NULL : xstrdup(o->folders);
	bs->cache = blocks_new(env, o->cache == 0 ? 16u << 20 : o->cache);
	LIST_INIT(&bs->v);
	rng_seed(&bs->rng, env->seed, "bases");
	metrics_help(env->metrics, METRIC,
	    "Images that are known, proven or being proven");
	timer_start(env->loop, &bs->sweep, SWEEP_US, sweep, bs);
	return bs;
}

void
bases_free(struct bases *bs)
{
	if (bs == NULL)
		return;
	timer_stop(&bs->sweep);
	while (!LIST_EMPTY(&bs->v))
		base_free(LIST_FIRST(&bs->v));
	blocks_free(bs->cache);
	xfree(bs->origins);
	xfree(bs->folders);
	xfree(bs);
}
