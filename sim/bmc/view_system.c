/* The system: power, boot, links to its parts. */
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/health.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/media_oem.h"
#include "sim/bmc/request.h"
#include "sim/bmc/reset_oem.h"
#include "sim/bmc/view.h"

void
view_systems(struct request *rq, struct jw *w)
{
	bool extra = *rq->p->extra_system_id;

	view_members(w, "Systems");
	if (extra)
		jw_ref(w, NULL, SYS, rq->p->extra_system_id);
	view_machines_end(rq, w, SYSTEM_ID, extra ? 1 : 0);
}

bool
exists_extra_system(struct request *rq)
{
	return *rq->p->extra_system_id != '\0';
}

void
view_extra_system(struct request *rq, struct jw *w)
{
	view_names(w, rq->p->extra_system_id, "Baseboard");
	jw_s(w, "SystemType", "Physical");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_null(w, "UUID");
	jw_null(w, "Boot");
	view_status(w, true);
	jw_open(w, "Links");
	jw_list(w, "Chassis");
	jw_ref(w, NULL, CHA, rq->b->cha_id);
	jw_end(w);
	jw_list(w, "ManagedBy");
	jw_ref(w, NULL, MGR, rq->b->mgr_id);
	jw_end(w);
	jw_close(w);
}

const char *
view_power_shown(const struct request *rq)
{
	enum power p = rq->st->power;
	const char *how = rq->p->transient_power;

	if (p == POWER_OFF || p == POWER_ON || str_eq(how, "standard"))
		return power_name(p);
	if (str_eq(how, "previous"))
		return p == POWER_GOING_ON ? "Off" : "On";
	return str_eq(how, "null") ? NULL : how;
}

static void
reset_types(struct request *rq, struct jw *w, const char *key)
{
	const struct strlist *all = &rq->p->reset_types;

	jw_list(w, key);
	for (size_t i = 0; i < all->n; i++)
		if (reset_offered(rq->p, rq->st, all->v[i]))
			jw_s(w, NULL, all->v[i]);
	jw_end(w);
}

static void
reset_action(struct request *rq, struct jw *w)
{
	view_action(rq, w, "ComputerSystem.Reset");
	if (rq->p->reset_via != RESET_VIA_ACTIONINFO)
		reset_types(rq, w, "ResetType@Redfish.AllowableValues");
	if (rq->p->reset_via != RESET_VIA_ALLOWABLE)
		jw_uri(
		    w, "@Redfish.ActionInfo", "%s/ResetActionInfo", rq->path);
	jw_close(w);
}

static void
identity(struct request *rq, struct jw *w)
{
	const struct bmc *b = rq->b;

	jw_s(w, "SystemType", "Physical");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->model);
	jw_sf(w, "SKU", "SKU-%s", b->hw.serial);
	jw_s(w, "SerialNumber", b->hw.serial);
	jw_sf(w, "PartNumber", "P-%s", rq->p->model);
	jw_s(w, "UUID", b->hw.uuid);
	if (rq->p->os_agent && rq->st->progress == PROGRESS_OS_RUNNING)
		jw_sf(w, "HostName", "node-%s", b->name);
	else
		jw_s(w, "HostName", rq->st->host_name);
	jw_s(w, "AssetTag", rq->st->asset_tag);
	jw_s(w, "BiosVersion", firmware_version(b, FIRMWARE_BIOS));
}

static void
summaries(struct request *rq, struct jw *w)
{
	jw_open(w, "ProcessorSummary");
	jw_i(w, "Count", rq->p->cpus);
	jw_s(w, "Model", rq->p->cpu_model);
	jw_i(w, "CoreCount", rq->p->cpus * rq->p->cores);
	jw_i(w, "LogicalProcessorCount", rq->p->cpus * rq->p->cores * 2);
	jw_close(w);
	jw_open(w, "MemorySummary");
	jw_i(w, "TotalSystemMemoryGiB", rq->p->dimms * rq->p->dimm_gib);
	jw_close(w);
}

static void
children(struct request *rq, struct jw *w)
{
	static const char *const parts[] = { "Processors", "Memory", "Storage",
		"EthernetInterfaces", "SecureBoot" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		jw_ref(w, parts[i], "%s/%s", rq->path, parts[i]);
	if (rq->p->vm_parent != VM_MANAGER)
		jw_ref(w, "VirtualMedia", "%s/VirtualMedia", rq->path);
	if (rq->p->services & SERVICE_ADAPTERS) {
		jw_ref(
		    w, "NetworkInterfaces", "%s/NetworkInterfaces", rq->path);
		jw_ref(w, "SimpleStorage", "%s/SimpleStorage", rq->path);
	}
	if (rq->p->services & SERVICE_BIOS)
		jw_ref(w, "Bios", "%s/Bios", rq->path);
	if (rq->p->services & SERVICE_LOGS)
		jw_ref(w, "LogServices", "%s/LogServices", rq->path);
	jw_open(w, "Links");
	jw_list(w, "Chassis");
	jw_ref(w, NULL, CHA, rq->b->cha_id);
	jw_end(w);
	jw_list(w, rq->p->manager_link);
	jw_ref(w, NULL, MGR, rq->b->mgr_id);
	jw_end(w);
	jw_close(w);
}

static void
settings(struct request *rq, struct jw *w)
{
	if (!exists_settings(rq))
		return;
	jw_open(w, "@Redfish.Settings");
	jw_s(w, "@odata.type", "#Settings.v1_3_5.Settings");
	jw_ref(w, "SettingsObject", "%s/%s", rq->path, rq->p->boot_settings_id);
	jw_list(w, "SupportedApplyTimes");
	jw_s(w, NULL, "OnReset");
	jw_end(w);
	jw_close(w);
}

static void
oem_actions(struct request *rq, struct jw *w)
{
	if (rq->p->vm_oem != VM_OEM_FUJITSU &&
	    rq->p->reset_oem == RESET_OEM_NONE)
		return;
	jw_open(w, "Oem");
	reset_oem_action(rq, w);
	media_oem_action(rq, w);
	jw_close(w);
}

void
view_system(struct request *rq, struct jw *w)
{
	const struct bmc_state *st = rq->st;

	view_names(w, rq->b->sys_id, rq->p->system_name);
	jw_s(w, "Description", "Simulated server");
	identity(rq, w);
	jw_b(w, "LocationIndicatorActive", st->locator);
	jw_s(w, "PowerState", view_power_shown(rq));
	jw_time(w, "LastResetTime", st->reset_wall_us);
	view_health(rq, w, "System", "");
	if (rq->p->boot_progress) {
		jw_open(w, "BootProgress");
		jw_s(w, "LastState", boot_progress_name(st->progress));
		jw_time(w, "LastStateTime", st->progress_wall_us);
		jw_close(w);
	}
	jw_open(w, "Boot");
	view_boot(rq, w);
	jw_close(w);
	summaries(rq, w);
	children(rq, w);
	settings(rq, w);
	jw_open(w, "Actions");
	reset_action(rq, w);
	oem_actions(rq, w);
	jw_close(w);
}

static void
info_begin(struct jw *w, bool required)
{
	view_names(w, "ResetActionInfo", "Reset Action Info");
	jw_list(w, "Parameters");
	jw_open(w, NULL);
	jw_s(w, "Name", "ResetType");
	jw_b(w, "Required", required);
	jw_s(w, "DataType", "String");
}

void
view_reset_parameters(struct jw *w, bool required, const struct strlist *types)
{
	info_begin(w, required);
	jw_strings(w, "AllowableValues", types);
	jw_close(w);
	jw_end(w);
}

void
view_reset_info(struct request *rq, struct jw *w)
{
	info_begin(w, true);
	reset_types(rq, w, "AllowableValues");
	jw_close(w);
	jw_end(w);
}
