/* Power and Thermal of the chassis, which PowerSubsystem and ThermalSubsystem
 * replaced: all parts in one resource each (knob chassis/power). */
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/health.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/parts.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define C_ V1 "/Chassis/{C}"

static bool
exists_legacy(struct request *rq)
{
	return rq->p->chassis_power != CHASSIS_SUBSYSTEMS;
}

/* A member of an array has a URI, too: the pointer to it. */
static void
member(struct request *rq, struct jw *w, const char *list, unsigned i)
{
	jw_open(w, NULL);
	jw_sf(w, "@odata.id", "%s%s#/%s/%u", rq->path, w->slash ? "/" : "",
	    list, i);
	jw_sf(w, "MemberId", "%u", i);
}

static void
view_power(struct request *rq, struct jw *w)
{
	bool on = rq->st->power != POWER_OFF;

	view_names(w, "Power", "Power");
	jw_list(w, "PowerControl");
	member(rq, w, "PowerControl", 0);
	jw_s(w, "Name", "System Power Control");
	jw_s(w, "PhysicalContext", "Chassis");
	jw_i(w, "PowerCapacityWatts", (int64_t)PSU_WATTS * PSUS);
	jw_i(w, "PowerConsumedWatts", on ? 310 : 12);
	jw_close(w);
	jw_end(w);
	jw_list(w, "PowerSupplies");
	for (unsigned i = 0; i < PSUS; i++) {
		member(rq, w, "PowerSupplies", i);
		jw_sf(w, "Name", "PSU %u", i + 1);
		jw_s(w, "PowerSupplyType", "AC");
		jw_i(w, "PowerCapacityWatts", PSU_WATTS);
		jw_i(w, "LastPowerOutputWatts", on ? 155 : 6);
		jw_s(w, "Manufacturer", rq->p->manufacturer);
		jw_sf(w, "SerialNumber", "P%u%s", i + 1, rq->b->hw.serial);
		view_health_n(rq, w, "PSU", i + 1);
		jw_close(w);
	}
	jw_end(w);
}

static void
view_thermal(struct request *rq, struct jw *w)
{
	static const struct {
		const char *name, *context, *off, *on;
		int limit;
	} at[] = {
		{ "Inlet", "Intake", "21.5", "23.5", 47 },
		{ "CPU1", "CPU", "22", "48", 100 },
	};
	bool on = rq->st->power != POWER_OFF;

	view_names(w, "Thermal", "Thermal");
	jw_list(w, "Temperatures");
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		member(rq, w, "Temperatures", i);
		jw_s(w, "Name", at[i].name);
		jw_s(w, "PhysicalContext", at[i].context);
		jw_raw(w, "ReadingCelsius", on ? at[i].on : at[i].off);
		jw_i(w, "UpperThresholdCritical", at[i].limit);
		view_status(w, false);
		jw_close(w);
	}
	jw_end(w);
	jw_list(w, "Fans");
	for (unsigned i = 0; i < FANS; i++) {
		member(rq, w, "Fans", i);
		jw_sf(w, "Name", "Fan %u", i + 1);
		jw_i(w, "Reading", on ? 6200 : 0);
		jw_s(w, "ReadingUnits", "RPM");
		view_health_n(rq, w, "Fan", i + 1);
		jw_close(w);
	}
	jw_end(w);
}

const struct route legacy_routes[] = {
	ROUTE_READ(C_ "/Power", "Power", "v1_7_3", view_power, OP_READ_CHASSIS,
	    exists_legacy),
	ROUTE_READ(C_ "/Thermal", "Thermal", "v1_7_3", view_thermal,
	    OP_READ_CHASSIS, exists_legacy),
	{ .pattern = NULL },
};
