/*
 * A small fleet in which something is hostile while the rest must not notice:
 * the stage, hosts of every BMC, one thief who must never hear of us, and
 * counters of what the agent spent.
 */
#ifndef B7_HOSTILE_RIG_H
#define B7_HOSTILE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "scenarios/runner/stage.h"
#include "tests/unit/unit.h"

#define HOSTILE_AX "infrastructure.cluster.x-k8s.io"
#define HOSTILE_THIEF "10.0.8.8"
#define HOSTILE_HOSTS \
	"/apis/" HOSTILE_AX "/v1beta2/namespaces/default/physicalhosts"

struct hostile_rig {
	struct stage *s;
	/* Of bmc-000, since the last reset. */
	unsigned calls, logins, power_writes, media_writes;
	unsigned thief_calls;
	const char *agent_target; /* origin whose calls are counted; or NULL */
	unsigned target_calls;
};

/* n BMCs with TLS; no hosts, no agent yet. */
void hostile_open(struct hostile_rig *r, unsigned n);
void hostile_open_seed(struct hostile_rig *r, unsigned n, uint64_t seed);
void hostile_close(struct hostile_rig *r);
void hostile_agent(struct hostile_rig *r);
void hostile_reset(struct hostile_rig *r);
void hostile_apply(struct hostile_rig *r, const char *yaml);
/* Merge patch as admin; returns the HTTP status. */
int hostile_patch(struct hostile_rig *r, const char *path, const char *body);
/* Host bmc-00I; trust is a line of redfishConnection, e.g.
 * "insecureSkipVerify: true"; address NULL = the BMC's. */
void hostile_host(
    struct hostile_rig *r, unsigned i, const char *address, const char *trust);
/* POST, or DELETE with body NULL, to the control API of the BMCs. */
void hostile_control(struct hostile_rig *r, const char *method,
    const char *path, const char *body);
void hostile_run(struct hostile_rig *r, int64_t us);
/* Text at a path of an object in default; "" if absent. Valid until the next
 * call. group NULL = AX. */
const char *hostile_at(struct hostile_rig *r, const char *resource,
    const char *name, const char *path);
const char *hostile_condition(struct hostile_rig *r, const char *resource,
    const char *name, const char *type, const char *member);
/* Waits at most so long (virtual time); how long it took, or -1. */
int64_t hostile_wait(struct hostile_rig *r, const char *resource,
    const char *name, const char *path, const char *value, int64_t within_us);
/* Cluster c1 with machine m1 that boots an installer. */
void hostile_machine(struct hostile_rig *r);
/* POSTs nothing: DELETE of an object of default. */
void hostile_delete(struct hostile_rig *r, const char *path);

#endif
