/*
 * Descriptors, folders and path tables of a tree: ECMA-119 8.4, 9.1 and 9.4,
 * Rock Ridge by IEEE P1282 (SUSP P1281), Joliet, El Torito 1.0.
 */
#include <string.h>

#include "common/str.h"
#include "sim/origin/tree_impl.h"

#define RECORD 33 /* without the identifier */
#define MODE_DIR 0040555
#define MODE_FILE 0100444

static uint8_t *
tree_at(struct tree *t, uint32_t lba)
{
	return t->head + (size_t)lba * TREE_SECTOR;
}

static void
tree_both16(uint8_t *p, unsigned v)
{
	tree_le16(p, v);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* ---- Rock Ridge -------------------------------------------------------------- */

static size_t
rr_mode(uint8_t *p, const struct tree_node *n)
{
	memcpy(p, "PX\044\001", 4);
	tree_both32(p + 4, n->dir ? MODE_DIR : MODE_FILE);
	tree_both32(p + 12, n->dir ? 2 : 1);
	return 36;
}

static size_t
rr_time(uint8_t *p)
{
	static const uint8_t at[7] = { 126, 1, 1, 0, 0, 0, 0 };

	memcpy(p, "TF\014\001\002", 5); /* modified */
	memcpy(p + 5, at, sizeof(at));
	return 12;
}

static size_t
rr_name(uint8_t *p, const char *name)
{
	size_t n = strlen(name);

	memcpy(p, "NM", 2);
	p[2] = (uint8_t)(5 + n);
	p[3] = 1;
	memcpy(p + 5, name, n);
	return 5 + n;
}

/* SUSP 5.5: that extensions are used, in the continuation area. */
static size_t
rr_continues(uint8_t *p, size_t n)
{
	memcpy(p, "CE\034\001", 4);
	tree_both32(p + 4, TREE_CE);
	tree_both32(p + 12, 0);
	tree_both32(p + 20, (uint32_t)n);
	return 28;
}

static size_t
rr_extension(uint8_t *p)
{
	static const char id[] = "RRIP_1991A";
	static const char what[] = "THE ROCK RIDGE INTERCHANGE PROTOCOL "
				   "PROVIDES SUPPORT FOR POSIX FILE SYSTEM "
				   "SEMANTICS";
	static const char where[] = "IEEE P1282";
	size_t n = 8;

	memcpy(p, "ER", 2);
	p[3] = 1;
	p[4] = sizeof(id) - 1;
	p[5] = sizeof(what) - 1;
	p[6] = sizeof(where) - 1;
	p[7] = 1;
	memcpy(p + n, id, sizeof(id) - 1);
	n += sizeof(id) - 1;
	memcpy(p + n, what, sizeof(what) - 1);
	n += sizeof(what) - 1;
	memcpy(p + n, where, sizeof(where) - 1);
	n += sizeof(where) - 1;
	p[2] = (uint8_t)n;
	return n;
}

/* ---- records ------------------------------------------------------------------ */

static size_t
record_head(uint8_t *p, const struct tree_node *n, bool joliet, size_t id_n)
{
	tree_both32(p + 2, n->dir && joliet ? n->joliet_lba : n->lba);
	tree_both32(p + 10, n->dir ? TREE_SECTOR : n->size);
	p[18] = 126; /* 2026-01-01 00:00:00 UTC */
	p[19] = 1;
	p[20] = 1;
	p[25] = n->dir ? 2 : 0;
	tree_both16(p + 28, 1);
	p[32] = (uint8_t)id_n;
	return RECORD + id_n + (id_n % 2 == 0);
}

static size_t
joliet_name(uint8_t *p, const struct tree_node *n)
{
	size_t len = 0;

	for (const char *s = n->name; *s != '\0'; s++, len += 2)
		p[len + 1] = (uint8_t)*s;
	if (n->dir)
		return len;
	p[len + 1] = ';';
	p[len + 3] = '1';
	return len + 4;
}

/* which: 0 ".", 1 "..", 2 by its name */
static size_t
record(uint8_t *p, const struct tree_node *n, bool joliet, int which)
{
	size_t id_n = 1, len;

	if (which == 1)
		p[RECORD] = 1;
	if (which == 2 && joliet)
		id_n = joliet_name(p + RECORD, n);
	if (which == 2 && !joliet) {
		id_n = strlen(n->id);
		memcpy(p + RECORD, n->id, id_n);
	}
	len = record_head(p, n, joliet, id_n);
	if (!joliet) {
		if (which == 0 && n->parent < 0) {
			memcpy(p + len, "SP\007\001\276\357\000", 7);
			len += 7;
		}
		len += rr_mode(p + len, n);
		len += rr_time(p + len);
		if (which == 2)
			len += rr_name(p + len, n->name);
		if (which == 0 && n->parent < 0) {
			uint8_t er[256] = { 0 };

			len += rr_continues(p + len, rr_extension(er));
		}
		len += len % 2;
	}
	p[0] = (uint8_t)len;
	return len;
}

static void
folder(struct tree *t, int dir, bool joliet)
{
	const struct tree_node *n = &t->node[dir];
	uint32_t lba = joliet ? n->joliet_lba : n->lba;
	uint8_t *p = tree_at(t, lba);
	size_t at = record(p, n, joliet, 0);

	at +=
	    record(p + at, &t->node[n->parent < 0 ? 0 : n->parent], joliet, 1);
	/* the nodes are in the order of their identifiers */
	for (int i = 1; i < t->n; i++) {
		if (t->node[i].parent != dir)
			continue;
		if (i == t->last)
			t->last_at[joliet] =
			    (size_t)lba * TREE_SECTOR + at + 10;
		at += record(p + at, &t->node[i], joliet, 2);
	}
}

/* ---- path tables ---------------------------------------------------------------- */

static size_t
path_row(uint8_t *p, const struct tree *t, int dir, bool joliet, bool big)
{
	const struct tree_node *n = &t->node[dir];
	uint32_t lba = joliet ? n->joliet_lba : n->lba;
	unsigned up = n->parent < 0 ? 1 : t->node[n->parent].number;
	size_t id_n = 1;

	if (n->parent >= 0 && joliet) {
		id_n = joliet_name(p + 8, n);
	} else if (n->parent >= 0) {
		id_n = strlen(n->id);
		memcpy(p + 8, n->id, id_n);
	}
	p[0] = (uint8_t)id_n;
	if (big) {
		uint8_t both[8];

		tree_both32(both, lba);
		memcpy(p + 2, both + 4, 4);
		p[6] = (uint8_t)(up >> 8);
		p[7] = (uint8_t)up;
	} else {
		tree_le32(p + 2, lba);
		tree_le16(p + 6, up);
	}
	return 8 + id_n + id_n % 2;
}

static size_t
path_table(struct tree *t, bool joliet, bool big)
{
	uint8_t *p = tree_at(t, TREE_PATHS + 2u * joliet + big);
	size_t at = 0;

	for (int k = 1; k <= t->n_dirs; k++)
		for (int i = 0; i < t->n; i++)
			if (t->node[i].dir && t->node[i].number == (unsigned)k)
				at += path_row(p + at, t, i, joliet, big);
	return at;
}

/* ---- descriptors ----------------------------------------------------------------- */

static void
text(uint8_t *p, size_t n, const char *s, bool joliet)
{
	size_t len = strlen(s);

	if (!joliet) {
		memset(p, ' ', n);
		memcpy(p, s, len < n ? len : n);
		return;
	}
	for (size_t i = 0; i + 1 < n; i += 2) {
		p[i] = 0;
		p[i + 1] = i / 2 < len ? (uint8_t)s[i / 2] : ' ';
	}
}

static void
volume(struct tree *t, bool joliet)
{
	static const size_t dates[] = { 813, 830, 847, 864 };
	uint8_t *p = tree_at(t, joliet ? TREE_SVD : TREE_PVD), both[8];
	size_t paths = path_table(t, joliet, false);

	(void)path_table(t, joliet, true);
	p[0] = joliet ? 2 : 1;
	memcpy(p + 1, "CD001\001", 6);
	text(p + 8, 32, "LINUX", joliet);
	text(p + 40, 32, t->f->label, joliet);
	if (joliet)
		memcpy(p + 88, "%/E", 3);
	tree_both16(p + 120, 1);
	tree_both16(p + 124, 1);
	tree_both16(p + 128, TREE_SECTOR);
	tree_both32(p + 132, (uint32_t)paths);
	tree_le32(p + 140, TREE_PATHS + 2u * joliet);
	tree_both32(both, TREE_PATHS + 2u * joliet + 1);
	memcpy(p + 148, both + 4, 4);
	(void)record_head(p + 156, &t->node[0], joliet, 1);
	p[156] = RECORD + 1;
	text(p + 190, 623, "", joliet);
	for (size_t i = 0; i < 4; i++)
		memcpy(p + dates[i], "2026010100000000", 17);
	p[881] = 1;
}

static void
boot_entry(uint8_t *p, unsigned sectors, uint32_t lba)
{
	p[0] = 0x88;
	tree_le16(p + 6, sectors);
	tree_le32(p + 8, lba);
}

static void
boot(struct tree *t)
{
	uint8_t *p = tree_at(t, TREE_BOOT_RECORD);
	unsigned sum = 0;

	memcpy(p, "\0CD001\001EL TORITO SPECIFICATION", 30);
	tree_le32(p + 71, TREE_CATALOG);
	memcpy(tree_at(t, TREE_TERMINATOR), "\377CD001\001", 7);
	p = tree_at(t, TREE_CATALOG);
	p[0] = 1;
	memcpy(p + 4, "Beskar7", 7);
	p[30] = 0x55;
	p[31] = 0xaa;
	for (size_t i = 0; i < 32; i += 2)
		sum += (unsigned)(p[i] | p[i + 1] << 8);
	tree_le16(p + 28, 0x10000 - (sum & 0xffff));
	boot_entry(p + 32, 4, t->bios_lba);
	p[64] = 0x91; /* the last section */
	p[65] = 0xef;
	tree_le16(p + 66, 1);
	boot_entry(p + 96, TREE_ESP / 512, t->esp_lba);
}

void
tree_write(struct tree *t)
{
	for (int i = 0; i < t->n; i++)
		if (t->node[i].dir) {
			folder(t, i, false);
			folder(t, i, true);
		}
	(void)rr_extension(tree_at(t, TREE_CE));
	volume(t, false);
	volume(t, true);
	boot(t);
}
