/*
 * GET /explain/NAMESPACE/HOST for who has a token that the API server knows and
 * may get physicalhosts in that namespace: `Authorization: Bearer TOKEN`. 401,
 * 403, 429 (Retry-After) and 503 otherwise; JSON as on the socket of
 * agent/explain. Over HTTPS from anywhere, over plain HTTP from loopback alone (as
 * `kubectl port-forward` comes): tokens do not cross a network in clear.
 */
#ifndef B7_AGENT_ASK_H
#define B7_AGENT_ASK_H

#include <stdbool.h>

#include "common/env.h"
#include "common/err.h"

struct ask;
struct cJSON;
struct http_exchange;
struct kube_client;

struct ask_hooks {
	/* As explain_fn of agent/explain/serve.h. */
	struct cJSON *(*explain)(void *arg, const char *name, struct err *e);
	bool (*leads)(void *arg); /* false: nothing is known here */
	void *arg;
};

/* All borrowed but the strings, which are copied. */
struct ask_opts {
	struct kube_client *kube;
	struct ask_hooks hooks;
	const char *address;    /* of an HTTPS server; NULL or "" = none */
	const char *cert, *key; /* PEM files, read again when they change */
};

struct ask *ask_new(
    const struct env *env, const struct ask_opts *o, struct err *e);
void ask_free(struct ask *a);
unsigned ask_port(const struct ask *a); /* of the HTTPS server; 0 = none */
/* Of another server of ours, without TLS; ends x. */
void ask_serve_plain(struct ask *a, struct http_exchange *x);

#endif
