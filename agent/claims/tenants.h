/*
 * Hosts of the API as live claims: an informer of their metadata, whose records
 * say whom they serve and how far that is.
 */
#ifndef B7_AGENT_CLAIMS_TENANTS_H
#define B7_AGENT_CLAIMS_TENANTS_H

#include "agent/control/record.h"
#include "agent/kube/client.h"
#include "agent/serve/live.h"

struct cJSON;

/* A medium outlives the deadline of its attempt by so much. */
#define TENANTS_LATE_S 3600
/* An API server that was silent for so long may have released a host. */
#define TENANTS_STALE_US (15 * 60 * 1000000LL)

struct tenants;
struct tenants_opts {
	const char *ns;           /* NULL or "" = all namespaces */
	const char *watch_filter; /* as of the controllers */
	/* What is heard is too old to serve by, or no more. */
	void (*stale)(void *arg, bool stale);
	void *arg;
};
struct tenants *tenants_new(
    struct kube_client *k, const struct tenants_opts *o, struct live *live);
void tenants_free(struct tenants *t);
/* Metadata of a host; to be given back to json_drop(). NULL: not known. */
const struct cJSON *tenants_host(struct tenants *t, const char *key);
bool tenants_synced(const struct tenants *t);

/* What a record opens; false: nothing. reported: the machine said that it is up, so
 * that it has its data. Pure. */
bool tenants_who(const struct record *r, bool reported, struct live_who *w);

#endif
