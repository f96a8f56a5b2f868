/*
 * What a subscription takes: the properties of EventDestination, and the
 * $filter of a stream (DSP0266 13.5.4): comparisons by eq, joined by and, or
 * and parentheses.
 */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/subscription.h"

#define NEST_MAX 8

/* "Registry" of "Registry.1.0.Key". */
static bool
prefix_is(const struct notice *n, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(n->id, prefix, len) == 0 &&
	       (n->id[len] == '.' || n->id[len] == '\0');
}

/* Versions do not count: "Registry.Key" and "Registry.1.0.Key" are the same. */
static bool
message_is(const struct notice *n, const char *id)
{
	const char *dot = strchr(id, '.'), *key = strrchr(id, '.');
	const char *own = strrchr(n->id, '.');

	if (!dot)
		return own && str_eq(own + 1, id);
	return own && str_eq(own, key) &&
	       strncmp(n->id, id, (size_t)(dot - id) + 1) == 0;
}

typedef bool is_fn(const struct notice *n, const char *s);

static bool
any(const struct strlist *l, const struct notice *n, is_fn *is)
{
	for (size_t i = 0; i < l->n; i++)
		if (is(n, l->v[i]))
			return true;
	return false;
}

static bool
origin_fits(const struct notice_filter *f, const struct notice *n)
{
	if (!f->origins.n)
		return true;
	for (size_t i = 0; n->origin && i < f->origins.n; i++) {
		const char *o = f->origins.v[i];
		size_t len = strlen(o);

		if (str_eq(o, n->origin))
			return true;
		if (f->subordinate && strncmp(n->origin, o, len) == 0 &&
		    n->origin[len] == '/')
			return true;
	}
	return false;
}

static bool
listed(const struct strlist *l, const char *s)
{
	return !l->n || (s && strlist_has(l, s));
}

/* ---- $filter ------------------------------------------------------------ */

struct parse {
	const char *s;
	const struct notice *n; /* NULL: only looks whether it is good */
	bool bad;
	unsigned depth;
};

static void
blanks(struct parse *p)
{
	while (*p->s == ' ')
		p->s++;
}

static bool
word(struct parse *p, const char *w)
{
	size_t n = strlen(w);

	blanks(p);
	if (strncmp(p->s, w, n) != 0 ||
	    (p->s[n] != ' ' && p->s[n] != '(' && p->s[n] != '\0'))
		return false;
	p->s += n;
	return true;
}

static bool
property_is(const struct notice *n, const char *name, const char *value)
{
	if (str_eq(name, "EventFormatType"))
		return str_eq(value, "Event");
	if (str_eq(name, "RegistryPrefix"))
		return prefix_is(n, value);
	if (str_eq(name, "ResourceType"))
		return str_eq(n->origin_type, value);
	if (str_eq(name, "MessageId"))
		return message_is(n, value);
	return str_eq(n->origin, value); /* OriginResource */
}

static bool
known(const char *name)
{
	static const char *const names[] = { "EventFormatType",
		"RegistryPrefix", "ResourceType", "MessageId",
		"OriginResource" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static bool
comparison(struct parse *p)
{
	char name[32], value[160];
	size_t n;

	blanks(p);
	n = strcspn(p->s, " ()'");
	if (n == 0 || n >= sizeof(name)) {
		p->bad = true;
		return false;
	}
	memcpy(name, p->s, n);
	name[n] = '\0';
	p->s += n;
	if (!known(name) || !word(p, "eq")) {
		p->bad = true;
		return false;
	}
	blanks(p);
	n = *p->s == '\'' ? strcspn(p->s + 1, "'") : sizeof(value);
	if (n >= sizeof(value) || p->s[n + 1] != '\'') {
		p->bad = true;
		return false;
	}
	memcpy(value, p->s + 1, n);
	value[n] = '\0';
	p->s += n + 2;
	return p->n && property_is(p->n, name, value);
}

static bool either(struct parse *p);

static bool
term(struct parse *p)
{
	bool is;

	blanks(p);
	if (*p->s != '(')
		return comparison(p);
	if (++p->depth > NEST_MAX) {
		p->bad = true;
		return false;
	}
	p->s++;
	is = either(p);
	blanks(p);
	if (*p->s != ')')
		p->bad = true;
	else
		p->s++;
	p->depth--;
	return is;
}

static bool
both(struct parse *p)
{
	bool is = term(p);

	while (!p->bad && word(p, "and"))
		is = term(p) && is;
	return is;
}

static bool
either(struct parse *p)
{
	bool is = both(p);

	while (!p->bad && word(p, "or"))
		is = both(p) || is;
	return is;
}

bool
event_expression_ok(const char *text)
{
	struct parse p = { .s = text };

	(void)either(&p); /* of nothing: only its form counts */
	blanks(&p);
	return !p.bad && *p.s == '\0';
}

static bool
expression_takes(const char *text, const struct notice *n)
{
	struct parse p = { .s = text, .n = n };

	return !text || either(&p);
}

/* ---- together ----------------------------------------------------------- */

bool
notice_filter_takes(const struct notice_filter *f, const struct notice *n)
{
	return (!f->prefixes.n || any(&f->prefixes, n, prefix_is)) &&
	       !any(&f->no_prefixes, n, prefix_is) &&
	       (!f->messages.n || any(&f->messages, n, message_is)) &&
	       !any(&f->no_messages, n, message_is) &&
	       listed(&f->types, n->origin_type) &&
	       listed(&f->event_types, n->event_type) &&
	       listed(&f->severities, n->severity) && origin_fits(f, n) &&
	       expression_takes(f->expression, n);
}

void
notice_filter_free(struct notice_filter *f)
{
	strlist_free(&f->prefixes);
	strlist_free(&f->no_prefixes);
	strlist_free(&f->messages);
	strlist_free(&f->no_messages);
	strlist_free(&f->types);
	strlist_free(&f->origins);
	strlist_free(&f->event_types);
	strlist_free(&f->severities);
	xreplace(&f->expression, NULL);
}
