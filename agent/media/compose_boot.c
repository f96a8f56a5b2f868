/* What boot loaders read: configurations in the trees and in El Torito's FAT
 * images, which get kernel arguments; files in those images, which are
 * replaced. */
#include <string.h>

#include "agent/media/compose_int.h"
#include "agent/media/fat.h"
#include "agent/media/karg.h"
#include "common/mem.h"
#include "common/str.h"

#define CONFIGS_MAX 256u
#define HEAD 4096u /* of a program, to see what it is */

/* Files of a FAT image that matter, found before any is changed. */
struct found {
	char *path; /* owned */
	struct fat_file file;
	bool program;
	enum karg_syntax syntax;
};
struct finds {
	struct found *v; /* owned */
	size_t n, cap;
};

static void
tell(struct plan *p, const char *what, unsigned boot, const char *path)
{
	char shown[CD_SHOWN];

	if (p->note == NULL)
		return;
	(void)buf_addf(&p->note->text, "%s", what); /* a note: cut if full */
	if (boot > 0)
		(void)buf_addf(&p->note->text, "boot image %u: ", boot);
	(void)buf_addf(&p->note->text, "%s\n", cd_shown(path, shown));
}

/* Programs that firmware starts by itself, or systemd-boot finds. */
static bool
is_program(const char *path)
{
	static const char *const dirs[] = { "/efi/boot/", "/efi/linux/" };
	size_t n = strlen(path);

	if (n < 5 || !str_ieq(path + n - 4, ".efi"))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (str_has_iprefix(path, dirs[i]))
			return true;
	return false;
}

static void
find(void *arg, const char *path, const struct fat_file *file)
{
	struct finds *f = arg;
	enum karg_syntax syntax = KARG_GRUB;
	bool program = is_program(path);

	if (file->dir || f->n == CONFIGS_MAX ||
	    (!program && !karg_syntax_of(path, &syntax)))
		return;
	if (f->n == f->cap) {
		f->cap = f->cap != 0 ? f->cap * 2 : 8;
		f->v = xreallocarray(f->v, f->cap, sizeof(*f->v));
	}
	f->v[f->n++] = (struct found){ xstrdup(path), *file, program, syntax };
}

static bool
add_args(struct plan *p, const char *path, struct karg *k,
    const struct buf *text, struct buf *out)
{
	char shown[CD_SHOWN];

	buf_reset(out);
	if (!compose_label_free(p, path, text))
		return false;
	if (k->args == NULL)
		return true;
	if (karg_add(k, buf_str(text), text->n, out, p->e)) {
		p->lines += k->lines;
		return true;
	}
	return err_wrap(p->e, "%s", cd_shown(path, shown));
}

/* Goes on over what is missing: step decides what an error is. */
static bool
went(struct plan *p, enum media_step step)
{
	p->missing |= step == MEDIA_WANTS;
	return step == MEDIA_DONE;
}

static bool
fat_config(struct plan *p, const struct fat *f, unsigned boot,
    const struct found *at, const char *args)
{
	struct buf text, out;
	struct karg k = { at->syntax, args, 0 };
	bool ok = true;

	buf_init(&text, KARG_CONFIG);
	buf_init(&out, 2 * KARG_CONFIG);
	if (!went(p, fat_read(f, &p->o, &at->file,
			 at->program ? HEAD : KARG_CONFIG, &text)))
		ok = true; /* later */
	else if (at->program)
		ok = args == NULL || !karg_is_unified(buf_str(&text), text.n) ||
		     compose_unified_fat(p, f, boot, at->path, &at->file, args);
	else
		ok = add_args(p, at->path, &k, &text, &out);
	if (ok && k.lines > 0) {
		enum media_step step =
		    fat_replace(f, &p->o, &at->file, out.p, out.n, p->e);

		(void)went(p, step);
		ok = step != MEDIA_BAD || err_wrap(p->e, "%s", at->path);
		tell(p, "arguments added: ", boot, at->path);
	}
	buf_free(&text);
	buf_free(&out);
	return ok;
}

static bool
fat_configs(
    struct plan *p, unsigned boot, const struct fat *f, const char *args)
{
	struct finds v = { 0 };
	enum media_step step = fat_each(f, &p->o, find, &v, p->e);
	bool ok = step != MEDIA_BAD;

	(void)went(p, step);
	for (size_t i = 0; i < v.n; i++) {
		if (ok && !p->missing)
			ok = fat_config(p, f, boot, &v.v[i], args);
		xfree(v.v[i].path);
	}
	xfree(v.v);
	return ok;
}

/* MEDIA_BAD with ERR_NOTFOUND: the boot image is no FAT file system. */
static enum media_step
open_boot(struct plan *p, size_t i, struct fat *f)
{
	const struct cd_boot *b = &p->cd->boots[i];

	return fat_open(
	    f, &p->o, (uint64_t)b->sector * MEDIA_SECTOR, b->n, p->e);
}

/* An image may stand twice in the catalog. */
static bool
was_before(const struct cd *cd, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (cd->boots[k].sector == cd->boots[i].sector)
			return true;
	return false;
}

static bool
all_boots(struct plan *p, const char *args)
{
	for (size_t i = 0; i < p->cd->n_boots; i++) {
		enum media_step step;
		struct fat f;

		if (was_before(p->cd, i) || !p->cd->boots[i].bootable)
			continue;
		step = open_boot(p, i, &f);
		(void)went(p, step);
		if (step == MEDIA_BAD && p->e->kind != ERR_NOTFOUND)
			return false;
		if (step == MEDIA_DONE &&
		    !fat_configs(p, (unsigned)i + 1, &f, args))
			return false;
	}
	return true;
}

static bool
tree_config(struct plan *p, uint32_t node, const char *path,
    enum karg_syntax syntax, const char *args)
{
	const struct cd_tree *t = &p->cd->trees[0];
	const struct cd_node *v = &t->v[node];
	struct buf text, out;
	struct karg k = { syntax, args, 0 };
	bool ok = true;

	buf_init(&text, KARG_CONFIG);
	buf_init(&out, 2 * KARG_CONFIG);
	if (v->size <= KARG_CONFIG &&
	    went(p, cd_read(t, node, p->o.base, &text, p->e)))
		ok = add_args(p, path, &k, &text, &out);
	if (k.lines > 0 && (v->flags & CD_PACKED) != 0)
		ok = err_set(
		    p->e, ERR_SPEC, 0, "%s is compressed by zisofs", path);
	if (ok && k.lines > 0) {
		size_t n;
		char *made = buf_take(&out, &n);

		compose_add(p, t->extents[v->extents].sector, made, n);
		tell(p, "arguments added: ", 0, path);
	}
	buf_free(&text);
	buf_free(&out);
	return ok;
}

static bool
tree_program(struct plan *p, uint32_t node, const char *path, const char *args)
{
	const struct cd_tree *t = &p->cd->trees[0];
	const struct cd_extent *x = &t->extents[t->v[node].extents];
	size_t n = x->n < HEAD ? x->n : HEAD;
	uint8_t head[HEAD];

	if (!sparse_get(
		p->o.base, (uint64_t)x->sector * MEDIA_SECTOR, head, n)) {
		p->missing = true;
		return true;
	}
	return args == NULL || !karg_is_unified(head, n) ||
	       compose_unified_tree(p, node, path, args);
}

/* A configuration with several names, as by hard links, is one. */
static bool
is_added(const struct plan *p, uint32_t sector)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].path == NULL && p->v[i].was == sector)
			return true;
	return false;
}

static bool
tree_file(struct plan *p, uint32_t node, const char *args, size_t *seen)
{
	const struct cd_tree *t = &p->cd->trees[0];
	const struct cd_node *v = &t->v[node];
	char path[CD_PATH_MAX];
	enum karg_syntax syntax = KARG_GRUB;
	bool program;

	cd_path(t, node, path);
	program = is_program(path);
	if (!program && (!karg_syntax_of(path, &syntax) ||
			    is_added(p, t->extents[v->extents].sector)))
		return true;
	if (++*seen > CONFIGS_MAX)
		return err_set(p->e, ERR_TOO_BIG, 0,
		    "more than %u boot configurations and programs",
		    CONFIGS_MAX);
	return program ? tree_program(p, node, path, args)
		       : tree_config(p, node, path, syntax, args);
}

/* What the caller gives for a configuration is taken as it is. */
static bool
is_given(const struct plan *p, const struct cd_tree *t, uint32_t node)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].path != NULL && cd_find(t, p->v[i].path) == node)
			return true;
	return false;
}

static bool
has_ending(const char *name)
{
	static const char *const ends[] = { ".cfg", ".conf", ".efi" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t m = strlen(ends[i]);

		if (n > m && str_ieq(name + n - m, ends[i]))
			return true;
	}
	return false;
}

static bool
all_files(struct plan *p, const char *args)
{
	const struct cd_tree *t = &p->cd->trees[0];
	size_t seen = 0;

	for (uint32_t i = 1; i < t->n; i++) {
		const struct cd_node *v = &t->v[i];

		if ((v->flags & ~(uint32_t)CD_PACKED) != 0 || v->size == 0 ||
		    !has_ending(cd_name(t, i)))
			continue;
		if (!is_given(p, t, i) && !tree_file(p, i, args, &seen))
			return false;
	}
	return true;
}

bool
compose_args(struct plan *p, const char *args)
{
	bool ok;

	if (args == NULL && p->label == NULL)
		return true;
	ok = (args == NULL || karg_check(args, p->e)) && all_boots(p, args) &&
	     all_files(p, args);
	if (ok && args != NULL && !p->missing && p->lines == 0)
		ok = err_set(p->e, ERR_SPEC, 0,
		    "no boot configuration of the image loads a kernel by a "
		    "line that takes arguments");
	return ok;
}

static bool
fat_file(struct plan *p, const struct compose_file *f)
{
	struct fat fat;
	struct fat_file at = { 0 };
	enum media_step step;
	char shown[CD_SHOWN];

	(void)cd_shown(f->path, shown);
	if (f->boot > p->cd->n_boots)
		return err_set(p->e, ERR_SPEC, 0,
		    "%s: there is no boot image %u", shown, f->boot);
	step = open_boot(p, f->boot - 1, &fat);
	if (step == MEDIA_DONE)
		step = fat_find(&fat, &p->o, f->path, &at, p->e);
	if (step == MEDIA_DONE && at.dir) {
		(void)err_set(p->e, ERR_SPEC, 0, "is a folder");
		step = MEDIA_BAD;
	}
	if (step == MEDIA_DONE)
		step = fat_replace(&fat, &p->o, &at, f->p, f->n, p->e);
	(void)went(p, step);
	if (step != MEDIA_BAD)
		return true;
	p->e->kind = p->e->kind == ERR_TOO_BIG ? ERR_TOO_BIG : ERR_SPEC;
	return err_wrap(p->e, "boot image %u: %s", f->boot, shown);
}

bool
compose_fats(struct plan *p, const struct compose_opts *o)
{
	for (size_t i = 0; i < o->n_files; i++)
		if (o->files[i].boot != 0 && !fat_file(p, &o->files[i]))
			return false;
	return true;
}
