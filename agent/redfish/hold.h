/*
 * The login hold: an account must never be locked by us. After a refused login
 * the same credentials are tried again only when a window has passed, and only
 * a few times at all; other credentials start afresh. Pure; times are given.
 */
#ifndef B7_AGENT_REDFISH_HOLD_H
#define B7_AGENT_REDFISH_HOLD_H

#include <stdbool.h>
#include <stdint.h>

struct rf_hold {
	unsigned refused; /* logins of these credentials, in a row */
	int64_t until_us;
	bool closed; /* no more until the credentials change */
};

bool rf_hold_allows(const struct rf_hold *h, int64_t now_us);
void rf_hold_refused(
    struct rf_hold *h, int64_t now_us, int64_t window_us, unsigned max_tries);
void rf_hold_reset(struct rf_hold *h);
/* 0 now, -1 never with these credentials, else when. */
int64_t rf_hold_next(const struct rf_hold *h, int64_t now_us);

#endif
