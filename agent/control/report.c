/* See report.h. */
#include "agent/control/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/kube/condition.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static const char *const cond_types[] = {
	[HC_CONNECTION] = "RedfishConnectionReady",
	[HC_IDENTITY] = "IdentityVerified",
	[HC_HEALTH] = "HardwareHealthy",
	[HC_INSPECTED] = "HardwareInspected",
	[HC_AVAILABLE] = "HostAvailable",
	[HC_MEDIA] = "MediaReachable",
	[HC_DATA] = "BootstrapDataReady",
	[HC_PROVISIONED] = "HostProvisioned",
	[HC_MAINTENANCE] = "Maintenance",
	[HC_DELETING] = "Deleting",
	[HC_PAUSED] = "Paused",
};

const char *
host_cond_type(enum host_cond c)
{
	return cond_types[c];
}

/* Long texts of peers are cut: a condition is for people. */
#define REPORT_MESSAGE_MAX 1024

static char *report_vformat(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static char *
report_vformat(const char *fmt, va_list ap)
{
	char text[REPORT_MESSAGE_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut on purpose */
	return xstrdup(text);
}

void
report_reset(struct report *r)
{
	for (int i = 0; i < N_HOST_CONDS; i++)
		xfree(r->cond[i].message);
	xfree(r->op.message);
	xfree(r->op.waiting_on);
	xfree(r->op.evidence);
	xfree(r->health);
	xfree(r->network);
	memset(r, 0, sizeof(*r));
	r->op.progress = -1;
}

void
report_say(struct report *r, enum host_cond c, enum say s, const char *reason,
    const char *fmt, ...)
{
	struct report_cond *rc = &r->cond[c];
	va_list ap;

	xfree(rc->message);
	rc->status = s;
	rc->reason = reason;
	va_start(ap, fmt);
	rc->message = report_vformat(fmt, ap);
	va_end(ap);
}

void
report_state(struct report *r, enum host_state s)
{
	r->has_state = true;
	r->state = s;
}

void
report_op(struct report *r, const char *kind, const char *reason,
    const char *fmt, ...)
{
	va_list ap;

	r->op.kind = kind;
	r->op.reason = reason;
	xfree(r->op.message);
	va_start(ap, fmt);
	r->op.message = report_vformat(fmt, ap);
	va_end(ap);
}

void
report_rest(struct report *r)
{
	r->op.kind = NULL;
}

void
report_waiting(struct report *r, const char *fmt, ...)
{
	va_list ap;

	xfree(r->op.waiting_on);
	va_start(ap, fmt);
	r->op.waiting_on = report_vformat(fmt, ap);
	va_end(ap);
}

void
report_evidence(struct report *r, int64_t wall_s, const char *fmt, ...)
{
	va_list ap;

	xfree(r->op.evidence);
	r->op.evidence_s = wall_s;
	va_start(ap, fmt);
	r->op.evidence = report_vformat(fmt, ap);
	va_end(ap);
}

static void
report_time(cJSON *o, const char *key, int64_t wall_s)
{
	char text[RFC3339_CAP];

	if (wall_s == 0)
		return;
	rfc3339_s(text, wall_s * 1000000);
	json_set_str(o, key, text);
}

static cJSON *
report_evidence_json(const struct report_op *op, const cJSON *old)
{
	cJSON *e;

	if (op->evidence == NULL)
		return json_obj(old, "lastEvidence") == NULL
			   ? NULL
			   : json_dup(json_obj(old, "lastEvidence"));
	/* The same evidence again is not news: its first time stays. */
	if (str_eq(json_str(old, "lastEvidence/what", NULL), op->evidence))
		return json_dup(json_obj(old, "lastEvidence"));
	e = cJSON_CreateObject();
	json_set_str(e, "what", op->evidence);
	report_time(e, "time", op->evidence_s);
	return e;
}

struct report_stage {
	const char *kind, *reason;
	int percent;
};

/* How far an operation is, by what it does now; what it has no number for
 * leaves the old one. */
static int
report_progress(const struct report_op *op, const struct record *r)
{
	static const struct report_stage stages[] = {
		{ "Provision", "Claimed", 0 },
		{ "Provision", "PreparingMedia", 0 },
		{ "Provision", "PoweringOff", 10 },
		{ "Provision", "InsertingMedia", 20 },
		{ "Provision", "ArmingBoot", 30 },
		{ "Provision", "Booting", 40 },
		{ "Provision", "ReadingImage", 60 },
		{ "Provision", "Installing", 60 },
		{ "Provision", "WaitingForEvidence", 90 },
		{ "Release", "PoweringOff", 0 },
		{ "Release", "Ejecting", 40 },
		{ "Release", "Verifying", 80 },
	};

	if (op->progress >= 0)
		return op->progress;
	/* The second boot, of what was installed. */
	if (str_eq(op->kind, "Provision") && str_eq(op->reason, "Booting") &&
	    r->installed_s != 0)
		return 80;
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++)
		if (str_eq(stages[i].kind, op->kind) &&
		    str_eq(stages[i].reason, op->reason))
			return stages[i].percent;
	return -1;
}

static cJSON *
report_op_json(
    const struct report_op *op, const struct host *h, int64_t wall_us)
{
	const cJSON *status = json_obj(h->tree, "status");
	int progress = report_progress(op, &h->record);
	const cJSON *old = json_obj(status, "operation");
	bool same = str_eq(json_str(old, "kind", NULL), op->kind) &&
		    json_i64(old, "attempt", 0) == op->attempt;
	const char *since = same ? json_str(old, "since", NULL) : NULL;
	cJSON *o = cJSON_CreateObject(), *ev;
	int was;

	json_set_str(o, "kind", op->kind);
	if (op->attempt > 0)
		json_set_i64(o, "attempt", op->attempt);
	if (op->max_attempts > 0)
		json_set_i64(o, "maxAttempts", op->max_attempts);
	if (since != NULL)
		json_set_str(o, "since", since);
	else
		report_time(o, "since", wall_us / 1000000);
	report_time(o, "deadline", op->deadline_s);
	report_time(o, "nextRetryTime", op->next_retry_s);
	json_set_str(o, "waitingOn", op->waiting_on);
	json_set_str(o, "reason", op->reason);
	json_set_str(o, "message", op->message);
	/* What was seen by another replica is not seen here. */
	was = same ? (int)json_i64(old, "progressPercent", -1) : -1;
	if (progress < 0 || (op->progress >= 0 && was > progress))
		progress = was;
	if (progress >= 0)
		json_set_i64(o, "progressPercent", progress);
	ev = report_evidence_json(op, same ? old : NULL);
	if (ev != NULL)
		json_set(o, "lastEvidence", ev);
	return o;
}

static void
report_conditions(
    const struct report *r, cJSON *status, const struct cond_stamp *at)
{
	static const enum cond_status map[] = {
		[SAY_NOTHING] = COND_ABSENT,
		[SAY_TRUE] = COND_TRUE,
		[SAY_FALSE] = COND_FALSE,
		[SAY_UNKNOWN] = COND_UNKNOWN,
		[SAY_GONE] = COND_ABSENT,
	};

	for (int i = 0; i < N_HOST_CONDS; i++) {
		const struct report_cond *rc = &r->cond[i];
		struct cond c = { cond_types[i], map[rc->status], rc->reason,
			rc->message };

		if (rc->status != SAY_NOTHING &&
		    (!r->only_paused || i == HC_PAUSED))
			(void)cond_set(status, &c, at);
	}
}

/* What was seen of the medium is over when the host is at rest: it holds for
 * the spec of now as well. */
static void
report_kept(const struct report *r, enum host_cond which, cJSON *status,
    const struct cond_stamp *at)
{
	const char *type = host_cond_type(which);
	const cJSON *old = cond_find(status, type);
	char *reason, *message;
	struct cond c = { type, cond_get(status, type), NULL, NULL };

	if (old == NULL || r->cond[which].status != SAY_NOTHING ||
	    !r->has_state || r->op.kind != NULL)
		return;
	reason = xstrdup(json_str(old, "reason", ""));
	message = xstrdup(json_str(old, "message", ""));
	c.reason = reason;
	c.message = message;
	(void)cond_set(status, &c, at);
	xfree(reason);
	xfree(message);
}

/* The rest of hardwareDetails is of the inspection, this is of now. */
static void
report_health(const struct report *r, cJSON *status)
{
	cJSON *details = json_child(status, "hardwareDetails");
	cJSON *health = r->health == NULL || !cJSON_IsObject(details)
			    ? NULL
			    : json_parse(r->health, strlen(r->health), NULL);

	if (health != NULL)
		json_set(details, "health", health);
}

/* Of the system that runs, whatever was inspected before it; gone with it. */
static void
report_network(const struct report *r, const cJSON *old, cJSON *status)
{
	static const char *const keys[] = { "hostName", "addresses" };
	cJSON *details = json_child(status, "hardwareDetails"), *now = NULL;
	const cJSON *from = json_obj(old, "status/hardwareDetails");

	if (!cJSON_IsObject(details))
		return;
	if (r->network != NULL)
		from = now = json_parse(r->network, strlen(r->network), NULL);
	else if (r->has_state && r->state != HOST_PROVISIONED)
		from = NULL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const cJSON *v = json_at(from, keys[i]);

		json_set(details, keys[i], v == NULL ? NULL : json_dup(v));
	}
	cJSON_Delete(now);
}

struct cJSON *
report_status(const struct report *r, const struct host *h, const char *details,
    int64_t wall_us)
{
	static const struct cond_input ready[] = {
		{ "RedfishConnectionReady", false },
		{ "IdentityVerified", false },
		{ "HardwareHealthy", false },
		{ "Deleting", true },
	};
	struct cond_stamp at = { h->generation, wall_us };
	cJSON *s = kobj_status_dup(h->tree), *d;

	report_conditions(r, s, &at);
	if (r->only_paused)
		return s;
	report_kept(r, HC_MEDIA, s, &at);
	report_kept(r, HC_DATA, s, &at);
	(void)cond_summarize(
	    s, "Ready", ready, sizeof(ready) / sizeof(*ready), &at);
	if (r->has_state)
		json_set_str(s, "state", host_state_name(r->state));
	if (r->power != NULL)
		json_set_str(s, "observedPowerState", r->power);
	if (!r->op_kept)
		json_set(s, "operation",
		    r->op.kind == NULL ? NULL
				       : report_op_json(&r->op, h, wall_us));
	d = details == NULL ? NULL : json_parse(details, strlen(details), NULL);
	if (d != NULL)
		json_set(s, "hardwareDetails", d);
	report_health(r, s);
	report_network(r, h->tree, s);
	json_set_i64(s, "observedGeneration", h->generation);
	return s;
}
