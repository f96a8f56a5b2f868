/*
 * A FAT file system inside of a medium, as UEFI firmware and the boot loaders
 * on it read it: FAT12, FAT16 and FAT32 by short names (8.3, in any case).
 */
#ifndef B7_SIM_OS_FATFS_H
#define B7_SIM_OS_FATFS_H

#include "common/buf.h"
#include "sim/os/disc.h"

struct fatfs {
	struct disc *d; /* borrowed */
	uint64_t at, size;
	unsigned sector, cluster; /* bytes */
	uint64_t fat_at, root_at, data_at;
	uint32_t root_n; /* bytes; 0 = FAT32 */
	uint32_t root_cluster, clusters;
	unsigned bits;
};
/* OS_NONE: there is no FAT file system. */
enum os_step fatfs_open(
    struct fatfs *f, struct disc *d, uint64_t at, uint64_t size);
/* "/EFI/BOOT/grub.cfg" */
enum os_step fatfs_load(struct fatfs *f, const char *path, struct buf *out);

#endif
