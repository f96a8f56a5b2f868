/*
 * From pattern text to program, in one pass: every construct appends its
 * instructions; repeats copy or shift the piece that they apply to, which
 * works because jumps inside a piece never leave it.
 */
#include "sim/kube/schema_regex_parse.h"

#include <string.h>

#include "common/mem.h"

#define NEST_MAX 250

static bool parse_alternatives(struct regex_parse *x);

bool
regex_fail(struct regex_parse *x, const char *what)
{
	return err_set(x->e, ERR_SPEC, 0, "pattern: %s at character %zu", what,
	    (size_t)(x->p - x->start));
}

/* ---- the program -------------------------------------------------------- */

static bool
room(struct regex_parse *x, size_t more)
{
	struct schema_regex *r = x->r;

	if (r->n + more > REGEX_MAX_PROGRAM)
		return regex_fail(x, "the pattern is too big");
	while (r->n + more > r->cap) {
		r->cap = r->cap == 0 ? 32 : r->cap * 2;
		r->inst = xreallocarray(r->inst, r->cap, sizeof(*r->inst));
	}
	return true;
}

static bool
emit(struct regex_parse *x, enum regex_op op, size_t a, size_t b)
{
	if (!room(x, 1))
		return false;
	x->r->inst[x->r->n++] =
	    (struct regex_inst){ op, (uint32_t)a, (uint32_t)b };
	return true;
}

static void
relocate(struct regex_inst *i, size_t from, size_t to)
{
	uint32_t by = (uint32_t)to - (uint32_t)from; /* modulo 2^32 */

	if (i->op == RX_JUMP || i->op == RX_SPLIT)
		i->x += by;
	if (i->op == RX_SPLIT)
		i->y += by;
}

/* Makes a hole of one instruction at s. */
static bool
insert_split(struct regex_parse *x, size_t s)
{
	struct schema_regex *r = x->r;

	if (!room(x, 1))
		return false;
	memmove(&r->inst[s + 1], &r->inst[s], (r->n - s) * sizeof(r->inst[0]));
	r->n++;
	for (size_t i = s + 1; i < r->n; i++)
		relocate(&r->inst[i], s, s + 1);
	r->inst[s] = (struct regex_inst){ RX_SPLIT, (uint32_t)s + 1, 0 };
	return true;
}

static bool
star(struct regex_parse *x, size_t s)
{
	if (!insert_split(x, s) || !emit(x, RX_JUMP, s, 0))
		return false;
	x->r->inst[s].y = (uint32_t)x->r->n;
	return true;
}

static bool
optional(struct regex_parse *x, size_t s)
{
	if (!insert_split(x, s))
		return false;
	x->r->inst[s].y = (uint32_t)x->r->n;
	return true;
}

/* Appends a copy of n instructions that were compiled to stand at `from`. */
static bool
append(struct regex_parse *x, const struct regex_inst *piece, size_t n,
    size_t from)
{
	size_t at = x->r->n;

	if (!room(x, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		x->r->inst[at + i] = piece[i];
		relocate(&x->r->inst[at + i], from, at);
	}
	x->r->n += n;
	return true;
}

/* x{min,max}: max < 0 is no limit. The piece from s on is replaced. */
static bool
repeat(struct regex_parse *x, size_t s, int min, int max)
{
	size_t n = x->r->n - s;
	struct regex_inst *piece = xcalloc(n + 1, sizeof(*piece));
	bool ok = true;
	size_t last;

	if (n > 0)
		memcpy(piece, &x->r->inst[s], n * sizeof(*piece));
	x->r->n = s;
	for (int i = 0; ok && i < min; i++)
		ok = append(x, piece, n, s);
	last = x->r->n;
	if (max < 0) {
		ok = ok && append(x, piece, n, s) && star(x, last);
	} else {
		/* Each is tried alone: as many as want to may be skipped. */
		for (int i = min; ok && i < max; i++) {
			last = x->r->n;
			ok = append(x, piece, n, s) && optional(x, last);
		}
	}
	xfree(piece);
	return ok;
}

/* ---- atoms and repeats -------------------------------------------------- */

static bool
parse_escape(struct regex_parse *x)
{
	static const struct {
		char c;
		enum regex_op op;
	} edges[] = { { 'A', RX_BEGIN }, { 'z', RX_END }, { 'b', RX_WORD_EDGE },
		{ 'B', RX_NOT_WORD_EDGE } };
	uint32_t c;
	size_t at;

	x->p++;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if (*x->p == edges[i].c) {
			x->p++;
			return emit(x, edges[i].op, 0, 0);
		}
	}
	if (regex_is_class_letter(*x->p))
		return regex_class_escape(x, &at) && emit(x, RX_CLASS, at, 0);
	return regex_escaped_char(x, &c) && emit(x, RX_CHAR, c, 0);
}

/* At "(?": only groups without flags, and names, which mean nothing here. */
static bool
group_head(struct regex_parse *x)
{
	const char *name;

	if (x->p[0] != '?')
		return true;
	if (x->p[1] == ':') {
		x->p += 2;
		return true;
	}
	name = x->p + (x->p[1] == 'P' ? 2 : 1);
	if (*name != '<' || strchr(name, '>') == NULL || name[1] == '=' ||
	    name[1] == '!')
		return regex_fail(x, "flags and look-around are not supported");
	x->p = strchr(name, '>') + 1;
	return true;
}

static bool
parse_group(struct regex_parse *x)
{
	x->p++;
	if (++x->depth > NEST_MAX)
		return regex_fail(x, "groups nest too deep");
	if (!group_head(x) || !parse_alternatives(x))
		return false;
	if (*x->p != ')')
		return regex_fail(x, "missing )");
	x->p++;
	x->depth--;
	return true;
}

static bool
parse_atom(struct regex_parse *x)
{
	unsigned n;
	uint32_t c;
	size_t at;

	switch (*x->p) {
	case '(':
		return parse_group(x);
	case '[':
		return regex_class_brackets(x, &at) && emit(x, RX_CLASS, at, 0);
	case '\\':
		return parse_escape(x);
	case '*':
	case '+':
	case '?':
		return regex_fail(x, "nothing to repeat");
	case '.':
		x->p++;
		return emit(x, RX_ANY, 0, 0);
	case '^':
		x->p++;
		return emit(x, RX_BEGIN, 0, 0);
	case '$':
		x->p++;
		return emit(x, RX_END, 0, 0);
	default:
		c = regex_decode(x->p, &n);
		x->p += n;
		return emit(x, RX_CHAR, c, 0);
	}
}

static const char *
number(const char *p, int *out)
{
	int v = 0;

	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++)
		v = v > REGEX_MAX_REPEAT ? v : v * 10 + (*p - '0');
	*out = v;
	return p;
}

/* At "{": the count, or false if it is a literal brace (as in RE2). */
static bool
count(const char **pp, int *min, int *max)
{
	const char *p = number(*pp + 1, min);

	if (p == NULL)
		return false;
	*max = *min;
	if (*p == ',') {
		p++;
		*max = -1;
		if (*p != '}')
			p = number(p, max);
	}
	if (p == NULL || *p != '}')
		return false;
	*pp = p + 1;
	return true;
}

static bool
parse_repeat(struct regex_parse *x, size_t s, bool *did)
{
	int min = 0, max = -1;
	char c = *x->p;

	*did = c == '*' || c == '+' || c == '?';
	if (*did) {
		x->p++;
		min = c == '+' ? 1 : 0;
		max = c == '?' ? 1 : -1;
	} else if (c == '{') {
		*did = count(&x->p, &min, &max);
	}
	if (!*did)
		return true;
	if (min > REGEX_MAX_REPEAT || max > REGEX_MAX_REPEAT ||
	    (max >= 0 && max < min))
		return regex_fail(x, "bad repeat count");
	if (*x->p == '?')
		x->p++; /* lazy: the same language */
	if (c == '*')
		return star(x, s);
	if (c == '?')
		return optional(x, s);
	return repeat(x, s, min, max);
}

/* Perl and RE2 refuse a** and a{2}{3}. */
static bool
at_repeat(const struct regex_parse *x)
{
	const char *p = x->p;
	int min, max;

	if (*p == '\0')
		return false;
	return strchr("*+?", *p) != NULL ||
	       (*p == '{' && count(&p, &min, &max));
}

static bool
parse_concat(struct regex_parse *x)
{
	while (*x->p != '\0' && *x->p != '|' && *x->p != ')') {
		size_t s = x->r->n;
		bool did;

		if (!parse_atom(x) || !parse_repeat(x, s, &did))
			return false;
		if (did && at_repeat(x))
			return regex_fail(x, "a repeat of a repeat");
	}
	return true;
}

static bool
parse_alternatives(struct regex_parse *x)
{
	size_t s = x->r->n, jump;

	if (!parse_concat(x))
		return false;
	if (*x->p != '|')
		return true;
	x->p++;
	if (++x->depth > NEST_MAX)
		return regex_fail(x, "too many alternatives");
	if (!insert_split(x, s))
		return false;
	jump = x->r->n;
	if (!emit(x, RX_JUMP, 0, 0))
		return false;
	x->r->inst[s].y = (uint32_t)x->r->n;
	if (!parse_alternatives(x))
		return false;
	x->r->inst[jump].x = (uint32_t)x->r->n;
	x->depth--;
	return true;
}

struct schema_regex *
schema_regex_new(const char *pattern, struct err *e)
{
	struct regex_parse x = { .r = xcalloc(1, sizeof(struct schema_regex)),
		.start = pattern,
		.p = pattern,
		.e = e };
	bool ok = parse_alternatives(&x);

	if (ok && *x.p != '\0')
		ok = regex_fail(&x, "unexpected )");
	if (ok)
		ok = emit(&x, RX_MATCH, 0, 0);
	if (!ok) {
		schema_regex_free(x.r);
		return NULL;
	}
	x.r->anchored = x.r->inst[0].op == RX_BEGIN;
	return x.r;
}
