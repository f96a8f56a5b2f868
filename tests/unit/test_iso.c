/* Synthetic images and what firmware makes of them. */
#include "sim/bmc/iso.h"
#include "sim/origin/image.h"
#include "tests/unit/unit.h"

static void
load(const struct image *im, uint8_t *descriptors, uint8_t *catalog)
{
	image_read(im, ISO_FIRST * ISO_SECTOR, descriptors,
	    ISO_DESCRIPTORS * ISO_SECTOR);
	image_read(im, 19 * ISO_SECTOR, catalog, ISO_SECTOR);
}

static void
a_synthetic_image_boots_both_ways(void)
{
	struct image im = { .size = 1 << 20,
		.iso = true,
		.bootable = true,
		.note = "b7sim kind=installer after=reboot id=deb13 "
			"progress=running" };
	uint8_t d[ISO_DESCRIPTORS * ISO_SECTOR], c[ISO_SECTOR];
	struct iso_facts f;
	char why[96] = "";

	load(&im, d, c);
	CU_ASSERT_TRUE_FATAL(iso_read_descriptors(d, sizeof(d), &f, why));
	CU_ASSERT_EQUAL(f.blocks, 512);
	CHECK_TEXT(f.volume, "BESKAR7_SIM");
	CU_ASSERT_TRUE(f.installer && f.reboots && f.says_running);
	CHECK_TEXT(f.id, "deb13");
	CU_ASSERT_EQUAL(f.catalog_lba, 19);
	CU_ASSERT_TRUE(iso_read_catalog(c, sizeof(c), &f, why));
	CU_ASSERT_TRUE(f.bios.bootable && f.uefi.bootable);
	CU_ASSERT_NOT_EQUAL(f.bios.lba, f.uefi.lba);
	CU_ASSERT_TRUE(f.uefi.sectors > 0);
}

static void
each_defect_is_named(void)
{
	struct image im = { .size = 1 << 20, .iso = true, .bootable = true };
	uint8_t d[ISO_DESCRIPTORS * ISO_SECTOR], c[ISO_SECTOR];
	struct iso_facts f;
	char why[96];

	load(&im, d, c);
	CU_ASSERT_TRUE(iso_read_descriptors(d, sizeof(d), &f, why));
	c[0] = 2;
	CU_ASSERT_FALSE(iso_read_catalog(c, sizeof(c), &f, why));
	CHECK_TEXT(why, "El Torito catalog has no validation entry");
	c[0] = 1;
	c[5] ^= 1;
	CU_ASSERT_FALSE(iso_read_catalog(c, sizeof(c), &f, why));
	CHECK_TEXT(why, "El Torito catalog has a wrong checksum");
	c[5] ^= 1;
	c[32] = c[96] = 0;
	CU_ASSERT_FALSE(iso_read_catalog(c, sizeof(c), &f, why));
	CHECK_TEXT(why, "El Torito catalog has no bootable entry");
	d[ISO_SECTOR + 71] = d[ISO_SECTOR + 72] = 0xff;
	CU_ASSERT_FALSE(iso_read_descriptors(d, sizeof(d), &f, why));
	CHECK_TEXT(why, "El Torito catalog lies outside the volume");
	im.bootable = false;
	load(&im, d, c);
	CU_ASSERT_FALSE(iso_read_descriptors(d, sizeof(d), &f, why));
	CHECK_TEXT(why, "no El Torito boot record");
	im.iso = false;
	load(&im, d, c);
	CU_ASSERT_FALSE(iso_read_descriptors(d, sizeof(d), &f, why));
	CHECK_TEXT(why, "not an ISO 9660 image: no volume descriptor at "
			"sector 16");
	CU_ASSERT_FALSE(iso_read_descriptors(d, 100, &f, why));
}

static void
any_range_is_the_same_as_the_whole(void)
{
	static uint8_t all[1 << 18], part[5000];
	struct image im = {
		.size = 1 << 18, .iso = true, .bootable = true, .key = 99
	};

	image_read(&im, 0, all, sizeof(all));
	for (int64_t off = 0; off < im.size - 5000; off += 4321) {
		image_read(&im, off, part, sizeof(part));
		CU_ASSERT_EQUAL(memcmp(part, all + off, sizeof(part)), 0);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a synthetic image boots both ways",
		    a_synthetic_image_boots_both_ways },
		{ "each defect is named", each_defect_is_named },
		{ "any range is the same as the whole",
		    any_range_is_the_same_as_the_whole },
	};

	return UNIT_RUN("iso", cases);
}
