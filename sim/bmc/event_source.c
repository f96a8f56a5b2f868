/* From facts to notices. See event.h. */
#include <string.h>

#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/event.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/log.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/view.h"

enum origin {
	FROM_SYSTEM,
	FROM_MANAGER,
	FROM_MEDIA,
	FROM_TASK,
	FROM_ACCOUNTS,
	FROM_OTHER /* the notice says it */
};

#define RES "ResourceEvent.1.3."
#define SIM "SimEvent.1.0."
#define TASK "TaskEvent.1.0."
#define STATUS "StatusChange"

static const struct source {
	const char *name, *id, *event_type;
	enum origin origin;
	enum notice_log log;
	bool names_origin; /* the origin is the message's first argument */
} sources[NOTICE_N] = {
	[NOTICE_POWERING_ON] = { "powering-on", RES "ResourcePoweringOn",
	    STATUS, FROM_SYSTEM, NOTICE_LOG_NONE, true },
	[NOTICE_POWERED_ON] = { "powered-on", RES "ResourcePoweredOn", STATUS,
	    FROM_SYSTEM, NOTICE_LOG_SEL, true },
	[NOTICE_POWERING_OFF] = { "powering-off", RES "ResourcePoweringOff",
	    STATUS, FROM_SYSTEM, NOTICE_LOG_NONE, true },
	[NOTICE_POWERED_OFF] = { "powered-off", RES "ResourcePoweredOff",
	    STATUS, FROM_SYSTEM, NOTICE_LOG_SEL, true },
	[NOTICE_RESET] = { "reset", SIM "SystemReset", STATUS, FROM_SYSTEM,
	    NOTICE_LOG_SEL, false },
	[NOTICE_RESET_ASKED] = { "reset-asked", SIM "ResetRequested", "Alert",
	    FROM_SYSTEM, NOTICE_LOG_SEL, false },
	[NOTICE_BUTTON] = { "button", SIM "PowerButton", "Alert", FROM_SYSTEM,
	    NOTICE_LOG_SEL, false },
	[NOTICE_SHUTDOWN_IGNORED] = { "shutdown-ignored", SIM "ShutdownIgnored",
	    "Alert", FROM_SYSTEM, NOTICE_LOG_SYSTEM, false },
	[NOTICE_BOOT_PROGRESS] = { "boot-progress", SIM "BootProgress", STATUS,
	    FROM_SYSTEM, NOTICE_LOG_NONE, false },
	[NOTICE_BOOT_STARTED] = { "boot-started", SIM "BootStarted", STATUS,
	    FROM_SYSTEM, NOTICE_LOG_SYSTEM, false },
	[NOTICE_BOOT_FAILED] = { "boot-failed", SIM "BootFailed", "Alert",
	    FROM_SYSTEM, NOTICE_LOG_SYSTEM, false },
	[NOTICE_OVERRIDE] = { "override", SIM "OverrideChanged",
	    "ResourceUpdated", FROM_SYSTEM, NOTICE_LOG_NONE, false },
	[NOTICE_OVERRIDE_USED] = { "override-used", SIM "OverrideUsed", STATUS,
	    FROM_SYSTEM, NOTICE_LOG_SYSTEM, false },
	[NOTICE_MEDIA_INSERTED] = { "media-inserted", SIM "MediaInserted",
	    STATUS, FROM_MEDIA, NOTICE_LOG_SYSTEM, true },
	[NOTICE_MEDIA_EJECTED] = { "media-ejected", SIM "MediaEjected", STATUS,
	    FROM_MEDIA, NOTICE_LOG_SYSTEM, true },
	[NOTICE_MEDIA_FAILED] = { "media-failed", SIM "MediaFailed", "Alert",
	    FROM_MEDIA, NOTICE_LOG_SYSTEM, false },
	[NOTICE_MANAGER_UP] = { "manager-up", SIM "ManagerStarted", STATUS,
	    FROM_MANAGER, NOTICE_LOG_SEL, false },
	[NOTICE_BOARD] = { "board", SIM "BoardReplaced", "Alert", FROM_SYSTEM,
	    NOTICE_LOG_SEL, false },
	[NOTICE_LOGIN_FAILED] = { "login-failed", SIM "LoginFailed", "Alert",
	    FROM_ACCOUNTS, NOTICE_LOG_SEL, false },
	[NOTICE_CREDENTIALS] = { "credentials", SIM "CredentialsChanged",
	    "Alert", FROM_ACCOUNTS, NOTICE_LOG_SEL, false },
	[NOTICE_CERTIFICATE] = { "certificate", SIM "CertificateChanged",
	    "Alert", FROM_MANAGER, NOTICE_LOG_SEL, false },
	[NOTICE_TASK_STARTED] = { "task-started", TASK "TaskStarted", STATUS,
	    FROM_TASK, NOTICE_LOG_NONE, false },
	[NOTICE_TASK_OK] = { "task-ok", TASK "TaskCompletedOK", STATUS,
	    FROM_TASK, NOTICE_LOG_NONE, false },
	[NOTICE_TASK_FAILED] = { "task-failed", TASK "TaskAborted", "Alert",
	    FROM_TASK, NOTICE_LOG_SYSTEM, false },
	[NOTICE_TASK_CANCELLED] = { "task-cancelled", TASK "TaskCancelled",
	    STATUS, FROM_TASK, NOTICE_LOG_NONE, false },
	[NOTICE_TASK_REMOVED] = { "task-removed", TASK "TaskRemoved", STATUS,
	    FROM_TASK, NOTICE_LOG_NONE, false },
	[NOTICE_CREATED] = { "created", RES "ResourceCreated", "ResourceAdded",
	    FROM_OTHER, NOTICE_LOG_NONE, false },
	[NOTICE_CHANGED] = { "changed", RES "ResourceChanged",
	    "ResourceUpdated", FROM_OTHER, NOTICE_LOG_NONE, false },
	[NOTICE_REMOVED] = { "removed", RES "ResourceRemoved",
	    "ResourceRemoved", FROM_OTHER, NOTICE_LOG_NONE, false },
	[NOTICE_HEARTBEAT] = { "heartbeat",
	    "HeartbeatEvent.1.0.RedfishServiceFunctional", "Other", FROM_OTHER,
	    NOTICE_LOG_NONE, false },
	[NOTICE_TEST] = { "test", RES "TestMessage", "Alert", FROM_OTHER,
	    NOTICE_LOG_NONE, false },
};

const char *
notice_name(enum notice_kind k)
{
	return sources[k].name;
}

int
notice_by_name(const char *name)
{
	for (int i = 0; i < NOTICE_N; i++)
		if (str_eq(sources[i].name, name))
			return i;
	return -1;
}

enum notice_log
notice_log(enum notice_kind k)
{
	return sources[k].log;
}

void
notice_words(const struct bmc *b, struct notice *n)
{
	const struct source *s = &sources[n->kind];
	const struct profile_words *own = &b->profile->notices[n->kind];
	const struct message_def *d;

	if (!n->id)
		n->id = own->id ? own->id : s->id;
	if (!n->text)
		n->text = own->text;
	if (!n->event_type)
		n->event_type = s->event_type;
	d = message_find(n->id);
	if (!d)
		d = message_find(s->id);
	if (!n->severity)
		n->severity = d ? d->severity : "OK";
}

/* ---- facts -------------------------------------------------------------- */

static int
power_notice(const char *text)
{
	for (int i = 0; i < 4; i++)
		if (str_eq(text, power_name((enum power)i))) {
			static const int kinds[] = { NOTICE_POWERED_OFF,
				NOTICE_POWERING_ON, NOTICE_POWERED_ON,
				NOTICE_POWERING_OFF };

			return kinds[i];
		}
	return -1;
}

static int
task_notice(const char *text)
{
	static const struct {
		const char *state;
		int kind;
	} ends[] = {
		{ " Running", NOTICE_TASK_STARTED },
		{ " Completed", NOTICE_TASK_OK },
		{ " Exception", NOTICE_TASK_FAILED },
		{ " Cancelled", NOTICE_TASK_CANCELLED },
		{ " Removed", NOTICE_TASK_REMOVED },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_has_suffix(text, ends[i].state))
			return ends[i].kind;
	return -1;
}

/* -1: nobody is told. */
static int
kind_of(const struct bmc_event *ev)
{
	static const signed char kinds[BMC_EV_FAULT + 1] = {
		[BMC_EV_LOGIN_FAILED] = NOTICE_LOGIN_FAILED,
		[BMC_EV_POWER_WRITE] = NOTICE_RESET_ASKED,
		[BMC_EV_POWER_BUTTON] = NOTICE_BUTTON,
		[BMC_EV_RESET] = NOTICE_RESET,
		[BMC_EV_SHUTDOWN_IGNORED] = NOTICE_SHUTDOWN_IGNORED,
		[BMC_EV_BOOT_PROGRESS] = NOTICE_BOOT_PROGRESS,
		[BMC_EV_MEDIA_INSERTED] = NOTICE_MEDIA_INSERTED,
		[BMC_EV_MEDIA_EJECTED] = NOTICE_MEDIA_EJECTED,
		[BMC_EV_MEDIA_FAILED] = NOTICE_MEDIA_FAILED,
		[BMC_EV_BOOT_OVERRIDE] = NOTICE_OVERRIDE,
		[BMC_EV_BOOT_CONSUMED] = NOTICE_OVERRIDE_USED,
		[BMC_EV_BOOT_STARTED] = NOTICE_BOOT_STARTED,
		[BMC_EV_BOOT_FAILED] = NOTICE_BOOT_FAILED,
		[BMC_EV_BOARD_SWAPPED] = NOTICE_BOARD,
		[BMC_EV_CREDENTIALS] = NOTICE_CREDENTIALS,
		[BMC_EV_CERTIFICATE] = NOTICE_CERTIFICATE,
	};

	switch ((int)ev->kind) {
	case BMC_EV_POWER_STATE:
		return power_notice(ev->text);
	case BMC_EV_TASK:
		return task_notice(ev->text);
	case BMC_EV_BMC_RESTARTED:
		return str_eq(ev->text, "up") ? NOTICE_MANAGER_UP : -1;
	default:
		/* 0 is powering-on, which is told above */
		return kinds[ev->kind] ? kinds[ev->kind] : -1;
	}
}

static const char *
origin_of(struct bmc *b, const struct source *s, const struct bmc_event *ev,
    char *out, size_t cap)
{
	size_t id = strcspn(ev->text, " ");

	switch (s->origin) {
	case FROM_SYSTEM:
		(void)str_format(out, cap, SYS, b->sys_id);
		return "ComputerSystem";
	case FROM_MANAGER:
		(void)str_format(out, cap, MGR, b->mgr_id);
		return "Manager";
	case FROM_MEDIA:
		if (b->profile->vm_parent == VM_MANAGER)
			(void)str_format(out, cap, MGR "/VirtualMedia/%s",
			    b->mgr_id, ev->slot);
		else
			(void)str_format(out, cap, SYS "/VirtualMedia/%s",
			    b->sys_id, ev->slot);
		return "VirtualMedia";
	case FROM_TASK:
		(void)str_format(
		    out, cap, V1 "/TaskService/Tasks/%.*s", (int)id, ev->text);
		return "Task";
	case FROM_ACCOUNTS:
		(void)str_copy(out, cap, V1 "/AccountService");
		return "AccountService";
	case FROM_OTHER:
		break;
	}
	out[0] = '\0';
	return NULL;
}

/* The arguments of messages are short texts, never URLs or secrets. */
static const char *
argument(const struct bmc_event *ev, int kind, char *out, size_t cap)
{
	bool task = kind >= NOTICE_TASK_STARTED && kind <= NOTICE_TASK_REMOVED;

	(void)str_copy(
	    out, cap, kind == NOTICE_LOGIN_FAILED ? ev->who : ev->text);
	if (task)
		out[strcspn(out, " ")] = '\0';
	return out;
}

void
event_fact(struct bmc *b, const struct bmc_event *ev)
{
	int kind = ev->kind == BMC_EV_REQUEST ? -1 : kind_of(ev);
	char origin[160], arg[128];
	struct notice n = { 0 };

	if (kind < 0)
		return;
	n.kind = (enum notice_kind)kind;
	n.origin_type =
	    origin_of(b, &sources[kind], ev, origin, sizeof(origin));
	n.origin = origin;
	n.args[0] = sources[kind].names_origin
			? origin
			: argument(ev, kind, arg, sizeof(arg));
	log_add(b, &n);
	event_tell(b->front, &n);
}

/* ---- writes ------------------------------------------------------------- */

static const char *
header_of(const struct request *rq, const char *name)
{
	for (size_t i = 0; i < rq->n_headers; i++)
		if (str_eq(rq->headers[i].name, name))
			return rq->headers[i].value;
	return NULL;
}

void
event_written(struct request *rq)
{
	struct notice n = { .origin = rq->path };
	bool created = rq->verb == VERB_POST && rq->status == 201;
	char type[64];

	if (!rq->b->front->events || !rq->route || !rq->route->schema ||
	    rq->dry || rq->status < 200 || rq->status > 204 ||
	    rq->op == OP_LOGIN || rq->op == OP_LOGOUT)
		return;
	if (created)
		n.origin = header_of(rq, "Location");
	if (created)
		n.kind = NOTICE_CREATED;
	else if (rq->verb == VERB_PATCH)
		n.kind = NOTICE_CHANGED;
	else if (rq->verb == VERB_DELETE)
		n.kind = NOTICE_REMOVED;
	else
		return;
	(void)str_copy(type, sizeof(type), rq->route->schema);
	if (created && str_has_suffix(type, "Collection"))
		type[strlen(type) - strlen("Collection")] = '\0';
	n.origin_type = type;
	event_tell(rq->b->front, &n);
}
