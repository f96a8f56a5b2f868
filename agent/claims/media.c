/* See media.h. */
#include "agent/claims/media.h"

#include <string.h>

#include "agent/claims/medium.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define SWEEP_US (15 * LOOP_S)

/* ---- turns -------------------------------------------------------------- */

static bool
is_making(const struct medium *t)
{
	return t->state == MEDIUM_READING || t->state == MEDIUM_COMPOSING;
}

static void
next_in_turn(struct media *m)
{
	struct medium *t, *last = NULL;

	if (m->making >= MEDIA_MAKING)
		return;
	LIST_FOREACH (t, &m->v, in_media) /* the oldest is the last */
		if (t->queued)
			last = t;
	if (last == NULL)
		return;
	last->queued = false;
	m->making++;
	medium_make(last);
}

static void
enqueue(void *arg)
{
	struct medium *t = arg;

	if (t->queued || is_making(t) || t->state == MEDIUM_READY)
		return;
	timer_stop(&t->again);
	t->queued = true;
	next_in_turn(t->m);
}

/* ---- what is served no more --------------------------------------------- */

static bool
serves(const struct medium *t, enum token_purpose which)
{
	const struct live_claim *c = live_get(t->m->o.live, t->host);

	return c != NULL && str_eq(c->claim, t->claim) &&
	       c->attempt == t->attempt && live_open(c, which);
}

static void
leave(void *arg)
{
	struct medium *t = arg;
	bool data = t->made[TOKEN_CONFIG].size > 0 && serves(t, TOKEN_CONFIG);

	if (t->state != MEDIUM_READY || t->refs > 0 || data)
		return;
	if (serves(t, TOKEN_MEDIUM))
		medium_part(t);
	else
		medium_evict(t);
}

/* Not at once: whoever gives it back may be about to read its end. */
static void
leave_soon(struct medium *t)
{
	if (t->closed)
		loop_defer(t->m->env->loop, &t->leave, leave, t);
}

void
media_closed(struct media *m, const struct live_claim *c)
{
	struct medium *t;

	LIST_FOREACH (t, &m->v, in_media)
		if (t->attempt == c->attempt && str_eq(t->host, c->key) &&
		    str_eq(t->claim, c->claim)) {
			t->closed = true;
			leave_soon(t);
		}
}

/* ---- telling ------------------------------------------------------------ */

static void
hand_out(
    struct medium *t, enum token_purpose which, serve_opened *fn, void *arg)
{
	struct serve_image s = { .source = &t->readers[which].source };
	struct err e;

	if (t->made[which].size == 0) {
		(void)err_set(&e, ERR_NOTFOUND, 0, "there is no second medium");
		fn(arg, NULL, &e);
		return;
	}
	(void)str_copy(s.etag, sizeof(s.etag), t->etag[which]); /* fits */
	if (which == TOKEN_MEDIUM) {
		s.marks = t->image->marks;
		s.n_marks = t->image->n_marks;
	}
	t->refs++;
	fn(arg, &s, NULL);
}

static void
tell_askers(struct medium *t, const struct err *e)
{
	struct medium_asker *a;

	timer_stop(&t->patience);
	t->refs++; /* stays while it tells */
	while ((a = TAILQ_FIRST(&t->askers)) != NULL) {
		struct medium_asker copy = *a;

		TAILQ_REMOVE(&t->askers, a, in_medium);
		xfree(a);
		if (e != NULL)
			copy.fn(copy.arg, NULL, e);
		else
			hand_out(t, copy.which, copy.fn, copy.arg);
	}
	t->refs--;
	t->used_us = loop_mono_us(t->m->env->loop);
}

static void
wake(const struct medium *t)
{
	t->m->o.changed(t->m->o.arg, t->host);
}

static void
unmake(struct medium *t)
{
	t->m->making--;
	next_in_turn(t->m);
}

static void
say_failed(struct medium *t, enum boot_media_state state, const struct err *e)
{
	struct boot_media_answer *a = &t->answer;
	bool known = a->state == state && str_eq(a->message, e->msg);

	memset(a, 0, sizeof(*a));
	a->state = state;
	a->media_reason = t->media_reason;
	a->data_reason = t->data_reason;
	(void)str_format(a->message, sizeof(a->message), "%s", e->msg);
	if (!known)
		LOGW(t->m->env->log, "a medium cannot be made",
		    F_STR("host", t->host),
		    F_STR("reason", a->data_reason != NULL    ? a->data_reason
				    : a->media_reason != NULL ? a->media_reason
							      : ""),
		    F_ERR(e));
}

void
medium_done(struct medium *t, enum boot_media_state state, const struct err *e)
{
	struct err why = { .kind = ERR_NONE };

	t->told = true;
	if (e != NULL) {
		why = *e;
		say_failed(t, state, e);
		t->state = MEDIUM_IDLE;
		timer_start(t->m->env->loop, &t->again,
		    state == BOOT_MEDIA_REFUSED ? MEDIA_REFUSED_US
						: MEDIA_RETRY_US,
		    enqueue, t);
		/* The token lives: what lacks is behind it. */
		if (why.kind == ERR_NOTFOUND)
			why.kind = ERR_BUSY;
	} else {
		t->answer.state = BOOT_MEDIA_READY;
		t->used_us = loop_mono_us(t->m->env->loop);
	}
	tell_askers(t, e == NULL ? NULL : &why);
	if (e == NULL && t->m->bytes > MEDIA_HELD && t->refs == 0 &&
	    medium_pinned(t)[0] == '\0')
		medium_evict(t);
	leave_soon(t);
	wake(t);
	unmake(t);
}

/* Its image is not there. Whoever reads is told so, unless it comes soon. */
static void
base_says(struct medium *t)
{
	struct base_status s;
	struct err e;

	if (t->user.base == NULL)
		return;
	base_status(t->user.base, &s);
	if (t->state == MEDIUM_BASE && s.state == BASE_READY) {
		enqueue(t);
		return;
	}
	if (t->state == MEDIUM_BASE && s.state != BASE_WORKING) {
		(void)err_set(&e, ERR_BUSY, 0, "%s", s.message);
		tell_askers(t, &e);
	}
	/* Another image came in its place: made anew for the next one. */
	if (t->image != NULL && t->image->over && t->state == MEDIUM_READY)
		t->over = true;
	wake(t);
}

static void
base_turn(void *arg)
{
	base_says(arg);
}

static void
base_changed(void *arg)
{
	struct medium *t = arg;

	/* While it is composed, the end of that tells. */
	if (!is_making(t))
		loop_defer(t->m->env->loop, &t->news, base_turn, t);
}

void
medium_waits(struct medium *t)
{
	unmake(t);
	base_says(t);
}

static void
impatient(void *arg)
{
	struct medium *t = arg;
	struct err e;

	(void)err_set(&e, ERR_BUSY, 0, "the image is not ready yet");
	tell_askers(t, &e);
}

/* ---- one of them -------------------------------------------------------- */

static void
medium_free(struct medium *t)
{
	struct media *m = t->m;
	struct medium_asker *a;
	bool making = is_making(t);

	while ((a = TAILQ_FIRST(&t->askers)) != NULL) {
		TAILQ_REMOVE(&t->askers, a, in_medium);
		xfree(a);
	}
	timer_stop(&t->again);
	timer_stop(&t->patience);
	deferred_cancel(&t->turn);
	deferred_cancel(&t->news);
	deferred_cancel(&t->leave);
	medium_stop(t);
	medium_evict(t);
	base_leave(&t->user);
	LIST_REMOVE(t, in_media);
	xfree(t->host);
	xfree(t->ns);
	xfree(t->name);
	xfree(t->claim);
	xfree(t);
	if (!making)
		return;
	m->making--;
	next_in_turn(m);
}

static struct medium *
medium_new(struct media *m, const char *host, const char *claim, int attempt,
    bool second)
{
	struct medium *t = xcalloc(1, sizeof(*t));
	const char *slash = strchr(host, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - host);

	t->m = m;
	t->host = xstrdup(host);
	t->ns = xstrndup(host, n);
	t->name = xstrdup(slash == NULL ? host : slash + 1);
	t->claim = xstrdup(claim);
	t->attempt = attempt;
	t->second = second;
	t->user.changed = base_changed;
	t->user.arg = t;
	t->looked_us = loop_mono_us(m->env->loop);
	TAILQ_INIT(&t->askers);
	LIST_INSERT_HEAD(&m->v, t, in_media);
	return t;
}

static struct medium *
find(const struct media *m, const char *host, const char *claim, int attempt)
{
	struct medium *t;

	LIST_FOREACH (t, &m->v, in_media)
		if (!t->over && t->attempt == attempt &&
		    str_eq(t->host, host) && str_eq(t->claim, claim))
			return t;
	return NULL;
}

/* Not what is wanted any more: its readers read on, nobody else does. */
static void
retire(struct medium *t)
{
	t->over = true;
	if (t->refs == 0 && TAILQ_EMPTY(&t->askers))
		medium_free(t);
}

/* ---- the controllers' face ---------------------------------------------- */

/* What the base says comes first: without it there is nothing. */
static void
overlay(const struct medium *t, struct boot_media_answer *out)
{
	struct base_status s;

	if (t->user.base == NULL ||
	    (out->state == BOOT_MEDIA_REFUSED && t->told))
		return;
	base_status(t->user.base, &s);
	out->percent = s.percent;
	if (s.state == BASE_READY || (s.state == BASE_WORKING && t->told))
		return;
	out->state = s.state == BASE_WORKING ? BOOT_MEDIA_WORKING
		     : s.state == BASE_RETRY ? BOOT_MEDIA_RETRY
					     : BOOT_MEDIA_REFUSED;
	out->media_reason = s.reason;
	(void)str_format(out->message, sizeof(out->message), "%s", s.message);
}

void
media_look(struct media *m, const struct boot_media_ask *ask,
    struct boot_media_answer *out)
{
	struct medium *t = find(m, ask->host, ask->claim, ask->attempt);

	if (t != NULL && t->second != ask->second_drive &&
	    medium_pinned(t)[0] == '\0') {
		retire(t);
		t = NULL;
	}
	if (t == NULL) {
		t = medium_new(
		    m, ask->host, ask->claim, ask->attempt, ask->second_drive);
		enqueue(t);
	}
	t->looked_us = loop_mono_us(m->env->loop);
	*out = t->answer;
	overlay(t, out);
}

/* ---- the server's hooks ------------------------------------------------- */

static void
wait_for(
    struct medium *t, enum token_purpose which, serve_opened *fn, void *arg)
{
	struct medium_asker *a = xcalloc(1, sizeof(*a));

	a->which = which;
	a->fn = fn;
	a->arg = arg;
	TAILQ_INSERT_TAIL(&t->askers, a, in_medium);
	if (!timer_armed(&t->patience))
		timer_start(t->m->env->loop, &t->patience, MEDIA_PATIENCE_US,
		    impatient, t);
}

/* It was found not to be servable, and is looked at again by itself. */
static bool
is_out(const struct medium *t, struct err *e)
{
	struct base_status s;

	if (t->state == MEDIUM_IDLE && t->told &&
	    t->answer.state != BOOT_MEDIA_READY && timer_armed(&t->again))
		return !err_set(e, ERR_BUSY, 0, "%s", t->answer.message);
	if (t->state != MEDIUM_BASE || t->user.base == NULL)
		return false;
	base_status(t->user.base, &s);
	return s.state != BASE_READY && s.state != BASE_WORKING &&
	       !err_set(e, ERR_BUSY, 0, "%s", s.message);
}

void
media_open(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg)
{
	struct media *m = self;
	struct medium *t = find(m, c->key, c->claim, c->attempt);
	struct err e;

	if (c->data[0] == '\0') {
		(void)err_set(&e, ERR_BUSY, 0,
		    "the host's record does not say yet what it is");
		fn(arg, NULL, &e);
		return;
	}
	if (t != NULL && t->state == MEDIUM_READY &&
	    !str_eq(t->answer.data, c->data)) {
		retire(t);
		t = NULL;
	}
	if (t == NULL)
		t = medium_new(m, c->key, c->claim, c->attempt, false);
	/* What was closed is open again. */
	if (t->parted && which == TOKEN_CONFIG && t->refs == 0)
		medium_evict(t);
	if (t->state == MEDIUM_READY) {
		hand_out(t, which, fn, arg);
		return;
	}
	if (is_out(t, &e)) {
		fn(arg, NULL, &e);
		return;
	}
	wait_for(t, which, fn, arg);
	if (t->state == MEDIUM_IDLE)
		enqueue(t);
}

void
media_give_back(void *self, const struct serve_image *image)
{
	struct media *m = self;
	struct medium *t;

	LIST_FOREACH (t, &m->v, in_media)
		if (image->source == &t->readers[TOKEN_MEDIUM].source ||
		    image->source == &t->readers[TOKEN_CONFIG].source)
			break;
	if (t == NULL)
		return;
	t->refs--;
	t->used_us = loop_mono_us(m->env->loop);
	leave_soon(t);
}

static bool
cancel_in(struct medium *t, const void *arg)
{
	struct medium_asker *a;

	TAILQ_FOREACH (a, &t->askers, in_medium)
		if (a->arg == arg) {
			TAILQ_REMOVE(&t->askers, a, in_medium);
			xfree(a);
			return true;
		}
	return false;
}

void
media_cancel(void *self, void *arg)
{
	struct media *m = self;
	struct medium *t;

	LIST_FOREACH (t, &m->v, in_media)
		if (cancel_in(t, arg))
			return;
}

/* ---- what nobody needs -------------------------------------------------- */

static bool
lives(const struct medium *t, bool *boots)
{
	bool is = serves(t, TOKEN_MEDIUM);

	*boots =
	    is && live_get(t->m->o.live, t->host)->until_s[TOKEN_MEDIUM] != 0;
	return is;
}

static void
sweep_one(struct medium *t, int64_t now)
{
	bool boots = false, is_live = lives(t, &boots);

	if (t->refs > 0 || !TAILQ_EMPTY(&t->askers))
		return;
	if (t->over || now - t->looked_us > MEDIA_FORGET_US) {
		if (t->over || !boots)
			medium_free(t);
		return;
	}
	if (t->state == MEDIUM_READY && !boots &&
	    now - t->used_us > (is_live ? MEDIA_IDLE_US : MEDIA_SPARE_US))
		medium_evict(t);
}

static void
sweep(void *arg)
{
	struct media *m = arg;
	int64_t now = loop_mono_us(m->env->loop);
	struct medium *t, *next;

	timer_start(m->env->loop, &m->sweep, SWEEP_US, sweep, m);
	for (t = LIST_FIRST(&m->v); t != NULL; t = next) {
		next = LIST_NEXT(t, in_media);
		sweep_one(t, now);
	}
}

struct media *
media_new(struct kube_client *k, const struct media_opts *o)
{
	struct media *m = xcalloc(1, sizeof(*m));

	m->kube = k;
	m->env = kube_client_env(k);
	m->o = *o;
	m->report_url = xstrdup(o->report_url);
	m->report_ca = xstrdup(o->report_ca);
	LIST_INIT(&m->v);
	timer_start(m->env->loop, &m->sweep, SWEEP_US, sweep, m);
	return m;
}

void
media_free(struct media *m)
{
	if (m == NULL)
		return;
	timer_stop(&m->sweep);
	while (!LIST_EMPTY(&m->v)) {
		struct medium *t = LIST_FIRST(&m->v);

		m->making = MEDIA_MAKING + 1; /* nothing is begun any more */
		medium_free(t);
	}
	xfree(m->report_url);
	xfree(m->report_ca);
	xfree(m);
}
