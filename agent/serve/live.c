/* See live.h. */
#include "agent/serve/live.h"

#include <string.h>

#include "common/digest.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define LOOKUP_CAP 33 /* 16 bytes as hex */

void
live_init(struct live *l, const struct env *env)
{
	*l = (struct live){ .env = env };
	env->entropy.fill(env->entropy.self, l->salt, sizeof(l->salt));
}

struct live_claim *
live_ref(struct live_claim *c)
{
	c->refs++;
	return c;
}

void
live_unref(struct live_claim *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	for (size_t i = 0; i < TOKEN_MEDIA; i++)
		seen_free(&c->seen[i]);
	secret_wipe(c->tokens, sizeof(c->tokens));
	xfree(c->key);
	xfree(c->ns);
	xfree(c->name);
	xfree(c->claim);
	xfree(c);
}

static void
lookup_of(const struct live *l, const char *token, char out[LOOKUP_CAP])
{
	uint8_t mac[32];

	hmac_sha256(l->salt, sizeof(l->salt), token, TOKEN_LEN, mac);
	hex_encode(out, mac, (LOOKUP_CAP - 1) / 2);
}

static void
tokens_forget(struct live *l, struct live_claim *c)
{
	char lookup[LOOKUP_CAP];

	for (size_t k = 0; k < 2; k++)
		for (size_t p = 0; p < TOKEN_PURPOSES; p++) {
			if (c->tokens[k][p][0] == '\0')
				continue;
			lookup_of(l, c->tokens[k][p], lookup);
			(void)map_take(&l->tokens, lookup); /* it was c */
			secret_wipe(c->tokens[k][p], TOKEN_CAP);
		}
}

static void
token_add(struct live *l, struct live_claim *c, const uint8_t *key, size_t k)
{
	struct token_of of = { c->ns, c->name, c->claim, c->attempt };
	char lookup[LOOKUP_CAP];

	for (size_t p = 0; p < TOKEN_PURPOSES; p++) {
		token_make(key, (enum token_purpose)p, &of, c->tokens[k][p]);
		lookup_of(l, c->tokens[k][p], lookup);
		(void)map_put(&l->tokens, lookup, c); /* a MAC is unique */
	}
}

static void
tokens_make(struct live *l, struct live_claim *c)
{
	const struct live_keys *k = &l->keys;

	tokens_forget(l, c);
	if (k->has)
		token_add(l, c, k->key, 0);
	if (k->has_former && c->armed_s > 0 && c->armed_s <= k->changed_s)
		token_add(l, c, k->former, 1);
}

static void
claim_die(struct live *l, struct live_claim *c)
{
	memset(c->may, 0, sizeof(c->may));
	tokens_forget(l, c);
	if (l->closed != NULL)
		l->closed(l->closed_arg, c);
	c->live = NULL;
	live_unref(c);
}

void
live_set_keys(struct live *l, const struct live_keys *k)
{
	if (k == NULL)
		secret_wipe(&l->keys, sizeof(l->keys));
	else
		l->keys = *k;
	for (size_t i = 0; i < l->claims.n; i++)
		tokens_make(l, l->claims.v[i].value);
}

static bool
same_claim(const struct live_claim *c, const struct live_who *w)
{
	return str_eq(c->claim, w->claim) && c->attempt == w->attempt;
}

static struct live_claim *
claim_new(struct live *l, const char *key, const struct live_who *w)
{
	struct live_claim *c = xcalloc(1, sizeof(*c));

	c->refs = 1;
	c->live = l;
	c->key = xstrdup(key);
	c->ns = xstrdup(w->ns);
	c->name = xstrdup(w->name);
	c->claim = xstrdup(w->claim);
	c->attempt = w->attempt;
	(void)map_put(&l->claims, key, c); /* there was none */
	return c;
}

void
live_put(struct live *l, const struct live_who *w)
{
	char *key = xasprintf("%s/%s", w->ns, w->name);
	struct live_claim *c = map_get(&l->claims, key);
	bool closes = false, fresh;

	if (c != NULL && !same_claim(c, w)) {
		live_drop(l, key);
		c = NULL;
	}
	fresh = c == NULL;
	if (fresh)
		c = claim_new(l, key, w);
	for (size_t p = 0; p < TOKEN_PURPOSES; p++) {
		closes |= c->may[p] && !w->may[p];
		c->may[p] = w->may[p];
		c->until_s[p] = w->until_s[p];
	}
	(void)str_copy(c->data, sizeof(c->data),
	    w->data == NULL ? "" : w->data); /* as long as a record's */
	if (fresh || c->armed_s != w->armed_s) {
		c->armed_s = w->armed_s;
		tokens_make(l, c);
	}
	if (closes && l->closed != NULL)
		l->closed(l->closed_arg, c);
	xfree(key);
}

void
live_drop(struct live *l, const char *host_key)
{
	struct live_claim *c = map_take(&l->claims, host_key);

	if (c != NULL)
		claim_die(l, c);
}

void
live_fini(struct live *l)
{
	l->closed = NULL;
	while (l->claims.n > 0)
		live_drop(l, l->claims.v[l->claims.n - 1].key);
	map_free(&l->claims, NULL);
	map_free(&l->tokens, NULL);
	secret_wipe(&l->keys, sizeof(l->keys));
	secret_wipe(l->salt, sizeof(l->salt));
}

bool
live_open(const struct live_claim *c, enum token_purpose purpose)
{
	if (c->live == NULL || !c->may[purpose])
		return false;
	return c->until_s[purpose] == 0 ||
	       loop_wall_us(c->live->env->loop) / LOOP_S < c->until_s[purpose];
}

struct live_claim *
live_find(
    struct live *l, enum token_purpose purpose, const char token[TOKEN_CAP])
{
	char lookup[LOOKUP_CAP];
	struct live_claim *c;

	lookup_of(l, token, lookup);
	c = map_get(&l->tokens, lookup);
	if (c == NULL || !live_open(c, purpose))
		return NULL;
	if (!token_same(c->tokens[0][purpose], token) &&
	    !token_same(c->tokens[1][purpose], token))
		return NULL;
	return c;
}

struct live_claim *
live_get(const struct live *l, const char *host_key)
{
	return map_get(&l->claims, host_key);
}

bool
live_token_of(const struct live *l, const struct token_of *of,
    enum token_purpose purpose, bool former, char out[TOKEN_CAP])
{
	const struct live_keys *k = &l->keys;

	if (former ? !k->has_former : !k->has)
		return false;
	token_make(former ? k->former : k->key, purpose, of, out);
	return true;
}

const char *
live_token(const struct live *l, const char *host_key, const char *claim,
    int attempt, enum token_purpose purpose)
{
	const struct live_claim *c = map_get(&l->claims, host_key);

	if (c == NULL || !str_eq(c->claim, claim) || c->attempt != attempt ||
	    !live_open(c, purpose) || c->tokens[0][purpose][0] == '\0')
		return NULL;
	return c->tokens[0][purpose];
}
