/* Parts of the chassis: power supplies, fans, the TPM. */
#include "sim/bmc/parts.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/health.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define C_ V1 "/Chassis/{C}"

bool
parts_subsystems(struct request *rq)
{
	return rq->p->chassis_power != CHASSIS_LEGACY;
}

static void
numbered(struct request *rq, struct jw *w, const char *name, unsigned n)
{
	view_members(w, name);
	for (unsigned i = 1; i <= n; i++)
		jw_ref(w, NULL, "%s/%u", rq->path, i);
	view_members_end(w, n);
}

static void
view_power(struct request *rq, struct jw *w)
{
	view_names(w, "PowerSubsystem", "Power Subsystem");
	jw_i(w, "CapacityWatts", PSU_WATTS * PSUS);
	jw_ref(w, "PowerSupplies", "%s/PowerSupplies", rq->path);
	view_health(rq, w, "PowerSubsystem", "PSU");
}

static void
view_supplies(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Power Supplies", PSUS);
}

static bool
exists_supply(struct request *rq)
{
	return parts_subsystems(rq) && view_number(rq, 0, "", PSUS) != 0;
}

static void
view_supply(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "", PSUS);

	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "PSU %u", n);
	jw_s(w, "PowerSupplyType", "AC");
	jw_i(w, "PowerCapacityWatts", PSU_WATTS);
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_sf(w, "SerialNumber", "P%u%s", n, rq->b->hw.serial);
	view_health_n(rq, w, "PSU", n);
}

static void
view_thermal(struct request *rq, struct jw *w)
{
	view_names(w, "ThermalSubsystem", "Thermal Subsystem");
	jw_ref(w, "Fans", "%s/Fans", rq->path);
	if (rq->p->services & SERVICE_SENSORS)
		jw_ref(w, "ThermalMetrics", "%s/ThermalMetrics", rq->path);
	view_health(rq, w, "ThermalSubsystem", "Fan");
}

static void
view_fans(struct request *rq, struct jw *w)
{
	numbered(rq, w, "Fans", FANS);
}

static bool
exists_fan(struct request *rq)
{
	return parts_subsystems(rq) && view_number(rq, 0, "", FANS) != 0;
}

static void
view_fan(struct request *rq, struct jw *w)
{
	unsigned n = view_number(rq, 0, "", FANS);

	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "Fan %u", n);
	jw_open(w, "SpeedPercent");
	jw_i(w, "Reading", rq->st->power == POWER_OFF ? 0 : 42);
	jw_close(w);
	view_health_n(rq, w, "Fan", n);
}

static void
view_trusted(struct request *rq, struct jw *w)
{
	view_members(w, "Trusted Components");
	jw_ref(w, NULL, "%s/TPM", rq->path);
	view_members_end(w, 1);
}

static void
view_tpm(struct request *rq, struct jw *w)
{
	view_names(w, "TPM", "TPM 2.0");
	jw_s(w, "TrustedComponentType", "Discrete");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", "TPM 2.0");
	jw_s(w, "FirmwareVersion", "7.2");
	view_health(rq, w, "TPM", NULL);
}

const struct route part_routes[] = {
	ROUTE_READ(C_ "/PowerSubsystem", "PowerSubsystem", "v1_1_0", view_power,
	    OP_READ_CHASSIS, parts_subsystems),
	ROUTE_LIST(C_ "/PowerSubsystem/PowerSupplies", "PowerSupply",
	    view_supplies, parts_subsystems),
	ROUTE_READ(C_ "/PowerSubsystem/PowerSupplies/*", "PowerSupply",
	    "v1_5_0", view_supply, OP_READ_INVENTORY, exists_supply),
	ROUTE_READ(C_ "/ThermalSubsystem", "ThermalSubsystem", "v1_3_0",
	    view_thermal, OP_READ_CHASSIS, parts_subsystems),
	ROUTE_LIST(
	    C_ "/ThermalSubsystem/Fans", "Fan", view_fans, parts_subsystems),
	ROUTE_READ(C_ "/ThermalSubsystem/Fans/*", "Fan", "v1_5_0", view_fan,
	    OP_READ_INVENTORY, exists_fan),
	ROUTE_LIST(
	    C_ "/TrustedComponents", "TrustedComponent", view_trusted, NULL),
	ROUTE_READ(C_ "/TrustedComponents/TPM", "TrustedComponent", "v1_3_1",
	    view_tpm, OP_READ_INVENTORY, NULL),
	{ .pattern = NULL },
};
