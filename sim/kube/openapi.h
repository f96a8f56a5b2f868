/*
 * OpenAPI documents, enough for kubectl 1.32: explain, and the look-up that
 * tells it to leave field validation to the server.
 */
#ifndef B7_SIM_KUBE_OPENAPI_H
#define B7_SIM_KUBE_OPENAPI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/kube/discovery.h"

/* /openapi/v3: {"paths": {"api/v1": {"serverRelativeURL": ...}}}. */
cJSON *openapi_v3_index(const struct api_resource *r, size_t n);
/* /openapi/v3/api/v1 (group ""), /openapi/v3/apis/G/V. NULL: none such. */
cJSON *openapi_v3_group_version(const struct api_resource *r, size_t n,
    const char *group, const char *version);
/* /openapi/v2 for an Accept header: the HTTP status, 200 with a minimal
 * swagger document in *doc, or 406 when only protobuf would do. */
int openapi_v2(const char *accept, cJSON **doc);

#endif
