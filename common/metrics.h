/* Counters, gauges and histograms in the Prometheus text format 0.0.4. */
#ifndef B7_METRICS_H
#define B7_METRICS_H

#include <stdint.h>

#include "common/buf.h"

struct metrics; /* one a process; families print in order of their names */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
/* labels: ready text such as `kind="host",code="200"`, or NULL; the caller
 * escapes values (metrics_label does). A family is made, with its type, by the
 * first of add (counter), set (gauge) or observe (histogram); add works on
 * gauges too; anything else on a family of another type is ignored. */
void metrics_add(
    struct metrics *m, const char *family, const char *labels, int64_t delta);
void metrics_set(
    struct metrics *m, const char *family, const char *labels, int64_t value);
/* Of an object that is gone: its series is printed no more. */
void metrics_drop(struct metrics *m, const char *family, const char *labels);
void metrics_observe_us(struct metrics *m, const char *family,
    const char *labels, int64_t us); /* histogram in seconds */
void metrics_help(struct metrics *m, const char *family, const char *help);
/* Appends `name="value"`, after a comma where out is not empty. */
void metrics_label(struct buf *out, const char *name, const char *value);
/* Of a histogram: how many were observed. 0 where there is none. */
int64_t metrics_get(
    const struct metrics *m, const char *family, const char *labels);
void metrics_print(const struct metrics *m, struct buf *out);

#endif
