/* Finalizers, owner references, labels: patches as the real core sends. */
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

bool
core_has_finalizer(const cJSON *o, const char *f)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(o, "metadata/finalizers"))
		if (cJSON_IsString(x) && str_eq(x->valuestring, f))
			return true;
	return false;
}

cJSON *
core_finalizer_patch(const cJSON *o, const char *f, bool add)
{
	cJSON *p = cJSON_CreateObject(), *list = cJSON_CreateArray();
	cJSON *meta = json_ensure_obj(p, "metadata");
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(o, "metadata/finalizers"))
		if (cJSON_IsString(x) && !str_eq(x->valuestring, f))
			cJSON_AddItemToArray(list, json_dup(x));
	if (add)
		cJSON_AddItemToArray(list, cJSON_CreateString(f));
	json_set(meta, "finalizers", list);
	json_set_str(meta, "resourceVersion",
	    json_str(o, "metadata/resourceVersion", NULL));
	return p;
}

static cJSON *
meta_owner_ref(const cJSON *owner, bool controller)
{
	cJSON *r = cJSON_CreateObject();

	json_set_str(r, "apiVersion", CAPI "/v1beta2");
	json_set_str(r, "kind", json_str(owner, "kind", ""));
	json_set_str(r, "name", json_str(owner, "metadata/name", ""));
	json_set_str(r, "uid", json_str(owner, "metadata/uid", ""));
	if (controller) {
		json_set_bool(r, "controller", true);
		json_set_bool(r, "blockOwnerDeletion", true);
	}
	return r;
}

/* MachineSet and control planes hand their clone over to the Machine. */
static bool
meta_owner_dropped(const cJSON *ref, const cJSON *owner)
{
	const char *kind = json_str(ref, "kind", "");

	return str_eq(json_str(ref, "uid", ""),
		   json_str(owner, "metadata/uid", "")) ||
	       (str_eq(json_str(owner, "kind", ""), "Machine") &&
		   (str_eq(kind, "MachineSet") ||
		       str_eq(kind, "KubeadmControlPlane")));
}

cJSON *
core_owner_patch(const cJSON *infra, const cJSON *owner, const char *cluster,
    bool controller)
{
	const char *label = CAPI "/cluster-name";
	cJSON *p = cJSON_CreateObject(), *list = cJSON_CreateArray();
	cJSON *meta = json_ensure_obj(p, "metadata");
	const cJSON *labels = json_obj(infra, "metadata/labels"), *ref;

	cJSON_ArrayForEach (ref, json_arr(infra, "metadata/ownerReferences"))
		if (!meta_owner_dropped(ref, owner))
			cJSON_AddItemToArray(list, json_dup(ref));
	cJSON_AddItemToArray(list, meta_owner_ref(owner, controller));
	if (json_equal(list, json_arr(infra, "metadata/ownerReferences")) &&
	    json_child(labels, label) != NULL) {
		cJSON_Delete(list);
		cJSON_Delete(p);
		return NULL;
	}
	json_set(meta, "ownerReferences", list);
	json_set_str(json_ensure_obj(meta, "labels"), label, cluster);
	return p;
}
