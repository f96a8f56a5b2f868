/*
 * What firmware says on the serial line: which device it boots, which it could
 * not. SeaBIOS and OVMF (BdsDxe) are known. The line is the guest's afterwards, so
 * only its beginning is read; what a guest forges there deceives its own BMC.
 */
#ifndef B7_SIM_QEMU_CONSOLE_H
#define B7_SIM_QEMU_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/bmc/board.h"

#define CONSOLE_WATCHED (16u << 10) /* bytes from the start */

enum console_kind {
	CONSOLE_NOTHING, /* of interest */
	CONSOLE_BOOTING,
	CONSOLE_FAILED,
	CONSOLE_NO_DEVICE
};
struct console_said {
	enum console_kind kind;
	int what; /* a drive, BOARD_DISK */
};
struct console {
	struct board_start start; /* the order in which they are tried */
	size_t at;                /* BIOS: in it, of the next */
	int what;                 /* that is tried */
	size_t seen;
	unsigned escape; /* 0 outside, 1 after ESC, 2 in its parameters */
	char line[256];
	size_t n;
};
void console_start(struct console *c, const struct board_start *s);
/* Reads until something was said or all is read: *p and *n move on. */
struct console_said console_read(struct console *c, const char **p, size_t *n);

#endif
