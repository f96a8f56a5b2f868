/* See remote.h. */
#include "agent/explain/remote.h"

#include <string.h>

#include "agent/kube/config.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "common/url.h"

#define FILE_MAX_BYTES (64u << 10)

struct remote {
	const struct env *env;
	cJSON *tree; /* the answer */
	struct err err;
};

static bool
read_text(
    const struct env *env, const char *path, struct secret *out, struct err *e)
{
	struct buf b;
	bool ok;
	size_t n;

	buf_init(&b, FILE_MAX_BYTES);
	ok = env->files->read(env->files->self, path, &b, e);
	n = b.n;
	while (ok && n > 0 && strchr(" \t\r\n", b.p[n - 1]) != NULL)
		n--;
	if (ok)
		secret_set(out, b.p, n);
	if (b.p != NULL)
		secret_wipe(b.p, b.n);
	buf_free(&b);
	return ok;
}

static bool
token_read(const struct env *env, const struct remote_opts *o,
    struct secret *token, struct err *e)
{
	struct kube_config c = { 0 };
	bool ok;

	if (o->token_file != NULL)
		return read_text(env, o->token_file, token, e);
	if (!kube_config_load(&c, env->files, o->kubeconfig, o->context, e))
		return false;
	ok = c.token_file == NULL || read_text(env, c.token_file, token, e);
	if (ok && c.token.n > 0)
		secret_set(token, c.token.p, c.token.n);
	if (ok && token->n == 0)
		ok = err_set(e, ERR_SPEC, 0,
		    "user \"%s\" of %s has no token, and nothing else can be "
		    "reviewed; make one: kubectl create token NAME >FILE, and "
		    "--token-file FILE",
		    c.user, c.source);
	kube_config_free(&c);
	return ok;
}

/* No token leaves this machine in clear. */
static bool
server_fits(const char *server, struct err *e)
{
	struct url u;

	if (!url_parse(&u, server, e))
		return err_wrap(e, "--server");
	if (!str_eq(u.target, "/"))
		return err_set(
		    e, ERR_SPEC, 0, "--server is https://HOST:PORT, no path");
	return u.https || str_eq(u.host, "localhost") ||
	       str_eq(u.host, "::1") || str_has_prefix(u.host, "127.") ||
	       err_set(e, ERR_SPEC, 0,
		   "--server: no token goes over plain HTTP but to this "
		   "machine (kubectl port-forward)");
}

static void
on_done(void *arg, const struct http_result *r)
{
	struct remote *q = arg;
	cJSON *j;

	if (r->err != HTTP_OK) {
		(void)http_result_err(r, &q->err);
	} else {
		j = json_parse((const char *)r->body.p, r->body.n, &q->err);
		if (j != NULL && r->status != 200) {
			(void)err_set(&q->err, ERR_REFUSED, r->status,
			    "%d: %.200s", r->status,
			    json_str(j, "error", "no reason is given"));
			cJSON_Delete(j);
			j = NULL;
		}
		q->tree = j;
	}
	loop_stop(q->env->loop);
}

static cJSON *
remote_get(const struct env *env, const struct remote_opts *o,
    struct tls_trust *trust, const struct secret *token, struct err *e)
{
	struct http_peer_opts po = { .base = o->server,
		.tls = { .trust = trust } };
	struct remote q = { .env = env };
	char *bearer = xasprintf("Bearer %s", token->p);
	char *target = xasprintf("/explain/%s", o->name);
	const struct http_header h[] = { { "Authorization", bearer },
		{ "Accept", "application/json" } };
	struct http_request rq = { .method = "GET",
		.target = target,
		.headers = h,
		.n_headers = 2,
		.done = on_done,
		.arg = &q };
	struct http_peer *peer = http_peer_new(env->net, &po, e);

	if (peer != NULL) {
		(void)http_start(peer, &rq);
		loop_run(env->loop);
		http_peer_free(peer);
		if (q.tree == NULL)
			*e = q.err;
	}
	secret_wipe(bearer, strlen(bearer));
	xfree(bearer);
	xfree(target);
	return q.tree;
}

cJSON *
remote_ask(const struct env *env, const struct remote_opts *o, struct err *e)
{
	struct secret token = { 0 }, pem = { 0 };
	struct tls_trust *trust = NULL;
	cJSON *tree = NULL;
	bool ok = server_fits(o->server, e) && token_read(env, o, &token, e);

	if (ok && o->ca_file != NULL) {
		ok = read_text(env, o->ca_file, &pem, e);
		if (ok)
			trust = tls_trust_new(pem.p, pem.n, e);
		ok = trust != NULL || err_wrap(e, "--ca-file %s", o->ca_file);
	}
	if (ok && token.n == 0)
		ok = err_set(e, ERR_SPEC, 0, "the token is empty");
	if (ok)
		tree = remote_get(env, o, trust, &token, e);
	secret_free(&token);
	secret_free(&pem);
	tls_trust_free(trust);
	return tree;
}
