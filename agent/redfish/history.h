/* The last exchanges with a BMC as data: no bodies, no secrets. */
#ifndef B7_AGENT_REDFISH_HISTORY_H
#define B7_AGENT_REDFISH_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

struct redfish;

struct redfish_past {
	int64_t at_us; /* loop clock: when it was sent */
	uint32_t ms;
	int status; /* 0: no answer */
	const char *method, *target;
	const char *what; /* MessageId, or why there was no answer; or NULL */
};
/* Fills *out with the i'th, 0 the oldest; false after the last. Borrowed until
 * the next request. */
bool redfish_past_at(
    const struct redfish *rf, unsigned i, struct redfish_past *out);

#endif
