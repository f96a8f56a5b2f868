/*
 * What the host says, in the machine's status: progress before it is up, then
 * providerID and provisioned (in that order, both sticky), then its health.
 */
#include <string.h>

#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

#define MIRROR_ADDRESSES 64 /* of the 256 that core takes */

static enum verdict
mirror_provider_id(struct machine_pass *p)
{
	cJSON *patch;
	char id[PROVIDER_ID_CAP];

	if (p->m.provider_id != NULL)
		return V_NEXT;
	machine_provider_id(p, id);
	patch = kobj_patch_base(p->m.tree);
	json_set_str(json_ensure_obj(patch, "spec"), "providerID", id);
	machine_let_move(p, patch);
	return object_patch(p->o, p->m.tree, KUBE_PATCH_MERGE, patch);
}

/* An outage shorter than the grace is ridden out. */
static int64_t
mirror_outage_us(const struct machine_pass *p)
{
	const cJSON *c =
	    cond_find(json_obj(p->h.tree, "status"), "RedfishConnectionReady");
	int64_t since;

	if (!str_eq(json_str(c, "status", NULL), "False") ||
	    !rfc3339_parse(json_str(c, "lastTransitionTime", ""), &since))
		return -1;
	return p->at.wall_us - since;
}

static enum verdict
mirror_health(struct machine_pass *p)
{
	const char *power =
	    json_str(p->h.tree, "status/observedPowerState", "");
	int64_t outage = mirror_outage_us(p), grace = p->c->o.bmc_grace_us;

	if (outage >= grace) {
		machine_say(p, "HostHealthy", COND_FALSE, "BMCUnreachable",
		    cond_message(json_obj(p->h.tree, "status"),
			"RedfishConnectionReady"));
		return V_STOP;
	}
	if (str_eq(power, "Off"))
		machine_say(p, "HostHealthy", COND_FALSE, "PoweredOff",
		    "the server is off");
	else
		machine_say(p, "HostHealthy", COND_TRUE, "Healthy", "");
	return outage < 0 ? V_STOP : machine_poll(p, grace - outage + LOOP_S);
}

static bool
mirror_up(const struct machine_pass *p)
{
	return p->h.state_known && p->h.state == HOST_PROVISIONED &&
	       p->h.record_valid && p->h.record.phase == PHASE_PROVISIONED &&
	       str_eq(p->h.record.claim_id, p->m.claim_id);
}

/* Its providerID was there before the host: the host has yet to agree. */
static bool
mirror_adopting(const struct machine_pass *p)
{
	return p->h.record_valid && p->h.record.phase == PHASE_IDLE;
}

static void
mirror_progress(struct machine_pass *p)
{
	const cJSON *st = json_obj(p->h.tree, "status");
	const char *reason = cond_reason(st, "HostProvisioned");

	if (p->h.state == HOST_CLAIMED || p->h.state == HOST_AVAILABLE ||
	    str_empty(reason))
		reason = "NotProvisioned";
	machine_say(p, "HostProvisioned", COND_FALSE, reason,
	    cond_message(st, "HostProvisioned"));
	machine_say(p, "HostHealthy", COND_UNKNOWN, "NotProvisioned",
	    "the host is not provisioned yet");
}

static void
mirror_address(cJSON *list, const char *type, const char *address)
{
	cJSON *o;

	if (str_empty(address) || strlen(address) > 253)
		return;
	o = cJSON_CreateObject();
	json_set_str(o, "type", type);
	json_set_str(o, "address", address);
	cJSON_AddItemToArray(list, o);
}

/* Core takes the whole list (capi-contract 3.9), and what its own bounds refuse
 * breaks its patch of the Machine. */
static void
mirror_addresses(struct machine_pass *p)
{
	const cJSON *d = json_obj(p->h.tree, "status/hardwareDetails"), *a;
	cJSON *list = cJSON_CreateArray();

	mirror_address(list, "Hostname", json_str(d, "hostName", NULL));
	cJSON_ArrayForEach (a, json_arr(d, "addresses"))
		if (cJSON_IsString(a) &&
		    cJSON_GetArraySize(list) < MIRROR_ADDRESSES)
			mirror_address(list, "InternalIP", a->valuestring);
	machine_node_addresses(p, list, MIRROR_ADDRESSES);
	if (cJSON_GetArraySize(list) == 0) {
		cJSON_Delete(list);
		list = NULL;
	}
	json_set(p->status, "addresses", list);
}

enum verdict
machine_mirrored(void *arg)
{
	struct machine_pass *p = arg;
	enum verdict v;

	json_set_str(json_ensure_obj(p->status, "hostRef"), "name", p->h.name);
	json_set_str(p->status, "failureDomain", p->h.zone);
	if (!p->m.provisioned && !mirror_up(p) &&
	    (p->m.provider_id == NULL || mirror_adopting(p))) {
		mirror_progress(p);
		machine_associated(p, false);
		if (machine_node_told(p) == V_WAIT)
			return V_WAIT;
		return V_STOP;
	}
	v = mirror_provider_id(p);
	if (v != V_NEXT)
		return v;
	json_set_bool(
	    json_ensure_obj(p->status, "initialization"), "provisioned", true);
	object_say(p->status, &p->at, "HostProvisioned", COND_TRUE,
	    "Provisioned", "%s", p->h.name);
	machine_associated(p, true);
	if (mirror_up(p))
		mirror_addresses(p);
	return mirror_health(p);
}
