/* One Redfish service whose systems are many machines. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define V1 "/redfish/v1"
#define TASKS V1 "/TaskService/Tasks"
#define MACHINES 4

/* All of one profile. */
static void
open_service(struct rig *g, const char *profile)
{
	struct bmc_fleet_opts o = { .count = MACHINES,
		.one_service = true,
		.profiles = &profile,
		.n_profiles = 1 };

	rig_open(g, &o);
}

static int
reset(struct rig *g, const char *id, const char *type)
{
	char path[160], body[64];

	(void)str_format(path, sizeof(path),
	    V1 "/Systems/%s/Actions/ComputerSystem.Reset", id);
	(void)str_format(body, sizeof(body), "{\"ResetType\":\"%s\"}", type);
	return rig_call(g, "POST", path, body);
}

static const char *
power(struct rig *g, unsigned i)
{
	struct bmc_snapshot s;

	bmc_snapshot(bmc_fleet_at(g->fleet, i), &s);
	return s.power;
}

static void
all_machines_are_members_and_each_is_another(void)
{
	static const char *const all[] = { "Systems", "Managers", "Chassis" };
	char path[128], first[64], id[32];
	struct rig g;

	open_service(&g, "generic");
	for (size_t i = 0; i < 3; i++) {
		(void)str_format(path, sizeof(path), V1 "/%s", all[i]);
		CU_ASSERT_EQUAL(rig_get(&g, path), 200);
		CHECK_TEXT(rig_at(&g, "Members@odata.count"), "4");
		(void)str_format(path, sizeof(path), V1 "/%s/bmc-003", all[i]);
		CHECK_TEXT(rig_at(&g, "Members/3/@odata.id"), path);
		CU_ASSERT_EQUAL(rig_get(&g, path), 200);
		CHECK_TEXT(rig_at(&g, "Id"), "bmc-003");
	}
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-000"), 200);
	(void)str_copy(first, sizeof(first), rig_at(&g, "UUID"));
	for (unsigned i = 1; i < MACHINES; i++) {
		(void)str_format(id, sizeof(id), "bmc-%03u", i);
		(void)str_format(path, sizeof(path), V1 "/Systems/%s", id);
		CU_ASSERT_EQUAL(rig_get(&g, path), 200);
		CHECK_ROW(!str_eq(rig_at(&g, "UUID"), first), id);
		CHECK_TEXT(rig_at(&g, "HostName"), id);
		(void)str_format(path, sizeof(path), V1 "/Managers/%s", id);
		CHECK_TEXT(rig_at(&g, "Links/ManagedBy/0/@odata.id"), path);
	}
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-004"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems?$expand=."), 200);
	CHECK_TEXT(rig_at(&g, "Members/2/HostName"), "bmc-002");
	rig_close(&g);
}

static void
a_write_changes_the_machine_that_it_names(void)
{
	struct rig g;

	open_service(&g, "generic");
	CU_ASSERT_EQUAL(reset(&g, "bmc-002", "On"), 204);
	rig_run(&g, 3000);
	CHECK_TEXT(power(&g, 0), "Off");
	CHECK_TEXT(power(&g, 1), "Off");
	CHECK_TEXT(power(&g, 2), "On");
	CHECK_TEXT(power(&g, 3), "Off");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", V1 "/Systems/bmc-001",
			    "{\"AssetTag\":\"shelf 7\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-001"), 200);
	CHECK_TEXT(rig_at(&g, "AssetTag"), "shelf 7");
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-000"), 200);
	CHECK_TEXT(rig_at(&g, "AssetTag"), "bmc-000");
	rig_close(&g);
}

static void
one_session_is_good_for_all_machines(void)
{
	struct rig g;

	open_service(&g, "generic");
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-003"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/SessionService/Sessions"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	/* by the name of any machine, it is the service's password */
	CU_ASSERT_EQUAL(rig_control(&g, "POST", "/bmcs/bmc-002/password",
			    "{\"password\":\"other\",\"endSessions\":true}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-003"), 401);
	g.token[0] = '\0';
	g.password = "other";
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-000"), 200);
	rig_close(&g);
}

static void
tasks_are_the_services_and_end_with_their_manager(void)
{
	char first[256];
	struct rig g;

	open_service(&g, "generic");
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    V1 "/Systems/bmc-001/Storage/1/Volumes/1/Actions/"
			       "Volume.Initialize",
			    "{\"InitializeType\":\"Slow\"}"),
	    202);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	(void)str_copy(first, sizeof(first), rig_at(&g, "Members/0/@odata.id"));
	CU_ASSERT_EQUAL(rig_call(&g, "POST",
			    V1 "/Systems/bmc-002/Storage/1/Volumes/1/Actions/"
			       "Volume.Initialize",
			    "{\"InitializeType\":\"Slow\"}"),
	    202);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", V1 "/Managers/bmc-002/Actions/Manager.Reset",
		"{\"ResetType\":\"GracefulRestart\"}"),
	    204);
	rig_run(&g, 1500);
	/* its resources are away, the service and the others are not */
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-002"), 0);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-001"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	CHECK_TEXT(rig_at(&g, "Members/0/@odata.id"), first);
	rig_run(&g, 61000);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-002"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, first), 200);
	rig_close(&g);
}

static void
hear(void *arg, struct http_exchange *x, struct http_bytes body)
{
	unsigned *of_its_system = arg;

	if (memmem(body.p, body.n, "/Systems/bmc-002\"", 17))
		++*of_its_system;
	http_reply(x, 204, NULL, 0, (struct http_bytes){ 0 });
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, hear, arg);
}

static void
a_subscriber_hears_of_all_machines(void)
{
	unsigned heard = 0;
	struct http_listen_opts o = { .addr = "10.3.0.1",
		.port = 8000,
		.handle = handle,
		.arg = &heard };
	struct http_server *ear;
	struct err e = { 0 };
	struct rig g;

	open_service(&g, "generic");
	ear = http_listen(world_net(g.client_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ear);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", V1 "/EventService/Subscriptions",
			    "{\"Destination\":\"http://10.3.0.1:8000/\","
			    "\"Protocol\":\"Redfish\",\"Context\":\"mine\"}"),
	    201);
	CU_ASSERT_EQUAL(reset(&g, "bmc-002", "On"), 204);
	rig_run(&g, 1000);
	CU_ASSERT_TRUE(heard > 0);
	http_server_free(ear);
	rig_close(&g);
}

static void
a_swapped_board_has_another_uri_where_it_is_the_uuid(void)
{
	char before[128], after[128];
	struct rig g;

	open_service(&g, "sushy-tools");
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems"), 200);
	(void)str_copy(
	    before, sizeof(before), rig_at(&g, "Members/1/@odata.id"));
	CU_ASSERT_EQUAL(rig_get(&g, before), 200);
	CHECK_TEXT(rig_at(&g, "HostName"), "bmc-001");
	CU_ASSERT_EQUAL(
	    rig_control(&g, "POST", "/bmcs/bmc-001/swap-board", NULL), 200);
	CU_ASSERT_EQUAL(rig_get(&g, before), 404);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems"), 200);
	(void)str_copy(after, sizeof(after), rig_at(&g, "Members/1/@odata.id"));
	CU_ASSERT_EQUAL(rig_get(&g, after), 200);
	CHECK_TEXT(rig_at(&g, "HostName"), "bmc-001");
	rig_close(&g);
}

static void
faults_and_the_trace_are_of_the_machine(void)
{
	struct rig g;

	open_service(&g, "generic");
	CU_ASSERT_EQUAL(rig_control(&g, "POST", "/bmcs/bmc-001/faults",
			    "{\"action\":\"status\",\"status\":503}"),
	    201);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-001"), 503);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Chassis/bmc-001"), 503);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems/bmc-000"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, V1 "/Systems"), 200);
	CU_ASSERT_EQUAL(
	    rig_control(&g, "GET", "/bmcs/bmc-001/trace", NULL), 200);
	CHECK_TEXT(rig_at(&g, "exchanges/1/target"), V1 "/Chassis/bmc-001");
	CHECK_TEXT(rig_at(&g, "exchanges/2/target"), "");
	rig_close(&g);
}

static void
what_cannot_be_one_service_is_refused(void)
{
	struct bmc_fleet_opts o = { .one_service = true,
		.addr = "10.1.0.1",
		.port = 8443,
		.prefix = 24,
		.profiles_dir = "sim/bmc/profiles" };
	struct err e = { 0 };
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_PTR_NULL(bmc_fleet_new(&g.bmc_env, &o, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	o.prefix = 0;
	o.count = 1000000;
	CU_ASSERT_PTR_NULL(bmc_fleet_new(&g.bmc_env, &o, &e));
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "all machines are members, and each is another",
		    all_machines_are_members_and_each_is_another },
		{ "a write changes the machine that it names",
		    a_write_changes_the_machine_that_it_names },
		{ "one session is good for all machines",
		    one_session_is_good_for_all_machines },
		{ "tasks are the service's and end with their manager",
		    tasks_are_the_services_and_end_with_their_manager },
		{ "a subscriber hears of all machines",
		    a_subscriber_hears_of_all_machines },
		{ "a swapped board has another URI where it is the UUID",
		    a_swapped_board_has_another_uri_where_it_is_the_uuid },
		{ "faults and the trace are of the machine",
		    faults_and_the_trace_are_of_the_machine },
		{ "what cannot be one service is refused",
		    what_cannot_be_one_service_is_refused },
	};

	return UNIT_RUN("bmc one service", cases);
}
