/* See core_main.h: options, a kubeconfig's server, token and CA. */
#include "sim/core/core_main.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/core/core.h"

struct core_main_opts {
	bool help;
	const char *kubeconfig, *bmc_control, *provider_id, *log_level;
	int64_t pass_us;
};
#define O(f) offsetof(struct core_main_opts, f)
static const struct option_row rows[] = {
	{ "kubeconfig", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "kubeconfig of the API server (server, CA, token)", "Options",
	    O(kubeconfig) },
	{ "bmc-control", 0, OPT_STR, "URL", NULL, 0, 0,
	    "control API of beskar7-sim bmc: nodes register when its "
	    "machines run",
	    NULL, O(bmc_control) },
	{ "provider-id", 0, OPT_STR, "TEMPLATE", "b7://default/{bmc}", 0, 0,
	    "providerID of the node on a simulated machine", NULL,
	    O(provider_id) },
	{ "pass-interval", 0, OPT_DURATION, "TIME", "1s", 10000, 60000000,
	    "between two passes of one object, as the real core limits it",
	    NULL, O(pass_us) },
	{ "log-level", 0, OPT_STR, "LEVEL", "info", 0, 0,
	    "error, warn, info, debug or trace", NULL, O(log_level) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", NULL,
	    O(help) },
	{ 0 },
};

struct core_kubeconfig {
	char *server, *token; /* owned */
	struct tls_trust *trust;
};

static const cJSON *
core_named(
    const cJSON *cfg, const char *list, const char *name, const char *what)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(cfg, list))
		if (str_eq(json_str(x, "name", NULL), name))
			return json_obj(x, what);
	return NULL;
}

static bool
core_kubeconfig_parse(
    struct core_kubeconfig *k, const cJSON *cfg, struct err *e)
{
	const cJSON *ctx = core_named(
	    cfg, "contexts", json_str(cfg, "current-context", ""), "context");
	const cJSON *cluster = core_named(
	    cfg, "clusters", json_str(ctx, "cluster", ""), "cluster");
	const cJSON *user =
	    core_named(cfg, "users", json_str(ctx, "user", ""), "user");
	const char *ca = json_str(cluster, "certificate-authority-data", "");
	char *pem = xcalloc(1, strlen(ca) + 1);
	size_t n = 0;
	bool ok = true;

	k->server = xstrdup(json_str(cluster, "server", NULL));
	k->token = xstrdup(json_str(user, "token", NULL));
	if (k->server == NULL)
		ok = err_set(e, ERR_SPEC, 0,
		    "no server in the current "
		    "context");
	else if (k->token == NULL)
		ok = err_set(e, ERR_SPEC, 0,
		    "user \"%.60s\" has no token; the core stand-in takes "
		    "no other kind of user",
		    json_str(ctx, "user", ""));
	else if (*ca != '\0' &&
		 !b64_decode(ca, strlen(ca), pem, strlen(ca), &n))
		ok = err_set(e, ERR_SPEC, 0,
		    "certificate-authority-data is "
		    "not base64");
	if (ok && n > 0)
		ok = (k->trust = tls_trust_new(pem, n, e)) != NULL;
	xfree(pem);
	return ok;
}

static bool
core_kubeconfig_load(struct core_kubeconfig *k, const char *path,
    struct files *files, struct err *e)
{
	struct buf text;
	cJSON *cfg = NULL;
	bool ok;

	buf_init(&text, 1u << 20);
	ok = files->read(files->self, path, &text, e) &&
	     (cfg = yaml_parse(text.p, text.n, path, e)) != NULL &&
	     core_kubeconfig_parse(k, cfg, e);
	secret_wipe(text.p, text.n);
	buf_free(&text);
	cJSON_Delete(cfg);
	return ok || err_wrap(e, "%s", path);
}

static void
core_quit(void *arg)
{
	loop_stop(arg);
}

static int
core_serve(const struct core_main_opts *o, enum log_level level)
{
	struct loop *loop = loop_event_new();
	struct log log = { level, "core", loop, log_sink_stderr, NULL };
	struct files files = files_system();
	struct env env = { "core", loop, NULL, entropy_system(), &files, &log,
		metrics_new(), 0 };
	struct core_kubeconfig k = { 0 };
	struct core_opts opts = { .bmc_control = o->bmc_control,
		.provider_id = o->provider_id,
		.pass_us = o->pass_us };
	struct core *core = NULL;
	struct err e;
	int status = 1;

	env.entropy.fill(env.entropy.self, &env.seed, sizeof(env.seed));
	env.net = http_net_real_new(loop, env.entropy, &e);
	if (env.net != NULL &&
	    core_kubeconfig_load(&k, o->kubeconfig, &files, &e)) {
		opts.server = k.server;
		opts.token = k.token;
		opts.trust = k.trust;
		core = core_new(&env, &opts, &e);
	}
	if (core != NULL) {
		(void)printf("beskar7-sim core: ready, server %s\n", k.server);
		(void)fflush(stdout);
		loop_on_signal(loop, SIGTERM, core_quit, loop);
		loop_on_signal(loop, SIGINT, core_quit, loop);
		loop_run(loop);
		status = core_problems(core) == 0 ? 0 : 3;
	} else {
		(void)fprintf(stderr, "beskar7-sim core: %s\n", e.msg);
	}
	core_free(core);
	tls_trust_free(k.trust);
	xfree(k.server);
	if (k.token != NULL)
		secret_wipe(k.token, strlen(k.token));
	xfree(k.token);
	http_net_free(env.net);
	metrics_free(env.metrics);
	loop_free(loop);
	return status;
}

int
core_main(int argc, char **argv)
{
	struct core_main_opts o = { 0 };
	enum log_level level;
	struct err e;

	if (!options_parse(
		rows, &o, "BESKAR7_CORE", argc, argv, NULL, NULL, &e)) {
		(void)fprintf(
		    stderr, "beskar7-sim core: %s; try --help\n", e.msg);
		return 2;
	}
	if (o.help) {
		(void)printf(
		    "Usage: beskar7-sim core --kubeconfig FILE [OPTIONS]\n\n"
		    "Stands in for Cluster API's Cluster and Machine "
		    "controllers and for the kubelets\nof simulated "
		    "machines. Exit status 3: a contract rule was "
		    "broken.\n\n");
		options_help(rows, stdout);
		return 0;
	}
	if (str_empty(o.kubeconfig) || !log_level_parse(o.log_level, &level)) {
		(void)fprintf(stderr,
		    "beskar7-sim core: --kubeconfig FILE "
		    "and a valid --log-level are needed; try --help\n");
		return 2;
	}
	return core_serve(&o, level);
}
