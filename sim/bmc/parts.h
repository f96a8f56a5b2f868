/* How many parts a chassis has. */
#ifndef B7_SIM_BMC_PARTS_H
#define B7_SIM_BMC_PARTS_H

#include <stdbool.h>

struct request;

#define PSUS 2
#define FANS 4
#define PSU_WATTS 1400

/* PowerSubsystem and ThermalSubsystem are there (knob chassis/power). */
bool parts_subsystems(struct request *rq);

#endif
