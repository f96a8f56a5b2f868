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
#define JSON_MAX_NODES 1000000 /* in one tree: 100 MB */

/* cJSON allocates as json_room.h says, and so with mem.h: its constructors abort
 * instead of returning NULL. What it gives is freed with its functions, or kept
 * in its trees; never with xfree(). */

/*
 * Parses all n bytes (a BOM and trailing NULs/white space are skipped).
 * ERR_PROTO or ERR_TOO_BIG on failure; the caller owns the tree.
 *
 * RFC 8259 to the letter, apart from what Go's decoder does too: of equal keys
 * the last wins; bytes that are not UTF-8 and lone surrogates become U+FFFD
 * (BMCs put garbage into serial numbers). \u0000 is refused. Numbers that a
 * double does not hold exactly enough (integers above 2^53, 1e999) become
 * cJSON_Raw nodes with their text, which print as they came: test numbers with
 * json_is_number(), read them with the getters.
 */
cJSON *json_parse(const char *text, size_t n, struct err *e);
/* The same, but members called key of objects that are members called parent
 * are only checked, and not in the tree: what is long and nobody reads. */
struct json_leave {
	const char *parent, *key;
};
cJSON *json_parse_without(
    const char *text, size_t n, const struct json_leave *leave, struct err *e);
/* Owned by the caller; members in tree order. A double prints with the fewest
 * digits that read back the same, bad UTF-8 as U+FFFD, j == NULL as null. */
char *json_print(const cJSON *j);        /* compact */
char *json_print_pretty(const cJSON *j); /* indented by two, no final newline */

/* What is asked of every node, and done to every tree, without calls into cJSON's
 * archive and from there to the hooks. */
void json_delete(cJSON *j);
#define cJSON_Delete(j) json_delete(j)
static inline bool
json_is_of(const cJSON *j, int type)
{
	return j != NULL && (j->type & 0xff) == type;
}
#define cJSON_IsNull(j) json_is_of(j, cJSON_NULL)
#define cJSON_IsTrue(j) json_is_of(j, cJSON_True)
#define cJSON_IsNumber(j) json_is_of(j, cJSON_Number)
#define cJSON_IsString(j) json_is_of(j, cJSON_String)
#define cJSON_IsArray(j) json_is_of(j, cJSON_Array)
#define cJSON_IsObject(j) json_is_of(j, cJSON_Object)
#define cJSON_IsRaw(j) json_is_of(j, cJSON_Raw)

enum json_got {
	JSON_ABSENT,
	JSON_NULL,
	JSON_WRONG,
	JSON_GOT
};

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

/* Also true for numbers that are kept raw. */
bool json_is_number(const cJSON *j);
/* As above, and without a fraction, whatever its size. */
bool json_is_integer(const cJSON *j);

/* Exact-key direct child. */
cJSON *json_child(const cJSON *obj, const char *key);
/* Replaces in place or adds at the end; takes ownership of v, also when obj is
 * no object (nothing happens then); value NULL deletes the key. */
void json_set(cJSON *obj, const char *key, cJSON *v);
void json_set_str(
    cJSON *obj, const char *key, const char *s); /* NULL deletes */
void json_set_bool(cJSON *obj, const char *key, bool b);
void json_set_i64(cJSON *obj, const char *key, int64_t n);
/* Another text for a string, wherever it stands. cJSON_SetValuestring does
 * nothing to nodes of json_parse, json_dup and json_set_str. */
void json_retext(cJSON *j, const char *s);
/* Creates objects along the way, in place of anything that is neither object
 * nor an array with that element; path as in json_at. Deleting creates none. */
cJSON *json_ensure_obj(cJSON *root, const char *path);
void json_put(cJSON *root, const char *path, cJSON *v); /* NULL v deletes */

/* Before the index'th element, or at the end; takes ownership of v.
 * cJSON_InsertItemInArray of Debian's 1.7.15 refuses the middle. */
void json_insert(cJSON *arr, size_t index, cJSON *v);

/* Deep equality; object member order does not matter, list order does. */
bool json_equal(const cJSON *a, const cJSON *b);
/* Marks what in now is equal to what is in its place in was (members by their
 * key, elements by their index), whether json_same() says so afterwards; true
 * if all is. A mark is of that moment: it is not kept up to date, and copies
 * have none. */
bool json_mark_same(const cJSON *was, cJSON *now);
bool json_same(const cJSON *j);
/* A tree to change or delete: j itself if nobody else holds it, else a copy, and
 * j is dropped. */
cJSON *json_own(cJSON *j);
size_t json_count_nodes(const cJSON *j); /* j and all below it */
unsigned json_depth(const cJSON *j);     /* containers inside each other */
/* Several may read one tree that nobody changes any more: each further one holds
 * it, and the last to drop it frees it. Objects and arrays; NULL is fine. A tree
 * with one holder is anybody's, as are cJSON_Delete and changes. */
const cJSON *json_hold(const cJSON *j);
void json_drop(const cJSON *j);
cJSON *json_dup(const cJSON *j); /* never cJSON_Duplicate: json_node.h */
/* RFC 7396: returns the new tree; both arguments stay the caller's. */
cJSON *json_merge_patch(const cJSON *target, const cJSON *patch);
/* The merge patch that turns a into b; NULL when they are equal. */
cJSON *json_merge_diff(const cJSON *a, const cJSON *b);
/* RFC 6902 on a copy: atomic. NULL and ERR_SPEC (or ERR_CONFLICT when a `test`
 * failed); ERR_TOO_BIG when the result would break the caps above (a few
 * `copy` operations can double a tree each). */
cJSON *json_patch(const cJSON *target, const cJSON *ops, struct err *e);

#endif
