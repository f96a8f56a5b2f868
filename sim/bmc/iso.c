/* See iso.h. */
#include "sim/bmc/iso.h"

#include <string.h>

#include "common/str.h"

#define PVD_BLOCKS 80
#define PVD_VOLUME 40
#define PVD_APP_USE 883
#define PVD_APP_USE_N 512
#define CATALOG_ENTRY 32

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint16_t
le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static bool
say(char why[96], const char *text)
{
	(void)str_copy(why, 96, text); /* our own short texts */
	return false;
}

/* " key=value" up to a blank, of the text of a synthetic image. */
static void
word(const char *text, const char *key, char *out, size_t cap)
{
	const char *at = strstr(text, key);
	size_t n;

	out[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	n = strcspn(at, " ");
	if (n >= cap)
		n = cap - 1;
	memcpy(out, at, n);
	out[n] = '\0';
}

static void
read_app_use(const uint8_t *pvd, struct iso_facts *f)
{
	char text[PVD_APP_USE_N + 1], v[16];

	memcpy(text, pvd + PVD_APP_USE, PVD_APP_USE_N);
	text[PVD_APP_USE_N] = '\0';
	if (!str_has_prefix(text, "b7sim "))
		return;
	word(text, " kind=", v, sizeof(v));
	f->installer = str_eq(v, "installer");
	word(text, " after=", v, sizeof(v));
	f->reboots = str_eq(v, "reboot");
	word(text, " progress=", v, sizeof(v));
	f->says_running = str_eq(v, "running");
	word(text, " id=", f->id, sizeof(f->id));
	word(text, " family=", f->family, sizeof(f->family));
	word(text, " wants=", v, sizeof(v));
	f->optional = str_eq(v, "nothing");
}

static void
read_volume(const uint8_t *pvd, struct iso_facts *f)
{
	size_t n = 32;

	f->blocks = le32(pvd + PVD_BLOCKS);
	memcpy(f->volume, pvd + PVD_VOLUME, n);
	while (n && (f->volume[n - 1] == ' ' || f->volume[n - 1] == '\0'))
		n--;
	f->volume[n] = '\0';
	read_app_use(pvd, f);
}

bool
iso_read_descriptors(
    const uint8_t *p, size_t n, struct iso_facts *f, char why[96])
{
	static const char torito[] = "EL TORITO SPECIFICATION";
	bool pvd = false;

	memset(f, 0, sizeof(*f));
	for (; n >= ISO_SECTOR; p += ISO_SECTOR, n -= ISO_SECTOR) {
		if (memcmp(p + 1, "CD001", 5) != 0)
			break;
		if (p[0] == 255)
			break;
		if (p[0] == 1 && !pvd) {
			pvd = true;
			read_volume(p, f);
		} else if (p[0] == 0 && !f->has_catalog &&
			   memcmp(p + 7, torito, sizeof(torito) - 1) == 0) {
			f->has_catalog = true;
			f->catalog_lba = le32(p + 71);
		}
	}
	if (!pvd)
		return say(why, "not an ISO 9660 image: no volume descriptor "
				"at sector 16");
	if (!f->has_catalog)
		return say(why, "no El Torito boot record");
	if (f->catalog_lba < ISO_FIRST || f->catalog_lba >= f->blocks)
		return say(why, "El Torito catalog lies outside the volume");
	return true;
}

static void
read_entry(const uint8_t *e, uint8_t platform, struct iso_facts *f)
{
	struct iso_entry *to = platform == 0xef ? &f->uefi
			       : platform == 0  ? &f->bios
						: NULL;

	if (!to || to->bootable || e[0] != 0x88)
		return;
	to->bootable = true;
	to->sectors = le16(e + 6);
	to->lba = le32(e + 8);
}

bool
iso_read_catalog(const uint8_t *p, size_t n, struct iso_facts *f, char why[96])
{
	uint16_t sum = 0;
	uint8_t platform;
	size_t at;

	if (n < 2 * CATALOG_ENTRY || p[0] != 1 || p[30] != 0x55 ||
	    p[31] != 0xaa)
		return say(why, "El Torito catalog has no validation entry");
	for (size_t i = 0; i < CATALOG_ENTRY; i += 2)
		sum = (uint16_t)(sum + le16(p + i));
	if (sum != 0)
		return say(why, "El Torito catalog has a wrong checksum");
	read_entry(p + CATALOG_ENTRY, p[1], f);
	platform = p[1];
	for (at = 2 * CATALOG_ENTRY; at + CATALOG_ENTRY <= n;
	     at += CATALOG_ENTRY) {
		const uint8_t *e = p + at;

		if (e[0] == 0x90 || e[0] == 0x91)
			platform = e[1];
		else if (e[0] == 0x88)
			read_entry(e, platform, f);
		else
			break;
	}
	if (!f->bios.bootable && !f->uefi.bootable)
		return say(why, "El Torito catalog has no bootable entry");
	return true;
}
