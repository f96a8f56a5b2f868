/* A child process of the runner: a simulator or an agent. */
#ifndef B7_RUNNER_PROCESS_H
#define B7_RUNNER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

struct process {
	pid_t pid;        /* 0 = none */
	int out;          /* its stdout; -1 = closed */
	char *log;        /* owned: path of what it says on stderr */
	long log_read;    /* bytes of it that were taken */
	char ready[512];  /* its first line on stdout */
	const char *name; /* static */
};

/* argv[0] is the program's path; argv ends with NULL. The process dies with
 * its parent unless keep. */
bool process_start(struct process *p, const char *name, char *const *argv,
    const char *log, bool keep, struct err *e);
/* Waits until it prints a line; false if it ends or takes too long. */
bool process_wait_ready(struct process *p, int seconds, struct err *e);
bool process_running(struct process *p); /* reaps */
void process_signal(struct process *p, int sig);
/* SIGTERM, then SIGKILL after so long; reaps. */
void process_end(struct process *p, int seconds);
void process_fini(struct process *p);
/* A word of the ready line that begins with prefix: the rest of it. */
bool process_ready_word(
    const struct process *p, const char *prefix, char *out, size_t cap);

#endif
