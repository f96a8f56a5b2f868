/*
 * The last events of each object, for the report of a failure, and the whole
 * log of a run. Lines are the same bytes for the same seed.
 */
#ifndef B7_RUNNER_TRAIL_H
#define B7_RUNNER_TRAIL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scenarios/runner/invariants.h"

#define TRAIL_KEPT 24

struct trail;
/* log NULL = only what is kept. */
struct trail *trail_new(FILE *log);
void trail_free(struct trail *t);
void trail_commit(struct trail *t, const struct inv_commit *c);
void trail_bmc(struct trail *t, const struct bmc_event *ev);
void trail_line(struct trail *t, const char *line, size_t n); /* of a log */
void trail_note(
    struct trail *t, int64_t at_us, const char *about, const char *text);
/* Prints the last lines that are about the object (its name), and the last
 * ones of all. */
void trail_print(const struct trail *t, const char *object, FILE *out);

#endif
