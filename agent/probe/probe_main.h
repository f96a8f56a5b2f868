/* `beskar7-agent probe`: argv[0] is "probe". Returns the exit status. */
#ifndef B7_AGENT_PROBE_PROBE_MAIN_H
#define B7_AGENT_PROBE_PROBE_MAIN_H

int probe_main(int argc, char **argv);

#endif
