/* See reports.h. */
#include "agent/claims/reports.h"

#include <string.h>
#include <sys/queue.h>

#include "agent/control/names.h"
#include "agent/control/phoned.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define ROUNDS 5 /* of reading and writing, where others write, too */
/* Of each request: a machine's own patience is seldom over half a minute. */
#define TIMEOUT_US (10 * LOOP_S)
#define METRIC "beskar7_media_reports_total"

static const struct kube_resource HOSTS = { AX, AX_VERSION, "physicalhosts",
	"PhysicalHost", false };

struct waiter {
	TAILQ_ENTRY(waiter) in_storing;
	serve_stored *fn;
	void *arg;
};

/* One host's report: on its way, then for a while what became of it. */
struct storing {
	LIST_ENTRY(storing) in_reports;
	struct reports *rs;
	struct live_claim *claim; /* counted */
	struct phoned what;
	unsigned rounds;
	struct kube_call *call; /* NULL once it has ended */
	bool stored;
	struct timer pause;
	TAILQ_HEAD(, waiter) waiters;
};

struct reports {
	struct kube_client *kube; /* borrowed, as the next */
	struct tenants *tenants;
	const struct env *env;
	LIST_HEAD(, storing) v;
	size_t n;
};

static void
storing_free(struct storing *s)
{
	struct waiter *w;

	timer_stop(&s->pause);
	if (s->call != NULL)
		kube_cancel(s->call);
	while ((w = TAILQ_FIRST(&s->waiters)) != NULL) {
		TAILQ_REMOVE(&s->waiters, w, in_storing);
		xfree(w);
	}
	LIST_REMOVE(s, in_reports);
	s->rs->n--;
	live_unref(s->claim);
	xfree(s);
}

static void
paused(void *arg)
{
	storing_free(arg);
}

/* ---- the end ------------------------------------------------------------ */

static void
count(struct storing *s, const char *result)
{
	char labels[64];

	(void)str_format(labels, sizeof(labels), "outcome=\"%s\",result=\"%s\"",
	    phoned_outcome(s->what.failed), result);
	metrics_add(s->rs->env->metrics, METRIC, labels, 1);
}

/* Whoever waits is told; s stays for the pause. */
static void
end(struct storing *s, const struct err *e)
{
	struct waiter *w;

	s->stored = e == NULL;
	if (e != NULL)
		count(s, "failed");
	timer_start(s->rs->env->loop, &s->pause, REPORTS_PAUSE_US, paused, s);
	while ((w = TAILQ_FIRST(&s->waiters)) != NULL) {
		struct waiter copy = *w;

		TAILQ_REMOVE(&s->waiters, w, in_storing);
		xfree(w);
		copy.fn(copy.arg, e);
	}
}

static void
end_with(struct storing *s, enum err_kind k, const char *why)
{
	struct err e;

	(void)err_set(&e, k, 0, "%s", why);
	end(s, &e);
}

/* ---- storing ------------------------------------------------------------ */

static void decide(struct storing *s, const cJSON *host);

static void
host_read(void *arg, const struct kube_reply *r)
{
	struct storing *s = arg;

	s->call = NULL;
	if (r->err.kind == ERR_NONE)
		decide(s, r->object);
	else
		end(s, &r->err);
}

/* What another wrote meanwhile, or what became of a write without a reply. */
static void
read_again(struct storing *s)
{
	struct kube_request rq = { .verb = KUBE_GET,
		.res = &HOSTS,
		.ns = s->claim->ns,
		.name = s->claim->name,
		.metadata_only = true,
		.timeout_us = TIMEOUT_US,
		.done = host_read,
		.arg = s };

	s->call = kube_start(s->rs->kube, &rq);
}

static void
host_written(void *arg, const struct kube_reply *r)
{
	struct storing *s = arg;

	s->call = NULL;
	if (r->err.kind == ERR_NONE) {
		LOGI(s->rs->env->log, "a machine reported",
		    F_STR("host", s->claim->key),
		    F_INT("attempt", s->claim->attempt),
		    F_STR("outcome", phoned_outcome(s->what.failed)));
		count(s, "stored");
		end(s, NULL);
	} else if (r->err.kind == ERR_CONFLICT || r->maybe_executed) {
		read_again(s);
	} else {
		end(s, &r->err);
	}
}

static bool
still_ours(const struct storing *s, const cJSON *host)
{
	const char *text = kobj_annotation(host, ANN_RECORD);
	struct live_who w;
	struct record r;

	return text != NULL && record_parse(&r, text, NULL) &&
	       tenants_who(&r, false, &w) && w.may[TOKEN_REPORT] &&
	       str_eq(w.claim, s->claim->claim) &&
	       w.attempt == s->claim->attempt;
}

static void
write_it(struct storing *s, const cJSON *host)
{
	char text[PHONED_CAP];
	cJSON *patch = NULL;
	struct kube_request rq = { .verb = KUBE_PATCH,
		.res = &HOSTS,
		.ns = s->claim->ns,
		.name = s->claim->name,
		.patch = KUBE_PATCH_MERGE,
		.any_replica = true,
		.timeout_us = TIMEOUT_US,
		.done = host_written,
		.arg = s };

	s->what.at_s = loop_wall_us(s->rs->env->loop) / LOOP_S;
	if (phoned_print(&s->what, text))
		patch = kobj_annotate_patch(host, ANN_REPORT, text);
	if (patch == NULL) {
		end_with(s, ERR_INTERNAL, "a report that cannot be printed");
		return;
	}
	rq.body = patch;
	s->call = kube_start(s->rs->kube, &rq);
	cJSON_Delete(patch);
}

static void
decide(struct storing *s, const cJSON *host)
{
	struct phoned there;

	if (!still_ours(s, host)) {
		end_with(s, ERR_NOTFOUND, "its claim is over");
	} else if (phoned_of(&there, kobj_annotation(host, ANN_REPORT),
		       s->what.claim, s->what.attempt) &&
		   there.failed == s->what.failed) {
		count(s, "known");
		end(s, NULL);
	} else if (s->rounds++ >= ROUNDS) {
		end_with(s, ERR_BUSY, "others write to its host all the time");
	} else {
		write_it(s, host);
	}
}

/* ---- hooks -------------------------------------------------------------- */

static struct storing *
storing_of(struct reports *rs, const struct live_claim *c)
{
	struct storing *s;

	LIST_FOREACH (s, &rs->v, in_reports)
		if (s->claim == c)
			return s;
	return NULL;
}

static struct storing *
storing_new(struct reports *rs, struct live_claim *c, bool failed)
{
	struct storing *s = xcalloc(1, sizeof(*s));

	s->rs = rs;
	s->claim = live_ref(c);
	s->what.failed = failed;
	s->what.attempt = c->attempt;
	(void)str_copy(s->what.claim, sizeof(s->what.claim), c->claim);
	TAILQ_INIT(&s->waiters);
	LIST_INSERT_HEAD(&rs->v, s, in_reports);
	rs->n++;
	return s;
}

static void
wait_for(struct storing *s, serve_stored *fn, void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->fn = fn;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&s->waiters, w, in_storing);
}

void
reports_store(void *self, struct live_claim *c, const struct serve_report *r,
    serve_stored *fn, void *arg)
{
	struct reports *rs = self;
	struct storing *s = storing_of(rs, c);
	const cJSON *host;
	struct err e;

	if (s != NULL && s->what.failed == r->failed && s->call != NULL) {
		wait_for(s, fn, arg);
	} else if (s != NULL && s->what.failed == r->failed && s->stored) {
		count(s, "known");
		fn(arg, NULL);
	} else if (s != NULL || rs->n >= REPORTS_AT_ONCE) {
		(void)err_set(&e, ERR_BUSY, 0, "too many reports");
		fn(arg, &e);
	} else {
		s = storing_new(rs, c, r->failed);
		wait_for(s, fn, arg);
		host = tenants_host(rs->tenants, c->key);
		decide(s, host);
		json_drop(host);
	}
}

static bool
cancel_in(struct storing *s, const void *arg)
{
	struct waiter *w;

	TAILQ_FOREACH (w, &s->waiters, in_storing)
		if (w->arg == arg) {
			TAILQ_REMOVE(&s->waiters, w, in_storing);
			xfree(w);
			return true;
		}
	return false;
}

/* What was reported is stored all the same. */
bool
reports_cancel(struct reports *rs, const void *arg)
{
	struct storing *s;

	LIST_FOREACH (s, &rs->v, in_reports)
		if (cancel_in(s, arg))
			return true;
	return false;
}

/* ---- life --------------------------------------------------------------- */

struct reports *
reports_new(struct kube_client *k, struct tenants *t)
{
	struct reports *rs = xcalloc(1, sizeof(*rs));

	rs->kube = k;
	rs->tenants = t;
	rs->env = kube_client_env(k);
	LIST_INIT(&rs->v);
	metrics_help(rs->env->metrics, METRIC,
	    "Reports of machines: stored, known already, failed to be stored");
	return rs;
}

void
reports_free(struct reports *rs)
{
	if (rs == NULL)
		return;
	while (!LIST_EMPTY(&rs->v))
		storing_free(LIST_FIRST(&rs->v));
	xfree(rs);
}
