/*
 * Looking at a BMC without changing it, beyond what the controllers need:
 * every exchange as it happens, any resource as it stands, and what discovery
 * found in words. For `beskar7-agent probe`. Nothing here ever writes; logging
 * in and out is all that a BMC notices.
 */
#ifndef B7_AGENT_REDFISH_EXPLORE_H
#define B7_AGENT_REDFISH_EXPLORE_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/redfish/redfish.h"

/* All borrowed during the call. */
struct redfish_exchange {
	const char *op;     /* "discover" */
	const char *method; /* "GET" */
	const char *target;
	const char *type; /* "@odata.type" of the answer, or "" */
	int status;       /* 0: none came */
	enum http_err http;
	int64_t us; /* from the start to the last byte; connecting included */
};
/* Called after each exchange, before what follows from it. It must not start,
 * cancel or free anything. */
typedef void redfish_observe_fn(void *arg, const struct redfish_exchange *x);
void redfish_observe(
    struct redfish *rf, redfish_observe_fn *observe, void *arg);

/* A resource, borrowed during the call: nothing may be started from it. */
typedef void redfish_take_fn(void *arg, const cJSON *json,
    const struct http_header *headers, size_t n_headers);
/*
 * GET of a target of this BMC's origin ("/redfish/v1/Chassis"), with the
 * session, redirects, spellings and repeats of every other read. take is
 * called if it is a JSON object, before done. A target that is none of ours
 * is RF_CAUSE_SPEC.
 */
void redfish_fetch(struct redfish *rf, const char *target,
    redfish_take_fn *take, redfish_done_fn *done, void *arg);
/* A link as a target of this BMC's origin; owned; NULL for any other. */
char *redfish_target(const struct redfish *rf, const char *link);

/*
 * What the last discovery found, as JSON (owned by the caller): "service",
 * "system", "power", "boot", "media", and "ladders", which lists for each
 * operation the ways that would be tried, in their order. Times and what
 * changes by itself are left out, so that two of the same BMC are equal.
 */
cJSON *redfish_capabilities(const struct redfish *rf);
/* Target of the service root; borrowed. */
const char *redfish_root(const struct redfish *rf);

#endif
