/* See workload.h: when a cluster is looked at, and what keeps it from that. */
#include "agent/control/workload.h"

#include <string.h>

#include "agent/control/internal.h"
#include "agent/kube/client.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/kube/secret.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define WORKLOAD_LOOK (5 * LOOP_S)
#define WORKLOAD_SILENT (30 * LOOP_S) /* till it is told */
#define WORKLOAD_TURN (60 * LOOP_S)   /* where others wait for a place */
#define WORKLOAD_VAIN (3 * LOOP_MIN)  /* of a refresh that nobody waits for */
#define WORKLOAD_RETRY_MIN (2 * LOOP_S)
#define WORKLOAD_RETRY_MAX (2 * LOOP_MIN)
#define WORKLOAD_QPS 5

static void workload_look(void *arg);

static bool
workload_holds_place(const struct workload *w)
{
	return w->state == WORKLOAD_READING || w->state == WORKLOAD_OPEN;
}

static bool
workload_waited_for(const struct workload *w)
{
	for (size_t i = 0; i < w->members.n; i++) {
		const struct workload_member *m = w->members.v[i].value;

		if (m->waits)
			return true;
	}
	return false;
}

static void
workload_later(struct workload *w, int64_t us)
{
	timer_start(w->c->env->loop, &w->timer, us, workload_look, w);
}

/* between three quarters and five quarters of it: fleets spread out */
static int64_t
workload_about(struct workload *w, int64_t us)
{
	return us * 3 / 4 + (int64_t)rng_below(&w->rng, (uint64_t)us / 2);
}

void
workload_wake(struct workload *w)
{
	for (size_t i = 0; i < w->members.n; i++)
		workq_add(w->c->machine_q, w->members.v[i].key);
}

/* The text stays as it was while the reason does: what a peer says varies. */
static void
workload_say(struct workload *w, const char *reason, const char *message)
{
	if (str_eq(w->reason, reason))
		return;
	(void)str_copy(w->reason, sizeof(w->reason), reason);
	(void)str_copy(w->message, sizeof(w->message), message);
	if (reason[0] != '\0')
		LOGI(w->c->env->log, "workload cluster", F_STR("obj", w->key),
		    F_STR("reason", reason), F_STR("message", message));
	workload_wake(w);
}

/* ---- places ------------------------------------------------------------------ */

static void workload_read(void *arg, struct kube_secret_reply *r);

static void
workload_begin(struct workload *w)
{
	static const char *const keys[] = { "value" };
	char ns[256], name[256];
	struct kube_secret_want want = { ns, name, keys, 1 };

	(void)kobj_key_split(w->secret_key, ns, name); /* it was made so */
	w->state = WORKLOAD_READING;
	w->c->workloads_open++;
	w->call = kube_secret_read(w->c->k, &want, workload_read, w);
}

static void
workloads_next(struct controllers *c)
{
	struct workload *w;

	while (!c->stopping && c->workloads_open < WORKLOADS_MAX &&
	       (w = TAILQ_FIRST(&c->workload_queue)) != NULL) {
		TAILQ_REMOVE(&c->workload_queue, w, link);
		workload_begin(w);
	}
}

/* Gives everything back; no request of it is heard of any more. */
static void
workload_close(struct workload *w, enum workload_state state)
{
	bool held = workload_holds_place(w);

	if (w->state == WORKLOAD_QUEUED)
		TAILQ_REMOVE(&w->c->workload_queue, w, link);
	kube_secret_cancel(w->call);
	w->call = NULL;
	workload_unwatch(w);
	kube_client_free(w->client);
	w->client = NULL;
	w->silent_us = -1;
	w->state = state;
	timer_stop(&w->timer);
	if (!held)
		return;
	w->c->workloads_open--;
	workloads_next(w->c);
}

static void
workload_enqueue(struct workload *w)
{
	if (w->state == WORKLOAD_QUEUED || workload_holds_place(w))
		return;
	timer_stop(&w->timer);
	if (!workload_has_secret(w)) {
		w->state = WORKLOAD_REST;
		workload_say(w, "NoKubeconfig",
		    "there is no Secret of this cluster's kubeconfig");
		return;
	}
	w->state = WORKLOAD_QUEUED;
	TAILQ_INSERT_TAIL(&w->c->workload_queue, w, link);
	workloads_next(w->c);
}

/* ---- its Secret ---------------------------------------------------------------- */

static bool
workload_may_write(void *arg, unsigned shard, struct err *e)
{
	const struct workload *w = arg;

	if (w->c->stopping)
		return err_set(e, ERR_SPEC, 0, "shutting down");
	return controllers_may_write(w->c, shard, e);
}

static bool
workload_open(
    struct workload *w, const struct kube_secret_reply *r, struct err *e)
{
	struct kube_client_opts o = { .qps = WORKLOAD_QPS,
		.burst = 4 * WORKLOAD_QPS,
		.max_objects = 20000 };
	struct kube_config k;

	if (!workload_config(&k, w, r, e))
		return false;
	w->client = kube_client_new(&w->c->workload_env, &k, &o, e);
	kube_config_free(&k);
	if (w->client == NULL) {
		e->kind = ERR_SPEC; /* nothing but its content can mend it */
		return false;
	}
	kube_client_set_gate(w->client, workload_may_write, w);
	workload_watch(w);
	return true;
}

static void
workload_read(void *arg, struct kube_secret_reply *r)
{
	struct workload *w = arg;
	struct err e = r->err;

	w->call = NULL;
	if (e.kind == ERR_NONE && workload_open(w, r, &e)) {
		w->state = WORKLOAD_OPEN;
		w->opened_us = loop_mono_us(w->c->env->loop);
		workload_later(w, WORKLOAD_LOOK);
		return;
	}
	if (e.kind == ERR_SPEC) {
		workload_close(w, WORKLOAD_REFUSED);
		workload_say(w, "KubeconfigInvalid", e.msg);
		return;
	}
	workload_close(w, WORKLOAD_RETRY);
	if (e.kind == ERR_NOTFOUND || e.kind == ERR_AUTH)
		workload_say(w, "NoKubeconfig", e.msg);
	workload_later(w, backoff_next(&w->backoff));
}

/* ---- while it is open ------------------------------------------------------------ */

static void
workload_silent(
    struct workload *w, const struct informer_status *s, int64_t now)
{
	char text[400];

	if (w->silent_us < 0)
		w->silent_us = now;
	if (now - w->silent_us < WORKLOAD_SILENT)
		return;
	(void)str_format(text, sizeof(text), "%.120s: %.250s",
	    kube_client_server(w->client), s->err.msg);
	workload_say(w,
	    s->err.kind == ERR_AUTH ? "AccessDenied" : "ClusterUnreachable",
	    text);
}

/* It answered; or it did not, and nobody waits for it. */
static bool
workload_done(const struct workload *w, bool well, int64_t now)
{
	if (workload_waited_for(w))
		return false;
	if (well)
		return now - w->opened_us >= WORKLOAD_LOOK;
	return now - w->opened_us >= WORKLOAD_VAIN;
}

static void
workload_look_open(struct workload *w)
{
	int64_t now = loop_mono_us(w->c->env->loop);
	struct informer_status s;
	bool well;

	informer_status(w->nodes, &s);
	well = s.synced && s.current;
	if (well) {
		w->silent_us = -1;
		backoff_reset(&w->backoff);
		workload_say(w, "", "");
	} else if (s.err.kind != ERR_NONE) {
		workload_silent(w, &s, now);
	}
	if (workload_done(w, well, now)) {
		workload_close(w, WORKLOAD_REST);
		workload_later(w, workload_about(w, WORKLOAD_REFRESH));
	} else if (!TAILQ_EMPTY(&w->c->workload_queue) &&
		   now - w->opened_us >= WORKLOAD_TURN) {
		workload_close(w, WORKLOAD_REST);
		workload_enqueue(w);
	} else {
		workload_later(w, WORKLOAD_LOOK);
	}
}

static void
workload_look(void *arg)
{
	struct workload *w = arg;

	if (w->state == WORKLOAD_OPEN)
		workload_look_open(w);
	else
		workload_enqueue(w);
}

/* ---- for the machines -------------------------------------------------------------- */

struct workload *
workload_get(struct controllers *c, const char *ns, const char *cluster)
{
	char key[KOBJ_KEY_CAP], secret[KOBJ_KEY_CAP], name[256];
	struct workload *w;

	if (!kobj_key_make(ns, cluster, key) ||
	    !str_format(name, sizeof(name), "%s-kubeconfig", cluster) ||
	    !kobj_key_make(ns, name, secret))
		return NULL;
	w = map_get(&c->workloads, key);
	if (w != NULL)
		return w;
	w = xcalloc(1, sizeof(*w));
	w->c = c;
	w->key = xstrdup(key);
	w->secret_key = xstrdup(secret);
	w->silent_us = -1;
	rng_seed(&w->rng, c->env->seed, w->secret_key);
	backoff_init(
	    &w->backoff, WORKLOAD_RETRY_MIN, WORKLOAD_RETRY_MAX, &w->rng);
	(void)map_put(&c->workloads, key, w); /* new */
	return w;
}

struct workload_member *
workload_join(struct workload *w, const char *machine, bool waits)
{
	struct workload_member *m = map_get(&w->members, machine);

	if (m == NULL) {
		m = xcalloc(1, sizeof(*m));
		(void)map_put(&w->members, machine, m); /* new */
	}
	m->waits = waits;
	if (w->state != WORKLOAD_REST)
		return m;
	/* What a former life of ours found is looked at again, in no haste. */
	if (waits)
		workload_enqueue(w);
	else if (!timer_armed(&w->timer))
		workload_later(
		    w, workload_about(w, m->addresses != NULL ? WORKLOAD_REFRESH
							      : WORKLOAD_VAIN));
	return m;
}

static void
workload_member_free(void *arg)
{
	struct workload_member *m = arg;

	if (m == NULL)
		return;
	xfree(m->node);
	cJSON_Delete(m->addresses);
	xfree(m);
}

static void
workload_free(void *arg)
{
	struct workload *w = arg;

	workload_close(w, WORKLOAD_REST);
	workload_writes_free(w);
	map_free(&w->members, workload_member_free);
	xfree(w->key);
	xfree(w->secret_key);
	xfree(w);
}

void
workload_leave(struct controllers *c, const char *key, const char *machine)
{
	struct workload *w = map_get(&c->workloads, key);

	if (w == NULL)
		return;
	workload_member_free(map_take(&w->members, machine));
	if (w->members.n > 0)
		return;
	(void)map_take(&c->workloads, key); /* it was there */
	workload_free(w);
}

const struct workload_member *
workload_member(const struct workload *w, const char *machine)
{
	return w == NULL ? NULL : map_get(&w->members, machine);
}

bool
workload_ready(const struct workload *w)
{
	return w->state == WORKLOAD_OPEN && informer_synced(w->nodes);
}

bool
workload_has_secret(const struct workload *w)
{
	return informer_has(w->c->secrets, w->secret_key);
}

void
workload_secret_changed(struct controllers *c, const char *key)
{
	static const char suffix[] = "-kubeconfig";
	size_t n = strlen(key), k = sizeof(suffix) - 1;
	char *cluster;
	struct workload *w;

	if (n <= k || !str_eq(key + n - k, suffix))
		return;
	cluster = xstrndup(key, n - k);
	w = map_get(&c->workloads, cluster);
	xfree(cluster);
	if (w == NULL)
		return;
	workload_close(w, WORKLOAD_REST);
	backoff_reset(&w->backoff);
	w->reason[0] = '\0';
	workload_enqueue(w);
	workload_wake(w);
}

void
workloads_free(struct controllers *c)
{
	c->stopping = true; /* nobody takes the places that become free */
	map_free(&c->workloads, workload_free);
}
