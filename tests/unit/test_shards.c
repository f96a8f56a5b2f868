/* Replicas that share shards: one holder each, evenly, without moving more than is
 * needed; and never two counts at once. */
#include "agent/kube/shards.h"
#include "tests/unit/agent_kube_rig.h"

#define REPLICAS 5
#define SHARDS 8

struct replica {
	struct kube_rig *r;
	struct loop *loop;
	struct env env;
	struct kube_client *client;
	struct shards *shards;
	char name[16];
	unsigned gained, lost, asked, outlived, refused;
	char why[320];
};

struct fleet {
	struct kube_rig r;
	struct replica v[REPLICAS];
	unsigned overlaps;
};

static void
gained(void *arg, unsigned shard, bool outlived)
{
	struct replica *p = arg;

	(void)shard;
	p->gained++;
	p->outlived += outlived;
}

static void
lost(void *arg, unsigned shard)
{
	struct replica *p = arg;

	(void)shard;
	p->lost++;
}

static void
asked(void *arg, unsigned shard)
{
	struct replica *p = arg;

	p->asked++;
	shards_given(p->shards, shard, true);
}

static void
refused(void *arg, const struct err *e)
{
	struct replica *p = arg;

	p->refused++;
	(void)str_copy(p->why, sizeof(p->why), e->msg);
}

static void
start(struct fleet *x, unsigned i, unsigned n)
{
	struct replica *p = &x->v[i];
	struct shards_opts o = { .ns = "sys",
		.name = "b7",
		.n = n,
		.gained = gained,
		.lost = lost,
		.asked = asked,
		.refused = refused,
		.arg = p };
	char ip[20];

	*p = (struct replica){ .r = &x->r };
	(void)str_format(p->name, sizeof(p->name), "rep-%u", i);
	(void)str_format(ip, sizeof(ip), "10.9.1.%u", i + 1);
	p->loop = world_spawn(x->r.w, p->name, ip, (int64_t)i * LOOP_HOUR);
	rig_env(&x->r, p->loop, p->name, &p->env);
	p->env.metrics = NULL;
	p->client = kube_client_new(&p->env, &x->r.config, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->client);
	o.identity = p->name;
	o.id = p->name;
	p->shards = shards_new(p->client, &o);
	shards_start(p->shards);
}

/* As kill -9: what it holds stays in its Leases. */
static void
end(struct replica *p)
{
	if (p->shards == NULL)
		return;
	shards_free(p->shards);
	kube_client_free(p->client);
	p->shards = NULL;
	p->client = NULL;
}

static void
open_fleet(struct fleet *x, uint64_t seed)
{
	memset(x, 0, sizeof(*x));
	rig_open(&x->r, seed, NULL);
	x->r.log.level = LOG_ERROR;
}

static void
close_fleet(struct fleet *x)
{
	for (unsigned i = 0; i < REPLICAS; i++)
		end(&x->v[i]);
	rig_close(&x->r);
}

static unsigned
holders_of(const struct fleet *x, unsigned shard)
{
	unsigned n = 0;

	for (unsigned i = 0; i < REPLICAS; i++)
		n += x->v[i].shards != NULL &&
		     shards_held(x->v[i].shards, shard);
	return n;
}

static unsigned
held(const struct fleet *x, unsigned i)
{
	return x->v[i].shards == NULL ? 0 : shards_held_count(x->v[i].shards);
}

static void
run(struct fleet *x, int64_t us)
{
	for (int64_t t = 0; t < us; t += 250 * LOOP_MS) {
		rig_run(&x->r, 250 * LOOP_MS);
		for (unsigned s = 0; s < SHARDS; s++)
			x->overlaps += holders_of(x, s) > 1;
	}
}

static unsigned
driven(const struct fleet *x, unsigned n)
{
	unsigned k = 0;

	for (unsigned s = 0; s < n; s++)
		k += holders_of(x, s) == 1;
	return k;
}

static unsigned
moves(const struct fleet *x)
{
	unsigned n = 0;

	for (unsigned i = 0; i < REPLICAS; i++)
		n += x->v[i].gained;
	return n;
}

/* ---- stories ---------------------------------------------------------------------- */

static void
three_share_eight_and_stay_so(void)
{
	struct fleet x;
	unsigned n;

	open_fleet(&x, 1);
	for (unsigned i = 0; i < 3; i++)
		start(&x, i, SHARDS);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(driven(&x, SHARDS), SHARDS);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(held(&x, i) == 2 || held(&x, i) == 3);
	CU_ASSERT_EQUAL(shards_replicas(x.v[0].shards), 3);
	n = moves(&x);
	CU_ASSERT_EQUAL(n, SHARDS); /* they waited for each other */
	run(&x, 2 * LOOP_HOUR);
	CU_ASSERT_EQUAL(moves(&x), n);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	CU_ASSERT_EQUAL(x.v[0].lost + x.v[1].lost + x.v[2].lost, 0);
	close_fleet(&x);
}

static void
those_of_a_dead_one_are_taken_over(void)
{
	struct fleet x;
	unsigned dead;

	open_fleet(&x, 2);
	for (unsigned i = 0; i < 3; i++)
		start(&x, i, SHARDS);
	run(&x, LOOP_MIN);
	dead = held(&x, 1);
	end(&x.v[1]);
	run(&x, 9 * LOOP_S);
	CU_ASSERT_EQUAL(driven(&x, SHARDS), SHARDS - dead);
	run(&x, 12 * LOOP_S);
	CU_ASSERT_EQUAL(driven(&x, SHARDS), SHARDS);
	CU_ASSERT_EQUAL(held(&x, 0), 4);
	CU_ASSERT_EQUAL(held(&x, 2), 4);
	/* It did not give up what it held, and the taker is told. */
	CU_ASSERT_EQUAL(x.v[0].outlived + x.v[2].outlived, dead);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_fleet(&x);
}

static void
a_newcomer_gets_its_part_in_order(void)
{
	struct fleet x;

	open_fleet(&x, 3);
	for (unsigned i = 0; i < 3; i++)
		start(&x, i, SHARDS);
	run(&x, LOOP_MIN);
	start(&x, 3, SHARDS);
	run(&x, LOOP_MIN);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(held(&x, i), 2);
	CU_ASSERT_EQUAL(moves(&x), SHARDS + 2);
	CU_ASSERT_EQUAL(x.v[3].outlived, 0);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_fleet(&x);
}

static void
more_replicas_than_shards_stand_by(void)
{
	struct fleet x;

	open_fleet(&x, 4);
	for (unsigned i = 0; i < 4; i++)
		start(&x, i, 2);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(driven(&x, 2), 2);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT(held(&x, i) <= 1);
	close_fleet(&x);
}

static bool
all_clean(void *arg, unsigned shard)
{
	(void)arg;
	(void)shard;
	return true;
}

static bool
none_clean(void *arg, unsigned shard)
{
	(void)arg;
	(void)shard;
	return false;
}

static void
gone(void *arg)
{
	(*(unsigned *)arg)++;
}

static void
one_that_stops_leaves_nothing_behind(void)
{
	struct fleet x;
	unsigned done = 0;

	open_fleet(&x, 5);
	start(&x, 0, SHARDS);
	start(&x, 1, SHARDS);
	run(&x, LOOP_MIN);
	shards_release(x.v[0].shards, all_clean, gone, &done);
	run(&x, 6 * LOOP_S);
	CU_ASSERT_EQUAL(done, 1);
	CU_ASSERT_EQUAL(held(&x, 1), SHARDS);
	CU_ASSERT_EQUAL(x.v[1].outlived, 0);
	CU_ASSERT_EQUAL(shards_replicas(x.v[1].shards), 1);
	close_fleet(&x);
}

/* A BMC still works on what it was asked: whoever takes over must know. */
static void
what_is_not_clean_is_left_to_run_out(void)
{
	struct fleet x;
	unsigned done = 0, was;

	open_fleet(&x, 6);
	start(&x, 0, SHARDS);
	start(&x, 1, SHARDS);
	run(&x, LOOP_MIN);
	was = held(&x, 0);
	shards_release(x.v[0].shards, none_clean, gone, &done);
	run(&x, 6 * LOOP_S);
	CU_ASSERT_EQUAL(done, 1);
	CU_ASSERT_EQUAL(held(&x, 1), SHARDS - was);
	end(&x.v[0]);
	run(&x, 20 * LOOP_S);
	CU_ASSERT_EQUAL(held(&x, 1), SHARDS);
	CU_ASSERT_EQUAL(x.v[1].outlived, was);
	close_fleet(&x);
}

static void
another_count_is_refused(unsigned first, unsigned second)
{
	struct fleet x;

	open_fleet(&x, 7 + first);
	start(&x, 0, first);
	run(&x, LOOP_MIN);
	start(&x, 1, second);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(x.v[1].refused, 1);
	CU_ASSERT_EQUAL(x.v[1].gained, 0);
	CU_ASSERT_EQUAL(x.v[0].refused, 0);
	CU_ASSERT_EQUAL(held(&x, 0), first);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(x.v[1].why, first == 1 ? " b7;" : "b7-shard-0-of-4"));
	/* A dead one's do not count: it starts when they have run out. */
	end(&x.v[0]);
	end(&x.v[1]);
	start(&x, 2, second);
	run(&x, 40 * LOOP_S);
	CU_ASSERT_EQUAL(x.v[2].refused, 0);
	CU_ASSERT_EQUAL(held(&x, 2), second);
	close_fleet(&x);
}

static void
live_leases_of_another_count_refuse_the_start(void)
{
	another_count_is_refused(4, 8);
	another_count_is_refused(4, 1);
	another_count_is_refused(1, 4);
}

/* Each wrote its own first and looks then: one of both sees the other. */
static void
two_counts_at_once_never_both_act(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct fleet x;

		open_fleet(&x, seed);
		start(&x, 0, seed % 2 == 0 ? 1 : 4);
		rig_run(&x.r, (int64_t)(seed % 7) * 300);
		start(&x, 1, seed % 3 == 0 ? 2 : 8);
		for (unsigned k = 0; k < 200; k++) {
			rig_run(&x.r, 250 * LOOP_MS);
			CU_ASSERT_FALSE(held(&x, 0) > 0 && held(&x, 1) > 0);
		}
		CU_ASSERT(x.v[0].refused + x.v[1].refused >= 1);
		close_fleet(&x);
	}
}

static void
clocks_and_cuts_make_no_two_holders(void)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct fleet x;
		int rule;

		open_fleet(&x, 100 + seed);
		for (unsigned i = 0; i < 3; i++)
			start(&x, i, SHARDS);
		run(&x, LOOP_MIN);
		rule = world_net_add(x.r.w,
		    &(struct net_rule){ .from = "rep-0", .partition = true });
		run(&x, (int64_t)seed * 7 * LOOP_S);
		world_freeze(x.v[1].loop, true);
		run(&x, 40 * LOOP_S);
		world_net_remove(x.r.w, rule);
		world_freeze(x.v[1].loop, false);
		run(&x, 2 * LOOP_MIN);
		CU_ASSERT_EQUAL(x.overlaps, 0);
		CU_ASSERT_EQUAL(driven(&x, SHARDS), SHARDS);
		for (unsigned i = 0; i < 3; i++)
			CU_ASSERT(held(&x, i) == 2 || held(&x, i) == 3);
		close_fleet(&x);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(three_share_eight_and_stay_so),
		UNIT_CASE(those_of_a_dead_one_are_taken_over),
		UNIT_CASE(a_newcomer_gets_its_part_in_order),
		UNIT_CASE(more_replicas_than_shards_stand_by),
		UNIT_CASE(one_that_stops_leaves_nothing_behind),
		UNIT_CASE(what_is_not_clean_is_left_to_run_out),
		UNIT_CASE(live_leases_of_another_count_refuse_the_start),
		UNIT_CASE(two_counts_at_once_never_both_act),
		UNIT_CASE(clocks_and_cuts_make_no_two_holders),
	};

	return UNIT_RUN("shards", cases);
}
