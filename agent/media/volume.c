/* See volume.h: the tree, and what goes where; volume_write.c writes it. */
#include "agent/media/volume.h"

#include <string.h>

#include "agent/media/volume_int.h"
#include "common/mem.h"
#include "common/str.h"

/* Some drives and kernels read ahead of what they are asked for. */
#define PADDING 150u

static bool
name_ok(const char *s, size_t n)
{
	if (n == 0 || n > VOLUME_NAME || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_is_alnum(s[i]) && strchr("._-", s[i]) == NULL)
			return false;
	return true;
}

static struct volume_node *
child(struct volume *v, uint32_t dir, const char *name, size_t n)
{
	for (uint32_t i = 1; i < v->n; i++)
		if (v->v[i].parent == dir && strlen(v->v[i].name) == n &&
		    memcmp(v->v[i].name, name, n) == 0)
			return &v->v[i];
	return NULL;
}

static struct volume_node *
add(struct volume *v, uint32_t dir, const char *name, size_t n)
{
	struct volume_node *x = &v->v[v->n++];

	memset(x, 0, sizeof(*x));
	x->parent = dir;
	x->level = v->v[dir].level + 1;
	memcpy(x->name, name, n);
	return x;
}

static bool
take(struct volume *v, const struct compose_file *f, struct err *e)
{
	const char *at = f->path + strspn(f->path, "/");
	uint32_t dir = 0;

	for (;;) {
		size_t n = strcspn(at, "/");
		bool last = at[n] == '\0';
		struct volume_node *x;

		if (!name_ok(at, n) || v->v[dir].level + 1 > VOLUME_DEPTH)
			return err_set(e, ERR_SPEC, 0,
			    "a name that a small volume cannot hold");
		if (v->n == VOLUME_NODES)
			return err_set(e, ERR_TOO_BIG, 0,
			    "more than %d files and folders", VOLUME_NODES);
		x = child(v, dir, at, n);
		if (x != NULL && (last || x->file != NULL))
			return err_set(
			    e, ERR_SPEC, 0, "a file that stands twice");
		if (x == NULL)
			x = add(v, dir, at, n);
		if (last) {
			x->file = f;
			return true;
		}
		dir = (uint32_t)(x - v->v);
		at += n + 1;
	}
}

/* ---- identifiers --------------------------------------------------------- */

static char
d_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return str_is_alnum(c) ? c : '_';
}

static bool
taken(const struct volume *v, const struct volume_node *x)
{
	for (const struct volume_node *y = v->v + 1; y < x; y++)
		if (y->parent == x->parent && str_eq(y->id, x->id))
			return true;
	return false;
}

/* Level 1: eight characters and three. What becomes equal gets a number. */
static void
identify(struct volume *v, struct volume_node *x)
{
	const char *dot = x->file != NULL ? strrchr(x->name, '.') : NULL;
	size_t stem = dot != NULL ? (size_t)(dot - x->name) : strlen(x->name);
	char base[9] = "", ext[4] = "";

	for (size_t i = 0; i < stem && i < 8; i++)
		base[i] = d_char(x->name[i]);
	for (size_t i = 0; dot != NULL && dot[i + 1] != '\0' && i < 3; i++)
		ext[i] = d_char(dot[i + 1]);
	for (unsigned k = 0; k < VOLUME_NODES + 1; k++) {
		char number[4] = "";
		int keep = 8;

		if (k > 0) {
			(void)str_format(number, sizeof(number), "%u", k);
			keep -= (int)strlen(number);
		}
		(void)str_format(x->id, sizeof(x->id), "%.*s%s%s%s%s", keep,
		    base, number, x->file != NULL ? "." : "", ext,
		    x->file != NULL ? ";1" : "");
		if (!taken(v, x))
			return;
	}
}

/* ---- order and places ---------------------------------------------------- */

/* By identifiers; those of Joliet are the names, which are ASCII: the order of
 * their bytes is that of their characters. */
static int
compare(const struct volume *v, bool joliet, uint32_t a, uint32_t b)
{
	return joliet ? strcmp(v->v[a].name, v->v[b].name)
		      : strcmp(v->v[a].id, v->v[b].id);
}

size_t
volume_kids(const struct volume *v, bool joliet, uint32_t dir, uint32_t out[])
{
	size_t n = 0;

	for (uint32_t i = 1; i < v->n; i++) {
		size_t at = n;

		if (v->v[i].parent != dir)
			continue;
		while (at > 0 && compare(v, joliet, out[at - 1], i) > 0) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = i;
		n++;
	}
	return n;
}

/* Folders in the order of path tables: by level, parent, identifier. */
size_t
volume_dirs(const struct volume *v, bool joliet, uint32_t out[])
{
	uint32_t kids[VOLUME_NODES];
	size_t n = 1;

	out[0] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t k = volume_kids(v, joliet, out[i], kids);

		for (size_t m = 0; m < k; m++)
			if (v->v[kids[m]].file == NULL)
				out[n++] = kids[m];
	}
	return n;
}

static void
place(struct volume *v)
{
	uint32_t at = VOLUME_TABLES, dirs[VOLUME_NODES];

	for (size_t t = 0; t < 2; t++) {
		v->tables[t] = at;
		at += 2; /* one sector for either byte order */
	}
	v->area = at++;
	for (size_t t = 0; t < 2; t++) {
		size_t n = volume_dirs(v, t == 1, dirs);

		for (size_t i = 0; i < n; i++) {
			struct volume_node *d = &v->v[dirs[i]];

			d->sectors[t] = at;
			d->sizes[t] = volume_dir_size(v, t == 1, dirs[i]);
			at += d->sizes[t] / MEDIA_SECTOR;
		}
	}
	for (uint32_t i = 1; i < v->n; i++) {
		struct volume_node *x = &v->v[i];

		if (x->file == NULL || x->file->n == 0)
			continue;
		x->sectors[0] = x->sectors[1] = at;
		at += cd_sectors(x->file->n);
	}
	v->sectors = at;
	v->all = at + PADDING;
}

bool
volume_make(struct composed *out, const struct volume_opts *o, struct err *e)
{
	struct volume v = { .label = o->label, .n = 1 };
	size_t bytes = 0, n;

	memset(out, 0, sizeof(*out));
	v.v[0].level = 1;
	if (str_empty(o->label) || strlen(o->label) > VOLUME_LABEL)
		return err_set(e, ERR_SPEC, 0,
		    "a volume's label has 1 to %d bytes", VOLUME_LABEL);
	for (size_t i = 0; i < o->n_files; i++) {
		if (!take(&v, &o->files[i], e))
			return false;
		if (o->files[i].n > VOLUME_BYTES - bytes)
			return err_set(e, ERR_TOO_BIG, 0,
			    "files of more than %u MiB", VOLUME_BYTES >> 20);
		bytes += o->files[i].n;
	}
	if (!volume_tables_fit(&v))
		return err_set(e, ERR_TOO_BIG, 0, "too many folders");
	for (uint32_t i = 1; i < v.n; i++)
		identify(&v, &v.v[i]);
	place(&v);
	n = (size_t)v.sectors * MEDIA_SECTOR;
	out->memory = xcalloc(1, n);
	out->n_memory = n;
	volume_write(&v, out->memory);
	out->size = (uint64_t)v.all * MEDIA_SECTOR;
	out->v = xcalloc(2, sizeof(*out->v));
	out->n = out->cap = 2;
	out->v[0] =
	    (struct composed_piece){ 0, n, COMPOSED_MEMORY, 0, out->memory };
	out->v[1] =
	    (struct composed_piece){ n, out->size - n, COMPOSED_ZERO, 0, NULL };
	return true;
}
