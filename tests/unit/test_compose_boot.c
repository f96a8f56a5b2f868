/* What boot loaders and installers read of a composed image. */
#include "agent/media/cd_int.h"
#include "agent/media/compose.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/cd_both.h"
#include "tests/unit/unit.h"

static const struct cd_rig_opts full = {
	.joliet = true, .rock = true, .disk = true, .moved = true
};

static void
boot_records_stay_byte_for_byte(void)
{
	static const struct compose_file file = { "/boot/x", "x", 1, 0 };
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_DONE);
	CU_ASSERT_EQUAL(
	    memcmp(b.made.p + 18 * 2048, b.base.p + 18 * 2048, 2048), 0);
	CU_ASSERT_EQUAL(
	    memcmp(b.made.p + 33 * 2048, b.base.p + 33 * 2048, 2048), 0);
	CU_ASSERT_EQUAL(
	    memcmp(b.made.p + b.base.fat, b.base.p + b.base.fat, 64 * 1024), 0);
	done(&b);
}

static void
arguments_reach_trees_and_boot_images(void)
{
	struct both b;
	const char *fat;

	CU_ASSERT_EQUAL(
	    compose_rig(&b, &full, NULL, 0, "ds=nocloud;s=/x/ b"), MEDIA_DONE);
	text_is(&b, "/boot/grub.cfg",
	    "set default=0\nmenuentry 'a' {\n"
	    "\tlinux /vmlinuz quiet 'ds=nocloud;s=/x/' b\n}\n");
	text_is(&b, "/boot/isolinux.cfg",
	    "default a\nlabel a\n  kernel /vmlinuz\n"
	    "  append initrd=/i quiet ds=nocloud;s=/x/ b --- splash\n");
	fat = (const char *)b.made.p + b.base.fat + 2560;
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(fat, "quiet 'ds=nocloud;s=/x/' b ---\n}\n"));
	others_stay(&b, "/boot/grub.cfg /boot/isolinux.cfg");
	done(&b);
}

static void
a_file_of_a_boot_image_grows_into_free_clusters(void)
{
	char text[2000];
	struct compose_file file = { "/EFI/BOOT/grub.cfg", text, sizeof(text),
		2 };
	struct both b;
	const uint8_t *fat;
	unsigned next;

	memset(text, 't', sizeof(text));
	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_DONE);
	CU_ASSERT_EQUAL(b.made.n, b.base.n); /* nothing is appended */
	fat = b.made.p + b.base.fat;
	CU_ASSERT_EQUAL(cd_le32(fat + 2048 + 28), 2000);
	/* 4 -> 6: 5 is another file's */
	next = (unsigned)(fat[512 + 6] | fat[512 + 7] << 8) & 0xfff;
	CU_ASSERT_EQUAL(next, 6);
	CU_ASSERT_EQUAL(fat[2560 + 511], 't');
	CU_ASSERT_EQUAL(fat[3072], 'o');
	CU_ASSERT_EQUAL(fat[3584], 't');
	done(&b);
}

static void
a_full_boot_image_is_refused(void)
{
	char *text = xcalloc(1, 62 * 1024);
	struct compose_file file = { "/EFI/BOOT/GRUB.CFG", text, 62ul * 1024,
		2 };
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "is full"));
	done(&b);
	file.path = "/none";
	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "/none is not in it"));
	done(&b);
	file.boot = 1;
	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "boot image 1: "));
	done(&b);
	xfree(text);
}

/* OTHER.TXT of the root becomes /EFI/BOOT/BOOTX64.EFI, with two sections. */
static void
put_unified(struct cd_rig *r, const char *args)
{
	uint8_t *p = r->p + r->fat, *pe = p + 3072;

	memcpy(p + 2048 + 32, "BOOTX64 EFI\x20", 12);
	p[2048 + 32 + 26] = 5;
	p[2048 + 32 + 28] = 0;
	p[2048 + 32 + 29] = 2;
	memcpy(pe, "MZ", 2);
	pe[60] = 64;
	memcpy(pe + 64, "PE\0\0\x64\x86\2\0", 8);
	memcpy(pe + 88, ".linux\0", 7);
	memcpy(pe + 128, ".cmdline", 8);
	pe[128 + 8] = (uint8_t)strlen(args);
	pe[128 + 17] = 1; /* 256 bytes in the file, */
	pe[128 + 20] = 192;
	memcpy(pe + 192, args, strlen(args));
}

static void
unified_kernels_are_refused_by_name(void)
{
	static const struct {
		const char *in, *args;
		bool fine;
	} rows[] = {
		{ "quiet", "x", false },
		{ "quiet x", "x", true },
		{ "b=2 quiet a=1", "a=1 b=2", true },
		{ "quietx xx", "x", false },
		{ "", "x", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cd_rig r;
		struct cd cd;
		struct sparse s;
		struct err e = { .kind = ERR_NONE };
		struct composed out;
		struct compose_opts o = { NULL, 0, rows[i].args, NULL };

		cd_rig_make(&r, &full);
		put_unified(&r, rows[i].in);
		CU_ASSERT_EQUAL(cd_rig_parse(&r, &cd, &s, &e), MEDIA_DONE);
		CHECK_ROW((cd_rig_compose(&r, &cd, &s, &o, &out, &e) ==
			      MEDIA_DONE) == rows[i].fine,
		    rows[i].in);
		if (!rows[i].fine)
			CU_ASSERT_PTR_NOT_NULL(strstr(e.msg,
			    "/EFI/BOOT/BOOTX64.EFI in boot image 2 is a "
			    "unified"));
		composed_free(&out);
		cd_free(&cd);
		sparse_free(&s);
		cd_rig_free(&r);
	}
}

static void
compose_label(struct both *b, struct cd_rig *base, const char *label)
{
	struct compose_opts o = { NULL, 0, NULL, label };

	memset(b, 0, sizeof(*b));
	b->base = *base;
	memset(base, 0, sizeof(*base));
	CU_ASSERT_EQUAL_FATAL(
	    cd_rig_parse(&b->base, &b->cd, &b->s, &b->e), MEDIA_DONE);
	if (cd_rig_compose(&b->base, &b->cd, &b->s, &o, &b->out, &b->e) !=
	    MEDIA_DONE)
		return;
	cd_rig_again(&b->made, &b->base, &b->out);
	CU_ASSERT_EQUAL(
	    cd_rig_parse(&b->made, &b->again, &b->s2, &b->e), MEDIA_DONE);
}

static void
a_label_is_changed_in_all_descriptors(void)
{
	static const char wide[] = "\0c\0i\0d\0a\0t\0a\0 \0 \0 \0 \0 \0 "
				   "\0 \0 \0 \0 ";
	struct cd_rig r;
	struct both b;
	uint64_t at;

	cd_rig_make(&r, &full);
	compose_label(&b, &r, "cidata");
	CHECK_TEXT(b.again.volume, "cidata");
	CU_ASSERT_FATAL(b.again.n_trees >= 2);
	at = (uint64_t)b.again.trees[1].descriptor * MEDIA_SECTOR + 40;
	CU_ASSERT_EQUAL(memcmp(b.made.p + at, wide, 32), 0);
	others_stay(&b, "");
	CU_ASSERT_EQUAL(b.made.n, b.base.n);
	done(&b);
}

static void
a_label_that_is_looked_for_stays(void)
{
	static const char *const bad[] = { "", "a b", "a/b",
		"012345678901234567890123456789012" };
	struct cd_rig r;
	struct both b;
	uint8_t *cfg;

	cd_rig_make(&r, &full);
	cfg = memmem(r.p, r.n, " quiet\n}", 8);
	CU_ASSERT_PTR_NOT_NULL_FATAL(cfg);
	memcpy(cfg, " l=RIG", 6);
	compose_label(&b, &r, "cidata");
	CU_ASSERT_EQUAL(b.e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "names the volume"));
	done(&b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cd_rig_make(&r, &full);
		compose_label(&b, &r, bad[i]);
		CHECK_ROW(b.e.kind == ERR_SPEC, bad[i]);
		done(&b);
	}
}

static void
an_implanted_checksum_is_renewed(void)
{
	static const struct compose_file file = { "/x", "x", 1, 0 };
	static const char was[] = "ISO MD5SUM = 0123456789abcdef0123456789abc"
				  "def;SKIPSECTORS = 15;";
	struct compose_opts o = { &file, 1, NULL, NULL };
	struct cd_rig r, made;
	struct cd cd;
	struct sparse s;
	struct err e;
	struct composed out;
	char text[120], *use;
	uint8_t sum[16];
	char hex[33];

	cd_rig_make(&r, &full);
	memcpy(r.p + 16 * 2048 + 883, was, sizeof(was) - 1);
	CU_ASSERT_EQUAL_FATAL(cd_rig_parse(&r, &cd, &s, &e), MEDIA_DONE);
	CU_ASSERT_TRUE(cd.implanted);
	CU_ASSERT_EQUAL_FATAL(
	    cd_rig_compose(&r, &cd, &s, &o, &out, &e), MEDIA_DONE);
	cd_rig_again(&made, &r, &out);
	use = (char *)made.p + 16 * 2048 + 883;
	memcpy(text, use, sizeof(text));
	memset(use, ' ', 512);
	md5(made.p, 32 * 2048, sum);
	hex_encode(hex, sum, 16);
	CU_ASSERT_EQUAL(memcmp(text, "ISO MD5SUM = ", 13), 0);
	CU_ASSERT_EQUAL(memcmp(text + 13, hex, 32), 0);
	(void)str_format(
	    hex, sizeof(hex), "SKIPSECTORS = %zu;", made.n / 2048 - 32);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, hex));
	composed_free(&out);
	cd_free(&cd);
	sparse_free(&s);
	cd_rig_free(&r);
	cd_rig_free(&made);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(boot_records_stay_byte_for_byte),
		UNIT_CASE(arguments_reach_trees_and_boot_images),
		UNIT_CASE(a_file_of_a_boot_image_grows_into_free_clusters),
		UNIT_CASE(a_full_boot_image_is_refused),
		UNIT_CASE(unified_kernels_are_refused_by_name),
		UNIT_CASE(a_label_is_changed_in_all_descriptors),
		UNIT_CASE(a_label_that_is_looked_for_stays),
		UNIT_CASE(an_implanted_checksum_is_renewed),
	};

	return UNIT_RUN("compose_boot", cases);
}
