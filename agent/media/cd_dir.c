/* Directory records (ECMA-119 9.1) to nodes, breadth first. */
#include <string.h>

#include "agent/media/cd_int.h"
#include "common/mem.h"
#include "common/str.h"

#define S_KIND 0170000u
#define S_FOLDER 0040000u
#define S_FILE 0100000u
#define S_LINK 0120000u

/* A folder while its records are read. */
struct folder {
	struct cd_pass *p;
	struct cd_tree *t;
	uint32_t node;
	const uint8_t *v; /* its bytes */
	size_t n, at;
	unsigned seen; /* records */
	uint32_t more; /* file whose extents go on; CD_NONE = none */
};

static bool
wrong(struct folder *f, const char *what)
{
	(void)err_set(f->p->e, ERR_SPEC, 0, "byte %zu of it: %s", f->at, what);
	return cd_at_folder(f->t, f->node, f->p->e);
}

static uint64_t
place(const struct folder *f)
{
	const struct cd_node *v = &f->t->v[f->node];

	return (uint64_t)f->t->extents[v->extents].sector * MEDIA_SECTOR +
	       f->at;
}

static void
add_extent(struct cd_tree *t, uint32_t node, uint32_t sector, uint32_t n)
{
	if (t->n_extents == t->cap_extents) {
		t->cap_extents *= 2;
		t->extents = xreallocarray(
		    t->extents, t->cap_extents, sizeof(*t->extents));
	}
	t->extents[t->n_extents++] = (struct cd_extent){ sector, n };
	t->v[node].n_extents++;
	t->v[node].size += n;
}

static uint32_t
add_node(struct cd_tree *t, const struct cd_node *v)
{
	if (t->n == t->cap) {
		t->cap *= 2;
		t->v = xreallocarray(t->v, t->cap, sizeof(*t->v));
	}
	t->v[t->n] = *v;
	return (uint32_t)t->n++;
}

/* The numbers of a record that all readers must see alike. */
static bool
numbers(struct folder *f, const uint8_t *r, uint32_t *sector, uint32_t *n)
{
	uint64_t end;

	*sector = cd_le32(r + REC_SECTOR);
	*n = cd_le32(r + REC_SIZE);
	if (*sector != cd_be32(r + REC_SECTOR + 4) ||
	    *n != cd_be32(r + REC_SIZE + 4))
		return wrong(f, "a number differs between its two byte orders");
	if (r[REC_UNIT] != 0 || r[REC_GAP] != 0)
		return wrong(f, "an interleaved file");
	if (*n == 0)
		return true;
	end = (uint64_t)*sector + r[REC_XAR] + cd_sectors(*n) + f->t->shift;
	*sector += r[REC_XAR] + f->t->shift;
	if (end > cd_sectors(f->p->cd->size))
		return wrong(f, "an extent that lies outside of the image");
	return true;
}

/* `.` tells Rock Ridge in a root; both must be there, and `.` be this folder. */
static bool
dots(struct folder *f, const uint8_t *r)
{
	const struct cd_node *v = &f->t->v[f->node];
	uint32_t sector, n;
	struct cd_susp u;
	enum media_step step;

	if (r[REC_NAME_LEN] != 1 || r[REC_NAME] != f->seen)
		return wrong(f, "does not begin with records of the folder "
				"itself and of its parent");
	if (!numbers(f, r, &sector, &n))
		return false;
	if (f->seen == 0 && sector != f->t->extents[v->extents].sector)
		return wrong(f, "says that it is elsewhere");
	if (f->seen != 0 || f->node != 0 || f->t->kind != CD_PRIMARY)
		return true;
	step = cd_susp(
	    &u, f->t, f->p->s, &(struct cd_rec){ r, place(f), true }, f->p->e);
	if (step == MEDIA_BAD)
		return cd_at_folder(f->t, f->node, f->p->e);
	f->p->missing |= step == MEDIA_WANTS;
	f->t->rock = u.sp && u.rock;
	f->t->skip = u.skip;
	return true;
}

static bool
is_loop(const struct folder *f, uint32_t sector)
{
	const struct cd_tree *t = f->t;

	for (uint32_t i = f->node;; i = t->v[i].parent) {
		if (t->extents[t->v[i].extents].sector == sector)
			return true;
		if (i == 0)
			return false;
	}
}

static unsigned
depth(const struct cd_tree *t, uint32_t node)
{
	unsigned n = 0;

	for (; node != 0; node = t->v[node].parent)
		n++;
	return n;
}

static bool
is_folder_sane(struct folder *f, const uint8_t *r, uint32_t sector, uint32_t n)
{
	if (n == 0 || n > CD_DIR_MAX)
		return wrong(f, "a folder of 0 bytes, or of more than 8 MiB");
	if (r[REC_XAR] != 0 || (r[REC_FLAGS] & RECF_MORE) != 0)
		return wrong(f, "a folder in several pieces, or with an "
				"extended attribute record");
	if (is_loop(f, sector))
		return wrong(f, "a folder in itself: a loop");
	if (depth(f->t, f->node) >= CD_DEPTH)
		return wrong(f, "folders more than 64 deep");
	return true;
}

/* What Rock Ridge says of a record; a missing area leaves it for later. */
static bool
rock(struct folder *f, const uint8_t *r, struct cd_node *v, char *name)
{
	struct cd_susp u;
	enum media_step step;

	if (!f->t->rock)
		return true;
	step = cd_susp(
	    &u, f->t, f->p->s, &(struct cd_rec){ r, place(f), false }, f->p->e);
	if (step == MEDIA_BAD)
		return cd_at_folder(f->t, f->node, f->p->e);
	f->p->missing |= step == MEDIA_WANTS;
	if (u.has_name)
		memcpy(name, u.name, u.n_name + 1);
	if (u.symlink || (u.mode & S_KIND) == S_LINK)
		v->flags |= CD_SYMLINK;
	else if (u.mode != 0 && (u.mode & S_KIND) != S_FILE &&
		 (u.mode & S_KIND) != S_FOLDER)
		v->flags |= CD_SPECIAL;
	if (u.packed)
		v->flags |= CD_PACKED;
	if (u.moved)
		v->flags |= CD_MOVED;
	if (u.child != 0) {
		v->flags |= CD_STAND_IN;
		v->link = u.child + f->t->shift; /* cd_link() finds the node */
	}
	return true;
}

static bool
store_name(struct folder *f, struct cd_node *v, const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || str_eq(name, ".") || str_eq(name, ".."))
		return wrong(f, "a name that is none");
	v->name = (uint32_t)f->t->names.n;
	if (!buf_add(&f->t->names, name, n + 1))
		return wrong(f, "too many names");
	return true;
}

/* The next extent of a file of several. */
static bool
goes_on(struct folder *f, const uint8_t *r, uint32_t sector, uint32_t n)
{
	const struct cd_node *v = &f->t->v[f->more];
	const uint8_t *first = f->v + (size_t)(v->record - (place(f) - f->at));

	if (r[REC_NAME_LEN] != first[REC_NAME_LEN] ||
	    memcmp(r + REC_NAME, first + REC_NAME, r[REC_NAME_LEN]) != 0)
		return wrong(f, "a file of several extents without the last");
	add_extent(f->t, f->more, sector, n);
	if ((r[REC_FLAGS] & RECF_MORE) == 0)
		f->more = CD_NONE;
	else if (n % MEDIA_SECTOR != 0)
		return wrong(f, "a file of several extents with a hole");
	return true;
}

static bool
record(struct folder *f, const uint8_t *r)
{
	struct cd_node v = {
		.parent = f->node, .link = CD_NONE, .record = place(f)
	};
	char name[CD_NAME_MAX + 1];
	uint32_t sector, n, node;

	if (f->seen < 2)
		return dots(f, r);
	if (!numbers(f, r, &sector, &n))
		return false;
	if (f->more != CD_NONE)
		return goes_on(f, r, sector, n);
	if (!cd_identifier(f->t->kind, r + REC_NAME, r[REC_NAME_LEN], name))
		return wrong(f, "a name that is none");
	if ((r[REC_FLAGS] & RECF_DIR) != 0) {
		v.flags |= CD_DIR;
		if (!is_folder_sane(f, r, sector, n))
			return false;
	}
	if ((r[REC_FLAGS] & (RECF_HIDDEN | RECF_ASSOCIATED)) != 0)
		v.flags |= CD_HIDDEN;
	if (!rock(f, r, &v, name) || !store_name(f, &v, name))
		return false;
	if (f->t->n == CD_NODES)
		return wrong(f, "more than 300000 files");
	v.extents = (uint32_t)f->t->n_extents;
	node = add_node(f->t, &v);
	if ((v.flags & CD_STAND_IN) == 0)
		add_extent(f->t, node, sector, n);
	if ((r[REC_FLAGS] & RECF_MORE) != 0) {
		f->more = node;
		if (n % MEDIA_SECTOR != 0)
			return wrong(
			    f, "a file of several extents with a hole");
	}
	return true;
}

static bool
records(struct folder *f)
{
	while (f->at < f->n) {
		const uint8_t *r = f->v + f->at;
		size_t left = MEDIA_SECTOR - f->at % MEDIA_SECTOR;

		if (r[REC_LEN] == 0) {
			f->at += left;
			continue;
		}
		/* A root's record has 34 bytes: none is shorter. */
		if (r[REC_LEN] < 34 || r[REC_LEN] > left ||
		    r[REC_NAME_LEN] == 0 ||
		    REC_NAME + r[REC_NAME_LEN] > r[REC_LEN])
			return wrong(f, "a record that is cut off");
		if (!record(f, r))
			return false;
		f->seen++;
		f->at += r[REC_LEN];
	}
	if (f->seen < 2)
		return wrong(f, "does not begin with records of the folder "
				"itself and of its parent");
	return f->more == CD_NONE ||
	       wrong(f, "a file of several extents without the last");
}

enum media_step
cd_folder(const struct cd_tree *t, uint32_t node, struct sparse *s,
    struct buf *out, struct err *e)
{
	const struct cd_extent *x = &t->extents[t->v[node].extents];
	size_t n = (size_t)cd_sectors(x->n) * MEDIA_SECTOR;
	char *to;

	buf_reset(out);
	to = buf_extend(out, n);
	if (to == NULL) {
		(void)err_set(e, ERR_TOO_BIG, 0, "a folder of %zu bytes", n);
		return MEDIA_BAD;
	}
	return sparse_get(s, (uint64_t)x->sector * MEDIA_SECTOR, to, n)
		   ? MEDIA_DONE
		   : MEDIA_WANTS;
}

static bool
read_folder(struct cd_pass *p, struct cd_tree *t, uint32_t node, struct buf *b)
{
	struct folder f = { .p = p, .t = t, .node = node, .more = CD_NONE };
	enum media_step step;

	p->folders += t->v[node].size;
	if (p->folders > CD_DIRS_MAX) {
		(void)err_set(p->e, ERR_TOO_BIG, 0,
		    "with it, folders have more than %u MiB",
		    CD_DIRS_MAX >> 20);
		return cd_at_folder(t, node, p->e);
	}
	step = cd_folder(t, node, p->s, b, p->e);
	if (step == MEDIA_WANTS)
		p->missing = true;
	if (step != MEDIA_DONE)
		return step == MEDIA_WANTS;
	f.v = (const uint8_t *)b->p;
	f.n = b->n;
	t->v[node].kids = (uint32_t)t->n;
	if (!records(&f))
		return false;
	t->v[node].n_kids = (uint32_t)t->n - t->v[node].kids;
	return true;
}

bool
cd_parse_tree(struct cd_pass *p, struct cd_tree *t)
{
	struct buf b;
	bool ok = true;

	buf_init(&b, CD_DIR_MAX + MEDIA_SECTOR);
	for (uint32_t i = 0; ok && i < t->n; i++)
		if ((t->v[i].flags & CD_DIR) != 0)
			ok = read_folder(p, t, i, &b);
	buf_free(&b);
	return ok;
}
