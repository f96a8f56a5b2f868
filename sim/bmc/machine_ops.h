/*
 * What is behind power button, reset line and drives. machine.c keeps power,
 * pending settings and what clients may ask; whoever implements this table is
 * what runs when there is power: machine_virtual.c, a machine that the loop's
 * clock drives, and machine_board.c, somebody else's (board.h).
 *
 * An implementation says what happened by machine_restart_now() (the machine
 * reset itself), machine_go_off() (it switched itself off), machine_halted(),
 * machine_set_progress(), and by the phases that it sets after M_POST.
 */
#ifndef B7_SIM_BMC_MACHINE_OPS_H
#define B7_SIM_BMC_MACHINE_OPS_H

#include <stdbool.h>

struct bmc;

enum device {
	DEV_NONE,
	DEV_PXE,
	DEV_HDD,
	DEV_CD,
	DEV_USB,
	DEV_SETUP
};
const char *machine_device_name(enum device d); /* "Pxe" */

struct machine_ops {
	/* Power is there and POST begins: the phase is M_POST. What halt()
	 * stopped may still be ending. */
	void (*post)(struct bmc *b);
	/* Whatever runs stops at once: the power goes, or a reset follows. */
	void (*halt)(struct bmc *b);
	/* False after halt(): not yet, machine_halted() will tell. */
	bool (*is_halted)(const struct bmc *b);
	/* The button is pressed shortly, for a machine that is on. */
	void (*acpi)(struct bmc *b, bool restart);
	/* The slot's medium came or went; b->st.slots tells which. */
	void (*medium)(struct bmc *b, unsigned slot);
	/* What was on the disk is gone; b->m.disk_image is NULL already. */
	void (*wiped)(struct bmc *b);
	/* The end of this machine, now; its disk stays for the next of its name. */
	void (*fini)(struct bmc *b);
};
extern const struct machine_ops machine_virtual;
/* With bmc_fleet_opts.board. */
extern const struct machine_ops machine_board;
struct err;
bool machine_board_make(struct bmc *b, struct err *e);

#endif
