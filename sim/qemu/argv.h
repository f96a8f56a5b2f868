/* QEMU's command line, made of what a machine is. Secrets never get there: media
 * are put in by QMP. */
#ifndef B7_SIM_QEMU_ARGV_H
#define B7_SIM_QEMU_ARGV_H

#include "sim/bmc/board.h"
#include "sim/qemu/qemu.h"
#include "sim/qemu/seam.h"

struct argv_in { /* all borrowed */
	const struct qemu_opts *o;
	const struct board_facts *f;
	const struct board_start *start;
	const struct vm_paths *paths;
	bool kvm, uefi;
};
/* NULL-terminated; owned. */
char **argv_make(const struct argv_in *in);
void argv_free(char **argv);

#endif
