/*
 * A simulator as a process of its own: options, the real seams, signals, and
 * an end in order. Only the *_main files use it.
 */
#ifndef B7_SIM_PROCESS_H
#define B7_SIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/env.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/options.h"

struct sim_command {
	const char *name;       /* "bmc" */
	const char *env_prefix; /* "BESKAR7_BMC" */
	const char *usage;      /* above the options */
	const struct option_row *rows;
};
struct sim_args {
	int argc;
	char **argv;
	bool takes_rest; /* positional arguments are no error */
	char **rest;     /* as options_parse() gives them */
	int n_rest;
};

/* Fills opts. help: the member of opts that asks for the help. False: *status
 * is the exit status, and everything is told. */
bool sim_options(const struct sim_command *c, void *opts, const bool *help,
    struct sim_args *args, int *status);
/* To stderr; returns the exit status of wrong usage. */
int sim_refuse(const struct sim_command *c, const struct err *e);

/* From `name` to `arg` set by the caller; the rest lives during the run. */
struct sim_process {
	const char *name;
	const char *log_level; /* as the user wrote it; NULL = info */
	uint64_t seed;
	/* Makes what serves, out of env. */
	bool (*start)(void *arg, struct err *e);
	void (*ready)(void *arg); /* tells it on stdout */
	/* SIGTERM or SIGINT came: nothing new is taken. NULL: it ends at once.
	 * A second signal does not wait. */
	void (*stop)(void *arg, int64_t grace_us);
	int64_t grace_us;
	void (*fini)(void *arg); /* also of what start left half made */
	void *arg;

	struct env env;
	struct log log;
	struct files files;
	struct loop *loop;
	struct timer grace;
	bool stopping;
};
/* Until a signal. Exit status: 0 after a signal, 1 it could not start, 2 wrong
 * log level. */
int sim_process_run(struct sim_process *p);

/* Complete or not at all; mode is under the umask. */
bool sim_write_file(
    const char *path, const char *text, unsigned mode, struct err *e);

#endif
