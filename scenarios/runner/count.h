/* Counted Redfish requests and API writes, and what a file expects of them. */
#ifndef B7_RUNNER_COUNT_H
#define B7_RUNNER_COUNT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "scenarios/runner/shape.h"

struct play;

extern const struct shape_key count_keys[];
/* For struct step_row. */
bool count_arg_check(const cJSON *arg, const char *path,
    const struct shape_source *s, struct err *e);
bool count_check(struct play *p, const cJSON *arg, struct err *e);
/* Redfish requests of one BMC by operation; NULL = all, "writes" = all but
 * GET. -1: no such BMC. */
int64_t count_redfish(struct play *p, const char *bmc, const char *op);
/* Writes of the agent to one object "resource[.group]", "ns/name". */
int64_t count_writes(struct play *p, const char *resource, const char *object);

#endif
