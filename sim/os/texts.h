/* Files and scripts that data puts into a system, in their order. */
#ifndef B7_SIM_OS_TEXTS_H
#define B7_SIM_OS_TEXTS_H

#include "common/buf.h"

#define OS_DATA_MAX (4u << 20) /* bytes of data, unpacked */
#define TEXTS_MAX 512

enum texts_kind {
	TEXTS_FILE,
	TEXTS_SCRIPT /* it is run */
};
struct texts {
	struct texts_one {
		enum texts_kind kind;
		char *name; /* owned; path of a file */
		char *p;    /* owned, NUL-terminated */
		size_t n;
	} * v;
	size_t n, cap, bytes;
};
/* false: too much. */
bool texts_add(struct texts *t, enum texts_kind kind, const char *name,
    const void *p, size_t n);
const struct texts_one *texts_file(const struct texts *t, const char *name);
void texts_free(struct texts *t); /* wipes */

#endif
