/* Steps on agents: start, stop, crash, freeze, thaw. */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"

static unsigned
agent_number(const cJSON *a)
{
	return (unsigned)json_i64(a, cJSON_IsObject(a) ? "agent" : "", 0);
}

static bool
agent_start_run(struct play *p, const cJSON *a, struct err *e)
{
	return play_agent_start(p, agent_number(a), e);
}

static bool
agent_stop_run(struct play *p, const cJSON *a, struct err *e)
{
	unsigned n = agent_number(a);

	if (!p->be->ops->agent_running(p->be, n))
		return err_set(e, ERR_SPEC, 0, "agent %u does not run", n);
	play_look_at_metrics(p, n);
	p->be->ops->agent_stop(p->be, n);
	return true;
}

static const struct shape_key crash_keys[] = {
	{ "agent", S_AGENT, false, "its number; default 0" },
	{ "at", S_INT, false, "at its n-th request that writes" },
	{ "when", S_TEXT, false, "before (default) or after it took effect" },
	{ "to", S_TEXT, false, "whom: any (default), bmc, api" },
	{ "at-event", S_TEXT, false, "at this event of a BMC" },
	{ "bmc", S_TEXT, false, "of the event; a glob" },
	{ "restart-after", S_TIME, false, "default: it is not started again" },
	{ NULL, S_ANY, false, NULL },
};

static bool
crash_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const whens[] = { "before", "after", NULL };
	static const char *const tos[] = { "any", "bmc", "api", NULL };
	const char *events[BMC_EV_FAULT + 2] = { NULL };

	for (int k = 0; k <= BMC_EV_FAULT; k++)
		events[k] = bmc_event_name((enum bmc_event_kind)k);
	return shape_word(a, "when", whens, path, s, e) &&
	       shape_word(a, "to", tos, path, s, e) &&
	       shape_word(a, "at-event", events, path, s, e);
}

/* Two processes do not count together. */
static bool
crash_hold(struct play *p, const struct play_crash *c, struct err *e)
{
	if (str_eq(c->to, "any"))
		return err_set(e, ERR_SPEC, 0,
		    "over sockets a crash at a request needs to: bmc or api");
	return p->be->ops->hold(
	    p->be, str_eq(c->to, "bmc"), c->at, c->after, e);
}

static bool
crash_run(struct play *p, const cJSON *a, struct err *e)
{
	struct play_crash c = { .armed = true,
		.agent = agent_number(a),
		.at = json_i64(a, "at", 0),
		.after = str_eq(json_str(a, "when", ""), "after"),
		.restart_us = shape_time(a, "restart-after", -1) };
	const char *event = json_str(a, "at-event", "");
	const char *to = json_str(a, "to", "any");

	if (c.restart_us >= 0)
		c.restart_us = play_scaled(p, c.restart_us, 0);
	(void)str_copy(c.event, sizeof(c.event), event);
	(void)str_copy(c.bmc, sizeof(c.bmc), json_str(a, "bmc", "*"));
	(void)str_copy(c.to, sizeof(c.to), to);
	if (c.at > 0 && !p->be->synchronous && !crash_hold(p, &c, e))
		return false;
	if (c.at > 0 || event[0] != '\0') {
		p->crash = c;
		return true;
	}
	if (!p->be->ops->agent_running(p->be, c.agent))
		return err_set(
		    e, ERR_SPEC, 0, "agent %u does not run", c.agent);
	play_agent_kill(p, c.agent);
	if (c.restart_us >= 0)
		p->restart_at[c.agent] = play_now(p) + c.restart_us;
	return true;
}

static const struct shape_key freeze_keys[] = {
	{ "agent", S_AGENT, false, "its number; default 0" },
	{ "at", S_INT, false, "when its n-th request that writes has left" },
	{ "to", S_TEXT, false, "whom: any (default), bmc, api" },
	{ "thaw-after", S_TIME, false, "default: by the step thaw" },
	{ NULL, S_ANY, false, NULL },
};

static bool
freeze_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const tos[] = { "any", "bmc", "api", NULL };

	return shape_word(a, "to", tos, path, s, e);
}

static bool
freeze_run(struct play *p, const cJSON *a, struct err *e)
{
	struct play_crash c = { .armed = true,
		.freeze = true,
		.agent = agent_number(a),
		.at = cJSON_IsObject(a) ? json_i64(a, "at", 0) : 0,
		.restart_us =
		    cJSON_IsObject(a) ? shape_time(a, "thaw-after", -1) : -1 };

	if (c.restart_us >= 0)
		c.restart_us = play_scaled(p, c.restart_us, 0);
	(void)str_copy(c.bmc, sizeof(c.bmc), "*");
	(void)str_copy(c.to, sizeof(c.to),
	    cJSON_IsObject(a) ? json_str(a, "to", "any") : "any");
	if (c.at > 0 && !p->be->synchronous && !crash_hold(p, &c, e))
		return false;
	if (c.at > 0) {
		p->crash = c;
		return true;
	}
	if (c.restart_us >= 0)
		p->thaw_at[c.agent] = play_now(p) + c.restart_us;
	return play_agent_freeze(p, c.agent, e);
}

static bool
thaw_run(struct play *p, const cJSON *a, struct err *e)
{
	return play_agent_thaw(p, agent_number(a), e);
}

const struct step_row steps_agents[] = {
	{ "start-agent", NULL, S_AGENT, NULL, agent_start_run,
	    "starts agent N" },
	{ "stop-agent", NULL, S_AGENT, NULL, agent_stop_run,
	    "ends agent N in order (SIGTERM)" },
	{ "crash-agent", crash_keys, S_AGENT, crash_check, crash_run,
	    "kills an agent: now, at a request, at an event" },
	{ "freeze", freeze_keys, S_AGENT, freeze_check, freeze_run,
	    "stops an agent as SIGSTOP does: now, or at a request" },
	{ "thaw", NULL, S_AGENT, NULL, thaw_run, "lets it go on" },
	{ 0 },
};
