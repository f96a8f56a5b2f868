/* See media.h. */
#include "sim/bmc/media.h"

#include "common/env.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/mask.h"
#include "sim/bmc/media_trust.h"
#include "sim/bmc/medium.h"
#include "sim/bmc/request.h"
#include "sim/bmc/reread.h"
#include "sim/bmc/task.h"

#define CHECK_MS 20000
#define CHECK_MIN_US (2 * LOOP_S)

struct media_op {
	struct bmc *b;
	unsigned slot;
	bool eject;
	char *image, *user, *protocol, *method; /* owned */
	bool write_protected;
	struct timer timer;
	struct medium *check;   /* owned */
	struct request *waiter; /* NULL: answered already */
	char task[24];          /* "" = none */
};

static void
op_free(struct media_op *op)
{
	op->b->media[op->slot] = NULL;
	timer_stop(&op->timer);
	medium_cancel(op->check);
	xfree(op->image);
	xfree(op->user);
	xfree(op->protocol);
	xfree(op->method);
	xfree(op);
}

bool
media_busy(const struct bmc *b, unsigned slot)
{
	return b->media[slot] != NULL;
}

void
media_cancel_all(struct bmc *b)
{
	for (unsigned i = 0; i < PROFILE_SLOTS; i++) {
		struct media_op *op = b->media[i];
		struct request *rq = op ? op->waiter : NULL;

		if (!op)
			continue;
		op_free(op);
		if (rq)
			fault_wire_reset(rq);
	}
}

/* ---- the slot ----------------------------------------------------------- */

static void
tell(struct bmc *b, enum bmc_event_kind k, unsigned slot, const char *text)
{
	struct bmc_event ev = {
		.kind = k, .text = text, .slot = b->profile->slots[slot].id
	};

	journal_add(b->fleet->journal, b, &ev);
}

static void
clear_override(struct bmc *b)
{
	struct boot_override *o = &b->st.boot;

	if (!b->profile->boot_clear_on_eject)
		return;
	(void)str_copy(o->enabled, sizeof(o->enabled), "Disabled");
	(void)str_copy(o->target, sizeof(o->target), "None");
}

static void
mount(struct media_op *op)
{
	struct bmc *b = op->b;
	struct slot_state *s = &b->st.slots[op->slot];
	char masked[512];

	xreplace(&s->image, op->image);
	xreplace(&s->user, op->user);
	xreplace(&s->protocol, op->protocol);
	xreplace(&s->method, op->method);
	s->write_protected = op->write_protected;
	s->inserted = s->connected = true;
	clear_override(b);
	bmc_changed(b);
	reread_note(b, op->slot, op->image);
	mask_url(masked, sizeof(masked), op->image);
	tell(b, BMC_EV_MEDIA_INSERTED, op->slot, masked);
	machine_medium_changed(b, op->slot);
}

static void
unmount(struct bmc *b, unsigned slot)
{
	struct slot_state *s = &b->st.slots[slot];
	bool was = s->inserted;

	s->inserted = s->connected = false;
	if (!b->profile->vm_stale_after_eject) {
		xreplace(&s->image, NULL);
		xreplace(&s->user, NULL);
		xreplace(&s->protocol, NULL);
		xreplace(&s->method, NULL);
	}
	clear_override(b);
	b->eject_at_us = bmc_now(b);
	bmc_changed(b);
	if (was)
		tell(b, BMC_EV_MEDIA_EJECTED, slot, "");
	machine_medium_changed(b, slot);
}

void
media_drop(struct bmc *b, unsigned slot)
{
	tell(b, BMC_EV_MEDIA_FAILED, slot, "the medium dropped out");
	unmount(b, slot);
}

void
media_drop_all(struct bmc *b)
{
	for (unsigned i = 0; i < b->profile->n_slots; i++)
		if (b->st.slots[i].inserted)
			media_drop(b, i);
}

/* ---- the end of an operation -------------------------------------------- */

static struct task *
task_of(const struct media_op *op)
{
	struct task *t;

	if (!op->task[0])
		return NULL;
	TAILQ_FOREACH (t, &op->b->front->tasks, link)
		if (str_eq(t->id, op->task))
			break;
	return t;
}

static void
answer(struct request *rq, const char *image, const char *why)
{
	if (why) {
		(void)request_refuse(
		    rq, REF_MEDIA_UNREACHABLE, NULL, image, why, NULL);
	} else {
		request_done(rq);
		if (rq->p->vm_result == VM_RESULT_200 && rq->status == 204)
			rq->status = 200;
	}
	request_finish(rq);
}

/* why: NULL = it went well. */
static void
conclude(struct media_op *op, const char *why)
{
	struct bmc *b = op->b;
	struct request *rq = op->waiter;
	struct task *t = task_of(op);
	char *image = xstrdup(op->image ? op->image : "");

	if (why)
		tell(b, BMC_EV_MEDIA_FAILED, op->slot, why);
	if (t)
		task_end(b, t, !why, why ? "InternalError" : "Success",
		    why ? why : "The operation is complete.");
	op_free(op);
	if (rq)
		answer(rq, image, why);
	xfree(image);
}

static void
settle(void *arg)
{
	struct media_op *op = arg;

	if (op->eject)
		unmount(op->b, op->slot);
	else if (fault_on_machine(op->b, FAULT_MEDIA_NEVER_MOUNTS))
		tell(op->b, BMC_EV_MEDIA_FAILED, op->slot,
		    "accepted, but it never mounts");
	else
		mount(op);
	conclude(op, NULL);
}

static void
wait_and_settle(struct media_op *op)
{
	const struct bmc_fleet *f = op->b->fleet;
	int64_t ms = f->timing.eject_ms;

	if (!op->eject)
		ms = op->b->profile->vm_insert_ms >= 0
			 ? op->b->profile->vm_insert_ms
			 : f->timing.insert_ms;
	timer_start(bmc_loop(op->b), &op->timer, bmc_us(op->b, ms), settle, op);
}

static void
checked(void *arg, const struct iso_facts *f, const char *why)
{
	struct media_op *op = arg;

	(void)f; /* what is on it matters when it boots */
	op->check = NULL;
	if (why)
		conclude(op, why);
	else
		wait_and_settle(op);
}

static void
check(struct media_op *op)
{
	static const enum medium_depth depths[] = { [CHECK_HEAD] = MEDIUM_SIZE,
		[CHECK_RANGE] = MEDIUM_SECTOR,
		[CHECK_FULL] = MEDIUM_WHOLE };
	const struct bmc_fleet *f = op->b->fleet;
	int64_t timeout = bmc_us(op->b, CHECK_MS);
	struct medium_opts o = { .env = f->env,
		.url = op->image,
		.depth = depths[op->b->profile->vm_check],
		.chunk = f->read_chunk,
		.max = f->read_max,
		.timeout_us = timeout < CHECK_MIN_US ? CHECK_MIN_US : timeout,
		.done = checked,
		.arg = op };

	media_trust_apply(op->b, op->slot, &o);
	op->check = medium_start(&o);
}

/* ---- the start of an operation ------------------------------------------ */

static struct media_op *
op_new(struct bmc *b, const struct media_ask *a)
{
	struct media_op *op = xcalloc(1, sizeof(*op));

	op->b = b;
	op->slot = a->slot;
	op->eject = a->eject;
	op->image = xstrdup(a->image);
	op->user = xstrdup(a->user);
	op->protocol = xstrdup(a->protocol);
	op->method = xstrdup(a->method);
	op->write_protected = a->write_protected;
	b->media[a->slot] = op;
	return op;
}

static bool
can_check(const struct media_op *op)
{
	return !op->eject && op->b->profile->vm_check != CHECK_NONE &&
	       str_has_prefix(op->image, "http");
}

void
media_start(struct request *rq, const struct media_ask *a)
{
	struct media_op *op;

	if (rq->dry) {
		request_done(rq);
		return;
	}
	op = op_new(rq->b, a);
	if (rq->p->vm_result == VM_RESULT_202) {
		struct task *t =
		    task_new(rq->b, a->eject ? "Eject media" : "Insert media");

		(void)str_copy(op->task, sizeof(op->task), t->id);
		task_reply(rq, t);
	} else if (rq->p->vm_reply_early) {
		request_done(rq);
	} else {
		op->waiter = rq;
		rq->pending = true;
	}
	if (can_check(op))
		check(op);
	else
		wait_and_settle(op);
}
