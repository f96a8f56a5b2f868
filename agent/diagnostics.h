/*
 * /healthz (the loop turns), /readyz (watches and loop), /metrics (Prometheus
 * text). Plain HTTP, no secrets in it; on loopback unless told otherwise.
 * /explain/NAMESPACE/HOST is for callers from loopback alone: ask.h.
 */
#ifndef B7_AGENT_DIAGNOSTICS_H
#define B7_AGENT_DIAGNOSTICS_H

#include <stdbool.h>

#include "common/env.h"
#include "common/err.h"

struct diagnostics;
struct http_exchange;

struct diagnostics_hooks {
	bool (*ready)(void *arg, struct err *e);
	void (*collect)(void *arg); /* before /metrics is printed */
	/* What /readyz says when it is; "ok\n". */
	void (*ready_text)(void *arg, char *out, size_t cap);
	/* GET /explain/...; ends x. NULL: there is no such path. */
	void (*explain)(void *arg, struct http_exchange *x);
	void *arg;
};

/* address: "host:port", "[v6]:port" or ":port" (all addresses). */
struct diagnostics *diagnostics_new(const struct env *env, const char *address,
    const struct diagnostics_hooks *h, struct err *e);
void diagnostics_free(struct diagnostics *d);
unsigned diagnostics_port(const struct diagnostics *d);

#endif
