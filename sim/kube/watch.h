/*
 * Watches: one per exchange, fed by commits, drained as the wire has room.
 * Plain events share the text of the stored object; nothing is encoded twice.
 */
#ifndef B7_SIM_KUBE_WATCH_H
#define B7_SIM_KUBE_WATCH_H

#include <stdbool.h>

#include "sim/kube/request.h"
#include "sim/kube/store.h"

struct http_exchange;
struct kube_server;

#define KS_WATCH_QUEUE_MAX 20000u /* slower clients are cut off */

/* Answers x with a stream; takes the selectors of rq. False: *st. */
bool ks_watch_start(struct kube_server *s, struct ks_request *rq,
    struct http_exchange *x, struct ks_status *st);
void ks_watch_notify(struct kube_server *s, struct ks_event *ev);
/* Ends watches after what is queued; gone: with an ERROR 410 first. */
void ks_watch_end_all(struct kube_server *s, bool gone);
void ks_watch_end_kind(struct kube_server *s, struct ks_kind *k);
void ks_watch_bookmarks(struct kube_server *s);

#endif
