/* What shards.c (Leases), shards_share.c (who has how many) share. */
#ifndef B7_KUBE_SHARDS_IMPL_H
#define B7_KUBE_SHARDS_IMPL_H

#include "agent/kube/board.h"
#include "agent/kube/shards.h"
#include "common/loop.h"
#include "common/random.h"

enum slot_step {
	SLOT_OTHERS, /* not ours */
	SLOT_VEILED, /* the Lease is ours; others' are looked for first */
	SLOT_OURS,
	SLOT_ASKED, /* to be given up */
	SLOT_GOING  /* the Lease is being given up */
};

struct slot {
	struct shards *s;
	unsigned index;
	char name[SHARD_NAME_CAP];
	struct lease *lease;
	enum slot_step step;
	struct deferred renew; /* of the lease object, after a release */
	int64_t free_us;       /* free to take since; 0 = it is not */
};

struct shards {
	struct kube_client *c;
	const struct env *env;
	struct shards_opts o; /* strings owned */
	struct rng rng;
	struct board *board;
	struct slot *slot;    /* o.n of them */
	struct lease *member; /* NULL: one shard */
	char member_name[SHARD_NAME_CAP];
	struct kube_call *list, *sweep;
	struct timer next;
	bool cleared, refused, stopping, settled;
	bool announced;     /* when the list under way was begun */
	int64_t settle_us;  /* until then nothing is taken */
	int64_t keep_us;    /* until then nothing is given up */
	unsigned surplus;   /* lists in a row that showed one */
	unsigned releasing; /* of shards_release */
	struct err err;
	void (*released)(void *arg);
	void *released_arg;
};

static inline bool
slot_ours(const struct slot *t)
{
	return t->step == SLOT_OURS || t->step == SLOT_ASKED;
}

/* Metrics, and (tell) the log. */
void shards_gauge(const struct shards *s, bool tell);
/* After each list: takes what is free up to the share, gives up what is above. */
void shards_balance(struct shards *s);

#endif
