/* Some sectors of an image: what is put, what is wanted, and who fetches it. */
#include "agent/media/sparse.h"

#include "common/mem.h"
#include "tests/unit/source_rig.h"
#include "tests/unit/unit.h"

#define S MEDIA_SECTOR
#define SECTORS 20u
#define SIZE (SECTORS * S + 100) /* the last sector is short */

struct rig {
	uint8_t p[SIZE];
	struct sparse s;
	struct source_rig from;
};

static void
rig_open(struct rig *r)
{
	for (size_t i = 0; i < SIZE; i++)
		r->p[i] = (uint8_t)(1 + (i * 7 + (i >> 8)) % 251);
	sparse_init(&r->s, SIZE);
	source_rig_init(&r->from, r->p, SIZE);
}

static void
put(struct rig *r, size_t at, size_t n)
{
	sparse_put(&r->s, at, r->p + at, n);
}

static bool
get(struct rig *r, size_t at, size_t n)
{
	uint8_t out[SIZE];

	if (!sparse_get(&r->s, at, out, n))
		return false;
	CU_ASSERT_EQUAL(memcmp(out, r->p + at, n), 0);
	return true;
}

static void
check_wants(struct rig *r, const struct sparse_range *want, size_t n)
{
	const struct sparse_range *v;
	size_t got = sparse_wants(&r->s, &v);

	CU_ASSERT_EQUAL_FATAL(got, n);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(v[i].at, want[i].at);
		CU_ASSERT_EQUAL(v[i].n, want[i].n);
	}
	CU_ASSERT_EQUAL(sparse_wants(&r->s, &v), 0); /* forgotten */
}

static void
whole_sectors_of_what_is_put_are_kept(void)
{
	static const struct {
		size_t at, n, from, to; /* sectors that are there then */
	} rows[] = { { 0, S, 0, 1 }, { 0, S - 1, 0, 0 }, { 1, S, 1, 1 },
		{ 1, 2 * S, 1, 2 }, { S, 3 * S, 1, 4 },
		{ 3 * S - 1, 2 * S + 2, 3, 5 }, { 5, 10, 0, 0 }, { 0, 0, 0, 0 },
		/* the end of the image is one of a sector */
		{ SECTORS * S, 100, SECTORS, SECTORS + 1 },
		{ SECTORS * S, 99, SECTORS, SECTORS },
		{ SECTORS * S + 1, 99, SECTORS, SECTORS },
		{ (SECTORS - 1) * S + 7, S + 93, SECTORS, SECTORS + 1 },
		{ 0, SIZE, 0, SECTORS + 1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		rig_open(&r);
		put(&r, rows[i].at, rows[i].n);
		for (size_t k = 0; k <= SECTORS; k++) {
			bool there = k >= rows[i].from && k < rows[i].to;
			size_t n = k < SECTORS ? S : 100;

			CU_ASSERT_EQUAL(get(&r, k * S, n), there);
			CU_ASSERT_EQUAL(sparse_has(&r.s, k * S, n), there);
		}
		sparse_free(&r.s);
	}
}

static void
bytes_behind_the_end_are_not_kept(void)
{
	uint8_t more[3 * S], out[S];
	struct rig r;

	rig_open(&r);
	memset(more, 0xee, sizeof(more));
	memcpy(more, r.p + SECTORS * S, 100);
	sparse_put(&r.s, SECTORS * S, more, sizeof(more));
	CU_ASSERT_EQUAL(r.s.n, 1);
	CU_ASSERT_TRUE(sparse_get(&r.s, SECTORS * S, out, S));
	CU_ASSERT_EQUAL(memcmp(out, more, 100), 0);
	for (size_t i = 100; i < S; i++) /* as the media are filled up */
		CU_ASSERT_EQUAL(out[i], 0);
	sparse_put(&r.s, (SECTORS + 1) * S, more, S);
	CU_ASSERT_EQUAL(r.s.n, 1);
	sparse_free(&r.s);
	sparse_init(&r.s, 0); /* an image of nothing */
	sparse_put(&r.s, 0, more, S);
	CU_ASSERT_EQUAL(r.s.n, 0);
	CU_ASSERT_TRUE(sparse_has(&r.s, 0, 0));
	CU_ASSERT_FALSE(sparse_has(&r.s, 0, 1));
	sparse_free(&r.s);
}

static void
a_sector_that_is_known_stays_as_it_is(void)
{
	uint8_t other[4 * S];
	struct rig r;

	rig_open(&r);
	memset(other, 0xee, sizeof(other));
	put(&r, 2 * S, S);
	put(&r, 4 * S, S);
	sparse_put(&r.s, S, other, sizeof(other)); /* 1 to 4 */
	CU_ASSERT_TRUE(get(&r, 2 * S, S));
	CU_ASSERT_TRUE(get(&r, 4 * S, S));
	CU_ASSERT_EQUAL(r.s.n, 4);
	CU_ASSERT_TRUE(sparse_has(&r.s, S, 4ul * S));
	sparse_free(&r.s);
}

static void
a_range_is_there_or_all_that_lacks_is_wanted(void)
{
	static const struct sparse_range both[] = { { 2 * S, S },
		{ 4 * S, 3 * S } };
	static const struct sparse_range end[] = { { SECTORS * S, 100 } };
	struct rig r;

	rig_open(&r);
	for (size_t k = SECTORS; k-- > 0;) /* in any order */
		if (k != 2 && (k < 4 || k > 6))
			put(&r, k * S, S);
	CU_ASSERT_TRUE(get(&r, 7 * S + 5, 5 * S));
	CU_ASSERT_TRUE(get(&r, 2 * S - 1, 1));
	CU_ASSERT_TRUE(get(&r, 2 * S, 0));
	check_wants(&r, NULL, 0);
	CU_ASSERT_FALSE(get(&r, S + 5, 6 * S));
	check_wants(&r, both, 2);
	CU_ASSERT_FALSE(sparse_has(&r.s, S + 5, 6ul * S)); /* asks nothing */
	check_wants(&r, NULL, 0);
	CU_ASSERT_FALSE(get(&r, (SECTORS - 1) * S, S + 1));
	check_wants(&r, end, 1);
	sparse_free(&r.s);
}

static void
wants_are_sorted_and_merged(void)
{
	static const struct sparse_range want[] = { { 0, S }, { 3 * S, 5 * S },
		{ 9 * S, S } };
	struct rig r;

	rig_open(&r);
	CU_ASSERT_FALSE(get(&r, 9 * S + 7, 1));
	CU_ASSERT_FALSE(get(&r, 6 * S, 2 * S)); /* touches the next one */
	CU_ASSERT_FALSE(get(&r, 3 * S, 3 * S));
	CU_ASSERT_FALSE(get(&r, 4 * S, S)); /* inside of that */
	CU_ASSERT_FALSE(get(&r, 3 * S, S));
	CU_ASSERT_FALSE(get(&r, 0, 1));
	CU_ASSERT_FALSE(get(&r, 9 * S, S));
	check_wants(&r, want, 3);
	sparse_free(&r.s);
}

static void
an_image_of_too_many_tables_does_not_fit(void)
{
	const struct sparse_range *v;
	struct err e = { .kind = ERR_NONE };
	uint8_t sector[S] = { 0 };
	struct sparse s;

	sparse_init(&s, 4ull * SPARSE_MAX);
	CU_ASSERT_FALSE(sparse_get(&s, 5 * S, sector, S));
	CU_ASSERT_TRUE(sparse_fits(&s, &e));
	(void)sparse_wants(&s, &v);
	sparse_put(&s, 0, sector, S);
	for (uint64_t at = S; at < SPARSE_MAX; at += S)
		(void)sparse_get(&s, at, sector, S);
	CU_ASSERT_TRUE(sparse_fits(&s, &e)); /* one is kept, the rest wanted */
	CU_ASSERT_EQUAL(e.kind, ERR_NONE);
	CU_ASSERT_FALSE(sparse_get(&s, SPARSE_MAX, sector, S));
	CU_ASSERT_FALSE(sparse_fits(&s, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	CU_ASSERT_EQUAL(sparse_wants(&s, &v), 1);
	CU_ASSERT_EQUAL(v[0].at, S);
	CU_ASSERT_EQUAL(v[0].n, SPARSE_MAX);
	CU_ASSERT_TRUE(sparse_fits(&s, &e));
	sparse_free(&s);
}

/* ---- who fetches it ----------------------------------------------------- */

struct look {
	struct rig *r;
	unsigned steps, ended;
	bool bad, nothing, vast, mixed; /* mixed: answers at once or not */
	struct err err;
};

/* Here, then there, depending on what was there. */
static enum media_step
step(void *arg, struct sparse *s, struct err *e)
{
	struct look *l = arg;
	uint8_t b[S];

	l->steps++;
	if (l->mixed)
		l->r->from.later = l->steps % 2 == 0;
	CU_ASSERT_PTR_EQUAL(s, &l->r->s);
	if (l->nothing)
		return MEDIA_WANTS;
	if (l->vast) {
		for (uint64_t n = 0; n <= SPARSE_MAX; n += SIZE)
			(void)sparse_get(s, 0, l->r->p, SIZE);
		return MEDIA_WANTS;
	}
	if (!sparse_get(s, 9 * S, b, S) || !sparse_get(s, 2 * S, b, S))
		return MEDIA_WANTS;
	CU_ASSERT_EQUAL(memcmp(b, l->r->p + 2ul * S, S), 0);
	if (!sparse_get(s, SECTORS * S, b, 100))
		return MEDIA_WANTS;
	if (!l->bad)
		return MEDIA_DONE;
	(void)err_set(e, ERR_SPEC, 0, "not this one");
	return MEDIA_BAD;
}

static void
ended(void *arg, const struct err *e)
{
	struct look *l = arg;

	l->ended++;
	if (e != NULL)
		l->err = *e;
}

static struct look
run(struct rig *r, struct look l)
{
	struct source_run run;

	l.r = r;
	source_run(&run, &r->from.source, &r->s, step, ended, &l);
	source_rig_let(&r->from);
	CU_ASSERT_EQUAL(l.ended, 1);
	source_stop(&run); /* has ended */
	CU_ASSERT_EQUAL(l.ended, 1);
	sparse_free(&r->s);
	return l;
}

static void
a_step_is_run_until_it_wants_nothing_more(void)
{
	for (int later = 0; later < 2; later++) {
		struct rig r;
		struct look l;

		rig_open(&r);
		r.from.later = later;
		l = run(&r, (struct look){ .steps = 0 });
		CU_ASSERT_EQUAL(l.err.kind, ERR_NONE);
		CU_ASSERT_EQUAL(l.steps, 4);
		CU_ASSERT_EQUAL(r.from.reads, 3);
		rig_open(&r);
		r.from.later = later;
		l = run(&r, (struct look){ .bad = true });
		CU_ASSERT_EQUAL(l.err.kind, ERR_SPEC);
		CHECK_TEXT(l.err.msg, "not this one");
		rig_open(&r);
		l = run(&r, (struct look){ .mixed = true });
		CU_ASSERT_EQUAL(l.err.kind, ERR_NONE);
		CU_ASSERT_EQUAL(r.from.reads, 3);
	}
}

static void
a_step_that_goes_in_circles_is_ended(void)
{
	struct rig r;
	struct look l;

	rig_open(&r);
	l = run(&r, (struct look){ .nothing = true });
	CU_ASSERT_EQUAL(l.err.kind, ERR_INTERNAL);
	CU_ASSERT_EQUAL(l.steps, 1);
	rig_open(&r);
	l = run(&r, (struct look){ .vast = true });
	CU_ASSERT_EQUAL(l.err.kind, ERR_TOO_BIG);
	CU_ASSERT_EQUAL(r.from.reads, 0);
}

static void
a_source_that_fails_ends_the_run(void)
{
	for (int later = 0; later < 2; later++)
		for (unsigned from = 1; from <= 3; from++) {
			struct rig r;
			struct look l;

			rig_open(&r);
			r.from.later = later;
			r.from.fails_from = from;
			l = run(&r, (struct look){ .steps = 0 });
			CU_ASSERT_EQUAL(l.err.kind, ERR_NET);
			CU_ASSERT_EQUAL(l.steps, from);
			CU_ASSERT_EQUAL(r.from.reads, from);
		}
}

static void
a_run_that_is_stopped_says_nothing(void)
{
	struct look l = { .steps = 0 };
	struct source_run run;
	struct rig r;

	rig_open(&r);
	r.from.later = true;
	l.r = &r;
	source_run(&run, &r.from.source, &r.s, step, ended, &l);
	source_rig_let_one(&r.from, 0);
	source_stop(&run);
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	source_stop(&run);
	CU_ASSERT_EQUAL(r.from.cancelled, 1);
	CU_ASSERT_EQUAL(r.from.n_v, 0);
	CU_ASSERT_EQUAL(l.ended, 0);
	sparse_free(&r.s);
}

struct own {
	struct look look;
	struct source_run run;
};

static void
free_it(void *arg, const struct err *e)
{
	struct look *l = arg;
	unsigned *ended = &l->r->from.cancelled; /* stays */

	CU_ASSERT_PTR_NULL(e);
	(*ended)++;
	xfree((char *)arg - offsetof(struct own, look));
}

static void
a_run_may_be_freed_when_it_is_told(void)
{
	for (int later = 0; later < 2; later++) {
		struct own *o = xcalloc(1, sizeof(*o));
		struct rig r;

		rig_open(&r);
		r.from.later = later;
		o->look.r = &r;
		source_run(
		    &o->run, &r.from.source, &r.s, step, free_it, &o->look);
		source_rig_let(&r.from);
		CU_ASSERT_EQUAL(r.from.cancelled, 1);
		sparse_free(&r.s);
	}
}

#define LONG (3u << 20)

struct whole {
	uint8_t *out;
	unsigned done;
};

static enum media_step
whole_step(void *arg, struct sparse *s, struct err *e)
{
	struct whole *w = arg;

	(void)e;
	return sparse_get(s, 0, w->out, LONG) ? MEDIA_DONE : MEDIA_WANTS;
}

static void
whole_done(void *arg, const struct err *e)
{
	struct whole *w = arg;

	CU_ASSERT_PTR_NULL(e);
	w->done++;
}

static void
long_ranges_are_read_in_pieces(void)
{
	static const struct sparse_range want[] = { { 0, S },
		{ 2 * S, SOURCE_PIECE }, { 2 * S + SOURCE_PIECE, SOURCE_PIECE },
		{ 2 * S + 2 * SOURCE_PIECE, SOURCE_PIECE - 2 * S } };
	uint8_t *p = xmalloc(LONG);
	struct whole w = { .out = xmalloc(LONG) };
	struct source_rig from;
	struct source_run run;
	struct sparse s;

	for (size_t i = 0; i < LONG; i++)
		p[i] = (uint8_t)(i + (i >> 11));
	source_rig_init(&from, p, LONG);
	from.later = true;
	sparse_init(&s, LONG);
	sparse_put(&s, S, p + S, S); /* known: two ranges are left */
	source_run(&run, &from.source, &s, whole_step, whole_done, &w);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(from.n_v, 1);
		CU_ASSERT_EQUAL(from.v[0].at, want[i].at);
		CU_ASSERT_EQUAL(from.v[0].n, want[i].n);
		CU_ASSERT_EQUAL(w.done, 0);
		source_rig_let_one(&from, 0);
	}
	CU_ASSERT_EQUAL(w.done, 1);
	CU_ASSERT_EQUAL(memcmp(w.out, p, LONG), 0);
	sparse_free(&s);
	xfree(p);
	xfree(w.out);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(whole_sectors_of_what_is_put_are_kept),
		UNIT_CASE(bytes_behind_the_end_are_not_kept),
		UNIT_CASE(a_sector_that_is_known_stays_as_it_is),
		UNIT_CASE(a_range_is_there_or_all_that_lacks_is_wanted),
		UNIT_CASE(wants_are_sorted_and_merged),
		UNIT_CASE(an_image_of_too_many_tables_does_not_fit),
		UNIT_CASE(a_step_is_run_until_it_wants_nothing_more),
		UNIT_CASE(a_step_that_goes_in_circles_is_ended),
		UNIT_CASE(a_source_that_fails_ends_the_run),
		UNIT_CASE(a_run_that_is_stopped_says_nothing),
		UNIT_CASE(a_run_may_be_freed_when_it_is_told),
		UNIT_CASE(long_ranges_are_read_in_pieces),
	};

	return UNIT_RUN("sparse", cases);
}
