/* As test_redfish_ladders.c, from section 1.6 of the quirk catalogue on: BMC
 * stacks that many makers build upon. */
#include "tests/unit/redfish_ladder_rig.h"

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

static const struct unit_case cases[] = {
	UNIT_CASE(ami_wants_future_state_triples_strong_etags_and_a_task),
	UNIT_CASE(a_task_that_fails_says_why_and_masks_the_url),
	UNIT_CASE(a_task_that_vanishes_is_judged_by_the_slot),
	UNIT_CASE(openbmc_picks_the_host_and_the_slot_that_is_no_proxy),
	UNIT_CASE(irmc_wants_its_bare_decimal_etag),
	UNIT_CASE(an_action_gets_if_match_only_after_412),
	UNIT_CASE(sushy_tools_is_basic_and_continuous),
};

int
main(void)
{
	return UNIT_RUN("redfish_dialects", cases);
}
