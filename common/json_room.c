#include "common/json_room.h"

#include <stdint.h>
#include <string.h>

#include "common/mem.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define EACH_ALONE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(EACH_ALONE)
#define EACH_ALONE 1
#endif

#define STEP sizeof(void *) /* alignment: pointers and doubles */

void *
json_room_alone(size_t n)
{
	return json_room_take(NULL, n);
}

char *
json_room_text(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(json_room_alone(n), s, n);
}

#ifdef EACH_ALONE

void *
json_room_take(struct json_room *room, size_t n)
{
	(void)room;
	return xmalloc(n);
}

size_t
json_room_need(size_t n)
{
	return n;
}

void
json_room_close(struct json_room *room)
{
	(void)room;
}

void
json_room_free(void *p)
{
	xfree(p);
}

#else

struct json_block {
	size_t live; /* pieces, and one for the room while it takes from here */
	size_t used, cap;
	char bytes[];
};

/* What stands before each piece. */
struct piece {
	struct json_block *of; /* NULL: it stands alone */
};

size_t
json_room_need(size_t n)
{
	return sizeof(struct piece) + ((n + STEP - 1) & ~(STEP - 1));
}

static void
drop(struct json_block *b)
{
	if (--b->live == 0)
		xfree(b);
}

static void
block_new(struct json_room *room, size_t need)
{
	size_t cap = room->next > need ? room->next : need;
	struct json_block *b = xmalloc(sizeof(*b) + cap);

	json_room_close(room);
	b->live = 1;
	b->used = 0;
	b->cap = cap;
	room->now = b;
}

void *
json_room_take(struct json_room *room, size_t n)
{
	size_t need = json_room_need(n);
	struct json_block *b;
	struct piece *p;

	if (room == NULL) {
		p = xmalloc(sizeof(*p) + n);
		p->of = NULL;
		return p + 1;
	}
	if (room->now == NULL || room->now->cap - room->now->used < need)
		block_new(room, need);
	b = room->now;
	p = (struct piece *)(void *)(b->bytes + b->used);
	b->used += need;
	b->live++;
	room->taken += need;
	p->of = b;
	return p + 1;
}

void
json_room_close(struct json_room *room)
{
	if (room->now != NULL)
		drop(room->now);
	room->now = NULL;
}

void
json_room_free(void *p)
{
	struct piece *at;

	if (p == NULL)
		return;
	at = (struct piece *)p - 1;
	if (at->of != NULL)
		drop(at->of);
	else
		xfree(at);
}

#endif
