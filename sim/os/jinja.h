/*
 * What cloud-init's templates need of Jinja: {{ a.b['c'] }}, default('x'), {# #}
 * and raw blocks. A name that is not there becomes CI_MISSING_JINJA_VAR/NAME, as
 * cloud-init has it; what lies below such a name, and all other blocks, fail.
 */
#ifndef B7_SIM_OS_JINJA_H
#define B7_SIM_OS_JINJA_H

#include <cjson/cJSON.h>

#include "common/buf.h"
#include "sim/os/disc.h"

#define JINJA_MISSING "CI_MISSING_JINJA_VAR/"

bool jinja_render(
    const char *text, const cJSON *vars, struct buf *out, char why[DISC_WHY]);

#endif
