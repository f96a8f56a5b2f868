/* See os_rig.h. */
#include "tests/unit/os_rig.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define FILES 40
#define WANTS_MAX 500

static void
whole(struct os_rig_image *im, const struct tree_family *f)
{
	struct tree *t = tree_new(f);
	uint32_t sectors = (uint32_t)(tree_min(t) / TREE_SECTOR);
	const uint8_t *c;

	im->n = (size_t)sectors * TREE_SECTOR;
	im->p = xcalloc(sectors, TREE_SECTOR);
	for (uint32_t i = 0; i < sectors; i++)
		(void)tree_sector(
		    t, i, sectors, "b7sim", im->p + (size_t)i * TREE_SECTOR);
	tree_free(t);
	c = im->p + 20 * TREE_SECTOR + 96; /* the UEFI entry */
	im->esp_at = (uint64_t)(c[8] | c[9] << 8 | c[10] << 16) * TREE_SECTOR;
	im->esp_size = (uint64_t)(c[6] | c[7] << 8) * 512;
}

static void
add(struct tree_file *to, size_t *n, const struct tree_file *f)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(to[i].path, f->path)) {
			to[i] = *f;
			return;
		}
	CU_ASSERT_FATAL(*n < FILES - 1);
	to[(*n)++] = *f;
}

void
os_rig_image(struct os_rig_image *im, const char *family, const char *label,
    const struct tree_file *more)
{
	struct tree_file files[FILES] = { { 0 } };
	struct tree_family f = *tree_family(family);
	size_t n = 0;

	for (const struct tree_file *v = f.files; v->path != NULL; v++)
		add(files, &n, v);
	for (const struct tree_file *v = more; v && v->path != NULL; v++)
		add(files, &n, v);
	f.files = files;
	if (label != NULL)
		f.label = label;
	whole(im, &f);
}

void
os_rig_volume(
    struct os_rig_image *im, const char *label, const struct tree_file *files)
{
	struct tree_file v[FILES] = { { "/isolinux.bin", NULL, 2048, false },
		{ "/filler", NULL, 0, false } };
	struct tree_family f = { "volume", label, v, "/efi.img", NULL, false };
	size_t n = 2;

	for (; files->path != NULL; files++)
		add(v, &n, files);
	whole(im, &f);
}

void
os_rig_free(struct os_rig_image *im)
{
	xfree(im->p);
	*im = (struct os_rig_image){ 0 };
}

static void
feed(struct os_rig *r, struct os_look *l)
{
	struct disc *d = &l->drive[l->wants].disc;
	const struct os_rig_image *im = r->image[l->wants];

	CU_ASSERT_FATAL(d->want_n > 0 && d->want_at + d->want_n <= im->n);
	CU_ASSERT_FATAL(++r->wants < WANTS_MAX);
	r->passes += d->want_pass;
	r->bytes += d->want_n;
	disc_put(d, im->p + d->want_at);
}

void
os_rig_look(struct os_rig *r, struct os_facts *f)
{
	static const char *const names[] = { "CD1", "CD2", "CD3", "CD4" };
	struct os_drive drive[OS_DRIVES] = { { 0 } };
	struct os_look l = { .family = r->family,
		.installer = r->installer,
		.uefi = !r->bios,
		.optional = r->optional,
		.first_boot = r->first_boot,
		.drive = drive,
		.n = OS_DRIVES,
		.esp_at = r->image[0]->esp_at,
		.esp_size = r->image[0]->esp_size };

	r->wants = r->passes = 0;
	r->bytes = 0;
	for (size_t i = 0; i < OS_DRIVES; i++) {
		drive[i].there = r->image[i] != NULL;
		drive[i].name = names[i];
		if (drive[i].there)
			disc_init(&drive[i].disc, r->image[i]->n);
	}
	while (os_look(&l, f) == OS_WANTS)
		feed(r, &l);
	r->phase = l.phase;
	for (size_t i = 0; i < OS_DRIVES; i++)
		disc_fini(&drive[i].disc);
}
