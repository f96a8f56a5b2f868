/* See core_main.h: options, a kubeconfig's server, token and CA. */
#include "sim/core/core_main.h"

#include <stddef.h>
#include <stdio.h>

#include "common/str.h"
#include "sim/core/core.h"
#include "sim/core/kubeconfig.h"
#include "sim/process.h"

struct core_main_opts {
	bool help;
	const char *kubeconfig, *bmc_control, *provider_id, *log_level,
	    *bootstrap_data, *bootstrap_format;
	int64_t pass_us;
};
#define O(f) offsetof(struct core_main_opts, f)
static const struct option_row rows[] = {
	{ "kubeconfig", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "kubeconfig of the API server (server, CA, token)", "Options",
	    O(kubeconfig) },
	{ "bmc-control", 0, OPT_STR, "URL", NULL, 0, 0,
	    "control API of beskar7-sim bmc: nodes register here, when its "
	    "machines run; without it they are read from the workload "
	    "clusters (beskar7-sim workload)",
	    NULL, O(bmc_control) },
	{ "provider-id", 0, OPT_STR, "TEMPLATE", "b7://default/{bmc}", 0, 0,
	    "providerID of the node on a simulated machine", NULL,
	    O(provider_id) },
	{ "bootstrap-data", 0, OPT_STR, "TEXT", NULL, 0, 0,
	    "what is in bootstrap Secrets; default: a cloud-config without a "
	    "kubelet",
	    NULL, O(bootstrap_data) },
	{ "bootstrap-format", 0, OPT_STR, "FORMAT", "cloud-config", 0, 0,
	    "the format that they say it has", NULL, O(bootstrap_format) },
	{ "pass-interval", 0, OPT_DURATION, "TIME", "1s", 10000, 60000000,
	    "between two passes of one object, as the real core limits it",
	    NULL, O(pass_us) },
	{ "log-level", 0, OPT_STR, "LEVEL", "info", 0, 0,
	    "error, warn, info, debug or trace", NULL, O(log_level) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", NULL,
	    O(help) },
	{ 0 },
};

struct core_run {
	struct sim_process p;
	struct core_main_opts o;
	struct core_kubeconfig k;
	struct core *core;
	bool problems;
};

static bool
core_start(void *arg, struct err *e)
{
	struct core_run *r = arg;
	struct env *env = &r->p.env;
	struct core_opts opts = { .bmc_control = r->o.bmc_control,
		.provider_id = r->o.provider_id,
		.bootstrap_data = r->o.bootstrap_data,
		.bootstrap_format = r->o.bootstrap_format,
		.pass_us = r->o.pass_us };

	env->entropy.fill(env->entropy.self, &env->seed, sizeof(env->seed));
	if (!core_kubeconfig_load(&r->k, r->o.kubeconfig, env->files, e))
		return false;
	opts.server = r->k.server;
	opts.token = r->k.token;
	opts.trust = r->k.trust;
	opts.insecure = r->k.insecure;
	opts.remote_nodes = r->o.bmc_control == NULL;
	r->core = core_new(env, &opts, e);
	return r->core != NULL;
}

static void
core_ready(void *arg)
{
	const struct core_run *r = arg;

	(void)printf("beskar7-sim core: ready, server %s\n", r->k.server);
}

static void
core_fini(void *arg)
{
	struct core_run *r = arg;

	r->problems = r->core != NULL && core_problems(r->core) != 0;
	core_free(r->core);
	core_kubeconfig_free(&r->k);
}

static const char usage[] =
    "Usage: beskar7-sim core --kubeconfig FILE [OPTIONS]\n\n"
    "Stands in for Cluster API's Cluster and Machine controllers and for the "
    "kubelets\nof simulated machines. Exit status 3: a contract rule was "
    "broken.\n\n";

int
core_main(int argc, char **argv)
{
	static const struct sim_command command = { "core", "BESKAR7_CORE",
		usage, rows };
	struct sim_args args = { .argc = argc, .argv = argv };
	struct core_run r = { 0 };
	struct err e;
	int status;

	if (!sim_options(&command, &r.o, &r.o.help, &args, &status))
		return status;
	if (str_empty(r.o.kubeconfig)) {
		(void)err_set(
		    &e, ERR_SPEC, 0, "--kubeconfig FILE is needed; try --help");
		return sim_refuse(&command, &e);
	}
	r.p = (struct sim_process){ .name = "core",
		.log_level = r.o.log_level,
		.start = core_start,
		.ready = core_ready,
		.fini = core_fini,
		.arg = &r };
	status = sim_process_run(&r.p);
	return status == 0 && r.problems ? 3 : status;
}
