/* `beskar7-sim origin`: the image origin as a process. */
#ifndef B7_SIM_ORIGIN_ORIGIN_MAIN_H
#define B7_SIM_ORIGIN_ORIGIN_MAIN_H

int origin_main(int argc, char **argv);

#endif
