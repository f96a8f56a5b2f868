/*
 * Tenants' data (SAFETY.md 9): markers that stand for bootstrap data and
 * passwords appear in no object but Secrets, in no event, log, metric or trace;
 * nor do the media server's tokens.
 */
#include <string.h>

#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define TOKEN_LETTERS 26

/* "/m/TOKEN" or "/r/TOKEN": where it begins; NULL. */
static const char *
token_in(const char *text, size_t n)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz234567"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *end = text + n, *s = text;

	while (end - s >= TOKEN_LETTERS + 3 &&
	       (s = memchr(s, '/', (size_t)(end - s) - 2)) != NULL) {
		size_t i = 3;

		if ((s[1] == 'm' || s[1] == 'r') && s[2] == '/')
			while (i < TOKEN_LETTERS + 3 && s + i < end &&
			       s[i] != '\0' && strchr(set, s[i]) != NULL)
				i++;
		if (i == TOKEN_LETTERS + 3)
			return s;
		s++;
	}
	return NULL;
}

/* The marker that begins there; NULL. */
static const char *
marker_at(const struct invariants *x, const char *text)
{
	for (size_t i = 0; i < x->o.n_markers; i++) {
		const char *m = x->o.markers[i];

		if (text[0] == m[0] && (m[0] == '\0' || text[1] == m[1]) &&
		    str_has_prefix(text, m))
			return m;
	}
	return NULL;
}

static const char *
secret_in(const struct invariants *x, const char *text)
{
	size_t n = strlen(text);
	const char *token = token_in(text, n), *marker;

	if (token != NULL)
		return token;
	/* The last place where one may begin: most texts are shorter. */
	for (; n >= x->shortest_marker; n--, text++)
		if (x->marker_begins[(unsigned char)*text] &&
		    (marker = marker_at(x, text)) != NULL)
			return marker;
	return NULL;
}

static const char *
secret_in_tree(const struct invariants *x, const cJSON *j, unsigned depth)
{
	const cJSON *c;
	const char *hit = NULL;

	if (cJSON_IsString(j))
		return secret_in(x, j->valuestring);
	if (depth == 0)
		return NULL;
	for (c = j->child; c != NULL && hit == NULL; c = c->next) {
		if (c->string != NULL)
			hit = secret_in(x, c->string);
		if (hit == NULL)
			hit = secret_in_tree(x, c, depth - 1);
	}
	return hit;
}

static void
secret_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	char name[360];

	(void)o;
	if (c->after == NULL || str_eq(c->resource, "secrets") ||
	    secret_in_tree(x, c->after, 32) == NULL)
		return;
	(void)str_format(
	    name, sizeof(name), "%s/%s/%s", c->resource, c->ns, c->name);
	inv_fail(x, "secret-marker", name, "written by %s", c->user);
}

/* People read what a BMC tells of itself. */
static void
secret_event(
    struct invariants *x, struct fact_bmc *b, const struct bmc_event *ev)
{
	if (ev->text != NULL)
		invariants_text(x, b->name, ev->text, strlen(ev->text));
	if (ev->target != NULL)
		invariants_text(x, b->name, ev->target, strlen(ev->target));
}

static void
marker_in(struct invariants *x, const char *where, const char *text, size_t n)
{
	for (size_t i = 0; i < x->o.n_markers; i++) {
		const char *m = x->o.markers[i];

		if (n >= strlen(m) && memmem(text, n, m, strlen(m)) != NULL) {
			inv_fail(x, "secret-marker", where, "marker %zu", i);
			return;
		}
	}
}

/* URLs end up in logs on the way. A token is what a medium is asked for by. */
static void
secret_call(struct invariants *x, const struct inv_call *c)
{
	marker_in(x, "request", c->target, strlen(c->target));
}

void
invariants_text(
    struct invariants *x, const char *where, const char *text, size_t n)
{
	if (token_in(text, n) != NULL)
		inv_fail(x, "secret-marker", where, "a token");
	marker_in(x, where, text, n);
}

void
invariants_tree(struct invariants *x, const char *where, const cJSON *j)
{
	const char *hit = secret_in_tree(x, j, 32);

	if (hit != NULL)
		inv_fail(x, "secret-marker", where, "of %zu characters",
		    strlen(hit));
}

const struct inv_group inv_secrets = {
	.commit = secret_commit, .before_bmc = secret_event, .call = secret_call
};
