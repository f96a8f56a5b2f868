/* Chassis and manager. */
#include "common/http.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/health.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/parts.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

void
view_chassis_all(struct request *rq, struct jw *w)
{
	view_members(w, "Chassis");
	view_machines_end(rq, w, CHASSIS_ID, 0);
}

void
view_chassis(struct request *rq, struct jw *w)
{
	const struct bmc *b = rq->b;

	view_names(w, b->cha_id, "Chassis");
	jw_s(w, "ChassisType", "RackMount");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->model);
	jw_s(w, "SerialNumber", b->hw.serial);
	jw_s(w, "AssetTag", rq->st->asset_tag);
	jw_s(w, "PowerState", rq->st->power == POWER_OFF ? "Off" : "On");
	view_health(rq, w, "Chassis", NULL);
	jw_ref(w, "Drives", "%s/Drives", rq->path);
	if (rq->p->services & SERVICE_SENSORS)
		jw_ref(w, "Sensors", "%s/Sensors", rq->path);
	if (rq->p->services & SERVICE_ADAPTERS)
		jw_ref(w, "NetworkAdapters", "%s/NetworkAdapters", rq->path);
	if (parts_subsystems(rq)) {
		jw_ref(w, "PowerSubsystem", "%s/PowerSubsystem", rq->path);
		jw_ref(w, "ThermalSubsystem", "%s/ThermalSubsystem", rq->path);
	}
	if (rq->p->chassis_power != CHASSIS_SUBSYSTEMS) {
		jw_ref(w, "Power", "%s/Power", rq->path);
		jw_ref(w, "Thermal", "%s/Thermal", rq->path);
	}
	jw_ref(w, "TrustedComponents", "%s/TrustedComponents", rq->path);
	jw_open(w, "Links");
	jw_list(w, "ComputerSystems");
	jw_ref(w, NULL, SYS, b->sys_id);
	jw_end(w);
	jw_list(w, "ManagedBy");
	jw_ref(w, NULL, MGR, b->mgr_id);
	jw_end(w);
	jw_list(w, "ManagersInChassis");
	jw_ref(w, NULL, MGR, b->mgr_id);
	jw_end(w);
	jw_close(w);
}

void
view_managers(struct request *rq, struct jw *w)
{
	view_members(w, "Managers");
	view_machines_end(rq, w, MANAGER_ID, 0);
}

static void
manager_links(struct request *rq, struct jw *w)
{
	jw_open(w, "Links");
	jw_list(w, "ManagerForServers");
	jw_ref(w, NULL, SYS, rq->b->sys_id);
	jw_end(w);
	jw_list(w, "ManagerForChassis");
	jw_ref(w, NULL, CHA, rq->b->cha_id);
	jw_end(w);
	jw_ref(w, "ManagerInChassis", CHA, rq->b->cha_id);
	jw_close(w);
}

void
view_manager(struct request *rq, struct jw *w)
{
	const struct bmc *b = rq->b;

	view_names(w, b->mgr_id, "Manager");
	jw_s(w, "ManagerType", "BMC");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->bmc_model);
	jw_s(w, "FirmwareVersion", firmware_version(b, FIRMWARE_BMC));
	jw_s(w, "UUID", b->hw.bmc_uuid);
	jw_s(w, "ServiceEntryPointUUID", b->hw.service_uuid);
	jw_s(w, "ServiceIdentification", b->name);
	jw_time(w, "DateTime", bmc_wall(b));
	jw_s(w, "DateTimeLocalOffset", "+00:00");
	jw_s(w, "PowerState", "On");
	jw_time(w, "LastResetTime", rq->st->bmc_reset_wall_us);
	view_health(rq, w, "BMC", NULL);
	jw_ref(w, "EthernetInterfaces", "%s/EthernetInterfaces", rq->path);
	if (rq->p->vm_parent != VM_SYSTEM)
		jw_ref(w, "VirtualMedia", "%s/VirtualMedia", rq->path);
	if (rq->p->services & SERVICE_NETWORK)
		jw_ref(w, "NetworkProtocol", "%s/NetworkProtocol", rq->path);
	if (rq->p->services & SERVICE_LOGS)
		jw_ref(w, "LogServices", "%s/LogServices", rq->path);
	manager_links(rq, w);
	jw_open(w, "Actions");
	view_action(rq, w, "Manager.Reset");
	jw_strings(w, "ResetType@Redfish.AllowableValues",
	    &rq->p->manager_reset_types);
	jw_uri(w, "@Redfish.ActionInfo", "%s/ResetActionInfo", rq->path);
	jw_close(w);
	jw_close(w);
}

void
view_manager_reset_info(struct request *rq, struct jw *w)
{
	view_reset_parameters(w, false, &rq->p->manager_reset_types);
}

void
view_manager_nics(struct request *rq, struct jw *w)
{
	view_members(w, "Manager Ethernet Interfaces");
	jw_ref(w, NULL, "%s/eth0", rq->path);
	view_members_end(w, 1);
}

void
view_manager_nic(struct request *rq, struct jw *w)
{
	char mac[18], addr[64];
	size_t n;

	hardware_bmc_mac(&rq->b->hw, mac);
	http_addr_text(&rq->b->addr, addr);
	for (n = 0; addr[n] && addr[n] != ':';)
		n++;
	addr[n] = '\0';
	view_names(w, "eth0", "Manager Ethernet Interface");
	jw_s(w, "MACAddress", mac);
	jw_s(w, "PermanentMACAddress", mac);
	jw_b(w, "InterfaceEnabled", true);
	jw_s(w, "LinkStatus", "LinkUp");
	jw_i(w, "SpeedMbps", 1000);
	jw_s(w, "HostName", rq->b->name);
	jw_list(w, "IPv4Addresses");
	jw_open(w, NULL);
	jw_s(w, "Address", addr);
	jw_s(w, "SubnetMask", "255.255.255.0");
	jw_s(w, "AddressOrigin", "Static");
	jw_s(w, "Gateway", addr);
	jw_close(w);
	jw_end(w);
	view_status(w, false);
}
