/* Members of one object by key. cJSON's lists take linear time a look-up;
 * whole-object work (equality, patches, duplicates) must not be quadratic in
 * what a peer sent. Private to common/json_*.c. */
#ifndef B7_JSON_INDEX_H
#define B7_JSON_INDEX_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct json_index {
	const cJSON *obj; /* borrowed */
	cJSON **items;    /* owned, by key; NULL: few, look through obj */
	size_t n;
};

void json_index_init(struct json_index *x, const cJSON *obj);
void json_index_fini(struct json_index *x);
/* NULL if absent. No member may be removed or renamed while x is in use; of
 * members with equal keys it finds any, of those added later none. */
cJSON *json_index_find(const struct json_index *x, const char *key);
/* Keeps the last of members with equal keys; n members. */
void json_drop_duplicates(cJSON *obj, size_t n);

#endif
