/*
 * A simulated process: a loop whose clock is the world's. Private to b7_world;
 * everybody else holds the struct loop * that world_spawn returned.
 */
#ifndef B7_LOOP_VIRTUAL_H
#define B7_LOOP_VIRTUAL_H

#include "common/http.h"
#include "common/loop_core.h"
#include "common/random.h"

struct world;
struct vnet;

struct proc {
	struct loop core; /* first: world_spawn hands out its address */
	struct world *world;
	char *name;
	struct http_addr ip; /* port 0 */
	int64_t skew_us;
	struct rng rng; /* entropy of this process */
	struct vnet *net;
	bool frozen, in_turn;
	/* Place among the processes that have something to run: its earliest
	 * timer, or since when a deferred call waits outside a turn. */
	size_t queue_pos; /* 1-based; 0 = nothing to run */
	int64_t key_us, wake_us;
	uint64_t key_seq, wake_seq;
	bool wake;
};

/* Processes by (key_us, key_seq): the one global order of events. */
struct proc_queue {
	struct proc **v; /* owned; v[0] unused */
	size_t n, cap;
};

void proc_init(
    struct proc *p, struct world *w, const int64_t *now_us, uint64_t *seq);
/* Files p under what it has to run next, or takes it out. */
void proc_requeue(struct proc *p);
/* One turn: due timers, then deferred calls. */
void proc_turn(struct proc *p);
static inline struct proc *
proc_of(struct loop *l)
{
	return (struct proc *)l;
}

#endif
