/*
 * Which shards this process drives: all objects whose key falls into one. A shard
 * that came to a process that runs already is driven once the caches are known
 * to hold what its former driver wrote; one that goes in order is driven until
 * nothing of it is under way.
 */
#ifndef B7_CONTROL_DRIVING_H
#define B7_CONTROL_DRIVING_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/controllers.h"

struct host_brief;

enum driving_step {
	DRIVING_NOT,
	DRIVING_SOON, /* when the caches are fresh */
	DRIVING,
	DRIVING_ENDS /* nothing new is begun */
};
struct driving {
	enum driving_step step;
	int64_t since_us; /* it was taken */
	/* Until then what a former driver asked of a BMC may be executed. */
	int64_t hold_us;
	int64_t end_by_us; /* it is not waited for longer */
	bool asked;        /* the caches, to be fresh */
};

void driving_init(struct controllers *c, unsigned shards);
void driving_fini(struct controllers *c);
unsigned driving_shard(const struct controllers *c, const char *key);
/* A pass over the object of that key may begin. */
bool driving_key(const struct controllers *c, const char *key);
/* What the object's driver of before may have asked for last is not certain to
 * have ended: for so long. 0 = it has. */
int64_t driving_hold_us(const struct controllers *c, const char *key);
/* Since when its shard is this process's, by the loop's clock. */
int64_t driving_since_us(const struct controllers *c, const char *key);
struct informer;
size_t driving_count(const struct controllers *c, const struct informer *inf);
/* This process's part of a limit of the whole fleet; at least one. */
unsigned driving_part(const struct controllers *c, unsigned limit);

#endif
