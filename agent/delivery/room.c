#include "agent/delivery/room.h"

#include <string.h>

#include "common/str.h"

static void
reserve(struct wiped *w, size_t n)
{
	size_t cap;
	char *p;

	if (w->p != NULL && w->cap - w->n > n)
		return;
	cap = 2 * w->cap + n + 256;
	p = xmalloc(cap);
	if (w->p != NULL) {
		memcpy(p, w->p, w->n);
		secret_wipe(w->p, w->cap);
		xfree(w->p);
	}
	w->p = p;
	w->cap = cap;
}

void
wiped_add(struct wiped *w, const void *p, size_t n)
{
	reserve(w, n);
	if (n > 0)
		memcpy(w->p + w->n, p, n);
	w->n += n;
	w->p[w->n] = '\0';
}

void
wiped_adds(struct wiped *w, const char *s)
{
	wiped_add(w, s, strlen(s));
}

void
wiped_base64(struct wiped *w, const void *p, size_t n, size_t line)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t v = (uint32_t)b[i] << 16;
		char out[4] = { '=', '=', '=', '=' };

		v |= have > 1 ? (uint32_t)b[i + 1] << 8 : 0;
		v |= have > 2 ? b[i + 2] : 0;
		for (size_t k = 0; k <= have; k++)
			out[k] = digits[v >> (18 - 6 * k) & 63];
		wiped_add(w, out, 4);
		if (line >= 4 && (i / 3 + 1) % (line / 4) == 0)
			wiped_add(w, "\n", 1);
	}
	if (line > 0 && w->n > 0 && w->p[w->n - 1] != '\n')
		wiped_add(w, "\n", 1);
}

/* Not printable to YAML: control characters, DEL, C1, U+FFFE and U+FFFF, and
 * line ends by Unicode, which a quoted text would fold. */
static uint32_t
special(const char *s, size_t len)
{
	const uint8_t *b = (const uint8_t *)s;
	uint32_t c = b[0];

	if (len == 1)
		return c < ' ' || c == 0x7f ? c : 0;
	if (len == 2)
		c = (c & 0x1fu) << 6 | (b[1] & 0x3fu);
	else if (len == 3)
		c = (c & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
	else
		return 0;
	return c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
		       c >= 0xfffe
		   ? c
		   : 0;
}

static void
quote_one(struct wiped *w, const char *s, size_t len)
{
	uint32_t c = special(s, len);
	char code[8];

	if (*s == '"' || *s == '\\') {
		wiped_add(w, "\\", 1);
		wiped_add(w, s, 1);
	} else if (c == '\n') {
		wiped_adds(w, "\\n");
	} else if (c == '\t') {
		wiped_adds(w, "\\t");
	} else if (c != 0) {
		(void)str_format(code, sizeof(code), "\\u%04x", c);
		wiped_adds(w, code);
	} else {
		wiped_add(w, s, len);
	}
}

void
wiped_quoted(struct wiped *w, const char *s)
{
	size_t n = strlen(s);

	wiped_add(w, "\"", 1);
	for (size_t i = 0; i < n;) {
		size_t len = str_utf8_len(s + i, n - i);

		if (len == 0)
			wiped_adds(w, "\\ufffd");
		else
			quote_one(w, s + i, len);
		i += len > 0 ? len : 1;
	}
	wiped_add(w, "\"", 1);
}

void
wiped_free(struct wiped *w)
{
	if (w->p != NULL)
		secret_wipe(w->p, w->cap);
	xfree(w->p);
	memset(w, 0, sizeof(*w));
}

/* ---- files and arguments of a delivery ----------------------------------- */

void
room_begin(struct delivery_out *out)
{
	memset(out, 0, sizeof(*out));
	out->room = xcalloc(1, sizeof(*out->room));
	out->iso.files = out->room->iso;
	out->config.files = out->room->config;
}

void
delivery_free(struct delivery_out *out)
{
	if (out->room != NULL) {
		for (size_t i = 0; i < out->room->n; i++)
			wiped_free(&out->room->v[i]);
		xfree(out->room->v);
		xfree(out->room);
	}
	memset(out, 0, sizeof(*out));
}

static const struct wiped *
keep(struct delivery_out *out, struct wiped *w)
{
	struct delivery_room *r = out->room;

	if (w->p == NULL)
		wiped_add(w, "", 0);
	if (r->n == r->cap) {
		r->cap = r->cap != 0 ? 2 * r->cap : 8;
		r->v = xreallocarray(r->v, r->cap, sizeof(*r->v));
	}
	r->v[r->n] = *w;
	memset(w, 0, sizeof(*w));
	return &r->v[r->n++];
}

static void
file(struct delivery_out *out, struct compose_file *f, const char *path,
    struct wiped *w)
{
	struct wiped name = { NULL, 0, 0 };

	wiped_adds(&name, path);
	f->path = keep(out, &name)->p;
	f->n = w->n;
	f->p = keep(out, w)->p;
	f->boot = 0;
}

void
room_iso(struct delivery_out *out, const char *path, struct wiped *w)
{
	if (out->iso.n_files < ROOM_FILES)
		file(out, &out->room->iso[out->iso.n_files++], path, w);
	wiped_free(w);
}

void
room_config(struct delivery_out *out, const char *path, struct wiped *w)
{
	if (out->config.n_files < ROOM_FILES)
		file(out, &out->room->config[out->config.n_files++], path, w);
	wiped_free(w);
}

void
room_put(struct delivery_out *out, const char *dir, const char *name,
    struct wiped *w)
{
	char path[128];

	if (out->mode == DELIVERY_CONFIG_DRIVE) {
		room_config(out, name, w);
		return;
	}
	(void)str_format(path, sizeof(path), "%s%s", dir, name);
	room_iso(out, path, w);
}

void
room_args(struct delivery_out *out, const char *args)
{
	struct wiped w = { NULL, 0, 0 };

	if (str_empty(args))
		return;
	if (out->iso.args != NULL) {
		wiped_adds(&w, out->iso.args);
		wiped_adds(&w, " ");
	}
	wiped_adds(&w, args);
	out->iso.args = keep(out, &w)->p;
}
