/* A BMC whose only way to switch a machine on is its power button, a toggle: it
 * is pressed once for one wish, however the answer to it is. */
#include "tests/unit/redfish_ladder_rig.h"

#define SYS "/redfish/v1/Systems/system-1"

struct button {
	unsigned presses;
	int64_t at_us[8];  /* of the presses */
	int64_t after_us;  /* so long after a press it comes on; -1 = never */
	int64_t on_at_us;  /* 0 = nothing under way */
	int status;        /* what a press is answered with */
	const char *id;    /* the message, for a refusal */
	unsigned unlooked; /* presses without a GET of the system before */
	bool looked;
};

static bool
presses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	struct button *x = b->arg;
	int64_t now = loop_mono_us(b->loop);

	if (x->on_at_us && now >= x->on_at_us) {
		json_set_str(fake_bmc_at(b, SYS), "PowerState", "On");
		x->on_at_us = 0;
	}
	if (str_eq(method, "GET") && str_eq(path, SYS))
		x->looked = true;
	if (!has(body, "ResetType"))
		return false;
	CHECK_TEXT(json_str(body, "ResetType", ""), "PushPowerButton");
	x->unlooked += !x->looked;
	x->looked = false;
	/* what a toggle does to a machine that is on, or coming on */
	if (x->on_at_us ||
	    str_eq(json_str(fake_bmc_at(b, SYS), "PowerState", ""), "On")) {
		x->on_at_us = 0;
		json_set_str(fake_bmc_at(b, SYS), "PowerState", "Off");
	} else if (x->after_us >= 0) {
		x->on_at_us = now + x->after_us;
	}
	if (x->presses < 8)
		x->at_us[x->presses] = now;
	x->presses++;
	if (x->status >= 300)
		return fake_refuse(a, x->status, x->id, NULL, NULL);
	a->status = x->status;
	return true;
}

static void
open_button(struct rig *g, struct button *x)
{
	static const char only[] = "[\"PushPowerButton\"]";

	rig_open(g, "generic");
	json_put(fake_bmc_at(&g->fake, SYS),
	    "Actions/#ComputerSystem.Reset/ResetType@Redfish.AllowableValues",
	    json_parse(only, sizeof(only) - 1, NULL));
	DISCOVER(g);
	rig_sleep(g, 2 * LOOP_MIN);
	g->fake.hook = presses;
	g->fake.arg = x;
}

static void
a_busy_answer_to_a_press_that_worked_does_not_undo_it(void)
{
	struct button x = {
		.status = 503, .id = "ResourceInUse", .after_us = 35 * LOOP_S
	};
	struct rig g;

	open_button(&g, &x);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(x.presses, 1);
	CU_ASSERT_EQUAL(x.unlooked, 0);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

static void
a_press_that_did_nothing_is_repeated_after_a_minute_of_off(void)
{
	struct button x = {
		.status = 409, .id = "ResourceInUse", .after_us = -1
	};
	struct rig g;

	open_button(&g, &x);
	FAILS(
	    &g, RF_CAUSE_BUSY, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL_FATAL(x.presses, 2);
	CU_ASSERT(x.at_us[1] - x.at_us[0] >= LOOP_MIN);
	CU_ASSERT_EQUAL(x.unlooked, 0);
	rig_close(&g);
}

/* Accepted, and Off for a while: whoever asks again is not heard too soon. */
static void
a_second_wish_waits_for_the_first_press(void)
{
	struct button x = { .status = 204, .after_us = 20 * LOOP_S };
	struct rig g;

	open_button(&g, &x);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_OFF);
	rig_sleep(&g, 5 * LOOP_S);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(x.presses, 1);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

/* An agent that was started anew knows of no press. */
static void
a_new_client_looks_for_a_minute_before_it_presses(void)
{
	struct button x = { .status = 204, .after_us = 20 * LOOP_S };
	struct rig g;

	open_button(&g, &x);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	redfish_free(g.rf);
	g.rf = rig_client(&g, "http://10.0.0.2", NULL);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(x.presses, 1);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

/* A state of two seconds ago will do for On; not for a toggle. */
static void
the_state_is_read_just_before_the_press(void)
{
	struct button x = { .status = 204, .after_us = 0 };
	struct rig g;

	open_button(&g, &x);
	READ(&g, RF_READ_SYSTEM);
	x.looked = false;
	json_set_str(fake_bmc_at(&g.fake, SYS), "PowerState", "On");
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(x.presses, 0);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_busy_answer_to_a_press_that_worked_does_not_undo_it),
	UNIT_CASE(a_press_that_did_nothing_is_repeated_after_a_minute_of_off),
	UNIT_CASE(a_second_wish_waits_for_the_first_press),
	UNIT_CASE(a_new_client_looks_for_a_minute_before_it_presses),
	UNIT_CASE(the_state_is_read_just_before_the_press),
};

int
main(void)
{
	return UNIT_RUN("redfish_button", cases);
}
