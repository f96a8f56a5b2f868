#include "agent/media/base_file.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"

#define PIECE (1u << 20)

static void
base_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct base_file *b = self;
	struct err e = { .kind = ERR_NONE };
	void *p = xmalloc(n > 0 ? n : 1);

	if (b->files.read_at(b->files.self, b->path, at, p, n, &e))
		fn(arg, p, n, NULL);
	else
		fn(arg, NULL, 0, &e);
	xfree(p);
}

static void
base_cancel(void *self, void *arg)
{
	(void)self;
	(void)arg; /* reads have ended when they return */
}

static enum media_step
parse(void *arg, struct sparse *s, struct err *e)
{
	struct base_file *b = arg;

	return cd_parse(&b->cd, s, e);
}

struct waiting {
	struct base_file *base;
	source_step *step;
	void *arg;
};

static enum media_step
run_step(void *arg, struct sparse *s, struct err *e)
{
	struct waiting *w = arg;

	return w->step(w->arg, s, e);
}

static void
done(void *arg, const struct err *e)
{
	struct base_file *b = ((struct waiting *)arg)->base;

	b->ok = e == NULL;
	if (e != NULL)
		b->e = *e;
}

bool
base_file_run(struct base_file *b, source_step *step, void *arg, struct err *e)
{
	struct waiting w = { b, step, arg };
	struct source_run r;

	source_run(&r, &b->source, &b->sparse, run_step, done, &w);
	if (!b->ok)
		*e = b->e;
	return b->ok;
}

bool
base_file_open(struct base_file *b, const char *path, struct err *e)
{
	memset(b, 0, sizeof(*b));
	b->files = files_system();
	b->path = path;
	b->source.read = base_read;
	b->source.cancel = base_cancel;
	b->source.self = b;
	if (!b->files.size(b->files.self, path, &b->source.size, e))
		return false;
	sparse_init(&b->sparse, b->source.size);
	return base_file_run(b, parse, b, e) || err_wrap(e, "%s", path);
}

void
base_file_close(struct base_file *b)
{
	cd_free(&b->cd);
	sparse_free(&b->sparse);
}

static bool
write_piece(struct base_file *b, const struct composed_piece *p, FILE *f,
    uint8_t *room, struct err *e)
{
	const uint8_t *from = room;

	if (p->kind == COMPOSED_MEMORY)
		from = p->p;
	else if (p->kind == COMPOSED_ZERO)
		memset(room, 0, (size_t)p->n);
	else if (!b->files.read_at(
		     b->files.self, b->path, p->from, room, (size_t)p->n, e))
		return false;
	return fwrite(from, 1, (size_t)p->n, f) == p->n ||
	       err_set(e, ERR_INTERNAL, 0, "not written: is the disk full?");
}

bool
base_file_write(struct base_file *b, const struct composed *c, const char *path,
    struct err *e)
{
	FILE *f = fopen(path, "wbx");
	uint8_t *room;
	uint64_t at = 0;
	bool ok = true;

	if (f == NULL)
		return err_set(e, ERR_INTERNAL, 0,
		    "%s: cannot be made, or is there already", path);
	room = xmalloc(PIECE);
	while (ok && at < c->size) {
		struct composed_piece p;

		(void)composed_next(c, &at, at + PIECE, &p);
		ok = write_piece(b, &p, f, room, e);
	}
	xfree(room);
	if (fclose(f) != 0 && ok)
		ok = err_set(e, ERR_INTERNAL, 0, "not written");
	return ok || err_wrap(e, "%s", path);
}
