/*
 * One run of one scenario: the stage, the facts, what is watched, what failed.
 */
#ifndef B7_RUNNER_PLAY_H
#define B7_RUNNER_PLAY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "common/map.h"
#include "common/random.h"
#include "scenarios/runner/backend.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/scenario.h"
#include "scenarios/runner/trail.h"

struct play;

struct play_opts {
	uint64_t seed;
	const char *root, *bin;
	bool sockets;
	unsigned time_scale; /* sockets */
	FILE *log;           /* everything that happens; NULL = none */
	bool trail;          /* keep the last events, for the report */
	bool agent_debug;    /* log at debug level */
	/* Values of the matrix: name=value, as map. */
	const struct map *vars;
	bool may_miss; /* the planned crash may not come */
	bool no_crds;  /* sockets: the file applies crds/ */
	bool keep;     /* sockets: processes outlive us */
	void (*progress)(void *arg, const char *text);
	void *progress_arg;
	void (*view)(void *arg, struct play *p); /* after each look */
	void *view_arg;
};

struct play_failure {
	bool set;
	char what[64];    /* invariant, "expectation" or "error" */
	char object[360]; /* "host/default/bmc-000"; "" */
	char text[600];
	char path[400]; /* of the step */
	int64_t at_us;
};

/* A crash that is to come. */
struct play_crash {
	bool armed, fired, after, due, heard;
	bool freeze; /* SIGSTOP, and nothing is lost */
	unsigned agent;
	int64_t at, seen;   /* the at'th mutating request */
	char to[8];         /* any, bmc, api: to whom it is */
	char event[32];     /* or this event of a BMC; "" */
	char bmc[64];       /* glob */
	int64_t restart_us; /* later it goes on again; -1 = not */
};

#define PLAY_MARKERS 16

struct play {
	const struct scenario *sc;
	struct play_opts o;
	struct backend *be;
	struct invariants *inv;
	struct facts *f;      /* of inv */
	struct trail *trail;  /* NULL = none is kept */
	struct map vars;      /* name -> text, owned */
	struct map net_rules; /* name -> id + 1 as pointer text, owned */
	struct stage_agent_opts agent;
	int64_t agent_skew_us;
	unsigned agents_max;
	struct play_crash crash;
	int64_t restart_at[BACKEND_AGENTS]; /* FACT_NEVER = not */
	int64_t thaw_at[BACKEND_AGENTS];    /* FACT_NEVER = not */
	bool frozen[BACKEND_AGENTS];
	bool dirty;        /* something was told since the last look */
	int64_t looked_us; /* when that was */
	bool noted_crash;  /* the plan's crash was carried out at least once */
	struct rng rng;
	int64_t faults_end_us; /* until then faults that steps ordered last */
	char path[400];        /* of the running step */
	unsigned steps_done;
	struct play_failure failure;
	const char *marker; /* in bootstrap data */
	unsigned var_depth;
	/* Must appear nowhere; those of the file are borrowed from it. */
	const char *markers[PLAY_MARKERS];
};

/* Builds the stage and the fixtures; NULL with e. */
struct play *play_new(
    const struct scenario *sc, const struct play_opts *o, struct err *e);
/* Steps, then the end's expectations. False: p->failure says why. */
bool play_run(struct play *p);
void play_free(struct play *p);

int64_t play_now(const struct play *p);
/* A time of the file as it passes here; least: over sockets. */
int64_t play_scaled(const struct play *p, int64_t us, int64_t least);
/* Runs until done says so (asked whenever something was told) or so long
 * passed; false: it did not, or the run failed. Times of files; over sockets
 * they are scaled. */
bool play_wait(
    struct play *p, int64_t within_us, bool (*done)(void *), void *arg);
/* The same, neither scaled nor stretched. */
bool play_wait_real(
    struct play *p, int64_t within_us, bool (*done)(void *), void *arg);
void play_pass(struct play *p, int64_t us); /* advances */
void play_fail(struct play *p, const char *what, const char *object,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A line for the log and the trail. */
void play_note(
    struct play *p, const char *what, const char *object, const cJSON *j);
char *play_var(void *arg, const char *name); /* for subst() */
void play_set_var(struct play *p, const char *name, const char *value);

bool play_agent_start(struct play *p, unsigned n, struct err *e);
/* SIGSTOP and SIGCONT. */
bool play_agent_freeze(struct play *p, unsigned n, struct err *e);
bool play_agent_thaw(struct play *p, unsigned n, struct err *e);
void play_agent_kill(struct play *p, unsigned n);

/* play_hooks.c */
void play_hooks(struct play *p, struct backend_hooks *h);
void play_crash_now(struct play *p);
void play_on_violation(
    void *arg, const char *invariant, const char *object, const char *text);
/* fixtures.c */
bool play_fixtures(struct play *p, struct err *e);
bool play_cluster(struct play *p, const cJSON *c, struct err *e);
bool play_apply(struct play *p, const cJSON *objects, struct err *e);
/* A manifest by its path from the root. */
bool play_apply_file(struct play *p, const char *path, struct err *e);
/* end.c */
bool play_end(struct play *p);
/* Are there secrets in what an agent measured, or in what a BMC traced? */
void play_look_at_metrics(struct play *p, unsigned agent);
void play_look_at_trace(struct play *p, const char *bmc);
/* All that may rest does; false puts what does not into why. */
bool play_at_rest(struct play *p, char *why, size_t cap);
#endif
