/* The inside of a world, for world.c, loop_virtual.c and the network. */
#ifndef B7_WORLD_CORE_H
#define B7_WORLD_CORE_H

#include "common/loop_virtual.h"
#include "common/world.h"

struct fabric;

struct world {
	uint64_t seed;
	int64_t now_us;
	uint64_t seq;
	unsigned spawned;
	struct proc **procs; /* owned, in order of their spawning */
	size_t n_procs, cap_procs;
	struct proc_queue queue;
	struct fabric *fabric; /* owned */
	bool running;
};

#endif
