/*
 * A workload cluster as its kubeconfig Secret lets us see it: one client a
 * cluster, its nodes by UUID and by providerID. Inline data only (SAFETY.md
 * 10). The client, and what it knows of the Secret, lives while a machine
 * waits for its node, and for a look each WORKLOAD_REFRESH; in between there
 * is no connection, no request and no credential.
 *
 *   REST -> QUEUED -> READING -> OPEN -> REST       REFUSED: until the Secret
 *                        |  `-> REFUSED             changes
 *                        `-> RETRY -> QUEUED
 *
 * At most WORKLOADS_MAX are open; who waits longest comes next, and one that
 * does not answer makes room for others.
 */
#ifndef B7_CONTROL_WORKLOAD_H
#define B7_CONTROL_WORKLOAD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/control/links.h"
#include "agent/control/node_match.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/random.h"
#include "common/retry.h"

#define WORKLOADS_MAX 32
#define WORKLOAD_REFRESH (60 * LOOP_MIN)
#define WORKLOAD_CONFIG_MAX (128u << 10) /* bytes of a kubeconfig */

struct controllers;
struct informer;
struct kube_client;
struct kube_config;
struct kube_secret_call;

enum workload_state {
	WORKLOAD_REST,
	WORKLOAD_QUEUED,
	WORKLOAD_READING,
	WORKLOAD_OPEN,
	WORKLOAD_RETRY,
	WORKLOAD_REFUSED
};

/* What the last look found of a machine's node; owned by the workload. */
struct workload_member {
	bool waits;
	char *node;        /* owned; NULL = none is known */
	cJSON *addresses;  /* owned; NULL = not looked since we started */
	int64_t created_s; /* of the node that has the host's UUID; 0 = none */
};

struct workload {
	struct controllers *c;
	char *key;        /* "ns/cluster"; owned, as all below */
	char *secret_key; /* "ns/cluster-kubeconfig" */
	enum workload_state state;
	struct map members; /* machine key -> struct workload_member */
	struct kube_secret_call *call;
	struct kube_client *client;
	struct informer *nodes;
	struct links by_uuid, by_id; /* of the nodes' names */
	struct map writes;           /* machine key -> struct node_write */
	/* Why its nodes are not to be had; reason "" = they are, or it is not
	 * known yet. */
	char reason[32], message[400];
	struct rng rng;
	struct backoff backoff;
	struct timer timer;           /* the next look at itself */
	int64_t opened_us, silent_us; /* -1 = not silent */
	bool dropping;
	TAILQ_ENTRY(workload) link; /* in controllers.workload_queue */
};

/* Of a cluster, made where there is none. NULL: the names make no key. */
struct workload *workload_get(
    struct controllers *c, const char *ns, const char *cluster);
/* The machine looks, or not, for its node there. */
struct workload_member *workload_join(
    struct workload *w, const char *machine, bool waits);
void workload_leave(
    struct controllers *c, const char *key, const char *machine);
/* NULL: not of this cluster, or it never asked. */
const struct workload_member *workload_member(
    const struct workload *w, const char *machine);
/* All nodes are known, now. */
bool workload_ready(const struct workload *w);
/* There is a kubeconfig Secret. */
bool workload_has_secret(const struct workload *w);

/* Nodes of this UUID key and of this providerID. */
struct workload_nodes {
	size_t with_uuid, with_id;
	bool same; /* id_node is one of those with the UUID */
	char uuid_node[256], id_node[256]; /* the first of each; "" = none */
	char other[256];                   /* a second one of either; "" */
};
void workload_find(const struct workload *w, const char *uuid_key,
    const char *provider_id, struct workload_nodes *out);
/* To be given back to json_drop(). */
const cJSON *workload_node(const struct workload *w, const char *name);
/* Gives the node its providerID, under its resourceVersion; the machine runs
 * again when that ended. */
void workload_write(struct workload *w, const char *machine, const cJSON *node,
    const char *provider_id);
bool workload_writing(const struct workload *w, const char *machine);
/* So long until it may be tried again; 0 = it may. */
int64_t workload_write_wait(const struct workload *w, const char *machine);
/* What the last write for the machine was refused with; NULL. */
const char *workload_refusal(const struct workload *w, const char *machine);

/* A Secret came, changed or went. */
void workload_secret_changed(struct controllers *c, const char *key);
void workloads_free(struct controllers *c);

/* ---- workload_nodes.c ---- */

/* The informer of its nodes, and what it tells. */
struct informer;
void workload_watch(struct workload *w);
void workload_unwatch(struct workload *w);
void workload_wake(struct workload *w); /* all its machines */
void workload_writes_free(struct workload *w);

/* ---- workload_config.c ---- */

struct kube_secret_reply;
/* What the Secret holds may be used: *out is the caller's then. False: e says
 * what is wrong, in a user's words, without any of it. */
bool workload_config(struct kube_config *out, const struct workload *w,
    const struct kube_secret_reply *r, struct err *e);

#endif
