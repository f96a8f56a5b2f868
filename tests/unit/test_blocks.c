/* The cache of blocks: bounded, one read for all who ask. */
#include "agent/origin/blocks.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define MIB (1u << 20)
#define SIZE (5u * MIB + 1000)

/* A source that answers when it is told to. */
struct slow {
	struct source source;
	struct {
		uint64_t at;
		size_t n;
		source_fn *fn;
		void *arg;
	} v[64];
	size_t n_v;
	unsigned reads, cancelled;
	bool at_once, fails;
	uint8_t salt;
};

static uint8_t
byte_at(const struct slow *s, uint64_t at)
{
	return (uint8_t)(at * 13 + (at >> 12) + s->salt);
}

static void
answer(struct slow *s, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct err e;
	uint8_t *p;

	if (s->fails) {
		(void)err_set(&e, ERR_NET, 0, "gone");
		fn(arg, NULL, 0, &e);
		return;
	}
	p = xmalloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(s, at + i);
	fn(arg, p, n, NULL);
	xfree(p);
}

static void
slow_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct slow *s = self;

	s->reads++;
	CU_ASSERT_TRUE_FATAL(n <= MIB && at + n <= SIZE);
	if (s->at_once) {
		answer(s, at, n, fn, arg);
		return;
	}
	CU_ASSERT_TRUE_FATAL(s->n_v < 64);
	s->v[s->n_v].at = at;
	s->v[s->n_v].n = n;
	s->v[s->n_v].fn = fn;
	s->v[s->n_v++].arg = arg;
}

static void
slow_cancel(void *self, void *arg)
{
	struct slow *s = self;

	for (size_t i = 0; i < s->n_v; i++)
		if (s->v[i].arg == arg) {
			s->v[i] = s->v[--s->n_v];
			s->cancelled++;
			return;
		}
}

static void
slow_let(struct slow *s)
{
	while (s->n_v > 0) {
		struct slow was = *s;

		s->n_v = 0;
		for (size_t i = 0; i < was.n_v; i++)
			answer(s, was.v[i].at, was.v[i].n, was.v[i].fn,
			    was.v[i].arg);
	}
}

struct rig {
	struct env env;
	struct slow slow;
	struct blocks *b;
	struct blocks_view *v;
};

static void
rig_open(struct rig *r, size_t max)
{
	*r = (struct rig){ .env = { .name = "t" } };
	r->slow.source = (struct source){ .size = SIZE,
		.read = slow_read,
		.cancel = slow_cancel,
		.self = &r->slow };
	r->b = blocks_new(&r->env, max);
	r->v = blocks_view_new(r->b, "one", &r->slow.source);
}

static void
rig_close(struct rig *r)
{
	blocks_view_free(r->v);
	blocks_free(r->b);
}

struct got {
	const struct slow *of;
	uint64_t at;
	unsigned done, failed;
	size_t n;
	bool wrong;
	struct blocks_view *then; /* freed, or read from, in the callback */
	struct got *next;
	bool frees;
};

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct got *g = arg;
	const uint8_t *c = p;

	g->done++;
	g->n = n;
	if (p == NULL) {
		g->failed++;
		CU_ASSERT_PTR_NOT_NULL(e);
	}
	/* what the callback does must not pull the bytes away */
	if (g->then != NULL && g->frees)
		blocks_view_free(g->then);
	else if (g->then != NULL)
		blocks_view_source(g->then)->read(
		    g->then, g->next->at, 100, take, g->next);
	for (size_t i = 0; p != NULL && i < n; i++)
		g->wrong |= c[i] != byte_at(g->of, g->at + i);
}

static void
ask(struct rig *r, uint64_t at, size_t n, struct got *g)
{
	const struct source *s = blocks_view_source(r->v);

	g->of = &r->slow;
	g->at = at;
	s->read(s->self, at, n, take, g);
}

static void
check(const struct got *g, size_t n)
{
	CU_ASSERT_EQUAL(g->done, 1);
	CU_ASSERT_EQUAL(g->failed, 0);
	CU_ASSERT_EQUAL(g->n, n);
	CU_ASSERT_FALSE(g->wrong);
}

static void
any_range_gives_its_bytes(void)
{
	static const struct {
		uint64_t at;
		size_t n;
	} rows[] = { { 0, 1 }, { 0, MIB }, { MIB - 1, 2 }, { MIB, 1 },
		{ 5 * MIB, 1000 }, { 5 * MIB - 3, 1003 }, { SIZE - 1, 1 },
		{ 100, 3 * MIB } };
	struct rig r;

	for (int at_once = 0; at_once < 2; at_once++) {
		rig_open(&r, 2 * MIB);
		r.slow.at_once = at_once;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct got g = { .done = 0 };

			ask(&r, rows[i].at, rows[i].n, &g);
			slow_let(&r.slow);
			check(&g, rows[i].n);
			CU_ASSERT_TRUE(blocks_counts(r.b).bytes <= 2 * MIB);
		}
		rig_close(&r);
	}
}

static void
thirty_two_readers_cost_one_read(void)
{
	struct rig r;
	struct got v[32] = { { .done = 0 } };

	rig_open(&r, 16 * MIB);
	for (size_t i = 0; i < 32; i++)
		ask(&r, i * 1000, 1000, &v[i]);
	CU_ASSERT_EQUAL(r.slow.reads, 1);
	slow_let(&r.slow);
	for (size_t i = 0; i < 32; i++)
		check(&v[i], 1000);
	v[0] = (struct got){ .done = 0 };
	ask(&r, 77, 1000, &v[0]);
	check(&v[0], 1000);
	CU_ASSERT_EQUAL(r.slow.reads, 1);
	rig_close(&r);
}

static void
other_names_are_other_bytes(void)
{
	struct rig r;
	struct slow other;
	struct blocks_view *first;
	struct got a = { .done = 0 }, b = { .done = 0 };

	rig_open(&r, 16 * MIB);
	r.slow.at_once = true;
	ask(&r, 0, 10, &a);
	check(&a, 10);
	other = r.slow;
	other.salt = 99;
	other.source.self = &other;
	first = r.v;
	r.v = blocks_view_new(r.b, "two", &other.source);
	b.of = &other;
	blocks_view_source(r.v)->read(r.v, 0, 10, take, &b);
	check(&b, 10);
	blocks_view_free(first);
	rig_close(&r);
}

static void
failures_are_told_to_all_and_not_kept(void)
{
	struct rig r;
	struct got v[3] = { { .done = 0 } }, again = { .done = 0 };

	rig_open(&r, 16 * MIB);
	for (size_t i = 0; i < 3; i++)
		ask(&r, i, 10, &v[i]);
	r.slow.fails = true;
	slow_let(&r.slow);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(v[i].failed, 1);
	r.slow.fails = false;
	ask(&r, 0, 10, &again);
	slow_let(&r.slow);
	check(&again, 10);
	rig_close(&r);
}

static void
who_goes_leaves_the_read_to_the_others(void)
{
	struct rig r;
	struct blocks_view *own;
	struct got a = { .done = 0 }, b = { .done = 0 }, c = { .done = 0 };

	rig_open(&r, 16 * MIB);
	ask(&r, 0, 10, &a);
	own = r.v;
	r.v = blocks_view_new(r.b, "one", &r.slow.source);
	ask(&r, 5, 10, &b);
	ask(&r, 9, 10, &c);
	blocks_view_source(r.v)->cancel(r.v, &c);
	blocks_view_free(own); /* it was reading for both */
	CU_ASSERT_EQUAL(r.slow.cancelled, 1);
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	slow_let(&r.slow);
	check(&b, 10);
	CU_ASSERT_EQUAL(a.done, 0);
	CU_ASSERT_EQUAL(c.done, 0);
	/* and with nobody left, the last read is given up */
	ask(&r, 3 * MIB, 10, &a);
	rig_close(&r);
	CU_ASSERT_EQUAL(r.slow.cancelled, 2);
	CU_ASSERT_EQUAL(a.done, 0);
}

static void
what_a_callback_does_harms_no_one(void)
{
	struct rig r;
	struct blocks_view *other;
	struct got a = { .done = 0 }, b = { .done = 0 }, c = { .done = 0 },
		   d = { .done = 0 };

	/* room for one block: each read evicts the one before */
	rig_open(&r, MIB);
	r.slow.at_once = true;
	a.then = r.v;
	a.next = &b;
	b.of = &r.slow;
	b.at = 2 * MIB;
	ask(&r, 0, 1000, &a);
	check(&a, 1000);
	check(&b, 100);
	CU_ASSERT_TRUE(blocks_counts(r.b).bytes <= 2 * MIB);
	/* a view that is freed by one of those who wait */
	r.slow.at_once = false;
	other = r.v;
	r.v = blocks_view_new(r.b, "one", &r.slow.source);
	ask(&r, 4 * MIB, 10, &c);
	d.of = &r.slow;
	d.at = 4 * MIB;
	blocks_view_source(other)->read(other, 4 * MIB, 10, take, &d);
	c.then = other;
	c.frees = true;
	slow_let(&r.slow);
	check(&c, 10);
	CU_ASSERT_TRUE(d.done == 0);
	rig_close(&r);
}

static void
what_is_read_ahead_has_its_share(void)
{
	struct rig r;
	struct got v[2] = { { .done = 0 } };
	const struct source *s;

	rig_open(&r, 8 * MIB);
	s = blocks_view_source(r.v);
	s->ahead(s->self, 3 * MIB);
	s->ahead(s->self, 3 * MIB + 5); /* on its way */
	s->ahead(s->self, SIZE);        /* behind the end */
	CU_ASSERT_EQUAL(r.slow.reads, 1);
	s->ahead(s->self, MIB);
	s->ahead(s->self, 2 * MIB); /* a quarter is two */
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	slow_let(&r.slow);
	s->ahead(s->self, 2 * MIB); /* nobody came to them */
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	/* whoever comes finds it, and makes room for one */
	ask(&r, 3 * MIB + 7, 1000, &v[0]);
	check(&v[0], 1000);
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	s->ahead(s->self, 3 * MIB); /* here */
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	s->ahead(s->self, 2 * MIB);
	CU_ASSERT_EQUAL(r.slow.reads, 3);
	/* who comes while it is on its way waits for that one */
	ask(&r, 2 * MIB, 1000, &v[1]);
	CU_ASSERT_EQUAL(r.slow.reads, 3);
	s->ahead(s->self, 4 * MIB);
	CU_ASSERT_EQUAL(r.slow.reads, 4);
	slow_let(&r.slow);
	check(&v[1], 1000);
	CU_ASSERT_EQUAL(blocks_counts(r.b).ahead, 4);
	CU_ASSERT_EQUAL(blocks_counts(r.b).misses, 4);
	rig_close(&r);
}

static void
what_failed_or_went_has_no_share(void)
{
	struct rig r;
	struct got g = { .done = 0 };
	const struct source *s;

	rig_open(&r, 4 * MIB);
	s = blocks_view_source(r.v);
	s->ahead(s->self, 0);
	r.slow.fails = true;
	slow_let(&r.slow);
	r.slow.fails = false;
	s->ahead(s->self, 0);
	CU_ASSERT_EQUAL(r.slow.reads, 2);
	slow_let(&r.slow);
	r.slow.at_once = true;
	for (uint64_t at = MIB; at < SIZE; at += MIB) { /* it is pushed out */
		g = (struct got){ .done = 0 };
		ask(&r, at, 10, &g);
		check(&g, 10);
	}
	s->ahead(s->self, 0);
	CU_ASSERT_EQUAL(blocks_counts(r.b).ahead, 3);
	CU_ASSERT_TRUE(blocks_counts(r.b).bytes <= 4 * MIB);
	/* and nothing is read ahead for a view that goes */
	r.slow.at_once = false;
	g = (struct got){ .done = 0 };
	ask(&r, 0, 10, &g);
	check(&g, 10);
	s->ahead(s->self, MIB);
	rig_close(&r);
	CU_ASSERT_EQUAL(r.slow.cancelled, 1);
}

/* What one had is another's place; short ones at the end are not. */
static void
memory_is_taken_over_with_its_length(void)
{
	struct rig r;

	rig_open(&r, 2 * MIB);
	r.slow.at_once = true;
	for (unsigned i = 0; i < 3; i++)
		for (uint64_t at = 0; at < SIZE; at += MIB) {
			struct got g = { .done = 0 };
			size_t n = SIZE - at < MIB ? (size_t)(SIZE - at) : MIB;

			ask(&r, at, n, &g);
			check(&g, n);
			CU_ASSERT_TRUE(blocks_counts(r.b).bytes <= 2 * MIB);
		}
	CU_ASSERT_EQUAL(r.slow.reads, 18);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(any_range_gives_its_bytes),
		UNIT_CASE(thirty_two_readers_cost_one_read),
		UNIT_CASE(other_names_are_other_bytes),
		UNIT_CASE(failures_are_told_to_all_and_not_kept),
		UNIT_CASE(who_goes_leaves_the_read_to_the_others),
		UNIT_CASE(what_a_callback_does_harms_no_one),
		UNIT_CASE(what_is_read_ahead_has_its_share),
		UNIT_CASE(what_failed_or_went_has_no_share),
		UNIT_CASE(memory_is_taken_over_with_its_length),
	};

	return UNIT_RUN("blocks", cases);
}
