/*
 * What happened after our power-on (SAFETY.md 7). Power alone proves nothing;
 * only what changed since the record's mark counts. An installer ends with the
 * server off (or starting again by itself); then the medium goes, and a boot
 * without it is the proof. A live image is proven by its own boot.
 */
#include "agent/control/host_evidence.h"
#include "agent/control/host_medium.h"
#include "agent/control/names.h"
#include "common/str.h"

/* ---- the end ------------------------------------------------------------------- */

static enum verdict
evidence_proven(struct host_pass *p, const char *what)
{
	struct host_change ch = { .event_reason = "Provisioned" };
	struct record r = p->h.record;

	r.phase = PHASE_PROVISIONED;
	r.deadline_s = 0;
	/* Its token dies with this, and host_up ejects it. */
	if (medium_composed(p) && p->m.image_kind == IMAGE_LIVE &&
	    p->m.eject_when_up)
		r.ejected_s = pass_wall_s(p);
	ch.record = &r;
	ch.drop_annotation = p->h.asks.confirm != NULL ? ANN_CONFIRM : NULL;
	(void)str_format(
	    ch.event_text, sizeof(ch.event_text), "the OS runs: %s", what);
	return host_act_write(p, &ch);
}

/* Never re-image what may have been written to: the user or evidence leaves
 * this. */
static enum verdict
evidence_waiting(struct host_pass *p)
{
	struct phoned w;

	boot_say(p, "WaitingForEvidence",
	    evidence_phoned(p, &w) && w.failed
		? "the machine reported that its bootstrap failed; nothing is "
		  "repeated. Look at its console; delete the Machine to try "
		  "another one, or, if it is well after all, set the "
		  "annotation " ANN_CONFIRM " of the host to the claim id"
		: "there is no proof that the OS runs; nothing is repeated. "
		  "Look at the console; if it runs, set the "
		  "annotation " ANN_CONFIRM " of the host to the claim id",
	    "evidence: report, node or BootProgress");
	return pass_poll(p, p->c->o.poll_idle_us);
}

static enum verdict
evidence_polled(struct host_pass *p)
{
	struct phoned w;

	return evidence_overdue(p) || (evidence_phoned(p, &w) && w.failed)
		   ? evidence_waiting(p)
		   : pass_poll(p, p->c->o.poll_busy_us);
}

/* ---- the boot from the medium ----------------------------------------------------- */

/* A medium that is being read is waited for, but not longer: some BMCs look at
 * what is in their drive for ever. */
#define ENDED_BUT_READ_US (2 * LOOP_MIN)

static enum verdict
first_boot_ended(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;
	struct record r = p->h.record;
	bool tests = s->power == RF_POWER_ON && evidence_early(s);

	if (m->ended_us == 0)
		m->ended_us = pass_now_us(p);
	/* In its own tests a server runs nothing of what it reads. */
	if (medium_being_read(p) && !tests &&
	    pass_now_us(p) - m->ended_us < ENDED_BUT_READ_US) {
		boot_say(p, "Installing",
		    "the installer ended; its medium is being read still",
		    "media: read");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	boot_say(p, "Installing", "the installer ended; its medium goes",
	    "media: eject");
	r.installed_s = pass_wall_s(p);
	return host_act_record(p, &r);
}

enum ran {
	RAN_NO, /* provably not */
	RAN_YES,
	RAN_UNKNOWN
};

/* The machine is off: did it boot since our power-on? Not knowing counts as
 * yes wherever the medium might be booted twice. */
static enum ran
first_boot_ran(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	const struct host_memory *m = &p->ctl->mem;
	bool timed = !str_empty(s->progress_time);

	if (m->seen_os || (m->seen_on && m->untold))
		return RAN_YES;
	if (timed && !m->seen_on && !evidence_new(p))
		return RAN_NO;
	/* Once, and it still waits for its boot. */
	if (!evidence_consumed(s))
		return RAN_NO;
	if (!s->boot.armed || evidence_new(p) ||
	    medium_level(p) >= MEDIUM_KERNEL)
		return RAN_YES;
	return m->lit && !m->silenced ? RAN_NO : RAN_UNKNOWN;
}

/* The power-on was lost, or has no effect. On is idempotent by state. */
static enum verdict
first_boot_lights(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	struct record r = p->h.record;

	boot_say(p, "Booting", "switching the server on", "power: on");
	if (!evidence_overdue(p))
		return host_act_reset(p, RF_RESET_ON);
	/* The silence of a BMC spends no attempt (SAFETY.md 6). */
	if (m->silenced && m->extended_s != r.deadline_s) {
		r.on_s = pass_wall_s(p);
		r.deadline_s = r.on_s + p->m.timeout_s;
		m->extended_s = r.deadline_s;
		return host_act_record(p, &r);
	}
	return host_attempt_failed(p, "the server did not switch on");
}

static enum verdict
first_boot_off(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	enum ran ran = first_boot_ran(p);

	if (ran == RAN_NO && s->boot.armed && s->boot.cd)
		return first_boot_lights(p);
	boot_say(p, "Booting", "the server is off after its boot", "power");
	if (!evidence_off(p))
		return pass_poll(p, evidence_off_us(p) * 5 / 4);
	if (ran == RAN_NO)
		return host_attempt_failed(p,
		    "the boot override is gone, but the server was never "
		    "on");
	if (ran == RAN_UNKNOWN)
		return evidence_waiting(p);
	if (p->m.image_kind != IMAGE_LIVE)
		return first_boot_ended(p);
	/* What ran may have written: it is not booted again by itself. */
	if (evidence_overdue(p) || !evidence_never_booted(p))
		return evidence_waiting(p);
	return host_attempt_failed(
	    p, "the server went off before the image was up");
}

/* Continuous, or a BMC that forgets to use up Once: the next boot, by whoever,
 * must not be from the medium again. Tried once; the release clears it too. */
static enum verdict
first_boot_disarmed(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;
	enum verdict v;

	if (!m->seen_os || m->disarmed || !s->boot.armed || !s->boot.cd)
		return V_NEXT;
	boot_say(p, "Booting", "clearing the boot override", "boot override");
	v = host_act_clear(p);
	m->disarmed = v != V_WAIT;
	return v == V_WAIT ? v : V_NEXT;
}

/* ---- a medium that went away ------------------------------------------------ */

#define LOOKS_EMPTY 2 /* one look may be stale */

static bool
medium_is_in(const struct redfish_state *s)
{
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted)
			return true;
	return s->n_slots == 0;
}

/* Looked for where it may have been lost: the BMC was away, or the boot came
 * to nothing. It is only said: what ran may have written. A drive that cannot
 * be read must not hide what the machine does. */
static enum verdict
medium_looked_for(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	bool *asked = evidence_overdue(p) ? &m->asked_late : &m->asked_back;
	enum verdict v;

	if (*asked || (!evidence_overdue(p) && !m->silenced))
		return V_NEXT;
	v = host_act_read(p, RF_READ_MEDIA);
	if (v == V_WAIT)
		return v;
	if (v == V_NEXT && !medium_is_in(pass_state(p)))
		m->medium_empty++;
	else
		m->medium_empty = 0;
	*asked = m->medium_empty == 0 || m->medium_empty >= LOOKS_EMPTY;
	m->medium_lost |= m->medium_empty >= LOOKS_EMPTY;
	return V_NEXT;
}

static void
medium_told(struct host_pass *p)
{
	if (p->ctl->mem.medium_lost)
		report_say(&p->rep, HC_MEDIA, SAY_FALSE, "MediaLost", "%s",
		    "the drive is empty: the BMC lost the image after the "
		    "server was switched on, as some do when they restart. "
		    "Nothing is repeated, since it may have written; look at "
		    "the console, and if the image did not start, delete the "
		    "machine: its replacement boots anew");
}

/* The firmware has handed over to what it read from the medium. */
static void
evidence_medium_read(struct host_pass *p)
{
	if (p->ctl->mem.medium_lost || p->media.trouble)
		return;
	report_say(&p->rep, HC_MEDIA, SAY_TRUE, "Reachable", "%s",
	    "read past the boot loader");
}

static enum verdict
first_boot_of_live(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	bool reading = s->progress >= RF_PROGRESS_OS_BOOT_STARTED ||
		       medium_level(p) >= MEDIUM_LOADER;

	if (evidence_loading(p) && evidence_consumed(s))
		evidence_medium_read(p);
	boot_say(p, reading ? "ReadingImage" : "Booting", "booting the image",
	    "evidence: BootProgress");
	p->rep.op.progress = reading ? medium_progress(p, 80) : -1;
	if (evidence_running(p) && evidence_consumed(s) &&
	    evidence_by_progress(p))
		return evidence_proven(p, "BootProgress OSRunning");
	if (evidence_by_node(p))
		return evidence_proven(p, "its node registered");
	return evidence_polled(p);
}

static enum verdict
first_boot_of_installer(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;
	bool loading = evidence_loading(p) && evidence_consumed(s);
	bool runs = loading || medium_level(p) >= MEDIUM_KERNEL;

	if (loading)
		evidence_medium_read(p);
	boot_say(p,
	    runs                               ? "Installing"
	    : medium_level(p) >= MEDIUM_LOADER ? "ReadingImage"
					       : "Booting",
	    runs ? "the installer runs" : "booting the installer",
	    "evidence: the installer ends");
	p->rep.op.progress = medium_progress(p, runs ? 70 : 50);
	/* It restarts by itself: this is the second boot already, or what it
	 * installed is up and says so. */
	if ((m->seen_loading && evidence_early(s)) || evidence_by_report(p))
		return first_boot_ended(p);
	m->seen_loading = m->seen_loading || loading;
	return evidence_polled(p);
}

static enum verdict
first_boot_on(struct host_pass *p)
{
	enum verdict v = first_boot_disarmed(p);

	if (v != V_NEXT)
		return v;
	if (evidence_overdue(p) && evidence_never_booted(p))
		return host_attempt_failed(p,
		    "the firmware never handed over to a boot loader; is the "
		    "image bootable, and does the BMC reach it?");
	return p->m.image_kind == IMAGE_LIVE ? first_boot_of_live(p)
					     : first_boot_of_installer(p);
}

enum verdict
host_first_boot(struct host_pass *p)
{
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT_PACED);

	if (v != V_NEXT)
		return v;
	medium_watched(p);
	evidence_note(p);
	if (evidence_confirmed(p))
		return evidence_proven(p, "confirmed by the user");
	if (p->m.image_kind == IMAGE_LIVE && evidence_by_report(p))
		return evidence_proven(p, "the machine reported");
	v = medium_looked_for(p);
	if (v != V_NEXT)
		return v;
	medium_told(p);
	switch (pass_state(p)->power) {
	case RF_POWER_OFF:
		return first_boot_off(p);
	case RF_POWER_ON:
		return first_boot_on(p);
	case RF_POWER_UNKNOWN:
	case RF_POWER_POWERING_ON:
	case RF_POWER_POWERING_OFF:
	case RF_POWER_PAUSED:
		break;
	}
	boot_say_power(
	    p, "Booting", "the server is neither on nor off", "power");
	return evidence_polled(p);
}

/* ---- the boot from the disk --------------------------------------------------------- */

static enum verdict
installed_media_gone(void *arg)
{
	struct host_pass *p = arg;
	const struct redfish_slot *stays;
	const struct redfish_state *s;
	enum verdict v =
	    host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT | RF_READ_MEDIA);

	if (v != V_NEXT)
		return v;
	s = pass_state(p);
	boot_say(
	    p, "Installing", "installed; ejecting the medium", "media: eject");
	if (!medium_config_stays(p, &stays))
		return pass_poll(p, p->c->o.poll_busy_us);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted &&
		    &s->slots[i] != stays)
			return host_act_eject(
			    p, stays == NULL ? NULL : s->slots[i].uri);
	return V_NEXT;
}

static enum verdict
installed_override_gone(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT);

	if (v != V_NEXT)
		return v;
	return pass_state(p)->boot.armed ? host_act_clear(p) : V_NEXT;
}

static enum verdict
second_power_on(void *arg)
{
	struct host_pass *p = arg;
	const struct redfish_state *s = pass_state(p);
	struct record r = p->h.record;

	if (r.on2_s != 0)
		return V_NEXT;
	r.on2_s = pass_wall_s(p);
	r.deadline_s = r.on2_s + p->m.timeout_s;
	(void)str_copy(
	    r.power, sizeof(r.power), redfish_reset_name(RF_RESET_ON));
	r.power_s = r.on2_s;
	evidence_mark(s, r.mark);
	p->ctl->mem.seen_early = evidence_early(s);
	boot_say(p, "Booting", "booting what was installed", "power: on");
	return host_act_record(p, &r);
}

static enum verdict
second_powered_on(void *arg)
{
	struct host_pass *p = arg;

	boot_say(p, "Booting", "booting what was installed", "power: on");
	switch (pass_state(p)->power) {
	case RF_POWER_ON:
		return V_NEXT;
	case RF_POWER_OFF:
		if (evidence_overdue(p))
			return evidence_waiting(p);
		return host_act_reset(p, RF_RESET_ON);
	case RF_POWER_UNKNOWN:
	case RF_POWER_POWERING_ON:
	case RF_POWER_POWERING_OFF:
	case RF_POWER_PAUSED:
		break;
	}
	return evidence_polled(p);
}

static enum verdict
second_os_up(void *arg)
{
	struct host_pass *p = arg;

	boot_say(p, "Booting", "waiting for the installed OS",
	    "evidence: report, node or BootProgress");
	if (evidence_running(p) && evidence_by_progress(p))
		return evidence_proven(
		    p, "BootProgress OSRunning without the medium");
	if (evidence_by_report(p))
		return evidence_proven(p, "the machine reported");
	if (evidence_by_node(p))
		return evidence_proven(p, "its node registered");
	return evidence_polled(p);
}

static const struct step second_boot_plan[] = {
	{ "installed-media-gone", installed_media_gone },
	{ "installed-override-gone", installed_override_gone },
	{ "second-power-on-announced", second_power_on },
	{ "second-powered-on", second_powered_on },
	{ "second-os-up", second_os_up },
	{ NULL, NULL },
};

enum verdict
host_second_boot(struct host_pass *p)
{
	/* Off is read by host_connected at the start of each pass. */
	if (evidence_confirmed(p))
		return evidence_proven(p, "confirmed by the user");
	evidence_note(p);
	return plan_run(second_boot_plan, p, &p->inner);
}
