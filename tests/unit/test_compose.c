/* A base with files added: read back by the parser, which is strict. */
#include "agent/media/compose.h"

#include <stdio.h>

#include "agent/media/cd_int.h"
#include "common/str.h"
#include "tests/unit/cd_both.h"
#include "tests/unit/unit.h"

static const struct cd_rig_opts full = {
	.joliet = true, .rock = true, .disk = true, .moved = true
};

static uint32_t
row_parent(const uint8_t *p, bool big)
{
	return big ? (uint32_t)(p[6] << 8 | p[7])
		   : (uint32_t)(p[7] << 8 | p[6]);
}

/* Path tables of both byte orders have each folder once, parents first. */
static void
table_agrees(const struct both *b, const struct cd_tree *t, int which)
{
	const uint8_t *p =
	    b->made.p + (size_t)(t->tables[which] + t->shift) * 2048;
	uint32_t sectors[512], n = 0, dirs = 0;
	bool big = which >= 2;

	for (const uint8_t *at = p; at < p + t->table_size; n++) {
		uint32_t up = row_parent(at, big), sector;

		sector = big ? cd_be32(at + 2) : cd_le32(at + 2);
		CU_ASSERT_TRUE_FATAL(n < 512 && at[0] > 0);
		CU_ASSERT_TRUE(up >= 1 && up <= n + 1);
		sectors[n] = sector;
		for (uint32_t i = 0; i < t->n; i++) {
			const struct cd_node *v = &t->v[i];

			if ((v->flags & CD_DIR) == 0 ||
			    t->extents[v->extents].sector != sector)
				continue;
			dirs++;
			v = &t->v[v->parent];
			CU_ASSERT_EQUAL(
			    sectors[up - 1], t->extents[v->extents].sector);
		}
		at += 8 + at[0] + at[0] % 2;
	}
	CU_ASSERT_EQUAL(dirs, n);
	for (uint32_t i = 0; i < t->n; i++)
		n -= (t->v[i].flags & CD_DIR) != 0;
	CU_ASSERT_EQUAL(n, 0);
}

/* `..` of each folder is its parent, and volumes are as long as the image. */
static void
all_agrees(const struct both *b)
{
	for (size_t k = 0; k < b->again.n_trees; k++) {
		const struct cd_tree *t = &b->again.trees[k];

		table_agrees(b, t, 0);
		table_agrees(b, t, 2);
		CU_ASSERT_EQUAL((uint64_t)t->blocks * 2048, b->made.n);
		for (uint32_t i = 0; i < t->n; i++) {
			const struct cd_node *v = &t->v[i];
			const struct cd_node *up = &t->v[v->parent];
			const uint8_t *p;

			if ((v->flags & CD_DIR) == 0)
				continue;
			p = b->made.p +
			    (size_t)t->extents[v->extents].sector * 2048;
			CU_ASSERT_EQUAL(cd_le32(p + 10), v->size);
			p += p[0];
			CU_ASSERT_EQUAL(
			    cd_le32(p + 2), t->extents[up->extents].sector);
			CU_ASSERT_EQUAL(cd_be32(p + 14), up->size);
		}
	}
}

static void
nothing_to_do_is_the_base(void)
{
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, NULL, 0, NULL), MEDIA_DONE);
	CU_ASSERT_EQUAL(b.made.n, b.base.n);
	CU_ASSERT_EQUAL(memcmp(b.made.p, b.base.p, b.base.n), 0);
	CU_ASSERT_EQUAL(b.out.n_memory, 0);
	done(&b);
}

static void
added_files_are_in_every_tree(void)
{
	static const struct compose_file files[] = {
		{ "/user-data", "#cloud-config\n", 14, 0 },
		{ "docs/Some Long Name With Blanks.tar.gz", "x", 1, 0 },
		{ "/empty", "", 0, 0 },
	};
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 3, NULL), MEDIA_DONE);
	text_is(&b, "/user-data", "#cloud-config\n");
	text_is(&b, "/docs/Some Long Name With Blanks.tar.gz", "x");
	CU_ASSERT_NOT_EQUAL(cd_find(&b.again.trees[1], "/empty"), CD_NONE);
	others_stay(&b, "");
	all_agrees(&b);
	done(&b);
}

static void
new_folders_are_in_path_tables(void)
{
	static const struct compose_file files[] = {
		{ "/nocloud/user-data", "u", 1, 0 },
		{ "/nocloud/meta-data", "m", 1, 0 },
		{ "/a/b/c/d", "d", 1, 0 },
		{ "/docs/deep/er/x", "x", 1, 0 },
		{ "/boot/zz/x", "y", 1, 0 },
	};
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 5, NULL), MEDIA_DONE);
	text_is(&b, "/nocloud/user-data", "u");
	text_is(&b, "/nocloud/meta-data", "m");
	text_is(&b, "/a/b/c/d", "d");
	text_is(&b, "/docs/deep/er/x", "x");
	others_stay(&b, "");
	all_agrees(&b);
	done(&b);
}

/* A folder with no room left moves, and all that points to it follows. */
static void
a_full_folder_moves_and_its_children_know(void)
{
	struct cd_rig_opts o = full;
	struct compose_file files[24];
	char names[24][24];
	struct both b;
	uint32_t was, is;

	for (size_t i = 0; i < 24; i++) {
		(void)str_format(names[i], 24, "/docs/new-%02zu", i);
		files[i] = (struct compose_file){ names[i], "n", 1, 0 };
	}
	CU_ASSERT_EQUAL(compose_rig(&b, &o, files, 24, NULL), MEDIA_DONE);
	was = b.cd.trees[0].extents[b.cd.trees[0].v[2].extents].sector;
	is = cd_find(&b.again.trees[0], "/docs");
	is = b.again.trees[0].extents[b.again.trees[0].v[is].extents].sector;
	CU_ASSERT_TRUE(is > was && is >= b.base.n / 2048);
	text_is(&b, "/docs/new-00", "n");
	text_is(&b, "/docs/new-23", "n");
	others_stay(&b, "");
	all_agrees(&b);
	done(&b);
}

static void
a_full_root_moves_and_all_in_it_know(void)
{
	struct compose_file files[30];
	char names[30][24];
	struct both b;

	for (size_t i = 0; i < 30; i++) {
		(void)str_format(names[i], 24, "/a-name-%02zu", i);
		files[i] = (struct compose_file){ names[i], "r", 1, 0 };
	}
	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 30, NULL), MEDIA_DONE);
	CU_ASSERT_TRUE(b.again.trees[0].extents[0].sector >= b.base.n / 2048);
	text_is(&b, "/a-name-00", "r");
	text_is(&b, "/a-name-29", "r");
	others_stay(&b, "");
	all_agrees(&b);
	done(&b);
}

/* Names that differ only in what identifiers cannot hold. */
static void
identifiers_are_unique_where_names_are_alike(void)
{
	static const struct compose_file files[] = {
		{ "/a b.txt", "1", 1, 0 },
		{ "/a+b.txt", "2", 1, 0 },
		{ "/A=B.TXT", "3", 1, 0 },
	};
	struct both b;
	const uint8_t *root;
	size_t ids = 0;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 3, NULL), MEDIA_DONE);
	text_is(&b, "/a b.txt", "1");
	text_is(&b, "/a+b.txt", "2");
	text_is(&b, "/A=B.TXT", "3");
	root = b.made.p + b.base.root;
	for (const uint8_t *at = root; at[0] != 0; at += at[0]) {
		for (const uint8_t *o = root; o < at; o += o[0])
			if (o[32] > 1 && o[25] != 0x80) /* of big.dat */
				CU_ASSERT_FALSE(
				    o[32] == at[32] &&
				    memcmp(o + 33, at + 33, o[32]) == 0);
		ids += at[32] > 4 && memcmp(at + 33, "A_B", 3) == 0;
	}
	CU_ASSERT_EQUAL(ids, 3);
	done(&b);
}

/* PL of a relocated folder names the folder where it is seen. */
static void
links_of_relocated_folders_follow(void)
{
	struct compose_file files[40];
	char names[40][40];
	struct both b;
	const struct cd_tree *t;
	const uint8_t *dotdot, *pl;
	uint32_t deep, docs;

	for (size_t i = 0; i < 40; i++) {
		(void)str_format(
		    names[i], 40, "/docs/%sx%02zu", i < 20 ? "deep/" : "", i);
		files[i] = (struct compose_file){ names[i], "n", 1, 0 };
	}
	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 40, NULL), MEDIA_DONE);
	t = &b.again.trees[0];
	deep = cd_find(t, "/docs/deep");
	docs = cd_find(t, "/docs");
	CU_ASSERT_TRUE_FATAL(deep != CD_NONE && docs != CD_NONE);
	CU_ASSERT_TRUE(
	    t->extents[t->v[deep].extents].sector >= b.base.n / 2048);
	dotdot =
	    b.made.p + (size_t)t->extents[t->v[deep].extents].sector * 2048;
	dotdot += dotdot[0];
	pl = memmem(dotdot, dotdot[0], "PL\x0c\x01", 4);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pl);
	CU_ASSERT_EQUAL(cd_le32(pl + 4), t->extents[t->v[docs].extents].sector);
	text_is(&b, "/docs/deep/x00", "n");
	all_agrees(&b);
	done(&b);
}

static void
names_too_long_for_a_record_go_on_elsewhere(void)
{
	char path[256] = "/docs/";
	struct compose_file file = { path, "long", 4, 0 };
	struct cd_rig_opts o = { .rock = true };
	struct both b;

	memset(path + 6, 'n', 240);
	path[246] = '\0';
	CU_ASSERT_EQUAL(compose_rig(&b, &o, &file, 1, NULL), MEDIA_DONE);
	text_is(&b, path, "long");
	done(&b);
	/* and 255 in two entries */
	path[6 + 249] = '\0';
	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "Joliet"));
	done(&b);
}

static void
replaced_files_are_new_in_every_tree(void)
{
	static const struct compose_file files[] = {
		{ "/docs/a.txt", "new text", 8, 0 },
		{ "/big.dat", "small", 5, 0 },
	};
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, files, 2, NULL), MEDIA_DONE);
	text_is(&b, "/docs/a.txt", "new text");
	CU_ASSERT_EQUAL(
	    b.again.trees[0].v[cd_find(&b.again.trees[0], "/big.dat")].size, 5);
	CU_ASSERT_EQUAL(b.again.trees[0].n, b.cd.trees[0].n);
	others_stay(&b, "/docs/a.txt /big.dat");
	all_agrees(&b);
	done(&b);
}

static void
identifiers_alone_hold_the_names_of_clouds(void)
{
	static const struct compose_file files[] = {
		{ "/user-data", "u", 1, 0 },
		{ "/docs/A.TXT", "new", 3, 0 },
	};
	struct cd_rig_opts o = { .files = 2 };
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &o, files, 2, NULL), MEDIA_DONE);
	text_is(&b, "/user-data", "u");
	text_is(&b, "/docs/a.txt", "new");
	all_agrees(&b);
	done(&b);
}

static void
same_inputs_give_same_bytes_and_ranges(void)
{
	static const struct compose_file files[] = {
		{ "/new/user-data", "same", 4, 0 },
	};
	struct both a, b;
	uint64_t at;

	CU_ASSERT_EQUAL(
	    compose_rig(&a, &full, files, 1, "ds=nocloud"), MEDIA_DONE);
	CU_ASSERT_EQUAL(
	    compose_rig(&b, &full, files, 1, "ds=nocloud"), MEDIA_DONE);
	CU_ASSERT_EQUAL_FATAL(a.made.n, b.made.n);
	CU_ASSERT_EQUAL(memcmp(a.made.p, b.made.p, a.made.n), 0);
	for (uint64_t from = 0; from < a.made.n; from += 3001) {
		struct composed_piece v;
		uint64_t end = from + 7000;

		at = from;
		while (composed_next(&a.out, &at, end, &v)) {
			const uint8_t *p = v.kind == COMPOSED_MEMORY ? v.p
					   : v.kind == COMPOSED_BASE
					       ? a.base.p + v.from
					       : NULL;

			CU_ASSERT_TRUE(v.n > 0 && v.at + v.n == at);
			if (p != NULL)
				CU_ASSERT_EQUAL(
				    memcmp(p, a.made.p + v.at, (size_t)v.n), 0);
		}
		CU_ASSERT_EQUAL(at, end < a.made.n ? end : a.made.n);
	}
	at = a.made.n;
	CU_ASSERT_FALSE(composed_next(
	    &a.out, &at, UINT64_MAX, &(struct composed_piece){ 0 }));
	done(&a);
	done(&b);
}

static uint32_t
crc32(const uint8_t *p, size_t n, size_t zero)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		c ^= i >= zero && i < zero + 4 ? 0 : p[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

static void
gpt_is_whole(const uint8_t *image, size_t lba, size_t other)
{
	const uint8_t *h = image + lba * 512;
	const uint8_t *v = image + (size_t)cd_le32(h + 72) * 512;

	CU_ASSERT_EQUAL(memcmp(h, "EFI PART", 8), 0);
	CU_ASSERT_EQUAL(crc32(h, 92, 16), cd_le32(h + 16));
	CU_ASSERT_EQUAL(crc32(v, 1024, 2000), cd_le32(h + 88));
	CU_ASSERT_EQUAL(cd_le32(h + 24), lba);
	CU_ASSERT_EQUAL(cd_le32(h + 32), other);
}

static void
the_gpt_ends_the_image_and_its_partition_grew(void)
{
	static const struct compose_file file = { "/x", "x", 1, 0 };
	struct both b;
	size_t blocks;
	const uint8_t *mbr, *v;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, &file, 1, NULL), MEDIA_DONE);
	blocks = b.made.n / 512;
	gpt_is_whole(b.made.p, 1, blocks - 1);
	gpt_is_whole(b.made.p, blocks - 1, 1);
	mbr = b.made.p + 446;
	CU_ASSERT_EQUAL(cd_le32(mbr + 8) + cd_le32(mbr + 12), blocks);
	v = b.made.p + 1024;
	CU_ASSERT_TRUE(cd_le32(v + 40) * 512ull + 512 >
		       b.base.n); /* what is added lies in it */
	CU_ASSERT_TRUE(cd_le32(v + 40) <= cd_le32(b.made.p + 512 + 48));
	CU_ASSERT_EQUAL(cd_le32(v + 128 + 40), 60 * 4 + 127);
	done(&b);
}

static void
trailing_bytes_of_the_base_stay_before_what_is_added(void)
{
	static const struct compose_file file = { "/x", "x", 1, 0 };
	struct cd_rig_opts o = { .joliet = true, .rock = true, .padding = 777 };
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &o, &file, 1, NULL), MEDIA_DONE);
	text_is(&b, "/x", "x");
	CU_ASSERT_EQUAL(b.made.n % 2048, 0);
	CU_ASSERT_EQUAL(
	    memcmp(b.made.p + b.base.n - 777, b.base.p + b.base.n - 777, 777),
	    0);
	all_agrees(&b);
	done(&b);
}

static void
what_cannot_be_is_refused_by_name(void)
{
	static const struct {
		struct compose_file file;
		const char *says;
	} bad[] = {
		{ { "/docs", "x", 1, 0 }, "docs: is a folder of the image" },
		{ { "/docs/a.txt/x", "x", 1, 0 }, "what is no folder" },
		{ { "/boot/boot.img", "x", 1, 0 }, "is a boot image" },
		{ { "/a//b", "x", 1, 0 }, "no name" },
		{ { "/../b", "x", 1, 0 }, "no name" },
		{ { "/", "x", 1, 0 }, "no name" },
		{ { "/a\nb", "x", 1, 0 }, "not printable" },
		{ { "/a\xff", "x", 1, 0 }, "not printable" },
		{ { "/a:b", "x", 1, 0 }, "Joliet tree" },
		{ { "/x", "x", 1, 9 }, "no boot image 9" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct both b;
		enum media_step step =
		    compose_rig(&b, &full, &bad[i].file, 1, NULL);

		CU_ASSERT_EQUAL(step, MEDIA_BAD);
		CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, bad[i].says));
		if (strstr(b.e.msg, bad[i].says) == NULL)
			printf("    %s\n", b.e.msg);
		done(&b);
	}
}

static void
one_name_twice_is_refused(void)
{
	static const struct compose_file twice[] = { { "/x", "1", 1, 0 },
		{ "x", "2", 1, 0 } };
	static const struct compose_file through[] = { { "/x", "1", 1, 0 },
		{ "/x/y", "2", 1, 0 } };
	struct both b;

	CU_ASSERT_EQUAL(compose_rig(&b, &full, twice, 2, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "twice"));
	done(&b);
	CU_ASSERT_EQUAL(compose_rig(&b, &full, through, 2, NULL), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.e.msg, "to be added"));
	done(&b);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(nothing_to_do_is_the_base),
		UNIT_CASE(added_files_are_in_every_tree),
		UNIT_CASE(new_folders_are_in_path_tables),
		UNIT_CASE(a_full_folder_moves_and_its_children_know),
		UNIT_CASE(a_full_root_moves_and_all_in_it_know),
		UNIT_CASE(identifiers_are_unique_where_names_are_alike),
		UNIT_CASE(links_of_relocated_folders_follow),
		UNIT_CASE(names_too_long_for_a_record_go_on_elsewhere),
		UNIT_CASE(replaced_files_are_new_in_every_tree),
		UNIT_CASE(identifiers_alone_hold_the_names_of_clouds),
		UNIT_CASE(same_inputs_give_same_bytes_and_ranges),
		UNIT_CASE(the_gpt_ends_the_image_and_its_partition_grew),
		UNIT_CASE(trailing_bytes_of_the_base_stay_before_what_is_added),
		UNIT_CASE(what_cannot_be_is_refused_by_name),
		UNIT_CASE(one_name_twice_is_refused),
	};

	return UNIT_RUN("compose", cases);
}
