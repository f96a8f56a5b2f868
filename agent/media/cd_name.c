/* Names and paths of an image's trees. */
#include <stdio.h>
#include <string.h>

#include "agent/media/cd_int.h"
#include "common/str.h"

const char *
cd_shown(const char *name, char out[CD_SHOWN])
{
	str_escape(out, CD_SHOWN, name, strnlen(name, CD_SHOWN));
	return out;
}

bool
cd_at_folder(const struct cd_tree *t, uint32_t node, struct err *e)
{
	char path[CD_PATH_MAX], shown[CD_SHOWN];

	cd_path(t, node, path);
	return err_wrap(e, "%sfolder %s", t->kind == CD_JOLIET ? "Joliet " : "",
	    cd_shown(path, shown));
}

/* One character of UTF-16 (big-endian) as UTF-8; what is none is U+FFFD. */
static size_t
utf16(const uint8_t *p, size_t n, size_t *used, char out[4])
{
	uint32_t c = (uint32_t)(p[0] << 8 | p[1]);

	*used = 2;
	if (c >= 0xd800 && c < 0xdc00 && n >= 4 && (p[2] & 0xfc) == 0xdc) {
		c = 0x10000 + ((c & 0x3ff) << 10) +
		    (uint32_t)((p[2] & 3) << 8 | p[3]);
		*used = 4;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static bool
wide(const uint8_t *p, size_t n, char out[CD_NAME_MAX + 1], size_t *len)
{
	size_t used, at = 0;
	char c[4];

	if (n % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i += used) {
		size_t m = utf16(p + i, n - i, &used, c);

		if (m > CD_NAME_MAX - at)
			return false;
		memcpy(out + at, c, m);
		at += m;
	}
	*len = at;
	return true;
}

bool
cd_identifier(
    enum cd_kind kind, const uint8_t *p, size_t n, char out[CD_NAME_MAX + 1])
{
	char *semi;

	if (kind == CD_JOLIET) {
		if (!wide(p, n, out, &n))
			return false;
	} else {
		memcpy(out, p, n); /* a byte tells its length */
	}
	out[n] = '\0';
	if (n == 0 || strlen(out) != n || strchr(out, '/') != NULL)
		return false;
	semi = strrchr(out, ';');
	if (semi != NULL && semi != out && (size_t)(out + n - semi) <= 6)
		*semi = '\0';
	n = strlen(out);
	if (n > 1 && out[n - 1] == '.' && kind != CD_JOLIET)
		out[n - 1] = '\0';
	return true;
}

/* Where a node is seen: a relocated folder stands where its stand-in is. */
static uint32_t
seen_in(const struct cd_tree *t, uint32_t node, uint32_t *named)
{
	const struct cd_node *v = &t->v[node];

	*named = node;
	if ((v->flags & CD_MOVED) != 0 && v->link != CD_NONE && v->link < t->n)
		*named = v->link;
	return t->v[*named].parent;
}

void
cd_path(const struct cd_tree *t, uint32_t node, char out[CD_PATH_MAX])
{
	char path[CD_PATH_MAX];
	size_t at = sizeof(path) - 1;

	path[at] = '\0';
	for (int i = 0; i <= CD_DEPTH && node != 0; i++) {
		uint32_t named, up = seen_in(t, node, &named);
		const char *name = cd_name(t, named);
		size_t n = strlen(name);

		if (n + 1 > at)
			break; /* cut at its front */
		at -= n;
		memcpy(path + at, name, n);
		path[--at] = '/';
		node = up;
	}
	(void)str_copy(out, CD_PATH_MAX, path[at] == '\0' ? "/" : path + at);
}

uint32_t
cd_child(const struct cd_tree *t, uint32_t dir, const char *name)
{
	const struct cd_node *d = &t->v[dir];
	bool exact = t->rock || t->kind != CD_PRIMARY;

	for (uint32_t i = d->kids; i < d->kids + d->n_kids; i++) {
		const struct cd_node *v = &t->v[i];
		const char *its = cd_name(t, i);

		if ((v->flags & CD_HIDDEN) != 0)
			continue;
		if ((v->flags & CD_MOVED) != 0 && v->link != CD_NONE)
			continue; /* it is elsewhere */
		if (exact ? !str_eq(its, name) : !str_ieq(its, name))
			continue;
		return (v->flags & CD_STAND_IN) != 0 ? v->link : i;
	}
	return CD_NONE;
}

uint32_t
cd_find(const struct cd_tree *t, const char *path)
{
	char name[CD_NAME_MAX + 1];
	uint32_t node = 0;

	for (;;) {
		size_t n;

		while (*path == '/')
			path++;
		n = strcspn(path, "/");
		if (n == 0)
			return node;
		if (n > CD_NAME_MAX || (t->v[node].flags & CD_DIR) == 0)
			return CD_NONE;
		memcpy(name, path, n);
		name[n] = '\0';
		node = cd_child(t, node, name);
		if (node == CD_NONE)
			return CD_NONE;
		path += n;
	}
}

enum media_step
cd_read(const struct cd_tree *t, uint32_t node, struct sparse *s,
    struct buf *out, struct err *e)
{
	const struct cd_node *v = &t->v[node];
	bool missing = false;

	buf_reset(out);
	if (v->size > out->max) {
		(void)err_set(e, ERR_TOO_BIG, 0, "a file of %llu bytes",
		    (unsigned long long)v->size);
		return MEDIA_BAD;
	}
	for (uint32_t i = 0; i < v->n_extents; i++) {
		const struct cd_extent *x = &t->extents[v->extents + i];
		char *to = buf_extend(out, x->n);

		/* what fits as a whole fits in parts */
		if (x->n > 0 &&
		    !sparse_get(
			s, (uint64_t)x->sector * MEDIA_SECTOR, to, x->n))
			missing = true;
	}
	return missing ? MEDIA_WANTS : MEDIA_DONE;
}
