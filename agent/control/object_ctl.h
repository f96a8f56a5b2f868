/*
 * What the controllers of the objects that are not hosts have in common: one
 * write at a time, then their key runs again; a status that is written
 * only where it differs.
 */
#ifndef B7_CONTROL_OBJECT_CTL_H
#define B7_CONTROL_OBJECT_CTL_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "agent/control/internal.h"
#include "agent/control/plan.h"
#include "agent/kube/client.h"
#include "agent/kube/condition.h"
#include "common/retry.h"

struct object_ctl {
	struct controllers *c;
	char *key; /* owned */
	struct workq *q;
	struct informer *inf;
	const struct kube_resource *res;
	struct kube_call *call;
	struct informer *call_inf; /* whose cache takes the reply */
	char *call_key;            /* owned */
	struct backoff backoff;
	struct rng rng;
	char *reserved; /* owned; a host key held in control.reserved */
	bool failed;    /* the last write; its key was requeued with backoff */
};

void object_ctl_init(struct object_ctl *o, struct controllers *c,
    const char *key, struct workq *q, struct informer *inf,
    const struct kube_resource *res);
void object_ctl_fini(struct object_ctl *o);

/* A kind of object, and its controllers by key: structures whose first member
 * is their object_ctl. */
struct object_kind {
	struct map *ctls;
	struct informer *inf;
	struct workq *q;
	const struct kube_resource *res;
	size_t size;               /* of a controller */
	void (*ctl_free)(void *p); /* NULL is allowed */
};
/* The controller of key, made at first sight, and in *tree its object, to be
 * dropped by the caller. NULL where there is nothing to run: the object has
 * gone, and its controller with it; a write is under way, whose end runs the
 * key again; the agent stops. */
void *object_enter(struct controllers *c, const struct object_kind *kind,
    const char *key, const cJSON **tree);

struct object_write {
	struct informer *inf; /* NULL = the controller's own kind */
	const struct kube_resource *res;
	const char *ns, *name, *subresource;
	enum kube_patch_type type;
	const cJSON *patch;
};
/* V_WAIT; the key runs again when it ended, after a backoff if it failed. */
enum verdict object_write(struct object_ctl *o, const struct object_write *w);
/* So for the controller's own object, as in tree; patch is taken. */
enum verdict object_patch(struct object_ctl *o, const cJSON *tree,
    enum kube_patch_type type, cJSON *patch);
/* Writes status where it differs from that of tree; true if it did. */
bool object_write_status(
    struct object_ctl *o, const cJSON *tree, const cJSON *status);
/* What a condition of one write shares. */
struct cond_stamp object_stamp(const struct object_ctl *o, const cJSON *tree);
void object_say(cJSON *status, const struct cond_stamp *at, const char *type,
    enum cond_status s, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* The Paused condition of capi-contract 2.5; true if paused. */
bool object_paused(cJSON *status, const struct cond_stamp *at, const char *kind,
    bool by_cluster, bool by_annotation);

#endif
