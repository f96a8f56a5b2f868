/* ${name} in the texts of a step, replaced when the step runs. */
#ifndef B7_RUNNER_SUBST_H
#define B7_RUNNER_SUBST_H

#include <cjson/cJSON.h>

#include "common/err.h"

/* The value of a name, owned by the caller; NULL: there is none. */
typedef char *subst_fn(void *arg, const char *name);

/* A copy of j. A text that is one ${name} and whose value is a whole number
 * or true or false becomes that. ERR_SPEC names what is unknown. */
cJSON *subst(const cJSON *j, subst_fn *fn, void *arg, struct err *e);

/* What ${name} becomes where the value is not a text; owned by the caller. */
char *subst_value(const cJSON *value);

#endif
