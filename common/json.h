/*
 * Typed access to cJSON trees that came from peers.
 *
 * cJSON compares keys without case, cuts strings at \u0000, accepts trailing
 * garbage and nests 1000 deep; json_parse closes all of these before anything
 * else sees the text. Absent, null and wrong type are three outcomes: getters
 * answer with enum json_got, and their err text names the JSON path.
 */
#ifndef B7_JSON_H
#define B7_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define JSON_MAX_DEPTH 64
#define JSON_MAX_MEMBERS 20000 /* in one object or array */

/* Parses all n bytes (a BOM and trailing NULs/white space are skipped).
 * ERR_PROTO or ERR_TOO_BIG on failure; the caller owns the tree. */
cJSON *json_parse(const char *text, size_t n, struct err *e);
char *json_print(const cJSON *j);                /* compact; owned by caller */
char *json_print_pretty(const cJSON *j);

enum json_got { JSON_ABSENT, JSON_NULL, JSON_WRONG, JSON_GOT };

/* Path "a/b/0/c" with RFC 6901 escapes (~1 for '/', ~0 for '~'); a leading '/'
 * is allowed. NULL if any part is missing. Keys compare exactly. */
const cJSON *json_at(const cJSON *j, const char *path);
cJSON *json_at_mut(cJSON *j, const char *path);
enum json_got json_get_str(const cJSON *j, const char *path, const char **out);
enum json_got json_get_bool(const cJSON *j, const char *path, bool *out);
enum json_got json_get_i64(const cJSON *j, const char *path, int64_t *out);
/* Shorthands: the default when absent, null or of another type. */
const char *json_str(const cJSON *j, const char *path, const char *dflt);
bool json_bool(const cJSON *j, const char *path, bool dflt);
int64_t json_i64(const cJSON *j, const char *path, int64_t dflt);
const cJSON *json_obj(const cJSON *j, const char *path); /* object or NULL */
const cJSON *json_arr(const cJSON *j, const char *path); /* array or NULL */

/* Exact-key direct child. */
cJSON *json_child(const cJSON *obj, const char *key);
/* Replaces or adds; takes ownership of v; value NULL deletes the key. */
void json_set(cJSON *obj, const char *key, cJSON *v);
void json_set_str(cJSON *obj, const char *key, const char *s); /* NULL deletes */
void json_set_bool(cJSON *obj, const char *key, bool b);
void json_set_i64(cJSON *obj, const char *key, int64_t n);
/* Creates objects along the way; path as in json_at, object parts only. */
cJSON *json_ensure_obj(cJSON *root, const char *path);
void json_put(cJSON *root, const char *path, cJSON *v); /* NULL v deletes */

/* Deep equality; object member order does not matter, list order does. */
bool json_equal(const cJSON *a, const cJSON *b);
cJSON *json_dup(const cJSON *j);
/* RFC 7396: returns the new tree; both arguments stay the caller's. */
cJSON *json_merge_patch(const cJSON *target, const cJSON *patch);
/* The merge patch that turns a into b; NULL when they are equal. */
cJSON *json_merge_diff(const cJSON *a, const cJSON *b);
/* RFC 6902 on a copy: atomic. NULL and ERR_SPEC (or ERR_CONFLICT when a `test`
 * failed). */
cJSON *json_patch(const cJSON *target, const cJSON *ops, struct err *e);

#endif
