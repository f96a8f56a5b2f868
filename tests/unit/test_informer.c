/*
 * List and watch: every change once, in order, whatever happens to the
 * connection, the history or the server; and our own writes.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/map.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

/* ---- a follower that checks every event against the ones before ------------- */

struct follow {
	struct map texts; /* key -> compact text as the events told it */
	unsigned added, updated, deleted, synced, wrong;
	char last[128];
};

static void
wrong(struct follow *f, const struct informer_event *ev, const char *why)
{
	f->wrong++;
	(void)fprintf(stderr, "follower: %s: %s\n", ev->key, why);
}

static void
follow_event(void *arg, const struct informer_event *ev)
{
	struct follow *f = arg;
	char *was;

	(void)str_format(
	    f->last, sizeof(f->last), "%d %s", (int)ev->what, ev->key);
	if (ev->what == INFORMER_SYNCED) {
		f->synced++;
		return;
	}
	was = map_take(&f->texts, ev->key);
	if (ev->what == INFORMER_ADDED) {
		f->added++;
		if (was != NULL)
			wrong(f, ev, "added twice");
	} else {
		if (was == NULL)
			wrong(f, ev, "not known");
		if (ev->what == INFORMER_UPDATED && !str_eq(was, ev->old_text))
			wrong(f, ev, "old text is another one");
		if (ev->what == INFORMER_UPDATED)
			f->updated++;
		else
			f->deleted++;
	}
	xfree(was);
	if (ev->what != INFORMER_DELETED) {
		char *now = json_print(ev->object);

		if (ev->old_text != NULL && str_eq(now, ev->old_text))
			wrong(f, ev, "nothing changed");
		(void)map_put(&f->texts, ev->key, now);
	}
}

/* What the events told is what the cache holds is what the server has. */
static void
agree(struct kube_rig *r, const struct follow *f, const struct informer *inf)
{
	size_t n = 0;

	CU_ASSERT_EQUAL(f->wrong, 0);
	CU_ASSERT_EQUAL(f->texts.n, informer_count(inf));
	for (size_t i = 0; i < f->texts.n; i++) {
		const char *key = f->texts.v[i].key;
		const cJSON *o = fake_kube_get(r->fake, "hosts", key);
		cJSON *mine = informer_get(inf, key);

		CHECK_TEXT(informer_text(inf, key), f->texts.v[i].value);
		CHECK_ROW(o != NULL, key);
		if (o != NULL)
			CHECK_ROW(str_eq(kobj_rv(o), kobj_rv(mine)), key);
		n++;
		cJSON_Delete(mine);
	}
	CU_ASSERT_EQUAL(n, r->fake->n_objects);
}

struct rigged {
	struct kube_rig r;
	struct informer *inf;
	struct follow f;
};

static void
open_with(struct rigged *g, uint64_t seed, const struct informer_opts *more)
{
	struct informer_opts o = { .res = &HOSTS };

	*g = (struct rigged){ .inf = NULL };
	rig_open(&g->r, seed, NULL);
	if (more != NULL)
		o = *more;
	o.res = &HOSTS;
	g->inf = informer_new(g->r.client, &o);
	informer_on(g->inf, follow_event, &g->f);
}

static void
close_all(struct rigged *g)
{
	informer_free(g->inf);
	map_free(&g->f.texts, xfree);
	rig_close(&g->r);
}

static void
put(struct rigged *g, const char *name, int n)
{
	(void)fake_kube_put(
	    g->r.fake, "hosts", fake_object("Host", "lab", name, n));
}

static struct informer_status
status(const struct rigged *g)
{
	struct informer_status s;

	informer_status(g->inf, &s);
	return s;
}

/* ---- the plain story --------------------------------------------------------- */

static void
lists_then_follows(void)
{
	struct rigged g;

	open_with(&g, 1, NULL);
	put(&g, "a", 1);
	put(&g, "b", 1);
	informer_start(g.inf);
	CU_ASSERT_FALSE(informer_synced(g.inf));
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_TRUE(informer_synced(g.inf));
	CU_ASSERT_EQUAL(g.f.added, 2);
	CU_ASSERT_EQUAL(g.f.synced, 1);
	CHECK_TEXT(g.f.last, "3 ");
	put(&g, "c", 1);
	put(&g, "a", 2);
	fake_kube_delete(g.r.fake, "hosts", "lab/b");
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_EQUAL(g.f.added, 3);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.f.deleted, 1);
	agree(&g.r, &g.f, g.inf);
	CU_ASSERT_EQUAL(informer_count(g.inf), 2);
	CHECK_TEXT(informer_key_at(g.inf, 0), "lab/a");
	CHECK_TEXT(informer_key_at(g.inf, 1), "lab/c");
	CU_ASSERT_PTR_NULL(informer_key_at(g.inf, 2));
	CU_ASSERT_EQUAL(informer_lower(g.inf, "lab/b"), 1);
	CU_ASSERT_EQUAL(status(&g).state, INFORMER_WATCHING);
	CU_ASSERT_TRUE(status(&g).current);
	CHECK_TEXT(status(&g).resource_version, "105");
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	CU_ASSERT_EQUAL(g.r.fake->watches, 1);
	close_all(&g);
}

static void
the_cache_is_compact(void)
{
	static const char la[] = "metadata/annotations/"
				 "kubectl.kubernetes.io~1last-applied-"
				 "configuration";
	struct rigged g;
	cJSON *o = fake_object("Host", "lab", "a", 1), *mine;

	open_with(&g, 1, NULL);
	json_put(o, "metadata/managedFields", cJSON_CreateArray());
	json_put(o, la, cJSON_CreateString("{\"very\":\"long\"}"));
	json_put(o, "metadata/annotations/x", cJSON_CreateString("y"));
	json_set(o, "apiVersion", NULL);
	json_set(o, "kind", NULL);
	(void)fake_kube_put(g.r.fake, "hosts", o);
	informer_start(g.inf);
	rig_run(&g.r, LOOP_S);
	mine = informer_get(g.inf, "lab/a");
	CU_ASSERT_PTR_NULL(json_at(mine, "metadata/managedFields"));
	CHECK_TEXT(json_str(mine, la, NULL), "");
	CHECK_TEXT(kobj_annotation(mine, "x"), "y");
	CHECK_TEXT(kobj_kind(mine), "Host");
	CHECK_TEXT(kobj_api_version(mine), "example.org/v1");
	CU_ASSERT_EQUAL(
	    status(&g).text_bytes, strlen(informer_text(g.inf, "lab/a")));
	cJSON_Delete(mine);
	close_all(&g);
}

static void
metadata_only_keeps_no_data(void)
{
	const struct informer_opts mo = { .metadata_only = true };
	struct rigged g;
	cJSON *o = fake_object("Host", "lab", "a", 1);

	open_with(&g, 1, &mo);
	/* A server that ignores the Accept header and sends everything. */
	json_put(o, "data/password", cJSON_CreateString("aHVudGVyMg=="));
	(void)fake_kube_put(g.r.fake, "hosts", o);
	informer_start(g.inf);
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_PTR_NULL(strstr(informer_text(g.inf, "lab/a"), "aHVu"));
	o = json_dup(fake_kube_get(g.r.fake, "hosts", "lab/a"));
	json_put(o, "data/password", cJSON_CreateString("aHVudGVyMw=="));
	(void)fake_kube_put(g.r.fake, "hosts", o);
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_PTR_NULL(strstr(informer_text(g.inf, "lab/a"), "aHVu"));
	CU_ASSERT_PTR_NULL(strstr(informer_text(g.inf, "lab/a"), "spec"));
	close_all(&g);
}

/* ---- endings ------------------------------------------------------------------ */

static void
resumes_from_the_last_version(void)
{
	struct rigged g;

	open_with(&g, 2, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	for (int i = 2; i < 12; i++) {
		if (i % 2 == 0)
			fake_kube_end_watches(g.r.fake);
		else
			fake_kube_reset_watches(g.r.fake);
		put(&g, "a", i); /* while nobody watches */
		rig_run(&g.r, 5 * LOOP_S);
	}
	CU_ASSERT_EQUAL(g.f.updated, 10);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	CU_ASSERT_EQUAL(g.r.fake->watches, 11);
	CU_ASSERT_EQUAL(status(&g).err.kind, ERR_NONE);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

static void
lists_again_when_the_history_is_gone(void)
{
	struct rigged g;

	open_with(&g, 3, NULL);
	put(&g, "a", 1);
	put(&g, "b", 1);
	put(&g, "c", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_reset_watches(g.r.fake);
	put(&g, "a", 2);
	fake_kube_delete(g.r.fake, "hosts", "lab/b");
	fake_kube_delete(g.r.fake, "hosts", "lab/c");
	put(&g, "c", 9); /* the same name, another object */
	put(&g, "d", 1);
	fake_kube_compact(g.r.fake);
	rig_run(&g.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.r.fake->lists, 2);
	CU_ASSERT_EQUAL(g.f.added, 3 + 2); /* c again, d */
	CU_ASSERT_EQUAL(g.f.updated, 1);   /* a */
	CU_ASSERT_EQUAL(g.f.deleted, 2);   /* b, the former c */
	CU_ASSERT_EQUAL(g.f.synced, 1);
	agree(&g.r, &g.f, g.inf);
	/* The same by an ERROR event within the stream. */
	fake_kube_raw(g.r.fake,
	    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
	    "\"reason\":\"Expired\",\"message\":\"too old\"}}\n");
	rig_run(&g.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.r.fake->lists, 3);
	CU_ASSERT_EQUAL(status(&g).relists, 2);
	put(&g, "e", 1);
	rig_run(&g.r, LOOP_S);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

static void
bookmarks_move_the_version_on(void)
{
	struct rigged g;

	open_with(&g, 4, NULL);
	g.r.fake->bookmark_us = 20 * LOOP_S;
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, LOOP_S);
	/* Traffic of others ages our version; bookmarks keep it young. */
	for (int i = 0; i < 5; i++)
		(void)fake_kube_put(
		    g.r.fake, "others", fake_object("Other", "lab", "x", i));
	rig_run(&g.r, 30 * LOOP_S);
	CHECK_TEXT(status(&g).resource_version, "106");
	fake_kube_compact(g.r.fake);
	fake_kube_reset_watches(g.r.fake);
	rig_run(&g.r, 30 * LOOP_S);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1); /* no 410 */
	close_all(&g);
}

/* ---- silence ------------------------------------------------------------------- */

static void
a_dead_connection_is_noticed(void)
{
	struct rigged g;

	open_with(&g, 5, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_mute_watches(g.r.fake);
	put(&g, "a", 2);
	/* No bookmarks here: the deadline of the watch is the last resort. */
	rig_run(&g.r, 330 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

static void
missing_bookmarks_betray_a_dead_connection(void)
{
	struct rigged g;

	open_with(&g, 6, NULL);
	g.r.fake->bookmark_us = 15 * LOOP_S;
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 50 * LOOP_S);
	CU_ASSERT_EQUAL(g.r.fake->watches, 1);
	fake_kube_mute_watches(g.r.fake);
	put(&g, "a", 2);
	rig_run(&g.r, 50 * LOOP_S); /* three gaps, not five minutes */
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.r.fake->watches, 2);
	close_all(&g);
}

static void
an_unconfirmed_write_betrays_it_too(void)
{
	struct rigged g;
	struct got w = { .n = 0 };
	struct kube_request q = { .verb = KUBE_PATCH,
		.res = &HOSTS,
		.ns = "lab",
		.name = "a",
		.done = got_reply,
		.arg = &w };
	cJSON *p = cJSON_CreateObject();

	open_with(&g, 7, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_mute_watches(g.r.fake);
	json_put(p, "spec/n", cJSON_CreateNumber(5));
	q.body = p;
	(void)kube_start(g.r.client, &q);
	rig_run(&g.r, LOOP_S);
	informer_note_write(g.inf, w.object);
	put(&g, "b", 1); /* which the dead watch does not tell */
	rig_run(&g.r, 35 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.f.added, 2);
	agree(&g.r, &g.f, g.inf);
	cJSON_Delete(p);
	got_free(&w);
	close_all(&g);
}

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

/* ---- our own writes --------------------------------------------------------------- */

static cJSON *
made(struct rigged *g, const char *name, int n)
{
	put(g, name, n);
	return json_dup(fake_kube_get(g->r.fake, "hosts", "lab/a"));
}

static void
own_writes_are_read_at_once(void)
{
	struct rigged g;
	cJSON *v2, *v3;

	open_with(&g, 16, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_mute_watches(g.r.fake);
	v2 = made(&g, "a", 2);
	v3 = made(&g, "a", 3);
	informer_note_write(g.inf, v3);
	CU_ASSERT_PTR_NOT_NULL(strstr(informer_text(g.inf, "lab/a"), ":3"));
	CU_ASSERT_EQUAL(g.f.updated, 0); /* from the loop only */
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	/* An older reply that comes late changes nothing. */
	informer_note_write(g.inf, v2);
	CU_ASSERT_PTR_NOT_NULL(strstr(informer_text(g.inf, "lab/a"), ":3"));
	/* Nor do the older events, once a watch brings them. */
	fake_kube_reset_watches(g.r.fake);
	rig_run(&g.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	agree(&g.r, &g.f, g.inf);
	/* And a reply that the watch overtook is old news. */
	put(&g, "a", 4);
	rig_run(&g.r, LOOP_S);
	informer_note_write(g.inf, v3);
	fake_kube_delete(g.r.fake, "hosts", "lab/a");
	rig_run(&g.r, LOOP_S);
	informer_note_write(g.inf, v3); /* must not rise from the dead */
	CU_ASSERT_EQUAL(informer_count(g.inf), 0);
	rig_run(&g.r, LOOP_S);
	agree(&g.r, &g.f, g.inf);
	cJSON_Delete(v2);
	cJSON_Delete(v3);
	close_all(&g);
}

static void
our_removal_of_the_last_finalizer_is_a_deletion(void)
{
	struct rigged g;
	cJSON *o, *old;

	open_with(&g, 17, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	old = json_dup(fake_kube_get(g.r.fake, "hosts", "lab/a"));
	put(&g, "a", 2); /* on its way through the watch */
	o = json_dup(old);
	json_put(o, "metadata/deletionTimestamp",
	    cJSON_CreateString("2026-01-01T00:00:00Z"));
	json_put(o, "metadata/resourceVersion", cJSON_CreateString("103"));
	informer_note_write(g.inf, o);
	CU_ASSERT_FALSE(informer_has(g.inf, "lab/a"));
	rig_run(&g.r, LOOP_S);
	/* The event with version 102 is older than what we know. */
	CU_ASSERT_FALSE(informer_has(g.inf, "lab/a"));
	CU_ASSERT_EQUAL(g.f.deleted, 1);
	fake_kube_delete(g.r.fake, "hosts", "lab/a");
	put(&g, "a", 7);
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_TRUE(informer_has(g.inf, "lab/a"));
	agree(&g.r, &g.f, g.inf);
	cJSON_Delete(o);
	cJSON_Delete(old);
	close_all(&g);
}

static void
foreign_objects_are_not_noted(void)
{
	const struct informer_opts lab = { .ns = "lab" };
	struct rigged g;
	cJSON *o = fake_object("Host", "other", "a", 1);
	cJSON *k = fake_object("Guest", "lab", "a", 1);

	open_with(&g, 18, &lab);
	informer_start(g.inf);
	rig_run(&g.r, LOOP_S);
	json_put(o, "metadata/resourceVersion", cJSON_CreateString("900"));
	json_put(k, "metadata/resourceVersion", cJSON_CreateString("900"));
	informer_note_write(g.inf, o);
	informer_note_write(g.inf, k);
	informer_note_write(g.inf, NULL);
	CU_ASSERT_EQUAL(informer_count(g.inf), 0);
	CU_ASSERT_EQUAL(
	    fake_kube_logged(g.r.fake, "/namespaces/lab/hosts?watch"), 1);
	cJSON_Delete(o);
	cJSON_Delete(k);
	close_all(&g);
}

static void
a_write_of_unknown_fate_is_read_back(void)
{
	struct rigged g;

	open_with(&g, 19, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	/* It was executed, but the watch does not tell yet. */
	fake_kube_mute_watches(g.r.fake);
	put(&g, "a", 2);
	informer_doubt(g.inf, "lab/a");
	CU_ASSERT_TRUE(informer_in_doubt(g.inf, "lab/a"));
	CU_ASSERT_EQUAL(informer_doubts(g.inf), 1);
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_FALSE(informer_in_doubt(g.inf, "lab/a"));
	CU_ASSERT_PTR_NOT_NULL(strstr(informer_text(g.inf, "lab/a"), ":2"));
	/* It was not, or not yet: until nobody can execute it any more. */
	informer_doubt(g.inf, "lab/a");
	rig_run(&g.r, 20 * LOOP_S);
	CU_ASSERT_TRUE(informer_in_doubt(g.inf, "lab/a"));
	put(&g, "a", 3);
	rig_run(&g.r, 6 * LOOP_S);
	CU_ASSERT_FALSE(informer_in_doubt(g.inf, "lab/a"));
	informer_doubt(g.inf, "lab/a");
	rig_run(&g.r, 45 * LOOP_S);
	CU_ASSERT_FALSE(informer_in_doubt(g.inf, "lab/a"));
	/* The server is away meanwhile. */
	fake_kube_listen(g.r.fake, world_net(g.r.server_loop), false);
	informer_doubt(g.inf, "lab/a");
	informer_doubt(g.inf, "lab/new");
	rig_run(&g.r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(informer_doubts(g.inf), 2);
	fake_kube_listen(g.r.fake, world_net(g.r.server_loop), true);
	rig_run(&g.r, LOOP_MIN);
	CU_ASSERT_EQUAL(informer_doubts(g.inf), 0);
	agree(&g.r, &g.f, g.inf);
	informer_doubt(g.inf, "lab/a");
	close_all(&g); /* in the middle */
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
		cJSON *mine = informer_get(s->g.inf, key);
		bool cmp;

		CHECK_ROW(mine != NULL, key);
		if (mine != NULL && !s->g.r.fake->opaque)
			CHECK_ROW(kube_rv_compare(
				      kobj_rv(mine), kobj_rv(o), &cmp) >= 0,
			    key);
		cJSON_Delete(mine);
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
		{ "lists, then follows", lists_then_follows },
		{ "the cache is compact", the_cache_is_compact },
		{ "metadata only keeps no data", metadata_only_keeps_no_data },
		{ "resumes from the last version",
		    resumes_from_the_last_version },
		{ "lists again when the history is gone",
		    lists_again_when_the_history_is_gone },
		{ "bookmarks move the version on",
		    bookmarks_move_the_version_on },
		{ "a dead connection is noticed",
		    a_dead_connection_is_noticed },
		{ "missing bookmarks betray a dead connection",
		    missing_bookmarks_betray_a_dead_connection },
		{ "an unconfirmed write betrays it too",
		    an_unconfirmed_write_betrays_it_too },
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
		{ "an endless line is cut off", an_endless_line_is_cut_off },
		{ "a megabyte object fits", a_megabyte_object_fits },
		{ "own writes are read at once", own_writes_are_read_at_once },
		{ "our removal of the last finalizer is a deletion",
		    our_removal_of_the_last_finalizer_is_a_deletion },
		{ "foreign objects are not noted",
		    foreign_objects_are_not_noted },
		{ "a write of unknown fate is read back",
		    a_write_of_unknown_fate_is_read_back },
		{ "storms lose and double nothing",
		    storms_lose_and_double_nothing },
		{ "storms with opaque versions", storms_with_opaque_versions },
		{ "versions compare only as decimals",
		    versions_compare_only_as_decimals },
		{ "a quiet day costs watches only",
		    a_quiet_day_costs_watches_only },
	};

	return UNIT_RUN("informer", cases);
}
