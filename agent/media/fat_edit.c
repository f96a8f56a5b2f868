/* New contents for a file of a FAT file system, within its free clusters. */
#include <string.h>

#include "agent/media/cd_int.h"
#include "agent/media/fat_int.h"
#include "common/mem.h"

static bool
set(const struct fat *f, struct overlay *o, uint32_t cluster, uint32_t v)
{
	uint64_t bit = (uint64_t)cluster * f->bits;
	uint8_t b[4] = { 0 };
	size_t n = f->bits == 32 ? 4 : 2;
	uint32_t now;

	if (!overlay_get(o, f->tables + bit / 8, b, n))
		return false;
	now = cd_le32(b);
	if (f->bits == 12 && cluster % 2 != 0)
		now = (now & 0xf) | (v & 0xfff) << 4;
	else if (f->bits == 12)
		now = (now & 0xf000) | (v & 0xfff);
	else if (f->bits == 16)
		now = v & 0xffff;
	else
		now = (now & 0xf0000000) | (v & 0x0fffffff);
	cd_put_le32(b, now);
	for (uint8_t i = 0; i < f->n_tables; i++)
		if (!overlay_set(
			o, f->tables + (uint64_t)i * f->table + bit / 8, b, n))
			return false;
	return true;
}

/* More clusters for the chain, lowest first. */
static enum media_step
grow(const struct fat *f, struct overlay *o, struct fat_chain *c, size_t want,
    struct err *e)
{
	uint32_t at = 2, next;
	enum media_step step;

	c->v = xreallocarray(c->v, want, sizeof(*c->v));
	for (; c->n < want && at < f->clusters + 2; at++) {
		step = fat_next(f, o, at, &next);
		if (step != MEDIA_DONE)
			return step;
		if (next == 0)
			c->v[c->n++] = at;
	}
	if (c->n == want)
		return MEDIA_DONE;
	(void)err_set(e, ERR_TOO_BIG, 0,
	    "the FAT file system at sector %llu is full",
	    (unsigned long long)(f->at / MEDIA_SECTOR));
	return MEDIA_BAD;
}

static bool
link_up(const struct fat *f, struct overlay *o, const struct fat_chain *c,
    size_t want)
{
	bool ok = true;

	for (size_t i = 0; i < want; i++)
		ok &=
		    set(f, o, c->v[i], i + 1 < want ? c->v[i + 1] : 0x0fffffff);
	for (size_t i = want; i < c->n; i++)
		ok &= set(f, o, c->v[i], 0);
	return ok;
}

static bool
fill(const struct fat *f, struct overlay *o, const struct fat_chain *c,
    const uint8_t *p, size_t n)
{
	uint8_t *v = xmalloc(f->cluster);
	bool ok = true;

	for (size_t i = 0; c->v != NULL && n > 0; i++) {
		size_t part = n < f->cluster ? n : f->cluster;

		memset(v, 0, f->cluster);
		memcpy(v, p, part);
		ok &= overlay_set(o, fat_place(f, c->v[i]), v, f->cluster);
		p += part;
		n -= part;
	}
	secret_wipe(v, f->cluster);
	xfree(v);
	return ok;
}

/* Size and first cluster of the entry; free counts are "not known". */
static bool
describe(const struct fat *f, struct overlay *o, const struct fat_file *file,
    uint32_t first, uint32_t n)
{
	uint8_t v[6] = { (uint8_t)first, (uint8_t)(first >> 8) };
	uint8_t high[2] = { (uint8_t)(first >> 16), (uint8_t)(first >> 24) };
	uint8_t unknown[8], sig[4];
	bool ok;

	cd_put_le32(v + 2, n);
	ok = overlay_set(o, file->entry + 26, v, sizeof(v));
	if (f->bits != 32)
		return ok;
	ok &= overlay_set(o, file->entry + 20, high, sizeof(high));
	if (f->info == 0 || f->info + 512 > f->data)
		return ok;
	if (!overlay_get(o, f->info + 484, sig, sizeof(sig)))
		return false;
	memset(unknown, 0xff, sizeof(unknown));
	return memcmp(sig, "rrAa", 4) != 0 ||
	       (overlay_set(o, f->info + 488, unknown, sizeof(unknown)) && ok);
}

enum media_step
fat_replace(const struct fat *f, struct overlay *o, const struct fat_file *file,
    const void *p, size_t n, struct err *e)
{
	size_t want = (n + f->cluster - 1) / f->cluster;
	struct fat_chain c = { 0 };
	enum media_step step = MEDIA_DONE;
	bool ok = true;

	if (want > f->clusters) {
		(void)err_set(e, ERR_TOO_BIG, 0,
		    "larger than the FAT file system that it is in");
		return MEDIA_BAD;
	}
	if (file->cluster != 0)
		step = fat_chain(f, o, file->cluster, f->clusters, &c, e);
	if (step == MEDIA_DONE && c.n < want)
		step = grow(f, o, &c, want, e);
	if (step == MEDIA_DONE) {
		ok = link_up(f, o, &c, want) && fill(f, o, &c, p, n) &&
		     describe(f, o, file, want > 0 ? c.v[0] : 0, (uint32_t)n);
		if (!ok)
			step = MEDIA_WANTS;
	}
	xfree(c.v);
	return step;
}
