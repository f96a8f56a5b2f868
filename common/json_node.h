/*
 * One block of memory per node: behind the node its key, behind that its text.
 * cJSON's flags say that neither is freed by itself (cJSON_StringIsConst for
 * the key, cJSON_IsReference for the text), so that its functions work on such
 * nodes; but its cJSON_Duplicate would share their keys: json_dup. Private to
 * common/json*.c. The root of a tree counts its further holders in valueint,
 * which is zero in all other objects and arrays.
 */
#ifndef B7_JSON_NODE_H
#define B7_JSON_NODE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/json_room.h"

#define JSON_NODE_SAME 1024 /* json_mark_same(); cJSON has flags below it */
#define JSON_NODE_OWN (cJSON_StringIsConst | cJSON_IsReference)
#define JSON_NODE_FLAGS (JSON_NODE_OWN | JSON_NODE_SAME)

/* Bytes that need no NUL at their end and may hold none; p NULL: absent. */
struct json_text {
	const char *p;
	size_t n;
};

/* type without flags; copies key and text, each NULL for none. room NULL: it
 * stands alone. */
cJSON *json_node_new(struct json_room *room, int type,
    const struct json_text *key, const struct json_text *text);
/* Drops the name that it had as a member of an object; NULL is fine. */
void json_node_unname(cJSON *j);
void json_node_name(cJSON *j, const char *key);
/* Gives node, whose place and name stay, the value of v; takes v. */
void json_node_assign(cJSON *node, cJSON *v);

/* At the end of parent, whose tail is *last (NULL when it is empty); takes
 * item, which belongs nowhere yet. */
static inline void
json_node_append(cJSON *parent, cJSON **last, cJSON *item)
{
	if (*last == NULL) {
		parent->child = item;
	} else {
		(*last)->next = item;
		item->prev = *last;
	}
	/* cJSON finds the tail through the head. */
	parent->child->prev = item;
	*last = item;
}

/* How many bytes at the front stand for themselves in a JSON string: ASCII but
 * control bytes, quotes and backslashes (json_string.c). */
size_t json_plain(const char *s, size_t n);

/* Most keys of an object differ in their first byte. */
static inline bool
json_node_is(const cJSON *j, const char *key)
{
	return j->string != NULL && j->string[0] == key[0] &&
	       strcmp(j->string, key) == 0;
}

#endif
