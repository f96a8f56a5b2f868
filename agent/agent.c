/* See agent.h. */
#include "agent/agent.h"

#include <string.h>

#include "agent/diagnostics.h"
#include "agent/explain/serve.h"
#include "agent/kube/client.h"
#include "agent/kube/lease.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"

/* A loop that stood still for so long serves nobody. */
#define AGENT_MAX_LAG (5 * LOOP_S)

struct agent {
	const struct env *env; /* borrowed */
	struct controllers_opts controllers_opts;
	char *ns, *watch_filter, *image_origins; /* owned */
	struct kube_client *kube;                /* owned, as all below */
	struct lease *lease;                     /* NULL: no election */
	struct controllers *control;             /* NULL: not the leader */
	struct diagnostics *diagnostics;
	struct explain_server *explain; /* NULL: none */
	struct media_server *media;     /* NULL: none */
	struct deferred drop; /* of the controllers, after the lease is lost */
	bool stopping;
	int64_t stop_grace_us;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

static bool
agent_may_write(void *arg, struct err *e)
{
	struct agent *a = arg;

	if (a->lease != NULL && !lease_held(a->lease))
		return lease_gate(a->lease, e);
	return true;
}

static void
agent_lead(void *arg)
{
	struct agent *a = arg;

	deferred_cancel(&a->drop);
	if (a->stopping || a->control != NULL)
		return;
	a->control = controllers_new(a->env, a->kube, &a->controllers_opts);
	controllers_start(a->control);
	log_write(a->env->log, LOG_INFO, "controllers started", NULL);
}

static void
agent_drop_control(void *arg)
{
	struct agent *a = arg;

	controllers_free(a->control);
	a->control = NULL;
}

/* The gate refuses every mutation from this moment; the memory goes at the end
 * of the turn, because a controller may be what is running now. */
static void
agent_follow(void *arg)
{
	struct agent *a = arg;

	log_write(a->env->log, LOG_WARN,
	    "the lease is lost; nothing is written any more", NULL);
	if (a->control != NULL && !a->stopping)
		loop_defer(a->env->loop, &a->drop, agent_drop_control, a);
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

struct cJSON *
agent_explain(struct agent *a, const char *name, struct err *e)
{
	struct lease_status s = { 0 };

	if (a->control != NULL)
		return controllers_explain(a->control, name, e);
	if (a->lease != NULL)
		lease_status(a->lease, &s);
	(void)err_set(e, ERR_BUSY, 0,
	    "this agent stands by and drives no host; %s%.200s",
	    s.holder == NULL || s.holder[0] == '\0'
		? "nobody is seen to hold the Lease"
		: "ask the holder of the Lease: ",
	    s.holder == NULL ? "" : s.holder);
	return NULL;
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

static bool
agent_leads(void *arg)
{
	const struct agent *a = arg;

	return !a->stopping && a->control != NULL;
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
	return a->media != NULL;
}

static bool
agent_open(struct agent *a, const struct agent_opts *o, struct err *e)
{
	struct kube_client_opts k = { .qps = o->qps,
		.burst = (unsigned)(o->qps * 2) };
	struct diagnostics_hooks hooks = { agent_ready_now, agent_collect, a };
	struct lease_opts l = { .ns = o->lease_ns,
		.name = o->lease_name != NULL ? o->lease_name : "beskar7-agent",
		.gained = agent_lead,
		.lost = agent_follow,
		.arg = a };
	char uuid[37];
	char *identity;

	a->kube = kube_client_new(a->env, o->kube, &k, e);
	if (a->kube == NULL)
		return false;
	kube_client_set_gate(a->kube, agent_may_write, a);
	if (o->diagnostics != NULL && o->diagnostics[0] != '\0') {
		a->diagnostics =
		    diagnostics_new(a->env, o->diagnostics, &hooks, e);
		if (a->diagnostics == NULL)
			return false;
	}
	if (!agent_open_explain(a, o, e) || !agent_open_media(a, o, e))
		return false;
	if (!o->leader_elect) {
		agent_lead(a);
		return true;
	}
	entropy_uuid(a->env->entropy, uuid);
	identity = xasprintf("%s_%s",
	    o->lease_identity == NULL ? a->env->name : o->lease_identity, uuid);
	if (l.ns == NULL)
		l.ns = kube_client_default_ns(a->kube);
	l.identity = identity;
	a->lease = lease_new(a->kube, &l);
	xfree(identity);
	lease_start(a->lease);
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

static void
agent_released(void *arg)
{
	struct agent *a = arg;

	if (a->stopped != NULL)
		a->stopped(a->stopped_arg);
}

static void
agent_controllers_stopped(void *arg)
{
	struct agent *a = arg;

	if (a->lease != NULL)
		lease_release(a->lease, agent_released, a);
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
		    a->env->loop, &a->drop, agent_controllers_stopped, a);
}

void
agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	deferred_cancel(&a->drop);
	diagnostics_free(a->diagnostics);
	explain_server_free(a->explain);
	media_server_free(a->media);
	controllers_free(a->control);
	lease_free(a->lease);
	kube_client_free(a->kube);
	xfree(a->ns);
	xfree(a->watch_filter);
	xfree(a->image_origins);
	xfree(a);
}
