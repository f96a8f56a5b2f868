/*
 * Inside the real server only. A server has connections; a connection has at
 * most one exchange at a time, later pipelined requests wait in its input.
 *
 * Lifetimes: everything that calls out holds the connection by conn_enter and
 * conn_leave; conn_close only marks it while held. An exchange outlives its
 * connection until its handler replied or was told by `gone`.
 */
#ifndef B7_HTTP_SERVER_INT_H
#define B7_HTTP_SERVER_INT_H

#include <http_parser.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/net_int.h"

struct event;
struct evbuffer;

#define SRV_READ_MAX (16u << 10)     /* unparsed input of a connection */
#define SRV_OUT_MAX (64u << 10)      /* a stream is pulled below this */
#define SRV_DISCARD_MAX (256u << 10) /* a refused body up to this is read */

struct listener {
	struct srv *srv;
	int fd;
	struct event *ev;
};

struct srv {
	struct http_object obj; /* first member */
	struct real_net *net;   /* borrowed */
	TAILQ_ENTRY(srv) in_net;
	struct http_listen_opts o;
	struct http_addr first;     /* of the block */
	struct listener *listeners; /* owned */
	size_t n_listeners;
	unsigned port;
	char *unix_path; /* owned; removed with the listener; NULL = none */
	bool stopping, accepting;
	bool dead;     /* freed while busy: its memory waits */
	unsigned busy; /* loops of ours that call out */
	struct timer accept_again, grace;
	TAILQ_HEAD(, conn) conns, idle; /* owned; idle is a subset */
	TAILQ_HEAD(, exch) exchanges;
	size_t n_conns;
	mbedtls_ssl_ticket_context tickets;
	bool has_tickets;
	int64_t date_s; /* second that `date` shows */
	char date[HTTP_DATE_CAP];
};

/* http_server_unix.c: a listening socket that only its owner may connect to; a
 * name that nobody listens on any more is taken over. -1 with e. */
int srv_unix_open(const char *path, struct err *e);
void srv_unix_close(struct srv *s); /* takes the name away, if it has one */

enum conn_state {
	CONN_SNIFF, /* a TLS port: is it TLS at all? */
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_MUTE,   /* says nothing until the peer closes */
	CONN_LINGER, /* all said; reads until the peer closes */
	CONN_DEAD
};

enum conn_wait {
	WAIT_NONE,
	WAIT_HANDSHAKE, /* connect_us */
	WAIT_REQUEST,   /* idle_us: a kept connection between requests */
	WAIT_HEAD,      /* head_us, from the first byte */
	WAIT_BODY,      /* idle_us between two pieces */
	WAIT_CLOSE
};

struct conn_tls {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config conf;
	struct tls_identity *identity; /* counted */
	uint8_t ticket_tag[8]; /* of the identity: tickets stay with it */
	size_t said;           /* of a handshake that will stall */
	bool stalled;
	size_t unsent; /* length of a write that must be repeated as it was */
};

struct conn {
	struct srv *srv; /* borrowed */
	TAILQ_ENTRY(conn) in_srv, in_idle;
	int fd;
	enum conn_state state;
	unsigned busy;
	enum conn_wait waits; /* what t_in is for */
	bool is_idle, readable, eof, close_after, redirect, want_write;
	bool reading, writing; /* which events are on */
	struct event *ev_r, *ev_w;
	struct evbuffer *in, *out;
	struct conn_tls *tls; /* NULL = plain */
	struct http_addr local, remote;
	struct http_manner manner;
	unsigned requests;
	bool cut;                      /* no close_notify at the end */
	char *client_cn, *client_orgs; /* owned */
	struct timer t_in, t_out;
	struct deferred kick;
	/* the request that is being read */
	http_parser parser;
	struct buf head; /* target, name, value, name ... with NULs */
	size_t n_strings;
	bool in_value;
	bool head_done; /* complete, but its exchange is not made yet */
	struct exch *x; /* owned while attached */
	uint64_t wire_n, body_n; /* of this request: all bytes, body bytes */
	int64_t request_at_us;
	size_t lingered;
};

enum exch_body {
	BODY_WAIT,
	BODY_COLLECT,
	BODY_SINK,
	BODY_DISCARD
};
enum exch_reply {
	REPLY_NONE,
	REPLY_STREAM,
	REPLY_RAW,
	REPLY_DONE
};

struct exch {
	struct http_exchange_base base; /* first member */
	struct srv *srv;                /* NULL: server is gone */
	struct conn *conn;              /* NULL: client is gone */
	TAILQ_ENTRY(exch) in_srv;
	char *block; /* owned: strings of the head */
	bool is_head, http10, keep_1_0, expects, has_body, body_done;
	uint64_t body_length; /* UINT64_MAX: chunked */
	/* request body */
	enum exch_body mode;
	bool sink_paused;
	void (*whole)(
	    void *arg, struct http_exchange *x, struct http_bytes body);
	void *whole_arg;
	bool whole_due; /* collected, not yet told */
	struct buf body;
	struct http_sink sink;
	/* reply */
	enum exch_reply reply;
	struct http_source src;
	bool src_paused, chunked;
	int64_t src_left;
	char *raw; /* owned */
	size_t raw_n, raw_at;
	int64_t raw_rate;
	enum http_break raw_then;
	struct timer raw_t;
};

static inline struct exch *
exch_of(struct http_exchange *x)
{
	return (struct exch *)(void *)x;
}

/* http_server.c */
/* A connection ended or idles: a full server may accept again. */
void srv_room(struct srv *s);
const char *srv_date(struct srv *s);

/* http_conn.c */
void conn_new(struct srv *s, int fd, const struct http_addr *local,
    const struct http_addr *remote);
void conn_enter(struct conn *c);
void conn_leave(struct conn *c);
/* Ends it at once; reset: with a TCP RST. Tells a waiting handler. */
void conn_close(struct conn *c, bool reset);
/* Runs the connection soon, from the loop. */
void conn_kick(struct conn *c);
/* A piece of the body came: the wait for the next one begins. */
void conn_body_progress(struct conn *c);

/* http_conn_tls.c */
bool conn_tls_start(struct conn *c);
void conn_tls_free(struct conn *c);
/* 1 done, 0 not yet, -1 failed. */
int conn_tls_handshake(struct conn *c);
/* As read(2)/write(2); 0 = end; -1 with errno EAGAIN = not now. */
long conn_tls_read(struct conn *c, void *p, size_t n);
long conn_tls_write(struct conn *c);
bool conn_tls_pending(const struct conn *c);

/* http_conn_parse.c */
void conn_parse_begin(struct conn *c); /* the next request */
/* Feeds the parser while it may go on. */
void conn_parse(struct conn *c);
/* A short reply of our own, then the connection ends. */
void conn_refuse(struct conn *c, int status, const char *why);

/* http_exchange.c */
/* Makes the exchange of the head that c has read, attached to c. */
struct exch *exch_new(struct conn *c);
void exch_free(struct exch *x);
/* The connection is gone. */
void exch_detach(struct exch *x, bool tell);
/* Adds to the output what the source or the raw reply has to give. */
enum exch_step {
	STEP_IDLE,
	STEP_MORE,
	STEP_RESET,
	STEP_FIN,
	STEP_CUT
};
enum exch_step exch_pump(struct exch *x);
/* A piece of the body, and its end. */
enum http_flow exch_body(struct exch *x, const char *p, size_t n);
void exch_body_end(struct exch *x);
/* Tells the collected body, once, outside of the parser. */
void exch_tell_whole(struct exch *x);
/* Whether the parser may go on with the body. */
bool exch_wants_body(const struct exch *x);

/* http_reply.c */
struct reply_head {
	int status;
	const struct http_header *h;
	size_t n;
	int64_t length; /* < 0: unknown */
	bool chunked, close, keep_1_0, no_length;
};
void reply_head_write(
    struct evbuffer *out, const char *date, const struct reply_head *r);

#endif
