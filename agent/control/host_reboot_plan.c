/*
 * AX/reboot. Soft: the OS is asked to restart, and where that does not show by
 * the deadline, the server is restarted by force. Hard: by force at once. Each
 * order is announced in the record and sent once; an agent that finds one in
 * the record looks what became of it. What does not show whether it restarted
 * is asked to shut down and switched on again: that shows everywhere. Nothing
 * more is forced once the annotation is gone, but what we switched off comes
 * back.
 */
#include <stdio.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

/* A restart has to show itself, however short the OS is given to shut down. */
#define SOFT_LEAST_S 30
/* Rule 17: a forced restart that nothing came of in so long was none. */
#define HARD_SHOWS_S 60
/* Off after an order to restart, so long: it does not come back by itself. */
#define COMES_BACK_S 20
#define GOES_OFF_S 300
/* An order that was withdrawn may still take effect. */
#define AFTERMATH_S 60

static bool
reboot_ordered(const struct host_pass *p, enum redfish_reset reset)
{
	return str_eq(p->h.record.power, redfish_reset_name(reset));
}

static bool
reboot_valid(const char *ask)
{
	return str_eq(ask, "soft") || str_eq(ask, "hard");
}

static int64_t
reboot_soft_s(const struct host_pass *p)
{
	int64_t s = p->has_machine ? p->m.graceful_s : 0;

	return s < SOFT_LEAST_S ? SOFT_LEAST_S : s;
}

/* Seconds since the last order; clocks that were set back count as long. */
static int64_t
reboot_age_s(const struct host_pass *p)
{
	int64_t age = pass_wall_s(p) - p->h.record.power_s;

	return age < 0 ? GOES_OFF_S : age;
}

/* What a restart changes, on a BMC that tells how far its server is: rule 17.
 * "" where nobody could tell. */
static void
reboot_mark(const struct redfish_state *s, char out[72])
{
	bool reset = !str_empty(s->last_reset_time);
	const char *at = reset ? s->last_reset_time : s->progress_time;

	out[0] = '\0';
	if (!str_empty(at) && (s->progress == RF_PROGRESS_OS_BOOT_STARTED ||
				  s->progress == RF_PROGRESS_OS_RUNNING))
		(void)str_format(
		    out, 72, "%s@%.60s", reset ? "reset" : "progress", at);
}

static bool
reboot_shows(const struct host_pass *p)
{
	return p->h.record.mark[0] != '\0';
}

static void
reboot_look(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;
	char now[72];

	reboot_mark(s, now);
	if (s->power != RF_POWER_ON && s->power != RF_POWER_UNKNOWN)
		m->reboot_moved = true;
	if (reboot_shows(p) &&
	    ((now[0] != '\0' && !str_eq(now, p->h.record.mark)) ||
		(s->progress >= RF_PROGRESS_PROCESSORS &&
		    s->progress <= RF_PROGRESS_SETUP_ENTERED)))
		m->reboot_moved = true;
	if (m->reboot_us == 0) {
		m->reboot_us = pass_now_us(p);
		m->reboot_inherited = true;
	}
}

/* By the clock that nobody sets, unless another life began it. */
static bool
reboot_late(const struct host_pass *p)
{
	const struct host_memory *m = &p->ctl->mem;

	return pass_now_us(p) - m->reboot_us >= reboot_soft_s(p) * LOOP_S ||
	       (m->reboot_inherited &&
		   pass_wall_s(p) >= p->h.record.reboot_by_s);
}

static void
reboot_say(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	const struct record *r = &p->h.record;

	report_op(
	    &p->rep, "Reboot", reason, "%s restart: %s", r->reboot, message);
	report_waiting(&p->rep, "%s", waiting);
	if (str_eq(r->reboot, "soft"))
		p->rep.op.deadline_s = r->reboot_by_s;
}

/* The next order, with why in an Event where it is not simply the first. */
static enum verdict
reboot_order(struct host_pass *p, struct record *r, enum redfish_reset reset,
    struct host_change *ch)
{
	struct host_memory *m = &p->ctl->mem;

	if (!host_shown(p))
		return V_WAIT;
	if (reset != RF_RESET_FORCE_OFF && reset != RF_RESET_ON)
		reboot_mark(pass_state(p), r->mark);
	m->reboot_moved = false;
	host_order_announce(p, r, reset);
	ch->record = r;
	return host_act_write(p, ch);
}

static enum verdict
reboot_end(struct host_pass *p, const char *reason, const char *text)
{
	struct host_change ch = { .event_reason = reason };
	struct record r = p->h.record;

	ch.event_warning = !str_eq(reason, "Rebooted");
	if (p->h.asks.reboot != NULL)
		ch.drop_annotation = ANN_REBOOT;
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "%s restart: %.200s", r.reboot, text);
	/* It runs on: what was ordered is no order to the next release. */
	if (reboot_ordered(p, RF_RESET_GRACEFUL_OFF) ||
	    reboot_ordered(p, RF_RESET_FORCE_OFF))
		(void)str_copy(
		    r.power, sizeof(r.power), redfish_reset_name(RF_RESET_ON));
	record_clear_reboot(&r);
	p->ctl->mem.reboot_us = 0;
	ch.record = &r;
	return host_act_write(p, &ch);
}

/* ---- the steps --------------------------------------------------------------- */

static enum verdict
reboot_refused(struct host_pass *p)
{
	struct host_change ch = { .drop_annotation = ANN_REBOOT,
		.event_reason = "RebootRefused",
		.event_warning = true };

	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "reboot=%.16s: needs soft or hard, and a server that is on",
	    p->h.asks.reboot);
	return host_act_write(p, &ch);
}

static enum verdict
reboot_taken(void *arg)
{
	struct host_pass *p = arg;
	const char *ask = p->h.asks.reboot;
	struct host_change ch = { .event_reason = "RebootStarted" };
	enum redfish_reset first = RF_RESET_FORCE_RESTART;
	struct record *r = &p->h.record, next = *r;
	char shows[72];

	if (r->reboot[0] != '\0')
		return V_NEXT;
	if (!reboot_valid(ask) || pass_state(p)->power != RF_POWER_ON)
		return reboot_refused(p);
	(void)str_copy(next.reboot, sizeof(next.reboot), ask);
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "hard restart: the server is restarted by force");
	if (str_eq(ask, "soft")) {
		reboot_mark(pass_state(p), shows);
		first = shows[0] != '\0' ? RF_RESET_GRACEFUL_RESTART
					 : RF_RESET_GRACEFUL_OFF;
		next.reboot_by_s = pass_wall_s(p) + reboot_soft_s(p);
		(void)str_format(ch.event_text, sizeof(ch.event_text),
		    "soft restart: the OS is asked to %s; by force after %d s",
		    shows[0] != '\0' ? "restart"
				     : "shut down, then switched on again",
		    (int)reboot_soft_s(p));
	}
	p->ctl->mem.reboot_us = pass_now_us(p);
	p->ctl->mem.reboot_inherited = false;
	p->ctl->mem.order_refused = 0;
	report_op(&p->rep, "Reboot", "Rebooting", "%s restart", ask);
	report_waiting(&p->rep, "%s", "os: restart");
	return reboot_order(p, &next, first, &ch);
}

static enum verdict
reboot_read(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM);

	if (v == V_NEXT)
		reboot_look(p);
	return v;
}

static enum verdict
reboot_forced(struct host_pass *p, enum redfish_reset reset, const char *why)
{
	struct host_change ch = { .event_reason = "RebootForced",
		.event_warning = true };
	struct record r = p->h.record;

	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "%s restart: %.160s; now by force (%s)", r.reboot, why,
	    redfish_reset_name(reset));
	(void)str_copy(r.reboot, sizeof(r.reboot), "hard");
	reboot_say(p, "Rebooting", "by force", "power");
	return reboot_order(p, &r, reset, &ch);
}

static enum verdict
reboot_switched_on(struct host_pass *p)
{
	struct host_change ch = { .record = NULL };
	struct record r = p->h.record;

	reboot_say(p, "PoweringOn", "switching the server on", "power: on");
	return reboot_order(p, &r, RF_RESET_ON, &ch);
}

/* What came of the soft order so far; V_NEXT: the deadline is over, and the
 * server is on. */
static enum verdict
reboot_soft_seen(struct host_pass *p, bool off_then_on)
{
	enum redfish_power power = pass_state(p)->power;
	bool moved = p->ctl->mem.reboot_moved;

	if (power == RF_POWER_ON && moved && !off_then_on)
		return reboot_end(p, "Rebooted", "the server restarted");
	if (power == RF_POWER_OFF && off_then_on)
		return reboot_switched_on(p);
	if (!reboot_late(p))
		return pass_poll(p, p->c->o.poll_busy_us);
	if (power == RF_POWER_OFF)
		return reboot_switched_on(p);
	if (power == RF_POWER_ON && moved)
		return reboot_end(p, "Rebooted", "the server is on again");
	if (power != RF_POWER_ON && !host_stuck(p))
		return pass_poll(p, p->c->o.poll_busy_us);
	if (!reboot_valid(p->h.asks.reboot))
		return reboot_end(p, "RebootWithdrawn", "the server stayed on");
	return V_NEXT;
}

/* Nobody asks any more, and nothing that was sent has to be watched: a restart
 * that comes after all leaves the server on. */
static bool
reboot_void(const struct host_pass *p, bool restart, enum redfish_reset order)
{
	return !reboot_valid(p->h.asks.reboot) &&
	       !p->ctl->mem.reboot_inherited &&
	       (restart || !host_order_sent(p, order));
}

static enum verdict
reboot_asked_softly(void *arg)
{
	struct host_pass *p = arg;
	bool restart = reboot_ordered(p, RF_RESET_GRACEFUL_RESTART);
	enum redfish_reset order =
	    restart ? RF_RESET_GRACEFUL_RESTART : RF_RESET_GRACEFUL_OFF;
	struct host_change ch = { .record = NULL };
	struct record r = p->h.record;
	enum verdict v;
	char why[64];

	if (!restart && !reboot_ordered(p, RF_RESET_GRACEFUL_OFF))
		return V_NEXT;
	reboot_say(p, "Rebooting", "waiting for the OS", "os: restart");
	if (str_eq(p->h.asks.reboot, "hard"))
		return reboot_forced(p,
		    restart ? RF_RESET_FORCE_RESTART : RF_RESET_FORCE_OFF,
		    "asked for before the OS was down");
	if (reboot_void(p, restart, order))
		return reboot_end(
		    p, "RebootWithdrawn", "nobody asks for it any more");
	v = host_order_done(p, order);
	if (v == V_NEXT && host_order_refused(p, order))
		return restart ? reboot_order(p, &r, RF_RESET_GRACEFUL_OFF, &ch)
			       : reboot_forced(p, RF_RESET_FORCE_RESTART,
				     "the BMC does not take a soft one");
	if (v == V_NEXT)
		v = reboot_read(p);
	if (v == V_NEXT)
		v = reboot_soft_seen(p, !restart);
	if (v != V_NEXT)
		return v;
	(void)str_format(why, sizeof(why), "the OS did not within %d s",
	    (int)reboot_soft_s(p));
	return reboot_forced(
	    p, restart ? RF_RESET_FORCE_RESTART : RF_RESET_FORCE_OFF, why);
}

/* On, and the order was sent, or may have been. */
static enum verdict
reboot_hard_seen(struct host_pass *p)
{
	if (p->ctl->mem.reboot_moved)
		return reboot_end(p, "Rebooted", "the server restarted");
	if (reboot_shows(p) && reboot_age_s(p) < HARD_SHOWS_S)
		return pass_poll(p, p->c->o.poll_busy_us);
	if (reboot_shows(p) && reboot_valid(p->h.asks.reboot))
		return reboot_forced(p, RF_RESET_FORCE_OFF,
		    "the BMC took ForceRestart, and nothing came of it");
	if (host_order_sent(p, RF_RESET_FORCE_RESTART))
		return reboot_end(p, "Rebooted",
		    "was sent; the BMC does not tell what came of it");
	return reboot_end(p, "RebootUnknown",
	    "may have been sent before the agent restarted; it is not sent "
	    "again");
}

static enum verdict
reboot_by_force(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v;

	if (!reboot_ordered(p, RF_RESET_FORCE_RESTART))
		return V_NEXT;
	reboot_say(p, "Rebooting", "by force", "power");
	v = host_order_done(p, RF_RESET_FORCE_RESTART);
	if (v != V_NEXT)
		return v;
	if (host_order_refused(p, RF_RESET_FORCE_RESTART))
		return reboot_end(p, "RebootFailed",
		    p->err.msg[0] != '\0' ? p->err.msg : "the BMC refuses it");
	v = reboot_read(p);
	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_ON)
		return reboot_hard_seen(p);
	if (pass_state(p)->power == RF_POWER_OFF &&
	    reboot_age_s(p) >= COMES_BACK_S)
		return reboot_switched_on(p);
	if (reboot_age_s(p) >= GOES_OFF_S)
		return reboot_end(
		    p, "RebootFailed", "the BMC tells neither On nor Off");
	return pass_poll(p, p->c->o.poll_busy_us);
}

static enum verdict
reboot_off(void *arg)
{
	struct host_pass *p = arg;
	bool wanted = reboot_valid(p->h.asks.reboot);
	enum redfish_power power;
	enum verdict v;

	if (!reboot_ordered(p, RF_RESET_FORCE_OFF))
		return V_NEXT;
	v = reboot_read(p);
	if (v != V_NEXT)
		return v;
	power = pass_state(p)->power;
	if (power == RF_POWER_OFF)
		return reboot_switched_on(p);
	reboot_say(p, "PoweringOff", "switching the server off", "power: off");
	if (power != RF_POWER_ON && reboot_age_s(p) < GOES_OFF_S)
		return pass_poll(p, p->c->o.poll_busy_us);
	if (wanted && reboot_age_s(p) < GOES_OFF_S)
		return host_forced_off(p);
	if (wanted)
		return reboot_end(
		    p, "RebootFailed", "the server does not go off");
	if (reboot_age_s(p) >= AFTERMATH_S &&
	    (p->ctl->mem.forced == 0 ||
		pass_now_us(p) - p->ctl->mem.forced_us >= AFTERMATH_S * LOOP_S))
		return reboot_end(p, "RebootWithdrawn", "the server stayed on");
	return pass_poll(p, p->c->o.poll_busy_us);
}

/* Comes to its end even if nobody asks any more. */
static enum verdict
reboot_on(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = reboot_read(p);

	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_ON)
		return reboot_end(
		    p, "Rebooted", "the server was off, and is on again");
	reboot_say(p, "PoweringOn", "switching the server on", "power: on");
	if (pass_state(p)->power != RF_POWER_OFF)
		return pass_poll(p, p->c->o.poll_busy_us);
	return host_asked_on(p);
}

static const struct step reboot_plan[] = {
	{ "restart-taken", reboot_taken },
	{ "os-restarted", reboot_asked_softly },
	{ "restarted-by-force", reboot_by_force },
	{ "off-to-restart", reboot_off },
	{ "on-after-restart", reboot_on },
	{ NULL, NULL },
};

enum verdict
host_rebooted(struct host_pass *p)
{
	if (p->h.asks.reboot == NULL && p->h.record.reboot[0] == '\0')
		return V_NEXT;
	return plan_run(reboot_plan, p, &p->inner);
}
