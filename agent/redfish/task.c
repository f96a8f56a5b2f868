#include "agent/redfish/client.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define POLL_LEAST_US LOOP_S
#define POLL_MOST_US (60 * LOOP_S)
/* Rule 29: a monitor may appear so late (iDRAC). */
#define APPEARS_WITHIN_US (30 * LOOP_S)

static void poll(struct redfish *rf);

static int64_t
poll_after(const struct redfish *rf, const struct rf_reply *r)
{
	int64_t us = r->retry_after_us;

	if (us == 0) /* 2, 4, 8, 10, 10 ... */
		us = rf->op->task.polls < 3 ? (2 * LOOP_S) << rf->op->task.polls
					    : 10 * LOOP_S;
	if (us < POLL_LEAST_US)
		us = POLL_LEAST_US;
	return us > POLL_MOST_US ? POLL_MOST_US : us;
}

enum task_is {
	TASK_RUNS,
	TASK_DONE,
	TASK_FAILED
};

static enum task_is
task_is(const struct rf_reply *r)
{
	static const char *const failed[] = { "Exception", "Killed",
		"Cancelled" };
	const char *state = json_str(r->json, "TaskState", NULL);
	size_t i;

	if (!state)
		return r->status == 202 ? TASK_RUNS : TASK_DONE;
	if (str_eq(state, "Completed"))
		return str_eq(json_str(r->json, "TaskStatus", "OK"), "Critical")
			   ? TASK_FAILED
			   : TASK_DONE;
	for (i = 0; i < sizeof(failed) / sizeof(failed[0]); i++)
		if (str_eq(state, failed[i]))
			return TASK_FAILED;
	/* 200 with "Running" runs, whatever the status says; Suspended and
	 * Interrupted may go on until the time is over. */
	return TASK_RUNS;
}

static void
finish_task(
    struct redfish *rf, const struct rf_reply *r, bool ok, const char *why)
{
	struct rf_reply end = *r;

	end.ok = ok;
	if (ok)
		err_clear(&end.err);
	else if (end.err.kind == ERR_NONE)
		(void)err_set(&end.err, ERR_REFUSED, r->status,
		    "task %.80s %s%s%s", rf->op->task.monitor, why,
		    r->ext.text[0] ? ": " : "", r->ext.text);
	rf->op->task.cont(rf, &end);
}

static void
on_poll(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_task *t = &rf->op->task;
	int64_t now = rf_now(rf);
	enum task_is is;

	if (r->http != HTTP_OK || r->status >= 500) {
		finish_task(rf, r, false, "cannot be read");
		return;
	}
	if (r->status == 404 || r->status == 410) {
		if (now - t->since_us > APPEARS_WITHIN_US || t->polls > 8)
			finish_task(rf, r, true, ""); /* the resource tells */
		else
			rf_wait(rf, poll_after(rf, r), poll);
		return;
	}
	is = r->ok ? task_is(r) : TASK_FAILED;
	if (is != TASK_RUNS)
		finish_task(rf, r, is == TASK_DONE, "failed");
	else if (now >= t->until_us)
		finish_task(rf, r, false, "does not end");
	else
		rf_wait(rf, poll_after(rf, r), poll);
}

static void
poll(struct redfish *rf)
{
	rf->op->task.polls++;
	rf_send(rf,
	    &(struct rf_request){ .method = "GET",
		.target = rf->op->task.monitor,
		.exact = true,
		.loose = true },
	    on_poll);
}

void
rf_task_wait(struct redfish *rf, const struct rf_reply *accepted,
    int64_t at_most_us, rf_cont_fn *cont)
{
	struct rf_task *t = &rf->op->task;
	const char *ref = accepted->location;

	if (str_empty(ref))
		ref = json_str(accepted->json, "TaskMonitor", NULL);
	if (str_empty(ref))
		ref = json_str(accepted->json, "@odata.id", NULL);
	xfree(t->monitor);
	*t = (struct rf_task){ .monitor = rf_text_link(rf->origin, ref),
		.since_us = rf_now(rf),
		.until_us = rf_now(rf) + at_most_us,
		.cont = cont };
	if (!t->monitor) {
		cont(rf, accepted); /* only the resource can tell */
		return;
	}
	rf_wait(rf, poll_after(rf, accepted), poll);
}
