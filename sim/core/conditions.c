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
core_condition(struct core *c, cJSON *status, const cJSON *object,
    const char *type, const char *value, const char *reason,
    const char *message)
{
	cJSON *list = json_child(status, "conditions"), *cond;
	char now[RFC3339_CAP];

	if (list == NULL) {
		json_set(status, "conditions", cJSON_CreateArray());
		list = json_child(status, "conditions");
	}
	cond = condition_find(list, type);
	if (cond == NULL) {
		cond = cJSON_CreateObject();
		json_set_str(cond, "type", type);
		cJSON_AddItemToArray(list, cond);
	}
	if (!str_eq(json_str(cond, "status", ""), value)) {
		rfc3339_s(now, loop_wall_us(c->env->loop));
		json_set_str(cond, "lastTransitionTime", now);
	}
	json_set_str(cond, "status", value);
	json_set_str(cond, "reason", reason);
	json_set_str(cond, "message", message);
	json_set_i64(cond, "observedGeneration",
	    json_i64(object, "metadata/generation", 0));
}

void
core_mirror_ready(struct core *c, cJSON *status, const cJSON *object,
    const cJSON *infra, bool provisioned)
{
	static const char *const fields[] = { "type", "status", "reason",
		"message" };
	const cJSON *r = NULL, *x;

	cJSON_ArrayForEach (x, json_arr(infra, "status/conditions"))
		if (str_eq(json_str(x, "type", ""), "Ready"))
			r = x;
	if (r == NULL) {
		core_condition(c, status, object, "InfrastructureReady",
		    provisioned ? "True" : "False",
		    provisioned ? "Ready" : "NotReady", "");
		return;
	}
	for (size_t i = 0; i < 4; i++)
		if (!cJSON_IsString(json_child(r, fields[i])))
			core_problem(c, "rule 49: Ready.%s of %s is no string",
			    fields[i], json_str(infra, "metadata/name", ""));
	core_condition(c, status, object, "InfrastructureReady",
	    json_str(r, "status", "Unknown"), json_str(r, "reason", "Ready"),
	    json_str(r, "message", ""));
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
