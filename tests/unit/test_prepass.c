/* A base that comes in pieces: proven, parsed, checked again when served. */
#include "agent/media/prepass.h"

#include "agent/media/source.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/unit.h"

static const struct cd_rig_opts full = {
	.joliet = true, .rock = true, .moved = true
};
#define MIB (1u << 20)

/* The rig's image, and 3.5 MiB behind it: digests of several blocks. */
static void
large(struct cd_rig *r)
{
	struct cd_rig_opts o = full;

	o.padding = 3 * MIB + MIB / 2 + 77;
	cd_rig_make(r, &o);
	for (size_t i = r->n - o.padding; i < r->n; i++)
		r->p[i] = (uint8_t)(i * 31 >> 3);
}

static bool
feed_all(struct prepass *p, const struct cd_rig *r, size_t piece, struct err *e)
{
	for (size_t at = 0; at < r->n; at += piece)
		if (!prepass_add(
			p, r->p + at, r->n - at < piece ? r->n - at : piece, e))
			return false;
	return true;
}

static void
pieces_of_any_size_give_the_same(void)
{
	static const size_t pieces[] = { 1009, 2048, 4096, 65537, 300000, MIB,
		8 * MIB };
	struct cd_rig r;
	uint8_t want[32];

	large(&r);
	sha256(r.p, r.n, want);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct prepass p;
		struct err e = { .kind = ERR_NONE };
		uint8_t block[32];

		CU_ASSERT_TRUE_FATAL(prepass_init(&p, r.n, want, &e));
		CU_ASSERT_TRUE(feed_all(&p, &r, pieces[i], &e));
		CU_ASSERT_EQUAL(prepass_end(&p, &e), MEDIA_DONE);
		CU_ASSERT_EQUAL(memcmp(p.sha256, want, 32), 0);
		CU_ASSERT_EQUAL(p.cd.n_trees, 2);
		CU_ASSERT_EQUAL_FATAL(p.digests.n, 4);
		sha256(r.p + MIB, MIB, block);
		CU_ASSERT_EQUAL(memcmp(p.digests.v[1], block, 32), 0);
		sha256(r.p + 3ul * MIB, r.n - 3ul * MIB, block);
		CU_ASSERT_EQUAL(memcmp(p.digests.v[3], block, 32), 0);
		prepass_free(&p);
	}
	cd_rig_free(&r);
}

static void
a_wrong_checksum_is_told_with_both(void)
{
	struct cd_rig r;
	struct prepass p;
	struct err e = { .kind = ERR_NONE };
	uint8_t want[32] = { 0xab };

	cd_rig_make(&r, &full);
	CU_ASSERT_TRUE_FATAL(prepass_init(&p, r.n, want, &e));
	CU_ASSERT_TRUE(feed_all(&p, &r, 4096, &e));
	CU_ASSERT_EQUAL(prepass_end(&p, &e), MEDIA_BAD);
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "not ab0000"));
	CU_ASSERT_EQUAL(prepass_end(&p, &e), MEDIA_BAD); /* and stays so */
	prepass_free(&p);
	cd_rig_free(&r);
}

static void
too_few_and_too_many_bytes_are_refused(void)
{
	struct cd_rig r;
	struct prepass p;
	struct err e;

	cd_rig_make(&r, &full);
	CU_ASSERT_TRUE_FATAL(prepass_init(&p, r.n + 5000, NULL, &e));
	CU_ASSERT_TRUE(feed_all(&p, &r, 4096, &e));
	CU_ASSERT_EQUAL(prepass_end(&p, &e), MEDIA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "the image ended after"));
	prepass_free(&p);
	CU_ASSERT_TRUE_FATAL(prepass_init(&p, r.n - 2048, NULL, &e));
	CU_ASSERT_FALSE(feed_all(&p, &r, 4096, &e));
	prepass_free(&p);
	CU_ASSERT_FALSE(prepass_init(&p, DIGESTS_BASE_MAX + 1, NULL, &e));
	cd_rig_free(&r);
}

static void
what_is_no_image_is_refused_before_its_end(void)
{
	struct prepass p;
	struct err e = { .kind = ERR_NONE };
	uint8_t *zeros = xcalloc(1, MIB);
	int i = 0;

	CU_ASSERT_TRUE_FATAL(prepass_init(&p, 100ull * MIB, NULL, &e));
	while (i < 100 && prepass_add(&p, zeros, MIB, &e))
		i++;
	CU_ASSERT_TRUE(i < 10);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "not an ISO 9660 image"));
	prepass_free(&p);
	xfree(zeros);
}

/* Folders behind the head, in an order that no stream meets: read again. */
static void
what_has_gone_by_is_wanted_as_ranges(void)
{
	struct cd_rig big;
	struct prepass p;
	struct err e = { .kind = ERR_NONE };
	enum media_step step;
	unsigned rounds = 0;
	uint32_t far = 5u * MIB / 2048;

	cd_rig_far(&big, far);
	CU_ASSERT_TRUE_FATAL(prepass_init(&p, big.n, NULL, &e));
	CU_ASSERT_TRUE(feed_all(&p, &big, 65536, &e));
	while ((step = prepass_end(&p, &e)) == MEDIA_WANTS && rounds++ < 9) {
		const struct sparse_range *v;
		size_t n = sparse_wants(&p.base, &v);

		CU_ASSERT_EQUAL_FATAL(n, 1);
		CU_ASSERT_EQUAL(v[0].at, (uint64_t)far * 2048);
		sparse_put(&p.base, v[0].at, big.p + v[0].at, (size_t)v[0].n);
	}
	CU_ASSERT_EQUAL(step, MEDIA_DONE);
	CU_ASSERT_EQUAL(rounds, 1);
	prepass_free(&p);
	cd_rig_free(&big);
}

struct got {
	uint8_t *p;
	size_t n;
};

static void
take(void *arg, const uint8_t *p, size_t n)
{
	struct got *g = arg;

	memcpy(g->p + g->n, p, n);
	g->n += n;
}

static bool
serve(const struct digests *d, const struct cd_rig *r, uint64_t from,
    uint64_t to, struct got *g)
{
	struct digests_check c;
	struct err e;
	bool ok = true;

	g->n = 0;
	digests_check_init(&c, d, from, to);
	while (ok && !digests_check_done(&c)) {
		size_t n =
		    c.end - c.at < 70001 ? (size_t)(c.end - c.at) : 70001;

		ok = digests_check_add(&c, r->p + c.at, n, take, g, &e);
	}
	digests_check_free(&c);
	return ok;
}

static void
ranges_are_checked_in_whole_blocks_and_cut(void)
{
	static const uint64_t ranges[][2] = { { 0, 1 }, { MIB - 1, MIB + 1 },
		{ 5, 3ull * MIB }, { 3ull * MIB + 5, UINT64_MAX },
		{ MIB, 2ull * MIB }, { 9, 9 } };
	struct cd_rig r;
	struct digests d;
	struct err e;
	struct got g;

	large(&r);
	g.p = xmalloc(r.n);
	CU_ASSERT_TRUE_FATAL(digests_init(&d, r.n, &e));
	CU_ASSERT_TRUE(digests_add(&d, r.p, r.n, &e));
	CU_ASSERT_TRUE(digests_whole(&d));
	CU_ASSERT_FALSE(digests_add(&d, r.p, 1, &e));
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		uint64_t from = ranges[i][0], to = ranges[i][1];

		CU_ASSERT_TRUE(serve(&d, &r, from, to, &g));
		to = to < r.n ? to : r.n;
		CU_ASSERT_EQUAL_FATAL(g.n, to - from);
		CU_ASSERT_EQUAL(memcmp(g.p, r.p + from, g.n), 0);
	}
	digests_free(&d);
	xfree(g.p);
	cd_rig_free(&r);
}

static void
nothing_of_a_changed_block_comes_out(void)
{
	struct cd_rig r;
	struct digests d;
	struct err e;
	struct got g;

	large(&r);
	g.p = xmalloc(r.n);
	CU_ASSERT_TRUE_FATAL(digests_init(&d, r.n, &e));
	CU_ASSERT_TRUE(digests_add(&d, r.p, r.n, &e));
	r.p[2ul * MIB - 1] ^= 1;
	CU_ASSERT_FALSE(serve(&d, &r, 100, 3ull * MIB, &g));
	CU_ASSERT_EQUAL(g.n, MIB - 100);
	/* outside of the range, but of its MiB */
	CU_ASSERT_FALSE(serve(&d, &r, MIB, MIB + 1, &g));
	CU_ASSERT_EQUAL(g.n, 0);
	CU_ASSERT_TRUE(serve(&d, &r, 2ull * MIB, 3ull * MIB, &g));
	digests_free(&d);
	xfree(g.p);
	cd_rig_free(&r);
}

/* A source whose answers come when they are let go. */
struct slow {
	const struct cd_rig *r;
	source_fn *fn;
	void *arg;
	uint64_t at;
	size_t n;
	unsigned reads, cancelled;
	bool at_once;
};

static void
slow_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct slow *s = self;

	s->reads++;
	s->fn = fn;
	s->arg = arg;
	s->at = at;
	s->n = n;
	if (s->at_once)
		fn(arg, s->r->p + at, n, NULL);
}

static void
slow_cancel(void *self, void *arg)
{
	struct slow *s = self;

	CU_ASSERT_PTR_EQUAL(s->arg, arg);
	s->cancelled++;
}

struct ended {
	struct cd cd;
	unsigned n;
	struct err e;
};

static enum media_step
parse(void *arg, struct sparse *s, struct err *e)
{
	struct ended *d = arg;

	return cd_parse(&d->cd, s, e);
}

static void
ended(void *arg, const struct err *e)
{
	struct ended *d = arg;

	d->n++;
	if (e != NULL)
		d->e = *e;
}

static void
a_source_may_answer_at_once_or_later(void)
{
	struct cd_rig r;

	cd_rig_make(&r, &full);
	for (int at_once = 0; at_once < 2; at_once++) {
		struct slow slow = { .r = &r, .at_once = at_once };
		struct source src = { .size = r.n,
			.read = slow_read,
			.cancel = slow_cancel,
			.self = &slow };
		struct ended d = { .n = 0 };
		struct source_run run;
		struct sparse s;
		unsigned turns = 0;

		sparse_init(&s, r.n);
		source_run(&run, &src, &s, parse, ended, &d);
		while (d.n == 0 && turns++ < 100)
			slow.fn(slow.arg, r.p + slow.at, slow.n, NULL);
		CU_ASSERT_EQUAL(d.n, 1);
		CU_ASSERT_EQUAL(d.e.kind, ERR_NONE);
		CU_ASSERT_EQUAL(d.cd.n_trees, 2);
		CU_ASSERT_EQUAL(turns == 0, at_once == 1);
		CU_ASSERT_TRUE(slow.reads < 20);
		source_stop(&run);
		CU_ASSERT_EQUAL(slow.cancelled, 0);
		cd_free(&d.cd);
		sparse_free(&s);
	}
	cd_rig_free(&r);
}

static void
a_source_that_fails_or_is_stopped_ends_once(void)
{
	struct err gone = { .kind = ERR_NET };
	struct cd_rig r;
	struct slow slow = { .r = &r };
	struct source src;
	struct ended d = { .n = 0 };
	struct source_run run;
	struct sparse s;

	cd_rig_make(&r, &full);
	src = (struct source){ .size = r.n,
		.read = slow_read,
		.cancel = slow_cancel,
		.self = &slow };
	sparse_init(&s, r.n);
	source_run(&run, &src, &s, parse, ended, &d);
	slow.fn(slow.arg, r.p + slow.at, slow.n, NULL);
	slow.fn(slow.arg, NULL, 0, &gone);
	CU_ASSERT_EQUAL(d.n, 1);
	CU_ASSERT_EQUAL(d.e.kind, ERR_NET);
	source_run(&run, &src, &s, parse, ended, &d);
	source_stop(&run);
	source_stop(&run);
	CU_ASSERT_EQUAL(slow.cancelled, 1);
	CU_ASSERT_EQUAL(d.n, 1);
	cd_free(&d.cd);
	sparse_free(&s);
	cd_rig_free(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(pieces_of_any_size_give_the_same),
		UNIT_CASE(a_wrong_checksum_is_told_with_both),
		UNIT_CASE(too_few_and_too_many_bytes_are_refused),
		UNIT_CASE(what_is_no_image_is_refused_before_its_end),
		UNIT_CASE(what_has_gone_by_is_wanted_as_ranges),
		UNIT_CASE(ranges_are_checked_in_whole_blocks_and_cut),
		UNIT_CASE(nothing_of_a_changed_block_comes_out),
		UNIT_CASE(a_source_may_answer_at_once_or_later),
		UNIT_CASE(a_source_that_fails_or_is_stopped_ends_once),
	};

	return UNIT_RUN("prepass", cases);
}
