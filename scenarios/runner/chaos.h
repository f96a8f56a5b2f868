/*
 * Random operations and faults, drawn from the run's seed: what nobody thought
 * of writing into a scenario. All faults end; afterwards everything must
 * converge.
 */
#ifndef B7_RUNNER_CHAOS_H
#define B7_RUNNER_CHAOS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/err.h"
#include "scenarios/runner/shape.h"

struct play;

extern const struct shape_key chaos_keys[];
bool chaos_run(struct play *p, const cJSON *arg, struct err *e);

#endif
