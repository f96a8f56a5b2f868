/*
 * One exchange on its way through the service: parsed, authenticated, routed,
 * answered. Handlers fill in the reply (body, refusal, headers) and return;
 * one that must wait sets `pending` and calls request_finish() later. The
 * request outlives its client: what was accepted is done.
 */
#ifndef B7_SIM_BMC_REQUEST_H
#define B7_SIM_BMC_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/loop.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/query.h"
#include "sim/bmc/refusal.h"

struct fault;
struct http_exchange;
struct http_header;
struct route;

enum verb {
	VERB_GET,
	VERB_HEAD,
	VERB_POST,
	VERB_PATCH,
	VERB_PUT,
	VERB_DELETE,
	VERB_OPTIONS,
	VERB_OTHER
};

/* Headers that are looked at, kept for when the client is gone already. */
enum header_in {
	IN_TOKEN,
	IN_AUTHORIZATION,
	IN_IF_MATCH,
	IN_IF_NONE_MATCH,
	IN_ODATA_VERSION,
	IN_CONTENT_TYPE,
	IN_ACCEPT_ENCODING,
	IN_ACCEPT,
	IN_N
};

#define REQUEST_BODY_MAX (1u << 20)
#define REPLY_BODY_MAX (4u << 20)
#define REQUEST_HEADERS 12
#define REQUEST_ARG 80

struct request {
	LIST_ENTRY(request) link; /* of the fleet */
	struct bmc *b;            /* borrowed */
	const struct bmc_profile *p;
	struct http_exchange *x;    /* NULL: the client went away */
	const struct bmc_state *st; /* what this request reads */
	const char *method;         /* a constant */
	char *in[IN_N];             /* owned; NULL = absent */
	enum verb verb;
	char *target;   /* owned; as it came */
	char *path;     /* owned; no query, no trailing slash */
	char *query;    /* owned; NULL = none */
	struct query q; /* what it asks for */
	bool had_slash;
	char *body; /* owned */
	size_t body_n;
	cJSON *json; /* owned; NULL = no body */
	char from[64];
	const struct route *route;
	bool any_case; /* while it is looked for: letters in any case fit */
	char arg[2][REQUEST_ARG]; /* the parts that '*' matched */
	enum bmc_op op;
	char user[64]; /* "" until somebody is known */
	char session[40];
	unsigned privileges; /* enum privilege, of that user */
	bool via_basic;
	bool must_change;    /* that user's password, first of all */
	bool dry;            /* accepted, but nothing may change */
	bool pending;        /* somebody will call request_finish() */
	bool failed;         /* at least one refusal is fatal */
	struct fault *fault; /* owned; what will happen to the reply */
	struct timer timer;
	/* the reply */
	int status;
	struct buf out;
	char tag[ETAG_CAP];  /* of what was rendered last; "" = not made */
	struct buf messages; /* Message objects, by commas */
	unsigned n_messages;
	char first_id[128], first_text[512];
	struct {
		char name[32];
		char *value; /* owned */
	} headers[REQUEST_HEADERS];
	size_t n_headers;
	const char *content_type;
	void *stage; /* of the PATCH that runs; borrowed */
	/* Set: answers instead of http_reply(), and keeps x. */
	void (*stream)(struct request *rq, struct http_exchange *x,
	    const struct http_header *h, size_t n);
};

/* Adds a message; its status becomes the reply's if it is the first. related:
 * property in words such as "Boot/BootSourceOverrideMode", or NULL. */
void request_say(struct request *rq, enum refusal r, const char *related,
    const char *a1, const char *a2, const char *a3);
/* The same, and the request has failed. Always returns false. */
bool request_refuse(struct request *rq, enum refusal r, const char *related,
    const char *a1, const char *a2, const char *a3);
/* A failure with words of its own (of a task that ended badly). */
void request_fail(
    struct request *rq, int status, const char *id, const char *text);
/* A message of the registry that is no refusal (Success, Created). */
void request_note(struct request *rq, const char *id, const char *a1);
void request_header(struct request *rq, const char *name, const char *value);
void request_headerf(struct request *rq, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Location of a path of this service, as the profile writes it. */
void request_location(struct request *rq, int how, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* How it goes out (send.c). h has room for one more than its n. */
void send_reply(struct request *rq, struct http_exchange *x,
    struct http_header *h, size_t n);
/* Sends what was filled in; rq is gone. */
void request_finish(struct request *rq);
/* A write that needs no body in its reply: 204, or what the profile says. */
void request_done(struct request *rq);
/* Renders the resource of the route into out; used by GET and by PATCH. */
void request_render(struct request *rq, struct buf *out);
/* 201 with Location and the resource at that path of this service. */
void request_created(struct request *rq, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Renders another resource of the same BMC, as rq's user would read it; false
 * if there is none. */
bool request_render_at(
    const struct request *rq, const char *path, struct buf *out);
/* Value of a query parameter, owned; NULL if absent. */
char *request_query(const struct request *rq, const char *name);

#endif
