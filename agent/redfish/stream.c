#include "agent/redfish/stream.h"

#include <string.h>
#include <strings.h>

#include "agent/redfish/hint.h"
#include "agent/redfish/text.h"
#include "common/metrics.h"
#include "common/str.h"

#define HEAD_US (10 * LOOP_MIN) /* some send it with the first event only */
/* A socket whose other end vanished says nothing for ever; so does a BMC at
 * rest that sends no comments: one new stream now and then settles it. */
#define IDLE_US (15 * LOOP_MIN)
#define NONE_FOR_US (6 * LOOP_HOUR)

struct rf_stream *
rf_stream_of(struct redfish *rf)
{
	if (!rf->stream) {
		rf->stream = xcalloc(1, sizeof(*rf->stream));
		rf->stream->rf = rf;
	}
	return rf->stream;
}

/* ---- telling ---------------------------------------------------------------- */

static void
disconnect(struct rf_stream *s)
{
	if (s->call)
		http_cancel(s->call);
	s->call = NULL;
	http_peer_free(s->peer);
	s->peer = NULL;
	tls_trust_free(s->trust);
	s->trust = NULL;
	sse_free(&s->sse);
	timer_stop(&s->resume);
	timer_stop(&s->silence);
	xreplace(&s->moved_to, NULL);
	s->open = false;
}

/* One at a time: whoever is told may free us. */
static void
tell(void *arg)
{
	struct rf_stream *s = arg;
	struct err why = s->why;
	unsigned news = RF_NEWS_OPEN;

	while (!(s->untold & 1U << news))
		news++;
	s->untold &= ~(1U << news);
	if (s->untold)
		loop_defer(s->rf->env->loop, &s->tell, tell, s);
	if (news == RF_NEWS_ENDED && !s->call)
		disconnect(s);
	s->news(s->news_arg, (enum redfish_news)news,
	    news == RF_NEWS_ENDED ? &why : NULL);
}

static void
note(struct rf_stream *s, enum redfish_news news)
{
	s->untold |= 1U << news;
	loop_defer(s->rf->env->loop, &s->tell, tell, s);
}

static void
count_event(struct rf_stream *s, const char *result)
{
	char labels[40];

	(void)str_format(labels, sizeof(labels), "result=\"%s\"", result);
	metrics_add(s->rf->env->metrics, "beskar7_bmc_events_total", labels, 1);
}

/* ---- what comes ------------------------------------------------------------- */

static void
on_silence(void *arg)
{
	note(arg, RF_NEWS_SILENT);
}

static void
heard(struct rf_stream *s)
{
	s->heard_us = rf_now(s->rf);
	timer_start(
	    s->rf->env->loop, &s->silence, RF_STREAM_VOUCHES_US, on_silence, s);
}

static void
on_event(void *arg, const struct sse_event *ev)
{
	struct rf_stream *s = arg;
	bool waits = s->untold & 1U << RF_NEWS_HINT;

	if (!waits && !ev->cut && !rf_hint_concerns(ev->data, ev->n)) {
		count_event(s, "ignored");
		return;
	}
	count_event(s, ev->cut ? "cut" : "hint");
	/* An ETag that stays while the state moves would answer the look that
	 * follows: the next read of the system is a full one. */
	s->rf->full_read_us = rf_now(s->rf) - LOOP_HOUR;
	note(s, RF_NEWS_HINT);
}

static void
on_resume(void *arg)
{
	struct rf_stream *s = arg;

	http_call_resume(s->call);
}

/* A BMC that floods is read no faster than this; the rest waits there. */
static enum http_flow
flow(struct rf_stream *s, size_t n)
{
	int64_t now = rf_now(s->rf);

	if (now - s->window_us >= LOOP_S) {
		s->window_us = now;
		s->bytes = 0;
	}
	s->bytes += n;
	if (s->bytes <= RF_STREAM_BYTES_A_SECOND)
		return HTTP_MORE;
	timer_start(s->rf->env->loop, &s->resume, s->window_us + LOOP_S - now,
	    on_resume, s);
	return HTTP_PAUSE;
}

static enum http_flow
on_data(void *arg, struct http_bytes b)
{
	struct rf_stream *s = arg;

	if (b.n == 0)
		return HTTP_MORE;
	heard(s);
	if (!sse_feed(&s->sse, b.p, b.n, &s->why))
		return HTTP_ABORT;
	return flow(s, b.n);
}

static bool
is_stream(const struct http_header *h, size_t n)
{
	const char *t = http_header_get(h, n, "Content-Type");

	return t && str_has_iprefix(t, "text/event-stream");
}

static enum http_flow
on_head(void *arg, int status, const struct http_header *h, size_t n)
{
	struct rf_stream *s = arg;

	s->status = status;
	s->typed = is_stream(h, n);
	if (status == 200 && s->typed) {
		s->open = true;
		heard(s);
		note(s, RF_NEWS_OPEN);
		return HTTP_MORE;
	}
	if (status == 301 || status == 302 || status == 307 || status == 308) {
		xfree(s->moved_to);
		s->moved_to = rf_text_link(
		    s->rf->origin, http_header_get(h, n, "Location"));
	}
	return HTTP_ABORT; /* what it has to say is no stream */
}

/* ---- how it ends ------------------------------------------------------------ */

/* A password that is refused here is one try of the few (rule 10). */
static void
note_refused_login(struct rf_stream *s)
{
	struct redfish *rf = s->rf;

	if (s->status != 401 || s->auth != RF_AUTH_BASIC)
		return;
	rf_hold_refused(&rf->hold, rf_now(rf), rf->hold_us, rf->hold_tries);
	xreplace(&rf->hold_reason, "the event stream was refused (HTTP 401)");
}

static void
learn_from_refusal(struct rf_stream *s)
{
	bool never = s->status == 400 || s->status == 405 || s->status == 406 ||
		     s->status == 501 || (s->status == 200 && !s->typed);

	/* 404 may be the half tree of a BMC that is starting (rule 15). */
	if (s->status == 404 || s->status == 410)
		s->asked = false;
	if (!never)
		return;
	xreplace(&s->uri, NULL);
	s->asked = true;
	s->asked_us = rf_now(s->rf);
}

static void
explain(struct rf_stream *s, const struct http_result *r)
{
	if (s->why.kind != ERR_NONE) /* said by the parser */
		return;
	if (s->open)
		(void)err_set(&s->why, ERR_NET, 0, "the stream ended: %s",
		    r->why[0] ? r->why : "the BMC closed it");
	else if (s->status == 200)
		(void)err_set(&s->why, ERR_PROTO, 200,
		    "GET %.80s is no event stream", s->uri);
	else if (s->status != 0)
		(void)err_set(&s->why, ERR_REFUSED, s->status,
		    "GET %.80s: HTTP %d", s->uri, s->status);
	else
		(void)err_set(
		    &s->why, ERR_NET, 0, "GET %.80s: %s", s->uri, r->why);
}

static void
account(struct rf_stream *s, const struct http_result *r)
{
	struct redfish *rf = s->rf;
	char labels[64];

	rf_ring_add(&rf->ring,
	    &(struct rf_ring_entry){ .at_us = r->started_us,
		.ms = (uint32_t)((r->done_us - r->started_us) / LOOP_MS),
		.status = s->status,
		.method = "GET" },
	    s->uri, s->open ? "stream ended" : http_err_name(r->err));
	(void)str_format(labels, sizeof(labels),
	    "op=\"follow\",method=\"GET\",code=\"%d\"", s->status);
	metrics_add(
	    rf->env->metrics, "beskar7_redfish_requests_total", labels, 1);
}

static void connect_to(struct rf_stream *s);

static void
on_done(void *arg, const struct http_result *r)
{
	struct rf_stream *s = arg;

	s->call = NULL;
	timer_stop(&s->resume);
	timer_stop(&s->silence);
	account(s, r);
	if (s->moved_to && !s->redirected) {
		s->redirected = true;
		xreplace(&s->uri, s->moved_to);
		xreplace(&s->moved_to, NULL);
		connect_to(s);
		return;
	}
	explain(s, r);
	note_refused_login(s);
	if (!s->open)
		learn_from_refusal(s);
	s->open = false;
	(void)str_copy(s->last_id, sizeof(s->last_id), s->sse.id);
	note(s, RF_NEWS_ENDED);
}

/* ---- starting --------------------------------------------------------------- */

static void
connect_to(struct rf_stream *s)
{
	struct http_sink sink = { on_data, s };
	struct http_request q = { .limits = { .connect_us = 10 * LOOP_S,
				      .head_us = HEAD_US,
				      .idle_us = IDLE_US,
				      .total_us = HTTP_NO_LIMIT,
				      .head_max = (size_t)16 * 1024 },
		.head = on_head,
		.sink = &sink,
		.done = on_done,
		.arg = s };

	sse_free(&s->sse);
	sse_init(&s->sse, RF_STREAM_EVENT_MAX, on_event, s);
	s->status = 0;
	s->typed = s->open = false;
	s->since_us = rf_now(s->rf);
	s->why.kind = ERR_NONE;
	s->auth = s->rf->session.mode;
	s->call = rf_wire_stream(s->rf, s->peer,
	    &(struct rf_wire){ .method = "GET",
		.target = s->uri,
		.accept = "text/event-stream",
		.last_event_id = s->last_id[0] ? s->last_id : NULL,
		.auth = s->auth },
	    &q);
}

void
rf_stream_start(struct redfish *rf)
{
	struct rf_stream *s = rf_stream_of(rf);
	struct http_peer_opts o = {
		.base = rf->origin, .tls = rf->policy, .max_conns = 1
	};

	disconnect(s); /* what a stream left that nobody was told of yet */
	s->untold = 0;
	deferred_cancel(&s->tell);
	s->redirected = false;
	if (rf->policy.trust)
		s->trust = tls_trust_ref(rf->policy.trust);
	s->peer = http_peer_new(rf->env->net, &o, &s->why);
	if (s->peer)
		connect_to(s);
	else
		note(s, RF_NEWS_ENDED);
}

void
rf_stream_end(struct redfish *rf, const char *why)
{
	struct rf_stream *s = rf->stream;
	bool had = s && s->call;

	if (!s)
		return;
	disconnect(s);
	s->untold = 0;
	deferred_cancel(&s->tell);
	if (!had || !why)
		return;
	(void)err_set(&s->why, ERR_NET, 0, "%s", why);
	note(s, RF_NEWS_ENDED);
}

void
rf_stream_session_gone(struct redfish *rf)
{
	const struct rf_stream *s = rf->stream;

	if (s && s->call && s->auth == RF_AUTH_SESSION)
		rf_stream_end(rf, "its session ended");
}

void
rf_stream_free(struct redfish *rf)
{
	if (!rf->stream)
		return;
	rf_stream_end(rf, NULL);
	xfree(rf->stream->uri);
	xfree(rf->stream);
	rf->stream = NULL;
}

/* ---- what it is like -------------------------------------------------------- */

void
redfish_unfollow(struct redfish *rf)
{
	rf_stream_end(rf, NULL);
}

enum redfish_streaming
redfish_streaming(const struct redfish *rf)
{
	const struct rf_stream *s = rf->stream;

	if (!s || (!s->call && !s->asked))
		return RF_STREAMING_UNKNOWN;
	if (s->call)
		return s->open ? RF_STREAMING_OPEN : RF_STREAMING_OPENING;
	if (s->uri)
		return RF_STREAMING_CLOSED;
	return rf_now(rf) - s->asked_us < NONE_FOR_US ? RF_STREAMING_NONE
						      : RF_STREAMING_UNKNOWN;
}

bool
redfish_stream_vouches(const struct redfish *rf)
{
	const struct rf_stream *s = rf->stream;

	return s && s->open && rf_now(rf) - s->heard_us < RF_STREAM_VOUCHES_US;
}
