/* See board.h. */
#include "agent/kube/board.h"

#include <stdio.h>
#include <string.h>

#include "agent/kube/object.h"
#include "agent/kube/shard.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

#define DURATION_S 15
#define DURATION_MAX_S 3600
#define DEAD_US (10 * LOOP_MIN)

struct notice {
	struct shard_lease of;
	cJSON *tree;     /* owned */
	char *spec;      /* owned: as text, to notice changes */
	int64_t seen_us; /* since when it looks like this */
	bool changed;    /* while we watched */
	bool shown;      /* by the last list */
};

struct board {
	struct loop *loop;
	const char *base;
	unsigned n;
	struct map notices; /* name -> struct notice, owned */
};

static void
notice_free(void *p)
{
	struct notice *t = p;

	cJSON_Delete(t->tree);
	xfree(t->spec);
	xfree(t);
}

struct board *
board_new(struct loop *l, const char *base, unsigned n)
{
	struct board *b = xcalloc(1, sizeof(*b));

	b->loop = l;
	b->base = base;
	b->n = n;
	return b;
}

void
board_free(struct board *b)
{
	map_free(&b->notices, notice_free);
	xfree(b);
}

/* ---- one list ------------------------------------------------------------------ */

static void
show_one(struct board *b, const cJSON *lease)
{
	struct shard_lease of = shard_lease_parse(b->base, kobj_name(lease));
	const cJSON *spec = json_child(lease, "spec");
	struct notice *t = map_get(&b->notices, kobj_name(lease));
	char *text;

	if (of.kind == SHARD_LEASE_OTHER)
		return;
	text = spec == NULL ? xstrdup("") : json_print(spec);
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		(void)map_put(&b->notices, kobj_name(lease), t); /* new */
	} else if (!str_eq(t->spec, text)) {
		t->changed = true;
	}
	if (!str_eq(t->spec, text))
		t->seen_us = loop_clock_us(b->loop);
	xfree(t->spec);
	t->spec = text;
	t->of = of;
	t->shown = true;
	cJSON_Delete(t->tree);
	t->tree = json_dup(lease);
}

void
board_show(struct board *b, const cJSON *list)
{
	const cJSON *item;

	for (size_t i = 0; i < b->notices.n; i++)
		((struct notice *)b->notices.v[i].value)->shown = false;
	cJSON_ArrayForEach (item, json_arr(list, "items"))
		show_one(b, item);
	for (size_t i = b->notices.n; i > 0; i--) {
		struct notice *t = b->notices.v[i - 1].value;

		if (!t->shown)
			notice_free(
			    map_take(&b->notices, b->notices.v[i - 1].key));
	}
}

/* ---- what it says ---------------------------------------------------------------- */

static const char *
notice_holder(const struct notice *t)
{
	return json_str(t->tree, "spec/holderIdentity", "");
}

static bool
notice_alive(const struct board *b, const struct notice *t)
{
	int64_t s = json_i64(t->tree, "spec/leaseDurationSeconds", 0);

	if (notice_holder(t)[0] == '\0')
		return false;
	if (s <= 0 || s > DURATION_MAX_S)
		s = s <= 0 ? DURATION_S : DURATION_MAX_S;
	return loop_mono_us(b->loop) - t->seen_us < s * LOOP_S;
}

static bool
notice_is(
    const struct board *b, const struct notice *t, enum shard_lease_kind kind)
{
	return t->of.kind == kind && t->of.count == b->n;
}

const cJSON *
board_shard(const struct board *b, unsigned shard)
{
	char name[SHARD_NAME_CAP];
	const struct notice *t;

	if (!shard_lease_name(name, b->base, shard, b->n))
		return NULL;
	t = map_get(&b->notices, name);
	return t == NULL ? NULL : t->tree;
}

unsigned
board_replicas(const struct board *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < b->notices.n; i++) {
		const struct notice *t = b->notices.v[i].value;

		n += notice_is(b, t, SHARD_LEASE_REPLICA) && notice_alive(b, t);
	}
	return n;
}

static unsigned
board_held(const struct board *b, const char *identity)
{
	unsigned n = 0;

	for (size_t i = 0; i < b->notices.n; i++) {
		const struct notice *t = b->notices.v[i].value;

		n += notice_is(b, t, SHARD_LEASE_SHARD) && notice_alive(b, t) &&
		     str_eq(notice_holder(t), identity);
	}
	return n;
}

unsigned
board_quota(const struct board *b, const char *identity, unsigned held)
{
	struct shard_replica *v =
	    xcalloc(b->notices.n + 1, sizeof(struct shard_replica));
	unsigned quota;
	size_t n = 1;

	v[0] = (struct shard_replica){ identity, held };
	for (size_t i = 0; i < b->notices.n; i++) {
		const struct notice *t = b->notices.v[i].value;
		const char *who = notice_holder(t);

		if (notice_is(b, t, SHARD_LEASE_REPLICA) &&
		    notice_alive(b, t) && !str_eq(who, identity))
			v[n++] =
			    (struct shard_replica){ who, board_held(b, who) };
	}
	quota = shard_quota(v, n, 0, b->n);
	xfree(v);
	return quota;
}

enum board_others
board_others(const struct board *b, char *out, size_t cap)
{
	enum board_others is = BOARD_NONE;
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < b->notices.n; i++) {
		const struct notice *t = b->notices.v[i].value;
		const char *name = b->notices.v[i].key;

		if (t->of.count == b->n || !notice_alive(b, t))
			continue;
		if (is == BOARD_NONE)
			is = BOARD_UNDECIDED;
		if (!t->changed)
			continue;
		is = BOARD_LIVE;
		if (at + strlen(name) + 2 < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%s",
			    at == 0 ? "" : ", ", name);
	}
	return is;
}

bool
board_dead(const struct board *b, const char **name, const char **uid)
{
	int64_t now = loop_mono_us(b->loop);

	for (size_t i = 0; i < b->notices.n; i++) {
		const struct notice *t = b->notices.v[i].value;

		if (t->of.kind != SHARD_LEASE_REPLICA ||
		    now - t->seen_us < DEAD_US)
			continue;
		*name = b->notices.v[i].key;
		*uid = kobj_uid(t->tree);
		return true;
	}
	return false;
}
