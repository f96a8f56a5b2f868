/*
 * A small fleet under virtual time for the tests of SAFETY.md: the stage, the
 * runner's invariants always on, and short words for what the tests do.
 */
#ifndef B7_TESTS_SAFETY_RIG_H
#define B7_TESTS_SAFETY_RIG_H

#include <CUnit/Basic.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/world.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/stage.h"
#include "tests/unit/unit.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define RIG_BMCS 64
#define MARKER "b7-marker-payload-7f3c"

/* What the BMC of one host saw. */
struct rig_bmc {
	unsigned resets; /* accepted power writes */
	unsigned forced, graceful, ons, restarts;
	unsigned arms; /* overrides set that are not Disabled */
	unsigned inserts, ejects;
	unsigned loads; /* boot loaders of the medium that ran */
	unsigned installs;
	unsigned logins, login_failures;
	unsigned requests, writes;
};

struct rig_opts {
	unsigned bmcs;
	const char *profile; /* NULL = generic */
	/* NULL = profile; dealt round robin */
	const char *const *profiles;
	size_t n_profiles;
	const char *knobs;   /* YAML over the profile; NULL = none */
	const char *image;   /* NULL = installer.iso */
	const char *kind;    /* NULL = Installer */
	const char *machine; /* more of spec, e.g. "completion: {..}" */
	const char *trust;   /* NULL = insecureSkipVerify: true */
	const struct bmc_override *overrides;
	size_t n_overrides;
	struct bmc_timing timing;
	struct stage_agent_opts agent;
	bool no_agent;
	bool workload; /* workload clusters of their own */
};

struct rig {
	struct stage *s;
	struct rig_opts o; /* strings are the test's */
	struct invariants *inv;
	struct rig_bmc bmc[RIG_BMCS];
	unsigned bmcs;
	unsigned violations, problems, lines;
	unsigned commits; /* by the agent, Leases and Events apart */
	unsigned events;  /* Events written by the agent */
	unsigned marker_hits;
	unsigned peak_provisioning, peak_releasing, record_max;
	bool quiet; /* violations are looked for by the test itself */
	/* kill_at: the agent dies at its n-th mutating request. */
	unsigned mutations, kill_at;
	bool kill_before, kill_kube, killed;
	char last_violation[700];
	/* Told of each commit, after the invariants; NULL = nobody. */
	void (*watch)(void *arg, const struct inv_commit *c);
	void *watch_arg; /* of line, too */
	/* Told of each line of the agent's log; NULL = nobody. */
	void (*line)(void *arg, const char *line, size_t n);
};

struct rig *rig_new(const struct rig_opts *o);
/* Fails the test if an invariant did. */
void rig_free(struct rig *r);

void rig_agent(struct rig *r); /* starts agent 0 */
void rig_kill(struct rig *r);
void rig_run(struct rig *r, int64_t us);
void rig_apply(struct rig *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Hosts for all BMCs, and the Cluster c1. */
void rig_hosts(struct rig *r);
void rig_cluster(struct rig *r);
void rig_machine(struct rig *r, const char *name);
void rig_delete(struct rig *r, const char *resource, const char *name);
void rig_patch(struct rig *r, const char *resource, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void rig_annotate(
    struct rig *r, const char *host, const char *key, const char *value);
/* Owned by the caller; NULL = absent. */
cJSON *rig_get(struct rig *r, const char *resource, const char *name);
/* value NULL: the path is absent; path NULL: the object is. "a/b" paths;
 * "?Type" is the status of a condition, "?Type.reason" its reason. */
bool rig_is(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value);
bool rig_wait(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us);
/* A member of the record; owned, NULL = absent. */
char *rig_record(struct rig *r, const char *host, const char *member);
/* Name of the host whose consumer is that machine; "" = none. */
const char *rig_host_of(struct rig *r, const char *machine, char out[64]);
unsigned rig_index(const char *host);
/* ("bmc-000", "faults", "{...}"): the control API of one BMC. */
void rig_bmc_do(
    struct rig *r, const char *host, const char *what, const char *body);
void rig_heal(struct rig *r, const char *host);
struct bmc_snapshot rig_snap(struct rig *r, const char *host);
bool rig_available(struct rig *r, const char *host);
/* At rest, off, empty, unarmed, Available. */
void rig_clean(struct rig *r, const char *host);
/* Waits until machine m is provisioned / gone and its host Available. */
bool rig_provisioned(struct rig *r, const char *machine, int64_t within_us);
bool rig_released(struct rig *r, const char *machine, int64_t within_us);
unsigned rig_event_count(struct rig *r, const char *reason);

/* As unit_run(); CASE=word in the environment runs only the cases with it. */
int rig_cases(const char *suite, const struct unit_case *cases, size_t n);
#define RIG_CASES(suite, cases) \
	rig_cases((suite), (cases), sizeof(cases) / sizeof((cases)[0]))

#define HOST "physicalhosts"
#define B7M "beskar7machines"
#define MACHINES "machines"
#define CLUSTERS "clusters"

#endif
