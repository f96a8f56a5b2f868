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
	const char *virtual_only; /* why; NULL = runs over sockets as well */
};

bool scenario_load(
    struct scenario *s, struct files *files, const char *file, struct err *e);
void scenario_free(struct scenario *s);

/* matrix: {var: {from, to, until}} or {var: [values]}: the values of one run
 * more. */
struct scenario_var {
	const char *name;
	const cJSON *list; /* or NULL: */
	int64_t from, to;
	bool until_no_crash; /* ends once the planned crash does not come */
};
#define SCENARIO_VARS 3
size_t scenario_matrix(
    const struct scenario *s, struct scenario_var out[SCENARIO_VARS]);

/* Of `cluster`, as a key of the file and as a step. */
extern const struct shape_key cluster_keys[];

#endif
