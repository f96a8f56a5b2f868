/* `beskar7-sim bmc`: a fleet of simulated BMCs as a process. */
#ifndef B7_SIM_BMC_BMC_MAIN_H
#define B7_SIM_BMC_BMC_MAIN_H

int bmc_main(int argc, char **argv);

#endif
