/* only, $expand, $select, $top, $skip; OPTIONS and other methods. */
#include <stdlib.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define ROOT "/redfish/v1"

static void
only_gives_the_one_member(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "/Systems?only"), 200);
	CHECK_TEXT(rig_at(&g, "@odata.id"), RIG_SYS);
	CHECK_TEXT(rig_at(&g, "SystemType"), "Physical");
	/* of several it is the collection */
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Processors?only"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "2");
	rig_close(&g);
}

static void
expand_takes_links_in_as_deep_as_asked(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "/Systems?$expand=."), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/SystemType"), "Physical");
	CHECK_TEXT(rig_at(&g, "Members/0/Processors/Name"), "");
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "/Systems?$expand=.($levels=3)"), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/Processors/Name"), "Processors");
	CHECK_TEXT(rig_at(&g, "Members/0/Processors/Members/1/Id"), "CPU2");
	/* Links are another matter */
	CHECK_TEXT(rig_at(&g, "Members/0/Links/Chassis/0/Id"), "");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "?$expand=~"), 200);
	CHECK_TEXT(rig_at(&g, "Links/Chassis/0/Id"), "chassis-1");
	CHECK_TEXT(rig_at(&g, "Processors/Name"), "");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "?$expand=*"), 200);
	CHECK_TEXT(rig_at(&g, "Links/Chassis/0/Id"), "chassis-1");
	CHECK_TEXT(rig_at(&g, "Processors/Name"), "Processors");
	rig_close(&g);
}

static void
an_expansion_without_end_is_refused(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "?$expand=*($levels=6)"), 507);
	CHECK_TEXT(rig_message(&g), "InsufficientStorage");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	/* strangers see the root, and nothing that it links to */
	g.user = NULL;
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "?$expand=*($levels=6)"), 200);
	CHECK_TEXT(rig_at(&g, "Systems/Members@odata.count"), "");
	rig_close(&g);
}

static void
select_leaves_the_rest_out(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(
	    rig_get(&g,
		RIG_SYS "?$select=PowerState,Boot/BootSourceOverrideTarget"),
	    200);
	CHECK_TEXT(rig_at(&g, "@odata.id"), RIG_SYS);
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideTarget"), "None");
	CHECK_ROW(json_at(g.r.json, "Boot/BootSourceOverrideTarget@Redfish."
				    "AllowableValues") != NULL,
	    "with its annotation");
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideMode"), "");
	CHECK_TEXT(rig_at(&g, "Name"), "");
	CU_ASSERT_EQUAL(
	    rig_get(&g, RIG_SYS "/Processors?$expand=.&$select=Socket"), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/Socket"), "CPU 1");
	CHECK_TEXT(rig_at(&g, "Members/0/Model"), "");
	rig_close(&g);
}

static void
top_and_skip_turn_pages(void)
{
	struct rig g;
	char next[256];

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Memory?$top=3"), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "4");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "Members")), 3);
	(void)str_copy(
	    next, sizeof(next), rig_at(&g, "Members@odata.nextLink"));
	CHECK_TEXT(next, RIG_SYS "/Memory?$skip=3&$top=3");
	CU_ASSERT_EQUAL(rig_get(&g, next), 200);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "Members")), 1);
	CHECK_TEXT(rig_at(&g, "Members@odata.nextLink"), "");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/Memory?$skip=9"), 200);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.r.json, "Members")), 0);
	rig_close(&g);
}

struct bad {
	const char *query;
	int status;
	const char *message;
};

static void
what_is_no_query_is_refused(void)
{
	static const struct bad rows[] = {
		{ "/Systems?only=x", 400, "QueryParameterValueFormatError" },
		{ "/Systems/system-1?only", 400,
		    "QueryNotSupportedOnResource" },
		{ "/Systems?$expand", 400, "QueryParameterValueFormatError" },
		{ "/Systems?$expand=x", 400, "QueryParameterValueFormatError" },
		{ "/Systems?$expand=.($levels=0)", 400,
		    "QueryParameterValueFormatError" },
		{ "/Systems?$expand=.($levels=7)", 400,
		    "QueryParameterOutOfRange" },
		{ "/Systems?$expand=.($levels=2", 400,
		    "QueryParameterValueFormatError" },
		{ "/Systems?$select=", 400, "QueryParameterValueFormatError" },
		{ "/Systems?$select=a,,b", 400,
		    "QueryParameterValueFormatError" },
		{ "/Systems?$top=-1", 400, "QueryParameterOutOfRange" },
		{ "/Systems?$top=x", 400, "QueryParameterValueFormatError" },
		{ "/Systems/system-1?$top=1", 400,
		    "QueryNotSupportedOnResource" },
		{ "/Systems?only&$top=1", 400, "QueryCombinationInvalid" },
		{ "/Systems?$filter=Name%20eq%20'x'", 501,
		    "QueryNotSupported" },
		{ "/Systems?$nonsense=1", 501, "QueryNotSupported" },
		{ "/Systems?nonsense=1", 200, "" },
		{ "/Systems?%zz", 400, "QueryParameterValueFormatError" },
	};
	struct rig g;
	char path[256];

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)str_format(path, sizeof(path), ROOT "%s", rows[i].query);
		CHECK_ROW(rig_get(&g, path) == rows[i].status, rows[i].query);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	rig_close(&g);
}

static void
vendors_know_less(void)
{
	struct rig g;

	rig_profile(&g, "ilo5");
	/* one level of what is not in Links, whatever is asked */
	CU_ASSERT_EQUAL(
	    rig_get(&g, ROOT "/Systems/?$expand=.($levels=5)"), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/SystemType"), "Physical");
	CHECK_TEXT(rig_at(&g, "Members/0/Processors/Name"), "");
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "/Systems/?$nonsense=1"), 200);
	rig_close(&g);
	rig_profile(&g, "sushy-tools");
	CU_ASSERT_EQUAL(rig_get(&g, ROOT "/Systems?$expand=."), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/SystemType"), "");
	CU_ASSERT_EQUAL(rig_get(&g, ROOT), 200);
	CHECK_TEXT(
	    rig_at(&g, "ProtocolFeaturesSupported/OnlyMemberQuery"), "false");
	rig_close(&g);
}

static void
a_method_that_is_not_there_says_which_are(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "OPTIONS", RIG_SYS, NULL), 405);
	CHECK_TEXT(g.r.allow, "GET, HEAD, PATCH");
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", ROOT "/Systems", NULL), 405);
	CHECK_TEXT(g.r.allow, "GET, HEAD");
	CU_ASSERT_EQUAL(
	    rig_get(&g, RIG_SYS "/Actions/ComputerSystem.Reset"), 405);
	CHECK_TEXT(g.r.allow, "POST");
	g.user = NULL;
	CU_ASSERT_EQUAL(rig_call(&g, "OPTIONS", RIG_SYS, NULL), 401);
	rig_close(&g);
	rig_profile(&g, "openbmc");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "OPTIONS", ROOT "/Systems/system", NULL), 204);
	CHECK_TEXT(g.r.allow, "GET, HEAD, PATCH");
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(only_gives_the_one_member),
		UNIT_CASE(expand_takes_links_in_as_deep_as_asked),
		UNIT_CASE(an_expansion_without_end_is_refused),
		UNIT_CASE(select_leaves_the_rest_out),
		UNIT_CASE(top_and_skip_turn_pages),
		UNIT_CASE(what_is_no_query_is_refused),
		UNIT_CASE(vendors_know_less),
		UNIT_CASE(a_method_that_is_not_there_says_which_are),
	};

	return UNIT_RUN("bmc query", cases);
}
