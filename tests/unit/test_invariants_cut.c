/* What the record's word for our own power-on is worth (SAFETY.md 3): nothing
 * of an agent that was there and heard all the while. */
#include <CUnit/Basic.h>

#include "common/json.h"
#include "common/loop.h"
#include "tests/unit/invariants_rig.h"
#include "tests/unit/unit.h"

/* A machine that came on by its button after our intent is switched off. */
static void
intend(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, ",\"power\":\"On\",\"onAt\":77");
}

static void
pressed_then_off(struct rig *r)
{
	rig_note(r, BMC_EV_POWER_BUTTON, "press");
	rig_note(r, BMC_EV_POWER_STATE, "On");
	rig_reset(r, "ForceOff");
}

static void
an_intent_that_nobody_was_kept_from_is_no_excuse(void)
{
	struct rig r;

	rig_open(&r);
	facts_agent_ended(invariants_facts(r.x), 0); /* long before */
	facts_agent_started(invariants_facts(r.x), 0);
	rig_pass(&r, LOOP_S);
	intend(&r);
	pressed_then_off(&r);
	CHECK_TEXT(r.said, "power-stranger");
	rig_close(&r);
}

static void
a_restarted_agent_goes_by_the_record(void)
{
	struct rig r;

	rig_open(&r);
	intend(&r);
	facts_agent_ended(invariants_facts(r.x), 0);
	facts_agent_started(invariants_facts(r.x), 0);
	pressed_then_off(&r);
	CHECK_TEXT(r.said, "");
	rig_close(&r);
}

static void
so_does_one_that_was_frozen_or_unheard(void)
{
	struct rig r;

	rig_open(&r);
	facts_cut(invariants_facts(r.x), INT64_MAX);
	intend(&r);
	rig_pass(&r, LOOP_MIN);
	facts_cut(invariants_facts(r.x), r.now);
	pressed_then_off(&r);
	CHECK_TEXT(r.said, "");
	rig_close(&r);
}

static void
an_intent_of_another_attempt_starts_anew(void)
{
	struct rig r;

	rig_open(&r);
	intend(&r);
	facts_agent_ended(invariants_facts(r.x), 0);
	facts_agent_started(invariants_facts(r.x), 0);
	rig_pass(&r, LOOP_MIN);
	rig_record(&r, "provisioning", 2, ",\"power\":\"On\",\"onAt\":137");
	pressed_then_off(&r);
	CHECK_TEXT(r.said, "power-stranger");
	rig_close(&r);
}

/* What the button does depends on what the machine is doing. */
static void
the_power_button_is_judged_by_what_it_does(void)
{
	struct rig r;

	rig_open(&r);
	rig_claim(&r);
	rig_record(&r, "provisioning", 1, ",\"power\":\"On\",\"onAt\":77");
	rig_media(&r, "insert");
	rig_reset(&r, "PushPowerButton"); /* on, from Off */
	CHECK_TEXT(r.said, "");
	rig_note(&r, BMC_EV_POWER_STATE, "PoweringOn");
	rig_note(&r, BMC_EV_POWER_STATE, "On");
	rig_reset(&r, "PushPowerButton"); /* off again: no restart */
	CHECK_TEXT(r.said, "");
	rig_note(&r, BMC_EV_POWER_STATE, "PoweringOff");
	rig_reset(&r, "PushPowerButton"); /* on while it goes off */
	CHECK_TEXT(r.said, "power-on-from-off");
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(an_intent_that_nobody_was_kept_from_is_no_excuse),
		UNIT_CASE(a_restarted_agent_goes_by_the_record),
		UNIT_CASE(so_does_one_that_was_frozen_or_unheard),
		UNIT_CASE(an_intent_of_another_attempt_starts_anew),
		UNIT_CASE(the_power_button_is_judged_by_what_it_does),
	};

	return UNIT_RUN("invariants_cut", cases);
}
