/*
 * Small questions to, and patches for, object trees. Every string that a
 * getter returns is borrowed from the tree and "" when it is not there, so
 * that hostile or half-empty objects need no special case.
 */
#ifndef B7_KUBE_OBJECT_H
#define B7_KUBE_OBJECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define KOBJ_KEY_CAP 512 /* 253 + '/' + 253 and some */

/* json_parse() of what holds objects, without their managedFields: half of an
 * object, and nobody reads it. */
cJSON *kobj_parse(const char *text, size_t n, struct err *e);

/* "ns/name", or "name" without namespace. false if the name is missing or does
 * not fit; out is then "". */
bool kobj_key(const cJSON *o, char out[KOBJ_KEY_CAP]);
bool kobj_key_make(const char *ns, const char *name, char out[KOBJ_KEY_CAP]);
/* Splits; ns is "" for a key without '/'. */
bool kobj_key_split(const char *key, char ns[256], char name[256]);

const char *kobj_name(const cJSON *o);
const char *kobj_ns(const cJSON *o);
const char *kobj_uid(const cJSON *o);
const char *kobj_rv(const cJSON *o);
const char *kobj_kind(const cJSON *o);
const char *kobj_api_version(const cJSON *o);
int64_t kobj_generation(const cJSON *o); /* 0 if absent */
bool kobj_deleting(const cJSON *o);      /* deletionTimestamp */
/* UTC microseconds; false if absent or malformed. */
bool kobj_created_us(const cJSON *o, int64_t *wall_us);
bool kobj_deleted_us(const cJSON *o, int64_t *wall_us);
/* NULL if absent: an empty value is a value (the paused annotation). */
const char *kobj_annotation(const cJSON *o, const char *key);
const char *kobj_label(const cJSON *o, const char *key);
bool kobj_has_finalizer(const cJSON *o, const char *finalizer);
size_t kobj_finalizers(const cJSON *o); /* how many */

/* Group of "group/version"; "" for "v1". Copied into out. */
void kobj_api_group(const char *api_version, char out[256]);
/* The owner reference of that kind and group, whatever its version; NULL. */
const cJSON *kobj_owner(const cJSON *o, const char *kind, const char *group);
const cJSON *kobj_owner_by_uid(const cJSON *o, const char *uid);

/*
 * JSON patches, owned by the caller, NULL when nothing needs to change. They
 * test metadata.resourceVersion first: a 409 or 422 means "read again". The
 * lists of others are left alone.
 */
cJSON *kobj_finalizer_add_patch(const cJSON *o, const char *finalizer);
cJSON *kobj_finalizer_remove_patch(const cJSON *o, const char *finalizer);
/* The same, with this label ("" as its value) unless there is one; patch is one
 * of the above, or NULL, and becomes part of what is returned. */
cJSON *kobj_with_label(cJSON *patch, const cJSON *o, const char *key);
/* Merge patches with resourceVersion; value NULL removes. NULL when so
 * already. */
cJSON *kobj_annotate_patch(const cJSON *o, const char *key, const char *value);
cJSON *kobj_label_patch(const cJSON *o, const char *key, const char *value);
/* An empty merge patch that carries o's resourceVersion and nothing else. */
cJSON *kobj_patch_base(const cJSON *o);
/* Adds o's finalizers to such a patch, with finalizer or without it: for one
 * that says more than that. The resourceVersion keeps it from undoing what
 * another wrote to the list meanwhile. */
void kobj_finalizer_merge(
    cJSON *patch, const cJSON *o, const char *finalizer, bool have);
/*
 * The minimal merge patch for /status that makes o's status equal to
 * new_status (NULL or {} = none), with resourceVersion. NULL when it is equal:
 * steady state writes nothing.
 */
cJSON *kobj_status_patch(const cJSON *o, const cJSON *new_status);
/* Owned copy of o's status; {} if absent or not an object. */
cJSON *kobj_status_dup(const cJSON *o);

/*
 * A metav1.LabelSelector (matchLabels, matchExpressions with In, NotIn,
 * Exists, DoesNotExist) against an object's labels. NULL or {} matches all.
 * A malformed selector matches nothing and fills e (ERR_SPEC, names the part).
 */
bool kobj_selector_matches(
    const cJSON *selector, const cJSON *o, struct err *e);
/* false and ERR_SPEC if it is malformed. */
bool kobj_selector_valid(const cJSON *selector, struct err *e);

#endif
