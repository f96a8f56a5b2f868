/*
 * The media server: hands each host's medium to whoever has its token, and takes
 * the machine's report. HTTP/1.0 and 1.1, plain or TLS.
 *
 *   GET, HEAD /m/TOKEN/b.iso   200, 206, 304, 412, 416; 405 to other methods
 *   GET, HEAD /m/TOKEN/c.iso   likewise: the second medium, of the data alone
 *   POST      /r/TOKEN         204; 400, 405, 413
 *   both                       429, 503 with Retry-After
 *   all else                   404, with the same few bytes
 *
 * A reply that has begun and cannot go on is cut, never filled up or ended
 * early as if it were whole.
 */
#ifndef B7_AGENT_SERVE_SERVE_H
#define B7_AGENT_SERVE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/media/source.h"
#include "agent/serve/live.h"
#include "common/env.h"
#include "common/err.h"
#include "common/http.h"

struct serve;

/* One medium, ready to be read. */
struct serve_image {
	const struct source *source; /* valid until it is given back */
	char etag[80]; /* with its quotes; the same bytes, the same tag */
	/* Parts whose reading means something; copied. */
	const struct seen_mark *marks;
	size_t n_marks;
};
/* e: ERR_BUSY is a 503, to be asked again soon; ERR_NOTFOUND a 404; all else
 * a 503, asked again less soon. image: to be given back once. */
typedef void serve_opened(
    void *arg, const struct serve_image *image, const struct err *e);

/* What a machine said once it was up. */
#define SERVE_REPORT_MAX (64u << 10) /* phone_home sends all host keys */
struct serve_report {
	bool failed;        /* bootstrap did not end well */
	char hostname[254]; /* "" = not said */
	char message[256];  /* of a failure; one line; "" = none */
};
/* NULL = it stands in the API server. */
typedef void serve_stored(void *arg, const struct err *e);

/* fn and stored are called once, perhaps before the call returns, never after
 * the cancel with the same arg. */
struct serve_hooks {
	void (*open)(void *self, struct live_claim *c, enum token_purpose which,
	    serve_opened *fn, void *arg);
	void (*give_back)(void *self, const struct serve_image *image);
	/* NULL: reports are not taken, 503. Repeated reports come again. */
	void (*report)(void *self, struct live_claim *c,
	    const struct serve_report *r, serve_stored *fn, void *arg);
	void (*cancel)(void *self, void *arg);
	/* A claim died or something of it is closed; its streams are cut, and give
	 * back soon. NULL = not told. */
	void (*closed)(void *self, struct live_claim *c);
	void *self;
};

struct serve_opts {
	const char *listen; /* "host:port", "[v6]:port", ":port" = all */
	/* Files, looked at again when they change; NULL or "" = plain HTTP. */
	const char *cert, *key;
	bool bind; /* a medium's token is its first reader's address alone */
	/* 0 = the default in brackets */
	unsigned streams;        /* [512] replies under way */
	unsigned claim_streams;  /* [16] of one token */
	unsigned requests;       /* [20,000] a second */
	unsigned claim_requests; /* [4,000] a second, of one token */
	int64_t idle_us;         /* [60 s] a client that takes nothing is cut */
};

/* ERR_SPEC names what is wrong with the options. live is borrowed; its `closed`
 * is the server's. */
struct serve *serve_new(const struct env *env, const struct serve_opts *o,
    struct live *live, const struct serve_hooks *h, struct err *e);
void serve_free(struct serve *s); /* cuts what is under way */
unsigned serve_port(const struct serve *s);
struct serve_counts {
	unsigned streams; /* under way */
	uint64_t requests, bytes;
	size_t buffered; /* bytes held for streams that wait */
};
struct serve_counts serve_counts(const struct serve *s);

/* Reads a report, JSON or a form by its first byte; ERR_PROTO. */
bool serve_report_parse(
    struct serve_report *r, const char *p, size_t n, struct err *e);

#endif
