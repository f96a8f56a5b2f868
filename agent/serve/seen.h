/*
 * What was read of one medium: which parts, when, how much. Rules made of it
 * tell a boot catalog that was looked at from a kernel that was loaded, and a
 * BMC that downloads everything at once from one that reads as it boots.
 */
#ifndef B7_AGENT_SERVE_SEEN_H
#define B7_AGENT_SERVE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_BITS 8192 /* 1 KiB; a bit stands for 2048 bytes or more */
#define SEEN_MARKS 16

/* A part whose reading means something: exact, whatever a bit stands for. */
struct seen_mark {
	uint64_t at, n;
	unsigned what;             /* of whoever set it */
	uint64_t bytes;            /* served of it, repeated ones too */
	int64_t first_us, last_us; /* loop's clock; 0 = never */
};
struct seen {
	uint64_t size, grain; /* grain: bytes that a bit stands for */
	uint64_t *bits;       /* owned; NULL: nothing was read */
	uint64_t parts;       /* bits that are set */
	uint64_t bytes;       /* served, repeated ones too */
	/* [0, in_order) was read, each piece where the one before ended. */
	uint64_t in_order;
	uint64_t gets, heads;
	int64_t first_us, last_us; /* loop's clock; 0 = never */
	struct seen_mark marks[SEEN_MARKS];
	size_t n_marks;
};

void seen_init(struct seen *s, uint64_t size);
void seen_free(struct seen *s);
/* false: no room. What was read before does not count for it. */
bool seen_mark(struct seen *s, unsigned what, uint64_t at, uint64_t n);
/* [at, at + n) was handed to the network. */
void seen_add(struct seen *s, uint64_t at, uint64_t n, int64_t now_us);
/* Anything near [at, at + n), as exact as a bit is. */
bool seen_any(const struct seen *s, uint64_t at, uint64_t n);
unsigned seen_permille(const struct seen *s); /* of the parts; 1000 = all */
/* Of all marks of that kind together; NULL = was never read. */
const struct seen_mark *seen_first(const struct seen *s, unsigned what);
/* From its first byte to its last, in order: a download, not a boot. */
static inline bool
seen_downloaded(const struct seen *s)
{
	return s->size > 0 && s->in_order == s->size;
}

#endif
