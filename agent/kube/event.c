/*
 * The Events recorder. A series is one event that may happen again; series that
 * have something to say stand in a queue that one request at a time empties.
 */
#include "agent/kube/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "agent/kube/event_filter.h"
#include "agent/kube/event_series.h"
#include "agent/kube/limiter.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/random.h"
#include "common/retry.h"
#include "common/str.h"

#define SERIES_MAX 1024
#define COMBINED "(combined from similar events)"

TAILQ_HEAD(series_list, series);

struct event_recorder {
	struct kube_client *c;
	const struct env *env;
	char *component, *instance;
	unsigned queue_max;
	int64_t repeat_us;
	struct map series; /* key -> struct series, owned */
	struct event_filter filter;
	struct series_list queue;   /* have something to say */
	struct series_list resting; /* the others, last used last */
	unsigned n_resting;
	bool dropping; /* since the queue was empty last */
	struct limiter rate;
	struct limiter_wait wait;
	bool waiting; /* for the rate, or for a retry */
	struct kube_call *call;
	struct timer retry, flush;
	struct rng rng;
	struct backoff backoff;
	struct event_counts counts;
};

static void pump(struct event_recorder *r);

/* ---- series --------------------------------------------------------------------- */

static void
series_leave(struct event_recorder *r, struct series *s)
{
	if (s->queued) {
		TAILQ_REMOVE(&r->queue, s, link);
		r->counts.queued--;
	} else {
		TAILQ_REMOVE(&r->resting, s, link);
		r->n_resting--;
	}
	s->queued = false;
}

static void
series_rest(struct event_recorder *r, struct series *s)
{
	TAILQ_INSERT_TAIL(&r->resting, s, link);
	r->n_resting++;
}

static void
series_drop(struct event_recorder *r, struct series *s)
{
	series_leave(r, s);
	(void)map_take(&r->series, s->key);
	event_series_free(s);
}

static struct series *
series_new(struct event_recorder *r, const char *key, const struct emitted *m)
{
	struct series *s = event_series_new(r->env, key, m);

	if (r->n_resting >= SERIES_MAX)
		series_drop(r, TAILQ_FIRST(&r->resting));
	(void)map_put(&r->series, key, s);
	series_rest(r, s);
	return s;
}

/* ---- the wire ------------------------------------------------------------------- */

static void
metric(const struct event_recorder *r, const char *result)
{
	char label[64];

	if (r->env->metrics == NULL)
		return;
	(void)str_format(label, sizeof(label), "result=\"%s\"", result);
	metrics_add(r->env->metrics, "beskar7_events_total", label, 1);
}

static void
retry_due(void *arg)
{
	struct event_recorder *r = arg;

	r->waiting = false;
	pump(r);
}

static void
retry_later(struct event_recorder *r, const struct kube_reply *reply)
{
	int64_t us = backoff_next(&r->backoff);

	r->waiting = true;
	timer_start(r->env->loop, &r->retry,
	    us > reply->retry_after_us ? us : reply->retry_after_us, retry_due,
	    r);
}

static void arm_flush(struct event_recorder *r);

static void
written(struct event_recorder *r, struct series *s)
{
	s->created = true;
	s->tried = false;
	s->written_us = loop_mono_us(r->env->loop);
	series_leave(r, s);
	series_rest(r, s);
	if (r->n_resting > SERIES_MAX)
		series_drop(r, TAILQ_FIRST(&r->resting));
	r->dropping = r->dropping && r->counts.queued > 0;
	r->counts.written++;
	metric(r, "written");
	backoff_reset(&r->backoff);
	/* No other series becomes due later than this one. */
	if (s->dirty && !timer_armed(&r->flush))
		arm_flush(r);
}

static bool
transient(const struct kube_reply *reply)
{
	return reply->err.kind == ERR_NET || reply->err.kind == ERR_TIMEOUT ||
	       reply->err.kind == ERR_BUSY || reply->err.kind == ERR_TLS ||
	       reply->err.code == 401;
}

static void
on_written(void *arg, const struct kube_reply *reply)
{
	struct event_recorder *r = arg;
	struct series *s = TAILQ_FIRST(&r->queue);

	r->call = NULL;
	limiter_release(&r->rate);
	/* A conflict after a lost reply: that one had created it. */
	if (reply->err.kind == ERR_NONE ||
	    (!s->created && s->tried && reply->err.kind == ERR_CONFLICT)) {
		written(r, s);
	} else if (transient(reply)) {
		s->tried = true;
		retry_later(r, reply);
	} else if (s->created && reply->err.kind == ERR_NOTFOUND) {
		/* The server's TTL removed it: start a new one. */
		s->created = false;
		s->count = 1;
		s->first_wall_us = s->last_wall_us;
		event_series_name(s, r->env);
	} else {
		r->counts.failed++;
		metric(r, "failed");
		LOGW(r->env->log, "event not written",
		    F_STR("reason", s->reason), F_STR("obj", s->name),
		    F_ERR(&reply->err));
		series_drop(r, s);
	}
	pump(r);
}

static void
send_first(void *arg)
{
	struct event_recorder *r = arg;
	struct series *s = TAILQ_FIRST(&r->queue);
	struct kube_request rq = { .res = &KUBE_EVENTS,
		.lane = KUBE_LANE_EVENT,
		.shard = KUBE_ANY_SHARD,
		.done = on_written,
		.arg = r };
	cJSON *body;

	r->waiting = false;
	if (s == NULL) { /* dropped while it waited for the rate */
		limiter_release(&r->rate);
		return;
	}
	rq.ns = s->ns[0] != '\0' ? s->ns : "default";
	rq.name = s->event_name;
	rq.verb = s->created ? KUBE_PATCH : KUBE_CREATE;
	body = s->created ? event_series_count(s)
			  : event_series_body(s, r->component, r->instance);
	rq.body = body;
	s->dirty = false;
	r->call = kube_start(r->c, &rq);
	cJSON_Delete(body);
}

static void
pump(struct event_recorder *r)
{
	if (r->call != NULL || r->waiting || TAILQ_EMPTY(&r->queue))
		return;
	if (limiter_take(&r->rate, &r->wait, send_first, r))
		send_first(r);
	else
		r->waiting = true;
}

/* ---- repeats -------------------------------------------------------------------- */

static void
note_drop(struct event_recorder *r, const char *result)
{
	metric(r, result);
	if (r->dropping)
		return;
	r->dropping = true;
	LOGW(r->env->log, "events are dropped: the API server is slower",
	    F_INT("queued", r->counts.queued));
}

/* The news of a server that works gives way to trouble of another. */
static bool
displace(struct event_recorder *r, enum event_type by)
{
	struct series *s = TAILQ_FIRST(&r->queue);

	if (by != EVENT_WARNING || s == NULL)
		return false;
	/* The first may be on its way. */
	do
		s = TAILQ_NEXT(s, link);
	while (s != NULL && s->type != EVENT_NORMAL);
	if (s == NULL)
		return false;
	series_drop(r, s);
	return true;
}

static bool
enqueue(struct event_recorder *r, struct series *s)
{
	if (s->queued)
		return true;
	if (r->counts.queued >= r->queue_max) {
		r->counts.dropped++;
		note_drop(r, "dropped");
		if (!displace(r, s->type))
			return false;
	}
	series_leave(r, s);
	s->queued = true;
	TAILQ_INSERT_TAIL(&r->queue, s, link);
	r->counts.queued++;
	return true;
}

/* Counts that waited out their time are written now. */
static void
flush_due(void *arg)
{
	struct event_recorder *r = arg;
	int64_t now = loop_mono_us(r->env->loop);
	struct series *s, *next;

	for (s = TAILQ_FIRST(&r->resting); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->dirty && now - s->written_us >= r->repeat_us &&
		    !enqueue(r, s))
			s->dirty = false; /* said with the next repeat */
	}
	arm_flush(r);
	pump(r);
}

static void
arm_flush(struct event_recorder *r)
{
	int64_t now = loop_mono_us(r->env->loop), first = INT64_MAX;
	const struct series *s;

	TAILQ_FOREACH (s, &r->resting, link) {
		if (s->dirty && s->written_us + r->repeat_us < first)
			first = s->written_us + r->repeat_us;
	}
	if (first != INT64_MAX)
		timer_start(r->env->loop, &r->flush,
		    first > now ? first - now : 0, flush_due, r);
}

static void
repeat(struct event_recorder *r, struct series *s, const struct emitted *m)
{
	int64_t now = loop_mono_us(r->env->loop);

	if (!s->queued) {
		series_leave(r, s);
		series_rest(r, s);
	}
	s->count++;
	s->last_wall_us = loop_wall_us(r->env->loop);
	if (!str_eq(s->message, m->message))
		xreplace(&s->message, m->message);
	if (!s->created && s->queued && s->count == 1)
		return; /* its first */
	r->counts.deduplicated++;
	s->dirty = true;
	if (!s->queued && now - s->written_us >= r->repeat_us)
		(void)enqueue(r, s);
	else if (!timer_armed(&r->flush))
		arm_flush(r);
}

/* Who speaks and why; group adds the reason to object. */
struct emitter {
	char *object, *group; /* owned */
};

static struct emitter
emitter_of(const struct emitted *m)
{
	const struct event_ref *a = m->about;
	char *object = xasprintf("%s|%s|%s|%s|%s",
	    a->api_version ? a->api_version : "", a->kind ? a->kind : "",
	    a->ns ? a->ns : "", a->name, a->uid ? a->uid : "");

	return (struct emitter){ object,
		xasprintf("%s|%d|%s", object, (int)m->type, m->reason) };
}

/* A new series, unless its object has said enough. */
static struct series *
begin(struct event_recorder *r, const struct emitter *by, const char *key,
    const struct emitted *m)
{
	struct series *s;

	if (event_filter_spam(
		&r->filter, by->object, loop_mono_us(r->env->loop))) {
		r->counts.spam++;
		metric(r, "spam");
		return NULL;
	}
	s = series_new(r, key, m);
	if (enqueue(r, s))
		return s;
	series_drop(r, s);
	return NULL;
}

static void
emit(
    struct event_recorder *r, const struct emitter *by, const struct emitted *m)
{
	const char *group = by->group;
	char *key = xasprintf("%s|%s", group, m->message);
	struct series *s = map_get(&r->series, key);
	struct emitted all = *m;
	char *message = NULL;

	if (s == NULL && event_filter_similar(&r->filter, group, r->repeat_us,
			     loop_mono_us(r->env->loop))) {
		xfree(key);
		key = xasprintf("%s|%s", group, COMBINED);
		message = xasprintf("%s: %.*s", COMBINED,
		    EVENT_MESSAGE_MAX - (int)sizeof(COMBINED) - 1, m->message);
		all.message = message;
		r->counts.combined++;
		s = map_get(&r->series, key);
	}
	if (s == NULL)
		s = begin(r, by, key, &all);
	if (s != NULL) {
		repeat(r, s, &all);
		pump(r);
	}
	xfree(message);
	xfree(key);
}

/* Bytes of s that fit, ending where a character ends. */
static size_t
cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void
event_emit(struct event_recorder *r, const struct event_ref *about,
    enum event_type type, const char *reason, const char *message)
{
	struct emitted m = { about, type, reason, NULL };
	struct emitter by;
	char *text;

	if (r == NULL || str_empty(about->name) || str_empty(reason))
		return;
	r->counts.emitted++;
	text = xstrndup(message, cut(message, EVENT_MESSAGE_MAX));
	m.message = text;
	by = emitter_of(&m);
	emit(r, &by, &m);
	xfree(by.object);
	xfree(by.group);
	xfree(text);
}

void
event_emitf(struct event_recorder *r, const cJSON *about, enum event_type type,
    const char *reason, const char *fmt, ...)
{
	const struct event_ref ref = { kobj_api_version(about),
		kobj_kind(about), kobj_ns(about), kobj_name(about),
		kobj_uid(about), kobj_rv(about) };
	char message[EVENT_MESSAGE_MAX + 8];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	event_emit(r, &ref, type, reason, message);
}

/* ---- life ----------------------------------------------------------------------- */

struct event_recorder *
event_recorder_new(struct kube_client *c, const struct event_opts *o)
{
	struct event_recorder *r = xcalloc(1, sizeof(*r));
	unsigned per_minute = o->per_minute > 0 ? o->per_minute : 3000;
	unsigned burst = per_minute / 10;
	char path[200];

	r->c = c;
	r->env = kube_client_env(c);
	r->component =
	    xstrdup(o->component != NULL ? o->component : "beskar7-agent");
	r->instance = xstrdup(o->instance != NULL ? o->instance : r->env->name);
	r->queue_max = o->queue_max > 0 ? o->queue_max : 8192;
	r->repeat_us = o->repeat_us > 0 ? o->repeat_us : 10 * LOOP_MIN;
	TAILQ_INIT(&r->queue);
	TAILQ_INIT(&r->resting);
	limiter_init(&r->rate, r->env->loop, per_minute / 60.0,
	    burst > 20 ? burst : 20, 1);
	(void)str_format(path, sizeof(path), "%s/kube/event", r->env->name);
	rng_seed(&r->rng, r->env->seed, path);
	backoff_init(&r->backoff, LOOP_S, LOOP_MIN, &r->rng);
	if (r->env->metrics != NULL)
		metrics_help(r->env->metrics, "beskar7_events_total",
		    "Kubernetes Events by what became of them.");
	return r;
}

void
event_recorder_free(struct event_recorder *r)
{
	if (r == NULL)
		return;
	kube_cancel(r->call);
	timer_stop(&r->retry);
	timer_stop(&r->flush);
	limiter_fini(&r->rate);
	map_free(&r->series, event_series_free);
	event_filter_free(&r->filter);
	xfree(r->component);
	xfree(r->instance);
	xfree(r);
}

struct event_counts
event_recorder_counts(const struct event_recorder *r)
{
	return r->counts;
}

bool
event_recorder_idle(const struct event_recorder *r)
{
	return r->counts.queued == 0 && r->call == NULL;
}
