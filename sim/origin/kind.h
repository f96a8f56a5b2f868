/* Which image a name and its query stand for. */
#ifndef B7_SIM_ORIGIN_KIND_H
#define B7_SIM_ORIGIN_KIND_H

#include <stdbool.h>
#include <stdint.h>

struct image;
struct tree;

struct origin_kind {
	const char *name; /* start of the last part of the path */
	const char *note; /* NULL = no ISO */
	bool no_boot, no_range, slow, truncated;
};
#define KIND_FAMILIES 8 /* room for one tree each */

const struct origin_kind *origin_kind_of(
    const char *path); /* NULL: none such */
/* false: the query names a family that there is not. Trees are made in `trees`,
 * where they stay the caller's. */
bool kind_image(const struct origin_kind *k, struct tree **trees,
    const char *target, struct image *im);
/* A number of the query. */
int64_t kind_number(const char *target, const char *name, int64_t dflt);

#endif
