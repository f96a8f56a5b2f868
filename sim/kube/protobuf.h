/*
 * Request bodies in protobuf: `kubectl create secret` and its like send no
 * other. Only the kinds that kubectl creates by subcommand are understood
 * (Namespace, Secret, ConfigMap, ServiceAccount, access reviews); answers are
 * JSON. Source: generated.proto of k8s.io/api and k8s.io/apimachinery.
 */
#ifndef B7_SIM_KUBE_PROTOBUF_H
#define B7_SIM_KUBE_PROTOBUF_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "common/err.h"

#define KS_PROTOBUF_TYPE "application/vnd.kubernetes.protobuf"

/* A runtime.Unknown with its magic, as the object in JSON; owned by the
 * caller. NULL and ERR_PROTO otherwise. */
cJSON *ks_protobuf_parse(const void *p, size_t n, struct err *e);

#endif
