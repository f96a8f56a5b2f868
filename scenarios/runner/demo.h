/*
 * `beskar7-scenario demo`: the main job, over real sockets and TLS, shown as it
 * goes.
 */
#ifndef B7_RUNNER_DEMO_H
#define B7_RUNNER_DEMO_H

/* argv[0] is "demo"; bin: the folder of the programs. */
int demo_main(int argc, char **argv, const char *bin);

#endif
