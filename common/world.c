#include "common/world.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/world_core.h"
#include "common/world_net.h"

struct world *
world_new(uint64_t seed)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->seed = seed;
	w->seq = 1;
	w->fabric = fabric_new(w);
	return w;
}

void
world_free(struct world *w)
{
	if (!w)
		return;
	assert(!w->running);
	while (w->n_procs > 0)
		world_reap(&w->procs[w->n_procs - 1]->core);
	fabric_free(w->fabric);
	xfree(w->queue.v);
	xfree(w->procs);
	xfree(w);
}

int64_t
world_now_us(const struct world *w)
{
	return w->now_us;
}

void
world_wall(struct loop *l, int64_t skew_us)
{
	((struct proc *)l)->skew_us = skew_us;
}

struct loop *
world_spawn(
    struct world *w, const char *name, const char *ip, int64_t wall_skew_us)
{
	struct proc *p = xcalloc(1, sizeof(*p));
	bool known;
	char *path;

	proc_init(p, w, &w->now_us, &w->seq);
	p->name = xstrdup(name);
	p->skew_us = wall_skew_us;
	known = http_addr_ip_parse(&p->ip, ip ? ip : "127.0.0.1", 0);
	assert(known);
	(void)known;
	/* A process that is started again must not repeat its tokens. */
	path = xasprintf("%s#%u/entropy", name, ++w->spawned);
	rng_seed(&p->rng, w->seed, path);
	xfree(path);
	p->net = vnet_new(w->fabric, p);
	if (w->n_procs == w->cap_procs) {
		w->cap_procs = w->cap_procs ? 2 * w->cap_procs : 16;
		w->procs =
		    xreallocarray(w->procs, w->cap_procs, sizeof(w->procs[0]));
	}
	w->procs[w->n_procs++] = p;
	return &p->core;
}

struct http_net *
world_net(struct loop *l)
{
	return (struct http_net *)proc_of(l)->net;
}

struct entropy
world_entropy(struct loop *l)
{
	return entropy_virtual(&proc_of(l)->rng);
}

void
world_freeze(struct loop *l, bool on)
{
	struct proc *p = proc_of(l);

	p->frozen = on;
	proc_requeue(p);
}

void
world_kill(struct loop *l)
{
	struct proc *p = proc_of(l);

	if (l->dead)
		return;
	loop_core_kill(l);
	proc_requeue(p);
	vnet_kill(p->net);
}

void
world_reap(struct loop *l)
{
	struct proc *p = proc_of(l);
	struct world *w = p->world;
	size_t i;

	assert(!p->in_turn);
	world_kill(l);
	vnet_free(p->net);
	for (i = 0; w->procs[i] != p; i++)
		;
	w->n_procs--;
	memmove(&w->procs[i], &w->procs[i + 1],
	    (w->n_procs - i) * sizeof(w->procs[0]));
	loop_core_fini(l);
	xfree(p->name);
	xfree(p);
}

/* Something waits in a process that is stopped: time goes on without it. */
static bool
frozen_work(const struct world *w)
{
	size_t i;

	for (i = 0; i < w->n_procs; i++) {
		const struct proc *p = w->procs[i];

		if (p->frozen && !p->core.dead &&
		    (p->core.n > 0 || loop_core_has_deferred(&p->core)))
			return true;
	}
	return false;
}

bool
world_run(struct world *w, int64_t until_us, bool (*done)(void *), void *arg)
{
	bool finished = false;

	assert(!w->running);
	w->running = true;
	while (!finished && w->queue.n > 0) {
		struct proc *p = w->queue.v[1];

		if (p->key_us > until_us)
			break;
		if (p->key_us > w->now_us)
			w->now_us = p->key_us;
		proc_turn(p);
		fabric_sweep(w->fabric);
		finished = done && done(arg);
	}
	if (!finished && w->now_us < until_us &&
	    (w->queue.n > 0 || frozen_work(w)))
		w->now_us = until_us;
	w->running = false;
	return finished;
}
