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
	const struct shape_key *keys; /* of a mapping; NULL: see other */
	/* What it takes that is not a mapping of keys; S_MAP where there are
	 * keys: nothing else. */
	enum shape_kind other;
	/* What keys and other do not say; NULL = nothing. Texts with ${...}
	 * must pass. path: of arg, for shape_error(). */
	bool (*check)(const cJSON *arg, const char *path,
	    const struct shape_source *s, struct err *e);
	bool (*run)(struct play *p, const cJSON *arg, struct err *e);
	const char *help;
};
extern const struct step_row *const step_tables[]; /* NULL ends */
const struct step_row *step_by_name(const char *name);

/* All steps of a list with their arguments, as far as these are known before
 * the run; also those inside of repeat and for-each. */
bool steps_check(const cJSON *list, const char *path,
    const struct shape_source *s, struct err *e);
/* Runs a list; stops at the first that fails. */
bool steps_run(
    struct play *p, const cJSON *list, const char *path, struct err *e);

/* The tables, one file a topic. */
extern const struct step_row steps_health[], steps_objects[], steps_waits[],
    steps_world[], steps_workload[], steps_agents[], steps_flow[];

#endif
