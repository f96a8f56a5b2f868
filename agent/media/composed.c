/* See composed.h. */
#include "agent/media/composed.h"

#include <string.h>

#include "common/mem.h"

void
composed_free(struct composed *c)
{
	if (c->memory != NULL)
		secret_wipe(c->memory, c->n_memory);
	xfree(c->memory);
	xfree(c->v);
	memset(c, 0, sizeof(*c));
}

bool
composed_next(const struct composed *c, uint64_t *at, uint64_t end,
    struct composed_piece *piece)
{
	size_t low = 0, high = c->n;
	uint64_t skip;

	if (end > c->size)
		end = c->size;
	if (*at >= end)
		return false;
	while (low + 1 < high) { /* the last that begins at or before */
		size_t mid = low + (high - low) / 2;

		if (c->v[mid].at <= *at)
			low = mid;
		else
			high = mid;
	}
	*piece = c->v[low];
	skip = *at - piece->at;
	piece->at = *at;
	piece->n -= skip;
	piece->from += skip;
	if (piece->kind == COMPOSED_MEMORY)
		piece->p += skip;
	if (piece->n > end - *at)
		piece->n = end - *at;
	*at += piece->n;
	return true;
}

size_t
composed_memory(const struct composed *c)
{
	return c->n_memory + c->cap * sizeof(*c->v);
}
