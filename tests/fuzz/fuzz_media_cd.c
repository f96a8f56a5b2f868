/* A whole image of a user: parsed; if it is accepted, composed, and what comes
 * out must be accepted as well and hold what was added. The image is that of the
 * unit tests with bytes changed: the first byte of the input says which one,
 * then each four are a place in its metadata and a value. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/media/cd.h"
#include "agent/media/compose.h"
#include "common/mem.h"
#include "tests/fuzz/must.h"
#include "tests/unit/cd_rig.h"

#define METADATA (36u * 2048)
#define ROUNDS 400 /* of wants: folders in folders, areas of areas */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct image {
	const uint8_t *p;
	size_t n;
};

static void
feed(const struct image *im, struct sparse *s)
{
	const struct sparse_range *v;
	size_t n = sparse_wants(s, &v);
	struct sparse_range *copy = xmalloc((n + 1) * sizeof(*copy));

	MUST(n > 0);
	memcpy(copy, v, n * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		MUST(copy[i].n > 0 && copy[i].at + copy[i].n <= im->n);
		sparse_put(
		    s, copy[i].at, im->p + copy[i].at, (size_t)copy[i].n);
	}
	xfree(copy);
}

static bool
parse(const struct image *im, struct sparse *s, struct cd *cd)
{
	struct err e = { .kind = ERR_NONE };

	sparse_init(s, im->n);
	for (int i = 0;; i++) {
		enum media_step step = cd_parse(cd, s, &e);

		if (step == MEDIA_DONE)
			return true;
		if (step == MEDIA_BAD) {
			MUST(e.msg[0] != '\0');
			return false;
		}
		MUST(i < ROUNDS);
		feed(im, s);
	}
}

static void
write_out(const struct image *im, const struct composed *c, uint8_t *to)
{
	struct composed_piece v;
	uint64_t at = 0;

	while (composed_next(c, &at, c->size, &v)) {
		MUST(v.kind != COMPOSED_BASE || v.from + v.n <= im->n);
		if (v.kind == COMPOSED_BASE)
			memcpy(to + v.at, im->p + v.from, (size_t)v.n);
		else if (v.kind == COMPOSED_MEMORY)
			memcpy(to + v.at, v.p, (size_t)v.n);
	}
	MUST(at == c->size);
}

static void
again(const struct image *im, const struct composed *c)
{
	uint8_t *p = xcalloc(1, (size_t)c->size + 1);
	struct image made = { p, (size_t)c->size };
	const struct cd_tree *t;
	struct sparse s;
	struct cd cd;
	uint32_t node;
	size_t at;

	write_out(im, c, p);
	MUST(parse(&made, &s, &cd));
	t = &cd.trees[0];
	node = cd_find(t, "/new/a.cfg");
	MUST(node != CD_NONE && t->v[node].size == 5);
	at = (size_t)t->extents[t->v[node].extents].sector * MEDIA_SECTOR;
	MUST(memcmp(p + at, "hello", 5) == 0);
	cd_free(&cd);
	sparse_free(&s);
	xfree(p);
}

static bool
make(const struct image *im, const struct cd *cd, struct sparse *s,
    const struct compose_opts *o, struct composed *out)
{
	struct err e = { .kind = ERR_NONE };

	for (int i = 0;; i++) {
		enum media_step step = compose(out, cd, s, o, NULL, &e);

		if (step != MEDIA_WANTS) {
			MUST(step == MEDIA_DONE || e.msg[0] != '\0');
			return step == MEDIA_DONE;
		}
		MUST(i < ROUNDS);
		feed(im, s);
	}
}

static void
one(const struct image *im)
{
	static const struct compose_file files[] = {
		{ "/new/a.cfg", "hello", 5, 0 },
		{ "/docs/b", "x", 1, 0 },
	};
	struct compose_opts o = { files, 2, NULL, NULL };
	struct sparse s;
	struct composed out;
	struct cd cd;

	if (parse(im, &s, &cd)) {
		if (make(im, &cd, &s, &o, &out)) {
			again(im, &out);
			composed_free(&out);
		}
		o.args = "a=b"; /* configurations and boot images, too */
		if (make(im, &cd, &s, &o, &out))
			composed_free(&out);
		cd_free(&cd);
	}
	sparse_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cd_rig_opts o = { .rock = true };
	struct cd_rig r;

	if (n > 0)
		o = (struct cd_rig_opts){ .joliet = (data[0] & 1) != 0,
			.rock = (data[0] & 2) != 0,
			.disk = (data[0] & 4) != 0,
			.moved = (data[0] & 8) != 0,
			.files = data[0] >> 5,
			.padding = (data[0] & 16) != 0 ? 700 : 0 };
	cd_rig_make(&r, &o);
	for (size_t i = 1; i + 4 <= n; i += 4)
		r.p[((size_t)data[i] << 16 | (size_t)data[i + 1] << 8 |
			data[i + 2]) %
		    METADATA] = data[i + 3];
	one(&(struct image){ r.p, r.n });
	cd_rig_free(&r);
	return 0;
}
