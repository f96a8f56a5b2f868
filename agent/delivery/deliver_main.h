/* `beskar7-agent deliver`: argv[0] is "deliver". Returns the exit status. */
#ifndef B7_AGENT_DELIVERY_DELIVER_MAIN_H
#define B7_AGENT_DELIVERY_DELIVER_MAIN_H

int deliver_main(int argc, char **argv);

#endif
