/* Nodes of a tree and where they lie. See tree.h. */
#include "sim/origin/tree.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/origin/tree_impl.h"

#define ROOT_MIN 32u         /* sectors that the last file has at least */
#define FILE_MAX 0xfffff800u /* of one extent */
#define HEADER (16 * TREE_SECTOR - 24) /* coreos-installer: the embed area */

/* ---- names --------------------------------------------------------------------- */

static void
upper(char *to, const char *from, size_t n, size_t max)
{
	size_t k;

	for (k = 0; k < n && k < max; k++) {
		char c = from[k];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		to[k] = str_is_alnum(c) ? c : '_';
	}
	to[k] = '\0';
}

/* ECMA-119 10.1: level 1, eight and three. */
static void
identifier(struct tree_node *n)
{
	const char *dot = strrchr(n->name, '.');
	size_t len = strlen(n->name);

	char base[9] = "", end[4] = "";

	if (dot == n->name || n->dir)
		dot = NULL;
	upper(base, n->name, dot != NULL ? (size_t)(dot - n->name) : len, 8);
	if (dot != NULL)
		upper(end, dot + 1, strlen(dot + 1), 3);
	if (n->dir)
		(void)str_copy(n->id, sizeof(n->id), base);
	else
		(void)str_format(n->id, sizeof(n->id), "%s.%s;1", base, end);
}

static int
child(struct tree *t, int parent, const char *name, size_t len, bool dir)
{
	struct tree_node *n;

	for (int i = 1; i < t->n; i++)
		if (t->node[i].parent == parent &&
		    strlen(t->node[i].name) == len &&
		    memcmp(t->node[i].name, name, len) == 0)
			return i;
	n = &t->node[t->n];
	memcpy(n->name, name, len); /* ours: they fit */
	n->parent = parent;
	n->dir = dir;
	identifier(n);
	return t->n++;
}

static int
add(struct tree *t, const char *path)
{
	int at = 0;

	for (path++;; path++) {
		size_t len = strcspn(path, "/");

		at = child(t, at, path, len, path[len] == '/');
		path += len;
		if (*path == '\0')
			return at;
	}
}

/* Node k comes before node i; the root is the first. */
static bool
before(const struct tree_node *v, int k, int i)
{
	int by = strcmp(v[k].id, v[i].id);

	if (k == i || i == 0)
		return false;
	return k == 0 || by < 0 || (by == 0 && k < i);
}

/* Folders have their children in the order of identifiers (9.3). */
static void
sort(struct tree *t)
{
	int to[TREE_NODES];
	struct tree_node old[TREE_NODES];

	memcpy(old, t->node, sizeof(old));
	for (int i = 0; i < t->n; i++) {
		to[i] = 0;
		for (int k = 0; k < t->n; k++)
			to[i] += before(old, k, i);
	}
	for (int i = 0; i < t->n; i++) {
		t->node[to[i]] = old[i];
		if (old[i].parent >= 0)
			t->node[to[i]].parent = to[old[i].parent];
	}
}

/* ---- places --------------------------------------------------------------------- */

/* Numbers of folders: level by level, in the order of their parents (9.4). */
static void
number(struct tree *t)
{
	t->node[0].number = 1;
	t->n_dirs = 1;
	for (int up = 1; up <= t->n_dirs; up++)
		for (int i = 1; i < t->n; i++) {
			struct tree_node *n = &t->node[i];

			if (n->dir && t->node[n->parent].number == (unsigned)up)
				n->number = (unsigned)++t->n_dirs;
		}
}

static uint32_t
sectors(uint32_t bytes)
{
	return (bytes + TREE_SECTOR - 1) / TREE_SECTOR;
}

static void
place(struct tree *t, struct tree_node *n, uint32_t *lba)
{
	n->lba = *lba;
	*lba += sectors(n->size);
	if (n->zero) {
		t->zero_lba = n->lba;
		t->zero_n = sectors(n->size);
	}
	if (str_eq(n->name, "isolinux.bin") || str_eq(n->name, "eltorito.img"))
		t->bios_lba = n->lba;
}

static void
lay_out(struct tree *t, int esp, int catalog)
{
	uint32_t lba = TREE_DIRS;

	for (int i = 0; i < t->n; i++)
		if (t->node[i].dir)
			t->node[i].lba = lba++;
	for (int i = 0; i < t->n; i++)
		if (t->node[i].dir)
			t->node[i].joliet_lba = lba++;
	t->node[catalog].lba = TREE_CATALOG;
	t->node[catalog].size = TREE_SECTOR;
	for (int i = 0; i < t->n; i++)
		if (t->node[i].text != NULL)
			place(t, &t->node[i], &lba);
	t->esp_lba = lba;
	t->node[esp].size = TREE_ESP;
	place(t, &t->node[esp], &lba);
	t->head_n = lba;
	for (int i = 0; i < t->n; i++) {
		struct tree_node *n = &t->node[i];

		if (!n->dir && n->text == NULL && i != t->last && i != esp &&
		    i != catalog)
			place(t, n, &lba);
	}
	t->node[t->last].lba = lba;
}

static int
find(const struct tree *t, const char *name, bool last)
{
	for (int i = 1; i < t->n; i++)
		if (last ? !t->node[i].dir && t->node[i].text == NULL &&
			       t->node[i].size == 0
			 : str_eq(t->node[i].name, name))
			return i;
	return 0;
}

static void
contents(struct tree *t)
{
	for (int i = 0; i < t->n; i++)
		if (t->node[i].text != NULL)
			memcpy(t->head + (size_t)t->node[i].lba * TREE_SECTOR,
			    t->node[i].text, t->node[i].size);
	tree_fat(t->head + (size_t)t->esp_lba * TREE_SECTOR, t->f->esp_config);
	if (!t->f->coreiso)
		return;
	memcpy(t->head + HEADER, "coreiso+", 8);
	tree_le32(t->head + HEADER + 8, t->zero_lba * TREE_SECTOR);
	tree_le32(t->head + HEADER + 16, t->zero_n * TREE_SECTOR);
}

struct tree *
tree_new(const struct tree_family *f)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->f = f;
	t->n = 1;
	t->node[0].dir = true;
	t->node[0].parent = -1;
	for (const struct tree_file *file = f->files; file->path; file++) {
		struct tree_node *n = &t->node[add(t, file->path)];

		n->text = file->text;
		n->zero = file->zero;
		n->size = file->text != NULL ? (uint32_t)strlen(file->text)
					     : file->size;
	}
	t->node[add(t, f->esp)].size = 1; /* else it were the last */
	t->node[add(t, "/boot.catalog")].size = 1;
	sort(t);
	number(t);
	t->last = find(t, NULL, true);
	lay_out(t, find(t, strrchr(f->esp, '/') + 1, false),
	    find(t, "boot.catalog", false));
	t->head = xcalloc(t->head_n, TREE_SECTOR);
	tree_write(t);
	contents(t);
	return t;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	xfree(t->head);
	xfree(t);
}

int64_t
tree_min(const struct tree *t)
{
	return (int64_t)(t->node[t->last].lba + ROOT_MIN) * TREE_SECTOR;
}

/* ---- reading ---------------------------------------------------------------------- */

/* What depends on how long the image is. */
static void
put_sizes(const struct tree *t, int64_t n, uint32_t total, uint8_t *out)
{
	uint32_t first = t->node[t->last].lba;
	int64_t size = (int64_t)(total - first) * TREE_SECTOR;

	if (n == TREE_PVD || n == TREE_SVD)
		tree_both32(out + 80, total);
	for (int i = 0; i < 2; i++)
		if ((int64_t)(t->last_at[i] / TREE_SECTOR) == n)
			tree_both32(out + t->last_at[i] % TREE_SECTOR,
			    size < FILE_MAX ? (uint32_t)size : FILE_MAX);
}

bool
tree_sector(const struct tree *t, int64_t n, uint32_t total, const char *note,
    uint8_t out[TREE_SECTOR])
{
	size_t len = strlen(note);

	if (n >= t->zero_lba && n < (int64_t)t->zero_lba + t->zero_n) {
		memset(out, 0, TREE_SECTOR);
		return true;
	}
	if (n >= t->head_n)
		return false;
	memcpy(out, t->head + (size_t)n * TREE_SECTOR, TREE_SECTOR);
	put_sizes(t, n, total, out);
	if (n == TREE_PVD) {
		memset(out + 883, ' ', 512);
		memcpy(out + 883, note, len < 512 ? len : 512);
	}
	return true;
}
