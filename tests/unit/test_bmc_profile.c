/* Profiles: how they load, how they fail, and what each vendor refuses. */
#include "common/buf.h"
#include "common/files.h"
#include "common/str.h"
#include "sim/bmc/profile.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define IMAGE "\"" RIG_ORIGIN "/live.iso\""

/* ---- loading ------------------------------------------------------------ */

struct bad_file {
	const char *text, *error;
};

static void
errors_name_file_and_line(void)
{
	static const struct bad_file rows[] = {
		{ "name: x\nbot: {mode: rw}\n", "x.yaml:2: bot is not a knob" },
		{ "boot:\n  mode: maybe\n",
		    "x.yaml:2: boot/mode must be one of rw, ro, absent, null" },
		{ "boot:\n  mode: rw\n  triple: 3\n",
		    "x.yaml:3: boot/triple must be true or false" },
		{ "session:\n  max: -1\n",
		    "x.yaml:2: session/max must be a number from 1 to 1000" },
		{ "reset:\n  types: Nmi\n", "x.yaml:2: reset/types must be" },
		{ "media:\n  slots:\n    - {types: [CD]}\n",
		    "x.yaml:3: media/slots/0 must have an id" },
		{ "words:\n  no-such: {status: 400}\n",
		    "x.yaml:2: words/no-such is not the name of a refusal" },
		{ "words:\n  busy: {status: 42}\n", "x.yaml:2: words/busy" },
		{ "ids: {system: a/b}\n", "ids must be single parts" },
		{ "[1, 2]\n", "a profile must be an object" },
		{ "a: [\n", "x.yaml" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bmc_profile *p = profile_new();
		struct err e = { 0 };

		CHECK_ROW(!profile_apply(p, rows[i].text, strlen(rows[i].text),
			      "x.yaml", &e),
		    rows[i].text);
		CHECK_ROW(strstr(e.msg, rows[i].error) != NULL, e.msg);
		CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
		profile_free(p);
	}
}

static void
a_file_extends_another(void)
{
	static const char base[] = "root: {vendor: Acme}\nsession: {max: 3}\n";
	static const char more[] = "extends: base\nsession: {max: 4}\n";
	static const char loop[] = "extends: loop\n";
	struct files *f = files_memory_new();
	struct err e = { 0 };
	struct bmc_profile *p;

	files_memory_put(f, "d/base.yaml", base, sizeof(base) - 1);
	files_memory_put(f, "d/more.yaml", more, sizeof(more) - 1);
	files_memory_put(f, "d/loop.yaml", loop, sizeof(loop) - 1);
	p = profile_load(f, "d", "more", &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CHECK_TEXT(p->vendor, "Acme");
	CHECK_TEXT(p->name, "more");
	CU_ASSERT_EQUAL(p->session_max, 4);
	profile_free(p);
	CU_ASSERT_PTR_NULL(profile_load(f, "d", "loop", &e));
	CU_ASSERT_PTR_NULL(profile_load(f, "d", "gone", &e));
	CHECK_ROW(strstr(e.msg, "d/gone.yaml") != NULL, e.msg);
	CU_ASSERT_PTR_NULL(profile_load(f, "d", "../x", &e));
	files_memory_free(f);
}

static void
a_fleet_with_a_bad_profile_does_not_start(void)
{
	static const char *const names[] = { "no-such-vendor" };
	struct bmc_fleet_opts o = { .profiles = names,
		.n_profiles = 1,
		.addr = "10.9.0.1",
		.port = 1,
		.profiles_dir = "sim/bmc/profiles" };
	struct err e = { 0 };
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_PTR_NULL(bmc_fleet_new(&g.bmc_env, &o, &e));
	CHECK_ROW(strstr(e.msg, "no-such-vendor") != NULL, e.msg);
	rig_close(&g);
}

/* ---- what vendors refuse ------------------------------------------------ */

struct ask {
	const char *method, *path, *body, *if_match;
	int status;
	const char *message; /* NULL = not looked at */
};

static void
ask_all(const char *profile, const struct ask *rows, size_t n)
{
	struct rig g;

	rig_profile(&g, profile);
	for (size_t i = 0; i < n; i++) {
		const struct ask *a = &rows[i];
		char row[300];

		(void)str_format(row, sizeof(row), "%s #%zu %s %s", profile, i,
		    a->method, a->body ? a->body : "");
		(void)str_copy(g.if_match, sizeof(g.if_match),
		    a->if_match ? a->if_match : "");
		(void)rig_call(&g, a->method, a->path, a->body);
		CHECK_ROW(g.r.status == a->status, row);
		if (a->message)
			CHECK_TEXT(rig_message(&g), a->message);
		rig_run(&g, 5000);
	}
	rig_close(&g);
}
#define ASK(profile, rows) \
	ask_all(profile, rows, sizeof(rows) / sizeof((rows)[0]))

#define RESET(x) "{\"ResetType\":\"" x "\"}"
#define BOOT(x) "{\"Boot\":{" x "}}"
#define ENABLED(x) "\"BootSourceOverrideEnabled\":\"" x "\""
#define TARGET(x) "\"BootSourceOverrideTarget\":\"" x "\""
#define MODE(x) "\"BootSourceOverrideMode\":\"" x "\""

static void
idrac9_refuses_in_its_words(void)
{
	static const char sys[] = "/redfish/v1/Systems/System.Embedded.1";
	static const char act[] = "/redfish/v1/Systems/System.Embedded.1/"
				  "Actions/ComputerSystem.Reset";
	static const char vm[] = "/redfish/v1/Managers/iDRAC.Embedded.1/"
				 "VirtualMedia/1/Actions/VirtualMedia."
				 "InsertMedia";
	static const char set[] = "/redfish/v1/Systems/System.Embedded.1/"
				  "Settings";
	static const struct ask rows[] = {
		{ "POST", act, RESET("ForceOff"), NULL, 409, "PSU501" },
		{ "POST", act, RESET("ForceRestart"), NULL, 409, "PSU501" },
		{ "POST", act, RESET("ForceOn"), NULL, 400, NULL },
		{ "POST", act, RESET("On"), "\"x\"", 412, NULL },
		{ "POST", act, RESET("On"), NULL, 204, NULL },
		{ "PATCH", sys, BOOT(TARGET("UefiTarget") "," ENABLED("Once")),
		    NULL, 400, "PropertyValueConflict" },
		{ "PATCH", set, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    400, "PropertyUnknown" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    200, NULL },
		{ "POST", vm, "{\"Image\":" IMAGE "}", NULL, 204, NULL },
		{ "POST", vm, "{\"Image\":" IMAGE "}", NULL, 500, "VRM0012" },
	};

	ASK("idrac9", rows);
}

static void
idrac10_takes_the_override_in_settings_only(void)
{
	static const char sys[] = "/redfish/v1/Systems/System.Embedded.1";
	static const char set[] = "/redfish/v1/Systems/System.Embedded.1/"
				  "Settings";
	static const char act[] = "/redfish/v1/Systems/System.Embedded.1/"
				  "Actions/ComputerSystem.Reset";
	static const struct ask rows[] = {
		{ "PATCH", sys, BOOT(TARGET("Cd")), NULL, 400, "SYS429" },
		{ "PATCH", set, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    200, NULL },
		{ "POST", act, RESET("On"), NULL, 204, NULL },
		{ "POST", act, RESET("ForceOff"), NULL, 204, NULL },
		/* 5 s later */
		{ "POST", act, RESET("On"), NULL, 409, "PSU502" },
	};
	struct rig g;

	ASK("idrac10", rows);
	rig_profile(&g, "idrac10");
	(void)rig_call(
	    &g, "PATCH", set, BOOT(TARGET("Cd") "," ENABLED("Once")));
	CHECK_TEXT(rig_snap(&g).override_enabled, "Disabled");
	(void)rig_call(&g, "POST", act, RESET("On"));
	CU_ASSERT_TRUE(rig_until(&g, "boot-consumed Once Cd", 120000));
	rig_close(&g);
}

static void
ilo5_refuses_in_its_words(void)
{
	static const char sys[] = "/redfish/v1/Systems/1/";
	static const char act[] = "/redfish/v1/Systems/1/Actions/"
				  "ComputerSystem.Reset/";
	static const char vm[] = "/redfish/v1/Managers/1/VirtualMedia/2/"
				 "Actions/VirtualMedia.";
	static const struct ask rows[] = {
		{ "GET", "/redfish/v1/Systems/1", NULL, NULL, 308, NULL },
		{ "PATCH", sys, BOOT(MODE("UEFI")), NULL, 400,
		    "PropertyNotWritableOrUnknown" },
		{ "PATCH", sys, BOOT(TARGET("None") "," ENABLED("Once")), NULL,
		    400, "InvalidConfigurationSpecified" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    200, NULL },
		{ "POST", act, RESET("PowerCycle"), NULL, 400, NULL },
		{ "POST", act, RESET("On"), NULL, 200, NULL },
		{ "PATCH", sys, BOOT(TARGET("Hdd") "," ENABLED("Once")), NULL,
		    400, "UnableToModifyDuringSystemPOST" },
	};
	char path[160];
	struct rig g;

	ASK("ilo5", rows);
	rig_profile(&g, "ilo5");
	(void)str_format(path, sizeof(path), "%sInsertMedia/", vm);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", path,
		"{\"Image\":" IMAGE ",\"TransferProtocolType\":\"HTTP\"}"),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", path, "{\"Image\":" IMAGE "}"), 200);
	CHECK_TEXT(rig_message(&g), "Success");
	(void)str_format(path, sizeof(path), "%sEjectMedia/", vm);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", path, NULL), 400);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", path, "{}"), 200);
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/Managers/1/VirtualMedia/2/"), 200);
	CHECK_TEXT(rig_at(&g, "Image"), "");
	rig_close(&g);
}

static void
supermicro_boots_a_virtual_cd_as_usbcd(void)
{
	static const char sys[] = "/redfish/v1/Systems/1";
	static const char vm[] = "/redfish/v1/Managers/1/VirtualMedia/"
				 "VirtualMedia1/Actions/VirtualMedia."
				 "InsertMedia";
	static const char act[] = "/redfish/v1/Systems/1/Actions/"
				  "ComputerSystem.Reset";
	struct rig g;

	for (int usb = 0; usb < 2; usb++) {
		rig_profile(&g, "supermicro-x12");
		CU_ASSERT_EQUAL(rig_call(&g, "POST", vm,
				    "{\"Image\":" IMAGE ",\"Inserted\":true}"),
		    400);
		CU_ASSERT_EQUAL(
		    rig_call(&g, "POST", vm,
			"{\"Image\":\"" RIG_ORIGIN "/live.iso?a=b\"}"),
		    400);
		CU_ASSERT_EQUAL(
		    rig_call(&g, "POST", vm, "{\"Image\":" IMAGE "}"), 202);
		rig_run(&g, 2000);
		(void)rig_call(&g, "PATCH", sys,
		    usb ? BOOT(TARGET("UsbCd") "," ENABLED("Once") "," MODE(
			      "UEFI"))
			: BOOT(TARGET("Cd") "," ENABLED("Once") "," MODE(
			      "UEFI")));
		(void)rig_call(&g, "POST", act, RESET("On"));
		(void)rig_until(&g, "boot-started", 120000);
		/* "Cd" is no device here: only the boot order comes to it */
		CU_ASSERT_EQUAL(rig_count(&g, "boot-failed None"), !usb);
		CU_ASSERT_EQUAL(rig_count(&g, "boot-failed Pxe"), !usb);
		rig_close(&g);
	}
	/* what is not said is reset: Mode becomes Legacy */
	rig_profile(&g, "supermicro-x12");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", sys, BOOT(TARGET("UsbCd"))), 200);
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideMode"), "Legacy");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideEnabled"), "Once");
	rig_close(&g);
}

static void
lenovo_wants_etags_and_patches_media(void)
{
	static const char sys[] = "/redfish/v1/Systems/1";
	static const char ext[] = "/redfish/v1/Systems/1/VirtualMedia/EXT1";
	static const char rdoc[] = "/redfish/v1/Systems/1/VirtualMedia/RDOC1";
	static const char act[] = "/redfish/v1/Systems/1/VirtualMedia/EXT1/"
				  "Actions/VirtualMedia.InsertMedia";
	static const struct ask rows[] = {
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    428, "PreconditionRequired" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")),
		    "\"wrong\"", 412, "PreconditionFailed" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")), "*",
		    200, NULL },
		{ "PATCH", sys, BOOT(ENABLED("Continuous")), "*", 400,
		    "PropertyValueNotInList" },
		{ "POST", act, "{\"Image\":" IMAGE "}", NULL, 400, NULL },
		{ "PATCH", rdoc, "{\"Image\":" IMAGE ",\"Inserted\":true}", "*",
		    400, NULL },
		{ "PATCH", ext, "{\"Image\":" IMAGE "}", "*", 400,
		    "ActionParameterMissing" },
		{ "PATCH", ext, "{\"Image\":" IMAGE ",\"Inserted\":true}", "*",
		    204, NULL },
		{ "PATCH", ext, "{\"Image\":null,\"Inserted\":false}", "*", 204,
		    NULL },
	};

	ASK("lenovo-xcc2", rows);
}

static void
openbmc_takes_a_patch_whole_or_not_at_all(void)
{
	static const char sys[] = "/redfish/v1/Systems/system";
	struct rig g;

	rig_profile(&g, "openbmc");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", sys, "{\"AssetTag\":\"one\",\"Bogus\":1}"),
	    400);
	CHECK_TEXT(rig_message(&g), "PropertyUnknown");
	(void)rig_get(&g, sys);
	CHECK_TEXT(rig_at(&g, "AssetTag"), "bmc-000");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", sys, "{\"AssetTag\":\"one\"}"), 204);
	(void)rig_get(&g, sys);
	CHECK_TEXT(rig_at(&g, "AssetTag"), "one");
	rig_close(&g);
}

static void
openbmc_takes_https_only_and_knows_no_mode(void)
{
	static const char sys[] = "/redfish/v1/Systems/system";
	static const char vm[] = "/redfish/v1/Managers/bmc/VirtualMedia/"
				 "Slot_0/Actions/VirtualMedia.InsertMedia";
	static const struct ask rows[] = {
		{ "POST", vm, "{\"Image\":" IMAGE "}", NULL, 400,
		    "ActionParameterValueFormatError" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," MODE("UEFI")), NULL, 400,
		    "PropertyUnknown" },
		{ "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once")), NULL,
		    204, NULL },
	};

	ASK("openbmc", rows);
}

static void
megarac_wants_three_properties_at_sd_with_a_strong_tag(void)
{
	static const char sys[] = "/redfish/v1/Systems/Self";
	static const char sd[] = "/redfish/v1/Systems/Self/SD";
	static const char three[] =
	    BOOT(TARGET("Cd") "," ENABLED("Once") "," MODE("UEFI"));
	static const struct ask rows[] = {
		{ "PATCH", sd, three, NULL, 428, "PreconditionHeaderMissing" },
		{ "PATCH", sys, three, "*", 400,
		    "OperationSupportedInFutureStateURI" },
		{ "PATCH", sd, BOOT(TARGET("Cd") "," ENABLED("Once")), "*", 400,
		    "PropertyMissing" },
	};
	struct rig g;

	ASK("ami-megarac", rows);
	rig_profile(&g, "ami-megarac");
	(void)rig_get(&g, sd);
	CHECK_ROW(str_has_prefix(g.r.etag, "W/\""), g.r.etag);
	(void)str_copy(g.if_match, sizeof(g.if_match), g.r.etag);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", sd, three), 412);
	memmove(g.if_match, g.if_match + 2, strlen(g.if_match) - 1);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", sd, three), 204);
	rig_close(&g);
}

static void
irmc_has_decimal_tags_and_breaks_on_none(void)
{
	static const char sys[] = "/redfish/v1/Systems/0";
	struct rig g;

	rig_profile(&g, "irmc");
	(void)rig_get(&g, sys);
	CU_ASSERT_TRUE(g.r.etag[0] >= '0' && g.r.etag[0] <= '9');
	(void)str_copy(g.if_match, sizeof(g.if_match), g.r.etag);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", sys,
			    BOOT(TARGET("None") "," ENABLED("Once"))),
	    500);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", sys, BOOT(TARGET("Cd") "," ENABLED("Once"))),
	    200);
	rig_close(&g);
}

static void
cimc_has_slots_and_habits_of_its_own(void)
{
#define CIMC_VM "/redfish/v1/Managers/CIMC/VirtualMedia"
	struct rig g;
	char uri[128];

	rig_profile(&g, "cimc");
	CU_ASSERT_EQUAL(rig_get(&g, CIMC_VM "/0"), 200);
	CHECK_TEXT(rig_at(&g, "Actions/#VirtualMedia.InsertMedia/target"),
	    CIMC_VM "/0/Actions/VirtualMedia.InsertMedia");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CIMC_VM "/0/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":" IMAGE "}"),
	    400);
	CHECK_TEXT(rig_message(&g), "ActionNotSupported");
	g.content_type = "application/json; charset=utf-8";
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CIMC_VM "/1/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":" IMAGE "}"),
	    415);
	g.content_type = NULL;
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CIMC_VM "/1/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":" IMAGE "}"),
	    202);
	CU_ASSERT_TRUE(rig_login(&g));
	CHECK_TEXT(g.r.location, "");
	(void)str_copy(uri, sizeof(uri), rig_at(&g, "@odata.id"));
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", uri, "{}"), 400);
	CU_ASSERT_EQUAL(rig_snap(&g).sessions, 1);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", uri, NULL), 204);
	CU_ASSERT_EQUAL(rig_snap(&g).sessions, 0);
	rig_close(&g);
}

#define HUAWEI_CD "/redfish/v1/Managers/1/VirtualMedia/CD"
#define HUAWEI_VMM HUAWEI_CD "/Oem/Huawei/Actions/VirtualMedia.VmmControl"

static int
vmm(struct rig *g, const char *body)
{
	char tag[80];

	(void)rig_get(g, HUAWEI_CD);
	(void)str_copy(tag, sizeof(tag), g->r.etag);
	(void)str_copy(g->if_match, sizeof(g->if_match), tag);
	(void)rig_call(g, "POST", HUAWEI_VMM, body);
	g->if_match[0] = '\0';
	return g->r.status;
}

static void
ibmc_wants_tags_on_actions_and_vmm_control(void)
{
	static const char connect[] =
	    "{\"VmmControlType\":\"Connect\",\"Image\":"
	    "\"https://10.2.0.1/a.iso\"}";
	static const struct ask rows[] = {
		{ "POST", HUAWEI_VMM, connect, NULL, 412, NULL },
		{ "POST", HUAWEI_VMM, connect, "\"old\"", 412, NULL },
		{ "POST", HUAWEI_CD "/Actions/VirtualMedia.InsertMedia",
		    "{\"Image\":" IMAGE "}", NULL, 412, NULL },
		{ "PATCH", "/redfish/v1/Systems/1",
		    BOOT(TARGET("Cd") "," ENABLED("Once")), NULL, 412, NULL },
		{ "POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
		    RESET("On"), NULL, 412, NULL },
	};
	struct rig g;

	ASK("ibmc", rows);
	rig_profile(&g, "ibmc");
	CU_ASSERT_EQUAL(rig_get(&g, HUAWEI_CD), 200);
	CHECK_TEXT(
	    rig_at(&g, "Oem/Huawei/Actions/#VirtualMedia.VmmControl/target"),
	    HUAWEI_VMM);
	CHECK_TEXT(rig_at(&g, "Actions"), "");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems/1"), 200);
	CHECK_TEXT(
	    rig_at(&g, "Links/Managers/0/@odata.id"), "/redfish/v1/Managers/1");
	CU_ASSERT_EQUAL(vmm(&g, "{\"VmmControlType\":\"Connect\","
				"\"Image\":" IMAGE "}"),
	    400);
	CHECK_TEXT(rig_message(&g), "FormatError");
	CU_ASSERT_EQUAL(vmm(&g, "{\"VmmControlType\":\"Hold\"}"), 400);
	CU_ASSERT_EQUAL(vmm(&g, "{}"), 400);
	CU_ASSERT_EQUAL(vmm(&g, "{\"VmmControlType\":\"Connect\",\"Image\":"
				"\"nfs://10.2.0.1/a.iso\"}"),
	    202);
	rig_run(&g, 30000);
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	CU_ASSERT_EQUAL(vmm(&g, "{\"VmmControlType\":\"Disconnect\"}"), 202);
	rig_run(&g, 30000);
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	rig_close(&g);
}

static void
nvidia_lists_a_baseboard_first(void)
{
	struct rig g;

	rig_profile(&g, "nvidia");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "2");
	CHECK_TEXT(rig_at(&g, "Members/0/@odata.id"),
	    "/redfish/v1/Systems/HGX_Baseboard_0");
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/Systems/HGX_Baseboard_0"), 200);
	CHECK_TEXT(rig_at(&g, "Boot"), "null");
	CHECK_TEXT(rig_at(&g, "Actions"), "");
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    "/redfish/v1/Systems/HGX_Baseboard_0/Actions/"
			    "ComputerSystem.Reset",
			    RESET("On")),
	    404);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", "/redfish/v1/Systems/System_0",
			    BOOT(TARGET("Cd") "," ENABLED("Once"))),
	    400);
	rig_close(&g);
}

static void
lenovo_has_two_minds_about_tags(void)
{
	static const char slot[] = "/redfish/v1/Managers/1/VirtualMedia/EXT1";
	static const char slot3[] = "/redfish/v1/Systems/1/VirtualMedia/EXT1";
	static const char body[] = "{\"Image\":" IMAGE ",\"Inserted\":true}";
	static const struct ask old[] = {
		{ "PATCH", slot, body, NULL, 428, "PreconditionRequired" },
		{ "PATCH", "/redfish/v1/Managers/1/VirtualMedia/RDOC1", body,
		    "*", 400, NULL },
		{ "PATCH", slot, body, "*", 204, NULL },
	};
	static const struct ask new[] = {
		{ "PATCH", slot3, body, "*", 412, "PreconditionFailed" },
		{ "PATCH", slot3, body, NULL, 204, NULL },
	};

	ASK("lenovo-xcc", old);
	ASK("lenovo-xcc3", new);
}

static void
sushy_tools_knows_basic_only(void)
{
	struct rig g;

	rig_profile(&g, "sushy-tools");
	CU_ASSERT_FALSE(rig_login(&g));
	CU_ASSERT_EQUAL(g.r.status, 404);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CHECK_TEXT(rig_at(&g, "SessionService"), "");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 200);
	g.user = NULL;
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 401);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "errors name file and line", errors_name_file_and_line },
		{ "a file extends another", a_file_extends_another },
		{ "a fleet with a bad profile does not start",
		    a_fleet_with_a_bad_profile_does_not_start },
		{ "iDRAC9 refuses in its words", idrac9_refuses_in_its_words },
		{ "iDRAC10 takes the override in Settings only",
		    idrac10_takes_the_override_in_settings_only },
		{ "iLO5 refuses in its words", ilo5_refuses_in_its_words },
		{ "Supermicro boots a virtual CD as UsbCd",
		    supermicro_boots_a_virtual_cd_as_usbcd },
		{ "Lenovo wants ETags and PATCHes media",
		    lenovo_wants_etags_and_patches_media },
		{ "OpenBMC takes https only and knows no Mode",
		    openbmc_takes_https_only_and_knows_no_mode },
		{ "OpenBMC takes a PATCH whole or not at all",
		    openbmc_takes_a_patch_whole_or_not_at_all },
		{ "MegaRAC wants three properties at SD with a strong tag",
		    megarac_wants_three_properties_at_sd_with_a_strong_tag },
		{ "iRMC has decimal tags and breaks on None",
		    irmc_has_decimal_tags_and_breaks_on_none },
		UNIT_CASE(cimc_has_slots_and_habits_of_its_own),
		UNIT_CASE(ibmc_wants_tags_on_actions_and_vmm_control),
		UNIT_CASE(nvidia_lists_a_baseboard_first),
		UNIT_CASE(lenovo_has_two_minds_about_tags),
		UNIT_CASE(sushy_tools_knows_basic_only),
	};

	return UNIT_RUN("bmc profiles", cases);
}
