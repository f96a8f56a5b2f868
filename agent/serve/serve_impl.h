/* Inside of the media server only. */
#ifndef B7_AGENT_SERVE_IMPL_H
#define B7_AGENT_SERVE_IMPL_H

#include <sys/queue.h>

#include "agent/serve/certs.h"
#include "agent/serve/serve.h"

#define SERVE_PIECE (64u << 10) /* most that one read of a stream asks for */

struct stream;
struct arrival;

struct serve {
	const struct env *env; /* borrowed */
	struct serve_opts o;   /* its strings are not kept */
	struct live *live;     /* borrowed */
	struct serve_hooks hooks;
	struct http_server *server, *server6; /* at least one */
	struct certs certs;                   /* if it speaks TLS */
	struct rate rate;
	LIST_HEAD(, stream) streams;
	LIST_HEAD(, arrival) arrivals; /* reports under way */
	struct serve_counts counts;
};

/* All short answers; `kind` is for metrics: "medium", "report", "none". */
void serve_say(struct serve *s, struct http_exchange *x, const char *kind,
    int status, int retry_after_s);
void serve_count(struct serve *s, const char *kind, int status);

/* stream.c: a GET or HEAD of a claim's medium; limits were looked at. */
void stream_start(struct serve *s, struct http_exchange *x,
    struct live_claim *c, enum token_purpose which);
/* What is under way for a claim that may no more. */
void stream_closed(struct serve *s, struct live_claim *c);
void stream_free_all(struct serve *s);

/* report.c */
void report_start(
    struct serve *s, struct http_exchange *x, struct live_claim *c);
void report_closed(struct serve *s, struct live_claim *c);
void report_free_all(struct serve *s);

#endif
