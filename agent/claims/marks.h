/*
 * Which parts of an image mean something when they are read: its boot catalog, boot
 * loaders, kernels with their initial RAM disks, and root file systems. By their
 * places in the base: nothing of it moves when it is composed.
 */
#ifndef B7_AGENT_CLAIMS_MARKS_H
#define B7_AGENT_CLAIMS_MARKS_H

#include "agent/media/cd.h"
#include "agent/serve/seen.h"

enum mark {
	MARK_CATALOG,
	MARK_LOADER,
	MARK_KERNEL,
	MARK_ROOT
};

/* How many; at most SEEN_MARKS. */
size_t marks_of(const struct cd *cd, struct seen_mark out[SEEN_MARKS]);

#endif
