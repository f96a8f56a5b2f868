#include "agent/redfish/reset.h"

#include "common/json.h"
#include "common/str.h"

static const char *const value_names[RF_VALUES] = { "On", "ForceOn", "ForceOff",
	"GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle",
	"ForcePowerCycle", "PushPowerButton" };

const char *
rf_reset_value_name(enum rf_reset_value v)
{
	return v < RF_VALUES ? value_names[v] : "?";
}

static unsigned
value_bits(const cJSON *list)
{
	const cJSON *item;
	unsigned bits = 0, i;

	cJSON_ArrayForEach (item, list) {
		for (i = 0; i < RF_VALUES; i++)
			if (str_eq(cJSON_GetStringValue(item), value_names[i]))
				bits |= 1U << i;
	}
	return bits;
}

unsigned
rf_reset_values(const cJSON *action)
{
	return value_bits(
	    json_arr(action, "ResetType@Redfish.AllowableValues"));
}

unsigned
rf_reset_info_values(const cJSON *info)
{
	const cJSON *p;
	unsigned bits = 0;

	cJSON_ArrayForEach (p, json_arr(info, "Parameters")) {
		if (str_eq(json_str(p, "Name", NULL), "ResetType"))
			bits |= value_bits(json_arr(p, "AllowableValues"));
	}
	return bits;
}

#define LADDER_MAX 3
static const struct {
	int n;
	enum rf_reset_value v[LADDER_MAX];
} ladders[] = {
	[RF_RESET_ON] = { 3,
	    { RF_VALUE_ON, RF_VALUE_FORCE_ON, RF_VALUE_PUSH_POWER_BUTTON } },
	[RF_RESET_FORCE_OFF] = { 1, { RF_VALUE_FORCE_OFF } },
	[RF_RESET_GRACEFUL_OFF] = { 2,
	    { RF_VALUE_GRACEFUL_SHUTDOWN, RF_VALUE_PUSH_POWER_BUTTON } },
	[RF_RESET_FORCE_RESTART] = { 3,
	    { RF_VALUE_FORCE_RESTART, RF_VALUE_POWER_CYCLE,
		RF_VALUE_FORCE_POWER_CYCLE } },
	[RF_RESET_GRACEFUL_RESTART] = { 1, { RF_VALUE_GRACEFUL_RESTART } },
};

/* The button is a toggle: only where its effect is certain. */
static bool
button_does(enum redfish_reset r, enum redfish_power power)
{
	return (r == RF_RESET_ON && power == RF_POWER_OFF) ||
	       (r == RF_RESET_GRACEFUL_OFF && power == RF_POWER_ON);
}

int
rf_reset_choose(enum redfish_reset r, unsigned offered, unsigned refused,
    enum redfish_power power)
{
	enum rf_reset_value v;
	int i;

	for (i = 0; i < ladders[r].n; i++) {
		v = ladders[r].v[i];
		if ((refused & (1U << v)) ||
		    (offered != 0 && !(offered & (1U << v))))
			continue;
		if (v == RF_VALUE_PUSH_POWER_BUTTON &&
		    (offered == 0 || !button_does(r, power)))
			continue;
		return (int)v;
	}
	return -1;
}

bool
rf_reset_reached(enum redfish_reset r, enum redfish_power power)
{
	switch (r) {
	case RF_RESET_ON:
		return power == RF_POWER_ON || power == RF_POWER_POWERING_ON;
	case RF_RESET_FORCE_OFF:
		return power == RF_POWER_OFF;
	case RF_RESET_GRACEFUL_OFF:
		return power == RF_POWER_OFF || power == RF_POWER_POWERING_OFF;
	case RF_RESET_FORCE_RESTART:
	case RF_RESET_GRACEFUL_RESTART:
		break;
	}
	return false;
}
