/* What call.c (waiting, gate, wire) and call_end.c (replies, pages) share. */
#ifndef B7_KUBE_CALL_IMPL_H
#define B7_KUBE_CALL_IMPL_H

#include "agent/kube/client_impl.h"
#include "agent/kube/stream.h"
#include "common/buf.h"
#include "common/loop.h"

struct kube_call {
	TAILQ_ENTRY(kube_call) link;
	struct kube_client *c;
	struct kube_request rq; /* strings are owned copies */
	enum kube_lane lane;
	char *target; /* owned */
	char *text;   /* request body, owned */
	struct limiter_wait wait;
	struct deferred late;
	struct http_call *http;
	bool slot, resent;
	unsigned auth_generation;
	int status;      /* of the head */
	struct buf body; /* what is not streamed */
	struct kube_lines lines;
	struct kube_items items;
	bool streaming;    /* this page's body goes to lines or items */
	struct err failed; /* of streaming, or of what never was sent */
	/* LIST over all pages: */
	char *continue_token, *list_rv;
	unsigned pages;
	uint64_t bytes, delivered;
	cJSON *collected; /* array; NULL with an item callback */
	size_t collected_bytes;
	bool stopped;
	int64_t started_us;
};

/* ---- call.c ---- */

/* Waits for a slot, then asks the gate and sends (again: the next page, or
 * with new credentials). */
void kube_call_enqueue(struct kube_call *k);
/* Takes the call out of everything that could still call it. */
void kube_call_detach(struct kube_call *k);
void kube_call_free(struct kube_call *k);

/* ---- call_end.c: each of them ends k, or enqueues it again ---- */

/* k->failed says why it was never sent. */
void kube_call_refused(void *arg);
void kube_call_ended(struct kube_call *k, const struct http_result *h);
/* A list item or a watch line. */
bool kube_call_piece(void *arg, const char *text, size_t n);
void kube_call_skipped(void *arg, const struct err *why);

#endif
