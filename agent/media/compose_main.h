/* `beskar7-agent compose`: argv[0] is "compose". Returns the exit status. */
#ifndef B7_AGENT_MEDIA_COMPOSE_MAIN_H
#define B7_AGENT_MEDIA_COMPOSE_MAIN_H

int compose_main(int argc, char **argv);

#endif
