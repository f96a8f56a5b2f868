/*
 * Acts on hardware: each starts one operation of the redfish client, and the
 * pass is run again when it ends. Every write passes host_act_allowed(), the one
 * gate of SAFETY.md 12.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/control/host_details.h"
#include "agent/control/host_pass.h"
#include "common/mem.h"
#include "common/str.h"

const struct redfish_state *
pass_state(const struct host_pass *p)
{
	return redfish_state(p->ctl->rf);
}

int64_t
pass_wall_s(const struct host_pass *p)
{
	return controllers_wall_s(p->c);
}

int64_t
pass_now_us(const struct host_pass *p)
{
	return loop_mono_us(p->c->env->loop);
}

enum verdict
pass_poll(struct host_pass *p, int64_t us)
{
	p->poll_us = us;
	return V_POLL;
}

enum verdict
pass_fail(struct host_pass *p, enum err_kind k, const char *fmt, ...)
{
	char text[sizeof(p->err.msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut on purpose */
	va_end(ap);
	(void)err_set(&p->err, k, 0, "%s", text);
	p->cause = RF_CAUSE_NONE;
	return V_FAIL;
}

/* SAFETY.md 12: owner, finalizer and record; not paused, in maintenance,
 * dangling, without the lease, or with identity or certificate in doubt. */
static bool
host_act_allowed(struct host_pass *p)
{
	if (p->reads_only != NULL)
		return err_set(&p->err, ERR_SPEC, 0, "nothing is written: %s",
		    p->reads_only);
	if (!p->h.has_finalizer || !p->h.record_valid)
		return err_set(&p->err, ERR_INTERNAL, 0,
		    "no write without finalizer and record");
	if (p->c->stopping)
		return err_set(&p->err, ERR_SPEC, 0, "the agent is stopping");
	return controllers_may_write(p->c, p->ctl->shard, &p->err);
}

/* A pass holds one of the few slots from its first request to its end. */
static bool
host_act_slot(struct host_ctl *ctl)
{
	struct controllers *c = ctl->c;

	if (ctl->has_slot)
		return true;
	if (c->slots_used < c->o.max_bmcs) {
		c->slots_used++;
		ctl->has_slot = true;
		return true;
	}
	if (!ctl->wants_slot) {
		ctl->wants_slot = true;
		TAILQ_INSERT_TAIL(&c->slot_queue, ctl, slot_entry);
	}
	return false;
}

/* true: start the request now. Else *v is the act's verdict. */
static bool
host_act_begin(struct host_pass *p, enum act a, bool write, enum verdict *v)
{
	struct host_ctl *ctl = p->ctl;

	*v = V_WAIT;
	switch (p->act[a]) {
	case ACT_PENDING:
		return false;
	case ACT_OK:
		*v = V_POLL; /* done, and the truth is not so yet */
		p->poll_us = p->c->o.poll_busy_us;
		return false;
	case ACT_FAILED:
		*v = V_FAIL;
		return false;
	case ACT_IDLE:
		break;
	}
	if (ctl->pending != N_ACTS || !host_act_slot(ctl))
		return false;
	if (write && !host_act_allowed(p)) {
		p->cause = RF_CAUSE_NONE;
		*v = V_FAIL;
		return false;
	}
	if (write && !host_shown(p))
		return false;
	if (!host_origin_take(ctl))
		return false;
	if (write)
		host_stream_wrote(ctl);
	p->act[a] = ACT_PENDING;
	ctl->pending = a;
	return true;
}

static void
host_act_note_tls(struct host_ctl *ctl, const struct tls_peer *tls)
{
	if (tls == NULL)
		return;
	hex_encode(ctl->seen_pin, tls->spki_sha256, 32);
	ctl->tls_unverified = tls->problems != 0;
	host_certificate_note(ctl, tls);
}

/* Which reads an act makes stale, or has made itself by reading back. */
static void
host_act_note_fresh(struct host_pass *p, enum act a)
{
	switch (a) {
	case ACT_RESET:
		p->fresh &=
		    ~(RF_READ_SYSTEM | RF_READ_BOOT | RF_READ_BOOT_PACED);
		host_stream_wrote(p->ctl); /* it may have waited long */
		break;
	case ACT_ARM:
	case ACT_CLEAR:
	case ACT_INSERT:
	case ACT_CONFIG:
	case ACT_EJECT:
		host_stream_wrote(p->ctl);
		break;
	case ACT_IDENTIFY:
	case ACT_READ:
	case ACT_INVENTORY:
	case ACT_SECRET:
	case ACT_CA:
	case ACT_HOLD:
	case ACT_WRITE:
	case ACT_FOLLOW:
	case N_ACTS:
		break;
	}
}

static void
host_act_note_macs(struct host_ctl *ctl, const struct redfish_inventory *inv)
{
	struct identity *id = &ctl->seen;

	id->n_macs = 0;
	for (size_t i = 0; i < inv->n_nics && id->n_macs < RECORD_MACS; i++)
		if (str_copy(id->macs[id->n_macs], 18, inv->nics[i].mac))
			id->n_macs++;
	ctl->mem.inspected = true;
}

static void
host_act_done(void *arg, const struct redfish_reply *r)
{
	struct host_ctl *ctl = arg;
	struct host_pass *p = ctl->pass;
	enum act a = ctl->pending;
	bool ok = r->err.kind == ERR_NONE;

	ctl->pending = N_ACTS;
	host_act_note_tls(ctl, r->tls);
	if (ok)
		ctl->mem.silent_since_us = 0;
	p->act[a] = ok ? ACT_OK : ACT_FAILED;
	/* A read that follows a failed write must not hide why it failed. */
	if (!ok) {
		p->err = r->err;
		p->cause = r->cause;
		p->http = r->http;
		p->retry_after_us = r->retry_after_us;
		p->maybe_executed = r->maybe_executed;
	}
	host_diary_asked(ctl, a, &r->err);
	host_act_note_fresh(p, a);
	if (ok && r->inventory != NULL) {
		xfree(ctl->details);
		ctl->details_sent = false;
		ctl->details =
		    host_details_print(r->state, r->inventory, ctl->rf);
		host_act_note_macs(ctl, r->inventory);
	}
	workq_add(ctl->c->host_q, ctl->key);
}

enum verdict
host_act_identify(struct host_pass *p)
{
	enum verdict v;

	if (p->act[ACT_IDENTIFY] == ACT_OK)
		return V_NEXT;
	if (host_act_begin(p, ACT_IDENTIFY, false, &v))
		redfish_identify(p->ctl->rf, host_act_done, p->ctl);
	return v;
}

enum verdict
host_act_read(struct host_pass *p, unsigned parts)
{
	unsigned missing = parts & ~p->fresh;
	enum verdict v;

	if (p->fresh & RF_READ_BOOT)
		missing &= ~RF_READ_BOOT_PACED;
	if (p->act[ACT_READ] == ACT_OK) {
		/* The bits were noted when the read was started. */
		p->act[ACT_READ] = ACT_IDLE;
	}
	if (missing == 0 && p->act[ACT_READ] == ACT_IDLE)
		return V_NEXT;
	if (host_act_begin(p, ACT_READ, false, &v)) {
		p->fresh |= parts;
		redfish_read(p->ctl->rf, missing, host_act_done, p->ctl);
	}
	return v;
}

enum verdict
host_act_inventory(struct host_pass *p)
{
	enum verdict v;

	if (p->act[ACT_INVENTORY] == ACT_OK)
		return V_NEXT;
	if (host_act_begin(p, ACT_INVENTORY, false, &v))
		redfish_read(
		    p->ctl->rf, RF_READ_INVENTORY, host_act_done, p->ctl);
	return v;
}

static void
host_follow_done(void *arg, const struct redfish_reply *r)
{
	struct host_ctl *ctl = arg;
	bool ok = r->err.kind == ERR_NONE;

	ctl->pending = N_ACTS;
	ctl->pass->act[ACT_FOLLOW] = ok ? ACT_OK : ACT_FAILED;
	if (!ok)
		host_stream_failed(ctl);
	workq_add(ctl->c->host_q, ctl->key);
}

enum verdict
host_act_follow(struct host_pass *p, redfish_news_fn *news)
{
	enum verdict v = V_NEXT;

	if (p->act[ACT_FOLLOW] == ACT_OK || p->act[ACT_FOLLOW] == ACT_FAILED)
		return V_NEXT;
	if (host_act_begin(p, ACT_FOLLOW, false, &v))
		redfish_follow(
		    p->ctl->rf, news, p->ctl, host_follow_done, p->ctl);
	return v;
}

enum verdict
host_act_reset(struct host_pass *p, enum redfish_reset r)
{
	enum verdict v;

	if (host_act_begin(p, ACT_RESET, true, &v)) {
		p->asked = redfish_reset_name(r);
		redfish_reset(p->ctl->rf, r, host_act_done, p->ctl);
	}
	return v;
}

enum verdict
host_act_arm(struct host_pass *p, enum redfish_boot_mode mode)
{
	enum verdict v;

	if (host_act_begin(p, ACT_ARM, true, &v))
		redfish_set_boot_once_cd(
		    p->ctl->rf, mode, host_act_done, p->ctl);
	return v;
}

enum verdict
host_act_clear(struct host_pass *p)
{
	enum verdict v;

	if (host_act_begin(p, ACT_CLEAR, true, &v))
		redfish_clear_boot(p->ctl->rf, host_act_done, p->ctl);
	return v;
}

enum verdict
host_act_insert(struct host_pass *p, const char *url)
{
	enum verdict v;

	if (host_act_begin(p, ACT_INSERT, true, &v))
		redfish_insert(p->ctl->rf, NULL, url, host_act_done, p->ctl);
	return v;
}

enum verdict
host_act_config(struct host_pass *p, const char *url)
{
	enum verdict v;

	if (host_act_begin(p, ACT_CONFIG, true, &v))
		redfish_insert(p->ctl->rf, NULL, url, host_act_done, p->ctl);
	return v;
}

enum verdict
host_act_eject(struct host_pass *p, const char *slot)
{
	enum verdict v;

	if (host_act_begin(p, ACT_EJECT, true, &v))
		redfish_eject(p->ctl->rf, slot, host_act_done, p->ctl);
	return v;
}
