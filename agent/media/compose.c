/* See compose.h: what is checked, and the order of the parts. */
#include "agent/media/compose.h"

#include <string.h>

#include "agent/media/compose_int.h"
#include "agent/media/karg.h"
#include "agent/media/ptable.h"
#include "common/mem.h"
#include "common/str.h"

#define CONTENTS_MAX 4096u

static bool
wrong(struct plan *p, const char *path, const char *what)
{
	char shown[CD_SHOWN];

	return err_set(
	    p->e, ERR_SPEC, 0, "file \"%s\": %s", cd_shown(path, shown), what);
}

/* Names that every tree and system can hold, apart from its own limits. */
static bool
check_path(struct plan *p, const char *path)
{
	const char *at = path;

	if (strnlen(path, CD_PATH_MAX) == CD_PATH_MAX)
		return wrong(p, path, "a path of more than 1023 bytes");
	for (;;) {
		size_t n = strcspn(at, "/");

		if (n == 0 || n > CD_NAME_MAX || (n == 1 && at[0] == '.') ||
		    (n == 2 && at[0] == '.' && at[1] == '.'))
			return wrong(p, path,
			    "a path with a part that is no "
			    "name");
		for (size_t i = 0; i < n;) {
			size_t len = str_utf8_len(at + i, n - i);

			if (len == 0 || (uint8_t)at[i] < ' ' || at[i] == 0x7f)
				return wrong(p, path, "not printable UTF-8");
			i += len;
		}
		if (at[n] == '\0')
			return true;
		at += n + 1;
	}
}

static struct content *
add_content(struct plan *p)
{
	if (p->n == p->cap) {
		p->cap = p->cap != 0 ? p->cap * 2 : 8;
		p->v = xreallocarray(p->v, p->cap, sizeof(*p->v));
	}
	memset(&p->v[p->n], 0, sizeof(*p->v));
	return &p->v[p->n++];
}

void
compose_add(struct plan *p, uint32_t was, char *made, size_t n)
{
	struct content *c = add_content(p);

	c->was = was;
	c->made = made;
	c->p = made;
	c->n = n;
}

static bool
take_files(struct plan *p, const struct compose_opts *o)
{
	size_t bytes = 0;

	if (o->n_files > COMPOSE_FILES)
		return err_set(p->e, ERR_TOO_BIG, 0,
		    "more than %d files to add", COMPOSE_FILES);
	for (size_t i = 0; i < o->n_files; i++) {
		const struct compose_file *f = &o->files[i];
		const char *path = f->path + strspn(f->path, "/");
		struct content *c;

		if (!check_path(p, path))
			return false;
		if (f->n > COMPOSE_BYTES - bytes)
			return err_set(p->e, ERR_TOO_BIG, 0,
			    "files to add have more than %u MiB",
			    COMPOSE_BYTES >> 20);
		bytes += f->n;
		for (size_t k = 0; k < p->n; k++)
			if (f->boot == 0 && str_eq(p->v[k].path, path))
				return wrong(p, path, "is to be added twice");
		if (f->boot != 0)
			continue;
		c = add_content(p);
		c->path = path;
		c->p = f->p;
		c->n = f->n;
	}
	return true;
}

/* Sizes, path tables, in each volume descriptor. */
static void
put_descriptor(
    struct plan *p, const struct tree_job *tj, uint32_t sector, uint64_t size)
{
	uint64_t at = (uint64_t)sector * MEDIA_SECTOR;
	uint32_t shift = tj->t->shift;
	uint8_t v[8];

	cd_put_both32(v, cd_sectors(size) - shift);
	p->missing |= !overlay_set(&p->o, at + VOL_BLOCKS, v, 8);
	cd_put_both32(v, tj->table_size);
	p->missing |= !overlay_set(&p->o, at + VOL_TABLE_SIZE, v, 8);
	for (size_t i = 0; i < 4; i++) {
		uint32_t to = tj->tables[i] != 0 ? tj->tables[i] - shift : 0;

		if (i < 2)
			cd_put_le32(v, to);
		else
			cd_put_be32(v, to);
		p->missing |=
		    !overlay_set(&p->o, at + VOL_TABLES + 4 * i, v, 4);
	}
}

static void
put_descriptors(struct plan *p)
{
	for (size_t i = 0; i < p->cd->n_trees; i++)
		put_descriptor(
		    p, &p->trees[i], p->trees[i].t->descriptor, p->size);
	if (p->cd->enhanced != 0)
		put_descriptor(p, &p->trees[0], p->cd->enhanced, p->size);
}

static bool
put_partitions(struct plan *p)
{
	struct ptable t;
	enum media_step step = ptable_load(&t, &p->o, p->e);

	p->missing |= step == MEDIA_WANTS;
	if (step != MEDIA_DONE)
		return step == MEDIA_WANTS;
	p->size = ptable_size(
	    &t, p->cd->size, (uint64_t)p->first * MEDIA_SECTOR + p->tail.n);
	p->n_backup = ptable_write(&t, &p->o, p->size, p->backup);
	return true;
}

static bool
follows(const struct composed_piece *last, enum composed_kind kind,
    uint64_t from, const uint8_t *p)
{
	return last->kind == kind &&
	       (kind == COMPOSED_ZERO ||
		   (kind == COMPOSED_BASE && last->from + last->n == from) ||
		   (kind == COMPOSED_MEMORY && last->p + last->n == p));
}

static void
piece(struct composed *c, enum composed_kind kind, uint64_t from,
    const uint8_t *p, uint64_t n)
{
	if (n == 0)
		return;
	if (c->n > 0 && follows(&c->v[c->n - 1], kind, from, p)) {
		c->v[c->n - 1].n += n;
		c->size += n;
		return;
	}
	if (c->v == NULL || c->n == c->cap) {
		c->cap = c->cap != 0 ? c->cap * 2 : 16;
		c->v = xreallocarray(c->v, c->cap, sizeof(*c->v));
	}
	c->v[c->n++] = (struct composed_piece){ c->size, n, kind, from, p };
	c->size += n;
}

/* Replaced sectors, the tail and the backup move into one block. */
static void
assemble(struct plan *p, struct composed *c)
{
	uint64_t at = 0, size = p->cd->size, end = (uint64_t)p->first;
	uint8_t *to;

	memset(c, 0, sizeof(*c));
	c->n_memory = p->o.n * MEDIA_SECTOR + p->tail.n + p->n_backup;
	to = c->memory = xmalloc(c->n_memory > 0 ? c->n_memory : 1);
	for (size_t i = 0; i < p->o.n; i++) {
		uint64_t from = (uint64_t)p->o.v[i]->number * MEDIA_SECTOR;
		uint64_t n = MEDIA_SECTOR;

		if (p->tail.n == 0 && size - from < n)
			n = size - from; /* nothing follows a short sector */
		piece(c, COMPOSED_BASE, at, NULL, from - at);
		memcpy(to, p->o.v[i]->p, (size_t)n);
		piece(c, COMPOSED_MEMORY, 0, to, n);
		to += n;
		at = from + n;
	}
	if (at < size)
		piece(c, COMPOSED_BASE, at, NULL, size - at);
	if (p->tail.n == 0)
		return;
	end *= MEDIA_SECTOR;
	piece(c, COMPOSED_ZERO, 0, NULL, end > c->size ? end - c->size : 0);
	memcpy(to, p->tail.p, p->tail.n);
	piece(c, COMPOSED_MEMORY, 0, to, p->tail.n);
	to += p->tail.n;
	piece(c, COMPOSED_ZERO, 0, NULL, p->size - p->n_backup - c->size);
	memcpy(to, p->backup, p->n_backup);
	piece(c, COMPOSED_MEMORY, 0, to, p->n_backup);
}

static bool
plan_all(struct plan *p, const struct compose_opts *o)
{
	p->label = o->label;
	if (p->label != NULL && !compose_label_ok(p, p->label))
		return false;
	if (!take_files(p, o) || !compose_fats(p, o) ||
	    !compose_args(p, o->args))
		return false;
	if (p->missing)
		return true;
	if (!compose_edits(p) || p->missing)
		return p->missing;
	if (!compose_place(p) || p->missing)
		return p->missing;
	p->final = true;
	p->size = p->cd->size;
	if (!compose_write(p))
		return p->missing;
	if (p->tail.n > 0) {
		if (!put_partitions(p))
			return false;
		put_descriptors(p);
	}
	compose_label(p);
	return p->missing || compose_sum(p);
}

static void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		xfree(p->v[i].made);
	xfree(p->v);
	for (size_t i = 0; i < CD_TREES; i++) {
		struct tree_job *tj = &p->trees[i];

		for (size_t k = 0; k < tj->n; k++) {
			xfree(tj->v[k].v);
			xfree(tj->v[k].old);
		}
		xfree(tj->v);
	}
	if (p->tail.p != NULL)
		secret_wipe(p->tail.p, p->tail.n);
	buf_free(&p->tail);
	buf_free(&p->areas);
	overlay_free(&p->o);
}

enum media_step
compose(struct composed *out, const struct cd *cd, struct sparse *base,
    const struct compose_opts *opts, struct compose_note *note, struct err *e)
{
	struct plan p = { .cd = cd, .e = e, .note = note };
	enum media_step step;
	bool ok;

	memset(out, 0, sizeof(*out));
	overlay_init(&p.o, base);
	buf_init(&p.tail, COMPOSE_TAIL_MAX);
	buf_init(&p.areas, 1u << 20);
	if (note != NULL)
		buf_reset(&note->text);
	ok = plan_all(&p, opts);
	if (note != NULL)
		note->lines = p.lines;
	step = !ok ? MEDIA_BAD : p.missing ? MEDIA_WANTS : MEDIA_DONE;
	if (step == MEDIA_DONE)
		assemble(&p, out);
	plan_free(&p);
	return step;
}
