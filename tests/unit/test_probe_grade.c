/* Grades, quirks, latencies and how they are printed. */
#include <CUnit/Basic.h>
#include <string.h>

#include "agent/probe/credentials.h"
#include "agent/probe/grade.h"
#include "agent/probe/latency.h"
#include "agent/probe/report.h"
#include "common/buf.h"
#include "common/files.h"
#include "common/json.h"
#include "common/str.h"
#include "tests/unit/unit.h"

/* A BMC that can do all that is asked of one. */
static const char good[] =
    "{\"address\":\"https://"
    "b\",\"auth\":\"session\",\"tls\":{\"trusted\":true},"
    "\"services\":{\"events\":{\"enabled\":true,\"subscriptions\":true,"
    "\"sse\":\"/e\",\"followed\":true,\"sseFilters\":[\"MessageId\"]},"
    "\"etag\":\"\\\"x\\\"\"},"
    "\"capabilities\":{"
    "\"service\":{\"vendor\":\"V\"},"
    "\"system\":{\"uuid\":\"4c4c4544-0031-4210-8030-b4c04f4d3732\","
    "\"serial\":\"CN1\",\"bootProgress\":true},"
    "\"power\":{\"offered\":[\"On\"]},"
    "\"boot\":{\"supported\":true,\"system\":{\"enabled\":[\"Once\"],"
    "\"targets\":[\"Cd\"],\"hasMode\":true,\"hasTarget\":true}},"
    "\"media\":{\"systemCollection\":\"/m\",\"slots\":[{\"uri\":\"/m/1\","
    "\"cd\":true,\"usable\":true,\"ways\":[\"action\"],\"schemes\":[\"http\","
    "\"https\"]}]},"
    "\"ladders\":{\"boot\":[\"system: Once Cd (x)\"],\"insert\":"
    "[\"insert:image\"],\"reset\":{\"On\":[\"On\"],\"ForceOff\":"
    "[\"ForceOff\"],\"GracefulShutdown\":[\"GracefulShutdown\"]}}}}";

static cJSON *
report_of_good(void)
{
	cJSON *r = json_parse(good, sizeof(good) - 1, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	return r;
}

static bool
says(const cJSON *list, const char *key, const char *part)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, list)
		if (strstr(json_str(c, key, ""), part))
			return true;
	return false;
}

/* value: JSON text, NULL = the member is taken away. */
static void
check(const char *path, const char *value, const char *grade, const char *why)
{
	cJSON *r = report_of_good();
	cJSON *v = value ? json_parse(value, strlen(value), NULL) : NULL;

	json_put(r, path, v);
	grade_report(r);
	CHECK_TEXT(json_str(r, "grade", NULL), grade);
	if (!says(json_arr(r, "reasons"), "text", why))
		CHECK_TEXT("(not said)", why);
	cJSON_Delete(r);
}

static void
a_bmc_that_can_all_is_an_a(void)
{
	cJSON *r = report_of_good();

	grade_report(r);
	grade_quirks(r, "");
	CHECK_TEXT(json_str(r, "grade", NULL), "A");
	CU_ASSERT_FALSE(says(json_arr(r, "reasons"), "sign", "note"));
	CU_ASSERT_FALSE(says(json_arr(r, "reasons"), "sign", "limit"));
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(r, "quirks")), 0);
	cJSON_Delete(r);
}

static void
each_lack_costs_what_it_costs(void)
{
	static const struct {
		const char *path, *value, *grade, *why;
	} t[] = {
		{ "auth", "\"basic\"", "A", "sessions cannot be had" },
		{ "services/events/enabled", "false", "A", "no events" },
		{ "services/events", "{\"enabled\":true}", "A",
		    "only pushes to subscribers" },
		{ "services/events/followed", "false", "A", "at another host" },
		{ "services/accounts/lockoutAfter", NULL, "A", "power" },
		{ "services/accounts", "{\"lockoutAfter\":3}", "A", "locked" },
		{ "capabilities/ladders/reset/GracefulShutdown", "[]", "A",
		    "no graceful shutdown" },
		{ "capabilities/power/offered", "[]", "A", "tried" },
		{ "capabilities/media/slots/0/schemes", "[]", "A",
		    "is not said" },
		{ "tls/trusted", "false", "B", "not trusted" },
		{ "capabilities/system/bootProgress", "false", "B",
		    "confirm-provisioned" },
		{ "capabilities/boot/system/enabled",
		    "[\"Disabled\",\"Continuous\"]", "B", "Continuous" },
		{ "capabilities/boot/system/targets", "[\"UefiTarget\"]", "B",
		    "boot menu" },
		{ "capabilities/media/slots/0/schemes", "[\"https\"]", "B",
		    "HTTPS" },
		{ "slowestMs", "12000", "B", "slow" },
		{ "capabilities/boot/system/targets", "[\"Pxe\"]", "C",
		    "no boot target" },
		{ "capabilities/boot/system/enabled", "[\"Disabled\"]", "C",
		    "cannot be armed" },
		{ "capabilities/boot/supported", "false", "C",
		    "no boot override" },
		{ "capabilities/media/slots/0/usable", "false", "C",
		    "no virtual media slot" },
		{ "capabilities/media/slots/0/schemes", "[\"nfs\"]", "C",
		    "no HTTP" },
		{ "capabilities/ladders/reset/On", "[]", "D", "switch" },
		{ "capabilities/ladders/reset/ForceOff", "[]", "D",
		    "force the system off" },
		{ "capabilities/power/missing", "\"no Reset at all\"", "D",
		    "no Reset at all" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check(t[i].path, t[i].value, t[i].grade, t[i].why);
}

static void
placeholders_limit_what_can_be_told_apart(void)
{
	cJSON *r = report_of_good();

	json_put(r, "capabilities/system/uuid", cJSON_CreateNull());
	grade_report(r);
	CHECK_TEXT(json_str(r, "grade", NULL), "A"); /* the serial is left */
	json_put(r, "capabilities/system/serial", cJSON_CreateString("N/A"));
	grade_report(r);
	grade_quirks(r, "");
	CHECK_TEXT(json_str(r, "grade", NULL), "B");
	CU_ASSERT_TRUE(says(json_arr(r, "quirks"), "id", "system:uuid"));
	CU_ASSERT_TRUE(says(json_arr(r, "quirks"), "id", "system:serial"));
	cJSON_Delete(r);
}

static void
what_was_not_reached_is_an_f(void)
{
	cJSON *r = cJSON_CreateObject();
	struct buf text;

	json_put(r, "error/message", cJSON_CreateString("refused\x1b[2J"));
	json_put(r, "error/cause", cJSON_CreateString("unreachable"));
	grade_quirks(r, "auth:basic,etag:stale");
	grade_report(r);
	CHECK_TEXT(json_str(r, "grade", NULL), "F");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(r, "reasons")), 0);
	CHECK_TEXT(json_str(r, "quirks/0/id", NULL), "auth:basic");
	CHECK_TEXT(json_str(r, "quirks/1/id", NULL), "etag:stale");
	buf_init(&text, 1 << 16);
	report_text(r, false, &text);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(buf_str(&text), "refused?[2J (unreachable)"));
	CU_ASSERT_PTR_NULL(strchr(buf_str(&text), 0x1b));
	buf_free(&text);
	cJSON_Delete(r);
}

static void
colours_are_for_terminals(void)
{
	cJSON *r = report_of_good();
	struct buf plain, coloured;

	buf_init(&plain, 1 << 16);
	buf_init(&coloured, 1 << 16);
	grade_report(r);
	grade_quirks(r, "");
	report_text(r, false, &plain);
	report_text(r, true, &coloured);
	CU_ASSERT_PTR_NULL(strchr(buf_str(&plain), 0x1b));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&coloured), "\x1b[32mA\x1b[0m"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(buf_str(&plain), "A  Beskar7 provisions this server"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&plain), "1. insert:image"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&plain),
	    "  event stream      /e, followed\n    filters         "
	    "MessageId\n"));
	buf_free(&plain);
	buf_free(&coloured);
	cJSON_Delete(r);
}

static void
add(struct latency *l, const char *method, const char *type, int status,
    int64_t us)
{
	latency_add(l, &(struct redfish_exchange){ .op = "discover",
			   .method = method,
			   .target = "/",
			   .type = type,
			   .status = status,
			   .http = status ? HTTP_OK : HTTP_E_CONNECT,
			   .us = us });
}

static void
latencies_are_told_by_kind(void)
{
	struct latency l = { 0 };
	cJSON *r;

	add(&l, "GET", "#ComputerSystem.v1_22_0.ComputerSystem", 200, 3000);
	add(&l, "GET", "#ComputerSystem.v1_5_0.ComputerSystem", 200, 1000);
	add(&l, "GET", "#ComputerSystem.v1_5_0.ComputerSystem", 200, 9500);
	add(&l, "GET", "#ChassisCollection.ChassisCollection", 200, 10);
	add(&l, "GET", "#ManagerCollection.ManagerCollection", 200, 20);
	add(&l, "POST", "#Session.v1_7_0.Session", 201, 50000);
	add(&l, "DELETE", "", 204, 4000);
	add(&l, "GET", "", 404, 100);
	add(&l, "GET", "", 0, 12000000);
	r = latency_report(&l);
	CU_ASSERT_EQUAL(json_i64(r, "ComputerSystem/count", 0), 3);
	CU_ASSERT_EQUAL(json_i64(r, "ComputerSystem/minMs", 0), 1);
	CU_ASSERT_EQUAL(json_i64(r, "ComputerSystem/medianMs", 0), 3);
	CU_ASSERT_EQUAL(json_at(r, "ComputerSystem/maxMs")->valuedouble, 9.5);
	CU_ASSERT_EQUAL(json_i64(r, "collections/count", 0), 2);
	CU_ASSERT_EQUAL(json_i64(r, "login/maxMs", 0), 50);
	CU_ASSERT_EQUAL(json_i64(r, "logout/count", 0), 1);
	CU_ASSERT_EQUAL(json_i64(r, "refused or moved/count", 0), 1);
	CU_ASSERT_EQUAL(json_i64(r, "no answer/count", 0), 1);
	CU_ASSERT_EQUAL(latency_worst_ms(&l), 12000);
	cJSON_Delete(r);
	latency_fini(&l);
}

/* ---- credentials ---------------------------------------------------------------- */

static void
login(const char *text, const char *username, const char *password)
{
	struct files *f = files_memory_new();
	struct credentials c = { 0 };
	struct err e = { .kind = ERR_NONE };
	bool ok;

	files_memory_put(f, "login", text, strlen(text));
	ok = credentials_read(&c, f, "login", &e);
	CU_ASSERT_EQUAL(ok, username != NULL);
	if (username) {
		CHECK_TEXT(c.username, username);
		CHECK_TEXT(c.password.p, password);
	} else {
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "login"));
		CU_ASSERT_PTR_NULL(strstr(e.msg, "s3cret"));
	}
	credentials_fini(&c);
	files_memory_free(f);
}

static void
logins_come_from_plain_files_and_manifests(void)
{
	login("username: me\npassword: s3cret\n", "me", "s3cret");
	login("{\"username\":\"me\",\"password\":\"s3cret\"}", "me", "s3cret");
	login("kind: Namespace\n---\nkind: Secret\nstringData:\n"
	      "  username: me\n  password: s3cret\n",
	    "me", "s3cret");
	login("kind: Secret\ndata: {username: bWU=, password: czNjcmV0}\n",
	    "me", "s3cret");
	login("username: me\n", NULL, NULL);
	login("password: s3cret\n", NULL, NULL);
	login("data: {username: bWU=, password: '!'}\n", NULL, NULL);
	login("username: [s3cret\n", NULL, NULL);
	login("", NULL, NULL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_bmc_that_can_all_is_an_a),
	UNIT_CASE(each_lack_costs_what_it_costs),
	UNIT_CASE(placeholders_limit_what_can_be_told_apart),
	UNIT_CASE(what_was_not_reached_is_an_f),
	UNIT_CASE(colours_are_for_terminals),
	UNIT_CASE(latencies_are_told_by_kind),
	UNIT_CASE(logins_come_from_plain_files_and_manifests),
};

int
main(void)
{
	return UNIT_RUN("probe_grade", cases);
}
