/* What one replica holds of all shards, and what it should. */
#include <string.h>

#include "agent/kube/shards_impl.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/str.h"

/* Replicas that start together see each other before the first takes all. */
#define SETTLE_US (4 * LOOP_S)
/* Nobody took it, though others have a larger share to fill. */
#define ORPHAN_US (30 * LOOP_S)
/* Whoever took such a one keeps it so long. */
#define KEEP_US (5 * LOOP_MIN)
/* A surplus must be there in so many lists in a row. */
#define SURPLUS_LOOKS 2

/* ---- what is held ---------------------------------------------------------------- */

unsigned
shards_count(const struct shards *s)
{
	return s->o.n;
}

bool
shards_held(const struct shards *s, unsigned shard)
{
	if (shard != KUBE_ANY_SHARD)
		return shard < s->o.n && slot_ours(&s->slot[shard]) &&
		       lease_held(s->slot[shard].lease);
	for (unsigned i = 0; i < s->o.n; i++)
		if (shards_held(s, i))
			return true;
	return false;
}

bool
shards_gate(const struct shards *s, unsigned shard, struct err *e)
{
	if (shards_held(s, shard))
		return true;
	return err_set(e, ERR_SPEC, 0, "the lease %.80s/%.120s is not held",
	    s->o.ns, shard < s->o.n ? s->slot[shard].name : s->o.name);
}

unsigned
shards_held_count(const struct shards *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->o.n; i++)
		n += shards_held(s, i);
	return n;
}

void
shards_held_text(const struct shards *s, char *out, size_t cap)
{
	unsigned n = shards_held_count(s);
	size_t at = 0;
	char word[16];

	(void)str_copy(out, cap, n == s->o.n ? "all" : n == 0 ? "none" : "");
	for (unsigned i = 0; i < s->o.n && n != s->o.n; i++) {
		if (!shards_held(s, i))
			continue;
		(void)str_format(
		    word, sizeof(word), "%s%u", at == 0 ? "" : " ", i);
		if (at + strlen(word) >= cap)
			return;
		(void)str_copy(out + at, cap - at, word);
		at += strlen(word);
	}
}

const char *
shards_holder(const struct shards *s, unsigned shard)
{
	struct lease_status st;

	if (shard >= s->o.n)
		return "";
	lease_status(s->slot[shard].lease, &st);
	return st.holder;
}

unsigned
shards_replicas(const struct shards *s)
{
	return s->o.n > 1 && s->settled ? board_replicas(s->board) : 0;
}

void
shards_gauge(const struct shards *s, bool tell)
{
	struct metrics *m = s->env->metrics;
	char held[160];

	if (m != NULL) {
		metrics_help(m, "beskar7_shards", "Shards that there are.");
		metrics_help(m, "beskar7_shards_held",
		    "Shards whose Lease this replica holds.");
		metrics_set(m, "beskar7_shards", NULL, s->o.n);
		metrics_set(
		    m, "beskar7_shards_held", NULL, shards_held_count(s));
	}
	if (s->o.n == 1 || !tell)
		return;
	shards_held_text(s, held, sizeof(held));
	LOGI(s->env->log, "shards held", F_STR("held", held),
	    F_INT("of", s->o.n), F_INT("replicas", shards_replicas(s)));
}

/* ---- shares -------------------------------------------------------------------------- */

static unsigned
share_mine(const struct shards *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->o.n; i++)
		n += s->slot[i].step == SLOT_OURS ||
		     lease_taking(s->slot[i].lease);
	return n;
}

static void
share_take(struct shards *s, unsigned want)
{
	unsigned from = (unsigned)(str_hash(s->o.id, 3) % s->o.n);

	for (unsigned k = 0; k < s->o.n; k++) {
		struct slot *t = &s->slot[(from + k) % s->o.n];
		bool orphan;

		if (t->free_us == 0)
			continue;
		orphan = loop_mono_us(s->env->loop) - t->free_us >= ORPHAN_US;
		if (want == 0 && !orphan)
			continue;
		if (want > 0)
			want--;
		else
			s->keep_us = loop_mono_us(s->env->loop) + KEEP_US;
		lease_take(t->lease);
	}
}

static void
share_give(struct shards *s, unsigned surplus)
{
	for (unsigned i = s->o.n; i > 0 && surplus > 0; i--) {
		struct slot *t = &s->slot[i - 1];

		if (t->step != SLOT_OURS)
			continue;
		surplus--;
		t->step = SLOT_ASKED;
		LOGI(s->env->log, "shard is to be given up",
		    F_STR("lease", t->name),
		    F_INT("replicas", board_replicas(s->board)));
		s->o.asked(s->o.arg, t->index);
	}
}

static void
share_note_free(struct shards *s)
{
	for (unsigned i = 0; i < s->o.n; i++) {
		struct slot *t = &s->slot[i];

		if (t->step != SLOT_OTHERS || !lease_free_to_take(t->lease))
			t->free_us = 0;
		else if (t->free_us == 0)
			t->free_us = loop_mono_us(s->env->loop);
	}
}

void
shards_balance(struct shards *s)
{
	unsigned mine, quota;

	share_note_free(s);
	if (!s->settled) {
		if (s->settle_us == 0)
			s->settle_us = loop_mono_us(s->env->loop) + SETTLE_US;
		if (loop_mono_us(s->env->loop) < s->settle_us)
			return;
		s->settled = true;
	}
	mine = share_mine(s);
	quota = board_quota(s->board, s->o.identity, mine);
	if (mine <= quota)
		s->surplus = 0;
	if (mine > quota && loop_mono_us(s->env->loop) >= s->keep_us &&
	    ++s->surplus >= SURPLUS_LOOKS)
		share_give(s, mine - quota);
	else
		share_take(s, mine < quota ? quota - mine : 0);
}
