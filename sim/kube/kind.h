/*
 * Kinds (resources) that are served and the objects of each. Built-in kinds
 * exist always; those of CRDs come, change and go. A kind is never freed before
 * its server, since watch history refers to it: a deleted CRD leaves it
 * unserved, and the same CRD created again revives it.
 */
#ifndef B7_SIM_KUBE_KIND_H
#define B7_SIM_KUBE_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/map.h"
#include "sim/kube/crd.h"
#include "sim/kube/discovery.h"

struct ks_watch;

/* What built-in kinds do differently. */
enum ks_special {
	KS_PLAIN, /* builtin without rules of its own */
	KS_CUSTOM,
	KS_NAMESPACE,
	KS_SECRET,
	KS_CONFIGMAP,
	KS_EVENT,
	KS_LEASE,
	KS_CRD
};

struct ks_version {
	const char *group, *name; /* borrowed, as all below */
	bool served, has_status, deprecated;
	const char *warning; /* of a deprecated one; NULL: the usual words */
	const struct schema *schema; /* may be NULL: anything goes */
	const struct table *table;
	const char *const *selectable;
	size_t n_selectable;
	char *api_version; /* owned; "group/version" */
	char *head;        /* owned; {"apiVersion":"group/version" */
	/* events.k8s.io/v1: the same objects under other field names. */
	bool events_v1;
};

struct ks_kind {
	char *group, *plural, *kind, *list_kind; /* owned */
	char *resource; /* owned; "secrets" or "hosts.example.org" */
	bool namespaced;
	bool served;
	enum ks_special special;
	struct ks_version versions[CRD_MAX_VERSIONS];
	size_t n_versions, storage;
	int64_t
	    schema_rv; /* objects until then were checked by another schema */
	struct api_resource api[CRD_MAX_VERSIONS]; /* for discovery */
	struct map objects; /* "ns/name" or "name" -> struct ks_object */
	struct ks_watch *watches;
	struct crd *crd;           /* owned; NULL for builtin */
	struct schema *own_schema; /* owned; of a builtin */
	struct table *own_table;
};

struct ks_kinds {
	struct ks_kind **v; /* owned, in order of appearance */
	size_t n;
	struct schema *meta; /* owned; schema of ObjectMeta */
};

void ks_kinds_init(struct ks_kinds *ks); /* with the builtin kinds */
void ks_kinds_fini(struct ks_kinds *ks); /* objects must be gone */
/* By storage group, served or not; NULL if never seen. */
struct ks_kind *ks_kind_find(
    const struct ks_kinds *ks, const char *group, const char *plural);
/* A served version and its kind; false if there is none. */
bool ks_kind_lookup(const struct ks_kinds *ks, const char *group,
    const char *version, const char *plural, struct ks_kind **k,
    const struct ks_version **v);
/* By apiVersion ("group/version") and kind; NULL if not served. */
struct ks_kind *ks_kind_of_ref(
    const struct ks_kinds *ks, const char *api_version, const char *kind);
/* Any version of the group is served. */
bool ks_group_served(const struct ks_kinds *ks, const char *group);
static inline const struct ks_version *
ks_kind_storage(const struct ks_kind *k)
{
	return &k->versions[k->storage];
}
/* Adds or replaces the kind of a CRD; takes c. */
struct ks_kind *ks_kind_serve(struct ks_kinds *ks, struct crd *c);
/* All served resources, for discovery documents; owned array. */
struct api_resource *ks_kinds_api(const struct ks_kinds *ks, size_t *n);

#endif
