/*
 * Which Node of a workload cluster runs on a host, and whether its providerID
 * may be set: values only (SAFETY.md 10, capi-contract 3.10). A node is never
 * taken on a guess: whatever is not plain has a name here.
 */
#ifndef B7_CONTROL_NODE_MATCH_H
#define B7_CONTROL_NODE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

/* Key of an index for a UUID: the same for both byte orders of SMBIOS and any
 * letter case. false, and out empty: a placeholder, or none at all. */
#define NODE_UUID_CAP 48
bool node_uuid_key(const char *uuid, char out[NODE_UUID_CAP]);

enum node_match {
	NODE_NONE,      /* none has the UUID: it did not register yet */
	NODE_OURS,      /* has the providerID already */
	NODE_TAKE,      /* is to get it */
	NODE_FOREIGN,   /* has another one */
	NODE_OLD,       /* was there before the power-on of this claim */
	NODE_SEVERAL,   /* several with the UUID, or with the providerID */
	NODE_DIVIDED,   /* one has the providerID, another one the UUID */
	NODE_TWO_HOSTS, /* the UUID is that of another host, too */
	NODE_NO_UUID    /* the board's UUID is a placeholder */
};

/* What is known of a host and of the nodes of its cluster. */
struct node_facts {
	bool host_uuid, host_twin;
	int64_t on_s; /* our power-on, UTC seconds; 0 = not ours */
	size_t with_uuid, with_id;
	bool same; /* the one with the providerID has the UUID */
	/* of the one with the UUID: */
	const char *provider_id; /* NULL or "" = none */
	int64_t created_s;       /* 0 = it does not say */
};
enum node_match node_match(const struct node_facts *f);

/* A Node cut down to what is looked at here, before it is kept: a cluster has
 * many, and each is long. */
void node_trim(struct cJSON *node);
/* Two such Nodes differ in more than their version. */
bool node_news(const struct cJSON *was, const struct cJSON *now);

/* Adds what is not there yet of addresses [{type, address}] to list, as far as
 * the contract takes it (capi-contract 1.2), up to so many in all. */
void node_addresses_add(
    struct cJSON *list, const struct cJSON *addresses, int most);

#endif
