/* A scenario file, read and checked. README.md describes the format. */
#ifndef B7_RUNNER_SCENARIO_H
#define B7_RUNNER_SCENARIO_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/files.h"
#include "scenarios/runner/shape.h"

struct scenario {
	char *file, *text; /* owned */
	struct shape_source src;
	cJSON *doc; /* owned */
	const char *name, *description;
};

bool scenario_load(
    struct scenario *s, struct files *files, const char *file, struct err *e);
void scenario_free(struct scenario *s);
/* It cuts agents off from the API server. */
bool scenario_cuts(const struct scenario *s);

/* matrix: {var: {from, to, step, until}} or {var: [values]}: the values of one run
 * more. */
struct scenario_var {
	const char *name;
	const cJSON *list; /* or NULL: */
	int64_t from, to, step;
	bool until_no_crash; /* ends once the planned crash does not come */
};
#define SCENARIO_VARS 3
size_t scenario_matrix(const struct scenario *s, bool sockets,
    struct scenario_var out[SCENARIO_VARS]);
/* What `sockets` says of `vars` or `matrix`; NULL = nothing. */
const cJSON *scenario_sockets_of(
    const struct scenario *s, const char *key, bool sockets);

/* Of `cluster`, as a key of the file and as a step. */
extern const struct shape_key cluster_keys[];

#endif
