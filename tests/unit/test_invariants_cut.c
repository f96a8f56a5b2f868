/* What the record's word for our own power-on is worth (SAFETY.md 3): nothing
 * of an agent that was there and heard all the while. And what is judged of
 * events that come late, as over sockets. */
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

/* Over sockets the lease is judged with three seconds more, and what needs the
 * very moment is left out. */
static void
what_arrives_late_is_judged_with_a_tolerance(void)
{
	struct rig r;

	rig_open(&r);
	r.x->o.synchronous = false;
	rig_claim(&r);
	rig_record(&r, "provisioning", 1, "");
	rig_lease(&r, "agent-1_x");
	rig_pass(&r, 5 * LOOP_S / 2);
	rig_media(&r, "insert");
	CU_ASSERT_STRING_EQUAL(r.said, "");
	rig_pass(&r, LOOP_S);
	rig_host(&r, "admin",
	    "{\"metadata\":{\"annotations\":{\"" CAPI "/paused\":\"\"}}}");
	CU_ASSERT_STRING_EQUAL(r.said, "");
	rig_media(&r, "eject");
	CU_ASSERT_STRING_EQUAL(r.said, "write-without-lease");
	rig_close(&r);
}

static void
agents_are_known_by_address_or_by_name(void)
{
	CU_ASSERT_EQUAL(facts_agent_of("10.0.1.3:4711"), 2);
	CU_ASSERT_EQUAL(facts_agent_of("agent-3"), 3);
	CU_ASSERT_EQUAL(facts_agent_of("agent-8"), -1);
	CU_ASSERT_EQUAL(facts_agent_of("agent-"), -1);
	CU_ASSERT_EQUAL(facts_agent_of("127.0.0.1:4711"), -1);
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
		UNIT_CASE(what_arrives_late_is_judged_with_a_tolerance),
		UNIT_CASE(agents_are_known_by_address_or_by_name),
	};

	return UNIT_RUN("invariants_cut", cases);
}
