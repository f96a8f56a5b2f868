/*
 * The last refusal of a ladder, kept while the next rungs are tried: when none
 * is left, it is what the operator reads.
 */
#ifndef B7_AGENT_REDFISH_REFUSAL_H
#define B7_AGENT_REDFISH_REFUSAL_H

#include "agent/redfish/client.h"

struct rf_refusal {
	bool any;
	struct err err;
	enum redfish_cause cause;
	int status;
	int64_t retry_after_us;
	char message_id[64];
};
/* Licence and password are kept in front of whatever follows, anything in front
 * of "not supported", which most rungs of a ladder are answered. */
void rf_refusal_keep(struct rf_refusal *f, const struct rf_reply *r);
/* Ends the operation with it; what: as for rf_set_failure(). */
void rf_refusal_fail(
    struct redfish *rf, const struct rf_refusal *f, const char *what);

/* Refused for now, by its words or its status: nothing was done. */
bool rf_refusal_passes(const struct rf_reply *r);
/* 5, 10, 20, 30, 30 ... seconds, or what the BMC says (at most 60). */
int64_t rf_refusal_wait_us(const struct rf_reply *r, unsigned waits);

#endif
