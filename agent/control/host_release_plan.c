/*
 * Giving a host back (SAFETY.md 8): off (gracefully, then by force), ejected,
 * override cleared, each read back; then the claim goes. Disks are not erased.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static void
release_say(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	report_state(&p->rep, HOST_DEPROVISIONING);
	report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, "NotProvisioned", "%s",
	    "being released");
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "%s",
	    "being released");
	report_op(&p->rep, "Release", reason, "%s", message);
	report_waiting(&p->rep, "%s", waiting);
}

static enum verdict
release_begun(void *arg)
{
	struct host_pass *p = arg;
	struct record r = p->h.record;

	if (r.phase == PHASE_RELEASING)
		return V_NEXT;
	release_say(
	    p, "PoweringOff", "the consumer is being deleted", "power: off");
	/* Claimed and never begun: there is nothing of ours to undo. */
	if (r.phase == PHASE_IDLE) {
		struct host_change ch = { .drop_claim = true };

		ch.event_reason = "Released";
		(void)str_copy(ch.event_text, sizeof(ch.event_text),
		    "released before anything was done");
		return host_act_write(p, &ch);
	}
	if (!host_phase_free(p, PHASE_RELEASING)) {
		report_waiting(&p->rep, "fleet limit: %u releasing",
		    p->c->o.max_releasing);
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	r.failed = r.failed || r.phase == PHASE_ERROR;
	r.phase = PHASE_RELEASING;
	record_clear_reboot(&r);
	record_clear_heal(&r);
	return host_act_enter(p, &r);
}

static enum verdict
release_off(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM);
	struct record r = p->h.record;

	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_OFF && !host_going_on(p))
		return V_NEXT;
	release_say(p, "PoweringOff", "switching the server off", "power: off");
	if (pass_state(p)->power != RF_POWER_ON && !host_stuck(p))
		return pass_poll(p, p->c->o.poll_busy_us);
	/* On, but not by us: a stranger's server is not switched off. */
	if (r.power[0] == '\0')
		return V_NEXT;
	release_say(
	    p, "PoweringOff", "waiting for the OS to shut down", "power: off");
	v = host_asked_off(p, p->has_machine ? p->m.graceful_s : 0,
	    &(struct host_change){ .record = NULL });
	if (v != V_NEXT)
		return v;
	release_say(p, "PoweringOff", "switching the server off", "power: off");
	if (!str_eq(r.power, redfish_reset_name(RF_RESET_FORCE_OFF))) {
		(void)str_copy(r.power, sizeof(r.power),
		    redfish_reset_name(RF_RESET_FORCE_OFF));
		r.power_s = pass_wall_s(p);
		return host_act_record(p, &r);
	}
	return host_forced_off(p);
}

static enum verdict
release_ejected(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_MEDIA);
	const struct redfish_state *s;

	if (v != V_NEXT)
		return v;
	release_say(p, "Ejecting", "ejecting the medium", "media: eject");
	s = pass_state(p);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted)
			return host_act_eject(p, NULL);
	return V_NEXT;
}

static enum verdict
release_override_cleared(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT);

	if (v != V_NEXT)
		return v;
	release_say(
	    p, "Verifying", "clearing the boot override", "boot override");
	return pass_state(p)->boot.armed ? host_act_clear(p) : V_NEXT;
}

/* The way from one consumer to the next goes by verified Off (SAFETY 2). A
 * stranger's On stays; the pool does not take such a host. */
static enum verdict
release_verified(void *arg)
{
	struct host_pass *p = arg;

	if (pass_state(p)->power == RF_POWER_OFF ||
	    p->h.record.power[0] == '\0')
		return V_NEXT;
	return pass_poll(p, p->c->o.poll_busy_us);
}

static enum verdict
claim_dropped(void *arg)
{
	struct host_pass *p = arg;
	struct host_change ch = { .drop_claim = true };
	struct record r = p->h.record;
	bool failed = r.failed;

	record_clear_claim(&r);
	/* Else an agent that starts anew would see an override that is none. */
	r.boot_in_settings = pass_state(p)->boot.in_settings;
	if (failed) {
		r.phase = PHASE_ERROR;
		r.failed = true;
	}
	ch.record = &r;
	ch.event_reason = "Released";
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    failed ? "off, ejected and cleared; it stays out of the pool. "
		     "Disks are not erased"
		   : "off, ejected and cleared. Disks are not erased");
	return host_act_write(p, &ch);
}

static const struct step release_plan[] = {
	{ "release-begun", release_begun },
	{ "powered-off", release_off },
	{ "media-ejected", release_ejected },
	{ "override-cleared", release_override_cleared },
	{ "verified", release_verified },
	{ "claim-dropped", claim_dropped },
	{ NULL, NULL },
};

enum verdict
host_release(struct host_pass *p)
{
	return plan_run(release_plan, p, &p->inner);
}
