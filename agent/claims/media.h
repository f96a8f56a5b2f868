/*
 * What each claim's machine boots, composed: its image with its data, and the data
 * alone for a second drive. Made when somebody asks, the same by every replica, and
 * held to what the host's record says of it.
 */
#ifndef B7_AGENT_CLAIMS_MEDIA_H
#define B7_AGENT_CLAIMS_MEDIA_H

#include "agent/claims/bases.h"
#include "agent/control/boot_media.h"
#include "agent/kube/client.h"
#include "agent/serve/live.h"
#include "agent/serve/serve.h"

#define MEDIA_MAKING 16 /* made at once; others wait */
/* Of those that no record tells of yet; more are made again when they are read. */
#define MEDIA_HELD (64u << 20)
/* Media that nobody reads go: those that no boot needs, those of live systems. */
#define MEDIA_SPARE_US (2 * LOOP_MIN)
#define MEDIA_IDLE_US (10 * LOOP_MIN)
#define MEDIA_FORGET_US LOOP_HOUR /* nobody asks for one any more */
#define MEDIA_RETRY_US (15 * LOOP_S)
#define MEDIA_REFUSED_US LOOP_MIN
/* A reader waits for its medium so long, and is told to come again. */
#define MEDIA_PATIENCE_US (10 * LOOP_S)

struct media;

struct media_opts {
	struct bases *bases;     /* borrowed, as the next */
	const struct live *live; /* claims, keys */
	const char *report_url;  /* before "/r/TOKEN" */
	const char *report_ca;   /* PEM; NULL = machines trust it already */
	/* An answer for that host is another one. */
	void (*changed)(void *arg, const char *host);
	void *arg;
};
/* All strings are copied. */
struct media *media_new(struct kube_client *k, const struct media_opts *o);
void media_free(struct media *m); /* after the server */

void media_look(struct media *m, const struct boot_media_ask *ask,
    struct boot_media_answer *out);

/* As hooks of the server; self is the media. */
void media_open(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg);
void media_give_back(void *self, const struct serve_image *image);
void media_cancel(void *self, void *arg);
/* Something of that claim is not served any more: wiped, once nobody reads it. */
void media_closed(struct media *m, const struct live_claim *c);

#endif
