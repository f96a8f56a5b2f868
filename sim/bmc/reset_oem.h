/*
 * iRMC's second way to switch power (knob reset/oem): an action of its own
 * that offers what the power state allows, PowerCycle among it, which the
 * standard's Reset refuses there.
 */
#ifndef B7_SIM_BMC_RESET_OEM_H
#define B7_SIM_BMC_RESET_OEM_H

struct jw;
struct request;

/* Its member of "Actions.Oem" of the system. */
void reset_oem_action(struct request *rq, struct jw *w);

#endif
