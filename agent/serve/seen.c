/* See seen.h. */
#include "agent/serve/seen.h"

#include "common/mem.h"

#define SEEN_GRAIN 2048

static uint64_t
parts_of(const struct seen *s)
{
	return (s->size + s->grain - 1) / s->grain;
}

void
seen_init(struct seen *s, uint64_t size)
{
	*s = (struct seen){ .size = size, .grain = SEEN_GRAIN };
	while (parts_of(s) > SEEN_BITS)
		s->grain *= 2;
}

void
seen_free(struct seen *s)
{
	xfree(s->bits);
	s->bits = NULL;
}

bool
seen_mark(struct seen *s, unsigned what, uint64_t at, uint64_t n)
{
	if (s->n_marks == SEEN_MARKS)
		return false;
	s->marks[s->n_marks++] =
	    (struct seen_mark){ .at = at, .n = n, .what = what };
	return true;
}

static void
add_marks(struct seen *s, uint64_t at, uint64_t n, int64_t now_us)
{
	for (size_t i = 0; i < s->n_marks; i++) {
		struct seen_mark *m = &s->marks[i];
		uint64_t from = at > m->at ? at : m->at;
		uint64_t to = at + n < m->at + m->n ? at + n : m->at + m->n;

		if (from >= to)
			continue;
		if (m->bytes == 0)
			m->first_us = now_us;
		m->last_us = now_us;
		m->bytes += to - from;
	}
}

void
seen_add(struct seen *s, uint64_t at, uint64_t n, int64_t now_us)
{
	if (n == 0 || at >= s->size || n > s->size - at)
		return;
	if (s->bits == NULL) {
		s->bits = xcalloc(SEEN_BITS / 64, sizeof(*s->bits));
		s->first_us = now_us;
	}
	s->last_us = now_us;
	s->bytes += n;
	for (uint64_t i = at / s->grain; i <= (at + n - 1) / s->grain; i++) {
		uint64_t bit = 1ull << (i % 64);

		s->parts += (s->bits[i / 64] & bit) == 0;
		s->bits[i / 64] |= bit;
	}
	if (at <= s->in_order && at + n > s->in_order)
		s->in_order = at + n;
	add_marks(s, at, n, now_us);
}

bool
seen_any(const struct seen *s, uint64_t at, uint64_t n)
{
	if (s->bits == NULL || n == 0 || at >= s->size)
		return false;
	if (n > s->size - at)
		n = s->size - at;
	for (uint64_t i = at / s->grain; i <= (at + n - 1) / s->grain; i++)
		if ((s->bits[i / 64] >> (i % 64) & 1) != 0)
			return true;
	return false;
}

unsigned
seen_permille(const struct seen *s)
{
	return s->size == 0 ? 0 : (unsigned)(s->parts * 1000 / parts_of(s));
}

const struct seen_mark *
seen_first(const struct seen *s, unsigned what)
{
	const struct seen_mark *first = NULL;

	for (size_t i = 0; i < s->n_marks; i++) {
		const struct seen_mark *m = &s->marks[i];

		if (m->what == what && m->bytes > 0 &&
		    (first == NULL || m->first_us < first->first_us))
			first = m;
	}
	return first;
}
