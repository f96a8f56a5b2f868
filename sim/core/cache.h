/* One resource, listed and watched: trees by "ns/name". */
#ifndef B7_SIM_CORE_CACHE_H
#define B7_SIM_CORE_CACHE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/map.h"
#include "sim/core/client.h"

struct core_cache;

/* path: "/apis/cluster.x-k8s.io/v1beta2/machines" (all namespaces). changed
 * runs for each object that came, changed or went (tree = the last one). */
struct core_cache *core_cache_new(const struct env *env, struct core_client *c,
    const char *path,
    void (*changed)(void *arg, const char *key, const cJSON *tree), void *arg);
void core_cache_free(struct core_cache *c);
const cJSON *core_cache_get(const struct core_cache *c, const char *key);
const struct map *core_cache_all(const struct core_cache *c);
bool core_cache_synced(const struct core_cache *c);

#endif
