/* A Node is no fiction: it registers only after the machine really read its
 * medium and ran an OS. */
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/world.h"
#include "sim/core/core.h"
#include "tests/unit/core_rig.h"

#define N0 "/api/v1/nodes/bmc-000"

static void
control(struct core_rig *r, const char *path, const char *body)
{
	int status = 0;
	cJSON *b = body == NULL ? NULL : json_parse(body, strlen(body), NULL);

	cJSON_Delete(
	    bmc_fleet_control(stage_fleet(r->s), "POST", path, b, &status));
	cJSON_Delete(b);
	CU_ASSERT_TRUE(status >= 200 && status < 300);
}

struct answer {
	bool done;
	int status;
};

static void
redfish_done(void *arg, const struct http_result *res)
{
	struct answer *a = arg;

	a->done = true;
	a->status = res->status;
}

/* One Redfish write as a person with a tool would do it. */
static void
redfish(struct core_rig *r, struct http_peer *peer, const char *method,
    const char *target, const char *body)
{
	struct answer a = { 0 };
	struct http_header h[] = { { "Authorization",
				       "Basic cm9vdDpiNy1zaW0tc2VjcmV0" },
		{ "Content-Type", "application/json" } };
	struct http_request rq = { .method = method,
		.target = target,
		.headers = h,
		.n_headers = 2,
		.body = { body, strlen(body) },
		.done = redfish_done,
		.arg = &a };

	(void)http_start(peer, &rq);
	core_rig_run(r, 2 * LOOP_S);
	CU_ASSERT_TRUE(a.done);
	if (a.status < 200 || a.status >= 300)
		(void)fprintf(stderr, "%s %s: %d\n", method, target, a.status);
	CU_ASSERT_TRUE(a.status >= 200 && a.status < 300);
}

static void
boot_medium(struct core_rig *r, const char *image)
{
	struct loop *l =
	    world_spawn(stage_world(r->s), "person", "10.0.7.1", 0);
	struct http_peer_opts p = { 0 };
	struct err e = { 0 };
	char base[128], *body;
	struct http_peer *peer;

	bmc_address(bmc_fleet_at(stage_fleet(r->s), 0), base, sizeof(base));
	p.base = base;
	peer = http_peer_new(world_net(l), &p, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(peer);
	body = xasprintf("{\"Image\":\"http://10.0.0.3/%s\"}", image);
	redfish(r, peer, "POST",
	    "/redfish/v1/Systems/system-1/VirtualMedia/Cd/Actions/"
	    "VirtualMedia.InsertMedia",
	    body);
	xfree(body);
	redfish(r, peer, "PATCH", "/redfish/v1/Systems/system-1",
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\"}}");
	http_peer_free(peer);
	world_kill(l);
	world_reap(l);
	control(r, "/bmcs/bmc-000/power-button", NULL);
}

static void
a_disk_that_boots_is_no_node(void)
{
	struct core_rig r;
	struct bmc_snapshot snap;

	core_rig_open(&r, 1);
	boot_medium(&r, "installer-reboot.iso");
	core_rig_run(&r, 3 * LOOP_S);
	/* No medium was read to its end yet. */
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "<gone>");
	core_rig_run(&r, 300 * LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, N0, "spec/providerID"), "b7://default/bmc-000");
	/* Its machine left; whoever starts the old disk is no node of ours. */
	CU_ASSERT_EQUAL(core_rig_delete(&r, N0), 200);
	control(&r, "/bmcs/bmc-000/power-button", "{\"hold\":true}");
	core_rig_run(&r, 20 * LOOP_S);
	bmc_snapshot(bmc_fleet_at(stage_fleet(r.s), 0), &snap);
	CHECK_TEXT(snap.power, "Off");
	core_rig_close(&r);
}

static void
a_machine_that_never_read_a_medium_is_no_node(void)
{
	struct core_rig r;

	core_rig_open(&r, 1);
	control(&r, "/bmcs/bmc-000/faults", "{\"action\":\"media-drops\"}");
	boot_medium(&r, "live.iso");
	core_rig_run(&r, 300 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "<gone>");
	core_rig_close(&r);
}

static void
a_restarted_core_invents_no_node(void)
{
	struct core_rig r;
	struct err e = { 0 };

	core_rig_open(&r, 1);
	boot_medium(&r, "live.iso");
	core_rig_run(&r, 300 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "bmc-000");
	control(&r, "/bmcs/bmc-000/power-button", "{\"hold\":true}");
	core_rig_run(&r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(core_rig_delete(&r, N0), 200);
	CU_ASSERT_TRUE_FATAL(stage_core_restart(r.s, &e));
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "<gone>");
	core_rig_close(&r);
}

static void
a_restarted_core_still_sees_what_runs(void)
{
	struct core_rig r;
	struct err e = { 0 };

	core_rig_open(&r, 1);
	boot_medium(&r, "live.iso");
	core_rig_run(&r, 300 * LOOP_S);
	CU_ASSERT_EQUAL(core_rig_delete(&r, N0), 200);
	CU_ASSERT_TRUE_FATAL(stage_core_restart(r.s, &e));
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "bmc-000");
	core_rig_close(&r);
}

static void
a_kubelet_tries_again(void)
{
	static const struct kube_fail fail = {
		.verb = "create", .resource = "nodes", .status = 503, .count = 3
	};
	struct core_rig r;

	core_rig_open(&r, 1);
	kube_server_fail(stage_kube(r.s), &fail);
	boot_medium(&r, "live.iso");
	core_rig_run(&r, 300 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, N0, "metadata/name"), "bmc-000");
	CU_ASSERT_EQUAL(
	    kube_server_requests(stage_kube(r.s), NULL, "create", "nodes"), 4);
	core_rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a disk that boots is no node",
		    a_disk_that_boots_is_no_node },
		{ "a machine that never read a medium is no node",
		    a_machine_that_never_read_a_medium_is_no_node },
		{ "a restarted core invents no node",
		    a_restarted_core_invents_no_node },
		{ "a restarted core still sees what runs",
		    a_restarted_core_still_sees_what_runs },
		{ "a kubelet tries again", a_kubelet_tries_again },
	};

	return UNIT_RUN("core_node", cases);
}
