/* See task.h. */
#include "sim/bmc/task.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/message.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

#define TASKS V1 "/TaskService/Tasks"
#define MONITORS V1 "/TaskService/TaskMonitors"
#define TASKS_MAX 64

static const char *const state_names[] = { "Running", "Completed", "Exception",
	"Cancelled" };

void
task_drop(struct bmc *front, struct task *t)
{
	TAILQ_REMOVE(&front->tasks, t, link);
	xfree(t);
}

void
task_drop_all(struct bmc *b)
{
	struct task *t = TAILQ_FIRST(&b->front->tasks), *next;

	for (; t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->of == b || b->front == b)
			task_drop(b->front, t);
	}
}

static void
sweep(struct bmc *b)
{
	int64_t keep = bmc_us(b, b->profile->task_delete_s * 1000);
	struct task *t = NULL, *next;
	unsigned n = 0;

	TAILQ_FOREACH (t, &b->tasks, link)
		n++;
	for (t = TAILQ_FIRST(&b->tasks); t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->state == TASK_RUNNING)
			continue;
		if (n > TASKS_MAX || bmc_now(b) - t->ended_us >= keep) {
			task_drop(b, t);
			n--;
		}
	}
}

static void
tell(const struct bmc *b, const struct task *t)
{
	journal_notef(b, BMC_EV_TASK, "%s %s", t->id, state_names[t->state]);
}

struct task *
task_new(struct bmc *b, const char *name)
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->of = b;
	b = b->front;
	sweep(b);
	b->task_seq++;
	(void)str_format(t->id, sizeof(t->id), "%lld", (long long)b->task_seq);
	(void)str_copy(t->name, sizeof(t->name), name);
	t->percent = 50;
	t->started_us = bmc_now(b);
	t->started_wall_us = bmc_wall(b);
	TAILQ_INSERT_TAIL(&b->tasks, t, link);
	tell(b, t);
	return t;
}

void
task_end_as(struct bmc *b, struct task *t, bool ok, const char *id,
    const char *a1, const char *a2)
{
	struct message m = {
		.registry = b->profile->registry, .id = id, .args = { a1, a2 }
	};
	char text[640];

	message_text(&m, text, sizeof(text));
	task_end(b, t, ok, id, text);
}

static void
cancel(struct bmc *b, struct task *t)
{
	t->cancel(t->arg);
	t->state = TASK_CANCELLED;
	t->ended_us = bmc_now(b);
	t->ended_wall_us = bmc_wall(b);
	tell(b, t);
}

void
task_delete(struct request *rq)
{
	struct task *t = task_get(rq->b, rq->arg[0]);

	if (t && t->state == TASK_RUNNING && !t->cancel) {
		request_header(rq, "Retry-After", "5");
		request_refuse(rq, REF_BUSY, NULL, "5", NULL, NULL);
		return;
	}
	if (t && !rq->dry) {
		if (t->state == TASK_RUNNING)
			cancel(rq->b, t);
		journal_notef(rq->b, BMC_EV_TASK, "%s Removed", t->id);
		task_drop(rq->b, t);
	}
	request_done(rq);
}

void
task_end(struct bmc *b, struct task *t, bool ok, const char *message_id,
    const char *message)
{
	if (fault_on_machine(b, FAULT_TASK_STUCK)) {
		t->percent = 99; /* for ever */
		return;
	}
	if (fault_on_machine(b, FAULT_TASK_FAILS)) {
		ok = false; /* though it was done */
		message_id = "InternalError";
		message = "The operation failed.";
	}
	t->state = ok ? TASK_COMPLETED : TASK_EXCEPTION;
	t->ended_us = bmc_now(b);
	t->ended_wall_us = bmc_wall(b);
	(void)str_copy(t->message_id, sizeof(t->message_id), message_id);
	(void)str_copy(t->message, sizeof(t->message), message);
	tell(b->front, t);
}

struct task *
task_get(struct bmc *b, const char *id)
{
	int64_t hidden = bmc_us(b, b->profile->task_not_found_ms);
	struct task *t;

	b = b->front;
	sweep(b);
	TAILQ_FOREACH (t, &b->tasks, link)
		if (str_eq(t->id, id))
			return bmc_now(b) - t->started_us >= hidden ? t : NULL;
	return NULL;
}

/* ---- views -------------------------------------------------------------- */

static void
members(struct request *rq, struct jw *w, const struct task *t)
{
	struct message m = { .registry = rq->p->registry,
		.id = t->message_id,
		.text = t->message };

	view_names(w, t->id, t->name);
	jw_s(w, "TaskState", state_names[t->state]);
	jw_s(w, "TaskStatus",
	    t->state == TASK_EXCEPTION   ? "Critical"
	    : t->state == TASK_CANCELLED ? "Warning"
					 : "OK");
	jw_i(w, "PercentComplete", t->state == TASK_RUNNING ? t->percent : 100);
	jw_time(w, "StartTime", t->started_wall_us);
	if (t->state != TASK_RUNNING)
		jw_time(w, "EndTime", t->ended_wall_us);
	jw_uri(w, "TaskMonitor", MONITORS "/%s", t->id);
	jw_b(w, "HidePayload", true);
	jw_list(w, "Messages");
	if (t->message_id[0])
		message_write(w, &m);
	jw_end(w);
}

static void
whole(struct request *rq, struct jw *w, const struct task *t)
{
	jw_open(w, NULL);
	jw_uri(w, "@odata.id", "%s/%s",
	    rq->p->task_body_monitor ? MONITORS : TASKS, t->id);
	jw_s(w, "@odata.type", "#Task.v1_7_0.Task");
	members(rq, w, t);
	jw_close(w);
}

static void
reply(struct request *rq, const struct task *t, int status)
{
	struct jw w;

	rq->status = status;
	buf_reset(&rq->out);
	jw_init(&w, &rq->out, "Task", &rq->p->omit);
	w.slash = rq->p->slash == SLASH_REDIRECT;
	whole(rq, &w, t);
}

void
task_reply(struct request *rq, const struct task *t)
{
	reply(rq, t, 202);
	if (rq->p->task_location != TASK_LOC_NONE)
		request_location(rq, LOCATION_REL, "%s/%s",
		    rq->p->task_location == TASK_LOC_TASK ? TASKS : MONITORS,
		    t->id);
	if (rq->p->task_retry_after_s > 0)
		request_headerf(rq, "Retry-After", "%lld",
		    (long long)rq->p->task_retry_after_s);
}

void
view_task_service(struct request *rq, struct jw *w)
{
	view_names(w, "TaskService", "Task Service");
	jw_b(w, "ServiceEnabled", true);
	jw_time(w, "DateTime", bmc_wall(rq->b));
	jw_s(w, "CompletedTaskOverWritePolicy", "Oldest");
	jw_b(w, "LifeCycleEventOnTaskStateChange",
	    (rq->p->services & SERVICE_EVENTS) != 0);
	jw_i(w, "TaskAutoDeleteTimeoutMinutes",
	    (rq->p->task_delete_s + 59) / 60);
	view_status(w, false);
	jw_ref(w, "Tasks", TASKS);
}

void
view_tasks(struct request *rq, struct jw *w)
{
	const struct task *t;
	long n = 0;

	sweep(rq->b);
	view_members(w, "Tasks");
	TAILQ_FOREACH (t, &rq->b->tasks, link) {
		jw_ref(w, NULL, TASKS "/%s", t->id);
		n++;
	}
	view_members_end(w, n);
}

bool
exists_task(struct request *rq)
{
	return task_get(rq->b, rq->arg[0]) != NULL;
}

bool
exists_monitor(struct request *rq)
{
	return exists_task(rq);
}

void
view_task(struct request *rq, struct jw *w)
{
	const struct task *t = task_get(rq->b, rq->arg[0]);

	if (t)
		members(rq, w, t);
}

/*
 * DSP0266 12.2: 202 while it runs, then the answer of the operation. With the
 * task in it: community.general and fwupd look for a body and its TaskState.
 */
void
view_monitor(struct request *rq, struct jw *w)
{
	struct task *t = task_get(rq->b, rq->arg[0]);

	if (!t)
		return;
	if (t->state == TASK_RUNNING) {
		task_reply(rq, t);
		return;
	}
	if (t->state == TASK_COMPLETED) {
		reply(rq, t, 200);
		return;
	}
	(void)w;
	request_fail(rq, 400, t->message_id, t->message);
}
