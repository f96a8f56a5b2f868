/* Values that are offered and refused, states that come late, media that lie,
 * on a BMC of no maker. */
#include "tests/unit/redfish_ladder_rig.h"

/* ---- reset values --------------------------------------------------------------------------------- */

static bool
no_force_restart(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	const char *type = json_str(body, "ResetType", NULL);

	(void)b;
	(void)method;
	(void)path;
	return (str_eq(type, "ForceRestart") || str_eq(type, "PowerCycle")) &&
	       fake_refuse(
		   a, 400, "ActionParameterValueNotInList", type, "ResetType");
}

static void
a_restart_falls_back_to_off_wait_on(void)
{
	struct rig g;

	rig_open(&g, "generic");
	json_set_str(fake_bmc_at(&g.fake, "/redfish/v1/Systems/system-1"),
	    "PowerState", "On");
	g.fake.hook = no_force_restart;
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_RESTART, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 2);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(buf_str(&g.fake.bodies), "{\"ResetType\":\"PowerCycle\"}"));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "reset:fewer-than-offered"));
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	FAILS(&g, RF_CAUSE_CONFLICT,
	    redfish_reset(g.rf, RF_RESET_FORCE_RESTART, rig_done, &g));
	rig_close(&g);
}

static void
reset_values_come_from_the_action_info(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	json_set_str(fake_bmc_at(&g.fake, "/redfish/v1/Systems/Self"),
	    "PowerState", "On");
	FAILS(&g, RF_CAUSE_UNSUPPORTED,
	    redfish_reset(g.rf, RF_RESET_GRACEFUL_RESTART, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 0);
	OK(&g, redfish_reset(g.rf, RF_RESET_GRACEFUL_OFF, rig_done, &g));
	rig_close(&g);
}

static bool
slow_to_turn_on(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)path;
	if (!str_eq(json_str(body, "ResetType", NULL), "On"))
		return false;
	b->resets++;
	a->status = 204; /* and PowerState is Off for a moment */
	return true;
}

static void
off_just_after_on_is_not_believed(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = slow_to_turn_on;
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_OFF);
	json_set_str(fake_bmc_at(&g.fake, "/redfish/v1/Systems/system-1"),
	    "PowerState", "On");
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	CU_ASSERT_FALSE(g.r.already);
	CU_ASSERT_EQUAL(g.fake.resets, 2);
	rig_close(&g);
}

static bool
offers_by_state(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	bool on = str_eq(json_str(fake_bmc_at(b, "/redfish/v1/Systems/Self"),
			     "PowerState", NULL),
	    "On");

	(void)body;
	if (!str_eq(method, "GET") || !str_has_suffix(path, "ResetActionInfo"))
		return false;
	a->status = 200;
	(void)str_format(a->body, sizeof(a->body),
	    "{\"@odata.id\":\"%s\",\"Parameters\":[{\"Name\":\"ResetType\","
	    "\"AllowableValues\":[\"%s\"]}]}",
	    path, on ? "ForceOff" : "On");
	return true;
}

static void
values_that_depend_on_the_state_are_asked_for_again(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	g.fake.hook = offers_by_state;
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 3);
	rig_close(&g);
}

/* ---- media that lie --------------------------------------------------------------------------------- */

static bool
stale_after_eject(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	cJSON *slot =
	    fake_bmc_at(b, "/redfish/v1/Systems/system-1/VirtualMedia/Cd");

	(void)method;
	(void)body;
	if (!str_has_suffix(path, "EjectMedia"))
		return false;
	json_set_str(slot, "ConnectedVia", "NotConnected");
	b->ejects++;
	a->status = 204; /* Image and Inserted stay as they were */
	return true;
}

static void
not_connected_is_empty_whatever_else_it_shows(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = stale_after_eject;
	OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	CU_ASSERT_FALSE(redfish_state(g.rf)->slots[0].inserted);
	CU_ASSERT_EQUAL(g.fake.ejects, 1);
	rig_close(&g);
}

static bool
never_mounts(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	if (!str_has_suffix(path, "InsertMedia"))
		return false;
	b->inserts++;
	a->status = 204;
	return true;
}

static void
an_image_that_never_mounts_is_said(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = never_mounts;
	FAILS(
	    &g, RF_CAUSE_SILENT, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.inserts, 2); /* once more with Inserted */
	CU_ASSERT_FALSE(g.r.maybe_executed);
	rig_close(&g);
}

static bool
never_mounts_but_on(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	if (!never_mounts(b, method, path, body, a))
		return false;
	json_set_str(
	    fake_bmc_at(b, "/redfish/v1/Systems/system-1"), "PowerState", "On");
	return true;
}

/* Half a minute after the first try somebody has pressed the button. */
static void
no_second_insertion_into_a_server_that_came_on(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_OFF);
	g.fake.hook = never_mounts_but_on;
	FAILS(&g, RF_CAUSE_CONFLICT,
	    redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.inserts, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "is On now"));
	rig_close(&g);
}

static bool
eject_busy(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	if (!str_has_suffix(path, "EjectMedia") || b->ejects++ >= 2)
		return false;
	return fake_refuse(a, 500, "InternalError", NULL, NULL);
}

static void
a_busy_eject_is_looked_at_before_it_is_repeated(void)
{
	struct rig g;

	rig_open(&g, "generic");
	OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	g.fake.hook = eject_busy;
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.ejects, 4);
	rig_close(&g);
}

static bool
wants_no_body(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	return str_has_suffix(path, "EjectMedia") && body &&
	       fake_refuse(a, 415, "UnsupportedMediaType", NULL, NULL);
}

static void
an_eject_without_a_body_where_one_is_refused(void)
{
	struct rig g;

	rig_open(&g, "generic");
	OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	g.fake.hook = wants_no_body;
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "eject:no-body"));
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_restart_falls_back_to_off_wait_on),
	UNIT_CASE(reset_values_come_from_the_action_info),
	UNIT_CASE(off_just_after_on_is_not_believed),
	UNIT_CASE(values_that_depend_on_the_state_are_asked_for_again),
	UNIT_CASE(not_connected_is_empty_whatever_else_it_shows),
	UNIT_CASE(an_image_that_never_mounts_is_said),
	UNIT_CASE(no_second_insertion_into_a_server_that_came_on),
	UNIT_CASE(a_busy_eject_is_looked_at_before_it_is_repeated),
	UNIT_CASE(an_eject_without_a_body_where_one_is_refused),
};

int
main(void)
{
	return UNIT_RUN("redfish_lies", cases);
}
