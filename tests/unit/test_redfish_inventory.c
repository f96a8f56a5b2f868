/*
 * What a system is made of, where its BMC tells it: $expand and its failures,
 * summaries that are missing, MACs below the chassis, TPMs; and which part
 * makes it unhealthy.
 */
#include "tests/unit/redfish_rig.h"

#include "common/mem.h"

#define ROOT "/redfish/v1/"
#define SYS "/redfish/v1/Systems/system-1"
#define CHA "/redfish/v1/Chassis/1"

/* JSON with ' for ". */
static cJSON *
tree_of(const char *text)
{
	char *json = xstrdup(text);
	struct err e = { .kind = ERR_NONE };
	cJSON *j;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	j = json_parse(json, strlen(json), &e);
	if (!j)
		fprintf(stderr, "%s: %s\n", e.msg, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	xfree(json);
	return j;
}

static void
put(struct rig *g, const char *path, const char *text)
{
	cJSON *j = tree_of(text);

	json_set_str(j, "@odata.id", path);
	json_set(g->fake.tree, path, j);
}

/* text: an object with the value as its only member; NULL takes key away. */
static void
set(struct rig *g, const char *path, const char *key, const char *text)
{
	cJSON *list = text ? tree_of(text) : NULL;

	json_set(fake_bmc_at(&g->fake, path), key,
	    list ? cJSON_DetachItemFromObjectCaseSensitive(list, "v") : NULL);
	cJSON_Delete(list);
}

static bool
asked(struct rig *g, const char *line)
{
	return strstr(buf_str(&g->fake.log), line) != NULL;
}

static void
can_expand(struct rig *g, unsigned levels)
{
	char text[160];

	(void)str_format(text, sizeof(text),
	    "{'v':{'ExpandQuery':{'NoLinks':true,'Levels':%s,'MaxLevels':%u}}}",
	    levels > 1 ? "true" : "false", levels);
	set(g, ROOT, "ProtocolFeaturesSupported", text);
}

/* ---- $expand ---------------------------------------------------------------- */

static bool
expands_nics(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	const char *text = b->arg;

	(void)method;
	(void)body;
	if (!str_eq(path, SYS "/EthernetInterfaces?$expand=."))
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body), text);
	return true;
}

static void
members_that_come_along_cost_no_request(void)
{
	char text[] = "{\"Members@odata.count\":2,\"Members\":["
		      "{\"@odata.id\":\"" SYS "/EthernetInterfaces/1\","
		      "\"Id\":\"1\",\"Name\":\"x\",\"MACAddress\":"
		      "\"AA:BB:CC:00:00:01\"},"
		      "{\"@odata.id\":\"" SYS "/EthernetInterfaces/2\","
		      "\"Id\":\"2\",\"Name\":\"x\",\"MACAddress\":"
		      "\"AA:BB:CC:00:00:02\"}]}";
	struct rig g;

	rig_open(&g, "generic");
	can_expand(&g, 1);
	g.fake.hook = expands_nics;
	g.fake.arg = text;
	/* the others are not asked before it is seen to fail */
	set(&g, SYS, "Processors", NULL);
	set(&g, SYS, "Storage", NULL);
	set(&g, SYS, "SimpleStorage", NULL);
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_EQUAL(g.nics, 2);
	CHECK_TEXT(g.mac, "aa:bb:cc:00:00:02");
	CU_ASSERT_FALSE(asked(&g, "EthernetInterfaces/1"));
	CU_ASSERT_TRUE(rig_quirks_are(&g, ""));
	rig_close(&g);
}

/* AMI drops required properties of what it expands. */
static void
members_that_come_in_part_are_read(void)
{
	char text[] = "{\"Members@odata.count\":1,\"Members\":["
		      "{\"@odata.id\":\"" SYS "/EthernetInterfaces/2\","
		      "\"MACAddress\":\"AA:BB:CC:00:00:09\"}]}";
	struct rig g;

	rig_open(&g, "generic");
	can_expand(&g, 1);
	g.fake.hook = expands_nics;
	g.fake.arg = text;
	set(&g, SYS, "Processors", NULL);
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_EQUAL(g.nics, 1);
	CU_ASSERT_TRUE(asked(&g, "GET " SYS "/EthernetInterfaces/2\n"));
	rig_close(&g);
}

static void
fewer_members_than_counted_are_read_the_plain_way(void)
{
	char text[] = "{\"Members@odata.count\":3,\"Members\":["
		      "{\"@odata.id\":\"" SYS "/EthernetInterfaces/1\","
		      "\"Id\":\"1\",\"Name\":\"x\",\"MACAddress\":"
		      "\"AA:BB:CC:00:00:07\"}]}";
	struct rig g;

	rig_open(&g, "generic");
	can_expand(&g, 1);
	g.fake.hook = expands_nics;
	g.fake.arg = text;
	set(&g, SYS, "Processors", NULL);
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_EQUAL(g.nics, 2);
	CU_ASSERT_TRUE(asked(&g, "GET " SYS "/EthernetInterfaces\n"));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "expand:none"));
	rig_close(&g);
}

struct refusal {
	int status;
	unsigned seen;
};

static bool
refuses_expand(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	struct refusal *r = b->arg;

	(void)method;
	(void)body;
	if (!strchr(path, '?'))
		return false;
	r->seen++;
	return fake_refuse(a, r->status, "QueryNotSupported", NULL, NULL);
}

static void
a_refused_expand_is_tried_once(void)
{
	static const int statuses[] = { 400, 404, 405, 500, 501 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		struct refusal r = { .status = statuses[i] };
		struct rig g;

		rig_open(&g, "generic");
		can_expand(&g, 6);
		g.fake.hook = refuses_expand;
		g.fake.arg = &r;
		READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
		CU_ASSERT_EQUAL(g.nics, 2);
		CU_ASSERT_EQUAL(g.drives, 1);
		/* retries of what may pass are of one request */
		CU_ASSERT(r.seen >= 1 && (statuses[i] == 500 || r.seen == 1));
		CU_ASSERT_TRUE(rig_quirks_are(&g, "expand:none"));
		r.seen = 0;
		READ(&g, RF_READ_INVENTORY);
		CU_ASSERT_EQUAL(r.seen, 0);
		rig_close(&g);
	}
}

static void
nobody_is_asked_to_expand_who_does_not_offer_it(void)
{
	struct rig g;

	rig_open(&g, "generic");
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_FALSE(asked(&g, "$expand"));
	can_expand(&g, 2);
	DISCOVER(&g);
	READ(&g, RF_READ_INVENTORY);
	CU_ASSERT_TRUE(asked(&g, "?$expand=."));
	rig_close(&g);
}

/* ---- what is missing -------------------------------------------------------- */

struct sums {
	struct rig *g;
	unsigned processors, cores;
	uint64_t mib;
	char model[64];
};

static void
sums_done(void *arg, const struct redfish_reply *r)
{
	struct sums *s = arg;

	if (r->inventory) {
		s->processors = r->inventory->processors;
		s->cores = r->inventory->cores;
		s->mib = r->inventory->memory_mib;
		(void)str_copy(s->model, sizeof(s->model),
		    r->inventory->processor_model
			? r->inventory->processor_model
			: "");
	}
	rig_done(s->g, r);
}

static void
without_summaries_the_parts_are_summed_up(void)
{
	struct rig g;
	struct sums s = { .g = &g };

	rig_open(&g, "generic");
	set(&g, SYS, "ProcessorSummary", NULL);
	set(&g, SYS, "MemorySummary", NULL);
	set(&g, SYS, "Processors", "{'v':{'@odata.id':'" SYS "/P'}}");
	set(&g, SYS, "Memory", "{'v':{'@odata.id':'" SYS "/M'}}");
	put(&g, SYS "/P",
	    "{'Members':[{'@odata.id':'" SYS "/P/1'},{'@odata.id':'" SYS
	    "/P/2'},{'@odata.id':'" SYS "/P/3'},{'@odata.id':'" SYS "/P/4'}]}");
	put(&g, SYS "/P/1",
	    "{'ProcessorType':'CPU','TotalCores':24,'Model':'Fast'}");
	put(&g, SYS "/P/2", "{'TotalCores':24,'Model':'Fast'}");
	put(&g, SYS "/P/3", "{'ProcessorType':'GPU','TotalCores':9000}");
	put(&g, SYS "/P/4", "{'Status':{'State':'Absent'},'TotalCores':24}");
	put(&g, SYS "/M",
	    "{'Members':[{'@odata.id':'" SYS "/M/1'},{'@odata.id':'" SYS
	    "/M/2'},{'@odata.id':'" SYS "/M/3'}]}");
	put(&g, SYS "/M/1", "{'CapacityMiB':65536}");
	put(&g, SYS "/M/2", "{'CapacityMiB':65536}");
	put(&g, SYS "/M/3",
	    "{'CapacityMiB':65536,'Status':{'State':'Absent'}}");
	OK(&g, redfish_read(
		   g.rf, RF_READ_SYSTEM | RF_READ_INVENTORY, sums_done, &s));
	CU_ASSERT_EQUAL(s.processors, 2);
	CU_ASSERT_EQUAL(s.cores, 48);
	CHECK_TEXT(s.model, "Fast");
	CU_ASSERT_EQUAL(s.mib, 131072);
	rig_close(&g);
}

static void
with_summaries_memory_is_not_walked(void)
{
	struct rig g;

	rig_open(&g, "generic");
	set(&g, SYS, "Memory", "{'v':{'@odata.id':'" SYS "/M'}}");
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_FALSE(asked(&g, SYS "/M\n"));
	rig_close(&g);
}

static void
chassis(struct rig *g, const char *body)
{
	set(g, SYS, "Links",
	    "{'v':{'Chassis':[{'@odata.id':'" CHA "'}],"
	    "'ManagedBy':[{'@odata.id':'/redfish/v1/Managers/bmc'}]}}");
	put(g, CHA, body);
}

/* Cisco CIMC has no EthernetInterfaces. */
static void
macs_are_found_below_the_chassis(void)
{
	static const struct {
		const char *list, *function;
	} rows[] = {
		{ "NetworkDeviceFunctions",
		    "{'Ethernet':{'PermanentMACAddress':'AA:BB:CC:00:00:11',"
		    "'MACAddress':'AA:BB:CC:00:00:99'}}" },
		{ "NetworkDeviceFunctions",
		    "{'Ethernet':{'MACAddress':'AA:BB:CC:00:00:11'}}" },
		{ "Ports", "{'Ethernet':{'AssociatedMACAddresses':["
			   "'AA:BB:CC:00:00:11']}}" },
		{ "NetworkPorts",
		    "{'AssociatedNetworkAddresses':['AA:BB:CC:00:00:11']}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[160];
		struct rig g;

		rig_open(&g, "generic");
		set(&g, SYS, "EthernetInterfaces", NULL);
		chassis(&g,
		    "{'NetworkAdapters':{'@odata.id':'" CHA "/NetworkAdapters'"
		    "}}");
		put(&g, CHA "/NetworkAdapters",
		    "{'Members':[{'@odata.id':'" CHA "/NetworkAdapters/1'}]}");
		(void)str_format(text, sizeof(text),
		    "{'%s':{'@odata.id':'" CHA "/NetworkAdapters/1/F'}}",
		    rows[i].list);
		put(&g, CHA "/NetworkAdapters/1", text);
		put(&g, CHA "/NetworkAdapters/1/F",
		    "{'Members':[{'@odata.id':'" CHA
		    "/NA/1'},{'@odata.id':'" CHA "/NA/2'}]}");
		put(&g, CHA "/NA/1", "{'Ethernet':{'MACAddress':null}}");
		put(&g, CHA "/NA/2", rows[i].function);
		READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
		CHECK_ROW(g.nics == 1, rows[i].list);
		rig_close(&g);
	}
}

static void
a_tpm_may_be_a_component_of_the_chassis(void)
{
	static const struct {
		const char *component;
		enum redfish_tristate tpm;
	} rows[] = {
		{ "{'TrustedComponentType':'Discrete'}", RF_YES },
		{ "{'TrustedComponentType':'Integrated','Model':'Firmware "
		  "TPM 2.0'}",
		    RF_YES },
		{ "{'TrustedComponentType':'Integrated','Name':'Titan'}",
		    RF_NO },
		{ "{'TrustedComponentType':'Discrete','Status':{'State':"
		  "'Absent'}}",
		    RF_NO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char want[64];
		struct rig g;

		rig_open(&g, "generic");
		set(&g, SYS, "TrustedModules", NULL);
		chassis(&g, "{'TrustedComponents':{'@odata.id':'" CHA "/TC'}}");
		put(&g, CHA "/TC",
		    "{'Members':[{'@odata.id':'" CHA "/TC/1'}]}");
		put(&g, CHA "/TC/1", rows[i].component);
		READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
		(void)str_format(want, sizeof(want),
		    "x86-64|2.0.1|Contoso|1|%d", (int)rows[i].tpm);
		CHECK_ROW(str_eq(g.text, want), rows[i].component);
		rig_close(&g);
	}
}

static void
a_collection_that_never_ends_does(void)
{
	struct rig g;
	char text[400];

	rig_open(&g, "generic");
	for (int i = 0; i < 200; i++) {
		char path[80];

		(void)str_format(path, sizeof(path), SYS "/N/%d", i);
		(void)str_format(text, sizeof(text),
		    "{'Members':[{'@odata.id':'%s/x'},{'@odata.id':'%s/y'}],"
		    "'Members@odata.nextLink':'" SYS "/N/%d'}",
		    path, path, i + 1);
		put(&g, path, text);
	}
	set(&g, SYS, "EthernetInterfaces", "{'v':{'@odata.id':'" SYS "/N/0'}}");
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT(g.r.requests <= 96);
	rig_close(&g);
}

/* ---- health ----------------------------------------------------------------- */

static bool
caused(struct rig *g, const char *text)
{
	char *const *list = redfish_state(g->rf)->health_parts;

	for (size_t i = 0; i < RF_CAUSES_MAX && list[i]; i++)
		if (str_eq(list[i], text))
			return true;
	for (size_t i = 0; i < RF_CAUSES_MAX && list[i]; i++)
		fprintf(stderr, "cause: %s\n", list[i]);
	return false;
}

static void
the_parts_that_are_not_well_are_named(void)
{
	struct rig g;

	rig_open(&g, "generic");
	set(&g, SYS, "Memory", "{'v':{'@odata.id':'" SYS "/M'}}");
	put(&g, SYS "/M",
	    "{'Members':[{'@odata.id':'" SYS "/M/1'},{'@odata.id':'" SYS
	    "/M/3'}]}");
	put(&g, SYS "/M/1", "{'Name':'DIMM 1','Status':{'Health':'OK'}}");
	put(&g, SYS "/M/3",
	    "{'Name':'DIMM 3','Status':{'Health':'Warning','Conditions':["
	    "{'Severity':'Warning','Message':'too many errors'}]}}");
	chassis(&g, "{'PowerSubsystem':{'@odata.id':'" CHA "/PS'},"
		    "'Power':{'@odata.id':'" CHA "/Power'},"
		    "'Thermal':{'@odata.id':'" CHA "/Thermal'}}");
	put(&g, CHA "/PS", "{'PowerSupplies':{'@odata.id':'" CHA "/PS/All'}}");
	put(&g, CHA "/PS/All", "{'Members':[{'@odata.id':'" CHA "/PS/2'}]}");
	put(&g, CHA "/PS/2", "{'Name':'PSU 2','Status':{'Health':'Critical'}}");
	put(&g, CHA "/Thermal",
	    "{'Fans':[{'Name':'Fan 1','Status':{'Health':'OK'}},{'Name':"
	    "'Fan 2','Status':{'Health':'Critical'}}]}");
	set(&g, SYS, "LogServices", "{'v':{'@odata.id':'" SYS "/L'}}");
	put(&g, SYS "/L", "{'Members':[{'@odata.id':'" SYS "/L/1'}]}");
	put(&g, SYS "/L/1", "{'Entries':{'@odata.id':'" SYS "/L/1/E'}}");
	put(&g, SYS "/L/1/E",
	    "{'Members':["
	    "{'Created':'2026-01-01T00:00:00Z','Severity':'Critical',"
	    "'Message':'old'},"
	    "{'Created':'2026-01-03T00:00:00Z','Severity':'Critical',"
	    "'Message':'fan stopped'},"
	    "{'Created':'2026-01-04T00:00:00Z','Severity':'OK',"
	    "'Message':'fine'},"
	    "{'Created':'2026-01-05T00:00:00Z','Severity':'Critical',"
	    "'Resolved':true,'Message':'mended'},"
	    "{'Created':'2026-01-02T00:00:00Z','Severity':'Warning',"
	    "'Message':'fan slow'}]}");
	READ(&g, RF_READ_SYSTEM | RF_READ_HEALTH);
	CU_ASSERT_TRUE(caused(&g, "memory DIMM 3: Warning: too many errors"));
	CU_ASSERT_TRUE(caused(&g, "power supply PSU 2: Critical"));
	CU_ASSERT_TRUE(caused(&g, "fan Fan 2: Critical"));
	CU_ASSERT_TRUE(
	    caused(&g, "log 2026-01-03T00:00:00Z: Critical: fan stopped"));
	CU_ASSERT_TRUE(
	    caused(&g, "log 2026-01-02T00:00:00Z: Warning: fan slow"));
	CU_ASSERT_PTR_NULL(redfish_state(g.rf)->health_parts[5]);
	/* the new way, where there are two */
	CU_ASSERT_FALSE(asked(&g, CHA "/Power\n"));
	CU_ASSERT(g.r.requests <= 40);
	rig_close(&g);
}

static void
a_healthy_system_is_not_searched(void)
{
	struct rig g;

	rig_open(&g, "generic");
	chassis(&g, "{'Name':'box','Status':{'Health':'Critical'}}");
	READ(&g, RF_READ_SYSTEM | RF_READ_HEALTH);
	CU_ASSERT_TRUE(caused(&g, "chassis box: Critical"));
	set(&g, SYS, "Status", "{'v':{'Health':'OK'}}");
	rig_sleep(&g, 6 * LOOP_MIN); /* past conditional reads */
	fake_bmc_forget_log(&g.fake);
	READ(&g, RF_READ_SYSTEM | RF_READ_HEALTH);
	CHECK_TEXT(buf_str(&g.fake.log), "GET " SYS "\n");
	CU_ASSERT_PTR_NULL(redfish_state(g.rf)->health_parts[0]);
	rig_close(&g);
}

/* Spoils the request after the manager's, and each try of it. */
static bool
spoils_power(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	(void)a;
	if (str_eq(path, "/redfish/v1/Managers/bmc") ||
	    str_eq(path, CHA "/Power"))
		b->spoil_at = b->requests + 1;
	return false;
}

/* One resource that hangs is not the whole BMC. */
static void
a_part_that_hangs_costs_no_more_than_the_rest_of_the_walk(void)
{
	struct rig g;

	rig_open(&g, "generic");
	set(&g, SYS, "Processors", NULL);
	set(&g, SYS, "Storage", NULL);
	set(&g, SYS, "EthernetInterfaces", NULL);
	chassis(&g, "{'Name':'box','Status':{'Health':'Critical'},"
		    "'Power':{'@odata.id':'" CHA "/Power'}}");
	put(&g, CHA "/Power", "{'PowerSupplies':[]}");
	DISCOVER(&g);
	g.fake.hook = spoils_power;
	g.fake.spoil = FAKE_HANG;
	READ(&g, RF_READ_SYSTEM | RF_READ_HEALTH);
	CU_ASSERT_TRUE(asked(&g, CHA "/Power\n"));
	CU_ASSERT_TRUE(caused(&g, "chassis box: Critical"));
	CU_ASSERT_EQUAL(g.r.http, HTTP_E_DEADLINE);
	rig_close(&g);
}

static bool
huge_secure_boot(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)body;
	if (!str_eq(path, SYS "/SecureBoot"))
		return false;
	a->status = 200;
	memset(a->body, ' ', sizeof(a->body) - 1);
	return true;
}

static void
what_is_too_large_is_left_out(void)
{
	struct redfish_opts o = { .key = "ns/host-1",
		.address = "http://10.0.0.2",
		.body_max = 4000 };
	struct err e = { .kind = ERR_NONE };
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = huge_secure_boot;
	redfish_free(g.rf);
	o.credentials.username = "root";
	o.credentials.password = &g.password;
	o.credentials.version = "v1";
	g.rf = redfish_new(&g.env, &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g.rf);
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_EQUAL(g.nics, 2);
	CHECK_TEXT(g.text, "x86-64|2.0.1|Contoso|0|2");
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(members_that_come_along_cost_no_request),
	UNIT_CASE(members_that_come_in_part_are_read),
	UNIT_CASE(fewer_members_than_counted_are_read_the_plain_way),
	UNIT_CASE(a_refused_expand_is_tried_once),
	UNIT_CASE(nobody_is_asked_to_expand_who_does_not_offer_it),
	UNIT_CASE(without_summaries_the_parts_are_summed_up),
	UNIT_CASE(with_summaries_memory_is_not_walked),
	UNIT_CASE(macs_are_found_below_the_chassis),
	UNIT_CASE(a_tpm_may_be_a_component_of_the_chassis),
	UNIT_CASE(a_collection_that_never_ends_does),
	UNIT_CASE(the_parts_that_are_not_well_are_named),
	UNIT_CASE(a_healthy_system_is_not_searched),
	UNIT_CASE(a_part_that_hangs_costs_no_more_than_the_rest_of_the_walk),
	UNIT_CASE(what_is_too_large_is_left_out),
};

int
main(void)
{
	return UNIT_RUN("redfish_inventory", cases);
}
