/*
 * Leader election. One request at a time, one timer that decides what next,
 * and one that ends the term.
 *
 *   look (GET) -> take (create or patch) -> renew, renew, ... -> look again
 */
#include "agent/kube/lease.h"

#include <string.h>

#include "agent/kube/object.h"
#include "agent/kube/own.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/random.h"
#include "common/str.h"

#define RELEASE_GRACE_US (3 * LOOP_S)
#define OTHERS_DURATION_MAX_US LOOP_HOUR

enum lease_step {
	LEASE_OFF,
	LEASE_RUNNING,
	LEASE_RELEASING,
	LEASE_OVER
};

struct lease {
	struct kube_client *c;
	const struct env *env;
	struct lease_opts o; /* strings owned */
	struct rng rng;
	enum lease_step step;
	struct kube_call *call;
	struct timer next, term;
	int64_t sent_us; /* when the request under way was started */
	/* The record as last seen: */
	cJSON *record;   /* owned; NULL = absent or never seen */
	char *spec;      /* its spec as text, to notice changes */
	int64_t seen_us; /* since when it looks like this */
	bool seen_any;
	/* Our term: */
	bool told; /* gained was called, lost not yet */
	/* The write under way, and the term that it began, outlived a holder
	 * that did not give up; or an earlier term of ours. */
	bool outlives, outlived;
	int64_t valid_until_us, gained_us;
	struct err err;
	uint64_t renewals, failures;
	void (*released)(void *arg);
	void *released_arg;
};

static void next_step(void *arg);

/* ---- the term ----------------------------------------------------------------- */

static int64_t
now_us(const struct lease *l)
{
	return loop_mono_us(l->env->loop);
}

/* For what must not be later than it believes, however long this turn is. */
static int64_t
clock_us(const struct lease *l)
{
	return loop_clock_us(l->env->loop);
}

bool
lease_held(const struct lease *l)
{
	return l->told && clock_us(l) < l->valid_until_us;
}

bool
lease_outlived(const struct lease *l)
{
	return l->outlived;
}

bool
lease_gate(void *arg, unsigned shard, struct err *e)
{
	const struct lease *l = arg;

	(void)shard;
	if (lease_held(l))
		return true;
	return err_set(e, ERR_SPEC, 0, "the lease %.80s/%.80s is not held",
	    l->o.ns, l->o.name);
}

static void
gauge(const struct lease *l)
{
	char label[300];

	if (l->env->metrics == NULL || l->o.unmeasured)
		return;
	(void)str_format(label, sizeof(label), "lease=\"%s\"", l->o.name);
	metrics_set(
	    l->env->metrics, "beskar7_lease_held", label, l->told ? 1 : 0);
}

static void
end_term(struct lease *l, const char *why)
{
	timer_stop(&l->term);
	if (!l->told)
		return;
	l->told = false;
	gauge(l);
	LOGW(l->env->log, "lease lost", F_STR("lease", l->o.name),
	    F_STR("why", why));
	if (l->o.lost != NULL)
		l->o.lost(l->o.arg);
}

static void
term_over(void *arg)
{
	end_term(arg, "not renewed in time");
}

/* A write of ours was accepted that began at l->sent_us. */
static void
extend_term(struct lease *l)
{
	int64_t until = l->sent_us + l->o.deadline_us;

	l->renewals++;
	err_clear(&l->err);
	if (until <= clock_us(l))
		return; /* we slept through it; the next renewal counts */
	/* Frozen past the end of the old term: the timer is late, and whoever
	 * counts on us must hear of both. */
	if (l->told && now_us(l) >= l->valid_until_us)
		end_term(l, "the process slept");
	l->valid_until_us = until;
	timer_start(l->env->loop, &l->term, until - now_us(l), term_over, l);
	if (l->told)
		return;
	l->told = true;
	l->outlived = l->outlives;
	l->gained_us = now_us(l);
	gauge(l);
	LOGI(l->env->log, "lease gained", F_STR("lease", l->o.name),
	    F_STR("identity", l->o.identity),
	    F_STR("former", l->outlived ? "not heard of any more" : "none"));
	if (l->o.gained != NULL)
		l->o.gained(l->o.arg);
}

/* ---- the record --------------------------------------------------------------- */

static const char *
holder_of(const struct lease *l)
{
	return json_str(l->record, "spec/holderIdentity", "");
}

static void
observe(struct lease *l, const cJSON *record)
{
	const cJSON *s = record == NULL ? NULL : json_child(record, "spec");
	char *text = s == NULL ? xstrdup("") : json_print(s);

	if (l->spec == NULL || !str_eq(l->spec, text))
		l->seen_us = clock_us(l);
	l->seen_any = l->seen_any || record != NULL;
	xfree(l->spec);
	l->spec = text;
	cJSON_Delete(l->record);
	l->record = record == NULL ? NULL : json_dup(record);
	/* Somebody edited it, or we slept and another one took it. */
	if (record != NULL && !str_eq(holder_of(l), l->o.identity))
		end_term(l, "another one holds it");
}

/* Nobody holds it, or its holder was silent for its whole duration, by our
 * own clock since we first saw the record like this. */
static bool
free_to_take(const struct lease *l)
{
	const char *holder = holder_of(l);
	int64_t s = json_i64(l->record, "spec/leaseDurationSeconds", 0);
	int64_t duration = s > 0 ? s : l->o.duration_us / LOOP_S;

	/* Somebody deleted it under a holder that does not know yet: that one
	 * has its whole term. Who never saw a record cannot tell. */
	if (l->record == NULL)
		return l->told || !l->seen_any ||
		       now_us(l) - l->seen_us >= l->o.duration_us;
	if (holder[0] == '\0' || str_eq(holder, l->o.identity))
		return true;
	if (duration > OTHERS_DURATION_MAX_US / LOOP_S)
		duration = OTHERS_DURATION_MAX_US / LOOP_S;
	return now_us(l) - l->seen_us >= duration * LOOP_S;
}

static cJSON *
spec_now(const struct lease *l, const char *holder)
{
	bool ours = str_eq(holder_of(l), l->o.identity);
	int64_t n = json_i64(l->record, "spec/leaseTransitions", 0);
	cJSON *s = cJSON_CreateObject();
	char t[RFC3339_CAP];

	rfc3339_us(t, loop_wall_us(l->env->loop));
	json_set_str(s, "holderIdentity", holder);
	json_set_i64(s, "leaseDurationSeconds",
	    holder[0] == '\0' ? 1 : l->o.duration_us / LOOP_S);
	json_set_str(s, "renewTime", t);
	if (!ours) {
		json_set_str(s, "acquireTime", t);
		json_set_i64(
		    s, "leaseTransitions", l->record == NULL ? 0 : n + 1);
	}
	return s;
}

/* ---- requests ----------------------------------------------------------------- */

static int64_t
jitter(struct lease *l, int64_t us, unsigned percent)
{
	uint64_t span = (uint64_t)us * percent / 100;

	return us - (int64_t)rng_below(&l->rng, span + 1);
}

static void
again_in(struct lease *l, int64_t us)
{
	timer_start(l->env->loop, &l->next, us, next_step, l);
}

static void
release_over(struct lease *l)
{
	void (*done)(void *arg) = l->released;

	timer_stop(&l->next);
	l->step = LEASE_OVER;
	l->released = NULL;
	if (done != NULL)
		done(l->released_arg);
}

static void
failed(struct lease *l, const struct kube_reply *r)
{
	if (l->o.fed && !l->told) {
		l->failures += r->err.kind != ERR_CONFLICT;
		return; /* the next list tells */
	}
	if (r->err.kind == ERR_CONFLICT || r->err.kind == ERR_NOTFOUND) {
		/* Somebody else was faster, or it was deleted: look. */
		cJSON_Delete(l->record);
		l->record = NULL;
		again_in(l, jitter(l, l->o.retry_us / 4, 50));
		return;
	}
	l->failures++;
	if (l->err.kind != r->err.kind)
		LOGW(l->env->log, "lease request failed",
		    F_STR("lease", l->o.name), F_ERR(&r->err));
	l->err = r->err;
	again_in(l, jitter(l, l->o.retry_us, 50));
}

static void
on_written(void *arg, const struct kube_reply *r)
{
	struct lease *l = arg;

	l->call = NULL;
	if (l->step == LEASE_RELEASING) {
		release_over(l);
		return;
	}
	if (r->err.kind != ERR_NONE) {
		failed(l, r);
		return;
	}
	observe(l, r->object);
	if (!str_eq(holder_of(l), l->o.identity)) {
		again_in(l, jitter(l, l->o.retry_us, 50));
		return;
	}
	again_in(l, jitter(l, l->o.renew_us, 20));
	extend_term(l); /* last: callbacks may do anything but free */
}

static struct kube_request
request(struct lease *l, enum kube_verb verb)
{
	int64_t spare = (l->o.deadline_us - l->o.renew_us) / 2;

	return (struct kube_request){ .verb = verb,
		.res = &KUBE_LEASES,
		.ns = l->o.ns,
		.name = l->o.name,
		.lane = KUBE_LANE_LEASE,
		.timeout_us = spare > LOOP_S ? spare : LOOP_S,
		.arg = l };
}

static void
write_record(struct lease *l, const char *holder)
{
	struct kube_request rq =
	    request(l, l->record == NULL ? KUBE_CREATE : KUBE_PATCH);
	cJSON *body = cJSON_CreateObject();

	if (l->record == NULL) {
		json_set_str(body, "apiVersion", "coordination.k8s.io/v1");
		json_set_str(body, "kind", "Lease");
		json_set_str(
		    json_ensure_obj(body, "metadata"), "name", l->o.name);
	} else {
		json_set_str(json_ensure_obj(body, "metadata"),
		    "resourceVersion", kobj_rv(l->record));
	}
	json_set(body, "spec", spec_now(l, holder));
	/* Whoever never saw a record cannot tell. */
	l->outlives = l->record == NULL ? l->seen_any : holder_of(l)[0] != '\0';
	rq.body = body;
	rq.done = on_written;
	l->sent_us = now_us(l);
	l->call = kube_start(l->c, &rq);
	cJSON_Delete(body);
}

static void
on_read(void *arg, const struct kube_reply *r)
{
	struct lease *l = arg;

	l->call = NULL;
	if (r->err.kind != ERR_NONE && r->err.kind != ERR_NOTFOUND) {
		if (l->step == LEASE_RELEASING)
			release_over(l);
		else
			failed(l, r);
		return;
	}
	observe(l, r->object); /* NULL when it is not there */
	if (l->step == LEASE_RELEASING) {
		if (l->record != NULL && str_eq(holder_of(l), l->o.identity))
			write_record(l, "");
		else
			release_over(l);
		return;
	}
	if (free_to_take(l) && (!l->o.fed || l->told))
		write_record(l, l->o.identity);
	else if (!l->o.fed)
		again_in(l, jitter(l, l->o.retry_us, 50));
}

static void
look(struct lease *l)
{
	struct kube_request rq = request(l, KUBE_GET);

	rq.done = on_read;
	l->call = kube_start(l->c, &rq);
}

static void
next_step(void *arg)
{
	struct lease *l = arg;

	if (l->step == LEASE_RELEASING) { /* its grace is over */
		kube_cancel(l->call);
		l->call = NULL;
		release_over(l);
		return;
	}
	if (l->told && now_us(l) >= l->valid_until_us)
		end_term(l, "the process slept");
	if (l->record != NULL && str_eq(holder_of(l), l->o.identity))
		write_record(l, l->o.identity);
	else if (!l->o.fed || l->told)
		look(l);
}

/* ---- told by another's list --------------------------------------------------- */

/* Nothing of ours is under way that would tell more. */
static bool
listens(const struct lease *l)
{
	return l->step == LEASE_RUNNING && l->o.fed && !l->told &&
	       l->call == NULL;
}

void
lease_saw(struct lease *l, const cJSON *record)
{
	if (listens(l))
		observe(l, record);
}

bool
lease_free_to_take(const struct lease *l)
{
	return listens(l) && free_to_take(l);
}

bool
lease_taking(const struct lease *l)
{
	return !l->told && l->call != NULL;
}

void
lease_take(struct lease *l)
{
	if (lease_free_to_take(l))
		write_record(l, l->o.identity);
}

/* ---- life --------------------------------------------------------------------- */

struct lease *
lease_new(struct kube_client *c, const struct lease_opts *o)
{
	struct lease *l = xcalloc(1, sizeof(*l));
	char path[600];

	l->c = c;
	l->env = kube_client_env(c);
	l->o = *o;
	l->o.ns = xstrdup(o->ns);
	l->o.name = xstrdup(o->name);
	l->o.identity = xstrdup(o->identity);
	l->o.duration_us = loop_or_us(o->duration_us, 15 * LOOP_S);
	l->o.deadline_us = loop_or_us(o->deadline_us, 10 * LOOP_S);
	l->o.renew_us = loop_or_us(o->renew_us, 4 * LOOP_S);
	l->o.retry_us = loop_or_us(o->retry_us, 2 * LOOP_S);
	(void)str_format(path, sizeof(path), "%s/kube/lease/%s/%s",
	    l->env->name, o->ns, o->name);
	rng_seed(&l->rng, l->env->seed, path);
	return l;
}

void
lease_start(struct lease *l)
{
	if (l->step != LEASE_OFF)
		return;
	l->step = LEASE_RUNNING;
	if (!l->o.fed)
		again_in(l, 0);
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	kube_cancel(l->call);
	timer_stop(&l->next);
	timer_stop(&l->term);
	l->told = false;
	gauge(l);
	cJSON_Delete(l->record);
	xfree(l->spec);
	kube_free_const(l->o.ns);
	kube_free_const(l->o.name);
	kube_free_const(l->o.identity);
	xfree(l);
}

void
lease_release(struct lease *l, void (*done)(void *arg), void *arg)
{
	enum lease_step was = l->step;

	if (was == LEASE_RELEASING || was == LEASE_OVER)
		return;
	l->step = LEASE_RELEASING;
	l->released = done;
	l->released_arg = arg;
	kube_cancel(l->call);
	l->call = NULL;
	end_term(l, "released");
	/* A renewal that we just cancelled may have moved the version: read
	 * before giving up. */
	again_in(l, was == LEASE_RUNNING ? RELEASE_GRACE_US : 0);
	if (was == LEASE_RUNNING)
		look(l);
}

void
lease_status(const struct lease *l, struct lease_status *s)
{
	*s = (struct lease_status){ .held = lease_held(l),
		.valid_until_us = l->valid_until_us,
		.gained_us = l->gained_us,
		.holder = holder_of(l),
		.transitions = json_i64(l->record, "spec/leaseTransitions", 0),
		.err = l->err,
		.renewals = l->renewals,
		.failures = l->failures };
}
