/*
 * The operating system of a machine, where the image is one of a family
 * (sim/os): it reads on after the loader, finds its user data or not, is left on
 * the disk by an installer, comes up, and reports. machine_boot.c drives it.
 */
#ifndef B7_SIM_BMC_GUEST_H
#define B7_SIM_BMC_GUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct bmc;
struct iso_facts;

/* The loader of the slot's medium runs: reads on. machine_guest_read() ends it,
 * unless it is stopped. */
void guest_read(struct bmc *b, unsigned slot, const struct iso_facts *f);
/* What is under way ends, silently: reading, reports. */
void guest_stop(struct bmc *b);
/* A boot begins: nothing of this machine runs. */
void guest_reset(struct bmc *b);
/* The disk is booted. true: a system of a family is on it, and
 * machine_guest_read() tells, now or when it has looked at the drives. */
bool guest_disk(struct bmc *b);
/* What was read from the medium is on the disk now; family: it was one. */
void guest_installed(struct bmc *b, bool family);
/* The system is up. */
void guest_up(struct bmc *b);
void guest_free(struct bmc *b);
/* For the control API; never the data. */
cJSON *guest_json(const struct bmc *b);

/* machine_boot.c: why NULL: the system goes on. */
void machine_guest_read(struct bmc *b, const char *why);

#endif
