/* Codecs and ladders without I/O, by table. */
#include <CUnit/Basic.h>
#include <inttypes.h>
#include <string.h>

#include "agent/redfish/boot.h"
#include "agent/redfish/breaker.h"
#include "agent/redfish/etag.h"
#include "agent/redfish/extinfo.h"
#include "agent/redfish/hold.h"
#include "agent/redfish/identity.h"
#include "agent/redfish/payload.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/ring.h"
#include "agent/redfish/service.h"
#include "agent/redfish/slot.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/json_rig.h"
#include "tests/unit/unit.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- text ------------------------------------------------------------------ */

static void
text_is_valid_trimmed_and_capped(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "  Dell  Inc. ", "Dell Inc." },
		{ "a\nb\tc\x01", "a b c" },
		{ "", "" },
		{ " \r\n ", "" },
		{ "K\xc3\xb6ln", "K\xc3\xb6ln" },
		{ "bad \xff\xfe utf", "bad utf" },
		{ "over\xc0\xafong", "over ong" },
		{ "sur\xed\xa0\x80rogate", "sur rogate" },
		{ "12345678901234567890", "123456789012345" },
		{ "12345678901234\xc3\xb6", "12345678901234" },
	};
	char out[16];
	size_t i;

	for (i = 0; i < N(rows); i++) {
		CHECK_ROW(rf_text_clean(out, sizeof(out), rows[i].in) ==
			      (rows[i].out[0] != '\0'),
		    rows[i].in);
		CHECK_TEXT(out, rows[i].out);
	}
}

static void
urls_in_messages_are_masked(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "cannot read http://10.0.0.1/tok/a.iso now",
		    "cannot read http://10.0.0.1/... now" },
		{ "'https://h:8/a?t=1' and nfs://x/y/z.iso",
		    "'https://h:8/...' and nfs://x/..." },
		{ "http://host only", "http://host only" },
		{ "https://h?token=1", "https://h/..." },
		{ "ftp://user:pw@h:21/file x", "ftp://h:21/... x" },
		{ "none", "none" },
		{ "Cannot mount /m/tok/b.iso, /m/tok/c.ISO.",
		    "Cannot mount /..., /...." },
		{ "(//10.0.0.1:8090/m/tok/b.img)", "(/...)" },
		{ "b.iso of /redfish/v1 .iso", "b.iso of /redfish/v1 .iso" },
	};
	char s[128];
	size_t i;

	for (i = 0; i < N(rows); i++) {
		(void)str_copy(s, sizeof(s), rows[i].in);
		rf_text_mask_urls(s);
		CHECK_TEXT(s, rows[i].out);
	}
}

static void
links_stay_on_their_origin(void)
{
	static const struct {
		const char *ref, *out;
	} rows[] = {
		{ "/redfish/v1/Systems/1", "/redfish/v1/Systems/1" },
		{ "https://10.0.0.2/redfish/v1/X", "/redfish/v1/X" },
		{ "https://10.0.0.2:443/a", "/a" },
		{ "http://10.0.0.2/a", NULL },
		{ "https://10.0.0.3/a", NULL },
		{ "//10.0.0.3/a", NULL },
		{ "", NULL },
		{ "/a b", NULL },
		{ "/a\r\nX: y", NULL },
		{ NULL, NULL },
	};
	char *link, big[700];
	size_t i;

	for (i = 0; i < N(rows); i++) {
		link = rf_text_link("https://10.0.0.2", rows[i].ref);
		CHECK_ROW(str_eq(link, rows[i].out),
		    rows[i].ref ? rows[i].ref : "NULL");
		xfree(link);
	}
	memset(big, 'a', sizeof(big));
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	CU_ASSERT_PTR_NULL(rf_text_link("https://10.0.0.2", big));
	CU_ASSERT_TRUE(rf_text_segment_is("/a/Systems/1/", "1"));
	CU_ASSERT_TRUE(rf_text_segment_is("/a/Systems/1?x=/2", "1"));
	CU_ASSERT_FALSE(rf_text_segment_is("/a/Systems/11", "1"));
	CU_ASSERT_FALSE(rf_text_segment_is("/", ""));
}

/* ---- identity ---------------------------------------------------------------- */

static void
uuids_compare_in_either_byte_order(void)
{
	char out[RF_UUID_CAP];

	CU_ASSERT_TRUE(
	    redfish_uuid_normal("{38947555-7742-3448-3784-823347823834}", out));
	CHECK_TEXT(out, "38947555-7742-3448-3784-823347823834");
	CU_ASSERT_TRUE(redfish_uuid_normal(
	    "urn:uuid:4C4C4544003143108031C2C04F4D3333", out));
	CHECK_TEXT(out, "4c4c4544-0031-4310-8031-c2c04f4d3333");
	CU_ASSERT_FALSE(redfish_uuid_normal("38947555", out));
	CU_ASSERT_FALSE(redfish_uuid_normal(NULL, out));
	CU_ASSERT_FALSE(
	    redfish_uuid_normal("38947555-7742-3448-3784-8233478238345", out));
	CU_ASSERT_FALSE(
	    redfish_uuid_normal("g8947555-7742-3448-3784-823347823834", out));
	CU_ASSERT_TRUE(redfish_uuid_same("00112233-4455-6677-8899-aabbccddeeff",
	    "33221100-5544-7766-8899-AABBCCDDEEFF"));
	CU_ASSERT_FALSE(
	    redfish_uuid_same("00112233-4455-6677-8899-aabbccddeeff",
		"33221100-5544-7766-9988-aabbccddeeff"));
	CU_ASSERT_FALSE(redfish_uuid_same("", ""));
}

static void
placeholders_identify_nothing(void)
{
	static const char *const none[] = { NULL, "", "null",
		"00000000-0000-0000-0000-000000000000",
		"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
		"01234567-89ab-cdef-0123-456789abcdef",
		"03000200-0400-0500-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc",
		"11111111-1111-1111-1111-111111111111" };
	static const char *const some[] = {
		"38947555-7742-3448-3784-823347823834",
		"00000000-0000-0000-0000-ac1f6b000001"
	};
	static const char *const no_serial[] = { NULL, "", "N/A", "0",
		"0000000000", "To Be Filled By O.E.M.", "Default string",
		"0123456789", "........", "None" };
	static const char *const serial[] = { "SN0001", "ABC1234", "7",
		"000000A", "S400000X12" };
	size_t i;

	for (i = 0; i < N(none); i++)
		CHECK_ROW(redfish_uuid_placeholder(none[i]),
		    none[i] ? none[i] : "NULL");
	for (i = 0; i < N(some); i++)
		CHECK_ROW(!redfish_uuid_placeholder(some[i]), some[i]);
	for (i = 0; i < N(no_serial); i++)
		CHECK_ROW(redfish_serial_placeholder(no_serial[i]),
		    no_serial[i] ? no_serial[i] : "NULL");
	for (i = 0; i < N(serial); i++)
		CHECK_ROW(!redfish_serial_placeholder(serial[i]), serial[i]);
}

static void
macs_are_normal_or_none(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "AA-BB-CC-00-00-01", "aa:bb:cc:00:00:01" },
		{ "aabbcc000001", "aa:bb:cc:00:00:01" },
		{ "aabb.cc00.0001", "aa:bb:cc:00:00:01" },
		{ "00:00:00:00:00:00", "" },
		{ "ff:ff:ff:ff:ff:ff", "" },
		{ "01:00:5e:00:00:01", "" },
		{ "aa:bb:cc:00:00", "" },
		{ "", "" },
	};
	char out[18];
	size_t i;

	for (i = 0; i < N(rows); i++) {
		CHECK_ROW(redfish_mac_normal(rows[i].in, out) ==
			      (rows[i].out[0] != '\0'),
		    rows[i].in);
		CHECK_TEXT(out, rows[i].out);
	}
	CU_ASSERT_FALSE(redfish_mac_normal(NULL, out));
}

/* ---- ExtendedInfo --------------------------------------------------------------- */

static void
messages_are_found_wherever_they_are(void)
{
	static const struct {
		const char *body, *id;
		enum rf_no why;
	} rows[] = {
		{ "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		  "\"Base.1.8.PropertyNotWritable\"}]}}",
		    "PropertyNotWritable", RF_NO_READ_ONLY },
		{ "{\"error\":{\"@Message.ExtendedInfo\":{\"MessageId\":"
		  "\"IDRAC.2.8.RAC0218\"}}}",
		    "RAC0218", RF_NO_SESSIONS },
		{ "{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		  "\"iLO.2.14.UnableToModifyDuringSystemPOST\"}]}",
		    "UnableToModifyDuringSystemPOST", RF_NO_BUSY },
		{ "{\"Boot\":{\"BootSourceOverrideMode@Message.ExtendedInfo\":"
		  "[{\"MessageId\":\"Base.1.0.PropertyUnknown\"}]}}",
		    "PropertyUnknown", RF_NO_UNKNOWN },
		{ "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		  "\"SMC.1.0.OemLicenseNotPassed\"}]}}",
		    "OemLicenseNotPassed", RF_NO_LICENCE },
		{ "{\"error\":{\"@Message.ExtendedInfo\":[{\"Message\":"
		  "\"words only\"}]}}",
		    "", RF_NO_PLAIN },
	};
	struct rf_ext x;
	cJSON *j;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		j = rig_json(rows[i].body);
		rf_ext_parse(&x, j);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rf_ext_first(&x));
		CHECK_TEXT(rf_ext_first(&x)->id, rows[i].id);
		CHECK_ROW(rf_ext_has(&x, rows[i].why), rows[i].body);
		CHECK_ROW(x.text[0] != '\0', rows[i].body);
		cJSON_Delete(j);
	}
}

static void
success_in_the_shape_of_an_error_is_success(void)
{
	cJSON *j = rig_json("{\"error\":{\"code\":\"iLO.0.10.ExtendedInfo\","
			    "\"@Message.ExtendedInfo\":[{\"MessageId\":"
			    "\"Base.1.17.Success\"}]}}");
	struct rf_ext x;

	rf_ext_parse(&x, j);
	CU_ASSERT_PTR_NULL(rf_ext_first(&x));
	CHECK_TEXT(x.text, "");
	cJSON_Delete(j);
}

static void
a_message_blames_what_it_names(void)
{
	cJSON *j = rig_json(
	    "{\"error\":{\"@Message.ExtendedInfo\":["
	    "{\"MessageId\":\"Base.1.8.PropertyValueNotInList\","
	    "\"MessageArgs\":[\"Continuous\",\"BootSourceOverrideEnabled\"]},"
	    "{\"MessageId\":\"Base.1.8.PropertyMissing\",\"Message\":"
	    "\"The property Inserted is required\"},"
	    "{\"MessageId\":\"Base.1.8.PropertyUnknown\","
	    "\"RelatedProperties\":[\"#/Boot/BootSourceOverrideMode\",7]},"
	    "{\"MessageId\":\"A\"},{\"MessageId\":\"B\"}]}}");
	struct rf_ext x;

	rf_ext_parse(&x, j);
	CU_ASSERT_EQUAL(x.n, RF_EXT_MESSAGES);
	CU_ASSERT_TRUE(
	    rf_ext_blames(&x, RF_NO_VALUE, "BootSourceOverrideEnabled"));
	CU_ASSERT_FALSE(rf_ext_blames(&x, RF_NO_VALUE, "BootSourceOverride"));
	CU_ASSERT_TRUE(rf_ext_blames(&x, RF_NO_MISSING, "Inserted"));
	CU_ASSERT_TRUE(
	    rf_ext_blames(&x, RF_NO_UNKNOWN, "BootSourceOverrideMode"));
	CU_ASSERT_FALSE(rf_ext_names(&x, "BootSourceOverrideTarget"));
	cJSON_Delete(j);
	rf_ext_parse(&x, NULL);
	CU_ASSERT_EQUAL(x.n, 0);
	CU_ASSERT_PTR_NULL(rf_ext_first(&x));
}

/* ---- ETag, hold, breaker ------------------------------------------------------------ */

static void
etags_have_four_forms(void)
{
	char out[RF_ETAG_CAP], big[600];
	cJSON *j = rig_json("{\"@odata.etag\":\"W/\\\"1682532272\\\"\"}");

	rf_etag_of(out, NULL, j);
	CHECK_TEXT(out, "W/\"1682532272\"");
	CHECK_TEXT(rf_etag_form(RF_ETAG_STRONG, "W/\"1\"", out), "\"1\"");
	CHECK_TEXT(
	    rf_etag_form(RF_ETAG_AS_IS, "\"W/'gen-1'\"", out), "\"W/'gen-1'\"");
	CHECK_TEXT(
	    rf_etag_form(RF_ETAG_STRONG, "1663742912", out), "1663742912");
	CU_ASSERT_PTR_NULL(rf_etag_form(RF_ETAG_AS_IS, "", out));
	CU_ASSERT_PTR_NULL(rf_etag_form(RF_ETAG_NONE, "\"1\"", out));
	CHECK_TEXT(rf_etag_form(RF_ETAG_ANY, "", out), "*");
	rf_etag_of(out, "\"head\"", j);
	CHECK_TEXT(out, "\"head\"");
	rf_etag_of(out, "\"a\r\nX: y\"", j);
	CHECK_TEXT(out, "");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	rf_etag_of(out, big, j);
	CHECK_TEXT(out, "");
	cJSON_Delete(j);
}

static void
three_logins_spaced_and_then_none(void)
{
	struct rf_hold h = { .refused = 0 };
	int64_t t = 0, w = 600;
	int i;

	for (i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(rf_hold_allows(&h, t));
		rf_hold_refused(&h, t, w, 3);
		CU_ASSERT_FALSE(rf_hold_allows(&h, t + w - 1));
		t += w;
	}
	CU_ASSERT_EQUAL(rf_hold_next(&h, t + 1000000), -1);
	rf_hold_reset(&h);
	CU_ASSERT_EQUAL(rf_hold_next(&h, t), 0);
}

static void
the_breaker_doubles_to_a_cap_with_jitter(void)
{
	struct rf_breaker b = { .failures = 0 };
	struct rng r;
	int64_t now = 0, wait, base = RF_BREAKER_BASE_US;
	int i;

	rng_seed(&r, 1, "x");
	rf_breaker_silent(&b, now, &r);
	rf_breaker_silent(&b, now, &r);
	CU_ASSERT_TRUE(rf_breaker_admit(&b, now));
	for (i = 0; i < 12; i++) {
		rf_breaker_silent(&b, now, &r);
		CU_ASSERT_EQUAL(b.state, RF_CIRCUIT_OPEN);
		wait = b.next_us - now;
		CU_ASSERT(wait >= base / 2 && wait <= base);
		CU_ASSERT_FALSE(rf_breaker_admit(&b, b.next_us - 1));
		now = b.next_us;
		CU_ASSERT_TRUE(rf_breaker_admit(&b, now));
		CU_ASSERT_EQUAL(b.state, RF_CIRCUIT_HALF_OPEN);
		base =
		    base * 2 > RF_BREAKER_MAX_US ? RF_BREAKER_MAX_US : base * 2;
	}
	rf_breaker_answered(&b);
	CU_ASSERT_EQUAL(b.state, RF_CIRCUIT_CLOSED);
	CU_ASSERT_EQUAL(b.failures, 0);
}

static void
the_breakers_cap_can_be_set_and_outlives_an_answer(void)
{
	struct rf_breaker b = { .max_us = 15 * 1000000 };
	struct rng r;
	int i;

	rng_seed(&r, 1, "x");
	for (int life = 0; life < 2; life++) {
		for (i = 0; i < 12; i++)
			rf_breaker_silent(&b, 0, &r);
		CU_ASSERT(b.next_us >= b.max_us / 2 && b.next_us <= b.max_us);
		rf_breaker_answered(&b);
		CU_ASSERT_EQUAL(b.state, RF_CIRCUIT_CLOSED);
		CU_ASSERT_EQUAL(b.max_us, 15 * 1000000);
	}
}

/* ---- fixtures ----------------------------------------------------------------------------- */

static cJSON *
fixture(const char *vendor)
{
	struct files f = files_system();
	char path[128];
	struct buf b;
	cJSON *j;

	buf_init(&b, 1 << 20);
	(void)str_format(
	    path, sizeof(path), "tests/fixtures/redfish/%s/tree.json", vendor);
	CU_ASSERT_FATAL(f.read(f.self, path, &b, NULL));
	j = json_parse(b.p, b.n, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	buf_free(&b);
	return j;
}

static void
every_vendor_s_shapes_are_read(void)
{
	static const struct {
		const char *vendor, *system, *slot;
		const char *said_vendor, *serial;
		bool usable, uuid_placeholder, mode;
	} rows[] = {
		{ "generic", "/redfish/v1/Systems/system-1",
		    "/redfish/v1/Systems/system-1/VirtualMedia/Cd", "Contoso",
		    "SN0001", true, false, true },
		{ "dell-idrac9", "/redfish/v1/Systems/System.Embedded.1",
		    "/redfish/v1/Systems/System.Embedded.1/VirtualMedia/2",
		    "Dell", "CNFCP0012345678", true, false, true },
		{ "hpe-ilo5", "/redfish/v1/Systems/1/",
		    "/redfish/v1/Managers/1/VirtualMedia/1/", "HPE", "CZJ0001",
		    false, false, true },
		{ "supermicro-x12", "/redfish/v1/Systems/1",
		    "/redfish/v1/Managers/1/VirtualMedia/VirtualMedia1",
		    "Supermicro", "S400000X12", true, false, true },
		{ "lenovo-xcc", "/redfish/v1/Systems/1",
		    "/redfish/v1/Managers/1/VirtualMedia/RDOC1", "Lenovo",
		    "J100ABCD", false, false, true },
		{ "ami-megarac", "/redfish/v1/Systems/Self",
		    "/redfish/v1/Managers/Self/VirtualMedia/CD1", "AMI", "N/A",
		    true, true, true },
		{ "openbmc", "/redfish/v1/Systems/system",
		    "/redfish/v1/Managers/bmc/VirtualMedia/Slot_0", "-", NULL,
		    false, true, false },
		{ "sushy-tools", "/redfish/v1/Systems/vm-1",
		    "/redfish/v1/Systems/vm-1/VirtualMedia/Cd", "-", NULL, true,
		    false, true },
	};
	struct rf_service service;
	struct redfish_state st;
	struct redfish_slot slot;
	struct rf_slot_ways ways;
	struct rf_boot_view v;
	struct err e = { .kind = ERR_NONE };
	cJSON *tree;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		tree = fixture(rows[i].vendor);
		memset(&service, 0, sizeof(service));
		memset(&st, 0, sizeof(st));
		memset(&slot, 0, sizeof(slot));
		memset(&ways, 0, sizeof(ways));
		CHECK_ROW(rf_service_parse(&service, "https://b",
			      json_child(tree, "/redfish/v1/"), &e),
		    e.msg);
		if (!str_eq(rows[i].said_vendor, "-"))
			CHECK_TEXT(service.vendor, rows[i].said_vendor);
		rf_system_parse(&st, json_child(tree, rows[i].system));
		CHECK_ROW(str_eq(st.serial, rows[i].serial), rows[i].vendor);
		CHECK_ROW(redfish_uuid_placeholder(st.uuid) ==
			      rows[i].uuid_placeholder,
		    rows[i].vendor);
		CHECK_ROW(st.power == RF_POWER_OFF, rows[i].vendor);
		rf_boot_parse(&v, json_child(tree, rows[i].system));
		CHECK_ROW(v.present && !rf_boot_armed(&v), rows[i].vendor);
		CHECK_ROW(v.has_mode == rows[i].mode, rows[i].vendor);
		rf_slot_parse(&slot, &ways, "https://b", rows[i].slot,
		    json_child(tree, rows[i].slot));
		CHECK_ROW(slot.usable == rows[i].usable, rows[i].vendor);
		CHECK_ROW(!slot.inserted, rows[i].vendor);
		rf_service_fini(&service);
		rf_state_fini(&st);
		xfree(slot.uri);
		xfree(slot.id);
		xfree(slot.image);
		xfree(slot.image_name);
		xfree(slot.connected_via);
		xfree(ways.insert);
		xfree(ways.eject);
		xfree(ways.oem);
		cJSON_Delete(tree);
	}
}

static void
a_root_without_systems_may_be_starting(void)
{
	struct rf_service s = { .known = false };
	struct err e = { .kind = ERR_NONE };
	cJSON *j = rig_json("{\"RedfishVersion\":\"1.6.0\"}");

	CU_ASSERT_FALSE(rf_service_parse(&s, "https://b", j, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_PROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "starting"));
	CU_ASSERT_FALSE(s.known);
	cJSON_Delete(j);
	rf_service_fini(&s);
}

static void
members_are_deduplicated_and_capped(void)
{
	struct rf_members m = { .n = 0 };
	cJSON *j = cJSON_CreateObject(), *list, *ref;
	char uri[32];
	int i;

	list = cJSON_CreateArray();
	for (i = 0; i < 200; i++) {
		ref = cJSON_CreateObject();
		(void)str_format(uri, sizeof(uri), "/m/%d", i / 2);
		json_set_str(ref, "@odata.id", uri);
		cJSON_AddItemToArray(list, ref);
	}
	json_set(j, "Members", list);
	rf_members_add(&m, "https://b", j);
	CU_ASSERT_EQUAL(m.n, RF_MEMBERS_MAX);
	CU_ASSERT_TRUE(m.truncated);
	CHECK_TEXT(m.v[1], "/m/1");
	rf_members_fini(&m);
	cJSON_Delete(j);
}

static const struct unit_case cases[] = {
	UNIT_CASE(text_is_valid_trimmed_and_capped),
	UNIT_CASE(urls_in_messages_are_masked),
	UNIT_CASE(links_stay_on_their_origin),
	UNIT_CASE(uuids_compare_in_either_byte_order),
	UNIT_CASE(placeholders_identify_nothing),
	UNIT_CASE(macs_are_normal_or_none),
	UNIT_CASE(messages_are_found_wherever_they_are),
	UNIT_CASE(success_in_the_shape_of_an_error_is_success),
	UNIT_CASE(a_message_blames_what_it_names),
	UNIT_CASE(etags_have_four_forms),
	UNIT_CASE(three_logins_spaced_and_then_none),
	UNIT_CASE(the_breaker_doubles_to_a_cap_with_jitter),
	UNIT_CASE(the_breakers_cap_can_be_set_and_outlives_an_answer),
	UNIT_CASE(every_vendor_s_shapes_are_read),
	UNIT_CASE(a_root_without_systems_may_be_starting),
	UNIT_CASE(members_are_deduplicated_and_capped),
};

int
main(void)
{
	return UNIT_RUN("redfish_codecs", cases);
}
