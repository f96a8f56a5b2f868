/* See wlsim.h: what it follows, and its life. */
#include "sim/workload/wlsim.h"

#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/workload/internal.h"

#define INFRA "/apis/infrastructure.cluster.x-k8s.io/v1beta2"
#define RETRY LOOP_S

static void events_follow(void *arg);

/* ---- what machines do ---------------------------------------------------------- */

static void
events_line(void *arg, const cJSON *ev)
{
	wlsim_kubelet_note(arg, ev);
}

/* The past comes in pages, until there is no more; only then kubelets act: a
 * machine that ran once and is off by now has none. */
static void
events_ended(void *arg, int status)
{
	struct wlsim *s = arg;
	bool more = s->seen != s->page;

	s->events = NULL;
	if (!s->caught_up && status == 200 && !more) {
		s->caught_up = true;
		wlsim_kubelets_look(s);
		more = true;
	}
	timer_start(
	    s->env->loop, &s->events_retry, more ? 0 : RETRY, events_follow, s);
}

static void
events_follow(void *arg)
{
	struct wlsim *s = arg;
	struct core_stream_fns f = { events_line, events_ended, s };
	char *target = xasprintf("/events?%ssince=%llu",
	    s->caught_up ? "follow=1&" : "", (unsigned long long)s->seen);

	s->page = s->seen;
	s->events = core_stream_open(s->bmc, target, &f);
	xfree(target);
}

static void
seen_nothing(void *arg, const char *key, const cJSON *tree)
{
	(void)arg;
	(void)key;
	(void)tree; /* kubelets ask when they need it */
}

/* ---- life -------------------------------------------------------------------------- */

static void
wlsim_copy_opts(struct wlsim *s, const struct wlsim_opts *o)
{
	s->o = *o;
	s->o.server = xstrdup(o->server);
	s->o.token = xstrdup(o->token);
	s->o.bmc_control = xstrdup(o->bmc_control);
	s->o.host = xstrdup(o->host != NULL ? o->host : "default/{bmc}");
	s->o.provider_id = xstrdup(o->provider_id);
	s->o.addr = xstrdup(o->addr != NULL ? o->addr : "127.0.0.1");
	s->o.advertise =
	    xstrdup(o->advertise != NULL ? o->advertise : s->o.addr);
	s->o.control_addr =
	    xstrdup(o->control_addr != NULL ? o->control_addr : "127.0.0.1");
	if (s->o.heartbeat_us == 0)
		s->o.heartbeat_us = 5 * LOOP_MIN;
}

static bool
wlsim_certify(struct wlsim *s, struct err *e)
{
	int64_t now = loop_wall_us(s->env->loop) / LOOP_S;
	struct tls_issue ca = { .is_ca = true,
		.subject = "beskar7-sim workload CA",
		.not_before_s = now - 86400,
		.not_after_s = now + 3650LL * 86400 };

	s->ca = tls_identity_issue(&ca, s->env->entropy, &s->ca_pem, NULL, e);
	return s->ca != NULL;
}

static bool
wlsim_connect(struct wlsim *s, struct err *e)
{
	struct core_opts api = { .token = s->o.token,
		.trust = s->o.trust,
		.insecure = s->o.insecure };
	struct core_opts bmc = { 0 };

	s->api = core_client_new(s->env, s->o.server, &api, e);
	if (s->api != NULL)
		s->bmc = core_client_new(s->env, s->o.bmc_control, &bmc, e);
	return s->bmc != NULL;
}

struct wlsim *
wlsim_new(const struct env *env, const struct wlsim_opts *o, struct err *e)
{
	struct wlsim *s = xcalloc(1, sizeof(*s));

	s->env = env;
	LIST_INIT(&s->calls);
	wlsim_copy_opts(s, o);
	if (!wlsim_certify(s, e) || !wlsim_connect(s, e) ||
	    (o->control && !wlsim_control_listen(s, e))) {
		wlsim_free(s);
		return NULL;
	}
	s->clusters_seen = core_cache_new(env, s->api,
	    "/apis/cluster.x-k8s.io/v1beta2/clusters", wlsim_on_cluster, s);
	s->hosts = core_cache_new(
	    env, s->api, INFRA "/physicalhosts", seen_nothing, s);
	s->machines = core_cache_new(
	    env, s->api, INFRA "/beskar7machines", seen_nothing, s);
	timer_start(env->loop, &s->events_retry, 0, events_follow, s);
	timer_start(env->loop, &s->heartbeat, s->o.heartbeat_us,
	    wlsim_kubelets_beat, s);
	return s;
}

void
wlsim_free(struct wlsim *s)
{
	if (s == NULL)
		return;
	timer_stop(&s->events_retry);
	timer_stop(&s->heartbeat);
	http_server_free(s->http);
	core_client_free(s->api);
	core_client_free(s->bmc);
	wlsim_calls_free(s);
	core_cache_free(s->clusters_seen);
	core_cache_free(s->hosts);
	core_cache_free(s->machines);
	map_free(&s->kubelets, wlsim_kubelet_free);
	map_free(&s->clusters, wlsim_cluster_free);
	tls_identity_free(s->ca);
	xfree(s->ca_pem);
	xfree((void *)(uintptr_t)s->o.server);
	xfree((void *)(uintptr_t)s->o.token);
	xfree((void *)(uintptr_t)s->o.bmc_control);
	xfree((void *)(uintptr_t)s->o.host);
	xfree((void *)(uintptr_t)s->o.provider_id);
	xfree((void *)(uintptr_t)s->o.addr);
	xfree((void *)(uintptr_t)s->o.advertise);
	xfree((void *)(uintptr_t)s->o.control_addr);
	xfree(s);
}
