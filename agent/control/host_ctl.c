/*
 * The life of a host's controller: a pass begins when its key is due, is run
 * again from the top after every answer, and settles: the status is written if
 * it says anything new, and the next look is scheduled.
 */
#include <string.h>

#include "agent/control/host_medium.h"
#include "agent/control/host_pass.h"
#include "agent/control/secret_share.h"
#include "agent/kube/client.h"
#include "agent/kube/informer.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define HOST_MAX_RUNS 400          /* a plan that needs more is looping */
#define HOST_FLUSH_US (3 * LOOP_S) /* longer waits show in the status */
#define HOST_PART_LOOK (LOOP_S / 5)
#define HOST_FLUSH_PATIENCE 10
#define HOST_BACKOFF_MIN (2 * LOOP_S)
#define HOST_RETRY_CONFLICT (LOOP_S / 20)

static struct host_ctl *
host_ctl_new(struct controllers *c, const char *key)
{
	struct host_ctl *ctl = xcalloc(1, sizeof(*ctl));
	char *path = xasprintf("host/%s", key);

	ctl->c = c;
	ctl->key = xstrdup(key);
	ctl->shard = driving_shard(c, key);
	ctl->pending = N_ACTS;
	rng_seed(&ctl->rng, c->env->seed, path);
	xfree(path);
	backoff_init(
	    &ctl->backoff, HOST_BACKOFF_MIN, c->o.retry_max_us, &ctl->rng);
	backoff_init(
	    &ctl->status_backoff, 2 * LOOP_S, c->o.retry_max_us, &ctl->rng);
	host_stream_init(ctl);
	return ctl;
}

static void
host_give_slot(struct host_ctl *ctl)
{
	struct controllers *c = ctl->c;
	struct host_ctl *next;

	if (ctl->wants_slot) {
		TAILQ_REMOVE(&c->slot_queue, ctl, slot_entry);
		ctl->wants_slot = false;
	}
	if (!ctl->has_slot)
		return;
	ctl->has_slot = false;
	c->slots_used--;
	next = TAILQ_FIRST(&c->slot_queue);
	if (next != NULL) {
		TAILQ_REMOVE(&c->slot_queue, next, slot_entry);
		next->wants_slot = false;
		next->has_slot = true;
		c->slots_used++;
		workq_add(c->host_q, next->key);
	}
}

/* Thousands of hosts are at rest at any time: a pass takes memory only while
 * it lasts. */
static void
host_pass_begin(struct host_ctl *ctl)
{
	struct host_pass *p = xcalloc(1, sizeof(*p));

	p->ctl = ctl;
	p->c = ctl->c;
	p->rep.op.progress = -1;
	ctl->pass = p;
	ctl->active = true;
	host_stream_look(ctl);
	ctl->c->passes++;
}

static void
host_pass_end(struct host_ctl *ctl)
{
	struct host_pass *p = ctl->pass;

	if (p == NULL)
		return;
	host_fini(&p->h);
	host_medium_forget(p);
	machine_view_fini(&p->m);
	report_reset(&p->rep);
	xfree(p->secret_asked);
	xfree(p->ca_asked);
	xfree(p);
	ctl->pass = NULL;
	ctl->active = false;
}

static void
host_calls_cancel(struct host_ctl *ctl)
{
	secret_share_leave(ctl);
	kube_cancel(ctl->call);
	kube_cancel(ctl->status_call);
	ctl->call = NULL;
	ctl->status_call = NULL;
}

void
host_ctl_free(void *arg)
{
	struct host_ctl *ctl = arg;

	if (ctl == NULL)
		return;
	timer_stop(&ctl->flush);
	host_calls_cancel(ctl);
	host_give_slot(ctl);
	host_stream_drop(ctl);
	redfish_free(ctl->rf);
	host_certificate_forget(ctl);
	tls_trust_free(ctl->ca);
	diary_free(&ctl->c->diaries, &ctl->diary);
	secret_free(&ctl->user);
	secret_free(&ctl->password);
	host_pass_end(ctl);
	host_origin_set(ctl, NULL);
	xfree(ctl->rf_address);
	xfree(ctl->secret_version);
	xfree(ctl->trust_version);
	xfree(ctl->details);
	xfree(ctl->uid);
	xfree(ctl->key);
	xfree(ctl);
}

/* ---- closing ------------------------------------------------------------------ */

static void
host_ctl_forget(void *arg)
{
	struct host_ctl *ctl = arg;
	struct controllers *c = ctl->c;

	(void)map_take(&c->host_ctls, ctl->key); /* freed here */
	/* It may have been created again meanwhile. */
	workq_add(c->host_q, ctl->key);
	host_ctl_free(ctl);
}

static void
host_closed_gone(void *arg, const struct redfish_reply *r)
{
	struct host_ctl *ctl = arg;

	(void)r; /* the host is gone; a session that stays will expire */
	timer_start(ctl->c->env->loop, &ctl->flush, 0, host_ctl_forget, ctl);
}

static void
host_ctl_part(void *arg)
{
	struct host_ctl *ctl = arg;
	struct loop *l = ctl->c->env->loop;

	if (ctl->rf == NULL || !redfish_has_session(ctl->rf))
		timer_start(l, &ctl->flush, 0, host_ctl_forget, ctl);
	else if (host_origin_take(ctl))
		redfish_close(ctl->rf, host_closed_gone, ctl);
	else
		timer_start(l, &ctl->flush, HOST_PART_LOOK, host_ctl_part, ctl);
}

/* The object is gone: the session on the BMC goes too, then the memory. */
static void
host_ctl_gone(struct host_ctl *ctl)
{
	if (ctl->closing)
		return;
	ctl->closing = true;
	host_stream_drop(ctl);
	timer_stop(&ctl->flush);
	if (ctl->rf != NULL && redfish_busy(ctl->rf))
		redfish_cancel(ctl->rf);
	host_calls_cancel(ctl);
	ctl->pending = N_ACTS;
	host_give_slot(ctl);
	host_ctl_part(ctl);
}

static void
host_closed(void *arg, const struct redfish_reply *r)
{
	struct host_ctl *ctl = arg;

	(void)r; /* nobody is left who could act on it */
	ctl->closed = true;
	host_origin_give(ctl);
}

bool
host_ctl_close(struct host_ctl *ctl)
{
	if (ctl->rf == NULL || ctl->closing)
		return false;
	/* What cannot be unsent may end first: the check comes round again. */
	if (redfish_busy(ctl->rf))
		return true;
	if (!redfish_has_session(ctl->rf))
		return false;
	if (!host_origin_take(ctl))
		return true;
	ctl->closing = true;
	redfish_close(ctl->rf, host_closed, ctl);
	return true;
}

bool
host_ctl_closed(const struct host_ctl *ctl)
{
	return ctl->closed || ctl->rf == NULL ||
	       (!redfish_has_session(ctl->rf) && !redfish_busy(ctl->rf));
}

bool
host_ctl_writing(const struct host_ctl *ctl)
{
	switch (ctl->pending) {
	case ACT_RESET:
	case ACT_ARM:
	case ACT_CLEAR:
	case ACT_INSERT:
	case ACT_CONFIG:
	case ACT_EJECT:
	case ACT_HOLD:
	case ACT_WRITE:
		return true;
	case ACT_IDENTIFY:
	case ACT_READ:
	case ACT_INVENTORY:
	case ACT_SECRET:
	case ACT_CA:
	case ACT_FOLLOW:
	case N_ACTS:
		break;
	}
	return ctl->status_call != NULL;
}

bool
host_ctl_quiet(const struct controllers *c, const char *key)
{
	const struct host_ctl *ctl = map_get(&c->host_ctls, key);

	return ctl == NULL || (ctl->pending == N_ACTS &&
				  (ctl->rf == NULL || !redfish_busy(ctl->rf)));
}

/* ---- settling ------------------------------------------------------------------ */

struct link_cause {
	enum redfish_cause cause;
	const char *reason;
};

static const char *
host_link_reason(enum redfish_cause cause)
{
	static const struct link_cause rows[] = {
		{ RF_CAUSE_UNREACHABLE, "ConnectionFailed" },
		{ RF_CAUSE_TIMEOUT, "ConnectionFailed" },
		{ RF_CAUSE_PROTOCOL, "ConnectionFailed" },
		{ RF_CAUSE_TLS, "TLSVerificationFailed" },
		{ RF_CAUSE_CERTIFICATE_CHANGED, "CertificateChanged" },
		{ RF_CAUSE_AUTH, "AuthenticationFailed" },
		{ RF_CAUSE_PASSWORD_CHANGE, "PasswordChangeRequired" },
		{ RF_CAUSE_CIRCUIT, "CircuitOpen" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].cause == cause)
			return rows[i].reason;
	return NULL;
}

/* A single lost packet is no outage: the first failure of a host that was
 * connected is retried before it is told. */
static bool
host_link_told(const struct host_pass *p)
{
	const char *was = host_condition(&p->h, "RedfishConnectionReady", NULL);

	/* That the breaker is open is no news: what opened it is. */
	if (p->cause == RF_CAUSE_CIRCUIT && str_eq(was, "False"))
		return false;
	return !str_eq(was, "True") || p->ctl->backoff.failures >= 2 ||
	       (p->cause != RF_CAUSE_UNREACHABLE &&
		   p->cause != RF_CAUSE_TIMEOUT && p->cause != RF_CAUSE_BUSY);
}

/* So often in a row it is more than firmware at work. */
#define BUSY_TOLD 3

static void
host_say_failure(struct host_pass *p, int64_t delay_us)
{
	const char *reason = host_link_reason(p->cause);
	const struct report_cond *why;

	/* It answers, and with nothing that tells what the server is doing: no
	 * step came so far that it could say so. */
	if (reason == NULL && p->cause != RF_CAUSE_NONE &&
	    p->rep.op.kind == NULL)
		reason = "ConnectionFailed";
	if (reason != NULL) {
		p->ctl->mem.silenced = true;
		if (p->ctl->mem.silent_since_us == 0)
			p->ctl->mem.silent_since_us = pass_now_us(p);
		if (host_link_told(p))
			report_say(&p->rep, HC_CONNECTION, SAY_FALSE, reason,
			    "%s%s", p->err.msg, host_trust_hint(p));
		report_waiting(&p->rep, "bmc");
	}
	if (p->rep.op.kind == NULL)
		return;
	/* The machine's condition mirrors this one: there a person reads why
	 * it does not go on. */
	why = &p->rep.cond[HC_PROVISIONED];
	if (reason == NULL && p->cause != RF_CAUSE_NONE &&
	    (p->cause != RF_CAUSE_BUSY ||
		p->ctl->backoff.failures >= BUSY_TOLD) &&
	    why->status == SAY_FALSE) {
		char *was = xstrdup(why->message);

		report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, why->reason,
		    "%s: %s", was, p->err.msg);
		xfree(was);
	}
	xreplace(&p->rep.op.message, p->err.msg);
	/* Shown only where a person may wonder; short waits would rewrite it
	 * at every pass. */
	if (delay_us >= 10 * LOOP_S)
		p->rep.op.next_retry_s = pass_wall_s(p) + delay_us / LOOP_S;
}

static int64_t
host_failure_delay(struct host_pass *p)
{
	struct host_ctl *ctl = p->ctl;
	int64_t delay, until;

	if (p->err.kind == ERR_CONFLICT && p->cause == RF_CAUSE_NONE)
		return HOST_RETRY_CONFLICT;
	/* Nothing was asked, so nothing failed anew. */
	if (p->cause == RF_CAUSE_CIRCUIT) {
		until = redfish_circuit(ctl->rf).next_try_us;
		delay = until - pass_now_us(p);
		return delay > HOST_RETRY_CONFLICT ? delay
						   : HOST_RETRY_CONFLICT;
	}
	delay = backoff_next(&ctl->backoff);
	if (p->err.kind == ERR_SPEC)
		return p->c->o.poll_idle_us;
	until = ctl->rf == NULL ? 0 : redfish_login_hold(ctl->rf);
	/* Meanwhile the Secret changed, in this very pass: its pause is of the
	 * old credentials, and the Secret wakes us no second time. */
	if (p->cause == RF_CAUSE_AUTH && until == 0)
		return delay;
	if (p->retry_after_us > delay)
		delay = p->retry_after_us;
	if (p->cause == RF_CAUSE_AUTH && until < 0)
		return 10 * p->c->o.poll_idle_us; /* the Secret wakes us */
	if (p->cause == RF_CAUSE_AUTH && until - pass_now_us(p) > delay)
		delay = until - pass_now_us(p) + LOOP_S;
	return delay;
}

/* Spreads a fleet's looks over time: 90 % to 110 %. */
static int64_t
host_jitter(struct host_ctl *ctl, int64_t us)
{
	uint64_t spread = (uint64_t)us / 5;

	return us - us / 10 + (int64_t)rng_below(&ctl->rng, spread + 1);
}

static void
host_settle(struct host_ctl *ctl, enum verdict v, const char *at)
{
	struct host_pass *p = ctl->pass;
	int64_t delay = p->poll_us;
	bool fit;

	/* Progress is being written just now: what the pass has to say comes
	 * after it, on the object that it leaves behind. */
	if (ctl->status_call != NULL) {
		ctl->settling = true;
		ctl->settle_verdict = v;
		ctl->settle_at = at;
		return;
	}
	if (v == V_FAIL) {
		delay = host_failure_delay(p);
		host_say_failure(p, delay);
		LOGI(ctl->c->env->log, "pass failed", F_STR("host", ctl->key),
		    F_STR("step", at), F_INT("retry_ms", delay / LOOP_MS),
		    F_ERR(&p->err));
	} else {
		backoff_reset(&ctl->backoff);
		LOGD(ctl->c->env->log, "pass settled", F_STR("host", ctl->key),
		    F_STR("step", at), F_STR("verdict", verdict_name(v)),
		    F_INT("runs", p->runs));
	}
	host_diary_settled(ctl, v, at);
	timer_stop(&ctl->flush);
	host_write_status(ctl);
	ctl->again = false;
	host_give_slot(ctl);
	host_origin_give(ctl);
	fit = p->fit_to_follow || v == V_FAIL;
	host_pass_end(ctl);
	if (delay > 0)
		workq_add_after(ctl->c->host_q, ctl->key,
		    v == V_FAIL ? delay : host_jitter(ctl, delay));
	if (v == V_FAIL)
		host_stream_held(ctl, delay);
	host_stream_settled(ctl, fit);
}

/* The host as the cache has it; nothing is parsed again for one that is still
 * the same. */
static void
host_read(struct host_ctl *ctl)
{
	struct informer *hosts = ctl->c->hosts;
	struct host *h = &ctl->pass->h;

	if (informer_holds(hosts, ctl->key, h->uid, h->rv))
		return;
	host_fini(h);
	host_init(h, ctl->key, informer_get(hosts, ctl->key));
}

static void
host_settle_late(struct host_ctl *ctl)
{
	if (ctl->status_call != NULL)
		return;
	ctl->settling = false;
	host_read(ctl);
	host_settle(ctl, ctl->settle_verdict, ctl->settle_at);
}

/* At a step that failed: what stands there says why, which is more than that it
 * is tried again, and would only be written once more when it fails again. */
static bool
host_tries_again(const struct host_pass *p)
{
	const struct report_cond *rc = &p->rep.cond[HC_PROVISIONED];
	const char *reason = NULL;

	if (p->ctl->backoff.failures == 0 || rc->status == SAY_NOTHING)
		return false;
	(void)host_condition(&p->h, host_cond_type(HC_PROVISIONED), &reason);
	return str_eq(reason, rc->reason) && p->h.state_known &&
	       (!p->rep.has_state || p->h.state == p->rep.state);
}

static void
host_flush(void *arg)
{
	struct host_ctl *ctl = arg;
	struct host_pass *p = ctl->pass;

	if (!ctl->active || ctl->settling || p->rep.op.kind == NULL ||
	    ctl->call != NULL || ctl->share != NULL || host_tries_again(p))
		return;
	/* A fleet that enrols at once waits for its turn: a write for each
	 * that only says so would delay them all. */
	if (!ctl->has_slot && p->flushes++ < HOST_FLUSH_PATIENCE) {
		timer_start(ctl->c->env->loop, &ctl->flush, HOST_FLUSH_US,
		    host_flush, ctl);
		return;
	}
	host_write_status(ctl);
}

/* ---- running -------------------------------------------------------------------- */

static void
host_load(struct host_ctl *ctl)
{
	struct host_pass *p = ctl->pass;

	p->has_machine = false;
	host_medium_forget(p);
	report_reset(&p->rep);
	p->reads_only = NULL;
	p->fit_to_follow = false;
	p->poll_us = 0;
	host_read(ctl);
	/* What was on its way is in the cache now, or never was stored. */
	ctl->entering = PHASE_IDLE;
	/* Deleted and created again, faster than the watch could tell. */
	if (!str_eq(ctl->uid, p->h.uid)) {
		memset(&ctl->mem, 0, sizeof(ctl->mem));
		xreplace(&ctl->uid, p->h.uid);
	}
}

static void
host_run_pass(struct host_ctl *ctl)
{
	struct host_pass *p = ctl->pass;
	enum verdict v;

	p->at = "";
	p->inner = NULL;
	if (++p->runs > HOST_MAX_RUNS)
		v = pass_fail(p, ERR_INTERNAL, "the plan does not settle");
	else
		v = plan_run(host_plan, p, &p->at);
	if (v != V_WAIT) {
		host_settle(ctl, v, p->at);
		return;
	}
	if (!timer_armed(&ctl->flush))
		timer_start(ctl->c->env->loop, &ctl->flush, HOST_FLUSH_US,
		    host_flush, ctl);
}

void
host_ctl_run(void *arg, const char *key)
{
	struct controllers *c = arg;
	struct host_ctl *ctl = map_get(&c->host_ctls, key);

	if (!driving_key(c, key))
		return;
	if (!informer_has(c->hosts, key)) {
		if (ctl != NULL)
			host_ctl_gone(ctl);
		return;
	}
	if (ctl == NULL) {
		ctl = host_ctl_new(c, key);
		(void)map_put(&c->host_ctls, key, ctl); /* was not there */
	}
	/* A request is under way: its end runs us again. */
	if (ctl->pending != N_ACTS || ctl->closing)
		return;
	if (ctl->status_call != NULL && !ctl->active) {
		ctl->again = true;
		return;
	}
	if (informer_in_doubt(c->hosts, key)) {
		workq_add_after(c->host_q, key, LOOP_S / 5);
		return;
	}
	if (ctl->settling) {
		host_settle_late(ctl);
		return;
	}
	if (!ctl->active)
		host_pass_begin(ctl);
	host_load(ctl);
	host_run_pass(ctl);
}
