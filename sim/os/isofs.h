/*
 * An ISO 9660 file system as those read it who boot from it: Linux and GRUB by
 * Rock Ridge, else Joliet, else the plain names; isolinux by the plain names.
 * ECMA-119, IEEE P1281 and P1282, Joliet. Hostile images end in OS_BAD.
 */
#ifndef B7_SIM_OS_ISOFS_H
#define B7_SIM_OS_ISOFS_H

#include "common/buf.h"
#include "sim/os/disc.h"

#define ISOFS_PARTS 32 /* extents of one file */
#define ISOFS_NAME 256

enum isofs_names {
	ISOFS_LINUX, /* the best that there is */
	ISOFS_PLAIN
};
struct isofs_file {
	bool dir;
	uint64_t size;
	unsigned n;
	struct {
		uint64_t at, n; /* bytes */
	} part[ISOFS_PARTS];
};
struct isofs {
	struct disc *d; /* borrowed */
	char label[33];
	uint64_t size; /* by the descriptor */
	bool rock, joliet;
	unsigned skip; /* SUSP: bytes before the fields */
	struct isofs_file root, joliet_root;
	char why[DISC_WHY]; /* after OS_BAD */
};
enum os_step isofs_open(struct isofs *f, struct disc *d);
/* "/boot/grub/grub.cfg"; several slashes are one. Plain names in any case. */
enum os_step isofs_find(struct isofs *f, enum isofs_names names,
    const char *path, struct isofs_file *out);
/* Adds the contents to out (its cap says how much may be). */
enum os_step isofs_read(
    struct isofs *f, const struct isofs_file *file, struct buf *out);
/* Both of it; OS_NONE also for a folder of that name. */
enum os_step isofs_load(
    struct isofs *f, enum isofs_names names, const char *path, struct buf *out);
/* Calls fn for each name of a folder, in order, until it says false. */
enum os_step isofs_each(struct isofs *f, const struct isofs_file *dir,
    bool (*fn)(void *arg, const char *name, const struct isofs_file *file),
    void *arg);

#endif
