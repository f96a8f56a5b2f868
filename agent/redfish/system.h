/* Codec of ComputerSystem: what it is, how it is, and its links. */
#ifndef B7_AGENT_REDFISH_SYSTEM_H
#define B7_AGENT_REDFISH_SYSTEM_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "agent/redfish/links.h"
#include "agent/redfish/redfish.h"

/* Fills all of st but boot and slots. Nothing is trusted, nothing required:
 * what is absent, null or of another type is unknown. */
void rf_system_parse(struct redfish_state *st, const cJSON *system);
/* Links of the system; *values: what its Reset offers, 0 = unsaid. */
void rf_system_links(struct rf_links *l, unsigned *values, const char *origin,
    const cJSON *system);
/* The worse of Status.Health and its rollup, of any resource. */
enum redfish_health rf_health_of(const cJSON *j);
enum redfish_health rf_health_named(const char *s); /* "Warning" */
/* Rule 12: has Boot and a Reset target. */
bool rf_system_is_host(const cJSON *system);
/* id is its Id, URI, last URI segment, UUID or serial number. */
bool rf_system_matches(const cJSON *system, const char *uri, const char *id);
void rf_state_fini(struct redfish_state *st);
void rf_slots_fini(struct redfish_slot *slots, size_t n);
enum redfish_power rf_power_parse(const char *s);

#endif
