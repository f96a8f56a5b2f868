/* A boot image's FAT file system: listed, and its first file replaced, which
 * must then read back, whatever else is wrong with the file system. It is that of
 * the unit tests with bytes changed: each three are a place and a value. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/media/fat.h"
#include "common/mem.h"
#include "tests/fuzz/must.h"
#include "tests/unit/cd_rig.h"

#define FAT_N (64u * 1024)
#define METADATA 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct first {
	struct fat_file file;
	bool found;
};

static void
each(void *arg, const char *path, const struct fat_file *file)
{
	struct first *f = arg;

	MUST(path[0] == '/');
	if (f->found || file->dir)
		return;
	f->file = *file;
	f->found = true;
}

static void
replace(const struct fat *f, struct overlay *o, const struct fat_file *file)
{
	static const char text[] = "menuentry x { linux /x }\n";
	struct err e = { .kind = ERR_NONE };
	struct fat_file now = *file;
	struct buf out;
	uint8_t entry[32];

	if (fat_replace(f, o, file, text, sizeof(text), &e) != MEDIA_DONE)
		return;
	MUST(overlay_get(o, file->entry, entry, sizeof(entry)));
	now.cluster = (uint32_t)(entry[26] | entry[27] << 8);
	if (f->bits == 32)
		now.cluster |= (uint32_t)(entry[20] | entry[21] << 8) << 16;
	now.n = sizeof(text);
	buf_init(&out, 4096);
	/* A folder that lies in the file's own clusters may have changed. */
	if (now.cluster >= 2 && now.cluster < f->clusters + 2)
		(void)fat_read(f, o, &now, now.n, &out);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { .kind = ERR_NONE };
	struct first first = { .found = false };
	struct cd_rig_opts opts = { .rock = true };
	struct cd_rig r;
	struct sparse s;
	struct overlay o;
	struct fat f;

	cd_rig_make(&r, &opts);
	for (size_t i = 0; i + 3 <= n; i += 3)
		r.p[r.fat + ((size_t)data[i] << 8 | data[i + 1]) % METADATA] =
		    data[i + 2];
	sparse_init(&s, r.n);
	sparse_put(&s, 0, r.p, r.n);
	overlay_init(&o, &s);
	if (fat_open(&f, &o, r.fat, FAT_N, &e) == MEDIA_DONE &&
	    fat_each(&f, &o, each, &first, &e) == MEDIA_DONE && first.found)
		replace(&f, &o, &first.file);
	overlay_free(&o);
	sparse_free(&s);
	cd_rig_free(&r);
	return 0;
}
