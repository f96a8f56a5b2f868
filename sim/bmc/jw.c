/* See jw.h. */
#include "sim/bmc/jw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "sim/bmc/strlist.h"

void
jw_init(
    struct jw *w, struct buf *out, const char *type, const struct strlist *omit)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->type = type;
	w->omit = omit && omit->n ? omit : NULL;
}

/* Does "Type.A.B" name the key under the open ones? */
static bool
names_key(const struct jw *w, const char *pattern, const char *key)
{
	size_t n = strlen(w->type);

	if (strncmp(pattern, w->type, n) != 0 || pattern[n] != '.')
		return false;
	pattern += n + 1;
	for (unsigned i = 0; i < w->depth; i++) {
		if (!w->path[i])
			continue;
		n = strlen(w->path[i]);
		if (strncmp(pattern, w->path[i], n) != 0 || pattern[n] != '.')
			return false;
		pattern += n + 1;
	}
	n = strlen(pattern);
	/* annotations (Prop@Redfish...) go with their property */
	return strncmp(key, pattern, n) == 0 &&
	       (key[n] == '\0' || key[n] == '@');
}

static bool
left_out(const struct jw *w, const char *key)
{
	if (w->skip)
		return true;
	if (!key || !w->omit)
		return false;
	for (size_t i = 0; i < w->omit->n; i++)
		if (names_key(w, w->omit->v[i], key))
			return true;
	return false;
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static void
text_escaped(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_plain(c))
			buf_addc(b, *s);
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else
			buf_addf(b, "\\u%04x", c);
	}
	buf_addc(b, '"');
}

static void
text(struct buf *b, const char *s)
{
	size_t n = 0;
	char *at;

	while (s[n] && is_plain((unsigned char)s[n]))
		n++;
	if (s[n]) {
		text_escaped(b, s);
		return;
	}
	/* nearly all texts: in one go */
	at = buf_extend(b, n + 2);
	if (!at)
		return;
	at[0] = '"';
	memcpy(at + 1, s, n);
	at[n + 1] = '"';
}

/* Separator and key; false when the value must not be written. */
static bool
begin(struct jw *w, const char *key)
{
	if (left_out(w, key))
		return false;
	if (w->comma)
		buf_addc(w->out, ',');
	if (key) {
		text(w->out, key);
		buf_addc(w->out, ':');
	}
	w->comma = true;
	return true;
}

static void
enter(struct jw *w, const char *key, char bracket)
{
	if (!begin(w, key)) {
		w->skip++;
		return;
	}
	if (w->depth < JW_DEPTH)
		w->path[w->depth] = key;
	/* the outermost object has no key and is no part of a path */
	w->depth++;
	buf_addc(w->out, bracket);
	w->comma = false;
}

static void
leave(struct jw *w, char bracket)
{
	if (w->skip) {
		w->skip--;
		return;
	}
	w->depth--;
	buf_addc(w->out, bracket);
	w->comma = true;
}

void
jw_open(struct jw *w, const char *key)
{
	enter(w, key, '{');
}

void
jw_close(struct jw *w)
{
	leave(w, '}');
}

void
jw_list(struct jw *w, const char *key)
{
	enter(w, key, '[');
}

void
jw_end(struct jw *w)
{
	leave(w, ']');
}

void
jw_s(struct jw *w, const char *key, const char *v)
{
	if (!begin(w, key))
		return;
	if (v)
		text(w->out, v);
	else
		buf_adds(w->out, "null");
}

void
jw_sf(struct jw *w, const char *key, const char *fmt, ...)
{
	char tmp[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(tmp, sizeof(tmp), fmt, ap); /* cut is fine */
	va_end(ap);
	jw_s(w, key, tmp);
}

void
jw_i(struct jw *w, const char *key, int64_t v)
{
	if (begin(w, key))
		buf_addi(w->out, v);
}

void
jw_b(struct jw *w, const char *key, bool v)
{
	if (begin(w, key))
		buf_adds(w->out, v ? "true" : "false");
}

void
jw_null(struct jw *w, const char *key)
{
	if (begin(w, key))
		buf_adds(w->out, "null");
}

void
jw_raw(struct jw *w, const char *key, const char *json)
{
	if (begin(w, key))
		buf_adds(w->out, json);
}

static void uri_text(const struct jw *w, char *uri, size_t cap, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

/* Formats of nothing but %s, as nearly all are, are not worth a printf: there are
 * dozens in a resource. False: not such a one, or too long. */
static bool
join(char *out, size_t cap, const char *fmt, va_list ap)
{
	size_t n = 0;

	while (*fmt) {
		const char *piece = fmt;
		size_t np = strcspn(fmt, "%");

		fmt += np;
		if (np == 0) {
			if (fmt[1] != 's')
				return false;
			piece = va_arg(ap, const char *);
			np = strlen(piece);
			fmt += 2;
		}
		if (np >= cap - n)
			return false;
		memcpy(out + n, piece, np);
		n += np;
	}
	out[n] = '\0';
	return true;
}

static void
uri_text(const struct jw *w, char *uri, size_t cap, const char *fmt, va_list ap)
{
	va_list again;
	size_t n;

	va_copy(again, ap);
	if (!join(uri, cap - 1, fmt, again))
		(void)vsnprintf(uri, cap - 1, fmt, ap); /* ids are short */
	va_end(again);
	n = strlen(uri);
	if (w->slash && n && uri[n - 1] != '/')
		memcpy(uri + n, "/", 2);
}

void
jw_ref(struct jw *w, const char *key, const char *fmt, ...)
{
	char uri[512];
	va_list ap;

	va_start(ap, fmt);
	uri_text(w, uri, sizeof(uri), fmt, ap);
	va_end(ap);
	if (!begin(w, key))
		return;
	buf_adds(w->out, "{\"@odata.id\":");
	text(w->out, uri);
	buf_addc(w->out, '}');
}

void
jw_uri(struct jw *w, const char *key, const char *fmt, ...)
{
	char uri[512];
	va_list ap;

	va_start(ap, fmt);
	uri_text(w, uri, sizeof(uri), fmt, ap);
	va_end(ap);
	jw_s(w, key, uri);
}

void
jw_raw_list(struct jw *w, const char *key, const char *items)
{
	if (!begin(w, key))
		return;
	buf_addc(w->out, '[');
	buf_adds(w->out, items);
	buf_addc(w->out, ']');
}

void
jw_strings(struct jw *w, const char *key, const struct strlist *l)
{
	jw_list(w, key);
	for (size_t i = 0; i < l->n; i++)
		jw_s(w, NULL, l->v[i]);
	jw_end(w);
}

void
jw_time(struct jw *w, const char *key, int64_t wall_us)
{
	char t[RFC3339_CAP];

	rfc3339_s(t, wall_us);
	jw_s(w, key, t);
}
