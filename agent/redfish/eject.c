#include "agent/redfish/client.h"
#include "agent/redfish/refusal.h"
#include "common/json.h"
#include "common/str.h"

#define POLL_US (2 * LOOP_S)
#define POLLS 15
#define BUSY_WAITS 5
#define BUSY_WAIT_US (3 * LOOP_S)
#define TASK_US (2 * LOOP_MIN)

struct eject_op {
	char *only; /* owned; NULL = all */
	size_t slot;
	bool found, wrote, accepted;
	unsigned by, tried; /* enum rf_eject_by; bits 1 << by */
	unsigned waits, polls;
	struct rf_refusal refusal;
};

static void next_slot(struct redfish *rf);
static void try_way(struct redfish *rf);
static void verify(struct redfish *rf);

static void
eject_op_fini(void *p)
{
	struct eject_op *c = p;

	xfree(c->only);
}

static bool
still_in(const struct redfish *rf)
{
	const struct eject_op *c = rf->op->ctx;

	return rf->state.slots[c->slot].inserted;
}

static void
slot_done(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (c->accepted) {
		rf->learned.eject = (enum rf_eject_by)c->by;
		rf->learned.eject_known = true;
	}
	c->slot++;
	next_slot(rf);
}

static void
next_way(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;
	const struct redfish_slot *s = &rf->state.slots[c->slot];
	unsigned by;

	for (by = 0; by < RF_EJECT_BYS; by++)
		if (!(c->tried & (1U << by)) &&
		    rf_eject_possible(
			(enum rf_eject_by)by, &rf->ways[c->slot])) {
			c->by = by;
			c->waits = c->polls = 0;
			try_way(rf);
			return;
		}
	if (c->refusal.any)
		rf_refusal_fail(rf, &c->refusal, "eject");
	else
		(void)rf_fail(rf,
		    c->tried ? RF_CAUSE_SILENT : RF_CAUSE_UNSUPPORTED,
		    ERR_PROTO, "slot %s %s", s->id ? s->id : s->uri,
		    c->tried ? "accepted the eject but still shows its media"
			     : "has media but offers no way to eject");
}

static void
look_again(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	rf_look_slot(rf, c->slot, verify);
}

/* iDRAC shows Inserted for seconds after it (quirk 1.1). */
static void
verify(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (!still_in(rf))
		slot_done(rf);
	else if (c->polls++ < POLLS)
		rf_wait(rf, POLL_US, look_again);
	else
		next_way(rf);
}

/* Rule 25: 400, 404 and 409 with nothing inserted are as good. */
static void
after_refusal(struct redfish *rf)
{
	rf->op->unverified = false;
	if (!still_in(rf))
		slot_done(rf);
	else
		next_way(rf);
}

static void
after_pause_seen(struct redfish *rf)
{
	rf->op->unverified = false;
	if (!still_in(rf))
		slot_done(rf);
	else
		try_way(rf);
}

static void
after_pause(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	rf_look_slot(rf, c->slot, after_pause_seen);
}

static void
on_task(struct redfish *rf, const struct rf_reply *r)
{
	struct eject_op *c = rf->op->ctx;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "eject");
		return;
	}
	if (!r->ok)
		rf_refusal_keep(&c->refusal, r);
	look_again(rf); /* the slot tells */
}

static void
on_sent(struct redfish *rf, const struct rf_reply *r)
{
	struct eject_op *c = rf->op->ctx;

	c->wrote = true;
	c->accepted = r->ok;
	rf_stale(rf, RF_READ_MEDIA);
	if (r->http != HTTP_OK || r->status == 401 || r->status == 403) {
		rf_fail_reply(rf, r, "eject");
	} else if (r->status == 202) {
		rf_task_wait(rf, r, TASK_US, on_task);
	} else if (r->ok) {
		look_again(rf);
	} else {
		rf_refusal_keep(&c->refusal, r);
		if ((rf_refusal_passes(r) || r->status >= 500 ||
			r->status == 409) &&
		    c->waits++ < BUSY_WAITS)
			rf_wait(rf,
			    r->retry_after_us > BUSY_WAIT_US
				? rf_refusal_wait_us(r, 0)
				: BUSY_WAIT_US,
			    after_pause);
		else
			rf_look_slot(rf, c->slot, after_refusal);
	}
}

static void
try_way(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;
	enum rf_eject_by by = (enum rf_eject_by)c->by;
	const struct redfish_slot *s = &rf->state.slots[c->slot];
	const struct rf_slot_ways *w = &rf->ways[c->slot];
	cJSON *body = rf_eject_body(by);

	c->tried |= 1U << c->by;
	if (by == RF_EJECT_PATCH || by == RF_EJECT_PATCH_IMAGE)
		rf_patch(rf, s->uri, rf->slot_etags[c->slot], body, on_sent);
	else
		rf_post(rf, by == RF_EJECT_OEM ? w->oem : w->eject, s->uri,
		    body, on_sent);
}

static bool
eligible(const struct redfish *rf, size_t i)
{
	const struct eject_op *c = rf->op->ctx;
	const struct redfish_slot *s = &rf->state.slots[i];

	return s->usable && (!c->only || str_eq(c->only, s->uri));
}

static void
finish(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	if (c->only && !c->found) {
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_NOTFOUND,
		    "the BMC has no usable slot %.120s", c->only);
		return;
	}
	rf->op->result.already = !c->wrote;
	rf_finish(rf);
}

static void
next_slot(struct redfish *rf)
{
	struct eject_op *c = rf->op->ctx;

	for (; c->slot < rf->state.n_slots; c->slot++) {
		if (!eligible(rf, c->slot))
			continue;
		c->found = true;
		if (!rf->state.slots[c->slot].inserted)
			continue;
		c->tried = c->waits = c->polls = 0;
		c->refusal.any = false;
		if (rf->learned.eject_known &&
		    rf_eject_possible(rf->learned.eject, &rf->ways[c->slot])) {
			c->by = rf->learned.eject;
			try_way(rf);
		} else {
			next_way(rf);
		}
		return;
	}
	finish(rf);
}

static void
look(struct redfish *rf)
{
	rf_look_fresh(rf, RF_READ_MEDIA, next_slot);
}

void
redfish_eject(
    struct redfish *rf, const char *slot, redfish_done_fn *done, void *arg)
{
	struct eject_op *c;

	if (!rf_begin(rf, "eject", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), eject_op_fini);
	c->only = xstrdup(slot);
	rf_need(rf, RF_READ_MEDIA, look);
}
