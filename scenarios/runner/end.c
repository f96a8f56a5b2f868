/*
 * The end of a run: everything converges, then nothing is written any more,
 * counts are as the file says, no secret shows anywhere, and nothing was asked
 * of the API that the agent's role does not grant.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"
#include "scenarios/runner/count.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/role.h"

#define INFRA "infrastructure.cluster.x-k8s.io"
#define CONVERGE (90 * LOOP_MIN)
#define QUIET (10 * LOOP_MIN)
#define SETTLE (15 * LOOP_MIN)
#define SOCKETS_QUIET (3 * LOOP_S) /* real time */

struct end_state {
	struct play *p;
	const cJSON *resting, *waiting;
	char why[400];
	size_t cursor; /* of the object that did not rest */
};

static bool
end_listed(const cJSON *list, const char *name)
{
	const cJSON *g;

	cJSON_ArrayForEach (g, list)
		if (cJSON_IsString(g) && str_glob(g->valuestring, name))
			return true;
	return false;
}

static bool
end_host_rests(struct end_state *s, const struct fact_object *o)
{
	const cJSON *t = o->tree;
	const char *name = json_str(t, "metadata/name", "");
	const char *state = json_str(t, "status/state", "none");

	if (end_listed(s->resting, name))
		return true;
	if ((str_eq(state, "Available") || str_eq(state, "Provisioned")) &&
	    json_obj(t, "status/operation") == NULL &&
	    json_at(t, "metadata/deletionTimestamp") == NULL)
		return true;
	(void)snprintf(s->why, sizeof(s->why),
	    "host %s: %s, %s, waits for %s: %.160s", name, state,
	    json_str(t, "status/operation/reason", "no operation"),
	    json_str(t, "status/operation/waitingOn", "nothing"),
	    json_str(t, "status/operation/message", ""));
	return false;
}

static bool
end_machine_rests(struct end_state *s, const struct fact_object *o)
{
	const cJSON *t = o->tree;
	const char *name = json_str(t, "metadata/name", "");
	const char *why = "", *claimed;

	if (end_listed(s->waiting, name))
		return true;
	claimed = facts_condition(t, "HostClaimed", &why);
	if (json_bool(t, "status/initialization/provisioned", false) &&
	    json_at(t, "metadata/deletionTimestamp") == NULL)
		return true;
	(void)snprintf(s->why, sizeof(s->why),
	    "machine %s: provisioned %d, HostClaimed %s %s%s", name,
	    json_bool(t, "status/initialization/provisioned", false),
	    claimed == NULL ? "absent" : claimed, why,
	    json_at(t, "metadata/deletionTimestamp") == NULL ? ""
							     : ", deleting");
	return false;
}

/* Whatever is being deleted must go. */
static bool
end_other_rests(struct end_state *s, const struct fact_object *o)
{
	if (json_at(o->tree, "metadata/deletionTimestamp") == NULL ||
	    end_listed(s->resting, json_str(o->tree, "metadata/name", "")) ||
	    end_listed(s->waiting, json_str(o->tree, "metadata/name", "")))
		return true;
	(void)snprintf(s->why, sizeof(s->why), "%s %s is being deleted",
	    json_str(o->tree, "kind", ""),
	    json_str(o->tree, "metadata/name", ""));
	return false;
}

static bool
end_object_rests(struct end_state *s, size_t i)
{
	const char *key = s->p->f->objects.v[i].key;
	const struct fact_object *o = s->p->f->objects.v[i].value;

	if (o->tree == NULL)
		return true;
	if (str_has_prefix(key, "physicalhosts."))
		return end_host_rests(s, o);
	if (str_has_prefix(key, "beskar7machines."))
		return end_machine_rests(s, o);
	return end_other_rests(s, o);
}

static bool
end_rests(void *arg)
{
	struct end_state *s = arg;
	const struct map *m = &s->p->f->objects;

	if (s->cursor < m->n && !end_object_rests(s, s->cursor))
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (!end_object_rests(s, i)) {
			s->cursor = i;
			return false;
		}
	return true;
}

bool
play_at_rest(struct play *p, char *why, size_t cap)
{
	const cJSON *end = json_child(p->sc->doc, "end");
	struct end_state s = { .p = p,
		.resting = json_child(end, "resting"),
		.waiting = json_child(end, "waiting") };
	bool ok = end_rests(&s);

	(void)str_copy(why, cap, ok ? "" : s.why);
	return ok;
}

/* A time, or false: not asked for. */
static int64_t
end_time(const cJSON *end, const char *key, int64_t dflt)
{
	return cJSON_IsFalse(json_child(end, key)) ? 0
						   : shape_time(end, key, dflt);
}

static void
end_converge(struct play *p, const cJSON *end, int64_t within)
{
	struct end_state s = { .p = p,
		.resting = json_child(end, "resting"),
		.waiting = json_child(end, "waiting") };

	if (within == 0 || play_wait(p, within, end_rests, &s) ||
	    p->failure.set)
		return;
	play_fail(p, "liveness", "", "not at rest after %lld s: %s",
	    (long long)(within / LOOP_S), s.why);
}

/* What happened just before is still being counted into Events (10 min). */
static void
end_quiet(struct play *p, int64_t us)
{
	if (us == 0)
		return;
	if (!p->be->synchronous)
		us = SOCKETS_QUIET * (int64_t)p->o.time_scale;
	play_pass(p, p->be->synchronous ? SETTLE : us);
	invariants_quiet(p->inv, true);
	play_pass(p, us);
	invariants_quiet(p->inv, false);
}

static void
end_counts(struct play *p, const cJSON *end)
{
	const cJSON *c;
	struct err e;
	int i = 0;

	cJSON_ArrayForEach (c, json_child(end, "counts")) {
		(void)str_format(
		    p->path, sizeof(p->path), "end/counts/%d", i++);
		if (!count_check(p, c, &e))
			play_fail(p, "expectation", json_str(c, "bmc", ""),
			    "counts: %s", e.msg);
	}
}

static void
look_at(struct play *p, const char *where, char *text)
{
	if (text != NULL)
		invariants_text(p->inv, where, text, strlen(text));
	xfree(text);
}

void
play_look_at_metrics(struct play *p, unsigned agent)
{
	look_at(p, "metrics", p->be->ops->agent_metrics(p->be, agent));
}

void
play_look_at_trace(struct play *p, const char *bmc)
{
	char *path = xasprintf("/bmcs/%s/trace", bmc);
	int status = 0;
	cJSON *j = p->be->ops->bmc(p->be, "GET", path, NULL, &status);

	if (status == 200)
		invariants_tree(p->inv, path, j);
	else
		play_fail(
		    p, "error", bmc, "its trace cannot be read: %d", status);
	cJSON_Delete(j);
	xfree(path);
}

/* What people are told who ask why a host is as it is. */
static void
end_explained(struct play *p, unsigned agent)
{
	char name[128], where[160];
	cJSON *j;

	if (p->be->ops->agent_explain == NULL)
		return;
	for (size_t i = 0; i < p->f->bmcs.n; i++) {
		(void)str_format(
		    name, sizeof(name), "default/%.100s", p->f->bmcs.v[i].key);
		(void)str_format(where, sizeof(where), "explain %s", name);
		j = p->be->ops->agent_explain(p->be, agent, name);
		if (j != NULL)
			invariants_tree(p->inv, where, j);
		cJSON_Delete(j);
	}
}

static void
end_secrets(struct play *p)
{
	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		play_look_at_metrics(p, n);
		end_explained(p, n);
	}
	for (size_t i = 0; i < p->f->bmcs.n; i++)
		play_look_at_trace(p, p->f->bmcs.v[i].key);
}

static void
end_refused(void *arg, const char *verb, const char *resource)
{
	play_fail(arg, "api-rights", "",
	    "the agent's role does not grant: %s %s", verb, resource);
}

static void
end_rights(struct play *p)
{
	struct err e;
	cJSON *rules = role_load(p->o.root, &e);
	cJSON *stats = p->be->ops->kube_stats(p->be);

	if (rules == NULL)
		play_fail(p, "error", "", "%s", e.msg);
	else
		role_check(rules, stats, "beskar7-agent", end_refused, p);
	cJSON_Delete(stats);
	cJSON_Delete(rules);
}

bool
play_end(struct play *p)
{
	const cJSON *end = json_child(p->sc->doc, "end");

	end_converge(p, end, end_time(end, "converge", CONVERGE));
	if (!p->failure.set)
		end_quiet(p, end_time(end, "quiet", QUIET));
	if (!p->failure.set)
		end_counts(p, end);
	if (!p->failure.set) {
		invariants_end(p->inv, play_now(p));
		end_secrets(p);
		end_rights(p);
	}
	return !p->failure.set;
}
