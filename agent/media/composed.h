/*
 * A composed image: pieces without gaps, each of the base, of memory, or zeros.
 * Immutable: any range read twice gives the same bytes.
 */
#ifndef B7_AGENT_MEDIA_COMPOSED_H
#define B7_AGENT_MEDIA_COMPOSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum composed_kind {
	COMPOSED_BASE,
	COMPOSED_MEMORY,
	COMPOSED_ZERO
};

struct composed_piece {
	uint64_t at, n; /* of the composed image, bytes */
	enum composed_kind kind;
	uint64_t from;    /* base: where in it */
	const uint8_t *p; /* memory: borrowed from the image */
};

struct composed {
	uint64_t size;
	struct composed_piece *v; /* owned, sorted, without gaps */
	size_t n, cap;
	uint8_t *memory; /* owned: all replaced and added bytes */
	size_t n_memory;
};

void composed_free(struct composed *c); /* wipes what was added */
/* The piece, or part of one, that [*at, end) begins with; *at moves behind it.
 * false at the end. end is cut to the size. */
bool composed_next(const struct composed *c, uint64_t *at, uint64_t end,
    struct composed_piece *piece);
/* Bytes held in memory, for limits and metrics. */
size_t composed_memory(const struct composed *c);

#endif
