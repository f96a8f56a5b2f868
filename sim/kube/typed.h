/*
 * Objects seen through their schemas, for server-side apply: which fields an
 * object has, what differs between two, and how one merges into another. Where
 * there is no schema, maps merge and lists are atomic.
 */
#ifndef B7_SIM_KUBE_TYPED_H
#define B7_SIM_KUBE_TYPED_H

#include <cjson/cJSON.h>

#include "sim/kube/schema.h"

/* The type of a whole object: its metadata has a schema of its own. */
struct ks_type {
	const struct schema *schema, *meta;
};

/* The fields of obj that can be owned; owned by the caller. */
cJSON *ks_typed_fields(const struct ks_type *t, const cJSON *obj);
/* *changed: added or other in b; *gone: in a only. Owned by the caller. Members
 * of b that json_mark_same() marked against a are passed over. */
void ks_typed_compare(const struct ks_type *t, const cJSON *a, const cJSON *b,
    cJSON **changed, cJSON **gone);
/* Merges config into obj, in place. */
void ks_typed_merge(const struct ks_type *t, cJSON *obj, const cJSON *config);
/* Takes the fields of set out of obj with all that is below them, but for fixed
 * members that hold elements of kept. */
void ks_typed_remove(
    const struct ks_type *t, cJSON *obj, const cJSON *set, const cJSON *kept);

#endif
