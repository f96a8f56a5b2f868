#include "common/http.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/http_ops.h"
#include "common/str.h"

/* ---- to the implementation ------------------------------------------------ */

static const struct http_ops *
ops_of(const void *object)
{
	return ((const struct http_object *)object)->ops;
}

static const struct http_exchange_base *
base_of(const struct http_exchange *x)
{
	return (const struct http_exchange_base *)(const void *)x;
}

void
http_net_free(struct http_net *n)
{
	if (n)
		ops_of(n)->net_free(n);
}

struct http_peer *
http_peer_new(struct http_net *n, const struct http_peer_opts *o, struct err *e)
{
	return ops_of(n)->peer_new(n, o, e);
}

void
http_peer_set_tls(struct http_peer *p, const struct tls_policy *t)
{
	ops_of(p)->peer_set_tls(p, t);
}

void
http_peer_free(struct http_peer *p)
{
	if (p)
		ops_of(p)->peer_free(p);
}

struct http_call *
http_start(struct http_peer *p, const struct http_request *r)
{
	return ops_of(p)->start(p, r);
}

void
http_call_resume(struct http_call *c)
{
	ops_of(c)->call_resume(c);
}

void
http_cancel(struct http_call *c)
{
	if (c)
		ops_of(c)->cancel(c);
}

struct http_server *
http_listen(struct http_net *n, const struct http_listen_opts *o, struct err *e)
{
	return ops_of(n)->listen(n, o, e);
}

unsigned
http_server_port(const struct http_server *s)
{
	return ops_of(s)->server_port(s);
}

void
http_server_stop(struct http_server *s, int64_t grace_us)
{
	ops_of(s)->server_stop(s, grace_us);
}

void
http_server_free(struct http_server *s)
{
	if (s)
		ops_of(s)->server_free(s);
}

void
http_exchange_collect(struct http_exchange *x,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg)
{
	ops_of(x)->collect(x, whole, arg);
}

void
http_exchange_sink(struct http_exchange *x, const struct http_sink *s)
{
	ops_of(x)->sink(x, s);
}

void
http_exchange_resume(struct http_exchange *x)
{
	ops_of(x)->exchange_resume(x);
}

void
http_reply(struct http_exchange *x, int status, const struct http_header *h,
    size_t n, struct http_bytes body)
{
	ops_of(x)->reply(x, status, h, n, body);
}

void
http_reply_stream(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, const struct http_source *src)
{
	ops_of(x)->reply_stream(x, status, h, n, src);
}

void
http_reply_raw(struct http_exchange *x, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then)
{
	ops_of(x)->reply_raw(x, wire, bytes_per_s, then);
}

/* ---- exchanges: plain getters --------------------------------------------- */

const char *
http_exchange_method(const struct http_exchange *x)
{
	return base_of(x)->method;
}

const char *
http_exchange_target(const struct http_exchange *x)
{
	return base_of(x)->target;
}

const char *
http_exchange_header(const struct http_exchange *x, const char *name)
{
	const struct http_exchange_base *b = base_of(x);

	return http_header_get(b->headers, b->n_headers, name);
}

const struct http_addr *
http_exchange_local(const struct http_exchange *x)
{
	return &base_of(x)->local;
}

const struct http_addr *
http_exchange_remote(const struct http_exchange *x)
{
	return &base_of(x)->remote;
}

unsigned
http_exchange_ordinal(const struct http_exchange *x)
{
	return base_of(x)->ordinal;
}

const char *
http_exchange_client_cn(const struct http_exchange *x)
{
	return base_of(x)->client_cn;
}

const char *
http_exchange_client_orgs(const struct http_exchange *x)
{
	return base_of(x)->client_orgs;
}

void
http_exchange_on_gone(
    struct http_exchange *x, void (*gone)(void *arg), void *arg)
{
	struct http_exchange_base *b = (struct http_exchange_base *)(void *)x;

	b->gone = gone;
	b->gone_arg = arg;
}

/* ---- values --------------------------------------------------------------- */

const char *
http_err_name(enum http_err e)
{
	static const char *const names[] = {
		[HTTP_OK] = "ok",
		[HTTP_E_RESOLVE] = "resolve",
		[HTTP_E_CONNECT] = "connect",
		[HTTP_E_TLS] = "tls",
		[HTTP_E_TLS_TRUST] = "tls-trust",
		[HTTP_E_TLS_NAME] = "tls-name",
		[HTTP_E_TLS_DATE] = "tls-date",
		[HTTP_E_TLS_WEAK] = "tls-weak",
		[HTTP_E_TLS_PIN] = "tls-pin",
		[HTTP_E_TLS_VERSION] = "tls-version",
		[HTTP_E_TLS_NEWER] = "tls-newer",
		[HTTP_E_RESET] = "reset",
		[HTTP_E_EOF] = "eof",
		[HTTP_E_PROTO] = "proto",
		[HTTP_E_TOO_BIG] = "too-big",
		[HTTP_E_DEADLINE] = "deadline",
		[HTTP_E_ABORT] = "abort",
	};

	return (size_t)e < sizeof names / sizeof *names ? names[e] : "unknown";
}

const char *
http_phase_name(enum http_phase p)
{
	static const char *const names[] = {
		[HTTP_P_QUEUED] = "queued",
		[HTTP_P_RESOLVE] = "resolve",
		[HTTP_P_CONNECT] = "connect",
		[HTTP_P_TLS] = "tls",
		[HTTP_P_SEND] = "send",
		[HTTP_P_HEAD] = "head",
		[HTTP_P_BODY] = "body",
	};

	return (size_t)p < sizeof names / sizeof *names ? names[p] : "unknown";
}

const char *
http_header_get(const struct http_header *h, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (http_header_is(&h[i], name))
			return h[i].value;
	return NULL;
}

static enum err_kind
kind_of_err(enum http_err e)
{
	switch (e) {
	case HTTP_E_RESOLVE:
	case HTTP_E_CONNECT:
	case HTTP_E_RESET:
	case HTTP_E_EOF:
		return ERR_NET;
	case HTTP_E_TLS:
	case HTTP_E_TLS_TRUST:
	case HTTP_E_TLS_NAME:
	case HTTP_E_TLS_DATE:
	case HTTP_E_TLS_WEAK:
	case HTTP_E_TLS_PIN:
	case HTTP_E_TLS_VERSION:
	case HTTP_E_TLS_NEWER:
		return ERR_TLS;
	case HTTP_E_PROTO:
		return ERR_PROTO;
	case HTTP_E_TOO_BIG:
		return ERR_TOO_BIG;
	case HTTP_E_DEADLINE:
		return ERR_TIMEOUT;
	case HTTP_E_ABORT:
	case HTTP_OK:
		break;
	}
	return ERR_INTERNAL;
}

static enum err_kind
kind_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
		return ERR_AUTH;
	case 404:
	case 410:
		return ERR_NOTFOUND;
	case 409:
	case 412:
		return ERR_CONFLICT;
	case 408:
		return ERR_TIMEOUT;
	case 425:
	case 429:
		return ERR_BUSY;
	default:
		break;
	}
	if (status >= 500)
		return ERR_BUSY;
	/* Redirects are the caller's business; left over, they are a breach. */
	return status >= 400 ? ERR_REFUSED : ERR_PROTO;
}

bool
http_result_err(const struct http_result *r, struct err *e)
{
	if (r->err != HTTP_OK)
		return err_set(e, kind_of_err(r->err), r->status, "%s (%s, %s)",
		    r->why[0] ? r->why : "request failed",
		    http_err_name(r->err), http_phase_name(r->phase));
	if (r->status >= 200 && r->status <= 299)
		return true;
	return err_set(e, kind_of_status(r->status), r->status, "HTTP %d %s",
	    r->status, http_reason(r->status));
}

/* ---- addresses ------------------------------------------------------------ */

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

void
http_addr_text(const struct http_addr *a, char out[64])
{
	char ip[INET6_ADDRSTRLEN] = "";

	if (memcmp(a->ip, v4_mapped, sizeof v4_mapped) == 0)
		(void)str_format(out, 64, "%u.%u.%u.%u:%u", a->ip[12],
		    a->ip[13], a->ip[14], a->ip[15], a->port);
	else if (inet_ntop(AF_INET6, a->ip, ip, sizeof ip))
		(void)str_format(out, 64, "[%s]:%u", ip, a->port);
	else
		out[0] = '\0';
}

bool
http_addr_ip_parse(struct http_addr *a, const char *ip, uint16_t port)
{
	struct http_addr r = { .port = port };

	if (str_empty(ip))
		return false;
	memcpy(r.ip, v4_mapped, sizeof v4_mapped);
	if (inet_pton(AF_INET, ip, r.ip + 12) != 1 &&
	    inet_pton(AF_INET6, ip, r.ip) != 1)
		return false;
	*a = r;
	return true;
}
