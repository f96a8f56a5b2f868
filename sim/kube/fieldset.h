/*
 * Sets of fields as FieldsV1 trees: an object whose members are path elements
 * ("f:spec", "k:{\"type\":\"Ready\"}", "v:\"x\"") of sub-trees. An element is in the
 * set itself if it is empty or holds ".".
 */
#ifndef B7_SIM_KUBE_FIELDSET_H
#define B7_SIM_KUBE_FIELDSET_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

bool ks_set_empty(const cJSON *set); /* NULL is empty */
void ks_set_union(cJSON *into, const cJSON *from);
/* Takes the elements of `from` out of `into`. */
void ks_set_subtract(cJSON *into, const cJSON *from);
/* The element at this node is in the set itself. */
bool ks_set_owned(const cJSON *node);
/* A new tree, maybe empty. */
cJSON *ks_set_intersect(const cJSON *a, const cJSON *b);
/* The element, made if absent, as part of the path to something below it or
 * (own) as an element itself. */
cJSON *ks_set_enter(cJSON *set, const char *element);
void ks_set_own(cJSON *set, const char *element);
/* Only path elements of known shape, to a sane depth. */
bool ks_set_valid(const cJSON *set);
/* Calls fn with every element as ".spec.list[name=\"a\"].x". */
void ks_set_each(
    const cJSON *set, void (*fn)(void *arg, const char *path), void *arg);

#endif
