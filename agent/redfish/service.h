/* Codec of the service root and of plain collections. */
#ifndef B7_AGENT_REDFISH_SERVICE_H
#define B7_AGENT_REDFISH_SERVICE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "agent/redfish/links.h"
#include "common/err.h"

/* ERR_PROTO if it is no service root with Systems. */
bool rf_service_parse(
    struct rf_service *s, const char *origin, const cJSON *root, struct err *e);

#define RF_MEMBERS_MAX 64
struct rf_members {
	char *v[RF_MEMBERS_MAX]; /* owned */
	size_t n;
	char *next;     /* "Members@odata.nextLink"; owned or NULL */
	bool truncated; /* there were more than we keep */
};
/* Adds the members of one page: no duplicates, no nulls, no foreign links.
 * Members stay in the order of the BMC. */
void rf_members_add(
    struct rf_members *m, const char *origin, const cJSON *collection);
void rf_members_fini(struct rf_members *m);

#endif
