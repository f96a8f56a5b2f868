/* See os.h: the boot, the drives, and whose family it is. */
#include "sim/os/os.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/os/fatfs.h"
#include "sim/os/os_impl.h"

/* Where a family's images have what is read on the way up. */
struct os_kind {
	const char *name;
	enum os_step (*find)(struct os_seek *k);
	const char *root_dir, *root_end; /* the root file system; NULL = none */
	/* GRUB's configuration in the tree, in the order of its search */
	const char *grub[3];
	const char *isolinux;
	bool later; /* see OS_DATA_LATER */
};

static enum os_step
os_debian(struct os_seek *k)
{
	return os_nocloud(k, false);
}

static enum os_step
os_ubuntu(struct os_seek *k)
{
	return os_nocloud(k, k->look->installer);
}

static const struct os_kind os_kinds[] = {
	{ "cloud-init", os_debian, "/live", ".squashfs",
	    { "/boot/grub/grub.cfg", NULL, NULL }, "/isolinux/isolinux.cfg",
	    false },
	{ "ubuntu", os_ubuntu, "/casper", ".squashfs",
	    { "/boot/grub/grub.cfg", NULL, NULL }, NULL, false },
	{ "coreos", os_coreos, NULL, NULL,
	    { "/EFI/fedora/grub.cfg", "/EFI/redhat/grub.cfg", NULL },
	    "/isolinux/isolinux.cfg", false },
	{ "microos", os_microos, "/", ".raw.xz",
	    { "/boot/grub2/grub.cfg", "/EFI/BOOT/grub.cfg", NULL },
	    "/boot/x86_64/loader/isolinux.cfg", true },
	{ "talos", os_talos, NULL, NULL, { "/boot/grub/grub.cfg", NULL, NULL },
	    NULL, false },
	{ "kairos", os_kairos, "/", ".squashfs",
	    { "/boot/grub2/grub.cfg", NULL, NULL }, NULL, false },
};
#define OS_KINDS (sizeof(os_kinds) / sizeof(os_kinds[0]))

static const struct os_kind *
os_kind(const char *name)
{
	for (size_t i = 0; i < OS_KINDS; i++)
		if (str_eq(os_kinds[i].name, name))
			return &os_kinds[i];
	return NULL;
}

bool
os_family(const char *name)
{
	return os_kind(name) != NULL;
}

/* ---- for families --------------------------------------------------------------- */

enum os_step
os_bad(struct os_seek *k, const char *what, const char *where)
{
	(void)str_format(k->f->why, sizeof(k->f->why), "%s%s%s", what,
	    *where ? ": " : "", where); /* cut is fine */
	return OS_BAD;
}

void
os_fails(struct os_seek *k, const char *what, const char *where)
{
	if (!k->f->fails)
		(void)os_bad(k, what, where); /* the first is told */
	k->f->fails = true;
}

/* The label in capitals, all of it. */
static bool
os_capitals(const char *have, const char *label)
{
	for (const char *c = have; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			return false;
	return str_ieq(have, label);
}

int
os_volume(const struct os_seek *k, const char *label, bool capitals)
{
	for (size_t i = k->look->n; i-- > 0;)
		if (k->open[i] &&
		    (str_eq(k->fs[i].label, label) ||
			(capitals && os_capitals(k->fs[i].label, label))))
			return (int)i;
	return -1;
}

static enum os_step
os_told(struct os_seek *k, size_t drive, enum os_step s, const char *path)
{
	if (s == OS_WANTS)
		k->look->wants = drive;
	if (s == OS_BAD)
		(void)os_bad(k, path, k->fs[drive].why);
	return s;
}

enum os_step
os_file(struct os_seek *k, size_t drive, const char *path, struct buf *out)
{
	buf_reset(out);
	return os_told(
	    k, drive, isofs_load(&k->fs[drive], ISOFS_LINUX, path, out), path);
}

void
os_source(struct os_seek *k, const char *how, const char *where, size_t drive)
{
	(void)str_format(k->f->source, sizeof(k->f->source), "%s %s in %s", how,
	    where, k->look->drive[drive].name); /* cut is fine */
}

void
os_found(struct os_seek *k, const char *format, const struct buf *data)
{
	uint8_t sum[32];

	sha256(buf_str(data), data->n, sum);
	hex_encode(k->f->sha256, sum, sizeof(sum));
	k->f->bytes = data->n;
	(void)str_copy(k->f->format, sizeof(k->f->format), format);
}

/* ---- the boot ---------------------------------------------------------------------- */

static enum os_step
os_load_linux(void *arg, const char *path, struct buf *out)
{
	struct os_seek *k = arg;

	return isofs_load(&k->fs[k->look->boot], ISOFS_LINUX, path, out);
}

static enum os_step
os_load_plain(void *arg, const char *path, struct buf *out)
{
	struct os_seek *k = arg;

	return isofs_load(&k->fs[k->look->boot], ISOFS_PLAIN, path, out);
}

/* GRUB of the UEFI image: its own configuration, which often leads to another. */
static enum os_step
os_esp(struct os_seek *k)
{
	const struct bootcfg_files files = { os_load_linux, k };
	struct disc *d = &k->look->drive[k->look->boot].disc;
	struct fatfs fat;
	struct buf text;
	enum os_step s;

	s = fatfs_open(&fat, d, k->look->esp_at, k->look->esp_size);
	if (s != OS_OK)
		return s;
	buf_init(&text, BOOTCFG_MAX);
	s = fatfs_load(&fat, "/EFI/BOOT/grub.cfg", &text);
	if (s == OS_OK) {
		(void)str_copy(
		    k->cfg.file, sizeof(k->cfg.file), "/EFI/BOOT/grub.cfg");
		s = bootcfg_grub(&k->cfg, buf_str(&text), &files);
	}
	buf_free(&text);
	return s;
}

static enum os_step
os_tree_config(struct os_seek *k, const char *path, bool grub)
{
	const struct bootcfg_files files = {
		grub ? os_load_linux : os_load_plain, k
	};
	struct buf text;
	enum os_step s;

	buf_init(&text, BOOTCFG_MAX);
	s = files.load(k, path, &text);
	if (s == OS_OK) {
		(void)str_copy(k->cfg.file, sizeof(k->cfg.file), path);
		s = grub ? bootcfg_grub(&k->cfg, buf_str(&text), &files)
			 : bootcfg_isolinux(&k->cfg, buf_str(&text), &files);
	}
	buf_free(&text);
	return s;
}

static enum os_step
os_config(struct os_seek *k, const struct os_kind *kind)
{
	enum os_step s = OS_NONE;

	if (k->look->uefi && k->look->esp_size > 0)
		s = os_esp(k);
	if (!k->look->uefi && kind->isolinux != NULL)
		s = os_tree_config(k, kind->isolinux, false);
	for (size_t i = 0; i < 3 && s == OS_NONE && kind->grub[i]; i++)
		s = os_tree_config(k, kind->grub[i], true);
	if (s == OS_NONE)
		(void)os_bad(k, "boot loader: no entry with a kernel", "");
	return os_told(k, k->look->boot, s, "boot loader");
}

/* Reads what is there and keeps nothing. */
static enum os_step
os_pass(struct os_seek *k, const char *path)
{
	struct isofs *fs = &k->fs[k->look->boot];
	struct disc *d = fs->d;
	struct isofs_file f;
	enum os_step s = isofs_find(fs, ISOFS_LINUX, path, &f);

	if (s == OS_NONE && !k->look->uefi) /* isolinux' names are others */
		s = isofs_find(fs, ISOFS_PLAIN, path, &f);
	for (unsigned i = 0; s == OS_OK && i < f.n; i++)
		s = disc_pass(d, f.part[i].at, f.part[i].n);
	if (s == OS_OK && f.dir)
		s = OS_NONE;
	return os_told(k, k->look->boot, s, path);
}

static enum os_step
os_kernel(struct os_seek *k)
{
	enum os_step s;

	k->look->phase = "kernel";
	s = os_pass(k, k->cfg.kernel);
	for (unsigned i = 0; s == OS_OK && i < k->cfg.n_initrd; i++) {
		s = os_pass(k, k->cfg.initrd[i]);
		if (s == OS_NONE)
			return os_bad(
			    k, "boot loader: there is no", k->cfg.initrd[i]);
	}
	return s == OS_NONE
		   ? os_bad(k, "boot loader: there is no", k->cfg.kernel)
		   : s;
}

struct os_root {
	const char *end;
	struct isofs_file file;
	bool found;
};

static bool
os_is_root(void *arg, const char *name, const struct isofs_file *file)
{
	struct os_root *r = arg;

	if (file->dir || !str_has_suffix(name, r->end))
		return true;
	r->found = true;
	r->file = *file;
	return false;
}

static enum os_step
os_root(struct os_seek *k, const struct os_kind *kind)
{
	struct isofs *fs = &k->fs[k->look->boot];
	struct os_root r = { .end = kind->root_end };
	struct isofs_file dir;
	enum os_step s;

	if (kind->root_dir == NULL)
		return OS_OK;
	k->look->phase = "system";
	s = isofs_find(fs, ISOFS_LINUX, kind->root_dir, &dir);
	if (s == OS_OK)
		s = isofs_each(fs, &dir, os_is_root, &r);
	for (unsigned i = 0; s == OS_OK && i < r.file.n; i++)
		s = disc_pass(fs->d, r.file.part[i].at, r.file.part[i].n);
	if (s == OS_NONE || (s == OS_OK && !r.found))
		return os_bad(k, "no root file system in", kind->root_dir);
	return os_told(k, k->look->boot, s, kind->root_dir);
}

/* Every drive with a volume in it; one that cannot be read is none. */
static enum os_step
os_drives(struct os_seek *k)
{
	for (size_t i = 0; i < k->look->n; i++) {
		enum os_step s;

		if (!k->look->drive[i].there)
			continue;
		s = isofs_open(&k->fs[i], &k->look->drive[i].disc);
		if (s == OS_WANTS)
			return os_told(k, i, s, "");
		k->open[i] = s == OS_OK;
	}
	return OS_OK;
}

/* "root=live:CDLABEL=X": the initial file system waits for that volume. */
static enum os_step
os_labelled(struct os_seek *k)
{
	static const char mark[] = "CDLABEL=";
	const char *at = strstr(k->cfg.args, mark);
	char label[33];
	size_t n;

	if (at == NULL)
		return OS_OK;
	at += sizeof(mark) - 1;
	n = strcspn(at, " ,");
	if (n >= sizeof(label))
		return os_bad(k, "no volume is called", at);
	memcpy(label, at, n);
	label[n] = '\0';
	for (size_t i = 0; i < k->look->n; i++)
		if (k->open[i] && str_eq(k->fs[i].label, label))
			return OS_OK;
	return os_bad(k, "the kernel's arguments want a volume", label);
}

static enum os_step
os_boot(struct os_seek *k, const struct os_kind *kind)
{
	struct isofs *fs = &k->fs[k->look->boot];
	enum os_step s;

	k->look->phase = "configuration";
	s = isofs_open(fs, &k->look->drive[k->look->boot].disc);
	if (s == OS_OK)
		s = os_config(k, kind);
	else
		s = os_told(k, k->look->boot, s, "the medium");
	if (s == OS_OK)
		s = os_kernel(k);
	if (s == OS_OK)
		s = os_root(k, kind);
	if (s != OS_OK)
		return s == OS_NONE ? OS_BAD : s;
	k->look->phase = "data";
	s = os_drives(k);
	return s == OS_OK ? os_labelled(k) : s;
}

static enum os_state
os_end(struct os_seek *k, enum os_step s)
{
	if (s == OS_OK) {
		os_join(k);
		return OS_DATA_FOUND;
	}
	if (s == OS_NONE)
		return k->look->optional ? OS_DATA_NONE : OS_DATA_MISSING;
	return OS_DATA_UNREADABLE;
}

static void
os_wipe(struct buf *b)
{
	if (b->n > 0)
		secret_wipe(b->p, b->n);
	buf_free(b);
}

enum os_step
os_look(struct os_look *look, struct os_facts *out)
{
	const struct os_kind *kind = os_kind(look->family);
	struct os_seek *k = xcalloc(1, sizeof(*k));
	enum os_step s = OS_BAD;
	bool later;

	memset(out, 0, sizeof(*out));
	(void)str_copy(out->family, sizeof(out->family), look->family);
	k->look = look;
	k->f = out;
	buf_init(&k->user, OS_DATA_MAX);
	buf_init(&k->meta, OS_DATA_MAX);
	buf_init(&k->vendor, OS_DATA_MAX);
	if (kind == NULL)
		(void)os_bad(k, "a family that is not known", look->family);
	else
		s = look->first_boot ? os_drives(k) : os_boot(k, kind);
	later =
	    kind != NULL && kind->later && look->installer && !look->first_boot;
	if (s == OS_OK && !later)
		s = kind->find(k);
	if (s != OS_WANTS) {
		out->state = s == OS_OK && later ? OS_DATA_LATER : os_end(k, s);
		s = OS_OK;
	}
	os_wipe(&k->user);
	os_wipe(&k->meta);
	os_wipe(&k->vendor);
	texts_free(&k->texts);
	xfree(k);
	return s;
}
