/*
 * What a BMC tells to those who subscribed (DSP0266 12.4): facts of the
 * machine and of its service as messages of registries. Nothing is kept for a
 * BMC that nobody listens to, but its logs (log.h).
 */
#ifndef B7_SIM_BMC_EVENT_H
#define B7_SIM_BMC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/bmc/message.h"

struct bmc;
struct bmc_event;
struct request;

/* What can be told; a profile may have its own words for each (notices). */
enum notice_kind {
	NOTICE_POWERING_ON,
	NOTICE_POWERED_ON,
	NOTICE_POWERING_OFF,
	NOTICE_POWERED_OFF,
	NOTICE_RESET,
	NOTICE_RESET_ASKED,
	NOTICE_BUTTON,
	NOTICE_SHUTDOWN_IGNORED,
	NOTICE_BOOT_PROGRESS,
	NOTICE_BOOT_STARTED,
	NOTICE_BOOT_FAILED,
	NOTICE_OVERRIDE,
	NOTICE_OVERRIDE_USED,
	NOTICE_MEDIA_INSERTED,
	NOTICE_MEDIA_EJECTED,
	NOTICE_MEDIA_FAILED,
	NOTICE_MANAGER_UP,
	NOTICE_BOARD,
	NOTICE_LOGIN_FAILED,
	NOTICE_CREDENTIALS,
	NOTICE_CERTIFICATE,
	NOTICE_TASK_STARTED,
	NOTICE_TASK_OK,
	NOTICE_TASK_FAILED,
	NOTICE_TASK_CANCELLED,
	NOTICE_TASK_REMOVED,
	NOTICE_CREATED,
	NOTICE_CHANGED,
	NOTICE_REMOVED,
	NOTICE_HEARTBEAT,
	NOTICE_TEST, /* SubmitTestEvent says the rest */
	NOTICE_N
};
const char *notice_name(enum notice_kind k); /* "powered-on" */
int notice_by_name(const char *name);        /* -1 = none */

/* Where the log entries of a notice go. */
enum notice_log {
	NOTICE_LOG_NONE,
	NOTICE_LOG_SYSTEM,
	NOTICE_LOG_SEL
};
enum notice_log notice_log(enum notice_kind k);

struct notice {
	enum notice_kind kind;
	const char *id;   /* full MessageId */
	const char *text; /* NULL = of the registry */
	const char *args[MESSAGE_ARGS];
	const char *severity;
	const char *origin;      /* URI; NULL = none */
	const char *origin_type; /* "ComputerSystem" */
	const char *event_type;  /* "Alert", deprecated but still asked for */
	const char *event_id, *timestamp; /* of a test; NULL = ours */
};
/* Message id, text and severity of a notice in the words of this BMC. */
void notice_words(const struct bmc *b, struct notice *n);

/* Called for every fact, by the journal: logs it and tells it. */
void event_fact(struct bmc *b, const struct bmc_event *ev);
/* A write was done: tells that the resource was made, changed or removed. */
void event_written(struct request *rq);
/* Tells one notice to everybody whom it interests. */
void event_tell(struct bmc *b, struct notice *n);

#endif
