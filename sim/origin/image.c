/* See image.h; ECMA-119 8.4 (PVD), 9.1 (directory), 9.4 (path table). */
#include "sim/origin/image.h"

#include <string.h>

#include "sim/origin/tree.h"

#define PVD 16
#define BOOT_RECORD 17
#define TERMINATOR 18
#define CATALOG 19
#define BIOS_LOADER 20
#define ROOT 21
#define PATH_L 22
#define PATH_M 23
#define UEFI_LOADER 24
#define UEFI_SECTORS 64 /* of 512 bytes */
#define DIR_RECORD 34

static void
le16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static void
be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
both32(uint8_t *p, uint32_t v)
{
	le32(p, v);
	be32(p + 4, v);
}

static void
both16(uint8_t *p, unsigned v)
{
	le16(p, v);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* A field of blanks with a text at its start. */
static void
padded(uint8_t *p, size_t n, const char *s)
{
	size_t len = strlen(s);

	memset(p, ' ', n);
	memcpy(p, s, len < n ? len : n);
}

static void
dir_record(uint8_t *p, uint8_t name)
{
	p[0] = DIR_RECORD;
	both32(p + 2, ROOT);
	both32(p + 10, IMAGE_SECTOR);
	/* 2026-01-01 00:00:00 UTC */
	p[18] = 126;
	p[19] = 1;
	p[20] = 1;
	p[25] = 2; /* a directory */
	both16(p + 28, 1);
	p[32] = 1;
	p[33] = name;
}

static void
descriptor(uint8_t *p, uint8_t type)
{
	p[0] = type;
	memcpy(p + 1, "CD001", 5);
	p[6] = 1;
}

static void
pvd(const struct image *im, uint8_t *p)
{
	static const size_t dates[] = { 813, 830, 847, 864 };

	descriptor(p, 1);
	padded(p + 8, 32, "");
	padded(p + 40, 32, "BESKAR7_SIM");
	both32(p + 80, (uint32_t)(im->size / IMAGE_SECTOR));
	both16(p + 120, 1);
	both16(p + 124, 1);
	both16(p + 128, IMAGE_SECTOR);
	both32(p + 132, 10);
	le32(p + 140, PATH_L);
	be32(p + 148, PATH_M);
	dir_record(p + 156, 0);
	padded(p + 190, 623, "");
	for (size_t i = 0; i < 4; i++)
		memcpy(p + dates[i], "2026010100000000", 17);
	p[881] = 1;
	padded(p + 883, 512, im->note);
}

static void
boot_record(uint8_t *p)
{
	descriptor(p, 0);
	memcpy(p + 7, "EL TORITO SPECIFICATION", 23);
	le32(p + 71, CATALOG);
}

static void
boot_entry(uint8_t *p, unsigned sectors, uint32_t lba)
{
	p[0] = 0x88;
	le16(p + 6, sectors);
	le32(p + 8, lba);
}

static void
catalog(uint8_t *p)
{
	unsigned sum = 0;

	p[0] = 1;
	memcpy(p + 4, "Beskar7", 7);
	p[30] = 0x55;
	p[31] = 0xaa;
	for (size_t i = 0; i < 32; i += 2)
		sum += (unsigned)(p[i] | p[i + 1] << 8);
	le16(p + 28, 0x10000 - (sum & 0xffff));
	boot_entry(p + 32, 4, BIOS_LOADER);
	p[64] = 0x91; /* the last section */
	p[65] = 0xef;
	le16(p + 66, 1);
	boot_entry(p + 96, UEFI_SECTORS, UEFI_LOADER);
}

static void
path_table(uint8_t *p, bool big)
{
	p[0] = 1;
	if (big)
		be32(p + 2, ROOT);
	else
		le32(p + 2, ROOT);
	p[big ? 7 : 6] = 1;
}

static void
filler(const struct image *im, int64_t n, uint8_t *p)
{
	uint64_t x = (im->key ^ ((uint64_t)n * 0x9e3779b97f4a7c15u)) | 1;

	for (size_t i = 0; i < IMAGE_SECTOR; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		le32(p + i, (uint32_t)x);
		le32(p + i + 4, (uint32_t)(x >> 32));
	}
}

static void
sector(const struct image *im, int64_t n, uint8_t *p)
{
	if (im->tree) {
		if (!tree_sector(im->tree, n,
			(uint32_t)(im->size / IMAGE_SECTOR), im->note, p))
			filler(im, n, p);
		return;
	}
	memset(p, 0, IMAGE_SECTOR);
	if (!im->iso || n == BIOS_LOADER || n >= UEFI_LOADER) {
		filler(im, n, p);
		return;
	}
	if (n == PVD)
		pvd(im, p);
	else if (n == BOOT_RECORD && im->bootable)
		boot_record(p);
	else if (n == TERMINATOR || n == BOOT_RECORD)
		descriptor(p, 255);
	else if (n == CATALOG && im->bootable)
		catalog(p);
	else if (n == PATH_L || n == PATH_M)
		path_table(p, n == PATH_M);
	if (n != ROOT)
		return;
	dir_record(p, 0);
	dir_record(p + DIR_RECORD, 1);
}

void
image_read(const struct image *im, int64_t off, void *out, size_t n)
{
	uint8_t *to = out, tmp[IMAGE_SECTOR];

	while (n > 0 && off < im->size) {
		size_t in = (size_t)(off % IMAGE_SECTOR);
		size_t part = IMAGE_SECTOR - in;

		if (part > n)
			part = n;
		if (part == IMAGE_SECTOR) {
			sector(im, off / IMAGE_SECTOR, to);
		} else {
			sector(im, off / IMAGE_SECTOR, tmp);
			memcpy(to, tmp + in, part);
		}
		to += part;
		off += (int64_t)part;
		n -= part;
	}
}
