/* An informer under test, and a follower that checks what it tells. */
#ifndef B7_TEST_INFORMER_RIG_H
#define B7_TEST_INFORMER_RIG_H

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

static inline void
wrong(struct follow *f, const struct informer_event *ev, const char *why)
{
	f->wrong++;
	(void)fprintf(stderr, "follower: %s: %s\n", ev->key, why);
}

static inline void
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
static inline void
agree(struct kube_rig *r, const struct follow *f, struct informer *inf)
{
	size_t n = 0;

	CU_ASSERT_EQUAL(f->wrong, 0);
	CU_ASSERT_EQUAL(f->texts.n, informer_count(inf));
	for (size_t i = 0; i < f->texts.n; i++) {
		const char *key = f->texts.v[i].key;
		const cJSON *o = fake_kube_get(r->fake, "hosts", key);
		const cJSON *mine = informer_get(inf, key);

		CHECK_TEXT(informer_text(inf, key), f->texts.v[i].value);
		CHECK_ROW(o != NULL, key);
		if (o != NULL)
			CHECK_ROW(str_eq(kobj_rv(o), kobj_rv(mine)), key);
		n++;
		json_drop(mine);
	}
	CU_ASSERT_EQUAL(n, r->fake->n_objects);
}

struct rigged {
	struct kube_rig r;
	struct informer *inf;
	struct follow f;
};

static inline void
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

static inline void
close_all(struct rigged *g)
{
	informer_free(g->inf);
	map_free(&g->f.texts, xfree);
	rig_close(&g->r);
}

static inline void
put(struct rigged *g, const char *name, int n)
{
	(void)fake_kube_put(
	    g->r.fake, "hosts", fake_object("Host", "lab", name, n));
}

static inline struct informer_status
status(const struct rigged *g)
{
	struct informer_status s;

	informer_status(g->inf, &s);
	return s;
}

#endif
