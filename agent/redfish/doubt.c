/*
 * What could not be read is neither absent nor empty: an eject of everything
 * must not succeed because a slot answered 500 when it was looked for.
 */
#include "agent/redfish/walk.h"
#include "common/loop.h"

/* So long a 404 may be the half tree of a BMC that is starting (rule 15). */
#define ABSENT_AFTER_US LOOP_MIN

void
rf_doubt(struct redfish *rf, unsigned parts, const struct rf_reply *r)
{
	enum redfish_cause cause = rf_reply_cause(r);

	if (cause == RF_CAUSE_LICENCE)
		return; /* an answer for good */
	if (!rf->doubt_err)
		rf->doubt_err = xcalloc(1, sizeof(*rf->doubt_err));
	if (rf->doubt_since_us == 0)
		rf->doubt_since_us = rf_now(rf);
	rf->doubt |= parts;
	if (r->status != 404 && r->status != 410)
		rf->doubt_hard = true;
	else if (rf->doubt_hard)
		return; /* the worse one is told */
	*rf->doubt_err = r->err;
	rf->doubt_cause = cause;
}

void
rf_doubt_settle(struct redfish *rf)
{
	if (rf->doubt && !rf->doubt_hard &&
	    rf_now(rf) - rf->doubt_since_us >= ABSENT_AFTER_US)
		rf->doubt = 0; /* it is not there */
	if (!rf->doubt)
		rf->doubt_since_us = 0;
}

static void
check_need(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (!(rf->doubt & op->need)) {
		op->after_need(rf);
		return;
	}
	if (!op->walk) {
		rf_rediscover(rf, check_need);
		return;
	}
	op->result.cause = rf->doubt_cause;
	op->result.err = *rf->doubt_err;
	(void)err_wrap(&op->result.err, "cannot tell what is %s",
	    op->need & RF_READ_MEDIA ? "inserted" : "to be booted");
	rf_finish(rf);
}

void
rf_need(struct redfish *rf, unsigned parts, rf_step_fn *then)
{
	rf->op->need = parts & (RF_READ_BOOT | RF_READ_MEDIA);
	rf->op->after_need = then;
	rf_ensure(rf, check_need);
}
