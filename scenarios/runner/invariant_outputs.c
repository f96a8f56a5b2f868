/*
 * What others read (capi-contract): providerID and provisioned, and metadata
 * and specs that are not ours.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define AX "infrastructure.cluster.x-k8s.io"

static void
outputs_name(const struct inv_commit *c, char out[360])
{
	(void)str_format(out, 360, "%s/%s/%s", c->resource, c->ns, c->name);
}

static bool
outputs_provisioned(const cJSON *m)
{
	return json_bool(m, "status/initialization/provisioned", false);
}

static void
outputs_machine(struct invariants *x, const struct inv_commit *c)
{
	const char *was = json_str(c->before, "spec/providerID", NULL);
	const char *is = json_str(c->after, "spec/providerID", NULL);
	const char *host = json_str(c->after, "status/hostRef/name", NULL);
	char want[360], name[360];

	outputs_name(c, name);
	if (outputs_provisioned(c->after) && is == NULL)
		inv_fail(x, "provider-id-first", name,
		    "provisioned without a providerID");
	if (was != NULL && !str_eq(was, is))
		inv_fail(x, "outputs-sticky", name, "providerID %s became %s",
		    was, is == NULL ? "empty" : is);
	if (inv_by_agent(x, c) && outputs_provisioned(c->before) &&
	    !outputs_provisioned(c->after))
		inv_fail(
		    x, "outputs-sticky", name, "provisioned was taken back");
	if (is == NULL || was != NULL || host == NULL || !inv_by_agent(x, c))
		return;
	(void)str_format(want, sizeof(want), "b7://%s/%s", c->ns, host);
	if (!str_eq(is, want))
		inv_fail(x, "provider-id-first", name,
		    "providerID %s on host %s", is, host);
}

/* ---- metadata ---------------------------------------------------------------- */

static bool
outputs_ours(const char *list, const char *key)
{
	if (str_eq(list, "annotations"))
		return str_has_prefix(key, AX "/") ||
		       str_eq(key, "clusterctl.cluster.x-k8s.io/block-move");
	return false;
}

/* clusterctl's label goes onto the login of a BMC, and is never taken off. */
static bool
outputs_may_add(const struct inv_commit *c, const char *list, const char *key)
{
	return outputs_ours(list, key) ||
	       (str_eq(c->resource, "secrets") && str_eq(list, "labels") &&
		   str_eq(key, "clusterctl.cluster.x-k8s.io/move"));
}

/* Members of a map in one that are not alike in the other. */
static void
outputs_map(struct invariants *x, const struct inv_commit *c, const char *list)
{
	const cJSON *was = json_at(json_at(c->before, "metadata"), list);
	const cJSON *is = json_at(json_at(c->after, "metadata"), list);
	const cJSON *m;
	char name[360];

	outputs_name(c, name);
	cJSON_ArrayForEach (m, was)
		if (!outputs_ours(list, m->string) &&
		    !json_equal(m, json_child(is, m->string)))
			inv_fail(x, "foreign-metadata", name,
			    "%s %s was changed or removed", list, m->string);
	cJSON_ArrayForEach (m, is)
		if (!outputs_may_add(c, list, m->string) &&
		    json_child(was, m->string) == NULL)
			inv_fail(x, "foreign-metadata", name, "%s %s was added",
			    list, m->string);
}

static bool
outputs_listed(const cJSON *list, const cJSON *item)
{
	const cJSON *m;

	cJSON_ArrayForEach (m, list)
		if (json_equal(m, item))
			return true;
	return false;
}

static void
outputs_finalizers(struct invariants *x, const struct inv_commit *c)
{
	const cJSON *was = json_arr(c->before, "metadata/finalizers");
	const cJSON *is = json_arr(c->after, "metadata/finalizers"), *m;
	char name[360];

	outputs_name(c, name);
	cJSON_ArrayForEach (m, was)
		if (cJSON_IsString(m) && strstr(m->valuestring, AX) == NULL &&
		    !outputs_listed(is, m))
			inv_fail(x, "foreign-metadata", name,
			    "finalizer %s was removed", m->valuestring);
	cJSON_ArrayForEach (m, is)
		if (cJSON_IsString(m) && strstr(m->valuestring, AX) == NULL &&
		    !outputs_listed(was, m))
			inv_fail(x, "foreign-metadata", name,
			    "finalizer %s was added", m->valuestring);
	if (!json_equal(json_at(c->before, "metadata/ownerReferences"),
		json_at(c->after, "metadata/ownerReferences")) &&
	    (json_at(c->before, "metadata/ownerReferences") != NULL ||
		json_at(c->after, "metadata/ownerReferences") != NULL))
		inv_fail(x, "foreign-metadata", name,
		    "ownerReferences were changed");
}

/* ---- specs -------------------------------------------------------------------- */

static bool
outputs_field_ours(const char *resource, const char *field)
{
	static const char *const ours[][2] = {
		{ "physicalhosts", "consumerRef" },
		{ "physicalhosts", "bootIsoSource" },
		{ "physicalhosts", "userDataSecretRef" },
		{ "beskar7machines", "providerID" },
		{ "beskar7clusters", "controlPlaneEndpoint" },
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_eq(resource, ours[i][0]) && str_eq(field, ours[i][1]))
			return true;
	return false;
}

static void
outputs_spec(struct invariants *x, const struct inv_commit *c)
{
	static const char *const parts[] = { "spec", "data", "type" };
	char name[360];

	outputs_name(c, name);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const cJSON *was = json_child(c->before, parts[i]);
		const cJSON *is = json_child(c->after, parts[i]);
		cJSON *diff = json_merge_diff(was, is);
		const cJSON *m;

		cJSON_ArrayForEach (m, diff)
			if (m->string == NULL ||
			    !outputs_field_ours(c->resource, m->string))
				inv_fail(x, "spec-untouched", name,
				    "%s.%s was changed", parts[i],
				    m->string == NULL ? "" : m->string);
		cJSON_Delete(diff);
	}
}

static void
outputs_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	(void)o;
	if (c->before == NULL || c->after == NULL)
		return;
	if (str_eq(c->resource, "beskar7machines"))
		outputs_machine(x, c);
	if (!inv_by_agent(x, c) || str_eq(c->resource, "leases") ||
	    str_eq(c->resource, "events"))
		return;
	outputs_map(x, c, "labels");
	outputs_map(x, c, "annotations");
	outputs_finalizers(x, c);
	outputs_spec(x, c);
}

const struct inv_group inv_outputs = { .commit = outputs_commit };
