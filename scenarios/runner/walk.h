/* Goes through the live objects of one kind, in the order of their keys. */
#ifndef B7_RUNNER_WALK_H
#define B7_RUNNER_WALK_H

#include <stddef.h>

#include "scenarios/runner/facts.h"

/*
 *   struct walk k = walk_start(f, group, "physicalhosts", "default", "bmc-*");
 *   while ((o = walk_next(&k)) != NULL) ... k.key, k.name ...
 *
 * The facts must stay as they are meanwhile: gather names first where objects
 * are changed.
 */
struct walk {
	/* of the object that walk_next() returned; they live as the facts do */
	const char *key;  /* "resource.group/ns/name" */
	const char *name; /* "ns/name" where all namespaces are walked */
	const struct map *objects;
	const char *glob; /* of the name; NULL = all */
	char prefix[300];
	size_t next;
};
/* ns NULL: all namespaces. glob is borrowed. */
struct walk walk_start(const struct facts *f, const char *group,
    const char *resource, const char *ns, const char *glob);
/* The next that is not gone; NULL: there is no more. */
const struct fact_object *walk_next(struct walk *k);

#endif
