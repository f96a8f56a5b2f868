/* What lies where: links of relocated folders, overlaps, names that stand
 * twice. */
#include <stdlib.h>
#include <string.h>

#include "agent/media/cd_int.h"
#include "common/mem.h"
#include "common/str.h"

/* Folders of a tree by sector, for what points to them. */
struct by_sector {
	uint32_t sector, node;
};

static int
cmp_sector(const void *pa, const void *pb)
{
	const struct by_sector *a = pa, *b = pb;

	return a->sector < b->sector ? -1 : a->sector > b->sector;
}

/* Relocated folders alone. */
static size_t
moved_folders(const struct cd_tree *t, struct by_sector **out)
{
	size_t n = 0, cap = 0;

	*out = NULL;
	for (uint32_t i = 1; i < t->n; i++) {
		const struct cd_node *v = &t->v[i];

		if ((v->flags & (CD_DIR | CD_MOVED)) != (CD_DIR | CD_MOVED))
			continue;
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			*out = xreallocarray(*out, cap, sizeof(**out));
		}
		(*out)[n++] =
		    (struct by_sector){ t->extents[v->extents].sector, i };
	}
	if (n > 0)
		qsort(*out, n, sizeof(**out), cmp_sector);
	return n;
}

static bool
link_one(struct cd_tree *t, uint32_t i, const struct by_sector *moved, size_t n,
    struct err *e)
{
	struct by_sector key = { t->v[i].link, 0 };
	const struct by_sector *to =
	    n > 0 ? bsearch(&key, moved, n, sizeof(key), cmp_sector) : NULL;

	t->v[i].link = CD_NONE;
	if (to == NULL || t->v[to->node].link != CD_NONE) {
		(void)err_set(e, ERR_SPEC, 0,
		    "stands for a relocated folder that is %s",
		    to == NULL ? "not there" : "stood for already");
		return cd_at_folder(t, i, e);
	}
	t->v[i].link = to->node;
	t->v[to->node].link = i;
	return true;
}

/* By stand-ins every folder must still be below the root. */
static bool
is_rooted(const struct cd_tree *t, uint32_t node)
{
	for (int i = 0; i <= CD_DEPTH; i++) {
		const struct cd_node *v = &t->v[node];

		if (node == 0)
			return true;
		if ((v->flags & CD_MOVED) != 0 && v->link != CD_NONE)
			v = &t->v[v->link];
		node = v->parent;
	}
	return false;
}

bool
cd_link(struct cd_tree *t, struct err *e)
{
	struct by_sector *moved;
	size_t n = moved_folders(t, &moved);
	bool ok = true;

	for (uint32_t i = 1; ok && i < t->n; i++)
		if ((t->v[i].flags & CD_STAND_IN) != 0)
			ok = link_one(t, i, moved, n, e);
	for (size_t i = 0; ok && i < n; i++)
		if (!is_rooted(t, moved[i].node)) {
			(void)err_set(
			    e, ERR_SPEC, 0, "relocated into itself: a loop");
			ok = cd_at_folder(t, moved[i].node, e);
		}
	xfree(moved);
	return ok;
}

static void
add(struct cd *cd, uint32_t sector, uint64_t bytes, uint8_t tree, uint32_t node,
    bool file)
{
	if (bytes == 0)
		return;
	if (cd->n_map == cd->cap_map) {
		cd->cap_map = cd->cap_map != 0 ? cd->cap_map * 2 : 256;
		cd->map = xreallocarray(cd->map, cd->cap_map, sizeof(*cd->map));
	}
	cd->map[cd->n_map++] =
	    (struct cd_range){ sector, cd_sectors(bytes), node, tree, file };
}

static bool
add_tables(struct cd *cd, uint8_t tree, struct err *e)
{
	const struct cd_tree *t = &cd->trees[tree];

	for (int i = 0; i < 4; i++) {
		uint64_t at = (uint64_t)t->tables[i] + t->shift;

		if (t->tables[i] == 0)
			continue;
		if (at + cd_sectors(t->table_size) > cd_sectors(cd->size))
			return err_set(e, ERR_SPEC, 0,
			    "a path table lies outside of the image");
		add(cd, (uint32_t)at, t->table_size, tree, CD_NONE, false);
	}
	return true;
}

static void
add_nodes(struct cd *cd, uint8_t tree)
{
	const struct cd_tree *t = &cd->trees[tree];

	for (uint32_t i = 0; i < t->n; i++) {
		const struct cd_node *v = &t->v[i];
		bool file = (v->flags & CD_DIR) == 0;

		for (uint32_t k = 0; k < v->n_extents; k++) {
			const struct cd_extent *x = &t->extents[v->extents + k];

			add(cd, x->sector, x->n, tree, i, file);
		}
	}
}

static int
by_place(const void *pa, const void *pb)
{
	const struct cd_range *a = pa, *b = pb;

	if (a->sector != b->sector)
		return a->sector < b->sector ? -1 : 1;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	if (a->file != b->file)
		return a->file ? 1 : -1;
	if (a->tree != b->tree)
		return a->tree < b->tree ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

static void
what(const struct cd *cd, const struct cd_range *r, char out[CD_SHOWN])
{
	char path[CD_PATH_MAX];

	if (r->node == CD_NONE) {
		(void)str_copy(out, CD_SHOWN, "a path table");
		return;
	}
	cd_path(&cd->trees[r->tree], r->node, path);
	(void)cd_shown(path, out);
}

/* The same bytes under several names (hard links, the Joliet tree) are one;
 * anything else that overlaps would change with what it is not. */
static bool
no_overlaps(struct cd *cd, struct err *e)
{
	char one[CD_SHOWN], other[CD_SHOWN];
	size_t n = 0;

	for (size_t i = 0; i < cd->n_map; i++) {
		const struct cd_range *r = &cd->map[i];
		const struct cd_range *last = n > 0 ? &cd->map[n - 1] : NULL;

		if (last == NULL || r->sector >= last->sector + last->n) {
			cd->map[n++] = *r;
			continue;
		}
		if (last->sector == r->sector && last->n == r->n &&
		    last->file == r->file &&
		    (r->file || (r->node == CD_NONE && last->node == CD_NONE)))
			continue;
		what(cd, last, one);
		what(cd, r, other);
		return err_set(e, ERR_SPEC, 0, "%s and %s overlap at sector %u",
		    one, other, r->sector);
	}
	cd->n_map = n;
	return true;
}

struct named {
	const struct cd_tree *t;
	uint32_t node;
};

static int
by_name(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	uint32_t in_a = a->t->v[a->node].parent, in_b = b->t->v[b->node].parent;

	if (in_a != in_b)
		return in_a < in_b ? -1 : 1;
	return strcmp(cd_name(a->t, a->node), cd_name(b->t, b->node));
}

static bool
is_twice(const struct named *a, const struct named *b)
{
	return by_name(a, b) == 0;
}

/* A name that stands twice in a folder is another file to each reader. */
static bool
no_twins(const struct cd_tree *t, struct err *e)
{
	struct named *v = xmalloc(t->n * sizeof(*v));
	char shown[CD_SHOWN];
	size_t n = 0;
	bool ok = true;

	for (uint32_t i = 1; i < t->n; i++)
		if ((t->v[i].flags & (CD_HIDDEN | CD_MOVED)) == 0)
			v[n++] = (struct named){ t, i };
	if (n > 0)
		qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 1; ok && i < n; i++) {
		if (!is_twice(&v[i - 1], &v[i]))
			continue;
		(void)err_set(e, ERR_SPEC, 0, "the name %s stands twice",
		    cd_shown(cd_name(t, v[i].node), shown));
		ok = cd_at_folder(t, t->v[v[i].node].parent, e);
	}
	xfree(v);
	return ok;
}

/* Index of the first thing that ends behind the sector. */
static size_t
first_after(const struct cd *cd, uint64_t sector)
{
	size_t low = 0, high = cd->n_map;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if ((uint64_t)cd->map[mid].sector + cd->map[mid].n <= sector)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A boot image is a file, or lies between other things; one that begins inside
 * of something has no size that may be written to. */
static void
boot_sizes(struct cd *cd)
{
	for (size_t i = 0; i < cd->n_boots; i++) {
		struct cd_boot *b = &cd->boots[i];
		size_t k = first_after(cd, b->sector);
		const struct cd_range *r = &cd->map[k];

		if (k == cd->n_map)
			continue;
		if (r->sector > b->sector)
			b->n = (uint64_t)(r->sector - b->sector) * MEDIA_SECTOR;
		else
			b->n = r->sector == b->sector && r->file
				   ? (uint64_t)r->n * MEDIA_SECTOR
				   : 0;
	}
}

bool
cd_map(struct cd *cd, struct err *e)
{
	for (size_t i = 0; i < cd->n_trees; i++) {
		if (!no_twins(&cd->trees[i], e) ||
		    !add_tables(cd, (uint8_t)i, e))
			return false;
		add_nodes(cd, (uint8_t)i);
	}
	qsort(cd->map, cd->n_map, sizeof(*cd->map), by_place);
	if (!no_overlaps(cd, e))
		return false;
	boot_sizes(cd);
	return true;
}

uint32_t
cd_at(const struct cd *cd, uint64_t at)
{
	uint64_t sector = at / MEDIA_SECTOR;
	size_t low = first_after(cd, sector);

	if (low == cd->n_map || cd->map[low].sector > sector ||
	    !cd->map[low].file || cd->map[low].tree != 0)
		return CD_NONE;
	return cd->map[low].node;
}
