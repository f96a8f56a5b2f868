/* What the files of the core stand-in share. */
#ifndef B7_SIM_CORE_INTERNAL_H
#define B7_SIM_CORE_INTERNAL_H

#include <cjson/cJSON.h>
#include <sys/queue.h>

#include "common/loop.h"
#include "common/map.h"
#include "sim/core/cache.h"
#include "sim/core/client.h"
#include "sim/core/core.h"

#define CAPI "cluster.x-k8s.io"
#define CAPI_PATH "/apis/" CAPI "/v1beta2"

struct core;

/* An object of ours with its rate limit and its request under way. */
struct core_object {
	struct core *c;
	char *key; /* owned */
	struct timer timer;
	int64_t ran_us;
	unsigned busy; /* writes under way */
	bool again, node_deleted;
	void (*run)(struct core_object *o);
	char *uid;         /* owned; of the object that ran last */
	char *provider_id; /* owned; what was copied, to see it change */
};

struct core {
	const struct env *env;
	struct core_opts o; /* strings owned */
	struct core_client *api, *bmc;
	struct core_cache *clusters, *machines, *secrets, *crds, *nodes;
	struct map infra; /* "group/kind" -> struct core_cache */
	struct map cluster_objects, machine_objects; /* struct core_object */
	struct map cluster_refs, machine_refs;       /* refs.c */
	struct map machine_ids, node_ids;            /* refs.c */
	struct map remotes; /* "ns/cluster" -> struct core_remote */
	struct core_stream *events;
	struct timer events_retry, nodes_retry;
	struct map kubelets; /* BMC name -> struct core_kubelet */
	LIST_HEAD(, node_call) node_calls;
	LIST_HEAD(, core_clone) clones;
	uint64_t events_seen, events_page; /* page: seen when it began */
	bool caught_up; /* with what happened before we started */
	unsigned problems;
};

/* core.c */
void core_kick(struct core_object *o); /* soon, at most once a pass_us */
void core_kick_machine(struct core *c, const char *key);
void core_problem(struct core *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* One write; the object runs again when it ended. */
void core_write(struct core_object *o, const char *method, const char *target,
    const char *type, const cJSON *body);
#define CORE_MERGE "application/merge-patch+json"

/* infra.c: the object that a reference {apiGroup, kind, name} names, by the
 * contract label of its CRD. */
enum core_infra {
	INFRA_NO_REF,  /* the object names none */
	INFRA_NO_CRD,  /* no CRD, or no contract label: an internal error */
	INFRA_LISTING, /* not known yet */
	INFRA_MISSING,
	INFRA_FOUND
};
enum core_infra core_infra_get(struct core *c, const char *ns, const cJSON *ref,
    const cJSON **object, char **path);
/* "/apis/group/version/namespaces/ns/plural" by the contract label, and
 * "group/version"; owned, NULL without the label. */
char *core_infra_path(const struct core *c, const char *group, const char *kind,
    const char *ns, char **api_version);
/* Reads a contract field of exactly this type: false when it is absent or, a
 * problem then, of another type. */
bool core_strict_bool(
    struct core *c, const cJSON *o, const char *path, bool *out);
bool core_strict_str(
    struct core *c, const cJSON *o, const char *path, const char **out);
bool core_strict_i64(
    struct core *c, const cJSON *o, const char *path, int64_t *out);
/* The list, or NULL. */
const cJSON *core_strict_list(struct core *c, const cJSON *o, const char *path);
/* The newest of "v1beta1_v1" by Kubernetes' order of versions; owned, NULL for
 * none. */
char *core_newest_version(const char *versions);
void core_infra_changed(struct core *c, const cJSON *tree);

/* refs.c: tree, a Machine or Cluster, was seen to have such a reference. */
void core_refs_note(struct map *refs, const char *key, const cJSON *tree);
/* Calls fn for each that is cached in from and refers to infra; fn must not
 * change refs. */
void core_refs_each(struct map *refs, const struct core_cache *from,
    const cJSON *infra, struct core *c,
    void (*fn)(struct core *c, const char *key));

/* The same for spec.providerID of Machines and Nodes. */
void core_ids_note(struct map *ids, const char *key, const cJSON *tree);
/* Calls fn, until it says false, for each that is cached in from and has this
 * id; fn must not change ids. */
void core_ids_each(const struct map *ids, const struct core_cache *from,
    const char *id, bool (*fn)(void *arg, const char *key, const cJSON *tree),
    void *arg);

/* pass.c */
struct core_pass {
	struct core *c;
	struct core_object *o;
	const cJSON *tree; /* the object; borrowed from its cache */
	const char *ns, *name;
	char *path;    /* of the object; owned */
	cJSON *status; /* to be changed and written; owned */
	enum core_infra found;
	const cJSON *infra; /* borrowed */
	char *infra_path;   /* owned */
};
/* resource: "machines". False: the object is gone, nothing to be freed. */
bool core_pass_start(struct core_pass *p, struct core_object *o,
    struct core_cache *cache, const char *resource);
void core_pass_fini(struct core_pass *p);

/* conditions.c */
struct core_cond {
	const char *type, *value, *reason, *message;
};
void core_condition(
    struct core *c, cJSON *status, const cJSON *object, struct core_cond is);
/* InfrastructureReady from the infra object's Ready (capi-contract 2.2). */
void core_mirror_ready(struct core *c, cJSON *status, const cJSON *object,
    const cJSON *infra, bool provisioned);
/* The same where there is no infra object to read. */
void core_infra_absent(struct core *c, cJSON *status, const cJSON *object,
    enum core_infra found, bool provisioned);
bool core_condition_true(const cJSON *object, const char *type);
/* Says whether the object is paused, itself or by its Cluster, in `status`.
 * *changed: the condition is new, and the pass ends with it. */
bool core_paused(struct core *c, cJSON *status, const cJSON *object,
    const cJSON *cluster, bool *changed);
/* Writes object's status if `status` differs; true if it did. */
bool core_status(struct core_object *o, const char *path, const cJSON *object,
    const cJSON *status);

/* meta.c */
bool core_has_finalizer(const cJSON *o, const char *f);
/* V: the patch that sets finalizers; remove when add is false. */
cJSON *core_finalizer_patch(const cJSON *o, const char *f, bool add);
/* The owner patch of capi-contract 6.2, or NULL if it is so already; owner
 * NULL: only the label. */
cJSON *core_owner_patch(const cJSON *infra, const cJSON *owner,
    const char *cluster, bool controller);
/* The kind of another controller than owner, MachineSet and control planes
 * apart; NULL if there is none. The real core refuses to go on then. */
const char *core_owner_taken(const cJSON *infra, const cJSON *owner);
bool core_deleting(const cJSON *o);

void core_cluster_run(struct core_object *o); /* cluster.c */
void core_clones_free(struct core *c);        /* clone.c; after the clients */
void core_machine_run(struct core_object *o); /* machine.c */
/* node.c */
void core_nodes_start(struct core *c);
void core_nodes_stop(struct core *c);
void core_nodes_free(struct core *c); /* after the clients */
/* The machine left its cluster: its Node was deleted. */
void core_node_gone(struct core *c, const char *name);
/* The one node of the cluster ("ns/name") with this providerID; NULL for none
 * or several. */
const cJSON *core_node_of(
    const struct core *c, const char *cluster, const char *provider_id);

/* remote.c: a Secret came, changed or went. */
void core_remote_secret(struct core *c, const char *key);
/* As core_ids_each(), over the nodes of the cluster; false: it is not known. */
bool core_remote_each_id(const struct core *c, const char *cluster,
    const char *id, bool (*fn)(void *arg, const char *key, const cJSON *tree),
    void *arg);
/* Tried once, as the real core gives up after a while. */
void core_remote_delete(struct core *c, const char *cluster, const char *node);
void core_remote_free(void *arg);

#endif
