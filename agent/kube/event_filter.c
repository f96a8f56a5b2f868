/* See event_filter.h. */
#include "agent/kube/event_filter.h"

#include "common/loop.h"
#include "common/mem.h"

#define REFILL_US LOOP_MIN

/* Either counts up within a window, or spent events that time gives back. */
struct event_bucket {
	int64_t since_us;
	unsigned n;
};

/* Room for one more: what time has emptied goes, else all. */
static void
filter_sweep(struct map *m, int64_t window_us, int64_t now_us)
{
	struct map kept = { .v = NULL };

	if (m->n < EVENT_FILTER_MAX)
		return;
	for (size_t i = 0; i < m->n; i++) {
		struct event_bucket *b = m->v[i].value;

		if (now_us - b->since_us < window_us / 2)
			(void)map_put(&kept, m->v[i].key, b); /* new there */
		else
			xfree(b);
	}
	map_free(m, NULL);
	if (kept.n > EVENT_FILTER_MAX / 2) {
		map_free(&kept, xfree);
		kept = (struct map){ .v = NULL };
	}
	*m = kept;
}

static struct event_bucket *
filter_bucket(struct map *m, const char *key, int64_t window_us, int64_t now_us)
{
	struct event_bucket *b = map_get(m, key);

	if (b != NULL)
		return b;
	filter_sweep(m, window_us, now_us);
	b = xcalloc(1, sizeof(*b));
	b->since_us = now_us;
	(void)map_put(m, key, b); /* was not there */
	return b;
}

bool
event_filter_similar(struct event_filter *f, const char *group,
    int64_t window_us, int64_t now_us)
{
	struct event_bucket *b =
	    filter_bucket(&f->similar, group, window_us, now_us);

	if (now_us - b->since_us >= window_us)
		*b = (struct event_bucket){ .since_us = now_us };
	return ++b->n > EVENT_SIMILAR_MAX;
}

bool
event_filter_spam(struct event_filter *f, const char *object, int64_t now_us)
{
	struct event_bucket *b =
	    filter_bucket(&f->objects, object, EVENT_BURST * REFILL_US, now_us);
	int64_t back = (now_us - b->since_us) / REFILL_US;

	b->n -= back < b->n ? (unsigned)back : b->n;
	b->since_us = b->n == 0 ? now_us : b->since_us + back * REFILL_US;
	if (b->n >= EVENT_BURST)
		return true;
	b->n++;
	return false;
}

void
event_filter_free(struct event_filter *f)
{
	map_free(&f->similar, xfree);
	map_free(&f->objects, xfree);
}
