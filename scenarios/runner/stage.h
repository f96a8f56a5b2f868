/*
 * The stage of a scenario in virtual time: one world with the API stand-in, the
 * core stand-in, the BMCs, an image origin and any number of agents, each a
 * process of its own. The same parts, as real processes, are stage_sockets.
 *
 * Addresses: API 10.0.0.1:6443, BMC control 10.0.0.2:9900, origin 10.0.0.3:80,
 * core 10.0.0.4, agents from 10.0.1.1, BMCs from 127.16.0.1:443.
 */
#ifndef B7_RUNNER_STAGE_H
#define B7_RUNNER_STAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/log.h"
#include "sim/bmc/fleet.h"
#include "sim/kube/server.h"

struct stage;
struct agent;
struct boot_media;
struct core;
struct origin;
struct world;
struct metrics;
struct wlsim;

struct stage_opts {
	uint64_t seed;
	const char *root; /* folder with crds/ and sim/; NULL = "." */
	enum log_level log_level;
	void (*log_line)(void *arg, const char *line, size_t n);
	void (*on_bmc)(void *arg, const struct bmc_event *ev);
	void (*on_commit)(void *arg, const struct kube_commit *c);
	void (*on_problem)(void *arg, const char *text); /* of the core */
	void *arg;
	unsigned bmcs;
	const char *const *profiles;
	size_t n_profiles;
	const char *knobs;  /* YAML over the profiles; NULL = none */
	const char *replay; /* folder of a recording, below root; NULL = none */
	const struct bmc_override *overrides;
	size_t n_overrides;
	struct bmc_timing timing;
	bool tls;                   /* BMCs with (virtual) certificates */
	const char *bootstrap_data; /* NULL = the core's own */
	const char *bootstrap_format;
	/* Workload clusters of their own (10.0.0.5); else nodes are in the
	 * management API. provider_id NULL: kubelets tell none. */
	bool workload;
	const char *provider_id;
	void (*on_node)(
	    void *arg, const char *cluster, const struct kube_commit *c);
};

struct stage *stage_new(const struct stage_opts *o, struct err *e);
void stage_free(struct stage *s);

struct world *stage_world(struct stage *s);
struct bmc_fleet *stage_fleet(struct stage *s);
struct kube_server *stage_kube(struct stage *s);
struct origin *stage_origin(struct stage *s);
/* The same images over HTTPS, too, for BMCs that take nothing else. Once. */
bool stage_serve_https(struct stage *s, struct err *e);
struct core *stage_core(struct stage *s);
struct wlsim *stage_workload(struct stage *s); /* NULL: not there */
const char *stage_ca_pem(struct stage *s);     /* of the BMCs */

struct stage_agent_opts {
	int64_t busy_us, idle_us, grace_us; /* 0 = the agent's defaults */
	unsigned max_provisioning, max_releasing;
	int event_streams; /* < 0 = none */
	bool leader_elect;
	unsigned shards; /* 0 = 1 */
	const char *image_origins, *ns, *watch_filter;
	int64_t wall_skew_us;
	/* Serves media at port 8090 of its address, which BMCs and machines reach
	 * by STAGE_MEDIA: one of those that run. */
	bool media;
	const char *diagnostics; /* "127.0.0.1:8080"; NULL = none */
	/* What its controllers ask in place of a media server; NULL = nobody,
	 * or its own. Must outlive it. */
	struct boot_media *boot_media;
};
#define STAGE_MEDIA "http://media.rack:8090"
#define STAGE_TOKEN "agent-token" /* of the agents, at the API */
/* Agents have numbers from 0. Starting one that runs is an error. */
bool stage_agent_start(struct stage *s, unsigned n,
    const struct stage_agent_opts *o, struct err *e);
void stage_agent_kill(struct stage *s, unsigned n); /* SIGKILL */
/* As kill, but frees nothing yet: may be called inside of any callback. A
 * stage_agent_kill must follow. */
void stage_agent_down(struct stage *s, unsigned n);
/* Its wall clock is set, to so far from the world's. */
void stage_agent_clock(struct stage *s, unsigned n, int64_t skew_us);
void stage_agent_freeze(struct stage *s, unsigned n, bool on);
/* SIGTERM: ends later; stage_agent() is NULL then. */
void stage_agent_stop(struct stage *s, unsigned n);
struct agent *stage_agent(struct stage *s, unsigned n); /* NULL: not running */
struct metrics *stage_agent_metrics(struct stage *s, unsigned n); /* or NULL */
bool stage_core_restart(struct stage *s, struct err *e);

#endif
