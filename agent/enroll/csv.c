/* See csv.h. */
#include "agent/enroll/csv.h"

#include <string.h>

#include "common/str.h"

#define BOM "\xef\xbb\xbf"

static bool
csv_text(const char *p, size_t n, struct err *e)
{
	unsigned line = 1;

	for (size_t i = 0; i < n;) {
		size_t len = str_utf8_len(p + i, n - i);

		if (len == 0 || p[i] == '\0')
			return err_set(e, ERR_SPEC, 0,
			    "line %u: not UTF-8 text; save the file as "
			    "\"CSV UTF-8\"",
			    line);
		line += p[i] == '\n';
		i += len;
	}
	return true;
}

/* That which the first line has most of. */
static char
csv_separator(const char *p, const char *end)
{
	static const char seps[] = { ',', ';', '\t' };
	unsigned best = 0;
	char sep = ',';

	for (size_t i = 0; i < sizeof(seps); i++) {
		unsigned n = 0;

		for (const char *q = p; q < end && *q != '\n'; q++)
			n += *q == seps[i];
		if (n > best) {
			best = n;
			sep = seps[i];
		}
	}
	return sep;
}

bool
csv_open(struct csv *c, char *text, size_t n, struct err *e)
{
	text[n] = '\0';
	*c = (struct csv){ .p = text, .end = text + n, .line = 1 };
	if (!csv_text(text, n, e))
		return false;
	if (n >= strlen(BOM) && memcmp(text, BOM, strlen(BOM)) == 0)
		c->p += strlen(BOM);
	c->sep = csv_separator(c->p, c->end);
	return true;
}

static bool
csv_line_end(const struct csv *c, const char *p)
{
	return p == c->end || *p == '\n' ||
	       (*p == '\r' && (p + 1 == c->end || p[1] == '\n'));
}

/* After the opening quote; the decoded text is at most as long. */
static bool
csv_quoted(struct csv *c, char **out, struct err *e)
{
	unsigned began = c->line;
	char *w = c->p;

	*out = w;
	for (; c->p < c->end; c->p++) {
		if (*c->p == '"' && (c->p + 1 == c->end || c->p[1] != '"'))
			break;
		c->p += *c->p == '"';
		c->line += *c->p == '\n';
		*w++ = *c->p;
	}
	if (c->p == c->end)
		return err_set(e, ERR_SPEC, 0,
		    "line %u: a quote is opened and never closed", began);
	c->p++;
	if (!csv_line_end(c, c->p) && *c->p != c->sep)
		return err_set(e, ERR_SPEC, 0,
		    "line %u: text after a closing quote; a quote inside of a "
		    "field is written twice",
		    c->line);
	/* w is before p: the closing quote is behind it, at least. */
	*w = '\0';
	return true;
}

static void
csv_plain(struct csv *c, char **out, char **end)
{
	while (*c->p == ' ' && c->p < c->end)
		c->p++;
	*out = c->p;
	while (!csv_line_end(c, c->p) && *c->p != c->sep)
		c->p++;
	*end = c->p;
	while (*end > *out && (*end)[-1] == ' ')
		(*end)--;
}

/* One field; *last: the row ends with it. */
static bool
csv_field(struct csv *c, char **out, bool *last, struct err *e)
{
	char *end = NULL, *stop;

	if (c->p < c->end && *c->p == '"') {
		c->p++;
		if (!csv_quoted(c, out, e))
			return false;
	} else {
		csv_plain(c, out, &end);
	}
	stop = c->p;
	*last = csv_line_end(c, stop);
	if (*last && c->p < c->end) {
		c->p += *c->p == '\r' && c->p + 1 < c->end;
		c->line += *c->p == '\n';
	}
	if (c->p < c->end)
		c->p++;
	if (end != NULL)
		*end = '\0';
	if (strlen(*out) > CSV_FIELD_MAX)
		return err_set(e, ERR_SPEC, 0,
		    "line %u: a field of more than %d bytes", c->line,
		    CSV_FIELD_MAX);
	return true;
}

static bool
csv_blank(char *const *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i][0] != '\0')
			return false;
	return true;
}

enum csv_got
csv_next(struct csv *c, char *fields[CSV_FIELDS], size_t *n, unsigned *line,
    struct err *e)
{
	bool last;

	do {
		if (c->p >= c->end)
			return CSV_END;
		*line = c->line;
		*n = 0;
		do {
			if (*n == CSV_FIELDS) {
				(void)err_set(e, ERR_SPEC, 0,
				    "line %u: more than %d columns", *line,
				    CSV_FIELDS);
				return CSV_BAD;
			}
			if (!csv_field(c, &fields[*n], &last, e))
				return CSV_BAD;
			(*n)++;
		} while (!last);
	} while (csv_blank(fields, *n));
	return CSV_ROW;
}
