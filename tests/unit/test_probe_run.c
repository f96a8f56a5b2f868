/* A probe from start to end, against simulated BMCs in virtual time. */
#include "tests/unit/probe_rig.h"

static void
fault(struct lab *g, const char *json)
{
	cJSON *body = json_parse(json, strlen(json), NULL), *r;
	int status = 0;

	r = bmc_fleet_control(g->fleet, "POST", "/all/faults", body, &status);
	CU_ASSERT_TRUE_FATAL(status < 300);
	cJSON_Delete(r);
	cJSON_Delete(body);
}

static void
open_with(struct lab *g, const char *profile)
{
	struct err e = { .kind = ERR_NONE };

	lab_open(g);
	CU_ASSERT_TRUE_FATAL(lab_fleet(g, profile, NULL, 1, &e));
}

static void
run_until(struct lab *g, int64_t us)
{
	(void)world_run(g->w, world_now_us(g->w) + us, lab_is_done, g);
}

static void
it_reads_grades_and_logs_out(void)
{
	struct lab g;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	CHECK_TEXT(lab_text(&g, "grade"), "B"); /* it is not trusted */
	CHECK_TEXT(lab_text(&g, "auth"), "session");
	CHECK_TEXT(lab_text(&g, "capabilities/system/uri"),
	    "/redfish/v1/Systems/system-1");
	CHECK_TEXT(lab_text(&g, "state/power"), "Off");
	CHECK_TEXT(lab_text(&g, "inventory/bmcModel"), "SimBMC");
	CHECK_TEXT(lab_text(&g, "services/etag") + 17, "\"");
	CU_ASSERT_EQUAL(json_i64(g.report, "requests/logins", 0), 1);
	CU_ASSERT_EQUAL(json_i64(g.report, "requests/logouts", 0), 1);
	CU_ASSERT_EQUAL(
	    json_i64(g.report, "latency/ComputerSystem/count", 0), 2);
	CU_ASSERT_PTR_NULL(json_obj(g.report, "error"));
	CU_ASSERT_PTR_NULL(json_obj(g.report, "recording"));
	CU_ASSERT_EQUAL(g.writes, 0);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	lab_close(&g);
}

static bool
lists(const struct lab *g, const char *path, const char *text)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(g->report, path))
		if (strstr(cJSON_IsString(c) ? c->valuestring
					     : json_str(c, "text", ""),
			text))
			return true;
	return false;
}

static void
event_streams_are_told_with_their_filters(void)
{
	struct lab g;

	open_with(&g, "openbmc");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CHECK_TEXT(lab_text(&g, "services/events/sse"),
	    "/redfish/v1/EventService/SSE");
	CU_ASSERT_TRUE(json_bool(g.report, "services/events/followed", false));
	CU_ASSERT_TRUE(
	    json_bool(g.report, "services/events/subscriptions", false));
	CU_ASSERT_TRUE(lists(&g, "services/events/sseFilters", "MessageId"));
	CU_ASSERT_FALSE(
	    lists(&g, "services/events/sseFilters", "MetricReportDefinition"));
	CU_ASSERT_TRUE(lists(&g, "services/events/formats", "Event"));
	CU_ASSERT_TRUE(lists(&g, "reasons", "which is followed"));
	lab_close(&g);
}

static void
pushes_and_streams_elsewhere_are_no_streams(void)
{
	struct lab g;

	open_with(&g, "ilo5");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CU_ASSERT_TRUE(
	    json_bool(g.report, "services/events/subscriptions", false));
	CU_ASSERT_FALSE(json_bool(g.report, "services/events/followed", true));
	CU_ASSERT_TRUE(lists(&g, "reasons", "only pushes to subscribers"));
	lab_close(&g);
	open_with(&g, "openbmc");
	fault(&g, "{\"action\": \"set\", \"property\": "
		  "\"ServerSentEventUri\", \"value\": "
		  "\"https://10.9.9.9/sse\", \"path\": \"*/EventService\"}");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CHECK_TEXT(lab_text(&g, "services/events/sse"), "https://10.9.9.9/sse");
	CU_ASSERT_FALSE(json_bool(g.report, "services/events/followed", true));
	CU_ASSERT_TRUE(lists(&g, "reasons", "at another host"));
	lab_close(&g);
}

static void
quirks_that_reading_shows_are_named(void)
{
	static const struct {
		const char *profile, *quirk;
	} t[] = { { "idrac10", "boot:settings" },
		{ "supermicro-x12", "boot:UsbCd" },
		{ "supermicro-x12", "media:manager" },
		{ "lenovo-xcc2", "insert:patch" },
		{ "lenovo-xcc2", "media:internal-slots" },
		{ "ilo5", "etag:weak" }, { "irmc", "etag:unquoted" },
		{ "sushy-tools", "root:no-vendor" },
		{ "sushy-tools", "etag:absent" } };
	const cJSON *c;
	struct lab g;
	bool found;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		open_with(&g, t[i].profile);
		lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
		found = false;
		cJSON_ArrayForEach (c, json_arr(g.report, "quirks"))
			found |= str_eq(json_str(c, "id", ""), t[i].quirk);
		if (!found)
			CHECK_TEXT(t[i].profile, t[i].quirk);
		lab_close(&g);
	}
}

static void
where_no_session_is_to_be_had_it_says_so(void)
{
	struct lab g;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"status\", \"status\": 501, \"operation\": "
		  "\"login\"}");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	CHECK_TEXT(lab_text(&g, "auth"), "basic");
	CHECK_TEXT(lab_text(&g, "quirks/0/id"), "auth:basic");
	lab_close(&g);
}

static void
a_wrong_password_is_tried_once(void)
{
	struct secret wrong = { 0 };
	struct lab g;

	secret_set(&wrong, "wrong", 5);
	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .password = &wrong });
	CU_ASSERT_EQUAL(g.end, PROBE_FAILED);
	CHECK_TEXT(lab_text(&g, "grade"), "F");
	CHECK_TEXT(lab_text(&g, "error/cause"), "auth");
	CU_ASSERT_EQUAL(g.logins_failed, 1);
	secret_free(&wrong);
	lab_close(&g);
}

static void
nobody_there_is_said_so(void)
{
	struct lab g;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .address = "https://10.1.9.9" });
	CU_ASSERT_EQUAL(g.end, PROBE_FAILED);
	CU_ASSERT_EQUAL(g.requests, 0);
	CU_ASSERT_PTR_NOT_NULL(json_obj(g.report, "error"));
	CHECK_TEXT(lab_text(&g, "verdict"), "This BMC could not be probed.");
	lab_close(&g);
}

static void
no_redfish_is_no_bmc(void)
{
	struct lab g;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"html\"}");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CU_ASSERT_EQUAL(g.end, PROBE_FAILED);
	CHECK_TEXT(lab_text(&g, "error/cause"), "protocol");
	lab_close(&g);
}

/* At any moment: the session is gone when it says that it has stopped. */
static void
stopped_anywhere_it_leaves_no_session(void)
{
	struct lab g;

	for (int ms = 0; ms < 200; ms += 5) {
		open_with(&g, "generic");
		fault(&g, "{\"action\": \"latency\", \"latency\": \"20ms\"}");
		lab_start(&g, &(struct probe_opts){ .record = "/rec" });
		run_until(&g, ms * LOOP_MS);
		CU_ASSERT_FALSE_FATAL(g.done);
		probe_stop(g.probe);
		probe_stop(g.probe); /* asked twice is asked once */
		lab_wait(&g);
		CU_ASSERT_EQUAL(g.end, PROBE_STOPPED);
		CU_ASSERT_EQUAL(lab_sessions(&g), 0);
		CHECK_TEXT(lab_text(&g, "error/cause"), "stopped");
		lab_close(&g);
	}
}

static void
stopped_in_a_recording_it_writes_none(void)
{
	struct lab g;
	cJSON *m;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"latency\", \"latency\": \"100ms\"}");
	lab_start(&g, &(struct probe_opts){ .record = "/rec" });
	run_until(&g, 7 * LOOP_S);
	CU_ASSERT_FALSE_FATAL(g.done);
	probe_stop(g.probe);
	lab_wait(&g);
	CU_ASSERT_EQUAL(g.end, PROBE_STOPPED);
	m = lab_file(&g, "/rec/manifest.json");
	CU_ASSERT_PTR_NULL(m);
	cJSON_Delete(m);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	lab_close(&g);
}

static void
a_bmc_that_hangs_does_not_hold_a_stop_up(void)
{
	struct lab g;
	int64_t at;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"hang\", \"operation\": \"read-system\"}");
	lab_start(&g, &(struct probe_opts){ .timeout_us = 0 });
	run_until(&g, 2 * LOOP_S);
	at = world_now_us(g.w);
	probe_stop(g.probe);
	lab_wait(&g);
	CU_ASSERT_TRUE(world_now_us(g.w) - at <= 14 * LOOP_S);
	CU_ASSERT_EQUAL(g.end, PROBE_STOPPED);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	lab_close(&g);
}

static void
the_timeout_ends_it_and_keeps_what_was_recorded(void)
{
	struct lab g;
	cJSON *m;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"latency\", \"latency\": \"100ms\"}");
	lab_probe(&g,
	    &(struct probe_opts){ .record = "/rec", .timeout_us = 7 * LOOP_S });
	CU_ASSERT_TRUE(g.end == PROBE_CAN_PROVISION);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	m = lab_file(&g, "/rec/manifest.json");
	CHECK_TEXT(json_str(m, "cut", NULL), "it was stopped");
	CU_ASSERT_TRUE(cJSON_GetArraySize(json_arr(m, "resources")) > 3);
	cJSON_Delete(m);
	lab_close(&g);

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"hang\"}");
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 5 * LOOP_S });
	CU_ASSERT_EQUAL(g.end, PROBE_FAILED);
	CHECK_TEXT(lab_text(&g, "error/cause"), "timeout");
	lab_close(&g);
}

/* ---- recordings ------------------------------------------------------------------ */

static void
a_recording_is_a_mockup_with_a_manifest(void)
{
	struct lab g;
	cJSON *m, *system, *headers;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	m = lab_file(&g, "/rec/manifest.json");
	CHECK_TEXT(json_str(m, "format", NULL), "beskar7-recording");
	CHECK_TEXT(json_str(m, "resources/0/path", NULL), "/redfish/v1");
	CHECK_TEXT(json_str(m, "identity", NULL), "pseudonyms");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(m, "resources")),
	    json_i64(g.report, "recording/resources", 0));
	system = lab_file(&g, "/rec/redfish/v1/Systems/system-1/index.json");
	CHECK_TEXT(json_str(system, "SerialNumber", NULL), "B7SN000001");
	headers = lab_file(&g, "/rec/redfish/v1/Systems/system-1/headers.json");
	CU_ASSERT_PTR_NOT_NULL(json_str(headers, "GET/ETag", NULL));
	CU_ASSERT_PTR_NOT_NULL(json_str(headers, "GET/Allow", NULL));
	cJSON_Delete(m);
	cJSON_Delete(system);
	cJSON_Delete(headers);
	lab_close(&g);
}

static void
nobodys_session_is_recorded(void)
{
	struct lab g;
	cJSON *s;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	s = lab_file(&g, "/rec/redfish/v1/SessionService/Sessions/index.json");
	CU_ASSERT_EQUAL(json_i64(s, "Members@odata.count", -1), 0);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(s, "Members")), 0);
	cJSON_Delete(s);
	lab_close(&g);
}

static void
a_recording_ends_at_its_limits(void)
{
	struct lab g;
	cJSON *m;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){
			  .record = "/rec", .limits = { .resources = 10 } });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	CU_ASSERT_EQUAL(json_i64(g.report, "recording/resources", 0), 10);
	m = lab_file(&g, "/rec/manifest.json");
	CHECK_TEXT(
	    json_str(m, "cut", NULL), "the limit of resources was reached");
	cJSON_Delete(m);
	lab_probe(&g, &(struct probe_opts){
			  .record = "/rec2", .limits = { .bytes = 5000 } });
	CU_ASSERT_TRUE(json_i64(g.report, "recording/bytes", 0) < 10000);
	CHECK_TEXT(
	    lab_text(&g, "recording/cut"), "the limit of bytes was reached");
	lab_close(&g);
}

static void
a_recording_is_not_written_over(void)
{
	struct lab g;

	open_with(&g, "generic");
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	CU_ASSERT_EQUAL(g.end, PROBE_NOT_RECORDED);
	CHECK_TEXT(
	    lab_text(&g, "recording/error"), "/rec holds a recording already");
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	lab_close(&g);
}

static void
what_cannot_be_read_is_left_out_and_named(void)
{
	struct lab g;
	const cJSON *c;
	cJSON *m, *chassis;
	bool named = false;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"status\", \"status\": 404, \"path\": "
		  "\"/redfish/v1/Chassis\"}");
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	m = lab_file(&g, "/rec/manifest.json");
	cJSON_ArrayForEach (c, json_arr(m, "skipped"))
		named |= str_eq(json_str(c, "path", ""), "/redfish/v1/Chassis");
	CU_ASSERT_TRUE(named);
	chassis = lab_file(&g, "/rec/redfish/v1/Chassis/index.json");
	CU_ASSERT_PTR_NULL(chassis);
	cJSON_Delete(chassis);
	cJSON_Delete(m);
	lab_close(&g);
}

/* Links in a circle, out of the tree, to other hosts; a list that never ends. */
static void
a_hostile_tree_leads_nowhere(void)
{
	static const char folder[] = "tests/fixtures/redfish/mockup";
	static const char managers[] =
	    "{\"@odata.id\":\"/redfish/v1/Managers\",\"Members\":["
	    "{\"@odata.id\":\"/redfish/v1/Managers/ctl\"},"
	    "{\"@odata.id\":\"/redfish/v1/Managers\"},"
	    "{\"@odata.id\":\"/redfish/v1/\"},"
	    "{\"@odata.id\":\"https://10.6.6.6/redfish/v1/Systems\"},"
	    "{\"@odata.id\":\"//10.6.6.6/redfish/v1/Systems\"},"
	    "{\"@odata.id\":\"/redfish/v1/../../etc/passwd\"},"
	    "{\"@odata.id\":\"/etc/passwd\"},"
	    "{\"@odata.id\":\"/redfish/v1/a\\\\b\"},"
	    "{\"@odata.id\":7},{\"@odata.id\":null},5,null],"
	    "\"Members@odata.nextLink\":\"/redfish/v1/Managers?p=2\"}";
	char path[128];
	struct err e = { .kind = ERR_NONE };
	struct lab g;
	cJSON *m;

	lab_open(&g);
	(void)str_format(
	    path, sizeof(path), "%s/redfish/v1/Managers/index.json", folder);
	files_memory_put(g.memory, path, managers, sizeof(managers) - 1);
	CU_ASSERT_TRUE_FATAL(lab_fleet(&g, "generic", folder, 1, &e));
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	/* the 13 of the mockup, and the sessions, which it does not have */
	CU_ASSERT_EQUAL(json_i64(g.report, "recording/resources", 0), 14);
	CHECK_TEXT(lab_text(&g, "recording/cut"), "(absent)");
	m = lab_file(&g, "/rec/redfish/v1/Managers/index.json");
	/* each page of the list that never ends had twelve members */
	CU_ASSERT_TRUE(cJSON_GetArraySize(json_arr(m, "Members")) <= 1024);
	CU_ASSERT_PTR_NULL(json_at(m, "Members@odata.nextLink"));
	cJSON_Delete(m);
	CU_ASSERT_TRUE(g.requests < 200);
	lab_close(&g);
}

static void
a_bmc_that_dies_ends_the_recording(void)
{
	struct lab g;

	open_with(&g, "generic");
	fault(&g, "{\"action\": \"reset\", \"after\": 60}");
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	CHECK_TEXT(lab_text(&g, "recording/cut"), "the BMC no longer answers");
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	lab_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(it_reads_grades_and_logs_out),
	UNIT_CASE(event_streams_are_told_with_their_filters),
	UNIT_CASE(pushes_and_streams_elsewhere_are_no_streams),
	UNIT_CASE(quirks_that_reading_shows_are_named),
	UNIT_CASE(where_no_session_is_to_be_had_it_says_so),
	UNIT_CASE(a_wrong_password_is_tried_once),
	UNIT_CASE(nobody_there_is_said_so),
	UNIT_CASE(no_redfish_is_no_bmc),
	UNIT_CASE(stopped_anywhere_it_leaves_no_session),
	UNIT_CASE(stopped_in_a_recording_it_writes_none),
	UNIT_CASE(a_bmc_that_hangs_does_not_hold_a_stop_up),
	UNIT_CASE(the_timeout_ends_it_and_keeps_what_was_recorded),
	UNIT_CASE(a_recording_is_a_mockup_with_a_manifest),
	UNIT_CASE(nobodys_session_is_recorded),
	UNIT_CASE(a_recording_ends_at_its_limits),
	UNIT_CASE(a_recording_is_not_written_over),
	UNIT_CASE(what_cannot_be_read_is_left_out_and_named),
	UNIT_CASE(a_hostile_tree_leads_nowhere),
	UNIT_CASE(a_bmc_that_dies_ends_the_recording),
};

int
main(void)
{
	return UNIT_RUN("probe_run", cases);
}
