/*
 * ComputerSystem.Reset: the values a BMC offers, and which of them does what
 * we mean (rule 17). Pure.
 */
#ifndef B7_AGENT_REDFISH_RESET_H
#define B7_AGENT_REDFISH_RESET_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "agent/redfish/redfish.h"

enum rf_reset_value {
	RF_VALUE_ON,
	RF_VALUE_FORCE_ON,
	RF_VALUE_FORCE_OFF,
	RF_VALUE_GRACEFUL_SHUTDOWN,
	RF_VALUE_GRACEFUL_RESTART,
	RF_VALUE_FORCE_RESTART,
	RF_VALUE_POWER_CYCLE,
	RF_VALUE_FORCE_POWER_CYCLE, /* Huawei iBMC */
	RF_VALUE_PUSH_POWER_BUTTON,
	RF_VALUES
};
const char *rf_reset_value_name(enum rf_reset_value v);
/* Bits 1 << value of "ResetType@Redfish.AllowableValues" in an action; 0 = the
 * action does not say. */
unsigned rf_reset_values(const cJSON *action);
/* The same of an ActionInfo resource. */
unsigned rf_reset_info_values(const cJSON *info);
/* The next value for r that is offered (0 = all are assumed) and not refused
 * yet; -1 = none. The power decides what the power button would do. */
int rf_reset_choose(enum redfish_reset r, unsigned offered, unsigned refused,
    enum redfish_power power);
/* The machine is where r would bring it. */
bool rf_reset_reached(enum redfish_reset r, enum redfish_power power);

#endif
