/* beskar7-agent compose: options, files, the image written out; see compose.h. */
#include "agent/media/compose_main.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/media/compose.h"
#include "agent/media/source.h"
#include "common/files.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"

#define PIECE (1u << 20)

struct compose_args {
	bool help;
	const char *out, *kargs, *label;
};
#define O(f) offsetof(struct compose_args, f)
static const struct option_row rows[] = {
	{ "output", 'o', OPT_STR, "FILE", NULL, 0, 0,
	    "where to write the image; there must be none. Default: only say "
	    "what it would be",
	    "What to do", O(out) },
	{ "karg", 'k', OPT_STR, "ARGS", NULL, 0, 0,
	    "kernel arguments to add to the GRUB, syslinux and systemd-boot "
	    "configurations of the image",
	    NULL, O(kargs) },
	{ "label", 'l', OPT_STR, "NAME", NULL, 0, 0,
	    "how the volume is to be called; refused where a boot "
	    "configuration of the image looks for its present name",
	    NULL, O(label) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", "Other",
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-agent compose [OPTIONS] BASE.iso [PATH=FILE]...\n\n"
    "Makes the image that the agent would serve: BASE.iso with files added "
    "or\nreplaced, and arguments for the kernel. It talks to nobody. Without "
    "--output it\nsays what the image is and whether it can be composed.\n\n"
    "  beskar7-agent compose debian.iso\n"
    "  beskar7-agent compose debian.iso /preseed.cfg=my.cfg \\\n"
    "      --karg 'auto=true file=/cdrom/preseed.cfg' -o mine.iso\n"
    "  beskar7-agent compose rocky.iso boot2:/EFI/BOOT/grub.cfg=my.cfg -o "
    "x.iso\n\n"
    "PATH is a path in the image; folders are made as needed. bootN:PATH is a "
    "file in\nthe FAT file system of the Nth El Torito boot image, which must "
    "be there.\n\n";

static const char ending[] =
    "\nExit status: 0 done, 1 the image is refused or a file cannot be read or "
    "written,\n2 wrong options.\n";

struct base {
	struct files files;
	const char *path;
	struct source source;
	struct sparse sparse;
	struct cd cd;
	struct err e;
	bool ok;
};

static int
fail(int status, const struct err *e)
{
	(void)fprintf(stderr, "beskar7-agent compose: %s\n", e->msg);
	return status;
}

static void
base_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct base *b = self;
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
	struct base *b = arg;

	return cd_parse(&b->cd, s, e);
}

static void
done(void *arg, const struct err *e)
{
	struct base *b = arg;

	b->ok = e == NULL;
	if (e != NULL)
		b->e = *e;
}

static bool
base_open(struct base *b, const char *path, struct err *e)
{
	struct source_run r;

	memset(b, 0, sizeof(*b));
	b->files = files_system();
	b->path = path;
	b->source.read = base_read;
	b->source.cancel = base_cancel;
	b->source.self = b;
	if (!b->files.size(b->files.self, path, &b->source.size, e))
		return false;
	sparse_init(&b->sparse, b->source.size);
	source_run(&r, &b->source, &b->sparse, parse, done, b);
	if (!b->ok)
		*e = b->e;
	return b->ok || err_wrap(e, "%s", path);
}

struct job {
	struct base *base;
	struct compose_opts opts;
	struct compose_note note;
	struct composed out;
};

static enum media_step
step(void *arg, struct sparse *s, struct err *e)
{
	struct job *j = arg;

	return compose(&j->out, &j->base->cd, s, &j->opts, &j->note, e);
}

static void
composed(void *arg, const struct err *e)
{
	struct job *j = arg;

	done(j->base, e);
}

static const char *
kind_name(const struct cd_tree *t)
{
	if (t->kind == CD_JOLIET)
		return "Joliet";
	if (t->kind == CD_ENHANCED)
		return "ISO 9660:1999";
	return t->rock ? "ISO 9660 with Rock Ridge" : "ISO 9660";
}

static void
describe(const struct base *b)
{
	const struct cd *cd = &b->cd;

	(void)printf("%s: volume \"%s\", %llu bytes%s\n", b->path, cd->volume,
	    (unsigned long long)cd->size,
	    cd->implanted ? ", with an implanted checksum" : "");
	for (size_t i = 0; i < cd->n_trees; i++)
		(void)printf("%s: %zu files and folders\n",
		    kind_name(&cd->trees[i]), cd->trees[i].n - 1);
	for (size_t i = 0; i < cd->n_boots; i++)
		(void)printf("boot%zu: %s, sector %u%s\n", i + 1,
		    cd->boots[i].platform == CD_UEFI ? "UEFI" : "BIOS",
		    cd->boots[i].sector,
		    cd->boots[i].bootable ? "" : ", not bootable");
	if (cd->n_boots == 0)
		(void)puts("it does not boot: it has no boot catalog");
}

static bool
write_piece(struct base *b, const struct composed_piece *p, FILE *f,
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

static bool
write_out(struct job *j, const char *path, struct err *e)
{
	FILE *f = fopen(path, "wbx");
	uint8_t *room;
	uint64_t at = 0;
	bool ok = true;

	if (f == NULL)
		return err_set(e, ERR_INTERNAL, 0,
		    "%s: cannot be made, or is there already", path);
	room = xmalloc(PIECE);
	while (ok && at < j->out.size) {
		struct composed_piece p;

		(void)composed_next(&j->out, &at, at + PIECE, &p);
		ok = write_piece(j->base, &p, f, room, e);
	}
	xfree(room);
	if (fclose(f) != 0 && ok)
		ok = err_set(e, ERR_INTERNAL, 0, "not written");
	return ok || err_wrap(e, "%s", path);
}

/* "boot2:/a=file" */
static bool
parse_file(char *arg, struct compose_file *f, struct buf *bytes, struct err *e)
{
	char *eq = strchr(arg, '='), *colon = strchr(arg, ':');
	struct files files = files_system();
	uint64_t boot = 0;

	if (eq == NULL)
		return err_set(e, ERR_SPEC, 0, "%s: not PATH=FILE", arg);
	*eq = '\0';
	f->path = arg;
	if (str_has_prefix(arg, "boot") && colon != NULL && colon < eq) {
		*colon = '\0';
		if (!str_to_u64(arg + 4, &boot) || boot == 0 || boot > CD_BOOTS)
			return err_set(
			    e, ERR_SPEC, 0, "%s: no boot image", arg);
		f->path = colon + 1;
	}
	f->boot = (unsigned)boot;
	buf_init(bytes, COMPOSE_BYTES);
	if (!files.read(files.self, eq + 1, bytes, e))
		return false;
	f->p = bytes->p;
	f->n = bytes->n;
	return true;
}

static int
run(struct job *j, const struct compose_args *a, struct err *e)
{
	struct source_run r;

	buf_init(&j->note.text, 64 << 10);
	source_run(&r, &j->base->source, &j->base->sparse, step, composed, j);
	if (!j->base->ok)
		return fail(1, &j->base->e);
	describe(j->base);
	(void)fputs(buf_str(&j->note.text), stdout);
	(void)printf("composed: %llu bytes, %zu of them not of the base\n",
	    (unsigned long long)j->out.size, composed_memory(&j->out));
	if (a->out != NULL && !write_out(j, a->out, e))
		return fail(1, e);
	return 0;
}

static int
compose_files(const struct compose_args *a, char **argv, size_t n)
{
	struct compose_file *files = xcalloc(n, sizeof(*files));
	struct buf *bytes = xcalloc(n, sizeof(*bytes));
	struct base base = { 0 };
	struct job j = { .base = &base,
		.opts = { files, n - 1, a->kargs, a->label } };
	struct err e = { .kind = ERR_NONE };
	bool ok = true;
	int status = 1;

	for (size_t i = 1; ok && i < n; i++)
		ok = parse_file(argv[i], &files[i - 1], &bytes[i - 1], &e);
	if (ok && base_open(&base, argv[0], &e))
		status = run(&j, a, &e);
	else
		status = fail(1, &e);
	composed_free(&j.out);
	buf_free(&j.note.text);
	cd_free(&base.cd);
	sparse_free(&base.sparse);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i].p != NULL)
			secret_wipe(bytes[i].p, bytes[i].n);
		buf_free(&bytes[i]);
	}
	xfree(bytes);
	xfree(files);
	return status;
}

int
compose_main(int argc, char **argv)
{
	struct compose_args a;
	struct err e = { .kind = ERR_NONE };
	char **rest;
	int n_rest;

	if (!options_parse(
		rows, &a, "BESKAR7_COMPOSE", argc, argv, &rest, &n_rest, &e))
		return fail(2, &e);
	if (a.help) {
		(void)fputs(usage, stdout);
		options_help(rows, stdout);
		(void)fputs(ending, stdout);
		return 0;
	}
	if (n_rest == 0) {
		(void)fputs(
		    "beskar7-agent compose: which image? see --help\n", stderr);
		return 2;
	}
	return compose_files(&a, rest, (size_t)n_rest);
}
