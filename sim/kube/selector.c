#include "sim/kube/selector.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/kind.h"

void
ks_selector_free(struct ks_selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t v = 0; v < s->v[i].n; v++)
			xfree(s->v[i].values[v]);
		xfree(s->v[i].values);
		xfree(s->v[i].key);
	}
	xfree(s->v);
	*s = (struct ks_selector){ 0 };
}

static struct ks_term *
add_term(struct ks_selector *s, enum ks_op op, char *key)
{
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct ks_term){ .op = op, .key = key };
	return &s->v[s->n++];
}

static void
add_value(struct ks_term *t, char *value)
{
	t->values = xreallocarray(t->values, t->n + 1, sizeof(char *));
	t->values[t->n++] = value;
}

/* ---- labels ------------------------------------------------------------- */

/* ASCII, whatever the locale. */
static bool
alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool
word_char(char c)
{
	return alnum(c) || c == '-' || c == '_' || c == '.' || c == '/';
}

static void
skip_space(const char **p)
{
	while (**p == ' ' || **p == '\t')
		(*p)++;
}

/* A key or value; may be empty. Owned by the caller. */
static char *
take_word(const char **p)
{
	const char *from;
	char *word;

	skip_space(p);
	from = *p;
	while (word_char(**p))
		(*p)++;
	word = xstrndup(from, (size_t)(*p - from));
	skip_space(p);
	return word;
}

static bool
valid_part(const char *s, size_t n)
{
	if (n == 0 || n > 63 || !alnum(s[0]) || !alnum(s[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '/')
			return false;
	return true;
}

static bool
valid_key(const char *key)
{
	const char *slash = strchr(key, '/');
	char prefix[254];

	if (slash == NULL)
		return valid_part(key, strlen(key));
	if ((size_t)(slash - key) >= sizeof(prefix))
		return false;
	memcpy(prefix, key, (size_t)(slash - key));
	prefix[slash - key] = '\0';
	return str_is_dns_subdomain(prefix) &&
	       valid_part(slash + 1, strlen(slash + 1));
}

static bool
check_value(const struct ks_term *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->values[i][0] != '\0' &&
		    !valid_part(t->values[i], strlen(t->values[i])))
			return err_set(e, ERR_SPEC, 0,
			    "invalid label value: \"%.80s\"", t->values[i]);
	return true;
}

static bool
found(const char *p, struct err *e)
{
	return err_set(e, ERR_SPEC, 0,
	    "unable to parse requirement: found '%.20s', expected: ',' or "
	    "'end of string'",
	    p);
}

/* "(a, b)" */
static bool
take_set(struct ks_term *t, const char **p, struct err *e)
{
	if (**p != '(')
		return err_set(e, ERR_SPEC, 0,
		    "unable to parse requirement: found '%.20s', expected: '('",
		    *p);
	do {
		(*p)++;
		if (t->n >= KS_SELECTOR_TERMS)
			return err_set(
			    e, ERR_SPEC, 0, "too many values in a selector");
		add_value(t, take_word(p));
	} while (**p == ',');
	if (**p != ')')
		return err_set(e, ERR_SPEC, 0,
		    "unable to parse requirement: found '%.20s', expected: ',' "
		    "or ')'",
		    *p);
	(*p)++;
	skip_space(p);
	return check_value(t, e);
}

static bool
keyword(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0 || word_char((*p)[n]))
		return false;
	*p += n;
	skip_space(p);
	return true;
}

static bool
take_number(struct ks_term *t, const char **p, struct err *e)
{
	int64_t n;

	(*p)++;
	add_value(t, take_word(p));
	if (!str_to_i64(t->values[0], &n))
		return err_set(e, ERR_SPEC, 0,
		    "for 'Gt', 'Lt' operators, the value must be an integer");
	return true;
}

/* What follows the key. */
static bool
take_operator(struct ks_term *t, const char **p, struct err *e)
{
	if (keyword(p, "in"))
		return take_set(t, p, e);
	if (keyword(p, "notin")) {
		t->op = KS_NOT_IN;
		return take_set(t, p, e);
	}
	if (**p == '>' || **p == '<') {
		t->op = **p == '>' ? KS_GREATER : KS_LESS;
		return take_number(t, p, e);
	}
	if (**p == '=') {
		*p += (*p)[1] == '=' ? 2 : 1;
	} else if (**p == '!' && (*p)[1] == '=') {
		t->op = KS_NOT_IN;
		*p += 2;
	} else {
		t->op = KS_EXISTS;
		return true;
	}
	add_value(t, take_word(p));
	return check_value(t, e);
}

static bool
take_term(struct ks_selector *s, const char **p, struct err *e)
{
	struct ks_term *t;
	bool not ;

	skip_space(p);
	not = **p == '!';
	if (not )
		(*p)++;
	t = add_term(s, not ? KS_NOT_EXISTS : KS_IN, take_word(p));
	if (!valid_key(t->key))
		return err_set(e, ERR_SPEC, 0,
		    "unable to parse requirement: invalid label key \"%.80s\"",
		    t->key);
	return not || take_operator(t, p, e);
}

bool
ks_labels_parse(struct ks_selector *s, const char *text, struct err *e)
{
	const char *p = text != NULL ? text : "";

	*s = (struct ks_selector){ 0 };
	if (strlen(p) > KS_SELECTOR_MAX)
		return err_set(e, ERR_SPEC, 0, "label selector is too long");
	skip_space(&p);
	while (*p != '\0') {
		if (s->n >= KS_SELECTOR_TERMS) {
			ks_selector_free(s);
			return err_set(
			    e, ERR_SPEC, 0, "too many terms in a selector");
		}
		if (!take_term(s, &p, e) ||
		    (*p != '\0' && *p != ',' && !found(p, e)) ||
		    (*p == ',' && p[1] == '\0' && !found(p, e))) {
			ks_selector_free(s);
			return false;
		}
		if (*p == ',')
			p++;
	}
	return true;
}

static bool
compare_number(const struct ks_term *t, const char *have)
{
	int64_t a, b;

	if (!str_to_i64(have, &a) || !str_to_i64(t->values[0], &b))
		return false;
	return t->op == KS_GREATER ? a > b : a < b;
}

static bool
term_matches(const struct ks_term *t, const char *have)
{
	if (t->op == KS_EXISTS || t->op == KS_NOT_EXISTS)
		return (have != NULL) == (t->op == KS_EXISTS);
	if (have == NULL)
		return t->op == KS_NOT_IN;
	if (t->op == KS_GREATER || t->op == KS_LESS)
		return compare_number(t, have);
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->values[i], have))
			return t->op == KS_IN;
	return t->op == KS_NOT_IN;
}

bool
ks_labels_match(const struct ks_selector *s, const struct ks_pairs *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (!term_matches(&s->v[i], ks_pairs_get(p, s->v[i].key)))
			return false;
	return true;
}

/* ---- fields ------------------------------------------------------------- */

/* Up to an operator or a comma, undoing \\ \, and \=. Owned by the caller. */
static char *
take_field(const char **p, bool is_key)
{
	char *out = xmalloc(strlen(*p) + 1);
	size_t n = 0;

	while (**p != '\0' && **p != ',') {
		if (is_key && (**p == '=' || **p == '!'))
			break;
		if (**p == '\\' && (*p)[1] != '\0')
			(*p)++;
		out[n++] = *(*p)++;
	}
	out[n] = '\0';
	return out;
}

static bool
take_field_term(struct ks_selector *s, const char **p, struct err *e)
{
	struct ks_term *t = add_term(s, KS_IN, take_field(p, true));

	if (**p == '!' && (*p)[1] == '=') {
		t->op = KS_NOT_IN;
		*p += 2;
	} else if (**p == '=') {
		*p += (*p)[1] == '=' ? 2 : 1;
	} else {
		return err_set(e, ERR_SPEC, 0,
		    "invalid selector: '%.80s'; can't understand '%.80s'",
		    t->key, t->key);
	}
	add_value(t, take_field(p, false));
	if (**p == ',')
		(*p)++;
	return true;
}

bool
ks_fields_parse(struct ks_selector *s, const char *text, struct err *e)
{
	const char *p = text != NULL ? text : "";

	*s = (struct ks_selector){ 0 };
	if (strlen(p) > KS_SELECTOR_MAX)
		return err_set(e, ERR_SPEC, 0, "field selector is too long");
	while (*p != '\0') {
		if (*p == ',') {
			p++;
			continue;
		}
		if (s->n >= KS_SELECTOR_TERMS) {
			ks_selector_free(s);
			return err_set(
			    e, ERR_SPEC, 0, "too many terms in a selector");
		}
		if (!take_field_term(s, &p, e)) {
			ks_selector_free(s);
			return false;
		}
	}
	return true;
}

static bool
field_known(const struct ks_kind *k, const char *key)
{
	const struct ks_version *v = ks_kind_storage(k);

	if (str_eq(key, "metadata.name"))
		return true;
	if (str_eq(key, "metadata.namespace"))
		return k->namespaced || k->special == KS_NAMESPACE;
	for (size_t i = 0; i < v->n_selectable; i++) {
		const char *name = v->selectable[i];

		if (str_eq(name[0] == '.' ? name + 1 : name, key))
			return true;
	}
	return ks_field_builtin(k->special, key);
}

bool
ks_fields_known(
    const struct ks_selector *s, const struct ks_kind *k, const char **unknown)
{
	for (size_t i = 0; i < s->n; i++)
		if (!field_known(k, s->v[i].key)) {
			*unknown = s->v[i].key;
			return false;
		}
	return true;
}

bool
ks_fields_match(const struct ks_selector *s, const struct ks_object *o)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct ks_term *t = &s->v[i];
		const char *have;

		if (str_eq(t->key, "metadata.name"))
			have = o->name;
		else if (str_eq(t->key, "metadata.namespace"))
			have = o->ns;
		else
			have = ks_pairs_get(&o->fields, t->key);
		if (!term_matches(t, have != NULL ? have : ""))
			return false;
	}
	return true;
}
