/* Names of a resource in API paths; const tables only. */
#ifndef B7_KUBE_RESOURCE_H
#define B7_KUBE_RESOURCE_H

#include <stdbool.h>

struct kube_resource {
	const char *group;   /* "" = the core group */
	const char *version; /* "v1" */
	const char *plural;  /* "secrets" */
	const char *kind;    /* "Secret" */
	bool cluster_scoped;
};

extern const struct kube_resource KUBE_SECRETS;
extern const struct kube_resource KUBE_EVENTS;
extern const struct kube_resource KUBE_NODES;
extern const struct kube_resource KUBE_NAMESPACES;
extern const struct kube_resource KUBE_CONFIGMAPS;
extern const struct kube_resource KUBE_LEASES;
extern const struct kube_resource KUBE_CRDS;
extern const struct kube_resource KUBE_TOKEN_REVIEWS;
extern const struct kube_resource KUBE_ACCESS_REVIEWS;

/* "v1" or "group/version". */
#define KUBE_API_VERSION_CAP 320
void kube_api_version(
    const struct kube_resource *r, char out[KUBE_API_VERSION_CAP]);

#endif
