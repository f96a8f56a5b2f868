/* From paths to folders that change: what is replaced, added, made. */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/mem.h"
#include "common/str.h"

static bool
refuse(struct plan *p, const struct content *c, const char *what)
{
	char shown[CD_SHOWN];

	return err_set(p->e, ERR_SPEC, 0, "%s: %s",
	    cd_shown(c->path != NULL ? c->path : "a boot configuration", shown),
	    what);
}

/* The style of a folder by its `.`, and of its files by one that is there. */
static bool
read_style(struct plan *p, struct tree_job *tj, struct dir_job *d)
{
	const struct cd_tree *t = tj->t;
	uint64_t at =
	    (uint64_t)t->extents[t->v[d->node].extents].sector * MEDIA_SECTOR;
	bool files = false;
	struct cd_susp u;
	enum media_step step;

	memcpy(d->style.date, d->old + REC_DATE, 7);
	d->style.px_n = 36;
	for (size_t i = 0; i < d->n_old;) {
		const uint8_t *r = d->old + i;

		if (r[REC_LEN] == 0) {
			i += MEDIA_SECTOR - i % MEDIA_SECTOR;
			continue;
		}
		if ((r[REC_FLAGS] & RECF_DIR) == 0) {
			files = true;
			d->style.versions |=
			    memchr(r + REC_NAME, ';', r[REC_NAME_LEN]) != NULL;
		}
		i += r[REC_LEN];
	}
	if (!files)
		d->style.versions = d->node != 0 && tj->n > 0
					? tj->v[0].style.versions
					: t->kind == CD_PRIMARY;
	if (!t->rock)
		return true;
	step = cd_susp(&u, t, p->o.base,
	    &(struct cd_rec){ d->old, at, d->node == 0 }, p->e);
	p->missing |= step == MEDIA_WANTS;
	d->style.rr = u.rr;
	d->style.links = u.links;
	d->style.px_n = u.px_n == 44 ? 44 : 36;
	return step != MEDIA_BAD;
}

static uint32_t
add_dir(struct tree_job *tj)
{
	if (tj->n == tj->cap) {
		tj->cap = tj->cap != 0 ? tj->cap * 2 : 8;
		tj->v = xreallocarray(tj->v, tj->cap, sizeof(*tj->v));
	}
	memset(&tj->v[tj->n], 0, sizeof(*tj->v));
	tj->v[tj->n].node = CD_NONE;
	return (uint32_t)tj->n++;
}

/* The job of a folder that is there; its index. */
static bool
open_dir(struct plan *p, struct tree_job *tj, uint32_t node, uint32_t *index)
{
	const struct cd_tree *t = tj->t;
	const struct cd_extent *x = &t->extents[t->v[node].extents];
	struct dir_job *d = compose_job_of(tj, node);

	if (d != NULL) {
		*index = (uint32_t)(d - tj->v);
		return true;
	}
	*index = add_dir(tj);
	d = &tj->v[*index];
	d->node = node;
	d->sector = x->sector;
	d->size = x->n;
	d->n_old = (size_t)cd_sectors(x->n) * MEDIA_SECTOR;
	d->old = xcalloc(1, d->n_old);
	if (!overlay_get(
		&p->o, (uint64_t)x->sector * MEDIA_SECTOR, d->old, d->n_old)) {
		p->missing = true;
		return true;
	}
	return read_style(p, tj, d);
}

static struct rec_job *
add_rec(struct dir_job *d)
{
	if (d->n == d->cap) {
		d->cap = d->cap != 0 ? d->cap * 2 : 4;
		d->v = xreallocarray(d->v, d->cap, sizeof(*d->v));
	}
	memset(&d->v[d->n], 0, sizeof(*d->v));
	d->v[d->n].node = d->v[d->n].ce = CD_NONE;
	return &d->v[d->n++];
}

static bool
replace(struct plan *p, struct tree_job *tj, uint32_t node, uint32_t content)
{
	const struct cd_node *v = &tj->t->v[node];
	struct content *c = &p->v[content];
	struct rec_job *r;
	uint32_t at;

	if ((v->flags & CD_DIR) != 0)
		return refuse(p, c, "is a folder of the image");
	if ((v->flags & (CD_SYMLINK | CD_SPECIAL)) != 0)
		return refuse(p, c, "is a link or a device of the image");
	if ((v->flags & CD_PACKED) != 0)
		return refuse(p, c, "is compressed by zisofs in the image");
	if (!open_dir(p, tj, v->parent, &at))
		return false;
	r = add_rec(&tj->v[at]);
	r->node = node;
	r->content = content;
	c->used = true;
	return true;
}

/* What is added to a folder under that name already. */
static const struct rec_job *
added(const struct dir_job *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].node == CD_NONE && str_eq(d->v[i].name, name))
			return &d->v[i];
	return NULL;
}

static bool
add(struct plan *p, struct tree_job *tj, uint32_t dir, const char *name,
    uint32_t content, uint32_t new_dir)
{
	struct rec_job *r;

	if (content != CD_NONE && added(&tj->v[dir], name) != NULL)
		return refuse(p, &p->v[content], "is to be added twice");
	r = add_rec(&tj->v[dir]);
	r->content = content;
	r->dir = new_dir;
	(void)str_copy(r->name, sizeof(r->name), name); /* was checked */
	if (content != CD_NONE)
		p->v[content].used = true;
	return p->missing || compose_name(p, tj, &tj->v[dir], r);
}

/* The folder of that name in one that is there or new; made if needed. */
static bool
enter(struct plan *p, struct tree_job *tj, uint32_t content, const char *name,
    uint32_t *dir)
{
	const struct rec_job *r = added(&tj->v[*dir], name);
	uint32_t node = CD_NONE, made;

	if (tj->v[*dir].node != CD_NONE)
		node = cd_child(tj->t, tj->v[*dir].node, name);
	if (node != CD_NONE) {
		if ((tj->t->v[node].flags & CD_DIR) == 0)
			return refuse(p, &p->v[content],
			    "passes through what is no folder of the image");
		return open_dir(p, tj, node, dir);
	}
	if (r != NULL && r->content != CD_NONE)
		return refuse(p, &p->v[content],
		    "passes through a file that is to be added");
	if (r != NULL) {
		*dir = r->dir;
		return true;
	}
	made = add_dir(tj);
	tj->v[made].up = *dir;
	tj->v[made].style = tj->v[*dir].style;
	tj->v[made].moves = true;
	tj->v[*dir].new_kids++;
	tj->has_new = true;
	if (!add(p, tj, *dir, name, CD_NONE, made))
		return false;
	*dir = made;
	return true;
}

/* The next part of a path, which was checked; true: it is the last. */
static bool
part(const char **at, char name[CD_NAME_MAX + 1])
{
	size_t n = strcspn(*at, "/");

	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n;
	if (**at == '\0')
		return true;
	++*at;
	return false;
}

/* Only folders on the way that really change become jobs: the way is looked up
 * first as far as it exists. */
static bool
add_path(struct plan *p, struct tree_job *tj, uint32_t content)
{
	const char *at = p->v[content].path;
	char name[CD_NAME_MAX + 1];
	uint32_t node = 0, dir, next;
	bool last = part(&at, name);

	while (!last) {
		next = cd_child(tj->t, node, name);
		if (next == CD_NONE || (tj->t->v[next].flags & CD_DIR) == 0)
			break;
		node = next;
		last = part(&at, name);
	}
	if (!open_dir(p, tj, node, &dir))
		return false;
	while (!last && !p->missing) {
		if (!enter(p, tj, content, name, &dir))
			return false;
		last = part(&at, name);
	}
	return p->missing || add(p, tj, dir, name, content, 0);
}

/* Every name of the extent: hard links, and the other trees. */
static bool
by_sector(struct plan *p, struct tree_job *tj, uint32_t content, bool *found)
{
	const struct cd_tree *t = tj->t;

	*found = false;
	for (uint32_t i = 1; i < t->n; i++) {
		const struct cd_node *v = &t->v[i];

		if (v->size == 0 || (v->flags & CD_DIR) != 0 ||
		    t->extents[v->extents].sector != p->v[content].was)
			continue;
		*found = true;
		if (!replace(p, tj, i, content))
			return false;
	}
	return true;
}

static bool
edit(struct plan *p, struct tree_job *tj, uint32_t content)
{
	struct content *c = &p->v[content];
	uint32_t node;
	bool found = false;

	node = c->path != NULL ? cd_find(tj->t, c->path) : CD_NONE;
	if (node != CD_NONE)
		return replace(p, tj, node, content);
	if (c->was != 0 && !by_sector(p, tj, content, &found))
		return false;
	return found || c->path == NULL || add_path(p, tj, content);
}

/* Where a file is in some tree: in others it may have another name. Boot images
 * are read by their place, so a new one elsewhere would not be seen. */
static bool
find_was(struct plan *p, struct content *c)
{
	const struct cd *cd = p->cd;

	for (size_t i = 0; c->path != NULL && i < cd->n_trees; i++) {
		const struct cd_tree *t = &cd->trees[i];
		uint32_t node = cd_find(t, c->path);

		if (node == CD_NONE || (t->v[node].flags & CD_DIR) != 0 ||
		    t->v[node].size == 0)
			continue;
		c->was = t->extents[t->v[node].extents].sector;
		break;
	}
	if (c->was == 0)
		return true;
	for (size_t i = 0; i < cd->n_boots; i++)
		if (cd->boots[i].sector == c->was)
			return refuse(p, c,
			    "is a boot image of the image, which firmware "
			    "finds by its place");
	return c->was != cd->catalog ||
	       refuse(p, c, "is the boot catalog of the image");
}

bool
compose_edits(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!find_was(p, &p->v[i]))
			return false;
	for (size_t k = 0; k < p->cd->n_trees; k++) {
		struct tree_job *tj = &p->trees[k];

		tj->t = &p->cd->trees[k];
		for (size_t i = 0; i < p->n; i++)
			if (!edit(p, tj, (uint32_t)i))
				return false;
	}
	return true;
}
