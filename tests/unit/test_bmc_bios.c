/* BIOS settings, secure boot and boot options: written now, true after POST. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define BIOS RIG_SYS "/Bios"
#define SECURE RIG_SYS "/SecureBoot"
#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"

static void
post(struct rig *g)
{
	CU_ASSERT_EQUAL(
	    rig_call(g, "POST", RESET, "{\"ResetType\":\"ForceRestart\"}"),
	    204);
	rig_run(g, 5000);
}

static void
settings_wait_for_the_next_post(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, BIOS), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "On");
	CHECK_TEXT(rig_at(&g, "@Redfish.Settings/SettingsObject/@odata.id"),
	    BIOS "/Settings");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", BIOS "/Settings",
			    "{\"Attributes\":{\"NumLock\":\"Off\","
			    "\"WatchdogMinutes\":30,\"QuietBoot\":false,"
			    "\"AdminNote\":\"mine\"}}"),
	    200);
	CHECK_TEXT(rig_at(&g, "Attributes/WatchdogMinutes"), "30");
	CU_ASSERT_EQUAL(rig_get(&g, BIOS), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "On");
	post(&g);
	CU_ASSERT_EQUAL(rig_get(&g, BIOS), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "Off");
	CHECK_TEXT(rig_at(&g, "Attributes/WatchdogMinutes"), "30");
	CHECK_TEXT(rig_at(&g, "Attributes/QuietBoot"), "false");
	CHECK_TEXT(rig_at(&g, "Attributes/AdminNote"), "mine");
	CU_ASSERT_EQUAL(rig_get(&g, BIOS "/Settings"), 200);
	CHECK_TEXT(rig_at(&g, "Attributes"), "{}");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", BIOS "/Actions/Bios.ResetBios", "{}"), 204);
	post(&g);
	CU_ASSERT_EQUAL(rig_get(&g, BIOS), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "On");
	CHECK_TEXT(rig_at(&g, "Attributes/AdminNote"), "none");
	rig_close(&g);
}

static void
what_is_no_setting_changes_nothing(void)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{ "{\"Attributes\":{\"NumLock\":\"Maybe\"}}",
		    "PropertyValueNotInList" },
		{ "{\"Attributes\":{\"WatchdogMinutes\":61}}",
		    "PropertyValueOutOfRange" },
		{ "{\"Attributes\":{\"WatchdogMinutes\":\"x\"}}",
		    "PropertyValueTypeError" },
		{ "{\"Attributes\":{\"NoSuch\":1}}", "PropertyUnknown" },
		/* half of it would be a surprise */
		{ "{\"Attributes\":{\"QuietBoot\":false,\"NumLock\":7}}",
		    "PropertyValueTypeError" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_call(&g, "PATCH", BIOS "/Settings",
			      rows[i].body) == 400,
		    rows[i].body);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	CU_ASSERT_EQUAL(rig_get(&g, BIOS "/Settings"), 200);
	CHECK_TEXT(rig_at(&g, "Attributes"), "{}");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", BIOS,
			    "{\"Attributes\":{\"NumLock\":\"Off\"}}"),
	    405);
	rig_close(&g);
}

static void
every_attribute_is_in_the_registry(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/registries/"
				    "SimBiosAttributeRegistry.v1_0_0.json"),
	    200);
	CHECK_TEXT(rig_at(&g, "RegistryEntries/Attributes/0/AttributeName"),
	    "BootMode");
	CHECK_TEXT(rig_at(&g, "RegistryEntries/Attributes/0/Value/1/ValueName"),
	    "LegacyBios");
	CHECK_TEXT(rig_at(&g, "RegistryEntries/Attributes/5/UpperBound"), "60");
	rig_close(&g);
}

static void
the_password_needs_the_old_one(void)
{
	static const char first[] =
	    "{\"PasswordName\":\"AdministratorPassword\","
	    "\"OldPassword\":\"\",\"NewPassword\":\"one\"}";
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", BIOS "/Actions/Bios.ChangePassword", first),
	    204);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", BIOS "/Actions/Bios.ChangePassword", first),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", BIOS "/Actions/Bios.ChangePassword", "{}"),
	    400);
	CHECK_TEXT(rig_message(&g), "ActionParameterMissing");
	rig_close(&g);
}

static void
dell_wants_an_apply_time_and_one_job(void)
{
	static const char base[] = "/redfish/v1/Systems/System.Embedded.1";
	struct rig g;
	char settings[128], bios[128];

	(void)str_format(settings, sizeof(settings), "%s/Bios/Settings", base);
	(void)str_format(bios, sizeof(bios), "%s/Bios", base);
	rig_profile(&g, "idrac9");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", settings,
			    "{\"Attributes\":{\"NumLock\":\"Off\"},"
			    "\"@Redfish.SettingsApplyTime\":"
			    "{\"ApplyTime\":\"OnReset\"}}"),
	    200);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", settings,
			    "{\"Attributes\":{\"QuietBoot\":false}}"),
	    400);
	CHECK_TEXT(rig_message(&g), "SYS011");
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, bios), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "Off");
	/* without one it is taken and never done */
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", settings,
			    "{\"Attributes\":{\"NumLock\":\"On\"}}"),
	    200);
	(void)rig_control(
	    &g, "POST", "/bmcs/bmc-000/power-button", "{\"hold\":true}");
	rig_run(&g, 5000);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, bios), 200);
	CHECK_TEXT(rig_at(&g, "Attributes/NumLock"), "Off");
	rig_close(&g);
}

static void
secure_boot_is_on_after_the_next_post(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", SECURE, "{\"SecureBootEnable\":true}"), 200);
	CHECK_TEXT(rig_at(&g, "SecureBootEnable"), "true");
	CHECK_TEXT(rig_at(&g, "SecureBootCurrentBoot"), "Disabled");
	post(&g);
	CU_ASSERT_EQUAL(rig_get(&g, SECURE), 200);
	CHECK_TEXT(rig_at(&g, "SecureBootCurrentBoot"), "Enabled");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SECURE "/Actions/SecureBoot.ResetKeys",
		"{\"ResetKeysType\":\"DeletePK\"}"),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, SECURE), 200);
	CHECK_TEXT(rig_at(&g, "SecureBootMode"), "SetupMode");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", SECURE, "{\"SecureBootEnable\":true}"), 400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SECURE "/Actions/SecureBoot.ResetKeys",
		"{\"ResetKeysType\":\"Melt\"}"),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SECURE "/Actions/SecureBoot.ResetKeys",
		"{\"ResetKeysType\":\"ResetAllKeysToDefault\"}"),
	    204);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", SECURE, "{\"SecureBootEnable\":true}"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, SECURE "/SecureBootDatabases"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "4");
	CU_ASSERT_EQUAL(
	    rig_get(&g, SECURE "/SecureBootDatabases/dbx/Certificates"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, SECURE "/SecureBootDatabases/other"), 404);
	rig_close(&g);
}

static void
a_boot_option_that_is_off_is_not_tried(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS "/BootOptions/Boot0001",
			    "{\"BootOptionEnabled\":false}"),
	    200);
	CHECK_TEXT(rig_at(&g, "BootOptionEnabled"), "false");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "no boot device", 120 * 1000));
	CU_ASSERT_EQUAL(rig_count(&g, "boot-failed Pxe"), 0);
	CU_ASSERT_EQUAL(rig_count(&g, "boot-failed Hdd"), 1);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(settings_wait_for_the_next_post),
		UNIT_CASE(what_is_no_setting_changes_nothing),
		UNIT_CASE(every_attribute_is_in_the_registry),
		UNIT_CASE(the_password_needs_the_old_one),
		UNIT_CASE(dell_wants_an_apply_time_and_one_job),
		UNIT_CASE(secure_boot_is_on_after_the_next_post),
		UNIT_CASE(a_boot_option_that_is_off_is_not_tried),
	};

	return UNIT_RUN("bmc bios", cases);
}
