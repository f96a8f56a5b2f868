/*
 * A base image where it lies: an HTTP(S) server with ranges. Nothing is stored.
 * What the image is (size, ETag or Last-Modified) is asked once; from then on
 * every read demands that very image, and one that changed is an error for
 * good.
 */
#ifndef B7_AGENT_ORIGIN_ORIGIN_H
#define B7_AGENT_ORIGIN_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/media/source.h"
#include "common/env.h"
#include "common/err.h"
#include "common/tls.h"

#define ORIGIN_PIECE (1u << 20) /* most of one request */

struct origin_opts {
	const char *url;
	const char *allowed;     /* "host[:port],..."; NULL = any */
	struct tls_trust *trust; /* borrowed; NULL = the system's */
	/* 0 = the default in brackets */
	int64_t deadline_us; /* [60 s] of one read with its retries */
	int64_t try_us;      /* [20 s] of one try */
	unsigned conns;      /* [4] requests at once */
};

struct origin_reader;
/* opened is called once, from the loop, and must not free the reader: e NULL = the source is good. ERR_SPEC:
 * will never work (not allowed, no ranges, a redirect to another host);
 * ERR_NOTFOUND; else it may work later. */
struct origin_reader *origin_reader_new(const struct env *env,
    const struct origin_opts *o, void (*opened)(void *arg, const struct err *e),
    void *arg, struct err *e);
void origin_reader_free(struct origin_reader *r); /* silent */
/* After it was opened. Reads of at most ORIGIN_PIECE. */
const struct source *origin_reader_source(const struct origin_reader *r);
/* Of URL, size and validators: other bytes, another name. 64 hex digits. */
const char *origin_reader_name(const struct origin_reader *r);
/* The image is not what it was: every read says so from then on. */
bool origin_reader_changed(const struct origin_reader *r);
/* As --image-origins wants it. */
bool origin_allowed(const char *list, const char *url, struct err *e);

#endif
