/*
 * The world of these checks: that of tests/unit/safety_rig.h (agent, API, core
 * and BMCs in one process, virtual time, the runner's invariants on), with
 * everything that is stored kept for looking at it afterwards.
 */
#ifndef B7_CONFORMANCE_CAPI_H
#define B7_CONFORMANCE_CAPI_H

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/conformance/capi/contract.h"
#include "tests/unit/safety_rig.h"

#define CAPI "cluster.x-k8s.io"
#define B7C "beskar7clusters"
#define B7MT "beskar7machinetemplates"
#define B7CT "beskar7clustertemplates"
#define FINALIZER "beskar7machine." AX
#define FINALIZER_C "beskar7cluster." AX
/* Three times the longest pause of a controller at rest. */
#define SETTLE (3 * LOOP_MIN)

#define MERGE "application/merge-patch+json"
#define JSONPATCH "application/json-patch+json"
#define APPLY "application/apply-patch+yaml"
/* Paths: AXP B7M "/m1" */
#define AXP "/apis/" AX "/v1beta2/namespaces/default/"
#define CAPIP "/apis/" CAPI "/v1beta2/namespaces/default/"
#define COREP "/api/v1/namespaces/default/"

/* Of a few virtual seconds, so that stories are short. */
extern const struct bmc_timing capi_quick;
struct rig *capi_new(unsigned bmcs);
/* The same without an agent. */
struct rig *capi_new_idle(unsigned bmcs);
/* With machine m1 provisioned. */
struct rig *capi_new_up(unsigned bmcs);

/* ---- the API as a person, or as core -------------------------------------- */

/* One request as admin; returns the status. body may be NULL. */
int capi_call(struct rig *r, const char *method, const char *type,
    const char *path, const char *body);
/* The same with the reply, owned by the caller. */
cJSON *capi_ask(struct rig *r, const char *method, const char *type,
    const char *path, const char *body, int *status);
/* A merge patch of that path; the status. */
int capi_merge(struct rig *r, const char *path, const char *body);
/* A text of an object, owned; NULL = absent. Paths as json_at(). */
char *capi_text(
    struct rig *r, const char *resource, const char *name, const char *path);
/* Waits until it is so: as rig_wait(), for values of any type. */
bool capi_wait(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us);
bool capi_is(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value);
/* Until machine NAME is provisioned as core sees it. */
bool capi_up(struct rig *r, const char *name);
/* reason, message or status of a condition; owned, NULL = absent. */
char *capi_cond(struct rig *r, const char *resource, const char *name,
    const char *type, const char *member);
bool capi_cond_is(struct rig *r, const char *resource, const char *name,
    const char *type, const char *member, const char *value);
bool capi_has_finalizer(struct rig *r, const char *resource, const char *name,
    const char *finalizer);
/* Members of a file of the project, as an array of documents; owned. */
cJSON *capi_file(const char *path);

/* A control plane Machine and its Beskar7Machine, of that Cluster. */
void capi_machine_of(struct rig *r, const char *name, const char *cluster);
/* As a manifest of that namespace; extra: more lines of the Machine's spec,
 * "" = none; labels: more of both. */
struct capi_machine {
	const char *ns, *name, *cluster;
	const char *labels; /* flow YAML, e.g. "a: b"; NULL = control plane */
	const char *bootstrap; /* flow YAML; NULL = a configRef */
	const char *more;      /* of the Machine's spec, flow; NULL = none */
	const char *image;     /* of the Beskar7Machine's, flow; NULL = a URL */
	const char *spec;      /* more of the Beskar7Machine's, flow */
};
void capi_machine(struct rig *r, const struct capi_machine *m);

/* ---- machines without core ------------------------------------------------ */

/*
 * Machine NAME that core leaves alone (its own paused annotation), with the
 * Secret NAME-data, and Beskar7Machine NAME that nobody owns. Core's part is
 * then played by the test.
 */
void capi_parked(struct rig *r, const char *name);
/* Beskar7Machine NAME is owned by Machine NAME, as `api_version` says. */
void capi_own(struct rig *r, const char *name, const char *api_version);

/* ---- what was seen --------------------------------------------------------- */

struct saw {
	int64_t at_us;
	bool agent; /* written by it */
	char verb[16], resource[40], ns[64], name[64], manager[64];
	cJSON *before, *after; /* owned; NULL = did not exist, is gone */
};
struct saw_log {
	struct rig *r;
	struct saw *v;
	size_t n, cap;
};
/* Of everything from now on. */
struct saw_log *saw_start(struct rig *r);
void saw_free(struct saw_log *l);
/* The first from `from` on that is of this object (NULL = any name); NULL at
 * the end. Loop: for (s = saw_next(l, NULL, ..); s; s = saw_next(l, s, ..)) */
const struct saw *saw_next(const struct saw_log *l, const struct saw *after,
    const char *resource, const char *name);
/* Writes by the agent to such an object, Leases and Events apart. */
unsigned saw_writes(
    const struct saw_log *l, const char *resource, const char *name);

/* Accepted power, media and boot writes of one BMC, and of all. */
unsigned capi_touched(const struct rig *r, unsigned bmc);
unsigned capi_touched_all(const struct rig *r);
/* So long neither the API nor a BMC is written to by the agent. */
void capi_still(struct rig *r, int64_t us);
/* The number of consumers among the hosts. */
unsigned capi_claims(struct rig *r);

#endif
