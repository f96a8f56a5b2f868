/* See kind.h. */
#include "sim/origin/kind.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/origin/image.h"
#include "sim/origin/tree.h"

#define DEFAULT_SIZE (1 << 20)
#define MAX_SIZE (1LL << 40)

static const struct origin_kind kinds[] = {
	{ "installer-reboot", "kind=installer after=reboot", 0, 0, 0, 0 },
	{ "installer", "kind=installer after=poweroff", 0, 0, 0, 0 },
	{ "live", "kind=live", 0, 0, 0, 0 },
	{ "not-an-iso", NULL, 0, 0, 0, 0 },
	{ "no-boot", "kind=live", true, 0, 0, 0 },
	{ "no-range", "kind=live", 0, true, 0, 0 },
	{ "slow", "kind=live", 0, 0, true, 0 },
	{ "truncated", "kind=live", 0, 0, 0, true },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct origin_kind *
origin_kind_of(const char *path)
{
	const char *base = strrchr(path, '/') + 1;

	if (!str_has_suffix(base, ".iso"))
		return NULL;
	for (size_t i = 0; i < N_KINDS; i++)
		if (str_has_prefix(base, kinds[i].name))
			return &kinds[i];
	return NULL;
}

int64_t
kind_number(const char *target, const char *name, int64_t dflt)
{
	char *s = url_query(target, name);
	int64_t n;

	if (!s || !str_to_i64(s, &n) || n < 0 || n > MAX_SIZE)
		n = dflt;
	xfree(s);
	return n;
}

/* The family's tree, which serves all its images; NULL: no such family. */
static const struct tree *
tree_of(struct tree **trees, const char *name)
{
	const struct tree_family *f = tree_family(name);
	struct tree **t;

	if (!f)
		return NULL;
	t = &trees[f - tree_families];
	if (!*t)
		*t = tree_new(f);
	return *t;
}

/* "key=value" of the note; what has blanks in it is cut. */
static void
note(struct image *im, const char *key, char *value)
{
	size_t n = strlen(im->note);

	value[strcspn(value, " ")] = '\0';
	if (*value)
		(void)str_format(im->note + n, sizeof(im->note) - n, " %s=%s",
		    key, value); /* cut is fine */
}

bool
kind_image(const struct origin_kind *k, struct tree **trees, const char *target,
    struct image *im)
{
	static const char *const notes[] = { "id", "family", "wants" };
	int64_t size = kind_number(target, "size", DEFAULT_SIZE);
	char *family = url_query(target, "family");
	char *path = xstrndup(target, strcspn(target, "?"));
	bool known = true;

	memset(im, 0, sizeof(*im));
	im->iso = k->note != NULL;
	im->bootable = im->iso && !k->no_boot;
	im->key = str_hash(path, 0);
	xfree(path);
	(void)str_format(
	    im->note, sizeof(im->note), "b7sim %s", k->note ? k->note : "");
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		char *v = url_query(target, notes[i]);

		if (v)
			note(im, notes[i], v);
		xfree(v);
	}
	if (family && im->bootable) {
		im->tree = tree_of(trees, family);
		known = im->tree != NULL;
	}
	if (size < IMAGE_MIN)
		size = IMAGE_MIN;
	if (im->tree && size < tree_min(im->tree))
		size = tree_min(im->tree);
	im->size = (size + IMAGE_SECTOR - 1) / IMAGE_SECTOR * IMAGE_SECTOR;
	xfree(family);
	return known;
}
