/* A source of bytes that answers when it is told to: at once, later, in another
 * order, with an error, with other bytes, with fewer. */
#ifndef B7_SOURCE_RIG_H
#define B7_SOURCE_RIG_H

#include "agent/media/source.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#define SOURCE_RIG_WAITS 64

struct source_wait {
	uint64_t at;
	size_t n;
	source_fn *fn;
	void *arg;
};
struct source_rig {
	struct source source;
	const uint8_t *p; /* borrowed: its bytes */
	struct source_wait v[SOURCE_RIG_WAITS];
	size_t n_v;
	unsigned reads, cancelled;
	bool later; /* source_rig_let() answers */
	/* How it answers: */
	enum err_kind fails;
	unsigned fails_from; /* reads from that one on, counted from 1 */
	size_t fewer;        /* bytes left out at the end */
	uint64_t other;      /* bytes of there instead, from `at` on */
};

static inline void
source_rig_answer(struct source_rig *s, const struct source_wait *w)
{
	struct err e;

	if (s->fails != ERR_NONE) {
		(void)err_set(&e, s->fails, 0, "scripted");
		w->fn(w->arg, NULL, 0, &e);
	} else {
		w->fn(w->arg, s->p + w->at + s->other, w->n - s->fewer, NULL);
	}
}

static inline void
source_rig_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct source_rig *s = self;
	const struct source_wait w = { at, n, fn, arg };

	s->reads++;
	CU_ASSERT_TRUE_FATAL(
	    n > 0 && at < s->source.size && n <= s->source.size - at);
	if (s->fails_from > 0 && s->reads >= s->fails_from)
		s->fails = ERR_NET;
	CU_ASSERT_TRUE_FATAL(s->n_v < SOURCE_RIG_WAITS);
	if (s->later)
		s->v[s->n_v++] = w;
	else
		source_rig_answer(s, &w);
}

static inline void
source_rig_cancel(void *self, void *arg)
{
	struct source_rig *s = self;

	for (size_t i = 0; i < s->n_v; i++)
		if (s->v[i].arg == arg) {
			s->v[i] = s->v[--s->n_v];
			s->cancelled++;
			return;
		}
}

/* The i-th of those that wait. */
static inline void
source_rig_let_one(struct source_rig *s, size_t i)
{
	struct source_wait w = s->v[i];

	CU_ASSERT_TRUE_FATAL(i < s->n_v);
	memmove(&s->v[i], &s->v[i + 1], (s->n_v - i - 1) * sizeof(w));
	s->n_v--;
	source_rig_answer(s, &w);
}

/* Until nobody waits; the last one first. */
static inline void
source_rig_let(struct source_rig *s)
{
	while (s->n_v > 0)
		source_rig_let_one(s, s->n_v - 1);
}

static inline void
source_rig_init(struct source_rig *s, const uint8_t *p, uint64_t size)
{
	*s = (struct source_rig){ .p = p };
	s->source = (struct source){ .size = size,
		.read = source_rig_read,
		.cancel = source_rig_cancel,
		.self = s };
}

#endif
