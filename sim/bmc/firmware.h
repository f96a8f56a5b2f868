/*
 * Firmware of one BMC: what runs, what was installed and waits for a reset,
 * and the update that is under way. Nothing is kept before the first update.
 */
#ifndef B7_SIM_BMC_FIRMWARE_H
#define B7_SIM_BMC_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>

struct bmc;
struct request;
struct task;

enum firmware_part {
	FIRMWARE_BIOS,
	FIRMWARE_BMC,
	FIRMWARE_N
};
#define FIRMWARE_VERSION 32

const char *firmware_version(const struct bmc *b, enum firmware_part p);
/* Installed, but not yet running; NULL = nothing waits. */
const char *firmware_waiting(const struct bmc *b, enum firmware_part p);
/* POST takes over the BIOS, a restart of the controller its own firmware. */
void firmware_activate(struct bmc *b, enum firmware_part p);
/* The controller went down: what was under way is lost. */
void firmware_restart(struct bmc *b);
void firmware_free(struct bmc *b);

/* What an image is for, by its first line ("SIMFW component=BIOS
 * version=2.1.0") or by its name ("bios-2.1.0.bin"); part < 0: nobody knows.
 * target: the last part of an inventory's URI, or NULL. */
struct firmware_image {
	int part;
	char version[FIRMWARE_VERSION];
};
void firmware_identify(const char *name, const void *bytes, size_t n,
    const char *target, struct firmware_image *out);

/* update.c: transfers (unless the bytes came along) and installs, as a task;
 * NULL after a refusal. url and target may be NULL; all is copied. */
struct update_ask {
	const char *url, *name, *target;
	const void *bytes;
	size_t n;
};
struct task *update_start(struct request *rq, const struct update_ask *a);
struct update;
void update_cancel(struct update *u);

/* The slot of struct bmc, for update.c. */
struct firmware {
	char version[FIRMWARE_N][FIRMWARE_VERSION]; /* "" = the profile's */
	char next[FIRMWARE_N][FIRMWARE_VERSION];    /* "" = nothing waits */
	struct update *update;                      /* NULL = none */
};
struct firmware *firmware_of(struct bmc *b); /* makes it */

#endif
