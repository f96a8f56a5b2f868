/*
 * List and watch under trouble: every change once, in order, whatever happens
 * to the connection, the history or the server.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/informer_rig.h"

/* ---- trouble ------------------------------------------------------------------- */

static struct fake_fault
by_pattern(void *arg, const struct fake_request *rq)
{
	const struct fake_fault *ff = arg;

	/* body doubles as the pattern of the target when status is set */
	(void)rq;
	return *ff;
}

static void
an_outage_of_ten_minutes_changes_nothing(void)
{
	struct rigged g;
	uint64_t tries;

	open_with(&g, 8, NULL);
	put(&g, "a", 1);
	put(&g, "b", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_listen(g.r.fake, world_net(g.r.server_loop), false);
	rig_run(&g.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g).state, INFORMER_BACKOFF);
	CU_ASSERT_FALSE(status(&g).current);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	CU_ASSERT(status(&g).age_us > 9 * LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g).err.kind, ERR_NET);
	CU_ASSERT_EQUAL(informer_count(g.inf), 2);
	CU_ASSERT_EQUAL(g.f.deleted, 0);
	tries = status(&g).watches;
	CU_ASSERT(tries > 15 && tries < 150);
	put(&g, "b", 2);
	fake_kube_delete(g.r.fake, "hosts", "lab/a");
	fake_kube_listen(g.r.fake, world_net(g.r.server_loop), true);
	rig_run(&g.r, 35 * LOOP_S);
	CU_ASSERT_TRUE(status(&g).current);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

static void
a_kind_that_is_not_served_yet_is_awaited(void)
{
	struct rigged g;
	struct fake_fault ff = { .status = 404,
		.body = "404 page not found\n" };

	open_with(&g, 9, NULL);
	g.r.fake->fault = by_pattern;
	g.r.fake->fault_arg = &ff;
	informer_start(g.inf);
	rig_run(&g.r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g).state, INFORMER_ABSENT);
	CU_ASSERT_FALSE(informer_synced(g.inf));
	CU_ASSERT(g.r.fake->n_log >= 8 && g.r.fake->n_log <= 31);
	ff.status = 0;
	put(&g, "a", 1);
	rig_run(&g.r, 31 * LOOP_S);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	CU_ASSERT_TRUE(status(&g).current);
	agree(&g.r, &g.f, g.inf);
	/* And when it goes and comes back: the cache waits. */
	ff.status = 404;
	fake_kube_reset_watches(g.r.fake);
	rig_run(&g.r, LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g).state, INFORMER_ABSENT);
	CU_ASSERT_EQUAL(informer_count(g.inf), 1);
	ff.status = 0;
	fake_kube_delete(g.r.fake, "hosts", "lab/a");
	put(&g, "z", 1);
	rig_run(&g.r, LOOP_MIN);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

static void
a_forbidden_list_is_told_and_retried_slowly(void)
{
	struct rigged g;
	struct fake_fault ff = { .status = 403, .reason = "Forbidden" };

	open_with(&g, 10, NULL);
	g.r.fake->fault = by_pattern;
	g.r.fake->fault_arg = &ff;
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g).err.kind, ERR_AUTH);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(status(&g).err.msg, "list hosts: scripted 403"));
	CU_ASSERT(g.r.fake->n_log < 13);
	ff.status = 0;
	rig_run(&g.r, LOOP_MIN);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	close_all(&g);
}

static void
a_busy_server_sets_the_pace(void)
{
	struct rigged g;
	struct fake_fault ff = { .status = 429, .retry_after = "20" };

	open_with(&g, 11, NULL);
	g.r.fake->fault = by_pattern;
	g.r.fake->fault_arg = &ff;
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_MIN);
	CU_ASSERT(g.r.fake->n_log >= 3 && g.r.fake->n_log <= 7);
	ff.status = 0;
	rig_run(&g.r, LOOP_MIN);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	close_all(&g);
}

static void
an_expired_page_is_taken_again_in_one(void)
{
	struct rigged g;
	struct fake_fault ff = { .status = 0 };

	open_with(&g, 12, NULL);
	for (int i = 0; i < 10; i++) {
		char name[8];

		(void)str_format(name, sizeof(name), "h%d", i);
		put(&g, name, i);
	}
	g.r.fake->page_max = 4;
	g.r.fake->fault = by_pattern;
	g.r.fake->fault_arg = &ff;
	informer_start(g.inf);
	while (g.r.fake->lists == 0)
		rig_run(&g.r, 100);
	ff = (struct fake_fault){ .status = 410, .reason = "Expired" };
	while (g.r.fake->n_log < 2)
		rig_run(&g.r, 100);
	ff = (struct fake_fault){ .status = 0 };
	rig_run(&g.r, 10 * LOOP_S);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	CU_ASSERT_EQUAL(g.r.fake->n_log, 4); /* page, 410, all, watch */
	CU_ASSERT_PTR_NULL(strstr(g.r.fake->log[2], "limit"));
	CU_ASSERT_EQUAL(g.f.added, 10);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

/* ---- hostile streams ------------------------------------------------------------- */

static void
garbage_lines_end_the_watch_and_nothing_else(void)
{
	static const char *const bad[] = { "garbage\n", "[]\n", "{}\n", "7\n",
		"{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":7}\n",
		"{\"type\":\"ADDED\",\"object\":{}}\n",
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":[]}}\n",
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\","
		"\"namespace\":\"lab\",\"resourceVersion\":9}}}\n",
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\","
		"\"resourceVersion\":\"900\"}}}\n",
		"{\"type\":\"WHAT\",\"object\":{\"metadata\":{\"name\":\"x\","
		"\"namespace\":\"lab\",\"resourceVersion\":\"900\"}}}\n",
		"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{}}}\n",
		"{\"type\":\"ERROR\",\"object\":{\"code\":500}}\n",
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"nam" };
	struct rigged g;

	open_with(&g, 13, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(&g, "a", 100 + (int)i);
		fake_kube_raw(g.r.fake, bad[i]);
		fake_kube_end_watches(g.r.fake);
		put(&g, "b", (int)i + 1);
		rig_run(&g.r, LOOP_MIN);
		CHECK_ROW(status(&g).current, bad[i]);
		CHECK_ROW(!informer_has(g.inf, "lab/x"), bad[i]);
		agree(&g.r, &g.f, g.inf);
	}
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	CU_ASSERT_EQUAL(status(&g).garbage, 13);
	close_all(&g);
}

/* A member that a later API may have. */
static void
a_line_may_have_more_than_type_and_object(void)
{
	struct rigged g;

	open_with(&g, 13, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_raw(g.r.fake,
	    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\","
	    "\"namespace\":\"lab\",\"resourceVersion\":\"900\"}},"
	    "\"since\":{\"the\":\"future\"}}\n");
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_TRUE(informer_has(g.inf, "lab/x"));
	CU_ASSERT_EQUAL(status(&g).garbage, 0);
	close_all(&g);
}

static void
an_endless_line_is_cut_off(void)
{
	struct rigged g;
	char *big = malloc((3u << 20) + 1);

	memset(big, 'x', 3u << 20);
	big[3u << 20] = '\0';
	open_with(&g, 14, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_raw(g.r.fake, big);
	rig_run(&g.r, LOOP_MIN);
	put(&g, "a", 2);
	rig_run(&g.r, LOOP_S);
	agree(&g.r, &g.f, g.inf);
	CU_ASSERT(g.r.fake->watches >= 2);
	free(big);
	close_all(&g);
}

static void
a_megabyte_object_fits(void)
{
	struct rigged g;
	char *big = malloc((1u << 20) + 1);
	cJSON *o = fake_object("Host", "lab", "big", 1);

	memset(big, 'x', 1u << 20);
	big[1u << 20] = '\0';
	open_with(&g, 15, NULL);
	json_put(o, "spec/blob", cJSON_CreateString(big));
	(void)fake_kube_put(g.r.fake, "hosts", o);
	informer_start(g.inf);
	rig_run(&g.r, 20 * LOOP_S);
	o = json_dup(fake_kube_get(g.r.fake, "hosts", "lab/big"));
	json_put(o, "spec/n", cJSON_CreateNumber(2));
	(void)fake_kube_put(g.r.fake, "hosts", o);
	rig_run(&g.r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	agree(&g.r, &g.f, g.inf);
	free(big);
	close_all(&g);
}

/* Five thousand labels, members that nobody knows, a version of the future. */
static void
an_object_of_the_future_fits(void)
{
	struct rigged g;
	cJSON *o = fake_object("Host", "lab", "odd", 1);
	cJSON *labels =
	    json_ensure_obj(json_ensure_obj(o, "metadata"), "labels");
	const cJSON *mine;
	char key[32];

	for (int i = 0; i < 5000; i++) {
		(void)str_format(key, sizeof(key), "example.org/l%04d", i);
		json_set_str(labels, key, "some value of a label");
	}
	json_set_str(o, "apiVersion", "example.org/v9");
	json_put(o, "metadata/orbit", json_parse("[{\"a\":[null]}]", 14, NULL));
	json_put(o, "spec/later", cJSON_CreateNumber(1e300));
	json_put(o, "later", cJSON_CreateTrue());
	open_with(&g, 16, NULL);
	(void)fake_kube_put(g.r.fake, "hosts", o);
	informer_start(g.inf);
	rig_run(&g.r, 5 * LOOP_S);
	mine = informer_get(g.inf, "lab/odd");
	CU_ASSERT(
	    cJSON_GetArraySize(json_obj(mine, "metadata/labels")) >= 5000);
	CHECK_TEXT(
	    kobj_label(mine, "example.org/l4999"), "some value of a label");
	json_drop(mine);
	o = json_dup(fake_kube_get(g.r.fake, "hosts", "lab/odd"));
	json_put(o, "spec/n", cJSON_CreateNumber(2));
	(void)fake_kube_put(g.r.fake, "hosts", o);
	rig_run(&g.r, 5 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.r.warnings, 0);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

/* ---- storms ------------------------------------------------------------------------ */

struct storm {
	struct rigged g;
	struct rng rng;
	bool sick;
};

static struct fake_fault
storm_fault(void *arg, const struct fake_request *rq)
{
	static const int statuses[] = { 429, 500, 503, 504, 410 };
	struct storm *s = arg;
	uint64_t n = rng_below(&s->rng, 100);

	(void)rq;
	if (!s->sick || n >= 30)
		return (struct fake_fault){ 0 };
	if (n < 10)
		return (struct fake_fault){ .lose_reply = true };
	return (struct fake_fault){ .status = statuses[n % 5] };
}

static void
own_write(struct storm *s, const char *name, int n)
{
	const cJSON *o;
	char key[64];

	(void)str_format(key, sizeof(key), "lab/%s", name);
	put(&s->g, name, n);
	o = fake_kube_get(s->g.r.fake, "hosts", key);
	informer_note_write(s->g.inf, o);
	/* Read your writes: nothing older may stand there now. */
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	if (informer_synced(s->g.inf)) {
		const cJSON *mine = informer_get(s->g.inf, key);
		bool cmp;

		CHECK_ROW(mine != NULL, key);
		if (mine != NULL && !s->g.r.fake->opaque)
			CHECK_ROW(kube_rv_compare(
				      kobj_rv(mine), kobj_rv(o), &cmp) >= 0,
			    key);
		json_drop(mine);
	}
}

static void
storm_step(struct storm *s, int i)
{
	char name[16], key[32];
	struct fake_kube *k = s->g.r.fake;

	(void)str_format(
	    name, sizeof(name), "h%d", (int)rng_below(&s->rng, 12));
	(void)str_format(key, sizeof(key), "lab/%s", name);
	switch (rng_below(&s->rng, 12)) {
	case 0:
		fake_kube_reset_watches(k);
		break;
	case 1:
		fake_kube_end_watches(k);
		break;
	case 2:
		fake_kube_raw(k, "{\"type\":\"garb");
		break;
	case 3:
		if (rng_below(&s->rng, 3) == 0)
			fake_kube_compact(k);
		break;
	case 4:
		fake_kube_mute_watches(k);
		break;
	case 5:
	case 6:
		fake_kube_delete(k, "hosts", key);
		break;
	case 7:
	case 8:
		own_write(s, name, i);
		break;
	default:
		put(&s->g, name, i);
		break;
	}
}

static void
storm(uint64_t seed, bool opaque)
{
	struct storm s = { .sick = true };

	open_with(&s.g, seed, NULL);
	rng_seed(&s.rng, seed, "storm");
	s.g.r.fake->opaque = opaque;
	s.g.r.fake->fault = storm_fault;
	s.g.r.fake->fault_arg = &s;
	s.g.r.fake->split_max = 1 + (unsigned)rng_below(&s.rng, 200);
	s.g.r.fake->page_max = 1 + (unsigned)rng_below(&s.rng, 5);
	s.g.r.fake->bookmark_us = (int64_t)rng_below(&s.rng, 60) * LOOP_S;
	put(&s.g, "h0", 0);
	informer_start(s.g.inf);
	for (int i = 1; i < 150; i++) {
		storm_step(&s, i);
		rig_run(&s.g.r, (int64_t)rng_below(&s.rng, 4) * LOOP_S *
				    (int64_t)rng_below(&s.rng, 4));
	}
	s.sick = false;
	rig_run(&s.g.r, 12 * LOOP_MIN);
	CU_ASSERT_TRUE(status(&s.g).current);
	agree(&s.g.r, &s.g.f, s.g.inf);
	close_all(&s.g);
}

static void
storms_lose_and_double_nothing(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		storm(seed, false);
}

static void
storms_with_opaque_versions(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		storm(seed, true);
}

static void
versions_compare_only_as_decimals(void)
{
	static const struct {
		const char *a, *b;
		int order;
		bool comparable;
	} rows[] = { { "9", "10", -1, true }, { "10", "10", 0, true },
		{ "18446744073709551616", "18446744073709551615", 1, true },
		{ "a", "b", -1, false }, { "1", "a", -1, false },
		{ "01", "1", -1, false }, { "", "1", -1, false },
		{ "0", "1", -1, false }, { "x", "x", 0, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool c;
		int d = kube_rv_compare(rows[i].a, rows[i].b, &c);

		CHECK_ROW(d == rows[i].order, rows[i].a);
		CHECK_ROW(c == rows[i].comparable, rows[i].a);
	}
}

static void
a_quiet_day_costs_watches_only(void)
{
	struct rigged g;

	open_with(&g, 20, NULL);
	g.r.fake->bookmark_us = LOOP_MIN;
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 24 * LOOP_HOUR);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	CU_ASSERT_EQUAL(g.r.fake->writes, 0);
	CU_ASSERT_EQUAL(g.r.fake->gets, 0);
	CU_ASSERT(g.r.fake->watches < 24 * 3600 / 240 + 2);
	CU_ASSERT(g.r.fake->watches > 24 * 3600 / 301);
	CU_ASSERT_EQUAL(g.f.added, 1);
	CU_ASSERT_EQUAL(g.r.warnings, 0);
	close_all(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "an outage of ten minutes changes nothing",
		    an_outage_of_ten_minutes_changes_nothing },
		{ "a kind that is not served yet is awaited",
		    a_kind_that_is_not_served_yet_is_awaited },
		{ "a forbidden list is told and retried slowly",
		    a_forbidden_list_is_told_and_retried_slowly },
		{ "a busy server sets the pace", a_busy_server_sets_the_pace },
		{ "an expired page is taken again in one",
		    an_expired_page_is_taken_again_in_one },
		{ "garbage lines end the watch and nothing else",
		    garbage_lines_end_the_watch_and_nothing_else },
		{ "a line may have more than type and object",
		    a_line_may_have_more_than_type_and_object },
		{ "an endless line is cut off", an_endless_line_is_cut_off },
		{ "a megabyte object fits", a_megabyte_object_fits },
		{ "an object of the future fits",
		    an_object_of_the_future_fits },
		{ "storms lose and double nothing",
		    storms_lose_and_double_nothing },
		{ "storms with opaque versions", storms_with_opaque_versions },
		{ "versions compare only as decimals",
		    versions_compare_only_as_decimals },
		{ "a quiet day costs watches only",
		    a_quiet_day_costs_watches_only },
	};

	return UNIT_RUN("informer_faults", cases);
}
