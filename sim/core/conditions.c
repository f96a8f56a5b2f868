/* Conditions and status of the core's own objects. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

static cJSON *
condition_find(cJSON *list, const char *type)
{
	cJSON *c;

	cJSON_ArrayForEach (c, list)
		if (str_eq(json_str(c, "type", ""), type))
			return c;
	return NULL;
}

bool
core_condition_true(const cJSON *object, const char *type)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(object, "status/conditions"))
		if (str_eq(json_str(c, "type", ""), type))
			return str_eq(json_str(c, "status", ""), "True");
	return false;
}

void
core_condition(
    struct core *c, cJSON *status, const cJSON *object, struct core_cond is)
{
	cJSON *list = json_child(status, "conditions"), *cond;
	char now[RFC3339_CAP];

	if (list == NULL) {
		json_set(status, "conditions", cJSON_CreateArray());
		list = json_child(status, "conditions");
	}
	cond = condition_find(list, is.type);
	if (cond == NULL) {
		cond = cJSON_CreateObject();
		json_set_str(cond, "type", is.type);
		cJSON_AddItemToArray(list, cond);
	}
	if (!str_eq(json_str(cond, "status", ""), is.value)) {
		rfc3339_s(now, loop_wall_us(c->env->loop));
		json_set_str(cond, "lastTransitionTime", now);
	}
	json_set_str(cond, "status", is.value);
	json_set_str(cond, "reason", is.reason);
	json_set_str(cond, "message", is.message);
	json_set_i64(cond, "observedGeneration",
	    json_i64(object, "metadata/generation", 0));
}

static const cJSON *
condition_ready(const cJSON *infra)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(infra, "status/conditions"))
		if (str_eq(json_str(x, "type", ""), "Ready"))
			return x;
	return NULL;
}

/* A null here panics the real core; a missing one is reported as such. */
static bool
condition_well_formed(struct core *c, const cJSON *ready, const cJSON *infra)
{
	static const char *const fields[] = { "status", "reason", "message" };
	const char *status = json_str(ready, "status", "");
	bool ok = true;

	for (size_t i = 0; i < 3; i++)
		if (!cJSON_IsString(json_child(ready, fields[i]))) {
			core_problem(c, "rule 49: Ready.%s of %s is no string",
			    fields[i], json_str(infra, "metadata/name", ""));
			ok = false;
		}
	if (ok && !str_eq(status, "True") && !str_eq(status, "False") &&
	    !str_eq(status, "Unknown")) {
		core_problem(c, "rule 49: Ready.status of %s is \"%s\"",
		    json_str(infra, "metadata/name", ""), status);
		ok = false;
	}
	return ok;
}

void
core_mirror_ready(struct core *c, cJSON *status, const cJSON *object,
    const cJSON *infra, bool provisioned)
{
	const cJSON *r = condition_ready(infra);
	const char *since;
	char *text;

	if (r == NULL) {
		text =
		    xasprintf("%s status.initialization.provisioned is false",
			json_str(infra, "kind", ""));
		core_condition(c, status, object,
		    (struct core_cond){ "InfrastructureReady",
			provisioned ? "True" : "False",
			provisioned ? "Ready" : "NotReady",
			provisioned ? "" : text });
		xfree(text);
		return;
	}
	if (!condition_well_formed(c, r, infra)) {
		core_condition(c, status, object,
		    (struct core_cond){ "InfrastructureReady", "Unknown",
			"InvalidConditionReported",
			"the Ready condition is malformed" });
		return;
	}
	core_condition(c, status, object,
	    (struct core_cond){ "InfrastructureReady",
		json_str(r, "status", ""), json_str(r, "reason", ""),
		json_str(r, "message", "") });
	since = json_str(r, "lastTransitionTime", NULL);
	if (since != NULL)
		json_set_str(condition_find(json_child(status, "conditions"),
				 "InfrastructureReady"),
		    "lastTransitionTime", since);
}

void
core_infra_absent(struct core *c, cJSON *status, const cJSON *object,
    enum core_infra found, bool provisioned)
{
	if (found == INFRA_NO_CRD)
		core_condition(c, status, object,
		    (struct core_cond){ "InfrastructureReady", "Unknown",
			"InternalError",
			"Please check controller logs for errors" });
	else if (found == INFRA_MISSING)
		core_condition(c, status, object,
		    (struct core_cond){ "InfrastructureReady", "False",
			provisioned ? "ObjectDeleted" : "ObjectDoesNotExist",
			provisioned
			    ? "the infrastructure object was deleted"
			    : "the infrastructure object does not exist" });
}

bool
core_paused(struct core *c, cJSON *status, const cJSON *object,
    const cJSON *cluster, bool *changed)
{
	const cJSON *own = json_child(
	    json_obj(object, "metadata/annotations"), CAPI "/paused");
	bool by_cluster = json_bool(cluster, "spec/paused", false);
	bool paused = by_cluster || own != NULL;
	cJSON *was = condition_find(json_child(status, "conditions"), "Paused");
	char *text = xasprintf("%s%s%s%s",
	    by_cluster ? "Cluster spec.paused is set to true" : "",
	    by_cluster && own != NULL ? ", " : "",
	    own != NULL ? json_str(object, "kind", "") : "",
	    own != NULL ? " has the " CAPI "/paused annotation" : "");

	*changed =
	    !str_eq(json_str(was, "status", ""), paused ? "True" : "False") ||
	    !str_eq(json_str(was, "message", ""), text);
	core_condition(c, status, object,
	    (struct core_cond){ "Paused", paused ? "True" : "False",
		paused ? "Paused" : "NotPaused", text });
	xfree(text);
	return paused;
}

bool
core_status(struct core_object *o, const char *path, const cJSON *object,
    const cJSON *status)
{
	cJSON *empty = cJSON_CreateObject(), *patch, *diff;
	const cJSON *old = json_obj(object, "status");
	char *target;

	diff = json_merge_diff(old == NULL ? empty : old, status);
	cJSON_Delete(empty);
	if (diff == NULL)
		return false;
	patch = cJSON_CreateObject();
	json_set(patch, "status", diff);
	target = xasprintf("%s/status", path);
	core_write(o, "PATCH", target, CORE_MERGE, patch);
	xfree(target);
	cJSON_Delete(patch);
	return true;
}
