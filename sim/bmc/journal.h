/* What happened, told to the observer, to the event log and to followers. */
#ifndef B7_SIM_BMC_JOURNAL_H
#define B7_SIM_BMC_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "sim/bmc/fleet.h"

struct bmc;
struct env;
struct journal;

/* kept: events that are kept for /events. */
struct journal *journal_new(const struct env *env, unsigned kept,
    void (*on_event)(void *, const struct bmc_event *), void *arg);
void journal_free(struct journal *j);
/* Completes ev (seq, time, names; NULL strings become "") and tells it. */
void journal_add(struct journal *j, const struct bmc *b, struct bmc_event *ev);
/* Short forms. */
void journal_note(const struct bmc *b, enum bmc_event_kind k, const char *text);
void journal_notef(const struct bmc *b, enum bmc_event_kind k, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Lines (NDJSON) with seq > since, as many as fit; the last seq written. bmc:
 * only of this one; NULL = all. */
uint64_t journal_lines(
    const struct journal *j, uint64_t since, const char *bmc, struct buf *out);
uint64_t journal_last(const struct journal *j);

/* Wakes fn once after something was added; one shot, embedded in its owner. */
struct journal_waiter {
	void (*fn)(void *arg);
	void *arg;
	struct journal_waiter *next, **prev; /* prev NULL = idle */
};
void journal_wait(struct journal *j, struct journal_waiter *w);
void journal_unwait(struct journal_waiter *w);

#endif
