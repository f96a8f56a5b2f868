/* See driving.h; and the ends of what is driven: given up, lost, stopped. */
#include "agent/control/driving.h"

#include "agent/control/host_stream.h"
#include "agent/control/internal.h"
#include "agent/control/object_ctl.h"
#include "agent/kube/informer.h"
#include "agent/kube/shard.h"
#include "common/log.h"
#include "common/mem.h"

#define DRIVING_LOOK (LOOP_S / 20)
/* Shards that come together are one reason to list. */
#define DRIVING_GATHER (LOOP_S / 4)
/* A BMC that takes longer is left to its hold under the next driver. */
#define DRIVING_END_MAX (30 * LOOP_S)

void
driving_init(struct controllers *c, unsigned shards)
{
	c->shards = shards == 0 ? 1 : shards;
	c->driving = xcalloc(c->shards, sizeof(*c->driving));
}

void
driving_fini(struct controllers *c)
{
	timer_stop(&c->drive_timer);
	timer_stop(&c->end_timer);
	xfree(c->driving);
}

static int64_t
driving_now(const struct controllers *c)
{
	return loop_mono_us(c->env->loop);
}

unsigned
driving_shard(const struct controllers *c, const char *key)
{
	return c->shards == 1 ? 0 : shard_of(key, c->shards);
}

bool
driving_key(const struct controllers *c, const char *key)
{
	return !c->stopping &&
	       c->driving[driving_shard(c, key)].step == DRIVING;
}

int64_t
driving_hold_us(const struct controllers *c, const char *key)
{
	const struct driving *d = &c->driving[driving_shard(c, key)];
	int64_t left = d->hold_us - driving_now(c);

	return d->hold_us != 0 && left > 0 ? left : 0;
}

int64_t
driving_since_us(const struct controllers *c, const char *key)
{
	return c->driving[driving_shard(c, key)].since_us;
}

/* Whoever holds a shard counts its hosts; the sum of all parts is no more than
 * the limit. */
unsigned
driving_part(const struct controllers *c, unsigned limit)
{
	unsigned ours = 0, all = c->shards > 1 ? c->shards : 1, part;

	for (unsigned i = 0; i < c->shards; i++)
		ours += c->driving[i].step == DRIVING;
	part = (unsigned)((uint64_t)limit * ours / all);
	return part == 0 ? 1 : part;
}

bool
controllers_drives(const struct controllers *c, const char *key)
{
	return c->driving[driving_shard(c, key)].step == DRIVING;
}

bool
controllers_waits(const struct controllers *c)
{
	for (unsigned i = 0; i < c->shards; i++)
		if (c->driving[i].step == DRIVING_SOON)
			return true;
	return false;
}

size_t
driving_count(const struct controllers *c, const struct informer *inf)
{
	size_t all = informer_count(inf), n = 0;

	for (size_t i = 0; i < all && c->shards > 1; i++)
		n += controllers_drives(c, informer_key_at(inf, i));
	return c->shards == 1 ? all : n;
}

/* ---- taking --------------------------------------------------------------------- */

static void
driving_wake(struct controllers *c, struct workq *q, const struct informer *inf)
{
	for (size_t i = 0; i < informer_count(inf); i++) {
		const char *key = informer_key_at(inf, i);

		if (driving_key(c, key))
			workq_add(q, key);
	}
}

static void
driving_wake_all(struct controllers *c)
{
	driving_wake(c, c->host_q, c->hosts);
	driving_wake(c, c->machine_q, c->machines);
	driving_wake(c, c->cluster_q, c->clusters);
	driving_wake(c, c->remediation_q, c->remediations);
	driving_wake(c, c->template_q, c->templates);
}

/* Kinds that are not served have nothing to wait for. */
static bool
driving_fresh(const struct controllers *c, int64_t since_us)
{
	const struct informer *inf;
	struct informer_status s;

	for (size_t i = 0; (inf = controllers_needed(c, i)) != NULL; i++) {
		informer_status(inf, &s);
		if (s.state != INFORMER_ABSENT && s.listed_us < since_us)
			return false;
	}
	return true;
}

static void
driving_look(void *arg)
{
	struct controllers *c = arg;
	struct informer *inf;
	bool begun = false, ask = false;

	for (unsigned i = 0; i < c->shards; i++) {
		struct driving *d = &c->driving[i];

		if (d->step != DRIVING_SOON)
			continue;
		ask = ask || !d->asked;
		if (!d->asked)
			d->since_us = driving_now(c);
		d->asked = true;
		if (!driving_fresh(c, d->since_us))
			continue;
		d->step = DRIVING;
		begun = true;
		LOGI(c->env->log, "shard is driven", F_INT("shard", i));
	}
	for (size_t i = 0; ask && (inf = controllers_needed(c, i)) != NULL; i++)
		informer_refresh(inf);
	if (begun)
		driving_wake_all(c);
	if (controllers_waits(c))
		timer_start(c->env->loop, &c->drive_timer, DRIVING_LOOK,
		    driving_look, c);
}

void
controllers_take(struct controllers *c, unsigned shard, bool outlived)
{
	struct driving *d = &c->driving[shard];

	*d = (struct driving){ .step = DRIVING_SOON,
		.since_us = driving_now(c) };
	if (outlived)
		d->hold_us = d->since_us + c->o.write_max_us;
	if (!c->started) {
		d->step = DRIVING; /* all lists are still to come */
		return;
	}
	if (!timer_armed(&c->drive_timer))
		timer_start(c->env->loop, &c->drive_timer, DRIVING_GATHER,
		    driving_look, c);
}

/* ---- losing ---------------------------------------------------------------------- */

static void
driving_drop_all(struct controllers *c, struct map *m, unsigned shard,
    void (*drop)(void *arg))
{
	for (size_t i = m->n; i > 0; i--) {
		if (i > m->n || driving_shard(c, m->v[i - 1].key) != shard)
			continue;
		drop(map_take(m, m->v[i - 1].key));
	}
}

static void
driving_nothing(void *arg)
{
	(void)arg; /* a set */
}

void
controllers_drop(struct controllers *c, unsigned shard)
{
	c->driving[shard] = (struct driving){ .step = DRIVING_NOT };
	driving_drop_all(c, &c->host_ctls, shard, host_ctl_free);
	driving_drop_all(c, &c->machine_ctls, shard, machine_ctl_free);
	driving_drop_all(c, &c->cluster_ctls, shard, cluster_ctl_free);
	driving_drop_all(c, &c->remediation_ctls, shard, remediation_ctl_free);
	driving_drop_all(c, &c->template_ctls, shard, template_ctl_free);
	driving_drop_all(c, &c->waiting, shard, driving_nothing);
}

/* ---- giving up -------------------------------------------------------------------- */

static bool
driving_objects_busy(
    const struct controllers *c, const struct map *m, unsigned shard)
{
	for (size_t i = 0; i < m->n; i++) {
		/* The first member of each. */
		const struct object_ctl *o = m->v[i].value;

		if (o->call != NULL && driving_shard(c, o->key) == shard)
			return true;
	}
	return false;
}

bool
controllers_clean(const struct controllers *c, unsigned shard)
{
	for (size_t i = 0; i < c->host_ctls.n; i++)
		if (driving_shard(c, c->host_ctls.v[i].key) == shard &&
		    host_ctl_writing(c->host_ctls.v[i].value))
			return false;
	return !driving_objects_busy(c, &c->machine_ctls, shard) &&
	       !driving_objects_busy(c, &c->cluster_ctls, shard) &&
	       !driving_objects_busy(c, &c->remediation_ctls, shard) &&
	       !driving_objects_busy(c, &c->template_ctls, shard) &&
	       informer_doubts(c->hosts) == 0 &&
	       (c->driving[shard].hold_us == 0 ||
		   c->driving[shard].hold_us <= driving_now(c));
}

/* true: a session is still open, or something is under way. */
static bool
driving_close(struct controllers *c, unsigned shard)
{
	bool open = false;

	for (size_t i = 0; i < c->host_ctls.n; i++) {
		struct host_ctl *h = c->host_ctls.v[i].value;

		if (driving_shard(c, c->host_ctls.v[i].key) != shard ||
		    host_ctl_closed(h))
			continue;
		(void)host_ctl_close(h); /* again while it is busy */
		open = true;
	}
	return open;
}

static void
driving_end_look(void *arg)
{
	struct controllers *c = arg;
	bool more = false;

	for (unsigned i = 0; i < c->shards; i++) {
		struct driving *d = &c->driving[i];
		bool over = d->end_by_us <= driving_now(c), clean;

		if (d->step != DRIVING_ENDS)
			continue;
		/* What was held back by a former driver's end is not waited for:
		 * the next driver waits as long again. */
		clean = controllers_clean(c, i);
		if (!over &&
		    (driving_close(c, i) || (!clean && d->hold_us == 0))) {
			more = true;
			continue;
		}
		controllers_drop(c, i);
		c->o.given(c->o.given_arg, i, clean);
	}
	if (more)
		timer_start(c->env->loop, &c->end_timer, DRIVING_LOOK,
		    driving_end_look, c);
}

void
controllers_give(struct controllers *c, unsigned shard)
{
	c->driving[shard].step = DRIVING_ENDS;
	c->driving[shard].end_by_us = driving_now(c) + DRIVING_END_MAX;
	timer_start(
	    c->env->loop, &c->end_timer, DRIVING_LOOK, driving_end_look, c);
}

/* ---- stopping ------------------------------------------------------------------------ */

static void
controllers_stop_look(void *arg)
{
	struct controllers *c = arg;
	bool open = false;

	for (unsigned i = 0; i < c->shards; i++) {
		open = driving_close(c, i) || open;
		open = open ||
		       (c->driving[i].hold_us == 0 && !controllers_clean(c, i));
	}
	if (open && driving_now(c) < c->stop_by_us) {
		timer_start(c->env->loop, &c->stop_timer, DRIVING_LOOK,
		    controllers_stop_look, c);
		return;
	}
	if (c->stopped != NULL)
		c->stopped(c->stopped_arg);
}

void
controllers_stop(
    struct controllers *c, int64_t grace_us, void (*done)(void *arg), void *arg)
{
	c->stopping = true;
	c->stopped = done;
	c->stopped_arg = arg;
	c->stop_by_us = driving_now(c) + grace_us;
	host_streams_close(c);
	timer_start(c->env->loop, &c->stop_timer, 0, controllers_stop_look, c);
}
