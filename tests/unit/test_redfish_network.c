/*
 * What a system is called and reached by, where its BMC tells it: whose name
 * it is, which addresses mean something beyond their link.
 */
#include "tests/unit/redfish_rig.h"

#include "common/mem.h"

#define SYS "/redfish/v1/Systems/system-1"
#define BMC "/redfish/v1/Managers/bmc"
#define NIC SYS "/EthernetInterfaces/1"

/* Key of the resource becomes the value, JSON with ' for "; NULL: it goes. */
static void
set(struct rig *g, const char *path, const char *key, const char *text)
{
	char *json = text == NULL ? NULL : xstrdup(text);
	cJSON *v = NULL;

	for (char *p = json; p != NULL && *p; p++)
		if (*p == '\'')
			*p = '"';
	if (json != NULL) {
		v = json_parse(json, strlen(json), NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	}
	json_set(fake_bmc_at(&g->fake, path), key, v);
	xfree(json);
}

static void
protocol(struct rig *g, const char *name, const char *fqdn)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "@odata.id", BMC "/NetworkProtocol");
	json_set_str(j, "HostName", name);
	json_set_str(j, "FQDN", fqdn);
	json_set(g->fake.tree, BMC "/NetworkProtocol", j);
	set(g, BMC, "NetworkProtocol",
	    "{'@odata.id':'" BMC "/NetworkProtocol'}");
}

static const char *
addresses(const struct rig *g, char out[1024])
{
	const struct redfish_state *s = redfish_state(g->rf);

	out[0] = '\0';
	for (size_t i = 0; i < RF_ADDRESSES_MAX && s->addresses[i]; i++) {
		size_t n = strlen(out);

		(void)str_format(out + n, 1024 - n, "%s ", s->addresses[i]);
	}
	return out;
}

static void
a_name_that_the_bmc_calls_itself_is_not_the_systems(void)
{
	static const struct {
		const char *system, *bmc, *fqdn, *want;
	} rows[] = {
		{ "'Node-1'", "bmc-1", "bmc-1.example.com", "node-1" },
		{ "'node-1.Example.com'", "bmc-1", "", "node-1.example.com" },
		{ "'bmc-1'", "bmc-1", "", NULL },
		{ "'BMC-1'", "bmc-1", "", NULL },
		{ "'bmc-1'", "", "bmc-1.example.com", NULL },
		{ "'bmc-1.example.com'", "bmc-1", "", NULL },
		{ "'bmc-10'", "bmc-1", "", "bmc-10" },
		{ "'localhost'", "bmc-1", "", NULL },
		{ "'localhost.localdomain'", "bmc-1", "", NULL },
		{ "'10.0.0.7'", "bmc-1", "", NULL },
		{ "'a..b'", "bmc-1", "", NULL },
		{ "'-a'", "bmc-1", "", NULL },
		{ "'a-'", "bmc-1", "", NULL },
		{ "'a b'", "bmc-1", "", NULL },
		{ "''", "bmc-1", "", NULL },
		{ "null", "bmc-1", "", NULL },
		{ "7", "bmc-1", "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig g;

		rig_open(&g, "generic");
		set(&g, SYS, "HostName", rows[i].system);
		protocol(&g, rows[i].bmc, rows[i].fqdn);
		READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
		CHECK_ROW(str_eq(redfish_state(g.rf)->host_name, rows[i].want),
		    rows[i].system);
		rig_close(&g);
	}
}

static void
whose_name_it_is_must_be_known(void)
{
	struct rig g;

	rig_open(&g, "generic");
	set(&g, SYS, "HostName", "'node-1'");
	set(&g, BMC, "NetworkProtocol", NULL);
	READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
	CU_ASSERT_PTR_NULL(redfish_state(g.rf)->host_name);
	rig_close(&g);
}

static void
addresses_of_a_link_alone_are_left_out(void)
{
	char text[1024];
	struct rig g;

	rig_open(&g, "generic");
	set(&g, NIC, "IPv4Addresses",
	    "[{'Address':'10.0.0.9'},{'Address':'0.0.0.0'},"
	    "{'Address':'169.254.1.2'},{'Address':'127.0.0.1'},"
	    "{'Address':'224.0.0.1'},{'Address':'255.255.255.255'},"
	    "{'Address':'10.0.0.300'},{'Address':null},{},7,"
	    "{'Address':'10.0.0.10'},{'Address':'10.0.0.9'}]");
	set(&g, NIC, "IPv6Addresses",
	    "[{'Address':'2001:DB8:0:0::1'},{'Address':'fe80::1'},"
	    "{'Address':'::'},{'Address':'::1'},{'Address':'ff02::1'},"
	    "{'Address':'fe80::1%eth0'}]");
	READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
	CHECK_TEXT(addresses(&g, text), "10.0.0.10 10.0.0.9 2001:db8::1 ");
	/* And what is gone is gone. */
	set(&g, NIC, "IPv4Addresses", "[]");
	set(&g, NIC, "IPv6Addresses", "{}");
	READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
	CHECK_TEXT(addresses(&g, text), "");
	rig_close(&g);
}

/* 10.0.0.10 and the 39 after it, upwards or downwards. */
static void
many(struct rig *g, bool down)
{
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; i < 40; i++) {
		cJSON *o = cJSON_CreateObject();
		char text[16];

		(void)str_format(
		    text, sizeof(text), "10.0.0.%d", 10 + (down ? 39 - i : i));
		json_set_str(o, "Address", text);
		cJSON_AddItemToArray(list, o);
	}
	json_set(fake_bmc_at(&g->fake, NIC), "IPv4Addresses", list);
}

static void
many_addresses_are_cut_the_same_way_whatever_their_order(void)
{
	char up[1024], down[1024];
	struct rig g;

	rig_open(&g, "generic");
	many(&g, false);
	READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
	(void)addresses(&g, up);
	many(&g, true);
	READ(&g, RF_READ_SYSTEM | RF_READ_NETWORK);
	CHECK_TEXT(addresses(&g, down), up);
	CU_ASSERT_TRUE(str_has_prefix(up, "10.0.0.10 10.0.0.11 "));
	CU_ASSERT_TRUE(str_has_suffix(up, "10.0.0.25 "));
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_name_that_the_bmc_calls_itself_is_not_the_systems),
	UNIT_CASE(whose_name_it_is_must_be_known),
	UNIT_CASE(addresses_of_a_link_alone_are_left_out),
	UNIT_CASE(many_addresses_are_cut_the_same_way_whatever_their_order),
};

int
main(void)
{
	return UNIT_RUN("redfish_network", cases);
}
