/* Watch lines and list items out of any sequence of pieces. */
#include "agent/kube/stream.h"

#include <string.h>

#define REST_MAX (256u << 10)
#define SKIP_MAX 3    /* times the cap: larger is no object of anybody's */
#define DEPTH_MAX 200 /* json_parse refuses 64; this only bounds a counter */

/* ---- lines ---------------------------------------------------------------- */

void
kube_lines_init(
    struct kube_lines *s, size_t line_max, kube_piece_fn *fn, void *arg)
{
	*s = (struct kube_lines){ .fn = fn, .arg = arg };
	buf_init(&s->line, line_max);
}

void
kube_lines_free(struct kube_lines *s)
{
	buf_free(&s->line);
}

static bool
line_done(struct kube_lines *s)
{
	const char *p = buf_str(&s->line);
	size_t n = s->line.n;

	while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == ' '))
		n--;
	if (n > 0) {
		s->count++;
		s->stopped = !s->fn(s->arg, p, n);
	}
	buf_reset(&s->line);
	return !s->stopped;
}

bool
kube_lines_feed(struct kube_lines *s, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t part = nl == NULL ? n : (size_t)(nl - p);

		if (!buf_add(&s->line, p, part))
			return err_set(e, ERR_TOO_BIG, 0,
			    "a watch line is longer than %zu bytes",
			    s->line.max);
		if (nl == NULL)
			return true;
		if (!line_done(s))
			return err_set(e, ERR_PROTO, 0, "stopped by receiver");
		p += part + 1;
		n -= part + 1;
	}
	return true;
}

/* ---- items ---------------------------------------------------------------- */

void
kube_items_init(
    struct kube_items *s, size_t item_max, kube_piece_fn *fn, void *arg)
{
	*s = (struct kube_items){ .fn = fn, .arg = arg };
	buf_init(&s->rest, REST_MAX);
	buf_init(&s->item, item_max);
}

void
kube_items_free(struct kube_items *s)
{
	buf_free(&s->rest);
	buf_free(&s->item);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A string in rest ended at its current end: is it the key "items"? */
static void
string_ended(struct kube_items *s)
{
	static const char name[] = "\"items\"";
	size_t n = s->rest.n - s->string_from;

	s->key_is_items = s->depth == 1 && !s->after_colon &&
			  n == sizeof(name) - 1 &&
			  memcmp(s->rest.p + s->string_from, name, n) == 0;
	s->after_colon = false;
}

/* Length of the run of plain string bytes at p. */
static size_t
plain_run(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

/* One step inside a string: how many bytes of p belong to it. */
static size_t
string_step(struct kube_items *s, const char *p, size_t n, bool *ended)
{
	*ended = false;
	if (s->escaped) {
		s->escaped = false;
		return 1;
	}
	if (*p == '\\') {
		s->escaped = true;
		return 1;
	}
	if (*p == '"') {
		s->in_string = false;
		*ended = true;
		return 1;
	}
	return plain_run(p, n);
}

/* An item that breaks a cap: it is read to its end and not kept. */
static bool
skip_item(struct kube_items *s, const struct err *why, struct err *e)
{
	if (s->skip == NULL || s->at != ITEMS_WITHIN || s->skipping) {
		if (e != NULL)
			*e = *why;
		return false;
	}
	s->skipping = true;
	s->skipped = 0;
	buf_reset(&s->item);
	s->skip(s->arg, why);
	return true;
}

static bool
deeper(struct kube_items *s, struct err *e)
{
	struct err why;

	if (++s->depth <= DEPTH_MAX || s->skipping)
		return true;
	(void)err_set(&why, ERR_TOO_BIG, 0,
	    "item %llu of the list is nested deeper than %d",
	    (unsigned long long)s->count, DEPTH_MAX);
	return skip_item(s, &why, e);
}

static bool
shallower(struct kube_items *s, struct err *e)
{
	if (s->depth == 0)
		return err_set(
		    e, ERR_PROTO, 0, "the list closes what it did not open");
	s->depth--;
	return true;
}

static bool
is_structure(char c)
{
	return c == '"' || c == '{' || c == '}' || c == '[' || c == ']';
}

/* Structure outside of strings; the byte was already stored. */
static bool
structure(struct kube_items *s, char c, struct err *e)
{
	switch (c) {
	case '"':
		s->in_string = true;
		return true;
	case '{':
	case '[':
		return deeper(s, e);
	case '}':
	case ']':
		return shallower(s, e);
	default:
		return true;
	}
}

static bool
rest_too_big(struct err *e)
{
	return err_set(e, ERR_TOO_BIG, 0,
	    "the list has more than %u bytes besides its items", REST_MAX);
}

static bool
item_add(struct kube_items *s, const char *p, size_t n, struct err *e)
{
	struct err why;
	bool fits = s->skipping ? (s->skipped += n) <= SKIP_MAX * s->item.max
				: buf_add(&s->item, p, n);

	if (fits)
		return true;
	(void)err_set(&why, ERR_TOO_BIG, 0,
	    "item %llu of the list is longer than %zu bytes",
	    (unsigned long long)s->count, s->item.max);
	return skip_item(s, &why, e);
}

static bool
outside_byte(struct kube_items *s, char c, struct err *e)
{
	if (c == '"')
		s->string_from = s->rest.n;
	if (!buf_addc(&s->rest, c))
		return rest_too_big(e);
	if (c == ':')
		s->after_colon = true;
	else if (c == ',')
		s->after_colon = s->key_is_items = false;
	if (!structure(s, c, e))
		return false;
	if (c == '[' && s->depth == 2 && s->key_is_items) {
		s->at = ITEMS_BETWEEN;
		s->key_is_items = false;
	}
	if (c == '[' || c == '{')
		s->after_colon = false;
	return true;
}

static bool
between_byte(struct kube_items *s, char c, struct err *e)
{
	if (c == '{') {
		s->at = ITEMS_WITHIN;
		s->skipping = false;
		buf_reset(&s->item);
		return item_add(s, &c, 1, e) && deeper(s, e);
	}
	if (c == ']') {
		s->at = ITEMS_OUTSIDE;
		return buf_addc(&s->rest, c) ? shallower(s, e)
					     : rest_too_big(e);
	}
	if (c == ',' || is_space(c))
		return true;
	return err_set(e, ERR_PROTO, 0,
	    "item %llu of the list is no object (byte 0x%02x)",
	    (unsigned long long)s->count, (unsigned)(unsigned char)c);
}

/* Up to the next byte of structure, or all; how many in *used. */
static bool
within(
    struct kube_items *s, const char *p, size_t n, size_t *used, struct err *e)
{
	size_t i = 0;

	while (i < n && !is_structure(p[i]))
		i++;
	*used = i < n ? i + 1 : n;
	if (!item_add(s, p, *used, e))
		return false;
	if (!structure(s, p[*used - 1], e))
		return false;
	if (s->depth > 2)
		return true;
	s->at = ITEMS_BETWEEN;
	s->count++;
	if (s->skipping)
		return true;
	s->stopped = !s->fn(s->arg, buf_str(&s->item), s->item.n);
	if (s->stopped)
		return err_set(e, ERR_PROTO, 0, "stopped by receiver");
	return true;
}

static bool
in_string(
    struct kube_items *s, const char *p, size_t n, size_t *used, struct err *e)
{
	bool ended;

	*used = string_step(s, p, n, &ended);
	if (s->at == ITEMS_WITHIN)
		return item_add(s, p, *used, e);
	if (!buf_add(&s->rest, p, *used))
		return rest_too_big(e);
	if (ended)
		string_ended(s);
	return true;
}

bool
kube_items_feed(struct kube_items *s, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		size_t used = 1;
		bool ok;

		if (s->in_string)
			ok = in_string(s, p, n, &used, e);
		else if (s->at == ITEMS_OUTSIDE)
			ok = outside_byte(s, *p, e);
		else if (s->at == ITEMS_BETWEEN)
			ok = between_byte(s, *p, e);
		else
			ok = within(s, p, n, &used, e);
		if (!ok)
			return false;
		p += used;
		n -= used;
	}
	return true;
}

bool
kube_items_end(const struct kube_items *s, struct err *e)
{
	if (s->depth != 0 || s->in_string || s->rest.n == 0)
		return err_set(e, ERR_PROTO, 0,
		    "the list ends in the middle, after %llu items",
		    (unsigned long long)s->count);
	return true;
}
