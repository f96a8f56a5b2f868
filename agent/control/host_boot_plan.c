/*
 * The order of a boot (SAFETY.md 5): verified Off, eject, insert, verify, arm
 * Once, verify, On. Arming and powering on are announced in the record first;
 * everything before them is idempotent by state.
 */
#include <stdio.h>

#include "agent/control/host_medium.h"
#include "agent/control/names.h"
#include "common/str.h"
#include "common/url.h"

void
boot_say(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	const struct record *r = &p->h.record;

	report_state(&p->rep, HOST_PROVISIONING);
	report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, reason, "%s", message);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "claimed by %s",
	    p->m.key);
	report_op(&p->rep, "Provision", reason, "%s", message);
	report_waiting(&p->rep, "%s", waiting);
	p->rep.op.attempt = r->attempt;
	p->rep.op.max_attempts = p->m.max_attempts;
	p->rep.op.deadline_s = r->deadline_s;
}

void
boot_say_power(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	enum redfish_power power = pass_state(p)->power;
	char text[160];

	(void)str_format(text, sizeof(text), "%s; %s%s", message,
	    power == RF_POWER_UNKNOWN ? "the BMC does not tell its PowerState"
				      : "its PowerState is ",
	    power == RF_POWER_UNKNOWN ? "" : redfish_power_name(power));
	boot_say(p, reason, text, waiting);
}

enum verdict
host_attempt_failed(struct host_pass *p, const char *why)
{
	struct host_change ch = { .event_warning = true };
	struct record r = p->h.record;

	boot_say(p, "BootFailed", why, "retry");
	record_clear_attempt(&r);
	ch.record = &r;
	ch.event_reason = "BootFailed";
	if (r.attempt >= p->m.max_attempts) {
		r.phase = PHASE_ERROR;
		r.failed = true;
		ch.event_reason = "BudgetSpent";
	} else {
		r.attempt++;
	}
	/* host_memory_renew() forgets this attempt once that is stored. */
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "attempt %d of %d: %s", p->h.record.attempt, p->m.max_attempts,
	    why);
	return host_act_write(p, &ch);
}

void
host_memory_renew(struct host_pass *p)
{
	const struct record *r = &p->h.record;
	struct host_memory *m = &p->ctl->mem;
	char text[64];
	uint64_t life;

	(void)str_format(
	    text, sizeof(text), "%d/%d", (int)r->phase, r->attempt);
	life = str_hash(text, str_hash(r->claim_id, 1));
	if (m->life == life)
		return;
	*m = (struct host_memory){ .life = life,
		.inspected = m->inspected,
		.silent_since_us = m->silent_since_us };
}

/* ---- the steps --------------------------------------------------------------- */

/* SAFETY.md 11: a typo in a replica count must not take the fleet down. */
static enum verdict
attempt_begun(void *arg)
{
	struct host_pass *p = arg;
	struct record r = p->h.record;

	if (r.phase == PHASE_PROVISIONING)
		return V_NEXT;
	report_state(&p->rep, HOST_CLAIMED);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "claimed by %s",
	    p->m.key);
	report_op(&p->rep, "Provision", "Claimed", "claimed by %s", p->m.key);
	if (!host_phase_free(p, PHASE_PROVISIONING)) {
		report_waiting(&p->rep, "fleet limit: %u provisioning",
		    p->c->o.max_provisioning);
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	record_clear_claim(&r);
	(void)str_copy(
	    r.claim_id, sizeof(r.claim_id), p->h.spec.consumer.claim_id);
	r.phase = PHASE_PROVISIONING;
	r.attempt = 1;
	/* "" unless the medium is ready. */
	(void)str_copy(r.data, sizeof(r.data), p->media.answer.data);
	return host_act_enter(p, &r);
}

static bool
boot_origin_allowed(const char *list, const struct url *u)
{
	char host[300], with_port[320];
	size_t n;

	if (!str_format(host, sizeof(host), "%s", u->host) ||
	    !str_format(
		with_port, sizeof(with_port), "%s:%u", u->host, u->port))
		return false;
	for (const char *s = list; *s != '\0'; s += n + (s[n] == ',')) {
		char word[320] = "";

		for (n = 0; s[n] != '\0' && s[n] != ','; n++)
			if (n < sizeof(word) - 1) {
				word[n] = s[n];
				word[n + 1] = '\0';
			}
		if (str_ieq(word, host) || str_ieq(word, with_port))
			return true;
	}
	return false;
}

/* SAFETY.md 10. false: why says what is wrong, to the condition; what it means,
 * to the operation. */
static bool
image_usable(const struct host_pass *p, char why[256], const char **means)
{
	struct url u;
	struct err e;

	if (p->h.spec.boot_iso == NULL ||
	    !url_parse(&u, p->h.spec.boot_iso, &e)) {
		(void)str_format(why, 256, "spec.bootIsoSource: %.200s",
		    p->h.spec.boot_iso == NULL ? "missing" : e.msg);
		*means = "the image URL is not usable";
		return false;
	}
	if (p->c->o.image_origins == NULL ||
	    boot_origin_allowed(p->c->o.image_origins, &u))
		return true;
	(void)str_format(why, 256,
	    "images from %.180s are not allowed by --image-origins", u.host);
	*means = "the image's origin is not allowed";
	return false;
}

/* Before anything is begun, and before the server is touched. */
static enum verdict
media_ready(void *arg)
{
	struct host_pass *p = arg;
	const char *means;
	char why[256];

	/* Nothing is asked about what image_allowed will refuse. */
	return image_usable(p, why, &means) ? medium_ready(p) : V_NEXT;
}

static enum verdict
image_allowed(void *arg)
{
	struct host_pass *p = arg;
	const char *means;
	char why[256];

	if (image_usable(p, why, &means))
		return V_NEXT;
	report_say(&p->rep, HC_MEDIA, SAY_FALSE, "OriginFailed", "%s", why);
	boot_say(p, "InsertingMedia", means, "user: image");
	return pass_poll(p, p->c->o.poll_idle_us);
}

static enum verdict
powered_off(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM);
	const struct record *r = &p->h.record;

	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_OFF)
		return V_NEXT;
	if (pass_state(p)->power != RF_POWER_ON) {
		boot_say_power(p, "PoweringOff",
		    "the server must be off before its medium is changed",
		    "power: off");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	boot_say(p, "PoweringOff",
	    "the server must be off before its medium is changed",
	    "power: off");
	/* Only a server that we switched on ourselves is switched off. */
	if (r->power[0] == '\0') {
		boot_say(p, "NotProvisioned",
		    "the server is On, but the "
		    "record shows no power-on of ours; switch it off",
		    "power: off");
		report_say(&p->rep, HC_AVAILABLE, SAY_FALSE,
		    "UnexpectedPowerOn", "%s", "somebody switched it on");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	return host_act_reset(p, RF_RESET_FORCE_OFF);
}

static enum verdict
media_clean(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_MEDIA);
	const struct redfish_state *s;

	if (v != V_NEXT)
		return v;
	/* Armed already: the medium has been verified before that. */
	if (p->h.record.armed_s != 0)
		return V_NEXT;
	boot_say(p, "InsertingMedia", "ejecting what is in the drive",
	    "media: eject");
	s = pass_state(p);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted &&
		    !medium_ours(p, &s->slots[i]))
			return host_act_eject(p, NULL);
	return V_NEXT;
}

static const char *
boot_media_reason(enum redfish_cause c)
{
	return c == RF_CAUSE_REFUSED || c == RF_CAUSE_URL ||
		       c == RF_CAUSE_SILENT
		   ? "OriginFailed"
		   : NULL;
}

/* Looks in a row that must see an empty drive before it is believed. */
#define BOOT_LOOKS_EMPTY 2

/* After a crash we do not remember that it was we; the URL must do. A drive that
 * is empty now has lost it. */
static enum verdict
media_still_in(struct host_pass *p)
{
	if (medium_in(p, BOOT_MEDIUM_ISO, true))
		return V_NEXT;
	/* One look may be stale, and what follows ejects. */
	boot_say(p, "InsertingMedia", "the drive looks empty; looking again",
	    "media: insert");
	/* Nor is it known what to look for. */
	if (medium_url(p, BOOT_MEDIUM_ISO) == NULL)
		return pass_poll(p, p->c->o.poll_busy_us);
	if (++p->ctl->mem.medium_empty < BOOT_LOOKS_EMPTY)
		return pass_poll(p, p->c->o.poll_busy_us);
	report_say(&p->rep, HC_MEDIA, SAY_FALSE, "MediaLost", "%s",
	    "the drive is empty: the BMC lost the image, as some do when they "
	    "restart; the next attempt inserts it again");
	return host_attempt_failed(p, "the medium is gone from the drive");
}

static enum verdict
media_inserted(void *arg)
{
	struct host_pass *p = arg;
	enum verdict v;

	if (p->ctl->mem.inserted_attempt == p->h.record.attempt &&
	    medium_in(p, BOOT_MEDIUM_ISO, false)) {
		p->ctl->mem.medium_empty = 0;
		report_say(&p->rep, HC_MEDIA, SAY_UNKNOWN, "NotYetRead", "%s",
		    "the BMC has the image's URL; nothing has booted from it");
		return V_NEXT;
	}
	if (p->h.record.armed_s != 0)
		return media_still_in(p);
	boot_say(p, "InsertingMedia", "inserting the image", "media: insert");
	p->ctl->mem.inserted_attempt = p->h.record.attempt;
	v = host_act_insert(p, medium_url(p, BOOT_MEDIUM_ISO));
	if (v == V_FAIL && boot_media_reason(p->cause) != NULL)
		report_say(&p->rep, HC_MEDIA, SAY_FALSE,
		    boot_media_reason(p->cause), "%s", p->err.msg);
	return v;
}

/* What a boot would change: the progress and when it was reached. "" where the
 * BMC tells no time. */
static void
boot_mark(const struct redfish_state *s, char out[72])
{
	const char *at =
	    str_empty(s->progress_time) ? s->last_reset_time : s->progress_time;

	out[0] = '\0';
	if (!str_empty(at))
		(void)str_format(out, 72, "%s@%.40s",
		    redfish_progress_name(s->progress), at);
}

static bool
boot_unchanged(const struct host_pass *p)
{
	char now[72];

	boot_mark(pass_state(p), now);
	return now[0] != '\0' && str_eq(now, p->h.record.mark);
}

static enum verdict
arming_announced(void *arg)
{
	struct host_pass *p = arg;
	struct record r = p->h.record;

	if (r.armed_s != 0)
		return V_NEXT;
	boot_say(p, "ArmingBoot", "setting the next boot to the virtual CD",
	    "boot override");
	r.armed_s = pass_wall_s(p);
	boot_mark(pass_state(p), r.mark);
	p->ctl->mem.announced_attempt = r.attempt;
	return host_act_record(p, &r);
}

static enum redfish_boot_mode
boot_mode(const char *s)
{
	return str_eq(s, "UEFI")     ? RF_MODE_UEFI
	       : str_eq(s, "Legacy") ? RF_MODE_LEGACY
				     : RF_MODE_UNKNOWN;
}

/* Once is armed once an attempt. If it was announced and is not there, it may
 * have been consumed, and arming again could boot the medium twice: unless the
 * BMC refused it clearly, or shows that the machine has not booted since. */
static enum verdict
boot_armed(void *arg)
{
	struct host_pass *p = arg;
	struct host_memory *m = &p->ctl->mem;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_BOOT);
	const struct redfish_boot *b;
	bool first;

	if (v != V_NEXT)
		return v;
	b = &pass_state(p)->boot;
	if (b->armed && b->cd && !b->disputed)
		return V_NEXT;
	boot_say(p, "ArmingBoot", "setting the next boot to the virtual CD",
	    "boot override");
	first = m->armed_attempt != p->h.record.attempt;
	if (first && m->announced_attempt != p->h.record.attempt &&
	    !boot_unchanged(p))
		return host_attempt_failed(p,
		    "the agent restarted while it set the boot override, and "
		    "the override is not there");
	if (!first && m->refused_attempt != p->h.record.attempt &&
	    p->act[ACT_ARM] == ACT_IDLE && !boot_unchanged(p))
		return host_attempt_failed(
		    p, "the boot override is gone before the boot");
	m->armed_attempt = p->h.record.attempt;
	m->refused_attempt = 0;
	v = host_act_arm(p, boot_mode(p->m.boot_mode));
	if (v == V_FAIL && !p->maybe_executed)
		m->refused_attempt = p->h.record.attempt;
	return v;
}

/* The last look before the switch: what was verified above may be old. */
static enum verdict
still_off(void *arg)
{
	struct host_pass *p = arg;

	return pass_state(p)->power == RF_POWER_OFF
		   ? V_NEXT
		   : pass_poll(p, p->c->o.poll_busy_us);
}

static enum verdict
power_on_announced(void *arg)
{
	struct host_pass *p = arg;
	const struct redfish_state *s = pass_state(p);
	struct record r = p->h.record;

	r.on_s = pass_wall_s(p);
	r.deadline_s = r.on_s + p->m.timeout_s;
	(void)str_copy(
	    r.power, sizeof(r.power), redfish_reset_name(RF_RESET_ON));
	r.power_s = r.on_s;
	(void)str_format(r.mark, sizeof(r.mark), "%s@%.40s",
	    redfish_progress_name(s->progress),
	    s->progress_time == NULL ? "" : s->progress_time);
	p->ctl->mem.lit = true;
	boot_say(p, "Booting", "switching the server on", "power: on");
	return host_act_record(p, &r);
}

static const struct step boot_plan[] = {
	{ "media-ready", media_ready },
	{ "attempt-begun", attempt_begun },
	{ "image-allowed", image_allowed },
	{ "powered-off", powered_off },
	{ "media-clean", media_clean },
	{ "media-recorded", medium_recorded },
	{ "transport-fits", medium_transport_fits },
	{ "media-inserted", media_inserted },
	{ "config-inserted", medium_config_inserted },
	{ "arming-announced", arming_announced },
	{ "boot-armed", boot_armed },
	{ "still-off", still_off },
	{ "power-on-announced", power_on_announced },
	{ NULL, NULL },
};

enum verdict
host_provision(struct host_pass *p)
{
	const struct record *r = &p->h.record;

	if (r->phase == PHASE_PROVISIONING && r->installed_s != 0)
		return host_second_boot(p);
	if (r->phase == PHASE_PROVISIONING && r->on_s != 0)
		return host_first_boot(p);
	return plan_run(boot_plan, p, &p->inner);
}
