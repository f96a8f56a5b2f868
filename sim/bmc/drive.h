/*
 * A virtual medium as the drive of a running system: ranges of it by HTTP, one
 * at a time, for whatever reads it. The size is asked for first.
 */
#ifndef B7_SIM_BMC_DRIVE_H
#define B7_SIM_BMC_DRIVE_H

#include <stdint.h>

struct drive;
struct medium_opts;

struct drive_fns {
	/* why NULL: there it is. p: n bytes; NULL after drive_open(). The drive
	 * may be freed in it. */
	void (*done)(void *arg, const void *p, const char *why);
	void *arg;
};
/* Of o: env, url, verify, trust, timeout_us. fn tells when the size is known. */
struct drive *drive_open(
    const struct medium_opts *o, const struct drive_fns *fn);
int64_t drive_size(const struct drive *d);
void drive_read(struct drive *d, uint64_t at, uint64_t n);
void drive_free(struct drive *d); /* silent; NULL is fine */

#endif
