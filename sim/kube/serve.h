/* The HTTP side: who is it, is there an outage, which file answers. */
#ifndef B7_SIM_KUBE_SERVE_H
#define B7_SIM_KUBE_SERVE_H

#include "common/http.h"
#include "sim/kube/handle.h"

void ks_serve(void *server, struct http_exchange *x);
bool ks_serve_accept(void *server, const struct http_addr *local,
    const struct http_addr *remote);
/* Executes without HTTP (rq.verb other than watch): parses, counts, runs. */
void ks_serve_input(
    struct kube_server *s, const struct ks_input *in, struct ks_reply *rp);
/* /_sim/...: counters and faults. */
void ks_sim(
    struct kube_server *s, const struct ks_input *in, struct ks_reply *rp);

#endif
