/* What the agent answered, for people. */
#ifndef B7_AGENT_EXPLAIN_PRINT_H
#define B7_AGENT_EXPLAIN_PRINT_H

#include <stdbool.h>

#include "common/buf.h"

struct cJSON;

/* For a terminal: headings, columns and how long ago. Otherwise a line for each
 * fact, its first word says of what kind. Control characters of peers are
 * escaped in both. */
void explain_print(const struct cJSON *answer, bool terminal, struct buf *out);

#endif
