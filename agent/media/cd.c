/* Volume descriptors (ECMA-119 8), and the order of the parser's parts. */
#include "agent/media/cd.h"

#include <string.h>

#include "agent/media/cd_int.h"
#include "common/mem.h"

#define FIRST 16u
#define DESCRIPTORS 32u /* sectors of one set, with what UDF puts behind */
#define NAMES_MAX (24u << 20)
#define SHIFT_MAX 4096u /* sectors before a partition's own descriptors */

/* One set of descriptors: the image's, or that of a partition in it. */
struct set {
	uint32_t shift;
	struct cd_tree *primary; /* of this set */
	bool ended;
};

static void
tree_free(struct cd_tree *t)
{
	xfree(t->v);
	xfree(t->extents);
	buf_free(&t->names);
}

void
cd_free(struct cd *cd)
{
	for (size_t i = 0; i < cd->n_trees; i++)
		tree_free(&cd->trees[i]);
	xfree(cd->map);
	memset(cd, 0, sizeof(*cd));
}

/* What else it could be: users hand in the wrong file. */
static const char *
what_else(const uint8_t *head, const uint8_t *first)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *text;
	} kinds[] = {
		{ "\x1f\x8b", 2, "it is compressed by gzip" },
		{ "\xfd"
		  "7zXZ",
		    5, "it is compressed by xz" },
		{ "BZh", 3, "it is compressed by bzip2" },
		{ "\x28\xb5\x2f\xfd", 4, "it is compressed by zstd" },
		{ "PK\x03\x04", 4, "it is a zip archive" },
		{ "QFI\xfb", 4, "it is a QCOW disk image" },
		{ "KDMV", 4, "it is a VMDK disk image" },
		{ "<", 1, "it is a web page" },
	};

	if (memcmp(first + 1, "BEA01", 5) == 0)
		return "it has a UDF file system only";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (memcmp(head, kinds[i].magic, kinds[i].n) == 0)
			return kinds[i].text;
	if (head[510] == 0x55 && head[511] == 0xaa)
		return "it is a disk image";
	return "there is no volume descriptor at sector 16";
}

static bool
both32(const uint8_t *p, uint32_t *v)
{
	*v = cd_le32(p);
	return *v == cd_be32(p + 4);
}

/* Joliet's three levels name UCS-2 by an escape sequence (ECMA-119 8.5.6). */
static bool
is_joliet(const uint8_t *d)
{
	const uint8_t *x = d + VOL_ESCAPES;

	return x[0] == '%' && x[1] == '/' &&
	       (x[2] == '@' || x[2] == 'C' || x[2] == 'E');
}

static bool
volume_facts(struct cd *cd, struct cd_tree *t, const uint8_t *d, struct err *e)
{
	unsigned long at = t->descriptor;

	if (cd_le16(d + VOL_BLOCK_SIZE) != MEDIA_SECTOR)
		return err_set(e, ERR_SPEC, 0,
		    "volume descriptor at sector %lu: blocks of %u bytes; only "
		    "2048 are supported",
		    at, cd_le16(d + VOL_BLOCK_SIZE));
	if (!both32(d + VOL_BLOCKS, &t->blocks) ||
	    !both32(d + VOL_TABLE_SIZE, &t->table_size))
		return err_set(e, ERR_SPEC, 0,
		    "volume descriptor at sector %lu: a number differs between "
		    "its two byte orders",
		    at);
	if (t->blocks > cd_sectors(cd->size) - t->shift)
		return err_set(e, ERR_SPEC, 0,
		    "the image is cut off: its volume has %u sectors, but "
		    "there "
		    "are %u",
		    t->blocks, cd_sectors(cd->size) - t->shift);
	for (int i = 0; i < 4; i++) {
		const uint8_t *p = d + VOL_TABLES + 4 * i;

		t->tables[i] = i < 2 ? cd_le32(p) : cd_be32(p);
	}
	if (t->blocks + t->shift > cd->blocks)
		cd->blocks = t->blocks + t->shift;
	return true;
}

/* The root's record in a descriptor becomes node 0. */
static bool
root_node(struct cd *cd, struct cd_tree *t, const uint8_t *d, struct err *e)
{
	const uint8_t *r = d + VOL_ROOT;
	struct cd_node *v = xcalloc(1, sizeof(*v));
	uint32_t sector = 0, n = 0;
	bool ok = both32(r + REC_SECTOR, &sector) && both32(r + REC_SIZE, &n) &&
		  r[REC_LEN] == 34 && (r[REC_FLAGS] & RECF_DIR) != 0 &&
		  r[REC_XAR] == 0;

	t->v = v;
	t->n = t->cap = 1;
	v->flags = CD_DIR;
	v->link = CD_NONE;
	v->record = (uint64_t)t->descriptor * MEDIA_SECTOR + VOL_ROOT;
	v->size = n;
	v->n_extents = 1;
	t->extents = xcalloc(1, sizeof(*t->extents));
	t->extents[0] = (struct cd_extent){ sector + t->shift, n };
	t->n_extents = t->cap_extents = 1;
	buf_init(&t->names, NAMES_MAX);
	(void)buf_add(&t->names, "", 1); /* far below the cap */
	if (!ok || n == 0 || n > CD_DIR_MAX ||
	    (uint64_t)sector + t->shift + cd_sectors(n) > cd_sectors(cd->size))
		return err_set(e, ERR_SPEC, 0,
		    "volume descriptor at sector %u: its root folder makes no "
		    "sense",
		    t->descriptor);
	return true;
}

static bool
add_tree(struct cd_pass *p, struct set *set, enum cd_kind kind, uint32_t at,
    const uint8_t *d)
{
	struct cd *cd = p->cd;
	struct cd_tree *t;

	if (cd->n_trees == CD_TREES)
		return err_set(p->e, ERR_SPEC, 0,
		    "more than %d trees of folders", CD_TREES);
	t = &cd->trees[cd->n_trees++];
	t->kind = kind;
	t->shift = set->shift;
	t->descriptor = at;
	if (kind == CD_PRIMARY)
		set->primary = t;
	return root_node(cd, t, d, p->e) && volume_facts(cd, t, d, p->e);
}

static bool
primary(struct cd_pass *p, struct set *set, uint32_t at, const uint8_t *d)
{
	if (set->primary != NULL)
		return err_set(p->e, ERR_SPEC, 0,
		    "sector %u: a second primary volume descriptor", at);
	return add_tree(p, set, CD_PRIMARY, at, d);
}

/* A supplementary volume: Joliet, or ISO 9660:1999, whose root often is the
 * primary one. Others are in character sets that nothing here can write. */
static bool
supplementary(struct cd_pass *p, struct set *set, uint32_t at, const uint8_t *d)
{
	uint32_t sector = cd_le32(d + VOL_ROOT + REC_SECTOR);

	if (is_joliet(d))
		return add_tree(p, set, CD_JOLIET, at, d);
	if (d[6] != 2)
		return err_set(p->e, ERR_SPEC, 0,
		    "sector %u: a supplementary volume of an unknown character "
		    "set",
		    at);
	if (set->primary != NULL &&
	    set->primary->extents[0].sector == sector + set->shift) {
		if (set->shift == 0)
			p->cd->enhanced = at;
		return true;
	}
	return add_tree(p, set, CD_ENHANCED, at, d);
}

static bool
descriptor(struct cd_pass *p, struct set *set, uint32_t at, const uint8_t *d)
{
	static const char torito[] = "EL TORITO SPECIFICATION";

	switch (d[0]) {
	case 0:
		if (memcmp(d + 7, torito, sizeof(torito) - 1) == 0 &&
		    set->shift == 0 && p->cd->catalog == 0)
			p->cd->catalog = cd_le32(d + 71);
		return true;
	case 1:
		return primary(p, set, at, d);
	case 2:
		return supplementary(p, set, at, d);
	case 255:
		set->ended = true;
		return true;
	default:
		return true; /* partitions of volumes: nothing reads them */
	}
}

/* UDF announces itself behind the terminator (ECMA-167 2/8.3.1). */
static bool
no_udf(const uint8_t *v, uint32_t i, struct err *e)
{
	for (; i < DESCRIPTORS; i++) {
		const uint8_t *d = v + (size_t)i * MEDIA_SECTOR;

		if (memcmp(d + 1, "NSR02", 5) == 0 ||
		    memcmp(d + 1, "NSR03", 5) == 0)
			return err_set(e, ERR_SPEC, 0,
			    "a UDF bridge (sector %u): systems that read its "
			    "UDF half would not see what is added",
			    FIRST + i);
	}
	return true;
}

static bool
read_set(struct cd_pass *p, struct set *set)
{
	uint64_t from = (uint64_t)(set->shift + FIRST) * MEDIA_SECTOR;
	uint8_t *v = xcalloc(DESCRIPTORS, MEDIA_SECTOR);
	uint64_t left = p->cd->size - from;
	uint32_t i = 0;
	bool ok = true;

	if (left > (uint64_t)DESCRIPTORS * MEDIA_SECTOR)
		left = (uint64_t)DESCRIPTORS * MEDIA_SECTOR;
	if (!sparse_get(p->s, from, v, (size_t)left)) {
		p->missing = true;
		xfree(v);
		return true;
	}
	for (; ok && !set->ended && i < DESCRIPTORS; i++) {
		const uint8_t *d = v + (size_t)i * MEDIA_SECTOR;

		if (memcmp(d + 1, "CD001", 5) != 0)
			break;
		ok = descriptor(p, set, set->shift + FIRST + i, d);
	}
	if (ok && !set->ended)
		ok = err_set(p->e, ERR_SPEC, 0,
		    "sector %u: the volume descriptors have no end",
		    set->shift + FIRST + i);
	ok = ok && no_udf(v, i, p->e);
	xfree(v);
	return ok;
}

/* A partition of the image that is the same volume once more, so that it can be
 * mounted when the image is on a disk (xorriso's -partition_offset). */
static bool
read_shifted(struct cd_pass *p, uint32_t shift)
{
	const struct cd_tree *t = &p->cd->trees[0];
	uint8_t d[MEDIA_SECTOR], first[MEDIA_SECTOR];
	struct set set = { .shift = shift };

	if (shift == 0 || shift > SHIFT_MAX || shift + FIRST >= t->blocks)
		return true;
	if (!sparse_get(
		p->s, (uint64_t)(shift + FIRST) * MEDIA_SECTOR, d, sizeof(d)) ||
	    !sparse_get(
		p->s, (uint64_t)FIRST * MEDIA_SECTOR, first, sizeof(first))) {
		p->missing = true;
		return true;
	}
	if (d[0] != 1 || memcmp(d + 1, "CD001", 5) != 0 ||
	    memcmp(d + VOL_NAME, first + VOL_NAME, 32) != 0 ||
	    cd_le32(d + VOL_BLOCKS) > t->blocks - shift)
		return true;
	return read_set(p, &set);
}

/* A start of a partition in blocks of 512 bytes. */
static bool
read_partition(struct cd_pass *p, uint64_t start)
{
	uint32_t shift = (uint32_t)(start / 4);

	if (start % 4 != 0 || start == 0 || start > 4ull * SHIFT_MAX)
		return true;
	for (size_t i = 0; i < p->cd->n_trees; i++)
		if (p->cd->trees[i].shift == shift)
			return true;
	return read_shifted(p, shift);
}

/* The first partitions of a GPT (UEFI 2.10 5.3); ptable.c looks closer. */
static bool
read_gpt(struct cd_pass *p, const uint8_t *header)
{
	uint64_t at = 512ull * cd_le32(header + 72);
	uint8_t v[4 * 128];

	if (memcmp(header, "EFI PART", 8) != 0 || cd_le32(header + 84) != 128 ||
	    at == 0 || at > (uint64_t)SHIFT_MAX * MEDIA_SECTOR ||
	    at + sizeof(v) > p->cd->size)
		return true;
	if (!sparse_get(p->s, at, v, sizeof(v))) {
		p->missing = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(v); i += 128)
		if (cd_le32(v + i + 36) == 0 &&
		    !read_partition(p, cd_le32(v + i + 32)))
			return false;
	return true;
}

static bool
read_partitions(struct cd_pass *p, const uint8_t head[MEDIA_SECTOR])
{
	if (head[510] != 0x55 || head[511] != 0xaa)
		return true;
	for (size_t i = 0; i < 4; i++)
		if (!read_partition(p, cd_le32(head + 446 + 16 * i + 8)))
			return false;
	return read_gpt(p, head + 512);
}

static void
facts(struct cd *cd, const uint8_t *d)
{
	size_t n = 32;

	memcpy(cd->volume, d + VOL_NAME, n);
	while (n > 0 && (cd->volume[n - 1] == ' ' || cd->volume[n - 1] == 0))
		n--;
	cd->volume[n] = '\0';
	cd->implanted =
	    memmem(d + VOL_USE, VOL_USE_N, "ISO MD5SUM = ", 13) != NULL;
}

static bool
descriptors(struct cd_pass *p)
{
	uint8_t head[MEDIA_SECTOR], d[MEDIA_SECTOR];
	struct set set = { 0 };

	if (p->cd->size < (uint64_t)(FIRST + 2) * MEDIA_SECTOR)
		return err_set(p->e, ERR_SPEC, 0,
		    "not an ISO 9660 image: %llu bytes are too few",
		    (unsigned long long)p->cd->size);
	p->missing = !sparse_get(p->s, 0, head, sizeof(head));
	if (!sparse_get(p->s, (uint64_t)FIRST * MEDIA_SECTOR, d, sizeof(d)) ||
	    p->missing) {
		p->missing = true;
		return true;
	}
	if (memcmp(d + 1, "CD001", 5) != 0)
		return err_set(p->e, ERR_SPEC, 0, "not an ISO 9660 image: %s",
		    what_else(head, d));
	facts(p->cd, d);
	if (!read_set(p, &set) || p->missing)
		return p->missing;
	if (d[0] != 1 || set.primary == NULL)
		return err_set(p->e, ERR_SPEC, 0,
		    "not an ISO 9660 image: sector 16 is no primary volume "
		    "descriptor");
	return read_partitions(p, head);
}

static bool
parse(struct cd_pass *p)
{
	struct cd *cd = p->cd;

	if (!descriptors(p))
		return false;
	for (size_t i = 0; i < cd->n_trees; i++)
		if (!cd_parse_tree(p, &cd->trees[i]))
			return false;
	if (cd->n_trees > 0 && !cd_parse_boot(p))
		return false;
	if (p->missing)
		return sparse_fits(p->s, p->e);
	for (size_t i = 0; i < cd->n_trees; i++)
		if (!cd_link(&cd->trees[i], p->e))
			return false;
	return cd_map(cd, p->e);
}

enum media_step
cd_parse(struct cd *cd, struct sparse *s, struct err *e)
{
	struct cd_pass p = { .cd = cd, .s = s, .e = e };
	bool ok;

	memset(cd, 0, sizeof(*cd));
	cd->size = s->size;
	if (s->size > (uint64_t)UINT32_MAX * MEDIA_SECTOR) {
		(void)err_set(e, ERR_TOO_BIG, 0, "the image is over 8 TiB");
		return MEDIA_BAD;
	}
	ok = parse(&p);
	if (ok && !p.missing)
		return MEDIA_DONE;
	cd_free(cd);
	return ok ? MEDIA_WANTS : MEDIA_BAD;
}
