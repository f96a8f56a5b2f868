/* `beskar7-agent enroll`: argv[0] is "enroll". Returns the exit status. */
#ifndef B7_AGENT_ENROLL_ENROLL_MAIN_H
#define B7_AGENT_ENROLL_ENROLL_MAIN_H

int enroll_main(int argc, char **argv);

#endif
