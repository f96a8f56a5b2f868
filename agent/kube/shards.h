/*
 * Leader election of replicas that share the work: one Lease per shard
 * (shard.h), of which each replica holds its part.
 *
 * With one shard this is a Lease as ever: one leads, the others stand by. With
 * more, each replica announces itself by a Lease of its own, lists all of them
 * every two seconds, takes what is free up to its share (shard_quota) and gives
 * up what is above it, in order: `asked` first, the Lease after shards_given.
 * Who is dead or cut off is found out as with any Lease: by a record that did
 * not change for its whole duration on the watcher's own clock.
 *
 * Hosts go by another hash under another count, so Leases of another count that
 * are renewed refuse the start. To be sure of that where both start at once, a
 * replica writes a Lease of its own first, then looks for others', then acts.
 */
#ifndef B7_KUBE_SHARDS_H
#define B7_KUBE_SHARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/kube/client.h"
#include "agent/kube/lease.h"
#include "agent/kube/shard.h"

struct shards;

struct shards_opts {
	const char *ns, *name; /* of the Lease, or their base */
	const char *identity;  /* unique per process life */
	const char *id;        /* the same, as part of an object's name */
	unsigned n;            /* shards; 0 = 1 */
	/* outlived: lease_outlived. */
	void (*gained)(void *arg, unsigned shard, bool outlived);
	/* At once; nothing of that shard may be written any more. */
	void (*lost)(void *arg, unsigned shard);
	/* It is to be given up: still held until shards_given. Only if n > 1. */
	void (*asked)(void *arg, unsigned shard);
	/* Live Leases of another count: nothing is held or will be. */
	void (*refused)(void *arg, const struct err *e);
	void *arg;
};

struct shards *shards_new(struct kube_client *c, const struct shards_opts *o);
void shards_start(struct shards *s);
void shards_free(struct shards *s); /* silent, as lease_free */
/* Nothing of it is under way any more (clean), or not all is known to have
 * ended: then the Lease is left to run out. */
void shards_given(struct shards *s, unsigned shard, bool clean);
/* Gives up all that is held, and is no replica any more. A shard that clean
 * (borrowed for the call) says false of is left to run out. done runs also on
 * failure. */
void shards_release(struct shards *s, bool (*clean)(void *arg, unsigned shard),
    void (*done)(void *arg), void *arg);

unsigned shards_count(const struct shards *s);
/* As lease_held and lease_gate, of one shard; KUBE_ANY_SHARD: of any. */
bool shards_held(const struct shards *s, unsigned shard);
bool shards_gate(const struct shards *s, unsigned shard, struct err *e);
unsigned shards_held_count(const struct shards *s);
/* "0 3 7", "all" or "none"; cut if it is longer than cap. */
void shards_held_text(const struct shards *s, char *out, size_t cap);
/* Who holds it as last seen; "" = nobody. Borrowed. */
const char *shards_holder(const struct shards *s, unsigned shard);
/* Replicas seen alive, with this one; 0 = not known (one shard, or too early). */
unsigned shards_replicas(const struct shards *s);

#endif
