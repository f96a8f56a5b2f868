/* A scenario in one process under virtual time: stage.h behind backend.h. */
#include <string.h>

#include "agent/agent.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "scenarios/runner/backend.h"
#include "sim/origin/origin.h"
#include "sim/workload/wlsim.h"

struct virtual
{
	struct backend b; /* first */
	struct backend_hooks h;
	struct stage *stage;
	bool down[BACKEND_AGENTS]; /* killed, its memory is still there */
};

static struct virtual *
virtual_of(struct backend *b)
{
	return (struct virtual *)b;
}

static void
virtual_settle(struct backend *b)
{
	struct virtual *v = virtual_of(b);

	for (unsigned n = 0; n < BACKEND_AGENTS; n++)
		if (v->down[n]) {
			stage_agent_kill(v->stage, n);
			v->down[n] = false;
		}
}

static void
virtual_free(struct backend *b)
{
	struct virtual *v = virtual_of(b);

	stage_free(v->stage);
	xfree(v);
}

static int64_t
virtual_now(struct backend *b)
{
	return world_now_us(stage_world(virtual_of(b)->stage));
}

static bool
virtual_never(void *arg)
{
	(void)arg;
	return false;
}

static void
virtual_run(
    struct backend *b, int64_t until_us, bool (*done)(void *), void *arg)
{
	struct virtual *v = virtual_of(b);

	virtual_settle(b);
	(void)world_run(stage_world(v->stage), until_us,
	    done == NULL ? virtual_never : done, arg);
	virtual_settle(b);
}

static cJSON *
virtual_api(struct backend *b, const char *method, const char *target,
    const char *type, const char *body, int *status)
{
	return kube_server_do(stage_kube(virtual_of(b)->stage), method, target,
	    type, body, status);
}

static bool
virtual_apply(
    struct backend *b, const char *yaml, const char *name, struct err *e)
{
	return kube_server_apply_yaml(
	    stage_kube(virtual_of(b)->stage), yaml, strlen(yaml), name, e);
}

static cJSON *
virtual_bmc(struct backend *b, const char *method, const char *path,
    const cJSON *body, int *status)
{
	return bmc_fleet_control(
	    stage_fleet(virtual_of(b)->stage), method, path, body, status);
}

static cJSON *
virtual_workload(struct backend *b, const char *method, const char *path,
    const cJSON *body, int *status)
{
	struct wlsim *s = stage_workload(virtual_of(b)->stage);

	return s == NULL ? NULL : wlsim_control(s, method, path, body, status);
}

static void
virtual_fail(struct kube_server *k, const cJSON *a)
{
	struct kube_fail f = { .user = json_str(a, "user", NULL),
		.verb = json_str(a, "verb", NULL),
		.resource = json_str(a, "resource", NULL),
		.object = json_str(a, "object", NULL),
		.status = (int)json_i64(a, "status", 500),
		.retry_after_s = json_i64(a, "retry_after", 0),
		.after_commit = json_bool(a, "after_commit", false),
		.count = (unsigned)json_i64(a, "count", 1) };

	kube_server_fail(k, &f);
}

static bool
virtual_kube_sim(
    struct backend *b, const char *what, const cJSON *args, struct err *e)
{
	static const struct {
		const char *name;
		enum kube_outage mode;
	} modes[] = { { "refuse", KUBE_REFUSE }, { "503", KUBE_503 },
		{ "hang", KUBE_HANG }, { "up", KUBE_UP } };
	struct kube_server *k = stage_kube(virtual_of(b)->stage);

	if (str_eq(what, "compact"))
		kube_server_compact(k);
	else if (str_eq(what, "drop-watches"))
		kube_server_drop_watches(k, json_bool(args, "gone", false));
	else if (str_eq(what, "fail"))
		virtual_fail(k, args);
	else if (str_eq(what, "fail-clear"))
		kube_server_fail_clear(k);
	else if (str_eq(what, "stats-reset"))
		kube_server_stats_reset(k);
	else if (str_eq(what, "outage")) {
		for (size_t i = 0; i < 4; i++)
			if (str_eq(modes[i].name, json_str(args, "mode", "")))
				kube_server_outage(k, modes[i].mode,
				    json_i64(args, "seconds", 0) * LOOP_S);
	} else
		return err_set(e, ERR_INTERNAL, 0, "no kube fault %s", what);
	return true;
}

static bool
virtual_origin_fail(struct backend *b, const char *glob, int status,
    unsigned count, struct err *e)
{
	(void)e;
	origin_fail(stage_origin(virtual_of(b)->stage), glob, status, count);
	return true;
}

static bool
virtual_agent_start(struct backend *b, unsigned n,
    const struct stage_agent_opts *o, struct err *e)
{
	virtual_settle(b);
	return stage_agent_start(virtual_of(b)->stage, n, o, e);
}

static void
virtual_agent_kill(struct backend *b, unsigned n)
{
	struct virtual *v = virtual_of(b);

	stage_agent_down(v->stage, n);
	v->down[n] = true;
}

static void
virtual_agent_stop(struct backend *b, unsigned n)
{
	stage_agent_stop(virtual_of(b)->stage, n);
}

static bool
virtual_agent_running(struct backend *b, unsigned n)
{
	struct virtual *v = virtual_of(b);

	return !v->down[n] && stage_agent(v->stage, n) != NULL;
}

static bool
virtual_agent_freeze(struct backend *b, unsigned n, bool on, struct err *e)
{
	if (!virtual_agent_running(b, n))
		return err_set(e, ERR_SPEC, 0, "agent %u does not run", n);
	stage_agent_freeze(virtual_of(b)->stage, n, on);
	return true;
}

static char *
virtual_agent_metrics(struct backend *b, unsigned n)
{
	struct metrics *m = stage_agent_metrics(virtual_of(b)->stage, n);
	struct buf out;
	char *text;

	if (m == NULL)
		return NULL;
	buf_init(&out, 8u << 20);
	metrics_print(m, &out);
	text = buf_take(&out, NULL);
	buf_free(&out);
	return text;
}

static cJSON *
virtual_agent_explain(struct backend *b, unsigned n, const char *host)
{
	struct agent *a = stage_agent(virtual_of(b)->stage, n);
	struct err e;

	return a == NULL ? NULL : agent_explain(a, host, &e);
}

static bool
virtual_core_restart(struct backend *b, struct err *e)
{
	return stage_core_restart(virtual_of(b)->stage, e);
}

static int
virtual_net_add(struct backend *b, const struct net_rule *r, struct err *e)
{
	(void)e;
	return world_net_add(stage_world(virtual_of(b)->stage), r);
}

static bool
virtual_dns(struct backend *b, const char *name, const char *ip, struct err *e)
{
	(void)e;
	world_dns(stage_world(virtual_of(b)->stage), name, ip);
	return true;
}

static void
virtual_net_remove(struct backend *b, int id)
{
	world_net_remove(stage_world(virtual_of(b)->stage), id);
}

static cJSON *
virtual_kube_stats(struct backend *b)
{
	return kube_server_stats(stage_kube(virtual_of(b)->stage));
}

static const struct backend_ops virtual_ops = {
	.free = virtual_free,
	.now_us = virtual_now,
	.run = virtual_run,
	.api = virtual_api,
	.apply = virtual_apply,
	.bmc = virtual_bmc,
	.workload = virtual_workload,
	.kube_sim = virtual_kube_sim,
	.origin_fail = virtual_origin_fail,
	.agent_start = virtual_agent_start,
	.agent_kill = virtual_agent_kill,
	.agent_stop = virtual_agent_stop,
	.agent_running = virtual_agent_running,
	.agent_freeze = virtual_agent_freeze,
	.agent_metrics = virtual_agent_metrics,
	.agent_explain = virtual_agent_explain,
	.core_restart = virtual_core_restart,
	.net_add = virtual_net_add,
	.dns = virtual_dns,
	.net_remove = virtual_net_remove,
	.kube_stats = virtual_kube_stats,
	.settle = virtual_settle,
};

/* ---- what happens ------------------------------------------------------------ */

static void
virtual_on_commit(void *arg, const struct kube_commit *kc)
{
	struct virtual *v = arg;
	/* While the stage is built there is no stage yet, and no time. */
	struct inv_commit c =
	    inv_commit_of(kc, v->stage == NULL ? 0 : virtual_now(&v->b));

	v->h.commit(v->h.arg, &c);
}

static void
virtual_on_node(void *arg, const char *cluster, const struct kube_commit *kc)
{
	struct virtual *v = arg;
	struct inv_commit c = inv_commit_of(kc, virtual_now(&v->b));

	v->h.node(v->h.arg, cluster, &c);
}

static void
virtual_on_bmc(void *arg, const struct bmc_event *ev)
{
	struct virtual *v = arg;

	v->h.bmc(v->h.arg, ev);
}

static void
virtual_on_log(void *arg, const char *line, size_t n)
{
	struct virtual *v = arg;

	v->h.log(v->h.arg, line, n);
}

static void
virtual_on_problem(void *arg, const char *text)
{
	struct virtual *v = arg;

	v->h.problem(v->h.arg, text);
}

static void
virtual_on_call(void *arg, const struct net_event *ev)
{
	struct virtual *v = arg;

	v->h.call(v->h.arg, ev);
}

static bool
virtual_on_gate(void *arg, const struct net_event *ev)
{
	struct virtual *v = arg;

	return v->h.gate(v->h.arg, ev);
}

struct backend *
backend_virtual_new(
    const struct backend_opts *o, const struct backend_hooks *h, struct err *e)
{
	struct virtual *v = xcalloc(1, sizeof(*v));
	struct stage_opts so = { .seed = o->seed,
		.root = o->root,
		.log_level = o->log_level,
		.log_line = virtual_on_log,
		.on_bmc = virtual_on_bmc,
		.on_commit = virtual_on_commit,
		.on_node = virtual_on_node,
		.on_problem = virtual_on_problem,
		.arg = v,
		.bmcs = o->bmcs,
		.profiles = o->profiles,
		.n_profiles = o->n_profiles,
		.replay = o->replay,
		.overrides = o->overrides,
		.n_overrides = o->n_overrides,
		.timing = o->timing,
		.tls = !o->plain,
		.bootstrap_data = o->bootstrap_data,
		.bootstrap_format = o->bootstrap_format,
		.workload = o->workload,
		.provider_id = o->provider_id };

	v->b.ops = &virtual_ops;
	v->b.name = "virtual";
	v->b.synchronous = true;
	v->h = *h;
	v->stage = stage_new(&so, e);
	if (v->stage == NULL) {
		xfree(v);
		return NULL;
	}
	world_net_watch(stage_world(v->stage), virtual_on_call, v);
	world_net_gate(stage_world(v->stage), virtual_on_gate, v);
	(void)str_copy(v->b.origin, sizeof(v->b.origin), "http://10.0.0.3");
	v->b.bmc_ca = o->plain ? NULL : xstrdup(stage_ca_pem(v->stage));
	return &v->b;
}

void
backend_free(struct backend *b)
{
	char *ca;

	if (b == NULL)
		return;
	ca = b->bmc_ca;
	b->ops->free(b);
	xfree(ca);
}
