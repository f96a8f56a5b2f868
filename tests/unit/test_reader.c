/* A composed image read in any range: its pieces come as one, whatever the base
 * does meanwhile. */
#include "agent/media/reader.h"

#include "common/mem.h"
#include "tests/unit/source_rig.h"
#include "tests/unit/unit.h"

#define BASE 10000u
#define PIECES 8

/* Bytes replaced, a hole, parts of the base out of order, an end that is added. */
static const struct {
	uint64_t n;
	enum composed_kind kind;
	uint64_t from;
} layout[PIECES] = {
	{ 4096, COMPOSED_BASE, 0 },
	{ 1, COMPOSED_MEMORY, 0 },
	{ 2047, COMPOSED_BASE, 4097 },
	{ 3000, COMPOSED_ZERO, 0 },
	{ 2048, COMPOSED_MEMORY, 1 },
	{ 500, COMPOSED_MEMORY, 2049 },
	{ 100, COMPOSED_BASE, 9900 },
	{ 1000, COMPOSED_BASE, 7000 },
};

struct rig {
	uint8_t base[BASE];
	struct composed c;
	uint8_t *want; /* owned: what it is from end to end */
	struct source_rig from;
	struct reader reader;
};

static void
rig_open(struct rig *r)
{
	struct composed *c = &r->c;
	uint64_t at = 0, in_memory = 0;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < BASE; i++)
		r->base[i] = (uint8_t)(1 + (i * 7 + (i >> 8)) % 200);
	c->n = c->cap = PIECES;
	c->v = xcalloc(PIECES, sizeof(*c->v));
	c->n_memory = 2549;
	c->memory = xmalloc(c->n_memory);
	for (size_t i = 0; i < c->n_memory; i++)
		c->memory[i] = (uint8_t)(201 + i % 50);
	for (size_t i = 0; i < PIECES; i++) {
		c->v[i] = (struct composed_piece){
			.at = at, .n = layout[i].n, .kind = layout[i].kind
		};
		if (layout[i].kind == COMPOSED_MEMORY)
			c->v[i].p = c->memory + layout[i].from;
		else
			c->v[i].from = layout[i].from;
		at += layout[i].n;
	}
	c->size = at;
	r->want = xcalloc(1, at);
	for (size_t i = 0; i < PIECES; i++) {
		const struct composed_piece *p = &c->v[i];

		if (p->kind == COMPOSED_BASE)
			memcpy(r->want + p->at, r->base + p->from, p->n);
		else if (p->kind == COMPOSED_MEMORY)
			memcpy(r->want + p->at, p->p, p->n);
		in_memory += p->kind == COMPOSED_MEMORY ? p->n : 0;
	}
	CU_ASSERT_EQUAL(in_memory, c->n_memory);
	source_rig_init(&r->from, r->base, BASE);
	reader_init(&r->reader, c, &r->from.source);
}

static void
rig_close(struct rig *r)
{
	reader_fini(&r->reader);
	composed_free(&r->c);
	xfree(r->want);
}

struct got {
	struct rig *r;
	uint64_t at;
	unsigned done;
	const void *p;
	size_t n;
	bool wrong;
	struct err err;
	struct got *then; /* read, or cancelled, in the callback */
	bool cancels, ends;
};

static void ask(struct rig *r, uint64_t at, size_t n, struct got *g);

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct got *g = arg;
	const struct source *s = &g->r->reader.source;

	g->done++;
	g->p = p;
	g->n = n;
	if (p == NULL)
		g->err = *e;
	else
		CU_ASSERT_PTR_NULL(e);
	if (g->ends)
		reader_fini(&g->r->reader);
	else if (g->then != NULL && g->cancels)
		s->cancel(s->self, g->then);
	else if (g->then != NULL)
		ask(g->r, 0, (size_t)g->r->c.size, g->then);
	/* what the callback does must not pull the bytes away */
	g->wrong = p != NULL && memcmp(p, g->r->want + g->at, n) != 0;
}

static void
ask(struct rig *r, uint64_t at, size_t n, struct got *g)
{
	const struct source *s = &r->reader.source;

	g->r = r;
	g->at = at;
	s->read(s->self, at, n, take, g);
}

static void
check(const struct got *g, size_t n)
{
	CU_ASSERT_EQUAL(g->done, 1);
	CU_ASSERT_EQUAL(g->err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(g->n, n);
	CU_ASSERT_FALSE(g->wrong);
}

/* All borders of pieces, and the bytes beside them. */
static size_t
borders(const struct rig *r, uint64_t v[3 * PIECES])
{
	size_t n = 0;

	for (size_t i = 0; i < PIECES; i++) {
		uint64_t at = r->c.v[i].at;

		for (int d = -1; d <= 1; d++)
			if (at > 0 || d >= 0)
				v[n++] = at + (uint64_t)d;
	}
	v[n++] = r->c.size;
	return n;
}

static void
any_range_is_what_the_pieces_make(void)
{
	for (int later = 0; later < 2; later++) {
		uint64_t v[3 * PIECES + 1];
		struct rig r;
		size_t n;

		rig_open(&r);
		r.from.later = later;
		CU_ASSERT_EQUAL(r.reader.source.size, r.c.size);
		n = borders(&r, v);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < n; k++) {
				struct got g = { .done = 0 };

				if (v[k] <= v[i])
					continue;
				ask(&r, v[i], (size_t)(v[k] - v[i]), &g);
				source_rig_let(&r.from);
				check(&g, (size_t)(v[k] - v[i]));
			}
		CU_ASSERT_TRUE(LIST_EMPTY(&r.reader.reads));
		rig_close(&r);
	}
}

/* Each answered at once: the stack must not grow with them. */
static void
an_image_of_countless_pieces_is_read_like_others(void)
{
	size_t n = 60000;
	struct composed many = { .size = n, .n = n, .cap = n };
	struct got g = { .done = 0 };
	struct reader reader;
	struct rig r;

	rig_open(&r);
	many.v = xcalloc(n, sizeof(*many.v));
	xfree(r.want);
	r.want = xmalloc(n);
	for (size_t i = 0; i < n; i++) {
		many.v[i] = (struct composed_piece){ .at = i,
			.n = 1,
			.kind = COMPOSED_BASE,
			.from = i * 7 % BASE };
		r.want[i] = r.base[i * 7 % BASE];
	}
	reader_init(&reader, &many, &r.from.source);
	g.r = &r;
	reader.source.read(reader.source.self, 0, n, take, &g);
	check(&g, n);
	CU_ASSERT_EQUAL(r.from.reads, n);
	reader_fini(&reader);
	composed_free(&many);
	rig_close(&r);
}

static void
a_part_of_the_base_alone_is_passed_on_without_a_copy(void)
{
	struct rig r;
	struct got g = { .done = 0 }, late = { .done = 0 };

	rig_open(&r);
	ask(&r, 4100, 1000, &g); /* of the third piece */
	check(&g, 1000);
	CU_ASSERT_PTR_EQUAL(g.p, r.base + 4100);
	r.from.later = true;
	ask(&r, r.c.size - 1000, 1000, &late);
	CU_ASSERT_EQUAL(r.from.v[0].at, 7000);
	CU_ASSERT_EQUAL(r.from.v[0].n, 1000);
	source_rig_let(&r.from);
	check(&late, 1000);
	CU_ASSERT_PTR_EQUAL(late.p, r.base + 7000);
	CU_ASSERT_EQUAL(r.from.reads, 2);
	rig_close(&r);
}

static void
what_is_not_of_the_base_does_not_ask_it(void)
{
	struct rig r;
	struct got one = { .done = 0 }, zeros = { .done = 0 };
	struct got two = { .done = 0 };

	rig_open(&r);
	r.reader.base = NULL;
	ask(&r, r.c.v[4].at + 5, 2000, &one);
	check(&one, 2000);
	CU_ASSERT_PTR_EQUAL(one.p, r.c.v[4].p + 5); /* not a copy */
	ask(&r, r.c.v[3].at, 3000, &zeros);
	check(&zeros, 3000);
	ask(&r, r.c.v[3].at, 3000 + 2048 + 500, &two);
	check(&two, 5548);
	rig_close(&r);
}

static void
pieces_of_the_base_come_one_after_another(void)
{
	struct rig r;
	struct got g = { .done = 0 };

	rig_open(&r);
	r.from.later = true;
	ask(&r, 0, (size_t)r.c.size, &g);
	for (unsigned reads = 1; reads <= 4; reads++) {
		CU_ASSERT_EQUAL(r.from.n_v, 1);
		CU_ASSERT_EQUAL(r.from.reads, reads);
		CU_ASSERT_EQUAL(g.done, 0);
		source_rig_let_one(&r.from, 0);
	}
	check(&g, (size_t)r.c.size);
	CU_ASSERT_EQUAL(r.from.n_v, 0);
	rig_close(&r);
}

static void
a_base_that_fails_ends_the_read_once(void)
{
	for (int later = 0; later < 2; later++)
		for (unsigned from = 1; from <= 4; from++) {
			struct rig r;
			struct got g = { .done = 0 }, part = { .done = 0 };

			rig_open(&r);
			r.from.later = later;
			r.from.fails_from = from;
			ask(&r, 0, (size_t)r.c.size, &g);
			source_rig_let(&r.from);
			CU_ASSERT_EQUAL(g.done, 1);
			CU_ASSERT_PTR_NULL(g.p);
			CU_ASSERT_EQUAL(g.n, 0);
			CU_ASSERT_EQUAL(g.err.kind, ERR_NET);
			CHECK_TEXT(g.err.msg, "scripted");
			CU_ASSERT_EQUAL(r.from.reads, from); /* and no more */
			ask(&r, 10, 10, &part); /* a piece by itself */
			source_rig_let(&r.from);
			CU_ASSERT_EQUAL(part.done, 1);
			CU_ASSERT_EQUAL(part.err.kind, ERR_NET);
			rig_close(&r);
		}
}

static void
many_readers_do_not_mix(void)
{
	struct rig r;
	struct got v[16] = { { .done = 0 } };

	rig_open(&r);
	r.from.later = true;
	for (size_t i = 0; i < 16; i++)
		ask(&r, i * 100, 8000, &v[i]);
	while (r.from.n_v > 0) { /* from both ends in turn */
		source_rig_let_one(&r.from, 0);
		if (r.from.n_v > 0)
			source_rig_let_one(&r.from, r.from.n_v - 1);
	}
	for (size_t i = 0; i < 16; i++)
		check(&v[i], 8000);
	rig_close(&r);
}

static void
what_is_cancelled_is_not_told(void)
{
	struct rig r;
	struct got a = { .done = 0 }, b = { .done = 0 }, c = { .done = 0 };
	const struct source *s = &r.reader.source;

	rig_open(&r);
	r.from.later = true;
	ask(&r, 0, 8000, &a);
	ask(&r, 0, 8000, &b);
	ask(&r, 0, 100, &c);
	source_rig_let_one(&r.from, 1); /* b is in its second piece */
	s->cancel(s->self, &b);
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	s->cancel(s->self, &b);
	s->cancel(s->self, &r); /* none such is fine */
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	source_rig_let(&r.from);
	check(&a, 8000);
	check(&c, 100);
	CU_ASSERT_EQUAL(b.done, 0);
	s->cancel(s->self, &a); /* has ended */
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	rig_close(&r);
}

static void
the_end_cancels_all_reads_silently(void)
{
	struct rig r;
	struct got v[3] = { { .done = 0 } };

	rig_open(&r);
	r.from.later = true;
	for (size_t i = 0; i < 3; i++)
		ask(&r, i, 8000, &v[i]);
	reader_fini(&r.reader);
	CU_ASSERT_EQUAL(r.from.cancelled, 3);
	CU_ASSERT_EQUAL(r.from.n_v, 0);
	CU_ASSERT_EQUAL(v[0].done + v[1].done + v[2].done, 0);
	rig_close(&r); /* once more is fine */
}

static void
who_is_told_may_read_cancel_and_end(void)
{
	/* of one piece of the base, of several, of memory, of zeros */
	static const struct {
		uint64_t at;
		size_t n;
	} rows[] = { { 0, 100 }, { 0, 8000 }, { 4096, 1 }, { 6144, 2000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;
		struct got next = { .done = 0 }, other = { .done = 0 };
		struct got reads = { .then = &next };
		struct got cancels = { .then = &other, .cancels = true };
		struct got ends = { .ends = true }, last = { .done = 0 };

		rig_open(&r);
		ask(&r, rows[i].at, rows[i].n, &reads);
		check(&reads, rows[i].n);
		check(&next, (size_t)r.c.size);
		r.from.later = true;
		ask(&r, 0, 8000, &other);
		ask(&r, rows[i].at, rows[i].n, &cancels);
		while (cancels.done == 0)
			source_rig_let_one(&r.from, 1);
		check(&cancels, rows[i].n);
		CU_ASSERT_EQUAL(r.from.n_v, 0);
		ask(&r, 0, 8000, &last);
		ask(&r, rows[i].at, rows[i].n, &ends);
		while (ends.done == 0)
			source_rig_let_one(&r.from, 1);
		check(&ends, rows[i].n);
		CU_ASSERT_EQUAL(other.done + last.done, 0);
		CU_ASSERT_EQUAL(r.from.cancelled, 2);
		rig_close(&r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(any_range_is_what_the_pieces_make),
		UNIT_CASE(an_image_of_countless_pieces_is_read_like_others),
		UNIT_CASE(a_part_of_the_base_alone_is_passed_on_without_a_copy),
		UNIT_CASE(what_is_not_of_the_base_does_not_ask_it),
		UNIT_CASE(pieces_of_the_base_come_one_after_another),
		UNIT_CASE(a_base_that_fails_ends_the_read_once),
		UNIT_CASE(many_readers_do_not_mix),
		UNIT_CASE(what_is_cancelled_is_not_told),
		UNIT_CASE(the_end_cancels_all_reads_silently),
		UNIT_CASE(who_is_told_may_read_cancel_and_end),
	};

	return UNIT_RUN("reader", cases);
}
