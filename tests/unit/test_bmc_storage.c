/* Volumes: made, initialized, deleted, with what was on them. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define STORAGE RIG_SYS "/Storage/1"
#define VOLUMES STORAGE "/Volumes"
#define DRIVES "/redfish/v1/Chassis/chassis-1/Drives"
#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define TASKS "/redfish/v1/TaskService/Tasks"

static void
with_disk(struct rig *g)
{
	struct bmc_override ov = { .bmc = "bmc-000", .disk_image = "factory" };
	struct bmc_fleet_opts o = { .overrides = &ov, .n_overrides = 1 };

	rig_open(g, &o);
}

static void
a_machine_comes_with_one_volume(void)
{
	struct rig g;

	with_disk(&g);
	CU_ASSERT_EQUAL(rig_get(&g, STORAGE), 200);
	CHECK_TEXT(rig_at(&g, "Volumes/@odata.id"), VOLUMES);
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES "/1"), 200);
	CHECK_TEXT(rig_at(&g, "RAIDType"), "RAID1");
	CHECK_TEXT(rig_at(&g, "Links/Drives@odata.count"), "2");
	CHECK_TEXT(rig_at(&g, "CapacityBytes"), "960000000000");
	CU_ASSERT_EQUAL(rig_get(&g, DRIVES "/2"), 200);
	CHECK_TEXT(rig_at(&g, "Links/Volumes/0/@odata.id"), VOLUMES "/1");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", VOLUMES "/1", "{\"DisplayName\":\"os\"}"),
	    200);
	CHECK_TEXT(rig_at(&g, "DisplayName"), "os");
	rig_close(&g);
}

static void
deleting_it_takes_the_system_with_it(void)
{
	struct rig g;

	with_disk(&g);
	CHECK_TEXT(rig_snap(&g).disk_image, "factory");
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", VOLUMES "/1", NULL), 204);
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES "/1"), 404);
	CHECK_TEXT(rig_snap(&g).disk_image, "");
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	CU_ASSERT_EQUAL(rig_get(&g, DRIVES "/1"), 200);
	CHECK_TEXT(rig_at(&g, "Links/Volumes"), "[]");
	/* its drives are free for others */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", VOLUMES,
		"{\"RAIDType\":\"RAID0\",\"Name\":\"data\","
		"\"Links\":{\"Drives\":[{\"@odata.id\":\"" DRIVES "/2\"}]}}"),
	    201);
	CHECK_TEXT(g.r.location, VOLUMES "/2");
	CHECK_TEXT(rig_at(&g, "Name"), "data");
	CHECK_TEXT(rig_at(&g, "Links/Drives/0/@odata.id"), DRIVES "/2");
	rig_close(&g);
}

static void
what_cannot_be_a_volume_is_refused(void)
{
	static const struct {
		const char *body, *message;
		int status;
	} rows[] = {
		{ "{}", "PropertyMissing", 400 },
		{ "{\"RAIDType\":\"RAID7\"}", "PropertyValueNotInList", 400 },
		{ "{\"RAIDType\":\"RAID0\",\"Links\":{\"Drives\":"
		  "[{\"@odata.id\":\"/x\"}]}}",
		    "PropertyValueNotInList", 400 },
		{ "{\"RAIDType\":\"RAID0\",\"Links\":{\"Drives\":"
		  "[{\"@odata.id\":\"" DRIVES "/1\"}]}}",
		    "ResourceInUse", 409 },
		{ "{\"RAIDType\":\"RAID5\"}", "PropertyValueConflict", 400 },
		{ "{\"RAIDType\":\"RAID0\",\"Colour\":1}", "PropertyUnknown",
		    400 },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_call(&g, "POST", VOLUMES, rows[i].body) ==
			      rows[i].status,
		    rows[i].body);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	rig_close(&g);
}

static void
a_volume_can_wait_for_the_next_post(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", VOLUMES "/1", NULL), 204);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", VOLUMES,
			    "{\"RAIDType\":\"RAID1\","
			    "\"@Redfish.OperationApplyTime\":\"OnReset\"}"),
	    202);
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Running");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	CU_ASSERT_EQUAL(rig_get(&g, VOLUMES "/2"), 200);
	rig_close(&g);
}

static void
initializing_is_a_task_and_empties_it(void)
{
	struct rig g;

	with_disk(&g);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", VOLUMES "/1/Actions/Volume.Initialize",
		"{\"InitializeType\":\"Gentle\"}"),
	    400);
	CHECK_TEXT(rig_snap(&g).disk_image, "factory");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", VOLUMES "/1/Actions/Volume.Initialize",
		"{\"InitializeType\":\"Slow\"}"),
	    202);
	CHECK_TEXT(rig_snap(&g).disk_image, "");
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", VOLUMES "/1", NULL), 503);
	rig_run(&g, 121 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, TASKS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", VOLUMES "/1", NULL), 204);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_machine_comes_with_one_volume),
		UNIT_CASE(deleting_it_takes_the_system_with_it),
		UNIT_CASE(what_cannot_be_a_volume_is_refused),
		UNIT_CASE(a_volume_can_wait_for_the_next_post),
		UNIT_CASE(initializing_is_a_task_and_empties_it),
	};

	return UNIT_RUN("bmc storage", cases);
}
