/* Request bodies: JSON or YAML, capped in size and depth. */
#ifndef B7_SIM_KUBE_BODY_H
#define B7_SIM_KUBE_BODY_H

#include <cjson/cJSON.h>

#include "sim/kube/request.h"

/* Room for the levels that managedFields put on top. */
#define KS_DEPTH_MAX 48

/* Owned by the caller; NULL and *st otherwise. */
cJSON *ks_body_parse(const struct ks_request *rq, struct ks_status *st);

#endif
