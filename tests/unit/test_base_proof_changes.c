/* One look at a whole image that is another one in the middle of it, when it is
 * read once more, or when it is served. */
#include "tests/unit/proof_rig.h"

static const char *const urls[] = { FILE_URL, HTTP_URL };
#define URLS (sizeof(urls) / sizeof(urls[0]))

/* ---- while it is read --------------------------------------------------- */

static void
replace(struct folder_rig *r)
{
	char *p = xcalloc(1, 4 * MIB);

	files_memory_put(r->in, FILE_PATH, p, 4 * MIB);
	xfree(p);
}

static void
a_file_that_changes_between_two_reads_is_not_proven(void)
{
	/* the first, one on the way, the last */
	for (unsigned when = 1; when <= 13; when += 6) {
		struct proof_rig g;

		proof_rig_open(&g);
		g.folder.when = when;
		g.folder.then = replace;
		CU_ASSERT_TRUE_FATAL(opens(&g, FILE_URL));
		CU_ASSERT_EQUAL(prove(&g, NULL), ERR_CONFLICT);
		CU_ASSERT_EQUAL_FATAL(g.folder.reads >= when, 1);
		CU_ASSERT_TRUE(g.progress < when);
		CU_ASSERT_TRUE(proof_changed(g.p));
		CU_ASSERT_TRUE(proof_percent(g.p) < 100);
		proof_rig_close(&g);
	}
}

static void
an_origin_that_changes_between_two_reads_is_not_proven(void)
{
	struct proof_rig g;

	proof_rig_open(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	begin(&g, g.sha256);
	while (proof_percent(g.p) < 30)
		pass(&g, 100);
	g.etag = "\"v2\"";
	pass(&g, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
	CU_ASSERT_TRUE(proof_changed(g.p));
	CU_ASSERT_TRUE(proof_percent(g.p) < 100);
	proof_rig_close(&g);
}

/* A server that says nothing of the image any more: the bytes tell. */
static void
an_etag_that_is_gone_is_no_change_but_other_bytes_are(void)
{
	for (int other = 0; other < 2; other++) {
		struct proof_rig g;

		proof_rig_open(&g);
		CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
		begin(&g, g.sha256);
		while (proof_percent(g.p) < 30)
			pass(&g, 100);
		g.etag = NULL;
		g.iso.p[g.iso.n - 1] ^= (uint8_t)other;
		pass(&g, 2 * LOOP_MIN);
		CU_ASSERT_EQUAL(g.done, 1);
		CU_ASSERT_EQUAL(g.err.kind, other == 0 ? ERR_NONE : ERR_SPEC);
		if (other != 0)
			CHECK_TEXT(proof_refusal(&g.err), "ChecksumMismatch");
		proof_rig_close(&g);
	}
}

/* ---- what has gone by too early ----------------------------------------- */

#define FAR_MIB 5u

static void
open_far(struct proof_rig *g)
{
	proof_rig_open(g);
	cd_rig_free(&g->iso);
	cd_rig_far(&g->iso, FAR_MIB * MIB / 2048);
	proof_rig_publish(g);
}

static void
what_had_gone_by_is_read_once_more(void)
{
	for (size_t i = 0; i < URLS; i++) {
		struct proof_rig g;

		open_far(&g);
		CU_ASSERT_TRUE_FATAL(opens(&g, urls[i]));
		CU_ASSERT_EQUAL(prove(&g, g.sha256), ERR_NONE);
		CU_ASSERT_EQUAL(g.p->image.p.cd.n_trees, 2);
		CU_ASSERT_EQUAL(g.told, 1); /* checked like all others */
		CU_ASSERT_EQUAL(g.right, 1);
		CU_ASSERT_EQUAL(g.progress, (FAR_MIB + 1) * MIB / PROOF_PIECE);
		proof_rig_close(&g);
	}
}

static void
what_is_another_one_the_second_time_is_not_proven(void)
{
	struct proof_rig g;

	open_far(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	begin(&g, g.sha256);
	while (g.p->image.p.digests.seen < g.iso.n)
		pass(&g, 100);
	CU_ASSERT_EQUAL(g.done, 0);
	g.iso.p[FAR_MIB * MIB + 9] ^= 1;
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
	proof_rig_close(&g);
}

static void
a_second_read_may_be_given_up(void)
{
	struct proof_rig g;

	open_far(&g);
	CU_ASSERT_TRUE_FATAL(opens(&g, HTTP_URL));
	begin(&g, NULL);
	while (g.p->image.p.digests.seen < g.iso.n)
		pass(&g, 100);
	g.holds = true;
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(g.n_held, 1);
	CU_ASSERT_EQUAL(g.most, MIB);
	proof_unref(g.p);
	g.p = NULL;
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(g.n_held, 0);
	CU_ASSERT_EQUAL(g.done + g.told, 0);
	proof_rig_close(&g);
}

/* ---- what is served later ----------------------------------------------- */

static void
what_changed_after_the_look_is_told_and_not_served(void)
{
	for (size_t i = 0; i < URLS; i++)
		for (int same_name = 0; same_name < 2; same_name++) {
			struct proof_rig g;
			struct took t;

			proof_rig_open(&g);
			CU_ASSERT_TRUE_FATAL(opens(&g, urls[i]));
			CU_ASSERT_EQUAL_FATAL(prove(&g, NULL), ERR_NONE);
			t = read_at(&g, 3 * MIB, 10); /* stays in the cache */
			CU_ASSERT_TRUE(t.right);
			g.iso.p[MIB + 7] ^= 1;
			g.etag = same_name != 0 ? "\"v1\"" : "\"v2\"";
			if (same_name != 0)
				(void)g.folder.in->stamp(g.folder.in->self,
				    FILE_PATH, &g.folder.stamp, NULL);
			files_memory_put(
			    g.folder.in, FILE_PATH, g.iso.p, g.iso.n);
			t = read_at(&g, MIB, 10);
			CU_ASSERT_EQUAL(t.kind, ERR_CONFLICT);
			CU_ASSERT_EQUAL(g.told, 2);
			CU_ASSERT_EQUAL(g.told_err.kind, ERR_CONFLICT);
			CU_ASSERT_EQUAL(proof_changed(g.p), same_name == 0);
			t = read_at(&g, 3 * MIB, 10);
			CU_ASSERT_TRUE(t.right);
			CU_ASSERT_EQUAL(g.told, 2);
			t = read_at(&g, 0, 10);
			CU_ASSERT_EQUAL(t.right, same_name != 0);
			CU_ASSERT_EQUAL(g.done, 1); /* of the look itself */
			proof_rig_close(&g);
		}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_file_that_changes_between_two_reads_is_not_proven),
		UNIT_CASE(
		    an_origin_that_changes_between_two_reads_is_not_proven),
		UNIT_CASE(
		    an_etag_that_is_gone_is_no_change_but_other_bytes_are),
		UNIT_CASE(what_had_gone_by_is_read_once_more),
		UNIT_CASE(what_is_another_one_the_second_time_is_not_proven),
		UNIT_CASE(a_second_read_may_be_given_up),
		UNIT_CASE(what_changed_after_the_look_is_told_and_not_served),
	};

	return UNIT_RUN("base_proof_changes", cases);
}
