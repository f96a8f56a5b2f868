/* See jinja.h. */
#include "sim/os/jinja.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define JINJA_NAME 64

struct expr {
	const char *p, *end;
	const cJSON *at;
	bool missing; /* the name is not there */
	char name[JINJA_NAME];
};

static bool
say(char why[DISC_WHY], const char *what, const char *name)
{
	(void)str_format(
	    why, DISC_WHY, "template: %s%s%s", what, *name ? " " : "", name);
	return false;
}

static void
blanks(struct expr *x)
{
	while (x->p < x->end && (*x->p == ' ' || *x->p == '\t' ||
				    *x->p == '\n' || *x->p == '\r'))
		x->p++;
}

static bool
word(struct expr *x)
{
	size_t n = 0;

	while (x->p + n < x->end && (str_is_alnum(x->p[n]) || x->p[n] == '_'))
		n++;
	if (n == 0 || n >= JINJA_NAME)
		return false;
	memcpy(x->name, x->p, n);
	x->name[n] = '\0';
	x->p += n;
	return true;
}

/* 'text' or "text" */
static bool
quoted(struct expr *x)
{
	char q = x->p < x->end ? *x->p : '\0';
	size_t n = 0;

	if (q != '\'' && q != '"')
		return false;
	x->p++;
	while (x->p + n < x->end && x->p[n] != q)
		n++;
	if (x->p + n == x->end || n >= JINJA_NAME)
		return false;
	memcpy(x->name, x->p, n);
	x->name[n] = '\0';
	x->p += n + 1;
	return true;
}

static bool
step(struct expr *x)
{
	if (x->missing)
		return false;
	x->at = json_child(x->at, x->name);
	x->missing = x->at == NULL;
	return true;
}

/* ".name" or "['name']"; false: neither, or below what is not there. */
static bool
further(struct expr *x, bool *more)
{
	blanks(x);
	*more = false;
	if (x->p < x->end && *x->p == '.') {
		x->p++;
		*more = true;
		return word(x) && step(x);
	}
	if (x->p < x->end && *x->p == '[') {
		x->p++;
		blanks(x);
		*more = true;
		if (!quoted(x) || !step(x))
			return false;
		blanks(x);
		return x->p < x->end && *x->p++ == ']';
	}
	return true;
}

static bool
put(struct buf *out, const cJSON *j)
{
	char *text;

	if (cJSON_IsString(j))
		return buf_adds(out, j->valuestring);
	if (cJSON_IsBool(j))
		return buf_adds(out, cJSON_IsTrue(j) ? "True" : "False");
	if (cJSON_IsNull(j))
		return buf_adds(out, "None");
	text = json_print(j);
	(void)buf_adds(out, text);
	xfree(text);
	return !out->overflow;
}

/* "| default('x')" */
static bool
filter(struct expr *x, struct buf *out, bool *done)
{
	blanks(x);
	if (x->p == x->end || *x->p != '|')
		return true;
	x->p++;
	blanks(x);
	if (!word(x) || !str_eq(x->name, "default") || x->p == x->end ||
	    *x->p++ != '(')
		return false;
	blanks(x);
	if (!quoted(x))
		return false;
	blanks(x);
	if (x->p == x->end || *x->p++ != ')')
		return false;
	if (x->missing) {
		(void)buf_adds(out, x->name);
		*done = true;
	}
	blanks(x);
	return true;
}

static bool
expression(const char *p, size_t n, const cJSON *vars, struct buf *out,
    char why[DISC_WHY])
{
	struct expr x = { .p = p, .end = p + n, .at = vars };
	char name[JINJA_NAME];
	bool more = true, done = false;

	if (x.p < x.end && *x.p == '-')
		x.p++;
	if (x.p < x.end && x.end[-1] == '-')
		x.end--;
	blanks(&x);
	if (!word(&x))
		return say(why, "an expression that is not understood", "");
	(void)step(&x); /* nothing is missing yet */
	while (more)
		if (!further(&x, &more))
			return say(why, "cannot go to", x.name);
	memcpy(name, x.name, sizeof(name));
	if (!filter(&x, out, &done) || x.p != x.end)
		return say(why, "cannot be rendered:", name);
	if (done)
		return true;
	if (x.missing) {
		(void)buf_adds(out, JINJA_MISSING);
		return buf_adds(out, name);
	}
	return put(out, x.at);
}

/* "{% raw %}" at p: its text goes out as it is. NULL: another block. */
static const char *
raw(const char *p, struct buf *out)
{
	static const char *const ends[] = { "{% endraw %}", "{%- endraw %}",
		"{%- endraw -%}", "{% endraw -%}" };
	const char *from, *end = NULL;

	if (strncmp(p, "{% raw %}", 9) != 0)
		return NULL;
	from = p + 9;
	if (*from == '\n') /* trim_blocks */
		from++;
	for (size_t i = 0; i < 4; i++) {
		end = strstr(from, ends[i]);
		if (end == NULL)
			continue;
		(void)buf_add(out, from, (size_t)(end - from));
		end += strlen(ends[i]);
		return *end == '\n' ? end + 1 : end;
	}
	return NULL;
}

/* What begins at p with a brace: what follows it, NULL: it fails. */
static const char *
braces(const char *p, const cJSON *vars, struct buf *out, char why[DISC_WHY])
{
	const char *end;

	if (p[1] == '{') {
		end = strstr(p, "}}");
		if (end == NULL)
			(void)say(why, "an expression has no end", "");
		else if (expression(
			     p + 2, (size_t)(end - p) - 2, vars, out, why))
			return end + 2;
		return NULL;
	}
	if (p[1] == '%') {
		end = raw(p, out);
		if (end == NULL)
			(void)say(why, "a block that is not rendered", "");
		return end;
	}
	end = p[1] == '#' ? strstr(p, "#}") : NULL;
	if (end != NULL)
		return end + 2;
	(void)buf_addc(out, *p);
	return p + 1;
}

bool
jinja_render(
    const char *text, const cJSON *vars, struct buf *out, char why[DISC_WHY])
{
	for (;;) {
		const char *open = strchr(text, '{');

		if (open == NULL)
			return buf_adds(out, text);
		(void)buf_add(out, text, (size_t)(open - text));
		text = braces(open, vars, out, why);
		if (text == NULL)
			return false;
	}
}
