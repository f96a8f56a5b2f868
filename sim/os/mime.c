/* See mime.h. */
#include "sim/os/mime.h"

#include <string.h>

#include "common/hex.h"
#include "common/mem.h"
#include "common/str.h"

#define MIME_DEPTH 4
#define MIME_SEEN 4096
#define MIME_VALUE 256
#define MIME_MAX (4u << 20)

struct mime {
	bool (*fn)(void *arg, const char *type, struct buf *content);
	void *arg;
	unsigned depth;
};
struct mime_head {
	char type[MIME_VALUE];     /* with its parameters */
	char encoding[MIME_VALUE]; /* in lower case */
	const char *body;
};

static char
mime_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
mime_is(const char *p, size_t n)
{
	static const char word[] = "mime-version:";
	size_t len = sizeof(word) - 1;

	if (n > MIME_SEEN)
		n = MIME_SEEN;
	for (size_t i = 0; i + len <= n; i++) {
		size_t k = 0;

		while (k < len && mime_lower(p[i + k]) == word[k])
			k++;
		if (k == len)
			return true;
	}
	return false;
}

static void
mime_value(const char *from, const char *end, char out[MIME_VALUE])
{
	size_t n = 0;

	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	for (; from < end && n + 1 < MIME_VALUE; from++)
		if (*from != '\r' && *from != '\n')
			out[n++] = *from == '\t' ? ' ' : *from;
	out[n] = '\0';
}

/* Where the field that begins at p ends: lines that begin with a blank are its. */
static const char *
mime_field(const char *p, const char *end)
{
	const char *stop = p;

	do {
		const char *eol = stop < end
				      ? memchr(stop, '\n', (size_t)(end - stop))
				      : NULL;

		if (eol == NULL)
			return end;
		stop = eol + 1;
	} while (stop < end && (*stop == ' ' || *stop == '\t'));
	return stop;
}

/* Header fields up to the empty line; folded ones are one. */
static void
mime_head(const char *p, const char *end, struct mime_head *h)
{
	memset(h, 0, sizeof(*h));
	while (p < end) {
		const char *stop = mime_field(p, end);

		if (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n')) {
			p += *p == '\r' ? 2 : 1;
			break;
		}
		if (str_has_iprefix(p, "content-type:"))
			mime_value(p + 13, stop, h->type);
		else if (str_has_iprefix(p, "content-transfer-encoding:"))
			mime_value(p + 26, stop, h->encoding);
		p = stop;
	}
	h->body = p;
	for (char *c = h->encoding; *c != '\0'; c++)
		*c = mime_lower(*c);
}

/* ---- content --------------------------------------------------------------------- */

static bool
mime_base64(const char *p, size_t n, struct buf *out)
{
	char *text = xmalloc(n + 1), *to = xmalloc(n + 1);
	size_t k = 0, len = 0;
	bool ok;

	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r' && p[i] != '\n' && p[i] != ' ')
			text[k++] = p[i];
	ok = b64_decode(text, k, to, n + 1, &len) && buf_add(out, to, len);
	secret_wipe(to, n + 1);
	secret_wipe(text, n + 1);
	xfree(to);
	xfree(text);
	return ok;
}

static bool
mime_quoted(const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '=') {
			(void)buf_addc(out, p[i]);
		} else if (i + 1 < n && p[i + 1] == '\n') {
			i++;
		} else if (i + 2 < n && p[i + 1] == '\r') {
			i += 2;
		} else if (i + 2 < n && hex_value(p[i + 1]) >= 0 &&
			   hex_value(p[i + 2]) >= 0) {
			(void)buf_addc(out, (char)(hex_value(p[i + 1]) * 16 +
						   hex_value(p[i + 2])));
			i += 2;
		}
	}
	return !out->overflow;
}

static bool
mime_leaf(const struct mime *m, const struct mime_head *h, const char *end)
{
	char type[MIME_VALUE];
	size_t n = (size_t)(end - h->body);
	struct buf b;
	bool ok;

	buf_init(&b, MIME_MAX);
	if (str_eq(h->encoding, "base64"))
		ok = mime_base64(h->body, n, &b);
	else if (str_eq(h->encoding, "quoted-printable"))
		ok = mime_quoted(h->body, n, &b);
	else
		ok = buf_add(&b, h->body, n);
	memcpy(type, h->type, sizeof(type));
	type[strcspn(type, "; ")] = '\0';
	for (char *c = type; *c != '\0'; c++)
		*c = mime_lower(*c);
	if (ok)
		ok = m->fn(m->arg, type[0] != '\0' ? type : "text/plain", &b);
	if (b.n > 0)
		secret_wipe(b.p, b.n);
	buf_free(&b);
	return ok;
}

/* ---- several -------------------------------------------------------------------- */

static bool mime_one(struct mime *m, const char *p, const char *end);

static bool
mime_boundary(const char *type, char out[MIME_VALUE])
{
	const char *at = type;
	size_t n;

	while (*at != '\0' && !str_has_iprefix(at, "boundary="))
		at++;
	if (*at == '\0')
		return false;
	at += 9;
	n = *at == '"' ? strcspn(++at, "\"") : strcspn(at, "; ");
	if (n == 0 || n >= MIME_VALUE - 2)
		return false;
	memcpy(out, "--", 2);
	memcpy(out + 2, at, n);
	out[2 + n] = '\0';
	return true;
}

/* The line at p is the boundary. last: and the end of all parts. */
static bool
mime_mark(const char *p, const char *end, const char *mark, bool *last)
{
	size_t n = strlen(mark);

	if ((size_t)(end - p) < n || memcmp(p, mark, n) != 0)
		return false;
	p += n;
	*last = end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*last)
		p += 2;
	while (p < end && (*p == ' ' || *p == '\r'))
		p++;
	return p == end || *p == '\n';
}

/* The next line that is the boundary; NULL = there is none. */
static const char *
mime_next(const char *p, const char *end, const char *mark, bool *last)
{
	while (p < end) {
		const char *eol;

		if (mime_mark(p, end, mark, last))
			return p;
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			return NULL;
		p = eol + 1;
	}
	return NULL;
}

static bool
mime_several(struct mime *m, const struct mime_head *h, const char *end)
{
	char mark[MIME_VALUE];
	bool last = false, ok = true;
	const char *p;

	if (!mime_boundary(h->type, mark) || ++m->depth > MIME_DEPTH)
		return false;
	p = mime_next(h->body, end, mark, &last);
	while (ok && p != NULL && !last) {
		const char *from = memchr(p, '\n', (size_t)(end - p)), *to;

		if (from == NULL)
			break;
		from++;
		p = mime_next(from, end, mark, &last);
		to = p != NULL ? p : end;
		/* the end of the line before belongs to the boundary */
		if (p != NULL && to > from && to[-1] == '\n')
			to--;
		if (p != NULL && to > from && to[-1] == '\r')
			to--;
		ok = mime_one(m, from, to);
	}
	m->depth--;
	return ok;
}

static bool
mime_one(struct mime *m, const char *p, const char *end)
{
	struct mime_head h;

	mime_head(p, end, &h);
	return str_has_iprefix(h.type, "multipart/") ? mime_several(m, &h, end)
						     : mime_leaf(m, &h, end);
}

bool
mime_parts(const char *p, size_t n,
    bool (*fn)(void *arg, const char *type, struct buf *content), void *arg)
{
	struct mime m = { fn, arg, 0 };

	return mime_one(&m, p, p + n);
}
