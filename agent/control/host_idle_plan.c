/*
 * Hosts that nobody uses: in the pool when they are off, clean and known; else
 * out of it, with the reason. A stranger's server is never touched (SAFETY.md
 * 3): only `online` allows a power action, and only the user's retry a
 * cleaning.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static enum verdict
idle_out(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, reason, "%s", message);
	report_state(&p->rep, HOST_INSPECTING);
	report_op(&p->rep, "Inspect", reason, "%s", message);
	report_waiting(&p->rep, "%s", waiting);
	return pass_rest(p);
}

static bool
idle_media(const struct redfish_state *s)
{
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].inserted && s->slots[i].usable)
			return true;
	return false;
}

/* The OS of a host that is to be off is given as long as a machine's is when
 * its spec does not say. */
#define IDLE_GRACEFUL_S 120

static bool
idle_ordered(const struct host_pass *p, enum redfish_reset reset)
{
	return str_eq(p->h.record.power, redfish_reset_name(reset));
}

/* spec.online: the one power action that an unclaimed host may see. */
static enum verdict
idle_switched_on(struct host_pass *p)
{
	struct record r = p->h.record;

	(void)idle_out(p, "PoweredOn",
	    "spec.online is true: the server is switched On", "power: on");
	if (idle_ordered(p, RF_RESET_ON))
		return host_asked_on(p);
	host_order_announce(p, &r, RF_RESET_ON);
	return host_act_record(p, &r);
}

static enum verdict
idle_forced_off(struct host_pass *p)
{
	struct host_change ch = { .event_reason = "PowerForcedOff" };
	struct record r = p->h.record;

	(void)idle_out(p, "PoweredOn",
	    "the server is On; spec.online is false: it is forced Off",
	    "power: off");
	if (idle_ordered(p, RF_RESET_FORCE_OFF))
		return host_forced_off(p);
	if (!host_shown(p))
		return V_WAIT;
	ch.event_warning = idle_ordered(p, RF_RESET_GRACEFUL_OFF);
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "spec.online is false: %s",
	    !ch.event_warning ? "no OS runs; the server is forced Off"
	    : host_order_refused(p, RF_RESET_GRACEFUL_OFF)
		? "the BMC does not take a soft shutdown; it is forced Off"
		: "the OS did not shut down in time; it is forced Off");
	host_order_announce(p, &r, RF_RESET_FORCE_OFF);
	ch.record = &r;
	return host_act_write(p, &ch);
}

static enum verdict
idle_switched_off(struct host_pass *p)
{
	struct host_change ch = { .event_reason = "PoweringOff" };
	enum verdict v;

	/* Another intent than that which was refused. */
	if (!idle_ordered(p, RF_RESET_GRACEFUL_OFF) &&
	    !idle_ordered(p, RF_RESET_FORCE_OFF))
		p->ctl->mem.order_refused = 0;
	(void)idle_out(p, "PoweredOn",
	    "the server is On; spec.online is false: its OS is asked to shut "
	    "down",
	    "os: shutdown");
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "spec.online is false: the OS is asked to shut down; by force "
	    "after %d s",
	    IDLE_GRACEFUL_S);
	v = host_asked_off(p, IDLE_GRACEFUL_S, &ch);
	return v == V_NEXT ? idle_forced_off(p) : v;
}

/* What was ordered is not wanted any more; a later intent begins anew. */
static bool
idle_withdrawn(const struct host_pass *p)
{
	return idle_ordered(p, RF_RESET_GRACEFUL_OFF) ||
	       idle_ordered(p, RF_RESET_FORCE_OFF);
}

/* It was in the pool, and nobody asked us for this. */
static bool
idle_unexpected(const struct host_pass *p)
{
	const char *was = NULL;
	const char *available = host_condition(&p->h, "HostAvailable", &was);

	return p->h.spec.online != ONLINE_TRUE &&
	       p->h.spec.online != ONLINE_FALSE &&
	       (str_eq(available, "True") || str_eq(was, "UnexpectedPowerOn"));
}

static enum verdict
idle_on(struct host_pass *p)
{
	if (p->h.spec.online == ONLINE_FALSE)
		return idle_switched_off(p);
	if (idle_withdrawn(p)) {
		struct record r = p->h.record;

		record_clear_claim(&r);
		return host_act_record(p, &r);
	}
	if (p->h.spec.online == ONLINE_TRUE)
		return idle_out(p, "PoweredOn",
		    "the server is On as spec.online asks; it is not in the "
		    "pool",
		    "user: spec.online");
	if (idle_unexpected(p))
		return idle_out(p, "UnexpectedPowerOn",
		    "the server was switched On by somebody else; switch it "
		    "off, or set spec.online to false",
		    "power: off");
	return idle_out(p, "PoweredOn",
	    "the server is On and may be in use; switch it off, or set "
	    "spec.online to false",
	    "power: off");
}

static enum verdict
idle_ready(struct host_pass *p)
{
	const struct record *r = &p->h.record;
	struct record rec = *r;

	/* The last power action of an unclaimed host is forgotten once it is
	 * off, so that a later On is a stranger's again. */
	if (r->power[0] != '\0') {
		record_clear_claim(&rec);
		return host_act_record(p, &rec);
	}
	report_say(&p->rep, HC_AVAILABLE, SAY_TRUE, "Available", "%s", "");
	/* What was said of the last tenant's image is over. */
	if (host_condition(&p->h, "MediaReachable", NULL) != NULL)
		report_say(&p->rep, HC_MEDIA, SAY_UNKNOWN, "NotYetRead", "%s",
		    "no image is asked for");
	if (host_condition(&p->h, "BootstrapDataReady", NULL) != NULL)
		report_say(&p->rep, HC_DATA, SAY_GONE, "", "%s", "");
	report_state(&p->rep, HOST_AVAILABLE);
	report_rest(&p->rep);
	return pass_rest(p);
}

enum verdict
host_idle(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	enum verdict v;

	report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, "NotProvisioned", "%s",
	    "no consumer");
	if (s->power == RF_POWER_ON)
		return idle_on(p);
	if (s->power != RF_POWER_OFF) {
		(void)idle_out(p,
		    idle_unexpected(p) ? "UnexpectedPowerOn" : "PoweredOn",
		    "the power is changing", "power");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	if (p->h.spec.online == ONLINE_TRUE)
		return idle_switched_on(p);
	v = host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT | RF_READ_MEDIA);
	if (v != V_NEXT)
		return v;
	s = pass_state(p);
	if (idle_media(s))
		return idle_out(p, "MediaInserted",
		    "a virtual medium is "
		    "inserted that is not ours; eject it",
		    "user: media");
	if (s->boot.armed)
		return idle_out(p, "OverrideArmed",
		    "a boot override is set "
		    "that is not ours; clear it",
		    "user: boot override");
	return idle_ready(p);
}

/* A spent budget: out of the pool until the user says retry. What is left of
 * us on the hardware is cleaned by the release plan then. */
enum verdict
host_quarantine(struct host_pass *p)
{
	struct host_change ch = { .drop_annotation = ANN_RETRY };
	struct record r = p->h.record;
	bool held = p->claim == CLAIM_HELD || p->claim == CLAIM_NEW;

	report_state(&p->rep, HOST_ERROR);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Quarantined", "%s",
	    "a budget is spent; look at the server, then set the "
	    "annotation " ANN_RETRY);
	report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, "BudgetSpent", "%s",
	    held ? "all attempts failed; set the annotation " ANN_RETRY
		   " on the host, or delete the machine"
		 : "no consumer");
	if (p->h.asks.retry == NULL)
		return pass_rest(p);
	record_clear_attempt(&r);
	r.failed = false;
	r.attempt = held ? 1 : 0;
	r.phase = held ? PHASE_PROVISIONING : PHASE_RELEASING;
	if (!host_phase_free(p, r.phase))
		return pass_poll(p, p->c->o.poll_busy_us);
	p->ctl->entering = r.phase;
	if (p->claim == CLAIM_NEW)
		(void)str_copy(r.claim_id, sizeof(r.claim_id),
		    p->h.spec.consumer.claim_id);
	ch.record = &r;
	ch.event_reason = "Retry";
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    held ? "the budget of attempts starts again"
		 : "the host is cleaned and goes back to the pool");
	return host_act_write(p, &ch);
}
