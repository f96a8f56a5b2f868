/* What is in a virtual machine's CD drives, by QMP. */
#ifndef B7_SIM_QEMU_DRIVE_H
#define B7_SIM_QEMU_DRIVE_H

struct board;

/* The process is told what board.drives[drive] says. */
void drive_change(struct board *d, unsigned drive);

#endif
