#include "agent/redfish/client.h"
#include "agent/redfish/refusal.h"
#include "common/json.h"
#include "common/str.h"

#define POLL_US (2 * LOOP_S)
#define POLLS 15 /* rule 27: half a minute */
#define BUSY_WAITS 5
#define BUSY_WAIT_US (3 * LOOP_S)
#define TASK_US (5 * LOOP_MIN)
/* Ways that are tried one after the other, their tasks, or a process that was
 * stopped outlast what was read of the power; a medium is for who is Off. */
#define POWER_AGE_US (10 * LOOP_S)

struct insert_op {
	char *url, *only; /* owned; only: the slot asked for, or NULL */
	size_t slot;
	unsigned tried; /* bits 1 << slot */
	struct rf_insert_ladder l;
	unsigned waits, polls;
	enum redfish_power power; /* at the beginning; UNKNOWN = not read */
	struct rf_refusal refusal;
};

static void choose(struct redfish *rf);
static void try_way(struct redfish *rf);
static void verify(struct redfish *rf);

static void
insert_op_fini(void *p)
{
	struct insert_op *c = p;

	xfree(c->url);
	xfree(c->only);
}

static bool
holds(const struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;

	return redfish_slot_holds(&rf->state.slots[c->slot], c->url);
}

/* Another slot has a medium: this one is the second. */
static bool
is_second(const struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;
	size_t i;

	for (i = 0; i < rf->state.n_slots; i++)
		if (i != c->slot && rf->state.slots[i].usable &&
		    rf->state.slots[i].inserted)
			return true;
	return false;
}

/* A BMC boots from the first drive that has something: where the second medium
 * went is no place for the next boot. */
static void
succeed(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (!is_second(rf)) {
		rf->learned.insert = c->l.way;
		rf->learned.insert.slot = c->slot;
		rf->learned.insert_known = true;
	}
	rf_finish(rf);
}

/* What a person may not see in the refusal; NULL = nothing. */
static const char *
what(const struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;
	const struct rf_slot_ways *w = &rf->ways[c->slot];

	if (w->verifies && str_has_prefix(c->url, "https:"))
		return "insert the image (VerifyCertificate is on: does the "
		       "BMC know the CA of the image server's certificate?)";
	if (!w->insert && !w->oem && rf->links.share_media)
		return "insert the image (the maker's own action, from NFS and "
		       "SMB shares, is all it has: iRMC firmware with "
		       "InsertMedia is needed)";
	if (!w->insert && !w->oem)
		return "insert the image (the virtual medium has no action "
		       "for it)";
	return NULL; /* the action and who called for it say it all */
}

static void
fail(struct redfish *rf, const struct rf_reply *r, enum redfish_cause cause)
{
	rf_set_failure(rf, r, what(rf));
	if (cause != RF_CAUSE_NONE)
		rf->op->result.cause = cause;
	rf_finish(rf);
}

/* ---- after a write ------------------------------------------------------------ */

static void
look_again(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;

	rf_look_slot(rf, c->slot, verify);
}

static void
never_mounted(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;
	const struct redfish_slot *s = &rf->state.slots[c->slot];

	if (!s->inserted && rf_insert_ladder_next(&c->l, 0, NULL)) {
		c->polls = 0;
		try_way(rf);
		return;
	}
	(void)rf_fail(rf, RF_CAUSE_SILENT, ERR_PROTO,
	    "slot %s accepted the image but shows %s after %d s (can the BMC "
	    "reach the image server?)",
	    s->id ? s->id : s->uri,
	    s->inserted ? "another image" : "nothing inserted",
	    (int)(POLLS * POLL_US / LOOP_S));
}

static void
verify(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (holds(rf))
		succeed(rf);
	else if (c->polls++ < POLLS)
		rf_wait(rf, POLL_US, look_again);
	else
		never_mounted(rf);
}

/* Refused for now: look before anything is sent again. */
static void
after_pause_seen(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (holds(rf))
		succeed(rf);
	else if (rf->state.slots[c->slot].inserted)
		choose(rf); /* somebody else was faster */
	else
		try_way(rf);
}

static void
after_pause(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;

	rf_look_slot(rf, c->slot, after_pause_seen);
}

static void
refused(struct redfish *rf, const struct rf_reply *r)
{
	struct insert_op *c = rf->op->ctx;
	bool url_refused = rf_ext_blames(&r->ext, RF_NO_VALUE, "Image");

	rf_refusal_keep(&c->refusal, r);
	if (url_refused)
		c->refusal.cause = RF_CAUSE_URL;
	if (rf_ext_has(&r->ext, RF_NO_MEDIA))
		fail(rf, r, RF_CAUSE_URL);
	else if (rf_ext_has(&r->ext, RF_NO_LICENCE) || r->status == 401 ||
		 r->status == 403)
		fail(rf, r, RF_CAUSE_NONE);
	else if (r->status == 503 || r->status == 429)
		/* still, after the waits: other words would not help */
		fail(rf, r, RF_CAUSE_BUSY);
	else if (!url_refused &&
		 rf_insert_ladder_next(&c->l, r->status, &r->ext))
		try_way(rf);
	else
		choose(rf);
}

static void
on_task(struct redfish *rf, const struct rf_reply *r)
{
	if (r->ok)
		look_again(rf);
	else if (r->http != HTTP_OK)
		fail(rf, r, RF_CAUSE_NONE);
	else
		fail(rf, r,
		    rf_ext_has(&r->ext, RF_NO_LICENCE) ? RF_CAUSE_NONE
						       : RF_CAUSE_URL);
}

static void
on_sent(struct redfish *rf, const struct rf_reply *r)
{
	struct insert_op *c = rf->op->ctx;
	bool passes =
	    rf_refusal_passes(r) || r->status >= 500 || r->status == 409;

	rf_stale(rf, RF_READ_MEDIA);
	if (r->http != HTTP_OK) {
		fail(rf, r, RF_CAUSE_NONE);
	} else if (r->ok) {
		c->polls = 0;
		if (r->status == 202)
			rf_task_wait(rf, r, TASK_US, on_task);
		else
			look_again(rf);
	} else if (passes && c->waits < BUSY_WAITS &&
		   !rf_ext_has(&r->ext, RF_NO_MEDIA)) {
		c->waits++;
		rf_refusal_keep(&c->refusal, r);
		rf_wait(rf,
		    r->retry_after_us > BUSY_WAIT_US ? rf_refusal_wait_us(r, 0)
						     : BUSY_WAIT_US,
		    after_pause);
	} else {
		refused(rf, r);
	}
}

/* ---- choosing slot and way ------------------------------------------------------ */

static void
send_way(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;
	const struct redfish_slot *s = &rf->state.slots[c->slot];
	const struct rf_slot_ways *w = &rf->ways[c->slot];
	cJSON *body = rf_insert_body(&c->l.way, c->url);

	if (c->l.way.by == RF_BY_PATCH)
		rf_patch(rf, s->uri, rf->slot_etags[c->slot], body, on_sent);
	else
		rf_post(rf, c->l.way.by == RF_BY_OEM ? w->oem : w->insert,
		    s->uri, body, on_sent);
}

static void
power_seen(struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;

	if (rf->state.power == c->power)
		send_way(rf);
	else
		(void)rf_fail(rf, RF_CAUSE_CONFLICT, ERR_CONFLICT,
		    "insert the image: PowerState was %s when it began and is "
		    "%s now",
		    redfish_power_name(c->power),
		    redfish_power_name(rf->state.power));
}

static void
try_way(struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;

	if (c->power != RF_POWER_UNKNOWN &&
	    rf_now(rf) - rf->state.system_at_us > POWER_AGE_US)
		rf_look(rf, RF_READ_SYSTEM, power_seen);
	else
		send_way(rf);
}

static bool
eligible(const struct redfish *rf, size_t i)
{
	const struct insert_op *c = rf->op->ctx;
	const struct redfish_slot *s = &rf->state.slots[i];

	return s->usable && (!c->only || str_eq(c->only, s->uri));
}

/* A slot that has our image, by whichever attempt; n_slots = none. */
static size_t
slot_with_it(const struct redfish *rf)
{
	const struct insert_op *c = rf->op->ctx;
	size_t i;

	for (i = 0; i < rf->state.n_slots; i++)
		if (eligible(rf, i) &&
		    redfish_slot_holds(&rf->state.slots[i], c->url))
			break;
	return i;
}

static void
no_slot(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;
	size_t i, full = rf->state.n_slots;

	/* What was read of the slots may have been nonsense: read it anew. */
	rf->links.known = false;
	if (c->refusal.any) {
		rf_refusal_fail(rf, &c->refusal, what(rf));
		return;
	}
	for (i = 0; i < rf->state.n_slots; i++)
		if (eligible(rf, i) && rf->state.slots[i].inserted)
			full = i;
	if (full < rf->state.n_slots)
		(void)rf_fail(rf, RF_CAUSE_OCCUPIED, ERR_CONFLICT,
		    "slot %s holds other media", rf->state.slots[full].uri);
	else if (c->only)
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_NOTFOUND,
		    "the BMC has no usable slot %.120s", c->only);
	else
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_REFUSED, "%s",
		    rf->state.media_missing ? rf->state.media_missing
					    : "no usable virtual media slot");
}

static bool
slot_free(const struct redfish *rf, size_t i)
{
	const struct insert_op *c = rf->op->ctx;

	return eligible(rf, i) && !(c->tried & (1U << i)) &&
	       !rf->state.slots[i].inserted;
}

/* The next slot to be tried: that which took an image before, then in order. */
static size_t
next_slot(const struct redfish *rf)
{
	size_t n = rf->state.n_slots;
	size_t i = rf->learned.insert_known ? rf->learned.insert.slot : n;

	if (i < n && slot_free(rf, i))
		return i;
	for (i = 0; i < n; i++)
		if (slot_free(rf, i))
			break;
	return i;
}

static void
choose(struct redfish *rf)
{
	struct insert_op *c = rf->op->ctx;
	const struct rf_insert_way *worked =
	    rf->learned.insert_known ? &rf->learned.insert : NULL;
	size_t i = slot_with_it(rf);

	if (i < rf->state.n_slots) {
		rf->op->result.already = c->tried == 0;
		rf_finish(rf);
		return;
	}
	while ((i = next_slot(rf)) < rf->state.n_slots) {
		c->tried |= 1U << i;
		c->slot = i;
		c->waits = c->polls = 0;
		if (rf_insert_ladder_init(&c->l, &rf->ways[i], worked)) {
			try_way(rf);
			return;
		}
	}
	no_slot(rf);
}

static void
look(struct redfish *rf)
{
	rf_look_fresh(rf, RF_READ_MEDIA, choose);
}

/* A slot that cannot be read is no matter while another one will do. */
static void
look_or_doubt(struct redfish *rf)
{
	size_t i;

	for (i = 0; i < rf->state.n_slots; i++)
		if (eligible(rf, i)) {
			look(rf);
			return;
		}
	rf_need(rf, RF_READ_MEDIA, look);
}

void
redfish_insert(struct redfish *rf, const char *slot, const char *url,
    redfish_done_fn *done, void *arg)
{
	struct insert_op *c;

	if (!rf_begin(rf, "insert", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), insert_op_fini);
	c->url = xstrdup(url);
	c->only = xstrdup(slot);
	if (rf->state.system_at_us != 0)
		c->power = rf->state.power;
	rf_ensure(rf, look_or_doubt);
}
