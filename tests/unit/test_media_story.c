/* Virtual media that this BMC will not have as the agent would like: each is
 * named in a condition, and costs no boot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define GROUP "infrastructure.cluster.x-k8s.io"
#define IMAGE "http://10.0.0.3/installer.iso"
#define HTTPS_IMAGE "https://10.0.0.3/installer.iso"

static struct stage *
begin(const char *profile, const char *knobs, const char *image)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };
	struct stage *s = story_new_knobs(profile, knobs, 1);

	CU_ASSERT_FATAL(stage_serve_https(s, NULL));
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_wait(s, "physicalhosts", "bmc-000", "status/state", "Available",
	    5 * LOOP_MIN);
	story_machine(s, image, "Installer");
	return s;
}

static struct bmc_snapshot
snapshot(struct stage *s)
{
	struct bmc_snapshot snap;

	bmc_snapshot(bmc_fleet_at(stage_fleet(s), 0), &snap);
	return snap;
}

static void
go(struct stage *s, int64_t us)
{
	struct world *w = stage_world(s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL);
}

/* Does a condition of the host say so? */
static bool
says(struct stage *s, const char *text)
{
	const cJSON *o = kube_server_see(
	    stage_kube(s), GROUP, "physicalhosts", "default", "bmc-000");
	const cJSON *c;
	bool said = false;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions")) {
		if (!str_eq(json_str(c, "status", ""), "False"))
			continue;
		said |= strstr(json_str(c, "message", ""), text) != NULL;
		if (getenv("STORY_VERBOSE"))
			(void)fprintf(stderr, "%s: %s\n",
			    json_str(c, "type", ""),
			    json_str(c, "message", ""));
	}
	json_drop(o);
	return said;
}

static void
an_image_server_that_the_bmc_does_not_believe_is_named(void)
{
	struct stage *s =
	    begin("openbmc", "{media: {verify: always}}", HTTPS_IMAGE);

	go(s, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(says(s, "certificate"));
	CU_ASSERT_EQUAL(snapshot(s).medium_boots, 0);
	CU_ASSERT_STRING_EQUAL(snapshot(s).power, "Off");
	go(s, 50 * LOOP_MIN);
	CU_ASSERT_EQUAL(snapshot(s).boots, 0);
	CHECK_ROW(snapshot(s).requests < 200, "no event makes it try again");
	stage_free(s);
}

static void
media_that_only_a_vendor_can_insert_are_named(void)
{
	static const struct {
		const char *knobs, *says;
	} rows[] = {
		{ "{root: {oemKey: ts_fujitsu}, media: {oem: fujitsu, slots: "
		  "[{id: Cd, name: CD, types: [CD], insert: none}]}}",
		    "NFS and SMB shares" },
		{ "{root: {oemKey: Supermicro}, media: {oem: isoconfig}}",
		    "the maker's own IsoConfig" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stage *s = begin("generic", rows[i].knobs, IMAGE);

		go(s, 60 * LOOP_MIN);
		CHECK_ROW(says(s, rows[i].says), rows[i].knobs);
		CHECK_ROW(snapshot(s).boots == 0, rows[i].knobs);
		CHECK_ROW(snapshot(s).requests < 400, rows[i].knobs);
		stage_free(s);
	}
}

static bool
is_inserted(void *arg)
{
	return snapshot(arg).media_inserted;
}

static bool
is_provisioned(void *arg)
{
	const cJSON *o = kube_server_see(
	    stage_kube(arg), GROUP, "beskar7machines", "default", "m1");
	bool done = json_str(o, "spec/providerID", NULL) != NULL;

	json_drop(o);
	return done;
}

/* The controller restarts so long after the medium is in it. */
static bool
lose_media(int64_t after_us)
{
	struct stage *s = begin("generic", "{media: {keep: false}}", IMAGE);
	struct world *w = stage_world(s);
	int status = 0;
	char row[64];
	bool ended;

	(void)str_format(
	    row, sizeof(row), "after %lld ms", (long long)(after_us / LOOP_MS));
	CHECK_ROW(
	    world_run(w, world_now_us(w) + 10 * LOOP_MIN, is_inserted, s), row);
	go(s, after_us);
	cJSON_Delete(bmc_fleet_control(stage_fleet(s), "POST",
	    "/bmcs/bmc-000/restart-bmc", NULL, &status));
	CU_ASSERT_EQUAL(status, 200);
	CHECK_ROW(!snapshot(s).media_inserted, row);
	if (after_us > 0) { /* told when the BMC is back, not at the end */
		go(s, 10 * LOOP_MIN);
		CHECK_ROW(says(s, "the BMC lost the image"), row);
		CHECK_ROW(!says(s, "set the annotation"), row);
	}
	ended =
	    world_run(w, world_now_us(w) + 4 * LOOP_HOUR, is_provisioned, s);
	CHECK_ROW(ended || says(s, "set the annotation"), row);
	CHECK_ROW(ended || says(s, "the BMC lost the image"), row);
	CHECK_ROW(snapshot(s).medium_boots <= 1, row);
	CHECK_ROW(ended == (snapshot(s).medium_boots == 1), row);
	CHECK_ROW(snapshot(s).requests < 1500, row);
	stage_free(s);
	return ended;
}

/* Until the machine is started it is put back. After that nothing is done
 * twice, since nobody knows what runs: a person is asked. */
static void
a_medium_lost_at_a_restart_of_the_bmc_costs_no_second_boot(void)
{
	CU_ASSERT_TRUE(lose_media(0));
	CU_ASSERT_FALSE(lose_media(LOOP_S));
	CU_ASSERT_FALSE(lose_media(15 * LOOP_S));
}

static unsigned
operations(struct stage *s, const char *name)
{
	int status = 0;
	cJSON *o = bmc_fleet_control(
	    stage_fleet(s), "GET", "/bmcs/bmc-000", NULL, &status);
	char path[64];
	unsigned n;

	(void)str_format(path, sizeof(path), "operations/%s", name);
	n = (unsigned)json_i64(o, path, 0);
	json_drop(o);
	return n;
}

static bool
is_armed(void *arg)
{
	return str_eq(snapshot(arg).override_enabled, "Once");
}

static void
look_empty_once(struct stage *s, int64_t after)
{
	cJSON *rule = cJSON_CreateObject();
	int status = 0;

	json_set_str(rule, "action", "set");
	json_set_str(rule, "operation", "read-media");
	json_set_str(rule, "property", "Inserted");
	json_set_bool(rule, "value", false);
	json_set_i64(rule, "count", 1);
	json_set_i64(rule, "after", after);
	cJSON_Delete(bmc_fleet_control(
	    stage_fleet(s), "POST", "/bmcs/bmc-000/faults", rule, &status));
	CU_ASSERT_EQUAL(status / 100, 2);
	cJSON_Delete(rule);
}

/* An agent that dies with all in place, and its next life, which must look:
 * each of its looks in turn is told that nothing is in the drive. */
static void
one_look_at_an_empty_drive_ends_no_attempt(void)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };

	for (int64_t after = 0; after < 6; after++) {
		/* tags would vouch for what was told once */
		struct stage *s =
		    begin("generic", "{etag: {style: none}}", IMAGE);
		struct world *w = stage_world(s);
		char row[64];

		(void)str_format(
		    row, sizeof(row), "look %lld", (long long)after);
		CHECK_ROW(
		    world_run(w, world_now_us(w) + 10 * LOOP_MIN, is_armed, s),
		    row);
		CHECK_ROW(snapshot(s).boots == 0, row);
		stage_agent_kill(s, 0);
		look_empty_once(s, after);
		go(s, LOOP_MIN);
		CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
		CHECK_ROW(world_run(w, world_now_us(w) + LOOP_HOUR,
			      is_provisioned, s),
		    row);
		CHECK_ROW(snapshot(s).medium_boots == 1, row);
		CHECK_ROW(operations(s, "insert") == 1, row);
		stage_free(s);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(
		    an_image_server_that_the_bmc_does_not_believe_is_named),
		UNIT_CASE(media_that_only_a_vendor_can_insert_are_named),
		UNIT_CASE(one_look_at_an_empty_drive_ends_no_attempt),
		UNIT_CASE(
		    a_medium_lost_at_a_restart_of_the_bmc_costs_no_second_boot),
	};

	return UNIT_RUN("media story", cases);
}
