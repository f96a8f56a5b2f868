/* The table of URIs. See route.h. */
#include "sim/bmc/route.h"

#include <string.h>

#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/replay.h"
#include "sim/bmc/request.h"
#include "sim/bmc/session.h"
#include "sim/bmc/task.h"
#include "sim/bmc/view.h"

#define COLL ROUTE_COLLECTION
#define SVC V1 "/SessionService"
#define TSK V1 "/TaskService"
#define S_ V1 "/Systems/{S}"
#define M_ V1 "/Managers/{M}"
#define C_ V1 "/Chassis/{C}"

#define READ ROUTE_READ
#define LIST ROUTE_LIST
#define ACTION ROUTE_DO
#define MEDIA(base) \
	LIST(base "/VirtualMedia", "VirtualMedia", view_media_all, \
	    exists_media_all), \
	    { .pattern = base "/VirtualMedia/*", \
		    .schema = "VirtualMedia", \
		    .version = "v1_6_3", \
		    .get = view_media, \
		    .patch = act_patch_media, \
		    .op_get = OP_READ_MEDIA, \
		    .op_patch = OP_PATCH_MEDIA, \
		    .exists = exists_media }, \
	    READ(base "/VirtualMedia/*/InsertMediaActionInfo", "ActionInfo", \
		"v1_4_0", view_insert_info, OP_READ_ACTION_INFO, \
		exists_media), \
	    ACTION(base "/VirtualMedia/*/Actions/VirtualMedia.InsertMedia", \
		act_insert, OP_INSERT, exists_media), \
	    ACTION(base "/VirtualMedia/*/Actions/VirtualMedia.EjectMedia", \
		act_eject, OP_EJECT, exists_media), \
	    ACTION(base "/VirtualMedia/*/Actions/Oem/*/" VIEW_HPE_INSERT, \
		act_insert, OP_INSERT, exists_hpe_media), \
	    ACTION(base "/VirtualMedia/*/Actions/Oem/*/" VIEW_HPE_EJECT, \
		act_eject, OP_EJECT, exists_hpe_media), \
	    ACTION(base "/VirtualMedia/*/Oem/*/Actions/" \
			"VirtualMedia.VmmControl", \
		act_vmm_control, OP_INSERT, exists_vmm_control)

static const struct route table[] = {
	{ .pattern = "/redfish",
	    .flags = ROUTE_OPEN | ROUTE_RAW,
	    .get = view_versions,
	    .op_get = OP_READ_ROOT },
	{ .pattern = V1,
	    .schema = "ServiceRoot",
	    .version = "v1_17_0",
	    .flags = ROUTE_OPEN,
	    .get = view_root,
	    .op_get = OP_READ_ROOT },
	{ .pattern = V1 "/odata",
	    .flags = ROUTE_OPEN | ROUTE_RAW,
	    .get = view_odata,
	    .op_get = OP_READ_SERVICE },
	{ .pattern = V1 "/$metadata",
	    .flags = ROUTE_OPEN | ROUTE_RAW,
	    .get = view_metadata,
	    .op_get = OP_READ_SERVICE },

	{ .pattern = V1 "/Systems",
	    .schema = "ComputerSystemCollection",
	    .flags = COLL,
	    .get = view_systems,
	    .op_get = OP_READ_COLLECTION },
	{ .pattern = S_,
	    .schema = "ComputerSystem",
	    .version = "v1_22_0",
	    .get = view_system,
	    .patch = act_patch_system,
	    .op_get = OP_READ_SYSTEM,
	    .op_patch = OP_PATCH_SYSTEM },
	READ(V1 "/Systems/{X}", "ComputerSystem", "v1_22_0", view_extra_system,
	    OP_READ_INVENTORY, exists_extra_system),
	READ(S_ "/ResetActionInfo", "ActionInfo", "v1_4_0", view_reset_info,
	    OP_READ_ACTION_INFO, NULL),
	ACTION(S_ "/Actions/ComputerSystem.Reset", act_reset, OP_RESET, NULL),
	{ .pattern = S_ "/{set}",
	    .schema = "ComputerSystem",
	    .version = "v1_22_0",
	    .get = view_settings,
	    .patch = act_patch_settings,
	    .op_get = OP_READ_SETTINGS,
	    .op_patch = OP_PATCH_SYSTEM,
	    .exists = exists_settings },
	LIST(S_ "/BootOptions", "BootOption", view_boot_options,
	    exists_boot_options),
	{ .pattern = S_ "/BootOptions/*",
	    .schema = "BootOption",
	    .version = "v1_0_4",
	    .get = view_boot_option,
	    .patch = act_patch_boot_option,
	    .op_get = OP_READ_INVENTORY,
	    .op_patch = OP_PATCH_SYSTEM,
	    .exists = exists_boot_option },
	LIST(S_ "/Processors", "Processor", view_processors, NULL),
	READ(S_ "/Processors/*", "Processor", "v1_18_0", view_processor,
	    OP_READ_INVENTORY, exists_processor),
	LIST(S_ "/Memory", "Memory", view_memory_all, NULL),
	READ(S_ "/Memory/*", "Memory", "v1_18_0", view_memory,
	    OP_READ_INVENTORY, exists_memory),
	LIST(S_ "/Storage", "Storage", view_storages, NULL),
	READ(S_ "/Storage/1", "Storage", "v1_15_0", view_storage,
	    OP_READ_INVENTORY, NULL),
	LIST(S_ "/EthernetInterfaces", "EthernetInterface", view_nics, NULL),
	READ(S_ "/EthernetInterfaces/*", "EthernetInterface", "v1_11_0",
	    view_nic, OP_READ_INVENTORY, exists_nic),
	MEDIA(S_),

	LIST(V1 "/Chassis", "Chassis", view_chassis_all, NULL),
	READ(C_, "Chassis", "v1_25_0", view_chassis, OP_READ_CHASSIS, NULL),
	LIST(C_ "/Drives", "Drive", view_drives, NULL),
	READ(C_ "/Drives/*", "Drive", "v1_17_0", view_drive, OP_READ_INVENTORY,
	    exists_drive),

	LIST(V1 "/Managers", "Manager", view_managers, NULL),
	{ .pattern = M_,
	    .schema = "Manager",
	    .version = "v1_19_0",
	    .get = view_manager,
	    .patch = act_patch_manager,
	    .op_get = OP_READ_MANAGER,
	    .op_patch = OP_PATCH_MANAGER },
	READ(M_ "/ResetActionInfo", "ActionInfo", "v1_4_0",
	    view_manager_reset_info, OP_READ_ACTION_INFO, NULL),
	ACTION(M_ "/Actions/Manager.Reset", act_manager_reset, OP_MANAGER_RESET,
	    NULL),
	LIST(M_ "/EthernetInterfaces", "EthernetInterface", view_manager_nics,
	    NULL),
	READ(M_ "/EthernetInterfaces/eth0", "EthernetInterface", "v1_11_0",
	    view_manager_nic, OP_READ_INVENTORY, NULL),
	MEDIA(M_),

	{ .pattern = SVC,
	    .exists = exists_sessions,
	    .schema = "SessionService",
	    .version = "v1_1_9",
	    .get = view_session_service,
	    .patch = act_patch_session_service,
	    .op_get = OP_READ_SERVICE,
	    .op_patch = OP_PATCH_SERVICE },
	{ .pattern = SVC "/Sessions",
	    .exists = exists_sessions,
	    .schema = "SessionCollection",
	    .flags = COLL | ROUTE_OPEN_POST,
	    .get = view_sessions,
	    .post = session_login,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_LOGIN },
	/* DSP0266 7.7: a POST to Members is one to the collection */
	{ .pattern = SVC "/Sessions/Members",
	    .exists = exists_sessions,
	    .flags = ROUTE_OPEN_POST,
	    .post = session_login,
	    .op_post = OP_LOGIN },
	{ .pattern = SVC "/Sessions/*",
	    .schema = "Session",
	    .version = "v1_7_0",
	    .get = view_session,
	    .del = session_logout,
	    .op_get = OP_READ_SESSION,
	    .op_delete = OP_LOGOUT,
	    .exists = exists_session },

	READ(TSK, "TaskService", "v1_2_0", view_task_service, OP_READ_SERVICE,
	    NULL),
	LIST(TSK "/Tasks", "Task", view_tasks, NULL),
	{ .pattern = TSK "/Tasks/*",
	    .schema = "Task",
	    .version = "v1_7_0",
	    .get = view_task,
	    .del = task_delete,
	    .op_get = OP_READ_TASK,
	    .op_delete = OP_DELETE_TASK,
	    .exists = exists_task },
	{ .pattern = TSK "/TaskMonitors/*",
	    .schema = "Task",
	    .version = "v1_7_0",
	    .flags = ROUTE_RAW,
	    .entity = "Task",
	    .get = view_monitor,
	    .del = task_delete,
	    .op_get = OP_READ_TASK,
	    .op_delete = OP_DELETE_TASK,
	    .exists = exists_monitor },
	{ .pattern = NULL },
};

/* Tables, each with the service that it is part of; 0 = always there. */
static const struct {
	const struct route *rows;
	unsigned service;
} groups[] = {
	{ table, 0 },
	{ part_routes, 0 },
	{ legacy_routes, 0 },
	{ media_trust_routes, 0 },
	{ media_oem_routes, 0 },
	{ reset_oem_routes, 0 },
	{ account_routes, 0 },
	{ privilege_routes, SERVICE_PRIVILEGES },
	{ event_routes, SERVICE_EVENTS },
	{ log_routes, SERVICE_LOGS },
	{ update_routes, SERVICE_UPDATE },
	{ bios_routes, SERVICE_BIOS },
	{ secure_boot_routes, 0 },
	{ storage_routes, SERVICE_VOLUMES },
	{ sensor_routes, SERVICE_SENSORS },
	{ adapter_routes, SERVICE_ADAPTERS },
	{ network_routes, SERVICE_NETWORK },
	{ certificate_routes, SERVICE_CERTIFICATES },
	{ registry_routes, SERVICE_REGISTRIES },
	{ schema_routes, SERVICE_SCHEMAS },
};
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool
has_group(const struct bmc_profile *p, size_t g)
{
	/* types that the standard does not know are shown by nobody else */
	if (groups[g].rows == media_oem_routes)
		return p->vm_oem != VM_OEM_NONE;
	if (groups[g].rows == legacy_routes)
		return p->chassis_power != CHASSIS_SUBSYSTEMS;
	if (groups[g].rows == reset_oem_routes)
		return p->reset_oem != RESET_OEM_NONE;
	return !groups[g].service || (p->services & groups[g].service);
}

const struct route *
route_at(const struct bmc_profile *p, size_t i)
{
	for (size_t g = 0; g < N_GROUPS; g++)
		for (const struct route *r = groups[g].rows;
		     has_group(p, g) && r->pattern; r++)
			if (i-- == 0)
				return r;
	return NULL;
}

/* The value that a placeholder must have; NULL = anything. */
static const char *
placeholder(const struct request *rq, const char *name, size_t n)
{
	if (strncmp(name, "{S}", n) == 0)
		return rq->b->sys_id;
	if (strncmp(name, "{M}", n) == 0)
		return rq->b->mgr_id;
	if (strncmp(name, "{C}", n) == 0)
		return rq->b->cha_id;
	if (strncmp(name, "{X}", n) == 0)
		return rq->p->extra_system_id;
	return rq->p->boot_settings_id;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
same_part(bool ignore_case, const char *a, const char *b, size_t n)
{
	size_t i = 0;

	if (!ignore_case)
		return memcmp(a, b, n) == 0;
	while (i < n && lower(a[i]) == lower(b[i]))
		i++;
	return i == n;
}

static bool
part_fits(struct request *rq, const char *pat, size_t np, const char *s,
    size_t ns, unsigned *args)
{
	const char *v = pat;
	size_t nv = np;

	if (np == 1 && *pat == '*') {
		if (ns == 0 || ns >= REQUEST_ARG || *args == 2)
			return false;
		memcpy(rq->arg[*args], s, ns);
		rq->arg[(*args)++][ns] = '\0';
		return true;
	}
	if (*pat == '{') {
		v = placeholder(rq, pat, np);
		nv = strlen(v);
	}
	return nv == ns && same_part(rq->any_case, v, s, ns);
}

static bool
fits(struct request *rq, const char *pat)
{
	const char *s = rq->path;
	unsigned args = 0;

	if (pat[0] != '/')
		return str_eq(rq->path, rq->p->sse_uri);
	while (*pat == '/' && *s == '/') {
		size_t np = strcspn(++pat, "/"), ns = strcspn(++s, "/");

		if (!part_fits(rq, pat, np, s, ns, &args))
			return false;
		pat += np;
		s += ns;
	}
	return *pat == '\0' && *s == '\0';
}

/* What fits is spelt as it should be from here on. */
static void
respell(struct request *rq, const char *pat)
{
	char *s = rq->path;

	while (*pat == '/' && *s == '/') {
		size_t np = strcspn(++pat, "/"), ns = strcspn(++s, "/");

		if (*pat == '{')
			memcpy(s, placeholder(rq, pat, np), ns);
		else if (*pat != '*')
			memcpy(s, pat, ns);
		pat += np;
		s += ns;
	}
}

static const struct route *
find_in(struct request *rq, const struct route *r)
{
	const size_t at = sizeof(V1); /* first letter after "/redfish/v1/" */
	char first = strlen(rq->path) > at ? rq->path[at] : '\0';

	for (; r->pattern; r++) {
		/* most rows are told apart by one letter */
		if (first && !rq->any_case && strlen(r->pattern) > at &&
		    r->pattern[at] != first)
			continue;
		if (fits(rq, r->pattern))
			return r;
	}
	return NULL;
}

static void
find_route(struct request *rq, bool any_case)
{
	rq->any_case = any_case;
	for (size_t g = 0; g < N_GROUPS && !rq->route; g++)
		if (has_group(rq->p, g))
			rq->route = find_in(rq, groups[g].rows);
}

bool
route_find(struct request *rq)
{
	const struct replay *replay = rq->b->fleet->replay;

	if (replay && !replay_made(rq->path))
		return replay_route(replay, rq);
	find_route(rq, false);
	/* Registries and registries are two folders: as it is spelt first. */
	if (!rq->route && rq->p->ignore_case) {
		find_route(rq, true);
		if (rq->route)
			respell(rq, rq->route->pattern);
	}
	return rq->route != NULL;
}
