/* `beskar7-sim core`. */
#ifndef B7_SIM_CORE_MAIN_H
#define B7_SIM_CORE_MAIN_H

/* argv[0] is the name of the subcommand; returns the exit status. */
int core_main(int argc, char **argv);

#endif
