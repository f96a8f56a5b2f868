/*
 * Leader election on a coordination.k8s.io Lease.
 *
 * Wall clocks are written for people and never compared. A challenger starts
 * its own monotonic clock when it sees the record change and takes the lease
 * only when the holder's full duration passed without another change. The
 * holder counts from the moment *before* it sent the renewal that succeeded,
 * and stops deadline_us later, which is shorter than duration_us: the old
 * leader is always silent before the new one may act. The loop's clock runs
 * through suspend and SIGSTOP (CLOCK_BOOTTIME), and lease_held asks it anew.
 *
 * What the old leader sent in time may be executed later: lease_outlived tells
 * that it did not give up, so that its successor waits for that.
 */
#ifndef B7_KUBE_LEASE_H
#define B7_KUBE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/kube/client.h"

struct lease;

struct lease_opts {
	const char *ns, *name;
	const char *identity; /* unique per process life, e.g. "host_uuid" */
	int64_t duration_us;  /* 0 = 15 s; whole seconds */
	int64_t deadline_us;  /* 0 = 10 s; < duration */
	int64_t renew_us;     /* 0 = 4 s; < deadline; -20 % jitter */
	int64_t retry_us;     /* 0 = 2 s; jittered; after a failure, and how
	                       * often a challenger looks */
	bool unmeasured;      /* no metric: names of that kind come and go */
	bool fed; /* a challenger never looks: lease_saw, lease_take */
	void (*gained)(void *arg);
	void (*lost)(void *arg); /* at once; all mutations must stop */
	void *arg;
};

struct lease *lease_new(struct kube_client *c, const struct lease_opts *o);
void lease_start(struct lease *l);
/* Without lease_release the record stays: others wait out the duration. */
void lease_free(struct lease *l);
/* Gives it up (holderIdentity ""), so that another may take it at once; lost
 * runs first if it was held. done may be NULL; it runs also on failure. */
void lease_release(struct lease *l, void (*done)(void *arg), void *arg);

/* Asked before every write: true only while the last confirmed renewal is
 * younger than the deadline, by the loop's clock now. */
bool lease_held(const struct lease *l);
/* The present term, or the last one, began after a holder that did not give up:
 * what it asked of others may still be under way. */
bool lease_outlived(const struct lease *l);
/* As a gate for kube_client_set_gate and for BMC writes: ERR_SPEC with a
 * message when it is not held. arg is the lease. */
bool lease_gate(void *arg, unsigned shard, struct err *e);

/* ---- with opts.fed: one list serves many ----------------------------------- */

struct cJSON;
/* A list, begun when nothing of ours was under way, shows it so; NULL: not
 * there. Nothing while it is held. */
void lease_saw(struct lease *l, const struct cJSON *record);
bool lease_free_to_take(const struct lease *l);
bool lease_taking(const struct lease *l); /* the answer is not there yet */
/* One attempt, if it is free to take; gained, or nothing. */
void lease_take(struct lease *l);

struct lease_status {
	bool held;
	int64_t valid_until_us; /* loop clock; 0 = never held */
	int64_t gained_us;      /* loop clock; of the current or last term */
	const char *holder;     /* as last seen; "" = nobody */
	int64_t transitions;    /* leaseTransitions as last seen */
	struct err err;         /* last failure; ERR_NONE once healthy */
	uint64_t renewals, failures;
};
void lease_status(const struct lease *l, struct lease_status *s);

#endif
