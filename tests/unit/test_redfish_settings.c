/* Two places for the boot override, which do not agree: the System, which may
 * show what the last boot went by, and its settings object. A host is called
 * disarmed only where it is known that the next boot is. */
#include "tests/unit/redfish_ladder_rig.h"

#define SYS "/redfish/v1/Systems/Self"
#define SD SYS "/SD"
#define ALL (RF_READ_SYSTEM | RF_READ_BOOT)

static void
override_is(
    struct rig *g, const char *path, const char *enabled, const char *target)
{
	cJSON *boot = json_ensure_obj(fake_bmc_at(&g->fake, path), "Boot");

	json_set_str(boot, "BootSourceOverrideEnabled", enabled);
	json_set_str(boot, "BootSourceOverrideTarget", target);
	json_set_str(boot, "BootSourceOverrideMode", "UEFI");
}

/* The boot took Once over, then never came: what AMI shows after a power-off
 * in POST. */
static void
boot_never_came(struct rig *g)
{
	override_is(g, SYS, "Once", "Cd");
	override_is(g, SD, "Once", "Cd");
}

static const struct redfish_boot *
boot_of(const struct rig *g)
{
	return &redfish_state(g->rf)->boot;
}

static bool
only_at_sd(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	return is_boot_patch(method, body) && !str_has_suffix(path, "/SD") &&
	       fake_refuse(
		   a, 400, "OperationSupportedInFutureStateURI", NULL, NULL);
}

static void
open_ami(struct rig *g)
{
	rig_open(g, "ami-megarac");
	g->fake.hook = only_at_sd;
	boot_never_came(g);
	DISCOVER(g);
}

static void
a_system_that_refuses_boot_shows_the_past(void)
{
	struct rig g;

	open_ami(&g);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	CU_ASSERT_TRUE(boot_of(&g)->cd);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CHECK_TEXT(json_str(fake_bmc_at(&g.fake, SD),
		       "Boot/BootSourceOverrideEnabled", ""),
	    "Disabled");
	CHECK_TEXT(json_str(fake_bmc_at(&g.fake, SYS),
		       "Boot/BootSourceOverrideEnabled", ""),
	    "Once");
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->cd);
	CU_ASSERT_TRUE(boot_of(&g)->in_settings);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	/* armed anew, it is armed; and arming is not "so already" */
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_FALSE(g.r.already);
	CU_ASSERT_TRUE(boot_of(&g)->cd);
	CHECK_TEXT(json_str(fake_bmc_at(&g.fake, SD),
		       "Boot/BootSourceOverrideEnabled", ""),
	    "Once");
	rig_close(&g);
}

static void
a_newer_override_in_the_system_is_believed_until_both_were_read(void)
{
	struct rig g;

	open_ami(&g);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	/* somebody booted it from the network, and so both places changed */
	override_is(&g, SYS, "Once", "Pxe");
	override_is(&g, SD, "Once", "Pxe");
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->cd);
	override_is(&g, SD, "Disabled", "None");
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, ALL);
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	rig_close(&g);
}

static void
a_contradiction_is_armed_as_long_as_nothing_settles_it(void)
{
	struct rig g;

	open_ami(&g);
	override_is(&g, SD, "Disabled", "None");
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	CU_ASSERT_TRUE(boot_of(&g)->disputed);
	CU_ASSERT_FALSE(boot_of(&g)->in_settings);
	/* what stands in the System is not enough to boot from */
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_FALSE(g.r.already);
	CU_ASSERT_FALSE(boot_of(&g)->disputed);
	CHECK_TEXT(json_str(fake_bmc_at(&g.fake, SD),
		       "Boot/BootSourceOverrideEnabled", ""),
	    "Once");
	rig_close(&g);
	/* a clear settles it: the System says no, the settings say yes */
	open_ami(&g);
	override_is(&g, SD, "Disabled", "None");
	READ(&g, ALL);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_FALSE(g.r.already);
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->disputed);
	rig_close(&g);
}

static void
what_an_earlier_client_saw_settles_it(void)
{
	struct rig g;

	open_ami(&g);
	override_is(&g, SD, "Disabled", "None");
	redfish_boot_in_settings(g.rf);
	READ(&g, ALL);
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->disputed);
	CU_ASSERT_TRUE(boot_of(&g)->in_settings);
	CU_ASSERT_EQUAL(g.fake.patches, 0);
	/* Only a plain Disabled wins, and only of the whole override. */
	override_is(&g, SD, "Continuous", "Cd");
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	cJSON_DeleteItemFromObjectCaseSensitive(
	    json_ensure_obj(fake_bmc_at(&g.fake, SD), "Boot"),
	    "BootSourceOverrideTarget");
	override_is(&g, SD, "Disabled", "None");
	cJSON_DeleteItemFromObjectCaseSensitive(
	    json_ensure_obj(fake_bmc_at(&g.fake, SD), "Boot"),
	    "BootSourceOverrideTarget");
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	/* AMI's default: nothing is said, so nothing is taken back */
	override_is(&g, SD, "Disabled", "None");
	json_set(json_ensure_obj(fake_bmc_at(&g.fake, SD), "Boot"),
	    "BootSourceOverrideEnabled", cJSON_CreateNull());
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	rig_close(&g);
}

static void
values_that_only_the_settings_offer_settle_it(void)
{
	static const char set[] =
	    "/redfish/v1/Systems/System.Embedded.1/Settings";
	struct rig g;

	rig_open(&g, "dell-idrac10");
	override_is(&g, "/redfish/v1/Systems/System.Embedded.1", "Once", "Cd");
	DISCOVER(&g);
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->disputed);
	override_is(&g, set, "Once", "Cd");
	rig_sleep(&g, 10 * LOOP_S);
	READ(&g, ALL);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	CU_ASSERT_TRUE(boot_of(&g)->cd);
	rig_close(&g);
}

/* The settings object is a dead letter here: the System takes Boot, and boots
 * by it. */
static void
a_system_that_takes_boot_is_cleared_itself(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	override_is(&g, SYS, "Once", "Cd");
	override_is(&g, SD, "Disabled", "None");
	DISCOVER(&g);
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CHECK_TEXT(json_str(fake_bmc_at(&g.fake, SYS),
		       "Boot/BootSourceOverrideEnabled", ""),
	    "Disabled");
	CU_ASSERT_FALSE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->in_settings);
	rig_close(&g);
}

static bool
system_forgets_at_once(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	if (!is_boot_patch(method, body) || str_has_suffix(path, "/SD"))
		return false;
	a->status = 204; /* and nothing changes */
	return true;
}

static void
accepted_and_not_done_is_never_called_disarmed(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	g.fake.hook = system_forgets_at_once;
	boot_never_came(&g);
	FAILS(&g, RF_CAUSE_SILENT, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	rig_close(&g);
}

static bool
mode_is_read_only(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	return is_boot_patch(method, body) && !str_has_suffix(path, "/SD") &&
	       fake_refuse(a, 400, "PropertyNotWritable",
		   "BootSourceOverrideMode", NULL);
}

static void
a_refusal_of_another_property_proves_nothing(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	g.fake.hook = mode_is_read_only;
	boot_never_came(&g);
	FAILS(&g, RF_CAUSE_REFUSED, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_TRUE(boot_of(&g)->armed);
	CU_ASSERT_FALSE(boot_of(&g)->in_settings);
	rig_close(&g);
}

/* ---- how often it is asked ------------------------------------------------------------------------- */

static unsigned
settings_read(struct rig *g)
{
	unsigned n = 0;
	const char *at;

	rig_sleep(g, 5 * LOOP_S);
	fake_bmc_forget_log(&g->fake);
	READ(g, RF_READ_BOOT_PACED);
	for (at = buf_str(&g->fake.log); (at = strstr(at, "GET " SD)); at++)
		n++;
	return n;
}

/* A boot is watched for half an hour. */
static void
watching_a_boot_asks_the_settings_once_a_minute(void)
{
	struct rig g;
	unsigned n = 0, i;

	open_ami(&g);
	READ(&g, ALL);
	for (i = 0; i < 60; i++)
		n += settings_read(&g);
	CU_ASSERT_EQUAL(n, 5);
	/* what the System shows may come from there */
	json_set_str(fake_bmc_at(&g.fake, SYS), "PowerState", "On");
	CU_ASSERT_EQUAL(settings_read(&g), 1);
	CU_ASSERT_EQUAL(settings_read(&g), 0);
	override_is(&g, SYS, "Disabled", "None");
	CU_ASSERT_EQUAL(settings_read(&g), 1);
	/* nor is it left out after a write, or when asked for plainly */
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	CU_ASSERT_EQUAL(settings_read(&g), 1);
	fake_bmc_forget_log(&g.fake);
	READ(&g, ALL);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&g.fake.log), "GET " SD));
	rig_close(&g);
}

static cJSON *
take_away(struct rig *g, const char *key)
{
	return cJSON_DetachItemFromObjectCaseSensitive(
	    fake_bmc_at(&g->fake, SYS), key);
}

/* Half a tree was read for a while (rule 15). */
static void
a_settings_object_that_was_hidden_is_found_again(void)
{
	struct rig g;
	cJSON *link;

	open_ami(&g);
	override_is(&g, SYS, "Disabled", "None");
	override_is(&g, SD, "Disabled", "None");
	link = take_away(&g, "@Redfish.Settings");
	CU_ASSERT_PTR_NOT_NULL_FATAL(link);
	READ(&g, ALL);
	json_set(fake_bmc_at(&g.fake, SYS), "@Redfish.Settings", link);
	rig_sleep(&g, 3 * LOOP_S);
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:settings"));
	rig_close(&g);
}

/* It was hidden when the BMC was discovered: the refusal tells. */
static void
a_refusal_that_points_elsewhere_makes_it_look_there(void)
{
	struct rig g;
	cJSON *boot;

	rig_open(&g, "ami-megarac");
	g.fake.hook = only_at_sd;
	boot = cJSON_DetachItemFromObjectCaseSensitive(
	    fake_bmc_at(&g.fake, SD), "Boot");
	CU_ASSERT_PTR_NOT_NULL_FATAL(boot);
	DISCOVER(&g);
	json_set(fake_bmc_at(&g.fake, SD), "Boot", boot);
	FAILS(&g, RF_CAUSE_REFUSED,
	    redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:settings"));
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(watching_a_boot_asks_the_settings_once_a_minute),
	UNIT_CASE(a_settings_object_that_was_hidden_is_found_again),
	UNIT_CASE(a_refusal_that_points_elsewhere_makes_it_look_there),
	UNIT_CASE(a_system_that_refuses_boot_shows_the_past),
	UNIT_CASE(
	    a_newer_override_in_the_system_is_believed_until_both_were_read),
	UNIT_CASE(a_contradiction_is_armed_as_long_as_nothing_settles_it),
	UNIT_CASE(what_an_earlier_client_saw_settles_it),
	UNIT_CASE(values_that_only_the_settings_offer_settle_it),
	UNIT_CASE(a_system_that_takes_boot_is_cleared_itself),
	UNIT_CASE(accepted_and_not_done_is_never_called_disarmed),
	UNIT_CASE(a_refusal_of_another_property_proves_nothing),
};

int
main(void)
{
	return UNIT_RUN("redfish_settings", cases);
}
