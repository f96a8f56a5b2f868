/* See agent.h. */
#include "agent/agent.h"

#include <string.h>

#include "agent/ask.h"
#include "agent/diagnostics.h"
#include "agent/explain/serve.h"
#include "agent/kube/client.h"
#include "agent/kube/shards.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

/* A loop that stood still for so long serves nobody. */
#define AGENT_MAX_LAG (5 * LOOP_S)

struct agent {
	const struct env *env; /* borrowed */
	struct controllers_opts controllers_opts;
	char *ns, *watch_filter, *image_origins; /* owned */
	struct kube_client *kube;                /* owned, as all below */
	struct shards *shards;                   /* NULL: no election */
	struct controllers *control;             /* NULL: nothing is held */
	struct diagnostics *diagnostics;
	struct explain_server *explain; /* NULL: none */
	struct ask *ask;                /* likewise, for holders of tokens */
	struct media_server *media;     /* NULL: none */
	struct deferred stop; /* where there is nothing to be stopped */
	void (*refused)(void *arg, const struct err *e);
	void *refused_arg;
	bool stopping;
	int64_t stop_grace_us;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

static bool
agent_may_write(void *arg, unsigned shard, struct err *e)
{
	struct agent *a = arg;

	return a->shards == NULL || shards_gate(a->shards, shard, e);
}

static void
agent_lead(void *arg, unsigned shard, bool outlived)
{
	struct agent *a = arg;
	bool first = a->control == NULL;

	if (a->stopping)
		return;
	if (first)
		a->control =
		    controllers_new(a->env, a->kube, &a->controllers_opts);
	controllers_take(a->control, shard, outlived);
	if (!first)
		return;
	controllers_start(a->control);
	log_write(a->env->log, LOG_INFO, "controllers started", NULL);
}

static void
agent_drop(struct agent *a)
{
	if (a->control == NULL || shards_held_count(a->shards) > 0)
		return;
	controllers_free(a->control);
	a->control = NULL;
}

/* At once, with all that is on its way to BMCs: the lease tells it from a turn of
 * its own, so that no controller is what is running now. */
static void
agent_follow(void *arg, unsigned shard)
{
	struct agent *a = arg;

	LOGW(a->env->log, "a lease is lost; nothing of it is written any more",
	    F_INT("shard", shard), F_INT("of", shards_count(a->shards)));
	if (a->control == NULL || a->stopping)
		return;
	controllers_drop(a->control, shard);
	agent_drop(a);
}

static void
agent_give(void *arg, unsigned shard)
{
	struct agent *a = arg;

	if (a->control != NULL && !a->stopping)
		controllers_give(a->control, shard);
}

/* The memory goes when nothing is held, and never inside the controllers. */
static void
agent_idle(void *arg)
{
	agent_drop(arg);
}

static void
agent_given(void *arg, unsigned shard, bool clean)
{
	struct agent *a = arg;

	shards_given(a->shards, shard, clean);
	if (!a->stopping)
		loop_defer(a->env->loop, &a->stop, agent_idle, a);
}

static void
agent_refused(void *arg, const struct err *e)
{
	struct agent *a = arg;

	if (a->refused != NULL)
		a->refused(a->refused_arg, e);
}

bool
agent_ready(const struct agent *a, struct err *e)
{
	int64_t lag = loop_max_lag_us(a->env->loop, false);

	if (a->stopping)
		return err_set(e, ERR_INTERNAL, 0, "shutting down");
	if (lag > AGENT_MAX_LAG)
		return err_set(e, ERR_INTERNAL, 0,
		    "the loop stood still for %lld ms",
		    (long long)(lag / LOOP_MS));
	if (a->control == NULL)
		return true; /* standing by is what it should do */
	if (controllers_waits(a->control))
		return err_set(
		    e, ERR_BUSY, 0, "a shard was taken over and is read first");
	return controllers_synced(a->control, e) &&
	       controllers_current(a->control, e);
}

struct controllers_counts
agent_counts(const struct agent *a)
{
	struct controllers_counts none = { 0 };

	return a->control == NULL ? none : controllers_counts(a->control);
}

static void
agent_collect(void *arg)
{
	struct agent *a = arg;
	struct controllers_counts n = agent_counts(a);
	struct metrics *m = a->env->metrics;

	metrics_set(m, "beskar7_hosts", NULL, (int64_t)n.hosts);
	metrics_set(m, "beskar7_machines", NULL, (int64_t)n.machines);
	metrics_set(m, "beskar7_clusters", NULL, (int64_t)n.clusters);
	controllers_collect(a->control, m);
	metrics_set(m, "beskar7_bmcs_busy", NULL, n.bmcs_busy);
	metrics_set(m, "beskar7_event_streams", NULL, n.event_streams);
	metrics_set(m, "beskar7_leader", NULL, a->control != NULL);
	metrics_set(m, "beskar7_loop_max_lag_microseconds", NULL,
	    loop_max_lag_us(a->env->loop, true));
}

static bool
agent_ready_now(void *arg, struct err *e)
{
	return agent_ready(arg, e);
}

/* Who drives it, for people who asked the wrong one. */
static void
agent_say_other(struct agent *a, unsigned shard, struct err *e)
{
	const char *holder =
	    a->shards == NULL ? "" : shards_holder(a->shards, shard);
	unsigned n = a->shards == NULL ? 1 : shards_count(a->shards);
	char which[64] = "";

	if (n > 1)
		(void)str_format(
		    which, sizeof(which), " of shard %u of %u", shard, n);
	(void)err_set(e, ERR_BUSY, 0, "this agent %s; %s%s%s%.200s",
	    n > 1 ? "does not drive that host" : "stands by and drives no host",
	    holder[0] == '\0' ? "nobody is seen to hold the Lease"
			      : "ask the holder of the Lease",
	    which, holder[0] == '\0' ? "" : ": ", holder);
}

struct cJSON *
agent_explain(struct agent *a, const char *name, struct err *e)
{
	const char *key;

	if (a->control == NULL && a->shards != NULL &&
	    shards_count(a->shards) > 1) {
		(void)err_set(e, ERR_BUSY, 0,
		    "this agent holds no shard of %u and drives no host",
		    shards_count(a->shards));
		return NULL;
	}
	if (a->control == NULL) {
		agent_say_other(a, 0, e);
		return NULL;
	}
	key = controllers_host_key(a->control, name, e);
	if (key == NULL)
		return NULL;
	if (controllers_drives(a->control, key))
		return controllers_explain(a->control, key, e);
	agent_say_other(a, shard_of(key, a->controllers_opts.shards), e);
	return NULL;
}

static void
agent_ready_text(void *arg, char *out, size_t cap)
{
	const struct agent *a = arg;
	char held[200];

	if (a->shards == NULL || shards_count(a->shards) == 1) {
		(void)str_copy(out, cap, "ok\n");
		return;
	}
	shards_held_text(a->shards, held, sizeof(held));
	(void)str_format(out, cap, "ok, shards held of %u: %s\n",
	    shards_count(a->shards), held);
}

static struct cJSON *
agent_explain_now(void *arg, const char *name, struct err *e)
{
	return agent_explain(arg, name, e);
}

static bool
agent_open_explain(struct agent *a, const struct agent_opts *o, struct err *e)
{
	struct err why;

	if (o->explain == NULL || o->explain[0] == '\0')
		return true;
	a->explain =
	    explain_server_new(a->env, o->explain, agent_explain_now, a, &why);
	if (a->explain != NULL) {
		LOGI(a->env->log, "explains its hosts",
		    F_STR("socket", o->explain));
		return true;
	}
	if (o->explain_may) {
		LOGI(a->env->log, "cannot be asked to explain", F_ERR(&why));
		return true;
	}
	*e = why;
	return err_wrap(e, "--explain-socket");
}

static void
agent_elect(struct agent *a, const struct agent_opts *o)
{
	struct shards_opts so = { .ns = o->lease_ns,
		.name = o->lease_name != NULL ? o->lease_name : "beskar7-agent",
		.n = o->control.shards,
		.gained = agent_lead,
		.lost = agent_follow,
		.asked = agent_give,
		.refused = agent_refused,
		.arg = a };
	char uuid[37];
	char *identity;

	entropy_uuid(a->env->entropy, uuid);
	identity = xasprintf("%s_%s",
	    o->lease_identity == NULL ? a->env->name : o->lease_identity, uuid);
	if (so.ns == NULL)
		so.ns = kube_client_default_ns(a->kube);
	so.identity = identity;
	so.id = uuid;
	a->shards = shards_new(a->kube, &so);
	xfree(identity);
	shards_start(a->shards);
}

static bool
agent_leads(void *arg)
{
	const struct agent *a = arg;

	/* One does what is done once: the holder of the first shard. */
	return !a->stopping && a->control != NULL &&
	       (a->shards == NULL || shards_held(a->shards, 0));
}

static bool
agent_explains(void *arg)
{
	const struct agent *a = arg;

	return !a->stopping && a->control != NULL;
}

static void
agent_asked(void *arg, struct http_exchange *x)
{
	struct agent *a = arg;

	ask_serve_plain(a->ask, x);
}

static bool
agent_open_ask(struct agent *a, const struct agent_opts *o, struct err *e)
{
	struct ask_opts q = { .kube = a->kube,
		.hooks = { agent_explain_now, agent_explains, a },
		.address = o->ask,
		.cert = o->ask_cert,
		.key = o->ask_key };

	a->ask = ask_new(a->env, &q, e);
	return a->ask != NULL;
}

static bool
agent_open_media(struct agent *a, const struct agent_opts *o, struct err *e)
{
	struct media_server_opts m = o->media;

	if (m.serve.listen == NULL || m.serve.listen[0] == '\0')
		return true;
	m.ns = a->ns;
	m.watch_filter = a->watch_filter;
	m.origins = a->image_origins;
	m.key_ns =
	    o->lease_ns != NULL ? o->lease_ns : kube_client_default_ns(a->kube);
	m.leading = agent_leads;
	m.arg = a;
	a->media = media_server_new(a->kube, &m, e);
	if (a->media != NULL && a->controllers_opts.boot_media == NULL)
		a->controllers_opts.boot_media = media_server_face(a->media);
	return a->media != NULL;
}

static bool
agent_open(struct agent *a, const struct agent_opts *o, struct err *e)
{
	struct kube_client_opts k = { .qps = o->qps,
		.burst = (unsigned)(o->qps * 2) };
	struct diagnostics_hooks hooks = { agent_ready_now, agent_collect,
		agent_ready_text, agent_asked, a };

	a->kube = kube_client_new(a->env, o->kube, &k, e);
	if (a->kube == NULL)
		return false;
	kube_client_set_gate(a->kube, agent_may_write, a);
	if (!agent_open_ask(a, o, e))
		return false;
	if (o->diagnostics != NULL && o->diagnostics[0] != '\0') {
		a->diagnostics =
		    diagnostics_new(a->env, o->diagnostics, &hooks, e);
		if (a->diagnostics == NULL)
			return false;
	}
	if (!agent_open_explain(a, o, e) || !agent_open_media(a, o, e))
		return false;
	if (o->leader_elect || o->control.shards > 1)
		agent_elect(a, o);
	else
		agent_lead(a, 0, false);
	return true;
}

struct agent *
agent_new(const struct env *env, const struct agent_opts *o, struct err *e)
{
	struct agent *a = xcalloc(1, sizeof(*a));

	a->env = env;
	a->controllers_opts = o->control;
	a->ns = xstrdup(o->control.ns);
	a->watch_filter = xstrdup(o->control.watch_filter);
	a->image_origins = xstrdup(o->control.image_origins);
	a->controllers_opts.ns = a->ns;
	a->controllers_opts.watch_filter = a->watch_filter;
	a->controllers_opts.image_origins = a->image_origins;
	a->controllers_opts.may_write = agent_may_write;
	a->controllers_opts.may_write_arg = a;
	a->controllers_opts.given = agent_given;
	a->controllers_opts.given_arg = a;
	if (a->controllers_opts.shards == 0)
		a->controllers_opts.shards = 1;
	a->refused = o->refused;
	a->refused_arg = o->refused_arg;
	if (agent_open(a, o, e))
		return a;
	agent_free(a);
	return NULL;
}

unsigned
agent_diagnostics_port(const struct agent *a)
{
	return a->diagnostics == NULL ? 0 : diagnostics_port(a->diagnostics);
}

unsigned
agent_media_port(const struct agent *a)
{
	return a->media == NULL ? 0 : media_server_port(a->media);
}

const struct media_server *
agent_media(const struct agent *a)
{
	return a->media;
}

unsigned
agent_ask_port(const struct agent *a)
{
	return ask_port(a->ask);
}

static void
agent_released(void *arg)
{
	struct agent *a = arg;

	if (a->stopped != NULL)
		a->stopped(a->stopped_arg);
}

static bool
agent_clean(void *arg, unsigned shard)
{
	const struct agent *a = arg;

	return a->control == NULL || controllers_clean(a->control, shard);
}

/* What is still under way would be under way beside a successor: such a Lease
 * runs out, and its taker waits. */
static void
agent_controllers_stopped(void *arg)
{
	struct agent *a = arg;

	if (a->shards != NULL)
		shards_release(a->shards, agent_clean, agent_released, a);
	else
		agent_released(a);
}

void
agent_stop(
    struct agent *a, int64_t grace_us, void (*done)(void *arg), void *arg)
{
	if (a->stopping)
		return;
	a->stopping = true;
	a->stopped = done;
	a->stopped_arg = arg;
	if (a->control != NULL)
		controllers_stop(
		    a->control, grace_us, agent_controllers_stopped, a);
	else
		loop_defer(
		    a->env->loop, &a->stop, agent_controllers_stopped, a);
}

void
agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	deferred_cancel(&a->stop);
	ask_free(a->ask); /* lets go of what the next one serves */
	diagnostics_free(a->diagnostics);
	explain_server_free(a->explain);
	controllers_free(a->control); /* they ask the media server */
	media_server_free(a->media);
	shards_free(a->shards);
	kube_client_free(a->kube);
	xfree(a->ns);
	xfree(a->watch_filter);
	xfree(a->image_origins);
	xfree(a);
}
