/*
 * A stand-in for Cluster API's core controllers: Cluster and Machine, the
 * bootstrap Secret, and the kubelet that registers a Node once the simulated
 * machine really booted. It knows nothing of Beskar7: it reads contract fields
 * of whatever kind an infrastructureRef names, found by the CRD's contract
 * label, and where the real core would hang, it hangs.
 *
 * Runs on env->loop and env->net, as a client of the API server and of the
 * BMC fleet's control API.
 */
#ifndef B7_SIM_CORE_H
#define B7_SIM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/env.h"
#include "common/err.h"

struct core;
struct tls_trust;

struct core_opts {
	const char *server;      /* "https://127.0.0.1:6443"; copied, as all */
	const char *token;       /* NULL = none */
	struct tls_trust *trust; /* borrowed; NULL = system */
	bool insecure;
	/* "http://127.0.0.1:9900" of the BMCs; NULL: no kubelets, no nodes. */
	const char *bmc_control;
	/* Nodes are read from the workload clusters, by the Secrets
	 * CLUSTER-kubeconfig, as the real core does. */
	bool remote_nodes;
	/* What a node of machine {bmc} calls itself, e.g. "b7://default/{bmc}":
	 * in a real cluster the bootstrap data says so. */
	const char *provider_id;
	/* The payload of bootstrap Secrets; a scenario looks for it where it
	 * must not be. NULL = a harmless cloud-config. */
	const char *bootstrap_data;
	const char *bootstrap_format; /* NULL = "cloud-config" */
	int64_t pass_us; /* 0 = 1 s: between two passes of one object */
	/* A contract rule was broken: text names rule and object. */
	void (*on_problem)(void *arg, const char *text);
	void *arg;
};

struct core *core_new(
    const struct env *env, const struct core_opts *o, struct err *e);
void core_free(struct core *c); /* silent */
bool core_synced(const struct core *c);
unsigned core_problems(const struct core *c);

#endif
