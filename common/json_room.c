#include "common/json_room.h"

#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define TELL_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(TELL_ASAN)
#define TELL_ASAN 1
#endif
#ifdef TELL_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define STEP sizeof(void *) /* alignment: pointers and doubles */

struct json_block {
	size_t live; /* pieces, and one for the room while it takes from here */
	size_t used, cap;
	char bytes[];
};

/* What stands before each piece. */
struct piece {
	struct json_block *of; /* NULL: it stands alone */
#ifdef TELL_ASAN
	size_t n; /* bytes of the piece */
#endif
};

#ifdef TELL_ASAN
#define UNSEEN __attribute__((no_sanitize("address"), noinline))

static void
nobody_reads(const void *p, size_t n)
{
	ASAN_POISON_MEMORY_REGION(p, n);
}

/* Bytes between pieces are poisoned, those that belong to this file too. */
UNSEEN static void *
piece_begin(struct piece *p, struct json_block *of, size_t n)
{
	p->of = of;
	p->n = n;
	if (of != NULL)
		ASAN_UNPOISON_MEMORY_REGION(p + 1, n);
	else
		nobody_reads(p, sizeof(*p));
	return p + 1;
}

UNSEEN static size_t
piece_size(const struct piece *p)
{
	return p->n;
}

UNSEEN static struct json_block *
piece_of(const struct piece *p)
{
	return p->of;
}

static struct json_block *
piece_end(struct piece *p)
{
	/* Freed before, nobody reads it: that is reported here. */
	(void)*(volatile const char *)(p + 1);
	if (piece_of(p) != NULL)
		nobody_reads(p + 1, piece_size(p));
	return piece_of(p);
}

#else

static void
nobody_reads(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

static void *
piece_begin(struct piece *p, struct json_block *of, size_t n)
{
	(void)n;
	p->of = of;
	return p + 1;
}

static struct json_block *
piece_of(const struct piece *p)
{
	return p->of;
}

static struct json_block *
piece_end(struct piece *p)
{
	return p->of;
}

#endif

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
	nobody_reads(b->bytes, cap);
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
		return piece_begin(p, NULL, n);
	}
	if (room->now == NULL || room->now->cap - room->now->used < need)
		block_new(room, need);
	b = room->now;
	p = (struct piece *)(void *)(b->bytes + b->used);
	b->used += need;
	b->live++;
	room->taken += need;
	return piece_begin(p, b, n);
}

size_t
json_room_behind(const void *p)
{
	const struct piece *at = (const struct piece *)p - 1;
	const struct json_block *b = piece_of(at);

	return b != NULL && (const char *)at == b->bytes ? b->used : 0;
}

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

void
json_room_close(struct json_room *room)
{
	if (room->now != NULL)
		drop(room->now);
	room->now = NULL;
}

static inline void
piece_free(void *p)
{
	struct json_block *of = piece_end((struct piece *)p - 1);

	if (of != NULL)
		drop(of);
	else
		xfree((struct piece *)p - 1);
}

void
json_room_free(void *p)
{
	if (p != NULL)
		piece_free(p);
}

void
json_delete(cJSON *j)
{
	cJSON *next;

	for (; j != NULL; j = next) {
		bool refers = (j->type & cJSON_IsReference) != 0;

		next = j->next;
		if (j->child != NULL && !refers)
			json_delete(j->child);
		if (j->valuestring != NULL && !refers)
			piece_free(j->valuestring);
		if (j->string != NULL && (j->type & cJSON_StringIsConst) == 0)
			piece_free(j->string);
		piece_free(j);
	}
}
