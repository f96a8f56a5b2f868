#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/redfish/client.h"
#include "common/metrics.h"
#include "common/str.h"

int64_t
rf_now(const struct redfish *rf)
{
	return loop_mono_us(rf->env->loop);
}

static void
op_free(struct rf_op *op)
{
	timer_stop(&op->timer);
	deferred_cancel(&op->end);
	rf_out_fini(&op->out);
	rf_write_fini(&op->write);
	xfree(op->task.monitor);
	rf_walk_free(op->walk);
	rf_survey_free(op->survey);
	rf_inventory_free(op->inventory);
	if (op->ctx && op->ctx_free)
		op->ctx_free(op->ctx);
	xfree(op->ctx);
	xfree(op->target);
	xfree(op);
}

void
rf_op_drop(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (!op)
		return;
	rf_wire_cancel(rf);
	rf->op = NULL;
	op_free(op);
}

/* The deferred end: the client is idle before the user hears of it, and is
 * not touched after. */
static void
run_done(void *arg)
{
	struct redfish *rf = arg;
	struct rf_op *op = rf->op;
	struct tls_peer tls = rf->tls;

	op->result.tls = rf->tls_known ? &tls : NULL;
	op->result.state = &rf->state;
	op->result.inventory = op->inventory;
	rf->op = NULL;
	op->done(op->arg, &op->result);
	op_free(op);
}

static void
count_op(struct redfish *rf, const struct rf_op *op)
{
	char labels[64];

	(void)str_format(labels, sizeof(labels), "op=\"%s\",result=\"%s\"",
	    op->name, redfish_cause_name(op->result.cause));
	metrics_add(
	    rf->env->metrics, "beskar7_redfish_operations_total", labels, 1);
}

static void
feed_breaker(struct redfish *rf, const struct rf_op *op)
{
	enum redfish_cause c = op->result.cause;

	if (c == RF_CAUSE_UNREACHABLE || c == RF_CAUSE_TIMEOUT ||
	    c == RF_CAUSE_TLS || c == RF_CAUSE_CERTIFICATE_CHANGED)
		rf_breaker_silent(&rf->breaker, rf_now(rf), &rf->rng);
	else if (op->answered)
		rf_breaker_answered(&rf->breaker);
}

static void
end(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	assert(!op->ended && !op->call);
	op->ended = true;
	timer_stop(&op->timer);
	if (op->result.err.kind != ERR_NONE)
		op->result.maybe_executed = op->unverified;
	if (op->unverified)
		rf_stale(rf, RF_READ_SYSTEM | RF_READ_BOOT | RF_READ_MEDIA);
	if (op->result.requests > 0)
		feed_breaker(rf, op);
	count_op(rf, op);
	if (op->result.err.kind != ERR_NONE)
		LOGD(rf->env->log, "redfish operation failed",
		    F_STR("host", rf->key), F_STR("op", op->name),
		    F_STR("cause", redfish_cause_name(op->result.cause)),
		    F_ERR(&op->result.err));
	loop_defer(rf->env->loop, &op->end, run_done, rf);
}

void
rf_finish(struct redfish *rf)
{
	end(rf);
}

bool
rf_fail(struct redfish *rf, enum redfish_cause cause, enum err_kind kind,
    const char *fmt, ...)
{
	struct redfish_reply *res = &rf->op->result;
	char msg[sizeof(res->err.msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	res->cause = cause;
	(void)err_set(&res->err, kind, res->http_status, "%s", msg);
	end(rf);
	return false;
}

void
rf_set_failure(struct redfish *rf, const struct rf_reply *r, const char *what)
{
	struct redfish_reply *res = &rf->op->result;

	res->cause = rf_reply_cause(r);
	res->err = r->err;
	if (r->ok) /* a refusal that the status did not show */
		(void)err_set(&res->err, ERR_PROTO, r->status,
		    "HTTP %d but: %s", r->status, r->ext.text);
	if (what != NULL)
		(void)err_wrap(&res->err, "%s", what);
	if (r->retry_after_us > 0)
		res->retry_after_us = r->retry_after_us;
}

void
rf_fail_reply(struct redfish *rf, const struct rf_reply *r, const char *what)
{
	rf_set_failure(rf, r, what);
	end(rf);
}

static void
refuse_circuit(struct redfish *rf)
{
	int64_t wait = rf->breaker.next_us - rf_now(rf);

	rf->op->result.retry_after_us = wait;
	(void)rf_fail(rf, RF_CAUSE_CIRCUIT, ERR_BUSY,
	    "%u attempts in a row got no answer from %s: next one in %d s",
	    rf->breaker.failures, rf->origin,
	    (int)((wait + LOOP_S - 1) / LOOP_S));
}

bool
rf_begin(struct redfish *rf, const char *name, redfish_done_fn *done, void *arg)
{
	struct rf_op *op;

	assert(!rf->op);
	op = xcalloc(1, sizeof(*op));
	op->name = name;
	op->done = done;
	op->arg = arg;
	op->deadline_us = rf_now(rf) + rf->deadline_us;
	rf->op = op;
	if (!rf_breaker_admit(&rf->breaker, rf_now(rf))) {
		refuse_circuit(rf);
		return false;
	}
	return true;
}

void *
rf_ctx(struct redfish *rf, size_t n, void (*fini)(void *))
{
	assert(!rf->op->ctx);
	rf->op->ctx = xcalloc(1, n);
	rf->op->ctx_free = fini;
	return rf->op->ctx;
}

static void
on_timer(void *arg)
{
	struct redfish *rf = arg;

	rf->op->after_wait(rf);
}

void
rf_wait(struct redfish *rf, int64_t us, rf_step_fn *then)
{
	rf->op->after_wait = then;
	timer_start(rf->env->loop, &rf->op->timer, us, on_timer, rf);
}
