/*
 * Whether a medium is read in order, and so fast that its next MiB is better asked
 * for before it is wanted. A reader that jumps around or takes its time is told
 * no: what it would not come to is not to be fetched. Embedded, all zero = new.
 */
#ifndef B7_AGENT_SERVE_AHEAD_H
#define B7_AGENT_SERVE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"

#define AHEAD_MIB (1u << 20)
#define AHEAD_RUN (4u << 20) /* read in order before anything is asked for */
#define AHEAD_SLOW_US LOOP_S /* a MiB in more is slow */

struct ahead {
	uint64_t end;       /* where the last read ended */
	uint64_t run;       /* bytes in order that end there */
	int64_t entered_us; /* the present MiB */
};

/* [at, at + n) was read, n > 0. true, once for each MiB: *next, where the one
 * behind it begins, will be wanted. */
bool ahead_add(
    struct ahead *a, uint64_t at, size_t n, int64_t now_us, uint64_t *next);

#endif
