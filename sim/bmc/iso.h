/*
 * Looks at the parts of an ISO 9660 image that firmware looks at: the volume
 * descriptors at sector 16 (ECMA-119 8) and the El Torito boot catalog
 * (El Torito 1.0, section 2; UEFI 2.10 section 13.3.2.1 for platform 0xEF).
 */
#ifndef B7_SIM_BMC_ISO_H
#define B7_SIM_BMC_ISO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISO_SECTOR 2048
#define ISO_FIRST 16
#define ISO_DESCRIPTORS 4 /* sectors that are read at once */

struct iso_entry {
	bool bootable;
	uint32_t lba, sectors; /* of 512 bytes */
};
struct iso_facts {
	uint32_t blocks; /* volume space size */
	char volume[33];
	bool has_catalog;
	uint32_t catalog_lba;
	struct iso_entry bios, uefi;
	/* "b7sim" text in the application use field of the PVD: */
	bool installer;    /* kind=installer; else a live system */
	bool reboots;      /* after=reboot; else powers off */
	bool says_running; /* progress=running while it installs */
	char id[64];       /* id=...; "" = none */
	char family[16];   /* family=...: its system reads on (sim/os) */
	bool optional;     /* wants=nothing: and boots without user data */
};
/* p: ISO_DESCRIPTORS sectors from sector 16. false: `why` names the defect. */
bool iso_read_descriptors(
    const uint8_t *p, size_t n, struct iso_facts *f, char why[96]);
/* p: the catalog's first sector. */
bool iso_read_catalog(
    const uint8_t *p, size_t n, struct iso_facts *f, char why[96]);

#endif
