/*
 * What was discovered of one BMC: links only, as targets of its origin. All
 * strings are owned; NULL = the BMC has none.
 */
#ifndef B7_AGENT_REDFISH_LINKS_H
#define B7_AGENT_REDFISH_LINKS_H

#include <stdbool.h>

#include "agent/redfish/etag.h"

struct rf_service { /* of the service root */
	bool known;
	bool needs_login; /* even the root does (rule 8) */
	char *systems, *managers, *sessions;
	char *events; /* the event service */
	char *vendor, *product, *redfish_version;
	unsigned expand; /* levels that $expand=. can do; 0 = none */
};

struct rf_links { /* of the system, and what hangs on it */
	bool known;
	char *system, *settings, *manager;
	bool settings_useless; /* there is one; it knows no override */
	char *reset_target, *reset_info;
	char *system_media, *manager_media;
	/* Ways of makers that are named, not driven: iRMC's action, which takes
	 * shares only, and the resource of Supermicro's IsoConfig. */
	char *share_media, *iso_config;
	char *boot_options, *ethernet, *storage, *simple_storage;
	char *processors, *memory, *secure_boot;
	char *chassis, *logs;
};

void rf_service_fini(struct rf_service *s);
void rf_links_fini(struct rf_links *l);

#endif
