/* See demo.h: a scenario file over sockets, with a view and a summary. */
#include "scenarios/runner/demo.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"
#include "scenarios/runner/count.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/view.h"

#define INFRA "infrastructure.cluster.x-k8s.io"

struct demo_opts {
	bool help, keep, debug;
	int64_t seed, time_scale;
	const char *root;
};
#define O(f) offsetof(struct demo_opts, f)
static const struct option_row rows[] = {
	{ "keep", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "stays up at the end, until Ctrl-C, to play with", "Options",
	    O(keep) },
	{ "time-scale", 0, OPT_INT, "N", "20", 1, 100,
	    "the simulated machines boot so many times faster", NULL,
	    O(time_scale) },
	{ "seed", 's', OPT_INT, "N", "1", 0, 1LL << 32,
	    "of the machines' identities", NULL, O(seed) },
	{ "root", 0, OPT_STR, "DIR", ".", 0, 0,
	    "the checkout, with crds/ and sim/", NULL, O(root) },
	{ "debug", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "the agent logs at debug level", NULL, O(debug) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "prints this", NULL,
	    O(help) },
	{ 0 },
};

struct demo {
	struct play *p; /* NULL while it is built */
	struct view *view;
};

static void
demo_usage(FILE *out)
{
	(void)fputs(
	    "Usage: beskar7-scenario demo FILE [OPTIONS]\n\n"
	    "Runs a scenario file between real processes over TLS (simulated "
	    "BMCs, a\nstand-in for the Kubernetes API and Cluster API, the "
	    "agent), shows each host as\nit goes, and counts what it cost. "
	    "scenarios/demo.sh builds and runs it.\n\n",
	    out);
	options_help(rows, out);
	(void)fputs("\nExit status: 0 done, 1 failed, 2 wrong options.\n", out);
}

static void
demo_progress(void *arg, const char *text)
{
	struct demo *d = arg;

	if (d->p != NULL)
		view_say(d->view, d->p, text);
}

static void
demo_view(void *arg, struct play *p)
{
	struct demo *d = arg;

	d->p = p;
	view_update(d->view, p, false);
}

/* ---- afterwards ----------------------------------------------------------------- */

static void
demo_summary(struct play *p, double seconds)
{
	int64_t requests = 0, writes = 0, api = 0;

	(void)printf("\n%-12s %-16s %9s %9s %10s %11s\n", "HOST", "BMC",
	    "REDFISH", "OF THESE", "API WRITES", "BOOTS FROM");
	(void)printf("%-12s %-16s %9s %9s %10s %11s\n", "", "", "REQUESTS",
	    "WRITES", "", "MEDIUM");
	for (size_t i = 0; i < p->f->bmcs.n; i++) {
		const char *name = p->f->bmcs.v[i].key;
		char *path = xasprintf("/bmcs/%s", name);
		char *object = xasprintf("default/%s", name);
		int status;
		cJSON *j = p->be->ops->bmc(p->be, "GET", path, NULL, &status);
		int64_t r = json_i64(j, "counters/requests", 0);
		int64_t w = json_i64(j, "counters/writes", 0);
		int64_t a = count_writes(p, "physicalhosts." INFRA, object);

		(void)printf("%-12s %-16s %9lld %9lld %10lld %11lld\n", name,
		    json_str(j, "profile", ""), (long long)r, (long long)w,
		    (long long)a,
		    (long long)json_i64(j, "counters/mediumBoots", 0));
		requests += r;
		writes += w;
		api += a;
		cJSON_Delete(j);
		xfree(path);
		xfree(object);
	}
	(void)printf("%-12s %-16s %9lld %9lld %10lld\n", "all", "",
	    (long long)requests, (long long)writes, (long long)api);
	(void)printf("\nDone in %.1f s.\n", seconds);
}

static void
demo_failed(struct play *p, const struct scenario *sc)
{
	const struct play_failure *f = &p->failure;
	struct err e;

	(void)shape_error(&sc->src, f->path, &e, "%s", f->what);
	(void)printf("\nFAILED: %s\n  %s\n", e.msg, f->text);
	if (f->object[0] != '\0')
		(void)printf("  object: %s\n", f->object);
	if (p->trail != NULL)
		trail_print(p->trail, f->object, stdout);
}

static void
demo_stay(struct play *p)
{
	sigset_t set;
	int sig;

	(void)printf("\nIt stays up until Ctrl-C. In another terminal:\n\n"
		     "  export KUBECONFIG=%s\n"
		     "  kubectl get ph,b7m,b7c -o wide\n"
		     "  kubectl describe ph bmc-000\n"
		     "  kubectl get events\n"
		     "  kubectl apply -f deploy/examples/\n"
		     "  kubectl explain physicalhost.spec\n"
		     "  curl %s/bmcs/bmc-000\n",
	    p->be->kubeconfig, p->be->bmc_control);
	(void)fflush(stdout);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigwait(&set, &sig);
	(void)printf("\nStopping.\n");
}

static int
demo_run(const struct scenario *sc, const struct demo_opts *o, const char *bin)
{
	struct demo d = { .view = view_new(isatty(1) != 0) };
	struct play_opts po = { .seed = (uint64_t)o->seed,
		.root = o->root,
		.bin = bin,
		.sockets = true,
		.no_crds = true,
		.time_scale = (unsigned)o->time_scale,
		.trail = true,
		.agent_debug = o->debug,
		.progress = demo_progress,
		.progress_arg = &d,
		.view = demo_view,
		.view_arg = &d };
	struct err e;
	struct play *p;
	bool ok;

	(void)printf("%s: %s\nStarting the simulators and the agent.\n",
	    sc->file, sc->name);
	(void)fflush(stdout);
	p = play_new(sc, &po, &e);
	if (p == NULL) {
		(void)fprintf(stderr, "beskar7-scenario demo: %s\n", e.msg);
		view_free(d.view);
		return 1;
	}
	d.p = p;
	ok = play_run(p);
	view_update(d.view, p, true);
	if (ok)
		demo_summary(p, (double)play_now(p) / LOOP_S);
	else
		demo_failed(p, sc);
	if (o->keep)
		demo_stay(p);
	play_free(p);
	view_free(d.view);
	return ok ? 0 : 1;
}

int
demo_main(int argc, char **argv, const char *bin)
{
	struct demo_opts o = { 0 };
	struct files fs = files_system();
	struct scenario sc;
	struct err e;
	char **files;
	int n, status;

	if (!options_parse(rows, &o, NULL, argc, argv, &files, &n, &e)) {
		(void)fprintf(
		    stderr, "beskar7-scenario demo: %s; try --help\n", e.msg);
		return 2;
	}
	if (o.help) {
		demo_usage(stdout);
		return 0;
	}
	if (n != 1) {
		demo_usage(stderr);
		return 2;
	}
	if (!scenario_load(&sc, &fs, files[0], &e)) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return 2;
	}
	status = demo_run(&sc, &o, bin);
	scenario_free(&sc);
	return status;
}
