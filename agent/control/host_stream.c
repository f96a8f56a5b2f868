#include "agent/control/host_stream.h"

#include "agent/control/host_pass.h"
#include "agent/redfish/follow.h"
#include "common/log.h"
#include "common/metrics.h"

#define STREAM_SETTLE (5 * LOOP_S)
#define STREAM_RETRY_MIN (2 * LOOP_S)
#define STREAM_RETRY_MAX (5 * LOOP_MIN)
#define STREAM_PROVED LOOP_MIN /* open for so long: no failure */
#define STREAM_MOVED_FOR (2 * LOOP_MIN)
#define STREAM_IDLE_TIMES 4

void
host_stream_init(struct host_ctl *ctl)
{
	backoff_init(&ctl->stream.backoff, STREAM_RETRY_MIN, STREAM_RETRY_MAX,
	    &ctl->rng);
}

/* ---- places ----------------------------------------------------------------- */

static bool
stream_fits(const struct host_ctl *ctl)
{
	return ctl->stream.rank != STREAM_UNFIT && ctl->rf != NULL &&
	       !ctl->closing && redfish_streaming(ctl->rf) != RF_STREAMING_NONE;
}

static void
stream_revoke(struct host_ctl *ctl)
{
	if (ctl->rf != NULL)
		redfish_unfollow(ctl->rf);
	if (!ctl->stream.granted)
		return;
	ctl->stream.granted = false;
	ctl->c->streams_used--;
}

static void
stream_grant(struct host_ctl *ctl)
{
	ctl->stream.granted = true;
	ctl->c->streams_used++;
}

/* The first so many by rank, then by name. */
static void
stream_choose(struct controllers *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->host_ctls.n; i++)
		((struct host_ctl *)c->host_ctls.v[i].value)->stream.keep =
		    false;
	for (int rank = STREAM_BUSY; rank < STREAM_RANKS; rank++)
		for (size_t i = 0; i < c->host_ctls.n; i++) {
			struct host_ctl *ctl = c->host_ctls.v[i].value;

			if (n == c->streams_max)
				return;
			if ((int)ctl->stream.rank == rank && stream_fits(ctl)) {
				ctl->stream.keep = true;
				n++;
			}
		}
}

static void
stream_settle(void *arg)
{
	struct controllers *c = arg;

	stream_choose(c);
	for (size_t i = 0; i < c->host_ctls.n; i++) {
		struct host_ctl *ctl = c->host_ctls.v[i].value;

		if (!ctl->stream.keep)
			stream_revoke(ctl);
	}
	for (size_t i = 0; i < c->host_ctls.n; i++) {
		struct host_ctl *ctl = c->host_ctls.v[i].value;

		if (!ctl->stream.keep || ctl->stream.granted)
			continue;
		stream_grant(ctl);
		workq_add(c->host_q, ctl->key);
	}
}

static void
stream_settle_soon(struct controllers *c)
{
	if (!c->stopping && c->streams_max > 0 &&
	    !timer_armed(&c->stream_timer))
		timer_start(c->env->loop, &c->stream_timer, STREAM_SETTLE,
		    stream_settle, c);
}

void
host_stream_drop(struct host_ctl *ctl)
{
	bool had = ctl->stream.granted;

	ctl->stream.rank = STREAM_UNFIT;
	stream_revoke(ctl);
	if (had)
		stream_settle_soon(ctl->c);
}

void
host_streams_close(struct controllers *c)
{
	timer_stop(&c->stream_timer);
	for (size_t i = 0; i < c->host_ctls.n; i++)
		host_stream_drop(c->host_ctls.v[i].value);
}

unsigned
host_streams_open(const struct controllers *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->host_ctls.n; i++) {
		const struct host_ctl *ctl = c->host_ctls.v[i].value;

		n += ctl->rf != NULL &&
		     redfish_streaming(ctl->rf) == RF_STREAMING_OPEN;
	}
	return n;
}

/* ---- news ------------------------------------------------------------------- */

static int64_t
stream_now(const struct host_ctl *ctl)
{
	return loop_mono_us(ctl->c->env->loop);
}

static void
stream_schedule(struct host_ctl *ctl)
{
	int64_t now = stream_now(ctl);
	int64_t delay = pace_delay(&ctl->stream.pace, now);
	int64_t echo = ctl->stream.echo_us - now;

	workq_add_after(ctl->c->host_q, ctl->key, delay > echo ? delay : echo);
}

/* Several systems behind one BMC share its events: each looks. */
static bool
stream_hint(void *arg, const char *key)
{
	struct controllers *c = arg;
	struct host_ctl *ctl = map_get(&c->host_ctls, key);

	if (ctl == NULL || ctl->closing || c->stopping)
		return true;
	ctl->stream.hinted = true;
	/* A pass under way may have read before it happened: another follows
	 * when that has settled. */
	if (!ctl->active)
		stream_schedule(ctl);
	return true;
}

static void
stream_try_later(struct host_ctl *ctl)
{
	struct host_stream *s = &ctl->stream;
	int64_t delay;

	if (s->opened_us != 0 &&
	    stream_now(ctl) - s->opened_us >= STREAM_PROVED)
		backoff_reset(&s->backoff);
	s->opened_us = 0;
	delay = backoff_next(&s->backoff);
	s->next_us = stream_now(ctl) + delay;
	workq_add_after(ctl->c->host_q, ctl->key, delay);
}

static void
stream_news(void *arg, enum redfish_news news, const struct err *why)
{
	struct host_ctl *ctl = arg;
	struct controllers *c = ctl->c;

	switch (news) {
	case RF_NEWS_OPEN:
		ctl->stream.opened_us = stream_now(ctl);
		LOGD(c->env->log, "event stream open", F_STR("host", ctl->key));
		break;
	case RF_NEWS_HINT:
		if (ctl->origin != NULL)
			links_each(&c->by_origin, ctl->origin, stream_hint, c);
		break;
	case RF_NEWS_SILENT:
		/* It no longer vouches: back to looking at the usual pace. */
		workq_add(c->host_q, ctl->key);
		break;
	case RF_NEWS_ENDED:
		metrics_add(c->env->metrics,
		    "beskar7_event_streams_ended_total", NULL, 1);
		LOGI(c->env->log, "event stream ended", F_STR("host", ctl->key),
		    F_ERR(why));
		stream_try_later(ctl);
		break;
	}
}

void
host_stream_wrote(struct host_ctl *ctl)
{
	ctl->stream.echo_us = stream_now(ctl) + ctl->c->o.poll_busy_us;
	ctl->stream.wrote = true;
}

void
host_stream_held(struct host_ctl *ctl, int64_t delay_us)
{
	if (ctl->stream.wrote)
		ctl->stream.echo_us = stream_now(ctl) + delay_us;
}

/* ---- passes ----------------------------------------------------------------- */

void
host_stream_look(struct host_ctl *ctl)
{
	struct host_stream *s = &ctl->stream;

	pace_look(&s->pace, stream_now(ctl), s->hinted);
	s->hinted = s->wrote = false;
}

void
host_stream_settled(struct host_ctl *ctl, bool fit)
{
	if (!fit)
		host_stream_drop(ctl);
	if (ctl->stream.hinted)
		stream_schedule(ctl);
}

void
host_stream_failed(struct host_ctl *ctl)
{
	stream_try_later(ctl);
}

static enum stream_rank
stream_rank(const struct host_pass *p)
{
	switch (p->h.record.phase) {
	case PHASE_PROVISIONING:
	case PHASE_RELEASING:
		return STREAM_BUSY;
	case PHASE_IDLE:
		return p->h.spec.consumer.name != NULL ? STREAM_BUSY
						       : STREAM_IDLE;
	case PHASE_PROVISIONED:
	case PHASE_ERROR:
		break;
	}
	return STREAM_OTHER;
}

static void
stream_note_power(struct host_pass *p)
{
	struct host_stream *s = &p->ctl->stream;
	enum redfish_power now = pass_state(p)->power;

	if (s->power != RF_POWER_UNKNOWN && now != s->power)
		s->moved_us = pass_now_us(p);
	s->power = now;
}

/* Not a truth of the host: whatever comes of it, the pass goes on. */
enum verdict
host_followed(void *arg)
{
	struct host_pass *p = arg;
	struct host_ctl *ctl = p->ctl;
	struct host_stream *s = &ctl->stream;
	enum redfish_streaming how = redfish_streaming(ctl->rf);
	bool due;

	p->fit_to_follow = true;
	stream_note_power(p);
	s->rank = stream_rank(p);
	if (how == RF_STREAMING_NONE) {
		if (s->granted)
			stream_settle_soon(p->c);
		stream_revoke(ctl);
		return V_NEXT;
	}
	if (!s->granted && p->c->streams_used < p->c->streams_max)
		stream_grant(ctl);
	else if (!s->granted)
		stream_settle_soon(p->c);
	due = s->granted && how != RF_STREAMING_OPENING &&
	      how != RF_STREAMING_OPEN && pass_now_us(p) >= s->next_us;
	return due || p->act[ACT_FOLLOW] == ACT_PENDING
		   ? host_act_follow(p, stream_news)
		   : V_NEXT;
}

enum verdict
pass_rest(struct host_pass *p)
{
	const struct host_stream *s = &p->ctl->stream;
	int64_t idle = p->c->o.poll_idle_us;

	if (redfish_stream_vouches(p->ctl->rf))
		return pass_poll(p, STREAM_IDLE_TIMES * idle);
	/* Who was just switched is often switched again. */
	if (s->moved_us != 0 && pass_now_us(p) - s->moved_us < STREAM_MOVED_FOR)
		return pass_poll(p, idle / 4);
	return pass_poll(p, idle);
}
