/* See subscription.h: the list, and how one notice becomes a payload. */
#include "sim/bmc/subscription.h"

#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"

#define PAYLOAD_MAX 16384
#define BATCH 2 /* events in a payload, where there is more than one */
#define BATCH_US LOOP_S

/* ---- of one BMC --------------------------------------------------------- */

struct events *
events_of(struct bmc *b)
{
	if (b->events)
		return b->events;
	b->events = xcalloc(1, sizeof(*b->events));
	b->events->attempts = 3;
	b->events->interval_s = 10;
	TAILQ_INIT(&b->events->list);
	TAILQ_INIT(&b->events->closing);
	return b->events;
}

static void
drop_pushed(struct bmc *b, bool all)
{
	struct subscription *s = TAILQ_FIRST(&b->events->list), *next;

	for (; s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (all || s->x)
			subscription_drop(s);
		else
			push_stop(s);
	}
}

void
events_close_streams(struct bmc *b)
{
	struct subscription *s, *next;

	for (s = b->events ? TAILQ_FIRST(&b->events->list) : NULL; s;
	     s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->x)
			subscription_drop(s);
	}
}

void
events_restart(struct bmc *b)
{
	if (b->events)
		drop_pushed(b, !b->profile->events_keep);
}

void
events_forget(struct bmc *b)
{
	if (b->events)
		drop_pushed(b, true);
}

void
events_free(struct bmc *b)
{
	struct subscription *s;

	if (!b->events)
		return;
	while ((s = TAILQ_FIRST(&b->events->list))) {
		TAILQ_REMOVE(&b->events->list, s, link);
		subscription_free(s);
	}
	while ((s = TAILQ_FIRST(&b->events->closing))) {
		TAILQ_REMOVE(&b->events->closing, s, link);
		subscription_free(s);
	}
	xfree(b->events);
	b->events = NULL;
}

bool
events_hold_session(const struct bmc *b, const char *session)
{
	const struct subscription *s;

	if (!b->events)
		return false;
	TAILQ_FOREACH (s, &b->events->list, link)
		if (s->x && str_eq(s->session, session))
			return true;
	return false;
}

void
events_session_ended(struct bmc *b, const char *session)
{
	struct subscription *s, *next;

	for (s = b->events ? TAILQ_FIRST(&b->events->list) : NULL; s;
	     s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->x && str_eq(s->session, session))
			subscription_drop(s);
	}
}

/* ---- one of them -------------------------------------------------------- */

struct subscription *
subscription_new(struct bmc *b)
{
	struct events *e = events_of(b);
	struct subscription *s = xcalloc(1, sizeof(*s));

	s->b = b;
	(void)str_format(s->id, sizeof(s->id), "%u", ++e->last_id);
	TAILQ_INIT(&s->queue);
	buf_init(&s->ready, 256u << 10);
	buf_init(&s->pending, PAYLOAD_MAX);
	TAILQ_INSERT_TAIL(&e->list, s, link);
	e->n++;
	return s;
}

struct subscription *
subscription_get(struct bmc *b, const char *id)
{
	struct subscription *s;

	if (!b->events)
		return NULL;
	TAILQ_FOREACH (s, &b->events->list, link)
		if (str_eq(s->id, id))
			return s;
	return NULL;
}

void
subscription_free(struct subscription *s)
{
	if (s->x)
		http_exchange_on_gone(s->x, NULL, NULL);
	push_stop(s);
	http_peer_free(s->peer);
	timer_stop(&s->beat);
	timer_stop(&s->alive);
	timer_stop(&s->late_t);
	timer_stop(&s->pending_t);
	buf_free(&s->pending);
	xfree(s->late);
	deferred_cancel(&s->end);
	notice_filter_free(&s->filter);
	strlist_free(&s->headers);
	buf_free(&s->ready);
	xfree(s->name);
	xfree(s->context);
	xfree(s->destination);
	xfree(s);
}

void
subscription_drop(struct subscription *s)
{
	struct events *e = s->b->events;

	TAILQ_REMOVE(&e->list, s, link);
	e->n--;
	if (!s->x) {
		subscription_free(s);
		return;
	}
	timer_stop(&s->late_t);
	timer_stop(&s->pending_t);
	/* its socket ends first; the stream lets go of it then */
	e->n_streams--;
	TAILQ_INSERT_TAIL(&e->closing, s, link);
	stream_close(s, s->b->down);
}

/* ---- telling ------------------------------------------------------------ */

static void
timestamp(const struct bmc *b, struct jw *w, const struct notice *n)
{
	char t[RFC3339_CAP];

	if (n->timestamp) {
		jw_s(w, "EventTimestamp", n->timestamp);
		return;
	}
	rfc3339_s(t, bmc_wall(b));
	/* iDRAC: an offset without its colon */
	if (b->profile->event_defects & EVENT_OFFSET_TIME)
		(void)str_copy(
		    t + strlen(t) - 1, sizeof(t) - strlen(t) + 1, "+0000");
	jw_s(w, "EventTimestamp", t);
}

static void
write_event(
    struct subscription *s, struct jw *w, const struct notice *n, uint64_t seq)
{
	const struct bmc *b = s->b;
	struct message m = {
		.registry = b->profile->registry, .id = n->id, .text = n->text
	};
	unsigned defects = b->profile->event_defects;
	char text[640], id[24];

	memcpy(m.args, n->args, sizeof(m.args));
	message_text(&m, text, sizeof(text));
	(void)str_format(id, sizeof(id), "%llu", (unsigned long long)seq);
	jw_open(w, NULL);
	if (!(defects & EVENT_NO_TYPE))
		jw_s(w, "EventType", n->event_type);
	jw_s(w, "EventId", n->event_id ? n->event_id : id);
	if (!(defects & EVENT_NO_MEMBER_ID))
		jw_sf(w, "MemberId", "%u", s->n_pending);
	timestamp(b, w, n);
	jw_s(w, "MessageId", n->id);
	jw_s(w, "Message", text);
	jw_list(w, "MessageArgs");
	for (size_t i = 0; i < MESSAGE_ARGS && n->args[i]; i++)
		jw_s(w, NULL, n->args[i]);
	jw_end(w);
	jw_s(w, "Severity", n->severity);
	jw_s(w, "MessageSeverity", n->severity);
	if (n->origin && *n->origin && !(defects & EVENT_NO_ORIGIN))
		jw_ref(w, "OriginOfCondition", "%s", n->origin);
	jw_close(w);
}

static void
write_payload(const struct subscription *s, struct buf *out, uint64_t seq)
{
	const struct bmc *b = s->b;
	struct jw w;

	jw_init(&w, out, "Event", &b->profile->omit);
	w.slash = b->profile->slash == SLASH_REDIRECT;
	jw_open(&w, NULL);
	jw_s(&w, "@odata.type", "#Event.v1_8_0.Event");
	if (!(b->profile->event_defects & EVENT_NO_ID))
		jw_sf(&w, "Id", "%llu", (unsigned long long)seq);
	jw_s(&w, "Name", "Event Array");
	jw_s(&w, "Context", s->context ? s->context : "");
	jw_raw_list(&w, "Events", buf_str(&s->pending));
	jw_i(&w, "Events@odata.count", s->n_pending);
	jw_close(&w);
}

static void
forget(struct subscription *s, struct queued *q)
{
	TAILQ_REMOVE(&s->queue, q, link);
	s->queued--;
	xfree(q->payload);
	xfree(q);
}

static void
enqueue(struct subscription *s, char *payload)
{
	struct queued *q = xcalloc(1, sizeof(*q));

	q->payload = payload;
	TAILQ_INSERT_TAIL(&s->queue, q, link);
	if (++s->queued <= SUBSCRIPTION_QUEUE)
		return;
	/* the first may be under way: the one after it is the oldest */
	forget(s, TAILQ_NEXT(TAILQ_FIRST(&s->queue), link));
}

static void
deliver(struct subscription *s, uint64_t seq, char *payload)
{
	if (s->x) {
		stream_send(s, seq, payload);
		xfree(payload);
		return;
	}
	enqueue(s, payload);
	push_next(s);
}

static void
late(void *arg)
{
	struct subscription *s = arg;
	char *payload = s->late;

	timer_stop(&s->late_t);
	s->late = NULL;
	if (payload)
		deliver(s, s->late_seq, payload);
}

/* It waits, and others overtake it. */
static void
hold(struct subscription *s, uint64_t seq, char *payload, int64_t us)
{
	late(s);
	s->late = payload;
	s->late_seq = seq;
	timer_start(bmc_loop(s->b), &s->late_t, us, late, s);
}

static void
send_pending(void *arg)
{
	struct subscription *s = arg;
	uint64_t seq = s->b->events->seq;
	int64_t us = s->b->events->late_us;
	struct buf b;

	timer_stop(&s->pending_t);
	buf_init(&b, PAYLOAD_MAX);
	write_payload(s, &b, seq);
	s->n_pending = 0;
	buf_reset(&s->pending);
	if (b.overflow)
		buf_free(&b);
	else if (us)
		hold(s, seq, buf_take(&b, NULL), us);
	else
		deliver(s, seq, buf_take(&b, NULL));
}

void
subscription_tell(struct subscription *s, struct notice *n)
{
	bool batch = s->b->profile->event_defects & EVENT_BATCH;
	uint64_t seq = ++s->b->events->seq;
	struct jw w;

	notice_words(s->b, n);
	if (s->n_pending)
		buf_addc(&s->pending, ',');
	jw_init(&w, &s->pending, "Event", NULL);
	w.slash = s->b->profile->slash == SLASH_REDIRECT;
	write_event(s, &w, n, seq);
	if (++s->n_pending < BATCH && batch)
		timer_start(
		    bmc_loop(s->b), &s->pending_t, BATCH_US, send_pending, s);
	else
		send_pending(s);
}

static void
tell_all(struct bmc *b, struct notice *n)
{
	struct subscription *s, *next;

	for (s = TAILQ_FIRST(&b->events->list); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (!s->suspended && notice_filter_takes(&s->filter, n))
			subscription_tell(s, n);
	}
}

void
event_tell(struct bmc *b, struct notice *n)
{

	if (!b->events || b->events->disabled || b->down)
		return;
	if (fault_on_machine(b, FAULT_EVENT_LOST))
		return;
	notice_words(b, n);
	b->events->late_us = fault_late_us(b);
	tell_all(b, n);
	if (b->events)
		b->events->late_us = 0;
	if (b->events && fault_on_machine(b, FAULT_EVENT_TWICE))
		tell_all(b, n);
}

/* ---- heartbeat ---------------------------------------------------------- */

static void
beat(void *arg)
{
	struct subscription *s = arg;
	struct notice n = { .kind = NOTICE_HEARTBEAT };

	subscription_start(s);
	if (!s->b->down && !s->suspended)
		subscription_tell(s, &n);
}

void
subscription_start(struct subscription *s)
{
	if (s->heartbeat)
		timer_start(bmc_loop(s->b), &s->beat,
		    bmc_us(s->b, s->heartbeat_min * 60000), beat, s);
}

void
subscription_resume(struct subscription *s)
{
	s->suspended = false;
	s->attempt = 0;
	push_next(s);
}
