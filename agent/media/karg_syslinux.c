/*
 * Syslinux: lines of a keyword and the rest, keywords in any case. A label's
 * APPEND holds its kernel's arguments; without one, that before the first label
 * counts. Labels that load no kernel (.c32, boot sectors, LOCALBOOT, MENU) keep
 * theirs: there they mean something else.
 */
#include <string.h>

#include "agent/media/karg_int.h"
#include "common/str.h"

#define LABELS 512

struct line {
	const char *p, *end; /* without its end of line */
	const char *rest;    /* behind the keyword and blanks */
};

/* One label, or what stands before the first. */
struct label {
	const char *append;     /* end of the arguments' place; NULL = none */
	const char *kernel_end; /* of its KERNEL line; NULL = none */
	bool boots;             /* a kernel, as far as one sees */
	bool dash;              /* APPEND -: none of the common ones */
};
struct config {
	struct label v[LABELS]; /* v[0] is what is common */
	size_t n;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
next(const char **at, const char *end, struct line *l)
{
	const char *nl;

	if (*at >= end)
		return false;
	nl = memchr(*at, '\n', (size_t)(end - *at));
	l->p = *at;
	l->end = nl != NULL ? nl : end;
	*at = nl != NULL ? nl + 1 : end;
	while (l->p < l->end && (*l->p == ' ' || *l->p == '\t'))
		l->p++;
	while (l->end > l->p &&
	       (l->end[-1] == '\r' || l->end[-1] == ' ' || l->end[-1] == '\t'))
		l->end--;
	return true;
}

static bool
keyword(struct line *l, const char *word)
{
	size_t n = strlen(word);
	char got[16];

	if ((size_t)(l->end - l->p) < n || n >= sizeof(got))
		return false;
	memcpy(got, l->p, n);
	got[n] = '\0';
	if (!str_ieq(got, word))
		return false;
	l->rest = l->p + n;
	if (l->rest < l->end && *l->rest != ' ' && *l->rest != '\t')
		return false;
	while (l->rest < l->end && (*l->rest == ' ' || *l->rest == '\t'))
		l->rest++;
	return true;
}

/* By the name, as syslinux itself tells what to do with a file. */
static bool
is_kernel(const struct line *l)
{
	static const char *const others[] = { ".c32", ".cbt", ".0", ".bin",
		".bs", ".bss", ".com", ".img" };
	char name[256];
	size_t n = 0;

	while (l->rest + n < l->end && n < sizeof(name) - 1 &&
	       l->rest[n] != ' ' && l->rest[n] != '\t')
		n++;
	memcpy(name, l->rest, n);
	name[n] = '\0';
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		size_t m = strlen(others[i]);

		if (n > m && str_ieq(name + n - m, others[i]))
			return false;
	}
	return n > 0;
}

static bool
is_dashes(const char *p, size_t n)
{
	return (n == 3 && memcmp(p, "---", 3) == 0) ||
	       (n == 2 && memcmp(p, "--", 2) == 0);
}

/* Where arguments go: the end, or before the dashes that stand alone. */
static const char *
place(const struct line *l)
{
	for (const char *at = l->rest; at < l->end;) {
		size_t n = 0;

		while (at + n < l->end && !is_blank(at[n]))
			n++;
		if (is_dashes(at, n)) {
			while (at > l->p && is_blank(at[-1]))
				at--;
			return at;
		}
		at += n;
		while (at < l->end && is_blank(*at))
			at++;
	}
	return l->end;
}

static void
read_line(struct config *c, struct line *l)
{
	struct label *b = &c->v[c->n - 1];

	if (keyword(l, "label")) {
		if (c->n < LABELS)
			memset(&c->v[c->n++], 0, sizeof(*c->v));
		return;
	}
	if (keyword(l, "kernel") || keyword(l, "linux")) {
		b->boots = is_kernel(l);
		b->kernel_end = l->end;
	} else if (keyword(l, "append")) {
		b->dash = l->end - l->rest == 1 && *l->rest == '-';
		b->append = b->dash ? NULL : place(l);
	}
}

/* Puts the text up to there, and the arguments. */
static bool
put(struct buf *out, const char **done, const char *at, const char *before,
    const char *args)
{
	const char *from = *done;

	*done = at;
	return buf_add(out, from, (size_t)(at - from)) &&
	       buf_adds(out, before) && buf_adds(out, args);
}

static bool
put_label(struct buf *out, const char **done, const struct label *b,
    const struct label *common, const char *args)
{
	if (b->append != NULL)
		return put(out, done, b->append, " ", args);
	/* It has none of its own: the common ones would be lost by one. */
	if (!b->dash && common->append != NULL)
		return true;
	return put(out, done, b->kernel_end, "\n  append ", args);
}

bool
karg_syslinux(struct karg *k, const char *text, size_t n, struct buf *out)
{
	const char *at = text, *done = text, *end = text + n;
	struct config c;
	struct line l;
	bool ok = true;

	memset(&c.v[0], 0, sizeof(c.v[0]));
	c.n = 1;
	while (next(&at, end, &l))
		read_line(&c, &l);
	if (c.v[0].append != NULL) { /* labels without one use it */
		ok = put(out, &done, c.v[0].append, " ", k->args);
		k->lines++;
	}
	for (size_t i = 1; ok && i < c.n; i++) {
		if (!c.v[i].boots)
			continue;
		ok = put_label(out, &done, &c.v[i], &c.v[0], k->args);
		k->lines++;
	}
	return ok && buf_add(out, done, (size_t)(end - done));
}
