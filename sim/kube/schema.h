/*
 * Structural schemas (apiextensions.k8s.io/v1 openAPIV3Schema): compiled once,
 * then used to default, prune and validate objects, and to tell server-side
 * apply how lists and maps merge. Values only; no I/O; nothing is shared
 * between two schemas.
 *
 * The order of the real server for a write: schema_prune (its unknown list is
 * what strict field validation refuses), schema_default, schema_validate.
 * What json_mark_same() marked against an object that the schema found valid is
 * passed over by all three.
 * x-kubernetes-validations (CEL) are kept for documents but never evaluated.
 */
#ifndef B7_SIM_KUBE_SCHEMA_H
#define B7_SIM_KUBE_SCHEMA_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "sim/kube/schema_errors.h"

#define SCHEMA_MAX_DEPTH 40   /* levels of a schema */
#define SCHEMA_MAX_NODES 5000 /* sub-schemas in one */
#define SCHEMA_MAX_ENUM 500

struct schema;

/* ERR_SPEC names the place ("spec.foo: $ref is not allowed"). Refused are
 * non-structural schemas, $ref, unusable patterns, defaults that break their
 * own schema, and everything over the caps. The tree stays the caller's. */
struct schema *schema_compile(const cJSON *openapi, struct err *e);
void schema_free(struct schema *s);
/* The JSON the schema was compiled from (a copy, owned by s). */
const cJSON *schema_json(const struct schema *s);

/* Fields that the schema does not know. All zero is empty; at most 100. */
struct schema_unknown {
	char **v; /* owned; "spec.foo", "spec.list[1].bar" */
	size_t n;
};
void schema_unknown_free(struct schema_unknown *u);
/* strict decoding error: unknown field "a", unknown field "b"; owned. */
char *schema_unknown_text(const struct schema_unknown *u);

/* Removes unknown fields in place; apiVersion, kind and metadata of the root
 * (and of embedded resources) stay. `unknown` may be NULL. */
void schema_prune(
    const struct schema *s, cJSON *obj, struct schema_unknown *unknown);
/* Drops nulls that are not nullable, then fills in defaults, in place. */
void schema_default(const struct schema *s, cJSON *obj);
/* What server-side apply made: nulls without a default stay, for validation. */
void schema_default_applied(const struct schema *s, cJSON *obj);
/* Adds what is wrong to *l; true if nothing was. Objects are walked at most
 * as deep as the schema. metadata of the root is not looked at: see
 * schema_validate_metadata. */
bool schema_validate(
    const struct schema *s, const cJSON *obj, struct field_errors *l);
/* The same for the successor of an object that this schema found valid: what is
 * equal in both is not looked at again. was NULL: all is. */
bool schema_validate_change(const struct schema *s, const cJSON *was,
    const cJSON *obj, struct field_errors *l);
/* The same where json_mark_same(was, obj), or that of members, has marked them:
 * nothing is compared anew. */
bool schema_validate_marked(const struct schema *s, const cJSON *was,
    const cJSON *obj, struct field_errors *l);
/* ObjectMeta of any kind: name (RFC 1123 subdomain), namespace, labels,
 * annotations (256 KiB in all), finalizers, ownerReferences. A missing name is
 * "name or generateName is required". */
bool schema_validate_metadata(
    const cJSON *obj, bool namespaced, struct field_errors *l);

/* ---- shape, for server-side apply --------------------------------------- */

enum schema_type {
	SCHEMA_ANY, /* preserve-unknown without a type */
	SCHEMA_OBJECT,
	SCHEMA_ARRAY,
	SCHEMA_STRING,
	SCHEMA_INTEGER,
	SCHEMA_NUMBER,
	SCHEMA_BOOLEAN,
	SCHEMA_INT_OR_STRING
};
enum schema_list {
	SCHEMA_LIST_ATOMIC,
	SCHEMA_LIST_SET,
	SCHEMA_LIST_MAP
};
enum schema_type schema_type(const struct schema *s);
/* Sub-schema of a member: a property, else additionalProperties; NULL if the
 * schema says nothing (unknown, or kept by preserve-unknown). s may be NULL,
 * which gives NULL: deduced types. */
const struct schema *schema_member(const struct schema *s, const char *key);
/* The member is named by the schema, not one of many. */
bool schema_has_property(const struct schema *s, const char *key);
const struct schema *schema_items(const struct schema *s);
enum schema_list schema_list_type(const struct schema *s);
/* x-kubernetes-list-map-keys; NULL and *n = 0 unless SCHEMA_LIST_MAP. */
const char *const *schema_list_keys(const struct schema *s, size_t *n);
/* x-kubernetes-map-type: atomic. */
bool schema_map_atomic(const struct schema *s);
/* Default of one field (list-map keys may have one); NULL if none. */
const cJSON *schema_default_of(const struct schema *s);

/* "integer", "object", ... as the API server names types. */
const char *schema_type_of(const cJSON *v);

/* ---- builtin kinds ------------------------------------------------------ */

/* The schema of Namespace, Secret, ConfigMap, Event (both groups), Node, Lease
 * and CustomResourceDefinition as openAPIV3Schema; group "" is core. NULL if
 * unknown. Owned by caller. metadata is in it, so that explain shows it. */
cJSON *schema_builtin(const char *group, const char *kind);

#endif
