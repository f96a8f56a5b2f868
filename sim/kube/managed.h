/*
 * metadata.managedFields: who owns which field. Sets of fields are kept in
 * the form in which they travel (FieldsV1: "f:name", "k:{...}", "v:...", ".").
 * Source: structured-merge-diff v4 and the server-side apply documentation.
 */
#ifndef B7_SIM_KUBE_MANAGED_H
#define B7_SIM_KUBE_MANAGED_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/kube/schema.h"
#include "sim/kube/status.h"

struct ks_actor {
	const char *manager;
	const struct ks_kind *kind;
	const char *api_version;
	const char *sub; /* subresource or "" */
	int64_t wall_us;
	/* Of the object and of its metadata; may be NULL. */
	const struct schema *schema, *meta;
};

/* After a write that is not an apply: what changed now belongs to the actor.
 * before NULL: everything. Sets after.metadata.managedFields. */
void ks_managed_update(
    const struct ks_actor *a, const cJSON *before, cJSON *after);
/*
 * Server-side apply of config on live (NULL: creates it). Returns the merged object with
 * its managedFields, or NULL with a 409 that names every conflict (never with
 * force). Trees stay the caller's.
 */
cJSON *ks_managed_apply(const struct ks_actor *a, const cJSON *live,
    const cJSON *config, bool force, struct ks_status *st);
/* The client's list is well formed and may replace the one that is stored. */
bool ks_managed_valid(const cJSON *list);

#endif
