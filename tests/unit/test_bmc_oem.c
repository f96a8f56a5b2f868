/* What vendors have beside the standard's actions, each by what a client sees. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define FTS RIG_SYS "/Oem/ts_fujitsu/VirtualMedia"
#define FTS_DO RIG_SYS "/Actions/Oem/FTSComputerSystem.VirtualMedia"
#define CFG RIG_MGR "/VM1/CfgCD"
#define CD_ONLY \
	"slots: [{id: Cd, name: CD, types: [CD], insert: none}], check: none"

static void
boot_from_cd(struct rig *g)
{
	CU_ASSERT_EQUAL(rig_call(g, "PATCH", RIG_SYS,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
			    "\"BootSourceOverrideTarget\":\"Cd\"}}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_call(g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	CU_ASSERT_TRUE(rig_until(g, "os-up", 600000));
	CU_ASSERT_EQUAL(rig_snap(g).medium_boots, 1);
}

static void
fujitsu_connects_shares(void)
{
	struct rig g;

	rig_knobs(&g, "{root: {oemKey: ts_fujitsu}, "
		      "media: {oem: fujitsu, " CD_ONLY "}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, FTS_DO));
	CU_ASSERT_EQUAL(rig_call(&g, "POST", FTS_DO,
			    "{\"FTSVirtualMediaAction\":\"ConnectCD\"}"),
	    400);
	CHECK_TEXT(rig_message(&g), "ActionParameterMissing");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", FTS,
			    "{\"CDImage\":{\"ShareType\":\"HTTP\"}}"),
	    400);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", FTS,
			    "{\"CDImage\":{\"Server\":\"10.2.0.1:8080\","
			    "\"ShareName\":\".\",\"ImageName\":\"live.iso\","
			    "\"ShareType\":\"NFS\"}}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", FTS, "{\"RemoteMountEnabled\":false}"), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", FTS_DO,
			    "{\"FTSVirtualMediaAction\":\"ConnectCD\"}"),
	    400);
	CHECK_TEXT(rig_message(&g), "ActionNotSupported");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", FTS, "{\"RemoteMountEnabled\":true}"), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", FTS_DO,
			    "{\"FTSVirtualMediaAction\":\"ConnectCD\"}"),
	    204);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_CD), 200);
	CHECK_TEXT(rig_at(&g, "Image"), "nfs://10.2.0.1:8080/./live.iso");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", FTS_DO,
			    "{\"FTSVirtualMediaAction\":\"DisconnectCD\"}"),
	    204);
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	rig_close(&g);
}

static void
supermicro_mounts_what_is_configured(void)
{
	struct rig g;

	rig_knobs(&g, "{root: {oemKey: Supermicro}, "
		      "media: {parent: both, oem: isoconfig, " CD_ONLY "}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/VirtualMedia"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "0");
	CHECK_TEXT(
	    rig_at(&g, "Oem/Supermicro/VirtualMediaConfig/@odata.id"), CFG);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_CD), 404);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CFG "/Actions/IsoConfig.Mount", "{}"), 400);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", CFG,
			    "{\"Host\":\"" RIG_ORIGIN "\","
			    "\"Path\":\"\\\\live.iso\"}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CFG "/Actions/IsoConfig.Mount", "{}"), 204);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/VirtualMedia"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_CD), 200);
	CHECK_TEXT(rig_at(&g, "Image"), RIG_ORIGIN "/live.iso");
	boot_from_cd(&g);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", CFG "/Actions/IsoConfig.UnMount", "{}"), 204);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_CD), 404);
	rig_close(&g);
}

/* ---- iRMC's FTSResetType ---------------------------------------------------- */

#define FTS_RESET RIG_SYS "/Actions/Oem/FTSComputerSystem.Reset"

static bool
fts_offers(struct rig *g, const char *type)
{
	const cJSON *list, *c;
	bool is = false;

	CU_ASSERT_EQUAL(rig_get(g, RIG_SYS), 200);
	list = json_arr(g->r.json, "Actions/Oem/#FTSComputerSystem.Reset/"
				   "FTSResetType@Redfish.AllowableValues");
	cJSON_ArrayForEach (c, list)
		is |= str_eq(c->valuestring, type);
	return is;
}

static int
fts_reset(struct rig *g, const char *type)
{
	char body[64];

	(void)str_format(body, sizeof(body), "{\"FTSResetType\":\"%s\"}", type);
	return rig_call(g, "POST", FTS_RESET, body);
}

static void
fujitsu_switches_power_in_its_own_way(void)
{
	struct rig g;

	rig_knobs(&g, "{reset: {oem: fujitsu}}");
	CU_ASSERT_TRUE(fts_offers(&g, "PowerOn"));
	CU_ASSERT_TRUE(fts_offers(&g, "PressPowerButton"));
	CU_ASSERT_FALSE(fts_offers(&g, "PowerOff"));
	CU_ASSERT_EQUAL(fts_reset(&g, "PowerOff"), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterValueNotInList");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", FTS_RESET, "{}"), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterMissing");
	CU_ASSERT_EQUAL(fts_reset(&g, "PowerOn"), 204);
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	CU_ASSERT_FALSE(fts_offers(&g, "PowerOn"));
	CU_ASSERT_TRUE(fts_offers(&g, "PowerCycle"));
	/* the standard's is refused as done already, its own one is not */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"PowerCycle\"}"), 409);
	CU_ASSERT_EQUAL(fts_reset(&g, "PowerCycle"), 204);
	rig_run(&g, 60000);
	CU_ASSERT_EQUAL(rig_snap(&g).boots, 2);
	CU_ASSERT_EQUAL(fts_reset(&g, "PowerOff"), 204);
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "Off");
	rig_close(&g);
	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(fts_reset(&g, "PowerOn"), 404);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(fujitsu_connects_shares),
		UNIT_CASE(supermicro_mounts_what_is_configured),
		UNIT_CASE(fujitsu_switches_power_in_its_own_way),
	};

	return UNIT_RUN("bmc oem", cases);
}
