/*
 * Asks an agent over the network: a token of the cluster over HTTPS, or over plain
 * HTTP to this machine (`kubectl port-forward`).
 */
#ifndef B7_AGENT_EXPLAIN_REMOTE_H
#define B7_AGENT_EXPLAIN_REMOTE_H

#include "common/env.h"
#include "common/err.h"

struct cJSON;

struct remote_opts {
	const char *server; /* "https://host:port" */
	const char *name;   /* "namespace/host" */
	/* The bearer token: of a file, or of the kubeconfig's user. */
	const char *token_file, *kubeconfig, *context;
	const char *ca_file; /* of the agent's certificate; NULL = system */
};

/* Runs env's loop until the answer is there; owned by the caller, NULL with e. */
struct cJSON *remote_ask(
    const struct env *env, const struct remote_opts *o, struct err *e);

#endif
