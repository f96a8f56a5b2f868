/*
 * The HTTP seam: HTTP/1.1, both sides, over whatever network a process has.
 *
 * Callbacks run only from the loop, never inside the call that caused them and
 * never after cancel, abort or free. Strings and bytes given to callbacks are
 * borrowed for the duration of the call. Strings given to functions are copied
 * or used before they return, unless a field says otherwise.
 */
#ifndef B7_HTTP_H
#define B7_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/tls.h"

struct env;
struct loop;

struct http_header {
	const char *name, *value;
};
struct http_bytes {
	const void *p;
	size_t n;
};
enum http_flow {
	HTTP_MORE,
	HTTP_PAUSE,
	HTTP_END,
	HTTP_ABORT
};
/* A sink takes all of b (n == 0: the end); after HTTP_PAUSE nothing comes
 * until ..._resume(); at most 64 KiB wait meanwhile. */
struct http_sink {
	enum http_flow (*data)(void *arg, struct http_bytes b);
	void *arg;
};
/* A source is asked for at most cap bytes when the wire has room; HTTP_PAUSE
 * until ..._resume(); HTTP_END with the last bytes (n may be 0). */
struct http_source {
	enum http_flow (*pull)(void *arg, void *out, size_t cap, size_t *n);
	void *arg;
	int64_t length; /* < 0: chunked */
};

enum http_err {
	HTTP_OK,
	HTTP_E_RESOLVE,
	HTTP_E_CONNECT,
	HTTP_E_TLS,         /* handshake broke */
	HTTP_E_TLS_TRUST,   /* not signed by a trusted CA */
	HTTP_E_TLS_NAME,    /* signed for another name */
	HTTP_E_TLS_DATE,    /* expired or not yet valid */
	HTTP_E_TLS_WEAK,    /* signed with SHA-1, or a short key */
	HTTP_E_TLS_PIN,     /* another key than the pinned one */
	HTTP_E_TLS_VERSION, /* peer offers only versions below the minimum */
	HTTP_E_TLS_NEWER,   /* peer refuses all that we speak: 1.3 only */
	HTTP_E_RESET,
	HTTP_E_EOF, /* closed before the response was complete */
	HTTP_E_PROTO,
	HTTP_E_TOO_BIG,
	HTTP_E_DEADLINE, /* of any limit; the phase tells which */
	HTTP_E_ABORT     /* a sink or source said HTTP_ABORT */
};
enum http_phase {
	HTTP_P_QUEUED,
	HTTP_P_RESOLVE,
	HTTP_P_CONNECT,
	HTTP_P_TLS,
	HTTP_P_SEND,
	HTTP_P_HEAD,
	HTTP_P_BODY
};
const char *http_err_name(enum http_err e);     /* "tls-pin" */
const char *http_phase_name(enum http_phase p); /* "connect" */

/* 0 = the default in brackets; HTTP_NO_LIMIT = none (watches, SSE). */
#define HTTP_NO_LIMIT (-1)
struct http_limits {
	int64_t connect_us; /* [10 s] resolve, connect and TLS together */
	int64_t head_us;    /* [30 s] from sent request to complete head */
	int64_t idle_us;    /* [30 s] between two pieces of a body */
	int64_t total_us;   /* [120 s] */
	size_t head_max;    /* [64 KiB] */
	size_t body_max;    /* [4 MiB] */
};

/* ---- the network of a process ------------------------------------------ */

struct http_net;
/* Sockets, TLS, evdns. The process name is for messages. */
struct http_net *http_net_real_new(
    struct loop *l, struct entropy ent, struct err *e);
void http_net_free(struct http_net *n);
/* Asks these servers instead of those of /etc/resolv.conf: a list of
 * ADDRESS[:PORT] with commas. Before the first call; ERR_SPEC names a bad one,
 * at most HTTP_DNS_SERVERS are taken. */
#define HTTP_DNS_SERVERS 8
bool http_net_real_dns(struct loop *l, const char *servers, struct err *e);

/* ---- client ------------------------------------------------------------- */

struct http_call;
/* One origin with one policy (one BMC, one API server): the unit of
 * accounting. At most max_conns calls run, others wait in order. */
struct http_peer;
struct http_peer_opts {
	const char *base; /* "https://host:port"; a path is refused */
	struct tls_policy tls;
	unsigned max_conns;    /* 0 = 1 */
	int64_t idle_close_us; /* keep an idle connection so long; 0 = close */
};
struct http_peer *http_peer_new(
    struct http_net *n, const struct http_peer_opts *o, struct err *e);
/* Closes idle connections, forgets TLS sessions. */
void http_peer_set_tls(struct http_peer *p, const struct tls_policy *t);
void http_peer_free(struct http_peer *p); /* cancels its calls, silently */

struct http_result {
	enum http_err err;
	enum http_phase phase; /* where it ended */
	char why[160]; /* for people: "connection refused by 10.0.0.1:443" */
	int status;    /* 0 = no head came */
	/* false: no byte of the request left us. Decides whether a Reset may be
	 * repeated. */
	bool maybe_executed;
	const struct http_header *headers;
	size_t n_headers;
	struct http_bytes body;     /* collected; empty where a sink took it */
	const struct tls_peer *tls; /* NULL: no handshake was completed */
	int64_t started_us, head_at_us, done_us;
};
struct http_request {
	const char *method;
	const char *target;                /* path and query */
	const struct http_header *headers; /* Host and framing are ours */
	size_t n_headers;
	struct http_bytes body;           /* copied */
	const struct http_source *source; /* instead of body; copied */
	struct http_limits limits;
	/* GET, HEAD only: once more if a kept connection proves dead. All else
	 * takes a fresh connection: a re-sent POST would execute twice. */
	bool may_resend;
	/* NULL or asked with arg when the connection stands, right before the
	 * first byte of the request leaves: false, and none does (HTTP_E_ABORT,
	 * not executed). Connecting may take longer than a permit lasts. */
	bool (*may_leave)(void *arg);
	/* The reply comes in small pieces, with long silence between them (an
	 * event stream): the client's buffers are small. */
	bool trickles;
	/* NULL or called once with the head, before any body. */
	enum http_flow (*head)(
	    void *arg, int status, const struct http_header *h, size_t n);
	const struct http_sink *sink; /* copied; NULL: collect up to body_max */
	void (*done)(void *arg, const struct http_result *r);
	void *arg;
};
/* done runs exactly once unless cancelled. Never fails: bad input ends in
 * done with HTTP_E_PROTO. */
struct http_call *http_start(struct http_peer *p, const struct http_request *r);
void http_call_resume(struct http_call *c);
void http_cancel(struct http_call *c); /* silent; closes its connection */
/* Header by name, case folded; NULL if absent. */
const char *http_header_get(
    const struct http_header *h, size_t n, const char *name);
/* Fills e from a result that is not a 2xx: kind by error and status. */
bool http_result_err(const struct http_result *r, struct err *e);

/* ---- server ------------------------------------------------------------- */

struct http_server;
struct http_exchange;
struct http_addr {
	uint8_t ip[16]; /* v4 mapped */
	uint16_t port;
};
void http_addr_text(const struct http_addr *a, char out[64]); /* "1.2.3.4:5" */
bool http_addr_ip_parse(struct http_addr *a, const char *ip, uint16_t port);

/*
 * How a server behaves below HTTP, for simulators of bad ones. All zero: as it
 * should.
 */
enum http_mute {
	HTTP_SPEAKS,
	HTTP_SILENT, /* accepted, and nothing is ever said */
	HTTP_STALLS  /* silent after the first bytes of its TLS handshake */
};
struct http_manner {
	enum http_mute mute;
	enum tls_version min, max; /* 0 = the server's, and the newest */
	bool weak_cipher;          /* offers only suites without encryption */
	uint8_t alert;             /* said in place of a handshake; 0 = none */
	bool once;        /* a connection serves one request, as it says */
	bool no_continue; /* 100 Continue is never said (sockets only) */
};

struct http_listen_opts {
	/* "127.0.0.1"; a block's first; "/run/x.sock", 0600: real nets only */
	const char *addr;
	unsigned prefix;    /* 0 = this address only, else the CIDR prefix */
	unsigned port;      /* 0 = any free one */
	unsigned n_ports;   /* 0 = 1; a range starting at port */
	unsigned max_conns; /* 0 = 1024 */
	/* NULL = plain HTTP. Asked per connection; NULL answer: refuse. The
	 * connection takes a reference of its own. */
	struct tls_identity *(*identity)(
	    void *arg, const struct http_addr *local);
	struct tls_trust *client_ca; /* asks for certificates; borrowed */
	/* A connection came (before TLS): false = reset it. NULL = accept. */
	bool (*accept)(void *arg, const struct http_addr *local,
	    const struct http_addr *remote);
	/* One that was accepted is over; not told when the server is freed.
	 * NULL = nobody is told. */
	void (*closed)(void *arg, const struct http_addr *local);
	/* Asked once of an accepted connection; NULL = all zero. */
	void (*manner)(
	    void *arg, const struct http_addr *local, struct http_manner *m);
	/* The head is complete; the body is not read yet. */
	void (*handle)(void *arg, struct http_exchange *x);
	void *arg;
	struct http_limits limits; /* head_us: from the first byte, absolute */
	enum tls_version min_version;
	/* HTTP/1.1 without a Host header is served, not refused: firmware. */
	bool hostless;
};
struct http_server *http_listen(
    struct http_net *n, const struct http_listen_opts *o, struct err *e);
unsigned http_server_port(const struct http_server *s);
/* Stops accepting, drops idle connections, lets replies finish for grace_us,
 * then resets. free without stop resets all. */
void http_server_stop(struct http_server *s, int64_t grace_us);
void http_server_free(struct http_server *s);

/* All borrowed until x ended. */
const char *http_exchange_method(const struct http_exchange *x);
const char *http_exchange_target(const struct http_exchange *x);
const char *http_exchange_header(
    const struct http_exchange *x, const char *name);
const struct http_addr *http_exchange_local(const struct http_exchange *x);
const struct http_addr *http_exchange_remote(const struct http_exchange *x);
/* 1 = the first request of its connection. */
unsigned http_exchange_ordinal(const struct http_exchange *x);
/* Of a verified client certificate: common name and organizations (comma
 * separated); NULL without one. */
const char *http_exchange_client_cn(const struct http_exchange *x);
const char *http_exchange_client_orgs(const struct http_exchange *x);
/* Collects the body up to body_max, else answers 413 and never calls whole. */
void http_exchange_collect(struct http_exchange *x,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg);
void http_exchange_sink(struct http_exchange *x, const struct http_sink *s);
void http_exchange_resume(struct http_exchange *x); /* sink or source */
/* The client went away before the reply was complete; x ends with it. */
void http_exchange_on_gone(
    struct http_exchange *x, void (*gone)(void *arg), void *arg);
/* Exactly one of the next three ends x. Date, framing and Connection headers
 * are added; HEAD and 204/304 send no body. `raw` is for faults: lost reply
 * (empty, HTTP_RST), truncation, trickle. */
void http_reply(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, struct http_bytes body);
void http_reply_stream(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, const struct http_source *src);
enum http_break {
	HTTP_FIN,
	HTTP_RST,
	HTTP_HANG,
	HTTP_CUT /* FIN without TLS's close_notify */
};
void http_reply_raw(struct http_exchange *x, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then);

#endif
