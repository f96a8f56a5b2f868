/* Which parts of an image are watched: by their names, by their sizes, and not
 * more than there is room for. */
#include "agent/claims/marks.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define MIB (1u << 20)
#define S MEDIA_SECTOR

/* An image of folders and files, by hand. */
struct rig {
	struct cd cd;
	struct seen_mark v[SEEN_MARKS];
	size_t n;
};

static void
rig_open(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->cd.trees[0].names, MIB);
	r->cd.n_trees = 1;
}

/* At a sector of its own: 100, 101 and so on. */
static void
file(struct rig *r, const char *name, uint32_t flags, uint32_t size)
{
	struct cd_tree *t = &r->cd.trees[0];
	uint32_t at = (uint32_t)t->n_extents;

	t->v = xreallocarray(t->v, t->n + 1, sizeof(*t->v));
	t->extents =
	    xreallocarray(t->extents, t->n_extents + 1, sizeof(*t->extents));
	t->extents[t->n_extents++] = (struct cd_extent){ 100 + at, size };
	t->v[t->n++] = (struct cd_node){ .name = (uint32_t)t->names.n,
		.flags = flags,
		.size = size,
		.extents = at,
		.n_extents = size > 0 };
	(void)buf_add(&t->names, name, strlen(name) + 1);
}

static void
look(struct rig *r)
{
	memset(r->v, 0xee, sizeof(r->v));
	r->n = marks_of(&r->cd, r->v);
	CU_ASSERT_TRUE_FATAL(r->n <= SEEN_MARKS);
	for (size_t i = 0; i < r->n; i++) {
		CU_ASSERT_TRUE(r->v[i].n > 0);
		CU_ASSERT_EQUAL(r->v[i].bytes, 0);
		CU_ASSERT_EQUAL(r->v[i].first_us, 0);
	}
}

static size_t
count(const struct rig *r, enum mark what)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].what == what;
	return n;
}

static void
rig_close(struct rig *r)
{
	xfree(r->cd.trees[0].v);
	xfree(r->cd.trees[0].extents);
	buf_free(&r->cd.trees[0].names);
}

static void
files_are_known_by_what_distributions_call_them(void)
{
	static const struct {
		const char *name;
		int what; /* -1: none */
	} rows[] = {
		{ "vmlinuz", MARK_KERNEL },
		{ "VMLINUZ", MARK_KERNEL },
		{ "vmlinuz-6.1.0-13-amd64", MARK_KERNEL },
		{ "vmlinux", MARK_KERNEL },
		{ "bzImage", MARK_KERNEL },
		{ "linux", MARK_KERNEL },
		{ "kernel", MARK_KERNEL },
		{ "linux.efi", MARK_KERNEL },
		{ "initrd", MARK_KERNEL },
		{ "initrd.img", MARK_KERNEL },
		{ "initramfs.xz", MARK_KERNEL },
		{ "initramfs-lts", MARK_KERNEL },
		{ "filesystem.squashfs", MARK_ROOT },
		{ "FILESYSTEM.SQUASHFS", MARK_ROOT },
		{ ".squashfs", MARK_ROOT },
		{ "rootfs.img", MARK_ROOT },
		{ "rootfs.xz", MARK_ROOT },
		{ "airootfs.sfs", MARK_ROOT },
		{ "airootfs.erofs", MARK_ROOT },
		{ "install.img", MARK_ROOT },
		{ "squashfs.img", MARK_ROOT },
		{ "linux.txt", -1 },
		{ "kernel.md5", -1 },
		{ "my-vmlinuz", -1 },
		{ "squashfs", -1 },
		{ "filesystem.squashfs.gpg", -1 },
		{ "rootfs", -1 },
		{ "v", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		rig_open(&r);
		file(&r, "", CD_DIR, S);
		file(&r, rows[i].name, 0, 5000);
		look(&r);
		CHECK_ROW(r.n == (rows[i].what >= 0), rows[i].name);
		if (r.n == 1) {
			CHECK_ROW(
			    (int)r.v[0].what == rows[i].what, rows[i].name);
			CU_ASSERT_EQUAL(r.v[0].at, 101ul * S);
			CU_ASSERT_EQUAL(r.v[0].n, 5000);
		}
		rig_close(&r);
	}
}

static void
what_is_no_file_with_bytes_is_not_watched(void)
{
	static const uint32_t flags[] = { CD_DIR, CD_SYMLINK, CD_SPECIAL,
		CD_DIR | CD_MOVED };
	struct rig r;

	rig_open(&r);
	file(&r, "vmlinuz", CD_DIR, S); /* the root, whatever it is called */
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		file(&r, "vmlinuz", flags[i], 9 * MIB);
	file(&r, "vmlinuz", 0, 0);
	file(&r, "rootfs.img", 0, 0);
	file(&r, "initrd", 0, 5); /* of a size, but nowhere */
	r.cd.trees[0].v[r.cd.trees[0].n - 1].n_extents = 0;
	file(&r, "initrd", 0, 5); /* somewhere, of no size */
	r.cd.trees[0].extents[r.cd.trees[0].n - 1].n = 0;
	look(&r);
	CU_ASSERT_EQUAL(r.n, 0);
	rig_close(&r);
}

static void
without_a_known_root_the_largest_file_is_it(void)
{
	static const struct {
		uint32_t size, other;
		const char *third;
		uint64_t at; /* sector; 0 = there is none */
	} rows[] = {
		{ 8 * MIB, 5, "x", 101 }, { 8 * MIB - 1, 5, "x", 0 },
		{ 8 * MIB, 8 * MIB + 1, "x", 102 },
		{ 9 * MIB, 9 * MIB, "x", 101 },    /* the first of equal ones */
		{ 9 * MIB, 5, "x.squashfs", 103 }, /* one is known */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		rig_open(&r);
		file(&r, "", CD_DIR, 64 * MIB);
		file(&r, "data", 0, rows[i].size);
		file(&r, "more", 0, rows[i].other);
		file(&r, rows[i].third, 0, 7);
		file(&r, "initrd.gz", 0, 99 * MIB); /* is something else */
		look(&r);
		CU_ASSERT_EQUAL(count(&r, MARK_KERNEL), 1);
		CU_ASSERT_EQUAL(count(&r, MARK_ROOT), rows[i].at > 0);
		CU_ASSERT_EQUAL(r.n, rows[i].at > 0 ? 2 : 1);
		for (size_t k = 0; k < r.n; k++)
			if (r.v[k].what == MARK_ROOT)
				CU_ASSERT_EQUAL(r.v[k].at, rows[i].at * S);
		rig_close(&r);
	}
}

static void
boot_images_are_watched_as_far_as_firmware_reads_them(void)
{
	struct rig r;

	rig_open(&r);
	file(&r, "", CD_DIR, S);
	r.cd.catalog = 33;
	r.cd.boots[0] = (struct cd_boot){
		.bootable = true, .load = 4, .sector = 40, .n = 70000
	};
	r.cd.boots[1] = (struct cd_boot){ .load = 4, .sector = 50, .n = 100 };
	r.cd.boots[2] =
	    (struct cd_boot){ .bootable = true, .load = 3, .sector = 60 };
	r.cd.boots[3] = (struct cd_boot){ .bootable = true, .sector = 70 };
	r.cd.n_boots = 4;
	look(&r);
	CU_ASSERT_EQUAL_FATAL(r.n, 4);
	CU_ASSERT_EQUAL(r.v[0].what, MARK_CATALOG);
	CU_ASSERT_EQUAL(r.v[0].at, 33ul * S);
	CU_ASSERT_EQUAL(r.v[0].n, S);
	CU_ASSERT_EQUAL(count(&r, MARK_LOADER), 3);
	CU_ASSERT_EQUAL(r.v[1].at, 40ul * S);
	CU_ASSERT_EQUAL(r.v[1].n, 70000);
	CU_ASSERT_EQUAL(r.v[2].at, 60ul * S); /* the second boots nothing */
	CU_ASSERT_EQUAL(r.v[2].n, 3 * 512);
	CU_ASSERT_EQUAL(r.v[3].at, 70ul * S);
	CU_ASSERT_EQUAL(r.v[3].n, S);
	rig_close(&r);
}

/* Many of one kind leave room for the others. */
static void
there_is_room_for_all_kinds(void)
{
	struct rig r;

	rig_open(&r);
	file(&r, "", CD_DIR, S);
	for (size_t i = 0; i < CD_BOOTS; i++)
		r.cd.boots[i] =
		    (struct cd_boot){ .bootable = true, .sector = 900, .n = 5 };
	r.cd.n_boots = CD_BOOTS;
	r.cd.catalog = 33;
	for (int i = 0; i < 20; i++)
		file(&r, "vmlinuz", 0, 5);
	for (int i = 0; i < 20; i++)
		file(&r, "a.squashfs", 0, 5);
	file(&r, "big", 0, 99 * MIB);
	look(&r);
	CU_ASSERT_EQUAL(r.n, SEEN_MARKS);
	CU_ASSERT_EQUAL(count(&r, MARK_CATALOG), 1);
	CU_ASSERT_EQUAL(count(&r, MARK_LOADER), 4);
	CU_ASSERT_EQUAL(count(&r, MARK_KERNEL), 7);
	CU_ASSERT_EQUAL(count(&r, MARK_ROOT), 4);
	r.cd.catalog = 0;
	r.cd.n_boots = 0;
	look(&r); /* and what they leave is not filled up */
	CU_ASSERT_EQUAL(count(&r, MARK_KERNEL), 7);
	CU_ASSERT_EQUAL(count(&r, MARK_ROOT), 4);
	CU_ASSERT_EQUAL(r.n, 11);
	rig_close(&r);
}

static void
an_image_of_nothing_has_no_marks(void)
{
	struct rig r;

	rig_open(&r);
	look(&r);
	CU_ASSERT_EQUAL(r.n, 0);
	file(&r, "", CD_DIR, S);
	look(&r);
	CU_ASSERT_EQUAL(r.n, 0);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(files_are_known_by_what_distributions_call_them),
		UNIT_CASE(what_is_no_file_with_bytes_is_not_watched),
		UNIT_CASE(without_a_known_root_the_largest_file_is_it),
		UNIT_CASE(
		    boot_images_are_watched_as_far_as_firmware_reads_them),
		UNIT_CASE(there_is_room_for_all_kinds),
		UNIT_CASE(an_image_of_nothing_has_no_marks),
	};

	return UNIT_RUN("marks", cases);
}
