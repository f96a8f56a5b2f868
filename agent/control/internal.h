/* What the files of this folder share: the controllers' common ground. */
#ifndef B7_CONTROL_INTERNAL_H
#define B7_CONTROL_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/control/controllers.h"
#include "agent/control/diary.h"
#include "agent/control/driving.h"
#include "agent/control/host_index.h"
#include "agent/control/machine.h"
#include "agent/control/workq.h"
#include "common/env.h"
#include "common/loop.h"

struct host_ctl;
struct machine_ctl;
struct workload;
struct event_recorder;
struct informer;
struct kube_resource;

extern const struct kube_resource RES_HOSTS, RES_MACHINES, RES_CLUSTERS;
extern const struct kube_resource RES_CAPI_MACHINES, RES_CAPI_CLUSTERS;
extern const struct kube_resource RES_REMEDIATIONS, RES_TEMPLATES;

struct controllers {
	const struct env *env;     /* borrowed */
	struct kube_client *k;     /* borrowed */
	struct controllers_opts o; /* strings owned */
	struct event_recorder *ev; /* owned, as all below */
	struct informer *hosts, *machines, *clusters;
	struct informer *capi_machines, *capi_clusters;
	struct informer *secrets; /* metadata only */
	struct informer *remediations, *templates;
	struct workq *host_q, *machine_q, *cluster_q, *remediation_q,
	    *template_q;
	struct map host_ctls;        /* key -> struct host_ctl */
	struct map machine_ctls;     /* key -> struct machine_ctl */
	struct map cluster_ctls;     /* key -> struct cluster_ctl */
	struct map remediation_ctls; /* key -> struct remediation_ctl */
	struct map template_ctls;    /* key -> struct template_ctl */
	struct host_index index;
	struct links by_owner;       /* "ns/capi machine" -> machine key */
	struct links by_cluster;     /* "ns/cluster" -> machine key */
	struct map waiting;          /* machine keys that found no host */
	struct links secret_waiters; /* "ns/secret" -> machine key */
	/* "m/ns/capi machine", "h/ns/host" -> remediation key */
	struct links remedies;
	struct map workloads; /* "ns/cluster" -> struct workload: workload.h */
	TAILQ_HEAD(, workload) workload_queue; /* for a place */
	unsigned workloads_open;
	struct env workload_env; /* of their clients */
	struct links by_origin;  /* origin of a BMC -> host key */
	struct map origins;      /* origin -> the host_ctl that talks */
	struct map shares;   /* struct secret_share, owned: secret_share.h */
	struct map trusts;   /* hash of a CA bundle -> struct tls_trust */
	struct map reserved; /* host keys with a claim under way */
	TAILQ_HEAD(, host_ctl) slot_queue;
	unsigned slots_used;
	unsigned streams_used, streams_max;
	struct timer stream_timer; /* who has one is settled: host_stream.h */
	struct diaries diaries;    /* of host_ctls */
	int64_t wall_us; /* of controllers_wall_s: UTC at monotonic 0 */
	unsigned shards;
	struct driving *driving; /* owned; of each shard: driving.h */
	struct timer drive_timer, end_timer;
	bool started;
	uint64_t passes;
	bool stopping;
	/* controllers_stop: */
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct timer stop_timer;
	int64_t stop_by_us;
};

/* UTC as it was when this life began, and goes on evenly from there: deadlines
 * and pauses do not move when somebody sets the clock. Times that are shown
 * (conditions, Events) are the clock's. */
int64_t controllers_wall_s(const struct controllers *c);
/* The lease (or whatever guards writes) allows one now. */
/* A write to the object failed: an Event on it if our role lacks the right. */
void controllers_forbidden(struct controllers *c, struct informer *inf,
    const char *key, const struct err *e);
bool controllers_may_write(
    const struct controllers *c, unsigned shard, struct err *e);
/* The informers without which nothing goes; NULL behind the last. */
struct informer *controllers_needed(const struct controllers *c, size_t i);

/* host_ctl.c */
void host_ctl_run(void *arg, const char *key);
void host_ctl_free(void *arg);
/* Starts closing the BMC session; false if there is nothing to wait for. */
bool host_ctl_close(struct host_ctl *ctl);
bool host_ctl_closed(const struct host_ctl *ctl);
/* A write of its is under way, to its BMC or to the API. */
bool host_ctl_writing(const struct host_ctl *ctl);
/* No request about the host is under way, to its BMC or to the API. */
bool host_ctl_quiet(const struct controllers *c, const char *key);
/* machine_ctl.c */
void machine_ctl_run(void *arg, const char *key);
void machine_ctl_free(void *arg);
/* cluster_ctl.c */
void cluster_ctl_run(void *arg, const char *key);
void cluster_ctl_free(void *arg);
/* template_ctl.c */
void template_ctl_run(void *arg, const char *key);
void template_ctl_free(void *arg);
/* What hosts of the namespace have or are labelled with has changed. */
void template_wake(struct controllers *c, const char *ns);
void template_changed(struct controllers *c, const char *key);
/* remediation_ctl.c */
void remediation_ctl_run(void *arg, const char *key);
void remediation_ctl_free(void *arg);
/* News of a host, of a Machine ("ns/name"), of a Cluster. */
void remediation_wake_host(struct controllers *c, const char *key);
void remediation_wake_machine(struct controllers *c, const char *key);
void remediation_wake_everyone(struct controllers *c);

/* Whether an object with this watch-filter label (NULL: none) is of our watch. */
bool controllers_watch(const struct controllers *c, const char *label);

/* When the node of the machine's host registered, which was found by the host's
 * UUID (UTC seconds, by the clock of its cluster); 0: none is known. */
int64_t controllers_node_since(
    const struct controllers *c, const char *machine);

#endif
