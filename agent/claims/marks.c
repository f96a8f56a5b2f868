/* See marks.h. */
#include "agent/claims/marks.h"

#include <string.h>

#include "common/str.h"

#define LOADERS 4
#define KERNELS 7
#define ROOTS 4
#define ROOT_MIN (8u << 20) /* a largest file below this is no system */

struct marks {
	struct seen_mark *v;
	size_t n, loaders, kernels, roots;
};

/* An asterisk at either end stands for anything; letters in either case. */
static bool
is_like(const char *name, const char *pattern)
{
	size_t n = strlen(name), len = strlen(pattern);
	char head[32];

	if (pattern[0] == '*')
		return n >= len - 1 &&
		       str_ieq(name + n - (len - 1), pattern + 1);
	if (pattern[len - 1] != '*')
		return str_ieq(name, pattern);
	(void)str_format(head, sizeof(head), "%.*s", (int)(len - 1), pattern);
	return str_has_iprefix(name, head);
}

static bool
is_any(const char *name, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++)
		if (is_like(name, *patterns))
			return true;
	return false;
}

/* By what distributions and the loaders' own default configurations call them. */
static const char *const kernels[] = { "vmlinuz*", "vmlinux*", "bzimage*",
	"kernel", "linux", "linux.efi", "linux26", "initrd*", "initramfs*",
	"initramfs.xz", NULL };
static const char *const roots[] = { "*.squashfs", "*.sfs", "*.erofs",
	"squashfs.img", "rootfs.img", "rootfs.cpio*", "rootfs.*", "install.img",
	"airootfs.*", "*.rootfs", "*.squash", "root.img", NULL };

static void
add(struct marks *m, enum mark what, uint64_t at, uint64_t n)
{
	if (m->n < SEEN_MARKS && n > 0)
		m->v[m->n++] =
		    (struct seen_mark){ .what = what, .at = at, .n = n };
}

static void
add_file(struct marks *m, enum mark what, const struct cd_tree *t,
    const struct cd_node *v)
{
	if (v->n_extents > 0)
		add(m, what,
		    (uint64_t)t->extents[v->extents].sector * MEDIA_SECTOR,
		    t->extents[v->extents].n);
}

/* El Torito's images: firmware loads these. One whose length nobody tells is
 * watched by its first sectors. */
static void
add_boots(struct marks *m, const struct cd *cd)
{
	for (size_t i = 0; i < cd->n_boots && m->loaders < LOADERS; i++) {
		const struct cd_boot *b = &cd->boots[i];
		uint64_t n = b->n > 0 ? b->n : (uint64_t)b->load * 512;

		if (!b->bootable)
			continue;
		m->loaders++;
		add(m, MARK_LOADER, (uint64_t)b->sector * MEDIA_SECTOR,
		    n > 0 ? n : MEDIA_SECTOR);
	}
}

static const struct cd_node *
add_files(struct marks *m, const struct cd_tree *t)
{
	const struct cd_node *largest = NULL;

	for (size_t i = 1; i < t->n; i++) {
		const struct cd_node *v = &t->v[i];
		const char *name = cd_name(t, (uint32_t)i);

		if ((v->flags & (CD_DIR | CD_SYMLINK | CD_SPECIAL)) != 0 ||
		    v->size == 0)
			continue;
		if (is_any(name, kernels)) {
			if (m->kernels++ < KERNELS)
				add_file(m, MARK_KERNEL, t, v);
			continue;
		}
		if (is_any(name, roots) && m->roots < ROOTS) {
			m->roots++;
			add_file(m, MARK_ROOT, t, v);
		}
		if (largest == NULL || v->size > largest->size)
			largest = v;
	}
	return largest;
}

/* An image whose system has no name that we know has it in its largest file. */
size_t
marks_of(const struct cd *cd, struct seen_mark out[SEEN_MARKS])
{
	struct marks m = { .v = out };
	const struct cd_node *largest;

	if (cd->catalog != 0)
		add(&m, MARK_CATALOG, (uint64_t)cd->catalog * MEDIA_SECTOR,
		    MEDIA_SECTOR);
	add_boots(&m, cd);
	largest = add_files(&m, &cd->trees[0]);
	if (m.roots == 0 && largest != NULL && largest->size >= ROOT_MIN)
		add_file(&m, MARK_ROOT, &cd->trees[0], largest);
	return m.n;
}
