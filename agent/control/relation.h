/*
 * Who belongs to whom: hosts, machines, core's Machines and Clusters, as the
 * caches have them.
 */
#ifndef B7_CONTROL_RELATION_H
#define B7_CONTROL_RELATION_H

#include <stdbool.h>

#include "agent/control/host.h"
#include "agent/control/internal.h"
#include "agent/control/machine.h"

struct cJSON;

/* From a cache, to be dropped by the caller; NULL if it is not there, or name
 * is NULL. */
const struct cJSON *relation_get(
    struct informer *inf, const char *ns, const char *name);
/* The view of a machine in *out, which holds a former one or zeros; false and
 * zeros if there is none. The caller calls machine_view_fini. */
bool relation_machine(const struct controllers *c, const char *ns,
    const char *name, struct machine *out);
/* The host that serves m, in *h for the caller to host_fini; false: none. */
bool relation_host(
    const struct controllers *c, const struct machine *m, struct host *h);
/* The Cluster of a machine: by the label of the Machine that owns it (NULL: not
 * known), else that one's spec, else the machine's own label. */
const char *relation_cluster_name(
    const struct machine *m, const struct cJSON *owner);
/* spec.paused of that Cluster (NULL: of none), and of a machine's. */
bool relation_cluster_paused(
    const struct controllers *c, const char *ns, const char *cluster);
bool relation_machine_paused(
    const struct controllers *c, const struct machine *m);

#endif
