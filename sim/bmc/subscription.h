/*
 * Who wants to be told: subscriptions that are pushed to, and event streams.
 * The struct events of a BMC exists from the first of them on.
 */
#ifndef B7_SIM_BMC_SUBSCRIPTION_H
#define B7_SIM_BMC_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/loop.h"
#include "sim/bmc/event.h"
#include "sim/bmc/strlist.h"

struct bmc;
struct http_call;
struct http_exchange;
struct http_peer;
struct request;

#define SUBSCRIPTION_TEXT 512
#define SUBSCRIPTION_QUEUE 64 /* then the oldest is lost */

enum retry_policy {
	RETRY_TERMINATE,
	RETRY_SUSPEND,
	RETRY_FOREVER,
	RETRY_BACKOFF
};

/* What it wants; empty = everything. */
struct notice_filter {
	struct strlist prefixes, no_prefixes, messages, no_messages;
	struct strlist types, origins, event_types, severities;
	bool subordinate;
	char *expression; /* owned; $filter of a stream, decoded */
};
bool notice_filter_takes(const struct notice_filter *f, const struct notice *n);
void notice_filter_free(struct notice_filter *f);
/* Is it a filter that we understand? DSP0266 13.5.4. */
bool event_expression_ok(const char *text);

struct queued {
	TAILQ_ENTRY(queued) link;
	char *payload; /* owned */
};
TAILQ_HEAD(queue, queued);

struct subscription {
	TAILQ_ENTRY(subscription) link;
	struct bmc *b; /* borrowed */
	char id[16];
	char owner[64];
	char *name, *context, *destination; /* owned */
	struct notice_filter filter;
	/* pushed */
	enum retry_policy policy;
	bool verify, suspended, heartbeat;
	int64_t heartbeat_min;
	struct strlist headers; /* "Name: value" */
	struct queue queue;
	unsigned queued, attempt;
	struct http_peer *peer; /* owned; NULL = not yet used */
	struct http_call *call; /* the one under way */
	struct timer retry, beat;
	struct deferred end;
	struct buf pending; /* events of the next payload, by commas */
	unsigned n_pending;
	char *late; /* owned; a payload that others overtake */
	uint64_t late_seq;
	struct timer pending_t, late_t;
	/* a stream */
	struct http_exchange *x; /* NULL = it is pushed to */
	char session[40];
	struct buf ready;
	bool starved, closing, broken;
	struct timer alive;
};
TAILQ_HEAD(subscription_list, subscription);

struct events {
	bool disabled;
	int64_t attempts, interval_s;
	uint64_t seq;    /* of events */
	int64_t late_us; /* of the one that is told just now */
	unsigned last_id;
	unsigned n, n_streams;
	struct subscription_list list;
	struct subscription_list closing; /* streams that end */
};

/* Makes b->events if there is none. */
struct events *events_of(struct bmc *b);
void events_free(struct bmc *b);
/* The controller restarts, or the board goes: what survives? */
void events_restart(struct bmc *b);
void events_forget(struct bmc *b);
void events_close_streams(struct bmc *b);
/* A session ended: its stream does. Is there one, so that it lives on? */
void events_session_ended(struct bmc *b, const char *session);
bool events_hold_session(const struct bmc *b, const char *session);

/* Adds it with a new id. The caller fills in the rest before anything
 * happens. */
struct subscription *subscription_new(struct bmc *b);
struct subscription *subscription_get(struct bmc *b, const char *id);
/* A stream is ended, then it is gone. */
void subscription_drop(struct subscription *s);
void subscription_free(struct subscription *s); /* not in any list */
/* Takes up what it says: heartbeat, suspension. */
void subscription_start(struct subscription *s);
void subscription_resume(struct subscription *s);
/* One notice to one subscription, whatever its filter. */
void subscription_tell(struct subscription *s, struct notice *n);

/* event_push.c: delivery by POST, one after the other. */
void push_next(struct subscription *s);
void push_stop(struct subscription *s); /* forgets what is queued */
/* event_stream.c */
void view_stream(struct request *rq, struct jw *w);
void stream_send(struct subscription *s, uint64_t id, const char *payload);
void stream_close(struct subscription *s, bool broken);

#endif
