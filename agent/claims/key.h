/*
 * The key of all tokens, in one Secret: found and followed by every agent, made
 * by the one that leads. Deleting it is how it is changed: the leader makes
 * another and keeps the one it held as the former.
 */
#ifndef B7_AGENT_CLAIMS_KEY_H
#define B7_AGENT_CLAIMS_KEY_H

#include "agent/kube/client.h"
#include "agent/serve/live.h"

#define CLAIMS_KEY_SECRET "beskar7-media-key"

struct claims_key;

struct claims_key_opts {
	const char *ns;   /* of the Secret */
	const char *name; /* NULL = CLAIMS_KEY_SECRET */
	/* Whether a missing Secret is ours to make; NULL = it is. */
	bool (*leading)(void *arg);
	/* The keys in force, borrowed; also when they changed. */
	void (*got)(void *arg, const struct live_keys *k);
	void *arg;
};
struct claims_key *claims_key_new(
    struct kube_client *k, const struct claims_key_opts *o);
void claims_key_free(struct claims_key *c); /* wipes what it holds */

#endif
