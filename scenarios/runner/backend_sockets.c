/* A scenario between real processes, over TLS: see backend.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/sockets.h"

#define TICK (20 * LOOP_MS)
#define SYNC_S 10
#define AWAY_MORE (LOOP_S / 2) /* to be there again */

static struct sockets *
sockets_of(struct backend *b)
{
	return (struct sockets *)b;
}

/* ---- time ------------------------------------------------------------------------ */

static int64_t
sockets_now(struct backend *b)
{
	struct sockets *s = sockets_of(b);

	return loop_mono_us(s->loop) - s->epoch_us;
}

static void
sockets_tick(void *arg)
{
	struct sockets *s = arg;

	if (s->in_run && s->done != NULL && s->done(s->done_arg))
		loop_stop(s->loop);
	sockets_hold_look(s);
	sockets_dns_look(s->dns);
	timer_start(s->loop, &s->tick, TICK, sockets_tick, s);
}

static void
sockets_until(void *arg)
{
	struct sockets *s = arg;

	loop_stop(s->loop);
}

static void
sockets_run(
    struct backend *b, int64_t until_us, bool (*done)(void *), void *arg)
{
	struct sockets *s = sockets_of(b);

	s->in_run = true;
	s->done = done;
	s->done_arg = arg;
	timer_start(
	    s->loop, &s->until, until_us - sockets_now(b), sockets_until, s);
	loop_run(s->loop);
	timer_stop(&s->until);
	s->in_run = false;
	s->done = NULL;
	sockets_read_logs(s);
}

static void
sockets_told(void *arg)
{
	struct sockets *s = arg;

	if (s->in_run && s->done != NULL && s->done(s->done_arg))
		loop_stop(s->loop);
}

/* ---- calls ------------------------------------------------------------------------ */

static cJSON *
sockets_api(struct backend *b, const char *method, const char *target,
    const char *type, const char *body, int *status)
{
	struct sockets *s = sockets_of(b);
	struct http_header h[] = { { "Authorization", s->authorization },
		{ "Content-Type", type == NULL ? "application/json" : type },
		{ "Accept", "application/json" } };
	struct http_request r = { .method = method,
		.target = target,
		.headers = h,
		.n_headers = 3,
		.body = { body, body == NULL ? 0 : strlen(body) } };

	/* A person waits until the API server is there again. */
	if (!str_has_prefix(target, "/_sim/") && sockets_now(b) < s->away_until)
		sockets_run(b, s->away_until, NULL, NULL);
	return sockets_call(s, s->kube_peer, &r, status);
}

static bool
sockets_replace(struct backend *b, cJSON *o, const struct kind_row *k,
    const char *name, struct err *e)
{
	char *path =
	    kind_path(k, json_str(o, "metadata/namespace", ""), name, NULL);
	int status = 0;
	cJSON *now = sockets_api(b, "GET", path, NULL, NULL, &status), *r;
	char *text;

	json_put(o, "metadata/resourceVersion",
	    json_dup(json_at(now, "metadata/resourceVersion")));
	text = json_print(o);
	r = sockets_api(b, "PUT", path, NULL, text, &status);
	if (status >= 300)
		(void)err_set(e, ERR_REFUSED, status, "%s: %d %.160s", path,
		    status, json_str(r, "message", ""));
	cJSON_Delete(now);
	cJSON_Delete(r);
	xfree(text);
	xfree(path);
	return status < 300;
}

static bool
sockets_apply_one(struct backend *b, cJSON *o, struct err *e)
{
	const struct kind_row *k = kind_of(o);
	const char *name = json_str(o, "metadata/name", "");
	char *path, *text;
	int status = 0;
	cJSON *r;

	if (k == NULL)
		return err_set(e, ERR_SPEC, 0, "%s %s: not a kind of scenarios",
		    json_str(o, "apiVersion", ""), json_str(o, "kind", ""));
	if (!k->global && json_str(o, "metadata/namespace", NULL) == NULL)
		json_set_str(
		    json_ensure_obj(o, "metadata"), "namespace", "default");
	path = kind_path(k, json_str(o, "metadata/namespace", ""), NULL, NULL);
	text = json_print(o);
	r = sockets_api(b, "POST", path, NULL, text, &status);
	if (status != 409 && status >= 300)
		(void)err_set(e, ERR_REFUSED, status, "%s %s: %d %.160s", path,
		    name, status, json_str(r, "message", ""));
	if (status == 0)
		(void)err_set(e, ERR_NET, 0, "%s: no reply", path);
	cJSON_Delete(r);
	xfree(text);
	xfree(path);
	if (status == 409)
		return sockets_replace(b, o, k, name, e);
	return status >= 200 && status < 300;
}

static bool
sockets_apply(
    struct backend *b, const char *yaml, const char *name, struct err *e)
{
	cJSON *all = yaml_parse_all(yaml, strlen(yaml), name, e), *o;
	bool ok = all != NULL;

	cJSON_ArrayForEach (o, all)
		ok = ok && sockets_apply_one(b, o, e);
	cJSON_Delete(all);
	return ok;
}

static cJSON *
sockets_bmc(struct backend *b, const char *method, const char *path,
    const cJSON *body, int *status)
{
	struct sockets *s = sockets_of(b);

	return sockets_plain(s, s->bmc_peer, method, path, body, status);
}

static cJSON *
sockets_workload(struct backend *b, const char *method, const char *path,
    const cJSON *body, int *status)
{
	struct sockets *s = sockets_of(b);

	return s->workload_peer == NULL ? NULL
					: sockets_plain(s, s->workload_peer,
					      method, path, body, status);
}

static bool
sockets_kube_sim(
    struct backend *b, const char *what, const cJSON *args, struct err *e)
{
	static const struct {
		const char *what, *method, *path;
	} rows[] = { { "compact", "POST", "/_sim/compact" },
		{ "drop-watches", "POST", "/_sim/drop-watches" },
		{ "fail", "POST", "/_sim/fail" },
		{ "fail-clear", "DELETE", "/_sim/fail" },
		{ "stats-reset", "POST", "/_sim/stats" },
		{ "outage", "POST", "/_sim/outage" } };
	struct sockets *s = sockets_of(b);
	cJSON *body = json_dup(args), *r;
	char *text;
	int status = 0;

	/* Members of the step that are not the fault's. */
	json_set(body, "drop-watches", NULL);
	json_set(body, "compact", NULL);
	text = body == NULL ? NULL : json_print(body);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_eq(rows[i].what, what))
			continue;
		r = sockets_api(
		    b, rows[i].method, rows[i].path, NULL, text, &status);
		if (status >= 300)
			(void)err_set(e, ERR_REFUSED, status, "%s: %s",
			    rows[i].path, json_str(r, "message", ""));
		cJSON_Delete(r);
	}
	if (str_eq(what, "outage") && status < 300)
		s->away_until = sockets_now(b) + AWAY_MORE +
				json_i64(args, "seconds", 0) * LOOP_S;
	xfree(text);
	cJSON_Delete(body);
	return status < 300;
}

static bool
sockets_origin_fail(struct backend *b, const char *glob, int fail,
    unsigned count, struct err *e)
{
	struct sockets *s = sockets_of(b);
	cJSON *body = cJSON_CreateObject();
	int status = 0;

	json_set_str(body, "path", glob);
	json_set_i64(body, "status", fail);
	json_set_i64(body, "count", count);
	cJSON_Delete(sockets_plain(
	    s, s->origin_peer, "POST", "/-/fault", body, &status));
	cJSON_Delete(body);
	return status < 300 ||
	       err_set(e, ERR_REFUSED, status, "the origin refused the fault");
}

static cJSON *
sockets_kube_stats(struct backend *b)
{
	int status;

	return sockets_api(b, "GET", "/_sim/stats", NULL, NULL, &status);
}

/* ---- agents ------------------------------------------------------------------------ */

static bool
sockets_agent_start(struct backend *b, unsigned n,
    const struct stage_agent_opts *o, struct err *e)
{
	struct sockets *s = sockets_of(b);

	if (process_running(&s->agents[n]))
		return err_set(e, ERR_SPEC, 0, "agent %u runs already", n);
	return sockets_start_agent(s, n, o, e);
}

static void
sockets_agent_kill(struct backend *b, unsigned n)
{
	struct process *p = &sockets_of(b)->agents[n];

	process_signal(p, SIGKILL);
	while (process_running(p))
		(void)usleep(1000);
}

static void
sockets_agent_stop(struct backend *b, unsigned n)
{
	process_signal(&sockets_of(b)->agents[n], SIGTERM);
}

static bool
sockets_agent_running(struct backend *b, unsigned n)
{
	return process_running(&sockets_of(b)->agents[n]);
}

static bool
sockets_agent_freeze(struct backend *b, unsigned n, bool on, struct err *e)
{
	if (!sockets_agent_running(b, n))
		return err_set(e, ERR_SPEC, 0, "agent %u does not run", n);
	process_signal(&sockets_of(b)->agents[n], on ? SIGSTOP : SIGCONT);
	return true;
}

static char *
sockets_agent_metrics(struct backend *b, unsigned n)
{
	struct sockets *s = sockets_of(b);
	char base[64];

	if (!sockets_agent_running(b, n))
		return NULL;
	(void)str_format(
	    base, sizeof(base), "http://127.0.0.1:%u", s->agent_ports[n]);
	return sockets_text(s, base, "/metrics");
}

static bool
sockets_core_restart(struct backend *b, struct err *e)
{
	struct sockets *s = sockets_of(b);

	process_end(&s->core, 3);
	return sockets_start_core(s, e);
}

static void
sockets_settle(struct backend *b)
{
	(void)b;
}

/* ---- life -------------------------------------------------------------------------- */

static void
sockets_drop_dir(struct sockets *s)
{
	static const char *const files[] = { "admin.kubeconfig",
		"agent.kubeconfig", "kube-ca.pem", "bmc-ca.pem", "kube.log",
		"bmc.log", "origin.log", "core.log", "workload.log",
		"agent-0.log", "agent-1.log", "agent-2.log", "agent-3.log",
		"agent-4.log", "agent-5.log", "agent-6.log", "agent-7.log" };

	if (!s->own_dir)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = sockets_file(s, files[i]);

		(void)unlink(path); /* may not be there */
		xfree(path);
	}
	(void)rmdir(s->dir);
}

static void
sockets_free(struct backend *b)
{
	struct sockets *s = sockets_of(b);

	for (unsigned n = 0; n < BACKEND_AGENTS; n++)
		process_fini(&s->agents[n]);
	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		process_signal(&s->relays[n], SIGCONT);
		process_fini(&s->relays[n]);
	}
	process_fini(&s->workload);
	process_fini(&s->core);
	follow_free(s->follow);
	if (s->hold_call != NULL)
		http_cancel(s->hold_call);
	sockets_dns_free(s->dns);
	timer_stop(&s->tick);
	http_peer_free(s->kube_peer);
	http_peer_free(s->bmc_peer);
	http_peer_free(s->origin_peer);
	http_peer_free(s->workload_peer);
	process_fini(&s->origin);
	process_fini(&s->bmc);
	process_fini(&s->kube);
	tls_trust_free(s->kube_ca);
	http_net_free(s->net);
	loop_free(s->loop);
	if (s->dir != NULL)
		sockets_drop_dir(s);
	xfree(s->dir);
	xfree(s);
}

static const struct backend_ops sockets_ops = {
	.free = sockets_free,
	.now_us = sockets_now,
	.run = sockets_run,
	.api = sockets_api,
	.apply = sockets_apply,
	.bmc = sockets_bmc,
	.workload = sockets_workload,
	.kube_sim = sockets_kube_sim,
	.origin_fail = sockets_origin_fail,
	.agent_start = sockets_agent_start,
	.agent_kill = sockets_agent_kill,
	.agent_stop = sockets_agent_stop,
	.agent_running = sockets_agent_running,
	.agent_freeze = sockets_agent_freeze,
	.agent_metrics = sockets_agent_metrics,
	.core_restart = sockets_core_restart,
	.net_add = sockets_net_add,
	.dns = sockets_dns_name,
	.hold = sockets_hold,
	.net_remove = sockets_net_remove,
	.kube_stats = sockets_kube_stats,
	.settle = sockets_settle,
};

static bool
sockets_make_dir(struct sockets *s, const char *given, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	if (given != NULL) {
		s->dir = xstrdup(given);
		return true;
	}
	dir = xasprintf(
	    "%s/beskar7-XXXXXX", tmp == NULL || *tmp == '\0' ? "/tmp" : tmp);
	s->own_dir = mkdtemp(dir) != NULL;
	s->dir = dir;
	return s->own_dir ||
	       err_set(e, ERR_INTERNAL, 0, "cannot make the folder %s", dir);
}

static bool
sockets_synced(void *arg)
{
	return follow_synced(arg);
}

static bool
sockets_follow(struct sockets *s, struct err *e)
{
	struct follow_opts o = { .loop = s->loop,
		.kube = s->kube_peer,
		.bmc = s->bmc_peer,
		.authorization = s->authorization,
		.hooks = s->h,
		.epoch_us = s->epoch_us,
		.told = sockets_told,
		.seen = sockets_on_bmc,
		.arg = s };

	s->follow = follow_new(&o);
	timer_start(s->loop, &s->tick, TICK, sockets_tick, s);
	if (s->o.no_crds)
		return true;
	sockets_run(&s->b, sockets_now(&s->b) + SYNC_S * LOOP_S, sockets_synced,
	    s->follow);
	return follow_synced(s->follow) ||
	       err_set(e, ERR_TIMEOUT, 0, "the API stand-in does not answer");
}

struct backend *
backend_sockets_new(
    const struct backend_opts *o, const struct backend_hooks *h, struct err *e)
{
	struct sockets *s = xcalloc(1, sizeof(*s));
	struct entropy ent = entropy_system();
	char *kubeconfig;

	s->b.ops = &sockets_ops;
	s->b.name = "sockets";
	s->o = *o;
	s->h = *h;
	s->loop = loop_event_new();
	s->epoch_us = loop_mono_us(s->loop);
	s->net = http_net_real_new(s->loop, ent, e);
	s->dns = sockets_dns_new();
	entropy_hex(ent, s->token, 16);
	(void)str_format(
	    s->authorization, sizeof(s->authorization), "Bearer %s", s->token);
	if (s->net == NULL || !sockets_make_dir(s, o->dir, e) ||
	    !sockets_start(s, e) || !sockets_follow(s, e) ||
	    !sockets_start_core(s, e) || !sockets_start_workload(s, e)) {
		backend_free(&s->b);
		return NULL;
	}
	kubeconfig = sockets_file(s, "admin.kubeconfig");
	(void)str_copy(s->b.kubeconfig, sizeof(s->b.kubeconfig), kubeconfig);
	(void)str_copy(s->b.bmc_control, sizeof(s->b.bmc_control), s->bmc_url);
	xfree(kubeconfig);
	return &s->b;
}
