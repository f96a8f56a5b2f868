/* One look at a whole image: opened, read in order, proven, made ready; and all
 * the ways in which that ends early. */
#include "tests/unit/proof_rig.h"

#include "agent/claims/marks.h"

static const char *const urls[] = { FILE_URL, HTTP_URL };
#define URLS (sizeof(urls) / sizeof(urls[0]))

static void
an_image_is_opened_then_proven_then_served(void)
{
	for (size_t i = 0; i < URLS; i++) {
		struct proof_rig g;
		struct took t;

		proof_rig_open(&g);
		CU_ASSERT_TRUE_FATAL(opens(&g, urls[i]));
		CU_ASSERT_EQUAL(strlen(proof_name(g.p)), 64);
		CU_ASSERT_FALSE(proof_changed(g.p));
		CU_ASSERT_EQUAL(proof_percent(g.p), 0);
		CU_ASSERT_EQUAL(g.folder.reads, 0);
		CU_ASSERT_EQUAL_FATAL(prove(&g, g.sha256), ERR_NONE);
		CU_ASSERT_EQUAL(proof_percent(g.p), 100);
		CU_ASSERT_EQUAL(
		    g.progress, (g.iso.n + PROOF_PIECE - 1) / PROOF_PIECE);
		CU_ASSERT_EQUAL(g.p->image.p.cd.n_boots, 2);
		CU_ASSERT_EQUAL(g.p->image.p.digests.n, 4);
		CU_ASSERT_EQUAL(memcmp(g.p->image.p.sha256, g.sha256, 32), 0);
		CU_ASSERT_TRUE(g.p->image.n_marks > 0);
		CU_ASSERT_EQUAL(g.p->image.marks[0].what, MARK_CATALOG);
		CU_ASSERT_EQUAL(g.told, 0);
		CU_ASSERT_EQUAL(g.p->image.source->size, g.iso.n);
		t = read_at(&g, MIB - 5, MIB + 10); /* of three MiBs */
		CU_ASSERT_TRUE(t.right);
		CU_ASSERT_EQUAL(g.told, 3);
		CU_ASSERT_EQUAL(g.right, 3);
		t = read_at(&g, g.iso.n - 1, 1);
		CU_ASSERT_TRUE(t.right);
		CU_ASSERT_EQUAL(proof_of(&g.p->image), g.p);
		pass(&g, LOOP_HOUR);
		CU_ASSERT_EQUAL(g.done, 1);
		proof_rig_close(&g);
	}
}

static void
images_of_any_size_are_read_to_their_last_byte(void)
{
	struct proof_rig g;
	size_t least;

	proof_rig_open(&g);
	proof_rig_image(&g, 0);
	least = g.iso.n;
	for (size_t pieces = 2; pieces <= PROOF_WINDOW + 1; pieces += 3)
		for (size_t d = 0; d < 3; d++) {
			size_t n = pieces * PROOF_PIECE + d - 1;

			proof_rig_image(&g, n - least);
			CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
			CU_ASSERT_EQUAL(prove(&g, g.sha256), ERR_NONE);
			CU_ASSERT_EQUAL(g.p->image.p.digests.seen, n);
			CU_ASSERT_EQUAL(g.progress, pieces + (d == 2));
			CU_ASSERT_EQUAL(proof_percent(g.p), 100);
		}
	proof_rig_close(&g);
}

static void
what_cannot_be_opened_is_told_once_from_the_loop(void)
{
	static const struct {
		const char *url, *origins;
		int status;
		enum err_kind kind;
	} rows[] = {
		{ "http://local/../a.iso", NULL, 0, ERR_SPEC },
		{ "http://local/", NULL, 0, ERR_SPEC },
		{ "http://local/b.iso", NULL, 0, ERR_NOTFOUND },
		{ "http://local/empty.iso", NULL, 0, ERR_SPEC },
		{ "ftp://10.0.0.9/a.iso", NULL, 0, ERR_SPEC },
		{ "", NULL, 0, ERR_SPEC },
		{ HTTP_URL, "10.0.0.8", 0, ERR_SPEC },
		{ HTTP_URL, NULL, 404, ERR_NOTFOUND },
		{ HTTP_URL, NULL, 403, ERR_AUTH },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof_rig g;

		proof_rig_open(&g);
		files_memory_put(g.folder.in, "/images/empty.iso", "", 0);
		g.status = rows[i].status;
		look_at(&g, rows[i].url, rows[i].origins);
		pass(&g, 5 * LOOP_MIN);
		CHECK_ROW(g.done == 1, rows[i].url);
		CHECK_ROW(g.err.kind == rows[i].kind, rows[i].url);
		CU_ASSERT_EQUAL(proof_percent(g.p), 0);
		CHECK_ROW(g.requests <= 1, rows[i].url);
		proof_rig_close(&g);
	}
}

static void
bytes_that_are_not_what_was_wanted_are_refused_by_reason(void)
{
	static const struct {
		size_t bit; /* that is another one; 0 = none */
		bool sum;
		enum err_kind kind;
		const char *reason;
	} rows[] = {
		{ 0, false, ERR_NONE, NULL },
		{ 2 * MIB, false, ERR_NONE, NULL },
		{ 2 * MIB, true, ERR_SPEC, "ChecksumMismatch" },
		{ 3 * MIB + 76, true, ERR_SPEC, "ChecksumMismatch" },
		{ 16 * 2048 + 1, false, ERR_SPEC, "NotAnISO" },
		{ 16 * 2048 + 1, true, ERR_SPEC, "NotAnISO" }, /* sooner */
		{ 16 * 2048 + 158, false, ERR_SPEC, "ImageRefused" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof_rig g;
		char row[16];

		(void)str_format(row, sizeof(row), "row %zu", i);
		proof_rig_open(&g);
		if (rows[i].bit > 0)
			g.iso.p[rows[i].bit] ^= 0x80;
		files_memory_put(g.folder.in, FILE_PATH, g.iso.p, g.iso.n);
		CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
		CHECK_ROW(
		    prove(&g, rows[i].sum ? g.sha256 : NULL) == rows[i].kind,
		    row);
		if (rows[i].kind != ERR_NONE)
			CHECK_TEXT(proof_refusal(&g.err), rows[i].reason);
		proof_rig_close(&g);
	}
}

static void
an_image_of_one_byte_is_no_iso(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	files_memory_put(g.folder.in, FILE_PATH, "x", 1);
	CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
	CU_ASSERT_EQUAL(prove(&g, NULL), ERR_SPEC);
	CHECK_TEXT(proof_refusal(&g.err), "NotAnISO");
	proof_rig_close(&g);
}

static void
an_image_over_the_cap_is_not_read_at_all(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	g.folder.size = DIGESTS_BASE_MAX + 1;
	CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
	CU_ASSERT_EQUAL(prove(&g, NULL), ERR_TOO_BIG);
	CU_ASSERT_EQUAL(g.folder.reads, 0);
	CHECK_TEXT(proof_refusal(&g.err), "ImageRefused");
	proof_rig_close(&g);
}

/* Its size is said to be larger than what there is. */
static void
an_image_that_ends_too_early_is_an_error(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	g.folder.size = g.iso.n + 1;
	CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
	CU_ASSERT_EQUAL(prove(&g, NULL), ERR_PROTO);
	proof_rig_close(&g);
}

static void
a_refusal_is_told_by_what_is_wrong(void)
{
	static const struct {
		const char *msg, *reason;
	} rows[] = { { "its SHA-256 is ab, not cd as image.checksum says",
			 "ChecksumMismatch" },
		{ "its SHA-256 is not what image.checksum says",
		    "ChecksumMismatch" },
		{ "not an ISO 9660 image: 1 bytes are too few", "NotAnISO" },
		{ "the image is not an ISO 9660 image", "ImageRefused" },
		{ "", "ImageRefused" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e;

		(void)err_set(&e, ERR_SPEC, 0, "%s", rows[i].msg);
		CHECK_TEXT(proof_refusal(&e), rows[i].reason);
	}
}

/* ---- while it is read --------------------------------------------------- */

static void
an_origin_that_fails_for_long_ends_the_look(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	begin(&g, NULL);
	while (proof_percent(g.p) < 30)
		pass(&g, 100);
	g.status = 503;
	pass(&g, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.done, 0); /* tried again for a while */
	pass(&g, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(g.done, 1); /* though all pieces failed */
	CU_ASSERT_EQUAL(g.err.kind, ERR_BUSY);
	CU_ASSERT_FALSE(proof_changed(g.p));
	proof_rig_close(&g);
}

static void
answers_in_any_order_are_put_in_theirs(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	g.holds = true;
	begin(&g, g.sha256);
	for (unsigned i = 0; i < 1000 && g.done == 0; i++) {
		pass(&g, LOOP_MS);
		if (g.n_held == 0)
			continue;
		/* the newest first, but the oldest now and then */
		if (i % 3 == 2) {
			struct http_exchange *x = g.held[0];

			g.held[0] = g.held[--g.n_held];
			proof_rig_reply(&g, x);
		} else {
			proof_rig_reply(&g, g.held[--g.n_held]);
		}
	}
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(g.most_held, PROOF_WINDOW);
	CU_ASSERT_EQUAL(g.most, PROOF_PIECE);
	proof_rig_close(&g);
}

/* Nothing is kept but what is on its way: the oldest is waited for. */
static void
pieces_wait_for_the_one_before_them(void)
{
	struct proof_rig g;
	struct http_exchange *first;

	proof_rig_open(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	g.holds = true;
	begin(&g, NULL);
	while (g.n_held < PROOF_WINDOW)
		pass(&g, LOOP_MS);
	first = g.held[0];
	for (size_t i = 0; i < PROOF_WINDOW; i++) {
		uint64_t from = 1, to = 0;

		CU_ASSERT_TRUE(proof_rig_range(g.held[i], &from, &to));
		if (from == 0)
			first = g.held[i];
		CU_ASSERT_EQUAL(from % PROOF_PIECE, 0);
		CU_ASSERT_TRUE(to < (uint64_t)PROOF_WINDOW * PROOF_PIECE);
	}
	for (size_t i = 0; i < PROOF_WINDOW; i++)
		if (g.held[i] != first)
			proof_rig_reply(&g, g.held[i]);
	g.n_held = 0;
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(g.n_held, 0); /* and nothing more is asked for */
	CU_ASSERT_EQUAL(g.progress, 0);
	g.holds = false;
	proof_rig_reply(&g, first);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	proof_rig_close(&g);
}

/* ---- giving it up ------------------------------------------------------- */

static void
a_look_that_is_given_up_says_nothing(void)
{
	for (int stage = 0; stage < 3; stage++) {
		struct proof_rig g;

		proof_rig_open(&g);
		g.holds = stage == 0; /* while it is opened */
		look_at(&g, HTTP_URL, NULL);
		pass(&g, LOOP_S);
		if (stage > 0) {
			g.holds = stage == 1; /* while pieces are held */
			begin(&g, NULL);
			pass(&g, stage == 1 ? LOOP_S : 300);
		}
		g.done = 0;
		CU_ASSERT_TRUE(g.n_held > 0 || stage == 2);
		proof_unref(g.p);
		g.p = NULL;
		g.progress = 0;
		pass(&g, LOOP_MIN);
		CU_ASSERT_EQUAL(g.done + g.told + g.progress, 0);
		CU_ASSERT_EQUAL(g.n_held, 0); /* the requests went, too */
		proof_rig_close(&g);
	}
	proof_unref(NULL);
}

static void
a_look_that_is_muted_says_nothing_but_is_there(void)
{
	struct proof_rig g;
	struct took t;

	proof_rig_open(&g);
	look_at(&g, HTTP_URL, NULL);
	proof_mute(g.p);
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(strlen(proof_name(g.p)), 64);
	begin(&g, NULL);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(proof_percent(g.p), 100);
	t = read_at(&g, 5, 10);
	CU_ASSERT_TRUE(t.right);
	CU_ASSERT_EQUAL(g.done + g.told + g.progress, 0);
	proof_rig_close(&g);
}

static void
it_may_be_given_up_by_whoever_is_told(void)
{
	static const struct {
		const char *url;
		bool later; /* when it is proven, not when it is opened */
		bool fails;
	} rows[] = { { FILE_URL, false, false }, { HTTP_URL, false, false },
		{ "http://local/..", false, true }, { HTTP_URL, false, true },
		{ FILE_URL, true, false }, { HTTP_URL, true, false },
		{ FILE_URL, true, true }, { HTTP_URL, true, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof_rig g;

		proof_rig_open(&g);
		g.gives_up = !rows[i].later;
		g.status = rows[i].fails && !rows[i].later ? 404 : 0;
		look_at(&g, rows[i].url, NULL);
		pass(&g, LOOP_MIN);
		CU_ASSERT_EQUAL(g.done, 1);
		if (rows[i].later) {
			uint8_t other[32] = { 0 };

			g.gives_up = true;
			begin(&g, rows[i].fails ? other : NULL);
			pass(&g, LOOP_MIN);
			CU_ASSERT_EQUAL(g.done, 1);
		}
		CU_ASSERT_EQUAL(g.err.kind != ERR_NONE, rows[i].fails);
		CU_ASSERT_PTR_NULL(g.p);
		proof_rig_close(&g);
	}
}

static void
who_holds_a_reference_keeps_it(void)
{
	struct proof_rig g;
	struct proof *p;
	struct took t;

	proof_rig_open(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
	CU_ASSERT_EQUAL_FATAL(prove(&g, NULL), ERR_NONE);
	p = g.p;
	p->refs++;
	proof_unref(p);
	t = read_at(&g, MIB, 100);
	CU_ASSERT_TRUE(t.right);
	proof_rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(an_image_is_opened_then_proven_then_served),
		UNIT_CASE(images_of_any_size_are_read_to_their_last_byte),
		UNIT_CASE(what_cannot_be_opened_is_told_once_from_the_loop),
		UNIT_CASE(
		    bytes_that_are_not_what_was_wanted_are_refused_by_reason),
		UNIT_CASE(an_image_of_one_byte_is_no_iso),
		UNIT_CASE(an_image_over_the_cap_is_not_read_at_all),
		UNIT_CASE(an_image_that_ends_too_early_is_an_error),
		UNIT_CASE(an_origin_that_fails_for_long_ends_the_look),
		UNIT_CASE(answers_in_any_order_are_put_in_theirs),
		UNIT_CASE(pieces_wait_for_the_one_before_them),
		UNIT_CASE(a_look_that_is_given_up_says_nothing),
		UNIT_CASE(a_look_that_is_muted_says_nothing_but_is_there),
		UNIT_CASE(it_may_be_given_up_by_whoever_is_told),
		UNIT_CASE(who_holds_a_reference_keeps_it),
		UNIT_CASE(a_refusal_is_told_by_what_is_wrong),
	};

	return UNIT_RUN("base_proof", cases);
}
