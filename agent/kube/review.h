/*
 * May the bearer of a token do that? The API server says: a TokenReview tells
 * who it is, a SubjectAccessReview whether he may. What it said is kept for
 * moments, by a hash of token and question; tokens are not kept. Strangers
 * cannot make us ask without end: reviews are limited in number and rate.
 */
#ifndef B7_KUBE_REVIEW_H
#define B7_KUBE_REVIEW_H

#include <stdint.h>

#include "common/err.h"

struct kube_client;
struct kube_resource;
struct kube_reviews;
struct kube_review;

#define REVIEW_TOKEN_MAX 16384 /* bytes; longer ones are nobody's */
#define REVIEW_KEPT 128        /* answers kept */
#define REVIEW_UNDER_WAY 8
#define REVIEW_BURST 20 /* reviews at once, then one in 200 ms */

enum review_verdict {
	REVIEW_ADMITTED,
	REVIEW_STRANGER,  /* 401: no token of this cluster */
	REVIEW_FORBIDDEN, /* 403: known, and may not */
	REVIEW_BUSY,      /* 429: too many ask */
	REVIEW_FAILED     /* 503: the API server did not say */
};

/* Borrowed for the call, but res. */
struct review_ask {
	const char *token;
	const char *verb, *ns, *name;
	const struct kube_resource *res;
};
typedef void review_done(void *arg, enum review_verdict v, const char *why);

struct kube_reviews *kube_reviews_new(struct kube_client *c); /* borrowed */
void kube_reviews_free(struct kube_reviews *rs); /* its reviews end silently */
/* done is called once, from the loop or before this returns; NULL then. */
struct kube_review *kube_review_start(struct kube_reviews *rs,
    const struct review_ask *ask, review_done *done, void *arg);
void kube_review_cancel(struct kube_review *r); /* silent */

#endif
