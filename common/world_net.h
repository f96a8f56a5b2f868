/*
 * The in-process network behind http.h. Private to b7_world.
 *
 * A connection has two halves, one in each process, and messages travel
 * between them: whole heads and pieces of bodies instead of packets. A message
 * arrives in the loop of the process it goes to, so that freezing and killing
 * need no special cases; whoever looks at the link at that moment decides
 * whether a partition holds it back.
 *
 *	world_net.c           nets, kill and free, trash, statistics
 *	world_net_route.c     listeners, rules, names
 *	world_net_wire.c      connections, messages, delivery
 *	world_net_blob.c      heads and bodies in one counted block
 *	world_net_peer.c      peers: queue, kept connections
 *	world_net_call.c      calls: deadlines and endings
 *	world_net_client.c    the client's half: handshake, replies
 *	world_net_raw.c       raw replies through http-parser
 *	world_net_out.c       sources: windows, pacing
 *	world_net_server.c    servers: admission, stopping
 *	world_net_exchange.c  exchanges: request bodies, replies
 */
#ifndef B7_WORLD_NET_H
#define B7_WORLD_NET_H

#include <sys/queue.h>

#include "common/buf.h"
#include "common/http_ops.h"
#include "common/map.h"
#include "common/world_core.h"

#define VNET_PIECE 16384  /* at most so much goes to a sink at once */
#define VNET_WINDOW 65536 /* at most so much of a stream is under way */

struct vnet_conn;
struct vnet_half;

/* Objects are freed after the turn in which they ended, so that code that is
 * still on the stack may look at their flags. */
struct vnet_trash {
	struct vnet_trash *next;
	void *object;
	void (*free)(void *object);
};

/* ---- blobs ---------------------------------------------------------------- */

struct vnet_blob {
	unsigned refs;
	int status;                  /* of a reply */
	const char *method, *target; /* of a request */
	const struct http_header *headers;
	size_t n_headers, head_bytes;
	bool close; /* the sender closes after this message */
	const char *body;
	size_t body_n;
};
struct vnet_head {
	int status;
	const char *method, *target;
	const struct http_header *headers, *extra; /* extra come first */
	size_t n_headers, n_extra;
	struct http_bytes body;
};
/* Copies everything into one block with one reference. */
struct vnet_blob *vnet_blob_new(const struct vnet_head *h);
struct vnet_blob *vnet_blob_bytes(const void *p, size_t n);
struct vnet_blob *vnet_blob_ref(struct vnet_blob *b);
void vnet_blob_unref(struct vnet_blob *b); /* NULL is fine */

/* ---- messages and halves -------------------------------------------------- */

enum vnet_kind {
	VNET_OPEN,  /* to the client: the TCP handshake would be over */
	VNET_HELLO, /* to the server: TLS */
	VNET_CERT,  /* to the client: the server's identity */
	VNET_HEAD,  /* a request or a reply */
	VNET_DATA,  /* a piece of a body */
	VNET_RAW,   /* bytes for the client's parser */
	VNET_FIN,
	VNET_RST
};
struct vnet_msg {
	STAILQ_ENTRY(vnet_msg) link;
	int64_t at_us;
	struct vnet_blob *blob; /* owned reference */
	size_t off, end;        /* of the blob's body; DATA and RAW */
	enum vnet_kind kind;
	bool last;   /* the body ends with this message */
	bool inbody; /* came with its head: outside the window */
};

/* What a half sends from a source or, for raw replies, from bytes. */
struct vnet_out {
	struct http_source src;
	bool active, paused;
	int64_t left;  /* of a fixed length; < 0: chunked */
	size_t credit; /* room in the window */
	struct deferred pump;
	/* raw */
	struct vnet_blob *raw; /* owned reference; NULL = a source */
	size_t raw_off;
	int64_t bytes_per_s;
	enum http_break then;
	struct timer pace;
};

struct vnet_half {
	struct vnet_conn *conn;
	struct vnet *net; /* NULL: this side is closed */
	LIST_ENTRY(vnet_half) of_net;
	struct timer rx;
	STAILQ_HEAD(, vnet_msg) msgs;
	int64_t last_at_us;
	bool hold;            /* the application paused: messages wait, ... */
	struct vnet_msg *rst; /* ... but not the client's reset; borrowed */
	bool stalled;         /* a partition holds the messages back */
	TAILQ_ENTRY(vnet_half) of_stalled;
	size_t taken; /* bytes of a stream not yet given back as credit */
	struct vnet_out out;
};

enum vnet_fate {
	VNET_FATE_NONE,
	VNET_FATE_RESET_REQUEST, /* the request does not arrive */
	VNET_FATE_RESET_REPLY,   /* handled; no reply */
	VNET_FATE_RESET_BODY,
	VNET_FATE_TRUNCATE
};

struct vnet_conn {
	struct fabric *fabric;
	struct vnet_route *route; /* counted */
	struct vnet_half cli, srv;
	struct vnet_trash trash;
	bool https, resuming;
	enum vnet_fate fate; /* of the exchange under way */
	uint32_t cut_ppm;    /* where a body is cut */
	/* the client's */
	struct vnet_peer *peer;
	struct vnet_call *call; /* NULL = idle */
	TAILQ_ENTRY(vnet_conn) of_idle;
	bool idle;
	struct timer idle_timer;
	uint64_t policy; /* generation of the peer's TLS policy */
	unsigned requests;
	bool have_tls, server_closes;
	struct tls_peer tls;
	/* the server's */
	struct vnet_server *server; /* NULL = closed */
	uint64_t server_serial;
	LIST_ENTRY(vnet_conn) of_server;
	TAILQ_ENTRY(vnet_conn) of_backlog, of_kept;
	bool admitted, accepted, in_backlog, kept, close_after;
	struct vnet_exchange *x; /* NULL = idle */
	struct http_addr local, remote;
	struct http_manner manner; /* the server's, since its admission */
	unsigned handled;          /* requests */
	struct tls_identity *server_id, *client_id; /* counted */
	bool client_ok; /* client_id was signed by the server's client CA */
	struct timer srv_idle;
	int64_t srv_last_us;
};

void vnet_half_open(struct vnet_half *h, struct vnet_conn *c, struct vnet *net);
/* Drops what waits here; frees the connection when both sides are closed. */
void vnet_half_close(struct vnet_half *h);
struct vnet_half *vnet_half_other(struct vnet_half *h);
/* Sends to half `to`, which keeps the order of its messages. extra_us comes on
 * top of the link's latency. Takes the blob's reference. */
struct vnet_msg *vnet_send(struct vnet_half *to, enum vnet_kind kind,
    struct vnet_blob *blob, int64_t extra_us);
/* Sends FIN or RST from h, then closes h. */
void vnet_half_end(struct vnet_half *h, enum vnet_kind kind);
void vnet_half_resume(struct vnet_half *h);
void vnet_half_drop(struct vnet_half *h); /* forgets the waiting messages */
/* A sink paused on its last bytes: it hears of the end when it resumes. */
void vnet_half_push_end(struct vnet_half *h);
/* The rules changed: partitions that ended let go. */
void vnet_unstall(struct fabric *f);
/* n bytes of a stream were taken at h: the other side may send more. */
void vnet_credit(struct vnet_half *h, size_t n);

/* ---- out ------------------------------------------------------------------ */

void vnet_out_start(struct vnet_half *h, const struct http_source *src);
void vnet_out_start_raw(struct vnet_half *h, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then);
void vnet_out_stop(struct vnet_half *h);
void vnet_out_kick(struct vnet_half *h);   /* the window has room */
void vnet_out_resume(struct vnet_half *h); /* the application has more */

/* ---- routes --------------------------------------------------------------- */

struct vnet_rule {
	struct net_rule r; /* strings owned */
	int id;
	LIST_ENTRY(vnet_rule) link;
};

/* From one process to one "host:port": what decides about its packets. */
struct vnet_route {
	unsigned refs;
	struct fabric *fabric;
	char *from, *host, *hostport;
	uint16_t port;
	bool resolved;
	struct http_addr to;
	char to_text[64];
	struct vnet_server *server; /* valid while listen_gen is the fabric's */
	char *server_name;          /* process; kept when it is gone */
	uint64_t rules_gen, listen_gen;
	const struct net_rule *rule; /* valid while rules_gen is */
	struct rng rng;
};
struct vnet_route *vnet_route_new(
    struct vnet *from, const char *host, uint16_t port);
struct vnet_route *vnet_route_ref(struct vnet_route *r);
void vnet_route_unref(struct vnet_route *r);
/* Looks the name up again; false if there is no such name. */
bool vnet_route_resolve(struct vnet_route *r);
struct vnet_server *vnet_route_server(struct vnet_route *r);
const struct net_rule *vnet_route_rule(struct vnet_route *r);
int64_t vnet_route_delay(struct vnet_route *r); /* one way, with jitter */

void vnet_rule_free(struct vnet_rule *rule); /* and unlinks it */

struct vnet_port {
	uint8_t ip[16]; /* masked */
	unsigned bits;  /* of the mask, 0..128 */
	unsigned first, n;
	struct vnet_server *server;
};

/* ---- the fabric: what all nets of a world share ---------------------------- */

struct fabric {
	struct world *world;
	struct vnet_port *ports; /* owned; sorted by bits, ip, first */
	size_t n_ports, cap_ports;
	unsigned masks[129]; /* how many ports have so many bits */
	uint64_t listen_gen, rules_gen, serial;
	LIST_HEAD(, vnet_rule) rules; /* the newest first */
	int last_rule;
	struct map names;
	TAILQ_HEAD(vnet_stalled, vnet_half) stalled;
	struct vnet_trash *trash;
	unsigned next_port;
	void (*watch)(void *arg, const struct net_event *ev);
	void *watch_arg;
	bool (*gate)(void *arg, const struct net_event *ev);
	void *gate_arg;
	/* What a source fills until it is sent; sources do not nest. */
	char piece[VNET_PIECE];
};
struct fabric *fabric_new(struct world *w);
void fabric_free(struct fabric *f);
void fabric_sweep(struct fabric *f); /* frees the trash */
void fabric_trash(struct fabric *f, struct vnet_trash *t, void *object,
    void (*free_fn)(void *object));
bool fabric_listen(struct fabric *f, const struct vnet_port *p, struct err *e);
void fabric_unlisten(struct fabric *f, const struct vnet_server *s);
struct vnet_server *fabric_find(
    const struct fabric *f, const struct http_addr *a);

/* ---- nets, peers, calls, servers, exchanges -------------------------------- */

struct vnet {
	const struct http_ops *ops;
	struct proc *proc; /* borrowed; the loop lives as long as the net */
	struct fabric *fabric;
	bool dead;
	LIST_HEAD(, vnet_half) halves;
	LIST_HEAD(, vnet_peer) peers;
	LIST_HEAD(, vnet_server) servers;
	unsigned next_port;
	int64_t date_s;
	char date[HTTP_DATE_CAP];
	struct world_net_stats stats;
};
struct vnet *vnet_new(struct fabric *f, struct proc *p);
void vnet_kill(struct vnet *n);
void vnet_free(struct vnet *n);
static inline struct loop *
vnet_loop(const struct vnet *n)
{
	return &n->proc->core;
}
static inline int64_t
vnet_now(const struct vnet *n)
{
	return n->proc->world->now_us;
}

TAILQ_HEAD(vnet_calls, vnet_call);

struct vnet_peer {
	const struct http_ops *ops;
	struct vnet *net;
	LIST_ENTRY(vnet_peer) of_net;
	struct vnet_trash trash;
	bool freed, https;
	char *host, *host_header;
	struct vnet_route *route; /* counted */
	unsigned max_conns;
	int64_t idle_close_us;
	struct tls_policy tls;
	char *server_name;
	uint64_t policy;
	struct vnet_calls queued, running, failed;
	TAILQ_HEAD(vnet_idle, vnet_conn) idle; /* the most recent first */
	unsigned n_running, n_idle;
	/* A TLS session to resume: the server that it was with. */
	bool have_session;
	uint64_t session_serial;
	struct tls_peer session;
};
struct http_peer *vnet_peer_new(
    struct http_net *n, const struct http_peer_opts *o, struct err *e);
void vnet_peer_set_tls(struct http_peer *p, const struct tls_policy *t);
void vnet_peer_free(struct http_peer *p);
void vnet_peer_dispatch(struct vnet_peer *p);
/* The exchange of c is over: keeps c or closes it. */
void vnet_peer_release(struct vnet_conn *c, bool reusable);
void vnet_peer_drop_idle(struct vnet_conn *c);

struct vnet_call {
	const struct http_ops *ops;
	struct vnet_peer *peer;
	struct vnet_calls *in; /* the list of the peer that it is in */
	TAILQ_ENTRY(vnet_call) link;
	struct vnet_trash trash;
	struct vnet_conn *conn; /* NULL while queued */
	bool ended, resent, reused;
	bool request_sent, maybe_executed, may_resend, has_sink, has_source;
	bool in_body;
	struct vnet_blob *req; /* counted */
	struct http_source src;
	struct http_sink sink;
	struct http_limits limits;
	enum http_flow (*head)(
	    void *arg, int status, const struct http_header *h, size_t n);
	bool (*may_leave)(void *arg);
	void (*done)(void *arg, const struct http_result *r);
	void *arg;
	enum http_phase phase;
	struct timer deadline;
	struct timer fail; /* an ending that must wait for the loop */
	enum http_err fail_err;
	const char *fail_why;
	int64_t started_us, conn_us, sent_us, last_us, head_at_us;
	/* the reply */
	struct vnet_blob *reply; /* counted */
	struct vnet_raw *raw;    /* owned; NULL = not a raw reply */
	int status;
	const struct http_header *headers;
	size_t n_headers;
	const char *whole; /* a body that came in one piece; in reply */
	size_t whole_n;
	struct buf body;
};
struct http_call *vnet_call_start(
    struct http_peer *p, const struct http_request *r);
void vnet_call_resume(struct http_call *c);
void vnet_call_cancel(struct http_call *c);
/* Moves c to a list of its peer; NULL = to none. */
void vnet_call_move(struct vnet_call *c, struct vnet_calls *to, bool first);
void vnet_call_drop(struct vnet_call *c); /* silent end; closes its conn */
/* Ends c after so long, so that no callback runs inside its cause. */
void vnet_call_fail(
    struct vnet_call *c, enum http_err err, const char *why, int64_t after_us);
/* why: text in which %s stands for the destination; NULL = none. */
void vnet_call_end(struct vnet_call *c, enum http_err err, const char *why);
/* Copies why, with the destination for its %s. */
void vnet_why(char *out, size_t cap, const char *why, const char *to);
void vnet_call_deadline(struct vnet_call *c); /* after a change of phase */
bool vnet_call_head(struct vnet_call *c, int status,
    const struct http_header *h, size_t n); /* false: c ended */
bool vnet_call_body(struct vnet_call *c, const char *p, size_t n, bool last);
void vnet_client_open(struct vnet_call *c); /* on a fresh connection */
void vnet_client_send(struct vnet_call *c); /* on c->conn, which is ready */
void vnet_client_rx(struct vnet_conn *c, struct vnet_msg *m);
void vnet_client_sent(struct vnet_call *c); /* the source has ended */

struct vnet_raw *vnet_raw_new(struct vnet_call *c);
void vnet_raw_free(struct vnet_raw *r);
/* Feeds bytes; n == 0: the connection was closed in order. False: c ended. */
bool vnet_raw_feed(struct vnet_raw *r, const char *p, size_t n);

struct vnet_server {
	const struct http_ops *ops;
	struct vnet *net;
	LIST_ENTRY(vnet_server) of_net;
	struct vnet_trash trash;
	struct http_listen_opts o; /* addr is not kept */
	uint64_t serial;
	bool stopped, freed;
	unsigned port, n_conns;
	LIST_HEAD(, vnet_conn) conns;
	TAILQ_HEAD(, vnet_conn)
	backlog, kept; /* kept: idle for longest first */
	LIST_HEAD(, vnet_exchange) exchanges;
	struct timer grace;
};
struct http_server *vnet_listen(
    struct http_net *n, const struct http_listen_opts *o, struct err *e);
unsigned vnet_server_port(const struct http_server *s);
void vnet_server_stop(struct http_server *s, int64_t grace_us);
void vnet_server_free(struct http_server *s);
/* A client's TCP handshake: connects c's other half. */
void vnet_server_connect(struct vnet_server *s, struct vnet_conn *c);
void vnet_server_drop(struct vnet_conn *c); /* c leaves its server */
void vnet_server_rx(struct vnet_conn *c, struct vnet_msg *m);
/* May the server see m now? If not, its half is on hold. */
bool vnet_server_ready(struct vnet_conn *c, const struct vnet_msg *m);
/* Something moved on c, or c begins to wait for its client. */
void vnet_server_touch(struct vnet_conn *c);
/* An exchange of c ended in order. */
void vnet_server_release(struct vnet_conn *c);

enum vnet_body {
	VNET_BODY_UNDECIDED,
	VNET_BODY_COLLECT,
	VNET_BODY_SINK,
	VNET_BODY_DISCARD
};
struct vnet_exchange {
	struct http_exchange_base base; /* first */
	struct vnet_conn *conn; /* NULL: it is gone, the owner still holds x */
	struct vnet_server *server;
	LIST_ENTRY(vnet_exchange) of_server;
	struct vnet_trash trash;
	struct vnet_blob *req; /* counted */
	enum vnet_body mode;
	bool body_done, streaming, ended;
	void (*whole)(
	    void *arg, struct http_exchange *x, struct http_bytes body);
	void *whole_arg;
	struct http_sink sink;
	struct buf body;
	struct deferred work;
};
void vnet_exchange_new(struct vnet_conn *c, struct vnet_msg *m);
void vnet_exchange_free(struct vnet_exchange *x); /* silent */
void vnet_exchange_gone(struct vnet_exchange *x); /* the client went */
void vnet_exchange_body(
    struct vnet_exchange *x, const char *p, size_t n, bool last);
void vnet_exchange_collect(struct http_exchange *x,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg);
void vnet_exchange_sink(struct http_exchange *x, const struct http_sink *s);
void vnet_exchange_resume(struct http_exchange *x);
void vnet_exchange_reply(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, struct http_bytes body);
void vnet_exchange_reply_stream(struct http_exchange *x, int status,
    const struct http_header *h, size_t n, const struct http_source *src);
void vnet_exchange_reply_raw(struct http_exchange *x, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then);
/* A streamed or raw reply has ended. */
void vnet_exchange_sent(struct vnet_exchange *x);

#endif
