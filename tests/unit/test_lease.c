/* Leader election: never two, soon one, whatever clocks and networks do. */
#include <string.h>

#include "agent/kube/lease.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

#define AGENTS 3

struct agent {
	struct kube_rig *r;
	struct loop *loop;
	struct env env;
	struct kube_client *client;
	struct lease *lease;
	char name[16];
	unsigned gained, lost;
	bool leads; /* as its callbacks told it */
	struct timer check;
	int64_t wrote_us; /* it last did what only a leader may */
};

struct election {
	struct kube_rig r;
	struct agent a[AGENTS];
	unsigned overlaps;
};

static void
gained(void *arg)
{
	struct agent *a = arg;

	a->gained++;
	a->leads = true;
}

static void
lost(void *arg)
{
	struct agent *a = arg;

	a->lost++;
	a->leads = false;
}

/* A released agent does nothing any more. */
static void
released(void *arg)
{
	struct agent *a = arg;

	timer_stop(&a->check);
}

/* Each agent acts as fast as it can while it believes that it leads. */
static void
act(void *arg)
{
	struct agent *a = arg;

	if (a->lease != NULL && lease_held(a->lease))
		a->wrote_us = world_now_us(a->r->w);
	timer_start(a->loop, &a->check, 50 * LOOP_MS, act, a);
}

static void
start_agent(struct election *x, unsigned i, int64_t skew)
{
	struct agent *a = &x->a[i];
	struct lease_opts o = { .ns = "sys",
		.name = "beskar7",
		.gained = gained,
		.lost = lost,
		.arg = a };
	char ip[20];

	*a = (struct agent){ .r = &x->r };
	(void)str_format(a->name, sizeof(a->name), "rep-%u", i);
	(void)str_format(ip, sizeof(ip), "10.9.1.%u", i + 1);
	a->loop = world_spawn(x->r.w, a->name, ip, skew);
	rig_env(&x->r, a->loop, a->name, &a->env);
	a->client = kube_client_new(&a->env, &x->r.config, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a->client);
	o.identity = a->name;
	a->lease = lease_new(a->client, &o);
	lease_start(a->lease);
	act(a);
}

static void
stop_agent(struct agent *a)
{
	if (a->lease == NULL)
		return;
	timer_stop(&a->check);
	lease_free(a->lease);
	kube_client_free(a->client);
	a->lease = NULL;
	a->client = NULL;
}

static void
open_election(struct election *x, uint64_t seed)
{
	memset(x, 0, sizeof(*x));
	rig_open(&x->r, seed, NULL);
	x->r.log.level = LOG_ERROR;
	start_agent(x, 0, 0);
	start_agent(x, 1, 3 * LOOP_HOUR); /* wall clocks that disagree */
	start_agent(x, 2, -5 * LOOP_MIN);
}

static void
close_election(struct election *x)
{
	for (unsigned i = 0; i < AGENTS; i++)
		stop_agent(&x->a[i]);
	rig_close(&x->r);
}

static unsigned
holders(const struct election *x)
{
	unsigned n = 0;

	for (unsigned i = 0; i < AGENTS; i++)
		n += x->a[i].lease != NULL && lease_held(x->a[i].lease);
	return n;
}

static struct agent *
leader(struct election *x)
{
	for (unsigned i = 0; i < AGENTS; i++) {
		if (x->a[i].lease != NULL && lease_held(x->a[i].lease))
			return &x->a[i];
	}
	return NULL;
}

/* Runs in small steps; nobody may act while another does. */
static void
run(struct election *x, int64_t us)
{
	for (int64_t t = 0; t < us; t += 100 * LOOP_MS) {
		rig_run(&x->r, 100 * LOOP_MS);
		if (holders(x) > 1)
			x->overlaps++;
		for (unsigned i = 0; i < AGENTS; i++) {
			if (x->a[i].lease != NULL &&
			    lease_held(x->a[i].lease) && !x->a[i].leads)
				x->overlaps++;
		}
	}
}

/* ---- stories --------------------------------------------------------------------- */

static void
exactly_one_leads(void)
{
	struct election x;
	struct lease_status s;

	open_election(&x, 1);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	CU_ASSERT_EQUAL(x.a[0].gained + x.a[1].gained + x.a[2].gained, 1);
	CU_ASSERT_FALSE(lease_outlived(leader(&x)->lease));
	lease_status(leader(&x)->lease, &s);
	CHECK_TEXT(s.holder, leader(&x)->name);
	CU_ASSERT(s.valid_until_us > loop_mono_us(leader(&x)->loop));
	CU_ASSERT(s.renewals >= 10 && s.renewals < 22);
	CU_ASSERT_EQUAL(s.transitions, 0);
	close_election(&x);
}

static void
a_killed_leader_is_replaced_after_its_duration(void)
{
	struct election x;
	struct agent *was;
	int64_t died;

	open_election(&x, 2);
	run(&x, LOOP_MIN);
	was = leader(&x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(was);
	died = world_now_us(x.r.w);
	stop_agent(was);
	run(&x, 9 * LOOP_S);
	CU_ASSERT_EQUAL(holders(&x), 0);
	while (holders(&x) == 0 && world_now_us(x.r.w) < died + LOOP_MIN)
		run(&x, LOOP_S);
	CU_ASSERT(world_now_us(x.r.w) - died <= 18 * LOOP_S);
	CU_ASSERT(leader(&x) != was);
	CU_ASSERT_TRUE(lease_outlived(leader(&x)->lease));
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_election(&x);
}

static void
a_released_lease_passes_at_once(void)
{
	struct election x;
	struct agent *was;
	bool done = false;

	open_election(&x, 3);
	run(&x, LOOP_MIN);
	was = leader(&x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(was);
	lease_release(was->lease, released, was);
	CU_ASSERT_EQUAL(was->lost, 1);
	CU_ASSERT_FALSE(lease_held(was->lease));
	run(&x, 3 * LOOP_S);
	done = !timer_armed(&was->check);
	CU_ASSERT_TRUE(done);
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT(leader(&x) != was);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_election(&x);
}

static void
release_ends_even_if_the_server_is_away(void)
{
	struct election x;
	struct agent *was;

	open_election(&x, 4);
	run(&x, LOOP_MIN);
	was = leader(&x);
	fake_kube_listen(x.r.fake, world_net(x.r.server_loop), false);
	lease_release(was->lease, released, was);
	run(&x, 4 * LOOP_S);
	CU_ASSERT_FALSE(timer_armed(&was->check));
	close_election(&x);
}

static void
a_sleeping_leader_wakes_up_powerless(void)
{
	struct election x;
	struct agent *was;
	int64_t slept;

	open_election(&x, 5);
	run(&x, LOOP_MIN);
	was = leader(&x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(was);
	world_freeze(was->loop, true);
	slept = world_now_us(x.r.w);
	for (int i = 0; i < 40; i++)
		rig_run(&x.r, LOOP_S);
	/* Somebody else took over meanwhile. */
	CU_ASSERT(leader(&x) != NULL);
	CU_ASSERT_EQUAL(x.a[0].gained + x.a[1].gained + x.a[2].gained, 2);
	world_freeze(was->loop, false);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(was->lost, 1);
	CU_ASSERT_FALSE(was->leads);
	CU_ASSERT(was->wrote_us <= slept); /* not once after waking */
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_election(&x);
}

static void
a_cut_off_leader_stops_before_the_next_starts(void)
{
	struct election x;
	struct agent *was;
	struct net_rule cut = { .to = "kube", .partition = true };
	int64_t when;
	int id;

	open_election(&x, 6);
	run(&x, LOOP_MIN);
	was = leader(&x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(was);
	cut.from = was->name;
	id = world_net_add(x.r.w, &cut);
	when = world_now_us(x.r.w);
	run(&x, 30 * LOOP_S);
	CU_ASSERT_EQUAL(was->lost, 1);
	CU_ASSERT(was->wrote_us < when + 11 * LOOP_S);
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT(leader(&x) != was);
	world_net_remove(x.r.w, id);
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_election(&x);
}

static struct fake_fault
lose_some(void *arg, const struct fake_request *rq)
{
	struct rng *rng = arg;
	uint64_t n = rng_below(rng, 100);

	(void)rq;
	if (n < 25)
		return (struct fake_fault){ .lose_reply = true };
	if (n < 40)
		return (struct fake_fault){ .status = 500 };
	return (struct fake_fault){ 0 };
}

static void
lost_replies_do_not_make_two(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct election x;
		struct rng rng;

		open_election(&x, seed);
		rng_seed(&rng, seed, "faults");
		x.r.fake->fault = lose_some;
		x.r.fake->fault_arg = &rng;
		run(&x, 5 * LOOP_MIN);
		x.r.fake->fault = NULL;
		run(&x, 30 * LOOP_S);
		CU_ASSERT_EQUAL(holders(&x), 1);
		CU_ASSERT_EQUAL(x.overlaps, 0);
		close_election(&x);
	}
}

static void
chaos_never_makes_two(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct election x;
		struct rng rng;
		int cut[AGENTS] = { 0 };
		bool frozen[AGENTS] = { false };

		open_election(&x, seed);
		rng_seed(&rng, seed, "chaos");
		for (int step = 0; step < 40; step++) {
			unsigned i = (unsigned)rng_below(&rng, AGENTS);
			struct net_rule rule = { .from = x.a[i].name,
				.to = "kube",
				.partition = true };

			if (rng_below(&rng, 2) == 0) {
				frozen[i] = !frozen[i];
				world_freeze(x.a[i].loop, frozen[i]);
			} else if (cut[i] == 0) {
				cut[i] = world_net_add(x.r.w, &rule);
			} else {
				world_net_remove(x.r.w, cut[i]);
				cut[i] = 0;
			}
			run(&x, (int64_t)rng_below(&rng, 12) * LOOP_S);
		}
		for (unsigned i = 0; i < AGENTS; i++) {
			if (cut[i] != 0)
				world_net_remove(x.r.w, cut[i]);
			world_freeze(x.a[i].loop, false);
		}
		run(&x, LOOP_MIN);
		CU_ASSERT_EQUAL(holders(&x), 1);
		CU_ASSERT_EQUAL(x.overlaps, 0);
		close_election(&x);
	}
}

static void
a_deleted_lease_is_made_again(void)
{
	struct election x;

	open_election(&x, 8);
	run(&x, LOOP_MIN);
	fake_kube_delete(x.r.fake, "leases", "sys/beskar7");
	run(&x, LOOP_MIN);
	CU_ASSERT_EQUAL(holders(&x), 1);
	CU_ASSERT_EQUAL(x.overlaps, 0);
	close_election(&x);
}

static void
a_strange_record_is_survived(void)
{
	static const char *const specs[] = { "{}", "7",
		"{\"holderIdentity\":7}",
		"{\"holderIdentity\":\"x\",\"leaseDurationSeconds\":-5}",
		"{\"holderIdentity\":\"x\",\"leaseDurationSeconds\":\"a\"}",
		"{\"holderIdentity\":\"x\",\"leaseTransitions\":[]}" };

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct kube_rig r;
		struct lease_opts lo = {
			.ns = "sys", .name = "l", .identity = "me"
		};
		cJSON *o = fake_object("Lease", "sys", "l", 0);
		struct lease *l;

		rig_open(&r, 9, NULL);
		json_set(
		    o, "spec", json_parse(specs[i], strlen(specs[i]), NULL));
		(void)fake_kube_put(r.fake, "leases", o);
		l = lease_new(r.client, &lo);
		lease_start(l);
		rig_run(&r, LOOP_MIN);
		CHECK_ROW(lease_held(l), specs[i]);
		lease_free(l);
		rig_close(&r);
	}
}

static void
the_gate_follows_the_lease(void)
{
	struct kube_rig r;
	struct lease_opts lo = { .ns = "sys", .name = "l", .identity = "me" };
	struct got g = { .n = 0 };
	cJSON *o = fake_object("Host", "lab", "h", 1);
	struct kube_request q = { .verb = KUBE_CREATE,
		.res = &HOSTS,
		.ns = "lab",
		.body = o,
		.done = got_reply,
		.arg = &g };
	struct lease *l;

	rig_open(&r, 10, NULL);
	l = lease_new(r.client, &lo);
	kube_client_set_gate(r.client, lease_gate, l);
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_SPEC);
	lease_start(l);
	rig_run(&r, LOOP_S);
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(kube_client_writes(r.client), 1);
	lease_free(l);
	cJSON_Delete(o);
	got_free(&g);
	rig_close(&r);
}

static void
a_quiet_day_writes_renewals_only(void)
{
	struct kube_rig r;
	struct lease_opts lo = { .ns = "sys", .name = "l", .identity = "me" };
	struct lease *l;
	struct lease_status s;

	rig_open(&r, 11, NULL);
	l = lease_new(r.client, &lo);
	lease_start(l);
	rig_run(&r, 24 * LOOP_HOUR);
	lease_status(l, &s);
	CU_ASSERT_TRUE(s.held);
	CU_ASSERT_EQUAL(kube_client_writes(r.client), 0);
	CU_ASSERT_EQUAL(r.fake->writes, s.renewals);
	CU_ASSERT_EQUAL(r.fake->gets, 1);
	CU_ASSERT(s.renewals > 24 * 3600 / 4 - 10);
	CU_ASSERT(s.renewals < 24 * 3600 / 3);
	lease_free(l);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "exactly one leads", exactly_one_leads },
		{ "a killed leader is replaced after its duration",
		    a_killed_leader_is_replaced_after_its_duration },
		{ "a released lease passes at once",
		    a_released_lease_passes_at_once },
		{ "release ends even if the server is away",
		    release_ends_even_if_the_server_is_away },
		{ "a sleeping leader wakes up powerless",
		    a_sleeping_leader_wakes_up_powerless },
		{ "a cut-off leader stops before the next starts",
		    a_cut_off_leader_stops_before_the_next_starts },
		{ "lost replies do not make two",
		    lost_replies_do_not_make_two },
		{ "chaos never makes two", chaos_never_makes_two },
		{ "a deleted lease is made again",
		    a_deleted_lease_is_made_again },
		{ "a strange record is survived",
		    a_strange_record_is_survived },
		{ "the gate follows the lease", the_gate_follows_the_lease },
		{ "a quiet day writes renewals only",
		    a_quiet_day_writes_renewals_only },
	};

	return UNIT_RUN("lease", cases);
}
