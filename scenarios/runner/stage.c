/* See stage.h. */
#include "scenarios/runner/stage.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/core/core.h"
#include "sim/origin/origin.h"
#include "sim/workload/wlsim.h"

#define STAGE_AGENTS 8
#define STAGE_API "10.0.0.1"
#define STAGE_BMC "10.0.0.2"
#define STAGE_ORIGIN "10.0.0.3"
#define STAGE_CORE "10.0.0.4"
#define STAGE_WORKLOAD "10.0.0.5"
#define YEAR_S (365LL * 86400)

/* A process of the world: its seams, in one place that outlives it. */
struct stage_process {
	struct env env;
	struct log log;
	char *name; /* owned */
	bool up;
};

struct stage_agent {
	struct stage_process p;
	struct agent *agent;
	struct timer drop;
	bool stopping, media;
	char ip[16];
};

struct stage {
	struct stage_opts o;
	struct world *world;
	struct files files;
	struct stage_process api, bmc, org, cor, wor;
	struct tls_identity *api_tls;
	struct kube_server *kube;
	struct bmc_fleet *fleet;
	struct origin *origin, *secure; /* the same images over HTTPS */
	struct tls_identity *secure_id;
	struct core *core;
	struct wlsim *workload;
	struct stage_agent agents[STAGE_AGENTS];
};

static void
stage_process_up(struct stage *s, struct stage_process *p, const char *name,
    const char *ip, int64_t skew_us)
{
	p->name = xstrdup(name);
	p->env.name = p->name;
	p->env.loop = world_spawn(s->world, name, ip, skew_us);
	p->env.net = world_net(p->env.loop);
	p->env.entropy = world_entropy(p->env.loop);
	p->env.files = &s->files;
	p->env.metrics = metrics_new();
	p->env.seed = s->o.seed;
	p->log = (struct log){ s->o.log_level, p->name, p->env.loop,
		s->o.log_line, s->o.arg };
	p->env.log = &p->log;
	p->up = true;
}

static void
stage_process_down(struct stage_process *p)
{
	if (!p->up)
		return;
	world_kill(p->env.loop);
	p->up = false;
}

/* After the owner of the process's memory was freed. */
static void
stage_process_reap(struct stage_process *p)
{
	if (p->env.loop == NULL)
		return;
	world_reap(p->env.loop);
	metrics_free(p->env.metrics);
	xfree(p->name);
	memset(p, 0, sizeof(*p));
}

static bool
stage_kube_up(struct stage *s, const char *root, struct err *e)
{
	static const struct kube_token tokens[] = {
		{ STAGE_TOKEN, "beskar7-agent" },
		{ "core-token", "core" },
		{ "admin-token", "admin" },
		{ "workload-token", "workload" },
	};
	char *paths[2] = { xasprintf("%s/crds", root),
		xasprintf("%s/sim/core/crds", root) };
	const char *crds[2] = { paths[0], paths[1] };
	struct tls_issue tls = { .subject = "kube",
		.names = STAGE_API,
		.not_before_s = WORLD_EPOCH_S - 3600,
		.not_after_s = WORLD_EPOCH_S + 10LL * 365 * 86400 };
	struct kube_server_opts o = { .addr = STAGE_API,
		.port = 6443,
		.tokens = tokens,
		.n_tokens = 4,
		.crd_paths = crds,
		.n_crd_paths = 2,
		.on_commit = s->o.on_commit,
		.on_commit_arg = s->o.arg };

	stage_process_up(s, &s->api, "kube", STAGE_API, 0);
	/* Clients send no token without TLS. */
	s->api_tls = tls_identity_facts(&tls, s->api.env.entropy);
	o.identity = s->api_tls;
	s->kube = kube_server_new(&s->api.env, &o, e);
	xfree(paths[0]);
	xfree(paths[1]);
	return s->kube != NULL;
}

static bool
stage_bmcs_up(struct stage *s, const char *root, struct err *e)
{
	char *profiles = xasprintf("%s/sim/bmc/profiles", root);
	char *replay = s->o.replay == NULL || s->o.replay[0] == '/'
			   ? xstrdup(s->o.replay)
			   : xasprintf("%s/%s", root, s->o.replay);
	struct bmc_fleet_opts o = { .count = s->o.bmcs,
		.addr = "127.16.0.1",
		.prefix = 12,
		.port = 443,
		.profiles_dir = profiles,
		.profiles = s->o.profiles,
		.n_profiles = s->o.n_profiles,
		.knobs = s->o.knobs,
		.replay = replay,
		.overrides = s->o.overrides,
		.n_overrides = s->o.n_overrides,
		.tls = s->o.tls,
		.virtual_tls = s->o.tls,
		.control_addr = STAGE_BMC,
		.control_port = 9900,
		.control = true,
		.timing = s->o.timing,
		.on_event = s->o.on_bmc,
		.arg = s->o.arg };

	stage_process_up(s, &s->bmc, "bmc", STAGE_BMC, 0);
	s->fleet = bmc_fleet_new(&s->bmc.env, &o, e);
	xfree(profiles);
	xfree(replay);
	return s->fleet != NULL;
}

static bool
stage_core_up(struct stage *s, struct err *e)
{
	struct core_opts o = { .server = "https://" STAGE_API ":6443",
		.token = "core-token",
		.insecure = true,
		.bmc_control =
		    s->o.workload ? NULL : "http://" STAGE_BMC ":9900",
		.remote_nodes = s->o.workload,
		.provider_id = "b7://default/{bmc}",
		.bootstrap_data = s->o.bootstrap_data,
		.bootstrap_format = s->o.bootstrap_format,
		.on_problem = s->o.on_problem,
		.arg = s->o.arg };

	stage_process_up(s, &s->cor, "core", STAGE_CORE, 0);
	s->core = core_new(&s->cor.env, &o, e);
	return s->core != NULL;
}

static bool
stage_origin_up(struct stage *s, struct err *e)
{
	struct origin_opts o = { .addr = STAGE_ORIGIN, .port = 80 };

	stage_process_up(s, &s->org, "origin", STAGE_ORIGIN, 0);
	s->origin = origin_new(&s->org.env, &o, e);
	return s->origin != NULL;
}

static bool
stage_workload_up(struct stage *s, struct err *e)
{
	struct wlsim_opts o = { .server = "https://" STAGE_API ":6443",
		.token = "workload-token",
		.insecure = true,
		.bmc_control = "http://" STAGE_BMC ":9900",
		.provider_id = s->o.provider_id,
		.addr = STAGE_WORKLOAD,
		.port = 6443,
		.virtual_tls = true,
		.on_commit = s->o.on_node,
		.arg = s->o.arg };

	if (!s->o.workload)
		return true;
	stage_process_up(s, &s->wor, "workload", STAGE_WORKLOAD, 0);
	s->workload = wlsim_new(&s->wor.env, &o, e);
	return s->workload != NULL;
}

bool
stage_serve_https(struct stage *s, struct err *e)
{
	struct origin_opts o = { .addr = STAGE_ORIGIN, .port = 443 };

	s->secure_id =
	    tls_identity_facts(&(struct tls_issue){ .subject = "origin",
				   .names = STAGE_ORIGIN,
				   .not_before_s = WORLD_EPOCH_S - 3600,
				   .not_after_s = WORLD_EPOCH_S + YEAR_S },
		s->org.env.entropy);
	o.identity = s->secure_id;
	s->secure = origin_new(&s->org.env, &o, e);
	return s->secure != NULL;
}

struct stage *
stage_new(const struct stage_opts *o, struct err *e)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const char *root = o->root != NULL ? o->root : ".";

	s->o = *o;
	s->files = files_system();
	s->world = world_new(o->seed);
	if (stage_kube_up(s, root, e) && stage_bmcs_up(s, root, e) &&
	    stage_origin_up(s, e) && stage_core_up(s, e) &&
	    stage_workload_up(s, e))
		return s;
	stage_free(s);
	return NULL;
}

void
stage_free(struct stage *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < STAGE_AGENTS; i++)
		stage_agent_kill(s, i);
	stage_process_down(&s->wor);
	wlsim_free(s->workload);
	stage_process_reap(&s->wor);
	stage_process_down(&s->cor);
	core_free(s->core);
	stage_process_reap(&s->cor);
	stage_process_down(&s->org);
	origin_free(s->origin);
	origin_free(s->secure);
	tls_identity_free(s->secure_id);
	stage_process_reap(&s->org);
	stage_process_down(&s->bmc);
	bmc_fleet_free(s->fleet);
	stage_process_reap(&s->bmc);
	stage_process_down(&s->api);
	kube_server_free(s->kube);
	tls_identity_free(s->api_tls);
	stage_process_reap(&s->api);
	world_free(s->world);
	xfree(s);
}

struct world *
stage_world(struct stage *s)
{
	return s->world;
}

struct bmc_fleet *
stage_fleet(struct stage *s)
{
	return s->fleet;
}

struct kube_server *
stage_kube(struct stage *s)
{
	return s->kube;
}

struct origin *
stage_origin(struct stage *s)
{
	return s->origin;
}

struct core *
stage_core(struct stage *s)
{
	return s->core;
}

struct wlsim *
stage_workload(struct stage *s)
{
	return s->workload;
}

const char *
stage_ca_pem(struct stage *s)
{
	return bmc_fleet_ca_pem(s->fleet);
}

/* ---- agents --------------------------------------------------------------------- */

/* As a Service does: the name leads to one that runs. */
static void
stage_media_route(struct stage *s)
{
	for (unsigned i = 0; i < STAGE_AGENTS; i++)
		if (s->agents[i].p.up && s->agents[i].agent != NULL &&
		    s->agents[i].media) {
			world_dns(s->world, "media.rack", s->agents[i].ip);
			return;
		}
}

bool
stage_agent_start(struct stage *s, unsigned n, const struct stage_agent_opts *o,
    struct err *e)
{
	struct stage_agent *a = &s->agents[n < STAGE_AGENTS ? n : 0];
	struct kube_config k = { 0 };
	struct agent_opts ao = { .kube = &k,
		.leader_elect = o->leader_elect,
		.lease_ns = "default",
		.qps = 10000 };
	char name[32], listen[32];

	if (n >= STAGE_AGENTS || a->agent != NULL)
		return err_set(e, ERR_SPEC, 0, "agent %u %s", n,
		    n >= STAGE_AGENTS ? "is out of range" : "runs already");
	stage_process_reap(&a->p);
	(void)str_format(name, sizeof(name), "agent-%u", n);
	(void)str_format(a->ip, sizeof(a->ip), "10.0.1.%u", n + 1);
	stage_process_up(s, &a->p, name, a->ip, o->wall_skew_us);
	k.source = xstrdup("stage");
	k.server = xstrdup("https://" STAGE_API ":6443");
	k.path_prefix = xstrdup("");
	k.insecure = true;
	k.default_ns = xstrdup("default");
	secret_set(&k.token, STAGE_TOKEN, strlen(STAGE_TOKEN));
	ao.control.shards = o->shards;
	ao.diagnostics = o->diagnostics;
	ao.control.ns = o->ns;
	ao.control.image_origins = o->image_origins;
	ao.control.watch_filter = o->watch_filter;
	ao.control.max_provisioning = o->max_provisioning;
	ao.control.max_releasing = o->max_releasing;
	ao.control.event_streams = o->event_streams;
	ao.control.poll_busy_us = o->busy_us;
	ao.control.poll_idle_us = o->idle_us;
	ao.control.bmc_grace_us = o->grace_us;
	ao.control.boot_media = o->boot_media;
	(void)str_format(listen, sizeof(listen), "%s:8090", a->ip);
	a->media = o->media;
	if (o->media) {
		ao.media.serve.listen = listen;
		ao.media.media_url = STAGE_MEDIA;
	}
	a->stopping = false;
	a->agent = agent_new(&a->p.env, &ao, e);
	kube_config_free(&k);
	stage_media_route(s);
	return a->agent != NULL;
}

void
stage_agent_kill(struct stage *s, unsigned n)
{
	struct stage_agent *a = &s->agents[n];

	timer_stop(&a->drop);
	stage_process_down(&a->p);
	agent_free(a->agent);
	a->agent = NULL;
	stage_process_reap(&a->p);
	stage_media_route(s);
}

void
stage_agent_down(struct stage *s, unsigned n)
{
	stage_process_down(&s->agents[n].p);
	stage_media_route(s);
}

struct metrics *
stage_agent_metrics(struct stage *s, unsigned n)
{
	return s->agents[n].agent == NULL ? NULL : s->agents[n].p.env.metrics;
}

void
stage_agent_clock(struct stage *s, unsigned n, int64_t skew_us)
{
	world_wall(s->agents[n].p.env.loop, skew_us);
}

void
stage_agent_freeze(struct stage *s, unsigned n, bool on)
{
	if (s->agents[n].p.up)
		world_freeze(s->agents[n].p.env.loop, on);
}

static void
stage_agent_drop(void *arg)
{
	struct stage_agent *a = arg;

	a->stopping = false;
	agent_free(a->agent);
	a->agent = NULL;
}

/* Not inside the agent's own callback. */
static void
stage_agent_stopped(void *arg)
{
	struct stage_agent *a = arg;

	timer_start(a->p.env.loop, &a->drop, 0, stage_agent_drop, a);
}

void
stage_agent_stop(struct stage *s, unsigned n)
{
	struct stage_agent *a = &s->agents[n];

	if (a->agent == NULL || a->stopping)
		return;
	a->stopping = true;
	agent_stop(a->agent, 8 * LOOP_S, stage_agent_stopped, a);
}

struct agent *
stage_agent(struct stage *s, unsigned n)
{
	return n < STAGE_AGENTS ? s->agents[n].agent : NULL;
}

bool
stage_core_restart(struct stage *s, struct err *e)
{
	stage_process_down(&s->cor);
	core_free(s->core);
	s->core = NULL;
	stage_process_reap(&s->cor);
	return stage_core_up(s, e);
}
