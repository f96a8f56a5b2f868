/* beskar7-scenario: runs scenario files; the demo. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"
#include "common/version.h"
#include "scenarios/runner/demo.h"
#include "scenarios/runner/heap.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/run.h"
#include "scenarios/runner/sockets.h"
#include "scenarios/runner/step.h"

struct main_opts {
	bool help, version, list, steps, sockets, keep_going, verbose, debug;
	bool keep, all;
	int64_t seed, runs, jobs, time_scale;
	const char *junit, *log, *root, *set;
};
#define O(f) offsetof(struct main_opts, f)
static const struct option_row run_rows[] = {
	{ "seed", 's', OPT_INT, "N", "1", 0, 1LL << 62,
	    "decides all that is random; the same seed gives the same run",
	    "Running", O(seed) },
	{ "runs", 'n', OPT_INT, "K", "1", 1, 1000000,
	    "runs each file with seed, seed+1, ...", NULL, O(runs) },
	{ "sockets", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "real processes over TLS instead of one process in virtual time",
	    NULL, O(sockets) },
	{ "time-scale", 0, OPT_INT, "N", "20", 1, 1000,
	    "with --sockets: times of files pass so many times faster", NULL,
	    O(time_scale) },
	{ "jobs", 'j', OPT_INT, "N", "1", 1, 64, "files at once", NULL,
	    O(jobs) },
	{ "keep-going", 'k', OPT_FLAG, NULL, NULL, 0, 0,
	    "goes on after a failure", NULL, O(keep_going) },
	{ "set", 0, OPT_STR, "NAME=VALUE", NULL, 0, 0,
	    "one value of the file's matrix instead of all, e.g. "
	    "k=3,when=after",
	    NULL, O(set) },
	{ "root", 0, OPT_STR, "DIR", ".", 0, 0,
	    "the checkout, with crds/ and sim/", NULL, O(root) },
	{ "junit", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "writes the results as JUnit XML", "Results", O(junit) },
	{ "log", 'l', OPT_STR, "FILE", NULL, 0, 0,
	    "appends everything that happens: API writes, BMC events, logs; "
	    "- is standard output",
	    NULL, O(log) },
	{ "debug", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "the agents' debug lines as well", NULL, O(debug) },
	{ "verbose", 'v', OPT_FLAG, NULL, NULL, 0, 0,
	    "a line for each seed, and what files say with `log`", NULL,
	    O(verbose) },
	{ "list", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "prints the files' names and runs none", "Looking", O(list) },
	{ "list-steps", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "prints the steps that files can use, and the invariants", NULL,
	    O(steps) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "prints this", NULL,
	    O(help) },
	{ 0 },
};

static void
main_usage(FILE *out)
{
	(void)fputs(
	    "Usage: beskar7-scenario run FILE... [OPTIONS]\n"
	    "       beskar7-scenario demo FILE [--keep]\n"
	    "       beskar7-scenario --version\n\n"
	    "Runs provisioning stories with faults: simulated BMCs, a "
	    "stand-in for the\nKubernetes API, and real agents, in one "
	    "process under virtual time, where the\nseed decides everything "
	    "and a failure replays exactly. What must never happen\nis "
	    "watched all the time.\n\n"
	    "    beskar7-scenario run scenarios/*.yaml\n"
	    "    beskar7-scenario run scenarios/*.yaml --runs 200 --jobs 2\n"
	    "    beskar7-scenario run scenarios/01-*.yaml --seed 7 --log -\n"
	    "    beskar7-scenario run scenarios/01-*.yaml --sockets\n\n",
	    out);
	options_help(run_rows, out);
	(void)fputs("\nExit status: 0 all passed, 1 something failed, 2 wrong "
		    "options or files.\n",
	    out);
}

static void
main_keys(const struct shape_key *k)
{
	for (; k != NULL && k->name != NULL; k++)
		(void)printf("      %-16s %s%s\n", k->name, k->help,
		    k->needed ? " (needed)" : "");
}

static void
main_steps(void)
{
	(void)printf("Steps:\n");
	for (size_t i = 0; step_tables[i] != NULL; i++)
		for (const struct step_row *r = step_tables[i]; r->name != NULL;
		     r++) {
			(void)printf("  %-16s %s\n", r->name, r->help);
			main_keys(r->keys);
		}
	(void)printf("\nInvariants (* needs the very moment: virtual time):\n");
	for (const struct inv_row *r = inv_rows; r->name != NULL; r++)
		(void)printf("  %-24s %s%s\n", r->name, r->says,
		    r->synchronous ? " *" : "");
}

static int
main_list(char **files, int n)
{
	struct files fs = files_system();
	int status = 0;

	for (int i = 0; i < n; i++) {
		struct scenario s;
		struct err e;

		if (!scenario_load(&s, &fs, files[i], &e)) {
			(void)fprintf(stderr, "%s\n", e.msg);
			status = 2;
			continue;
		}
		(void)printf("%s: %s\n", files[i], s.name);
		scenario_free(&s);
	}
	return status;
}

/* The folder of this program: its sisters are there. */
static char *
main_bin(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	return xstrdup(path);
}

static int
main_run(int argc, char **argv)
{
	struct main_opts o = { 0 };
	struct run_opts r = { 0 };
	struct err e;
	char **files;
	int n, status;
	char *bin;

	if (!options_parse(run_rows, &o, NULL, argc, argv, &files, &n, &e)) {
		(void)fprintf(
		    stderr, "beskar7-scenario: %s; try --help\n", e.msg);
		return 2;
	}
	if (o.help) {
		main_usage(stdout);
		return 0;
	}
	if (o.steps) {
		main_steps();
		return 0;
	}
	if (n == 0) {
		(void)fprintf(
		    stderr, "beskar7-scenario: no files; try --help\n");
		return 2;
	}
	if (o.list)
		return main_list(files, n);
	bin = main_bin();
	r = (struct run_opts){ .seed = (uint64_t)o.seed,
		.runs = (unsigned)o.runs,
		.jobs = (unsigned)o.jobs,
		.sockets = o.sockets,
		.keep_going = o.keep_going,
		.verbose = o.verbose,
		.debug = o.debug,
		.time_scale = (unsigned)o.time_scale,
		.junit = o.junit,
		.log = o.log,
		.root = o.root,
		.bin = bin,
		.program = "beskar7-scenario",
		.set = o.set };
	status = run_all(files, n, &r);
	xfree(bin);
	return status;
}

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	char *bin;
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	if (str_eq(word, "run")) {
		heap_in_large_pages();
		return main_run(argc - 1, argv + 1);
	}
	if (str_eq(word, "demo")) {
		bin = main_bin();
		status = demo_main(argc - 1, argv + 1, bin);
		xfree(bin);
		return status;
	}
	if (str_eq(word, "relay") && argc == 3) /* of our own, sockets.h */
		return sockets_relay_main(argv[2]);
	if (str_eq(word, "--version")) {
		version_print("beskar7-scenario", stdout);
		return 0;
	}
	if (str_eq(word, "--help") || str_eq(word, "-h") ||
	    str_eq(word, "--list-steps"))
		return main_run(argc, argv);
	if (word[0] != '\0')
		(void)fprintf(
		    stderr, "beskar7-scenario: no command %.40s\n\n", word);
	main_usage(stderr);
	return 2;
}
