/*
 * CustomResourceDefinitions: from a JSON object to names, versions, columns
 * and compiled schemas; defaults and status as the real API server fills them.
 */
#ifndef B7_SIM_KUBE_CRD_H
#define B7_SIM_KUBE_CRD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "sim/kube/schema.h"
#include "sim/kube/schema_errors.h"
#include "sim/kube/table.h"

#define CRD_MAX_VERSIONS 10

struct crd_version {
	char *name;
	bool served, storage, deprecated;
	char *warning;   /* of a deprecated one; NULL: the usual words */
	bool has_status; /* subresources.status */
	struct schema *schema;
	struct table *table; /* from additionalPrinterColumns */
	/* spec paths a field selector may use besides metadata, e.g.
	 * "spec.consumerRef.name" (selectableFields). */
	char **selectable;
	size_t n_selectable;
};

/* All owned. */
struct crd {
	char *group, *kind, *list_kind, *plural, *singular;
	char **short_names, **categories;
	size_t n_short_names, n_categories;
	bool namespaced;
	struct crd_version versions[CRD_MAX_VERSIONS];
	size_t n_versions;
	size_t storage; /* index of the storage version */
};

/* Fills in what the API server defaults in a CRD object, in place: singular,
 * listKind, conversion None. */
void crd_default(cJSON *obj);
/* NULL with at least one entry in *l when it is not valid (name must be
 * plural.group, exactly one storage version, structural schema, ...). Works
 * on the object as crd_default left it. obj stays the caller's. */
struct crd *crd_parse(const cJSON *obj, struct field_errors *l);
void crd_free(struct crd *c);
const struct crd_version *crd_version_by_name(
    const struct crd *c, const char *name); /* NULL if there is none */
/* The status of an accepted CRD: acceptedNames, storedVersions, conditions
 * NamesAccepted and Established at now. Owned by caller. */
cJSON *crd_status(const struct crd *c, int64_t wall_us);
/* What must not change in an update (group, names.kind, plural, scope). */
void crd_validate_update(
    const struct crd *was, const struct crd *is, struct field_errors *l);

#endif
