/* See isofs.h. */
#include "sim/os/isofs.h"

#include <string.h>

#include "common/str.h"

#define ISOFS_FIRST 16
#define ISOFS_DESCRIPTORS 8 /* that are looked at */
#define ISOFS_RECORD 34
#define ISOFS_DIR_MAX (1u << 20)
#define ISOFS_CE_MAX 8
#define ISOFS_DEPTH 32 /* folders of a path */

/* A record as a reader of some names sees it. */
struct isofs_row {
	const uint8_t *p; /* the record */
	char name[ISOFS_NAME];
	size_t n;        /* of the name */
	bool named;      /* Rock Ridge has one */
	uint32_t child;  /* CL: it is elsewhere; 0 = no */
	bool moved;      /* RE: shown elsewhere */
	bool more, link; /* another extent follows; a symbolic link */
};
struct isofs_walk {
	enum isofs_names names;
	bool joliet;
};

static uint32_t
isofs_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static enum os_step
isofs_bad(struct isofs *f, const char *what, const char *where)
{
	(void)str_format(f->why, sizeof(f->why), "%s%s%s", what,
	    *where ? ": " : "", where); /* cut is fine */
	return OS_BAD;
}

static enum os_step
isofs_get(struct isofs *f, uint64_t at, size_t n, const uint8_t **p)
{
	enum os_step s = disc_get(f->d, at, n, p);

	if (s == OS_BAD)
		(void)isofs_bad(f,
		    "a sector lies beyond the end, or too "
		    "much is read",
		    "");
	return s;
}

/* ---- the volume ------------------------------------------------------------- */

static void
isofs_root(struct isofs_file *r, const uint8_t *record)
{
	memset(r, 0, sizeof(*r));
	r->dir = true;
	r->n = 1;
	r->part[0].at = (uint64_t)isofs_le32(record + 2) * DISC_SECTOR;
	r->part[0].n = r->size = isofs_le32(record + 10);
}

static void
isofs_label(struct isofs *f, const uint8_t *p)
{
	size_t n = 32;

	memcpy(f->label, p, n);
	while (n > 0 && (f->label[n - 1] == ' ' || f->label[n - 1] == '\0'))
		n--;
	f->label[n] = '\0';
}

static enum os_step
isofs_volumes(struct isofs *f)
{
	const uint8_t *p;
	bool found = false;

	for (uint64_t i = ISOFS_FIRST; i < ISOFS_FIRST + ISOFS_DESCRIPTORS;
	     i++) {
		enum os_step s = isofs_get(f, i * DISC_SECTOR, DISC_SECTOR, &p);

		if (s != OS_OK)
			return s;
		if (memcmp(p + 1, "CD001", 5) != 0 || p[0] == 255)
			break;
		if (p[0] == 1 && !found) {
			found = true;
			isofs_label(f, p + 40);
			f->size = (uint64_t)isofs_le32(p + 80) * DISC_SECTOR;
			isofs_root(&f->root, p + 156);
		}
		if (p[0] == 2 && p[88] == '%' && p[89] == '/' &&
		    (p[90] == '@' || p[90] == 'C' || p[90] == 'E')) {
			f->joliet = true;
			isofs_root(&f->joliet_root, p + 156);
		}
	}
	return found ? OS_OK
		     : isofs_bad(f, "no ISO 9660 volume descriptor", "");
}

/* SUSP 5.3: the first record of the root says whether fields are used. */
static enum os_step
isofs_susp(struct isofs *f)
{
	const uint8_t *p;
	enum os_step s;

	if (f->root.size < DISC_SECTOR)
		return isofs_bad(f, "the root folder is empty", "");
	s = isofs_get(f, f->root.part[0].at, DISC_SECTOR, &p);
	if (s != OS_OK)
		return s;
	f->rock = p[0] >= ISOFS_RECORD + 7 && p[32] == 1 && p[34] == 'S' &&
		  p[35] == 'P' && p[38] == 0xbe && p[39] == 0xef;
	f->skip = f->rock ? p[40] : 0;
	return OS_OK;
}

enum os_step
isofs_open(struct isofs *f, struct disc *d)
{
	enum os_step s;

	memset(f, 0, sizeof(*f));
	f->d = d;
	s = isofs_volumes(f);
	return s == OS_OK ? isofs_susp(f) : s;
}

/* ---- Rock Ridge -------------------------------------------------------------- */

struct isofs_more {
	uint64_t at;
	size_t n;
	unsigned hops;
};

static void
isofs_name_add(struct isofs_row *r, const uint8_t *p, size_t n)
{
	if (n > sizeof(r->name) - 1 - r->n)
		n = sizeof(r->name) - 1 - r->n;
	memcpy(r->name + r->n, p, n);
	r->n += n;
	r->name[r->n] = '\0';
	r->named = true;
}

static void
isofs_field(struct isofs_row *r, const uint8_t *p, struct isofs_more *more)
{
	size_t n = p[2];

	if (p[0] == 'N' && p[1] == 'M' && n > 5 && (p[4] & 6) == 0) {
		isofs_name_add(r, p + 5, n - 5);
	} else if (p[0] == 'C' && p[1] == 'L' && n >= 12) {
		r->child = isofs_le32(p + 4);
	} else if (p[0] == 'R' && p[1] == 'E') {
		r->moved = true;
	} else if (p[0] == 'S' && p[1] == 'L') {
		r->link = true;
	} else if (p[0] == 'C' && p[1] == 'E' && n >= 28) {
		more->at = (uint64_t)isofs_le32(p + 4) * DISC_SECTOR +
			   isofs_le32(p + 12);
		more->n = isofs_le32(p + 20);
	}
}

static void
isofs_fields(
    struct isofs_row *r, const uint8_t *p, size_t n, struct isofs_more *more)
{
	while (n >= 4 && p[2] >= 4 && p[2] <= n) {
		if (p[0] == 'S' && p[1] == 'T')
			return;
		isofs_field(r, p, more);
		n -= p[2];
		p += p[2];
	}
}

static enum os_step
isofs_rock(struct isofs *f, struct isofs_row *r)
{
	size_t at = ISOFS_RECORD - 1u + r->p[32] + (r->p[32] % 2 == 0);
	struct isofs_more more = { 0, 0, 0 };

	at += f->skip;
	if (at < r->p[0])
		isofs_fields(r, r->p + at, r->p[0] - at, &more);
	while (more.n > 0) {
		struct isofs_more now = more;
		const uint8_t *p;
		enum os_step s;

		if (now.n > DISC_SECTOR || ++now.hops > ISOFS_CE_MAX)
			return isofs_bad(
			    f, "Rock Ridge continues for too long", r->name);
		s = isofs_get(f, now.at, now.n, &p);
		if (s != OS_OK)
			return s;
		more = (struct isofs_more){ 0, 0, now.hops };
		isofs_fields(r, p, now.n, &more);
	}
	return OS_OK;
}

/* ---- names -------------------------------------------------------------------- */

static void
isofs_plain(struct isofs_row *r)
{
	size_t n = r->p[32];
	const uint8_t *id = r->p + 33;

	r->n = 0;
	for (size_t i = 0; i < n && id[i] != ';'; i++)
		r->name[r->n++] = (char)id[i]; /* at most 221 */
	while (r->n > 0 && r->name[r->n - 1] == '.')
		r->n--;
	r->name[r->n] = '\0';
}

static void
isofs_ucs2(struct isofs_row *r)
{
	size_t n = r->p[32];
	const uint8_t *id = r->p + 33;

	r->n = 0;
	for (size_t i = 0; i + 1 < n; i += 2) {
		if (id[i] == 0 && id[i + 1] == ';')
			break;
		/* what is not ASCII nobody here looks for */
		r->name[r->n++] =
		    id[i] == 0 && id[i + 1] < 0x80 ? (char)id[i + 1] : '?';
	}
	r->name[r->n] = '\0';
}

static enum os_step
isofs_row(struct isofs *f, const struct isofs_walk *w, struct isofs_row *r)
{
	enum os_step s;

	if (w->joliet) {
		isofs_ucs2(r);
		return OS_OK;
	}
	isofs_plain(r);
	if (w->names == ISOFS_PLAIN || !f->rock)
		return OS_OK;
	r->n = 0;
	s = isofs_rock(f, r);
	if (s == OS_OK && !r->named)
		isofs_plain(r);
	return s;
}

/* ---- folders -------------------------------------------------------------------- */

static enum os_step
isofs_extent(struct isofs *f, const struct isofs_row *r, struct isofs_file *to)
{
	uint64_t at = isofs_le32(r->p + 2), n = isofs_le32(r->p + 10);

	if (r->p[26] != 0 || r->p[27] != 0)
		return isofs_bad(f, "the file is interleaved", r->name);
	at = (at + r->p[1]) * DISC_SECTOR;
	if (to->n == ISOFS_PARTS)
		return isofs_bad(f, "too many extents", r->name);
	if (n > 0 && (at > f->d->size || n > f->d->size - at))
		return isofs_bad(f, "lies beyond the end", r->name);
	to->part[to->n].at = at;
	to->part[to->n++].n = n;
	to->size += n;
	to->dir = r->p[25] & 2;
	return OS_OK;
}

/* CL: the folder is at another place, and says there how long it is. */
static enum os_step
isofs_relocated(struct isofs *f, uint32_t lba, struct isofs_file *to)
{
	const uint8_t *p;
	enum os_step s =
	    isofs_get(f, (uint64_t)lba * DISC_SECTOR, DISC_SECTOR, &p);

	if (s != OS_OK)
		return s;
	if (p[0] < ISOFS_RECORD || isofs_le32(p + 2) != lba)
		return isofs_bad(f, "a relocated folder is not there", "");
	isofs_root(to, p);
	return OS_OK;
}

struct isofs_each {
	struct isofs_walk w;
	bool (*fn)(void *arg, const char *name, const struct isofs_file *file);
	void *arg;
	struct isofs_file file; /* its extents so far */
	bool stopped;
};

static enum os_step
isofs_one(struct isofs *f, struct isofs_each *e, const uint8_t *p)
{
	struct isofs_row r = { .p = p };
	enum os_step s;

	if (p[32] == 1 && p[33] <= 1)
		return OS_OK; /* "." and ".." */
	s = isofs_row(f, &e->w, &r);
	if (s == OS_OK)
		s = isofs_extent(f, &r, &e->file);
	if (s != OS_OK || p[25] & 0x80)
		return s; /* another extent follows */
	if (r.child != 0)
		s = isofs_relocated(f, r.child, &e->file);
	if (s == OS_OK && !r.moved && !r.link)
		e->stopped = !e->fn(e->arg, r.name, &e->file);
	memset(&e->file, 0, sizeof(e->file));
	return s;
}

static enum os_step
isofs_records(struct isofs *f, struct isofs_each *e, const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at + ISOFS_RECORD <= n && !e->stopped) {
		size_t len = p[at];
		enum os_step s;

		if (len == 0) { /* the rest of the sector is empty */
			at = (at / DISC_SECTOR + 1) * DISC_SECTOR;
			continue;
		}
		if (len < ISOFS_RECORD || 33u + p[at + 32] > len ||
		    at % DISC_SECTOR + len > DISC_SECTOR || at + len > n)
			return isofs_bad(f, "a broken record in a folder", "");
		s = isofs_one(f, e, p + at);
		if (s != OS_OK)
			return s;
		at += len;
	}
	return OS_OK;
}

static enum os_step
isofs_list(struct isofs *f, const struct isofs_file *dir, struct isofs_each *e)
{
	for (unsigned i = 0; i < dir->n && !e->stopped; i++) {
		const uint8_t *p;
		enum os_step s;

		if (dir->part[i].n == 0 || dir->part[i].n > ISOFS_DIR_MAX)
			return isofs_bad(f, "a folder of no or odd size", "");
		s = isofs_get(f, dir->part[i].at, (size_t)dir->part[i].n, &p);
		if (s == OS_OK)
			s = isofs_records(f, e, p, (size_t)dir->part[i].n);
		if (s != OS_OK)
			return s;
	}
	return OS_OK;
}

static struct isofs_walk
isofs_walk(const struct isofs *f, enum isofs_names names)
{
	return (struct isofs_walk){ names,
		names == ISOFS_LINUX && !f->rock && f->joliet };
}

enum os_step
isofs_each(struct isofs *f, const struct isofs_file *dir,
    bool (*fn)(void *arg, const char *name, const struct isofs_file *file),
    void *arg)
{
	struct isofs_each e = {
		.w = isofs_walk(f, ISOFS_LINUX), .fn = fn, .arg = arg
	};

	return isofs_list(f, dir, &e);
}

/* ---- paths ---------------------------------------------------------------------- */

struct isofs_look {
	const char *name;
	size_t n;
	bool fold, found;
	struct isofs_file *out;
};

static char
isofs_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
isofs_look(void *arg, const char *name, const struct isofs_file *file)
{
	struct isofs_look *l = arg;
	size_t i;

	for (i = 0; i < l->n && name[i] != '\0'; i++)
		if (l->fold ? isofs_lower(name[i]) != isofs_lower(l->name[i])
			    : name[i] != l->name[i])
			return true;
	if (i < l->n || name[i] != '\0')
		return true;
	*l->out = *file;
	l->found = true;
	return false;
}

enum os_step
isofs_find(struct isofs *f, enum isofs_names names, const char *path,
    struct isofs_file *out)
{
	struct isofs_walk w = isofs_walk(f, names);
	unsigned depth = 0;

	*out = w.joliet ? f->joliet_root : f->root;
	for (;;) {
		struct isofs_file dir = *out;
		struct isofs_look l = { .out = out };
		struct isofs_each e = { .w = w, .fn = isofs_look, .arg = &l };
		enum os_step s;

		path += strspn(path, "/");
		if (*path == '\0')
			return OS_OK;
		l.name = path;
		l.n = strcspn(path, "/");
		l.fold = names == ISOFS_PLAIN || (!f->rock && !w.joliet);
		path += l.n;
		if (!dir.dir || ++depth > ISOFS_DEPTH)
			return OS_NONE;
		s = isofs_list(f, &dir, &e);
		if (s != OS_OK)
			return s;
		if (!l.found)
			return OS_NONE;
	}
}

enum os_step
isofs_read(struct isofs *f, const struct isofs_file *file, struct buf *out)
{
	if (file->size > out->max - out->n)
		return isofs_bad(f, "a file is larger than it may be", "");
	for (unsigned i = 0; i < file->n; i++) {
		const uint8_t *p;
		enum os_step s;

		if (file->part[i].n == 0)
			continue;
		s = isofs_get(f, file->part[i].at, (size_t)file->part[i].n, &p);
		if (s != OS_OK)
			return s;
		(void)buf_add(out, p, (size_t)file->part[i].n); /* it fits */
	}
	return OS_OK;
}

enum os_step
isofs_load(
    struct isofs *f, enum isofs_names names, const char *path, struct buf *out)
{
	struct isofs_file file;
	enum os_step s = isofs_find(f, names, path, &file);

	if (s != OS_OK)
		return s;
	return file.dir ? OS_NONE : isofs_read(f, &file, out);
}
