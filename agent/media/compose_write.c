/* Where all goes, and what points to what moved. */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/mem.h"

bool
compose_room(struct plan *p, size_t n, uint32_t *sector)
{
	size_t whole = (size_t)cd_sectors(n) * MEDIA_SECTOR;
	char *to;

	*sector = 0;
	if (n == 0)
		return true;
	*sector = p->first + (uint32_t)(p->tail.n / MEDIA_SECTOR);
	to = buf_extend(&p->tail, whole);
	if (to == NULL)
		return err_set(p->e, ERR_TOO_BIG, 0,
		    "files and folders to add have more than %u MiB",
		    COMPOSE_TAIL_MAX >> 20);
	memset(to, 0, whole);
	return true;
}

void
compose_set(struct plan *p, uint32_t sector, const void *bytes, size_t n)
{
	if (n == 0 || bytes == NULL)
		return;
	if (p->tail.p != NULL && sector >= p->first)
		memcpy(p->tail.p + (size_t)(sector - p->first) * MEDIA_SECTOR,
		    bytes, n);
	else if (!overlay_set(&p->o, (uint64_t)sector * MEDIA_SECTOR, bytes, n))
		p->missing = true;
}

static bool
place_tree(struct plan *p, struct tree_job *tj, struct buf *b)
{
	for (size_t i = 0; i < tj->n; i++) {
		struct dir_job *d = &tj->v[i];

		if (!compose_folder(p, tj, d, b))
			return false;
		d->moves = b->n > d->n_old;
		if (!d->moves)
			continue;
		d->size = (uint32_t)b->n;
		if (!compose_room(p, b->n, &d->sector))
			return false;
	}
	return compose_table_place(p, tj);
}

bool
compose_place(struct plan *p)
{
	struct buf b;
	bool ok = true;

	p->first = cd_sectors(p->cd->size);
	for (size_t i = 0; ok && i < p->n; i++)
		if (p->v[i].used)
			ok = compose_room(p, p->v[i].n, &p->v[i].sector);
	for (size_t i = 0; ok && i < p->cd->n_trees; i++)
		ok = compose_areas(p, &p->trees[i]);
	ok = ok && compose_room(p, p->areas.n, &p->areas_sector);
	buf_init(&b, CD_DIR_MAX);
	for (size_t i = 0; ok && i < p->cd->n_trees; i++)
		ok = place_tree(p, &p->trees[i], &b);
	buf_free(&b);
	return ok;
}

static void
set_both(struct plan *p, uint64_t at, uint32_t v)
{
	uint8_t both[8];

	cd_put_both32(both, v);
	if (!overlay_set(&p->o, at, both, sizeof(both)))
		p->missing = true;
}

/* A record of the folder, anywhere in the base. */
static void
point(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    uint64_t record)
{
	set_both(p, record + REC_SECTOR, d->sector - tj->t->shift);
	set_both(p, record + REC_SIZE, d->size);
}

static uint64_t
start_of(const struct cd_tree *t, uint32_t node)
{
	return (uint64_t)t->extents[t->v[node].extents].sector * MEDIA_SECTOR;
}

/* Where `..` of a folder is: behind `.`, in its first sector. */
static bool
dotdot(struct plan *p, const struct cd_tree *t, uint32_t node, uint64_t *at,
    uint8_t sector[MEDIA_SECTOR])
{
	if (!overlay_get(&p->o, start_of(t, node), sector, MEDIA_SECTOR)) {
		p->missing = true;
		return false;
	}
	*at = start_of(t, node) + sector[REC_LEN];
	return true;
}

static void
point_kids(struct plan *p, const struct tree_job *tj, const struct dir_job *d)
{
	const struct cd_tree *t = tj->t;
	const struct cd_node *v = &t->v[d->node];
	uint8_t sector[MEDIA_SECTOR];
	uint64_t at;

	for (uint32_t i = v->kids; i < v->kids + v->n_kids; i++)
		if ((t->v[i].flags & CD_DIR) != 0 &&
		    dotdot(p, t, i, &at, sector))
			point(p, tj, d, at);
}

/* Rock Ridge's entries of one record. */
static bool
susp_at(struct plan *p, const struct cd_tree *t, uint64_t at, bool root,
    struct cd_susp *u)
{
	uint8_t rec[256] = { 0 };
	size_t n = MEDIA_SECTOR - (size_t)(at % MEDIA_SECTOR);
	struct cd_rec r = { rec, at, root };

	if (!overlay_get(&p->o, at, rec, n < 255 ? n : 255)) {
		p->missing = true;
		return false;
	}
	return cd_susp(u, t, p->o.base, &r, p->e) == MEDIA_DONE;
}

/* Relocated folders: the stand-in's CL, and PL in the `..` of those whose
 * stand-ins are in this one. */
static void
point_links(struct plan *p, const struct tree_job *tj, const struct dir_job *d)
{
	const struct cd_tree *t = tj->t;
	const struct cd_node *v = &t->v[d->node];
	uint32_t to = d->sector - t->shift;
	uint8_t sector[MEDIA_SECTOR];
	struct cd_susp u;
	uint64_t at;

	if ((v->flags & CD_MOVED) != 0 && v->link != CD_NONE &&
	    susp_at(p, t, t->v[v->link].record, false, &u) && u.cl != 0)
		set_both(p, u.cl + 4, to);
	for (uint32_t i = v->kids; i < v->kids + v->n_kids; i++) {
		if ((t->v[i].flags & CD_STAND_IN) == 0 ||
		    !dotdot(p, t, t->v[i].link, &at, sector))
			continue;
		if (susp_at(p, t, at, false, &u) && u.pl != 0)
			set_both(p, u.pl + 4, to);
	}
}

static void
point_root(struct plan *p, const struct tree_job *tj, const struct dir_job *d)
{
	uint8_t sector[MEDIA_SECTOR];
	uint64_t at;

	if (dotdot(p, tj->t, 0, &at, sector))
		point(p, tj, d, at);
	if (p->cd->enhanced != 0 && tj == p->trees)
		point(p, tj, d,
		    (uint64_t)p->cd->enhanced * MEDIA_SECTOR + VOL_ROOT);
}

/* One link more for each new folder in it. */
static void
add_links(
    struct plan *p, const struct cd_tree *t, uint64_t at, bool root, unsigned n)
{
	struct cd_susp u;
	uint8_t links[4];

	if (!susp_at(p, t, at, root, &u) || u.px == 0)
		return;
	if (!overlay_get(&p->o, u.px + 12, links, sizeof(links)))
		p->missing = true;
	else if (cd_le32(links) > 1) /* else this image counts none */
		set_both(p, u.px + 12, cd_le32(links) + n);
}

static void
patch(struct plan *p, const struct tree_job *tj, const struct dir_job *d)
{
	const struct cd_tree *t = tj->t;

	if (d->new_kids > 0 && t->rock) {
		add_links(
		    p, t, start_of(t, d->node), d->node == 0, d->new_kids);
		if (d->node != 0)
			add_links(
			    p, t, t->v[d->node].record, false, d->new_kids);
	}
	if (!d->moves)
		return;
	point(p, tj, d, t->v[d->node].record);
	point(p, tj, d, start_of(t, d->node));
	point_kids(p, tj, d);
	if (t->rock)
		point_links(p, tj, d);
	if (d->node == 0)
		point_root(p, tj, d);
}

static bool
write_tree(struct plan *p, struct tree_job *tj, struct buf *b)
{
	for (size_t i = 0; i < tj->n; i++)
		if (tj->v[i].node != CD_NONE)
			patch(p, tj, &tj->v[i]);
	for (size_t i = 0; i < tj->n; i++) {
		struct dir_job *d = &tj->v[i];
		size_t n;

		if (!compose_folder(p, tj, d, b))
			return false;
		n = b->n;
		if (!d->moves && n < d->n_old) { /* what was behind goes */
			char *to = buf_extend(b, d->n_old - n);

			if (to != NULL)
				memset(to, 0, d->n_old - n);
		}
		compose_set(p, d->sector, b->p, b->n);
	}
	return compose_table_write(p, tj);
}

bool
compose_write(struct plan *p)
{
	struct buf b;
	bool ok = true;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].used)
			compose_set(p, p->v[i].sector, p->v[i].p, p->v[i].n);
	compose_set(p, p->areas_sector, p->areas.p, p->areas.n);
	buf_init(&b, CD_DIR_MAX + MEDIA_SECTOR);
	for (size_t i = 0; ok && i < p->cd->n_trees; i++)
		ok = write_tree(p, &p->trees[i], &b);
	buf_free(&b);
	return ok;
}
