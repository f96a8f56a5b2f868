/* What the parser sees in an image, and what it refuses, with the place. */
#include "agent/media/cd.h"

#include <stdio.h>

#include "agent/media/cd_int.h"
#include "common/mem.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/unit.h"

static const struct cd_rig_opts full = {
	.joliet = true, .rock = true, .disk = true, .moved = true
};

static bool
open_rig(struct cd_rig *r, const struct cd_rig_opts *o, struct cd *cd,
    struct sparse *s)
{
	struct err e = { .kind = ERR_NONE };

	cd_rig_make(r, o);
	if (cd_rig_parse(r, cd, s, &e) == MEDIA_DONE)
		return true;
	printf("    refused: %s\n", e.msg);
	return false;
}

static void
close_rig(struct cd_rig *r, struct cd *cd, struct sparse *s)
{
	cd_free(cd);
	sparse_free(s);
	cd_rig_free(r);
}

static void
names_of_every_tree_are_seen(void)
{
	struct cd_rig r;
	struct cd cd;
	struct sparse s;
	char text[4096];

	CU_ASSERT_TRUE_FATAL(open_rig(&r, &full, &cd, &s));
	CHECK_TEXT(cd.volume, "RIG");
	CU_ASSERT_EQUAL(cd.n_trees, 2);
	CU_ASSERT_TRUE(cd.trees[0].rock);
	CHECK_TEXT(cd_rig_text(&r, &cd, 0, "/docs/a.txt", text), "aaaaa");
	CHECK_TEXT(cd_rig_text(&r, &cd, 1, "/docs/a.txt", text), "aaaaa");
	CHECK_TEXT(cd_rig_text(&r, &cd, 0, "/DOCS/A.TXT", text), "");
	CU_ASSERT_EQUAL(cd_find(&cd.trees[0], "/docs/a.txt/x"), CD_NONE);
	CU_ASSERT_EQUAL(cd_find(&cd.trees[0], "/"), 0);
	close_rig(&r, &cd, &s);
}

static void
identifiers_are_names_where_there_are_no_others(void)
{
	struct cd_rig_opts plain = { .files = 3 };
	struct cd_rig r;
	struct cd cd;
	struct sparse s;
	char text[4096];

	CU_ASSERT_TRUE_FATAL(open_rig(&r, &plain, &cd, &s));
	CU_ASSERT_EQUAL(cd.n_trees, 1);
	CHECK_TEXT(cd_rig_text(&r, &cd, 0, "/docs/a.txt", text), "aaaaa");
	CHECK_TEXT(cd_rig_text(&r, &cd, 0, "/DOCS/S001", text), "b");
	close_rig(&r, &cd, &s);
}

static void
relocated_folders_stand_where_they_belong(void)
{
	struct cd_rig r;
	struct cd cd;
	struct sparse s;
	char path[CD_PATH_MAX], text[4096];
	uint32_t node;

	CU_ASSERT_TRUE_FATAL(open_rig(&r, &full, &cd, &s));
	node = cd_find(&cd.trees[0], "/docs/deep/d.txt");
	CU_ASSERT_NOT_EQUAL_FATAL(node, CD_NONE);
	cd_path(&cd.trees[0], node, path);
	CHECK_TEXT(path, "/docs/deep/d.txt");
	CHECK_TEXT(cd_rig_text(&r, &cd, 0, "/docs/deep/d.txt", text), "deep");
	CU_ASSERT_EQUAL(cd_find(&cd.trees[0], "/rr_moved/deep"), CD_NONE);
	close_rig(&r, &cd, &s);
}

static void
a_file_of_two_extents_is_one(void)
{
	struct cd_rig r;
	struct cd cd;
	struct sparse s;
	struct err e;
	struct buf b;
	uint32_t node;

	CU_ASSERT_TRUE_FATAL(open_rig(&r, &full, &cd, &s));
	node = cd_find(&cd.trees[0], "/big.dat");
	CU_ASSERT_NOT_EQUAL_FATAL(node, CD_NONE);
	CU_ASSERT_EQUAL(cd.trees[0].v[node].size, 4196);
	CU_ASSERT_EQUAL(cd.trees[0].v[node].n_extents, 2);
	sparse_put(&s, 0, r.p, r.n);
	buf_init(&b, 1 << 20);
	CU_ASSERT_EQUAL(cd_read(&cd.trees[0], node, &s, &b, &e), MEDIA_DONE);
	CU_ASSERT_EQUAL_FATAL(b.n, 4196);
	CU_ASSERT_TRUE(b.p[4095] == 'b' && b.p[4096] == 'c');
	buf_free(&b);
	close_rig(&r, &cd, &s);
}

static void
boot_images_and_what_lies_where_are_told(void)
{
	struct cd_rig r;
	struct cd cd;
	struct sparse s;

	CU_ASSERT_TRUE_FATAL(open_rig(&r, &full, &cd, &s));
	CU_ASSERT_EQUAL_FATAL(cd.n_boots, 2);
	CU_ASSERT_EQUAL(cd.boots[0].platform, CD_BIOS);
	CU_ASSERT_EQUAL(cd.boots[1].platform, CD_UEFI);
	CU_ASSERT_EQUAL(cd.boots[1].n, 64 * 1024);
	CU_ASSERT_EQUAL(cd_at(&cd, cd.boots[1].sector * 2048ull + 40000),
	    cd_find(&cd.trees[0], "/boot/efi.img"));
	CU_ASSERT_EQUAL(cd_at(&cd, r.root), CD_NONE);
	CU_ASSERT_EQUAL(cd_at(&cd, 0), CD_NONE);
	CU_ASSERT_EQUAL(cd_at(&cd, r.n), CD_NONE);
	close_rig(&r, &cd, &s);
}

/* Bytes that make one defect; v is a NUL-terminated text unless n says. */
struct defect {
	const char *what;
	size_t at;
	const char *v;
	size_t n;
	const char *says;
};

#define S(sector, at) ((size_t)(sector)*2048 + (at))
static const struct defect defects[] = {
	{ "no magic", S(16, 1), "XX", 2, "not an ISO 9660 image" },
	{ "UDF alone", S(16, 1), "BEA01", 5, "UDF file system only" },
	{ "a UDF bridge", S(20, 1), "NSR03", 5, "a UDF bridge (sector 20)" },
	{ "no terminator", S(19, 1), "X", 1, "have no end" },
	{ "blocks of 512", S(16, 128), "\0\2\2\0", 4, "blocks of 512" },
	{ "a longer volume", S(16, 80), "\xff\xff\0\0\0\0\xff\xff", 8,
	    "the image is cut off" },
	{ "byte orders differ", S(16, 80), "\1", 1, "two byte orders" },
	{ "two primary ones", S(17, 0), "\1", 1, "second primary" },
	{ "an unknown charset", S(17, 88), "%/G", 3, "unknown character set" },
	{ "a root outside", S(16, 158), "\xff\xff\0\0\0\0\xff\xff", 8,
	    "root folder makes no sense" },
	{ "a root of nothing", S(16, 166), "\0\0\0\0\0\0\0\0", 8,
	    "root folder makes no sense" },
	{ "folder: no dots", S(25, 33), "X", 1, "folder /docs: byte 0 of it" },
	{ "folder: elsewhere", S(25, 2), "\x18\0\0\0\0\0\0\x18", 8,
	    "folder /docs: byte 0 of it: says that it is elsewhere" },
	{ "a record too short", S(26, 0), "\1", 1, "record that is cut off" },
	{ "a record too long", S(26, 0), "\xff\0", 2, "/boot" },
	{ "a catalog outside", S(18, 71), "\xff\xff", 2, "boot catalog" },
	{ "a wrong sum", S(33, 5), "\1", 1, "a wrong checksum" },
	{ "a boot image outside", S(33, 40), "\xff\xff", 2,
	    "boot image that lies outside" },
	{ "a path table outside", S(16, 140), "\xff\xff", 2,
	    "path table lies outside" },
	{ "an endless area", S(34, 0),
	    "CE\x1c\1\x22\0\0\0\0\0\0\x22\0\0\0\0"
	    "\0\0\0\0\x1c\0\0\0\0\0\0\x1c",
	    28, "continuation areas without an end" },
};

static void
each_defect_is_named_with_its_place(void)
{
	for (size_t i = 0; i < sizeof(defects) / sizeof(*defects); i++) {
		const struct defect *d = &defects[i];
		struct cd_rig r;
		struct cd cd;
		struct sparse s;
		struct err e = { .kind = ERR_NONE };
		enum media_step step;

		cd_rig_make(&r, &full);
		memcpy(r.p + d->at, d->v, d->n);
		step = cd_rig_parse(&r, &cd, &s, &e);
		if (step != MEDIA_BAD || strstr(e.msg, d->says) == NULL)
			printf("    %s: %s\n", d->what,
			    step == MEDIA_DONE ? "accepted" : e.msg);
		CU_ASSERT_EQUAL(step, MEDIA_BAD);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, d->says));
		close_rig(&r, &cd, &s);
	}
}

/* The record of a name in a folder of the primary tree. */
static uint8_t *
record(struct cd_rig *r, size_t folder, const char *id)
{
	size_t n = strlen(id);

	for (size_t at = folder; at < folder + 2048; at += r->p[at]) {
		if (r->p[at] == 0)
			break;
		if (r->p[at + 32] == n && memcmp(r->p + at + 33, id, n) == 0)
			return r->p + at;
	}
	CU_FAIL_FATAL("the rig has no such record");
	return NULL;
}

static void
refused(struct cd_rig *r, const char *says)
{
	struct cd cd;
	struct sparse s;
	struct err e = { .kind = ERR_NONE };

	CU_ASSERT_EQUAL(cd_rig_parse(r, &cd, &s, &e), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, says));
	if (strstr(e.msg, says) == NULL)
		printf("    says: %s\n", e.msg);
	close_rig(r, &cd, &s);
}

static void
a_folder_in_itself_is_a_loop(void)
{
	struct cd_rig r;

	cd_rig_make(&r, &full);
	cd_put_both32(record(&r, r.root, "DOCS") + 2, 24);
	refused(&r, "folder /: byte");
	cd_rig_make(&r, &full);
	cd_put_both32(record(&r, r.root, "DOCS") + 2, 24);
	refused(&r, "a loop");
}

static void
a_folder_of_two_parents_overlaps(void)
{
	struct cd_rig r;

	cd_rig_make(&r, &full);
	cd_put_both32(record(&r, r.root, "DOCS") + 2, 26);
	refused(&r, "/docs overlap at sector 26");
}

static void
files_over_folders_and_half_over_files_overlap(void)
{
	struct cd_rig r;

	cd_rig_make(&r, &full);
	cd_put_both32(record(&r, r.docs, "A.TXT;1") + 2, 26);
	refused(&r, "overlap at sector 26");
	cd_rig_make(&r, &full);
	cd_put_both32(record(&r, r.docs, "A.TXT;1") + 2, 61);
	refused(&r, "/boot/efi.img and /docs/a.txt overlap");
}

static void
a_stand_in_for_nothing_is_refused(void)
{
	struct cd_rig r;
	uint8_t *at, *cl;

	cd_rig_make(&r, &full);
	at = record(&r, r.docs, "DEEP.;1");
	cl = memmem(at, at[0], "CL\x0c", 3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(cl);
	cd_put_both32(cl + 4, 26);
	refused(&r, "stands for a relocated folder that is not there");
}

static void
a_name_that_stands_twice_is_refused(void)
{
	struct cd_rig_opts o = full;
	struct cd_rig r;
	uint8_t *at, *nm;

	o.files = 2;
	cd_rig_make(&r, &o);
	at = record(&r, r.docs, "S001.;1");
	nm = memmem(at, at[0], "s001", 4);
	CU_ASSERT_PTR_NOT_NULL_FATAL(nm);
	nm[3] = '0';
	refused(&r, "folder /docs: the name s000 stands twice");
}

static void
an_image_that_is_cut_off_is_refused_everywhere(void)
{
	struct cd_rig whole;

	cd_rig_make(&whole, &full);
	for (size_t n = 0; n < whole.n; n += 2048) {
		struct cd_rig r = { .p = xmalloc(n + 1), .n = n };
		struct cd cd;
		struct sparse s;
		struct err e;

		memcpy(r.p, whole.p, n);
		CU_ASSERT_EQUAL(cd_rig_parse(&r, &cd, &s, &e), MEDIA_BAD);
		close_rig(&r, &cd, &s);
	}
	cd_rig_free(&whole);
}

static void
what_is_no_iso_is_told_by_its_kind(void)
{
	static const struct {
		const char *magic, *says;
	} kinds[] = { { "\x1f\x8b", "compressed by gzip" },
		{ "BZh9", "compressed by bzip2" }, { "QFI\xfb", "QCOW" },
		{ "<!DOCTYPE", "a web page" }, { "", "no volume descriptor" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct cd_rig r = { .p = xcalloc(64, 2048), .n = 64ul * 2048 };

		memcpy(r.p, kinds[i].magic, strlen(kinds[i].magic));
		refused(&r, kinds[i].says);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(names_of_every_tree_are_seen),
		UNIT_CASE(identifiers_are_names_where_there_are_no_others),
		UNIT_CASE(relocated_folders_stand_where_they_belong),
		UNIT_CASE(a_file_of_two_extents_is_one),
		UNIT_CASE(boot_images_and_what_lies_where_are_told),
		UNIT_CASE(each_defect_is_named_with_its_place),
		UNIT_CASE(a_folder_in_itself_is_a_loop),
		UNIT_CASE(a_folder_of_two_parents_overlaps),
		UNIT_CASE(files_over_folders_and_half_over_files_overlap),
		UNIT_CASE(a_stand_in_for_nothing_is_refused),
		UNIT_CASE(a_name_that_stands_twice_is_refused),
		UNIT_CASE(an_image_that_is_cut_off_is_refused_everywhere),
		UNIT_CASE(what_is_no_iso_is_told_by_its_kind),
	};

	return UNIT_RUN("cd", cases);
}
