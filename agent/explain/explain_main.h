/* `beskar7-agent explain`: argv[0] is "explain"; returns the exit status. */
#ifndef B7_AGENT_EXPLAIN_MAIN_H
#define B7_AGENT_EXPLAIN_MAIN_H

/* Where agent and client meet unless they are told otherwise. */
#define EXPLAIN_SOCKET "/run/beskar7/agent.sock"

int explain_main(int argc, char **argv);

#endif
