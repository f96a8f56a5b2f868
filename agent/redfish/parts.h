/* Codecs of what a system is made of: NICs, drives, processors, its manager. */
#ifndef B7_AGENT_REDFISH_PARTS_H
#define B7_AGENT_REDFISH_PARTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "agent/redfish/redfish.h"

#define RF_NICS_MAX 32
#define RF_DRIVES_MAX 64

/* Adds an EthernetInterface; without a usable MAC, or with one that is there
 * already, nothing. */
void rf_parts_nic(struct redfish_inventory *inv, const cJSON *nic);
void rf_parts_drive(struct redfish_inventory *inv, const cJSON *drive);
/* The devices that a SimpleStorage embeds. */
void rf_parts_simple(struct redfish_inventory *inv, const cJSON *storage);
void rf_parts_processor(struct redfish_inventory *inv, const cJSON *cpu);
void rf_parts_manager(struct redfish_inventory *inv, const cJSON *manager);
void rf_parts_memory(struct redfish_inventory *inv, const cJSON *dimm);
void rf_parts_secure_boot(struct redfish_inventory *inv, const cJSON *sb);
/* A TrustedComponent of the chassis. */
void rf_parts_trusted(struct redfish_inventory *inv, const cJSON *tc);
/* A NetworkDeviceFunction, Port or NetworkPort: the MAC at its usual places. */
void rf_parts_function(struct redfish_inventory *inv, const cJSON *fn);

#endif
