/*
 * controlPlaneEndpointSource FirstControlPlaneMachine: the endpoint is an
 * address of the first control plane machine that has one.
 */
#ifndef B7_CONTROL_CLUSTER_ENDPOINT_H
#define B7_CONTROL_CLUSTER_ENDPOINT_H

#include <cjson/cJSON.h>

#include "agent/control/internal.h"

/* A merge patch that sets what is missing of the endpoint of `tree`, the
 * Beskar7Cluster of that Cluster ("name"); NULL = no machine brings it yet. */
cJSON *cluster_endpoint_patch(
    const struct controllers *c, const cJSON *tree, const char *cluster);
/* A Beskar7Machine became `now` (old NULL: there was none): who waits for its
 * addresses looks. */
void cluster_endpoint_wake(
    struct controllers *c, const cJSON *old, const cJSON *now);

#endif
