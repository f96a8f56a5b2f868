/* Inside of the origin reader only. */
#ifndef B7_AGENT_ORIGIN_IMPL_H
#define B7_AGENT_ORIGIN_IMPL_H

#include <sys/queue.h>

#include "agent/origin/origin.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/random.h"
#include "common/retry.h"
#include "common/url.h"

#define ORIGIN_TAG_CAP 256
#define ORIGIN_REDIRECTS 5

/* What an answer says of the image. */
struct origin_facts {
	uint64_t size;
	char etag[ORIGIN_TAG_CAP]; /* "" = none */
	char date[64];             /* Last-Modified; "" = none */
};

/* One range, asked for until it came or its deadline passed. */
struct
try {
	LIST_ENTRY(try) in_reader;
	struct origin_reader *r;
	uint64_t at;
	size_t n;
	struct http_call *call;
	struct timer again;
	struct backoff backoff;
	int64_t until_us;
	int status;     /* of the head that came last */
	bool refused;   /* by our own look at the head */
	struct err why; /* the last failure */
	char range[64];
	/* NULL p: it failed, by e. Called once; the try is gone then. */
	void (*done)(struct origin_reader * r, source_fn * fn, void *arg,
	    const struct http_result *result, const struct err *e);
	source_fn *fn;
	void *arg;
};

struct origin_reader {
	const struct env *env;
	struct tls_trust *trust; /* borrowed */
	char *allowed;           /* owned; NULL = any */
	int64_t deadline_us, try_us;
	unsigned conns;
	struct url url;      /* where it is now */
	char shown[URL_MAX]; /* without its query, for people */
	struct http_peer *peer;
	struct origin_facts facts;
	bool known; /* facts are good */
	unsigned redirects;
	struct err changed; /* kind ERR_CONFLICT: it is another image now */
	char name[65];
	struct rng rng;
	struct source source;
	LIST_HEAD(, try) tries;
	void (*opened)(void *arg, const struct err *e);
	void *opened_arg;
	struct deferred turn; /* after a redirect, once its call is over */
};

/* try.c */
struct try *try_start(struct origin_reader *r, uint64_t at, size_t n,
    void (*done)(struct origin_reader *r, source_fn *fn, void *arg,
	const struct http_result *result, const struct err *e),
    source_fn *fn, void *arg);
void try_free(struct try *t); /* silent */
/* "bytes A-B/SIZE"; false for anything else. */
bool origin_content_range(
    const char *text, uint64_t *from, uint64_t *to, uint64_t *size);
void origin_facts_read(
    struct origin_facts *f, const struct http_header *h, size_t n);
bool origin_is_redirect(int status);

#endif
