/* What builtin kinds default and demand beyond their schemas. */
#ifndef B7_SIM_KUBE_BUILTIN_H
#define B7_SIM_KUBE_BUILTIN_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "sim/kube/kind.h"
#include "sim/kube/schema_errors.h"

/* Fills in defaults; before NULL: being created. */
void ks_builtin_default(
    const struct ks_kind *k, const cJSON *before, cJSON *obj, int64_t wall_us);
void ks_builtin_validate(const struct ks_kind *k, const cJSON *before,
    const cJSON *obj, struct field_errors *l);
/* Between the two groups of events, in place. */
void ks_event_to_core(cJSON *obj);
void ks_event_from_core(cJSON *obj);
/* Between a served version and the one that is stored, in place. */
void ks_to_storage(
    const struct ks_kind *k, const struct ks_version *v, cJSON *obj);
void ks_from_storage(const struct ks_version *v, cJSON *obj);

/* An object of nothing but what every stored one has; owned by the caller. */
cJSON *ks_builtin_skeleton(const struct ks_kind *k);

#endif
