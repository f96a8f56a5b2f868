/* See kinds.h. */
#include "scenarios/runner/kinds.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define INFRA "infrastructure.cluster.x-k8s.io"
#define CAPI "cluster.x-k8s.io"

const struct kind_row kind_rows[] = {
	{ { "host", "physicalhost", "ph" }, "PhysicalHost", INFRA, "v1beta2",
	    "physicalhosts", false, true },
	{ { "b7m", "beskar7machine" }, "Beskar7Machine", INFRA, "v1beta2",
	    "beskar7machines", false, true },
	{ { "b7c", "beskar7cluster" }, "Beskar7Cluster", INFRA, "v1beta2",
	    "beskar7clusters", false, true },
	{ { "b7mt", "beskar7machinetemplate" }, "Beskar7MachineTemplate", INFRA,
	    "v1beta2", "beskar7machinetemplates", false, true },
	{ { "b7ct", "beskar7clustertemplate" }, "Beskar7ClusterTemplate", INFRA,
	    "v1beta2", "beskar7clustertemplates", false, false },
	{ { "b7r", "beskar7remediation" }, "Beskar7Remediation", INFRA,
	    "v1beta2", "beskar7remediations", false, true },
	{ { "b7rt", "beskar7remediationtemplate" },
	    "Beskar7RemediationTemplate", INFRA, "v1beta2",
	    "beskar7remediationtemplates", false, false },
	{ { "machine" }, "Machine", CAPI, "v1beta2", "machines", false, true },
	{ { "cluster" }, "Cluster", CAPI, "v1beta2", "clusters", false, true },
	{ { "secret" }, "Secret", "", "v1", "secrets", false, true },
	{ { "event" }, "Event", "", "v1", "events", false, true },
	{ { "node" }, "Node", "", "v1", "nodes", true, true },
	{ { "configmap" }, "ConfigMap", "", "v1", "configmaps", false, false },
	{ { "namespace" }, "Namespace", "", "v1", "namespaces", true, false },
	{ { "lease" }, "Lease", "coordination.k8s.io", "v1", "leases", false,
	    true },
	{ { "crd" }, "CustomResourceDefinition", "apiextensions.k8s.io", "v1",
	    "customresourcedefinitions", true, false },
	{ { NULL }, NULL, NULL, NULL, NULL, false, false },
};

const struct kind_row *
kind_by_name(const char *name)
{
	for (const struct kind_row *k = kind_rows; k->kind != NULL; k++)
		for (size_t i = 0; i < 4 && k->names[i] != NULL; i++)
			if (str_ieq(k->names[i], name))
				return k;
	return NULL;
}

const struct kind_row *
kind_by_resource(const char *group, const char *resource)
{
	for (const struct kind_row *k = kind_rows; k->kind != NULL; k++)
		if (str_eq(k->resource, resource) && str_eq(k->group, group))
			return k;
	return NULL;
}

const struct kind_row *
kind_of(const cJSON *object)
{
	const char *api = json_str(object, "apiVersion", "");
	const char *kind = json_str(object, "kind", "");
	const char *slash = strchr(api, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - api);

	for (const struct kind_row *k = kind_rows; k->kind != NULL; k++)
		if (str_eq(k->kind, kind) && strlen(k->group) == n &&
		    strncmp(api, k->group, n) == 0)
			return k;
	return NULL;
}

bool
object_ref_parse(struct object_ref *r, const char *text, struct err *e)
{
	char part[3][254] = { "", "", "" };
	size_t n = 0;
	const char *s = text;

	memset(r, 0, sizeof(*r));
	for (; n < 3; n++) {
		size_t len = strcspn(s, "/");

		if (len == 0 || len >= sizeof(part[0]))
			break;
		memcpy(part[n], s, len);
		s += len;
		if (*s == '\0') {
			n++;
			break;
		}
		s++;
	}
	if (n < 2 || *s != '\0')
		return err_set(e, ERR_SPEC, 0,
		    "\"%.80s\" is no object: kind/name or "
		    "kind/namespace/name",
		    text);
	r->kind = kind_by_name(part[0]);
	if (r->kind == NULL)
		return err_set(e, ERR_SPEC, 0,
		    "\"%.40s\" is none of host, b7m, b7c, b7mt, b7ct, machine, "
		    "cluster, secret, event, node, configmap, namespace, "
		    "lease, crd",
		    part[0]);
	if (!r->kind->global)
		(void)str_copy(
		    r->ns, sizeof(r->ns), n == 3 ? part[1] : "default");
	(void)str_copy(r->name, sizeof(r->name), part[n - 1]);
	return true;
}

bool
object_ref_is_glob(const struct object_ref *r)
{
	return strpbrk(r->name, "*?") != NULL;
}

char *
kind_path(
    const struct kind_row *k, const char *ns, const char *name, const char *sub)
{
	char *scope = k->global ? xstrdup("") : xasprintf("namespaces/%s/", ns);
	char *base = k->group[0] == '\0'
			 ? xasprintf("/api/%s", k->version)
			 : xasprintf("/apis/%s/%s", k->group, k->version);
	char *whole = xasprintf("%s/%s%s%s%s%s%s", base, scope, k->resource,
	    name == NULL ? "" : "/", name == NULL ? "" : name,
	    sub == NULL ? "" : "/", sub == NULL ? "" : sub);

	xfree(scope);
	xfree(base);
	return whole;
}
