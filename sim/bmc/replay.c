/* Routes of a recording: each resource by what it is. See replay.h. */
#include "sim/bmc/replay.h"

#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/replay_tree.h"
#include "sim/bmc/replay_view.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/view.h"

/* Recordings decide what is where. */
#define ANY "/*"

static const struct route routes[REPLAY_KINDS] = {
	[REPLAY_STATIC] = { .pattern = ANY,
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .op_get = OP_READ_INVENTORY },
	[REPLAY_ROOT] = { .pattern = ANY,
	    .schema = "ServiceRoot",
	    .flags = ROUTE_WHOLE | ROUTE_OPEN,
	    .get = replay_view,
	    .op_get = OP_READ_ROOT },
	[REPLAY_SYSTEM] = { .pattern = ANY,
	    .entity = "ComputerSystem",
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .patch = act_patch_system,
	    .op_get = OP_READ_SYSTEM,
	    .op_patch = OP_PATCH_SYSTEM },
	[REPLAY_SETTINGS] = { .pattern = ANY,
	    .entity = "ComputerSystem",
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .patch = act_patch_settings,
	    .op_get = OP_READ_SETTINGS,
	    .op_patch = OP_PATCH_SYSTEM },
	[REPLAY_MEDIA] = { .pattern = ANY,
	    .entity = "VirtualMedia",
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .patch = act_patch_media,
	    .op_get = OP_READ_MEDIA,
	    .op_patch = OP_PATCH_MEDIA },
	[REPLAY_MANAGER] = { .pattern = ANY,
	    .entity = "Manager",
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .op_get = OP_READ_MANAGER },
	[REPLAY_NIC] = { .pattern = ANY,
	    .entity = "EthernetInterface",
	    .flags = ROUTE_WHOLE,
	    .get = replay_view,
	    .op_get = OP_READ_INVENTORY },
	[REPLAY_SESSIONS] = { .pattern = ANY,
	    .entity = "SessionCollection",
	    .flags = ROUTE_WHOLE | ROUTE_COLLECTION | ROUTE_OPEN_POST,
	    .get = replay_view,
	    .post = session_login,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_LOGIN },
	[REPLAY_TASKS] = { .pattern = ANY,
	    .entity = "TaskCollection",
	    .flags = ROUTE_WHOLE | ROUTE_COLLECTION,
	    .get = replay_view,
	    .op_get = OP_READ_COLLECTION },
	[REPLAY_RESET] = { .pattern = ANY,
	    .entity = "ComputerSystem",
	    .flags = ROUTE_ACTION,
	    .post = act_reset,
	    .op_post = OP_RESET },
	[REPLAY_INSERT] = { .pattern = ANY,
	    .entity = "VirtualMedia",
	    .flags = ROUTE_ACTION,
	    .post = act_insert,
	    .op_post = OP_INSERT },
	[REPLAY_EJECT] = { .pattern = ANY,
	    .entity = "VirtualMedia",
	    .flags = ROUTE_ACTION,
	    .post = act_eject,
	    .op_post = OP_EJECT },
	[REPLAY_VMM_CONTROL] = { .pattern = ANY,
	    .entity = "VirtualMedia",
	    .flags = ROUTE_ACTION,
	    .post = act_vmm_control,
	    .op_post = OP_INSERT },
	[REPLAY_MANAGER_RESET] = { .pattern = ANY,
	    .entity = "Manager",
	    .flags = ROUTE_ACTION,
	    .post = act_manager_reset,
	    .op_post = OP_MANAGER_RESET },
};

bool
replay_made(const char *path)
{
	static const char *const below[] = { V1 "/SessionService/Sessions/",
		V1 "/TaskService/Tasks/", V1 "/TaskService/TaskMonitors/" };
	static const char *const whole[] = { "/redfish", V1 "/odata",
		V1 "/$metadata" };

	for (size_t i = 0; i < 3; i++)
		if (str_has_prefix(path, below[i]) || str_eq(path, whole[i]))
			return true;
	return false;
}

static const struct replay_resource *
resource_at(const struct replay *r, const char *path)
{
	const struct replay_resource *res = map_get(&r->tree, path);

	return res ? res : map_get(&r->actions, path);
}

bool
replay_route(const struct replay *r, struct request *rq)
{
	const struct replay_resource *res;

	res = resource_at(r, rq->path);
	if (!res)
		return false;
	rq->route = &routes[res->kind];
	if (res->slot < r->n_slots) /* what media_slot_of() compares */
		(void)str_copy(
		    rq->arg[0], sizeof(rq->arg[0]), r->slots[res->slot].id);
	return true;
}
