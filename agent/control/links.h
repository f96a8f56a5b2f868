/*
 * Many-to-many links between keys ("who uses what"), walked in key order.
 * Used as indices over the caches: Secret to hosts, consumer to hosts,
 * identity to hosts, cluster to machines.
 */
#ifndef B7_CONTROL_LINKS_H
#define B7_CONTROL_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/map.h"

struct links {
	struct map pairs; /* "from\x1fto" -> self */
};

void links_add(struct links *l, const char *from, const char *to);
void links_remove(struct links *l, const char *from, const char *to);
void links_free(struct links *l);
/* Calls fn for each `to` of from; fn must not change the links. false from fn
 * ends the walk. */
void links_each(const struct links *l, const char *from,
    bool (*fn)(void *arg, const char *to), void *arg);
/* The first `to`, or NULL. */
const char *links_first(const struct links *l, const char *from);
/* A `to` other than the given one, or NULL. */
const char *links_other(
    const struct links *l, const char *from, const char *to);

#endif
