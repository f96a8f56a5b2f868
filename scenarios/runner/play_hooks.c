/* What the backend tells: to the trail, the facts and invariants; and the
 * crashes that wait for it. */
#include <string.h>

#include "common/str.h"
#include "common/world.h"
#include "scenarios/runner/play.h"

static int
play_agent_index(const char *process)
{
	if (!str_has_prefix(process, "agent-") || process[6] < '0' ||
	    process[6] > '7')
		return -1;
	return process[6] - '0';
}

void
play_crash_now(struct play *p)
{
	struct play_crash *c = &p->crash;
	char text[64];
	struct err e;

	c->armed = c->due = false;
	c->fired = p->noted_crash = true;
	(void)str_format(text, sizeof(text), "agent-%u is %s", c->agent,
	    c->freeze ? "frozen" : "killed");
	play_note(p, text, "", NULL);
	if (c->freeze) {
		if (!play_agent_freeze(p, c->agent, &e))
			play_fail(p, "error", "", "%s", e.msg);
		else if (c->restart_us >= 0)
			p->thaw_at[c->agent] = play_now(p) + c->restart_us;
		p->dirty = true;
		return;
	}
	play_agent_kill(p, c->agent);
	if (c->restart_us >= 0)
		p->restart_at[c->agent] = play_now(p) + c->restart_us;
	p->dirty = true;
}

static void
play_on_commit(void *arg, const struct inv_commit *c)
{
	struct play *p = arg;

	p->dirty = true;
	if (p->trail != NULL)
		trail_commit(p->trail, c);
	invariants_commit(p->inv, c);
	if (p->crash.due && str_eq(c->user, "beskar7-agent"))
		play_crash_now(p);
}

static void
play_on_node(void *arg, const char *cluster, const struct inv_commit *c)
{
	struct play *p = arg;

	p->dirty = true;
	invariants_node(p->inv, cluster, c);
}

/* A crash waits for the agent's next request, or for an event of a BMC. */
static bool
play_crashes_at(const struct play_crash *c, const struct bmc_event *ev)
{
	if (c->due && ev->kind == BMC_EV_REQUEST &&
	    facts_agent_of(ev->from) == (int)c->agent)
		return true;
	return c->armed && c->event[0] != '\0' &&
	       str_eq(c->event, bmc_event_name(ev->kind)) &&
	       str_glob(c->bmc, ev->bmc);
}

static void
play_on_bmc(void *arg, const struct bmc_event *ev)
{
	struct play *p = arg;

	p->dirty = true;
	if (p->trail != NULL)
		trail_bmc(p->trail, ev);
	invariants_bmc(p->inv, ev);
	/* A trace keeps few exchanges: it is looked at with every write. */
	if (ev->kind == BMC_EV_REQUEST && p->be->synchronous &&
	    !str_eq(ev->method, "GET") && !str_eq(ev->method, "HEAD"))
		play_look_at_trace(p, ev->bmc);
	if (play_crashes_at(&p->crash, ev))
		play_crash_now(p);
}

/* The requests that matter: writes, without Events and Leases. */
static bool
play_counts(const struct net_event *ev)
{
	if (str_eq(ev->method, "GET") || str_eq(ev->method, "HEAD"))
		return false;
	return strstr(ev->target, "/events") == NULL &&
	       strstr(ev->target, "/leases") == NULL;
}

/* NULL: it is none's. */
static const struct fact_bmc *
play_bmc_at(const struct play *p, const char *origin)
{
	char url[160];
	const struct fact_bmc *b;

	(void)str_format(url, sizeof(url), "https://%s", origin);
	b = map_get(&p->f->by_address, url);
	if (b == NULL) {
		(void)str_format(url, sizeof(url), "http://%s", origin);
		b = map_get(&p->f->by_address, url);
	}
	return b;
}

static void
play_on_call(void *arg, const struct net_event *ev)
{
	struct play *p = arg;
	int agent = play_agent_index(ev->from);
	const struct fact_bmc *b;
	struct inv_call c = { .started_us = ev->started_us,
		.at_us = ev->at_us,
		.agent = agent,
		.bmc = "",
		.method = ev->method,
		.target = ev->target,
		.status = ev->status,
		.heard = ev->err == HTTP_OK && !ev->cancelled };

	if (agent < 0)
		return;
	b = play_bmc_at(p, ev->origin);
	if (b != NULL)
		c.bmc = b->name;
	invariants_call(p->inv, &c);
	/* The reply was heard before anything else showed the request. */
	if (p->crash.due && (unsigned)agent == p->crash.agent &&
	    play_counts(ev))
		p->crash.heard = p->dirty = true;
}

/* A write of an agent has reached a BMC. */
static void
play_sent(struct play *p, const struct net_event *ev)
{
	const struct fact_bmc *b = play_bmc_at(p, ev->origin);
	struct inv_call c = { .started_us = ev->started_us,
		.at_us = ev->at_us,
		.agent = play_agent_index(ev->from),
		.method = ev->method,
		.target = ev->target };

	if (b == NULL || c.agent < 0 || str_eq(ev->method, "GET"))
		return;
	c.bmc = b->name;
	invariants_sent(p->inv, &c);
}

static bool
play_on_gate(void *arg, const struct net_event *ev)
{
	struct play *p = arg;
	struct play_crash *c = &p->crash;

	play_sent(p, ev);
	if (!c->armed || c->event[0] != '\0' || c->due || !play_counts(ev) ||
	    play_agent_index(ev->from) != (int)c->agent)
		return true;
	if (!str_eq(c->to, "any") &&
	    str_eq(c->to, "bmc") != (play_bmc_at(p, ev->origin) != NULL))
		return true;
	if (++c->seen < c->at)
		return true;
	if (c->after) {
		c->due = true;
		return true;
	}
	play_crash_now(p);
	return c->freeze; /* what has left a process that sleeps arrives */
}

static void
play_on_held(void *arg)
{
	struct play *p = arg;

	if (p->crash.armed)
		play_crash_now(p);
}

static void
play_on_log(void *arg, const char *line, size_t n)
{
	struct play *p = arg;

	if (p->trail != NULL)
		trail_line(p->trail, line, n);
	if (p->inv != NULL)
		invariants_text(p->inv, "log", line, n);
}

static void
play_on_problem(void *arg, const char *text)
{
	struct play *p = arg;

	play_fail(p, "contract", "", "%s", text);
}

void
play_on_violation(
    void *arg, const char *invariant, const char *object, const char *text)
{
	play_fail(arg, invariant, object, "%s", text);
}

void
play_hooks(struct play *p, struct backend_hooks *h)
{
	*h = (struct backend_hooks){ play_on_commit, play_on_bmc, play_on_node,
		play_on_call, play_on_gate, play_on_held, play_on_log,
		play_on_problem, p };
}
