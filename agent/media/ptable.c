/* See ptable.h. */
#include "agent/media/ptable.h"

#include <string.h>

#define MBR_ENTRY 446u
#define MBR_PROTECTIVE 0xee
#define VOLUME_START \
	64u /* blocks: a partition that begins later, or at its
			  * end, does not hold sector 16 */

static uint64_t
le(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n > 0)
		v = v << 8 | p[--n];
	return v;
}

static void
put(uint8_t *p, unsigned n, uint64_t v)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

/* The checksum of a header is made with its own field as zero. */
static uint32_t
header_crc(const uint8_t header[PTABLE_BLOCK])
{
	uint8_t v[PTABLE_BLOCK];
	uint32_t n = (uint32_t)le(header + 12, 4);

	memcpy(v, header, sizeof(v));
	put(v + 16, 4, 0);
	return crc32(v, n);
}

static bool
is_gpt(const uint8_t h[PTABLE_BLOCK])
{
	uint64_t n = le(h + 12, 4);

	return memcmp(h, "EFI PART", 8) == 0 && n >= 92 && n <= PTABLE_BLOCK &&
	       header_crc(h) == le(h + 16, 4);
}

static enum media_step
load_gpt(struct ptable *t, struct overlay *o, struct err *e)
{
	uint64_t each = le(t->header + 84, 4), n = le(t->header + 80, 4);
	uint64_t lba = le(t->header + 72, 8);

	if (each < 128 || n == 0 || each > PTABLE_ENTRIES ||
	    n > PTABLE_ENTRIES || each * n > PTABLE_ENTRIES || lba < 2 ||
	    lba > o->base->size / PTABLE_BLOCK ||
	    lba * PTABLE_BLOCK + each * n > o->base->size) {
		(void)err_set(e, ERR_SPEC, 0,
		    "the image's GPT has its entries elsewhere, or more than "
		    "%u bytes of them",
		    PTABLE_ENTRIES);
		return MEDIA_BAD;
	}
	t->n_entries = (uint32_t)(each * n);
	t->at = lba * PTABLE_BLOCK;
	if (!overlay_get(o, t->at, t->entries, t->n_entries))
		return MEDIA_WANTS;
	t->gpt = crc32(t->entries, t->n_entries) == le(t->header + 88, 4);
	return MEDIA_DONE;
}

enum media_step
ptable_load(struct ptable *t, struct overlay *o, struct err *e)
{
	memset(t, 0, sizeof(*t));
	if (!overlay_get(o, 0, t->head, PTABLE_BLOCK) ||
	    !overlay_get(o, PTABLE_BLOCK, t->header, PTABLE_BLOCK))
		return MEDIA_WANTS;
	t->mbr = t->head[510] == 0x55 && t->head[511] == 0xaa;
	return is_gpt(t->header) ? load_gpt(t, o, e) : MEDIA_DONE;
}

static uint64_t
up_to(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

uint64_t
ptable_size(const struct ptable *t, uint64_t base, uint64_t data)
{
	uint64_t unit =
	    t->mbr && base % (1u << 20) == 0 ? 1u << 20 : MEDIA_SECTOR;

	if (t->gpt)
		data += up_to(t->n_entries, PTABLE_BLOCK) + PTABLE_BLOCK;
	return up_to(data, unit);
}

/* No partition begins behind the end of this one. */
static bool
is_last_of_mbr(const struct ptable *t, uint64_t end)
{
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *p = t->head + MBR_ENTRY + 16 * i;

		if (le(p + 12, 4) > 0 && le(p + 8, 4) >= end)
			return false;
	}
	return true;
}

static void
grow_mbr(struct ptable *t, uint64_t blocks)
{
	for (size_t i = 0; i < 4; i++) {
		uint8_t *p = t->head + MBR_ENTRY + 16 * i;
		uint64_t start = le(p + 8, 4), n = le(p + 12, 4);

		if (n == 0 || start >= VOLUME_START + 1 ||
		    start + n <= VOLUME_START ||
		    !is_last_of_mbr(t, start + n) || start + n >= blocks)
			continue;
		n = blocks - start;
		put(p + 12, 4, n > UINT32_MAX ? UINT32_MAX : n);
		/* Cylinders end at 1023: beyond, and who reads them? */
		memcpy(p + 5, "\xfe\xff\xff", 3);
	}
}

static bool
is_last_of_gpt(const struct ptable *t, uint64_t end, uint64_t each)
{
	static const uint8_t none[16] = { 0 };

	for (uint64_t i = 0; i + each <= t->n_entries; i += each) {
		const uint8_t *p = t->entries + i;

		if (memcmp(p, none, 16) != 0 && le(p + 32, 8) > end)
			return false;
	}
	return true;
}

static void
grow_gpt(struct ptable *t, uint64_t last)
{
	static const uint8_t none[16] = { 0 };
	uint64_t each = le(t->header + 84, 4);

	for (uint64_t i = 0; i + each <= t->n_entries; i += each) {
		uint8_t *p = t->entries + i;
		uint64_t start = le(p + 32, 8), end = le(p + 40, 8);

		if (memcmp(p, none, 16) == 0 || start > VOLUME_START ||
		    end < VOLUME_START || end >= last ||
		    !is_last_of_gpt(t, end, each))
			continue;
		put(p + 40, 8, last);
	}
}

static size_t
write_gpt(struct ptable *t, uint64_t blocks, uint8_t backup[PTABLE_BACKUP])
{
	uint64_t n = up_to(t->n_entries, PTABLE_BLOCK) / PTABLE_BLOCK;
	uint8_t *h = t->header, *copy = backup + n * PTABLE_BLOCK;

	put(h + 32, 8, blocks - 1);
	put(h + 48, 8, blocks - n - 2); /* the last usable one */
	/* whole sectors of the medium, as those had that made it */
	grow_gpt(t, (blocks - n - 1) / 4 * 4 - 1);
	put(h + 88, 4, crc32(t->entries, t->n_entries));
	memset(backup, 0, PTABLE_BACKUP);
	memcpy(backup, t->entries, t->n_entries);
	memcpy(copy, h, PTABLE_BLOCK);
	put(copy + 24, 8, blocks - 1);
	put(copy + 32, 8, 1);
	put(copy + 72, 8, blocks - n - 1);
	put(copy + 16, 4, header_crc(copy));
	put(h + 16, 4, header_crc(h));
	return (size_t)(n + 1) * PTABLE_BLOCK;
}

size_t
ptable_write(struct ptable *t, struct overlay *o, uint64_t size,
    uint8_t backup[PTABLE_BACKUP])
{
	uint64_t blocks = size / PTABLE_BLOCK;
	size_t n = 0;

	if (t->mbr) {
		grow_mbr(t, blocks);
		(void)overlay_set(o, 0, t->head, PTABLE_BLOCK); /* was read */
	}
	if (t->gpt) {
		n = write_gpt(t, blocks, backup);
		(void)overlay_set(o, PTABLE_BLOCK, t->header, PTABLE_BLOCK);
		(void)overlay_set(o, t->at, t->entries, t->n_entries);
	}
	return n;
}
