/* Resources that every part of the agent may need. */
#include "agent/kube/resource.h"

#include <stdio.h>

const struct kube_resource KUBE_SECRETS = { "", "v1", "secrets", "Secret",
	false };
const struct kube_resource KUBE_EVENTS = { "", "v1", "events", "Event", false };
const struct kube_resource KUBE_NODES = { "", "v1", "nodes", "Node", true };
const struct kube_resource KUBE_NAMESPACES = { "", "v1", "namespaces",
	"Namespace", true };
const struct kube_resource KUBE_CONFIGMAPS = { "", "v1", "configmaps",
	"ConfigMap", false };
const struct kube_resource KUBE_LEASES = { "coordination.k8s.io", "v1",
	"leases", "Lease", false };
const struct kube_resource KUBE_CRDS = { "apiextensions.k8s.io", "v1",
	"customresourcedefinitions", "CustomResourceDefinition", true };
const struct kube_resource KUBE_TOKEN_REVIEWS = { "authentication.k8s.io", "v1",
	"tokenreviews", "TokenReview", true };
const struct kube_resource KUBE_ACCESS_REVIEWS = { "authorization.k8s.io", "v1",
	"subjectaccessreviews", "SubjectAccessReview", true };

void
kube_api_version(const struct kube_resource *r, char out[KUBE_API_VERSION_CAP])
{
	(void)snprintf(out, KUBE_API_VERSION_CAP, "%s%s%s", r->group,
	    r->group[0] != '\0' ? "/" : "", r->version);
}
