/*
 * A deduplicating queue of keys ("ns/name"). A key that is added twice before
 * it runs, runs once; of several delays the earliest wins. Keys run from the
 * loop in the order in which they became due, a bounded number a turn.
 */
#ifndef B7_CONTROL_WORKQ_H
#define B7_CONTROL_WORKQ_H

#include <stddef.h>
#include <stdint.h>

struct loop;
struct workq;

struct workq *workq_new(
    struct loop *l, void (*run)(void *arg, const char *key), void *arg);
void workq_free(struct workq *q);
/* Now (never inside the call), or after a delay in microseconds. */
void workq_add(struct workq *q, const char *key);
void workq_add_after(struct workq *q, const char *key, int64_t delay_us);
/* Drops a key's pending delay; a key that is due already still runs. */
void workq_forget(struct workq *q, const char *key);
/* Loop clock when the key is due (now: it is already); -1: it is not queued. */
int64_t workq_at(const struct workq *q, const char *key);
size_t workq_depth(const struct workq *q); /* due now */

#endif
