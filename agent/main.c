/* beskar7-agent: options, the real seams, signals. Everything else is agent.c. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/delivery/deliver_main.h"
#include "agent/enroll/enroll_main.h"
#include "agent/explain/explain_main.h"
#include "agent/kube/shard.h"
#include "agent/media/compose_main.h"
#include "agent/probe/probe_main.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/str.h"
#include "common/version.h"

#define MAIN_GRACE (8 * LOOP_S) /* the contract's check 93: under 10 s */

struct main_opts {
	bool help, version, leader_elect;
	const char *kubeconfig, *context, *ns, *watch_filter, *log_level;
	const char *diagnostics, *image_origins, *lease_ns, *lease_name;
	const char *lease_identity, *dns_servers, *explain, *ask, *ask_cert,
	    *ask_key;
	const char *media_listen, *media_url, *report_url, *report_ca,
	    *image_ca, *image_dir;
	const char *media_cert, *media_key;
	bool media_bind;
	int64_t media_streams, media_claim_streams, media_requests;
	int64_t media_claim_requests, media_cache, media_idle_us;
	int64_t max_provisioning, max_releasing, max_bmcs, qps, streams;
	int64_t poll_us, busy_us, grace_us, retry_max_us, write_max_us, shards;
};
#define O(f) offsetof(struct main_opts, f)
static const struct option_row rows[] = {
	{ "kubeconfig", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "kubeconfig to use; default: $KUBECONFIG, then the pod's service "
	    "account, then ~/.kube/config",
	    "API server", O(kubeconfig) },
	{ "context", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "context of the kubeconfig; default: its current one", NULL,
	    O(context) },
	{ "namespace", 'n', OPT_STR, "NAME", "", 0, 0,
	    "reconcile this namespace only; empty: all", NULL, O(ns) },
	{ "watch-filter", 0, OPT_STR, "VALUE", NULL, 0, 0,
	    "reconcile only objects, hosts too, whose label "
	    "cluster.x-k8s.io/watch-filter has this value",
	    NULL, O(watch_filter) },
	{ "qps", 0, OPT_INT, "N", "500", 1, 10000,
	    "requests a second to the API server, bursts of twice as many",
	    NULL, O(qps) },
	{ "leader-elect", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "take a Lease before doing anything: needed where two run",
	    "High availability", O(leader_elect) },
	{ "shards", 0, OPT_INT, "N", "1", 1, SHARDS_MAX,
	    "share the hosts: a Lease for each of N shards, divided evenly "
	    "among all replicas; the same for all; more than 1 implies "
	    "--leader-elect",
	    NULL, O(shards) },
	{ "lease-namespace", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "namespace of the Lease; default: that of the pod or context", NULL,
	    O(lease_ns) },
	{ "lease-name", 0, OPT_STR, "NAME", "beskar7-agent", 0, 0,
	    "name of the Lease, or how those of shards begin", NULL,
	    O(lease_name) },
	{ "lease-identity", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "its holder, before a random part; default: the host's name", NULL,
	    O(lease_identity) },
	{ "max-provisioning", 0, OPT_INT, "N", "50", 1, 100000,
	    "hosts provisioned at once: the damage limit of a typo", "Hosts",
	    O(max_provisioning) },
	{ "max-releasing", 0, OPT_INT, "N", "50", 1, 100000,
	    "hosts released at once", NULL, O(max_releasing) },
	{ "max-bmcs", 0, OPT_INT, "N", "64", 1, 10000, "BMCs talked to at once",
	    NULL, O(max_bmcs) },
	{ "event-streams", 0, OPT_INT, "N", "256", 0, 10000,
	    "BMCs whose events are followed at once, 65 KB each; 0: none", NULL,
	    O(streams) },
	{ "poll-interval", 0, OPT_DURATION, "TIME", "60s", 1000000,
	    86400000000LL, "how often a BMC at rest is read", NULL,
	    O(poll_us) },
	{ "busy-interval", 0, OPT_DURATION, "TIME", "5s", 100000, 3600000000LL,
	    "how often while something changes", NULL, O(busy_us) },
	{ "bmc-grace", 0, OPT_DURATION, "TIME", "10m", 0, 86400000000LL,
	    "outage of a BMC before its machine is unhealthy", NULL,
	    O(grace_us) },
	{ "bmc-write-timeout", 0, OPT_DURATION, "TIME", "3m", 5000000,
	    600000000LL,
	    "longest answer of a BMC to a write; who takes over from an agent "
	    "that ended without a word waits as long before it acts on hosts "
	    "under way",
	    NULL, O(write_max_us) },
	{ "retry-max", 0, OPT_DURATION, "TIME", "5m", 1000000, 86400000000LL,
	    "longest pause between two tries of a BMC that fails", NULL,
	    O(retry_max_us) },
	{ "dns-servers", 0, OPT_STR, "LIST", NULL, 0, 0,
	    "comma-separated ADDRESS[:PORT] to ask for names of BMCs; default: "
	    "those of /etc/resolv.conf",
	    NULL, O(dns_servers) },
	{ "image-origins", 0, OPT_STR, "HOSTS", NULL, 0, 0,
	    "comma-separated host[:port] that images may come from; "
	    "default: any",
	    NULL, O(image_origins) },
	{ "image-ca", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "CA certificates of https: origins of images; default: the "
	    "system's",
	    NULL, O(image_ca) },
	{ "image-dir", 0, OPT_STR, "URL=FOLDER", NULL, 0, 0,
	    "images whose URL begins with URL/ are files of this folder; "
	    "several by commas; with --media-listen",
	    NULL, O(image_dir) },
	{ "media-listen", 0, OPT_STR, "ADDRESS:PORT", NULL, 0, 0,
	    "serve media to BMCs and take reports of machines here; no "
	    "address: all; default: no media server",
	    "Media server", O(media_listen) },
	{ "media-url", 0, OPT_STR, "URL", NULL, 0, 0,
	    "what BMCs reach it by, as in http://10.0.0.1:8090; needed with "
	    "--media-listen",
	    NULL, O(media_url) },
	{ "report-url", 0, OPT_STR, "URL", NULL, 0, 0,
	    "what machines reach it by; default: --media-url", NULL,
	    O(report_url) },
	{ "report-ca", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "certificates, PEM, that machines verify an https --report-url by; "
	    "default: what they trust",
	    NULL, O(report_ca) },
	{ "media-tls-cert", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "its certificate, PEM, read again when it changes; default: plain "
	    "HTTP",
	    NULL, O(media_cert) },
	{ "media-tls-key", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "the key of the certificate", NULL, O(media_key) },
	{ "media-bind", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "a medium is for the address that read it first; not where BMCs "
	    "read through proxies",
	    NULL, O(media_bind) },
	{ "media-streams", 0, OPT_INT, "N", "512", 1, 100000,
	    "replies under way at once", NULL, O(media_streams) },
	{ "media-host-streams", 0, OPT_INT, "N", "16", 1, 10000,
	    "of these for one host", NULL, O(media_claim_streams) },
	{ "media-requests", 0, OPT_INT, "N", "20000", 1, 1000000,
	    "requests a second", NULL, O(media_requests) },
	{ "media-host-requests", 0, OPT_INT, "N", "4000", 1, 1000000,
	    "of these for one host", NULL, O(media_claim_requests) },
	{ "media-idle", 0, OPT_DURATION, "TIME", "60s", 1000000, 3600000000LL,
	    "a reader that takes nothing for so long is cut", NULL,
	    O(media_idle_us) },
	{ "media-cache", 0, OPT_INT, "MIB", "16", 1, 4096,
	    "recent parts of images kept in memory: 1 for each host that "
	    "reads at a place of its own",
	    NULL, O(media_cache) },
	{ "diagnostics-address", 0, OPT_STR, "HOST:PORT", "127.0.0.1:8080", 0,
	    0, "/healthz, /readyz and /metrics; empty: none", "Diagnostics",
	    O(diagnostics) },
	{ "explain-socket", 0, OPT_STR, "PATH", NULL, 0, 0,
	    "where `beskar7-agent explain` asks; empty: nowhere; "
	    "default: " EXPLAIN_SOCKET ", if its folder is there",
	    NULL, O(explain) },
	{ "explain-address", 0, OPT_STR, "HOST:PORT", NULL, 0, 0,
	    "HTTPS server that explains to bearers of tokens that may get "
	    "physicalhosts; default: none",
	    NULL, O(ask) },
	{ "explain-cert", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "its certificate (PEM), read again when it changes", NULL,
	    O(ask_cert) },
	{ "explain-key", 0, OPT_STR, "FILE", NULL, 0, 0, "and key", NULL,
	    O(ask_key) },
	{ "log-level", 0, OPT_STR, "LEVEL", "info", 0, 0,
	    "error, warn, info, debug or trace", NULL, O(log_level) },
	{ "version", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "print versions of the agent and its libraries", NULL, O(version) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", NULL,
	    O(help) },
	{ 0 },
};

struct main_state {
	struct loop *loop;
	struct agent *agent;
	struct log *log;
	bool stopping, refused;
};

static void
main_usage(FILE *out)
{
	(void)fputs(
	    "Usage: beskar7-agent [OPTIONS]\n"
	    "       beskar7-agent probe [OPTIONS] https://BMC\n"
	    "       beskar7-agent enroll [OPTIONS] TABLE.csv\n"
	    "       beskar7-agent explain [OPTIONS] [NAMESPACE/]HOST\n"
	    "       beskar7-agent compose [OPTIONS] BASE.iso [PATH=FILE]...\n"
	    "       beskar7-agent deliver [OPTIONS] BASE.iso DATA "
	    "[KEY=VALUE]...\n\n"
	    "Reconciles PhysicalHosts, Beskar7Machines and Beskar7Clusters: "
	    "enrols BMCs over\nRedfish, boots machines from ISO images by "
	    "virtual media, and reports to Cluster\nAPI. Runs in a cluster, "
	    "or outside one with a kubeconfig.\n\n"
	    "`beskar7-agent probe` looks at one BMC and says what Beskar7 can "
	    "do with it;\n`beskar7-agent enroll` makes the manifests of many "
	    "hosts at once;\n`beskar7-agent explain` asks a running agent why "
	    "a host is "
	    "as it is;\n`beskar7-agent compose` makes the boot image of one "
	    "host by hand;\n`beskar7-agent deliver` makes it of bootstrap "
	    "data, and says how they get there.\nEach has --help.\n\n",
	    out);
	options_help(rows, out);
	(void)fputs("\nEvery option is also an environment variable, e.g. "
		    "BESKAR7_LOG_LEVEL=debug.\n\nExit status: 0 after "
		    "SIGTERM or SIGINT, 1 if it could not start or was "
		    "refused, 2 for wrong "
		    "options.\n",
	    out);
}

/* The loop ends when it comes round: no part of the agent is on the stack. */
static void
main_refused(void *arg, const struct err *e)
{
	struct main_state *s = arg;

	(void)fprintf(stderr, "beskar7-agent: %s\n", e->msg);
	s->refused = true;
	loop_stop(s->loop);
}

static void
main_stopped(void *arg)
{
	struct main_state *s = arg;

	loop_stop(s->loop);
}

static void
main_signal(void *arg)
{
	struct main_state *s = arg;

	if (s->stopping) { /* asked twice: at once */
		loop_stop(s->loop);
		return;
	}
	s->stopping = true;
	log_write(s->log, LOG_INFO, "stopping", NULL);
	agent_stop(s->agent, MAIN_GRACE, main_stopped, s);
}

/* Thousands of BMCs are thousands of sockets. */
static void
main_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r); /* best effort */
	}
}

#ifdef __GLIBC__
#define MAIN_TRIM_EVERY (20 * LOOP_S)

struct main_trim {
	struct loop *loop;
	struct timer timer;
};

/* Lists and enrolment leave holes between what stays; the pages go back, so
 * that an agent at rest is as small as what it holds. */
static void
main_trim(void *arg)
{
	struct main_trim *t = arg;

	(void)malloc_trim(0); /* nothing to give back is fine */
	timer_start(t->loop, &t->timer, MAIN_TRIM_EVERY, main_trim, t);
}
#endif

static bool
main_kube(struct kube_config *k, const struct main_opts *o, struct files *files,
    struct err *e)
{
	const char *path = o->kubeconfig;
	const char *home = getenv("HOME");
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	char *dflt;
	bool ok;

	if (str_empty(path))
		path = getenv("KUBECONFIG");
	if (!str_empty(path))
		return kube_config_load(k, files, path, o->context, e);
	if (!str_empty(host))
		return kube_config_in_cluster(
		    k, files, host, getenv("KUBERNETES_SERVICE_PORT"), e);
	dflt = xasprintf("%s/.kube/config", home == NULL ? "" : home);
	ok = kube_config_load(k, files, dflt, o->context, e);
	xfree(dflt);
	return ok;
}

static bool
main_dns(struct loop *loop, const char *servers, struct err *e)
{
	return str_empty(servers) || (http_net_real_dns(loop, servers, e) ||
					 err_wrap(e, "--dns-servers"));
}

static struct media_server_opts
main_media(const struct main_opts *o)
{
	return (struct media_server_opts){
		.serve = { .listen = o->media_listen,
		    .cert = o->media_cert,
		    .key = o->media_key,
		    .bind = o->media_bind,
		    .streams = (unsigned)o->media_streams,
		    .claim_streams = (unsigned)o->media_claim_streams,
		    .requests = (unsigned)o->media_requests,
		    .claim_requests = (unsigned)o->media_claim_requests,
		    .idle_us = o->media_idle_us },
		.media_url = o->media_url,
		.report_url = o->report_url,
		.report_ca = o->report_ca,
		.image_ca = o->image_ca,
		.folders = o->image_dir,
		.cache = (size_t)o->media_cache << 20,
	};
}

/* Tenants' secrets pass through the memory of an agent: it leaves no core
 * behind, and nobody of its own account may look into it. LeakSanitizer has to
 * look. */
static void
main_no_core(void)
{
#if defined(__has_feature)
#define MAIN_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define MAIN_SANITIZED 1
#else
#define MAIN_SANITIZED 0
#endif
#if !MAIN_SANITIZED
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* best effort */
#endif
}

static int
main_run(const struct main_opts *o, enum log_level level)
{
	struct loop *loop = loop_event_new();
	struct log log = { level, "agent", loop, log_sink_stderr, NULL };
	struct files files = files_system();
	struct entropy ent = entropy_system();
	struct kube_config kube = { 0 };
	struct agent_opts a = { .kube = &kube,
		.qps = (double)o->qps,
		.leader_elect = o->leader_elect,
		.lease_ns = o->lease_ns,
		.lease_name = o->lease_name,
		.lease_identity = o->lease_identity,
		.diagnostics = o->diagnostics,
		.explain = o->explain != NULL ? o->explain : EXPLAIN_SOCKET,
		.explain_may = o->explain == NULL,
		.ask = o->ask,
		.ask_cert = o->ask_cert,
		.ask_key = o->ask_key };
	struct env env = { "agent", loop, NULL, ent, &files, &log,
		metrics_new(), 0 };
	struct main_state s = { loop, NULL, &log, false, false };
#ifdef __GLIBC__
	struct main_trim trim = { .loop = loop };
#endif
	char name[128] = "agent";
	struct err e;
	int status = 1;

	if (gethostname(name, sizeof(name) - 1) == 0)
		env.name = name;
	ent.fill(ent.self, &env.seed, sizeof(env.seed));
	a.media = main_media(o);
	a.refused = main_refused;
	a.refused_arg = &s;
	a.control.shards = (unsigned)o->shards;
	a.control.ns = o->ns;
	a.control.watch_filter = o->watch_filter;
	a.control.image_origins = o->image_origins;
	a.control.max_provisioning = (unsigned)o->max_provisioning;
	a.control.max_releasing = (unsigned)o->max_releasing;
	a.control.max_bmcs = (unsigned)o->max_bmcs;
	a.control.event_streams = o->streams == 0 ? -1 : (int)o->streams;
	a.control.poll_idle_us = o->poll_us;
	a.control.poll_busy_us = o->busy_us;
	a.control.bmc_grace_us = o->grace_us;
	a.control.retry_max_us = o->retry_max_us;
	a.control.write_max_us = o->write_max_us;
	env.net = http_net_real_new(loop, ent, &e);
	if (env.net != NULL && main_dns(loop, o->dns_servers, &e) &&
	    main_kube(&kube, o, &files, &e))
		s.agent = agent_new(&env, &a, &e);
	if (s.agent != NULL) {
		LOGI(&log, "started", F_STR("server", kube.server),
		    F_STR("version", B7_VERSION));
		loop_on_signal(loop, SIGTERM, main_signal, &s);
		loop_on_signal(loop, SIGINT, main_signal, &s);
#ifdef __GLIBC__
		main_trim(&trim);
#endif
		loop_run(loop);
		status = s.refused ? 1 : 0;
	} else {
		(void)fprintf(stderr, "beskar7-agent: %s\n", e.msg);
	}
#ifdef __GLIBC__
	timer_stop(&trim.timer);
#endif
	agent_free(s.agent);
	kube_config_free(&kube);
	http_net_free(env.net);
	metrics_free(env.metrics);
	loop_free(loop);
	return status;
}

/* Programs of their own in this one; each has --help. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} tools[] = {
	{ "probe", probe_main },
	{ "enroll", enroll_main },
	{ "explain", explain_main },
	{ "compose", compose_main },
	{ "deliver", deliver_main },
};

int
main(int argc, char **argv)
{
	struct main_opts o = { 0 };
	enum log_level level;
	char **rest;
	int n_rest;
	struct err e;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof(tools) / sizeof(*tools); i++)
		if (str_eq(argv[1], tools[i].name))
			return tools[i].run(argc - 1, argv + 1);
	if (!options_parse(
		rows, &o, "BESKAR7", argc, argv, &rest, &n_rest, &e)) {
		(void)fprintf(stderr, "beskar7-agent: %s; try --help\n", e.msg);
		return 2;
	}
	if (o.help) {
		main_usage(stdout);
		return 0;
	}
	if (o.version) {
		version_print("beskar7-agent", stdout);
		return 0;
	}
	if (n_rest > 0 || !log_level_parse(o.log_level, &level)) {
		(void)fprintf(stderr, "beskar7-agent: %s: %s; try --help\n",
		    n_rest > 0 ? "unexpected argument" : "unknown log level",
		    n_rest > 0 ? rest[0] : o.log_level);
		return 2;
	}
	main_raise_files();
	main_no_core();
#ifdef __GLIBC__
	/* TLS and upload buffers come and go by the thousand: mapped, they
	 * leave no holes between what stays. */
	(void)mallopt(M_MMAP_THRESHOLD, 12 * 1024); /* an optimisation */
#endif
	return main_run(&o, level);
}
