/* Parts of the machine: processors, memory, storage, network. */
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/health.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/storage.h"
#include "sim/bmc/view.h"

#define MIB_PER_GIB 1024
#define BYTES_PER_GB 1000000000LL
#define NIC_MBPS 25000

static void
numbered(struct request *rq, struct jw *w, const char *name, const char *prefix,
    int64_t n)
{
	view_members(w, name);
	for (int64_t i = 1; i <= n; i++)
		jw_ref(w, NULL, "%s/%s%lld", rq->path, prefix, (long long)i);
	view_members_end(w, (long)n);
}

void
view_processors(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Processors", "CPU", rq->p->cpus);
}

bool
exists_processor(struct request *rq)
{
	return view_number(rq, 0, "CPU", (long)rq->p->cpus) != 0;
}

void
view_processor(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "CPU", (long)rq->p->cpus);
	bool arm = str_eq(rq->b->hw.arch, "aarch64");

	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "Processor %u", n);
	jw_sf(w, "Socket", "CPU %u", n);
	jw_s(w, "ProcessorType", "CPU");
	jw_s(w, "ProcessorArchitecture", arm ? "ARM" : "x86");
	jw_s(w, "InstructionSet", arm ? "ARM-A64" : "x86-64");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->cpu_model);
	jw_i(w, "MaxSpeedMHz", 3500);
	jw_i(w, "TotalCores", rq->p->cores);
	jw_i(w, "TotalThreads", rq->p->cores * 2);
	view_health_n(rq, w, "CPU", n);
}

void
view_memory_all(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Memory", "DIMM", rq->p->dimms);
}

bool
exists_memory(struct request *rq)
{
	return view_number(rq, 0, "DIMM", (long)rq->p->dimms) != 0;
}

void
view_memory(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "DIMM", (long)rq->p->dimms);

	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "DIMM %u", n);
	jw_s(w, "MemoryType", "DRAM");
	jw_s(w, "MemoryDeviceType", "DDR5");
	jw_i(w, "CapacityMiB", rq->p->dimm_gib * MIB_PER_GIB);
	jw_i(w, "OperatingSpeedMhz", 4800);
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_sf(w, "SerialNumber", "D%u%s", n, rq->b->hw.serial);
	jw_open(w, "Location");
	jw_open(w, "PartLocation");
	jw_sf(w, "ServiceLabel", "DIMM %u", n);
	jw_s(w, "LocationType", "Slot");
	jw_i(w, "LocationOrdinalValue", n);
	jw_close(w);
	jw_close(w);
	view_health_n(rq, w, "DIMM", n);
}

/* ---- storage ------------------------------------------------------------ */

void
view_storages(struct request *rq, struct jw *w)
{
	view_members(w, "Storage");
	jw_ref(w, NULL, "%s/1", rq->path);
	view_members_end(w, 1);
}

static void
drive_refs(struct request *rq, struct jw *w)
{
	jw_list(w, "Drives");
	for (int64_t i = 1; i <= rq->p->drives; i++)
		jw_ref(
		    w, NULL, CHA "/Drives/%lld", rq->b->cha_id, (long long)i);
	jw_end(w);
	jw_i(w, "Drives@odata.count", rq->p->drives);
}

void
view_storage(struct request *rq, struct jw *w)
{
	view_names(w, "1", "Storage");
	drive_refs(rq, w);
	if (rq->p->services & SERVICE_VOLUMES) {
		jw_ref(w, "Controllers", "%s/Controllers", rq->path);
		jw_ref(w, "Volumes", "%s/Volumes", rq->path);
	}
	view_health(rq, w, "Storage", "Drive");
	jw_open(w, "Links");
	jw_list(w, "Enclosures");
	jw_ref(w, NULL, CHA, rq->b->cha_id);
	jw_end(w);
	jw_close(w);
}

void
view_drives(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Drives", "", rq->p->drives);
}

bool
exists_drive(struct request *rq)
{
	return view_number(rq, 0, "", (long)rq->p->drives) != 0;
}

void
view_drive(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "", (long)rq->p->drives);

	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "Drive %u", n);
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->drive_model);
	jw_sf(w, "SerialNumber", "N%u%s", n, rq->b->hw.serial);
	jw_i(w, "CapacityBytes", rq->p->drive_gb * BYTES_PER_GB);
	jw_i(w, "BlockSizeBytes", 512);
	jw_s(w, "MediaType", "SSD");
	jw_s(w, "Protocol", "NVMe");
	jw_b(w, "FailurePredicted", false);
	jw_i(w, "PredictedMediaLifeLeftPercent", 97);
	view_health_n(rq, w, "Drive", n);
	jw_open(w, "Links");
	jw_ref(w, "Chassis", CHA, rq->b->cha_id);
	storage_drive_volumes(rq, w, n);
	jw_close(w);
}

/* ---- network ------------------------------------------------------------ */

void
view_nics(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Ethernet Interfaces", "", rq->p->nics);
}

bool
exists_nic(struct request *rq)
{
	return view_number(rq, 0, "", (long)rq->p->nics) != 0;
}

static void
os_address(struct jw *w, const char *address, const char *origin)
{
	jw_open(w, NULL);
	jw_s(w, "Address", address);
	jw_s(w, "AddressOrigin", origin);
	jw_close(w);
}

/* With what such lists have besides: addresses of the link alone. */
static void
os_addresses(struct request *rq, struct jw *w, unsigned n)
{
	const uint8_t *mac = rq->b->hw.mac;
	bool up = n == 1 && rq->st->progress == PROGRESS_OS_RUNNING;
	char text[64];

	jw_list(w, "IPv4Addresses");
	if (up) {
		(void)str_format(text, sizeof(text), "172.%d.%d.%d",
		    16 + mac[3] % 16, mac[4], mac[5]);
		os_address(w, text, "DHCP");
	}
	jw_end(w);
	jw_list(w, "IPv6Addresses");
	if (up) {
		(void)str_format(
		    text, sizeof(text), "fe80::%x:%x", mac[4], mac[5]);
		os_address(w, text, "LinkLocal");
		(void)str_format(text, sizeof(text), "2001:DB8::%x:%x",
		    mac[4] + 1, mac[5] + 1);
		os_address(w, text, "SLAAC");
	}
	jw_end(w);
}

void
view_nic(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "", (long)rq->p->nics);
	char mac[18];

	hardware_mac(&rq->b->hw, n - 1, mac);
	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "NIC %u", n);
	jw_s(w, "Description", rq->p->nic_model);
	jw_s(w, "MACAddress", mac);
	jw_s(w, "PermanentMACAddress", mac);
	jw_i(w, "SpeedMbps", NIC_MBPS);
	jw_s(w, "LinkStatus", n == 1 ? "LinkUp" : "LinkDown");
	jw_b(w, "InterfaceEnabled", true);
	if (rq->p->os_agent)
		os_addresses(rq, w, n);
	view_health_n(rq, w, "NIC", n);
}
