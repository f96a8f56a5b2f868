#include "scenarios/runner/demo.h"

int
demo_main(int argc, char **argv, const char *bin)
{
	(void)argc;
	(void)argv;
	(void)bin;
	return 2;
}
