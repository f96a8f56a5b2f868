/*
 * What a virtual machine needs of the real world: a process with two streams, and
 * a few files. The real half is child_main.c and files_main.c; tests have theirs.
 */
#ifndef B7_SIM_QEMU_SEAM_H
#define B7_SIM_QEMU_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* As the child finds its two streams. */
#define CHILD_QMP_FD 3
#define CHILD_CONSOLE_FD 4

struct child;

struct child_host { /* told from the loop */
	void (*qmp)(void *arg, const char *p, size_t n);
	void (*console)(void *arg, const char *p, size_t n);
	/* It is gone and waited for; how: "exit status 1: its last words". The
	 * last call; the receiver frees the child later, not in here. */
	void (*ended)(void *arg, const char *how);
	void *arg;
};

struct vm_paths { /* of one machine, all in its folder */
	const char *dir, *disk, *vars, *console, *log;
};

struct qemu_seam {
	/* argv[0] is a path; no shell, no environment. What it says goes to the
	 * file log, which begins anew. */
	struct child *(*spawn)(void *self, char *const *argv, const char *log,
	    const struct child_host *h, struct err *e);
	bool (*send)(struct child *c, const char *p, size_t n); /* to QMP */
	void (*kill)(struct child *c); /* ended() follows */
	void (*free)(struct child *c); /* kills and waits, silently */
	/* Folder, disk of that size, a copy of vars_from: what is there stays.
	 * For their owner alone. */
	bool (*prepare)(void *self, const struct vm_paths *p, int64_t disk,
	    const char *vars_from, struct err *e);
	/* What the guest said, into the file console, which is kept within
	 * bounds. */
	void (*keep)(
	    void *self, const struct vm_paths *p, const char *text, size_t n);
	/* The disk is empty and the firmware has forgotten all. */
	void (*wipe)(void *self, const struct vm_paths *p);
	void *self;
};

#endif
