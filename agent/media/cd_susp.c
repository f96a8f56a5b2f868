/* System use fields (SUSP 1.12) and Rock Ridge (RRIP 1.12) of one record. */
#include <string.h>

#include "agent/media/cd_int.h"

#define AREAS 16 /* continuation areas of one record */
#define AREA_MAX 4096u

struct walk {
	struct cd_susp *u;
	const struct cd_tree *t;
	struct sparse *s;
	struct err *e;
	bool root;
	uint32_t ce_sector, ce_at, ce_n; /* what follows; 0 = nothing */
};

static bool
bad(struct walk *w, uint64_t at, const char *what)
{
	return err_set(w->e, ERR_SPEC, 0, "byte %llu of the image: %s",
	    (unsigned long long)at, what);
}

static bool
name_part(struct walk *w, const uint8_t *p, uint64_t at)
{
	struct cd_susp *u = w->u;
	size_t n = (size_t)p[2] - 5;

	if ((p[4] & 6) != 0)
		return bad(w, at, "a name that stands for a folder itself");
	if (n > CD_NAME_MAX - u->n_name)
		return bad(w, at, "a name of more than 255 bytes");
	if (memchr(p + 5, '/', n) != NULL || memchr(p + 5, 0, n) != NULL)
		return bad(w, at, "a name with a slash or NUL in it");
	memcpy(u->name + u->n_name, p + 5, n);
	u->n_name += n;
	u->name[u->n_name] = '\0';
	u->has_name = true;
	return true;
}

static bool
attributes(struct walk *w, const uint8_t *p, uint64_t at)
{
	if (p[2] < 36)
		return bad(w, at, "a PX entry that is too short");
	w->u->mode = cd_le32(p + 4);
	w->u->links = cd_le32(p + 12);
	w->u->px = at;
	w->u->px_n = p[2];
	return true;
}

static bool
continues(struct walk *w, const uint8_t *p, uint64_t at)
{
	uint64_t sector, from;

	if (p[2] < 28)
		return bad(w, at, "a CE entry that is too short");
	sector = (uint64_t)cd_le32(p + 4) + w->t->shift;
	from = cd_le32(p + 12);
	w->ce_n = cd_le32(p + 20);
	if (w->ce_n > AREA_MAX ||
	    sector * MEDIA_SECTOR + from + w->ce_n > w->s->size)
		return bad(w, at,
		    "a continuation area that is too large or outside of the "
		    "image");
	w->ce_sector = (uint32_t)sector;
	w->ce_at = (uint32_t)from;
	return true;
}

static void
extension(struct walk *w, const uint8_t *p)
{
	static const char *const names[] = { "RRIP_1991A", "IEEE_P1282",
		"IEEE_1282" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (p[2] >= 8 + n && p[4] == n &&
		    memcmp(p + 8, names[i], n) == 0)
			w->u->rock = true;
	}
}

static bool
link_to(struct walk *w, const uint8_t *p, uint64_t at, bool child)
{
	if (p[2] < 12)
		return bad(w, at, "a CL or PL entry that is too short");
	if (cd_le32(p + 4) != cd_be32(p + 8))
		return bad(
		    w, at, "a number differs between its two byte orders");
	if (child) {
		w->u->child = cd_le32(p + 4);
		w->u->cl = at;
	} else {
		w->u->parent = cd_le32(p + 4);
		w->u->pl = at;
	}
	return true;
}

#define SIG(a, b) ((uint16_t)((a) << 8 | (b)))

/* Of 5 bytes or more where it reads beyond the header. */
static bool
entry(struct walk *w, const uint8_t *p, uint64_t at)
{
	struct cd_susp *u = w->u;
	uint16_t sig = SIG(p[0], p[1]);

	switch (sig) {
	case SIG('S', 'P'):
		if (w->root && p[2] >= 7 && p[4] == 0xbe && p[5] == 0xef) {
			u->sp = true;
			u->skip = p[6];
		}
		return true;
	case SIG('E', 'R'):
		if (p[2] >= 8)
			extension(w, p);
		return true;
	case SIG('C', 'E'):
		return continues(w, p, at);
	case SIG('N', 'M'):
		return p[2] < 5 || name_part(w, p, at);
	case SIG('P', 'X'):
		return attributes(w, p, at);
	case SIG('C', 'L'):
		return link_to(w, p, at, true);
	case SIG('P', 'L'):
		return link_to(w, p, at, false);
	case SIG('R', 'E'):
		u->moved = true;
		return true;
	case SIG('R', 'R'):
		u->rr = true;
		return true;
	case SIG('S', 'L'):
		u->symlink = true;
		return true;
	case SIG('Z', 'F'):
	case SIG('S', 'F'):
		u->packed = true;
		return true;
	default:
		return true; /* others' entries are carried along */
	}
}

/* One field or area; bytes that are no entry end it. */
static bool
entries(struct walk *w, const uint8_t *p, size_t n, uint64_t at)
{
	while (n >= 4 && p[0] != 0 && p[2] >= 4) {
		if (p[2] > n)
			return bad(w, at, "a system use entry that is cut off");
		if (p[0] == 'S' && p[1] == 'T')
			return true;
		if (!entry(w, p, at))
			return false;
		at += p[2];
		n -= p[2];
		p += p[2];
	}
	return true;
}

enum media_step
cd_susp(struct cd_susp *u, const struct cd_tree *t, struct sparse *s,
    const struct cd_rec *r, struct err *e)
{
	const uint8_t *rec = r->p;
	uint64_t at = r->at;
	struct walk w = { .t = t, .s = s, .e = e, .root = r->root };
	size_t from = REC_NAME + (size_t)rec[REC_NAME_LEN];
	uint8_t area[AREA_MAX];

	memset(u, 0, sizeof(*u));
	w.u = u;
	from += from % 2; /* the pad byte of names of even length */
	if (!r->root)
		from += t->skip;
	if (from >= rec[REC_LEN])
		return MEDIA_DONE;
	if (!entries(&w, rec + from, rec[REC_LEN] - from, at + from))
		return MEDIA_BAD;
	for (int i = 0; w.ce_sector != 0; i++) {
		uint64_t place = (uint64_t)w.ce_sector * MEDIA_SECTOR + w.ce_at;
		size_t n = w.ce_n;

		if (i == AREAS) {
			(void)bad(&w, at, "continuation areas without an end");
			return MEDIA_BAD;
		}
		if (!sparse_get(s, place, area, n))
			return MEDIA_WANTS;
		w.ce_sector = 0;
		if (!entries(&w, area, n, place))
			return MEDIA_BAD;
	}
	return MEDIA_DONE;
}
