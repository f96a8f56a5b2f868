/*
 * Recordings that are served: what is taken from them, what lives, and what
 * becomes of folders that are none. The tree of these tests is a made-up BMC
 * with the ids, slots and oddities that several vendors have.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/replay.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define SYS "/redfish/v1/Systems/Node-7"
#define SLOT "/redfish/v1/Managers/ctl/VirtualMedia/Disc"

/* path, text */
static const char *const tree[][2] = {
	{ "/redfish/v1",
	    "{'@odata.id':'/redfish/v1/','@odata.type':"
	    "'#ServiceRoot.v1_5_0.ServiceRoot','Systems':{'@odata.id':"
	    "'/redfish/v1/Systems/'},'Managers':{'@odata.id':"
	    "'/redfish/v1/Managers'},'Tasks':{'@odata.id':"
	    "'/redfish/v1/TaskService'},'Links':{'Sessions':{'@odata.id':"
	    "'/redfish/v1/Sessions'}},'Oem':{'Supermicro':{}}}" },
	{ "/redfish/v1/Systems",
	    "{'@odata.id':'/redfish/v1/Systems','Members':[{'@odata.id':"
	    "'/redfish/v1/Systems/Gpu'},{'@odata.id':'" SYS "'}]}" },
	/* no host: it cannot be booted */
	{ "/redfish/v1/Systems/Gpu",
	    "{'@odata.id':'/redfish/v1/Systems/Gpu','Id':'Gpu'}" },
	{ SYS,
	    "{'@odata.id':'" SYS "','@odata.etag':'W/\\'9\\'','@odata.type':"
	    "'#ComputerSystem.v1_5_0.ComputerSystem','SerialNumber':'R7',"
	    "'UUID':'4c4c4544-0031-4210-8030-b4c04f4d3732','PowerState':'On',"
	    "'Model':'M','Boot':{'BootSourceOverrideEnabled':'Once',"
	    "'BootSourceOverrideTarget':'Pxe',"
	    "'BootSourceOverrideTarget@Redfish.AllowableValues':"
	    "['None','Pxe','Cd','UsbCd','Hdd']},"
	    "'BootProgress':{'LastState':'OSRunning'},"
	    "'EthernetInterfaces':{'@odata.id':'" SYS "/Nics'},"
	    "'Links':{'ManagedBy':[{'@odata.id':'/redfish/v1/Managers/ctl'}]},"
	    "'Actions':{'#ComputerSystem.Reset':{'target':'" SYS
	    "/Do/Reset.It','ResetType@Redfish.AllowableValues':"
	    "['On','ForceOff','PowerCycle']}}}" },
	{ SYS "/Nics", "{'@odata.id':'" SYS
		       "/Nics','Members':[{'@odata.id':'" SYS "/Nics/1'}]}" },
	{ SYS "/Nics/1", "{'@odata.id':'" SYS "/Nics/1','@odata.type':"
			 "'#EthernetInterface.v1_4_0.EthernetInterface',"
			 "'MACAddress':'0C:42:A1:00:00:01'}" },
	{ "/redfish/v1/Managers",
	    "{'@odata.id':'/redfish/v1/Managers','Members':[{'@odata.id':"
	    "'/redfish/v1/Managers/ctl'}]}" },
	{ "/redfish/v1/Managers/ctl",
	    "{'@odata.id':'/redfish/v1/Managers/ctl','FirmwareVersion':'9',"
	    "'VirtualMedia':{'@odata.id':"
	    "'/redfish/v1/Managers/ctl/VirtualMedia'}}" },
	{ "/redfish/v1/Managers/ctl/VirtualMedia",
	    "{'@odata.id':'/redfish/v1/Managers/ctl/VirtualMedia','Members':["
	    "{'@odata.id':'/redfish/v1/Managers/ctl/VirtualMedia/Stick'},"
	    "{'@odata.id':'" SLOT "'}]}" },
	{ SLOT, "{'@odata.id':'" SLOT "','MediaTypes':['CD','DVD'],'Image':'',"
		"'ImageName':'','Inserted':false,'ConnectedVia':'NotConnected',"
		"'Actions':{'#VirtualMedia.InsertMedia':{'target':'" SLOT
		"/Actions/VirtualMedia.InsertMedia',"
		"'TransferProtocolType@Redfish.AllowableValues':['HTTP']}}}" },
	{ "/redfish/v1/Managers/ctl/VirtualMedia/Stick",
	    "{'@odata.id':'/redfish/v1/Managers/ctl/VirtualMedia/Stick',"
	    "'MediaTypes':['USBStick'],'Image':''}" },
	{ "/redfish/v1/TaskService",
	    "{'@odata.id':'/redfish/v1/TaskService','Tasks':{'@odata.id':"
	    "'/redfish/v1/TaskService/Tasks'}}" },
	{ "/redfish/v1/TaskService/Tasks",
	    "{'@odata.id':'/redfish/v1/TaskService/Tasks','Members':"
	    "[{'@odata.id':'/redfish/v1/TaskService/Tasks/old'}]}" },
};
#define N_TREE (sizeof(tree) / sizeof(tree[0]))

/* Single quotes are easier to read in C. */
static char *
json_of(const char *quoted)
{
	char *s = xstrdup(quoted), *to = s;

	for (const char *from = s; *from; from++)
		*to++ = *from == '\'' ? '"' : *from;
	*to = '\0';
	return s;
}

static void
put(struct files *f, const char *path, const char *quoted)
{
	char *text = json_of(quoted);

	files_memory_put(f, path, text, strlen(text));
	xfree(text);
}

static struct files *
recording(const char *below)
{
	struct files *f = files_memory_new();

	for (size_t i = 0; i < N_TREE; i++) {
		char *path = xasprintf("rec%s%s/index.json", below,
		    tree[i][0] + (*below ? 0 : strlen("/redfish/v1")));

		put(f, path, tree[i][1]);
		xfree(path);
	}
	return f;
}

/* ---- loading -------------------------------------------------------------------- */

static void
both_forms_of_mockups_are_read(void)
{
	static const char *const folders[] = { "", "/" };

	for (size_t i = 0; i < 2; i++) {
		struct files *f = recording(folders[i]);
		struct err e = { .kind = ERR_NONE };
		struct replay *r = replay_load(f, i == 0 ? "rec" : "rec/", &e);

		if (!r)
			(void)fprintf(stderr, "%s\n", e.msg);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		/* and the sessions, which could not be read */
		CU_ASSERT_EQUAL(replay_resources(r), N_TREE + 1);
		replay_free(r);
		files_memory_free(f);
	}
}

static void
refused(struct files *f, const char *why)
{
	struct err e = { .kind = ERR_NONE };
	struct replay *r = replay_load(f, "rec", &e);

	CU_ASSERT_PTR_NULL(r);
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	if (!strstr(e.msg, why))
		CHECK_TEXT(e.msg, why);
	replay_free(r);
	files_memory_free(f);
}

static void
what_is_no_recording_is_refused_by_name(void)
{
	static const struct {
		const char *path, *text, *why;
	} t[] = {
		{ "rec/index.json", "{", "rec/index.json: " },
		{ "rec/index.json", "[]", "rec/index.json: no JSON object" },
		{ "rec/index.json", "{}", "holds no system" },
		{ "rec/Systems/Node-7/index.json", "nonsense",
		    "rec/Systems/Node-7/index.json: " },
		{ "rec/manifest.json", "{}", "rec/manifest.json: not a" },
		{ "rec/manifest.json", "[", "rec/manifest.json: " },
		{ "rec/manifest.json",
		    "{'format':'beskar7-recording','version':2}", "version 1" },
		{ "rec/manifest.json",
		    "{'format':'beskar7-recording','version':1,"
		    "'resources':[{'path':'/redfish/v1/../../x'}]}",
		    "is no path of a resource" },
		{ "rec/manifest.json",
		    "{'format':'beskar7-recording','version':1,"
		    "'resources':[{'path':5}]}",
		    "is no path of a resource" },
	};
	struct files *f;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		f = recording("");
		put(f, t[i].path, t[i].text);
		refused(f, t[i].why);
	}
	refused(files_memory_new(), "rec is no recording");
}

static void
too_much_is_refused_by_name(void)
{
	size_t n = REPLAY_FILE_BYTES + 1;
	struct files *f = recording("");
	char *big = xmalloc(n);

	memset(big, ' ', n);
	files_memory_put(f, "rec/Systems/index.json", big, n);
	xfree(big);
	refused(f, "rec/Systems/index.json: larger than");
}

/* A million links in one list, each to a file that is there. */
static void
endless_trees_are_refused_by_name(void)
{
	struct files *f = recording("");
	struct buf list;
	char path[128];

	buf_init(&list, 4 << 20);
	(void)buf_adds(&list, "{\"Members\":[");
	for (int i = 0; i < REPLAY_RESOURCES; i++) {
		(void)buf_addf(&list,
		    "%s{\"@odata.id\":\"/redfish/v1/Chassis/%d\"}",
		    i ? "," : "", i);
		(void)str_format(
		    path, sizeof(path), "rec/Chassis/%d/index.json", i);
		files_memory_put(f, path, "{}", 2);
	}
	(void)buf_adds(&list, "]}");
	files_memory_put(f, "rec/Managers/index.json", list.p, list.n);
	buf_free(&list);
	refused(f, "resources or more");
}

static void
links_lead_nowhere_but_into_the_folder(void)
{
	static const char *const links[] = { "/redfish/v1/../../secret",
		"/redfish/v1/./x", "/redfish/v1//x", "/etc/passwd",
		"http://other/redfish/v1/x", "/redfish/v1\\x", "/redfish/v10/x",
		"", "#/x" };
	struct files *f = recording("");
	struct err e = { .kind = ERR_NONE };
	struct replay *r;
	struct buf list;

	buf_init(&list, 1 << 16);
	(void)buf_adds(&list, "{\"Members\":[{}");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char escaped[64];

		str_escape(
		    escaped, sizeof(escaped), links[i], strlen(links[i]));
		(void)buf_addf(&list, ",{\"@odata.id\":\"%s\"}", escaped);
	}
	/* a circle, and the same once more */
	(void)buf_adds(&list, ",{\"@odata.id\":\"/redfish/v1\"},{\"@odata.id\":"
			      "\"/redfish/v1/Managers/ctl#/x\"},{\"@odata.id\":"
			      "\"/redfish/v1/Managers/ctl/\"}]}");
	files_memory_put(f, "rec/Managers/index.json", list.p, list.n);
	files_memory_put(f, "rec/../../secret/index.json", "{}", 2);
	files_memory_put(f, "secret/index.json", "{}", 2);
	r = replay_load(f, "rec", &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_EQUAL(replay_resources(r), N_TREE + 1);
	replay_free(r);
	buf_free(&list);
	files_memory_free(f);
}

/* ---- serving -------------------------------------------------------------------- */

static char folder[] = "/tmp/b7-replay-XXXXXX";

static void
make_folder(void)
{
	struct files disk = files_system();

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	for (size_t i = 0; i < N_TREE; i++) {
		char *path = xasprintf("%s%s/index.json", folder, tree[i][0]);
		char *text = json_of(tree[i][1]);

		CU_ASSERT_TRUE_FATAL(
		    disk.write(disk.self, path, text, strlen(text), NULL));
		xfree(path);
		xfree(text);
	}
}

static void
remove_folder(void)
{
	char *top;

	for (size_t i = N_TREE; i-- > 0;) {
		char *path = xasprintf("%s%s/index.json", folder, tree[i][0]);

		CU_ASSERT_EQUAL(remove(path), 0);
		xfree(path);
	}
	/* folders: the deepest first, until none is left */
	for (int round = 0; round < 8; round++)
		for (size_t i = N_TREE; i-- > 0;) {
			char *path = xasprintf("%s%s", folder, tree[i][0]);

			(void)remove(path);
			xfree(path);
		}
	top = xasprintf("%s/redfish", folder);
	(void)remove(top);
	xfree(top);
	CU_ASSERT_EQUAL(remove(folder), 0);
}

static void
serve(struct rig *g, unsigned count)
{
	struct bmc_fleet_opts o = { .replay = folder, .count = count };

	rig_open(g, &o);
	g->user = "root";
	g->password = "b7-sim-secret";
}

static void
what_was_recorded_reads_as_it_was(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Managers/ctl"), 200);
	CHECK_TEXT(rig_at(&g, "FirmwareVersion"), "9");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems/Gpu"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Chassis"), 404);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", "/redfish/v1/Managers/ctl", "{}"), 405);
	CHECK_TEXT(g.r.allow, "GET, HEAD");
	g.user = NULL;
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Managers/ctl"), 401);
	rig_close(&g);
}

static void
the_machine_shows_through(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_EQUAL(rig_get(&g, SYS), 200);
	/* it was On and armed; a machine starts off, with nothing armed */
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideEnabled"), "Disabled");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideTarget"), "None");
	CHECK_TEXT(rig_at(&g, "BootProgress/LastState"), "None");
	CHECK_TEXT(rig_at(&g, "SerialNumber"), "R7");
	/* what it did not show, it does not show */
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideMode"), "");
	CHECK_TEXT(rig_at(&g, "LastResetTime"), "");
	CU_ASSERT_TRUE(str_has_prefix(g.r.etag, "W/\""));
	CHECK_TEXT(rig_at(&g, "@odata.etag"), g.r.etag);
	rig_close(&g);
}

static void
its_own_actions_drive_the_machine(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", SYS "/Do/Reset.It",
			    "{\"ResetType\":\"GracefulRestart\"}"),
	    400); /* not offered by this one */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SYS "/Do/Reset.It", "{\"ResetType\":\"On\"}"),
	    204);
	CU_ASSERT_TRUE(rig_until(&g, "power-state On", 10000));
	CU_ASSERT_EQUAL(rig_get(&g, SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "On");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SYS "/Actions/ComputerSystem.Reset",
		"{\"ResetType\":\"On\"}"),
	    404); /* not where the recording has it */
	rig_close(&g);
}

static void
a_medium_goes_in_boots_and_goes_out(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SLOT "/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, SLOT), 200);
	CHECK_TEXT(rig_at(&g, "Image"), RIG_ORIGIN "/live.iso");
	CHECK_TEXT(rig_at(&g, "ImageName"), "live.iso");
	CHECK_TEXT(rig_at(&g, "ConnectedVia"), "URI");
	/* it shows one action at a time */
	CHECK_TEXT(rig_at(&g, "Actions/#VirtualMedia.InsertMedia/target"), "");
	CHECK_TEXT(rig_at(&g, "Actions/#VirtualMedia.EjectMedia/target"),
	    SLOT "/Actions/VirtualMedia.EjectMedia");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", SYS,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":"
			    "\"Once\",\"BootSourceOverrideTarget\":"
			    "\"UsbCd\"}}"),
	    200);
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideTarget"), "UsbCd");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SYS "/Do/Reset.It", "{\"ResetType\":\"On\"}"),
	    204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium", 600000));
	CU_ASSERT_EQUAL(rig_get(&g, SYS), 200);
	CHECK_TEXT(rig_at(&g, "BootProgress/LastState"), "OSRunning");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideEnabled"), "Disabled");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", SLOT "/Actions/VirtualMedia.EjectMedia", "{}"),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, SLOT), 200);
	CHECK_TEXT(rig_at(&g, "ConnectedVia"), "NotConnected");
	/* empty is "" to this one, not null */
	CU_ASSERT_TRUE(cJSON_IsString(json_child(g.r.json, "Image")));
	CHECK_TEXT(rig_at(&g, "Actions/#VirtualMedia.InsertMedia/target"),
	    SLOT "/Actions/VirtualMedia.InsertMedia");
	rig_close(&g);
}

static void
what_the_slot_does_not_list_is_refused(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_TRUE(
	    rig_call(&g, "POST", SLOT "/Actions/VirtualMedia.InsertMedia",
		"{\"Image\":\"nfs://10.2.0.1/live.iso\"}") >= 400);
	rig_close(&g);
}

static void
sessions_and_tasks_are_its_own(void)
{
	struct rig g;

	serve(&g, 1);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/TaskService/Tasks"), 200);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "Members")), 0);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", "/redfish/v1/Sessions",
			    "{\"UserName\":\"root\",\"Password\":"
			    "\"b7-sim-secret\"}"),
	    201);
	CU_ASSERT_TRUE(g.r.token[0] != '\0');
	{
		char location[256];

		(void)str_copy(location, sizeof(location), g.r.location);
		CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Sessions"), 200);
		CHECK_TEXT(rig_at(&g, "Members/0/@odata.id"), location);
		CU_ASSERT_EQUAL(rig_get(&g, location), 200);
		CU_ASSERT_EQUAL(rig_call(&g, "DELETE", location, NULL), 204);
		CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Sessions"), 200);
		CU_ASSERT_EQUAL(
		    json_i64(g.r.json, "Members@odata.count", -1), 0);
	}
	rig_close(&g);
}

static void
each_further_bmc_is_another_machine(void)
{
	struct rig g;
	struct bmc_snapshot a, b;
	struct bmc *second;

	serve(&g, 3);
	bmc_snapshot(bmc_fleet_at(g.fleet, 0), &a);
	CHECK_TEXT(a.serial, "R7");
	second = bmc_fleet_at(g.fleet, 1);
	bmc_snapshot(second, &b);
	CU_ASSERT_STRING_NOT_EQUAL(b.serial, "R7");
	CU_ASSERT_STRING_NOT_EQUAL(b.uuid, a.uuid);
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(both_forms_of_mockups_are_read),
	UNIT_CASE(what_is_no_recording_is_refused_by_name),
	UNIT_CASE(too_much_is_refused_by_name),
	UNIT_CASE(endless_trees_are_refused_by_name),
	UNIT_CASE(links_lead_nowhere_but_into_the_folder),
	UNIT_CASE(make_folder),
	UNIT_CASE(what_was_recorded_reads_as_it_was),
	UNIT_CASE(the_machine_shows_through),
	UNIT_CASE(its_own_actions_drive_the_machine),
	UNIT_CASE(a_medium_goes_in_boots_and_goes_out),
	UNIT_CASE(what_the_slot_does_not_list_is_refused),
	UNIT_CASE(sessions_and_tasks_are_its_own),
	UNIT_CASE(each_further_bmc_is_another_machine),
	UNIT_CASE(remove_folder),
};

int
main(void)
{
	return UNIT_RUN("bmc_replay", cases);
}
