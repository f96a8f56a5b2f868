/*
 * The whole agent as one object: API client, leader election, controllers and
 * the diagnostics server. Nothing outlives it but what the API server and the
 * BMCs hold, so that a test can destroy it and make another ("a crash").
 */
#ifndef B7_AGENT_H
#define B7_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/claims/media_server.h"
#include "agent/control/controllers.h"
#include "agent/kube/config.h"
#include "common/env.h"
#include "common/err.h"

struct agent;

struct agent_opts {
	const struct kube_config *kube;  /* copied by the client */
	struct controllers_opts control; /* may_write is the agent's own */
	double qps;                      /* 0 = 50 */
	bool leader_elect;               /* implied by control.shards > 1 */
	const char *lease_ns;       /* NULL = namespace of the kubeconfig */
	const char *lease_name;     /* NULL = "beskar7-agent" */
	const char *lease_identity; /* NULL = the process's name */
	/* Live Leases of another count of shards: it does nothing and never will;
	 * NULL = only the log tells. Not before agent_new has returned. */
	void (*refused)(void *arg, const struct err *e);
	void *refused_arg;
	/* "host:port" for /healthz /readyz /metrics; NULL or "" = none. */
	const char *diagnostics;
	/* Path of the socket that `beskar7-agent explain` asks; NULL or "" =
	 * none. May: an agent that cannot have it says so and goes on. */
	const char *explain;
	bool explain_may;
	/* "host:port" of an HTTPS server that explains to who may get
	 * physicalhosts, with its PEM files; NULL or "" = none (ask.h). */
	const char *ask, *ask_cert, *ask_key;
	/* serve.listen NULL or "": no media server. Namespaces, filter, origins
	 * and leading are the agent's own. */
	struct media_server_opts media;
};

struct agent *agent_new(
    const struct env *env, const struct agent_opts *o, struct err *e);
/* Graceful: no new mutation, BMC sessions closed, lease released; done runs
 * within grace_us or soon after. */
void agent_stop(
    struct agent *a, int64_t grace_us, void (*done)(void *arg), void *arg);
void agent_free(struct agent *a); /* silent, no I/O: what a crash leaves */
/* Port of the diagnostics server; 0 = none. */
unsigned agent_diagnostics_port(const struct agent *a);
unsigned agent_ask_port(const struct agent *a);   /* 0 = none */
unsigned agent_media_port(const struct agent *a); /* 0 = none */
/* NULL: it has none. */
const struct media_server *agent_media(const struct agent *a);
/* As /readyz: false with the reason. */
bool agent_ready(const struct agent *a, struct err *e);
/* What explain answers; owned. NULL with e: no such host, or standing by. */
struct cJSON *agent_explain(struct agent *a, const char *name, struct err *e);
struct controllers_counts agent_counts(const struct agent *a);

#endif
