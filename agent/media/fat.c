/* Reading a FAT file system (Microsoft's FAT32 specification 1.03). */
#include "agent/media/fat.h"

#include <string.h>

#include "agent/media/cd_int.h"
#include "agent/media/fat_int.h"
#include "common/mem.h"
#include "common/str.h"

#define WHOLE_TABLE (256u << 10) /* a table up to that is wanted at once */
#define FILES_MAX 20000u
#define NAME_MAX_N 260u /* 20 entries of 13 */
#define LFN_PARTS 20u

#define ATTR_VOLUME 0x08
#define ATTR_DIR 0x10
#define ATTR_LFN 0x0f

static enum media_step
bad(const struct fat *f, struct err *e, enum err_kind kind, const char *what)
{
	(void)err_set(e, kind, 0, "FAT file system at sector %llu: %s",
	    (unsigned long long)(f->at / MEDIA_SECTOR), what);
	return MEDIA_BAD;
}

static bool
is_boot_sector(const uint8_t *b)
{
	uint16_t sector = cd_le16(b + 11);

	return b[510] == 0x55 && b[511] == 0xaa &&
	       (b[0] == 0xeb || b[0] == 0xe9) && b[13] != 0 &&
	       (b[13] & (b[13] - 1)) == 0 && cd_le16(b + 14) != 0 &&
	       b[16] != 0 && b[16] <= 4 &&
	       (sector == 512 || sector == 1024 || sector == 2048 ||
		   sector == 4096);
}

/* The count of clusters decides the kind, and nothing else does (1.03 p. 14). */
static bool
layout(struct fat *f, const uint8_t *b)
{
	uint32_t table16 = cd_le16(b + 22);
	uint32_t total =
	    cd_le16(b + 19) != 0 ? cd_le16(b + 19) : cd_le32(b + 32);
	uint64_t table = table16 != 0 ? table16 : cd_le32(b + 36);
	uint64_t before;

	f->sector = cd_le16(b + 11);
	f->cluster = f->sector * b[13];
	f->n_tables = b[16];
	f->root_n = cd_le16(b + 17) * FAT_ENTRY;
	f->tables = f->at + (uint64_t)cd_le16(b + 14) * f->sector;
	if (table == 0 || table * f->sector > (64u << 20))
		return false;
	f->table = (uint32_t)table * f->sector;
	f->root = f->tables + (uint64_t)f->table * f->n_tables;
	f->data = f->root + (f->root_n + f->sector - 1) / f->sector * f->sector;
	before = f->data - f->at;
	f->n = (uint64_t)total * f->sector;
	if (f->n <= before)
		return false;
	f->clusters = (uint32_t)((f->n - before) / f->cluster);
	f->bits = f->clusters < 4085 ? 12 : f->clusters < 65525 ? 16 : 32;
	if ((f->bits == 32) != (table16 == 0) || (f->bits == 32 && f->root_n))
		return false;
	if (f->bits == 32) {
		f->root_cluster = cd_le32(b + 44);
		f->info = cd_le16(b + 48) != 0
			      ? f->at + (uint64_t)cd_le16(b + 48) * f->sector
			      : 0;
	}
	return ((uint64_t)f->clusters + 2) * f->bits <= (uint64_t)f->table * 8;
}

enum media_step
fat_open(
    struct fat *f, struct overlay *o, uint64_t at, uint64_t n, struct err *e)
{
	uint8_t b[512], *table;

	memset(f, 0, sizeof(*f));
	f->at = at;
	if (n < sizeof(b))
		return bad(f, e, ERR_NOTFOUND, "there is none");
	if (!overlay_get(o, at, b, sizeof(b)))
		return MEDIA_WANTS;
	if (!is_boot_sector(b) || !layout(f, b))
		return bad(f, e, ERR_NOTFOUND, "there is none");
	if (f->n > n)
		return bad(f, e, ERR_SPEC,
		    "is larger than what it lies in, or overlaps another file");
	if (f->table > WHOLE_TABLE)
		return MEDIA_DONE;
	table = xmalloc(f->table);
	n = overlay_get(o, f->tables, table, f->table);
	xfree(table);
	return n ? MEDIA_DONE : MEDIA_WANTS;
}

enum media_step
fat_next(
    const struct fat *f, struct overlay *o, uint32_t cluster, uint32_t *next)
{
	uint64_t bit = (uint64_t)cluster * f->bits;
	uint8_t v[4] = { 0 };

	if (!overlay_get(o, f->tables + bit / 8, v, f->bits == 32 ? 4 : 2))
		return MEDIA_WANTS;
	*next = cd_le32(v);
	if (f->bits == 12)
		*next = cluster % 2 != 0 ? *next >> 4 : *next & 0xfff;
	*next &= 0x0fffffff;
	return MEDIA_DONE;
}

static bool
is_end(const struct fat *f, uint32_t v)
{
	return v >= (f->bits == 12      ? 0xff8u
			: f->bits == 16 ? 0xfff8u
					: 0x0ffffff8u);
}

enum media_step
fat_chain(const struct fat *f, struct overlay *o, uint32_t first, size_t max,
    struct fat_chain *out, struct err *e)
{
	size_t cap = 16;
	enum media_step step;

	out->v = xreallocarray(NULL, cap, sizeof(*out->v));
	out->n = 0;
	for (uint32_t c = first; !is_end(f, c);) {
		if (c < 2 || c >= f->clusters + 2)
			return bad(f, e, ERR_PROTO, "a link to nowhere");
		if (out->n == max || out->n == f->clusters)
			return bad(f, e, ERR_PROTO,
			    "a chain of clusters that does not end");
		if (out->n == cap) {
			cap *= 2;
			out->v = xreallocarray(out->v, cap, sizeof(*out->v));
		}
		out->v[out->n++] = c;
		step = fat_next(f, o, c, &c);
		if (step != MEDIA_DONE)
			return step;
	}
	return MEDIA_DONE;
}

/* A folder as it is read: its pieces, in order. */
struct dir {
	const struct fat *f;
	struct overlay *o;
	struct err *e;
	char *path;                /* owned; "" = the root */
	char name[NAME_MAX_N + 1]; /* long name so far */
	uint16_t wide[LFN_PARTS * 13];
	bool has_long;
};

struct walk {
	fat_each_fn *fn;
	void *arg;
	struct {
		uint32_t cluster;
		char *path; /* owned */
	} * v;              /* owned: folders to read */
	size_t n, cap, files;
};

static void
long_part(struct dir *d, const uint8_t *p)
{
	static const uint8_t at[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24,
		28, 30 };
	unsigned part = p[0] & 0x1f;

	if ((p[0] & 0x40) != 0) {
		memset(d->wide, 0, sizeof(d->wide));
		d->has_long = true;
	}
	if (part == 0 || part > LFN_PARTS || !d->has_long) {
		d->has_long = false;
		return;
	}
	for (size_t i = 0; i < 13; i++)
		d->wide[(part - 1) * 13 + i] = cd_le16(p + at[i]);
}

/* Configurations have names of ASCII: what else there is becomes '?'. */
static char
ascii(unsigned c)
{
	return c >= ' ' && c < 0x7f && c != '/' ? (char)c : '?';
}

static size_t
long_name(struct dir *d)
{
	size_t n = 0;

	while (n < NAME_MAX_N && d->wide[n] != 0 && d->wide[n] != 0xffff) {
		d->name[n] = ascii(d->wide[n]);
		n++;
	}
	return n;
}

static size_t
short_name(struct dir *d, const uint8_t *p)
{
	size_t n = 0;

	for (size_t i = 0; i < 11; i++) {
		if (i == 8 && p[8] != ' ')
			d->name[n++] = '.';
		if (p[i] != ' ')
			d->name[n++] = ascii(p[i]);
	}
	return n;
}

static void
name_of(struct dir *d, const uint8_t *p)
{
	size_t n = d->has_long ? long_name(d) : short_name(d, p);

	d->name[n] = '\0';
	d->has_long = false;
}

static void
later(struct walk *w, uint32_t cluster, char *path)
{
	if (w->n == w->cap) {
		w->cap = w->cap != 0 ? w->cap * 2 : 16;
		w->v = xreallocarray(w->v, w->cap, sizeof(*w->v));
	}
	w->v[w->n].cluster = cluster;
	w->v[w->n++].path = path;
}

static unsigned
slashes(const char *path)
{
	unsigned n = 0;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

/* One entry; false ends the folder. */
static bool
entry(struct dir *d, struct walk *w, const uint8_t *p, uint64_t at)
{
	struct fat_file file;
	char *path;

	if (p[0] == 0)
		return false;
	if (p[0] == 0xe5 || p[0] == '.') {
		d->has_long = false;
		return true;
	}
	if ((p[11] & 0x3f) == ATTR_LFN) {
		long_part(d, p);
		return true;
	}
	if ((p[11] & ATTR_VOLUME) != 0)
		return true;
	name_of(d, p);
	file = (struct fat_file){ at,
		cd_le16(p + 26) |
		    (d->f->bits == 32 ? (uint32_t)cd_le16(p + 20) << 16 : 0),
		cd_le32(p + 28), (p[11] & ATTR_DIR) != 0 };
	path = xasprintf("%s/%s", d->path, d->name);
	w->fn(w->arg, path, &file);
	w->files++;
	if (file.dir && slashes(path) < FAT_DEPTH && file.cluster != 0)
		later(w, file.cluster, path);
	else
		xfree(path);
	return true;
}

/* A run of entries; false: the folder ends in it, or e. */
static bool
run(struct dir *d, struct walk *w, uint64_t at, uint32_t n,
    enum media_step *step)
{
	uint8_t *v = xmalloc(n > 0 ? n : 1);
	bool ok = overlay_get(d->o, at, v, n);

	if (!ok)
		*step = MEDIA_WANTS;
	for (uint32_t i = 0; ok && i + FAT_ENTRY <= n; i += FAT_ENTRY) {
		ok = entry(d, w, v + i, at + i);
		if (w->files > FILES_MAX) {
			*step = bad(d->f, d->e, ERR_TOO_BIG,
			    "more than 20000 files, or a loop of folders");
			ok = false;
		}
	}
	xfree(v);
	return ok;
}

static enum media_step
read_dir(struct dir *d, struct walk *w, uint32_t cluster)
{
	const struct fat *f = d->f;
	enum media_step step = MEDIA_DONE;
	struct fat_chain c = { 0 };

	d->has_long = false;
	if (cluster == 0) { /* the root of FAT12 and FAT16 */
		(void)run(d, w, f->root, f->root_n, &step); /* step tells */
		return step;
	}
	step =
	    fat_chain(f, d->o, cluster, FAT_DIR_MAX / f->cluster + 1, &c, d->e);
	for (size_t i = 0; step == MEDIA_DONE && i < c.n; i++)
		if (!run(d, w, fat_place(f, c.v[i]), f->cluster, &step))
			break;
	xfree(c.v);
	return step;
}

enum media_step
fat_each(const struct fat *f, struct overlay *o, fat_each_fn *fn, void *arg,
    struct err *e)
{
	struct walk w = { .fn = fn, .arg = arg };
	enum media_step step = MEDIA_DONE;
	bool missing = false;

	later(&w, f->root_cluster, xstrdup(""));
	for (size_t i = 0; i < w.n; i++) {
		struct dir d = { .f = f, .o = o, .e = e, .path = w.v[i].path };

		if (step != MEDIA_BAD)
			step = read_dir(&d, &w, w.v[i].cluster);
		missing |= step == MEDIA_WANTS;
		xfree(d.path);
	}
	xfree(w.v);
	return step == MEDIA_BAD ? step : missing ? MEDIA_WANTS : MEDIA_DONE;
}

struct look {
	const char *path;
	struct fat_file *file;
	bool found;
};

static void
look(void *arg, const char *path, const struct fat_file *file)
{
	struct look *l = arg;

	if (l->found || !str_ieq(path + 1, l->path))
		return;
	l->found = true;
	*l->file = *file;
}

enum media_step
fat_find(const struct fat *f, struct overlay *o, const char *path,
    struct fat_file *file, struct err *e)
{
	struct look l = { path + strspn(path, "/"), file, false };
	enum media_step step = fat_each(f, o, look, &l, e);
	char shown[CD_SHOWN];

	if (step != MEDIA_DONE || l.found)
		return step;
	(void)err_set(
	    e, ERR_NOTFOUND, 0, "%s is not in it", cd_shown(path, shown));
	return MEDIA_BAD;
}

enum media_step
fat_read(const struct fat *f, struct overlay *o, const struct fat_file *file,
    uint32_t n, struct buf *out)
{
	uint32_t cluster = file->cluster;
	enum media_step step = MEDIA_DONE;

	buf_reset(out);
	if (n > file->n)
		n = file->n;
	while (n > 0 && step == MEDIA_DONE) {
		uint32_t part = n < f->cluster ? n : f->cluster;
		char *to = buf_extend(out, part);

		if (to == NULL || cluster < 2 || cluster >= f->clusters + 2)
			return MEDIA_DONE; /* shorter than it says */
		if (!overlay_get(o, fat_place(f, cluster), to, part))
			return MEDIA_WANTS;
		n -= part;
		step = fat_next(f, o, cluster, &cluster);
	}
	return step;
}
