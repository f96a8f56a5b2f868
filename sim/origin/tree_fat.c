/*
 * A FAT12 file system of 64 KiB with a boot loader and perhaps its
 * configuration, as UEFI firmware wants it on a CD (UEFI 2.10, 13.3.2).
 */
#include <string.h>

#include "sim/origin/tree_impl.h"

#define FAT_SECTOR 512
#define FAT_AT 1      /* two copies of one sector */
#define FAT_ROOT 3    /* seven sectors, 112 entries */
#define FAT_DATA 10   /* cluster 2 */
#define FAT_LOADER 20 /* clusters */
#define FAT_DIR 0x10

static uint8_t *
fat_cluster(uint8_t *p, unsigned c)
{
	return p + (size_t)(FAT_DATA + c - 2) * FAT_SECTOR;
}

static void
fat_link(uint8_t *p, unsigned c, unsigned next)
{
	for (unsigned copy = 0; copy < 2; copy++) {
		uint8_t *f =
		    p + (size_t)(FAT_AT + copy) * FAT_SECTOR + c * 3 / 2;

		if (c % 2 == 0) {
			f[0] = (uint8_t)next;
			f[1] = (uint8_t)((f[1] & 0xf0) | next >> 8);
		} else {
			f[0] = (uint8_t)((f[0] & 0x0f) | (next & 0xf) << 4);
			f[1] = (uint8_t)(next >> 4);
		}
	}
}

static void
fat_chain(uint8_t *p, unsigned c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fat_link(p, c + i, i + 1 < n ? c + i + 1 : 0xfff);
}

static void
fat_entry(uint8_t *e, const char *name, unsigned attr, unsigned c, uint32_t n)
{
	memcpy(e, name, 11);
	e[11] = (uint8_t)attr;
	tree_le16(e + 24, 46 << 9 | 1 << 5 | 1); /* 2026-01-01 */
	tree_le16(e + 26, c);
	tree_le32(e + 28, n);
}

static void
fat_folder(uint8_t *p, unsigned c, unsigned parent)
{
	uint8_t *d = fat_cluster(p, c);

	fat_chain(p, c, 1);
	fat_entry(d, ".          ", FAT_DIR, c, 0);
	fat_entry(d + 32, "..         ", FAT_DIR, parent, 0);
}

static void
fat_boot_sector(uint8_t *p)
{
	memcpy(p, "\xeb\x3c\x90MKFS.FAT", 11);
	tree_le16(p + 11, FAT_SECTOR);
	p[13] = 1;              /* sectors a cluster */
	tree_le16(p + 14, 1);   /* reserved */
	p[16] = 2;              /* copies */
	tree_le16(p + 17, 112); /* entries of the root */
	tree_le16(p + 19, TREE_ESP / FAT_SECTOR);
	p[21] = 0xf8;
	tree_le16(p + 22, 1);  /* sectors a copy */
	tree_le16(p + 24, 32); /* a track */
	tree_le16(p + 26, 2);  /* heads */
	p[36] = 0x80;
	p[38] = 0x29;
	tree_le32(p + 39, 0xb7b7b7b7);
	memcpy(p + 43, "EFISIM     FAT12   ", 19);
	p[510] = 0x55;
	p[511] = 0xaa;
}

void
tree_fat(uint8_t *p, const char *config)
{
	unsigned n;
	size_t len;

	fat_boot_sector(p);
	fat_link(p, 0, 0xff8);
	fat_link(p, 1, 0xfff);
	fat_entry(
	    p + (size_t)FAT_ROOT * FAT_SECTOR, "EFI        ", FAT_DIR, 2, 0);
	fat_folder(p, 2, 0);
	fat_entry(fat_cluster(p, 2) + 64, "BOOT       ", FAT_DIR, 3, 0);
	fat_folder(p, 3, 2);
	fat_entry(fat_cluster(p, 3) + 64, "BOOTX64 EFI", 0x20, 4,
	    FAT_LOADER * FAT_SECTOR);
	fat_chain(p, 4, FAT_LOADER);
	memcpy(fat_cluster(p, 4), "MZ", 2);
	if (config == NULL)
		return;
	len = strlen(config);
	n = (unsigned)((len + FAT_SECTOR - 1) / FAT_SECTOR);
	fat_entry(fat_cluster(p, 3) + 96, "GRUB    CFG", 0x20, 4 + FAT_LOADER,
	    (uint32_t)len);
	fat_chain(p, 4 + FAT_LOADER, n);
	memcpy(fat_cluster(p, 4 + FAT_LOADER), config, len);
}
