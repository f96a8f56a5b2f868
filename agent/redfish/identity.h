/*
 * Who a machine is, as far as a BMC can tell: UUIDs compared whatever their
 * case and byte order, placeholders recognised. No libraries, no state.
 */
#ifndef B7_AGENT_REDFISH_IDENTITY_H
#define B7_AGENT_REDFISH_IDENTITY_H

#include <stdbool.h>

#define RF_UUID_CAP 37

/* 32 hex digits with any dashes, braces or "urn:uuid:" become lower case
 * 8-4-4-4-12. false (and out empty) for anything else. */
bool redfish_uuid_normal(const char *text, char out[RF_UUID_CAP]);
/* SMBIOS tools disagree about the byte order of the first three fields. */
void redfish_uuid_swapped(const char uuid[RF_UUID_CAP], char out[RF_UUID_CAP]);
/* Equal in either byte order; false if either is not a UUID. */
bool redfish_uuid_same(const char *a, const char *b);
/* NULL, not a UUID, all zeros, all F, counting patterns and the constants
 * that board makers forget to change: identifies nothing. */
bool redfish_uuid_placeholder(const char *text);
/* "", "N/A", "To be filled by O.E.M.", "0123456789", "Default string" ... */
bool redfish_serial_placeholder(const char *text);
/* "AA-BB-CC-DD-EE-FF", "aabbccddeeff" become "aa:bb:cc:dd:ee:ff"; false for
 * others, zero, broadcast and multicast addresses. */
bool redfish_mac_normal(const char *text, char out[18]);

#endif
