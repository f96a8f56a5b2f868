/*
 * The trees of objects that were written or patched last: what is patched is
 * often patched again. Trees are only read; ks_object_tree() gives one's own.
 */
#ifndef B7_SIM_KUBE_KEPT_H
#define B7_SIM_KUBE_KEPT_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "sim/kube/object.h"

void ks_kept_init(struct ks_kept *k);
/* Takes the tree, which says what the object's text says. */
void ks_kept_put(struct ks_kept *k, struct ks_object *o, const cJSON *tree);
/* To be given back to json_drop(). */
const cJSON *ks_kept_hold(struct ks_kept *k, struct ks_object *o);
void ks_kept_drop(struct ks_object *o);

#endif
