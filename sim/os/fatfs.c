/* See fatfs.h; "FAT: General Overview of On-Disk Format" 1.03. */
#include "sim/os/fatfs.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

#define FATFS_DIR_MAX (256u << 10)
#define FATFS_ATTR_DIR 0x10
#define FATFS_ATTR_LABEL 0x08 /* also of long names */

static unsigned
fatfs_le16(const uint8_t *p)
{
	return (unsigned)(p[0] | p[1] << 8);
}

static uint32_t
fatfs_le32(const uint8_t *p)
{
	return fatfs_le16(p) | (uint32_t)fatfs_le16(p + 2) << 16;
}

enum os_step
fatfs_open(struct fatfs *f, struct disc *d, uint64_t at, uint64_t size)
{
	const uint8_t *p;
	uint64_t total, fat;
	enum os_step s;

	memset(f, 0, sizeof(*f));
	if (size < 512)
		return OS_NONE;
	s = disc_get(d, at, 512, &p);
	if (s != OS_OK)
		return s;
	f->d = d;
	f->at = at;
	f->size = size;
	f->sector = fatfs_le16(p + 11);
	f->cluster = f->sector * p[13];
	if (p[510] != 0x55 || p[511] != 0xaa || f->cluster == 0 ||
	    (f->sector != 512 && f->sector != 1024 && f->sector != 2048) ||
	    p[16] == 0)
		return OS_NONE;
	fat = fatfs_le16(p + 22);
	if (fat == 0)
		fat = fatfs_le32(p + 36);
	total = fatfs_le16(p + 19);
	if (total == 0)
		total = fatfs_le32(p + 32);
	f->fat_at = (uint64_t)fatfs_le16(p + 14) * f->sector;
	f->root_at = f->fat_at + fat * p[16] * f->sector;
	f->root_n = fatfs_le16(p + 17) * 32;
	f->root_cluster = f->root_n == 0 ? fatfs_le32(p + 44) : 0;
	f->data_at =
	    f->root_at + (f->root_n + f->sector - 1) / f->sector * f->sector;
	total *= f->sector;
	if (total > size || f->data_at >= total)
		return OS_NONE;
	f->clusters = (uint32_t)((total - f->data_at) / f->cluster);
	f->bits = f->clusters < 4085 ? 12 : f->clusters < 65525 ? 16 : 32;
	return OS_OK;
}

static enum os_step
fatfs_get(struct fatfs *f, uint64_t at, size_t n, const uint8_t **p)
{
	if (at > f->size || n > f->size - at)
		return OS_BAD;
	return disc_get(f->d, f->at + at, n, p);
}

static enum os_step
fatfs_next(struct fatfs *f, uint32_t c, uint32_t *next)
{
	size_t n = f->bits == 32 ? 4 : 2;
	uint64_t at = f->fat_at + (uint64_t)c * f->bits / 8;
	const uint8_t *p;
	enum os_step s = fatfs_get(f, at, n, &p);

	if (s != OS_OK)
		return s;
	if (f->bits == 32)
		*next = fatfs_le32(p) & 0x0fffffff;
	else if (f->bits == 16)
		*next = fatfs_le16(p);
	else
		*next = c % 2 ? fatfs_le16(p) >> 4 : fatfs_le16(p) & 0xfff;
	return OS_OK;
}

/* A chain of clusters; n: what of it counts. */
static enum os_step
fatfs_chain(struct fatfs *f, uint32_t c, uint64_t n, struct buf *out)
{
	for (uint32_t hops = 0; n > 0; hops++) {
		uint64_t part = n < f->cluster ? n : f->cluster;
		const uint8_t *p;
		enum os_step s;

		if (c < 2 || c - 2 >= f->clusters)
			return OS_OK; /* its end */
		if (hops > f->clusters || out->n + part > out->max)
			return OS_BAD;
		s = fatfs_get(f, f->data_at + (uint64_t)(c - 2) * f->cluster,
		    (size_t)part, &p);
		if (s != OS_OK)
			return s;
		(void)buf_add(out, p, (size_t)part); /* it fits */
		n -= part;
		s = fatfs_next(f, c, &c);
		if (s != OS_OK)
			return s;
	}
	return OS_OK;
}

static void
fatfs_name(const uint8_t *e, char out[13])
{
	size_t n = 0;

	for (size_t i = 0; i < 8 && e[i] != ' '; i++)
		out[n++] = (char)e[i];
	if (e[8] != ' ')
		out[n++] = '.';
	for (size_t i = 8; i < 11 && e[i] != ' '; i++)
		out[n++] = (char)e[i];
	out[n] = '\0';
}

/* The entry of a name in a folder's bytes, or NULL. */
static const uint8_t *
fatfs_entry(const struct buf *dir, const char *name)
{
	const uint8_t *p = (const uint8_t *)buf_str(dir);
	char have[13];

	for (size_t at = 0; at + 32 <= dir->n && p[at] != 0; at += 32) {
		if (p[at] == 0xe5 || p[at + 11] & FATFS_ATTR_LABEL)
			continue;
		fatfs_name(p + at, have);
		if (str_ieq(have, name))
			return p + at;
	}
	return NULL;
}

static enum os_step
fatfs_root(struct fatfs *f, struct buf *dir)
{
	const uint8_t *p;
	enum os_step s;

	if (f->root_n == 0)
		return fatfs_chain(f, f->root_cluster, FATFS_DIR_MAX, dir);
	s = fatfs_get(f, f->root_at, f->root_n, &p);
	if (s == OS_OK)
		(void)buf_add(dir, p, f->root_n); /* 2 MiB at most */
	return s;
}

static enum os_step
fatfs_path(struct fatfs *f, const char *path, struct buf *dir, struct buf *out)
{
	enum os_step s = fatfs_root(f, dir);

	while (s == OS_OK) {
		const uint8_t *e;
		char name[13];
		size_t n;
		uint32_t c;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || n >= sizeof(name))
			return OS_NONE;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		e = fatfs_entry(dir, name);
		if (e == NULL)
			return OS_NONE;
		c = fatfs_le16(e + 26) | (uint32_t)fatfs_le16(e + 20) << 16;
		if (*path == '\0')
			return e[11] & FATFS_ATTR_DIR
				   ? OS_NONE
				   : fatfs_chain(f, c, fatfs_le32(e + 28), out);
		if (!(e[11] & FATFS_ATTR_DIR))
			return OS_NONE;
		buf_reset(dir);
		s = fatfs_chain(f, c, FATFS_DIR_MAX, dir);
	}
	return s;
}

enum os_step
fatfs_load(struct fatfs *f, const char *path, struct buf *out)
{
	struct buf dir;
	enum os_step s;

	buf_init(&dir, FATFS_DIR_MAX);
	s = fatfs_path(f, path, &dir, out);
	buf_free(&dir);
	return s;
}
