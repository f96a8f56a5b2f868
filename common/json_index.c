#include "common/json_index.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_node.h"
#include "common/mem.h"

#define FEW 12
#define SEEN_BITS 1024 /* of a filter of keys */
#define SEEN_MOST 100  /* members for which it is worth it */

static const char *
key_of(const cJSON *j)
{
	return j->string != NULL ? j->string : "";
}

static int
by_key(const void *a, const void *b)
{
	cJSON *const *x = a, *const *y = b;

	return strcmp(key_of(*x), key_of(*y));
}

void
json_index_init(struct json_index *x, const cJSON *obj)
{
	size_t i = 0;

	*x = (struct json_index){ .obj = obj };
	for (const cJSON *c = obj->child; c != NULL; c = c->next)
		x->n++;
	if (x->n <= FEW)
		return;
	x->items = xreallocarray(NULL, x->n, sizeof(cJSON *));
	for (cJSON *c = obj->child; c != NULL; c = c->next)
		x->items[i++] = c;
	qsort(x->items, x->n, sizeof(cJSON *), by_key);
}

void
json_index_fini(struct json_index *x)
{
	xfree(x->items);
	x->items = NULL;
}

cJSON *
json_index_find(const struct json_index *x, const char *key)
{
	size_t lo = 0, hi = x->n;

	if (x->items == NULL) {
		cJSON *c = x->obj->child;

		while (c != NULL && !json_node_is(c, key))
			c = c->next;
		return c;
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(key_of(x->items[mid]), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < x->n && strcmp(key_of(x->items[lo]), key) == 0)
		return x->items[lo];
	return NULL;
}

/* ---- duplicates ---------------------------------------------------------- */

static void
drop(cJSON *obj, cJSON *item)
{
	cJSON_Delete(cJSON_DetachItemViaPointer(obj, item));
}

static void
drop_few(cJSON *obj)
{
	for (cJSON *a = obj->child, *next; a != NULL; a = next) {
		const cJSON *b = a->next;

		next = a->next;
		while (b != NULL && !json_node_is(b, a->string))
			b = b->next;
		if (b != NULL)
			drop(obj, a);
	}
}

struct placed {
	cJSON *item;
	size_t place;
};

static int
by_key_and_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int c = strcmp(x->item->string, y->item->string);

	if (c != 0)
		return c;
	return x->place < y->place ? -1 : 1;
}

/* Surely without duplicates: true for almost all objects there are. */
static bool
surely_unique(const cJSON *obj)
{
	uint64_t seen[SEEN_BITS / 64] = { 0 };

	for (const cJSON *c = obj->child; c != NULL; c = c->next) {
		uint32_t h = 0;
		uint64_t bit;

		for (const char *p = key_of(c); *p != '\0'; p++)
			h = h * 33 + (unsigned char)*p;
		h = (h ^ h >> 10 ^ h >> 20) % SEEN_BITS;
		bit = UINT64_C(1) << (h % 64);
		if ((seen[h / 64] & bit) != 0)
			return false;
		seen[h / 64] |= bit;
	}
	return true;
}

void
json_drop_duplicates(cJSON *obj, size_t n)
{
	struct placed *v;
	size_t i = 0;

	if (n < 2 || (n <= SEEN_MOST && surely_unique(obj)))
		return;
	if (n <= FEW) {
		drop_few(obj);
		return;
	}
	v = xreallocarray(NULL, n, sizeof(*v));
	for (cJSON *c = obj->child; c != NULL && i < n; c = c->next) {
		v[i].item = c;
		v[i].place = i;
		i++;
	}
	qsort(v, n, sizeof(*v), by_key_and_place);
	for (i = 0; i + 1 < n; i++) {
		if (strcmp(v[i].item->string, v[i + 1].item->string) == 0) {
			drop(obj, v[i].item);
		}
	}
	xfree(v);
}
