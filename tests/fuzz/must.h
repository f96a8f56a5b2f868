/* What always holds for a fuzz target: aborts with the text of the condition,
 * in every build type. */
#ifndef B7_MUST_H
#define B7_MUST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void
must(bool ok, const char *text, const char *file, int line)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	abort();
}
#define MUST(x) must((x), #x, __FILE__, __LINE__)

#endif
