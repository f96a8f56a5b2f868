#include "agent/redfish/parts.h"

#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/identity.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static bool
mac_known(const struct redfish_inventory *inv, const char *mac)
{
	size_t i;

	for (i = 0; i < inv->n_nics; i++)
		if (str_eq(inv->nics[i].mac, mac))
			return true;
	return false;
}

void
rf_parts_nic(struct redfish_inventory *inv, const cJSON *nic)
{
	struct redfish_nic *n;
	char mac[18];
	int64_t speed = json_i64(nic, "SpeedMbps", 0);

	if (!redfish_mac_normal(
		json_str(nic, "PermanentMACAddress", NULL), mac) &&
	    !redfish_mac_normal(json_str(nic, "MACAddress", NULL), mac))
		return;
	if (mac_known(inv, mac))
		return;
	if (inv->n_nics == RF_NICS_MAX) {
		inv->truncated = true;
		return;
	}
	inv->nics =
	    xreallocarray(inv->nics, inv->n_nics + 1, sizeof(*inv->nics));
	n = &inv->nics[inv->n_nics++];
	memset(n, 0, sizeof(*n));
	n->mac = xstrdup(mac);
	rf_text_keep(&n->id, json_str(nic, "Id", NULL));
	rf_text_keep(&n->link, json_str(nic, "LinkStatus", NULL));
	n->speed_mbps = speed > 0 && speed < 10000000 ? speed : 0;
}

static struct redfish_drive *
new_drive(struct redfish_inventory *inv)
{
	struct redfish_drive *d;

	if (inv->n_drives == RF_DRIVES_MAX) {
		inv->truncated = true;
		return NULL;
	}
	inv->drives =
	    xreallocarray(inv->drives, inv->n_drives + 1, sizeof(*inv->drives));
	d = &inv->drives[inv->n_drives++];
	memset(d, 0, sizeof(*d));
	return d;
}

static int64_t
capacity(const cJSON *j)
{
	int64_t n = json_i64(j, "CapacityBytes", 0);

	return n > 0 ? n : 0;
}

void
rf_parts_drive(struct redfish_inventory *inv, const cJSON *drive)
{
	struct redfish_drive *d;

	/* Empty bays are listed too. */
	if (str_eq(json_str(drive, "Status/State", NULL), "Absent"))
		return;
	d = new_drive(inv);
	if (!d)
		return;
	d->bytes = capacity(drive);
	rf_text_keep(&d->id, json_str(drive, "Id", NULL));
	rf_text_keep(&d->model, json_str(drive, "Model", NULL));
	rf_text_keep(&d->serial, json_str(drive, "SerialNumber", NULL));
	rf_text_keep(&d->media, json_str(drive, "MediaType", NULL));
	rf_text_keep(&d->protocol, json_str(drive, "Protocol", NULL));
}

void
rf_parts_simple(struct redfish_inventory *inv, const cJSON *storage)
{
	const cJSON *dev;
	struct redfish_drive *d;

	cJSON_ArrayForEach (dev, json_arr(storage, "Devices")) {
		if (str_eq(json_str(dev, "Status/State", NULL), "Absent") ||
		    capacity(dev) == 0)
			continue;
		d = new_drive(inv);
		if (!d)
			return;
		d->bytes = capacity(dev);
		rf_text_keep(&d->id, json_str(dev, "Name", NULL));
		rf_text_keep(&d->model, json_str(dev, "Model", NULL));
	}
}

void
rf_parts_processor(struct redfish_inventory *inv, const cJSON *cpu)
{
	const char *set = json_str(cpu, "InstructionSet", NULL);
	const char *arch = json_str(cpu, "ProcessorArchitecture", set);
	const char *type = json_str(cpu, "ProcessorType", "CPU");

	if (!str_eq(type, "CPU") || inv->architecture)
		return;
	rf_text_keep(&inv->architecture,
	    str_eq(arch, "x86") && str_eq(set, "x86-64") ? set : arch);
}

void
rf_parts_manager(struct redfish_inventory *inv, const cJSON *manager)
{
	rf_text_keep(
	    &inv->bmc_firmware, json_str(manager, "FirmwareVersion", NULL));
	rf_text_keep(&inv->bmc_model, json_str(manager, "Model", NULL));
}

void
rf_parts_secure_boot(struct redfish_inventory *inv, const cJSON *sb)
{
	const char *now = json_str(sb, "SecureBootCurrentBoot", NULL);
	bool on;

	if (str_eq(now, "Enabled"))
		inv->secure_boot = RF_YES;
	else if (str_eq(now, "Disabled"))
		inv->secure_boot = RF_NO;
	else if (json_get_bool(sb, "SecureBootEnable", &on) == JSON_GOT)
		inv->secure_boot = on ? RF_YES : RF_NO;
}

void
rf_parts_tpm(struct redfish_inventory *inv, const cJSON *system)
{
	const cJSON *list = json_arr(system, "TrustedModules"), *tpm;
	const char *state;

	if (!list)
		return;
	inv->tpm = RF_NO;
	cJSON_ArrayForEach (tpm, list) {
		state = json_str(tpm, "Status/State", "Enabled");
		if (!str_eq(state, "Absent"))
			inv->tpm = RF_YES;
	}
}

void
rf_inventory_free(struct redfish_inventory *inv)
{
	char **all[6];
	size_t i;

	if (!inv)
		return;
	for (i = 0; i < inv->n_nics; i++) {
		xfree(inv->nics[i].id);
		xfree(inv->nics[i].mac);
		xfree(inv->nics[i].link);
	}
	for (i = 0; i < inv->n_drives; i++) {
		xfree(inv->drives[i].id);
		xfree(inv->drives[i].model);
		xfree(inv->drives[i].serial);
		xfree(inv->drives[i].media);
		xfree(inv->drives[i].protocol);
	}
	xfree(inv->nics);
	xfree(inv->drives);
	all[0] = &inv->architecture;
	all[1] = &inv->bmc_firmware;
	all[2] = &inv->bmc_model;
	all[3] = &inv->redfish_version;
	all[4] = &inv->vendor;
	all[5] = &inv->product;
	for (i = 0; i < 6; i++)
		xfree(*all[i]);
	xfree(inv);
}
