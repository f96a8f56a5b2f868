/*
 * Machines of simulated BMCs that are virtual machines of QEMU: one process a
 * machine that is on, driven by QMP. Implements sim/bmc/board.h. README.md.
 */
#ifndef B7_SIM_QEMU_QEMU_H
#define B7_SIM_QEMU_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "sim/bmc/board.h"

struct env;
struct qemu_seam;

enum qemu_accel {
	QEMU_ACCEL_AUTO, /* KVM, until it turns out not to work */
	QEMU_ACCEL_KVM,
	QEMU_ACCEL_TCG
};
enum qemu_firmware {
	QEMU_FIRMWARE_AUTO, /* as the boot override's mode says */
	QEMU_FIRMWARE_UEFI,
	QEMU_FIRMWARE_BIOS
};
bool qemu_accel_parse(const char *s, enum qemu_accel *out);
bool qemu_firmware_parse(const char *s, enum qemu_firmware *out);

struct qemu_opts {       /* copied, strings too */
	const char *dir; /* of states: a folder a machine, by its name */
	const char *binary;
	const char *uefi_code, *uefi_vars; /* OVMF */
	enum qemu_accel accel;
	enum qemu_firmware firmware;
	int64_t memory_mib, cpus, disk_bytes;
};

struct qemu;
/* env: loop and log. seam: borrowed. */
struct qemu *qemu_new(const struct env *env, const struct qemu_seam *seam,
    const struct qemu_opts *o);
void qemu_free(struct qemu *q); /* after all boards */
/* For bmc_fleet_opts.board; borrowed. */
const struct board_maker *qemu_maker(const struct qemu *q);

#endif
