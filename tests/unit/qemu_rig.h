/*
 * A QEMU that is none: what a virtual machine's process would say on its two
 * streams, in virtual time, behind a fleet of one BMC.
 */
#ifndef B7_QEMU_RIG_H
#define B7_QEMU_RIG_H

#include "common/buf.h"
#include "common/loop.h"
#include "sim/qemu/qemu.h"
#include "sim/qemu/seam.h"
#include "tests/unit/bmc_rig.h"

struct child { /* the one that there is */
	struct qemu_rig *rig;
	struct child_host host;
	struct timer timer;
	struct buf out; /* to be said on QMP */
	bool quits, dead;
};
struct qemu_rig {
	struct rig g;
	struct qemu *q;
	struct qemu_seam seam;
	struct child *child; /* NULL = none */
	unsigned spawned, killed, prepared, wiped;
	char argv[4096];       /* of the last, with blanks */
	char commands[4096];   /* their names, with blanks */
	char last[2048];       /* command, whole */
	const char *refuse;    /* a command that is answered by an error */
	bool deaf;             /* nothing is answered */
	bool no_kvm;           /* it dies of -accel kvm */
	bool cannot;           /* no process can be made */
	char kept[1024];       /* of the console */
	const char *vars_from; /* NULL: no UEFI */
};

void qemu_rig_open(struct qemu_rig *r, enum qemu_accel accel);
void qemu_rig_close(struct qemu_rig *r);
/* What the guest, or QEMU, does. */
void qemu_rig_event(struct qemu_rig *r, const char *reason);
void qemu_rig_console(struct qemu_rig *r, const char *text);
void qemu_rig_qmp(struct qemu_rig *r, const char *text);
void qemu_rig_dies(struct qemu_rig *r);

#endif
