/* Who asked what, how often; and who changed which object. */
#ifndef B7_SIM_KUBE_STATS_H
#define B7_SIM_KUBE_STATS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "common/map.h"

/* Keys are parts joined by '\t'; values are owned int64_t. */
struct ks_stats {
	struct map requests; /* user, verb, resource */
	struct map writes;   /* user, resource, object */
};

void ks_stats_fini(struct ks_stats *s);
void ks_stats_request(struct ks_stats *s, const char *user, const char *verb,
    const char *resource);
void ks_stats_write(struct ks_stats *s, const char *user, const char *resource,
    const char *object);
/* NULL sums over all. */
int64_t ks_stats_requests(const struct ks_stats *s, const char *user,
    const char *verb, const char *resource);
int64_t ks_stats_writes(const struct ks_stats *s, const char *user,
    const char *resource, const char *object);
/* {a: {b: {c: n}}}; owned by the caller. */
cJSON *ks_stats_tree(const struct map *m);

#endif
