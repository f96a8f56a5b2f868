/*
 * Inside the real client only. Every peer with something to do has a curl
 * multi handle of its own: its connections are never shared with another
 * policy, and dropping the handle is how idle ones are closed.
 *
 * Lifetimes: whatever may end in a callback of the user's holds the peer by
 * cpeer_enter and cpeer_leave. Inside curl nothing is removed: calls that end
 * there become zombies until cpeer_leave.
 */
#ifndef B7_HTTP_CURL_INT_H
#define B7_HTTP_CURL_INT_H

#include <curl/curl.h>
#include <mbedtls/ssl.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/net_int.h"
#include "common/tls_int.h"

#define CURL_POOL 32
#define CURL_HANDSHAKES 16 /* at once: more only stalls the loop */

TAILQ_HEAD(ccall_list, ccall);
struct resolver;
struct resolve_job;
struct event;

struct curl_side {
	struct real_net *net;     /* borrowed */
	struct tls_trust *system; /* loaded at first use */
	CURL *pool[CURL_POOL];
	size_t n_pool;
	struct ccall_list gate; /* wait for one of the handshakes */
	unsigned handshakes;
	struct deferred open_gate;
	TAILQ_HEAD(, cpeer) peers;
};

struct csock {
	struct cpeer *peer;
	struct event *ev; /* owned */
	curl_socket_t fd;
	TAILQ_ENTRY(csock) in_peer;
};

struct cpeer {
	struct http_object obj; /* first member */
	struct curl_side *side; /* borrowed */
	TAILQ_ENTRY(cpeer) in_side;
	bool https;
	uint16_t port;
	char *host, *base; /* owned */
	char *where;       /* owned; "host:port" for messages */
	struct tls_policy tls;
	char *server_name; /* owned; what tls.server_name points at */
	unsigned max_conns, n_running;
	int64_t idle_close_us;
	struct ccall_list waiting, running, zombies; /* owned */
	CURLM *multi;
	TAILQ_HEAD(, csock) socks; /* owned */
	struct timer curl_t, idle_t;
	struct deferred pump;
	unsigned busy;
	bool dead;
	bool stale; /* connections of a former policy are about */
	bool kept;  /* an idle connection is probably there */
	/* addresses of a name, comma separated; NULL = ask */
	char *addrs; /* owned */
	int64_t addrs_until_us;
	/* the last full handshake, for resumption */
	uint8_t *session; /* owned */
	size_t session_n;
	uint32_t session_problems;
	int64_t session_from_s, session_to_s;
};

enum ccall_state {
	CALL_WAITING, /* for its turn at the peer */
	CALL_GATED,   /* for a handshake */
	CALL_RESOLVING,
	CALL_RUNNING, /* in curl */
	CALL_ENDED    /* done is being called */
};

/* One handshake as it is watched. */
struct ctls {
	mbedtls_ssl_context *ssl; /* borrowed; NULL = none under way */
	mbedtls_ssl_send_t *send;
	mbedtls_ssl_recv_t *recv;
	void *bio;
	uint8_t record[5]; /* header of the record that is coming */
	uint8_t alert;     /* description of a fatal alert, else 0 */
	bool verified;     /* certificates were shown: not resumed */
	bool offered;      /* a session was offered */
	uint32_t problems;
	enum http_err verdict;
	char seen[80];           /* whose certificate, for messages */
	char weak[TLS_WEAK_CAP]; /* in what way it is weak */
	char key[65];            /* its fingerprint, if that is what is wrong */
};

/* A limit of the peer's: time in which we did not run does not count. */
struct climit {
	struct timer t;
	struct ccall *call; /* borrowed */
	int64_t us, stalled_us;
};

struct ccall {
	struct http_object obj; /* first member */
	struct cpeer *peer;     /* borrowed */
	TAILQ_ENTRY(ccall) in_peer, in_gate;
	enum ccall_state state;
	bool silent; /* cancelled: no callback any more */
	bool zombie, holds_slot, reuse, done_in_curl;
	/* the request; all owned */
	struct http_request r;
	struct http_source src;
	struct http_sink snk;
	char *method, *target, *body;
	struct http_header *req_headers;
	size_t body_at;
	bool uploads, src_paused, src_ended;
	int64_t src_left; /* < 0 unknown */
	/* the reply */
	struct buf head, collected;
	struct http_header *headers; /* owned */
	size_t n_headers;
	bool head_complete, paused, held;
	struct tls_peer tls_peer;
	bool has_tls;
	struct http_result res;
	CURLcode code;
	/* the machinery */
	CURL *easy;
	struct curl_slist *list, *resolve;
	struct resolve_job *job;
	struct ctls tls;
	unsigned sent;
	struct climit t_connect, t_head, t_idle, t_total;
	struct deferred again;
	char errbuf[CURL_ERROR_SIZE];
};

static inline struct cpeer *
cpeer_of(struct http_peer *p)
{
	return (struct cpeer *)(void *)p;
}

/* http_curl.c */
void cpeer_enter(struct cpeer *p);
void cpeer_leave(struct cpeer *p);
CURLM *cpeer_multi(struct cpeer *p); /* makes it */
void cpeer_pump(struct cpeer *p);    /* starts what may start, soon */
CURL *curl_side_easy(struct curl_side *s);
void curl_side_easy_back(struct curl_side *s, CURL *easy);
void curl_side_slot_free(struct curl_side *s);
struct tls_trust *curl_side_system_trust(struct curl_side *s, struct err *e);

/* http_curl_call.c */
void ccall_begin(struct ccall *c); /* its turn at the peer came */
void ccall_gate_open(struct ccall *c);
/* curl is through with it. */
void ccall_curl_done(struct ccall *c, CURLcode code);
void ccall_finish(struct ccall *c);
/* Takes it off curl, lists and timers, without a word; frees it. */
void ccall_drop(struct ccall *c);
void ccall_free(struct ccall *c);
/* First error wins. */
void ccall_fail(struct ccall *c, enum http_err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void ccall_sent(struct ccall *c); /* connected; bytes go out from here on */
void ccall_arm(struct ccall *c, struct climit *l, int64_t us);

/* http_curl_io.c */
bool ccall_setup(struct ccall *c);   /* options of its easy handle */
void ccall_explain(struct ccall *c); /* res.err and why from c->code */

/* http_curl_tls.c */
CURLcode ccall_tls_begin(CURL *easy, void *conf, void *arg);
/* Connected: who is it? false: end the call. */
bool ccall_tls_connected(struct ccall *c);
void cpeer_forget_session(struct cpeer *p);

/* http_resolve.c */
struct resolver *resolver_of(struct loop *l); /* lives as long as l */
/* Other files than those of /etc, borrowed for as long as l lives: for tests. */
void resolver_files(
    struct resolver *r, const char *hosts, const char *resolv_conf);
/* Addresses, comma separated, or NULL and why. From the loop, never inside
 * resolve_start. */
typedef void resolve_fn(void *arg, const char *addrs, const char *why);
struct resolve_job *resolve_start(
    struct resolver *r, const char *host, resolve_fn *fn, void *arg);
void resolve_cancel(struct resolve_job *j);

#endif
