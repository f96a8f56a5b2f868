/*
 * Strategic merge patch, for builtin kinds: maps merge, lists of known merge
 * keys merge by key, and the directives that kubectl sends are obeyed ($patch,
 * $retainKeys, $deleteFromPrimitiveList/x, $setElementOrder/x).
 */
#ifndef B7_SIM_KUBE_STRATEGIC_H
#define B7_SIM_KUBE_STRATEGIC_H

#include <cjson/cJSON.h>

#include "common/err.h"

/* A new tree; both arguments stay the caller's. ERR_SPEC. */
cJSON *ks_strategic_merge(
    const cJSON *target, const cJSON *patch, struct err *e);

#endif
