/* See certs.h. */
#include "agent/serve/certs.h"

#include "common/buf.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define CERTS_PEM_MAX (256u << 10)

static bool
read_file(const struct certs *c, const char *path, struct buf *b, struct err *e)
{
	buf_init(b, CERTS_PEM_MAX);
	return c->env->files->read(c->env->files->self, path, b, e) ||
	       err_wrap(e, "%.150s", path);
}

static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}

static bool
load(struct certs *c, struct err *e)
{
	struct buf cert = { 0 }, key = { 0 };
	struct tls_identity *id = NULL;

	if (read_file(c, c->cert, &cert, e) && read_file(c, c->key, &key, e)) {
		id = tls_identity_new(
		    buf_str(&cert), cert.n, buf_str(&key), key.n, e);
		if (id == NULL)
			(void)err_wrap(
			    e, "%.100s with %.100s", c->cert, c->key);
	}
	buf_free(&cert);
	wipe(&key);
	if (id == NULL)
		return false;
	tls_identity_free(c->identity);
	c->identity = id;
	return true;
}

/* true: the files are others than those that were read last. */
static bool
changed(struct certs *c)
{
	struct files *f = c->env->files;
	int64_t cert_us = 0, key_us = 0;

	if (!f->stamp(f->self, c->cert, &cert_us, NULL) ||
	    !f->stamp(f->self, c->key, &key_us, NULL))
		return false;
	if (cert_us == c->cert_us && key_us == c->key_us)
		return false;
	c->cert_us = cert_us;
	c->key_us = key_us;
	return true;
}

bool
certs_init(struct certs *c, const struct env *env, const char *cert,
    const char *key, struct err *e)
{
	*c = (struct certs){ .env = env,
		.cert = xstrdup(cert),
		.key = xstrdup(key),
		.looked_us = loop_mono_us(env->loop) };
	(void)changed(c); /* stamps of files that are read next */
	return load(c, e);
}

void
certs_fini(struct certs *c)
{
	tls_identity_free(c->identity);
	xfree(c->cert);
	xfree(c->key);
	*c = (struct certs){ 0 };
}

struct tls_identity *
certs_now(struct certs *c)
{
	int64_t now = loop_mono_us(c->env->loop);
	struct err e;

	if (now - c->looked_us < CERTS_LOOK_US)
		return c->identity;
	c->looked_us = now;
	if (!changed(c))
		return c->identity;
	if (load(c, &e)) {
		c->said.kind = ERR_NONE;
		LOGI(c->env->log, "the certificate was read again",
		    F_STR("file", c->cert));
		return c->identity;
	}
	/* Half of a pair may be new already: it is looked at again. */
	c->cert_us = c->key_us = 0;
	if (e.kind == c->said.kind && str_eq(e.msg, c->said.msg))
		return c->identity;
	c->said = e;
	LOGW(c->env->log, "the certificate changed and cannot be used",
	    F_ERR(&e));
	return c->identity;
}
