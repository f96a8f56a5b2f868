/*
 * What deploy/kustomize/rbac.yaml lets the agent do, held against what it asked
 * of the API stand-in, which knows no RBAC. Namespaces are not looked at.
 */
#ifndef B7_RUNNER_ROLE_H
#define B7_RUNNER_ROLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/err.h"

/* An array of all rules of the file, of ClusterRoles and Roles; owned by the
 * caller. NULL: unreadable, or without a rule. */
cJSON *role_load(const char *root, struct err *e);
/* verb and resource as the stand-in counts them: "apply" is a patch,
 * "hosts.example.org/status" a subresource. */
bool role_grants(const cJSON *rules, const char *verb, const char *resource);
/* stats: kube_server_stats(). Tells each thing asked but not granted. */
void role_check(const cJSON *rules, const cJSON *stats, const char *user,
    void (*refused)(void *arg, const char *verb, const char *resource),
    void *arg);

#endif
