/*
 * The set of Leases of one replica. What the list shows of others is board.c's;
 * here is what is done about it.
 *
 *   look for Leases of another count -> one shard:  its Lease -> look again
 *                                    -> more: announce -> look again -> balance
 */
#include "agent/kube/shards.h"

#include <string.h>

#include "agent/kube/own.h"
#include "agent/kube/shards_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define LOOK_US (2 * LOOP_S)

static void look(void *arg);

static void
look_in(struct shards *s, int64_t us)
{
	int64_t spread = (int64_t)rng_below(&s->rng, (uint64_t)us / 2 + 1);

	timer_start(s->env->loop, &s->next, us - spread, look, s);
}

/* ---- one shard ------------------------------------------------------------------- */

static void
slot_begin(struct slot *t)
{
	struct shards *s = t->s;

	t->step = SLOT_OURS;
	shards_gauge(s, true);
	s->o.gained(s->o.arg, t->index, lease_outlived(t->lease));
}

static void
slot_gained(void *arg)
{
	struct slot *t = arg;
	struct shards *s = t->s;

	t->free_us = 0;
	if (s->o.n > 1) {
		slot_begin(t);
		return;
	}
	/* Ours is written: whoever is of another count and starts now sees it.
	 * Who did before is seen by us. */
	t->step = SLOT_VEILED;
	s->cleared = false;
	if (s->list == NULL)
		look(s);
}

static void
slot_lost(void *arg)
{
	struct slot *t = arg;
	bool ours = slot_ours(t);

	if (t->step == SLOT_GOING)
		return; /* released; told before */
	t->step = SLOT_OTHERS;
	if (!ours)
		return;
	shards_gauge(t->s, true);
	t->s->o.lost(t->s->o.arg, t->index);
}

static void
slot_open(struct slot *t)
{
	struct shards *s = t->s;
	struct lease_opts o = { .ns = s->o.ns,
		.name = t->name,
		.identity = s->o.identity,
		.fed = s->o.n > 1,
		.gained = slot_gained,
		.lost = slot_lost,
		.arg = t };

	t->step = SLOT_OTHERS;
	t->lease = lease_new(s->c, &o);
}

/* Not inside of the lease's own callback. */
static void
slot_renew(void *arg)
{
	struct slot *t = arg;

	lease_free(t->lease);
	slot_open(t);
	lease_start(t->lease);
}

static void
slot_released(void *arg)
{
	struct slot *t = arg;

	loop_defer(t->s->env->loop, &t->renew, slot_renew, t);
}

void
shards_given(struct shards *s, unsigned shard, bool clean)
{
	struct slot *t = &s->slot[shard];

	if (t->step != SLOT_ASKED)
		return; /* lost meanwhile */
	t->step = SLOT_GOING;
	LOGI(s->env->log, "shard given up", F_STR("lease", t->name),
	    F_STR("how", clean ? "in order" : "left to run out"));
	shards_gauge(s, true);
	if (clean)
		lease_release(t->lease, slot_released, t);
	else
		slot_released(t);
}

/* ---- Leases of another count --------------------------------------------------------- */

static bool
refuse_clean(void *arg, unsigned shard)
{
	(void)arg;
	(void)shard;
	return true; /* nothing was driven */
}

static void
refuse_over(void *arg)
{
	struct shards *s = arg;

	s->o.refused(s->o.arg, &s->err);
}

/* Nothing was driven by this process, or will be: what it wrote of itself goes. */
static void
refuse(struct shards *s, const char *live)
{
	s->refused = true;
	(void)err_set(&s->err, ERR_SPEC, 0,
	    "--shards=%u is refused: live Leases in namespace %.60s are of "
	    "another count: %.300s; stop their replicas first",
	    s->o.n, s->o.ns, live);
	LOGE(s->env->log, "not started", F_ERR(&s->err));
	shards_release(s, refuse_clean, refuse_over, s);
}

/* true: there are none, or none that is renewed. */
static bool
others_judged(struct shards *s)
{
	char live[320];

	switch (board_others(s->board, live, sizeof(live))) {
	case BOARD_NONE:
		return true;
	case BOARD_LIVE:
		if (shards_held_count(s) == 0)
			refuse(s, live);
		else
			LOGW(s->env->log, "Leases of another count of shards",
			    F_STR("leases", live));
		return false;
	case BOARD_UNDECIDED:
		break;
	}
	return false;
}

static void
announce(struct shards *s)
{
	if (s->o.n == 1)
		lease_start(s->slot[0].lease);
	else
		lease_start(s->member);
}

static void
go_on(struct shards *s)
{
	struct slot *t = &s->slot[0];

	if (s->o.n == 1 && t->step == SLOT_VEILED) {
		s->cleared = true;
		if (lease_held(t->lease))
			slot_begin(t);
		else
			t->step = SLOT_OTHERS;
	} else if (!s->announced) {
		announce(s);
	} else {
		s->cleared = true; /* this list is younger than our Lease */
	}
}

/* ---- looking --------------------------------------------------------------------------- */

static void
swept(void *arg, const struct kube_reply *r)
{
	struct shards *s = arg;

	(void)r; /* the next one to look tries again */
	s->sweep = NULL;
}

/* What replicas of former days announced. One sweeps, and one at a time. */
static void
sweep(struct shards *s)
{
	struct kube_request rq = { .verb = KUBE_DELETE,
		.res = &KUBE_LEASES,
		.ns = s->o.ns,
		.lane = KUBE_LANE_LEASE,
		.done = swept,
		.arg = s };

	if (s->sweep != NULL || !shards_held(s, 0) ||
	    !board_dead(s->board, &rq.name, &rq.precond_uid))
		return;
	s->sweep = kube_start(s->c, &rq);
}

static void
feed(struct shards *s)
{
	for (unsigned i = 0; i < s->o.n; i++)
		lease_saw(s->slot[i].lease, board_shard(s->board, i));
}

/* Old roles have no `list`: what there was with one shard goes on. */
static bool
blind(const struct shards *s, const struct err *e)
{
	return s->o.n == 1 && e->kind == ERR_AUTH;
}

/* What the list says of shards. */
static void
share(struct shards *s)
{
	feed(s);
	if (!s->cleared)
		return;
	shards_balance(s);
	sweep(s);
}

static void
looked(void *arg, const struct kube_reply *r)
{
	struct shards *s = arg;
	bool well = r->err.kind == ERR_NONE;
	bool on = !well ? blind(s, &r->err) : s->cleared;

	s->list = NULL;
	if (!well && s->err.kind != r->err.kind)
		LOGW(s->env->log, "Leases cannot be listed", F_ERR(&r->err));
	s->err = r->err;
	if (well)
		board_show(s->board, r->object);
	if (well && !on)
		on = others_judged(s);
	if (on && !s->cleared)
		go_on(s);
	if (s->refused || s->stopping)
		return;
	if (well && s->o.n > 1)
		share(s);
	/* One shard: not once its Lease is looked for, until that is ours. */
	if (s->o.n > 1 || !on)
		look_in(s, LOOK_US);
}

static void
look(void *arg)
{
	struct shards *s = arg;
	struct kube_request rq = { .verb = KUBE_LIST,
		.res = &KUBE_LEASES,
		.ns = s->o.ns,
		.lane = KUBE_LANE_LEASE,
		.timeout_us = 3 * LOOP_S,
		.done = looked,
		.arg = s };

	timer_stop(&s->next);
	s->announced = s->member != NULL && lease_held(s->member);
	s->list = kube_start(s->c, &rq);
}

/* ---- life ------------------------------------------------------------------------------- */

static void
member_gained(void *arg)
{
	(void)arg; /* the next list goes on */
}

static void
open_member(struct shards *s)
{
	struct lease_opts o = { .ns = s->o.ns,
		.name = s->member_name,
		.identity = s->o.identity,
		.unmeasured = true,
		.gained = member_gained,
		.arg = s };

	if (s->o.n > 1)
		s->member = lease_new(s->c, &o);
}

struct shards *
shards_new(struct kube_client *c, const struct shards_opts *o)
{
	struct shards *s = xcalloc(1, sizeof(*s));
	char path[300];

	s->c = c;
	s->env = kube_client_env(c);
	s->o = *o;
	s->o.n = o->n == 0 ? 1 : o->n;
	s->o.ns = xstrdup(o->ns);
	s->o.name = xstrdup(o->name);
	s->o.identity = xstrdup(o->identity);
	s->o.id = xstrdup(o->id);
	(void)str_format(
	    path, sizeof(path), "%s/kube/shards/%s", s->env->name, o->name);
	rng_seed(&s->rng, s->env->seed, path);
	s->board = board_new(s->env->loop, s->o.name, s->o.n);
	s->slot = xcalloc(s->o.n, sizeof(*s->slot));
	for (unsigned i = 0; i < s->o.n; i++) {
		s->slot[i].s = s;
		s->slot[i].index = i;
		(void)shard_lease_name(s->slot[i].name, s->o.name, i, s->o.n);
		slot_open(&s->slot[i]);
	}
	(void)shard_replica_name(s->member_name, s->o.name, s->o.id, s->o.n);
	open_member(s);
	shards_gauge(s, false);
	return s;
}

void
shards_start(struct shards *s)
{
	for (unsigned i = 0; i < s->o.n && s->o.n > 1; i++)
		lease_start(s->slot[i].lease); /* it waits to be fed */
	look(s);
}

void
shards_free(struct shards *s)
{
	if (s == NULL)
		return;
	kube_cancel(s->list);
	kube_cancel(s->sweep);
	timer_stop(&s->next);
	for (unsigned i = 0; i < s->o.n; i++) {
		deferred_cancel(&s->slot[i].renew);
		lease_free(s->slot[i].lease);
	}
	lease_free(s->member);
	board_free(s->board);
	xfree(s->slot);
	kube_free_const(s->o.ns);
	kube_free_const(s->o.name);
	kube_free_const(s->o.identity);
	kube_free_const(s->o.id);
	xfree(s);
}

/* ---- the end ---------------------------------------------------------------------------- */

static void
release_one_over(void *arg)
{
	struct shards *s = arg;
	void (*done)(void *arg) = s->released;

	if (--s->releasing > 0)
		return;
	s->released = NULL;
	if (done != NULL)
		done(s->released_arg);
}

static void
member_deleted(void *arg, const struct kube_reply *r)
{
	struct shards *s = arg;

	(void)r; /* it runs out, and is swept */
	s->sweep = NULL;
	release_one_over(s);
}

/* Others reckon without it from their next look on. */
static void
member_released(void *arg)
{
	struct shards *s = arg;
	const struct kube_request rq = { .verb = KUBE_DELETE,
		.res = &KUBE_LEASES,
		.ns = s->o.ns,
		.name = s->member_name,
		.lane = KUBE_LANE_LEASE,
		.timeout_us = 3 * LOOP_S,
		.done = member_deleted,
		.arg = s };

	kube_cancel(s->sweep);
	s->sweep = kube_start(s->c, &rq);
}

void
shards_release(struct shards *s, bool (*clean)(void *arg, unsigned shard),
    void (*done)(void *arg), void *arg)
{
	s->stopping = true;
	s->released = done;
	s->released_arg = arg;
	s->releasing = 1;
	timer_stop(&s->next);
	kube_cancel(s->list);
	s->list = NULL;
	for (unsigned i = 0; i < s->o.n; i++) {
		struct slot *t = &s->slot[i];

		if (t->step == SLOT_GOING || !clean(arg, i) ||
		    (s->o.n > 1 && !slot_ours(t) && !lease_taking(t->lease)))
			continue;
		t->step = SLOT_GOING;
		s->releasing++;
		lease_release(t->lease, release_one_over, s);
	}
	if (s->member != NULL) {
		s->releasing++;
		lease_release(s->member, member_released, s);
	}
	release_one_over(s);
}
