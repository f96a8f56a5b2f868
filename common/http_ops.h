/*
 * Inside the two HTTP implementations only: how http.c sends a call of the seam
 * to the network that made the object.
 *
 * Every net, peer, call, server and exchange of an implementation is a struct
 * of its own (struct curl_peer, struct virt_peer: both live in one binary)
 * whose first member is a struct http_object, for exchanges a struct
 * http_exchange_base; pointers to it are handed out cast to struct http_peer
 * and so on. http.c reads nothing but this head.
 */
#ifndef B7_HTTP_OPS_H
#define B7_HTTP_OPS_H

#include "common/http.h"
#include "common/str.h"

/* Most headers differ in their first letter: no call for these. */
static inline bool
http_header_is(const struct http_header *h, const char *name)
{
	return ((h->name[0] ^ name[0]) & ~0x20) == 0 && str_ieq(h->name, name);
}

struct http_ops {
	void (*net_free)(struct http_net *n);
	/* client */
	struct http_peer *(*peer_new)(
	    struct http_net *n, const struct http_peer_opts *o, struct err *e);
	void (*peer_set_tls)(struct http_peer *p, const struct tls_policy *t);
	void (*peer_free)(struct http_peer *p);
	struct http_call *(*start)(
	    struct http_peer *p, const struct http_request *r);
	void (*call_resume)(struct http_call *c);
	void (*cancel)(struct http_call *c);
	/* server */
	struct http_server *(*listen)(struct http_net *n,
	    const struct http_listen_opts *o, struct err *e);
	unsigned (*server_port)(const struct http_server *s);
	void (*server_stop)(struct http_server *s, int64_t grace_us);
	void (*server_free)(struct http_server *s);
	/* exchange */
	void (*collect)(struct http_exchange *x,
	    void (*whole)(
		void *arg, struct http_exchange *x, struct http_bytes body),
	    void *arg);
	void (*sink)(struct http_exchange *x, const struct http_sink *s);
	void (*exchange_resume)(struct http_exchange *x);
	void (*reply)(struct http_exchange *x, int status,
	    const struct http_header *h, size_t n, struct http_bytes body);
	void (*reply_stream)(struct http_exchange *x, int status,
	    const struct http_header *h, size_t n,
	    const struct http_source *src);
	void (*reply_raw)(struct http_exchange *x, struct http_bytes wire,
	    int64_t bytes_per_s, enum http_break then);
};

/* First member of nets, peers, calls and servers. */
struct http_object {
	const struct http_ops *ops;
};

/* First member of an implementation's exchange: what the plain getters of the
 * seam answer, and the gone callback, which the implementation calls. */
struct http_exchange_base {
	const struct http_ops *ops;
	const char *method, *target; /* borrowed from the implementation */
	const struct http_header *headers;
	size_t n_headers;
	struct http_addr local, remote;
	unsigned ordinal; /* of its connection's requests, from 1 */
	const char *client_cn, *client_orgs; /* NULL = no certificate */
	void (*gone)(void *arg);
	void *gone_arg;
};

/* ---- shared rules, so that both networks answer the same ----------------- */

/* Bracketed defaults of struct http_limits put in for 0. */
void http_limits_default(struct http_limits *l);
/* NULL, or what is wrong with the request: method not a token, target not
 * starting with '/' or holding spaces or control bytes, header names that are
 * not tokens or are ours (Host, Content-Length, Transfer-Encoding,
 * Connection, Expect), values with CR, LF or NUL, body and source together. */
const char *http_request_problem(const struct http_request *r);
/* The same for a reply; status 100..999, framing headers are ours. */
const char *http_reply_problem(
    int status, const struct http_header *h, size_t n);
bool http_is_get_or_head(const char *method);
bool http_is_token(const char *s); /* RFC 9110 5.6.2; NULL is none */
/* No body follows such a head (1xx, 204, 304; HEAD). */
bool http_has_no_body(const char *method, int status);
const char *http_reason(int status); /* "Not Found"; never NULL */
/* "Sun, 22 Nov 2026 18:25:00 GMT" */
#define HTTP_DATE_CAP 32
void http_date(char out[HTTP_DATE_CAP], int64_t wall_us);
/* Deep copy of headers in one block; free with xfree. */
struct http_header *http_headers_dup(const struct http_header *h, size_t n);
/* What is wrong with a peer's certificate, as bits 1 << HTTP_E_TLS_x: trust
 * (neither it nor its issuer is in the trust), weakness, name, date, pin (only where
 * the policy has one). For facts; real chains are judged by mbedTLS. */
uint32_t http_tls_problems(const struct tls_policy *t, const char *host,
    const struct tls_facts *f, int64_t wall_s);
/* The TLS problem that decides under policy: HTTP_OK if none does. problems
 * are bits 1 << HTTP_E_TLS_x as in struct tls_peer. */
enum http_err http_tls_verdict(const struct tls_policy *t, uint32_t problems);

#endif
