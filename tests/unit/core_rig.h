/*
 * The core stand-in against the API stand-in, with an infrastructure provider
 * that is the test itself: WildCluster and WildMachine have no schema, so that
 * every wrong type can be written. Problems that the core finds are collected.
 */
#ifndef B7_CORE_RIG_H
#define B7_CORE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "scenarios/runner/stage.h"
#include "tests/unit/unit.h"

struct core_rig {
	struct stage *s;
	unsigned problems;
	char problem[512]; /* the last one */
};

#define CORE_WILD "wild.example.org"
#define CORE_CLUSTERS \
	"/apis/cluster.x-k8s.io/v1beta2/namespaces/default/clusters"
#define CORE_MACHINES \
	"/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines"
#define CORE_WILD_CLUSTERS \
	"/apis/" CORE_WILD "/v1/namespaces/default/wildclusters"
#define CORE_WILD_MACHINES \
	"/apis/" CORE_WILD "/v1/namespaces/default/wildmachines"

/* bmcs: of the generic profile, without an agent. */
void core_rig_open(struct core_rig *r, unsigned bmcs);
/* Fails unless the problems that were found were taken. */
void core_rig_close(struct core_rig *r);
void core_rig_apply(struct core_rig *r, const char *yaml);
/* Merge patch; returns the HTTP status. */
int core_rig_patch(struct core_rig *r, const char *path, const char *body);
int core_rig_delete(struct core_rig *r, const char *path);
void core_rig_run(struct core_rig *r, int64_t us);
/* The text at the path of an object, "" if absent, "<gone>" without object;
 * valid until the next call. Numbers and booleans as JSON. */
const char *core_rig_at(
    struct core_rig *r, const char *object, const char *path);
/* reason or status of a condition; as core_rig_at. */
const char *core_rig_condition(struct core_rig *r, const char *object,
    const char *type, const char *member);
/* Exactly n problems since the last call, the last one naming `word`. */
void core_rig_problems(struct core_rig *r, unsigned at_least, const char *word);

/* Cluster c1 with WildCluster c1 (endpoint, not provisioned). */
void core_rig_cluster(struct core_rig *r);
/* Machine NAME with WildMachine NAME, of c1. */
void core_rig_machine(struct core_rig *r, const char *name, bool control_plane);
/* As its provider would: c1 provisioned, m provisioned with providerID. */
void core_rig_cluster_up(struct core_rig *r);
void core_rig_machine_up(struct core_rig *r, const char *name, const char *id);

#endif
