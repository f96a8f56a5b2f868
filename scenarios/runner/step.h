/*
 * The steps of a scenario: one row a step, with its keys and its help. A step
 * runs to its end before the next begins; virtual time passes only inside of
 * steps that wait.
 */
#ifndef B7_RUNNER_STEP_H
#define B7_RUNNER_STEP_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/err.h"
#include "scenarios/runner/shape.h"

struct play;

struct step_row {
	const char *name;
	const struct shape_key *keys; /* NULL: any value, or a scalar */
	bool scalar;                  /* takes a scalar as well as keys */
	bool virtual_only;
	bool (*run)(struct play *p, const cJSON *arg, struct err *e);
	const char *help;
};
extern const struct step_row *const step_tables[]; /* NULL ends */
const struct step_row *step_by_name(const char *name);

/* All steps of a list, also those inside of repeat and for-each. */
bool steps_check(const cJSON *list, const char *path,
    const struct shape_source *s, struct err *e);
/* Runs a list; stops at the first that fails. */
bool steps_run(
    struct play *p, const cJSON *list, const char *path, struct err *e);

/* The tables, one file a topic. */
extern const struct step_row steps_objects[], steps_waits[], steps_world[],
    steps_agents[], steps_flow[];

#endif
