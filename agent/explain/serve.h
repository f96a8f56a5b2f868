/*
 * The agent's side of `beskar7-agent explain`: a socket of the file system that
 * only the agent's own account and root may connect to, with one kind of
 * request: GET /v1/hosts/NAME or /v1/hosts/NAMESPACE/NAME. JSON both for what
 * is found (README.md) and for {"error": "..."}.
 */
#ifndef B7_AGENT_EXPLAIN_SERVE_H
#define B7_AGENT_EXPLAIN_SERVE_H

#include "common/env.h"
#include "common/err.h"

struct explain_server;
struct cJSON;

/* The answer, owned by the caller of fn; NULL with e: ERR_NOTFOUND is a 404,
 * ERR_SPEC a 409, all else a 503. */
typedef struct cJSON *explain_fn(void *arg, const char *name, struct err *e);

struct explain_server *explain_server_new(const struct env *env,
    const char *path, explain_fn *fn, void *arg, struct err *e);
void explain_server_free(struct explain_server *s);

#endif
