/*
 * Base images as they are wanted: one for each URL and checksum, proven by one
 * look at all of it, whoever asks for it and however often. What is served of it
 * later is checked against that look.
 */
#ifndef B7_AGENT_CLAIMS_BASES_H
#define B7_AGENT_CLAIMS_BASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/media/prepass.h"
#include "agent/media/source.h"
#include "agent/serve/seen.h"
#include "common/env.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/tls.h"

#define BASES_MAX 64    /* images known at once */
#define BASES_AT_ONCE 2 /* looked at; others wait */
/* Looked at again: what failed (between), what was refused, what nobody used since
 * and what is opened once more. */
#define BASES_RETRY_US (5 * LOOP_S)
#define BASES_RETRY_MAX_US (2 * LOOP_MIN)
#define BASES_REFUSED_US (5 * LOOP_MIN)
#define BASES_FRESH_US LOOP_MIN
#define BASES_IDLE_US LOOP_HOUR /* nobody's: forgotten */

struct bases;
struct base;
struct bases_opts {
	const char *origins;     /* --image-origins; NULL or "" = any */
	const char *folders;     /* --image-dir (folder.h); NULL or "" = none */
	struct tls_trust *trust; /* borrowed; NULL = the system's */
	size_t cache;            /* bytes of blocks; 0 = 16 MiB */
};
struct bases *bases_new(const struct env *env, const struct bases_opts *o);
void bases_free(struct bases *b); /* after all users and proven images */

/* Who wants one: embedded, all zero = none. */
struct base_user {
	LIST_ENTRY(base_user) in_base;
	struct base *base;
	/* What base_status() says is another thing now; may come from inside of
	 * anything: defer what is to be done. */
	void (*changed)(void *arg);
	void *arg;
};
/* checksum as image.checksum; NULL or "" = none. ERR_BUSY: too many are in use. */
bool base_want(struct bases *b, struct base_user *u, const char *url,
    const char *checksum, struct err *e);
void base_leave(struct base_user *u); /* idempotent */

enum base_state {
	BASE_WORKING,
	BASE_READY,
	BASE_RETRY,  /* failed; tried again by itself */
	BASE_REFUSED /* until it, its URL or its checksum change */
};
struct base_status {
	enum base_state state;
	const char *reason; /* static; of MediaReachable; NULL = none */
	char message[400];  /* names the image */
	unsigned percent;   /* of it that is proven */
};
void base_status(const struct base *b, struct base_status *out);

/* An image that is proven; counted. It stays what it is: if its origin has another
 * one, its reads fail from then on. */
struct base_image {
	struct prepass p;            /* cd, digests, base: for compose() */
	const struct source *source; /* checked, cached */
	struct seen_mark marks[SEEN_MARKS];
	size_t n_marks;
	bool over; /* another one came in its place */
};
/* NULL: not READY, or RETRY without one. */
struct base_image *base_image(struct base *b);
void base_image_unref(struct base_image *i); /* never inside of its reads */

#endif
