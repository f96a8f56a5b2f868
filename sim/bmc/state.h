/*
 * Everything about one BMC that a Redfish read can show and that changes by
 * itself or by a write: small, copyable, without pointers into anything else.
 * Views render from a `const struct bmc_state *`, which for stale reads is an
 * older copy.
 */
#ifndef B7_SIM_BMC_STATE_H
#define B7_SIM_BMC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/bmc/profile.h"

enum power {
	POWER_OFF,
	POWER_GOING_ON,
	POWER_ON,
	POWER_GOING_OFF
};
const char *power_name(enum power p); /* "PoweringOn" */

enum boot_progress {
	PROGRESS_NONE,
	PROGRESS_CPU,
	PROGRESS_MEMORY,
	PROGRESS_PCI,
	PROGRESS_HW_DONE,
	PROGRESS_SETUP,
	PROGRESS_OS_STARTED,
	PROGRESS_OS_RUNNING
};
const char *boot_progress_name(enum boot_progress p); /* LastState */

/* The boot override; "" stands for null. */
struct boot_override {
	char enabled[12], target[16], mode[8];
	char uefi_target[160], boot_next[16], http_uri[256];
};

struct slot_state {
	char *image;                    /* owned; NULL = never had one */
	char *user, *protocol, *method; /* owned; NULL */
	bool inserted;                  /* what the machine sees */
	bool connected;                 /* Image is shown */
	bool write_protected;
	bool verify_certificate;
};

#define BOOT_OPTIONS 4
struct bmc_state {
	enum power power;
	enum boot_progress progress;
	int64_t progress_wall_us, reset_wall_us, bmc_reset_wall_us;
	struct boot_override boot, pending;
	bool has_pending;
	uint8_t boot_order[BOOT_OPTIONS]; /* 1-based option numbers */
	uint8_t n_boot_order;
	uint8_t boot_off; /* bits: options that are disabled, by number */
	bool secure_boot; /* from the next POST on */
	bool secure_boot_now, no_keys, locator;
	char asset_tag[64], host_name[64];
	struct slot_state slots[PROFILE_SLOTS];
	uint32_t rev; /* of every change */
};
void bmc_state_copy(struct bmc_state *to, const struct bmc_state *from);
void bmc_state_fini(struct bmc_state *s);

#endif
