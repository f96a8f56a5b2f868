/*
 * The controllers: PhysicalHost, Beskar7Machine, Beskar7Cluster. They read
 * informers, ask redfish clients, and write through the kube client. Nothing
 * but the API server and the BMCs survives one of these.
 */
#ifndef B7_CONTROLLERS_H
#define B7_CONTROLLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/env.h"
#include "common/err.h"

struct boot_media;
struct controllers;
struct kube_client;

struct controllers_opts {
	const char *ns;            /* NULL or "" = all namespaces */
	const char *watch_filter;  /* value of cluster.x-k8s.io/watch-filter */
	const char *image_origins; /* "host[:port],..."; NULL = any */
	/* 0 = the default in brackets */
	unsigned max_provisioning; /* [50] SAFETY 11 */
	unsigned max_releasing;    /* [50] */
	unsigned max_bmcs;         /* [64] BMCs talked to at once */
	int event_streams;         /* [256] BMCs followed at once; < 0 = none */
	int64_t poll_busy_us;      /* [5 s] while something changes */
	int64_t poll_idle_us;      /* [60 s] otherwise */
	int64_t bmc_grace_us;      /* [10 min] outage before HostHealthy */
	int64_t write_max_us;      /* [3 min] a BMC's answer to a write */
	int64_t retry_max_us;      /* [5 min] longest pause after failures */
	/* Who makes what hosts boot: boot_media.h. Borrowed; its wake is ours
	 * until controllers_free. NULL = nobody: a BMC is given the image's own
	 * URL. */
	struct boot_media *boot_media;
	/* Asked before every write to a BMC; NULL = always. */
	bool (*may_write)(void *arg, unsigned shard, struct err *e);
	void *may_write_arg;
	unsigned shards; /* [1] into which all objects fall */
	/* What controllers_give was asked for is done: nothing of the shard is
	 * under way (clean), or not all is known to have ended. */
	void (*given)(void *arg, unsigned shard, bool clean);
	void *given_arg;
};

/* Everything is borrowed but the strings of o, which are copied. */
struct controllers *controllers_new(const struct env *env,
    struct kube_client *k, const struct controllers_opts *o);
void controllers_start(struct controllers *c);
/*
 * Nothing is driven before its shard is taken; before controllers_start at once,
 * later when the caches are known to hold what a former driver wrote. outlived:
 * that one did not give it up, so that hosts it may have asked something of are
 * left alone until that must have ended.
 */
void controllers_take(struct controllers *c, unsigned shard, bool outlived);
/* Its lease is lost: at once, silently, no I/O. */
void controllers_drop(struct controllers *c, unsigned shard);
/* In order: nothing new is begun, then opts.given. */
void controllers_give(struct controllers *c, unsigned shard);
/* Nothing of it is under way, nor left of a former driver. */
bool controllers_clean(const struct controllers *c, unsigned shard);
bool controllers_drives(const struct controllers *c, const char *key);
bool controllers_waits(const struct controllers *c); /* for fresh caches */
/* The key ("ns/name") of a host by the name that people use, as for
 * controllers_explain; borrowed. */
const char *controllers_host_key(
    const struct controllers *c, const char *name, struct err *e);
/* No new mutation starts; sessions on BMCs are closed; done runs once all are
 * gone or after grace_us. */
void controllers_stop(struct controllers *c, int64_t grace_us,
    void (*done)(void *arg), void *arg);
void controllers_free(struct controllers *c); /* silent, no I/O */

/* All informers had their first list; err names the first that has not. */
bool controllers_synced(const struct controllers *c, struct err *e);
/* The watches are alive: for /readyz. */
bool controllers_current(const struct controllers *c, struct err *e);
struct controllers_counts { /* of what is driven here */
	size_t hosts, machines, clusters;
	unsigned bmcs_busy, event_streams;
	uint64_t passes;
};
struct controllers_counts controllers_counts(const struct controllers *c);
/* What is known of a host, why it does not go on, what was decided and asked
 * last and what comes next; for people, without secrets. name: "ns/name", or
 * the name alone where no other namespace has it. Owned by the caller; NULL:
 * ERR_NOTFOUND, ERR_SPEC (ambiguous), ERR_BUSY (not yet). README.md of
 * agent/explain describes the members. */
struct cJSON;
struct cJSON *controllers_explain(
    struct controllers *c, const char *name, struct err *e);
/* Gauges of the fleet; c NULL: of none. */
struct metrics;
void controllers_collect(const struct controllers *c, struct metrics *m);

#endif
