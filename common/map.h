/*
 * A map from strings to pointers in key order. Iteration never depends on
 * addresses or hashes, so that the same seed gives the same order of events;
 * a map of many keys finds one by a hash beside the order.
 */
#ifndef B7_MAP_H
#define B7_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
	char *key; /* owned */
	void *value;
};
struct map_slot {
	const char *key; /* the entry's; NULL: free */
	void *value;
	uint32_t hash;
	uint32_t at; /* index of the entry when it was last looked up */
};
struct map {
	struct map_entry *v; /* owned, sorted by strcmp */
	size_t n, cap;
	struct map_slot *slots; /* owned; NULL: too few keys to be worth it */
	size_t mask;            /* slots - 1, of a power of two */
};

void *map_get(const struct map *m, const char *key); /* NULL if absent */
/* Stores, returns the former value (NULL if none). The key is copied. Values
 * change in no other way. */
void *map_put(struct map *m, const char *key, void *value);
void *map_take(struct map *m, const char *key); /* removes and returns */
/* Index of the first key >= the given one; for prefix walks. */
size_t map_lower(const struct map *m, const char *key);
void map_free(struct map *m, void (*free_value)(void *));

#endif
