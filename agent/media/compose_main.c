/* beskar7-agent compose: options, files, the image written out; see compose.h. */
#include "agent/media/compose_main.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/media/base_file.h"
#include "agent/media/compose.h"
#include "common/files.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"

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

static int
fail(int status, const struct err *e)
{
	(void)fprintf(stderr, "beskar7-agent compose: %s\n", e->msg);
	return status;
}

struct job {
	struct base_file *base;
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
describe(const struct base_file *b)
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
	buf_init(&j->note.text, 64 << 10);
	if (!base_file_run(j->base, step, j, e))
		return fail(1, e);
	describe(j->base);
	(void)fputs(buf_str(&j->note.text), stdout);
	(void)printf("composed: %llu bytes, %zu of them not of the base\n",
	    (unsigned long long)j->out.size, composed_memory(&j->out));
	if (a->out != NULL && !base_file_write(j->base, &j->out, a->out, e))
		return fail(1, e);
	return 0;
}

static int
compose_files(const struct compose_args *a, char **argv, size_t n)
{
	struct compose_file *files = xcalloc(n, sizeof(*files));
	struct buf *bytes = xcalloc(n, sizeof(*bytes));
	struct base_file base = { 0 };
	struct job j = { .base = &base,
		.opts = { files, n - 1, a->kargs, a->label } };
	struct err e = { .kind = ERR_NONE };
	bool ok = true;
	int status = 1;

	for (size_t i = 1; ok && i < n; i++)
		ok = parse_file(argv[i], &files[i - 1], &bytes[i - 1], &e);
	if (ok && base_file_open(&base, argv[0], &e))
		status = run(&j, a, &e);
	else
		status = fail(1, &e);
	composed_free(&j.out);
	buf_free(&j.note.text);
	base_file_close(&base);
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
