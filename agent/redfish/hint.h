/* Whether an event of a BMC is worth a look at the machine. Pure. */
#ifndef B7_AGENT_REDFISH_HINT_H
#define B7_AGENT_REDFISH_HINT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * text: the data of one event (DSP0266 12.4.5; a JSON object with Events). Only
 * what is surely of no interest is left out: heartbeats, metrics, and events
 * that all say that they come from logins, accounts, tasks or subscriptions.
 * What cannot be understood is worth a look: rule 32, events are hints.
 */
bool rf_hint_concerns(const char *text, size_t n);

#endif
