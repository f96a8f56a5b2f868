/* Sensors of the chassis, and what is read from them. */
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/parts.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define C_ V1 "/Chassis/{C}"

/* Readings depend on the power only: the same state reads the same. */
static const struct sensor {
	const char *id, *type, *units;
	const char *off, *on, *max;
} sensors[] = {
	{ "Inlet", "Temperature", "Cel", "21.5", "23.5", "60" },
	{ "CPU1", "Temperature", "Cel", "22", "48", "105" },
	{ "PSU1In", "Power", "W", "12", "310", "1400" },
	{ "Fan1", "Rotational", "{rev}/min", "0", "6200", "20000" },
};
#define N_SENSORS (sizeof(sensors) / sizeof(sensors[0]))

static const char *
reading(const struct request *rq, size_t i)
{
	return rq->st->power == POWER_OFF ? sensors[i].off : sensors[i].on;
}

static size_t
sensor_of(const struct request *rq)
{
	size_t i = 0;

	while (i < N_SENSORS && !str_eq(sensors[i].id, rq->arg[0]))
		i++;
	return i;
}

static bool
exists_sensor(struct request *rq)
{
	return sensor_of(rq) < N_SENSORS;
}

static void
view_sensors(struct request *rq, struct jw *w)
{
	view_members(w, "Sensors");
	for (size_t i = 0; i < N_SENSORS; i++)
		jw_ref(w, NULL, "%s/%s", rq->path, sensors[i].id);
	view_members_end(w, (long)N_SENSORS);
}

static void
view_sensor(struct request *rq, struct jw *w)
{
	size_t i = sensor_of(rq);

	view_names(w, sensors[i].id, sensors[i].id);
	jw_s(w, "ReadingType", sensors[i].type);
	jw_s(w, "ReadingUnits", sensors[i].units);
	jw_raw(w, "Reading", reading(rq, i));
	jw_i(w, "ReadingRangeMin", 0);
	jw_raw(w, "ReadingRangeMax", sensors[i].max);
	view_status(w, false);
}

/* Temperatures, each with the sensor that it comes from. */
static void
view_metrics(struct request *rq, struct jw *w)
{
	view_names(w, "ThermalMetrics", "Thermal Metrics");
	jw_open(w, "TemperatureSummaryCelsius");
	jw_open(w, "Intake");
	jw_uri(w, "DataSourceUri", CHA "/Sensors/Inlet", rq->b->cha_id);
	jw_raw(w, "Reading", reading(rq, 0));
	jw_close(w);
	jw_close(w);
	jw_list(w, "TemperatureReadingsCelsius");
	jw_open(w, NULL);
	jw_uri(w, "DataSourceUri", CHA "/Sensors/CPU1", rq->b->cha_id);
	jw_s(w, "DeviceName", "CPU1");
	jw_raw(w, "Reading", reading(rq, 1));
	jw_close(w);
	jw_end(w);
}

const struct route sensor_routes[] = {
	ROUTE_LIST(C_ "/Sensors", "Sensor", view_sensors, NULL),
	ROUTE_READ(C_ "/Sensors/*", "Sensor", "v1_8_0", view_sensor,
	    OP_READ_INVENTORY, exists_sensor),
	ROUTE_READ(C_ "/ThermalSubsystem/ThermalMetrics", "ThermalMetrics",
	    "v1_3_0", view_metrics, OP_READ_INVENTORY, parts_subsystems),
	{ .pattern = NULL },
};
