#include "common/map.h"

#include <string.h>

#include "common/mem.h"

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

void *
map_get(const struct map *m, const char *key)
{
	size_t i = map_lower(m, key);

	return is_at(m, i, key) ? m->v[i].value : NULL;
}

void *
map_put(struct map *m, const char *key, void *value)
{
	size_t i = m->n;

	/* Keys that come in order (lists of the API server) cost one compare. */
	if (m->n > 0 && strcmp(m->v[m->n - 1].key, key) >= 0)
		i = map_lower(m, key);
	if (is_at(m, i, key)) {
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
	return NULL;
}

void *
map_take(struct map *m, const char *key)
{
	size_t i = map_lower(m, key);
	void *value;

	if (!is_at(m, i, key))
		return NULL;
	value = m->v[i].value;
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
}
