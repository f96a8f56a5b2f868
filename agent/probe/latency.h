/* How long each kind of request took: the least, the median, the most. */
#ifndef B7_AGENT_PROBE_LATENCY_H
#define B7_AGENT_PROBE_LATENCY_H

#include <cjson/cJSON.h>

#include "agent/redfish/explore.h"
#include "common/map.h"

#define LATENCY_SAMPLES 4096 /* of one kind; later ones are not kept */

struct latency {          /* all zero = empty */
	struct map kinds; /* name -> owned samples */
};
void latency_add(struct latency *l, const struct redfish_exchange *x);
/* {"login": {"count", "minMs", "medianMs", "maxMs"}, ...}; owned. */
cJSON *latency_report(const struct latency *l);
/* Slowest single request in ms; 0 if there was none. */
int64_t latency_worst_ms(const struct latency *l);
void latency_fini(struct latency *l);

#endif
