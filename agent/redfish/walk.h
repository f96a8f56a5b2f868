/*
 * The walk of one discovery, shared by the files that make it: systems
 * (discover.c), virtual media (discover_media.c), doubts (doubt.c).
 */
#ifndef B7_AGENT_REDFISH_WALK_H
#define B7_AGENT_REDFISH_WALK_H

#include "agent/redfish/client.h"
#include "agent/redfish/service.h"

#define RF_PAGES_MAX 8

struct rf_walk {
	rf_step_fn *then, *after_root;
	struct rf_members members;
	size_t at;
	unsigned pages;
	unsigned hosts; /* systems that could be the one */
	char *first;    /* owned; the first of them */
	char names[128];
	bool manager_asked;
	struct redfish_slot *slots;
	struct rf_slot_ways *ways;
	char **etags;
	size_t n_slots;
};

/* The slots of the system, else of its manager; ends the discovery. */
void rf_walk_media(struct redfish *rf);
void rf_free_etags(char **etags, size_t n);

/* Something of these parts could not be read: r says why. */
void rf_doubt(struct redfish *rf, unsigned parts, const struct rf_reply *r);
/* At the end of a discovery: what was only absent, for long, is absent. */
void rf_doubt_settle(struct redfish *rf);

#endif
