/* JSON trees that hold user data: merged, printed and dropped without a trace. */
#ifndef B7_AGENT_DELIVERY_TREE_H
#define B7_AGENT_DELIVERY_TREE_H

#include "agent/delivery/room.h"
#include "common/json.h"

/* obj[key] becomes what it is with v merged into it, as cloud-init and subiquity
 * merge: mappings by their keys, lists one behind the other, else v wins. Takes
 * v. */
void tree_merge(cJSON *obj, const char *key, cJSON *v);
/* As json_set(): what was there is wiped. */
void tree_set(cJSON *obj, const char *key, cJSON *v);
/* As YAML in JSON's form, which PyYAML reads to the letter. */
void tree_print(struct wiped *out, const cJSON *j);
void tree_drop(cJSON *j); /* wiped first; NULL is fine */

#endif
