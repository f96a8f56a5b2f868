/*
 * The MachineSet's part of capi-contract 6.2: a machine cloned from a template.
 * MachineSets are no objects here; a test or a scenario asks for each clone.
 *
 * As the real one: the infrastructure object by server-side apply (manager
 * capi-machineset), at once a merge patch of its managedFields under the
 * resourceVersion of that answer (what fails if anybody wrote meanwhile), the
 * Machine, then labels and annotations applied again (manager
 * capi-machineset-metadata).
 */
#ifndef B7_SIM_CORE_CLONE_H
#define B7_SIM_CORE_CLONE_H

#include <stdbool.h>

#include "sim/core/core.h"

struct core_clone_opts {
	/* The template: its kind ends in "Template". */
	const char *group, *kind, *ns, *name;
	const char *machine; /* name of the Machine and of its clone */
	const char *cluster;
	bool control_plane;
	/* The user's bootstrap Secret; NULL = the stand-in makes one. */
	const char *data_secret;
};

struct core_clone_result {
	bool ok;
	unsigned conflicts; /* 409 answers to the patch of managedFields */
	char why[256];      /* "" when ok */
};

/* Everything is copied. done runs once, unless the core is freed; inside the
 * call where the kinds are not known (see core_synced). */
void core_clone(struct core *c, const struct core_clone_opts *o,
    void (*done)(void *arg, const struct core_clone_result *r), void *arg);

#endif
