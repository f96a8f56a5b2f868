/* See workq.h. Items live from their first add until they run. */
#include "agent/control/workq.h"

#include <stdbool.h>
#include <sys/queue.h>

#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"

/* Passes a turn: enough to keep up, few enough to keep I/O fair. */
#define WORKQ_BATCH 64

struct workq_item {
	char *key; /* owned */
	struct workq *q;
	struct timer delay;
	bool due; /* stands in q->due */
	TAILQ_ENTRY(workq_item) entry;
};

struct workq {
	struct loop *loop; /* borrowed */
	void (*run)(void *arg, const char *key);
	void *arg;
	struct map items; /* key -> struct workq_item, owned */
	TAILQ_HEAD(, workq_item) due;
	size_t n_due;
	struct timer drain;
};

static void workq_drain(void *arg);

struct workq *
workq_new(struct loop *l, void (*run)(void *arg, const char *key), void *arg)
{
	struct workq *q = xcalloc(1, sizeof(*q));

	q->loop = l;
	q->run = run;
	q->arg = arg;
	TAILQ_INIT(&q->due);
	return q;
}

static void
workq_item_free(void *p)
{
	struct workq_item *it = p;

	timer_stop(&it->delay);
	xfree(it->key);
	xfree(it);
}

void
workq_free(struct workq *q)
{
	if (q == NULL)
		return;
	timer_stop(&q->drain);
	map_free(&q->items, workq_item_free);
	xfree(q);
}

static struct workq_item *
workq_item(struct workq *q, const char *key)
{
	struct workq_item *it = map_get(&q->items, key);

	if (it != NULL)
		return it;
	it = xcalloc(1, sizeof(*it));
	it->key = xstrdup(key);
	it->q = q;
	(void)map_put(&q->items, key, it); /* it was not there */
	return it;
}

static void
workq_due(void *arg)
{
	struct workq_item *it = arg;
	struct workq *q = it->q;

	if (it->due)
		return;
	timer_stop(&it->delay);
	it->due = true;
	TAILQ_INSERT_TAIL(&q->due, it, entry);
	q->n_due++;
	if (!timer_armed(&q->drain))
		timer_start(q->loop, &q->drain, 0, workq_drain, q);
}

static void
workq_drain(void *arg)
{
	struct workq *q = arg;
	int left = WORKQ_BATCH;

	while (left-- > 0 && !TAILQ_EMPTY(&q->due)) {
		struct workq_item *it = TAILQ_FIRST(&q->due);

		TAILQ_REMOVE(&q->due, it, entry);
		q->n_due--;
		(void)map_take(&q->items, it->key); /* it is freed below */
		q->run(q->arg, it->key);
		workq_item_free(it);
	}
	if (!TAILQ_EMPTY(&q->due))
		timer_start(q->loop, &q->drain, 0, workq_drain, q);
}

void
workq_add(struct workq *q, const char *key)
{
	workq_due(workq_item(q, key));
}

void
workq_add_after(struct workq *q, const char *key, int64_t delay_us)
{
	struct workq_item *it = workq_item(q, key);

	if (it->due)
		return;
	if (timer_armed(&it->delay) &&
	    it->delay.at_us <= loop_mono_us(q->loop) + delay_us)
		return;
	timer_start(q->loop, &it->delay, delay_us, workq_due, it);
}

void
workq_forget(struct workq *q, const char *key)
{
	struct workq_item *it = map_get(&q->items, key);

	if (it == NULL || it->due)
		return;
	(void)map_take(&q->items, key); /* it is freed here */
	workq_item_free(it);
}

int64_t
workq_at(const struct workq *q, const char *key)
{
	const struct workq_item *it = map_get(&q->items, key);

	if (it == NULL)
		return -1;
	return it->due ? loop_mono_us(q->loop) : it->delay.at_us;
}

size_t
workq_depth(const struct workq *q)
{
	return q->n_due;
}
