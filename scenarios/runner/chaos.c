/* See chaos.h. */
#include "scenarios/runner/chaos.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"
#include "scenarios/runner/walk.h"

/* The default, written out: over sockets such a time is scaled. */
#define CHAOS_TIMEOUT "3600"
#define INFRA "infrastructure.cluster.x-k8s.io"

const struct shape_key chaos_keys[] = {
	{ "operations", S_INT, true, "how many" },
	{ "gap", S_TIME, false, "at most so long between two; default 1m" },
	{ "machines", S_BOOL, false, "false: makes and deletes none" },
	{ NULL, S_ANY, false, NULL },
};

struct chaos {
	struct play *p;
	struct err *e;
	unsigned made; /* machines */
	bool machines;
};

static uint64_t
chaos_below(struct chaos *c, uint64_t n)
{
	return rng_below(&c->p->rng, n);
}

/* A step written as YAML. */
static bool chaos_step(struct chaos *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
chaos_step(struct chaos *c, const char *fmt, ...)
{
	char text[1024], was[400];
	cJSON *list;
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* fits */
	va_end(ap);
	list = yaml_parse(text, strlen(text), "random", c->e);
	if (list == NULL)
		return false;
	(void)str_copy(was, sizeof(was), c->p->path);
	ok = steps_run(c->p, list, was, c->e);
	(void)str_copy(c->p->path, sizeof(c->p->path), was);
	cJSON_Delete(list);
	return ok;
}

static const char *
chaos_bmc(struct chaos *c)
{
	const struct map *m = &c->p->f->bmcs;

	return m->v[chaos_below(c, m->n)].key;
}

static bool
chaos_fault(struct chaos *c)
{
	static const char *const rules[] = {
		"action: reset, count: 2",
		"action: status, status: 503, retryAfter: 5, count: 3",
		"action: status, status: 500, count: 2",
		"action: latency, latency: 8s, for: 60s",
		"action: hang, count: 1",
		"action: lost-reply, operation: reset, count: 1",
		"action: lost-reply, operation: insert, count: 1",
		"action: lost-reply, operation: eject, count: 1",
		"action: lost-reply, operation: patch-boot, count: 1",
		"action: lost-reply, operation: login, count: 1",
		"action: accepted-not-done, operation: reset, count: 1",
		"action: accepted-not-done, operation: insert, count: 1",
		"action: expire-session, count: 1",
		"action: garbage, count: 2",
		"action: truncate, count: 2",
		"action: wrong-types, count: 2",
		"action: refuse, for: 120s",
		"action: media-drops, count: 1",
		"action: media-never-mounts, count: 1",
		"action: shutdown-ignored, count: 1",
	};
	uint64_t i = chaos_below(c, sizeof(rules) / sizeof(rules[0]));

	return chaos_step(
	    c, "[{fault: {bmc: %s, %s}}]", chaos_bmc(c), rules[i]);
}

/* Over sockets two processes do not count together. */
static const char *
chaos_whom(struct chaos *c)
{
	if (c->p->be->synchronous)
		return "any";
	return chaos_below(c, 2) == 0 ? "bmc" : "api";
}

static bool
chaos_crash(struct chaos *c)
{
	uint64_t at = chaos_below(c, 12), after = chaos_below(c, 60) + 1;
	bool late = chaos_below(c, 2) == 1;

	if (c->p->crash.armed || c->p->frozen[0] ||
	    !c->p->be->ops->agent_running(c->p->be, 0))
		return true;
	if (at == 0)
		return chaos_step(c, "[{crash-agent: {restart-after: %llus}}]",
		    (unsigned long long)after);
	return chaos_step(c,
	    "[{crash-agent: {at: %llu, to: %s, when: %s, restart-after: "
	    "%llus}}]",
	    (unsigned long long)at, chaos_whom(c), late ? "after" : "before",
	    (unsigned long long)after);
}

static bool
chaos_freeze(struct chaos *c)
{
	uint64_t s = chaos_below(c, 300) + 1;

	if (!c->p->be->ops->agent_running(c->p->be, 0) || c->p->crash.armed)
		return true;
	return chaos_step(c, "[{freeze: 0}, {advance: %llus}, {thaw: 0}]",
	    (unsigned long long)s);
}

static bool
chaos_kube(struct chaos *c)
{
	static const char *const what[] = {
		"outage: '503', for: 30s", "outage: refuse, for: 90s",
		"outage: hang, for: 60s", "drop-watches: true",
		"drop-watches: true, gone: true", "compact: true",
		"fail: {verb: patch, status: 500, count: 2}",
		"fail: {verb: patch, after_commit: true, count: 1}",
		"fail: {verb: create, resource: events, status: 500, count: 2}"
	};

	return chaos_step(c, "[{kube: {%s}}]",
	    what[chaos_below(c, sizeof(what) / sizeof(what[0]))]);
}

static bool
chaos_net(struct chaos *c)
{
	uint64_t s = chaos_below(c, 240) + 5, kind = chaos_below(c, 4);
	static const char *const rules[] = { "partition: true",
		"reset-ppm: 300000", "lose-reply-ppm: 200000",
		"latency: 300ms, jitter: 200ms" };

	return chaos_step(c,
	    "[{net: {name: x, from: agent-*, to: bmc, %s}}, {advance: %llus}, "
	    "{heal: x}]",
	    rules[kind], (unsigned long long)s);
}

static bool
chaos_person(struct chaos *c)
{
	uint64_t what = chaos_below(c, 6);
	const char *bmc = chaos_bmc(c);

	switch (what) {
	case 0:
		return chaos_step(
		    c, "[{power-button: {bmc: %s, hold: true}}]", bmc);
	case 1:
		return chaos_step(c, "[{power-button: %s}]", bmc);
	case 2:
		return chaos_step(
		    c, "[{bmc: {bmc: %s, do: restart-bmc}}]", bmc);
	case 3:
		return chaos_step(
		    c, "[{bmc: {bmc: %s, do: end-sessions}}]", bmc);
	case 4:
		return chaos_step(c,
		    "[{secret: {name: %s, password: pw-%llu, bmc: true}}]", bmc,
		    (unsigned long long)chaos_below(c, 1000000));
	default:
		return chaos_step(c, "[{restart-core: true}]");
	}
}

static bool
chaos_pause(struct chaos *c)
{
	const char *bmc = chaos_bmc(c);
	uint64_t s = chaos_below(c, 200) + 1;
	bool maintenance = chaos_below(c, 2) == 1;

	if (maintenance)
		return chaos_step(c,
		    "[{patch: {object: host/%s, merge: {spec: {maintenance: "
		    "{reason: chaos}}}}}, {advance: %llus}, {patch: {object: "
		    "host/%s, merge: {spec: {maintenance: null}}}}]",
		    bmc, (unsigned long long)s, bmc);
	return chaos_step(c,
	    "[{annotate: {object: host/%s, set: {cluster.x-k8s.io/paused: "
	    "''}}}, {advance: %llus}, {annotate: {object: host/%s, set: "
	    "{cluster.x-k8s.io/paused: null}}}]",
	    bmc, (unsigned long long)s, bmc);
}

/* Deletes a live Machine, or makes one where hosts are free. */
static bool
chaos_machine(struct chaos *c)
{
	struct walk w = walk_start(
	    c->p->f, "cluster.x-k8s.io", "machines", "default", NULL);
	const struct fact_object *o;
	const char *names[64];
	size_t n = 0;
	bool live;

	if (!c->machines)
		return true;
	while ((o = walk_next(&w)) != NULL)
		if (n < 64 &&
		    json_at(o->tree, "metadata/deletionTimestamp") == NULL)
			names[n++] = w.name;
	/* One for the control plane stays. */
	if (n > 1 && (chaos_below(c, 2) == 0 || n >= c->p->f->bmcs.n))
		return chaos_step(c, "[{delete: machine/%s}]",
		    names[1 + chaos_below(c, n - 1)]);
	if (n >= c->p->f->bmcs.n)
		return true;
	c->made++;
	live = chaos_below(c, 2) == 0;
	return chaos_step(c,
	    "[{cluster: {name: x%u, control-plane: 1, image: %s, kind: %s, "
	    "machine-spec: {completion: {timeoutSeconds: " CHAOS_TIMEOUT
	    "}}}}]",
	    c->made, live ? "live.iso" : "installer.iso",
	    live ? "Live" : "Installer");
}

static bool (*const chaos_ops[])(struct chaos *c) = { chaos_fault, chaos_fault,
	chaos_fault, chaos_crash, chaos_crash, chaos_freeze, chaos_kube,
	chaos_net, chaos_person, chaos_person, chaos_pause, chaos_machine,
	chaos_machine };

/* ---- afterwards ------------------------------------------------------------------ */

/* What only a user can put right after faults: Errors, missing evidence,
 * servers that a person switched on. */
static bool
chaos_tend_host(struct chaos *c, const char *name)
{
	const cJSON *t =
	    facts_tree(c->p->f, INFRA, "physicalhosts", "default", name);
	const char *why = "", *out = "";

	(void)facts_condition(t, "HostProvisioned", &why);
	(void)facts_condition(t, "HostAvailable", &out);
	if (str_eq(json_str(t, "status/state", ""), "Error"))
		return chaos_step(c,
		    "[{annotate: {object: host/%s, set: {" INFRA
		    "/retry: ''}}}]",
		    name);
	if (str_eq(why, "WaitingForEvidence"))
		return chaos_step(c,
		    "[{annotate: {object: host/%s, set: {" INFRA
		    "/confirm-provisioned: '${claim.%s}'}}}]",
		    name, name);
	if (str_eq(json_str(t, "status/observedPowerState", ""), "On") &&
	    (str_eq(out, "PoweredOn") || str_eq(out, "UnexpectedPowerOn")))
		return chaos_step(
		    c, "[{power-button: {bmc: %s, hold: true}}]", name);
	return true;
}

static bool
chaos_tend(struct chaos *c)
{
	struct walk w =
	    walk_start(c->p->f, INFRA, "physicalhosts", "default", NULL);
	struct map names = { 0 };
	bool ok = true;

	while (walk_next(&w) != NULL)
		(void)map_put(&names, w.name, c);
	for (size_t i = 0; ok && i < names.n; i++)
		ok = chaos_tend_host(c, names.v[i].key);
	map_free(&names, NULL);
	return ok;
}

static bool
chaos_settle(struct chaos *c)
{
	char why[400] = "";
	struct play *p = c->p;

	p->crash.armed = p->crash.due = false;
	if (!chaos_step(c, "[{clear-faults: all}, {kube: {clear: true}}, "
			   "{advance: 120s}]"))
		return false;
	if (!p->be->ops->agent_running(p->be, 0) &&
	    !play_agent_start(p, 0, c->e))
		return false;
	for (int i = 0; i < 24; i++) {
		play_pass(p, 10 * LOOP_MIN);
		if (p->failure.set || play_at_rest(p, why, sizeof(why)))
			return !p->failure.set;
		if (!chaos_tend(c))
			return false;
	}
	play_fail(p, "liveness", "",
	    "not at rest four hours after the last "
	    "fault: %s",
	    why);
	return false;
}

bool
chaos_run(struct play *p, const cJSON *a, struct err *e)
{
	struct chaos c = {
		.p = p, .e = e, .machines = json_bool(a, "machines", true)
	};
	int64_t n = json_i64(a, "operations", 1);
	int64_t gap = shape_time(a, "gap", LOOP_MIN);

	for (int64_t i = 0; i < n; i++) {
		uint64_t op;

		play_pass(p, (int64_t)chaos_below(&c, (uint64_t)gap + 1));
		op = chaos_below(&c, sizeof(chaos_ops) / sizeof(chaos_ops[0]));
		if (p->failure.set || !chaos_ops[op](&c))
			return false;
	}
	return chaos_settle(&c);
}
