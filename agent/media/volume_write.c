/* Descriptors, path tables, folders and Rock Ridge of a small volume. */
#include <string.h>

#include "agent/media/volume_int.h"
#include "common/mem.h"
#include "common/str.h"

/* RRIP 1.12, 4.3: the names that readers tell Rock Ridge by. */
static const char rr_id[] = "RRIP_1991A";
static const char rr_text[] = "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES "
			      "SUPPORT FOR POSIX FILE SYSTEM SEMANTICS";

#define PX_N 36u
#define NM_N 5u /* and the name */
#define SP_N 7u
#define CE_N 28u
#define ER_N (8u + 10u + 84u)

/* One directory record: of a node by its name, or "." and "..". */
struct rec {
	const struct volume_node *of;
	uint8_t self; /* 0 = ".", 1 = "..", 2 = by its name */
	bool root;    /* "." of the root: says that there is Rock Ridge */
	bool joliet;
};

static size_t
id_len(const struct rec *r)
{
	if (r->self < 2)
		return 1;
	if (!r->joliet)
		return strlen(r->of->id);
	return 2 * strlen(r->of->name); /* without a version, as others do */
}

static size_t
susp_len(const struct rec *r)
{
	size_t n = PX_N;

	if (r->joliet)
		return 0;
	if (r->root)
		n += SP_N + CE_N;
	if (r->self == 2)
		n += NM_N + strlen(r->of->name);
	return n;
}

static size_t
rec_len(const struct rec *r)
{
	size_t n = REC_NAME + id_len(r);

	n += n % 2;
	n += susp_len(r);
	return n + n % 2;
}

static unsigned
links(const struct volume *v, const struct volume_node *x)
{
	unsigned n = 2;

	if (x->file != NULL)
		return 1;
	for (uint32_t i = 1; i < v->n; i++)
		n += v->v[i].file == NULL && v->v + v->v[i].parent == x;
	return n;
}

static uint8_t *
put_px(const struct volume *v, const struct volume_node *x, uint8_t *p)
{
	memcpy(p, "PX", 2);
	p[2] = PX_N;
	p[3] = 1;
	cd_put_both32(p + 4, x->file != NULL ? 0100400 : 0040500);
	cd_put_both32(p + 12, links(v, x));
	return p + PX_N; /* owner and group: 0 */
}

static uint8_t *
put_root(const struct volume *v, uint8_t *p)
{
	static const uint8_t sp[SP_N] = { 'S', 'P', SP_N, 1, 0xbe, 0xef, 0 };

	memcpy(p, sp, sizeof(sp));
	p += SP_N;
	memcpy(p, "CE", 2);
	p[2] = CE_N;
	p[3] = 1;
	cd_put_both32(p + 4, v->area);
	cd_put_both32(p + 12, 0);
	cd_put_both32(p + 20, ER_N);
	return p + CE_N;
}

static void
put_area(uint8_t *p)
{
	memcpy(p, "ER", 2);
	p[2] = ER_N;
	p[3] = 1;
	p[4] = sizeof(rr_id) - 1;
	p[5] = sizeof(rr_text) - 1;
	p[6] = 0; /* no source */
	p[7] = 1;
	memcpy(p + 8, rr_id, sizeof(rr_id) - 1);
	memcpy(p + 8 + sizeof(rr_id) - 1, rr_text, sizeof(rr_text) - 1);
}

static void
put_id(const struct rec *r, uint8_t *p)
{
	const char *name = r->of->name;
	size_t n = strlen(name);

	if (r->self < 2) {
		p[0] = r->self;
	} else if (!r->joliet) {
		memcpy(p, r->of->id, strlen(r->of->id));
	} else {
		for (size_t i = 0; i < n; i++)
			p[2 * i + 1] = (uint8_t)name[i];
	}
}

/* ECMA-119 9.1; without a date, which is all zero. */
static size_t
put_rec(const struct volume *v, const struct rec *r, uint8_t *p)
{
	const struct volume_node *x = r->of;
	size_t n = rec_len(r), id = id_len(r);
	uint8_t *at = p + REC_NAME + id + (REC_NAME + id) % 2;

	p[REC_LEN] = (uint8_t)n;
	cd_put_both32(p + REC_SECTOR, x->sectors[r->joliet]);
	cd_put_both32(p + REC_SIZE,
	    x->file != NULL ? (uint32_t)x->file->n : x->sizes[r->joliet]);
	p[REC_FLAGS] = x->file != NULL ? 0 : RECF_DIR;
	p[REC_VOLUME] = 1;
	p[REC_VOLUME + 3] = 1;
	p[REC_NAME_LEN] = (uint8_t)id;
	put_id(r, p + REC_NAME);
	if (r->joliet)
		return n;
	if (r->root)
		at = put_root(v, at);
	at = put_px(v, x, at);
	if (r->self == 2) {
		size_t name = strlen(x->name);

		memcpy(at, "NM", 2);
		at[2] = (uint8_t)(NM_N + name);
		at[3] = 1;
		memcpy(at + NM_N, x->name, name);
	}
	return n;
}

/* All records of a folder; p NULL: how many bytes they take. No record lies
 * across sectors (ECMA-119 6.8.1.1). */
static uint32_t
put_dir(const struct volume *v, bool joliet, uint32_t dir, uint8_t *p)
{
	uint32_t kids[VOLUME_NODES];
	size_t n = volume_kids(v, joliet, dir, kids), at = 0;

	for (size_t i = 0; i < n + 2; i++) {
		const struct volume_node *d = &v->v[dir];
		struct rec r = { i == 0   ? d
				 : i == 1 ? &v->v[d->parent]
					  : &v->v[kids[i - 2]],
			i < 2 ? (uint8_t)i : 2, i == 0 && dir == 0, joliet };
		size_t len = rec_len(&r);

		if (at % MEDIA_SECTOR + len > MEDIA_SECTOR)
			at += MEDIA_SECTOR - at % MEDIA_SECTOR;
		if (p != NULL)
			(void)put_rec(v, &r, p + at);
		at += len;
	}
	return cd_sectors(at) * MEDIA_SECTOR;
}

uint32_t
volume_dir_size(const struct volume *v, bool joliet, uint32_t dir)
{
	return put_dir(v, joliet, dir, NULL);
}

/* ECMA-119 9.4. */
static void
put_row(const struct rec *r, uint16_t parent, bool big, uint8_t *p)
{
	uint32_t sector = r->of->sectors[r->joliet];

	p[0] = (uint8_t)id_len(r);
	if (big)
		cd_put_be32(p + 2, sector);
	else
		cd_put_le32(p + 2, sector);
	p[6] = (uint8_t)(big ? parent >> 8 : parent);
	p[7] = (uint8_t)(big ? parent : parent >> 8);
	put_id(r, p + 8);
}

/* p NULL: how many bytes it takes. */
static uint32_t
put_table(const struct volume *v, bool joliet, bool big, uint8_t *p)
{
	uint32_t dirs[VOLUME_NODES], at = 0;
	size_t n = volume_dirs(v, joliet, dirs);

	for (size_t i = 0; i < n; i++) {
		const struct volume_node *d = &v->v[dirs[i]];
		struct rec r = { d, dirs[i] == 0 ? 0 : 2, false, joliet };
		uint32_t len = (uint32_t)id_len(&r);
		uint16_t parent = 1;

		for (size_t k = 0; k < i; k++)
			if (dirs[k] == d->parent)
				parent = (uint16_t)(k + 1);
		if (p != NULL)
			put_row(&r, parent, big, p + at);
		at += 8 + len + len % 2;
	}
	return at;
}

bool
volume_tables_fit(const struct volume *v)
{
	return put_table(v, true, false, NULL) <= MEDIA_SECTOR;
}

static void
put_text(uint8_t *p, size_t n, const char *s, bool joliet)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = joliet ? i / 2 : i;
		char c = k < strlen(s) ? s[k] : ' ';

		p[i] = joliet && i % 2 == 0 ? 0 : (uint8_t)c;
	}
}

static void
put_descriptor(const struct volume *v, bool joliet, uint8_t *p)
{
	static const uint8_t undated[17] = "0000000000000000";
	struct rec root = { &v->v[0], 0, false, true };
	uint8_t rec[64] = { 0 };

	p[0] = joliet ? 2 : 1;
	memcpy(p + 1, "CD001", 5);
	p[6] = 1;
	put_text(p + 8, 32, "", joliet);
	put_text(p + VOL_NAME, 32, v->label, joliet);
	cd_put_both32(p + VOL_BLOCKS, v->all);
	if (joliet)
		memcpy(p + VOL_ESCAPES, "%/E", 3);
	for (size_t i = 120; i < 128; i += 4) /* set of one volume, its first */
		p[i] = p[i + 3] = 1;
	p[VOL_BLOCK_SIZE + 1] = p[VOL_BLOCK_SIZE + 2] = MEDIA_SECTOR >> 8;
	cd_put_both32(p + VOL_TABLE_SIZE, put_table(v, joliet, false, NULL));
	cd_put_le32(p + VOL_TABLES, v->tables[joliet]);
	cd_put_be32(p + VOL_TABLES + 8, v->tables[joliet] + 1);
	/* Without Rock Ridge: 34 bytes are all there is room for. */
	(void)put_rec(v, &root, rec);
	cd_put_both32(rec + REC_SECTOR, v->v[0].sectors[joliet]);
	cd_put_both32(rec + REC_SIZE, v->v[0].sizes[joliet]);
	memcpy(p + VOL_ROOT, rec, REC_NAME + 1);
	put_text(p + 190, 128 * 4, "", joliet); /* set, publisher, ... */
	for (size_t i = 0; i < 3; i++) /* names of files: of odd length */
		put_text(p + 702 + 37 * i, joliet ? 36 : 37, "", joliet);
	for (size_t i = 0; i < 4; i++)
		memcpy(p + 813 + 17 * i, undated, 16);
	p[881] = 1;
}

void
volume_write(const struct volume *v, uint8_t *image)
{
	uint8_t *at = image + (size_t)16 * MEDIA_SECTOR;

	put_descriptor(v, false, at);
	put_descriptor(v, true, at + MEDIA_SECTOR);
	memcpy(at + (size_t)2 * MEDIA_SECTOR,
	    "\xff"
	    "CD001\x01",
	    7);
	for (size_t t = 0; t < 2; t++) {
		uint32_t dirs[VOLUME_NODES];
		size_t n = volume_dirs(v, t == 1, dirs);

		at = image + (size_t)v->tables[t] * MEDIA_SECTOR;
		(void)put_table(v, t == 1, false, at);
		(void)put_table(v, t == 1, true, at + MEDIA_SECTOR);
		for (size_t i = 0; i < n; i++)
			(void)put_dir(v, t == 1, dirs[i],
			    image + (size_t)v->v[dirs[i]].sectors[t] *
					MEDIA_SECTOR);
	}
	put_area(image + (size_t)v->area * MEDIA_SECTOR);
	for (uint32_t i = 1; i < v->n; i++) {
		const struct volume_node *x = &v->v[i];

		if (x->file != NULL && x->file->n > 0)
			memcpy(image + (size_t)x->sectors[0] * MEDIA_SECTOR,
			    x->file->p, x->file->n);
	}
}
