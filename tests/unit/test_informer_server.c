/*
 * List and watch against servers that are old, refuse what others allow, or
 * were restored from a backup.
 */
#include <string.h>

#include "tests/unit/informer_rig.h"

/* ---- old servers ----------------------------------------------------------------- */

/* An etcd that does not tell its progress: no bookmarks, and a kube-apiserver
 * that refuses to send initial events. We never ask for those. */
static void
a_server_without_bookmarks_is_no_trouble(void)
{
	struct rigged g;

	open_with(&g, 30, NULL);
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 6 * LOOP_HOUR);
	CU_ASSERT_EQUAL(g.r.fake->lists, 1);
	CU_ASSERT_EQUAL(fake_kube_logged(g.r.fake, "sendInitialEvents"), 0);
	CU_ASSERT_EQUAL(fake_kube_logged(g.r.fake, "resourceVersionMatch"), 0);
	CU_ASSERT_EQUAL(fake_kube_logged(g.r.fake, "allowWatchBookmarks=true"),
	    g.r.fake->watches);
	CU_ASSERT(g.r.fake->watches > 6 * 3600 / 301);
	put(&g, "a", 2);
	rig_run(&g.r, 2 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	CU_ASSERT_EQUAL(g.r.warnings, 0);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

/* ---- refusals -------------------------------------------------------------------- */

#define STATUS(code, reason, message) \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{}," \
	"\"status\":\"Failure\",\"message\":\"" message "\",\"reason\":" \
	"\"" reason "\",\"code\":" code "}"
#define ERROR_EVENT(status) "{\"type\":\"ERROR\",\"object\":" status "}\n"

static const struct refusal {
	int status; /* of the reply; 200: the body is the stream */
	const char *body;
	bool relists; /* the version may be what is wrong */
} refusals[] = {
	{ 200,
	    ERROR_EVENT(STATUS("500", "InternalError",
		"etcd event received with PrevKv=nil (key=x, modRevision=7)")),
	    true },
	{ 200,
	    ERROR_EVENT(STATUS("504", "Timeout",
		"Too large resource version: 900, current: 7")),
	    true },
	{ 200, ERROR_EVENT(STATUS("410", "Gone", "too old")), true },
	{ 200, ERROR_EVENT(STATUS("0", "Expired", "The resourceVersion is")),
	    true },
	{ 200,
	    ERROR_EVENT(STATUS("422", "Invalid",
		"sendInitialEvents is forbidden for watch unless the "
		"WatchList feature gate is enabled")),
	    true },
	{ 200, ERROR_EVENT("{}"), true },
	{ 200, ERROR_EVENT("7"), true },
	{ 504,
	    STATUS("504", "Timeout",
		"Too large resource version: 900, current: 7"),
	    true },
	{ 410, STATUS("410", "Expired", "too old resource version"), true },
	{ 400, STATUS("400", "BadRequest", "bookmarks are unknown here"),
	    true },
	{ 422, STATUS("422", "Invalid", "resourceVersion: Forbidden"), true },
	/* Here it is not. */
	{ 403, STATUS("403", "Forbidden", "not yet"), false },
	{ 429, STATUS("429", "TooManyRequests", "later"), true },
};

struct refuser {
	const struct refusal *r; /* NULL = none */
};

static struct fake_fault
refuse_watches(void *arg, const struct fake_request *rq)
{
	const struct refuser *w = arg;

	if (w->r == NULL || strstr(rq->target, "watch=") == NULL)
		return (struct fake_fault){ 0 };
	return (
	    struct fake_fault){ .status = w->r->status, .body = w->r->body };
}

/* Each watch is refused for ten minutes: asked for ever less often, with new
 * lists where these may help; then all that was missed is heard of, once. */
static void
refused_watches_are_outlived(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct refuser w = { NULL };
		struct rigged g;
		size_t before;

		open_with(&g, 31, NULL);
		g.r.fake->fault = refuse_watches;
		g.r.fake->fault_arg = &w;
		put(&g, "a", 1);
		put(&g, "b", 1);
		informer_start(g.inf);
		rig_run(&g.r, 5 * LOOP_S);
		before = g.r.fake->n_log;
		w.r = &refusals[i];
		fake_kube_reset_watches(g.r.fake);
		rig_run(&g.r, 10 * LOOP_MIN);
		put(&g, "a", 2);
		fake_kube_delete(g.r.fake, "hosts", "lab/b");
		CHECK_ROW(g.r.fake->n_log - before > 10, refusals[i].body);
		CHECK_ROW(g.r.fake->n_log - before < 150, refusals[i].body);
		CHECK_ROW((g.r.fake->lists > 1) == refusals[i].relists,
		    refusals[i].body);
		CHECK_ROW(informer_count(g.inf) == 2, refusals[i].body);
		w.r = NULL;
		rig_run(&g.r, LOOP_MIN);
		CHECK_ROW(status(&g).current, refusals[i].body);
		CHECK_ROW(
		    g.f.updated == 1 && g.f.deleted == 1, refusals[i].body);
		agree(&g.r, &g.f, g.inf);
		close_all(&g);
	}
}

/* A kube-apiserver that has just started forbids what it will allow when it has
 * read its roles: who was let in before is back within seconds. */
static void
a_server_that_has_just_started_forbids(void)
{
	struct refuser w = { NULL };
	struct rigged g;

	open_with(&g, 32, NULL);
	g.r.fake->fault = refuse_watches;
	g.r.fake->fault_arg = &w;
	put(&g, "a", 1);
	informer_start(g.inf);
	rig_run(&g.r, 5 * LOOP_S);
	w.r = &(struct refusal){ 403, STATUS("403", "Forbidden", "x"), false };
	fake_kube_reset_watches(g.r.fake);
	rig_run(&g.r, 2 * LOOP_S);
	w.r = NULL;
	put(&g, "a", 2);
	rig_run(&g.r, 8 * LOOP_S);
	CU_ASSERT_EQUAL(g.f.updated, 1);
	agree(&g.r, &g.f, g.inf);
	close_all(&g);
}

/* ---- a backup -------------------------------------------------------------------- */

/* Older versions of a and b, no c, another d; all revisions below ours. */
static void
restore(struct rigged *g)
{
	fake_kube_delete(g->r.fake, "hosts", "lab/a");
	fake_kube_delete(g->r.fake, "hosts", "lab/b");
	fake_kube_delete(g->r.fake, "hosts", "lab/c");
	fake_kube_compact(g->r.fake); /* what came later never happened */
	g->r.fake->compacted = 0;
	g->r.fake->rv = 10;
	put(g, "a", 1);
	put(g, "b", 1);
	put(g, "d", 1);
	fake_kube_reset_watches(g->r.fake);
}

static void
backed_up(struct rigged *g, int64_t bookmark_us)
{
	open_with(g, 33, NULL);
	g->r.fake->bookmark_us = bookmark_us;
	put(g, "a", 1);
	put(g, "b", 1);
	put(g, "c", 1);
	informer_start(g->inf);
	rig_run(&g->r, LOOP_MIN);
	put(g, "a", 7);
	rig_run(&g->r, LOOP_MIN);
}

static void
restored(struct rigged *g)
{
	CU_ASSERT_TRUE(status(g).current);
	CU_ASSERT_TRUE(informer_has(g->inf, "lab/d"));
	CU_ASSERT_FALSE(informer_has(g->inf, "lab/c"));
	agree(&g->r, &g->f, g->inf);
	/* And on it goes, our own writes included. */
	put(g, "a", 8);
	informer_note_write(g->inf, fake_kube_get(g->r.fake, "hosts", "lab/a"));
	rig_run(&g->r, LOOP_S);
	put(g, "b", 8);
	fake_kube_delete(g->r.fake, "hosts", "lab/d");
	rig_run(&g->r, LOOP_MIN);
	agree(&g->r, &g->f, g->inf);
}

/* The restored server refuses our version: a list follows, older than ours. */
static void
a_restored_server_is_read_anew(void)
{
	struct refuser w = { NULL };
	struct rigged g;

	backed_up(&g, 0);
	g.r.fake->fault = refuse_watches;
	g.r.fake->fault_arg = &w;
	w.r = &refusals[1];
	restore(&g);
	rig_run(&g.r, LOOP_MIN);
	w.r = NULL;
	rig_run(&g.r, LOOP_MIN);
	restored(&g);
	close_all(&g);
}

/* It does not, and its bookmarks are of the past. */
static void
a_bookmark_of_the_past_tells(void)
{
	struct rigged g;

	backed_up(&g, 15 * LOOP_S);
	restore(&g);
	rig_run(&g.r, LOOP_MIN);
	restored(&g);
	close_all(&g);
}

/* It says nothing until it has reached our version again, as kube-apiserver
 * does: the bookmarks that used to come are missed. */
static void
silence_of_a_restored_server_tells(void)
{
	struct rigged g;

	backed_up(&g, 15 * LOOP_S);
	timer_stop(&g.r.fake->bookmark);
	restore(&g);
	for (int i = 0; i < 40; i++) {
		fake_kube_mute_watches(g.r.fake);
		rig_run(&g.r, 10 * LOOP_S);
	}
	rig_run(&g.r, LOOP_MIN);
	restored(&g);
	close_all(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a server without bookmarks is no trouble",
		    a_server_without_bookmarks_is_no_trouble },
		{ "refused watches are outlived",
		    refused_watches_are_outlived },
		{ "a server that has just started forbids",
		    a_server_that_has_just_started_forbids },
		{ "a restored server is read anew",
		    a_restored_server_is_read_anew },
		{ "a bookmark of the past tells",
		    a_bookmark_of_the_past_tells },
		{ "silence of a restored server tells",
		    silence_of_a_restored_server_tells },
	};

	return UNIT_RUN("informer_server", cases);
}
