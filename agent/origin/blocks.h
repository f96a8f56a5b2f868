/*
 * Recent blocks of 1 MiB of a few sources, bounded, shared by all readers: a
 * block that several ask for is read once. Sources are told apart by a name,
 * which must change with their bytes. Blocks that will be wanted are read ahead,
 * if the source's `ahead` is called: those that nobody came to yet, together with
 * those on their way, are at most a quarter of what is kept.
 */
#ifndef B7_AGENT_ORIGIN_BLOCKS_H
#define B7_AGENT_ORIGIN_BLOCKS_H

#include "agent/media/source.h"
#include "common/env.h"

#define BLOCKS_SIZE (1u << 20)

struct blocks;
/* max: bytes kept, at least one block; what is being read comes on top. */
struct blocks *blocks_new(const struct env *env, size_t max);
void blocks_free(struct blocks *b); /* after all its views */

/* A source that reads from another one through the cache. */
struct blocks_view;
struct blocks_view *blocks_view_new(
    struct blocks *b, const char *name, const struct source *from);
const struct source *blocks_view_source(struct blocks_view *v);
void blocks_view_free(struct blocks_view *v); /* cancels its reads, silently */

struct blocks_counts {
	size_t bytes;          /* kept */
	uint64_t hits, misses; /* misses: all that was read */
	uint64_t ahead;        /* of the misses: before anybody wanted them */
};
struct blocks_counts blocks_counts(const struct blocks *b);

#endif
