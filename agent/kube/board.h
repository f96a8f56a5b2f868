/*
 * What lists of Leases have shown: who holds which shard, which replicas are
 * alive, and Leases of another count of shards. A Lease whose record changes is
 * alive; one that stayed the same for its whole duration on our own clock is
 * not. Wall clocks are not compared.
 */
#ifndef B7_KUBE_BOARD_H
#define B7_KUBE_BOARD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct board;
struct loop;

/* Of n shards; base as in shard.h. Both are borrowed. */
struct board *board_new(struct loop *l, const char *base, unsigned n);
void board_free(struct board *b);
/* The list as kube_reply has it, all of it. */
void board_show(struct board *b, const cJSON *list);

/* The Lease of a shard, NULL = not there; borrowed until the next list. */
const cJSON *board_shard(const struct board *b, unsigned shard);
unsigned board_replicas(const struct board *b); /* alive */
/* shard_quota of that replica, which holds so many by its own count. One that
 * is not seen alive counts as one more. */
unsigned board_quota(
    const struct board *b, const char *identity, unsigned held);
enum board_others {
	BOARD_NONE,
	BOARD_LIVE,     /* out: their names, cut where they are many */
	BOARD_UNDECIDED /* seen first only now: look again */
};
enum board_others board_others(const struct board *b, char *out, size_t cap);
/* The announcement of a replica that was seen dead for minutes; borrowed until
 * the next list. false: none. */
bool board_dead(const struct board *b, const char **name, const char **uid);

#endif
