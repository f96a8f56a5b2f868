/*
 * A stand-in for the Kubernetes API server: one process, one machine, no
 * cluster. What it does it does by the rules of the real one (storage,
 * optimistic locking, watches, patches, server-side apply, finalizers,
 * garbage collection, CRDs with schemas and defaults); what it does not do (CEL,
 * admission, RBAC, aggregation, conversion webhooks) README.md lists.
 *
 * Everything runs on env->loop and env->net; time comes from the loop, UIDs and
 * random suffixes from env->entropy. All state is in the object: free it and
 * it is gone. Replies follow the API conventions: every error is a
 * metav1.Status.
 *
 *   struct kube_server_opts o = { .port = 6443 };
 *   struct kube_server *s = kube_server_new(env, &o, &e);
 *   kube_server_apply_yaml(s, text, n, "crds/hosts.yaml", &e);
 */
#ifndef B7_SIM_KUBE_SERVER_H
#define B7_SIM_KUBE_SERVER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct env;
struct kube_server;
struct tls_identity;
struct tls_trust;

/* group "" is the core group. */
struct kube_gvr {
	const char *group, *version, *resource;
};

struct kube_token {
	const char *token, *user; /* copied */
};

/*
 * A request to spoil: each pattern is a glob and NULL matches all. verb is one of get
 * list watch create update patch apply delete deletecollection; resource is
 * "secrets" or "physicalhosts.infrastructure.cluster.x-k8s.io/status"; object
 * is "namespace/name", or "name" of cluster-scoped ones.
 */
struct kube_fail {
	const char *user, *verb, *resource, *object; /* copied */
	int status;            /* 0 = 500; ignored where after_commit */
	int64_t retry_after_s; /* 0 = no Retry-After header */
	bool after_commit;     /* execute it, then reset instead of replying */
	bool hang;             /* neither: silence, before or after_commit */
	bool writes;           /* only those; Events and Leases apart */
	unsigned after;        /* lets so many pass first */
	unsigned count;        /* so many requests; 0 = 1 */
};

enum kube_outage {
	KUBE_UP,
	KUBE_REFUSE,
	KUBE_503,
	KUBE_HANG
};

/* A committed write; everything is borrowed, but after may be held (json_hold):
 * it is not changed any more. before NULL: created; after NULL:
 * gone from storage. verb is as in struct kube_fail; the server's own
 * controllers (garbage collection, namespaces) are user "system:kube-sim". */
struct kube_commit {
	const char *verb;
	const struct kube_gvr *gvr;
	const cJSON *before, *after;
	const char *user, *manager; /* manager: of fields */
};

struct kube_server_opts {
	const char *addr; /* NULL = "127.0.0.1" */
	unsigned port;    /* 0 = any free one */
	/* Borrowed while the server lives. NULL = plain HTTP. */
	struct tls_identity *identity;
	struct tls_trust *client_ca; /* NULL = no client certificates */
	/* Neither tokens nor client_ca: everyone is "system:anonymous" and
	 * may do everything. Otherwise 401 without a credential. */
	const struct kube_token *tokens;
	size_t n_tokens;
	/* CRD manifests, loaded before the first request: YAML texts, and
	 * files or folders (*.yaml, *.yml, *.json) read through env->files. */
	const char *const *crd_texts;
	size_t n_crd_texts;
	const char *const *crd_paths;
	size_t n_crd_paths;
	size_t history;      /* [4096] events kept for watches; older: 410 */
	int64_t bookmark_us; /* [60 s] between bookmarks of an idle watch */
	/* Called for every committed write, inside the write, before the
	 * reply: it must not call back into the server. */
	void (*on_commit)(void *arg, const struct kube_commit *c);
	void *on_commit_arg;
};

/* ERR_SPEC (a bad CRD: the message names it), or that of http_listen. */
struct kube_server *kube_server_new(
    const struct env *env, const struct kube_server_opts *o, struct err *e);
void kube_server_free(struct kube_server *s); /* NULL is fine */
unsigned kube_server_port(const struct kube_server *s);
/* Stops accepting; replies in flight get grace_us; watches end at once. */
void kube_server_stop(struct kube_server *s, int64_t grace_us);

/* ---- without HTTP, for scenarios and tests ------------------------------ */

/* Creates or replaces every object of a YAML stream as user "admin";
 * namespaced ones without a namespace go to "default". All rules of the API
 * hold. `name` is for messages. */
bool kube_server_apply_yaml(struct kube_server *s, const char *text, size_t n,
    const char *name, struct err *e);
/* A copy in the storage version, owned by the caller; NULL if absent. ns NULL
 * or "" for cluster-scoped kinds. resource is the plural name. */
cJSON *kube_server_get(const struct kube_server *s, const char *group,
    const char *resource, const char *ns, const char *name);
/* The same, shared: only to be read, and given back to json_drop(). For what
 * looks after every turn of a world. */
const cJSON *kube_server_see(struct kube_server *s, const char *group,
    const char *resource, const char *ns, const char *name);
/* Array of copies, ordered by namespace and name; ns NULL = all. */
cJSON *kube_server_list(const struct kube_server *s, const char *group,
    const char *resource, const char *ns);
/*
 * One request by verb and path ("/api/v1/..."), answered at once: every API
 * call but watch. type NULL = application/json; body may be NULL. The reply
 * is owned by the caller; *status gets the HTTP code. User "admin". Lists of
 * more than 20,000 items must be paged (NULL otherwise).
 */
cJSON *kube_server_do(struct kube_server *s, const char *method,
    const char *target, const char *type, const char *body, int *status);
/* Revision of the last write. */
int64_t kube_server_revision(const struct kube_server *s);

/* ---- counters (GET /_sim/stats, reset by POST /_sim/stats) --------------- */

/* Requests answered; NULL sums over all. resource as in struct kube_fail. */
int64_t kube_server_requests(const struct kube_server *s, const char *user,
    const char *verb, const char *resource);
/* Committed writes to one object ("resource[.group]" and "ns/name"); no-op
 * writes do not count. user NULL sums over all. */
int64_t kube_server_writes(const struct kube_server *s, const char *user,
    const char *resource, const char *object);
/* {"revision":..,"objects":{..},"requests":{user:{verb:{resource:n}}},
 *  "writes":{user:{resource:{object:n}}},"watches":n}; owned by the caller. */
cJSON *kube_server_stats(const struct kube_server *s);
void kube_server_stats_reset(struct kube_server *s);

/* ---- faults (also POST /_sim/...) ---------------------------------------- */

/* POST /_sim/compact: forgets the watch history; older versions get 410. */
void kube_server_compact(struct kube_server *s);
/* POST /_sim/outage {"seconds":N,"mode":"refuse|503|hang"}: watches are cut;
 * KUBE_UP ends it early. */
void kube_server_outage(
    struct kube_server *s, enum kube_outage mode, int64_t us);
/* POST /_sim/fail {"user","verb","resource","object","status","retry_after",
 * "after_commit","count"}; DELETE /_sim/fail forgets all. */
void kube_server_fail(struct kube_server *s, const struct kube_fail *f);
void kube_server_fail_clear(struct kube_server *s);
/* POST /_sim/drop-watches {"gone":bool}: ends all watches, with an ERROR 410
 * event first where gone. */
void kube_server_drop_watches(struct kube_server *s, bool gone);

#endif
