/* The rules of ObjectMeta: what a client may set, and what is ours. */
#ifndef B7_SIM_KUBE_META_H
#define B7_SIM_KUBE_META_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/random.h"
#include "sim/kube/schema.h"
#include "sim/kube/status.h"

struct ks_request;

/* metadata of obj; made if absent. */
cJSON *ks_meta(cJSON *obj);
/* Drops nulls and members that ObjectMeta does not have. */
void ks_meta_prune(cJSON *meta, struct schema_unknown *unknown);
/* Turns generateName into a name where there is none. */
void ks_meta_generate_name(cJSON *meta, struct entropy ent);
/* What the server sets in a new object. */
void ks_meta_create(
    cJSON *meta, struct entropy ent, int64_t wall_us, bool generation);
/* Carries over from `was` what an update may leave out, and adds what it must
 * not change to *l. */
void ks_meta_update(const cJSON *was, cJSON *meta, struct field_errors *l);
bool ks_meta_deleting(const cJSON *obj);
bool ks_meta_has_finalizers(const cJSON *obj);
bool ks_meta_has_finalizer(const cJSON *obj, const char *name);
void ks_meta_add_finalizer(cJSON *obj, const char *name);
void ks_meta_drop_finalizer(cJSON *obj, const char *name);

#endif
