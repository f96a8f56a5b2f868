/*
 * The Boot object (ComputerSystem, or its settings object) and the ladders of
 * ways to change it (rules 18 to 21). Pure: what to send next follows from
 * what was seen and how the last try was refused.
 */
#ifndef B7_AGENT_REDFISH_BOOT_H
#define B7_AGENT_REDFISH_BOOT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "agent/redfish/extinfo.h"
#include "agent/redfish/redfish.h"

#define RF_TARGET_NONE 1U
#define RF_TARGET_CD 2U
#define RF_TARGET_USB_CD 4U
#define RF_TARGET_HDD 8U
#define RF_TARGET_UEFI 16U      /* UefiTarget */
#define RF_TARGET_BOOT_NEXT 32U /* UefiBootNext */

struct rf_boot_view {
	bool present; /* a Boot object with any override property */
	bool has_enabled, has_target, has_mode; /* shown, null included */
	enum redfish_override enabled;
	enum redfish_boot_mode mode;
	char target[24];
	/* What AllowableValues offer; 0 = it does not say. */
	unsigned targets;
	unsigned enableds; /* bits 1 << enum redfish_override */
};

void rf_boot_parse(struct rf_boot_view *v, const cJSON *system);
/* An override that changes what boots. "Hdd, Continuous" is how sushy-tools
 * shows the usual order. */
bool rf_boot_armed(const struct rf_boot_view *v);
bool rf_boot_armed_cd(const struct rf_boot_view *v);
/* Armed in the System, yet the settings object, which has the whole override,
 * says Disabled: a write that waits for the next boot, if that is where the
 * BMC takes its boots from. */
bool rf_boot_contradicted(
    const struct rf_boot_view *system, const struct rf_boot_view *settings);
/* Values are offered in the settings object only (iDRAC10). */
bool rf_boot_offered_in_settings(
    const struct rf_boot_view *system, const struct rf_boot_view *settings);

enum rf_boot_place {
	RF_PLACE_SYSTEM,
	RF_PLACE_SETTINGS,
	RF_PLACES
};
enum rf_boot_shape {
	RF_SHAPE_FULL, /* Target, Enabled and Mode together */
	RF_SHAPE_NO_MODE,
	RF_SHAPE_TARGET, /* Target alone */
	RF_SHAPES
};

/* One way to arm; what worked is kept per BMC. */
struct rf_boot_way {
	enum rf_boot_place place;
	enum rf_boot_shape shape;
	enum redfish_override enabled;
	unsigned target; /* one RF_TARGET_* bit */
};

#define RF_BOOT_TARGETS 4
struct rf_boot_ladder {
	struct rf_boot_way way;      /* to try now */
	enum redfish_boot_mode mode; /* to send in RF_SHAPE_FULL */
	bool mode_wanted; /* by the user: a shape without it will not do */
	bool mode_shown;
	bool once_refused, mode_refused;
	enum rf_boot_place places[RF_PLACES];
	unsigned targets[RF_BOOT_TARGETS];
	unsigned n_places, n_targets, at_place, at_target;
};

struct rf_boot_hints {
	const struct rf_boot_view *system, *settings; /* settings may be NULL */
	enum redfish_boot_mode mode;
	bool usb_cd_first; /* Supermicro: Cd is the physical drive */
	bool boot_options; /* there is a collection to search (rule 20) */
	const struct rf_boot_way *worked; /* NULL: none yet */
};
void rf_boot_ladder_init(
    struct rf_boot_ladder *l, const struct rf_boot_hints *h);
/* After a refusal (x) or a silent revert (x NULL): false = no way left. */
bool rf_boot_ladder_next(
    struct rf_boot_ladder *l, int status, const struct rf_ext *x);
/* The refusal means Boot as a whole: it is to be written in the other place. */
bool rf_boot_refused_here(const struct rf_ext *x);
/* The body; option and path of the matching BootOption for the UEFI targets. */
cJSON *rf_boot_body(
    const struct rf_boot_ladder *l, const char *option, const char *path);
const char *rf_boot_target_name(unsigned bit);
const char *rf_boot_place_name(enum rf_boot_place p);

/* Ways to clear, in order; false when i is past the last. *body is owned. */
bool rf_boot_clear_body(unsigned i, const struct rf_boot_view *v, cJSON **body);

#endif
