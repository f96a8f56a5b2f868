/*
 * Adapters: network adapters with their ports, and the other views of the
 * same hardware (NetworkInterface, SimpleStorage) that older clients read.
 */
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define S_ V1 "/Systems/{S}"
#define ADAPTERS V1 "/Chassis/{C}/NetworkAdapters"
#define BYTES_PER_GB 1000000000LL

static void
numbered(struct request *rq, struct jw *w, const char *name, long n)
{
	view_members(w, name);
	for (long i = 1; i <= n; i++)
		jw_ref(w, NULL, "%s/%ld", rq->path, i);
	view_members_end(w, n);
}

static void
view_adapters(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Network Adapters", 1);
}

static void
view_adapter(struct request *rq, struct jw *w)
{
	view_names(w, "1", "Network Adapter");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", rq->p->nic_model);
	jw_sf(w, "SerialNumber", "A%s", rq->b->hw.serial);
	jw_ref(w, "Ports", "%s/Ports", rq->path);
	view_status(w, false);
}

static void
view_ports(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Ports", (long)rq->p->nics);
}

static bool
exists_port(struct request *rq)
{
	return view_number(rq, 0, "", (long)rq->p->nics) != 0;
}

static void
view_port(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "", (long)rq->p->nics);
	char mac[18];

	hardware_mac(&rq->b->hw, n - 1, mac);
	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "Port %u", n);
	jw_s(w, "PortId", rq->arg[0]);
	jw_i(w, "CurrentSpeedGbps", 25);
	jw_s(w, "LinkStatus", n == 1 ? "LinkUp" : "LinkDown");
	jw_s(w, "PortProtocol", "Ethernet");
	view_status(w, false);
	jw_open(w, "Ethernet");
	jw_list(w, "AssociatedMACAddresses");
	jw_s(w, NULL, mac);
	jw_end(w);
	jw_close(w);
}

static void
view_interfaces(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Network Interfaces", 1);
}

static void
view_interface(struct request *rq, struct jw *w)
{
	view_names(w, "1", "Network Interface");
	view_status(w, false);
	jw_open(w, "Links");
	jw_ref(w, "NetworkAdapter", CHA "/NetworkAdapters/1", rq->b->cha_id);
	jw_close(w);
	jw_ref(w, "Ports", CHA "/NetworkAdapters/1/Ports", rq->b->cha_id);
}

static void
view_simple_all(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Simple Storage", 1);
}

static void
view_simple(struct request *rq, struct jw *w)
{
	view_names(w, "1", "Simple Storage");
	jw_list(w, "Devices");
	for (int64_t i = 1; i <= rq->p->drives; i++) {
		jw_open(w, NULL);
		jw_sf(w, "Name", "Drive %lld", (long long)i);
		jw_i(w, "CapacityBytes", rq->p->drive_gb * BYTES_PER_GB);
		view_status(w, false);
		jw_close(w);
	}
	jw_end(w);
	view_status(w, false);
	jw_open(w, "Links");
	jw_ref(w, "Chassis", CHA, rq->b->cha_id);
	jw_ref(w, "Storage", SYS "/Storage/1", rq->b->sys_id);
	jw_close(w);
}

const struct route adapter_routes[] = {
	ROUTE_LIST(ADAPTERS, "NetworkAdapter", view_adapters, NULL),
	ROUTE_READ(ADAPTERS "/1", "NetworkAdapter", "v1_11_0", view_adapter,
	    OP_READ_INVENTORY, NULL),
	ROUTE_LIST(ADAPTERS "/1/Ports", "Port", view_ports, NULL),
	ROUTE_READ(ADAPTERS "/1/Ports/*", "Port", "v1_12_0", view_port,
	    OP_READ_INVENTORY, exists_port),
	ROUTE_LIST(
	    S_ "/NetworkInterfaces", "NetworkInterface", view_interfaces, NULL),
	ROUTE_READ(S_ "/NetworkInterfaces/1", "NetworkInterface", "v1_2_0",
	    view_interface, OP_READ_INVENTORY, NULL),
	ROUTE_LIST(S_ "/SimpleStorage", "SimpleStorage", view_simple_all, NULL),
	ROUTE_READ(S_ "/SimpleStorage/1", "SimpleStorage", "v1_3_1",
	    view_simple, OP_READ_INVENTORY, NULL),
	{ .pattern = NULL },
};
