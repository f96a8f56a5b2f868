/*
 * A host, its machine and its BMC as the invariants see them, and the writes
 * and events of an agent that does everything right.
 */
#ifndef B7_TEST_INVARIANTS_RIG_H
#define B7_TEST_INVARIANTS_RIG_H

#include <cjson/cJSON.h>

#include "scenarios/runner/invariants.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define CAPI "cluster.x-k8s.io"
#define MARKER "tenant-secret-1"

struct rig {
	struct invariants *x;
	char said[64]; /* the first invariant that was violated */
	int64_t now;
	cJSON *host, *machine; /* as stored last */
};

cJSON *rig_json(const char *text);
void rig_commit(struct rig *r, const char *user, const char *group,
    const char *resource, const cJSON *before, const cJSON *after);
void rig_host(struct rig *r, const char *user, const char *patch);
void rig_machine(struct rig *r, const char *user, const char *patch);
void rig_record(
    struct rig *r, const char *phase, int attempt, const char *more);
void rig_event(struct rig *r, struct bmc_event ev);
void rig_note(struct rig *r, enum bmc_event_kind k, const char *text);
void rig_reset(struct rig *r, const char *type);
void rig_media(struct rig *r, const char *op);
void rig_pass(struct rig *r, int64_t us);
void rig_lease(struct rig *r, const char *holder);
void rig_open(struct rig *r);
void rig_close(struct rig *r);
void rig_claim(struct rig *r);
void rig_provision(struct rig *r);
void rig_provisioned(struct rig *r);
void rig_off(struct rig *r);

#endif
