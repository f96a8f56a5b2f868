/* Runs files: every seed, every value of the matrix; collects results. */
#ifndef B7_RUNNER_RUN_H
#define B7_RUNNER_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "scenarios/runner/scenario.h"

struct run_opts {
	uint64_t seed;
	unsigned runs, jobs;
	bool sockets, keep_going, verbose, debug;
	unsigned time_scale;
	const char *junit, *log, *root, *bin;
	const char *program; /* for the command that replays */
	const char *set;     /* "k=3,when=after": one value of the matrix */
};

/* One file with one seed: all values of its matrix. */
struct run_result {
	bool ok;
	unsigned plays; /* runs of the file */
	double wall_s, virtual_s;
	char *report;  /* owned: of the first failure; NULL */
	char what[64]; /* of the failure */
};
void run_file(const struct scenario *sc, uint64_t seed,
    const struct run_opts *o, struct run_result *r);
void run_result_fini(struct run_result *r);

/* All files with all seeds. Exit status: 0 all passed, 1 not all, 2 for
 * errors in the files. */
int run_all(char **files, int n, const struct run_opts *o);

#endif
