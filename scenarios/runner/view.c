/* See view.h. */
#include "scenarios/runner/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/walk.h"

#define INFRA "infrastructure.cluster.x-k8s.io"
#define VIEW_EVERY (200 * LOOP_MS)
#define VIEW_WAITS 60

struct view {
	bool terminal;
	int64_t drawn_us;
	unsigned lines;  /* on the screen */
	struct map rows; /* host -> what was shown, owned */
};

/* What is shown of one host. */
struct view_row {
	const char *name, *state, *power, *consumer, *waits, *message;
};

struct view *
view_new(bool terminal)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->terminal = terminal;
	return v;
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	map_free(&v->rows, xfree);
	xfree(v);
}

static void
view_row(const cJSON *t, struct view_row *r)
{
	r->name = json_str(t, "metadata/name", "");
	r->state = json_str(t, "status/state", "-");
	r->power = json_str(t, "status/observedPowerState", "-");
	r->consumer = json_str(t, "spec/consumerRef/name", "-");
	r->waits = json_str(t, "status/operation/waitingOn", "");
	r->message = json_str(t, "status/operation/message", "");
	if (r->waits[0] == '\0')
		r->waits = r->message;
}

static bool
view_changed(struct view *v, const struct view_row *r)
{
	char *text = xasprintf("%-12s %-14s %-11s %-12s %.*s", r->name,
	    r->state, r->power, r->consumer, VIEW_WAITS, r->waits);
	char *old = map_get(&v->rows, r->name);

	if (str_eq(old, text)) {
		xfree(text);
		return false;
	}
	xfree(map_put(&v->rows, r->name, text));
	return true;
}

static void
view_clear(struct view *v)
{
	if (v->terminal && v->lines > 0)
		(void)printf("\033[%uA\033[J", v->lines);
	v->lines = 0;
}

static unsigned
view_height(void)
{
	struct winsize w;

	return ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row > 4 ? w.ws_row : 24;
}

static void
view_draw(struct view *v)
{
	unsigned room = view_height() - 2;

	view_clear(v);
	(void)printf("%-12s %-14s %-11s %-12s %s\n", "HOST", "STATE", "POWER",
	    "CONSUMER", "WAITS FOR");
	v->lines = 1;
	for (size_t i = 0; i < v->rows.n && v->lines < room; i++) {
		(void)printf("%s\n", (const char *)v->rows.v[i].value);
		v->lines++;
	}
	(void)fflush(stdout);
}

void
view_update(struct view *v, struct play *p, bool now)
{
	struct walk w = walk_start(p->f, INFRA, "physicalhosts", NULL, NULL);
	const struct fact_object *o;
	int64_t at = play_now(p);
	bool changed = false;

	if (!now && at - v->drawn_us < VIEW_EVERY)
		return;
	v->drawn_us = at;
	while ((o = walk_next(&w)) != NULL) {
		struct view_row r;

		view_row(o->tree, &r);
		if (!view_changed(v, &r))
			continue;
		changed = true;
		if (!v->terminal)
			(void)printf("%7.1f s  %s\n", (double)at / LOOP_S,
			    (const char *)map_get(&v->rows, r.name));
	}
	if (v->terminal && (changed || now))
		view_draw(v);
	(void)fflush(stdout);
}

void
view_say(struct view *v, struct play *p, const char *text)
{
	view_clear(v);
	(void)printf("%7.1f s  == %s\n", (double)play_now(p) / LOOP_S, text);
	if (v->terminal)
		view_draw(v);
	(void)fflush(stdout);
}
