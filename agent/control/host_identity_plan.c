/*
 * Who the host is (SAFETY.md 4): reached, inspected, and the same board as
 * the record says, under one name only.
 */
#include <stdio.h>
#include <string.h>

#include "agent/control/host_details.h"
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "agent/redfish/identity.h"
#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"

#define HEALTH_AGAIN_US (60 * LOOP_MIN)

static void
health_causes(const struct redfish_state *s, char *out, size_t cap)
{
	struct buf b;

	buf_init(&b, cap - 1);
	for (size_t i = 0; i < 4 && s->health_causes[i] != NULL; i++)
		(void)buf_addf(
		    &b, "%s%s", b.n > 0 ? "; " : "", s->health_causes[i]);
	for (size_t i = 0; i < RF_CAUSES_MAX && s->health_parts[i]; i++)
		(void)buf_addf(
		    &b, "%s%s", b.n > 0 ? "; " : "", s->health_parts[i]);
	(void)str_copy(out, cap, b.n > 0 ? buf_str(&b) : "");
	buf_free(&b);
}

static void
say_health(struct host_pass *p, const struct redfish_state *s)
{
	char cause[1024];

	health_causes(s, cause, sizeof(cause));
	switch (s->health) {
	case RF_HEALTH_OK:
		report_say(&p->rep, HC_HEALTH, SAY_TRUE, "Healthy", "%s", "");
		break;
	case RF_HEALTH_WARNING:
		report_say(
		    &p->rep, HC_HEALTH, SAY_TRUE, "HealthWarning", "%s", cause);
		break;
	case RF_HEALTH_CRITICAL:
		report_say(&p->rep, HC_HEALTH, SAY_FALSE, "HealthCritical",
		    "%s", cause);
		break;
	case RF_HEALTH_UNKNOWN:
		/* Only Critical is False; not to know is no fault. */
		report_say(&p->rep, HC_HEALTH, SAY_TRUE, "HealthUnknown",
		    "the BMC does not tell the health of the system");
		break;
	}
	xreplace(&p->rep.health, NULL);
	p->rep.health = host_details_health(s);
}

/* A rollup says that something is not well; what it is costs some requests.
 * Once when it has become so, then now and then: parts may follow. */
static bool
health_unexplained(const struct host_pass *p)
{
	const struct host_memory *m = &p->ctl->mem;
	enum redfish_health h = pass_state(p)->health;
	enum phase phase = p->h.record.phase;

	if (h != RF_HEALTH_WARNING && h != RF_HEALTH_CRITICAL)
		return false;
	/* A boot is not kept waiting. */
	if (phase == PHASE_PROVISIONING || phase == PHASE_RELEASING)
		return false;
	return h != m->searched ||
	       pass_now_us(p) - m->searched_us > HEALTH_AGAIN_US;
}

static enum verdict
health_explained(struct host_pass *p, unsigned parts)
{
	struct host_memory *m = &p->ctl->mem;
	bool begun = (p->fresh & RF_READ_HEALTH) != 0;
	enum verdict v;

	if (!begun && !health_unexplained(p)) {
		if (pass_state(p)->health == RF_HEALTH_OK)
			m->searched = RF_HEALTH_OK;
		return V_NEXT;
	}
	v = host_act_read(p, parts | RF_READ_HEALTH);
	if (!begun && (p->fresh & RF_READ_HEALTH)) {
		m->searched = pass_state(p)->health;
		m->searched_us = pass_now_us(p);
	}
	return v;
}

/* A pin is as good as its key; a CA would have been refused such a one. */
#define WEAK_RSA_BITS 2048

static void
say_connected(struct host_pass *p)
{
	const char *how = "";
	char dates[96];
	bool pinned = p->h.spec.tofu || p->h.spec.fingerprint != NULL;

	if (!str_has_prefix(p->h.spec.address, "https:"))
		how = "; without TLS: the password can be read on the way";
	else if (p->h.spec.insecure)
		how = "; the certificate is not verified "
		      "(insecureSkipVerify)";
	else if (pinned && p->ctl->cert_rsa_bits > 0 &&
		 p->ctl->cert_rsa_bits < WEAK_RSA_BITS)
		how = "; the pinned key is RSA of less than 2048 bits, short "
		      "enough to be broken";
	(void)host_certificate_words(p, dates, sizeof(dates));
	host_certificate_told(p, dates);
	report_say(&p->rep, HC_CONNECTION, SAY_TRUE, "Connected",
	    "connected to %s%s%s", p->h.spec.address, how, dates);
}

/* The override stands in the System as a rule: one request for both. A
 * provisioned host's is nobody's business; that of a boot is watched. */
static unsigned
parts_to_read(const struct record *r)
{
	if (r->phase == PHASE_PROVISIONED)
		return RF_READ_SYSTEM;
	if (r->phase == PHASE_PROVISIONING && r->on_s != 0 &&
	    r->installed_s == 0)
		return RF_READ_SYSTEM | RF_READ_BOOT_PACED;
	return RF_READ_SYSTEM | RF_READ_BOOT;
}

enum verdict
host_connected(void *arg)
{
	struct host_pass *p = arg;
	unsigned parts = parts_to_read(&p->h.record);
	enum verdict v = host_login_noted(p, host_act_read(p, parts));

	if (v != V_NEXT)
		return v;
	say_connected(p);
	p->rep.power = redfish_power_name(pass_state(p)->power);
	v = health_explained(p, parts);
	say_health(p, pass_state(p));
	return v;
}

static bool
inspection_due(const struct host_pass *p)
{
	const char *done = host_condition(&p->h, "HardwareInspected", NULL);
	const struct identity *id = &p->h.record.id;
	/* A status that was lost takes them with it, also while we live. */
	bool lost = p->ctl->details == NULL && !p->h.has_details;

	if (p->ctl->mem.inspected)
		return p->h.asks.inspect != NULL || lost;
	return p->h.asks.inspect != NULL || !str_eq(done, "True") ||
	       identity_empty(id) ||
	       (id->uuid[0] == '\0' && id->serial[0] == '\0');
}

enum verdict
host_inspected(void *arg)
{
	struct host_pass *p = arg;
	struct host_change ch = { .drop_annotation = ANN_INSPECT };
	enum verdict v;

	if (inspection_due(p) || p->act[ACT_INVENTORY] != ACT_IDLE) {
		if (p->h.record.phase == PHASE_IDLE) {
			report_op(&p->rep, "Inspect", "Inspecting",
			    "reading the inventory");
			report_waiting(&p->rep, "bmc");
		}
		v = host_act_inventory(p);
		if (v == V_FAIL)
			report_say(&p->rep, HC_INSPECTED, SAY_FALSE,
			    "InspectionFailed", "%s", p->err.msg);
		if (v != V_NEXT)
			return v;
	}
	report_say(&p->rep, HC_INSPECTED, SAY_TRUE, "Inspected", "%s", "");
	if (p->h.asks.inspect == NULL)
		return V_NEXT;
	ch.event_reason = "Inspected";
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "the inventory was read again");
	return host_act_write(p, &ch);
}

/* Placeholders identify nothing and are left out. */
static void
identity_seen(const struct host_pass *p, struct identity *id)
{
	const struct redfish_state *s = pass_state(p);
	char uuid[RF_UUID_CAP];

	memset(id, 0, sizeof(*id));
	if (!redfish_uuid_placeholder(s->uuid) &&
	    redfish_uuid_normal(s->uuid, uuid))
		(void)str_copy(id->uuid, sizeof(id->uuid), uuid);
	if (!redfish_serial_placeholder(s->serial))
		(void)str_copy(id->serial, sizeof(id->serial), s->serial);
	memcpy(id->macs, p->ctl->seen.macs, sizeof(id->macs));
	id->n_macs = p->ctl->seen.n_macs;
}

static bool
identity_changed(const struct identity *was, const struct identity *now)
{
	if (was->uuid[0] != '\0' && now->uuid[0] != '\0')
		return !redfish_uuid_same(was->uuid, now->uuid);
	return !identity_same(was, now);
}

static enum verdict
identity_accepted(struct host_pass *p, const struct identity *now)
{
	struct host_change ch = { .drop_annotation = ANN_ACCEPT_IDENTITY };
	struct record r = p->h.record;
	bool match = redfish_uuid_same(p->h.asks.accept_identity, now->uuid) ||
		     str_eq(p->h.asks.accept_identity, now->serial);

	ch.event_reason = match ? "IdentityAccepted" : "IdentityRefused";
	ch.event_warning = !match;
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "accept-identity names %.64s, the BMC shows %s",
	    p->h.asks.accept_identity, now->uuid);
	if (match) {
		r.id = *now;
		r.boot_in_settings = false; /* of the other board */
		ch.record = &r;
	}
	return host_act_write(p, &ch);
}

static void
identity_in_doubt(struct host_pass *p)
{
	if (p->reads_only == NULL)
		p->reads_only = "the host's identity is in doubt";
	if (p->claim == CLAIM_NONE)
		report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "NotInspected",
		    "the host's identity is in doubt");
}

/* Two objects for one board: neither is claimable; what is claimed already
 * goes on under the one that has it. */
static enum verdict
identity_alone(struct host_pass *p, const struct identity *now)
{
	const char *twin = host_index_twin(&p->c->index, p->h.key, now);
	const struct host_brief *b =
	    twin == NULL ? NULL : host_index_get(&p->c->index, twin);

	/* Of two processes that enrol the same board at once, the second to be
	 * stored sees the first, once its watch is past that. */
	if (p->h.record.phase == PHASE_IDLE && !host_watched(p) &&
	    !str_eq(host_condition(&p->h, "IdentityVerified", NULL), "True"))
		return pass_poll(p, LOOP_S / 10);
	/* A record that is lost or contradicted has been told already. */
	if (b == NULL && p->rep.cond[HC_IDENTITY].status == SAY_NOTHING)
		report_say(
		    &p->rep, HC_IDENTITY, SAY_TRUE, "Verified", "%s", "");
	if (b == NULL)
		return V_NEXT;
	report_say(&p->rep, HC_IDENTITY, SAY_FALSE, "IdentityConflict",
	    "the same server (UUID %s, serial %s) is also host %s; delete "
	    "one of them",
	    now->uuid, now->serial, twin);
	if (p->h.record.phase == PHASE_IDLE || b->phase != PHASE_IDLE)
		identity_in_doubt(p);
	return V_NEXT;
}

/* The address may be another BMC's by now, or the board another one. */
static void
say_changed(
    struct host_pass *p, const struct identity *was, const struct identity *now)
{
	const char *twin = host_index_twin(&p->c->index, p->h.key, now);
	const char *name = now->uuid[0] != '\0' ? now->uuid : now->serial;

	if (twin != NULL)
		report_say(&p->rep, HC_IDENTITY, SAY_FALSE, "IdentityChanged",
		    "enrolled as UUID %s serial %s, but the server of host %s "
		    "answers (UUID %s serial %s): has the address been given "
		    "to its BMC?",
		    was->uuid, was->serial, twin, now->uuid, now->serial);
	else
		report_say(&p->rep, HC_IDENTITY, SAY_FALSE, "IdentityChanged",
		    "enrolled as UUID %s serial %s, now UUID %s serial %s; if "
		    "the board was swapped set " ANN_ACCEPT_IDENTITY "=%s",
		    was->uuid, was->serial, now->uuid, now->serial, name);
}

/* Told as a failure of the link: it answers, and with nothing to go by. */
static enum verdict
identity_withheld(struct host_pass *p)
{
	enum verdict v = pass_fail(p, ERR_PROTO,
	    "the BMC shows no UUID, serial number or MAC address to know the "
	    "server by");

	p->cause = RF_CAUSE_PROTOCOL;
	return v;
}

enum verdict
host_identified(void *arg)
{
	struct host_pass *p = arg;
	struct record r = p->h.record;
	struct identity now;
	enum verdict v;

	identity_seen(p, &now);
	if (p->h.record_present && !p->h.record_valid)
		return V_NEXT; /* said by record_known */
	if (identity_empty(&now))
		return identity_withheld(p);
	if (identity_empty(&r.id) && p->reads_only == NULL) {
		r.id = now;
		if (p->h.spec.tofu)
			(void)str_copy(r.pin, sizeof(r.pin), p->ctl->seen_pin);
		v = host_act_record(p, &r);
		return v;
	}
	/* Trust on first use was asked for later than the enrolment. */
	if (p->h.spec.tofu && r.pin[0] == '\0' && p->ctl->seen_pin[0] != '\0' &&
	    p->h.record_valid && p->reads_only == NULL) {
		(void)str_copy(r.pin, sizeof(r.pin), p->ctl->seen_pin);
		return host_act_record(p, &r);
	}
	if (!identity_empty(&r.id) && identity_changed(&r.id, &now)) {
		say_changed(p, &r.id, &now);
		if (p->h.asks.accept_identity != NULL)
			return identity_accepted(p, &now);
		identity_in_doubt(p);
		return V_NEXT;
	}
	if (r.boot_in_settings)
		redfish_boot_in_settings(p->ctl->rf);
	return identity_alone(p, &now);
}
