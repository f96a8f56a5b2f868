/* Turns what was read into members of a report. Pure. */
#ifndef B7_AGENT_PROBE_DESCRIBE_H
#define B7_AGENT_PROBE_DESCRIBE_H

#include <cjson/cJSON.h>

#include "agent/redfish/redfish.h"
#include "common/tls.h"

void describe_tls(cJSON *report, const struct tls_peer *peer);
void describe_state(cJSON *report, const struct redfish_state *st);
void describe_inventory(cJSON *report, const struct redfish_state *st,
    const struct redfish_inventory *inv);
/* name: the member of the root that links to it, "EventService". */
void describe_service(cJSON *report, const char *name, const cJSON *service);
/* Whether the stream that the EventService offers is one that the agent would
 * follow: it is at this BMC. After describe_service() of the EventService. */
void describe_followed(cJSON *report, bool at_this_bmc);
void describe_etag(cJSON *report, const char *etag); /* NULL = none */
void describe_requests(
    cJSON *report, const struct redfish_stats *st, unsigned redirects);
void describe_error(cJSON *report, const char *cause, const char *message);

#endif
