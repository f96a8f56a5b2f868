/*
 * Reading ahead: the rule, and what it costs the origin, through the media server,
 * a composed image and the cache, exactly.
 */
#include "agent/serve/ahead.h"

#include "agent/media/reader.h"
#include "agent/origin/blocks.h"
#include "tests/unit/serve_rig.h"

#define MIB (1u << 20)
#define SIZE (24u * MIB + 1000)
#define BLOCKS 25
#define PIECE (64u << 10)

/* ---- the rule ------------------------------------------------------------- */

/* Reads [at, at + n) by pieces; how often the next MiB was to be fetched. */
static unsigned
go_on(struct ahead *a, uint64_t at, uint64_t n, int64_t *now_us, int64_t per_us)
{
	unsigned times = 0;
	uint64_t next = 0;

	for (uint64_t end = at + n; at < end; at += PIECE, *now_us += per_us)
		if (ahead_add(a, at, PIECE, *now_us, &next)) {
			CU_ASSERT_EQUAL(next, (at / MIB + 1) * MIB);
			times++;
		}
	return times;
}

static void
each_mib_asks_for_the_next_once_it_goes_well(void)
{
	struct ahead a = { 0 };
	int64_t now = 5;

	CU_ASSERT_EQUAL(go_on(&a, 0, 4 * MIB, &now, 1000), 0);
	CU_ASSERT_EQUAL(go_on(&a, 4 * MIB, 10 * MIB, &now, 1000), 10);
	/* a jump, even to near by, begins anew */
	CU_ASSERT_EQUAL(go_on(&a, 15 * MIB, 4 * MIB, &now, 1000), 0);
	CU_ASSERT_EQUAL(go_on(&a, 19 * MIB, 2 * MIB, &now, 1000), 2);
	CU_ASSERT_EQUAL(go_on(&a, 20 * MIB, 4 * MIB, &now, 1000), 0);
}

static void
who_takes_his_time_is_not_hurried(void)
{
	struct ahead a = { 0 };
	int64_t now = 5;

	CU_ASSERT_EQUAL(go_on(&a, 0, 20 * MIB, &now, AHEAD_SLOW_US / 15), 0);
	CU_ASSERT_EQUAL(go_on(&a, 20 * MIB, MIB, &now, AHEAD_SLOW_US / 20), 0);
	CU_ASSERT_EQUAL(
	    go_on(&a, 21 * MIB, 2 * MIB, &now, AHEAD_SLOW_US / 20), 2);
	now += LOOP_MIN;
	CU_ASSERT_EQUAL(go_on(&a, 23 * MIB, MIB, &now, 1000), 0);
}

static void
two_in_turns_are_no_order(void)
{
	struct ahead a = { 0 };
	uint64_t next;
	unsigned times = 0;

	for (uint64_t at = 0; at < 16 * MIB; at += PIECE) {
		times += ahead_add(&a, at, PIECE, 1, &next);
		times += ahead_add(&a, at + 50 * MIB, PIECE, 1, &next);
	}
	CU_ASSERT_EQUAL(times, 0);
}

/* ---- what it costs -------------------------------------------------------- */

/* An origin: each read takes 20 ms. */
struct base {
	struct source source;
	struct loop *loop;
	struct base_read {
		struct timer timer;
		struct base *b;
		source_fn *fn;
		void *arg;
		uint64_t at;
		size_t n;
		bool used;
	} v[32];
	unsigned reads, of[BLOCKS], at_once, most;
	uint64_t bytes;
	unsigned fails; /* reads to come that fail */
	uint64_t fails_at;
};

static void
base_due(void *arg)
{
	struct base_read *v = arg, r = *v;
	struct base *b = r.b;
	struct err e;
	char *p;

	v->used = false;
	b->at_once--;
	if (b->fails > 0 && r.at == b->fails_at) {
		b->fails--;
		(void)err_set(&e, ERR_NET, 0, "gone");
		r.fn(r.arg, NULL, 0, &e);
		return;
	}
	p = xmalloc(r.n);
	for (size_t i = 0; i < r.n; i++)
		p[i] = (char)image_byte(r.at + i);
	r.fn(r.arg, p, r.n, NULL);
	xfree(p);
}

static void
base_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct base *b = self;

	for (size_t i = 0; i < 32; i++) {
		struct base_read *v = &b->v[i];

		if (v->used)
			continue;
		v->b = b;
		v->fn = fn;
		v->arg = arg;
		v->at = at;
		v->n = n;
		v->used = true;
		b->reads++;
		b->bytes += n;
		b->of[at / MIB]++;
		b->most = ++b->at_once > b->most ? b->at_once : b->most;
		timer_start(b->loop, &v->timer, 20 * LOOP_MS, base_due, v);
		return;
	}
	CU_FAIL_FATAL("too many reads at once");
}

static void
base_cancel(void *self, void *arg)
{
	struct base *b = self;

	for (size_t i = 0; i < 32; i++)
		if (b->v[i].used && b->v[i].arg == arg) {
			timer_stop(&b->v[i].timer);
			b->v[i].used = false;
			b->at_once--;
		}
}

struct chain {
	struct serve_rig r;
	struct base base;
	struct blocks *cache;
	struct blocks_view *view;
	struct composed of;
	struct composed_piece piece;
	struct reader reader;
};

static struct chain *
chain_open(size_t cache)
{
	struct chain *c = xcalloc(1, sizeof(*c));

	rig_virtual(&c->r, NULL);
	c->base.loop = c->r.loop;
	c->base.source = (struct source){ .size = SIZE,
		.read = base_read,
		.cancel = base_cancel,
		.self = &c->base };
	c->cache = blocks_new(&c->r.env, cache);
	c->view = blocks_view_new(c->cache, "one", &c->base.source);
	c->piece = (struct composed_piece){ .n = SIZE, .kind = COMPOSED_BASE };
	c->of = (struct composed){ .size = SIZE, .v = &c->piece, .n = 1 };
	reader_init(&c->reader, &c->of, blocks_view_source(c->view));
	c->r.memory.source = c->reader.source;
	return c;
}

static void
chain_close(struct chain *c)
{
	reader_fini(&c->reader);
	rig_end(&c->r);
	blocks_view_free(c->view);
	blocks_free(c->cache);
	CU_ASSERT_EQUAL(c->base.at_once, 0);
	xfree(c);
}

/* Until it ended; how long that took. */
static int64_t
until_done(struct chain *c, struct get *g)
{
	int64_t began = world_now_us(c->r.w);

	for (int i = 0; i < 100000 && g->done == 0; i++)
		rig_pass(&c->r, LOOP_MS);
	CU_ASSERT_EQUAL(g->done, 1);
	return world_now_us(c->r.w) - began;
}

static struct get
whole(struct chain *c, int64_t *took)
{
	struct want w = { "GET", c->r.medium, NULL, NULL, NULL, 0 };
	struct get g = { .at = 0 };

	get_start(&c->r, &w, &g);
	*took = until_done(c, &g);
	return g;
}

/* [at, at + n) by ranges of `piece`, as a BMC does; false: one went wrong. */
static bool
by_ranges(
    struct chain *c, uint64_t at, uint64_t n, size_t piece, int64_t pause_us)
{
	char range[64];
	struct want w = { "GET", c->r.medium, "Range", range, NULL, 0 };

	for (uint64_t end = at + n; at < end; at += piece) {
		size_t part = end - at < piece ? (size_t)(end - at) : piece;
		struct get g = { .at = at };

		(void)str_format(range, sizeof(range), "bytes=%llu-%llu",
		    (unsigned long long)at,
		    (unsigned long long)(at + part - 1));
		get_start(&c->r, &w, &g);
		(void)until_done(c, &g);
		if (g.status != 206 || g.n != part || g.wrong)
			return false;
		if (pause_us > 0)
			rig_pass(&c->r, pause_us);
	}
	return true;
}

static void
each_mib_is_fetched_once(const struct chain *c)
{
	CU_ASSERT_EQUAL(c->base.reads, BLOCKS);
	CU_ASSERT_EQUAL(c->base.bytes, SIZE);
	for (size_t i = 0; i < BLOCKS; i++)
		CU_ASSERT_EQUAL(c->base.of[i], 1);
	/* One at a time: the next is asked for when the last one is here. */
	CU_ASSERT_EQUAL(c->base.most, 1);
}

static void
a_whole_image_costs_what_it_has_and_less_time(void)
{
	struct chain *c = chain_open(16 * MIB);
	int64_t took, without;
	struct get g = whole(c, &took);

	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL(g.n, SIZE);
	CU_ASSERT_FALSE(g.wrong);
	each_mib_is_fetched_once(c);
	/* All behind the fifth. */
	CU_ASSERT_EQUAL(blocks_counts(c->cache).ahead, BLOCKS - 5);
	CU_ASSERT_TRUE(blocks_counts(c->cache).bytes <= 16 * MIB);
	chain_close(c);

	c = chain_open(3 * MIB); /* a quarter of it is no block */
	g = whole(c, &without);
	CU_ASSERT_EQUAL(g.n, SIZE);
	each_mib_is_fetched_once(c);
	CU_ASSERT_EQUAL(blocks_counts(c->cache).ahead, 0);
	CU_ASSERT_TRUE(took < without);
	chain_close(c);
}

static void
many_ranges_of_one_token_cost_the_same(void)
{
	static const size_t pieces[] = { 64u << 10, 100000, 2 * MIB };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct chain *c = chain_open(16 * MIB);

		CU_ASSERT_TRUE(by_ranges(c, 0, SIZE, pieces[i], 0));
		each_mib_is_fetched_once(c);
		CU_ASSERT_EQUAL(blocks_counts(c->cache).ahead, BLOCKS - 5);
		chain_close(c);
	}
}

static void
who_jumps_or_waits_costs_nothing_more(void)
{
	struct chain *c = chain_open(16 * MIB);

	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT_TRUE(
		    by_ranges(c, i * 7 % 24 * MIB + i * 2048, 4096, 4096, 0));
	CU_ASSERT_EQUAL(blocks_counts(c->cache).ahead, 0);
	CU_ASSERT_EQUAL(c->base.reads, blocks_counts(c->cache).misses);
	chain_close(c);

	c = chain_open(16 * MIB);
	CU_ASSERT_TRUE(by_ranges(c, 0, SIZE, 64u << 10, 70 * LOOP_MS));
	CU_ASSERT_EQUAL(blocks_counts(c->cache).ahead, 0);
	each_mib_is_fetched_once(c);
	chain_close(c);
}

/* What is on its way comes all the same, and no more of it. */
static void
who_goes_away_costs_one_mib(void)
{
	struct chain *c = chain_open(16 * MIB);
	struct want w = { "GET", c->r.medium, NULL, NULL, NULL, 0 };
	struct get g = { .at = 0 };

	get_start(&c->r, &w, &g);
	while (g.n < 8 * MIB + MIB / 2)
		rig_pass(&c->r, LOOP_MS);
	http_cancel(g.call);
	rig_pass(&c->r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(c->base.reads, 10);
	CU_ASSERT_EQUAL(c->base.at_once, 0);
	chain_close(c);
}

/* A client that stops in the middle of a reply. */
static void
who_stops_reading_costs_one_mib(void)
{
	struct chain *c = chain_open(16 * MIB);
	struct want w = { "GET", c->r.medium, NULL, NULL, NULL, 0 };
	struct get g = { .at = 0 };

	get_start(&c->r, &w, &g);
	while (g.n < 8 * MIB + MIB / 2)
		rig_pass(&c->r, LOOP_MS);
	g.stall = true;
	rig_pass(&c->r, 30 * LOOP_S);
	CU_ASSERT_EQUAL(c->base.reads, 10);
	CU_ASSERT_EQUAL(serve_counts(c->r.s).buffered, 0);
	http_cancel(g.call);
	rig_pass(&c->r, LOOP_S);
	chain_close(c);
}

static void
what_failed_ahead_is_asked_for_again(void)
{
	struct chain *c = chain_open(16 * MIB);
	int64_t took;
	struct get g;

	c->base.fails = 1;
	c->base.fails_at = 10 * MIB;
	g = whole(c, &took);
	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL(g.n, SIZE);
	CU_ASSERT_FALSE(g.wrong);
	CU_ASSERT_EQUAL(c->base.reads, BLOCKS + 1);
	CU_ASSERT_EQUAL(c->base.of[10], 2);
	chain_close(c);

	/* Nothing in front of what is missing is lost by it. */
	c = chain_open(16 * MIB);
	c->base.fails = 100;
	c->base.fails_at = 10 * MIB;
	g = whole(c, &took);
	CU_ASSERT_NOT_EQUAL(g.err, HTTP_OK);
	CU_ASSERT_FALSE(g.wrong);
	CU_ASSERT_TRUE(g.n <= 10 * MIB && g.n > 9 * MIB);
	CU_ASSERT_EQUAL(c->base.of[10], 2);
	chain_close(c);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(each_mib_asks_for_the_next_once_it_goes_well),
		UNIT_CASE(who_takes_his_time_is_not_hurried),
		UNIT_CASE(two_in_turns_are_no_order),
		UNIT_CASE(a_whole_image_costs_what_it_has_and_less_time),
		UNIT_CASE(many_ranges_of_one_token_cost_the_same),
		UNIT_CASE(who_jumps_or_waits_costs_nothing_more),
		UNIT_CASE(who_goes_away_costs_one_mib),
		UNIT_CASE(who_stops_reading_costs_one_mib),
		UNIT_CASE(what_failed_ahead_is_asked_for_again),
	};

	return UNIT_RUN("ahead", cases);
}
