/*
 * The circuit breaker of one BMC: after three operations in a row that got no
 * answer at all nothing is sent for a while, then one operation may probe. The
 * while doubles with every failed probe. Pure; times are given, jitter drawn
 * from the BMC's own stream.
 */
#ifndef B7_AGENT_REDFISH_BREAKER_H
#define B7_AGENT_REDFISH_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/redfish/redfish.h"
#include "common/random.h"

#define RF_BREAKER_TRIP 3U
#define RF_BREAKER_BASE_US (10 * 1000000LL)
#define RF_BREAKER_MAX_US (300 * 1000000LL)

struct rf_breaker {
	enum redfish_circuit state;
	unsigned failures;
	int64_t next_us;
	int64_t max_us; /* longest pause; 0 = RF_BREAKER_MAX_US */
};

/* false: do not try before next_us. true when open and due: half-open. */
bool rf_breaker_admit(struct rf_breaker *b, int64_t now_us);
void rf_breaker_answered(struct rf_breaker *b);
void rf_breaker_silent(struct rf_breaker *b, int64_t now_us, struct rng *r);

#endif
