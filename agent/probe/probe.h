/*
 * Looks at one BMC, read-only, one request at a time, with the agent's own
 * discovery, and says what Beskar7 can do with it. The session is ended
 * whatever happens. Everything lives on env->loop and env->net.
 */
#ifndef B7_AGENT_PROBE_PROBE_H
#define B7_AGENT_PROBE_PROBE_H

#include <cjson/cJSON.h>

#include "agent/probe/record.h"
#include "common/env.h"
#include "common/mem.h"
#include "common/tls.h"

struct probe;

struct probe_opts { /* all copied but tls.trust */
	const char *address;
	const char *system_id; /* NULL = the only one */
	struct tls_policy tls;
	const char *username;
	const struct secret *password;
	int64_t timeout_us; /* of all of it; 0 = ten minutes */
	const char *record; /* folder to write a recording to; NULL = none */
	bool keep_identity;
	struct record_limits limits;
};

/* How it ended; also the exit status of the program. */
enum probe_end {
	PROBE_CAN_PROVISION = 0,
	PROBE_FAILED = 1, /* not reached, no trust, no login, no Redfish */
	PROBE_CANNOT_PROVISION = 3,
	PROBE_NOT_RECORDED = 4, /* probed, but the recording was not written */
	PROBE_STOPPED = 130     /* by probe_stop: what was seen is reported */
};

/*
 * Called once; the BMC is logged out of. report (borrowed) has "address",
 * "grade", "verdict", "reasons", "tls", "capabilities", "services",
 * "inventory", "state", "quirks", "latency", "requests", "recording" and, if
 * something failed, "error"; README.md says what is in them.
 */
typedef void probe_done_fn(void *arg, enum probe_end end, const cJSON *report);

/* NULL with ERR_SPEC for a bad address. */
struct probe *probe_start(const struct env *env, const struct probe_opts *o,
    probe_done_fn *done, void *arg, struct err *e);
/* The request under way may end, for three seconds; then logs out. */
void probe_stop(struct probe *p);
/* Silent; from done or later. Earlier a session would be left. */
void probe_free(struct probe *p);

#endif
