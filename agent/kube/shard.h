/*
 * How work is shared among replicas: which shard a key belongs to, how Leases of
 * shards and replicas are named, how many shards are whose. Nothing here has a
 * state; all replicas, of all versions, must answer alike.
 */
#ifndef B7_KUBE_SHARD_H
#define B7_KUBE_SHARD_H

#include <stdbool.h>
#include <stddef.h>

#define SHARDS_MAX 128
#define SHARD_NAME_CAP 254 /* a DNS subdomain */

/* The shard of "ns/name", below n (>= 1). Consistent: from n to n + 1 shards one
 * key in n + 1 moves, to the new shard. */
unsigned shard_of(const char *key, unsigned n);

/*
 * With base "beskar7-agent": the one Lease of an agent without shards has that
 * name; "beskar7-agent-shard-3-of-8" is one of eight; "beskar7-agent-of-8-rID"
 * announces a replica that wants some of eight.
 */
enum shard_lease_kind {
	SHARD_LEASE_OTHER, /* none of ours */
	SHARD_LEASE_SHARD,
	SHARD_LEASE_REPLICA
};
struct shard_lease {
	enum shard_lease_kind kind;
	unsigned index; /* of a shard */
	unsigned count; /* of the shards that there are */
};
/* false: too long. n == 1: base. */
bool shard_lease_name(
    char out[SHARD_NAME_CAP], const char *base, unsigned index, unsigned n);
bool shard_replica_name(
    char out[SHARD_NAME_CAP], const char *base, const char *id, unsigned n);
struct shard_lease shard_lease_parse(const char *base, const char *name);

/* A replica that is alive, as another one sees it. */
struct shard_replica {
	const char *identity; /* unique */
	unsigned held;
};
/* How many of n shards v[me] should hold: they differ by one at most, add up to
 * n, and are such that as few as possible change hands. */
unsigned shard_quota(
    const struct shard_replica *v, size_t n_v, size_t me, unsigned n);

#endif
