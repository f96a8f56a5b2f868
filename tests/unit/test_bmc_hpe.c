/* What HPE's own client asks of an iLO, beside the standard. */
#include <string.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define VM "/redfish/v1/Managers/1/VirtualMedia/2/"
#define HPE VM "Actions/Oem/Hpe/HpeiLOVirtualMedia."
#define RESET_ACT "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/"
#define IMAGE "\"" RIG_ORIGIN "/live.iso\""

static void
the_root_tells_the_generation(void)
{
	struct rig g;

	rig_profile(&g, "ilo5");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	CHECK_TEXT(rig_at(&g, "Oem/Hpe/Manager/0/ManagerType"), "iLO 5");
	/* one Oem, not an empty one beside it */
	CU_ASSERT_PTR_NULL(strstr(strstr(g.r.text, "\"Oem\"") + 1, "\"Oem\""));
	rig_close(&g);
	rig_profile(&g, "ilo6");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	CHECK_TEXT(rig_at(&g, "Oem/Hpe/Manager/0/ManagerType"), "iLO 6");
	rig_close(&g);
}

static void
the_paths_of_ilo4_lead_to_redfish(void)
{
	static const struct {
		const char *path, *to;
	} rows[] = {
		{ "/rest/v1", "/redfish/v1/" },
		{ "/rest/v1/", "/redfish/v1/" },
		{ "/rest/v1?a=b", "/redfish/v1/?a=b" },
		{ "/rest/v1/Systems/1", "/redfish/v1/Systems/1" },
	};
	struct rig g;

	rig_profile(&g, "ilo5");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_get(&g, rows[i].path) == 308, rows[i].path);
		CHECK_TEXT(g.r.location, rows[i].to);
	}
	CU_ASSERT_EQUAL(rig_get(&g, "/rest/v12"), 404);
	rig_close(&g);
	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, "/rest/v1"), 404);
	rig_close(&g);
}

static void
letter_case_does_not_matter(void)
{
	struct rig g;

	rig_profile(&g, "ilo5");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/SYSTEMS/1/bios/"), 200);
	CHECK_TEXT(rig_at(&g, "@odata.id"), "/redfish/v1/Systems/1/Bios/");
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/Redfish/V1/managers/1/virtualmedia/2/"), 200);
	CHECK_TEXT(rig_at(&g, "@odata.id"), VM);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST",
		"/redfish/v1/systems/1/actions/computersystem.reset/",
		"{\"ResetType\":\"On\"}"),
	    200);
	rig_run(&g, 30000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/systems/2/"), 404);
	/* two folders whose names differ by nothing else */
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Registries/Base/"), 200);
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/registries/TaskEvent.1.0.json/"), 200);
	rig_close(&g);
	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/SYSTEMS"), 404);
	rig_close(&g);
}

static void
an_action_may_be_named_in_its_body(void)
{
	struct rig g;

	rig_profile(&g, "ilo5");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET_ACT,
			    "{\"Action\":\"ComputerSystem.Reset\","
			    "\"ResetType\":\"On\"}"),
	    200);
	/* no more than that */
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RESET_ACT,
			    "{\"Act\":\"x\",\"ResetType\":\"On\"}"),
	    400);
	rig_close(&g);
	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST",
		"/redfish/v1/Systems/system-1/Actions/ComputerSystem.Reset",
		"{\"Action\":\"ComputerSystem.Reset\",\"ResetType\":\"On\"}"),
	    400);
	rig_close(&g);
}

static void
media_are_inserted_by_actions_of_its_own(void)
{
	struct rig g;

	rig_profile(&g, "ilo5");
	CU_ASSERT_EQUAL(rig_get(&g, VM), 200);
	CHECK_TEXT(
	    rig_at(&g, "Oem/Hpe/Actions/#HpeiLOVirtualMedia.InsertVirtualMedia/"
		       "target"),
	    HPE "InsertVirtualMedia/");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", HPE "InsertVirtualMedia/",
			    "{\"Action\":\"x\",\"Image\":" IMAGE "}"),
	    200);
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", HPE "EjectVirtualMedia/",
			    "{\"Action\":\"x\"}"),
	    200);
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	/* below another name than the vendor's, and of other vendors */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST",
		VM "Actions/Oem/Hp/HpeiLOVirtualMedia.InsertVirtualMedia/",
		"{\"Image\":" IMAGE "}"),
	    404);
	rig_close(&g);
	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    "/redfish/v1/Systems/system-1/VirtualMedia/Cd/"
			    "Actions/Oem/Hpe/HpeiLOVirtualMedia."
			    "InsertVirtualMedia",
			    "{\"Image\":" IMAGE "}"),
	    404);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_root_tells_the_generation),
		UNIT_CASE(the_paths_of_ilo4_lead_to_redfish),
		UNIT_CASE(letter_case_does_not_matter),
		UNIT_CASE(an_action_may_be_named_in_its_body),
		UNIT_CASE(media_are_inserted_by_actions_of_its_own),
	};

	return UNIT_RUN("bmc hpe", cases);
}
