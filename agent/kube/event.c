/*
 * The Events recorder. A series is one event that may happen again; series that
 * have something to say stand in a queue that one request at a time empties.
 */
#include "agent/kube/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

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
#define SIMILAR_MAX 10
#define COMBINED "(combined from similar events)"

struct series {
	TAILQ_ENTRY(series) queue, age; /* age: least recently used first */
	char *key;
	char *api_version, *kind, *ns, *name, *uid, *rv;
	enum event_type type;
	char *reason, *message;
	char event_name[280]; /* "" = not created yet */
	int64_t count, first_wall_us, last_wall_us;
	int64_t written_us; /* mono; of the last write */
	bool queued, dirty, created, tried;
};
TAILQ_HEAD(series_list, series);

/* How many different messages the same object and reason had lately. */
struct similar {
	int64_t since_us;
	unsigned n;
};

struct event_recorder {
	struct kube_client *c;
	const struct env *env;
	char *component, *instance;
	unsigned queue_max;
	int64_t repeat_us;
	struct map series;  /* key -> struct series, owned */
	struct map similar; /* key without message -> struct similar, owned */
	struct series_list queue, ages;
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
series_free(void *p)
{
	struct series *s = p;

	xfree(s->key);
	xfree(s->api_version);
	xfree(s->kind);
	xfree(s->ns);
	xfree(s->name);
	xfree(s->uid);
	xfree(s->rv);
	xfree(s->reason);
	xfree(s->message);
	xfree(s);
}

static void
series_drop(struct event_recorder *r, struct series *s)
{
	if (s->queued) {
		TAILQ_REMOVE(&r->queue, s, queue);
		r->counts.queued--;
	}
	TAILQ_REMOVE(&r->ages, s, age);
	(void)map_take(&r->series, s->key);
	series_free(s);
}

/* Room for one more: the least recently used that waits for nothing. */
static void
make_room(struct event_recorder *r)
{
	struct series *s;

	if (r->series.n < SERIES_MAX)
		return;
	TAILQ_FOREACH (s, &r->ages, age) {
		if (!s->queued) {
			series_drop(r, s);
			return;
		}
	}
}

static char *
dup_nonnull(const char *s)
{
	return xstrdup(s != NULL ? s : "");
}

/* The name of an Event: the object's, cut, and something unique. */
static void
make_name(struct event_recorder *r, struct series *s)
{
	char hex[17];

	entropy_hex(r->env->entropy, hex, 8);
	(void)str_format(
	    s->event_name, sizeof(s->event_name), "%.230s.%s", s->name, hex);
}

struct emitted {
	const struct event_ref *about;
	enum event_type type;
	const char *reason, *message;
};

static struct series *
series_new(struct event_recorder *r, const char *key, const struct emitted *m)
{
	struct series *s = xcalloc(1, sizeof(*s));

	make_room(r);
	s->key = xstrdup(key);
	s->api_version = dup_nonnull(m->about->api_version);
	s->kind = dup_nonnull(m->about->kind);
	s->ns = dup_nonnull(m->about->ns);
	s->name = dup_nonnull(m->about->name);
	s->uid = dup_nonnull(m->about->uid);
	s->rv = dup_nonnull(m->about->resource_version);
	s->type = m->type;
	s->reason = xstrndup(m->reason, EVENT_REASON_MAX);
	s->message = xstrdup(m->message);
	s->first_wall_us = loop_wall_us(r->env->loop);
	make_name(r, s);
	(void)map_put(&r->series, key, s);
	TAILQ_INSERT_TAIL(&r->ages, s, age);
	return s;
}

/* ---- the wire ------------------------------------------------------------------- */

static cJSON *
event_body(const struct event_recorder *r, const struct series *s)
{
	cJSON *e = cJSON_CreateObject(), *o;
	char first[RFC3339_CAP], last[RFC3339_CAP];

	rfc3339_s(first, s->first_wall_us);
	rfc3339_s(last, s->last_wall_us);
	json_set_str(e, "apiVersion", "v1");
	json_set_str(e, "kind", "Event");
	o = json_ensure_obj(e, "metadata");
	json_set_str(o, "name", s->event_name);
	json_set_str(o, "namespace", s->ns[0] != '\0' ? s->ns : "default");
	o = json_ensure_obj(e, "involvedObject");
	json_set_str(o, "apiVersion", s->api_version);
	json_set_str(o, "kind", s->kind);
	if (s->ns[0] != '\0')
		json_set_str(o, "namespace", s->ns);
	json_set_str(o, "name", s->name);
	if (s->uid[0] != '\0')
		json_set_str(o, "uid", s->uid);
	if (s->rv[0] != '\0')
		json_set_str(o, "resourceVersion", s->rv);
	json_set_str(e, "reason", s->reason);
	json_set_str(e, "message", s->message);
	json_set_str(
	    e, "type", s->type == EVENT_WARNING ? "Warning" : "Normal");
	json_set_str(json_ensure_obj(e, "source"), "component", r->component);
	json_set_str(e, "reportingComponent", r->component);
	json_set_str(e, "reportingInstance", r->instance);
	json_set_str(e, "firstTimestamp", first);
	json_set_str(e, "lastTimestamp", last);
	json_set_i64(e, "count", s->count);
	return e;
}

static cJSON *
count_body(const struct series *s)
{
	cJSON *e = cJSON_CreateObject();
	char last[RFC3339_CAP];

	rfc3339_s(last, s->last_wall_us);
	json_set_i64(e, "count", s->count);
	json_set_str(e, "lastTimestamp", last);
	json_set_str(e, "message", s->message);
	return e;
}

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
	s->queued = false;
	TAILQ_REMOVE(&r->queue, s, queue);
	r->counts.queued--;
	r->counts.written++;
	metric(r, "written");
	backoff_reset(&r->backoff);
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
		make_name(r, s);
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
	body = s->created ? count_body(s) : event_body(r, s);
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

static bool
enqueue(struct event_recorder *r, struct series *s)
{
	if (s->queued)
		return true;
	if (r->counts.queued >= r->queue_max) {
		r->counts.dropped++;
		metric(r, "dropped");
		return false;
	}
	s->queued = true;
	TAILQ_INSERT_TAIL(&r->queue, s, queue);
	r->counts.queued++;
	return true;
}

/* Counts that waited out their time are written now. */
static void
flush_due(void *arg)
{
	struct event_recorder *r = arg;
	int64_t now = loop_mono_us(r->env->loop);
	struct series *s;

	TAILQ_FOREACH (s, &r->ages, age) {
		if (s->dirty && !s->queued &&
		    now - s->written_us >= r->repeat_us && !enqueue(r, s))
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

	TAILQ_FOREACH (s, &r->ages, age) {
		if (s->dirty && !s->queued &&
		    s->written_us + r->repeat_us < first)
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

	TAILQ_REMOVE(&r->ages, s, age);
	TAILQ_INSERT_TAIL(&r->ages, s, age);
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

/* true: this object and reason had too many different messages lately. */
static bool
too_similar(struct event_recorder *r, const char *key)
{
	int64_t now = loop_mono_us(r->env->loop);
	struct similar *s = map_get(&r->similar, key);

	if (s == NULL) {
		if (r->similar.n >= SERIES_MAX) {
			map_free(&r->similar, xfree);
			r->similar = (struct map){ .v = NULL };
		}
		s = xcalloc(1, sizeof(*s));
		s->since_us = now;
		(void)map_put(&r->similar, key, s);
	}
	if (now - s->since_us >= r->repeat_us)
		*s = (struct similar){ .since_us = now };
	return ++s->n > SIMILAR_MAX;
}

static void
emit(struct event_recorder *r, const char *group, const struct emitted *m)
{
	char *key = xasprintf("%s|%s", group, m->message);
	struct series *s = map_get(&r->series, key);
	struct emitted all = *m;
	char *message = NULL;

	if (s == NULL && too_similar(r, group)) {
		xfree(key);
		key = xasprintf("%s|%s", group, COMBINED);
		message = xasprintf("%s: %.*s", COMBINED,
		    EVENT_MESSAGE_MAX - (int)sizeof(COMBINED) - 1, m->message);
		all.message = message;
		r->counts.combined++;
		s = map_get(&r->series, key);
	}
	if (s == NULL) {
		s = series_new(r, key, &all);
		if (!enqueue(r, s)) {
			series_drop(r, s);
			goto out;
		}
	}
	repeat(r, s, &all);
	pump(r);
out:
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
	char *text, *group;
	struct emitted m = { about, type, reason, NULL };

	if (r == NULL || str_empty(about->name) || str_empty(reason))
		return;
	r->counts.emitted++;
	text = xstrndup(message, cut(message, EVENT_MESSAGE_MAX));
	m.message = text;
	group = xasprintf("%s|%s|%s|%s|%s|%d|%s",
	    about->api_version != NULL ? about->api_version : "",
	    about->kind != NULL ? about->kind : "",
	    about->ns != NULL ? about->ns : "", about->name,
	    about->uid != NULL ? about->uid : "", (int)type, reason);
	emit(r, group, &m);
	xfree(group);
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
	unsigned per_minute = o->per_minute > 0 ? o->per_minute : 300;
	unsigned burst = per_minute / 10;
	char path[200];

	r->c = c;
	r->env = kube_client_env(c);
	r->component =
	    xstrdup(o->component != NULL ? o->component : "beskar7-agent");
	r->instance = xstrdup(o->instance != NULL ? o->instance : r->env->name);
	r->queue_max = o->queue_max > 0 ? o->queue_max : 256;
	r->repeat_us = o->repeat_us > 0 ? o->repeat_us : 10 * LOOP_MIN;
	TAILQ_INIT(&r->queue);
	TAILQ_INIT(&r->ages);
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
	map_free(&r->series, series_free);
	map_free(&r->similar, xfree);
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
