/* The faults of framing, headers, bodies, certificates, tasks and events, each
 * by what a client sees of it. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "common/tls.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define ON "{\"ResetType\":\"On\"}"
#define FAULTS "/bmcs/bmc-000/faults"
/* what our own reader makes of them */
#define BOM_IS_JSON true
#define NUL_IS_JSON true

static void
inject(struct rig *g, const char *rule)
{
	CHECK_ROW(rig_control(g, "POST", FAULTS, rule) == 201, rule);
}

struct spoilt {
	const char *rule; /* without braces */
	int status;       /* -1 = not looked at */
	enum http_err err;
	bool json;
};

static void
framings_are_unusual_or_wrong(void)
{
	static const struct spoilt rows[] = {
		{ "\"action\":\"chunked\"", 200, HTTP_OK, true },
		{ "\"action\":\"read-to-close\"", 200, HTTP_OK, true },
		{ "\"action\":\"http10\"", 200, HTTP_OK, true },
		{ "\"action\":\"interim\"", 200, HTTP_OK, true },
		{ "\"action\":\"close\"", 200, HTTP_OK, true },
		{ "\"action\":\"no-close-notify\"", 200, HTTP_OK, true },
		{ "\"action\":\"bom\"", 200, HTTP_OK, BOM_IS_JSON },
		{ "\"action\":\"nul\"", 200, HTTP_OK, NUL_IS_JSON },
		{ "\"action\":\"gzip\"", 200, HTTP_OK, false },
		{ "\"action\":\"cut-json\"", 200, HTTP_OK, false },
		{ "\"action\":\"trailing-garbage\"", 200, HTTP_OK, false },
		{ "\"action\":\"changed-case\"", 200, HTTP_OK, true },
		{ "\"action\":\"many-members\"", 200, HTTP_E_TOO_BIG, false },
	};
	struct rig g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[160];

		rig_open(&g, NULL);
		(void)str_format(rule, sizeof(rule),
		    "{%s,\"count\":1,\"path\":\"*Systems*\"}", rows[i].rule);
		inject(&g, rule);
		(void)rig_get(&g, RIG_SYS);
		CHECK_ROW(g.r.status == rows[i].status, rule);
		CHECK_ROW(g.r.err == rows[i].err, rule);
		CHECK_ROW((g.r.json != NULL) == rows[i].json, rule);
		CHECK_ROW(rig_get(&g, RIG_SYS) == 200 && g.r.json, rule);
		rig_close(&g);
	}
}

static void
gzip_is_gzip_and_marks_the_tag(void)
{
	struct rig g;
	const char *t = g.r.text;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"gzip\",\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_TRUE(g.r.text_n > 100);
	CU_ASSERT_EQUAL((unsigned char)t[0], 0x1f);
	CU_ASSERT_EQUAL((unsigned char)t[1], 0x8b);
	/* stored: the resource stands in it as it is */
	CU_ASSERT_PTR_NOT_NULL(memmem(t, g.r.text_n, "\"PowerState\"", 12));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.etag, "-gzip\""));
	rig_close(&g);
}

static void
properties_are_set_and_removed(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"set\",\"property\":\"PowerState\","
		   "\"value\":null,\"count\":1,\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "null");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	inject(&g, "{\"action\":\"remove\",\"property\":\"Boot\",\"count\":1,"
		   "\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "Boot"), "");
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	/* a collection that leads back to itself for ever */
	inject(&g, "{\"action\":\"set\",\"count\":1,\"path\":\"*/Systems\","
		   "\"property\":\"Members@odata.nextLink\","
		   "\"value\":\"/redfish/v1/Systems\"}");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.nextLink"), "/redfish/v1/Systems");
	/* the status of what is changed, too: a login that says 200 */
	inject(&g, "{\"action\":\"set\",\"count\":1,\"operation\":\"login\","
		   "\"property\":\"Name\",\"value\":1,\"status\":200}");
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(g.r.status, 200);
	rig_close(&g);
}

static void
headers_change_go_and_come(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"header\",\"header\":\"etag\",\"count\":1,"
		   "\"value\":\"W/\\\"odd\",\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(g.r.etag, "W/\"odd");
	inject(&g, "{\"action\":\"header\",\"header\":\"ETag\",\"count\":1,"
		   "\"value\":null,\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(g.r.etag, "");
	inject(&g, "{\"action\":\"header\",\"header\":\"Retry-After\","
		   "\"count\":1,\"status\":503,"
		   "\"value\":\"Fri, 02 Jan 1970 00:00:00 GMT\","
		   "\"operation\":\"read-system\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 503);
	CU_ASSERT_TRUE(str_has_prefix(g.r.retry_after, "Fri, 02"));
	g.user = NULL;
	inject(&g, "{\"action\":\"header\",\"header\":\"WWW-Authenticate\","
		   "\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	CHECK_TEXT(g.r.auth, "");
	rig_close(&g);
}

static void
names_change_their_case(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"changed-case\",\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "powerState"), "Off");
	CHECK_TEXT(rig_at(&g, "PowerState"), "");
	CHECK_TEXT(rig_at(&g, "boot/bootSourceOverrideTarget"), "None");
	CHECK_TEXT(rig_at(&g, "@odata.id"), RIG_SYS);
	rig_close(&g);
}

static void
a_rate_is_limited(void)
{
	struct rig g;
	unsigned ok = 0;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"rate-limit\",\"perMinute\":5}");
	for (int i = 0; i < 12; i++)
		ok += rig_get(&g, RIG_SYS) == 200;
	CU_ASSERT_EQUAL(ok, 5);
	CU_ASSERT_EQUAL(g.r.status, 429);
	CU_ASSERT_TRUE(*g.r.retry_after != '\0');
	rig_run(&g, 61000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

static void
somebody_else_writes_first(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"race\",\"count\":1,"
		   "\"operation\":\"patch-boot\"}");
	(void)rig_get(&g, RIG_SYS);
	(void)str_copy(g.if_match, sizeof(g.if_match), g.r.etag);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
			    "\"BootSourceOverrideTarget\":\"Cd\"}}"),
	    412);
	CHECK_TEXT(rig_snap(&g).override_enabled, "Disabled");
	rig_close(&g);
}

static void
the_clock_says_1970(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"clock-1970\"}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_MGR), 200);
	CU_ASSERT_TRUE(str_has_prefix(rig_at(&g, "DateTime"), "1970-"));
	rig_close(&g);
}

#define AMI_VM "/redfish/v1/Managers/Self/VirtualMedia/CD1"
#define AMI_INSERT AMI_VM "/Actions/VirtualMedia.InsertMedia"
#define AMI_BODY \
	"{\"Image\":\"" RIG_ORIGIN "/live.iso\"," \
	"\"TransferProtocolType\":\"HTTP\"}"

static void
tasks_never_end_or_end_badly(void)
{
	struct rig g;
	char monitor[256];

	rig_profile(&g, "ami-megarac");
	CHECK_ROW(rig_control(&g, "POST", FAULTS,
		      "{\"action\":\"task-stuck\",\"count\":1}") == 201,
	    "stuck");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", AMI_INSERT, AMI_BODY), 202);
	(void)str_copy(monitor, sizeof(monitor), g.r.location);
	rig_run(&g, 600000);
	CU_ASSERT_EQUAL(rig_get(&g, monitor), 202);
	CHECK_TEXT(rig_at(&g, "PercentComplete"), "99");
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	(void)rig_call(
	    &g, "POST", AMI_VM "/Actions/VirtualMedia.EjectMedia", "{}");
	rig_run(&g, 30000);
	inject(&g, "{\"action\":\"task-fails\",\"count\":1}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", AMI_INSERT, AMI_BODY), 202);
	(void)str_copy(monitor, sizeof(monitor), g.r.location);
	rig_run(&g, 60000);
	CU_ASSERT_EQUAL(rig_get(&g, monitor), 400);
	CHECK_TEXT(rig_message(&g), "InternalError");
	rig_close(&g);
}

struct shown {
	const char *certificate;
	int status; /* of a client that trusts the CA and asks by address */
	enum http_err err;
};

/* From now on the client believes in the fleet's CA, and in nothing else. */
static struct tls_trust *
be_strict(struct rig *g)
{
	struct http_peer_opts o = { .base = "https://10.1.0.1:443",
		.max_conns = 1,
		.idle_close_us = 5 * LOOP_S };
	const char *pem = bmc_fleet_ca_pem(g->fleet);
	struct err e = { 0 };

	http_peer_free(g->peer);
	o.tls.trust = tls_trust_new(pem, strlen(pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o.tls.trust);
	g->peer = http_peer_new(world_net(g->client_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->peer);
	return o.tls.trust;
}

static void
certificates_are_wrong_in_their_own_ways(void)
{
	static const struct shown rows[] = {
		{ "expired", 0, HTTP_E_TLS_DATE },
		{ "early", 0, HTTP_E_TLS_DATE },
		{ "other-name", 0, HTTP_E_TLS_NAME },
		{ "self-signed", 0, HTTP_E_TLS_TRUST },
		{ "sha1", 0, HTTP_E_TLS_WEAK },
		{ "rsa-1024", 0, HTTP_E_TLS_WEAK },
		{ "old", 0, HTTP_E_TLS_TRUST },
		{ "new", 200, HTTP_OK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[128];
		struct tls_trust *trust;
		struct rig g;

		rig_open(&g, NULL);
		trust = be_strict(&g);
		(void)str_format(rule, sizeof(rule),
		    "{\"action\":\"certificate\",\"certificate\":\"%s\"}",
		    rows[i].certificate);
		inject(&g, rule);
		(void)rig_get(&g, RIG_SYS);
		CHECK_ROW(g.r.status == rows[i].status, rule);
		CHECK_ROW(g.r.err == rows[i].err, rule);
		CU_ASSERT_EQUAL(
		    rig_control(&g, "DELETE", FAULTS "/fault-1", NULL), 200);
		CHECK_ROW(rig_get(&g, RIG_SYS) == 200, rule);
		rig_close(&g);
		tls_trust_free(trust);
	}
}

struct below {
	const char *rule;
	enum http_err err;
};

static void
connections_misbehave_below_http(void)
{
	static const struct below rows[] = {
		{ "\"action\":\"silent\"", HTTP_E_DEADLINE },
		{ "\"action\":\"tls\",\"tls\":\"stall\"", HTTP_E_DEADLINE },
		{ "\"action\":\"tls\",\"tls\":\"alert\"", HTTP_E_TLS },
		{ "\"action\":\"tls\",\"tls\":\"weak-cipher\"", HTTP_E_TLS },
		{ "\"action\":\"tls\",\"tls\":\"1.0\"", HTTP_E_TLS_VERSION },
		{ "\"action\":\"tls\",\"tls\":\"1.1\"", HTTP_E_TLS_VERSION },
		{ "\"action\":\"tls\",\"tls\":\"1.2\"", HTTP_OK },
		{ "\"action\":\"tls\",\"tls\":\"1.3\"", HTTP_E_TLS_NEWER },
	};
	struct rig g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[160];

		rig_open(&g, NULL);
		(void)str_format(
		    rule, sizeof(rule), "{%s,\"count\":1}", rows[i].rule);
		inject(&g, rule);
		(void)rig_get(&g, RIG_SYS);
		CHECK_ROW(g.r.err == rows[i].err, rule);
		CHECK_ROW(rig_get(&g, RIG_SYS) == 200, rule);
		rig_close(&g);
	}
}

static void
only_reused_connections_are_reset(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"reset\",\"reused\":true,\"count\":1,"
		   "\"operation\":\"patch-system\"}");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", RIG_SYS, "{\"AssetTag\":\"first\"}"), 200);
	rig_close(&g);
	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"reset\",\"reused\":true,"
		   "\"operation\":\"read-system\"}");
	/* it is sent once more on a fresh one, which is never reset */
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_control(&g, "GET", FAULTS, NULL), 200);
	CHECK_ROW(strstr(g.r.text, "\"fired\":0") == NULL, g.r.text);
	rig_close(&g);
}

static void
no_certificate_is_an_alert(void)
{
	struct rig g;

	rig_open(&g, NULL);
	inject(&g, "{\"action\":\"certificate\",\"certificate\":\"none\","
		   "\"count\":1}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 0);
	CU_ASSERT_NOT_EQUAL(g.r.err, HTTP_OK);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

static void
bad_rules_name_what_is_missing(void)
{
	static const char *const rows[][2] = {
		{ "{\"action\":\"set\",\"property\":\"A\"}",
		    "set needs property and value" },
		{ "{\"action\":\"remove\"}", "remove needs property" },
		{ "{\"action\":\"header\"}", "header needs header" },
		{ "{\"action\":\"header\",\"header\":\"a b\"}",
		    "header must be the name of a header" },
		{ "{\"action\":\"header\",\"header\":\"A\",\"value\":1}",
		    "must be a text or null" },
		{ "{\"action\":\"header\",\"header\":\"A\","
		  "\"value\":\"x\\r\\ny\"}",
		    "must be a text or null" },
		{ "{\"action\":\"rate-limit\"}", "rate-limit needs perMinute" },
		{ "{\"action\":\"certificate\"}",
		    "certificate needs certificate" },
		{ "{\"action\":\"certificate\",\"certificate\":\"blue\"}",
		    "certificate must be expired" },
		{ "{\"action\":\"tls\"}", "tls needs tls" },
		{ "{\"action\":\"tls\",\"tls\":\"2.0\"}", "tls must be stall" },
		{ "{\"action\":\"silent\",\"reused\":true}",
		    "meets no requests" },
		{ "{\"action\":\"event-late\"}", "event-late needs latency" },
		{ "{\"action\":\"task-stuck\",\"method\":\"GET\"}",
		    "meets no requests" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_control(&g, "POST", FAULTS, rows[i][0]) == 400,
		    rows[i][0]);
		CHECK_ROW(strstr(rig_at(&g, "error"), rows[i][1]) != NULL,
		    rig_at(&g, "error"));
	}
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(framings_are_unusual_or_wrong),
		UNIT_CASE(gzip_is_gzip_and_marks_the_tag),
		UNIT_CASE(properties_are_set_and_removed),
		UNIT_CASE(headers_change_go_and_come),
		UNIT_CASE(names_change_their_case),
		UNIT_CASE(a_rate_is_limited),
		UNIT_CASE(somebody_else_writes_first),
		UNIT_CASE(the_clock_says_1970),
		UNIT_CASE(tasks_never_end_or_end_badly),
		UNIT_CASE(certificates_are_wrong_in_their_own_ways),
		UNIT_CASE(connections_misbehave_below_http),
		UNIT_CASE(only_reused_connections_are_reset),
		UNIT_CASE(no_certificate_is_an_alert),
		UNIT_CASE(bad_rules_name_what_is_missing),
	};

	return UNIT_RUN("bmc faults on the wire", cases);
}
