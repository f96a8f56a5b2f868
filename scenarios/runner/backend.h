/*
 * Where a scenario plays: in one process under virtual time (backend_virtual)
 * or between real processes over TLS (backend_sockets). Steps and reports see
 * this and not which of the two it is.
 */
#ifndef B7_RUNNER_BACKEND_H
#define B7_RUNNER_BACKEND_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/stage.h"

#define BACKEND_AGENTS 8

struct backend;
struct net_event;
struct net_rule;

/* What happens, told as it happens. */
struct backend_hooks {
	void (*commit)(void *arg, const struct inv_commit *c);
	void (*bmc)(void *arg, const struct bmc_event *ev);
	/* virtual: a write in a workload cluster */
	void (*node)(
	    void *arg, const char *cluster, const struct inv_commit *c);
	void (*call)(void *arg, const struct net_event *ev); /* virtual */
	/* virtual: as world_net_gate */
	bool (*gate)(void *arg, const struct net_event *ev);
	/* sockets: the request that `hold` waits for is left hanging */
	void (*held)(void *arg);
	void (*log)(void *arg, const char *line, size_t n);
	void (*problem)(void *arg, const char *text);
	void *arg;
};

struct backend_opts {
	uint64_t seed;
	const char *root; /* folder with crds/ and sim/ */
	const char *bin;  /* folder of the programs; sockets */
	enum log_level log_level;
	unsigned bmcs;
	const char *const *profiles;
	size_t n_profiles;
	const char *replay; /* folder below root; NULL = none */
	const struct bmc_override *overrides;
	size_t n_overrides;
	struct bmc_timing timing;
	bool plain; /* BMCs without TLS */
	const char *bootstrap_data, *bootstrap_format;
	bool workload;           /* as in stage.h */
	const char *provider_id; /* of its kubelets; NULL = none */
	unsigned time_scale;     /* sockets: so many times faster */
	bool keep;               /* leave the processes running at the end */
	bool cuts;               /* sockets: of agents from the API server */
	bool no_crds;            /* the caller applies crds/ */
	const char *dir;         /* sockets: for files; NULL = a new one */
};

struct backend_ops {
	void (*free)(struct backend *b);
	int64_t (*now_us)(struct backend *b);
	/* Until the time is reached or done says so (asked often). */
	void (*run)(struct backend *b, int64_t until_us, bool (*done)(void *),
	    void *arg);
	/* One API call as admin; the reply is owned by the caller. */
	cJSON *(*api)(struct backend *b, const char *method, const char *target,
	    const char *type, const char *body, int *status);
	bool (*apply)(struct backend *b, const char *yaml, const char *name,
	    struct err *e);
	/* The control API of the BMCs. */
	cJSON *(*bmc)(struct backend *b, const char *method, const char *path,
	    const cJSON *body, int *status);
	/* The control API of the workload clusters; NULL: there are none. */
	cJSON *(*workload)(struct backend *b, const char *method,
	    const char *path, const cJSON *body, int *status);
	/* The stand-in's own: what = outage, fail, compact, ... */
	bool (*kube_sim)(struct backend *b, const char *what, const cJSON *args,
	    struct err *e);
	bool (*origin_fail)(struct backend *b, const char *glob, int status,
	    unsigned count, struct err *e);
	bool (*agent_start)(struct backend *b, unsigned n,
	    const struct stage_agent_opts *o, struct err *e);
	/* At once; its memory is gone when run() returns next. */
	void (*agent_kill)(struct backend *b, unsigned n);
	void (*agent_stop)(struct backend *b, unsigned n);
	bool (*agent_running)(struct backend *b, unsigned n);
	bool (*agent_freeze)(
	    struct backend *b, unsigned n, bool on, struct err *e);
	/* The Prometheus text, owned; NULL if it is not running. */
	char *(*agent_metrics)(struct backend *b, unsigned n);
	/* virtual, NULL elsewhere: what it would explain of "ns/host", owned;
	 * NULL if it is not running or knows no such host. */
	cJSON *(*agent_explain)(
	    struct backend *b, unsigned n, const char *host);
	bool (*core_restart)(struct backend *b, struct err *e);
	int (*net_add)(struct backend *b, const struct net_rule *r,
	    struct err *e); /* 0 = cannot */
	/* A name of the network; false = cannot. */
	bool (*dns)(
	    struct backend *b, const char *name, const char *ip, struct err *e);
	void (*net_remove)(struct backend *b, int id);
	/* sockets: an agent's at'th write from now on, to BMCs or to the API,
	 * gets no answer, before or after it was executed. */
	bool (*hold)(
	    struct backend *b, bool bmc, int64_t at, bool after, struct err *e);
	cJSON *(*kube_stats)(struct backend *b); /* owned */
	/* Does what must not happen inside of a callback. */
	void (*settle)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	const char *name; /* "virtual", "sockets" */
	bool synchronous;
	char origin[128];                       /* "http://10.0.0.3" */
	char *bmc_ca;                           /* PEM, owned; NULL = plain */
	char kubeconfig[512], bmc_control[128]; /* sockets */
};

struct backend *backend_virtual_new(
    const struct backend_opts *o, const struct backend_hooks *h, struct err *e);
struct backend *backend_sockets_new(
    const struct backend_opts *o, const struct backend_hooks *h, struct err *e);
void backend_free(struct backend *b);

#endif
