/*
 * The past of one BMC, for faults that answer reads from N seconds ago. Kept
 * only from the moment on when such a fault is armed, and forgotten when none
 * is left; before that the oldest copy stands for everything earlier.
 */
#ifndef B7_SIM_BMC_HISTORY_H
#define B7_SIM_BMC_HISTORY_H

#include <stdint.h>

struct bmc;
struct bmc_state;

void history_start(struct bmc *b); /* idempotent */
void history_stop(struct bmc *b);
/* The state changed: remembers it as from now on. */
void history_note(struct bmc *b);
/* As it was age_us ago; the live state without a history. */
const struct bmc_state *history_at(struct bmc *b, int64_t age_us);

#endif
