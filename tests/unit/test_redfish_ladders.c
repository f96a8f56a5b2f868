/* Each refusal of the quirk catalogue leads to the next rung, whoever made the
 * BMC; what worked is used first the next time. Section numbers are those of
 * the catalogue; from 1.6 on they are in test_redfish_dialects.c. */
#include "tests/unit/redfish_ladder_rig.h"

/* ---- 1.1, 1.2 iDRAC ---------------------------------------------------------- */

static void
idrac9_ignores_its_settings_object(void)
{
	struct rig g;

	rig_open(&g, "dell-idrac9");
	DISCOVER(&g);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->progress, RF_PROGRESS_ABSENT);
	boot_from_cd(&g);
	CHECK_TEXT(redfish_state(g.rf)->slots[0].id, "1");
	CU_ASSERT_TRUE(redfish_state(g.rf)->slots[0].inserted);
	CU_ASSERT_TRUE(rig_quirks_are(&g, ""));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static bool
idrac10_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	return is_boot_patch(method, body) &&
	       !str_has_suffix(path, "/Settings") &&
	       fake_refuse(a, 400, "PropertyNotWritable", "Boot", NULL);
}

static void
idrac10_takes_boot_at_settings_and_slot_one(void)
{
	struct rig g;

	rig_open(&g, "dell-idrac10");
	g.fake.hook = idrac10_refuses;
	boot_from_cd(&g);
	CHECK_TEXT(redfish_state(g.rf)->slots[0].id, "1");
	CU_ASSERT_TRUE(redfish_state(g.rf)->slots[0].inserted);
	CU_ASSERT_TRUE(redfish_state(g.rf)->boot.cd);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:settings"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static bool
on_refused_at_first(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)path;
	if (!str_eq(json_str(body, "ResetType", NULL), "On") || b->arg)
		return false;
	if (loop_mono_us(b->loop) > 35 * LOOP_S)
		b->arg = b;
	return fake_refuse(
	    a, 409, "ActionParameterValueConflict", "On", "ResetType");
}

static void
on_is_repeated_while_refused_after_force_off(void)
{
	struct rig g;

	rig_open(&g, "dell-idrac10");
	g.fake.hook = on_refused_at_first;
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 1);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

static bool
redundant_is_409(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)path;
	if (!has(body, "ResetType"))
		return false;
	/* somebody else was faster */
	json_set_str(
	    fake_bmc_at(b, "/redfish/v1/Systems/system-1"), "PowerState", "On");
	return fake_refuse(a, 409, "NoOperation", NULL, NULL);
}

static void
a_conflict_with_the_state_reached_is_success(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = redundant_is_409;
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	rig_close(&g);
}

/* ---- 1.3 iLO --------------------------------------------------------------------- */

static bool
ilo_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	if (is_boot_patch(method, body) &&
	    has(body, "Boot/BootSourceOverrideMode"))
		return fake_refuse(a, 400, "PropertyNotWritableOrUnknown",
		    "BootSourceOverrideMode", NULL);
	if (is_boot_patch(method, body) && !b->arg) {
		b->arg = b;
		return fake_refuse(
		    a, 400, "UnableToModifyDuringSystemPOST", NULL, NULL);
	}
	if (str_has_suffix(path, "EjectMedia") && !body)
		return fake_refuse(a, 415, "UnsupportedMediaType", NULL, NULL);
	return false;
}

static void
ilo_mode_is_left_out_and_post_waited_for(void)
{
	struct rig g;

	rig_open(&g, "hpe-ilo5");
	g.fake.hook = ilo_refuses;
	g.fake.etag = FAKE_ETAG_WEAK;
	g.fake.slash_redirect = true;
	boot_from_cd(&g);
	CHECK_TEXT(redfish_state(g.rf)->slots[0].id, "2");
	CU_ASSERT_EQUAL(redfish_state(g.rf)->boot.enabled, RF_OVERRIDE_ONCE);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "etag:strong,boot:no-mode"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static void
a_mode_that_is_asked_for_and_refused_is_said(void)
{
	struct rig g;

	rig_open(&g, "hpe-ilo5");
	g.fake.hook = ilo_refuses;
	FAILS(&g, RF_CAUSE_MODE,
	    redfish_set_boot_once_cd(g.rf, RF_MODE_LEGACY, rig_done, &g));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "Legacy"));
	/* the mode that it has is fine without writing it */
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UEFI, rig_done, &g));
	rig_close(&g);
}

static bool
ilo_unlicensed(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)body;
	return str_has_suffix(path, "InsertMedia") &&
	       fake_refuse(a, 400, "LicenseKeyRequired", NULL, NULL);
}

static void
a_missing_licence_ends_the_ladder_at_once(void)
{
	struct rig g;

	rig_open(&g, "hpe-ilo5");
	g.fake.hook = ilo_unlicensed;
	FAILS(&g, RF_CAUSE_LICENCE,
	    redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CHECK_TEXT(g.r.message_id, "LicenseKeyRequired");
	CU_ASSERT_EQUAL(g.fake.inserts, 0);
	rig_close(&g);
}

/* ---- 1.4 Supermicro ---------------------------------------------------------------- */

static bool
supermicro_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	cJSON *system = fake_bmc_at(b, "/redfish/v1/Systems/1");
	cJSON *slot;

	if (str_has_suffix(path, "InsertMedia")) {
		if (has(body, "Inserted") || has(body, "WriteProtected"))
			return fake_refuse(a, 400, "ActionParameterUnknown",
			    "InsertMedia", "Inserted");
		slot = fake_bmc_at(
		    b, "/redfish/v1/Managers/1/VirtualMedia/VirtualMedia1");
		json_set(slot, "Actions",
		    json_parse("{\"#VirtualMedia.EjectMedia\":{\"target\":"
			       "\"/redfish/v1/Managers/1/VirtualMedia/"
			       "VirtualMedia1/Actions/"
			       "VirtualMedia.EjectMedia\"}}",
			strlen("{\"#VirtualMedia.EjectMedia\":{\"target\":"
			       "\"/redfish/v1/Managers/1/VirtualMedia/"
			       "VirtualMedia1/Actions/"
			       "VirtualMedia.EjectMedia\"}}"),
			NULL));
	}
	if (is_boot_patch(method, body) &&
	    !has(body, "Boot/BootSourceOverrideMode"))
		json_put(system, "Boot/BootSourceOverrideMode",
		    cJSON_CreateString("Legacy"));
	return false;
}

static void
supermicro_boots_usb_cd_with_all_three(void)
{
	struct rig g;

	rig_open(&g, "supermicro-x12");
	g.fake.hook = supermicro_refuses;
	boot_from_cd(&g);
	CHECK_TEXT(redfish_state(g.rf)->boot.target, "UsbCd");
	CU_ASSERT_EQUAL(redfish_state(g.rf)->boot.mode, RF_MODE_UEFI);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:UsbCd"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static bool
reverts_full_triples(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)path;
	/* 200, and nothing of it is there afterwards (AS-1015CS) */
	if (!is_boot_patch(method, body) ||
	    !has(body, "Boot/BootSourceOverrideMode"))
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body), "{}");
	return true;
}

static void
a_silent_revert_leads_to_the_next_rung(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = reverts_full_triples;
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:no-mode"));
	rig_close(&g);
}

static bool
reverts_all(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)path;
	if (!is_boot_patch(method, body))
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body), "{}");
	return true;
}

static void
when_all_rungs_revert_silently_it_says_so(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = reverts_all;
	FAILS(&g, RF_CAUSE_SILENT,
	    redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_FALSE(g.r.maybe_executed);
	CU_ASSERT(g.r.requests < 60);
	rig_close(&g);
}

static bool
cd_targets_refused(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)path;
	return is_boot_patch(method, body) &&
	       str_eq(json_str(body, "Boot/BootSourceOverrideTarget", NULL),
		   "Cd") &&
	       fake_refuse(a, 400, "PropertyValueNotInList", "Cd",
		   "BootSourceOverrideTarget");
}

static void
without_a_cd_target_the_boot_menu_is_searched(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = cd_targets_refused;
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CHECK_TEXT(redfish_state(g.rf)->boot.target, "UefiTarget");
	CU_ASSERT_TRUE(redfish_state(g.rf)->boot.cd);
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    buf_str(&g.fake.bodies), "PciRoot(0x0)/USB(0x1)/CDROM(0x0)"));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:UefiTarget"));
	rig_close(&g);
}

static bool
once_refused(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)path;
	return is_boot_patch(method, body) &&
	       str_eq(json_str(body, "Boot/BootSourceOverrideEnabled", NULL),
		   "Once") &&
	       fake_refuse(a, 400, "PropertyValueNotInList", "Once",
		   "BootSourceOverrideEnabled");
}

static void
continuous_only_where_once_is_refused(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = once_refused;
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_EQUAL(
	    redfish_state(g.rf)->boot.enabled, RF_OVERRIDE_CONTINUOUS);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "boot:continuous"));
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	rig_close(&g);
}

/* ---- 1.5 Lenovo ------------------------------------------------------------------------ */

static bool
lenovo_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)path;
	if (str_eq(method, "PATCH") && has(body, "Image") &&
	    !has(body, "Inserted"))
		return fake_refuse(a, 400, "PropertyMissing", "Inserted", NULL);
	return false;
}

static void
lenovo_inserts_by_patch_into_ext(void)
{
	struct rig g;

	rig_open(&g, "lenovo-xcc");
	g.fake.hook = lenovo_refuses;
	g.fake.etag_required = true;
	boot_from_cd(&g);
	CHECK_TEXT(redfish_state(g.rf)->slots[0].id, "EXT1");
	CU_ASSERT_TRUE(redfish_state(g.rf)->slots[0].inserted);
	CU_ASSERT_FALSE(redfish_state(g.rf)->slots[2].usable);
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "insert:patch+inserted,eject:patch"));
	rig_close(&g);
}

static void
newer_lenovo_wants_no_if_match(void)
{
	struct rig g;

	rig_open(&g, "lenovo-xcc");
	g.fake.etag = FAKE_ETAG_REFUSED;
	boot_from_cd(&g);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "etag:none,insert:patch+inserted"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(idrac9_ignores_its_settings_object),
	UNIT_CASE(idrac10_takes_boot_at_settings_and_slot_one),
	UNIT_CASE(on_is_repeated_while_refused_after_force_off),
	UNIT_CASE(a_conflict_with_the_state_reached_is_success),
	UNIT_CASE(ilo_mode_is_left_out_and_post_waited_for),
	UNIT_CASE(a_mode_that_is_asked_for_and_refused_is_said),
	UNIT_CASE(a_missing_licence_ends_the_ladder_at_once),
	UNIT_CASE(supermicro_boots_usb_cd_with_all_three),
	UNIT_CASE(a_silent_revert_leads_to_the_next_rung),
	UNIT_CASE(when_all_rungs_revert_silently_it_says_so),
	UNIT_CASE(without_a_cd_target_the_boot_menu_is_searched),
	UNIT_CASE(continuous_only_where_once_is_refused),
	UNIT_CASE(lenovo_inserts_by_patch_into_ext),
	UNIT_CASE(newer_lenovo_wants_no_if_match),
};

int
main(void)
{
	return UNIT_RUN("redfish_ladders", cases);
}
