/* Firmware updates: transferred, installed as a task, active after a reset. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define UPD "/redfish/v1/UpdateService"
#define SIMPLE UPD "/Actions/UpdateService.SimpleUpdate"
#define INVENTORY UPD "/FirmwareInventory"
#define TASKS "/redfish/v1/TaskService/Tasks"
#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define HTTP_FILES "http://10.3.0.1:8000"

/* Serves any path with one text. */
struct files_server {
	struct http_server *s;
	const char *text;
	int status;
};

static void
serve(void *arg, struct http_exchange *x)
{
	struct files_server *f = arg;

	http_reply(x, f->status, NULL, 0,
	    (struct http_bytes){ f->text, strlen(f->text) });
}

static void
open_files(struct rig *g, struct files_server *f, const char *text)
{
	struct http_listen_opts o = {
		.addr = "10.3.0.1", .port = 8000, .handle = serve, .arg = f
	};
	struct err e = { 0 };

	f->text = text;
	f->status = 200;
	f->s = http_listen(world_net(g->client_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->s);
}

static int
ask(struct rig *g, const char *members)
{
	char body[512];

	(void)str_format(body, sizeof(body), "{%s}", members);
	return rig_call(g, "POST", SIMPLE, body);
}

static void
a_bmc_image_is_active_after_its_reset(void)
{
	struct rig g;
	struct files_server f;

	rig_open(&g, NULL);
	open_files(&g, &f, "SIMFW component=BMC version=1.4.2\nbytes");
	CU_ASSERT_EQUAL(ask(&g, "\"ImageURI\":\"" HTTP_FILES "/x.bin\""), 202);
	CHECK_TEXT(g.r.location, "/redfish/v1/TaskService/TaskMonitors/1");
	CHECK_TEXT(rig_at(&g, "TaskState"), "Running");
	/* one at a time */
	CU_ASSERT_EQUAL(ask(&g, "\"ImageURI\":\"" HTTP_FILES "/x.bin\""), 503);
	rig_run(&g, 25 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	CHECK_TEXT(
	    rig_at(&g, "Messages/0/MessageId"), "Update.1.0.AwaitToActivate");
	CU_ASSERT_EQUAL(rig_get(&g, INVENTORY "/BMC"), 200);
	CHECK_TEXT(rig_at(&g, "Version"), "1.0.0");
	CHECK_TEXT(rig_at(&g, "Status/State"), "StandbySpare");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RIG_MGR "/Actions/Manager.Reset",
			    "{\"ResetType\":\"ForceRestart\"}"),
	    204);
	rig_run(&g, 62 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, INVENTORY "/BMC"), 200);
	CHECK_TEXT(rig_at(&g, "Version"), "1.4.2");
	CHECK_TEXT(rig_at(&g, "Status/State"), "Enabled");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_MGR), 200);
	CHECK_TEXT(rig_at(&g, "FirmwareVersion"), "1.4.2");
	http_server_free(f.s);
	rig_close(&g);
}

static void
a_bios_image_is_active_after_the_next_post(void)
{
	struct rig g;
	struct files_server f;

	rig_open(&g, NULL);
	/* no header: the name of the file tells */
	open_files(&g, &f, "anything");
	CU_ASSERT_EQUAL(ask(&g, "\"ImageURI\":\"10.3.0.1:8000/bios-3.0.1.bin\","
				"\"TransferProtocol\":\"HTTP\",\"Targets\":"
				"[\"" INVENTORY "/BIOS\"]"),
	    202);
	rig_run(&g, 25 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "BiosVersion"), "1.2.3");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	rig_run(&g, 5 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "BiosVersion"), "3.0.1");
	http_server_free(f.s);
	rig_close(&g);
}

static void
bad_images_end_in_a_task_that_says_why(void)
{
	static const struct {
		const char *members, *text, *message;
		int status;
	} rows[] = {
		{ "\"ImageURI\":\"" HTTP_FILES "/what.bin\"", "no image",
		    "VerificationFailed", 200 },
		{ "\"ImageURI\":\"" HTTP_FILES "/bmc-2.0.bin\"", "no",
		    "TransferFailed", 404 },
		{ "\"ImageURI\":\"http://10.3.0.77/bmc-2.0.bin\"", "no",
		    "TransferFailed", 200 },
		/* good, but for something else */
		{ "\"ImageURI\":\"" HTTP_FILES "/bmc-2.0.bin\","
		  "\"Targets\":[\"" RIG_SYS "\"]",
		    "no", "VerificationFailed", 200 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;
		struct files_server f;

		rig_open(&g, NULL);
		open_files(&g, &f, rows[i].text);
		f.status = rows[i].status;
		CHECK_ROW(ask(&g, rows[i].members) == 202, rows[i].members);
		rig_run(&g, 60 * 1000);
		CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
		CHECK_TEXT(rig_at(&g, "TaskState"), "Exception");
		CHECK_TEXT(rig_at(&g, "TaskStatus"), "Critical");
		CHECK_ROW(strstr(rig_at(&g, "Messages/0/MessageId"),
			      rows[i].message) != NULL,
		    rows[i].message);
		CU_ASSERT_EQUAL(
		    rig_get(&g, "/redfish/v1/TaskService/TaskMonitors/1"), 400);
		/* and the next may come */
		CU_ASSERT_EQUAL(ask(&g, rows[i].members), 202);
		http_server_free(f.s);
		rig_close(&g);
	}
}

static void
bad_requests_start_nothing(void)
{
	static const struct {
		const char *members, *message;
	} rows[] = {
		{ "", "ActionParameterMissing" },
		{ "\"ImageURI\":5", "ActionParameterValueTypeError" },
		{ "\"ImageURI\":\"http://h/x\",\"X\":1",
		    "ActionParameterUnknown" },
		{ "\"ImageURI\":\"http://h/x\",\"TransferProtocol\":\"TFTP\"",
		    "ActionParameterValueNotInList" },
		{ "\"ImageURI\":\"http://h/x\",\"Targets\":[\"/nowhere\"]",
		    "ActionParameterValueNotInList" },
		{ "\"ImageURI\":\"ftp://h/x\"",
		    "ActionParameterValueFormatError" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(ask(&g, rows[i].members) == 400, rows[i].members);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	CU_ASSERT_EQUAL(rig_get(&g, TASKS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	rig_close(&g);
}

/* ---- multipart ---------------------------------------------------------- */

#define TYPE "multipart/form-data; boundary=\"frame\""
#define PARAMETERS \
	"--frame\r\nContent-Disposition: form-data; " \
	"name=\"UpdateParameters\"\r\nContent-Type: application/json\r\n\r\n" \
	"{\"Targets\":[\"" INVENTORY "/BIOS\"]}\r\n"
#define FILE_PART \
	"--frame\r\nContent-Disposition: form-data; name=\"UpdateFile\"; " \
	"filename=\"new.bin\"\r\n\r\n" \
	"SIMFW component=BIOS version=9.9\r\n"

static void
an_image_is_pushed_in_parts(void)
{
	struct rig g;

	rig_open(&g, NULL);
	g.content_type = TYPE;
	CU_ASSERT_EQUAL(rig_call(&g, "POST", UPD "/upload",
			    PARAMETERS FILE_PART "--frame--\r\n"),
	    202);
	g.content_type = NULL;
	rig_run(&g, 25 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	rig_run(&g, 5 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, INVENTORY "/BIOS"), 200);
	CHECK_TEXT(rig_at(&g, "Version"), "9.9");
	rig_close(&g);
}

static void
parts_that_do_not_fit_are_refused(void)
{
	static const struct {
		const char *type, *body;
		int status;
	} rows[] = {
		{ "application/json", "{}", 415 },
		{ "multipart/form-data", PARAMETERS FILE_PART "--frame--\r\n",
		    415 },
		{ TYPE, FILE_PART "--frame--\r\n", 400 },
		{ TYPE, PARAMETERS "--frame--\r\n", 400 },
		{ TYPE, PARAMETERS FILE_PART, 400 }, /* cut off */
		{ TYPE, "--frame\r\n\r\n", 400 },
		{ TYPE, "--frame", 400 },
		{ TYPE, "nothing", 400 },
		{ TYPE,
		    "--frame\r\nContent-Disposition: form-data; name=\""
		    "UpdateParameters\"\r\n\r\nno json\r\n" FILE_PART
		    "--frame--\r\n",
		    400 },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		g.content_type = rows[i].type;
		CHECK_ROW(rig_call(&g, "POST", UPD "/upload", rows[i].body) ==
			      rows[i].status,
		    rows[i].body);
	}
	rig_close(&g);
}

static void
an_image_may_hold_any_byte(void)
{
	static const char body[] =
	    PARAMETERS FILE_PART "\0\x01\xff\r\n\0tail\r\n--frame--\r\n";
	struct rig g;

	rig_open(&g, NULL);
	g.content_type = TYPE;
	g.body_n = sizeof(body) - 1;
	CU_ASSERT_EQUAL(rig_call(&g, "POST", UPD "/upload", body), 202);
	g.content_type = NULL;
	g.body_n = 0;
	rig_run(&g, 25 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	rig_close(&g);
}

static void
a_nul_in_json_is_refused(void)
{
	static const char body[] = "{\"ImageURI\":\"http://x/\0\"}";
	struct rig g;

	rig_open(&g, NULL);
	g.body_n = sizeof(body) - 1;
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    UPD "/Actions/UpdateService.SimpleUpdate", body),
	    400);
	rig_close(&g);
}

static void
an_update_is_cancelled_with_its_task(void)
{
	struct rig g;
	struct files_server f;

	rig_open(&g, NULL);
	open_files(&g, &f, "SIMFW component=BMC version=7\n");
	CU_ASSERT_EQUAL(ask(&g, "\"ImageURI\":\"" HTTP_FILES "/x.bin\""), 202);
	rig_run(&g, 5 * 1000);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE",
			    "/redfish/v1/TaskService/TaskMonitors/1", NULL),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 404);
	rig_run(&g, 60 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, INVENTORY "/BMC"), 200);
	CHECK_TEXT(rig_at(&g, "Status/State"), "Enabled");
	CU_ASSERT_EQUAL(rig_count(&g, "task 1 Cancelled"), 1);
	CU_ASSERT_EQUAL(rig_count(&g, "task 1 Removed"), 1);
	/* and one that the BMC forgets when it restarts */
	CU_ASSERT_EQUAL(ask(&g, "\"ImageURI\":\"" HTTP_FILES "/x.bin\""), 202);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/restart-bmc", "{}");
	rig_run(&g, 90 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, INVENTORY "/BMC"), 200);
	CHECK_TEXT(rig_at(&g, "Version"), "1.0.0");
	http_server_free(f.s);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_bmc_image_is_active_after_its_reset),
		UNIT_CASE(a_bios_image_is_active_after_the_next_post),
		UNIT_CASE(bad_images_end_in_a_task_that_says_why),
		UNIT_CASE(bad_requests_start_nothing),
		UNIT_CASE(an_image_is_pushed_in_parts),
		UNIT_CASE(parts_that_do_not_fit_are_refused),
		UNIT_CASE(an_image_may_hold_any_byte),
		UNIT_CASE(a_nul_in_json_is_refused),
		UNIT_CASE(an_update_is_cancelled_with_its_task),
	};

	return UNIT_RUN("bmc update", cases);
}
