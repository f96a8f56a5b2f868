/* The control API, the event stream, the trace, many BMCs at once. */
#include <stdlib.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define ONE "/bmcs/bmc-000"

static void
a_person_can_do_what_a_person_can(void)
{
	struct rig g;
	char uuid[64];

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_control(&g, "GET", ONE, NULL), 200);
	CHECK_TEXT(rig_at(&g, "power"), "Off");
	CHECK_TEXT(rig_at(&g, "address"), "https://10.1.0.1:443");
	(void)str_copy(uuid, sizeof(uuid), rig_at(&g, "uuid"));
	CU_ASSERT_EQUAL(
	    rig_control(&g, "POST", ONE "/power-button", NULL), 200);
	rig_run(&g, 5000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	/* a short press is ACPI, and nothing listens in POST */
	(void)rig_control(&g, "POST", ONE "/power-button", NULL);
	rig_run(&g, 5000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	(void)rig_control(&g, "POST", ONE "/power-button", "{\"hold\":true}");
	rig_run(&g, 5000);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	CU_ASSERT_EQUAL(rig_count(&g, "power-button press"), 2);

	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(rig_control(&g, "POST", ONE "/swap-board", NULL), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	g.token[0] = '\0';
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_FALSE(str_eq(rig_at(&g, "UUID"), uuid));

	CU_ASSERT_EQUAL(rig_control(&g, "POST", ONE "/password",
			    "{\"password\":\"new-secret\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	g.password = "new-secret";
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

static void
a_bmc_restart_ends_sessions_and_keeps_the_machine(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_control(&g, "POST", ONE "/power-button", NULL);
	rig_run(&g, 3000);
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(rig_control(&g, "POST", ONE "/restart-bmc", NULL), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 0);
	rig_run(&g, 61000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "On");
	/* the same from inside */
	CU_ASSERT_EQUAL(rig_call(&g, "POST", RIG_MGR "/Actions/Manager.Reset",
			    "{\"ResetType\":\"GracefulRestart\"}"),
	    204);
	/* with a moment to close the session in */
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	rig_run(&g, 1500);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 0);
	rig_close(&g);
}

static void
errors_say_what_is_wrong(void)
{
	static const struct {
		const char *method, *path, *body;
		int status;
		const char *text;
	} rows[] = {
		{ "GET", "/nothing", NULL, 404, "paths start with" },
		{ "GET", "/bmcs/bmc-999", NULL, 404, "no such BMC: bmc-999" },
		{ "POST", ONE "/explode", NULL, 404, "explode" },
		{ "GET", ONE "/power-button", NULL, 405, "GET" },
		{ "POST", ONE "/password", "{}", 400, "password" },
		{ "POST", ONE "/faults", "[1]", 400, "object" },
		{ "POST", ONE "/faults", "{", 400, "" },
		{ "DELETE", ONE "/faults/x", NULL, 404, "no such fault: x" },
		{ "GET", ONE "/trace/x", NULL, 404, "trace" },
		{ "POST", ONE "/reread", NULL, 409, "ever mounted by" },
		{ "POST", ONE "/reread", "{\"of\":\"bmc-9\"}", 404, "bmc-9" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)rig_control(
		    &g, rows[i].method, rows[i].path, rows[i].body);
		CHECK_ROW(g.r.status == rows[i].status, rows[i].path);
		CHECK_ROW(strstr(rig_at(&g, "error"), rows[i].text) != NULL,
		    rig_at(&g, "error"));
	}
	rig_close(&g);
}

static void
the_trace_shows_exchanges_without_their_secrets(void)
{
	struct rig g;
	bool asked = false;

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	(void)rig_call(&g, "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia",
	    "{\"Image\":\"" RIG_ORIGIN "/live.iso?token=hush\","
	    "\"Password\":\"hush\"}");
	(void)rig_get(&g, RIG_CD);
	CU_ASSERT_EQUAL(rig_control(&g, "GET", ONE "/trace", NULL), 200);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "exchanges")), 3);
	CHECK_TEXT(rig_at(&g, "exchanges/0/method"), "POST");
	CHECK_TEXT(rig_at(&g, "exchanges/0/status"), "201");
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "hush"));
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "b7-sim-secret"));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, "live.iso?***"));
	for (size_t i = 0; i < g.n_events; i++)
		asked |= strstr(g.events[i], "hush") != NULL;
	CU_ASSERT_FALSE(asked);
	rig_close(&g);
}

static void
the_trace_is_bounded(void)
{
	struct bmc_fleet_opts o = { .trace = 5 };
	struct rig g;

	rig_open(&g, &o);
	for (int i = 0; i < 20; i++)
		(void)rig_get(&g, RIG_SYS);
	(void)rig_control(&g, "GET", ONE "/trace", NULL);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "exchanges")), 5);
	rig_close(&g);
}

/* ---- following ---------------------------------------------------------- */

struct tail {
	char text[65536];
	size_t n;
};

static enum http_flow
tail_data(void *arg, struct http_bytes b)
{
	struct tail *t = arg;

	if (t->n + b.n < sizeof(t->text)) {
		memcpy(t->text + t->n, b.p, b.n);
		t->n += b.n;
	}
	return HTTP_MORE;
}

static void
tail_done(void *arg, const struct http_result *r)
{
	(void)arg;
	(void)r;
}

static void
events_can_be_followed(void)
{
	struct rig g;
	struct tail *t = calloc(1, sizeof(*t));
	struct http_sink sink = { tail_data, t };
	struct http_request rq = { .method = "GET",
		.target = "/events?follow=1",
		.sink = &sink,
		.done = tail_done,
		.limits = {
		    .total_us = HTTP_NO_LIMIT, .idle_us = HTTP_NO_LIMIT } };
	struct http_peer_opts po = { .base = "http://10.1.0.250:9000" };
	struct http_call *c;
	struct http_peer *p;
	struct err e = { 0 };

	rig_open(&g, NULL);
	p = http_peer_new(world_net(g.client_loop), &po, &e);
	(void)rig_get(&g, RIG_SYS);
	c = http_start(p, &rq);
	rig_run(&g, 1000);
	CU_ASSERT_PTR_NOT_NULL(strstr(t->text, "\"event\":\"request\""));
	CU_ASSERT_PTR_NULL(strstr(t->text, "power-button"));
	(void)rig_control(&g, "POST", ONE "/power-button", NULL);
	rig_run(&g, 1000);
	CU_ASSERT_PTR_NOT_NULL(strstr(t->text, "power-button"));
	http_cancel(c);
	rig_run(&g, 1000);
	(void)rig_control(&g, "POST", ONE "/power-button", NULL);
	http_peer_free(p);
	rig_close(&g);
	free(t);
}

static void
old_events_can_be_asked_for(void)
{
	struct rig g;
	int64_t last;

	rig_open(&g, NULL);
	(void)rig_control(&g, "POST", ONE "/power-button", NULL);
	rig_run(&g, 5000);
	(void)rig_control(&g, "GET", ONE "/events", NULL);
	CHECK_TEXT(rig_at(&g, "events/0/event"), "power-button");
	last = json_i64(g.r.json, "last", 0);
	CU_ASSERT_TRUE(last > 3);
	(void)rig_control(&g, "GET", ONE "/events?since=3", NULL);
	CHECK_TEXT(rig_at(&g, "events/0/seq"), "4");
	rig_close(&g);
}

/* ---- many --------------------------------------------------------------- */

static void
a_url_can_be_asked_for_after_the_eject(void)
{
	struct bmc_fleet_opts o = { .count = 2 };
	struct rig g;

	rig_open(&g, &o);
	CU_ASSERT_TRUE(rig_login(&g));
	(void)rig_call(&g, "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia",
	    "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}");
	(void)rig_call(
	    &g, "POST", RIG_CD "/Actions/VirtualMedia.EjectMedia", "{}");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_control(&g, "POST", ONE "/reread", NULL), 200);
	(void)rig_control(&g, "GET", ONE, NULL);
	CHECK_TEXT(rig_at(&g, "reread/0/result"), "reading");
	rig_run(&g, 5000);
	(void)rig_control(&g, "GET", ONE, NULL);
	CHECK_TEXT(rig_at(&g, "reread/0/id"), "Cd");
	CHECK_TEXT(rig_at(&g, "reread/0/result"), "read");
	origin_fail(g.origin, "/live.iso", 404, 0);
	CU_ASSERT_EQUAL(rig_control(&g, "POST", "/bmcs/bmc-001/reread",
			    "{\"of\":\"bmc-000\"}"),
	    200);
	rig_run(&g, 5000);
	(void)rig_control(&g, "GET", "/bmcs/bmc-001", NULL);
	CHECK_TEXT(rig_at(&g, "reread/0/result"), "image server answered 404");
	/* one that is under way when all ends */
	(void)rig_control(&g, "POST", ONE "/reread", NULL);
	rig_close(&g);
}

static void
each_address_is_another_machine(void)
{
	static const char *const profiles[] = { "generic", "idrac9" };
	struct bmc_fleet_opts o = {
		.count = 4, .profiles = profiles, .n_profiles = 2
	};
	struct http_peer_opts po = { .base = "https://10.1.0.4:443" };
	struct http_peer *first;
	struct err e = { 0 };
	char uuid[64];
	struct rig g;

	rig_open(&g, &o);
	(void)rig_get(&g, "/redfish/v1/");
	CHECK_TEXT(rig_at(&g, "ServiceIdentification"), "bmc-000");
	(void)str_copy(uuid, sizeof(uuid), rig_at(&g, "UUID"));
	first = g.peer;
	po.tls.insecure = true;
	g.peer = http_peer_new(world_net(g.client_loop), &po, &e);
	(void)rig_get(&g, "/redfish/v1/");
	CHECK_TEXT(rig_at(&g, "ServiceIdentification"), "bmc-003");
	CHECK_TEXT(rig_at(&g, "Vendor"), "Dell");
	http_peer_free(g.peer);
	/* an address in the block without a BMC refuses */
	po.base = "https://10.1.0.9:443";
	g.peer = http_peer_new(world_net(g.client_loop), &po, &e);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 0);
	http_peer_free(g.peer);
	g.peer = first;
	CU_ASSERT_EQUAL(
	    rig_control(&g, "POST", "/all/power-button", NULL), 200);
	rig_run(&g, 5000);
	(void)rig_control(&g, "GET", "/bmcs", NULL);
	CHECK_TEXT(rig_at(&g, "bmcs/3/power"), "On");
	CU_ASSERT_EQUAL(bmc_fleet_count(g.fleet), 4);
	rig_close(&g);
}

static void
certificates_are_signed_by_the_fleets_ca_and_rotate(void)
{
	struct http_peer_opts po = { .base = "https://10.1.0.1:443" };
	struct tls_trust *trust;
	struct http_peer *plain;
	struct err e = { 0 };
	const char *pem;
	struct rig g;

	rig_open(&g, NULL);
	pem = bmc_fleet_ca_pem(g.fleet);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pem);
	trust = tls_trust_new(pem, strlen(pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(trust);
	plain = g.peer;
	po.tls.trust = trust;
	g.peer = http_peer_new(world_net(g.client_loop), &po, &e);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	CU_ASSERT_EQUAL(rig_control(&g, "POST", ONE "/certificate", NULL), 200);
	CU_ASSERT_EQUAL(rig_count(&g, "certificate "), 1);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	http_peer_free(g.peer);
	g.peer = plain;
	tls_trust_free(trust);
	rig_close(&g);
}

static void
a_killed_process_can_be_freed(void)
{
	struct rig g;
	cJSON *rule = cJSON_CreateObject();
	int status;

	rig_open(&g, NULL);
	json_set_str(rule, "action", "latency");
	json_set_str(rule, "latency", "100s");
	cJSON_Delete(
	    bmc_fleet_control(g.fleet, "POST", "/all/faults", rule, &status));
	CU_ASSERT_EQUAL(status, 201);
	cJSON_Delete(rule);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 0); /* waits in the fleet */
	world_kill(g.bmc_loop);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a person can do what a person can",
		    a_person_can_do_what_a_person_can },
		{ "a BMC restart ends sessions and keeps the machine",
		    a_bmc_restart_ends_sessions_and_keeps_the_machine },
		{ "errors say what is wrong", errors_say_what_is_wrong },
		{ "the trace shows exchanges without their secrets",
		    the_trace_shows_exchanges_without_their_secrets },
		{ "the trace is bounded", the_trace_is_bounded },
		{ "events can be followed", events_can_be_followed },
		{ "old events can be asked for", old_events_can_be_asked_for },
		{ "a URL can be asked for after the eject",
		    a_url_can_be_asked_for_after_the_eject },
		{ "each address is another machine",
		    each_address_is_another_machine },
		{ "certificates are signed by the fleet's CA and rotate",
		    certificates_are_signed_by_the_fleets_ca_and_rotate },
		{ "a killed process can be freed",
		    a_killed_process_can_be_freed },
	};

	return UNIT_RUN("bmc control", cases);
}
