/*
 * Takes secrets and identities out of resources before they are kept.
 *
 * Passwords, tokens, keys, certificates, community strings, contacts and the
 * paths of URLs become "scrubbed" (null and empty ones stay, a client tells
 * them apart); users get other names. Serials, UUIDs, addresses and host
 * names get pseudonyms, the same one everywhere, unless they are to be kept.
 * Two passes: all resources are learned first, since a serial may stand in a
 * link that is read before the resource that calls it one. Pure.
 */
#ifndef B7_AGENT_PROBE_SCRUB_H
#define B7_AGENT_PROBE_SCRUB_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/mem.h"

struct scrub;

/* password is what was logged in with (copied): should a BMC repeat it
 * anywhere, it is taken out. NULL = none. */
struct scrub *scrub_new(
    bool keep_identity, const char *username, const struct secret *password);
void scrub_free(struct scrub *s);
void scrub_learn(struct scrub *s, const cJSON *resource);
/* A copy to keep; the caller owns it. */
cJSON *scrub_resource(struct scrub *s, const cJSON *resource);
/* A path, or any other text that names a resource; owned. */
char *scrub_path(struct scrub *s, const char *path);

#endif
