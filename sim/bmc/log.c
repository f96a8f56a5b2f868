/* See log.h; and the LogService resources that show it. */
#include "sim/bmc/log.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/event.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define LOG_KEPT 64
#define S_LOGS V1 "/Systems/{S}/LogServices"
#define M_LOGS V1 "/Managers/{M}/LogServices"

struct entry {
	uint8_t kind; /* enum notice_kind */
	uint32_t id;  /* counts up; 0 = was cleared */
	int64_t wall_us;
	char *arg; /* owned; NULL = none */
};

struct log {
	struct entry *v; /* owned ring */
	unsigned n, cap, first;
	uint32_t last_id;
};

static struct entry *
at(struct log *l, unsigned i)
{
	return &l->v[(l->first + i) % l->cap];
}

/* The ring grows until it is as large as it may be. */
static void
grow(struct log *l)
{
	unsigned cap = l->cap ? l->cap * 2 : 8;
	struct entry *v = xcalloc(cap, sizeof(*v));

	for (unsigned i = 0; i < l->n; i++)
		v[i] = *at(l, i);
	xfree(l->v);
	l->v = v;
	l->cap = cap;
	l->first = 0;
}

void
log_add(struct bmc *b, const struct notice *n)
{
	struct entry *e;
	struct log *l;

	if (notice_log(n->kind) == NOTICE_LOG_NONE ||
	    !(b->profile->services & SERVICE_LOGS))
		return;
	if (!b->log)
		b->log = xcalloc(1, sizeof(*b->log));
	l = b->log;
	if (l->n == l->cap && l->cap < LOG_KEPT)
		grow(l);
	if (l->n == l->cap)
		l->first = (l->first + 1) % l->cap;
	else
		l->n++;
	e = at(l, l->n - 1);
	xreplace(&e->arg, n->args[0]);
	e->kind = (uint8_t)n->kind;
	e->id = ++l->last_id;
	e->wall_us = bmc_wall(b);
}

void
log_free(struct bmc *b)
{
	if (!b->log)
		return;
	for (unsigned i = 0; i < b->log->cap; i++)
		xfree(b->log->v[i].arg);
	xfree(b->log->v);
	xfree(b->log);
	b->log = NULL;
}

/* ---- entries ------------------------------------------------------------ */

static enum notice_log
which(const struct request *rq)
{
	return str_has_prefix(rq->path, V1 "/Systems/") ? NOTICE_LOG_SYSTEM
							: NOTICE_LOG_SEL;
}

static bool
shows(const struct request *rq, const struct entry *e)
{
	return e->id && notice_log((enum notice_kind)e->kind) == which(rq);
}

static struct entry *
entry_of(struct request *rq)
{
	struct log *l = rq->b->log;
	int64_t id;

	if (!l || !str_to_i64(rq->arg[0], &id))
		return NULL;
	for (unsigned i = 0; i < l->n; i++)
		if (at(l, i)->id == id && shows(rq, at(l, i)))
			return at(l, i);
	return NULL;
}

static void
members(struct request *rq, struct jw *w, const struct entry *e)
{
	struct notice n = { .kind = (enum notice_kind)e->kind,
		.args = { e->arg } };
	struct message m = { .registry = rq->p->registry, .args = { e->arg } };
	char text[640];

	notice_words(rq->b, &n);
	m.id = n.id;
	m.text = n.text;
	message_text(&m, text, sizeof(text));
	jw_sf(w, "Id", "%u", e->id);
	jw_sf(w, "Name", "Log Entry %u", e->id);
	if (which(rq) == NOTICE_LOG_SEL) {
		jw_s(w, "EntryType", "SEL");
		jw_s(w, "EntryCode", "Assert");
		jw_s(w, "SensorType", "System Event");
		jw_i(w, "SensorNumber", 0);
	} else {
		jw_s(w, "EntryType", "Event");
	}
	jw_s(w, "Severity", n.severity);
	jw_time(w, "Created", e->wall_us);
	jw_s(w, "Message", text);
	jw_s(w, "MessageId", n.id);
	jw_list(w, "MessageArgs");
	if (e->arg)
		jw_s(w, NULL, e->arg);
	jw_end(w);
}

/* DSP2046: the members of this collection are embedded in full. */
static void
view_entries(struct request *rq, struct jw *w)
{
	struct log *l = rq->b->log;
	long n = 0;

	view_members(w, "Log Entries");
	for (unsigned i = 0; l && i < l->n; i++) {
		const struct entry *e = at(l, i);

		if (!shows(rq, e))
			continue;
		jw_open(w, NULL);
		jw_uri(w, "@odata.id", "%s/%u", rq->path, e->id);
		jw_s(w, "@odata.type", "#LogEntry.v1_15_0.LogEntry");
		members(rq, w, e);
		jw_close(w);
		n++;
	}
	view_members_end(w, n);
}

static bool
exists_entry(struct request *rq)
{
	return entry_of(rq) != NULL;
}

static void
view_entry(struct request *rq, struct jw *w)
{
	const struct entry *e = entry_of(rq);

	if (e)
		members(rq, w, e);
}

/* ---- services ----------------------------------------------------------- */

static void
view_logs(struct request *rq, struct jw *w)
{
	bool system = which(rq) == NOTICE_LOG_SYSTEM;

	view_members(w, "Log Services");
	jw_ref(w, NULL, "%s/%s", rq->path, system ? "EventLog" : "SEL");
	view_members_end(w, 1);
}

static void
view_log(struct request *rq, struct jw *w)
{
	bool system = which(rq) == NOTICE_LOG_SYSTEM;

	view_names(w, system ? "EventLog" : "SEL",
	    system ? "System Event Log" : "BMC Event Log");
	jw_b(w, "ServiceEnabled", true);
	jw_i(w, "MaxNumberOfRecords", LOG_KEPT);
	jw_s(w, "OverWritePolicy", "WrapsWhenFull");
	jw_s(w, "LogEntryType", system ? "Event" : "SEL");
	jw_time(w, "DateTime", bmc_wall(rq->b));
	jw_s(w, "DateTimeLocalOffset", "+00:00");
	view_status(w, false);
	jw_ref(w, "Entries", "%s/Entries", rq->path);
	jw_open(w, "Actions");
	view_action(rq, w, "LogService.ClearLog");
	jw_close(w);
	jw_close(w);
}

/* The ETag of what is cleared may come along (LogService 1.3). */
static bool
parameters_fit(struct request *rq)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json)
		if (!str_eq(c->string, "LogEntriesETag"))
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, "#LogService.ClearLog", c->string, NULL);
	return true;
}

static void
clear_log(struct request *rq)
{
	struct log *l = rq->b->log;

	if (!parameters_fit(rq))
		return;
	for (unsigned i = 0; l && !rq->dry && i < l->n; i++)
		if (shows(rq, at(l, i)))
			at(l, i)->id = 0;
	request_done(rq);
}

#define LOG(base, id) \
	ROUTE_LIST(base, "LogService", view_logs, NULL), \
	    ROUTE_READ(base "/" id, "LogService", "v1_5_0", view_log, \
		OP_READ_SERVICE, NULL), \
	    ROUTE_DO(base "/" id "/Actions/LogService.ClearLog", clear_log, \
		OP_CLEAR_LOG, NULL), \
	    ROUTE_LIST( \
		base "/" id "/Entries", "LogEntry", view_entries, NULL), \
	    ROUTE_READ(base "/" id "/Entries/*", "LogEntry", "v1_15_0", \
		view_entry, OP_READ_SERVICE, exists_entry)

const struct route log_routes[] = {
	LOG(S_LOGS, "EventLog"),
	LOG(M_LOGS, "SEL"),
	{ .pattern = NULL },
};
