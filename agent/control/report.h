/*
 * What a pass has to say about a host: the conditions that it settled, the
 * state, the running operation. What a pass does not mention stays as it was
 * in the status. report_status() turns it into the new status.
 */
#ifndef B7_CONTROL_REPORT_H
#define B7_CONTROL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/host.h"

enum host_cond {
	HC_CONNECTION,
	HC_IDENTITY,
	HC_HEALTH,
	HC_INSPECTED,
	HC_AVAILABLE,
	HC_MEDIA,
	HC_DATA,
	HC_PROVISIONED,
	HC_MAINTENANCE,
	HC_DELETING,
	HC_PAUSED,
	N_HOST_CONDS
};
const char *host_cond_type(enum host_cond c); /* "RedfishConnectionReady" */

enum say {
	SAY_NOTHING,
	SAY_TRUE,
	SAY_FALSE,
	SAY_UNKNOWN,
	SAY_GONE /* the condition is taken away */
};

struct report_cond {
	enum say status;
	const char *reason; /* static */
	char *message;      /* owned */
};

/* kind NULL = at rest: no operation. Times are UTC seconds, 0 = none. */
struct report_op {
	const char *kind; /* static: Enroll Inspect Provision Release Reboot */
	const char *reason; /* static, CamelCase */
	char *message;      /* owned */
	char *waiting_on;   /* owned; "bmc", "power: off", "secret/x" */
	int attempt, max_attempts;
	int64_t deadline_s, next_retry_s;
	int progress;   /* percent, steps of 10; < 0 = by the reason */
	char *evidence; /* owned; "BootProgress OSRunning" */
	int64_t evidence_s;
};

struct report {
	struct report_cond cond[N_HOST_CONDS];
	bool has_state;
	enum host_state state;
	const char *power; /* static; NULL = unchanged */
	char *health; /* owned JSON text of hardwareDetails.health, or NULL */
	/* Owned JSON text: hardwareDetails.hostName and .addresses of a
	 * provisioned host; NULL = as they are. */
	char *network;
	struct report_op op;
	bool op_kept;     /* the operation stays as it was */
	bool only_paused; /* nothing but the Paused condition is written */
	bool silent;      /* nothing at all is */
};

void report_reset(struct report *r);
void report_say(struct report *r, enum host_cond c, enum say s,
    const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void report_state(struct report *r, enum host_state s);
/* Starts an operation's description; the later calls fill it. */
void report_op(struct report *r, const char *kind, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void report_rest(struct report *r); /* no operation after all */
void report_waiting(struct report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void report_evidence(struct report *r, int64_t wall_s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

struct cJSON;
/* The new status, owned: the old one of h with what r says, Ready summed up.
 * details: new hardwareDetails as JSON text, or NULL. */
struct cJSON *report_status(const struct report *r, const struct host *h,
    const char *details, int64_t wall_us);

#endif
