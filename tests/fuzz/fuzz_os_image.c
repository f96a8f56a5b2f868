/*
 * A family's image with bytes changed: what boots from it reads no byte that is
 * not there, and ends. Input: a byte for the family and the way of booting, then
 * changes of five bytes each: a place (four, little-endian) and a value.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/mem.h"
#include "sim/origin/tree.h"
#include "sim/os/os.h"
#include "tests/fuzz/must.h"

#define FILES 40
#define WANTS_MAX 2000
#define T(path, text) \
	{ \
		path, text, 0, false \
	}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Something for every family to find. */
static const struct tree_file more[] = {
	T("/cidata/user-data",
	    "#cloud-config\nautoinstall: {version: 1, user-data: "
	    "{hostname: a}}\n"),
	T("/cidata/meta-data", "instance-id: i\nlocal-hostname: n\n"),
	T("/user-data", "#cloud-config\nk3s: {enabled: true, args: [a]}\n"),
	T("/meta-data", "instance-id: i\n"),
	T("/data.yaml", "#cloud-config\ninstall: {auto: true}\n"),
	T("/config.yaml", "machine: {type: worker}\ncluster: {}\n"),
	T("/ignition/config.ign", "{\"ignition\":{\"version\":\"3.0.0\"}}"),
	T("/combustion/script", "#!/bin/sh\ncat > /a <<E\nx\nE\n"),
};
static const char *const labels[] = { "cidata", "cidata", "fedora-coreos-sim",
	"ignition", "metal-iso", "cidata" };

static uint8_t *
image(const struct tree_family *family, const char *label, size_t *n)
{
	struct tree_file files[FILES] = { { 0 } };
	struct tree_family f = *family;
	size_t k = 0;
	uint32_t sectors;
	struct tree *t;
	uint8_t *p;

	for (const struct tree_file *v = f.files; v->path != NULL; v++)
		files[k++] = *v;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		files[k++] = more[i];
	f.files = files;
	f.label = label;
	t = tree_new(&f);
	sectors = (uint32_t)(tree_min(t) / TREE_SECTOR);
	*n = (size_t)sectors * TREE_SECTOR;
	p = xcalloc(sectors, TREE_SECTOR);
	for (uint32_t i = 0; i < sectors; i++)
		(void)tree_sector(
		    t, i, sectors, "", p + (size_t)i * TREE_SECTOR);
	tree_free(t);
	return p;
}

static void
change(uint8_t *p, size_t size, const uint8_t *data, size_t n)
{
	for (; n >= 5; data += 5, n -= 5) {
		uint32_t at = (uint32_t)data[0] | (uint32_t)data[1] << 8 |
			      (uint32_t)data[2] << 16;

		/* most is filler: what counts is at the front */
		p[at % (size < 131072 ? size : 131072)] = data[4];
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct os_drive drive = { .there = true, .name = "CD1" };
	struct os_look l = { .drive = &drive, .n = 1 };
	struct os_facts f;
	unsigned runs = 0;
	const uint8_t *c;
	uint8_t *p;
	size_t size;

	if (n == 0)
		return 0;
	l.family = tree_families[data[0] % 6].name;
	l.uefi = data[0] & 64;
	l.installer = data[0] & 128;
	p = image(&tree_families[data[0] % 6], labels[data[0] % 6], &size);
	change(p, size, data + 1, n - 1);
	c = p + 20 * TREE_SECTOR + 96;
	l.esp_at = (uint64_t)(c[8] | c[9] << 8 | c[10] << 16) * TREE_SECTOR;
	l.esp_size = (uint64_t)(c[6] | c[7] << 8) * 512;
	disc_init(&drive.disc, size);
	while (os_look(&l, &f) == OS_WANTS) {
		const struct disc *d = &drive.disc;

		MUST(l.wants == 0 && d->want_n > 0 && d->want_at <= size &&
		     d->want_n <= size - d->want_at);
		MUST(++runs < WANTS_MAX);
		disc_put(&drive.disc, p + d->want_at);
	}
	MUST(f.state != OS_DATA_FOUND || f.bytes > 0);
	disc_fini(&drive.disc);
	xfree(p);
	return 0;
}
