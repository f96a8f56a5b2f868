/*
 * Lists: a snapshot of one revision, in pages where asked for. Pages of one
 * list show one revision, as etcd's do, until it is compacted (410 Expired).
 */
#ifndef B7_SIM_KUBE_LIST_H
#define B7_SIM_KUBE_LIST_H

#include "sim/kube/request.h"
#include "sim/kube/state.h"

struct ks_list;

/* NULL: *st. */
struct ks_list *ks_list_new(
    struct kube_server *s, const struct ks_request *rq, struct ks_status *st);
void ks_list_free(struct ks_list *l);
/* The whole text; owned by the caller; l is taken. */
char *ks_list_text(struct ks_list *l);
/* Answers x with the text piece by piece; l is taken. */
void ks_list_send(
    struct ks_list *l, struct kube_server *s, struct http_exchange *x);

#endif
