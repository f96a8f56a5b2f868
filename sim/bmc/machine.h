/*
 * The machine behind a BMC: power, POST, choice of the boot device, reading a
 * medium, installing, an OS. It knows nothing of Redfish; views read b->st,
 * which it keeps. What runs behind the power button is machine_ops.h's; the
 * virtual machine is driven by the loop's clock alone.
 *
 *   Off -> GoingOn -> Post -> [Reading | Pxe]* -> Loading -> Os
 *                                              -> Installing -> GoingOff | Post
 *                          -> Stuck (no boot device, setup, dead installer)
 */
#ifndef B7_SIM_BMC_MACHINE_H
#define B7_SIM_BMC_MACHINE_H

#include <stdbool.h>

struct bmc;

enum reset_type {
	RESET_ON,
	RESET_FORCE_OFF,
	RESET_GRACEFUL_SHUTDOWN,
	RESET_GRACEFUL_RESTART,
	RESET_FORCE_RESTART,
	RESET_NMI,
	RESET_FORCE_ON,
	RESET_PUSH,
	RESET_POWER_CYCLE,
	RESET_N
};
const char *reset_type_name(enum reset_type t); /* "ForceOff" */
int reset_type_by_name(const char *s);          /* -1 = none */

void machine_init(struct bmc *b);
void machine_fini(struct bmc *b);
/* Starts with an OS running from its disk (for hosts that are found on). */
void machine_start_running(struct bmc *b, const char *disk_image);
/* Does what the hardware does; whether it may be asked is the BMC's matter. */
void machine_reset(struct bmc *b, enum reset_type t);
void machine_button(struct bmc *b, bool hold); /* hold: 4 s, forces off */
bool machine_is_on(const struct bmc *b);       /* or going on */
bool machine_in_post(const struct bmc *b);
bool machine_os_up(const struct bmc *b); /* listens to ACPI */
/* The slot's medium went away or came. */
void machine_medium_changed(struct bmc *b, unsigned slot);
void machine_wipe_disk(struct bmc *b); /* nothing bootable is left on it */

/* "Boot0002" -> 2; 0 = there is no such option. */
unsigned machine_boot_option(const char *ref);

/* ---- between machine.c and who implements machine_ops.h ------------------ */

/* POST is over: chooses devices and tries them in order. */
void machine_boot(struct bmc *b);
void machine_boot_cancel(struct bmc *b); /* what is read or loaded */
void machine_boot_medium(struct bmc *b, unsigned slot);
void machine_set_progress(struct bmc *b, int progress);
void machine_go_off(struct bmc *b, bool then_on);
void machine_halted(struct bmc *b); /* what halt() stopped is gone now */
void machine_restart_now(struct bmc *b, const char *why);
/* Makes the list of devices from override and order; uses up a Once. */
void machine_choose(struct bmc *b);

#endif
