/* The boot catalog (El Torito 1.0 section 2; UEFI 2.10 13.3.2.1). */
#include <string.h>

#include "agent/media/cd_int.h"

#define ENTRY 32u
#define BOOTABLE 0x88
#define HEADER 0x90
#define LAST_HEADER 0x91
#define EXTENSION 0x44

static bool
bad(struct cd_pass *p, const char *what)
{
	return err_set(p->e, ERR_SPEC, 0,
	    "El Torito boot catalog (sector %u): %s", p->cd->catalog, what);
}

static bool
boot(struct cd_pass *p, const uint8_t *v, uint8_t platform)
{
	struct cd_boot *b;

	if (p->cd->n_boots == CD_BOOTS)
		return bad(p, "more than 32 entries");
	b = &p->cd->boots[p->cd->n_boots++];
	b->platform = platform;
	b->bootable = v[0] == BOOTABLE;
	b->media = v[1] & 15;
	b->load = cd_le16(v + 6);
	b->sector = cd_le32(v + 8);
	if (b->sector < 1 || b->sector >= cd_sectors(p->cd->size))
		return !b->bootable ||
		       bad(p, "a boot image that lies outside of the image");
	b->n = p->cd->size - (uint64_t)b->sector * MEDIA_SECTOR;
	return true;
}

static bool
validation(struct cd_pass *p, const uint8_t *v)
{
	uint16_t sum = 0;

	if (v[0] != 1 || v[30] != 0x55 || v[31] != 0xaa)
		return bad(p, "there is no validation entry");
	for (size_t i = 0; i < ENTRY; i += 2)
		sum = (uint16_t)(sum + cd_le16(v + i));
	return sum == 0 || bad(p, "a wrong checksum");
}

/* Sections behind the default entry, until something else comes. */
static bool
sections(struct cd_pass *p, const uint8_t *v, size_t n)
{
	uint8_t platform = v[1];
	unsigned left = 0;
	bool last = false;

	for (size_t i = 2 * ENTRY; i < n; i += ENTRY) {
		const uint8_t *at = v + i;

		if (at[0] == EXTENSION && left > 0)
			continue; /* selection criteria of the one before */
		if (left > 0) {
			left--;
			if (!boot(p, at, platform))
				return false;
			continue;
		}
		if (last || (at[0] != HEADER && at[0] != LAST_HEADER))
			break;
		last = at[0] == LAST_HEADER;
		platform = at[1];
		left = cd_le16(at + 2);
	}
	return true;
}

bool
cd_parse_boot(struct cd_pass *p)
{
	uint8_t v[MEDIA_SECTOR];

	if (p->cd->catalog == 0)
		return true; /* not every image boots; whoever needs it asks */
	if (p->cd->catalog <= 16 || p->cd->catalog >= cd_sectors(p->cd->size))
		return bad(p, "lies outside of the image");
	if (!sparse_get(
		p->s, (uint64_t)p->cd->catalog * MEDIA_SECTOR, v, sizeof(v))) {
		p->missing = true;
		return true;
	}
	return validation(p, v) && boot(p, v + ENTRY, v[1]) &&
	       sections(p, v, sizeof(v));
}
