/* Path tables (ECMA-119 9.4), in both byte orders. */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/mem.h"

#define TABLES 4
#define TABLE_MAX (8u << 20)
#define FOLDERS_MAX 65535u /* what 16 bits number */
#define NONE UINT32_MAX

/* One folder; siblings in their order. */
struct row {
	const uint8_t *id; /* borrowed */
	uint8_t n_id;
	uint32_t sector, parent;    /* index; the root's is its own */
	uint32_t first, last, next; /* folders in it, and beside it */
	uint32_t number;
	uint32_t job; /* new: which */
};
struct table {
	struct row *v; /* owned */
	size_t n, n_old;
	uint8_t *old; /* owned: as it was, of one byte order */
};

static bool
bad(struct plan *p, const struct tree_job *tj, const char *what)
{
	return err_set(p->e, ERR_SPEC, 0, "%spath table: %s",
	    tj->t->kind == CD_JOLIET ? "Joliet " : "", what);
}

static uint32_t
number(const uint8_t *p, bool big)
{
	return big ? cd_be32(p) : cd_le32(p);
}

static bool
read_table(struct plan *p, const struct tree_job *tj, int which, uint8_t *out)
{
	uint64_t at =
	    ((uint64_t)tj->t->tables[which] + tj->t->shift) * MEDIA_SECTOR;

	if (overlay_get(&p->o, at, out, tj->t->table_size))
		return true;
	p->missing = true;
	return false;
}

static void
sibling(struct table *t, uint32_t i)
{
	struct row *up = &t->v[t->v[i].parent];

	t->v[i].next = NONE;
	if (up->first == NONE)
		up->first = i;
	else
		t->v[up->last].next = i;
	up->last = i;
}

/* A new one goes before the first that is greater. */
static void
insert(struct table *t, enum cd_kind kind, uint32_t i)
{
	struct row *v = t->v, *up = &v[v[i].parent];
	uint32_t *at = &up->first;

	while (*at != NONE && compose_cmp(kind, v[*at].id, v[*at].n_id, v[i].id,
				  v[i].n_id) < 0)
		at = &v[*at].next;
	v[i].next = *at;
	*at = i;
	if (v[i].next == NONE)
		up->last = i;
}

static bool
rows(struct plan *p, const struct tree_job *tj, struct table *t)
{
	bool big = tj->t->tables[0] == 0;
	size_t size = tj->t->table_size;

	for (size_t at = 0; at + 8 <= size;) {
		const uint8_t *r = t->old + at;
		uint32_t up = big ? (uint32_t)(r[6] << 8 | r[7])
				  : (uint32_t)(r[7] << 8 | r[6]);
		struct row *v = &t->v[t->n];

		if (r[0] == 0 || at + 8 + r[0] > size)
			return bad(p, tj, "a row is cut off");
		if (t->n == FOLDERS_MAX || up == 0 || up > t->n + 1 ||
		    (t->n > 0 && up > t->n))
			return bad(p, tj, "a parent that comes later");
		*v = (struct row){ r + 8, r[0], number(r + 2, big), up - 1,
			NONE, NONE, NONE, 0, NONE };
		if (t->n > 0)
			sibling(t, (uint32_t)t->n);
		t->n++;
		at += 8u + r[0] + r[0] % 2;
	}
	t->n_old = t->n;
	return t->n > 0 || bad(p, tj, "it is empty");
}

static uint32_t
row_of(const struct table *t, uint32_t sector)
{
	for (uint32_t i = 0; i < t->n_old; i++)
		if (t->v[i].sector == sector)
			return i;
	return NONE;
}

static uint32_t
row_of_job(const struct tree_job *tj, const struct table *t, uint32_t job)
{
	const struct cd_tree *tree = tj->t;
	const struct dir_job *d = &tj->v[job];

	if (d->node != CD_NONE)
		return row_of(
		    t, tree->extents[tree->v[d->node].extents].sector -
			   tree->shift);
	for (size_t i = t->n_old; i < t->n; i++)
		if (t->v[i].job == job)
			return (uint32_t)i;
	return NONE;
}

static const struct rec_job *
record_of(const struct tree_job *tj, uint32_t job)
{
	const struct dir_job *up = &tj->v[tj->v[job].up];

	for (size_t i = 0; i < up->n; i++)
		if (up->v[i].node == CD_NONE && up->v[i].content == CD_NONE &&
		    up->v[i].dir == job)
			return &up->v[i];
	return NULL;
}

static bool
add_new(struct plan *p, struct tree_job *tj, struct table *t)
{
	for (uint32_t k = 0; k < tj->n; k++) {
		const struct rec_job *r;
		uint32_t up;

		if (tj->v[k].node != CD_NONE)
			continue;
		r = record_of(tj, k);
		up = row_of_job(tj, t, tj->v[k].up);
		if (r == NULL || up == NONE || t->n == FOLDERS_MAX)
			return bad(p, tj,
			    "a folder that gets new ones is not in it, or it "
			    "is full");
		t->v[t->n] = (struct row){ r->id, r->n_id, 0, up, NONE, NONE,
			NONE, 0, k };
		insert(t, tj->t->kind, (uint32_t)t->n);
		t->n++;
	}
	return true;
}

static void
table_free(struct table *t)
{
	xfree(t->v);
	xfree(t->old);
}

static bool
load(struct plan *p, struct tree_job *tj, struct table *t)
{
	size_t size = tj->t->table_size;

	memset(t, 0, sizeof(*t));
	if (size < 10 || size > TABLE_MAX)
		return bad(p, tj, "its size makes no sense");
	if (tj->t->tables[0] == 0 && tj->t->tables[2] == 0)
		return bad(p, tj, "there is none");
	t->old = xmalloc(size);
	t->v = xcalloc(size / 8 + tj->n + 1, sizeof(*t->v));
	if (!read_table(p, tj, tj->t->tables[0] != 0 ? 0 : 2, t->old))
		return true;
	return rows(p, tj, t) && add_new(p, tj, t);
}

static size_t
new_size(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += 8u + t->v[i].n_id + t->v[i].n_id % 2;
	return n;
}

bool
compose_table_place(struct plan *p, struct tree_job *tj)
{
	struct table t;
	bool ok;

	for (int i = 0; i < TABLES; i++)
		tj->tables[i] =
		    tj->t->tables[i] == 0 ? 0 : tj->t->tables[i] + tj->t->shift;
	tj->table_size = tj->t->table_size;
	if (!tj->has_new)
		return true;
	ok = load(p, tj, &t);
	if (ok && !p->missing) {
		tj->table_size = (uint32_t)new_size(&t);
		for (int i = 0; ok && i < TABLES; i++)
			if (tj->tables[i] != 0 &&
			    cd_sectors(tj->table_size) >
				cd_sectors(tj->t->table_size))
				ok = compose_room(
				    p, tj->table_size, &tj->tables[i]);
	}
	table_free(&t);
	return ok;
}

/* Breadth first: a parent's number is less than its children's. */
static uint32_t *
in_order(struct table *t)
{
	uint32_t *v = xmalloc(t->n * sizeof(*v));
	size_t n = 1;

	v[0] = 0;
	for (size_t i = 0; i < n; i++) {
		t->v[v[i]].number = (uint32_t)i + 1;
		for (uint32_t k = t->v[v[i]].first; k != NONE; k = t->v[k].next)
			v[n++] = k;
	}
	return v;
}

static void
put_row(uint8_t *to, const struct table *t, const struct row *r, bool big)
{
	uint32_t up = t->v[r->parent].number;

	to[0] = r->n_id;
	if (big)
		cd_put_be32(to + 2, r->sector);
	else
		cd_put_le32(to + 2, r->sector);
	to[big ? 6 : 7] = (uint8_t)(up >> 8);
	to[big ? 7 : 6] = (uint8_t)up;
	memcpy(to + 8, r->id, r->n_id);
}

static bool
write_new(struct plan *p, struct tree_job *tj)
{
	struct table t;
	bool ok = load(p, tj, &t);
	size_t whole = (size_t)cd_sectors(tj->table_size) * MEDIA_SECTOR, n;
	uint8_t *out = xcalloc(1, whole > 0 ? whole : 1);
	uint32_t *order = NULL;

	if (ok && !p->missing && t.v != NULL) {
		for (uint32_t k = 0; k < tj->n; k++) {
			uint32_t i = row_of_job(tj, &t, k);

			if (i != NONE)
				t.v[i].sector = tj->v[k].sector - tj->t->shift;
		}
		order = in_order(&t);
	}
	for (int w = 0; order != NULL && w < TABLES; w++) {
		if (tj->tables[w] == 0)
			continue;
		memset(out, 0, whole);
		n = 0;
		for (size_t i = 0; i < t.n; i++) {
			const struct row *r = &t.v[order[i]];

			put_row(out + n, &t, r, w >= 2);
			n += 8u + r->n_id + r->n_id % 2;
		}
		compose_set(p, tj->tables[w], out, whole);
	}
	xfree(order);
	xfree(out);
	table_free(&t);
	return ok;
}

/* Nothing but places changed: where a row of that sector stands. */
static bool
move_row(struct plan *p, const struct tree_job *tj, int which, uint32_t from,
    uint32_t to)
{
	size_t size = tj->t->table_size;
	uint8_t *v = xmalloc(size > 0 ? size : 1), place[4];
	uint64_t start = (uint64_t)tj->tables[which] * MEDIA_SECTOR;
	bool found = !read_table(p, tj, which, v), big = which >= 2;

	for (size_t at = 0; !found && at + 8 <= size && v[at] != 0;) {
		found = number(v + at + 2, big) == from;
		if (found) {
			if (big)
				cd_put_be32(place, to);
			else
				cd_put_le32(place, to);
			(void)overlay_set(&p->o, start + at + 2, place, 4);
		}
		at += 8u + v[at] + v[at] % 2;
	}
	xfree(v);
	return found || bad(p, tj, "a folder that moves is not in it");
}

bool
compose_table_write(struct plan *p, struct tree_job *tj)
{
	const struct cd_tree *t = tj->t;

	if (tj->has_new)
		return write_new(p, tj);
	for (size_t i = 0; i < tj->n; i++) {
		const struct dir_job *d = &tj->v[i];
		uint32_t from;

		if (!d->moves)
			continue;
		from = t->extents[t->v[d->node].extents].sector - t->shift;
		for (int w = 0; w < TABLES; w++)
			if (tj->tables[w] != 0 &&
			    !move_row(p, tj, w, from, d->sector - t->shift))
				return false;
	}
	return true;
}
