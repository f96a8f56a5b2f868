/* Each refusal of the quirk catalogue leads to the next rung, whoever made the
 * BMC; what worked is used first the next time. Section numbers are those of
 * the catalogue. */
#include "tests/unit/redfish_rig.h"

#define URL "http://10.0.0.1:8080/n1.iso"

static void
boot_from_cd(struct rig *g)
{
	OK(g, redfish_insert(g->rf, NULL, URL, rig_done, g));
	OK(g, redfish_set_boot_once_cd(g->rf, RF_MODE_UNKNOWN, rig_done, g));
	OK(g, redfish_reset(g->rf, RF_RESET_ON, rig_done, g));
}

/* The same again must not climb: no more writes than needed. */
static unsigned
writes_of_second_time(struct rig *g)
{
	unsigned n = 0;
	const char *at;

	OK(g, redfish_reset(g->rf, RF_RESET_FORCE_OFF, rig_done, g));
	OK(g, redfish_eject(g->rf, NULL, rig_done, g));
	OK(g, redfish_clear_boot(g->rf, rig_done, g));
	CU_ASSERT_FALSE(redfish_state(g->rf)->boot.armed);
	fake_bmc_forget_log(&g->fake);
	boot_from_cd(g);
	for (at = buf_str(&g->fake.log); *at; at++)
		if ((at[0] == 'P') && (at == g->fake.log.p || at[-1] == '\n'))
			n++;
	return n;
}

static bool
is_boot_patch(const char *method, const cJSON *body)
{
	return str_eq(method, "PATCH") && json_obj(body, "Boot");
}

static bool
has(const cJSON *body, const char *path)
{
	return json_at(body, path) != NULL;
}

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

/* ---- 1.6 AMI ------------------------------------------------------------------------------ */

static bool
ami_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	if (is_boot_patch(method, body) && !str_has_suffix(path, "/SD"))
		return fake_refuse(
		    a, 400, "OperationSupportedInFutureStateURI", NULL, NULL);
	if (is_boot_patch(method, body) &&
	    (!has(body, "Boot/BootSourceOverrideMode") ||
		!has(body, "Boot/BootSourceOverrideEnabled") ||
		!has(body, "Boot/BootSourceOverrideTarget")))
		return fake_refuse(
		    a, 400, "PropertyMissing", "BootSourceOverrideMode", NULL);
	if (str_has_suffix(path, "InsertMedia") &&
	    !has(body, "TransferProtocolType"))
		return fake_refuse(a, 400, "ActionParameterMissing",
		    "TransferProtocolType", NULL);
	if (str_has_suffix(path, "InsertMedia") && !has(body, "UserName"))
		return fake_refuse(
		    a, 400, "ActionParameterMissing", "UserName", NULL);
	if (str_has_suffix(path, "InsertMedia")) {
		a->status = 202;
		a->after = true;
		(void)str_copy(a->header[0], sizeof(a->header[0]),
		    "Location: /redfish/v1/TaskService/Tasks/1/Monitor");
		return true;
	}
	if (str_has_suffix(path, "/Monitor")) {
		a->status = b->arg ? 200 : 202;
		b->arg = b;
		(void)str_copy(
		    a->body, sizeof(a->body), "{\"TaskState\":\"Running\"}");
		if (a->status == 200)
			(void)str_copy(a->body, sizeof(a->body),
			    "{\"TaskState\":\"Completed\","
			    "\"TaskStatus\":\"OK\"}");
		return true;
	}
	return false;
}

static void
ami_wants_future_state_triples_strong_etags_and_a_task(void)
{
	struct rig g;

	rig_open(&g, "ami-megarac");
	g.fake.hook = ami_refuses;
	g.fake.etag = FAKE_ETAG_WEAK;
	g.fake.etag_required = true;
	boot_from_cd(&g);
	CU_ASSERT_TRUE(redfish_state(g.rf)->slots[0].inserted);
	CU_ASSERT_TRUE(redfish_state(g.rf)->boot.cd);
	CU_ASSERT_TRUE(
	    rig_quirks_are(&g, "etag:strong,boot:settings,"
			       "insert:image+transfer-protocol+credentials"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

static bool
task_fails(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)body;
	if (str_has_suffix(path, "InsertMedia")) {
		a->status = 202;
		(void)str_copy(a->body, sizeof(a->body),
		    "{\"@odata.id\":\"/redfish/v1/TaskService/Tasks/7\"}");
		return true;
	}
	if (!str_has_suffix(path, "/Tasks/7"))
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body),
	    "{\"TaskState\":\"Exception\",\"Messages\":[{\"MessageId\":"
	    "\"IDRAC.2.8.RAC0904\",\"Message\":\"Unable to access "
	    "http://10.0.0.1:8080/s3cr3t/n1.iso\"}]}");
	return true;
}

static void
a_task_that_fails_says_why_and_masks_the_url(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = task_fails;
	FAILS(&g, RF_CAUSE_URL, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "RAC0904"));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "10.0.0.1:8080/..."));
	CU_ASSERT_PTR_NULL(strstr(g.r.err.msg, "s3cr3t"));
	CU_ASSERT_EQUAL(g.fake.inserts, 0);
	rig_close(&g);
}

static bool
task_vanishes(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)body;
	if (!str_has_suffix(path, "InsertMedia"))
		return false;
	a->status = 202;
	a->after = true;
	(void)str_copy(a->header[0], sizeof(a->header[0]),
	    "Location: /redfish/v1/TaskService/Tasks/404");
	return true;
}

static void
a_task_that_vanishes_is_judged_by_the_slot(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = task_vanishes;
	OK(&g, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.inserts, 1);
	rig_close(&g);
}

/* ---- 1.7 OpenBMC ---------------------------------------------------------------------------- */

static bool
openbmc_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	if (is_boot_patch(method, body) &&
	    has(body, "Boot/BootSourceOverrideMode"))
		return fake_refuse(
		    a, 400, "PropertyUnknown", "BootSourceOverrideMode", NULL);
	if (!str_has_suffix(path, "InsertMedia"))
		return false;
	if (!str_has_prefix(json_str(body, "Image", ""), "https://"))
		return fake_refuse(a, 400, "ActionParameterValueFormatError",
		    "http://x", "Image");
	if (has(body, "TransferMethod") || !has(body, "Inserted"))
		return fake_refuse(
		    a, 400, "ActionParameterMissing", "Inserted", NULL);
	return false;
}

static void
openbmc_picks_the_host_and_the_slot_that_is_no_proxy(void)
{
	struct rig g;

	rig_open(&g, "openbmc");
	g.fake.hook = openbmc_refuses;
	FAILS(&g, RF_CAUSE_URL, redfish_insert(g.rf, NULL, URL, rig_done, &g));
	OK(&g, redfish_insert(
		   g.rf, NULL, "https://10.0.0.1/n1.iso", rig_done, &g));
	CHECK_TEXT(redfish_state(g.rf)->slots[0].id, "Slot_1");
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_EQUAL(redfish_state(g.rf)->progress, RF_PROGRESS_OEM);
	CHECK_TEXT(redfish_state(g.rf)->progress_oem, "Boot0 ready");
	CU_ASSERT_TRUE(rig_quirks_are(&g, "insert:image+inserted"));
	rig_close(&g);
}

/* ---- 1.8 iRMC, 1.10 iBMC, 1.12 sushy-tools ------------------------------------------------------ */

static void
irmc_wants_its_bare_decimal_etag(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.etag = FAKE_ETAG_DECIMAL;
	g.fake.etag_required = true;
	boot_from_cd(&g);
	CU_ASSERT_TRUE(strchr("0123456789", g.fake.if_match[0]) != NULL);
	CU_ASSERT_TRUE(rig_quirks_are(&g, ""));
	rig_close(&g);
}

static bool
ibmc_refuses(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)body;
	/* the third POST to an action is the one that carries If-Match */
	if (!str_eq(method, "POST") || !strstr(path, "/Actions/"))
		return false;
	return !strstr(buf_str(&b->log), "GET") &&
	       fake_refuse(a, 412, "PreconditionFailed", NULL, NULL);
}

static void
an_action_gets_if_match_only_after_412(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	fake_bmc_forget_log(&g.fake);
	g.fake.hook = ibmc_refuses;
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.resets, 1);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "action:if-match"));
	rig_close(&g);
}

static bool
sushy_behaves(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	cJSON *system;

	(void)a;
	if (!is_boot_patch(method, body))
		return false;
	if (!has(body, "Boot/BootSourceOverrideTarget") ||
	    str_eq(
		json_str(body, "Boot/BootSourceOverrideTarget", NULL), "None"))
		return fake_refuse(a, 400, "GeneralError", NULL, NULL);
	system = fake_bmc_at(b, path);
	json_put(system, "Boot/BootSourceOverrideTarget",
	    cJSON_CreateString(
		json_str(body, "Boot/BootSourceOverrideTarget", "")));
	a->status = 204;
	return true;
}

static void
sushy_tools_is_basic_and_continuous(void)
{
	struct rig g;

	rig_open(&g, "sushy-tools");
	g.fake.basic_only = true;
	g.fake.etag = FAKE_ETAG_NONE;
	g.fake.hook = sushy_behaves;
	boot_from_cd(&g);
	CU_ASSERT_TRUE(redfish_state(g.rf)->boot.cd);
	CU_ASSERT_EQUAL(
	    redfish_state(g.rf)->boot.enabled, RF_OVERRIDE_CONTINUOUS);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "auth:basic"));
	CU_ASSERT_EQUAL(writes_of_second_time(&g), 3);
	rig_close(&g);
}

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

#define CASE(f) \
	{ \
#f, f \
	}
static const struct unit_case cases[] = {
	CASE(idrac9_ignores_its_settings_object),
	CASE(idrac10_takes_boot_at_settings_and_slot_one),
	CASE(on_is_repeated_while_refused_after_force_off),
	CASE(a_conflict_with_the_state_reached_is_success),
	CASE(ilo_mode_is_left_out_and_post_waited_for),
	CASE(a_mode_that_is_asked_for_and_refused_is_said),
	CASE(a_missing_licence_ends_the_ladder_at_once),
	CASE(supermicro_boots_usb_cd_with_all_three),
	CASE(a_silent_revert_leads_to_the_next_rung),
	CASE(when_all_rungs_revert_silently_it_says_so),
	CASE(without_a_cd_target_the_boot_menu_is_searched),
	CASE(continuous_only_where_once_is_refused),
	CASE(lenovo_inserts_by_patch_into_ext),
	CASE(newer_lenovo_wants_no_if_match),
	CASE(ami_wants_future_state_triples_strong_etags_and_a_task),
	CASE(a_task_that_fails_says_why_and_masks_the_url),
	CASE(a_task_that_vanishes_is_judged_by_the_slot),
	CASE(openbmc_picks_the_host_and_the_slot_that_is_no_proxy),
	CASE(irmc_wants_its_bare_decimal_etag),
	CASE(an_action_gets_if_match_only_after_412),
	CASE(sushy_tools_is_basic_and_continuous),
	CASE(a_restart_falls_back_to_off_wait_on),
	CASE(reset_values_come_from_the_action_info),
	CASE(off_just_after_on_is_not_believed),
	CASE(values_that_depend_on_the_state_are_asked_for_again),
	CASE(not_connected_is_empty_whatever_else_it_shows),
	CASE(an_image_that_never_mounts_is_said),
	CASE(a_busy_eject_is_looked_at_before_it_is_repeated),
	CASE(an_eject_without_a_body_where_one_is_refused),
};

int
main(void)
{
	return UNIT_RUN("redfish_ladders", cases);
}
