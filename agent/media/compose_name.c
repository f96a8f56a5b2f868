/* Identifiers of added files and folders, and their order (ECMA-119 7.5, 9.3;
 * Joliet: UCS-2, 64 characters). */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/str.h"

#define ISO_MAX 30u    /* level 2: name and extension */
#define JOLIET_MAX 64u /* characters */
#define WIDE_MAX 207u  /* ISO 9660:1999 */

/* The part of a name, padded by blanks, as the standard compares them. */
static int
cmp_part(const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
	size_t n = na > nb ? na : nb;

	for (size_t i = 0; i < n; i++) {
		uint8_t x = i < na ? a[i] : ' ', y = i < nb ? b[i] : ' ';

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static size_t
until(const uint8_t *p, size_t n, char c)
{
	const uint8_t *at = memchr(p, c, n);

	return at != NULL ? (size_t)(at - p) : n;
}

static int
cmp_wide(const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int d = n > 0 ? memcmp(a, b, n) : 0; /* big-endian: as numbers */

	if (d != 0)
		return d;
	return na < nb ? -1 : na > nb;
}

int
compose_cmp(
    enum cd_kind kind, const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
	size_t ea, eb, da, db;
	int d;

	if (kind != CD_PRIMARY)
		return cmp_wide(a, na, b, nb);
	ea = until(a, na, ';');
	eb = until(b, nb, ';');
	da = until(a, ea, '.');
	db = until(b, eb, '.');
	d = cmp_part(a, da, b, db);
	if (d == 0)
		d = cmp_part(a + da, ea - da, b + db, eb - db);
	return d != 0 ? d : -cmp_part(a + ea, na - ea, b + eb, nb - eb);
}

/* What stands in the folder's records before, or is added to it. */
static bool
is_taken(
    const struct tree_job *tj, const struct dir_job *d, const struct rec_job *r)
{
	enum cd_kind kind = tj->t->kind;

	for (size_t at = 0; at < d->n_old;) {
		const uint8_t *o = d->old + at;

		if (o[REC_LEN] == 0) {
			at += MEDIA_SECTOR - at % MEDIA_SECTOR;
			continue;
		}
		if (compose_cmp(kind, o + REC_NAME, o[REC_NAME_LEN], r->id,
			r->n_id) == 0)
			return true;
		at += o[REC_LEN];
	}
	for (size_t i = 0; i < d->n; i++)
		if (&d->v[i] != r && d->v[i].node == CD_NONE &&
		    d->v[i].n_id > 0 &&
		    compose_cmp(
			kind, d->v[i].id, d->v[i].n_id, r->id, r->n_id) == 0)
			return true;
	return false;
}

static void
put_id(struct rec_job *r, const char *p, size_t n, bool version)
{
	memcpy(r->id, p, n);
	if (version) {
		memcpy(r->id + n, ";1", 2);
		n += 2;
	}
	r->n_id = (uint8_t)n;
}

static char
d_character(char c, bool strict)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')
		return c;
	if (!strict && c > ' ' && c < 0x7f && strchr(";:/\\*?", c) == NULL)
		return c;
	return '_';
}

struct parts {
	char base[ISO_MAX + 1], ext[9];
	size_t n, n_ext;
	bool cut; /* they are not the whole name */
};

static void
split_name(struct parts *s, const char *name, bool file, bool strict)
{
	const char *dot = file ? strrchr(name, '.') : NULL;
	const char *end;

	memset(s, 0, sizeof(*s));
	if (dot == name)
		dot = NULL;
	end = dot != NULL ? dot : name + strlen(name);
	for (; name < end && s->n < ISO_MAX; name++)
		s->base[s->n++] = d_character(*name, strict);
	s->cut = name < end;
	if (dot == NULL)
		return;
	for (dot++; *dot != '\0' && s->n_ext < sizeof(s->ext) - 1; dot++)
		s->ext[s->n_ext++] = d_character(*dot, strict);
	s->cut |= *dot != '\0' || s->n + s->n_ext > ISO_MAX;
}

/* Where Rock Ridge tells the true name, the identifier is of level 2 and unique
 * by a number; where it is the only name, it stays as near as it can. */
static bool
plain(const struct tree_job *tj, const struct dir_job *d, struct rec_job *r)
{
	bool file = r->content != CD_NONE, strict = tj->t->rock;
	char id[64], number[8] = "";
	struct parts s;

	split_name(&s, r->name, file, strict);
	if (!strict && s.cut)
		return false;
	for (unsigned i = 0; i < 1000; i++) {
		size_t room = ISO_MAX - s.n_ext;

		if (i > 0)
			(void)str_format(number, sizeof(number), "_%u", i);
		room -= strlen(number);
		(void)str_format(id, sizeof(id), "%.*s%s%s%s",
		    (int)(s.n < room ? s.n : room), s.base, number,
		    file ? "." : "", s.ext);
		put_id(r, id, strlen(id), file && d->style.versions);
		if (!is_taken(tj, d, r))
			return true;
		if (!strict)
			return false;
	}
	return false;
}

/* UTF-8 to UCS-2, big-endian; false for what Joliet cannot hold. */
static bool
wide(const struct tree_job *tj, const struct dir_job *d, struct rec_job *r)
{
	const char *s = r->name;
	size_t n = 0;

	while (*s != '\0') {
		size_t len = str_utf8_len(s, strlen(s));
		uint32_t c = (uint8_t)*s;

		if (len == 0 || len > 3 || n >= (size_t)JOLIET_MAX * 2)
			return false;
		if (len > 1)
			c &= 0xffu >> (len + 1);
		for (size_t i = 1; i < len; i++)
			c = c << 6 | ((uint8_t)s[i] & 63);
		if (c < ' ' || (c < 0x7f && strchr("*:;?\\", (int)c) != NULL))
			return false;
		r->id[n++] = (uint8_t)(c >> 8);
		r->id[n++] = (uint8_t)c;
		s += len;
	}
	if (r->content != CD_NONE && d->style.versions) {
		memcpy(r->id + n, "\0;\0001", 4);
		n += 4;
	}
	r->n_id = (uint8_t)n;
	return !is_taken(tj, d, r);
}

bool
compose_name(struct plan *p, const struct tree_job *tj, const struct dir_job *d,
    struct rec_job *r)
{
	char shown[CD_SHOWN];
	size_t n = strlen(r->name);
	bool ok = false;

	switch (tj->t->kind) {
	case CD_PRIMARY:
		ok = plain(tj, d, r);
		break;
	case CD_JOLIET:
		ok = wide(tj, d, r);
		break;
	case CD_ENHANCED:
		ok = n <= WIDE_MAX;
		if (ok)
			put_id(r, r->name, n, false);
		ok = ok && !is_taken(tj, d, r);
		break;
	}
	return ok || err_set(p->e, ERR_SPEC, 0,
			 "%s: the %s tree of this image cannot hold that name",
			 cd_shown(r->name, shown),
			 tj->t->kind == CD_JOLIET ? "Joliet" : "ISO 9660");
}
