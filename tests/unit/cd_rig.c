/* See cd_rig.h. Sectors, in order: 16-19 descriptors, 20-23 path tables,
 * 24 the root, 25 /docs, 26 /boot, 27 /rr_moved, 28 the relocated folder,
 * 30 the Joliet root, 31 its /docs, 32 its /boot, 33 the catalog, 34 Rock Ridge's
 * area, 36 files, 60 the FAT image, then small files. */
#include "tests/unit/cd_rig.h"

#include <stdio.h>
#include <string.h>

#include "agent/media/cd_int.h"
#include "common/mem.h"
#include "common/str.h"

#define AT(sector) ((size_t)(sector)*2048)
#define FAT_SECTOR 60u
#define FAT_N (64u * 1024)
#define SMALL (FAT_SECTOR + FAT_N / 2048)

struct out {
	struct cd_rig *r;
	const struct cd_rig_opts *o;
	uint8_t *to; /* next record */
	bool joliet;
};

struct row {
	const char *id, *name; /* identifier, Rock Ridge name */
	uint32_t sector, n;
	uint8_t flags;
	const char *rr; /* "CL" or "RE", with `link` */
	uint32_t link;
};

static uint8_t *
rock(uint8_t *to, const struct row *w, bool dot)
{
	static const uint8_t sp[] = { 'S', 'P', 7, 1, 0xbe, 0xef, 0 };
	static const uint8_t ce[] = { 'C', 'E', 28, 1 };

	if (dot) {
		memcpy(to, sp, 7);
		memcpy(to + 7, ce, 4);
		cd_put_both32(to + 11, 34);
		cd_put_both32(to + 19, 0);
		cd_put_both32(to + 27, 28);
		to += 35;
	}
	memcpy(to, "PX\x24\1", 4);
	cd_put_both32(to + 4, w->flags & 2 ? 040755 : 0100644);
	cd_put_both32(to + 12, w->flags & 2 ? 3 : 1);
	memset(to + 20, 0, 16);
	to += 36;
	if (w->rr != NULL) {
		size_t n = strcmp(w->rr, "RE") == 0 ? 4 : 12;

		memcpy(to, w->rr, 2);
		to[2] = (uint8_t)n;
		to[3] = 1;
		if (n > 4)
			cd_put_both32(to + 4, w->link);
		to += n;
	}
	if (w->name != NULL) {
		size_t n = strlen(w->name);

		memcpy(to, "NM", 2);
		to[2] = (uint8_t)(5 + n);
		to[3] = 1;
		to[4] = 0;
		memcpy(to + 5, w->name, n);
		to += 5 + n;
	}
	return to;
}

static void
put(struct out *o, const struct row *w, bool root_dot)
{
	uint8_t *rec = o->to, *to;
	size_t n = w->id[0] <= 1 ? 1 : strlen(w->id);
	size_t left = 2048 - (size_t)(rec - o->r->p) % 2048;

	if (left < 160)
		rec += left;
	cd_put_both32(rec + 2, w->sector);
	cd_put_both32(rec + 10, w->n);
	memcpy(rec + 18, "\x7e\x0b\x16\x0c\x00\x00\x00", 7);
	rec[25] = w->flags;
	rec[28] = rec[31] = 1;
	if (o->joliet && w->id[0] > 1) {
		for (size_t i = 0; i < n; i++)
			rec[33 + 2 * i + 1] = (uint8_t)w->id[i];
		n *= 2;
	} else {
		memcpy(rec + 33, w->id, n);
	}
	rec[32] = (uint8_t)n;
	to = rec + 33 + n + (33 + n) % 2;
	if (o->o->rock && !o->joliet)
		to = rock(to, w, root_dot);
	rec[0] = (uint8_t)((to - rec) + (to - rec) % 2);
	o->to = rec + rec[0];
}

static void
dots(struct out *o, uint32_t self, uint32_t n, uint32_t up, uint32_t up_n,
    uint32_t pl)
{
	struct row dot = { "\0", NULL, self, n, 2, NULL, 0 };
	struct row dotdot = { "\1", NULL, up, up_n, 2, pl != 0 ? "PL" : NULL,
		pl };

	o->to = o->r->p + AT(self);
	put(o, &dot, o->o->rock && !o->joliet && self == 24);
	put(o, &dotdot, false);
}

static uint8_t *
table_row(uint8_t *to, const char *id, bool wide, uint32_t sector, uint16_t up,
    bool big)
{
	size_t n = id[0] == 0 ? 1 : strlen(id);

	if (big)
		cd_put_be32(to + 2, sector);
	else
		cd_put_le32(to + 2, sector);
	to[big ? 7 : 6] = (uint8_t)up;
	if (wide && id[0] != 0) {
		for (size_t i = 0; i < n; i++)
			to[8 + 2 * i + 1] = (uint8_t)id[i];
		n *= 2;
	} else {
		memcpy(to + 8, id, n);
	}
	to[0] = (uint8_t)n;
	return to + 8 + n + n % 2;
}

static uint32_t
tables(struct cd_rig *r, const struct cd_rig_opts *o, uint32_t at, bool wide)
{
	uint8_t *start = r->p + AT(at), *to = start;

	for (int big = 0; big < 2; big++) {
		to = start = r->p + AT(at + (unsigned)big);
		to = table_row(to, "", wide, wide ? 30 : 24, 1, big);
		to = table_row(
		    to, wide ? "boot" : "BOOT", wide, wide ? 32 : 26, 1, big);
		to = table_row(
		    to, wide ? "docs" : "DOCS", wide, wide ? 31 : 25, 1, big);
		if (o->moved && !wide) {
			to = table_row(to, "RR_MOVED", false, 27, 1, big);
			to = table_row(to, "DEEP", false, 28, 4, big);
		}
	}
	return (uint32_t)(to - start);
}

static void
descriptor(struct cd_rig *r, uint32_t at, uint8_t type, uint32_t root,
    uint32_t table, uint32_t table_n)
{
	uint8_t *d = r->p + AT(at);

	d[0] = type;
	memcpy(d + 1, "CD001\1", 6);
	memset(d + 40, ' ', 32);
	memcpy(d + 40, type == 1 ? "RIG" : "\0R\0I\0G", type == 1 ? 3 : 6);
	if (type == 2)
		memcpy(d + 88, "%/E", 3);
	cd_put_both32(d + 80, (uint32_t)(r->n / 2048));
	d[128] = d[131] = 0;
	d[129] = 8;
	d[130] = 8;
	cd_put_both32(d + 132, table_n);
	cd_put_le32(d + 140, table);
	cd_put_be32(d + 148, table + 1);
	d[156] = 34;
	cd_put_both32(d + 158, root);
	cd_put_both32(d + 166, 2048);
	d[156 + 25] = 2;
	d[156 + 32] = 1;
	d[881] = 1;
}

static void
torito(struct cd_rig *r)
{
	uint8_t *d = r->p + AT(18), *c = r->p + AT(33);
	uint16_t sum = 0;

	memcpy(d, "\0CD001\1EL TORITO SPECIFICATION", 30);
	cd_put_le32(d + 71, 33);
	c[0] = 1;
	c[30] = 0x55;
	c[31] = 0xaa;
	for (size_t i = 0; i < 32; i += 2)
		sum = (uint16_t)(sum + cd_le16(c + i));
	sum = (uint16_t)-sum;
	c[28] = (uint8_t)sum;
	c[29] = (uint8_t)(sum >> 8);
	c[32] = 0x88;
	c[38] = 4;
	cd_put_le32(c + 40, 36); /* boot.img */
	c[64] = 0x91;
	c[65] = 0xef;
	c[66] = 1;
	c[96] = 0x88;
	cd_put_le32(c + 104, FAT_SECTOR);
}

/* FAT12: 128 sectors, one each a cluster, one table of one, a root of one. */
static void
fat(struct cd_rig *r)
{
	uint8_t *b = r->p + AT(FAT_SECTOR), *t = b + 512, *d = b + 1024;
	const char *text = "menuentry x {\n linux /vmlinuz quiet ---\n}\n";

	r->fat = AT(FAT_SECTOR);
	memcpy(b, "\xeb\x3c\x90mkfs.fat", 11);
	b[12] = 2; /* 512 */
	b[13] = 1;
	b[14] = 1;
	b[16] = 1;
	b[17] = 16;
	b[19] = 128;
	b[22] = 1;
	b[510] = 0x55;
	b[511] = 0xaa;
	memcpy(t, "\xf8\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	/* 2: /EFI, 3: /EFI/BOOT, 4: grub.cfg, 5: a file */
	memcpy(d, "EFI        \x10", 12);
	d[26] = 2;
	memcpy(d + 32, "OTHER   TXT\x20", 12);
	d[32 + 26] = 5;
	d[32 + 28] = 5;
	memcpy(b + 1536, "BOOT       \x10", 12);
	b[1536 + 26] = 3;
	memcpy(b + 2048, "GRUB    CFG\x20", 12);
	b[2048 + 26] = 4;
	b[2048 + 28] = (uint8_t)strlen(text);
	memcpy(b + 2560, text, strlen(text));
	memcpy(b + 3072, "other", 5);
}

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffff;

	while (n-- > 0) {
		c ^= *p++;
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

static void
header(uint8_t *h, uint32_t mine, uint32_t other, uint32_t entries,
    const uint8_t *v)
{
	memcpy(h, "EFI PART\0\0\1\0", 12);
	cd_put_le32(h + 12, 92);
	cd_put_le32(h + 24, mine);
	cd_put_le32(h + 32, other);
	cd_put_le32(h + 40, 6);
	cd_put_le32(h + 48, (mine > other ? mine : other) - 6);
	cd_put_le32(h + 72, entries);
	cd_put_le32(h + 80, 8);
	cd_put_le32(h + 84, 128);
	cd_put_le32(h + 88, crc32(v, 1024));
	cd_put_le32(h + 16, crc32(h, 92));
}

static void
disk(struct cd_rig *r)
{
	uint32_t blocks = (uint32_t)(r->n / 512);
	uint8_t *v = r->p + 1024;

	r->p[510] = 0x55;
	r->p[511] = 0xaa;
	r->p[446 + 4] = 0xee;
	cd_put_le32(r->p + 446 + 8, 1);
	cd_put_le32(r->p + 446 + 12, blocks - 1);
	memset(v, 7, 16);
	v[32] = 64 - 64; /* starts at 0: it holds the volume */
	cd_put_le32(v + 40, blocks - 8);
	memset(v + 128, 9, 16);
	cd_put_le32(v + 128 + 32, FAT_SECTOR * 4);
	cd_put_le32(v + 128 + 40, FAT_SECTOR * 4 + 127);
	header(r->p + 512, 1, blocks - 1, 2, v);
	r->gpt_backup = r->n - 1536;
	memcpy(r->p + r->gpt_backup, v, 1024);
	header(r->p + r->n - 512, blocks - 1, 1, blocks - 3, v);
}

static void
file(struct cd_rig *r, uint32_t sector, const char *text)
{
	memcpy(r->p + AT(sector), text, strlen(text));
}

static const char grub_cfg[] = "set default=0\nmenuentry 'a' {\n"
			       "\tlinux /vmlinuz quiet\n}\n";
static const char isolinux_cfg[] = "default a\nlabel a\n  kernel /vmlinuz\n"
				   "  append initrd=/i quiet --- splash\n";

static void
small_files(struct out *o)
{
	for (size_t i = 0; i < o->o->files; i++) {
		char id[32], name[32];
		struct row w = { id, name, SMALL + (uint32_t)i, 1, 0, NULL, 0 };

		(void)snprintf(
		    id, sizeof(id), o->joliet ? "s%03zu" : "S%03zu.;1", i);
		(void)snprintf(name, sizeof(name), "s%03zu", i);
		put(o, &w, false);
		o->r->p[AT(w.sector)] = (uint8_t)('a' + i % 26);
	}
}

static void
iso_tree(struct cd_rig *r, const struct cd_rig_opts *opts)
{
	struct out o = { r, opts, NULL, false };
	uint32_t n = 2048 * 4;
	struct row rows[] = {
		{ "BOOT", "boot", 26, 2048, 2, NULL, 0 },
		{ "DOCS", "docs", 25, 2048, 2, NULL, 0 },
		{ "RR_MOVED", "rr_moved", 27, 2048, 2, "RE", 0 },
		{ "BOOT.IMG;1", "boot.img", 36, 2048, 0, NULL, 0 },
		{ "EFI.IMG;1", "efi.img", FAT_SECTOR, FAT_N, 0, NULL, 0 },
		{ "GRUB.CFG;1", "grub.cfg", 38, sizeof(grub_cfg) - 1, 0, NULL,
		    0 },
		{ "BIG.DAT;1", "big.dat", 40, 4096, 0x80, NULL, 0 },
		{ "BIG.DAT;1", "big.dat", 44, 100, 0, NULL, 0 },
		{ "ISOLINUX.CFG;1", "isolinux.cfg", 39,
		    sizeof(isolinux_cfg) - 1, 0, NULL, 0 },
		{ "A.TXT;1", "a.txt", 37, 5, 0, NULL, 0 },
		{ "DEEP.;1", "deep", 0, 0, 0, "CL", 28 },
		{ "DEEP", "deep", 28, 2048, 2, "RE", 0 },
		{ "D.TXT;1", "d.txt", 46, 4, 0, NULL, 0 },
	};

	(void)n;
	dots(&o, 24, 2048, 24, 2048, 0);
	put(&o, &rows[6], false);
	put(&o, &rows[7], false);
	put(&o, &rows[0], false);
	put(&o, &rows[1], false);
	if (opts->moved)
		put(&o, &rows[2], false);
	dots(&o, 26, 2048, 24, 2048, 0);
	put(&o, &rows[3], false);
	put(&o, &rows[4], false);
	put(&o, &rows[5], false);
	put(&o, &rows[8], false);
	dots(&o, 25, 2048, 24, 2048, 0);
	r->docs_txt = (size_t)(o.to - r->p);
	put(&o, &rows[9], false);
	if (opts->moved)
		put(&o, &rows[10], false);
	small_files(&o);
	if (!opts->moved)
		return;
	dots(&o, 27, 2048, 24, 2048, 0);
	put(&o, &rows[11], false);
	dots(&o, 28, 2048, 27, 2048, 25);
	put(&o, &rows[12], false);
}

static void
joliet_tree(struct cd_rig *r, const struct cd_rig_opts *opts)
{
	struct out o = { r, opts, NULL, true };
	struct row rows[] = {
		{ "boot", NULL, 32, 2048, 2, NULL, 0 },
		{ "docs", NULL, 31, 2048, 2, NULL, 0 },
		{ "boot.img", NULL, 36, 2048, 0, NULL, 0 },
		{ "efi.img", NULL, FAT_SECTOR, FAT_N, 0, NULL, 0 },
		{ "grub.cfg", NULL, 38, sizeof(grub_cfg) - 1, 0, NULL, 0 },
		{ "isolinux.cfg", NULL, 39, sizeof(isolinux_cfg) - 1, 0, NULL,
		    0 },
		{ "a.txt", NULL, 37, 5, 0, NULL, 0 },
	};

	dots(&o, 30, 2048, 30, 2048, 0);
	put(&o, &rows[0], false);
	put(&o, &rows[1], false);
	dots(&o, 32, 2048, 30, 2048, 0);
	for (size_t i = 2; i < 6; i++)
		put(&o, &rows[i], false);
	dots(&o, 31, 2048, 30, 2048, 0);
	put(&o, &rows[6], false);
	small_files(&o);
}

void
cd_rig_make(struct cd_rig *r, const struct cd_rig_opts *o)
{
	uint32_t sectors = SMALL + (uint32_t)o->files + 2, n;

	memset(r, 0, sizeof(*r));
	r->n = AT(sectors);
	r->p = xcalloc(1, r->n + o->padding);
	r->root = AT(24);
	r->docs = AT(25);
	r->boot_dir = AT(26);
	r->joliet_root = AT(30);
	r->l_table = AT(20);
	n = tables(r, o, 20, false);
	descriptor(r, 16, 1, 24, 20, n);
	n = tables(r, o, 22, true);
	if (o->joliet)
		descriptor(r, 17, 2, 30, 22, n);
	else
		memcpy(r->p + AT(17), "\3CD001\1", 7);
	torito(r);
	memcpy(r->p + AT(19), "\377CD001\1", 7);
	memcpy(r->p + AT(34), "ER\x12\1\x0a\0\0\1RRIP_1991A", 18);
	iso_tree(r, o);
	joliet_tree(r, o);
	fat(r);
	file(r, 36, "boot image");
	file(r, 37, "aaaaa");
	file(r, 38, grub_cfg);
	file(r, 39, isolinux_cfg);
	memset(r->p + AT(40), 'b', 4096);
	memset(r->p + AT(44), 'c', 100);
	file(r, 46, "deep");
	if (o->disk)
		disk(r);
	r->n += o->padding;
}

/* Where a record says that its folder is, both ways round. */
static void
move_to(uint8_t *sector, uint32_t number)
{
	sector[0] = sector[7] = (uint8_t)number;
	sector[1] = sector[6] = (uint8_t)(number >> 8);
}

void
cd_rig_far(struct cd_rig *r, uint32_t far)
{
	struct cd_rig_opts o = { .joliet = true, .rock = true, .moved = true };
	uint32_t root_at = far + 9;
	uint8_t *root;

	o.padding = 0;
	cd_rig_make(r, &o);
	r->p = xrealloc(r->p, AT(far) + (1u << 20));
	memset(r->p + r->n, 0, AT(far) + (1u << 20) - r->n);
	r->n = AT(far) + (1u << 20);
	root = r->p + AT(root_at);
	memcpy(root, r->p + r->joliet_root, MEDIA_SECTOR);
	memset(r->p + r->joliet_root, 0, MEDIA_SECTOR);
	move_to(r->p + AT(17) + 158, root_at); /* told by the volume */
	move_to(root + 2, root_at);            /* and by itself */
	memcpy(r->p + AT(far), r->p + AT(31), MEDIA_SECTOR);
	move_to(r->p + AT(far) + 2, far);
	root += root[0];
	root += root[0];
	root += root[0]; /* `.`, `..`, boot: then docs */
	move_to(root + 2, far);
}

void
cd_rig_free(struct cd_rig *r)
{
	xfree(r->p);
	memset(r, 0, sizeof(*r));
}

static void
feed(const struct cd_rig *r, struct sparse *s)
{
	const struct sparse_range *v;
	size_t n = sparse_wants(s, &v);
	struct sparse_range copy[64];

	if (n > 64)
		n = 64; /* the rest is wanted again */
	memcpy(copy, v, n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		sparse_put(s, copy[i].at, r->p + copy[i].at, (size_t)copy[i].n);
}

enum media_step
cd_rig_parse(
    const struct cd_rig *r, struct cd *cd, struct sparse *s, struct err *e)
{
	enum media_step step;

	sparse_init(s, r->n);
	while ((step = cd_parse(cd, s, e)) == MEDIA_WANTS)
		feed(r, s);
	return step;
}

enum media_step
cd_rig_compose(const struct cd_rig *r, const struct cd *cd, struct sparse *s,
    const struct compose_opts *o, struct composed *out, struct err *e)
{
	enum media_step step;

	while ((step = compose(out, cd, s, o, NULL, e)) == MEDIA_WANTS)
		feed(r, s);
	return step;
}

uint8_t *
cd_rig_bytes(const struct cd_rig *r, const struct composed *c)
{
	uint8_t *p = xcalloc(1, (size_t)c->size + 1);
	struct composed_piece v;
	uint64_t at = 0;

	while (composed_next(c, &at, c->size, &v)) {
		if (v.kind == COMPOSED_BASE)
			memcpy(p + v.at, r->p + v.from, (size_t)v.n);
		else if (v.kind == COMPOSED_MEMORY)
			memcpy(p + v.at, v.p, (size_t)v.n);
	}
	return p;
}

void
cd_rig_again(
    struct cd_rig *out, const struct cd_rig *r, const struct composed *c)
{
	memset(out, 0, sizeof(*out));
	out->p = cd_rig_bytes(r, c);
	out->n = (size_t)c->size;
}

const char *
cd_rig_text(const struct cd_rig *r, const struct cd *cd, size_t tree,
    const char *path, char out[4096])
{
	const struct cd_tree *t = &cd->trees[tree];
	uint32_t node = tree < cd->n_trees ? cd_find(t, path) : CD_NONE;
	size_t n;

	out[0] = '\0';
	if (node == CD_NONE || t->v[node].size > 4095)
		return out;
	n = (size_t)t->v[node].size;
	if (n > 0)
		memcpy(
		    out, r->p + AT(t->extents[t->v[node].extents].sector), n);
	out[n] = '\0';
	return out;
}
