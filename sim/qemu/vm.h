/* One virtual machine: a child process while it is on. See qemu.h. */
#ifndef B7_SIM_QEMU_VM_H
#define B7_SIM_QEMU_VM_H

#include "common/loop.h"
#include "sim/bmc/board.h"
#include "sim/qemu/console.h"
#include "sim/qemu/qemu.h"
#include "sim/qemu/qmp.h"
#include "sim/qemu/seam.h"

struct qemu {
	const struct env *env;        /* borrowed */
	const struct qemu_seam *seam; /* borrowed */
	struct qemu_opts o;
	char *dir, *binary, *uefi_code, *uefi_vars; /* owned; o has them */
	struct board_maker maker;
	bool kvm_fails; /* found out: auto is TCG from now on */
};

enum vm_state {
	VM_OFF,
	VM_STARTING, /* until the guest runs */
	VM_RUNNING,
	VM_ENDING
};
struct vm_drive {
	struct board *owner; /* borrowed */
	unsigned index;
	char *url; /* owned; NULL = empty */
	bool verify;
	bool loaded; /* the process has it */
};
struct board {
	struct qemu *q; /* borrowed */
	struct board_host host;
	struct board_facts f; /* strings: in owned, as those of paths */
	struct vm_paths paths;
	char *owned[10];
	size_t n_owned;
	struct vm_drive drives[BOARD_DRIVES];
	enum vm_state state;
	struct board_start start; /* of the process that lives */
	bool kvm, heard;          /* it said something on the console */
	bool again;               /* while ending: start anew, by next */
	struct board_start next;
	struct child *child; /* owned; NULL = there is none */
	struct qmp qmp;      /* while there is a child */
	struct console console;
	struct timer timer; /* of the state: it must be over */
	struct deferred end;
	char how[256]; /* it ended */
};

extern const struct board_ops vm_ops;

#endif
