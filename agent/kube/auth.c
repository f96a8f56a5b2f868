/* Tokens and certificates that rotate. */
#include "agent/kube/auth.h"

#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define TOKEN_MAX (64u << 10)
#define PEM_MAX (1u << 20)

/* Bytes of a pair file/data into b; false with e if the file fails. */
static bool
pair_read(const struct kube_auth *a, const char *file,
    const struct secret *data, struct buf *b, struct err *e)
{
	struct files *f = a->env->files;

	if (file == NULL) {
		(void)buf_add(b, data->p == NULL ? "" : data->p, data->n);
		return true;
	}
	if (!f->read(f->self, file, b, e))
		return err_wrap(e, "read %.120s", file);
	return true;
}

static void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}

/* A token is one line of printable bytes: anything else would end up as a
 * second header. */
static bool
token_take(struct kube_auth *a, struct buf *b, struct err *e)
{
	size_t n = b->n;
	struct buf h;

	while (n > 0 && strchr(" \t\r\n", b->p[n - 1]) != NULL)
		n--;
	if (n == 0)
		return err_set(e, ERR_SPEC, 0, "the token of %.100s is empty",
		    a->config->source);
	for (size_t i = 0; i < n; i++) {
		if (b->p[i] <= ' ' || b->p[i] > '~')
			return err_set(e, ERR_SPEC, 0,
			    "the token of %.100s has byte 0x%02x at %zu",
			    a->config->source, (unsigned)(unsigned char)b->p[i],
			    i);
	}
	buf_init(&h, TOKEN_MAX + 16);
	(void)buf_adds(&h, "Bearer ");
	(void)buf_add(&h, b->p, n);
	if (a->bearer.n != h.n || memcmp(a->bearer.p, h.p, h.n) != 0) {
		secret_free(&a->bearer);
		secret_set(&a->bearer, h.p, h.n);
		a->generation++;
	}
	buf_wipe(&h);
	return true;
}

static bool
token_load(struct kube_auth *a, struct err *e)
{
	const struct kube_config *c = a->config;
	struct buf b;
	bool ok;

	if (c->token_file == NULL && c->token.n == 0)
		return true;
	buf_init(&b, TOKEN_MAX);
	ok = pair_read(a, c->token_file, &c->token, &b, e) &&
	     token_take(a, &b, e);
	buf_wipe(&b);
	return ok;
}

static void
retire(struct kube_auth *a)
{
	unsigned i = a->retired++ % KUBE_AUTH_RETIRED;

	tls_trust_free(a->old_trust[i]);
	tls_identity_free(a->old_identity[i]);
	a->old_trust[i] = a->trust;
	a->old_identity[i] = a->identity;
	a->trust = NULL;
	a->identity = NULL;
}

static bool
trust_load(const struct kube_auth *a, struct tls_trust **out, struct err *e)
{
	const struct kube_config *c = a->config;
	struct buf b;
	bool ok;

	*out = NULL;
	if (c->ca_file == NULL && c->ca_pem.n == 0)
		return true;
	buf_init(&b, PEM_MAX);
	ok = pair_read(a, c->ca_file, &c->ca_pem, &b, e);
	if (ok) {
		*out = tls_trust_new(buf_str(&b), b.n, e);
		ok = *out != NULL || err_wrap(e, "CA of %.100s", c->source);
	}
	buf_free(&b);
	return ok;
}

static bool
identity_load(
    const struct kube_auth *a, struct tls_identity **out, struct err *e)
{
	const struct kube_config *c = a->config;
	struct buf cert, key;
	bool ok;

	*out = NULL;
	if (c->cert_file == NULL && c->cert_pem.n == 0)
		return true;
	buf_init(&cert, PEM_MAX);
	buf_init(&key, PEM_MAX);
	ok = pair_read(a, c->cert_file, &c->cert_pem, &cert, e) &&
	     pair_read(a, c->key_file, &c->key_pem, &key, e);
	if (ok) {
		*out = tls_identity_new(
		    buf_str(&cert), cert.n, buf_str(&key), key.n, e);
		ok = *out != NULL ||
		     err_wrap(e, "client certificate of %.100s", c->source);
	}
	buf_free(&cert);
	buf_wipe(&key);
	return ok;
}

static bool
tls_load(struct kube_auth *a, struct err *e)
{
	struct tls_trust *t;
	struct tls_identity *i;

	if (!trust_load(a, &t, e))
		return false;
	if (!identity_load(a, &i, e)) {
		tls_trust_free(t);
		return false;
	}
	retire(a);
	a->trust = t;
	a->identity = i;
	a->generation++;
	return true;
}

/* true if the file's stamp is another one than noted; notes it. */
static bool
stamp_moved(const struct kube_auth *a, const char *file, int64_t *stamp)
{
	struct files *f = a->env->files;
	int64_t now;

	if (file == NULL || !f->stamp(f->self, file, &now, NULL) ||
	    now == *stamp)
		return false;
	*stamp = now;
	return true;
}

/* Bitwise on purpose: each stamp must be noted. */
static bool
tls_moved(struct kube_auth *a)
{
	const struct kube_config *c = a->config;
	bool ca = stamp_moved(a, c->ca_file, &a->ca_stamp);
	bool cert = stamp_moved(a, c->cert_file, &a->cert_stamp);
	bool key = stamp_moved(a, c->key_file, &a->key_stamp);

	return ca || cert || key;
}

bool
kube_auth_init(struct kube_auth *a, const struct env *env,
    const struct kube_config *config, struct err *e)
{
	*a = (struct kube_auth){ .env = env, .config = config };
	a->checked_us = loop_mono_us(env->loop);
	(void)stamp_moved(a, config->token_file, &a->token_stamp);
	(void)tls_moved(a);
	if (!token_load(a, e) || !tls_load(a, e)) {
		kube_auth_fini(a);
		return false;
	}
	return true;
}

void
kube_auth_fini(struct kube_auth *a)
{
	secret_free(&a->bearer);
	tls_trust_free(a->trust);
	tls_identity_free(a->identity);
	for (unsigned i = 0; i < KUBE_AUTH_RETIRED; i++) {
		tls_trust_free(a->old_trust[i]);
		tls_identity_free(a->old_identity[i]);
	}
	*a = (struct kube_auth){ .env = NULL };
}

static void
complain(const struct kube_auth *a, const char *what, const struct err *e)
{
	LOGW(a->env->log, "credential not reloaded, the former one stays",
	    F_STR("what", what), F_STR("config", a->config->source), F_ERR(e));
}

bool
kube_auth_refresh(struct kube_auth *a, bool force, bool *tls_changed)
{
	int64_t now = loop_mono_us(a->env->loop);
	unsigned before = a->generation;
	struct err e;

	*tls_changed = false;
	if (!force && now - a->checked_us < KUBE_AUTH_CHECK_US)
		return false;
	a->checked_us = now;
	if (stamp_moved(a, a->config->token_file, &a->token_stamp) ||
	    (force && a->config->token_file != NULL)) {
		if (!token_load(a, &e))
			complain(a, "token", &e);
	}
	if (tls_moved(a)) {
		if (tls_load(a, &e))
			*tls_changed = true;
		else
			complain(a, "tls", &e);
	}
	return a->generation != before;
}

void
kube_auth_policy(const struct kube_auth *a, struct tls_policy *p)
{
	*p = (struct tls_policy){ .trust = a->trust,
		.server_name = a->config->tls_server_name,
		.insecure = a->config->insecure,
		.identity = a->identity };
}
