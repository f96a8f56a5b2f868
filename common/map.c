#include "common/map.h"

#include <string.h>

#include "common/mem.h"

#define HASH_FROM 32 /* keys; below, the few compares are as fast */

/* ---- the hash: open addressing, at most half full ---------------------------- */

static uint32_t
hash_of(const char *key)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (const unsigned char *p = (const unsigned char *)key; *p; p++)
		h = (h ^ *p) * 16777619U;
	return h ^ (h >> 15);
}

/* Where key is, or the free slot where it belongs. */
static struct map_slot *
slot_of(const struct map *m, const char *key, uint32_t h)
{
	size_t i = h & m->mask;

	while (m->slots[i].key != NULL &&
	       (m->slots[i].hash != h || strcmp(m->slots[i].key, key) != 0))
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

static void
slots_fill(struct map *m)
{
	size_t n = HASH_FROM;

	while (n < 4 * m->n)
		n *= 2;
	xfree(m->slots);
	m->slots = xcalloc(n, sizeof(*m->slots));
	m->mask = n - 1;
	for (size_t i = 0; i < m->n; i++) {
		uint32_t h = hash_of(m->v[i].key);

		*slot_of(m, m->v[i].key, h) = (struct map_slot){ m->v[i].key,
			m->v[i].value, h, (uint32_t)i };
	}
}

static void
slots_add(struct map *m, const struct map_entry *e)
{
	uint32_t h;

	if (m->slots == NULL && m->n < HASH_FROM)
		return;
	if (m->slots == NULL || 2 * m->n > m->mask) {
		slots_fill(m);
		return;
	}
	h = hash_of(e->key);
	*slot_of(m, e->key, h) =
	    (struct map_slot){ e->key, e->value, h, (uint32_t)(e - m->v) };
}

/* What follows moves up, so that no search ends early at the gap. */
static void
slots_remove(struct map *m, const char *key)
{
	size_t gap = (size_t)(slot_of(m, key, hash_of(key)) - m->slots);

	for (size_t i = (gap + 1) & m->mask; m->slots[i].key != NULL;
	     i = (i + 1) & m->mask) {
		size_t home = m->slots[i].hash & m->mask;

		if (((i - home) & m->mask) < ((i - gap) & m->mask))
			continue;
		m->slots[gap] = m->slots[i];
		gap = i;
	}
	m->slots[gap] = (struct map_slot){ 0 };
}

/* ---- the order --------------------------------------------------------------- */

size_t
map_lower(const struct map *m, const char *key)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(m->v[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
is_at(const struct map *m, size_t i, const char *key)
{
	return i < m->n && strcmp(m->v[i].key, key) == 0;
}

/* The slot of a key that is there, with its index; NULL if there is none. Keys
 * mostly stay where they are: no search through cold memory then. */
static struct map_slot *
slot_at(const struct map *m, const char *key)
{
	struct map_slot *s = slot_of(m, key, hash_of(key));

	if (s->key == NULL)
		return NULL;
	if (s->at >= m->n || m->v[s->at].key != s->key)
		s->at = (uint32_t)map_lower(m, key);
	return s;
}

void *
map_get(const struct map *m, const char *key)
{
	size_t i;

	if (m->slots != NULL)
		return slot_of(m, key, hash_of(key))->value;
	i = map_lower(m, key);
	return is_at(m, i, key) ? m->v[i].value : NULL;
}

void *
map_put(struct map *m, const char *key, void *value)
{
	size_t i = m->n;

	struct map_slot *s = m->slots != NULL ? slot_at(m, key) : NULL;

	if (s != NULL) {
		void *old = s->value;

		m->v[s->at].value = s->value = value;
		return old;
	}
	/* Keys that come in order (lists of the API server) cost one compare. */
	if (m->n > 0 && strcmp(m->v[m->n - 1].key, key) >= 0)
		i = map_lower(m, key);
	if (m->slots == NULL && is_at(m, i, key)) {
		void *old = m->v[i].value;

		m->v[i].value = value;
		return old;
	}
	if (m->n == m->cap) {
		m->cap = m->cap > 0 ? m->cap * 2 : 8;
		m->v = xreallocarray(m->v, m->cap, sizeof(*m->v));
	}
	memmove(m->v + i + 1, m->v + i, (m->n - i) * sizeof(*m->v));
	m->v[i] = (struct map_entry){ xstrdup(key), value };
	m->n++;
	slots_add(m, &m->v[i]);
	return NULL;
}

void *
map_take(struct map *m, const char *key)
{
	struct map_slot *s = m->slots != NULL ? slot_at(m, key) : NULL;
	size_t i = s != NULL ? s->at : map_lower(m, key);
	void *value;

	if (s == NULL && (m->slots != NULL || !is_at(m, i, key)))
		return NULL;
	value = m->v[i].value;
	if (s != NULL)
		slots_remove(m, key);
	xfree(m->v[i].key);
	m->n--;
	memmove(m->v + i, m->v + i + 1, (m->n - i) * sizeof(*m->v));
	return value;
}

void
map_free(struct map *m, void (*free_value)(void *))
{
	struct map gone = *m;

	/* Emptied first: free_value may look into the map again. */
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < gone.n; i++) {
		xfree(gone.v[i].key);
		if (free_value != NULL)
			free_value(gone.v[i].value);
	}
	xfree(gone.v);
	xfree(gone.slots);
}
