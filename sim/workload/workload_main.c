#include "sim/workload/workload_main.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/str.h"
#include "sim/core/kubeconfig.h"
#include "sim/process.h"
#include "sim/workload/wlsim.h"

struct workload_opts {
	bool help;
	const char *kubeconfig, *bmc_control, *host, *provider_id;
	const char *addr, *advertise, *control_addr, *log_level;
	int64_t port, control_port, heartbeat_us;
};
#define O(f) offsetof(struct workload_opts, f)
static const struct option_row rows[] = {
	{ "kubeconfig", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "kubeconfig of the management API (server, CA, token); in a pod "
	    "its service account, where it is absent",
	    "Options", O(kubeconfig) },
	{ "bmc-control", 0, OPT_STR, "URL", "http://127.0.0.1:9900", 0, 0,
	    "control API of beskar7-sim bmc: whose machines run what", NULL,
	    O(bmc_control) },
	{ "host", 0, OPT_STR, "TEMPLATE", "default/{bmc}", 0, 0,
	    "NAMESPACE/NAME of the PhysicalHost of a simulated machine", NULL,
	    O(host) },
	{ "provider-id", 0, OPT_STR, "TEMPLATE", NULL, 0, 0,
	    "what kubelets register with, as b7://default/{bmc}; without, they "
	    "register without one, as stock kubelets do",
	    NULL, O(provider_id) },
	{ "heartbeat", 0, OPT_DURATION, "TIME", "5m", 1000000, 86400000000LL,
	    "between two status updates of a kubelet", NULL, O(heartbeat_us) },
	{ "addr", 'a', OPT_STR, "IP", "127.0.0.1", 0, 0,
	    "address that the API servers listen on", "Network", O(addr) },
	{ "port", 0, OPT_INT, "N", "0", 0, 65000,
	    "port of the first cluster's API server, the next ones count on; "
	    "0 takes free ones",
	    NULL, O(port) },
	{ "advertise", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "name or address of the API servers in kubeconfigs; default: that "
	    "of --addr",
	    NULL, O(advertise) },
	{ "control-addr", 0, OPT_STR, "IP", "127.0.0.1", 0, 0,
	    "address of the control API", NULL, O(control_addr) },
	{ "control-port", 0, OPT_INT, "N", "9901", 0, 65535,
	    "port of the control API; 0 takes a free one", NULL,
	    O(control_port) },
	{ "log-level", 0, OPT_STR, "LEVEL", "info", 0, 0,
	    "error, warn, info, debug or trace", "Other", O(log_level) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", NULL,
	    O(help) },
	{ 0 },
};

struct workload_run {
	struct sim_process p;
	struct workload_opts o;
	struct core_kubeconfig k;
	struct wlsim *sim;
};

static bool
workload_start(void *arg, struct err *e)
{
	struct workload_run *r = arg;
	struct env *env = &r->p.env;
	struct wlsim_opts o = { .bmc_control = r->o.bmc_control,
		.host = r->o.host,
		.provider_id = r->o.provider_id,
		.addr = r->o.addr,
		.port = (unsigned)r->o.port,
		.advertise = r->o.advertise,
		.control = true,
		.control_addr = r->o.control_addr,
		.control_port = (unsigned)r->o.control_port,
		.heartbeat_us = r->o.heartbeat_us };

	if (str_empty(r->o.kubeconfig)
		? !core_kubeconfig_in_cluster(&r->k,
		      getenv("KUBERNETES_SERVICE_HOST"),
		      getenv("KUBERNETES_SERVICE_PORT"), env->files, e)
		: !core_kubeconfig_load(&r->k, r->o.kubeconfig, env->files, e))
		return false;
	o.server = r->k.server;
	o.token = r->k.token;
	o.trust = r->k.trust;
	o.insecure = r->k.insecure;
	r->sim = wlsim_new(env, &o, e);
	return r->sim != NULL;
}

static void
workload_ready(void *arg)
{
	const struct workload_run *r = arg;

	(void)printf("ready server=%s control=http://%s:%u\n", r->k.server,
	    r->o.control_addr, wlsim_control_port(r->sim));
}

static void
workload_fini(void *arg)
{
	struct workload_run *r = arg;

	wlsim_free(r->sim);
	core_kubeconfig_free(&r->k);
}

static const char usage[] =
    "Usage: beskar7-sim workload [--kubeconfig FILE] [OPTIONS]\n\n"
    "Plays workload clusters: an API server for each Cluster of the management "
    "API, its\nkubeconfig Secret, and a kubelet on each simulated machine that "
    "runs for it.\n\n";

int
workload_main(int argc, char **argv)
{
	static const struct sim_command command = { "workload",
		"BESKAR7_WORKLOAD", usage, rows };
	struct sim_args args = { .argc = argc, .argv = argv };
	struct workload_run r = { 0 };
	int status;

	if (!sim_options(&command, &r.o, &r.o.help, &args, &status))
		return status;
	r.p = (struct sim_process){ .name = "workload",
		.log_level = r.o.log_level,
		.start = workload_start,
		.ready = workload_ready,
		.fini = workload_fini,
		.arg = &r };
	return sim_process_run(&r.p);
}
