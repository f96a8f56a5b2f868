/*
 * One stored version of an object: its JSON text and the little that selectors,
 * watches and garbage collection ask for, so that nothing has to be parsed for
 * them. Immutable, but for whether its tree is kept, and counted: the store, the watch history and replies share it.
 */
#ifndef B7_SIM_KUBE_OBJECT_H
#define B7_SIM_KUBE_OBJECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sim/kube/kind.h"

struct ks_pair {
	char *key, *value; /* owned */
};
struct ks_pairs {
	struct ks_pair *v; /* owned */
	size_t n;
};

struct ks_object {
	unsigned refs;
	struct ks_kind *kind; /* borrowed */
	int64_t rv;
	char *ns, *name, *uid; /* owned; ns "" for cluster scope */
	char *text;            /* owned; compact JSON, apiVersion first */
	size_t n, head;        /* text + head: what follows apiVersion */
	struct ks_pairs labels;
	struct ks_pairs fields; /* for field selectors, metadata apart */
	char **owners;          /* owned; UIDs of ownerReferences */
	size_t n_owners;
	bool deleting;
	/* kept.c: the tree, where it is kept */
	const cJSON *tree;
	struct ks_kept *kept;
	TAILQ_ENTRY(ks_object) kept_link;
};

struct ks_kept {
	TAILQ_HEAD(ks_kept_list, ks_object) list; /* the last used first */
	size_t bytes;
};

/* Reorders members of obj (apiVersion, kind, metadata first). */
struct ks_object *ks_object_new(struct ks_kind *k, cJSON *obj, int64_t rv);
struct ks_object *ks_object_ref(struct ks_object *o); /* NULL is fine */
void ks_object_unref(struct ks_object *o);            /* NULL is fine */
/* A fresh tree in the storage version; owned by the caller. */
cJSON *ks_object_tree(const struct ks_object *o);
/* A field of that name can be selected by; metadata apart. */
bool ks_field_builtin(enum ks_special special, const char *name);
/* "ns/name" or "name"; owned by the caller. */
char *ks_key(const char *ns, const char *name);

const char *ks_pairs_get(const struct ks_pairs *p, const char *key);
void ks_pairs_add(struct ks_pairs *p, const char *key, const char *value);
void ks_pairs_free(struct ks_pairs *p);

#endif
