/* Registries and schema files, served locally. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define REGISTRIES "/redfish/v1/Registries"

static void
every_message_can_be_looked_up(void)
{
	static const char *const files[] = { "Base", "ResourceEvent",
		"TaskEvent", "Update", "HeartbeatEvent", "SimEvent" };
	struct rig g;
	char path[256];

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)str_format(
		    path, sizeof(path), REGISTRIES "/%s", files[i]);
		CHECK_ROW(rig_get(&g, path) == 200, path);
		CHECK_TEXT(rig_at(&g, "Id"), files[i]);
		(void)str_copy(
		    path, sizeof(path), rig_at(&g, "Location/0/Uri"));
		CHECK_ROW(rig_get(&g, path) == 200, path);
		CHECK_TEXT(rig_at(&g, "RegistryPrefix"), files[i]);
		CHECK_TEXT(rig_at(&g, "Language"), "en");
	}
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/registries/Base.1.18.json"), 200);
	CHECK_TEXT(rig_at(&g, "RegistryVersion"), "1.18.0");
	CHECK_TEXT(
	    rig_at(&g, "Messages/PropertyValueNotInList/NumberOfArgs"), "2");
	CHECK_TEXT(rig_at(&g, "Messages/PropertyValueNotInList/ParamTypes"),
	    "[\"string\",\"string\"]");
	CHECK_TEXT(rig_at(&g, "Messages/Success/NumberOfArgs"), "0");
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/registries/Other.1.0.json"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, REGISTRIES "/Other"), 404);
	rig_close(&g);
}

static void
each_type_has_one_schema_file(void)
{
	struct rig g;
	uint64_t n = 0;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/JsonSchemas"), 200);
	CU_ASSERT_TRUE(str_to_u64(rig_at(&g, "Members@odata.count"), &n));
	CHECK_ROW(n > 20, "types");
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/JsonSchemas/ComputerSystem"), 200);
	CHECK_TEXT(
	    rig_at(&g, "Schema"), "#ComputerSystem.v1_22_0.ComputerSystem");
	CHECK_TEXT(rig_at(&g, "Location/0/PublicationUri"),
	    "http://redfish.dmtf.org/schemas/v1/ComputerSystem.v1_22_0.json");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/JsonSchemas/Nothing"), 404);
	rig_close(&g);
}

static void
a_bmc_without_them_shows_none(void)
{
	struct rig g;

	rig_profile(&g, "sushy-tools");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CHECK_TEXT(rig_at(&g, "JsonSchemas"), "");
	CHECK_TEXT(rig_at(&g, "Registries/@odata.id"), REGISTRIES);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/JsonSchemas"), 404);
	CU_ASSERT_EQUAL(rig_get(&g, REGISTRIES), 200);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(every_message_can_be_looked_up),
		UNIT_CASE(each_type_has_one_schema_file),
		UNIT_CASE(a_bmc_without_them_shows_none),
	};

	return UNIT_RUN("bmc registry", cases);
}
