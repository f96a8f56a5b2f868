/*
 * Inside b7_net only: the network of a real process. The client half lives in
 * http_curl*.c, the server half in http_server.c, http_conn*.c and
 * http_exchange.c.
 */
#ifndef B7_NET_INT_H
#define B7_NET_INT_H

#include <sys/queue.h>

#include "common/http_ops.h"
#include "common/loop.h"

struct event_base;
struct srv;
struct curl_side;

struct real_net {
	struct http_object obj; /* first member */
	struct loop *loop;      /* borrowed */
	struct event_base *base;
	struct entropy ent;
	TAILQ_HEAD(, srv) servers; /* owned */
	struct curl_side *client;  /* owned */
};

static inline struct real_net *
real_net_of(struct http_net *n)
{
	return (struct real_net *)(void *)n;
}

/* client half */
struct curl_side *curl_side_new(struct real_net *n, struct err *e);
void curl_side_free(struct curl_side *s);
struct http_peer *curl_peer_new(
    struct http_net *n, const struct http_peer_opts *o, struct err *e);
void curl_peer_set_tls(struct http_peer *p, const struct tls_policy *t);
void curl_peer_free(struct http_peer *p);
struct http_call *curl_start(struct http_peer *p, const struct http_request *r);
void curl_call_resume(struct http_call *c);
void curl_cancel(struct http_call *c);

/* server half */
struct http_server *srv_listen(
    struct http_net *n, const struct http_listen_opts *o, struct err *e);
unsigned srv_port(const struct http_server *s);
void srv_stop(struct http_server *s, int64_t grace_us);
void srv_free(struct http_server *s);
void exch_collect(struct http_exchange *x,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg);
void exch_sink(struct http_exchange *x, const struct http_sink *s);
void exch_resume(struct http_exchange *x);
void exch_reply(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, struct http_bytes body);
void exch_reply_stream(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, const struct http_source *src);
void exch_reply_raw(struct http_exchange *x, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then);

#endif
