/*
 * What an object says too often, as client-go's correlator judges it: more than
 * ten messages of one object and reason in ten minutes are combined into one
 * event, and an object that keeps on making new events is silenced (25 at
 * once, then one a minute; client-go waits five, a host's story is denser).
 * Objects do not pay for each other. Bounded: of more than EVENT_FILTER_MAX
 * objects those that were quiet longest are forgotten.
 */
#ifndef B7_KUBE_EVENT_FILTER_H
#define B7_KUBE_EVENT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/map.h"

#define EVENT_FILTER_MAX 16384
#define EVENT_SIMILAR_MAX 10
#define EVENT_BURST 25

/* All zero = empty. Times are monotonic microseconds. */
struct event_filter {
	struct map similar; /* object, reason -> struct event_bucket, owned */
	struct map objects; /* object -> struct event_bucket, owned */
};

/* true: this one is to be combined with the others of its group. */
bool event_filter_similar(struct event_filter *f, const char *group,
    int64_t window_us, int64_t now_us);
/* true: the object has spent its events. */
bool event_filter_spam(
    struct event_filter *f, const char *object, int64_t now_us);
void event_filter_free(struct event_filter *f);

#endif
