/*
 * The controllers that live in a real control plane and without which an API
 * alone would feel broken: garbage collection by owner references, the end of
 * namespaces, and CRDs that begin and end to be served. They run from a timer
 * shortly after the write that concerns them.
 */
#ifndef B7_SIM_KUBE_CONTROL_H
#define B7_SIM_KUBE_CONTROL_H

#include <cjson/cJSON.h>

#include "common/loop.h"
#include "common/map.h"

struct kube_server;
struct ks_event;

#define KS_CONTROL_DELAY_US (10 * LOOP_MS)

struct ks_control {
	struct map owners;     /* uids whose dependents must be looked at */
	struct map dependents; /* uids whose owners must be looked at */
	struct map ending;     /* uids of namespaces and CRDs that end */
	struct timer timer;
};

void ks_control_fini(struct ks_control *c);
void ks_control_committed(struct kube_server *s, const struct ks_event *ev,
    const cJSON *before, const cJSON *after);
/* Registers the kinds of a stored CRD; false if it does not parse. */
bool ks_control_serve_crd(struct kube_server *s, const cJSON *crd);

#endif
