/* See diagnostics.h. */
#include "agent/diagnostics.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define DIAGNOSTICS_METRICS_MAX (8u << 20)

struct diagnostics {
	const struct env *env;
	struct diagnostics_hooks hooks;
	struct http_server *server, *server6; /* at least one */
};

static void
diagnostics_text(struct http_exchange *x, int status, const char *text)
{
	static const struct http_header h[] = {
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ "Cache-Control", "no-store" },
	};

	http_reply(x, status, h, 2, (struct http_bytes){ text, strlen(text) });
}

static void
diagnostics_ready(struct diagnostics *d, struct http_exchange *x)
{
	char text[400];
	struct err e;

	if (d->hooks.ready(d->hooks.arg, &e)) {
		d->hooks.ready_text(d->hooks.arg, text, sizeof(text));
		diagnostics_text(x, 200, text);
		return;
	}
	(void)str_format(text, sizeof(text), "not ready: %s\n", e.msg);
	diagnostics_text(x, 503, text);
}

static void
diagnostics_metrics(struct diagnostics *d, struct http_exchange *x)
{
	static const struct http_header h[] = {
		{ "Content-Type", "text/plain; version=0.0.4; charset=utf-8" },
	};
	struct buf b;

	buf_init(&b, DIAGNOSTICS_METRICS_MAX);
	d->hooks.collect(d->hooks.arg);
	metrics_print(d->env->metrics, &b);
	if (b.overflow)
		diagnostics_text(x, 500, "metrics are too large\n");
	else
		http_reply(x, 200, h, 1, (struct http_bytes){ b.p, b.n });
	buf_free(&b);
}

static void
diagnostics_handle(void *arg, struct http_exchange *x)
{
	struct diagnostics *d = arg;
	const char *target = http_exchange_target(x);
	const char *method = http_exchange_method(x);

	if (d->hooks.explain != NULL && str_has_prefix(target, "/explain/")) {
		d->hooks.explain(d->hooks.arg, x);
		return;
	}
	if (!str_eq(method, "GET") && !str_eq(method, "HEAD")) {
		diagnostics_text(x, 405, "only GET and HEAD\n");
		return;
	}
	if (str_eq(target, "/healthz") || str_eq(target, "/livez"))
		diagnostics_text(x, 200, "ok\n");
	else if (str_eq(target, "/readyz"))
		diagnostics_ready(d, x);
	else if (str_eq(target, "/metrics"))
		diagnostics_metrics(d, x);
	else
		diagnostics_text(x, 404, "try /healthz, /readyz or /metrics\n");
}

/* Splits at the last colon; brackets of an IPv6 address go. */
static bool
diagnostics_address(
    const char *text, char host[64], unsigned *port, struct err *e)
{
	const char *colon = strrchr(text, ':');
	uint64_t n;
	size_t len;

	if (colon == NULL || !str_to_u64(colon + 1, &n) || n > 65535)
		return err_set(e, ERR_SPEC, 0,
		    "diagnostics address \"%s\" is not host:port", text);
	*port = (unsigned)n;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= 64)
		return err_set(e, ERR_SPEC, 0,
		    "diagnostics address \"%s\" is too long", text);
	memcpy(host, text, len);
	host[len] = '\0';
	return true;
}

/* A machine may have one of both families alone; a port that is taken is an
 * error in any case. */
static bool
diagnostics_everywhere(
    struct diagnostics *d, struct http_listen_opts *o, struct err *e)
{
	struct err e6 = { 0 };

	o->addr = "0.0.0.0";
	d->server = http_listen(d->env->net, o, e);
	if (d->server == NULL && e->code == EADDRINUSE)
		return false;
	if (d->server != NULL)
		o->port = http_server_port(d->server);
	o->addr = "::";
	d->server6 = http_listen(d->env->net, o, &e6);
	if (d->server6 == NULL && e6.code == EADDRINUSE) {
		*e = e6;
		return false;
	}
	return d->server != NULL || d->server6 != NULL;
}

struct diagnostics *
diagnostics_new(const struct env *env, const char *address,
    const struct diagnostics_hooks *h, struct err *e)
{
	struct diagnostics *d = xcalloc(1, sizeof(*d));
	struct http_listen_opts o = {
		.max_conns = 64, .handle = diagnostics_handle, .arg = d
	};
	char host[64] = "";
	bool ok;

	d->env = env;
	d->hooks = *h;
	o.addr = host;
	ok = diagnostics_address(address, host, &o.port, e);
	if (ok && host[0] == '\0')
		ok = diagnostics_everywhere(d, &o, e);
	else if (ok)
		ok = (d->server = http_listen(env->net, &o, e)) != NULL;
	if (ok)
		return d;
	diagnostics_free(d);
	return NULL;
}

void
diagnostics_free(struct diagnostics *d)
{
	if (d == NULL)
		return;
	http_server_free(d->server);
	http_server_free(d->server6);
	xfree(d);
}

unsigned
diagnostics_port(const struct diagnostics *d)
{
	return http_server_port(d->server != NULL ? d->server : d->server6);
}
