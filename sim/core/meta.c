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

/* Group and kind and name, as the real core compares owners: a version or a UID
 * of an earlier life is brought up to date. */
static bool
meta_same_owner(const cJSON *ref, const cJSON *owner)
{
	const char *group = json_str(ref, "apiVersion", "");

	return str_has_prefix(group, CAPI "/") &&
	       str_eq(
		   json_str(ref, "kind", ""), json_str(owner, "kind", "-")) &&
	       str_eq(json_str(ref, "name", ""),
		   json_str(owner, "metadata/name", "-"));
}

/* MachineSet and control planes hand their clone over to the Machine. */
static bool
meta_owner_dropped(const cJSON *ref, const cJSON *owner)
{
	const char *kind = json_str(ref, "kind", "");

	return str_eq(json_str(owner, "kind", ""), "Machine") &&
	       (str_eq(kind, "MachineSet") ||
		   str_eq(kind, "KubeadmControlPlane"));
}

static cJSON *
meta_owners(const cJSON *o, const cJSON *owner, bool controller)
{
	cJSON *list = cJSON_CreateArray(), *ours;
	const cJSON *ref;
	bool there = false;

	cJSON_ArrayForEach (ref, json_arr(o, "metadata/ownerReferences")) {
		if (meta_owner_dropped(ref, owner))
			continue;
		ours = json_dup(ref);
		if (meta_same_owner(ref, owner)) {
			cJSON_Delete(ours);
			ours = meta_owner_ref(owner, controller);
			there = true;
		}
		cJSON_AddItemToArray(list, ours);
	}
	if (!there)
		cJSON_AddItemToArray(list, meta_owner_ref(owner, controller));
	return list;
}

const char *
core_owner_taken(const cJSON *infra, const cJSON *owner)
{
	const cJSON *ref;

	cJSON_ArrayForEach (ref, json_arr(infra, "metadata/ownerReferences"))
		if (json_bool(ref, "controller", false) &&
		    !meta_owner_dropped(ref, owner) &&
		    !meta_same_owner(ref, owner))
			return json_str(ref, "kind", "?");
	return NULL;
}

bool
core_deleting(const cJSON *o)
{
	return json_str(o, "metadata/deletionTimestamp", NULL) != NULL;
}

cJSON *
core_owner_patch(const cJSON *infra, const cJSON *owner, const char *cluster,
    bool controller)
{
	const char *label = CAPI "/cluster-name";
	const cJSON *now = json_arr(infra, "metadata/ownerReferences");
	const cJSON *mark =
	    json_child(json_obj(infra, "metadata/labels"), label);
	cJSON *list =
	    owner == NULL ? NULL : meta_owners(infra, owner, controller);
	bool labelled =
	    cJSON_IsString(mark) && str_eq(mark->valuestring, cluster);
	cJSON *p, *meta;

	if (labelled && (list == NULL || json_equal(list, now))) {
		cJSON_Delete(list);
		return NULL;
	}
	p = cJSON_CreateObject();
	meta = json_ensure_obj(p, "metadata");
	if (list != NULL)
		json_set(meta, "ownerReferences", list);
	json_set_str(json_ensure_obj(meta, "labels"), label, cluster);
	return p;
}
