/* A rig's image, what is composed of it, and that parsed again. */
#ifndef B7_TEST_CD_BOTH_H
#define B7_TEST_CD_BOTH_H

#include "tests/unit/cd_rig.h"

struct both {
	struct cd_rig base, made;
	struct cd cd, again;
	struct sparse s, s2;
	struct composed out;
	struct err e;
};

enum media_step compose_rig(struct both *b, const struct cd_rig_opts *o,
    const struct compose_file *files, size_t n, const char *args);
void done(struct both *b);
/* In each tree of what was composed. */
void text_is(const struct both *b, const char *path, const char *want);
/* What was in the base is where it was, but for those paths. */
void others_stay(const struct both *b, const char *but);

#endif
