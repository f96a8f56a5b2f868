/*
 * Discovery documents: what kubectl reads to learn which kinds exist.
 * Everything is built from a list of resources; the caller keeps the list.
 */
#ifndef B7_SIM_KUBE_DISCOVERY_H
#define B7_SIM_KUBE_DISCOVERY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/kube/crd.h"

/* One resource in one served version. Strings are borrowed. */
struct api_resource {
	const char *group; /* "" = core */
	const char *version;
	const char *plural, *singular, *kind, *list_kind;
	const char *const *short_names;
	size_t n_short_names;
	const char *const *categories;
	size_t n_categories;
	bool namespaced, has_status;
	const struct schema *schema; /* for OpenAPI; NULL: any object */
};

/* The builtin kinds of the stand-in, in discovery order; const tables. The
 * schema is NULL: fill it in a copy from schema_builtin(). */
const struct api_resource *discovery_builtins(size_t *n);
/* The resource of one version; borrows from c. */
struct api_resource discovery_of_crd(
    const struct crd *c, const struct crd_version *v);
/* {group, version, kind}; owned. */
cJSON *discovery_gvk(const struct api_resource *r);
/* v1 > v1beta2 > v1beta1 > v1alpha1 > other; <0 if a comes first. */
int discovery_version_cmp(const char *a, const char *b);

/* Documents. All owned by the caller; NULL: no such group or version. Groups
 * come sorted by name, versions by discovery_version_cmp. */
cJSON *discovery_api(const char *server_address);              /* /api */
cJSON *discovery_apis(const struct api_resource *r, size_t n); /* /apis */
cJSON *discovery_group(
    const struct api_resource *r, size_t n, const char *group); /* /apis/G */
cJSON *discovery_resources(const struct api_resource *r, size_t n,
    const char *group, const char *version); /* /api/v1, /apis/G/V */
/* Aggregated, for /api (core = true) and /apis (false). */
cJSON *discovery_aggregated(const struct api_resource *r, size_t n, bool core);
cJSON *discovery_version(const char *platform); /* /version */

/* True if Accept asks for g=apidiscovery.k8s.io, v=v2, as=APIGroupDiscoveryList
 * ahead of plain JSON; the Content-Type of the answer is then
 * DISCOVERY_AGGREGATED_TYPE. */
#define DISCOVERY_AGGREGATED_TYPE \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
bool discovery_aggregated_accepted(const char *accept);

#endif
