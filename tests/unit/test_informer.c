/*
 * List and watch: the plain story, endings, silence, and our own writes.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/informer_rig.h"

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
	cJSON *o = fake_object("Host", "lab", "a", 1);
	const cJSON *mine;

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
	json_drop(mine);
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
	/* And by its reason alone. */
	fake_kube_raw(g.r.fake,
	    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
	    "\"reason\":\"Expired\"}}\n");
	rig_run(&g.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.r.fake->lists, 4);
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

/* Versions that are no numbers: only the watch can say that it is past ours. */
static void
own_writes_hold_without_numbers_too(void)
{
	struct rigged g;
	cJSON *v3;

	open_with(&g, 21, NULL);
	g.r.fake->opaque = true;
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 2 * LOOP_S);
	fake_kube_mute_watches(g.r.fake);
	put(&g, "a", 2);
	v3 = made(&g, "a", 3);
	informer_note_write(g.inf, v3);
	rig_run(&g.r, LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	fake_kube_reset_watches(g.r.fake);
	rig_run(&g.r, 10 * LOOP_S); /* brings 2, then 3 again */
	CU_ASSERT_EQUAL(g.f.updated, 1);
	agree(&g.r, &g.f, g.inf);
	put(&g, "a", 4);
	rig_run(&g.r, LOOP_S);
	informer_note_write(g.inf, v3); /* the watch was faster */
	CU_ASSERT_EQUAL(g.f.updated, 2);
	agree(&g.r, &g.f, g.inf);
	cJSON_Delete(v3);
	close_all(&g);
}

static void
a_write_noted_during_a_list_may_be_gone_by_its_end(void)
{
	struct rigged g;
	cJSON *o;

	open_with(&g, 22, NULL);
	o = made(&g, "a", 1);
	fake_kube_delete(g.r.fake, "hosts", "lab/a");
	put(&g, "b", 1);
	informer_start(g.inf); /* the list is under way */
	informer_note_write(g.inf, o);
	CU_ASSERT_TRUE(informer_has(g.inf, "lab/a"));
	rig_run(&g.r, 2 * LOOP_S);
	CU_ASSERT_FALSE(informer_has(g.inf, "lab/a"));
	CU_ASSERT_EQUAL(g.f.deleted, 1);
	agree(&g.r, &g.f, g.inf);
	cJSON_Delete(o);
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

/* It keeps the trees of some objects; which ones nobody can see. */
static void
reads_right_whatever_it_keeps(void)
{
	struct rigged g;
	const cJSON *held;
	char name[8];

	open_with(&g, 1, NULL);
	for (int i = 0; i < 200; i++) {
		(void)str_format(name, sizeof(name), "n%03d", i);
		put(&g, name, 1);
	}
	informer_start(g.inf);
	rig_run(&g.r, LOOP_S);
	agree(&g.r, &g.f, g.inf);
	held = informer_get(g.inf, "lab/n007");
	for (int i = 0; i < 400; i++) {
		(void)str_format(name, sizeof(name), "n%03d", i * 7 % 200);
		put(&g, name, 2 + i);
		json_drop(informer_get(g.inf, "lab/n150"));
	}
	fake_kube_delete(g.r.fake, "hosts", "lab/n150");
	rig_run(&g.r, LOOP_S);
	agree(&g.r, &g.f, g.inf);
	CU_ASSERT_PTR_NULL(informer_get(g.inf, "lab/n150"));
	/* What somebody still reads is what it was. */
	CHECK_TEXT(kobj_name(held), "n007");
	CU_ASSERT_FALSE(str_eq(kobj_rv(held), informer_rv(g.inf, "lab/n007")));
	json_drop(held);
	close_all(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(reads_right_whatever_it_keeps),
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
		{ "own writes are read at once", own_writes_are_read_at_once },
		{ "own writes hold without numbers too",
		    own_writes_hold_without_numbers_too },
		{ "a write noted during a list may be gone by its end",
		    a_write_noted_during_a_list_may_be_gone_by_its_end },
		{ "our removal of the last finalizer is a deletion",
		    our_removal_of_the_last_finalizer_is_a_deletion },
		{ "foreign objects are not noted",
		    foreign_objects_are_not_noted },
		{ "a write of unknown fate is read back",
		    a_write_of_unknown_fate_is_read_back },
	};

	return UNIT_RUN("informer", cases);
}
