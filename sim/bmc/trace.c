/* See trace.h. */
#include "sim/bmc/trace.h"

#include <string.h>
#include <sys/queue.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/mask.h"
#include "sim/bmc/request.h"

#define BODY_MAX 1024
#define LOG_BYTES (32u << 20)

struct trace_entry {
	TAILQ_ENTRY(trace_entry) in_bmc, in_log;
	struct bmc *b;
	int64_t at_us, wall_us;
	char *method, *target, *user, *from, *ask, *answer; /* owned */
	int status;
	size_t bytes;
};
TAILQ_HEAD(entry_list, trace_entry);
struct trace_log {
	struct entry_list all; /* oldest first */
	size_t bytes;
};

struct trace_log *
trace_log_new(void)
{
	struct trace_log *t = xcalloc(1, sizeof(*t));

	TAILQ_INIT(&t->all);
	return t;
}

static void
drop(struct trace_log *t, struct trace_entry *e)
{
	TAILQ_REMOVE(&t->all, e, in_log);
	TAILQ_REMOVE(&e->b->traces, e, in_bmc);
	e->b->n_traces--;
	t->bytes -= e->bytes;
	xfree(e->method);
	xfree(e->target);
	xfree(e->user);
	xfree(e->from);
	xfree(e->ask);
	xfree(e->answer);
	xfree(e);
}

void
trace_log_free(struct trace_log *t)
{
	struct trace_entry *e;

	if (!t)
		return;
	while ((e = TAILQ_FIRST(&t->all)))
		drop(t, e);
	xfree(t);
}

void
trace_clear(struct bmc *b)
{
	struct trace_entry *e;

	while ((e = TAILQ_FIRST(&b->traces)))
		drop(b->fleet->traces, e);
}

void
trace_add(const struct request *rq)
{
	struct bmc *b = rq->b;
	struct trace_log *t = b->fleet->traces;
	struct trace_entry *e;
	char target[512];

	if (!b->fleet->trace_kept)
		return;
	e = xcalloc(1, sizeof(*e));
	mask_url(target, sizeof(target), rq->target);
	e->b = b;
	e->at_us = bmc_now(b);
	e->wall_us = bmc_wall(b);
	e->method = xstrdup(rq->method);
	e->target = xstrdup(target);
	e->user = xstrdup(rq->user);
	e->from = xstrdup(rq->from);
	e->ask = mask_body(rq->body, rq->body_n, BODY_MAX);
	e->answer = mask_body(buf_str(&rq->out), rq->out.n, BODY_MAX);
	e->status = rq->status;
	e->bytes = sizeof(*e) + strlen(e->target) + strlen(e->ask) +
		   strlen(e->answer) + 128;
	TAILQ_INSERT_TAIL(&t->all, e, in_log);
	TAILQ_INSERT_TAIL(&b->traces, e, in_bmc);
	b->n_traces++;
	t->bytes += e->bytes;
	while (b->n_traces > b->fleet->trace_kept)
		drop(t, TAILQ_FIRST(&b->traces));
	while (t->bytes > LOG_BYTES)
		drop(t, TAILQ_FIRST(&t->all));
}

cJSON *
trace_json(const struct bmc *b)
{
	cJSON *list = cJSON_CreateArray();
	const struct trace_entry *e;

	TAILQ_FOREACH (e, &b->traces, in_bmc) {
		cJSON *j = cJSON_CreateObject();
		char t[RFC3339_CAP];

		rfc3339_us(t, e->wall_us);
		json_set_str(j, "time", t);
		json_set_i64(j, "atUs", e->at_us);
		json_set_str(j, "from", e->from);
		json_set_str(j, "user", e->user);
		json_set_str(j, "method", e->method);
		json_set_str(j, "target", e->target);
		json_set_str(j, "request", e->ask);
		json_set_i64(j, "status", e->status);
		json_set_str(j, "response", e->answer);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}
