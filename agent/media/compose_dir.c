/* The bytes of a folder: records (ECMA-119 9.1), Rock Ridge (RRIP 1.12). */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/mem.h"

#define REC_MAX 254u
#define TF_N 26u
#define CE_N 28u
#define NM_MAX 250u /* bytes of a name in one entry */
#define MODE_FILE 0100444u
#define MODE_FOLDER 0040555u

/* Records in their order; p is borrowed. */
struct ref {
	const uint8_t *p;
	uint8_t n;
	uint32_t old; /* offset before; CD_NONE = new */
};
struct refs {
	struct ref *v; /* owned */
	size_t n, cap;
	uint8_t (*made)[256]; /* owned: records that are not the old bytes */
	size_t n_made;
};

static void
insert(struct refs *r, size_t at, const uint8_t *p, uint32_t old)
{
	if (r->n == r->cap) {
		r->cap = r->cap != 0 ? r->cap * 2 : 64;
		r->v = xreallocarray(r->v, r->cap, sizeof(*r->v));
	}
	memmove(r->v + at + 1, r->v + at, (r->n - at) * sizeof(*r->v));
	r->v[at] = (struct ref){ p, p[REC_LEN], old };
	r->n++;
}

static void
split(struct refs *r, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		if (p[at] == 0) {
			at += MEDIA_SECTOR - at % MEDIA_SECTOR;
			continue;
		}
		insert(r, r->n, p + at, (uint32_t)at);
		at += p[at];
	}
}

static void
put_place(uint8_t *rec, const struct cd_tree *t, uint32_t sector, uint32_t n)
{
	cd_put_both32(
	    rec + REC_SECTOR, sector > t->shift ? sector - t->shift : 0);
	cd_put_both32(rec + REC_SIZE, n);
}

static void
put_target(const struct plan *p, const struct tree_job *tj,
    const struct rec_job *r, uint8_t *rec)
{
	if (r->content == CD_NONE) {
		const struct dir_job *d = &tj->v[r->dir];

		put_place(rec, tj->t, d->sector, d->size);
	} else {
		const struct content *c = &p->v[r->content];

		put_place(rec, tj->t, c->sector, (uint32_t)c->n);
	}
}

static uint8_t *
entry(uint8_t *to, const char *sig, size_t n)
{
	to[0] = (uint8_t)sig[0];
	to[1] = (uint8_t)sig[1];
	to[2] = (uint8_t)n;
	to[3] = 1;
	return to + n;
}

/* PX and TF, and RR where the image has it: 1.09 lists what is used. */
static uint8_t *
attributes(
    uint8_t *to, const struct dir_style *s, uint32_t mode, uint32_t links)
{
	uint8_t *at = to;

	if (s->rr) {
		to = entry(at, "RR", 5);
		at[4] = 0x89; /* PX, TF, NM: hints that nobody trusts */
		at = to;
	}
	to = entry(at, "PX", s->px_n);
	cd_put_both32(at + 4, mode);
	cd_put_both32(at + 12, links);
	at = to;
	to = entry(at, "TF", TF_N);
	at[4] = 0x0e; /* modified, accessed, attributes: 7 bytes each */
	for (size_t i = 0; i < 3; i++)
		memcpy(at + 5 + 7 * i, s->date, 7);
	return to;
}

/* As this image counts them; tools that do not count write 1. */
static uint32_t
links_of(const struct dir_job *d)
{
	if (d->style.links < 2)
		return 1;
	return (d->node == CD_NONE ? 2 : d->style.links) + d->new_kids;
}

static uint8_t *
names(uint8_t *to, const char *name)
{
	size_t n = strlen(name);

	do {
		size_t part = n > NM_MAX ? NM_MAX : n;
		uint8_t *at = to;

		to = entry(at, "NM", 5 + part);
		at[4] = n > part ? 1 : 0;
		memcpy(at + 5, name, part);
		name += part;
		n -= part;
	} while (n > 0);
	return to;
}

static size_t
fixed_size(const struct cd_tree *t, const struct dir_style *s, size_t n_id)
{
	size_t n = REC_NAME + n_id;

	n += n % 2;
	if (t->rock)
		n += t->skip + (s->rr ? 5u : 0u) + s->px_n + TF_N;
	return n;
}

/* A name that does not fit goes to the areas, none across two sectors. */
static bool
need_area(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    struct rec_job *r)
{
	uint8_t area[2 * (NM_MAX + 5)];
	size_t n = strlen(r->name), left;

	r->ce = CD_NONE;
	if (!tj->t->rock ||
	    fixed_size(tj->t, &d->style, r->n_id) + 5 + n <= REC_MAX)
		return true;
	n = (size_t)(names(area, r->name) - area);
	left = MEDIA_SECTOR - p->areas.n % MEDIA_SECTOR;
	if (left < n) {
		char *to = buf_extend(&p->areas, left);

		if (to != NULL)
			memset(to, 0, left);
	}
	r->ce = (uint32_t)p->areas.n;
	return buf_add(&p->areas, area, n) ||
	       err_set(p->e, ERR_TOO_BIG, 0, "too many long names");
}

bool
compose_areas(struct plan *p, struct tree_job *tj)
{
	for (size_t i = 0; i < tj->n; i++)
		for (size_t k = 0; k < tj->v[i].n; k++) {
			struct rec_job *r = &tj->v[i].v[k];

			if (r->node == CD_NONE &&
			    !need_area(p, tj, &tj->v[i], r))
				return false;
		}
	return true;
}

/* ISO's own fields of a new record; what follows the name. */
static uint8_t *
start(uint8_t *out, const uint8_t *id, size_t n_id, const uint8_t date[7],
    bool folder)
{
	memset(out, 0, 256);
	memcpy(out + REC_DATE, date, 7);
	out[REC_FLAGS] = folder ? RECF_DIR : 0;
	out[REC_VOLUME] = 1;
	out[REC_VOLUME + 3] = 1;
	out[REC_NAME_LEN] = (uint8_t)n_id;
	memcpy(out + REC_NAME, id, n_id);
	return out + REC_NAME + n_id + (REC_NAME + n_id) % 2;
}

static void
finish(uint8_t *out, const uint8_t *to)
{
	size_t n = (size_t)(to - out);

	out[REC_LEN] = (uint8_t)(n + n % 2);
}

static void
make_record(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    const struct rec_job *r, uint8_t out[256])
{
	bool folder = r->content == CD_NONE;
	uint8_t *to = start(out, r->id, r->n_id, d->style.date, folder);

	put_target(p, tj, r, out);
	if (tj->t->rock) {
		to = attributes(to + tj->t->skip, &d->style,
		    folder ? MODE_FOLDER : MODE_FILE,
		    folder ? links_of(&tj->v[r->dir]) : 1);
		if (r->ce == CD_NONE) {
			to = names(to, r->name);
		} else {
			uint8_t *at = to;
			size_t n = strlen(r->name);

			to = entry(at, "CE", CE_N);
			cd_put_both32(
			    at + 4, p->areas_sector + r->ce / MEDIA_SECTOR -
					(p->final ? tj->t->shift : 0));
			cd_put_both32(at + 12, r->ce % MEDIA_SECTOR);
			cd_put_both32(
			    at + 20, (uint32_t)(n + (n > NM_MAX ? 10 : 5)));
		}
	}
	finish(out, to);
}

/* `.` and `..` of a new folder. */
static void
make_dots(const struct tree_job *tj, const struct dir_job *d, struct refs *r)
{
	const struct dir_job *up = &tj->v[d->up];

	for (uint8_t i = 0; i < 2; i++) {
		uint8_t *out = r->made[r->n_made++];
		uint8_t *to = start(out, &i, 1, d->style.date, true);

		if (i == 0)
			put_place(out, tj->t, d->sector, d->size);
		else
			put_place(out, tj->t, up->sector, up->size);
		if (tj->t->rock)
			to = attributes(to + tj->t->skip, &d->style,
			    MODE_FOLDER, links_of(i == 0 ? d : up));
		finish(out, to);
		insert(r, r->n, out, CD_NONE);
	}
}

/* New contents for a file that is there: its first record stays, but for the
 * place; those of further extents go. */
static void
change(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    const struct rec_job *j, struct refs *r)
{
	const struct cd_tree *t = tj->t;
	const struct cd_node *v = &t->v[j->node];
	const struct cd_node *in = &t->v[d->node];
	uint32_t old =
	    (uint32_t)(v->record -
		       (uint64_t)t->extents[in->extents].sector * MEDIA_SECTOR);
	uint8_t *rec = r->made[r->n_made++];
	size_t i = 0, more = v->n_extents > 0 ? v->n_extents - 1 : 0;

	while (i < r->n && r->v[i].old != old)
		i++;
	if (i == r->n)
		return; /* the parser saw it there */
	memcpy(rec, r->v[i].p, r->v[i].n);
	rec[REC_FLAGS] &= (uint8_t)~RECF_MORE;
	rec[REC_XAR] = 0;
	put_target(p, tj, j, rec);
	r->v[i].p = rec;
	if (more > r->n - i - 1)
		more = r->n - i - 1;
	memmove(r->v + i + 1, r->v + i + 1 + more,
	    (r->n - i - 1 - more) * sizeof(*r->v));
	r->n -= more;
}

static void
add(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    const struct rec_job *j, struct refs *r)
{
	uint8_t *rec = r->made[r->n_made++];
	size_t i = r->n < 2 ? r->n : 2;

	make_record(p, tj, d, j, rec);
	while (i < r->n && compose_cmp(tj->t->kind, r->v[i].p + REC_NAME,
			       r->v[i].p[REC_NAME_LEN], j->id, j->n_id) < 0)
		i++;
	insert(r, i, rec, CD_NONE);
}

static bool
pad(struct buf *out)
{
	size_t used = out->n % MEDIA_SECTOR;
	char *to;

	if (used == 0)
		return true;
	to = buf_extend(out, MEDIA_SECTOR - used);
	if (to != NULL)
		memset(to, 0, MEDIA_SECTOR - used);
	return to != NULL;
}

/* No record lies in two sectors. */
static bool
pack(struct plan *p, const struct refs *r, struct buf *out)
{
	bool ok = true;

	buf_reset(out);
	for (size_t i = 0; ok && i < r->n; i++) {
		if (out->n % MEDIA_SECTOR + r->v[i].n > MEDIA_SECTOR)
			ok = pad(out);
		ok = ok && buf_add(out, r->v[i].p, r->v[i].n);
	}
	return (ok && pad(out)) ||
	       err_set(p->e, ERR_TOO_BIG, 0,
		   "a folder would have more than %u MiB", CD_DIR_MAX >> 20);
}

bool
compose_folder(
    struct plan *p, struct tree_job *tj, struct dir_job *d, struct buf *out)
{
	struct refs r = { 0 };
	uint8_t *now = NULL;
	bool ok;

	r.made = xcalloc(d->n + 2, sizeof(*r.made));
	if (d->node == CD_NONE) {
		make_dots(tj, d, &r);
	} else {
		const struct cd_node *v = &tj->t->v[d->node];

		now = xmalloc(d->n_old);
		if (!overlay_get(&p->o,
			(uint64_t)tj->t->extents[v->extents].sector *
			    MEDIA_SECTOR,
			now, d->n_old))
			p->missing = true;
		else
			split(&r, now, d->n_old);
	}
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].node != CD_NONE)
			change(p, tj, d, &d->v[i], &r);
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].node == CD_NONE)
			add(p, tj, d, &d->v[i], &r);
	ok = pack(p, &r, out);
	xfree(now);
	xfree(r.made);
	xfree(r.v);
	return ok;
}
