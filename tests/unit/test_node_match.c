/* Which node is a host's, and what is looked at of a node. */
#include "agent/control/node_match.h"

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define UUID "4c4c4544-0042-3510-8052-b4c04f4b3533"
#define SWAPPED "44454c4c-4200-1035-8052-b4c04f4b3533"

static bool
same(const char *a, const char *b)
{
	char x[NODE_UUID_CAP], y[NODE_UUID_CAP];

	return node_uuid_key(a, x) && node_uuid_key(b, y) && str_eq(x, y);
}

static void
byte_orders_and_letters_make_no_difference(void)
{
	CU_ASSERT_TRUE(same(UUID, UUID));
	CU_ASSERT_TRUE(same(UUID, SWAPPED));
	CU_ASSERT_TRUE(same(SWAPPED, UUID));
	CU_ASSERT_TRUE(same(UUID, "4C4C4544-0042-3510-8052-B4C04F4B3533"));
	CU_ASSERT_TRUE(same(UUID, "44454C4C-4200-1035-8052-B4C04F4B3533"));
	/* Only the first three fields have two orders. */
	CU_ASSERT_FALSE(same(UUID, "4c4c4544-0042-3510-5280-b4c04f4b3533"));
	CU_ASSERT_FALSE(same(UUID, "44454c4c-0042-3510-8052-b4c04f4b3533"));
	CU_ASSERT_FALSE(same(UUID, "4c4c4544-0042-3510-8052-b4c04f4b3534"));
}

static void
placeholders_are_nobody(void)
{
	static const char *const none[] = { "", "x", "To be filled by O.E.M.",
		"00000000-0000-0000-0000-000000000000",
		"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"03000200-0400-0500-0006-000700080009",
		/* the same in the other byte order */
		"00020003-0004-0005-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc",
		"78563412-3412-7856-90ab-cddeefaabbcc",
		"11111111-1111-1111-1111-111111111111",
		"4c4c4544-0042-3510-8052-b4c04f4b353",
		"4c4c4544-0042-3510-8052-b4c04f4b35333" };
	char key[NODE_UUID_CAP];

	CU_ASSERT_FALSE(node_uuid_key(NULL, key));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		CHECK_ROW(!node_uuid_key(none[i], key), none[i]);
		CHECK_ROW(key[0] == '\0', none[i]);
	}
}

static void
only_the_plain_case_is_taken(void)
{
	static const struct {
		const char *what;
		struct node_facts f;
		enum node_match want;
	} rows[] = {
		/* host_uuid, host_twin, on_s, with_uuid, with_id, same,
		 * provider_id, created_s */
		{ "none", { 1, 0, 100, 0, 0, 0, "", 0 }, NODE_NONE },
		{ "plain", { 1, 0, 100, 1, 0, 0, "", 200 }, NODE_TAKE },
		{ "same second", { 1, 0, 100, 1, 0, 0, NULL, 100 }, NODE_TAKE },
		{ "older", { 1, 0, 100, 1, 0, 0, "", 99 }, NODE_OLD },
		{ "no date", { 1, 0, 100, 1, 0, 0, "", 0 }, NODE_OLD },
		{ "adopted", { 1, 0, 0, 1, 0, 0, "", 200 }, NODE_OLD },
		{ "foreign", { 1, 0, 100, 1, 0, 0, "aws:///1", 200 },
		    NODE_FOREIGN },
		{ "old and foreign", { 1, 0, 100, 1, 0, 0, "aws:///1", 1 },
		    NODE_FOREIGN },
		{ "two nodes", { 1, 0, 100, 2, 0, 0, "", 200 }, NODE_SEVERAL },
		{ "two hosts", { 1, 1, 100, 1, 0, 0, "", 200 },
		    NODE_TWO_HOSTS },
		{ "no uuid", { 0, 0, 100, 0, 0, 0, "", 0 }, NODE_NO_UUID },
		{ "ours", { 1, 0, 100, 1, 1, 1, "b7://n/h", 200 }, NODE_OURS },
		{ "ours, old", { 1, 0, 100, 1, 1, 1, "b7://n/h", 1 },
		    NODE_OURS },
		{ "ours, adopted", { 1, 0, 0, 1, 1, 1, "b7://n/h", 1 },
		    NODE_OURS },
		{ "ours by hand, no uuid", { 0, 0, 1, 0, 1, 0, "x", 9 },
		    NODE_OURS },
		{ "ours, twin host", { 1, 1, 100, 1, 1, 1, "x", 200 },
		    NODE_OURS },
		{ "ours, and one like it", { 1, 0, 100, 2, 1, 1, "x", 200 },
		    NODE_OURS },
		{ "one of each", { 1, 0, 100, 1, 1, 0, "x", 200 },
		    NODE_DIVIDED },
		{ "two of ours", { 1, 0, 100, 1, 2, 1, "x", 200 },
		    NODE_SEVERAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(node_match(&rows[i].f) == rows[i].want, rows[i].what);
}

static cJSON *
parse(const char *text)
{
	cJSON *j = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

static void
a_node_is_kept_short_and_its_heartbeat_is_no_news(void)
{
	cJSON *n = parse(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":"
	    "\"n\",\"uid\":\"u\",\"resourceVersion\":\"7\",\"labels\":{\"a\":"
	    "\"b\"},\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{"
	    "\"podCIDR\":\"10.0.0.0/24\",\"providerID\":\"x\"},\"status\":{"
	    "\"images\":[{\"names\":[\"a\"]}],\"addresses\":[{\"type\":"
	    "\"Hostname\",\"address\":\"n\"}],\"conditions\":[{}],\"nodeInfo\":"
	    "{\"systemUUID\":\"" UUID "\",\"bootID\":\"b\"}}}");
	cJSON *later;
	char *text;

	node_trim(n);
	text = json_print(n);
	CHECK_TEXT(text,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":"
	    "\"n\",\"uid\":\"u\",\"resourceVersion\":\"7\","
	    "\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{"
	    "\"providerID\":\"x\"},\"status\":{\"addresses\":[{\"type\":"
	    "\"Hostname\",\"address\":\"n\"}],\"nodeInfo\":{\"systemUUID\":"
	    "\"" UUID "\"}}}");
	xfree(text);
	later = json_dup(n);
	json_put(later, "metadata/resourceVersion", cJSON_CreateString("8"));
	CU_ASSERT_FALSE(node_news(n, later));
	json_put(later, "spec/providerID", cJSON_CreateString("y"));
	CU_ASSERT_TRUE(node_news(n, later));
	CU_ASSERT_TRUE(node_news(NULL, n));
	cJSON_Delete(later);
	cJSON_Delete(n);
	/* What is no object, or has parts of other types, does no harm. */
	n = parse("[1]");
	node_trim(n);
	cJSON_Delete(n);
	n = parse("{\"metadata\":1,\"spec\":[],\"status\":{\"nodeInfo\":7}}");
	node_trim(n);
	cJSON_Delete(n);
}

static void
addresses_are_added_once_and_as_the_contract_takes_them(void)
{
	cJSON *list = parse("[{\"type\":\"InternalIP\",\"address\":"
			    "\"10.0.0.1\"}]");
	cJSON *more = parse(
	    "[{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"},{\"type\":"
	    "\"InternalIP\",\"address\":\"10.0.0.2\"},{\"type\":\"LegacyHostIP"
	    "\",\"address\":\"10.0.0.3\"},{\"type\":\"Hostname\"},{\"type\":"
	    "\"Hostname\",\"address\":\"\"},7,{\"type\":\"Hostname\","
	    "\"address\":\"n\"},{\"type\":\"ExternalIP\",\"address\":\"1.2.3.4"
	    "\"}]");
	cJSON *long_one = cJSON_CreateArray(), *o = cJSON_CreateObject();
	char name[300], *text;

	node_addresses_add(list, more, 3);
	text = json_print(list);
	CHECK_TEXT(text,
	    "[{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"},{\"type\":"
	    "\"InternalIP\",\"address\":\"10.0.0.2\"},{\"type\":\"Hostname\","
	    "\"address\":\"n\"}]");
	xfree(text);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	json_set_str(o, "type", "Hostname");
	json_set_str(o, "address", name);
	cJSON_AddItemToArray(long_one, o);
	node_addresses_add(list, long_one, 64);
	node_addresses_add(list, NULL, 64);
	node_addresses_add(list, o, 64);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(list), 3);
	cJSON_Delete(long_one);
	cJSON_Delete(list);
	cJSON_Delete(more);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(byte_orders_and_letters_make_no_difference),
		UNIT_CASE(placeholders_are_nobody),
		UNIT_CASE(only_the_plain_case_is_taken),
		UNIT_CASE(a_node_is_kept_short_and_its_heartbeat_is_no_news),
		UNIT_CASE(
		    addresses_are_added_once_and_as_the_contract_takes_them),
	};

	return UNIT_RUN("node_match", cases);
}
