/* Log services: what the machine did, as entries; sensors. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define SEL RIG_MGR "/LogServices/SEL"
#define EVENTLOG RIG_SYS "/LogServices/EventLog"
#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"

static void
a_bmc_that_did_nothing_has_empty_logs(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, SEL "/Entries"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	CU_ASSERT_EQUAL(rig_get(&g, EVENTLOG), 200);
	CHECK_TEXT(rig_at(&g, "Entries/@odata.id"), EVENTLOG "/Entries");
	CU_ASSERT_EQUAL(rig_get(&g, SEL "/Entries/1"), 404);
	rig_close(&g);
}

static void
a_power_on_is_in_the_sel_and_a_failed_boot_in_the_event_log(void)
{
	struct rig g;
	char uri[256];

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "no boot device", 120 * 1000));
	CU_ASSERT_EQUAL(rig_get(&g, SEL "/Entries"), 200);
	/* embedded in full: asked, powered on, reset */
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "3");
	CHECK_TEXT(
	    rig_at(&g, "Members/0/MessageId"), "SimEvent.1.0.ResetRequested");
	CHECK_TEXT(rig_at(&g, "Members/0/Message"),
	    "A reset of the type On was requested.");
	CHECK_TEXT(rig_at(&g, "Members/1/MessageId"),
	    "ResourceEvent.1.3.ResourcePoweredOn");
	(void)str_copy(uri, sizeof(uri), rig_at(&g, "Members/1/@odata.id"));
	CU_ASSERT_EQUAL(rig_get(&g, uri), 200);
	CHECK_TEXT(rig_at(&g, "EntryType"), "SEL");
	CU_ASSERT_EQUAL(rig_get(&g, EVENTLOG "/Entries"), 200);
	CHECK_TEXT(
	    rig_at(&g, "Members/0/MessageId"), "SimEvent.1.0.BootFailed");
	CHECK_TEXT(rig_at(&g, "Members/0/Severity"), "Warning");
	/* the one's entries are not the other's */
	CU_ASSERT_EQUAL(rig_get(&g, EVENTLOG "/Entries/1"), 404);
	rig_close(&g);
}

static void
each_log_is_cleared_alone(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}");
	CU_ASSERT_TRUE(rig_until(&g, "no boot device", 120 * 1000));
	CU_ASSERT_EQUAL(rig_call(&g, "POST", SEL "/Actions/LogService.ClearLog",
			    "{\"Nonsense\":1}"),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SEL "/Actions/LogService.ClearLog", "{}"),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, SEL "/Entries"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	CU_ASSERT_EQUAL(rig_get(&g, EVENTLOG "/Entries"), 200);
	CHECK_ROW(
	    !str_eq(rig_at(&g, "Members@odata.count"), "0"), "others stay");
	rig_close(&g);
}

static void
a_log_wraps_when_it_is_full(void)
{
	struct rig g;
	char first[64];

	rig_open(&g, NULL);
	g.password = "wrong";
	for (int i = 0; i < 100; i++)
		(void)rig_get(&g, RIG_SYS);
	g.password = "b7-sim-secret";
	CU_ASSERT_EQUAL(rig_get(&g, SEL "/Entries"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "64");
	(void)str_copy(first, sizeof(first), rig_at(&g, "Members/0/Id"));
	CHECK_TEXT(first, "37");
	CHECK_TEXT(
	    rig_at(&g, "Members/0/Message"), "A login as 'root' has failed.");
	rig_close(&g);
}

static void
vendors_log_in_their_own_words(void)
{
	struct rig g;

	rig_profile(&g, "idrac9");
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Managers/iDRAC.Embedded.1/"
				    "LogServices/SEL/Entries"),
	    200);
	CHECK_TEXT(rig_at(&g, "Members/1/MessageId"), "IDRAC.2.8.SYS1000");
	CHECK_TEXT(rig_at(&g, "Members/1/Message"), "System is turning on.");
	rig_close(&g);
}

static void
sensors_read_what_the_power_is(void)
{
	static const char cha[] = "/redfish/v1/Chassis/chassis-1";
	struct rig g;
	char path[128];

	rig_open(&g, NULL);
	(void)str_format(path, sizeof(path), "%s/Sensors/PSU1In", cha);
	CU_ASSERT_EQUAL(rig_get(&g, path), 200);
	CHECK_TEXT(rig_at(&g, "Reading"), "12");
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, path), 200);
	CHECK_TEXT(rig_at(&g, "Reading"), "310");
	(void)str_format(
	    path, sizeof(path), "%s/ThermalSubsystem/ThermalMetrics", cha);
	CU_ASSERT_EQUAL(rig_get(&g, path), 200);
	CHECK_TEXT(rig_at(&g, "TemperatureReadingsCelsius/0/Reading"), "48");
	(void)str_format(path, sizeof(path), "%s/Sensors/None", cha);
	CU_ASSERT_EQUAL(rig_get(&g, path), 404);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_bmc_that_did_nothing_has_empty_logs),
		UNIT_CASE(
		    a_power_on_is_in_the_sel_and_a_failed_boot_in_the_event_log),
		UNIT_CASE(each_log_is_cleared_alone),
		UNIT_CASE(a_log_wraps_when_it_is_full),
		UNIT_CASE(vendors_log_in_their_own_words),
		UNIT_CASE(sensors_read_what_the_power_is),
	};

	return UNIT_RUN("bmc log", cases);
}
