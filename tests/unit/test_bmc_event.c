/* Subscriptions that are pushed to, with their retries and filters. */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define EVT "/redfish/v1/EventService"
#define SUBS EVT "/Subscriptions"
#define TEST EVT "/Actions/EventService.SubmitTestEvent"
#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define KEPT 64

/* Somebody who listens at http://10.3.0.1:8000/. */
struct ear {
	struct http_server *server;
	int status; /* of its answers */
	unsigned n;
	cJSON *heard[KEPT]; /* owned */
	char target[128], header[64];
};

static void
hear(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct ear *e = arg;
	struct err err = { 0 };
	const char *h = http_exchange_header(x, "X-Secret");

	(void)str_copy(e->target, sizeof(e->target), http_exchange_target(x));
	(void)str_copy(e->header, sizeof(e->header), h ? h : "");
	if (e->n < KEPT)
		e->heard[e->n++] = json_parse(body.p, body.n, &err);
	http_reply(x, e->status, NULL, 0, (struct http_bytes){ 0 });
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, hear, arg);
}

static void
open_ear(struct rig *g, struct ear *e)
{
	struct http_listen_opts o = {
		.addr = "10.3.0.1", .port = 8000, .handle = handle, .arg = e
	};
	struct err err = { 0 };

	memset(e, 0, sizeof(*e));
	e->status = 204;
	e->server = http_listen(world_net(g->client_loop), &o, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e->server);
}

static void
forget(struct ear *e)
{
	for (unsigned i = 0; i < e->n; i++)
		cJSON_Delete(e->heard[i]);
	e->n = 0;
}

static void
close_ear(struct ear *e)
{
	forget(e);
	http_server_free(e->server);
}

static const char *
heard(const struct ear *e, unsigned i, const char *path)
{
	return i < e->n ? json_str(e->heard[i], path, "(none)") : "(nothing)";
}

/* How many of what was heard has that message id. */
static unsigned
count(const struct ear *e, const char *id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n; i++)
		n += strstr(heard(e, i, "Events/0/MessageId"), id) != NULL;
	return n;
}

/* more: further members, with a comma before them. */
static int
subscribe(struct rig *g, const char *more)
{
	char body[768];

	(void)str_format(body, sizeof(body),
	    "{\"Destination\":\"http://10.3.0.1:8000/in?x=1\","
	    "\"Protocol\":\"Redfish\",\"Context\":\"mine\"%s}",
	    more);
	return rig_call(g, "POST", SUBS, body);
}

static void
a_power_change_is_told_within_a_second(void)
{
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(
	    subscribe(&g, ",\"HttpHeaders\":[{\"X-Secret\":\"s3cret\"}]"), 201);
	CHECK_TEXT(g.r.location, SUBS "/1");
	CHECK_TEXT(rig_at(&g, "SubscriptionType"), "RedfishEvent");
	CHECK_TEXT(rig_at(&g, "HttpHeaders"), "");
	rig_run(&g, 1000);
	/* that it was made is the first event */
	CU_ASSERT_EQUAL(count(&e, "ResourceCreated"), 1);
	forget(&e);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 1000);
	CU_ASSERT_EQUAL(count(&e, "PowerButton"), 1);
	CU_ASSERT_EQUAL(count(&e, "ResourcePoweringOn"), 1);
	CU_ASSERT_EQUAL(count(&e, "ResourcePoweredOn"), 0);
	rig_run(&g, 2000);
	CU_ASSERT_EQUAL(count(&e, "ResourcePoweredOn"), 1);
	CHECK_TEXT(heard(&e, 0, "@odata.type"), "#Event.v1_8_0.Event");
	CHECK_TEXT(heard(&e, 0, "Context"), "mine");
	CHECK_TEXT(
	    heard(&e, 0, "Events/0/OriginOfCondition/@odata.id"), RIG_SYS);
	CHECK_TEXT(heard(&e, 0, "Events/0/MemberId"), "0");
	CHECK_TEXT(e.target, "/in?x=1");
	CHECK_TEXT(e.header, "s3cret");
	close_ear(&e);
	rig_close(&g);
}

struct want {
	const char *filter;
	const char *heard; /* MessageIds' last parts, by blanks */
};

/* Three test events against each filter. */
static void
filters_choose_what_is_told(void)
{
	static const char *const tests[] = {
		"{\"MessageId\":\"ResourceEvent.1.3.ResourceChanged\","
		"\"OriginOfCondition\":\"" RIG_SYS "/Bios\","
		"\"EventType\":\"ResourceUpdated\"}",
		"{\"MessageId\":\"TaskEvent.1.0.TaskStarted\","
		"\"MessageArgs\":[\"9\"],\"EventType\":\"StatusChange\"}",
		"{\"MessageId\":\"ResourceEvent.1.3.ResourceErrorsDetected\","
		"\"MessageSeverity\":\"Critical\","
		"\"OriginOfCondition\":\"" RIG_SYS "\","
		"\"EventType\":\"Alert\"}",
	};
	static const struct want rows[] = {
		{ "", "ResourceChanged TaskStarted ResourceErrorsDetected " },
		{ ",\"RegistryPrefixes\":[\"TaskEvent\"]", "TaskStarted " },
		{ ",\"ExcludeRegistryPrefixes\":[\"TaskEvent\"]",
		    "ResourceChanged ResourceErrorsDetected " },
		{ ",\"MessageIds\":[\"ResourceEvent.ResourceChanged\"]",
		    "ResourceChanged " },
		{ ",\"ExcludeMessageIds\":[\"ResourceEvent.1.0."
		  "ResourceChanged\"]",
		    "TaskStarted ResourceErrorsDetected " },
		{ ",\"Severities\":[\"Critical\"]", "ResourceErrorsDetected " },
		{ ",\"EventTypes\":[\"Alert\",\"StatusChange\"]",
		    "TaskStarted ResourceErrorsDetected " },
		{ ",\"OriginResources\":[{\"@odata.id\":\"" RIG_SYS "\"}]",
		    "ResourceErrorsDetected " },
		{ ",\"OriginResources\":[{\"@odata.id\":\"" RIG_SYS
		  "\"}],\"SubordinateResources\":true",
		    "ResourceChanged ResourceErrorsDetected " },
		{ ",\"ResourceTypes\":[\"VirtualMedia\"]", "" },
	};
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		char got[256] = "", uri[256];

		CHECK_ROW(subscribe(&g, rows[r].filter) == 201, rows[r].filter);
		(void)str_copy(uri, sizeof(uri), g.r.location);
		rig_run(&g, 1000);
		forget(&e);
		for (size_t i = 0; i < 3; i++)
			CU_ASSERT_EQUAL(
			    rig_call(&g, "POST", TEST, tests[i]), 204);
		rig_run(&g, 1000);
		for (unsigned i = 0; i < e.n; i++)
			(void)str_format(got + strlen(got),
			    sizeof(got) - strlen(got), "%s ",
			    strrchr(heard(&e, i, "Events/0/MessageId"), '.') +
				1);
		CHECK_TEXT(got, rows[r].heard);
		CU_ASSERT_EQUAL(rig_call(&g, "DELETE", uri, NULL), 204);
	}
	close_ear(&e);
	rig_close(&g);
}

static void
a_medium_and_its_boot_are_told_in_order(void)
{
	static const char *const order[] = { "MediaInserted", "OverrideChanged",
		"ResetRequested", "ResourcePoweringOn", "ResourcePoweredOn",
		"SystemReset", "BootProgress" };
	struct rig g;
	struct ear e;
	unsigned at = 0;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(subscribe(&g, ""), 201);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    204);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS,
			    "{\"Boot\":{\"BootSourceOverrideTarget\":\"Cd\","
			    "\"BootSourceOverrideEnabled\":\"Once\"}}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	rig_run(&g, 30 * 1000);
	for (unsigned i = 0; i < e.n && at < 7; i++)
		at += strstr(heard(&e, i, "Events/0/MessageId"), order[at]) !=
		      NULL;
	CHECK_ROW(at == 7, order[at < 7 ? at : 6]);
	close_ear(&e);
	rig_close(&g);
}

static void
what_is_not_taken_is_tried_again_and_not_lost(void)
{
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", EVT,
			    "{\"DeliveryRetryAttempts\":2,"
			    "\"DeliveryRetryIntervalSeconds\":20}"),
	    200);
	CHECK_TEXT(rig_at(&g, "DeliveryRetryAttempts"), "2");
	CU_ASSERT_EQUAL(
	    subscribe(&g, ",\"RegistryPrefixes\":[\"TaskEvent\"]"), 201);
	e.status = 500;
	CU_ASSERT_EQUAL(rig_call(&g, "POST", TEST,
			    "{\"MessageId\":\"TaskEvent.1.0.TaskStarted\","
			    "\"EventId\":\"first\"}"),
	    204);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", TEST,
			    "{\"MessageId\":\"TaskEvent.1.0.TaskStarted\","
			    "\"EventId\":\"second\"}"),
	    204);
	rig_run(&g, 19 * 1000);
	CU_ASSERT_EQUAL(e.n, 1);
	e.status = 204;
	rig_run(&g, 5 * 1000);
	/* the same again, then what waited behind it */
	CU_ASSERT_EQUAL(e.n, 3);
	CHECK_TEXT(heard(&e, 1, "Events/0/EventId"), "first");
	CHECK_TEXT(heard(&e, 2, "Events/0/EventId"), "second");
	close_ear(&e);
	rig_close(&g);
}

/* A subscriber that is dead: 1 try and 2 retries, then the policy. */
static void
dead(struct rig *g, struct ear *e, const char *policy)
{
	char more[128];

	CU_ASSERT_EQUAL(rig_call(g, "PATCH", EVT,
			    "{\"DeliveryRetryAttempts\":2,"
			    "\"DeliveryRetryIntervalSeconds\":10}"),
	    200);
	(void)str_format(more, sizeof(more),
	    ",\"RegistryPrefixes\":[\"TaskEvent\"],"
	    "\"DeliveryRetryPolicy\":\"%s\"",
	    policy);
	CU_ASSERT_EQUAL(subscribe(g, more), 201);
	e->status = 500;
	CU_ASSERT_EQUAL(rig_call(g, "POST", TEST,
			    "{\"MessageId\":\"TaskEvent.1.0.TaskStarted\"}"),
	    204);
	rig_run(g, 25 * 1000);
	CU_ASSERT_EQUAL(e->n, strstr(policy, "Backoff") ? 2 : 3);
	rig_run(g, 300 * 1000);
}

static void
a_dead_subscriber_is_dropped_suspended_or_kept(void)
{
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	dead(&g, &e, "TerminateAfterRetries");
	CU_ASSERT_EQUAL(e.n, 3);
	CU_ASSERT_EQUAL(rig_get(&g, SUBS "/1"), 404);
	forget(&e);
	dead(&g, &e, "SuspendRetries");
	CU_ASSERT_EQUAL(e.n, 3);
	CU_ASSERT_EQUAL(rig_get(&g, SUBS "/2"), 200);
	CHECK_TEXT(rig_at(&g, "Status/State"), "Disabled");
	e.status = 204;
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    SUBS "/2/Actions/EventDestination."
				 "ResumeSubscription",
			    NULL),
	    204);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", TEST,
			    "{\"MessageId\":\"TaskEvent.1.0.TaskStarted\"}"),
	    204);
	rig_run(&g, 1000);
	CU_ASSERT_EQUAL(e.n, 4);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", SUBS "/2", NULL), 204);
	forget(&e);
	dead(&g, &e, "RetryForever");
	CHECK_ROW(e.n > 30, "still tries");
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", SUBS "/3", NULL), 204);
	forget(&e);
	dead(&g, &e, "RetryForeverWithBackoff");
	CHECK_ROW(e.n >= 5 && e.n <= 7, "tries less and less");
	close_ear(&e);
	rig_close(&g);
}

static void
what_cannot_be_a_subscription_is_refused(void)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{ "{\"Protocol\":\"Redfish\"}", "PropertyMissing" },
		{ "{\"Destination\":\"http://10.3.0.1/\"}", "PropertyMissing" },
		{ "{\"Destination\":\"http://10.3.0.1/\","
		  "\"Protocol\":\"FTP\"}",
		    "PropertyValueNotInList" },
		{ "{\"Destination\":\"ftp://10.3.0.1/\","
		  "\"Protocol\":\"Redfish\"}",
		    "PropertyValueFormatError" },
		{ "{\"Destination\":\"http://10.3.0.1/\","
		  "\"Protocol\":\"Redfish\",\"RegistryPrefixes\":[\"Nope\"]}",
		    "PropertyValueNotInList" },
		{ "{\"Destination\":\"http://10.3.0.1/\","
		  "\"Protocol\":\"Redfish\",\"Severities\":\"OK\"}",
		    "PropertyValueTypeError" },
		{ "{\"Destination\":\"http://10.3.0.1/\","
		  "\"Protocol\":\"Redfish\",\"HttpHeaders\":"
		  "[{\"A\":\"b\\r\\nc: d\"}]}",
		    "PropertyValueFormatError" },
		{ "{\"Destination\":\"http://10.3.0.1/\","
		  "\"Protocol\":\"Redfish\",\"DeliveryRetryPolicy\":\"No\"}",
		    "PropertyValueNotInList" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_call(&g, "POST", SUBS, rows[i].body) == 400,
		    rows[i].body);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	CU_ASSERT_EQUAL(rig_call(&g, "POST", TEST, "{}"), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterMissing");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", TEST, "{\"MessageId\":1}"), 400);
	/* and there is an end */
	for (int i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(subscribe(&g, ""), 201);
	CU_ASSERT_EQUAL(subscribe(&g, ""), 503);
	CHECK_TEXT(rig_message(&g), "EventSubscriptionLimitExceeded");
	rig_close(&g);
}

static void
vendors_have_their_own_ways_to_subscribe(void)
{
	struct rig g;
	struct ear e;

	rig_profile(&g, "idrac9");
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(
	    subscribe(&g, ",\"RegistryPrefixes\":[\"TaskEvent\"]"), 400);
	CHECK_TEXT(rig_message(&g), "PropertyUnknown");
	CU_ASSERT_EQUAL(subscribe(&g, ",\"EventTypes\":[\"Alert\"]"), 201);
	CU_ASSERT_EQUAL(subscribe(&g, ",\"EventTypes\":[\"Alert\"]"), 400);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/power-button", "{}");
	rig_run(&g, 1000);
	CHECK_TEXT(heard(&e, 0, "Events/0/EventType"), "Alert");
	CHECK_ROW(
	    strstr(heard(&e, 0, "Events/0/EventTimestamp"), "+0000") != NULL,
	    heard(&e, 0, "Events/0/EventTimestamp"));
	close_ear(&e);
	rig_close(&g);
	rig_profile(&g, "sushy-tools");
	CU_ASSERT_EQUAL(rig_get(&g, EVT), 404);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CHECK_TEXT(rig_at(&g, "EventService"), "");
	rig_close(&g);
}

static void
a_restart_of_the_bmc_is_told_to_who_is_kept(void)
{
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(subscribe(&g, ",\"ResourceTypes\":[\"Manager\"]"), 201);
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/restart-bmc", "{}");
	rig_run(&g, 59 * 1000);
	CU_ASSERT_EQUAL(e.n, 0);
	rig_run(&g, 2 * 1000);
	CU_ASSERT_EQUAL(count(&e, "ManagerStarted"), 1);
	CU_ASSERT_EQUAL(rig_get(&g, SUBS "/1"), 200);
	/* another board does not know of it */
	(void)rig_control(&g, "POST", "/bmcs/bmc-000/swap-board", "{}");
	CU_ASSERT_EQUAL(rig_get(&g, SUBS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	close_ear(&e);
	rig_close(&g);
}

static void
a_heartbeat_comes_every_so_often(void)
{
	struct rig g;
	struct ear e;

	rig_open(&g, NULL);
	open_ear(&g, &e);
	CU_ASSERT_EQUAL(subscribe(&g, ",\"RegistryPrefixes\":[\"TaskEvent\"],"
				      "\"SendHeartbeat\":true,"
				      "\"HeartbeatIntervalMinutes\":2"),
	    201);
	rig_run(&g, 6 * 60 * 1000 + 1000);
	CU_ASSERT_EQUAL(count(&e, "RedfishServiceFunctional"), 3);
	CU_ASSERT_EQUAL(e.n, 3);
	close_ear(&e);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_power_change_is_told_within_a_second),
		UNIT_CASE(filters_choose_what_is_told),
		UNIT_CASE(a_medium_and_its_boot_are_told_in_order),
		UNIT_CASE(what_is_not_taken_is_tried_again_and_not_lost),
		UNIT_CASE(a_dead_subscriber_is_dropped_suspended_or_kept),
		UNIT_CASE(what_cannot_be_a_subscription_is_refused),
		UNIT_CASE(vendors_have_their_own_ways_to_subscribe),
		UNIT_CASE(a_restart_of_the_bmc_is_told_to_who_is_kept),
		UNIT_CASE(a_heartbeat_comes_every_so_often),
	};

	return UNIT_RUN("bmc event", cases);
}
