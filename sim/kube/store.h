/*
 * What the stand-in remembers: the objects of every kind, one revision counter,
 * and a ring of the last changes (what etcd's history is to the real server).
 * Knows nothing of HTTP or of the rules of the API.
 */
#ifndef B7_SIM_KUBE_STORE_H
#define B7_SIM_KUBE_STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "sim/kube/kind.h"
#include "sim/kube/object.h"

enum ks_change {
	KS_ADDED,
	KS_MODIFIED,
	KS_DELETED
};

struct ks_event {
	unsigned refs;
	enum ks_change change;
	int64_t rv;
	struct ks_object *obj;  /* owned ref; of KS_DELETED the last state */
	struct ks_object *prev; /* owned ref; NULL if KS_ADDED */
	struct ks_object *left; /* owned ref or NULL: prev, dated rv, for
	                         * watches whose selector it no longer meets */
};

struct ks_store {
	struct ks_kinds kinds;
	int64_t rv;
	int64_t compacted; /* changes up to here are forgotten */
	struct ks_event **ring;
	size_t cap, first, n;
	struct ks_kept kept;
	struct map by_uid;     /* uid -> struct ks_object, borrowed */
	struct map dependents; /* "owner/uid" -> struct ks_object, borrowed */
};

void ks_store_init(struct ks_store *st, size_t history);
void ks_store_fini(struct ks_store *st);
struct ks_object *ks_store_get(const struct ks_kind *k, const char *ns,
    const char *name); /* borrowed; NULL if absent */
struct ks_object *ks_store_by_uid(const struct ks_store *st, const char *uid);
/* Sets metadata.resourceVersion in obj and stores it. The event is borrowed
 * from the ring and lives at least until the next change. */
struct ks_event *ks_store_put(
    struct ks_store *st, struct ks_kind *k, cJSON *obj);
/* last: the state that watches see in DELETED; gets its resourceVersion. */
struct ks_event *ks_store_remove(
    struct ks_store *st, struct ks_kind *k, cJSON *last);
void ks_store_compact(struct ks_store *st);
/* i-th event, oldest first, 0 <= i < st->n. */
struct ks_event *ks_store_event(const struct ks_store *st, size_t i);
/* Index of the first event after rv. */
size_t ks_store_after(const struct ks_store *st, int64_t rv);
struct ks_event *ks_event_ref(struct ks_event *ev);
void ks_event_unref(struct ks_event *ev);
struct ks_object *ks_event_left(struct ks_event *ev); /* borrowed */

/* The objects of a kind at a revision, in order of their keys. */
struct ks_snapshot {
	struct ks_object **v; /* owned array of owned refs */
	size_t n;
	int64_t rv;
};
/* ns "" or NULL = all. rv <= 0: now. false if rv was compacted. */
bool ks_store_snapshot(const struct ks_store *st, const struct ks_kind *k,
    const char *ns, int64_t rv, struct ks_snapshot *out);
void ks_snapshot_free(struct ks_snapshot *sn);

#endif
