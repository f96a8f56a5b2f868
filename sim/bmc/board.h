/*
 * A machine that somebody else runs, behind a BMC of ours: a virtual machine of
 * QEMU, say. The BMC asks by board_ops and is told by board_host; neither side
 * knows the other's insides. machine_board.c is the BMC's end.
 *
 * Drives are numbered as the BMC's media slots. All strings are borrowed for the
 * call.
 */
#ifndef B7_SIM_BMC_BOARD_H
#define B7_SIM_BMC_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct board; /* whoever implements board_ops defines it */

#define BOARD_DRIVES 8
#define BOARD_NICS 8
#define BOARD_ORDER 8
#define BOARD_DISK (-1) /* where a number says what is booted */

enum board_drive {
	BOARD_DRIVE_NONE,
	BOARD_DRIVE_CD,
	BOARD_DRIVE_STICK
};
struct board_facts { /* what the BMC shows of it */
	const char *name, *uuid, *serial, *maker, *model, *arch;
	char mac[BOARD_NICS][18];
	unsigned nics;
	enum board_drive drives[BOARD_DRIVES];
	size_t n_drives;
};
struct board_medium {
	const char *url; /* NULL = the drive is empty */
	bool verify;     /* https: the server's certificate */
};
struct board_start { /* what POST decided */
	bool uefi;
	int order[BOARD_ORDER]; /* drives, BOARD_DISK */
	size_t n;
};

/* What happened. Never from inside a call of the table; a call of the table from
 * inside of these is fine, but for free(). */
struct board_host {
	void (*booting)(void *arg, int what); /* firmware hands over to it */
	void (*failed)(void *arg, int what, const char *why);
	void (*nothing)(void *arg, const char *why); /* it gave up */
	void (*restarted)(
	    void *arg, const char *why); /* the OS wants a reset */
	/* The OS switched it off (why: NULL), or an accident did. */
	void (*off)(void *arg, const char *why);
	void (*halted)(void *arg); /* after halt() */
	void (*drive_failed)(void *arg, unsigned drive, const char *why);
	void *arg;
};

struct board_ops {
	/* ERR_SPEC: such a machine cannot be. No power yet. */
	struct board *(*make)(void *self, const struct board_facts *f,
	    const struct board_host *h, struct err *e);
	/* Power, or the end of a reset; what halt() stopped may be ending. */
	void (*start)(struct board *d, const struct board_start *s);
	void (*halt)(struct board *d); /* no power any more */
	bool (*is_halted)(const struct board *d);
	void (*button)(struct board *d); /* pressed shortly */
	void (*medium)(
	    struct board *d, unsigned drive, const struct board_medium *m);
	void (*wipe)(struct board *d); /* the disk */
	void (*free)(struct board *d); /* the disk stays */
};
struct board_maker {
	const struct board_ops *ops;
	void *self;
};

#endif
