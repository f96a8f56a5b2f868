/* Reset of the system and of the manager. */
#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/request.h"

#define RESET "#ComputerSystem.Reset"

/* Nothing but ResetType may be in the body. */
static bool
body_fits(struct request *rq, const char *action)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json)
		if (!str_eq(c->string, "ResetType"))
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, action, c->string, NULL);
	return true;
}

bool
reset_offered(
    const struct bmc_profile *p, const struct bmc_state *st, const char *type)
{
	bool on = str_eq(type, "On") || str_eq(type, "ForceOn");

	if (!strlist_has(&p->reset_types, type))
		return false;
	if (!p->reset_dynamic || str_eq(type, "PushPowerButton"))
		return true;
	return on == (st->power == POWER_OFF);
}

static bool
type_of(struct request *rq, const char *action, const struct strlist *known,
    const char *dflt, const char **out)
{
	enum json_got got =
	    rq->json ? json_get_str(rq->json, "ResetType", out) : JSON_ABSENT;

	if (got == JSON_WRONG || got == JSON_NULL)
		return request_refuse(rq, REF_PARAMETER_TYPE, "ResetType",
		    "(not a string)", "ResetType", action);
	if (got == JSON_ABSENT && dflt)
		*out = dflt;
	else if (got == JSON_ABSENT)
		return request_refuse(rq, REF_PARAMETER_MISSING, "ResetType",
		    action, "ResetType", NULL);
	if (strlist_has(known, *out))
		return true;
	return request_refuse(
	    rq, REF_PARAMETER_VALUE, "ResetType", *out, "ResetType", action);
}

static bool
redundant(const struct bmc *b, enum reset_type t)
{
	bool on = machine_is_on(b);

	if (t == RESET_ON || t == RESET_FORCE_ON)
		return on;
	return (t == RESET_FORCE_OFF || t == RESET_GRACEFUL_SHUTDOWN) && !on;
}

static bool
is_restart(enum reset_type t)
{
	return t == RESET_FORCE_RESTART || t == RESET_POWER_CYCLE ||
	       t == RESET_GRACEFUL_RESTART;
}

/* Is the machine in a state in which this BMC takes it? */
static bool
state_fits(struct request *rq, enum reset_type t, bool *nothing)
{
	const struct bmc *b = rq->b;
	const char *name = reset_type_name(t);
	int64_t conflict = bmc_us(b, rq->p->reset_on_conflict_ms);

	*nothing = false;
	if (redundant(b, t)) {
		*nothing = true;
		return rq->p->reset_redundant == REDUNDANT_204 ||
		       request_refuse(rq, REF_POWER_REDUNDANT, NULL,
			   "ResetType", name, NULL);
	}
	if (is_restart(t) && !machine_is_on(b) &&
	    rq->p->reset_restart_off != RESTART_OFF_ON) {
		*nothing = true;
		return rq->p->reset_restart_off == RESTART_OFF_IGNORE ||
		       request_refuse(rq, REF_RESTART_WHEN_OFF, NULL,
			   "ResetType", name, NULL);
	}
	/* iDRAC10: On is refused for a while after ForceOff */
	if ((t == RESET_ON || t == RESET_FORCE_ON) && conflict &&
	    b->off_at_us && bmc_now(b) - b->off_at_us < conflict)
		return request_refuse(
		    rq, REF_POWER_ON_CONFLICT, NULL, "ResetType", name, NULL);
	return true;
}

void
reset_perform(struct request *rq, enum reset_type t)
{
	struct bmc_event ev = { .kind = BMC_EV_POWER_WRITE };
	bool nothing;

	if (!state_fits(rq, t, &nothing))
		return;
	request_done(rq);
	ev.text = reset_type_name(t);
	ev.who = rq->user;
	ev.from = rq->from;
	journal_add(rq->b->fleet->journal, rq->b, &ev);
	if (!rq->dry && !nothing)
		machine_reset(rq->b, t);
}

void
act_reset(struct request *rq)
{
	const char *name = "";
	int t;

	if (!body_fits(rq, RESET) ||
	    !type_of(rq, RESET, &rq->p->reset_types, NULL, &name))
		return;
	if (!reset_offered(rq->p, &rq->b->st, name)) {
		request_refuse(rq, REF_PARAMETER_VALUE, "ResetType", name,
		    "ResetType", RESET);
		return;
	}
	t = reset_type_by_name(
	    str_eq(name, "ForcePowerCycle") ? "PowerCycle" : name);
	if (t < 0) {
		/* a vendor's own type that a profile lists: nothing to do */
		request_done(rq);
		return;
	}
	/* iRMC says that it is done already; its own action does it */
	if (t == RESET_POWER_CYCLE && rq->p->reset_oem == RESET_OEM_FUJITSU)
		request_refuse(
		    rq, REF_POWER_REDUNDANT, NULL, "ResetType", name, NULL);
	else
		reset_perform(rq, (enum reset_type)t);
}

void
act_manager_reset(struct request *rq)
{
	const char *name = "";

	if (!body_fits(rq, "#Manager.Reset") ||
	    !type_of(rq, "#Manager.Reset", &rq->p->manager_reset_types,
		"GracefulRestart", &name))
		return;
	request_done(rq);
	if (!rq->dry)
		bmc_restart_soon(rq->b);
}
