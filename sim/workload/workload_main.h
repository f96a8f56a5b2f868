/* `beskar7-sim workload`: workload clusters as a process. */
#ifndef B7_SIM_WORKLOAD_MAIN_H
#define B7_SIM_WORKLOAD_MAIN_H

/* argv[0] is the name of the subcommand; returns the exit status. */
int workload_main(int argc, char **argv);

#endif
