/*
 * Bodies that insert and eject virtual media (rules 25, 26): from the plainest
 * that some demand to the fullest that others demand. What a refusal names is
 * added or left out; where it names nothing the next body is tried. Pure.
 */
#ifndef B7_AGENT_REDFISH_PAYLOAD_H
#define B7_AGENT_REDFISH_PAYLOAD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/redfish/extinfo.h"
#include "agent/redfish/slot.h"

#define RF_PAY_PROTOCOL 1U    /* TransferProtocolType */
#define RF_PAY_METHOD 2U      /* TransferMethod: Stream */
#define RF_PAY_CREDENTIALS 4U /* UserName, Password: none */
#define RF_PAY_INSERTED 8U    /* Inserted, WriteProtected */

enum rf_insert_by {
	RF_BY_ACTION,
	RF_BY_OEM,
	RF_BY_PATCH,
	RF_BYS
};
const char *rf_insert_by_name(enum rf_insert_by b);

struct rf_insert_way {
	enum rf_insert_by by;
	unsigned bits; /* RF_PAY_* */
	size_t slot;   /* where it worked; others come after it */
};
/* "insert:image+transfer-protocol+inserted" */
void rf_insert_way_name(const struct rf_insert_way *w, char *out, size_t cap);

struct rf_insert_ladder {
	struct rf_insert_way way; /* to try now */
	unsigned bys;             /* bits 1 << enum rf_insert_by: possible */
	unsigned must, mustnt;    /* RF_PAY_* that refusals named */
	uint16_t tried[RF_BYS];   /* bits 1 << bits */
	unsigned n;               /* tries of this slot */
};
/* worked may be NULL. false: the slot has no way at all. */
bool rf_insert_ladder_init(struct rf_insert_ladder *l,
    const struct rf_slot_ways *w, const struct rf_insert_way *worked);
/* status 0, x NULL: accepted but nothing was inserted. */
bool rf_insert_ladder_next(
    struct rf_insert_ladder *l, int status, const struct rf_ext *x);
cJSON *rf_insert_body(const struct rf_insert_way *w, const char *url);

enum rf_eject_by {
	RF_EJECT_EMPTY_OBJECT, /* POST {} */
	RF_EJECT_NO_BODY,      /* POST without a body */
	RF_EJECT_OEM,
	RF_EJECT_PATCH,       /* Image null, Inserted false */
	RF_EJECT_PATCH_IMAGE, /* Image null */
	RF_EJECT_BYS
};
const char *rf_eject_by_name(enum rf_eject_by b);
bool rf_eject_possible(enum rf_eject_by b, const struct rf_slot_ways *w);
/* NULL for RF_EJECT_NO_BODY. */
cJSON *rf_eject_body(enum rf_eject_by b);

#endif
