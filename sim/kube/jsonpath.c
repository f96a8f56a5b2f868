#include "sim/kube/jsonpath.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define KEY_MAX 256
#define EXPR_MAX 1024

enum step_kind {
	STEP_KEY,
	STEP_SLICE, /* from:to, an index is i:i+1 */
	STEP_INDEX,
	STEP_ALL,
	STEP_FILTER
};
enum compare {
	CMP_EXISTS,
	CMP_EQ,
	CMP_NE,
	CMP_LE,
	CMP_LT,
	CMP_GE,
	CMP_GT
};

struct operand {
	struct jsonpath *path; /* owned; @.x; NULL: the literal */
	cJSON *literal;        /* owned */
};
struct step {
	enum step_kind kind;
	char *key; /* owned */
	int64_t from, to;
	bool has_to;
	struct operand left, right;
	enum compare cmp;
};
struct jsonpath {
	struct step v[JSONPATH_MAX_STEPS];
	size_t n;
};

struct parse {
	const char *start, *p;
	unsigned depth; /* filters inside filters */
	struct err *e;
};

static struct jsonpath *parse_path(struct parse *x, const char *stops);

static bool
fail(struct parse *x, const char *what)
{
	return err_set(x->e, ERR_SPEC, 0, "jsonPath %s: %s at character %zu",
	    x->start, what, (size_t)(x->p - x->start));
}

static void
operand_free(struct operand *o)
{
	jsonpath_free(o->path);
	cJSON_Delete(o->literal);
}

void
jsonpath_free(struct jsonpath *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		xfree(p->v[i].key);
		operand_free(&p->v[i].left);
		operand_free(&p->v[i].right);
	}
	xfree(p);
}

/* ---- parsing ------------------------------------------------------------ */

static void
skip_space(struct parse *x)
{
	while (*x->p == ' ')
		x->p++;
}

/* A quoted text with backslash escapes; owned. */
static char *
quoted(struct parse *x)
{
	char buf[KEY_MAX], quote = *x->p++;
	size_t n = 0;

	while (*x->p != '\0' && *x->p != quote) {
		if (*x->p == '\\' && x->p[1] != '\0')
			x->p++;
		if (n == sizeof(buf) - 1) {
			(void)fail(x, "a text is too long");
			return NULL;
		}
		buf[n++] = *x->p++;
	}
	if (*x->p != quote) {
		(void)fail(x, "a quote is not closed");
		return NULL;
	}
	x->p++;
	return xstrndup(buf, n);
}

/* .key: up to the next . [ or stop; a backslash takes the next as it is. */
static bool
field_step(struct parse *x, struct step *s, const char *stops)
{
	char buf[KEY_MAX];
	size_t n = 0;

	while (*x->p != '\0' && strchr(".[", *x->p) == NULL &&
	       strchr(stops, *x->p) == NULL) {
		if (*x->p == '\\' && x->p[1] != '\0')
			x->p++;
		if (n == sizeof(buf) - 1)
			return fail(x, "a name is too long");
		buf[n++] = *x->p++;
	}
	if (n == 0)
		return fail(x, *x->p == '.' ? "recursion (..) is not supported"
					    : "a name is missing");
	if (n == 1 && buf[0] == '*') {
		s->kind = STEP_ALL;
		return true;
	}
	s->kind = STEP_KEY;
	s->key = xstrndup(buf, n);
	return true;
}

static bool
integer(struct parse *x, int64_t *out)
{
	char buf[20];
	size_t n = 0;

	if (*x->p == '-')
		buf[n++] = *x->p++;
	while (*x->p >= '0' && *x->p <= '9' && n < sizeof(buf) - 1)
		buf[n++] = *x->p++;
	buf[n] = '\0';
	return str_to_i64(buf, out) || fail(x, "not a number");
}

/* [i], [from:to], [from:], [:to] */
static bool
index_step(struct parse *x, struct step *s)
{
	s->kind = STEP_INDEX;
	if (*x->p != ':' && !integer(x, &s->from))
		return false;
	if (*x->p == ':') {
		s->kind = STEP_SLICE;
		x->p++;
		s->has_to = *x->p != ']';
		if (s->has_to && !integer(x, &s->to))
			return false;
	}
	return true;
}

/* true, false, null, numbers and quoted texts. */
static bool
literal(struct parse *x, struct operand *o)
{
	size_t n = strcspn(x->p, " )=!<>&|");
	char *text;

	if (*x->p == '"' || *x->p == '\'') {
		text = quoted(x);
		if (text == NULL)
			return false;
		o->literal = cJSON_CreateString(text);
		xfree(text);
		return true;
	}
	o->literal = json_parse(x->p, n, NULL);
	if (o->literal == NULL || cJSON_IsObject(o->literal) ||
	    cJSON_IsArray(o->literal))
		return fail(x, "a filter compares with a text, a number, "
			       "true, false or null");
	x->p += n;
	return true;
}

static bool
operand(struct parse *x, struct operand *o)
{
	skip_space(x);
	if (*x->p != '@')
		return literal(x, o);
	x->p++;
	o->path = parse_path(x, " )=!<>");
	return o->path != NULL;
}

static bool
comparison(struct parse *x, enum compare *cmp)
{
	static const struct {
		const char *text;
		enum compare cmp;
	} all[] = { { "==", CMP_EQ }, { "!=", CMP_NE }, { "<=", CMP_LE },
		{ "<", CMP_LT }, { ">=", CMP_GE }, { ">", CMP_GT } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (str_has_prefix(x->p, all[i].text)) {
			x->p += strlen(all[i].text);
			*cmp = all[i].cmp;
			return true;
		}
	}
	return fail(x, "not a comparison");
}

/* Behind "[?": "(@.a==b)" */
static bool
filter_step(struct parse *x, struct step *s)
{
	bool ok;

	s->kind = STEP_FILTER;
	if (*x->p++ != '(')
		return fail(x, "a filter starts with ?(");
	if (++x->depth > 4)
		return fail(x, "filters nest too deep");
	if (!operand(x, &s->left))
		return false;
	skip_space(x);
	s->cmp = CMP_EXISTS;
	ok = *x->p == ')' || (comparison(x, &s->cmp) && operand(x, &s->right));
	if (!ok)
		return false;
	skip_space(x);
	if (*x->p != ')')
		return fail(x, "a filter ends with )");
	x->p++;
	x->depth--;
	return true;
}

static bool
bracket_step(struct parse *x, struct step *s)
{
	bool ok;

	if (*x->p == '\'' || *x->p == '"') {
		s->kind = STEP_KEY;
		s->key = quoted(x);
		ok = s->key != NULL;
	} else if (*x->p == '*') {
		s->kind = STEP_ALL;
		x->p++;
		ok = true;
	} else if (*x->p == '?') {
		x->p++;
		ok = filter_step(x, s);
	} else {
		ok = index_step(x, s);
	}
	if (!ok)
		return false;
	if (*x->p != ']')
		return fail(x, "missing ]");
	x->p++;
	return true;
}

static struct jsonpath *
parse_path(struct parse *x, const char *stops)
{
	struct jsonpath *p = xcalloc(1, sizeof(*p));

	while (*x->p == '.' || *x->p == '[') {
		bool dot = *x->p++ == '.', ok;
		struct step *s;

		/* "." alone is the whole; ".[0]" is "[0]". */
		if (dot && (*x->p == '\0' || strchr(stops, *x->p) != NULL))
			break;
		if (dot && *x->p == '[')
			continue;
		if (p->n == JSONPATH_MAX_STEPS) {
			(void)fail(x, "too many steps");
			jsonpath_free(p);
			return NULL;
		}
		s = &p->v[p->n++];
		ok = dot ? field_step(x, s, stops) : bracket_step(x, s);
		if (!ok) {
			jsonpath_free(p);
			return NULL;
		}
	}
	return p;
}

struct jsonpath *
jsonpath_compile(const char *expr, struct err *e)
{
	struct parse x = { .start = expr, .p = expr, .e = e };
	bool brace = *expr == '{';
	struct jsonpath *p;

	if (strlen(expr) > EXPR_MAX) {
		(void)err_set(e, ERR_SPEC, 0, "jsonPath is too long");
		return NULL;
	}
	if (brace)
		x.p++;
	if (*x.p == '$')
		x.p++;
	if (*x.p != '.' && *x.p != '[') {
		(void)fail(&x, "a path starts with a dot");
		return NULL;
	}
	p = parse_path(&x, "}");
	if (p == NULL)
		return NULL;
	if (brace && *x.p == '}')
		x.p++;
	else if (brace)
		(void)fail(&x, "missing }");
	if (*x.p != '\0' || (brace && x.p[-1] != '}')) {
		(void)fail(&x, "not understood");
		jsonpath_free(p);
		return NULL;
	}
	return p;
}

/* ---- evaluating --------------------------------------------------------- */

struct found {
	const cJSON *v[JSONPATH_MAX_RESULTS];
	size_t n;
};

static void
found_add(struct found *f, const cJSON *v)
{
	if (v != NULL && f->n < JSONPATH_MAX_RESULTS)
		f->v[f->n++] = v;
}

static const cJSON *
operand_value(const struct operand *o, const cJSON *item)
{
	const cJSON *v = NULL;

	if (o->path == NULL)
		return o->literal;
	return jsonpath_eval(o->path, item, &v, 1) > 0 ? v : NULL;
}

/* <0, 0, >0; *ok is false for values that have no order. */
static int
order(const cJSON *a, const cJSON *b, bool *ok)
{
	*ok = true;
	if (cJSON_IsString(a) && cJSON_IsString(b))
		return strcmp(a->valuestring, b->valuestring);
	*ok = json_is_number(a) && json_is_number(b);
	return (a->valuedouble > b->valuedouble) -
	       (a->valuedouble < b->valuedouble);
}

static bool
passes(const struct step *s, const cJSON *item)
{
	const cJSON *a = operand_value(&s->left, item), *b;
	bool ordered;
	int d;

	if (a == NULL)
		return false;
	if (s->cmp == CMP_EXISTS)
		return true;
	b = operand_value(&s->right, item);
	if (b == NULL)
		return false;
	if (s->cmp == CMP_EQ || s->cmp == CMP_NE)
		return json_equal(a, b) == (s->cmp == CMP_EQ);
	d = order(a, b, &ordered);
	if (!ordered)
		return false;
	if (s->cmp == CMP_LE || s->cmp == CMP_LT)
		return s->cmp == CMP_LE ? d <= 0 : d < 0;
	return s->cmp == CMP_GE ? d >= 0 : d > 0;
}

static void
take_slice(const struct step *s, const cJSON *v, struct found *out)
{
	int64_t n = cJSON_GetArraySize(v), k = 0;
	int64_t from = s->from < 0 ? s->from + n : s->from;
	int64_t to = s->to < 0 ? s->to + n : s->to;
	const cJSON *i;

	if (s->kind == STEP_INDEX)
		to = from + 1;
	else if (!s->has_to)
		to = n;
	cJSON_ArrayForEach (i, v) {
		if (k >= from && k < to)
			found_add(out, i);
		k++;
	}
}

static void
take_all(const struct step *s, const cJSON *v, struct found *out)
{
	const cJSON *i;

	cJSON_ArrayForEach (i, v)
		if (s->kind != STEP_FILTER || passes(s, i))
			found_add(out, i);
}

static void
take_step(const struct step *s, const cJSON *v, struct found *out)
{
	switch (s->kind) {
	case STEP_KEY:
		found_add(out, json_child(v, s->key));
		break;
	case STEP_INDEX:
	case STEP_SLICE:
		if (cJSON_IsArray(v))
			take_slice(s, v, out);
		break;
	case STEP_ALL:
		take_all(s, v, out);
		break;
	case STEP_FILTER:
		if (cJSON_IsArray(v))
			take_all(s, v, out);
		break;
	}
}

size_t
jsonpath_eval(
    const struct jsonpath *p, const cJSON *root, const cJSON **out, size_t cap)
{
	struct found *now = xcalloc(1, sizeof(*now));
	struct found *next = xcalloc(1, sizeof(*next));
	size_t n;

	found_add(now, root);
	for (size_t i = 0; i < p->n && now->n > 0; i++) {
		struct found *t = now;

		next->n = 0;
		for (size_t k = 0; k < now->n; k++)
			take_step(&p->v[i], now->v[k], next);
		now = next;
		next = t;
	}
	n = now->n < cap ? now->n : cap;
	for (size_t k = 0; k < n; k++)
		out[k] = now->v[k];
	xfree(now);
	xfree(next);
	return n;
}
