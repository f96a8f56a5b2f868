/* Apart from entropy.c, so that only processes that ask for the kernel's
 * entropy link it. */
#include "common/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static void
fill_system(void *self, void *out, size_t n)
{
	unsigned char *p = out;

	(void)self;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* Weak tokens would be worse than no process. */
			fputs("getrandom failed\n", stderr);
			abort();
		}
		p += got;
		n -= (size_t)got;
	}
}

struct entropy
entropy_system(void)
{
	return (struct entropy){ .fill = fill_system, .self = NULL };
}
