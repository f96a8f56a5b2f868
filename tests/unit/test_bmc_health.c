/* Health of parts, what it does to the system's, and the chassis' own parts. */
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define CHA "/redfish/v1/Chassis/chassis-1"
#define HEALTH "/bmcs/bmc-000/health"

static void
an_unwell_part_shows_itself_and_in_the_rollup(void)
{
	struct rig g;
	char etag[80];

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "OK");
	(void)str_copy(etag, sizeof(etag), g.r.etag);
	CU_ASSERT_EQUAL(rig_control(&g, "POST", HEALTH,
			    "{\"part\":\"DIMM2\",\"health\":\"Warning\","
			    "\"message\":\"errors\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "Status/Health"), "OK");
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "Warning");
	CU_ASSERT_STRING_NOT_EQUAL(g.r.etag, etag);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Memory/DIMM2"), 200);
	CHECK_TEXT(rig_at(&g, "Status/Health"), "Warning");
	CHECK_TEXT(rig_at(&g, "Status/Conditions/0/Message"), "errors");
	(void)str_copy(etag, sizeof(etag), g.r.etag);
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Memory/DIMM2"), 200);
	CHECK_TEXT(g.r.etag, etag); /* nothing changed since */
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Memory/DIMM1"), 200);
	CHECK_TEXT(rig_at(&g, "Status/Health"), "OK");
	CU_ASSERT_EQUAL(rig_control(&g, "POST", HEALTH,
			    "{\"part\":\"Fan3\",\"health\":\"Critical\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/ThermalSubsystem"), 200);
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "Critical");
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/ThermalSubsystem/Fans/3"), 200);
	CHECK_TEXT(rig_at(&g, "Status/Health"), "Critical");
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/PowerSubsystem"), 200);
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "OK");
	CU_ASSERT_EQUAL(rig_control(&g, "POST", HEALTH,
			    "{\"part\":\"Fan3\",\"health\":\"OK\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "Warning");
	rig_close(&g);
}

static void
parts_are_in_the_older_resources_too(void)
{
	static const struct {
		const char *knobs;
		int now, old;
	} rows[] = {
		{ "{chassis: {power: subsystems}}", 200, 404 },
		{ "{chassis: {power: both}}", 200, 200 },
		{ "{chassis: {power: legacy}}", 404, 200 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *row = rows[i].knobs;
		struct rig g;

		rig_knobs(&g, row);
		CU_ASSERT_EQUAL(rig_get(&g, CHA), 200);
		CHECK_ROW((strstr(g.r.text, "ThermalSubsystem") != NULL) ==
			      (rows[i].now == 200),
		    row);
		CHECK_ROW((strstr(g.r.text, CHA "/Thermal\"") != NULL) ==
			      (rows[i].old == 200),
		    row);
		CHECK_ROW(rig_get(&g, CHA "/PowerSubsystem/PowerSupplies/1") ==
			      rows[i].now,
		    row);
		CHECK_ROW(
		    rig_get(&g, CHA "/ThermalSubsystem/Fans/3") == rows[i].now,
		    row);
		CHECK_ROW(rig_get(&g, CHA "/Power") == rows[i].old, row);
		CU_ASSERT_EQUAL(
		    rig_control(&g, "POST", HEALTH,
			"{\"part\":\"Fan3\",\"health\":\"Critical\"}"),
		    200);
		CHECK_ROW(rig_get(&g, CHA "/Thermal") == rows[i].old, row);
		if (rows[i].old == 200) {
			CHECK_TEXT(rig_at(&g, "Fans/2/@odata.id"),
			    CHA "/Thermal#/Fans/2");
			CHECK_TEXT(
			    rig_at(&g, "Fans/2/Status/Health"), "Critical");
			CHECK_TEXT(rig_at(&g, "Fans/1/Status/Health"), "OK");
		}
		rig_close(&g);
	}
}

static void
another_board_is_well(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_control(&g, "POST", HEALTH,
			    "{\"part\":\"CPU1\",\"health\":\"Critical\"}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_control(&g, "POST", "/bmcs/bmc-000/swap-board", NULL), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "Status/HealthRollup"), "OK");
	rig_close(&g);
}

static void
what_makes_no_sense_is_refused(void)
{
	static const char *const bad[] = { "{}", "{\"part\":\"CPU1\"}",
		"{\"part\":\"CPU1\",\"health\":\"fine\"}",
		"{\"health\":\"Warning\"}",
		"{\"part\":\"a-name-that-is-much-too-long\"}" };
	char body[80];
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_ROW(
		    rig_control(&g, "POST", HEALTH, bad[i]) == 400, bad[i]);
	for (int i = 0; i < 9; i++) {
		(void)str_format(body, sizeof(body),
		    "{\"part\":\"DIMM%d\",\"health\":\"Warning\"}", i + 1);
		CU_ASSERT_EQUAL(
		    rig_control(&g, "POST", HEALTH, body), i < 8 ? 200 : 400);
	}
	rig_close(&g);
}

static void
the_chassis_has_its_parts(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/PowerSubsystem/PowerSupplies"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "2");
	CU_ASSERT_EQUAL(
	    rig_get(&g, CHA "/PowerSubsystem/PowerSupplies/2"), 200);
	CU_ASSERT_EQUAL(
	    rig_get(&g, CHA "/PowerSubsystem/PowerSupplies/3"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/ThermalSubsystem/Fans/5"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, CHA "/TrustedComponents?$expand=."), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/TrustedComponentType"), "Discrete");
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(parts_are_in_the_older_resources_too),
	UNIT_CASE(an_unwell_part_shows_itself_and_in_the_rollup),
	UNIT_CASE(another_board_is_well),
	UNIT_CASE(what_makes_no_sense_is_refused),
	UNIT_CASE(the_chassis_has_its_parts),
};

int
main(void)
{
	return UNIT_RUN("bmc_health", cases);
}
