/*
 * Where nodes live. Most trees are made at once and dropped at once, so their
 * nodes come out of a few blocks, each freed with the last of what is in it,
 * whatever tree that is part of by then. Everything of cJSON's goes this way
 * (its hooks are set before main), since what it frees may be either kind.
 * AddressSanitizer is told what of a block is nobody's: what is between two
 * pieces, and what was freed.
 * Private to common/json*.c.
 */
#ifndef B7_JSON_ROOM_H
#define B7_JSON_ROOM_H

#include <stddef.h>

#define JSON_ROOM_BLOCK 65536 /* bytes, at most */

struct json_block;
struct json_room {
	struct json_block *now; /* zero: none yet */
	size_t next;            /* bytes that the next block is to have */
	size_t taken;           /* from all of them */
};

/* Memory that json_room_free takes back, n > 0. room NULL: on its own. */
void *json_room_take(struct json_room *room, size_t n);
/* What a node of n bytes takes in a block. */
size_t json_room_need(size_t n);
/* What has been taken from the block that begins with p; 0: p is no first. */
size_t json_room_behind(const void *p);
/* Nothing more will be taken; what was taken stays. */
void json_room_close(struct json_room *room);
void *json_room_alone(size_t n); /* json_room_take without a room */
void json_room_free(void *p);    /* NULL is fine */
char *json_room_text(const char *s);

#endif
