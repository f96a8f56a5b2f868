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

static struct redfish_nic *
new_nic(struct redfish_inventory *inv, const char *mac)
{
	struct redfish_nic *n;

	if (mac_known(inv, mac))
		return NULL;
	if (inv->n_nics == RF_NICS_MAX) {
		inv->truncated = true;
		return NULL;
	}
	inv->nics =
	    xreallocarray(inv->nics, inv->n_nics + 1, sizeof(*inv->nics));
	n = &inv->nics[inv->n_nics++];
	memset(n, 0, sizeof(*n));
	n->mac = xstrdup(mac);
	return n;
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
	n = new_nic(inv, mac);
	if (!n)
		return;
	rf_text_keep(&n->id, json_str(nic, "Id", NULL));
	rf_text_keep(&n->link, json_str(nic, "LinkStatus", NULL));
	n->speed_mbps = speed > 0 && speed < 10000000 ? speed : 0;
}

static const char *
first_text(const cJSON *list)
{
	return list && cJSON_IsString(list->child) ? list->child->valuestring
						   : NULL;
}

void
rf_parts_function(struct redfish_inventory *inv, const cJSON *fn)
{
	const char *const macs[] = { json_str(fn,
					 "Ethernet/PermanentMACAddress", NULL),
		json_str(fn, "Ethernet/MACAddress", NULL),
		first_text(json_arr(fn, "Ethernet/AssociatedMACAddresses")),
		first_text(json_arr(fn, "AssociatedNetworkAddresses")) };
	struct redfish_nic *n = NULL;
	char mac[18];
	size_t i;

	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
		if (redfish_mac_normal(macs[i], mac)) {
			n = new_nic(inv, mac);
			break;
		}
	if (!n)
		return;
	rf_text_keep(&n->id, json_str(fn, "Id", NULL));
	rf_text_keep(&n->link, json_str(fn, "LinkStatus", NULL));
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

static bool
is_absent(const cJSON *j)
{
	return str_eq(json_str(j, "Status/State", NULL), "Absent");
}

void
rf_parts_processor(struct redfish_inventory *inv, const cJSON *cpu)
{
	const char *set = json_str(cpu, "InstructionSet", NULL);
	const char *arch = json_str(cpu, "ProcessorArchitecture", set);
	const char *type = json_str(cpu, "ProcessorType", "CPU");
	int64_t cores = json_i64(cpu, "TotalCores", 0);

	/* GPUs and accelerators are processors, too. */
	if (!str_eq(type, "CPU") || is_absent(cpu))
		return;
	inv->processors++;
	if (cores > 0 && cores < 4096)
		inv->cores += (unsigned)cores;
	if (!inv->processor_model)
		rf_text_keep(
		    &inv->processor_model, json_str(cpu, "Model", NULL));
	if (!inv->architecture)
		rf_text_keep(&inv->architecture,
		    str_eq(arch, "x86") && str_eq(set, "x86-64") ? set : arch);
}

void
rf_parts_memory(struct redfish_inventory *inv, const cJSON *dimm)
{
	int64_t mib = json_i64(dimm, "CapacityMiB", 0);

	if (mib > 0 && mib < (int64_t)1 << 32 && !is_absent(dimm))
		inv->memory_mib += (uint64_t)mib;
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
rf_parts_trusted(struct redfish_inventory *inv, const cJSON *tc)
{
	const char *what = json_str(tc, "TrustedComponentType", "");
	const char *model = json_str(tc, "Model", json_str(tc, "Name", ""));

	if (inv->tpm == RF_UNSAID)
		inv->tpm = RF_NO;
	/* A root of trust may also be a part of the board's own chip. */
	if (!is_absent(tc) &&
	    (str_eq(what, "Discrete") || rf_text_contains(model, "tpm")))
		inv->tpm = RF_YES;
}

void
rf_inventory_free(struct redfish_inventory *inv)
{
	char **all[7];
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
	all[6] = &inv->processor_model;
	for (i = 0; i < 7; i++)
		xfree(*all[i]);
	xfree(inv);
}
