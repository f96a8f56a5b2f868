#include "common/loop_virtual.h"

#include "common/mem.h"
#include "common/world_core.h"

static bool
key_before(const struct proc *a, const struct proc *b)
{
	if (a->key_us != b->key_us)
		return a->key_us < b->key_us;
	return a->key_seq < b->key_seq;
}

static void
queue_put(struct proc_queue *q, size_t pos, struct proc *p)
{
	q->v[pos] = p;
	p->queue_pos = pos;
}

static void
queue_settle(struct proc_queue *q, size_t pos, struct proc *p)
{
	size_t child;

	while (pos > 1 && key_before(p, q->v[pos / 2])) {
		queue_put(q, pos, q->v[pos / 2]);
		pos /= 2;
	}
	while ((child = 2 * pos) <= q->n) {
		if (child < q->n && key_before(q->v[child + 1], q->v[child]))
			child++;
		if (!key_before(q->v[child], p))
			break;
		queue_put(q, pos, q->v[child]);
		pos = child;
	}
	queue_put(q, pos, p);
}

static void
queue_remove(struct proc_queue *q, struct proc *p)
{
	struct proc *last = q->v[q->n];
	size_t pos = p->queue_pos;

	p->queue_pos = 0;
	q->n--;
	if (last != p)
		queue_settle(q, pos, last);
}

static void
queue_add(struct proc_queue *q, struct proc *p)
{
	if (q->n + 1 >= q->cap) {
		q->cap = q->cap ? 2 * q->cap : 16;
		q->v = xreallocarray(q->v, q->cap, sizeof(q->v[0]));
	}
	q->n++;
	queue_settle(q, q->n, p);
}

/* The earlier of the first timer and the waiting deferred call. */
static bool
proc_key(struct proc *p, int64_t *at_us, uint64_t *seq)
{
	bool timer = loop_core_next(&p->core, at_us, seq);

	if (!loop_core_has_deferred(&p->core)) {
		p->wake = false;
		return timer;
	}
	if (!p->wake) {
		p->wake = true;
		p->wake_us = *p->core.now_us;
		p->wake_seq = (*p->core.seq)++;
	}
	if (!timer || p->wake_us < *at_us ||
	    (p->wake_us == *at_us && p->wake_seq < *seq)) {
		*at_us = p->wake_us;
		*seq = p->wake_seq;
	}
	return true;
}

void
proc_requeue(struct proc *p)
{
	struct proc_queue *q = &p->world->queue;
	int64_t at_us;
	uint64_t seq;

	if (p->in_turn)
		return;
	if (p->core.dead || p->frozen || !proc_key(p, &at_us, &seq)) {
		if (p->queue_pos)
			queue_remove(q, p);
		return;
	}
	if (p->queue_pos && p->key_us == at_us && p->key_seq == seq)
		return;
	p->key_us = at_us;
	p->key_seq = seq;
	if (p->queue_pos)
		queue_settle(q, p->queue_pos, p);
	else
		queue_add(q, p);
}

static void
proc_changed(struct loop *l)
{
	proc_requeue(proc_of(l));
}

static int64_t
proc_wall_us(const struct loop *l)
{
	const struct proc *p = (const struct proc *)l;

	return WORLD_EPOCH_S * LOOP_S + *l->now_us + p->skew_us;
}

static const struct loop_ops virtual_ops = {
	.wall_us = proc_wall_us,
	.changed = proc_changed,
};

void
proc_init(struct proc *p, struct world *w, const int64_t *now_us, uint64_t *seq)
{
	p->world = w;
	loop_core_init(&p->core, &virtual_ops, now_us, seq);
}

void
proc_turn(struct proc *p)
{
	p->in_turn = true;
	if (p->queue_pos)
		queue_remove(&p->world->queue, p);
	loop_core_timers(&p->core);
	loop_core_deferred(&p->core);
	p->wake = false;
	p->in_turn = false;
	proc_requeue(p);
}
