/* Classes of characters in patterns: [a-z], [[:alpha:]], \d, and escapes. */
#include "sim/kube/schema_regex_parse.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

#define CLASS_RANGES_MAX 1000
#define LAST_POINT 0x10ffffU

static bool
range(struct regex_parse *x, struct regex_class *k, uint32_t lo, uint32_t hi)
{
	if (k->n == CLASS_RANGES_MAX)
		return regex_fail(x, "a class is too big");
	k->lo = xreallocarray(k->lo, k->n + 1, sizeof(*k->lo));
	k->hi = xreallocarray(k->hi, k->n + 1, sizeof(*k->hi));
	k->lo[k->n] = lo;
	k->hi[k->n++] = hi;
	return true;
}

static const struct {
	const char *name, *ranges; /* pairs of first and last, ascending */
} sets[] = {
	{ "d", "09" },
	{ "w", "09AZ__az" },
	{ "s", "\t\n\f\r  " },
	{ "alnum", "09AZaz" },
	{ "alpha", "AZaz" },
	{ "ascii", "\001\177" },
	{ "blank", "\t\t  " },
	{ "cntrl", "\001\037\177\177" },
	{ "digit", "09" },
	{ "graph", "!~" },
	{ "lower", "az" },
	{ "print", " ~" },
	{ "punct", "!/:@[`{~" },
	{ "space", "\t\r  " },
	{ "upper", "AZ" },
	{ "word", "09AZ__az" },
	{ "xdigit", "09AFaf" },
};

static bool
add_set(struct regex_parse *x, struct regex_class *k, const char *name,
    bool inverse)
{
	const char *s = NULL;
	uint32_t next = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (str_eq(sets[i].name, name))
			s = sets[i].ranges;
	if (s == NULL)
		return regex_fail(x, "unknown class");
	for (; *s != '\0'; s += 2) {
		uint32_t lo = (unsigned char)s[0], hi = (unsigned char)s[1];

		if (!inverse && !range(x, k, lo, hi))
			return false;
		if (inverse && lo > next && !range(x, k, next, lo - 1))
			return false;
		next = hi + 1;
	}
	return !inverse || range(x, k, next, LAST_POINT);
}

static struct regex_class *
new_class(struct regex_parse *x)
{
	struct schema_regex *r = x->r;

	r->class = xreallocarray(r->class, r->n_class + 1, sizeof(*r->class));
	r->class[r->n_class] = (struct regex_class){ 0 };
	return &r->class[r->n_class++];
}

static bool
hex_value(char c, uint32_t *v)
{
	if (c >= '0' && c <= '9')
		*v = *v << 4 | (uint32_t)(c - '0');
	else if ((c | 32) >= 'a' && (c | 32) <= 'f')
		*v = *v << 4 | (uint32_t)((c | 32) - 'a' + 10);
	else
		return false;
	return true;
}

/* After \x: HH or {H...}. */
static bool
hex_escape(struct regex_parse *x, uint32_t *c)
{
	bool brace = *x->p == '{';

	*c = 0;
	if (brace) {
		x->p++;
		while (*c <= LAST_POINT && hex_value(*x->p, c))
			x->p++;
		if (*x->p != '}' || *c > LAST_POINT)
			return regex_fail(x, "bad \\x");
		x->p++;
		return true;
	}
	for (int i = 0; i < 2; i++)
		if (!hex_value(*x->p++, c))
			return regex_fail(x, "bad \\x");
	return true;
}

/* After a backslash: one literal character. */
bool
regex_escaped_char(struct regex_parse *x, uint32_t *c)
{
	static const char from[] = "tnrfva", to[] = "\t\n\r\f\v\a";
	const char *at;
	unsigned n;

	if (*x->p == '\0')
		return regex_fail(x, "nothing after \\");
	if (*x->p == 'x') {
		x->p++;
		return hex_escape(x, c);
	}
	at = strchr(from, *x->p);
	if (at != NULL) {
		*c = (unsigned char)to[at - from];
		x->p++;
		return true;
	}
	if ((*x->p >= '0' && *x->p <= '9') ||
	    ((*x->p | 32) >= 'a' && (*x->p | 32) <= 'z'))
		return regex_fail(x, "unknown escape");
	*c = regex_decode(x->p, &n);
	x->p += n;
	return true;
}

/* At "[": *done is false if it does not begin a name such as [:alpha:]. */
static bool
class_name(struct regex_parse *x, struct regex_class *k, bool *done)
{
	const char *from = x->p + 2, *end;
	char name[8];
	bool inverse;
	size_t n;

	*done = false;
	end = x->p[1] == ':' ? strstr(from, ":]") : NULL;
	if (end == NULL)
		return true;
	inverse = *from == '^';
	if (inverse)
		from++;
	n = (size_t)(end - from);
	if (n >= sizeof(name))
		return regex_fail(x, "unknown class");
	memcpy(name, from, n);
	name[n] = '\0';
	if (!add_set(x, k, name, inverse))
		return false;
	x->p = end + 2;
	*done = true;
	return true;
}

static bool
class_char(struct regex_parse *x, uint32_t *c)
{
	unsigned n;

	if (*x->p == '\\') {
		x->p++;
		return regex_escaped_char(x, c);
	}
	if (*x->p == '\0')
		return regex_fail(x, "missing ]");
	*c = regex_decode(x->p, &n);
	x->p += n;
	return true;
}

bool
regex_is_class_letter(char c)
{
	return c != '\0' && strchr("dDwWsS", c) != NULL;
}

static bool
set_escape(struct regex_parse *x, struct regex_class *k)
{
	char name[2] = { (char)(*x->p | 32), '\0' };
	bool inverse = name[0] != *x->p;

	x->p++;
	return add_set(x, k, name, inverse);
}

static bool
class_item(struct regex_parse *x, struct regex_class *k)
{
	uint32_t lo = 0, hi;
	bool done = false;

	if (*x->p == '[' && (!class_name(x, k, &done) || done))
		return done;
	if (*x->p == '\\' && regex_is_class_letter(x->p[1])) {
		x->p++;
		return set_escape(x, k);
	}
	if (!class_char(x, &lo))
		return false;
	hi = lo;
	if (*x->p == '-' && x->p[1] != ']' && x->p[1] != '\0') {
		x->p++;
		if (!class_char(x, &hi))
			return false;
	}
	if (hi < lo)
		return regex_fail(x, "a range goes backwards");
	return range(x, k, lo, hi);
}

bool
regex_class_escape(struct regex_parse *x, size_t *index)
{
	*index = x->r->n_class;
	return set_escape(x, new_class(x));
}

bool
regex_class_brackets(struct regex_parse *x, size_t *index)
{
	struct regex_class *k = new_class(x);
	bool first = true;

	*index = x->r->n_class - 1;
	x->p++;
	if (*x->p == '^') {
		k->negated = true;
		x->p++;
	}
	/* A ] that comes first is itself. */
	while (first || *x->p != ']') {
		first = false;
		if (!class_item(x, k))
			return false;
	}
	x->p++;
	return true;
}
