/* What is running: our version and commit, and the libraries it was built of. */
#ifndef B7_VERSION_H
#define B7_VERSION_H

#include <stdio.h>

#define B7_VERSION "0.1.0"

void version_print(const char *program, FILE *out);

#endif
