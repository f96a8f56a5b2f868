#include "agent/redfish/client.h"
#include "agent/redfish/refusal.h"
#include "agent/redfish/reset.h"
#include "common/json.h"
#include "common/str.h"

/* Rule 16: iDRAC10 refuses On for up to a minute after ForceOff. */
#define BUSY_WAITS 6
#define BUSY_WAIT_US (10 * LOOP_S)
#define TASK_US (30 * LOOP_S)
#define CYCLE_POLL_US (3 * LOOP_S)
#define CYCLE_POLLS 20
/* So long after a reset the last read, however young, tells nothing: "Off"
 * just after an On must not make a ForceOff needless. */
#define MOVING_US LOOP_MIN
/* The button is a toggle: a press that seemed to fail may have worked, and a
 * second one would undo it. So long the state must have stayed as it was. */
#define PRESS_US LOOP_MIN

struct reset_op {
	enum redfish_reset reset;
	int value;
	unsigned refused; /* values that this machine does not know */
	unsigned waits, polls;
	bool info_read;     /* the list of values may change with the state */
	bool busy, unknown; /* how the last one was refused */
	bool cycling;       /* off, wait, on: in place of a restart */
	bool looked;        /* the state was read just now, in full */
	struct rf_refusal refusal;
};

static void decide(struct redfish *rf);

static void
on_read_back(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;

	rf->op->unverified = false;
	if (!c->cycling) {
		rf_finish(rf);
		return;
	}
	if (rf->state.power == RF_POWER_OFF) {
		c->cycling = false;
		c->reset = RF_RESET_ON;
		decide(rf);
		return;
	}
	if (c->polls++ == CYCLE_POLLS)
		(void)rf_fail(rf, RF_CAUSE_SILENT, ERR_TIMEOUT,
		    "the machine does not turn off: %s accepted, PowerState "
		    "%s",
		    rf_reset_value_name((enum rf_reset_value)c->value),
		    redfish_power_name(rf->state.power));
	else
		rf_wait(rf, CYCLE_POLL_US, decide);
}

static void
accepted(struct redfish *rf)
{
	rf_stale(rf, RF_READ_SYSTEM | RF_READ_BOOT);
	rf_look(rf, RF_READ_SYSTEM, on_read_back);
}

static void
on_task(struct redfish *rf, const struct rf_reply *r)
{
	if (r->http != HTTP_OK)
		rf_fail_reply(rf, r, "wait for the reset");
	else if (!r->ok && rf_ext_first(&r->ext))
		rf_fail_reply(rf, r, "reset");
	else
		accepted(rf); /* the state tells, not the task */
}

/* Rule 16: success is the state, whatever the status said. */
static void
after_refusal(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;

	if (rf_reset_reached(c->reset, rf->state.power)) {
		rf->op->unverified = false;
		rf->op->result.already = true;
		rf_finish(rf);
	} else if (c->busy && c->waits < BUSY_WAITS) {
		c->waits++;
		rf_wait(rf, BUSY_WAIT_US, decide);
	} else if (c->unknown) {
		c->refused |= 1U << c->value;
		rf->learned.reset_refused |= 1U << c->value;
		decide(rf);
	} else {
		rf_refusal_fail(rf, &c->refusal, redfish_reset_name(c->reset));
	}
}

static void
on_posted(struct redfish *rf, const struct rf_reply *r)
{
	struct reset_op *c = rf->op->ctx;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, redfish_reset_name(c->reset));
		return;
	}
	if (r->status == 202) {
		rf_task_wait(rf, r, TASK_US, on_task);
		return;
	}
	if (r->ok) {
		accepted(rf);
		return;
	}
	rf_refusal_keep(&c->refusal, r);
	c->busy = rf_ext_has(&r->ext, RF_NO_BUSY) ||
		  (c->reset == RF_RESET_ON && r->status == 409);
	c->unknown = r->status < 500 && !c->busy &&
		     (rf_ext_has(&r->ext, RF_NO_VALUE) ||
			 rf_ext_has(&r->ext, RF_NO_UNKNOWN));
	rf_look(rf, RF_READ_SYSTEM, after_refusal);
}

static void
post(struct redfish *rf, int value)
{
	struct reset_op *c = rf->op->ctx;
	cJSON *body = cJSON_CreateObject();

	c->value = value;
	c->looked = false;
	rf->last_reset_us = rf_now(rf);
	if (value == RF_VALUE_PUSH_POWER_BUTTON) {
		rf->last_press_us = rf_now(rf);
		c->waits += BUSY_WAITS / 2; /* each costs a minute */
	}
	json_set_str(
	    body, "ResetType", rf_reset_value_name((enum rf_reset_value)value));
	rf_post(rf, rf->links.reset_target, rf->links.system, body, on_posted);
}

static void
no_value_left(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;

	/* What is offered may change with the state (iRMC): afresh next time. */
	rf->learned.reset_refused = 0;
	if (c->refusal.any)
		rf_refusal_fail(rf, &c->refusal, redfish_reset_name(c->reset));
	else
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_REFUSED,
		    "the BMC offers no reset type for %s at %s",
		    redfish_reset_name(c->reset), rf->links.reset_target);
}

static int
choose(const struct redfish *rf, enum redfish_reset r)
{
	const struct reset_op *c = rf->op->ctx;

	return rf_reset_choose(r, rf->reset_values,
	    c->refused | rf->learned.reset_refused, rf->state.power);
}

static bool
is_restart(enum redfish_reset r)
{
	return r == RF_RESET_FORCE_RESTART || r == RF_RESET_GRACEFUL_RESTART;
}

static void on_info(struct redfish *rf, const struct rf_reply *r);
static void decide_seen(struct redfish *rf);

static void
look(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;

	c->looked = true;
	rf_look(rf, RF_READ_SYSTEM, decide_seen);
}

/* true: the button is not to be pressed now; the state is read first. */
static bool
hold_the_button(struct redfish *rf)
{
	const struct reset_op *c = rf->op->ctx;
	int64_t left = rf->last_press_us + PRESS_US - rf_now(rf);

	if (left > 0)
		rf_wait(rf, left < BUSY_WAIT_US ? left : BUSY_WAIT_US, look);
	else if (!c->looked)
		look(rf);
	else
		return false;
	return true;
}

static void
decide_seen(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;
	int value;

	if (c->cycling) {
		on_read_back(rf);
		return;
	}
	if (rf_reset_reached(c->reset, rf->state.power)) {
		rf->op->result.already = c->polls == 0;
		rf_finish(rf);
		return;
	}
	if (is_restart(c->reset) && rf->state.power == RF_POWER_OFF) {
		(void)rf_fail(rf, RF_CAUSE_CONFLICT, ERR_CONFLICT,
		    "%s of a machine that is off",
		    redfish_reset_name(c->reset));
		return;
	}
	value = choose(rf, c->reset);
	if (value < 0 && c->reset == RF_RESET_FORCE_RESTART) {
		value = choose(rf, RF_RESET_FORCE_OFF);
		c->cycling = value >= 0;
	}
	if (value == RF_VALUE_PUSH_POWER_BUTTON && hold_the_button(rf))
		return;
	if (value >= 0)
		post(rf, value);
	else if (rf->links.reset_info && !c->info_read)
		rf_get(rf, rf->links.reset_info, on_info);
	else
		no_value_left(rf);
}

static void
on_info(struct redfish *rf, const struct rf_reply *r)
{
	struct reset_op *c = rf->op->ctx;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the reset types");
		return;
	}
	c->info_read = true;
	if (r->ok)
		rf->reset_values = rf_reset_info_values(r->json);
	decide_seen(rf);
}

static void
decide(struct redfish *rf)
{
	struct reset_op *c = rf->op->ctx;

	c->looked = false;
	if (!rf->links.reset_target)
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_REFUSED, "%s: %s",
		    rf->links.system,
		    rf->state.reset_missing
			? rf->state.reset_missing
			: "the Reset action is no longer shown");
	else if (rf->last_reset_us != 0 &&
		 rf_now(rf) - rf->last_reset_us < MOVING_US)
		look(rf);
	else
		rf_look_fresh(rf, RF_READ_SYSTEM, decide_seen);
}

void
redfish_reset(
    struct redfish *rf, enum redfish_reset r, redfish_done_fn *done, void *arg)
{
	struct reset_op *c;

	if (!rf_begin(rf, "reset", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), NULL);
	c->reset = r;
	rf_ensure(rf, decide);
}
