/* Bytes against the digests of what was proven: nothing else gets further. */
#include "agent/origin/proven.h"

#include "common/mem.h"
#include "tests/unit/source_rig.h"
#include "tests/unit/unit.h"

#define MIB DIGESTS_BLOCK
#define SIZE (3u * MIB + 1000)

struct rig {
	uint8_t *p; /* owned: the image as it is at the origin */
	struct source_rig from;
	struct digests d;
	struct proven proven;
	/* What `told` heard; order counts all that is heard at all. */
	unsigned told, right, order, told_at;
	struct err told_err;
};

static void
told(void *arg, const struct err *e)
{
	struct rig *r = arg;

	r->told++;
	r->told_at = ++r->order;
	r->right += e == NULL;
	if (e != NULL)
		r->told_err = *e;
}

/* seen: how far the look at it came. */
static void
rig_open_seen(struct rig *r, size_t seen)
{
	struct err e;

	*r = (struct rig){ .p = xmalloc(SIZE) };
	for (size_t i = 0; i < SIZE; i++)
		r->p[i] = (uint8_t)(i * 13 + (i >> 12) + (i >> 20));
	CU_ASSERT_TRUE_FATAL(digests_init(&r->d, SIZE, &e));
	CU_ASSERT_TRUE_FATAL(digests_add(&r->d, r->p, seen, &e));
	source_rig_init(&r->from, r->p, SIZE);
	proven_init(&r->proven, &r->from.source, &r->d, told, r);
}

static void
rig_open(struct rig *r)
{
	rig_open_seen(r, SIZE);
}

static void
rig_close(struct rig *r)
{
	proven_fini(&r->proven);
	digests_free(&r->d);
	xfree(r->p);
}

struct got {
	struct rig *r;
	unsigned done, at; /* at: which thing that was heard */
	const void *p;
	size_t n;
	struct err err;
	struct got *then; /* read, or cancelled, in the callback */
	bool cancels, ends;
};

static void ask(struct rig *r, uint64_t at, size_t n, struct got *g);

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct got *g = arg;
	const struct source *s = &g->r->proven.source;

	g->done++;
	g->at = ++g->r->order;
	g->p = p;
	g->n = n;
	if (p == NULL)
		g->err = *e;
	else
		CU_ASSERT_PTR_NULL(e);
	if (g->ends)
		proven_fini(&g->r->proven);
	else if (g->then != NULL && g->cancels)
		s->cancel(s->self, g->then);
	else if (g->then != NULL)
		ask(g->r, MIB, MIB, g->then);
}

static void
ask(struct rig *r, uint64_t at, size_t n, struct got *g)
{
	const struct source *s = &r->proven.source;

	g->r = r;
	s->read(s->self, at, n, take, g);
}

static void
check_conflict(const struct rig *r, const struct got *g, const char *mib)
{
	CU_ASSERT_EQUAL(g->done, 1);
	CU_ASSERT_PTR_NULL(g->p);
	CU_ASSERT_EQUAL(g->n, 0);
	CU_ASSERT_EQUAL(g->err.kind, ERR_CONFLICT);
	CU_ASSERT_PTR_NOT_NULL(strstr(g->err.msg, mib));
	CU_ASSERT_EQUAL(r->told, 1);
	CU_ASSERT_EQUAL(r->right, 0);
	CU_ASSERT_EQUAL(r->told_err.kind, ERR_CONFLICT);
	CHECK_TEXT(r->told_err.msg, g->err.msg);
}

static void
what_is_right_passes_as_it_came(void)
{
	for (int later = 0; later < 2; later++) {
		struct rig r;

		rig_open(&r);
		CU_ASSERT_EQUAL(r.proven.source.size, SIZE);
		r.from.later = later;
		for (uint64_t at = 0; at < SIZE; at += MIB) {
			size_t n = SIZE - at < MIB ? (size_t)(SIZE - at) : MIB;
			struct got g = { .done = 0 };

			ask(&r, at, n, &g);
			source_rig_let(&r.from);
			CU_ASSERT_EQUAL(g.done, 1);
			CU_ASSERT_PTR_EQUAL(g.p, r.p + at); /* no copy */
			CU_ASSERT_EQUAL(g.n, n);
			CU_ASSERT_EQUAL(r.told_at + 1, g.at);
		}
		CU_ASSERT_EQUAL(r.right, 4);
		CU_ASSERT_EQUAL(r.told, 4);
		CU_ASSERT_EQUAL(r.from.reads, 4);
		rig_close(&r);
	}
}

static void
one_wrong_bit_anywhere_is_told_and_not_handed_on(void)
{
	static const struct {
		size_t bit, at;
		const char *mib;
	} rows[] = { { 0, 0, "MiB 0 " }, { MIB - 1, 0, "MiB 0 " },
		{ MIB, MIB, "MiB 1 " }, { SIZE - 1, 3 * MIB, "MiB 3 " } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n =
		    SIZE - rows[i].at < MIB ? SIZE - rows[i].at : (size_t)MIB;
		struct got g = { .done = 0 }, again = { .done = 0 };
		struct rig r;

		rig_open(&r);
		r.p[rows[i].bit] ^= 0x80;
		ask(&r, rows[i].at, n, &g);
		check_conflict(&r, &g, rows[i].mib);
		r.p[rows[i].bit] ^= 0x80; /* nothing is remembered */
		ask(&r, rows[i].at, n, &again);
		CU_ASSERT_PTR_NOT_NULL(again.p);
		CU_ASSERT_EQUAL(r.right, 1);
		rig_close(&r);
	}
}

static void
a_mib_in_the_place_of_another_is_wrong(void)
{
	struct rig r;
	struct got g = { .done = 0 };

	rig_open(&r);
	r.from.other = MIB;
	ask(&r, MIB, MIB, &g);
	check_conflict(&r, &g, "MiB 1 ");
	rig_close(&r);
}

static void
fewer_bytes_than_were_asked_for_are_wrong(void)
{
	static const size_t fewer[] = { 1, 1000 };

	for (size_t i = 0; i < 2; i++) {
		struct rig r;
		struct got g = { .done = 0 };

		rig_open(&r);
		r.from.fewer = fewer[i];
		ask(&r, 3 * MIB, 1000, &g);
		check_conflict(&r, &g, "MiB 3 ");
		rig_close(&r);
	}
}

static void
what_was_not_looked_at_yet_cannot_be_right(void)
{
	struct rig r;
	struct got first = { .done = 0 }, g = { .done = 0 };

	rig_open_seen(&r, MIB + 5);
	ask(&r, 0, MIB, &first);
	CU_ASSERT_EQUAL(r.right, 1);
	r.told = r.right = 0;
	ask(&r, MIB, MIB, &g);
	check_conflict(&r, &g, "MiB 1 ");
	rig_close(&r);
}

static void
what_is_behind_all_digests_cannot_be_right(void)
{
	struct rig r;
	struct got g = { .done = 0 };
	struct err e;

	rig_open(&r);
	digests_free(&r.d); /* of a smaller image */
	CU_ASSERT_TRUE_FATAL(digests_init(&r.d, MIB, &e));
	CU_ASSERT_TRUE_FATAL(digests_add(&r.d, r.p, MIB, &e));
	ask(&r, 3 * MIB, 1000, &g);
	check_conflict(&r, &g, "MiB 3 ");
	rig_close(&r);
}

static void
a_part_of_a_mib_is_not_even_asked_for(void)
{
	static const struct {
		uint64_t at;
		size_t n;
	} rows[] = { { 0, MIB - 1 }, { 0, 2 * MIB }, { 0, 1 }, { 1, MIB },
		{ MIB - 1, MIB }, { 3 * MIB, MIB }, { 3 * MIB, 999 },
		{ 3 * MIB, 1001 }, { 3 * MIB + 1, 999 } };
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct got g = { .done = 0 };

		ask(&r, rows[i].at, rows[i].n, &g);
		CU_ASSERT_EQUAL(g.done, 1);
		CU_ASSERT_EQUAL(g.err.kind, ERR_INTERNAL);
	}
	CU_ASSERT_EQUAL(r.from.reads, 0);
	rig_close(&r);
}

static void
an_origin_that_fails_is_told_as_it_says_it(void)
{
	struct rig r;
	struct got g = { .done = 0 }, silent = { .done = 0 };

	rig_open(&r);
	r.from.fails = ERR_TIMEOUT;
	ask(&r, 0, MIB, &g);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_TIMEOUT);
	CHECK_TEXT(g.err.msg, "scripted");
	CU_ASSERT_EQUAL(r.told_err.kind, ERR_TIMEOUT);
	CU_ASSERT_EQUAL(r.told_at + 1, g.at);
	r.proven.told = NULL;
	ask(&r, 0, MIB, &silent);
	CU_ASSERT_EQUAL(silent.err.kind, ERR_TIMEOUT);
	CU_ASSERT_EQUAL(r.told, 1);
	rig_close(&r);
}

static void
what_is_cancelled_is_not_told(void)
{
	struct rig r;
	struct got a = { .done = 0 }, b = { .done = 0 }, c = { .done = 0 };
	const struct source *s = &r.proven.source;

	rig_open(&r);
	r.from.later = true;
	ask(&r, 0, MIB, &a);
	ask(&r, 0, MIB, &b);
	ask(&r, MIB, MIB, &c);
	s->cancel(s->self, &b);
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	s->cancel(s->self, &b); /* none such is fine */
	s->cancel(s->self, &r);
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	source_rig_let(&r.from);
	CU_ASSERT_EQUAL(a.done, 1);
	CU_ASSERT_EQUAL(b.done, 0);
	CU_ASSERT_EQUAL(c.done, 1);
	CU_ASSERT_EQUAL(r.told, 2);
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
		ask(&r, i * MIB, MIB, &v[i]);
	proven_fini(&r.proven);
	CU_ASSERT_EQUAL(r.from.cancelled, 3);
	CU_ASSERT_EQUAL(r.from.n_v, 0);
	CU_ASSERT_EQUAL(v[0].done + v[1].done + v[2].done, 0);
	CU_ASSERT_EQUAL(r.told, 0);
	rig_close(&r); /* once more is fine */
}

static void
who_is_told_may_read_cancel_and_end(void)
{
	struct rig r;
	struct got next = { .done = 0 }, other = { .done = 0 };
	struct got reads = { .then = &next };
	struct got cancels = { .then = &other, .cancels = true };
	struct got ends = { .ends = true }, last = { .done = 0 };

	rig_open(&r);
	ask(&r, 0, MIB, &reads);
	CU_ASSERT_EQUAL(next.done, 1);
	CU_ASSERT_PTR_EQUAL(next.p, r.p + MIB);
	r.from.later = true;
	ask(&r, 0, MIB, &cancels);
	ask(&r, 0, MIB, &other);
	source_rig_let_one(&r.from, 0);
	CU_ASSERT_EQUAL(cancels.done, 1);
	CU_ASSERT_EQUAL(r.from.n_v, 0);
	ask(&r, 0, MIB, &ends);
	ask(&r, 0, MIB, &last);
	r.p[5] ^= 1; /* it is told an error */
	source_rig_let_one(&r.from, 0);
	CU_ASSERT_EQUAL(ends.err.kind, ERR_CONFLICT);
	CU_ASSERT_EQUAL(r.from.cancelled, 2);
	CU_ASSERT_EQUAL(other.done + last.done, 0);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(what_is_right_passes_as_it_came),
		UNIT_CASE(one_wrong_bit_anywhere_is_told_and_not_handed_on),
		UNIT_CASE(a_mib_in_the_place_of_another_is_wrong),
		UNIT_CASE(fewer_bytes_than_were_asked_for_are_wrong),
		UNIT_CASE(what_was_not_looked_at_yet_cannot_be_right),
		UNIT_CASE(what_is_behind_all_digests_cannot_be_right),
		UNIT_CASE(a_part_of_a_mib_is_not_even_asked_for),
		UNIT_CASE(an_origin_that_fails_is_told_as_it_says_it),
		UNIT_CASE(what_is_cancelled_is_not_told),
		UNIT_CASE(the_end_cancels_all_reads_silently),
		UNIT_CASE(who_is_told_may_read_cancel_and_end),
	};

	return UNIT_RUN("proven", cases);
}
