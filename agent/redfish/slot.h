/*
 * Codec of VirtualMedia: what is in a slot, and by which ways something may
 * get in and out (rules 24, 25). Pure.
 */
#ifndef B7_AGENT_REDFISH_SLOT_H
#define B7_AGENT_REDFISH_SLOT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/redfish/etag.h"
#include "agent/redfish/redfish.h"

#define RF_SLOTS_MAX 16

/* The ways of one slot; kept once seen: some show InsertMedia only while
 * empty and EjectMedia only while full (Supermicro). All owned. */
struct rf_slot_ways {
	char *insert, *eject; /* action targets */
	char *oem;            /* "VirtualMedia.VmmControl" of iBMC */
	bool patch;           /* has Image: perhaps it can be written */
	bool typed;           /* says that it takes CD or DVD */
	bool verifies;        /* the certificate of an https image server */
	bool credentials;     /* says UserName as an action parameter */
};

void rf_slot_parse(struct redfish_slot *s, struct rf_slot_ways *w,
    const char *origin, const char *uri, const cJSON *media);
/* Order of preference; negative: a first. */
int rf_slot_compare(const struct redfish_slot *a, const struct rf_slot_ways *aw,
    const struct redfish_slot *b, const struct rf_slot_ways *bw);
void rf_slot_ways_fini(struct rf_slot_ways *w, size_t n);

#endif
