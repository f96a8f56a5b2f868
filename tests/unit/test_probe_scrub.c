/* What leaves a recording, and what is called otherwise in it. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "agent/probe/pseudonym.h"
#include "agent/probe/scrub.h"
#include "agent/redfish/identity.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static const struct secret password = { (char *)(uintptr_t) "hunter-42", 9 };

static cJSON *
parse(const char *text)
{
	cJSON *j = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

/* What one resource is written as, as compact JSON; owned. */
static char *
scrubbed(bool keep, const char *text)
{
	struct scrub *s = scrub_new(keep, "operator7", &password);
	cJSON *j = parse(text), *out;
	char *print;

	scrub_learn(s, j);
	out = scrub_resource(s, j);
	print = json_print(out);
	cJSON_Delete(out);
	cJSON_Delete(j);
	scrub_free(s);
	return print;
}

static void
check(bool keep, const char *text, const char *want)
{
	char *got = scrubbed(keep, text);

	CHECK_TEXT(got, want);
	xfree(got);
}

static void
secrets_go_by_the_name_of_their_key(void)
{
	static const char *const keys[] = { "Password", "SysPassword",
		"AuthToken", "SNMP.1.AgentCommunity", "SharedSecret", "SSHKey",
		"PrivateKey", "AuthenticationKey", "EncryptionKey",
		"LicenseKey", "Passphrase", "CertificateString", "EmailAddress",
		"ContactInfo", "PublicKey" };
	char text[128], want[128];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (int keep = 0; keep < 2; keep++) {
			(void)str_format(
			    text, sizeof(text), "{\"%s\":\"abc\"}", keys[i]);
			(void)str_format(want, sizeof(want),
			    "{\"%s\":\"scrubbed\"}", keys[i]);
			check(keep, text, want);
		}
}

static void
what_is_no_secret_keeps_its_type(void)
{
	static const char *const same[] = {
		"{\"Password\":null,\"PasswordChangeRequired\":false}",
		"{\"MinPasswordLength\":8,\"Token\":\"\"}",
		"{\"Password@Redfish.AllowableValues\":[\"a\"]}",
		"{\"Actions\":{\"#ManagerAccount.ChangePassword\":"
		"{\"target\":\"/redfish/v1/x\"}}}",
		"{\"Tokens\":{\"@odata.id\":\"/redfish/v1/Tokens\"}}",
		"{\"@odata.type\":\"#Key.v1_0_0.Key\",\"KeyboardLayout\":"
		"\"us\"}",
		"{\"PowerState\":\"On\",\"n\":1.5,\"b\":true,\"l\":[1,\"x\"]}",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check(false, same[i], same[i]);
}

static void
all_texts_below_a_secret_go(void)
{
	check(true,
	    "{\"SNMP\":{\"CommunityStrings\":[{\"CommunityString\":\"public\","
	    "\"Name\":\"x\",\"n\":1}]}}",
	    "{\"SNMP\":{\"CommunityStrings\":[{\"CommunityString\":"
	    "\"scrubbed\",\"Name\":\"scrubbed\",\"n\":1}]}}");
	/* a registry names the attribute beside its value */
	check(true,
	    "{\"Attributes\":[{\"AttributeName\":\"SetupPassword\","
	    "\"CurrentValue\":\"abc\",\"HelpText\":\"h\"},"
	    "{\"AttributeName\":\"Numlock\",\"CurrentValue\":\"On\"}]}",
	    "{\"Attributes\":[{\"AttributeName\":\"SetupPassword\","
	    "\"CurrentValue\":\"scrubbed\",\"HelpText\":\"h\"},"
	    "{\"AttributeName\":\"Numlock\",\"CurrentValue\":\"On\"}]}");
}

static void
secrets_go_by_their_form(void)
{
	static const char *const values[] = { "ssh-ed25519 AAAAC3Nz host",
		"-----BEGIN RSA PRIVATE KEY-----\\nMIIE",
		"text -----BEGIN CERTIFICATE-----", "eyJhbGciOiJIUzI1NiJ9.e30",
		"Bearer abcdef", "it was hunter-42 all the time" };
	char text[160];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		(void)str_format(
		    text, sizeof(text), "{\"Note\":\"%s\"}", values[i]);
		check(true, text, "{\"Note\":\"scrubbed\"}");
	}
}

static void
urls_lose_users_paths_and_queries(void)
{
	check(true,
	    "{\"Image\":\"http://me:pw@files.lan:8080/t0ken/a.iso?x=1\"}",
	    "{\"Image\":\"http://files.lan:8080/scrubbed\"}");
	check(false, "{\"m\":\"see https://10.9.8.7/a/b, or ask\"}",
	    "{\"m\":\"see https://192.0.2.1/scrubbed or ask\"}");
	check(true, "{\"m\":\"nfs://srv\"}", "{\"m\":\"nfs://srv\"}");
	/* standards are public */
	check(false, "{\"u\":\"http://redfish.dmtf.org/schemas/v1/Role.json\"}",
	    "{\"u\":\"http://redfish.dmtf.org/schemas/v1/Role.json\"}");
	/* but only their own names are */
	check(true, "{\"u\":\"http://x@evil/redfish.dmtf.org\"}",
	    "{\"u\":\"http://evil/scrubbed\"}");
}

static void
users_are_renamed_even_when_identities_are_kept(void)
{
	check(true,
	    "{\"@odata.id\":\"/redfish/v1/AccountService/Accounts/operator7\","
	    "\"@odata.type\":\"#ManagerAccount.v1_12_0.ManagerAccount\","
	    "\"Id\":\"operator7\",\"UserName\":\"operator7\","
	    "\"RoleId\":\"Administrator\"}",
	    "{\"@odata.id\":\"/redfish/v1/AccountService/Accounts/user-1\","
	    "\"@odata.type\":\"#ManagerAccount.v1_12_0.ManagerAccount\","
	    "\"Id\":\"user-1\",\"UserName\":\"user-1\","
	    "\"RoleId\":\"Administrator\"}");
	/* slots with numbers are slots */
	check(true, "{\"@odata.id\":\"/redfish/v1/AccountService/Accounts/2\"}",
	    "{\"@odata.id\":\"/redfish/v1/AccountService/Accounts/2\"}");
	check(true,
	    "{\"@odata.type\":\"#LogEntry.v1_15_0.LogEntry\","
	    "\"Message\":\"operator7 logged in\",\"MessageArgs\":"
	    "[\"operator7\"]}",
	    "{\"@odata.type\":\"#LogEntry.v1_15_0.LogEntry\","
	    "\"Message\":\"user-1 logged in\",\"MessageArgs\":[\"user-1\"]}");
}

static void
the_same_thing_has_the_same_name_everywhere(void)
{
	check(false,
	    "{\"@odata.id\":\"/redfish/v1/Systems/CN70163612\","
	    "\"SerialNumber\":\"CN70163612\","
	    "\"UUID\":\"4C4C4544-0031-4210-8030-B4C04F4D3732\","
	    "\"Name\":\"Server CN70163612\","
	    "\"Related\":[\"4c4c4544-0031-4210-8030-b4c04f4d3732\"]}",
	    "{\"@odata.id\":\"/redfish/v1/Systems/B7SN000001\","
	    "\"SerialNumber\":\"B7SN000001\","
	    "\"UUID\":\"B7B7B7B7-0000-4000-8000-000000000001\","
	    "\"Name\":\"Server B7SN000001\","
	    "\"Related\":[\"b7b7b7b7-0000-4000-8000-000000000001\"]}");
	check(false,
	    "{\"MACAddress\":\"0C:42:A1:B2:C3:D4\",\"Id\":"
	    "\"NIC.0c-42-a1-b2-c3-d4\",\"IPv4\":\"10.1.2.3\","
	    "\"Msg\":\"from 10.1.2.3:443 and fe80::1234, [2620:1::7]\"}",
	    "{\"MACAddress\":\"02:B7:00:00:00:01\",\"Id\":"
	    "\"NIC.02-b7-00-00-00-01\",\"IPv4\":\"192.0.2.1\","
	    "\"Msg\":\"from 192.0.2.1:443 and fe80::1, [2001:db8::2]\"}");
	check(false,
	    "{\"HostName\":\"node-7.rack.lan\",\"Note\":\"node-7.rack.lan is "
	    "up\",\"AssetTag\":\"A-99817\"}",
	    "{\"HostName\":\"host-1\",\"Note\":\"host-1 is up\","
	    "\"AssetTag\":\"asset-1\"}");
}

static void
identities_are_kept_when_asked_for(void)
{
	static const char text[] =
	    "{\"SerialNumber\":\"CN70163612\",\"UUID\":"
	    "\"4c4c4544-0031-4210-8030-b4c04f4d3732\",\"MACAddress\":"
	    "\"0c:42:a1:b2:c3:d4\",\"IPv4\":\"10.1.2.3\",\"HostName\":\"n1\"}";

	check(true, text, text);
}

static void
what_identifies_nobody_stays(void)
{
	static const char *const same[] = {
		"{\"SerialNumber\":\"To be filled by O.E.M.\"}",
		"{\"UUID\":\"00000000-0000-0000-0000-000000000000\"}",
		"{\"UUID\":\"03000200-0400-0500-0006-000700080009\"}",
		"{\"MACAddress\":\"00:00:00:00:00:00\"}",
		"{\"SubnetMask\":\"255.255.254.0\",\"Address\":\"0.0.0.0\"}",
		"{\"a\":\"127.0.0.1\",\"b\":\"::1\",\"c\":\"::\"}",
		/* numbers of versions look like addresses */
		"{\"FirmwareVersion\":\"7.10.30.05\"}",
		"{\"n\":\"1.2.3.4.5\",\"t\":\"2026-11-22T18:25:00Z\"}",
		"{\"Time\":\"12:30:45\",\"Hash\":\"a:b\"}",
		"{\"@odata.type\":\"#Role.v1_3_1.Role\",\"Name\":\"Chassis\"}",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check(false, same[i], same[i]);
}

static void
pseudonyms_pass_for_the_real_thing(void)
{
	struct pseudonyms *p = pseudonyms_new(false);
	char mac[18];
	const char *s;

	s = pseudonym_of(
	    p, PSEUDONYM_UUID, "4c4c4544-0031-4210-8030-b4c04f4d3732");
	CU_ASSERT_FALSE(redfish_uuid_placeholder(s));
	s = pseudonym_of(p, PSEUDONYM_SERIAL, "CN70163612");
	CU_ASSERT_FALSE(redfish_serial_placeholder(s));
	s = pseudonym_of(p, PSEUDONYM_MAC, "0c42a1b2c3d4");
	CHECK_TEXT(s, "02b700000001");
	CU_ASSERT_TRUE(redfish_mac_normal(s, mac));
	/* another spelling of the same */
	CHECK_TEXT(pseudonym_of(p, PSEUDONYM_MAC, "0C-42-A1-B2-C3-D4"),
	    "02-B7-00-00-00-01");
	CHECK_TEXT(pseudonym_of(p, PSEUDONYM_MAC, "0c:42:a1:b2:c3:d5"),
	    "02:b7:00:00:00:02");
	pseudonyms_free(p);
}

static void
addresses_do_not_run_out(void)
{
	struct pseudonyms *p = pseudonyms_new(false);
	char text[32], last[32] = "";

	for (int i = 0; i < 1000; i++) {
		(void)str_format(
		    text, sizeof(text), "10.1.%d.%d", i / 250, i % 250 + 1);
		(void)str_copy(
		    last, sizeof(last), pseudonym_of(p, PSEUDONYM_IP4, text));
	}
	CHECK_TEXT(last, "198.18.3.232");
	CHECK_TEXT(pseudonym_of(p, PSEUDONYM_IP4, "10.1.0.1"), "192.0.2.1");
	CHECK_TEXT(pseudonym_of(p, PSEUDONYM_IP4, "10.1.1.5"), "198.51.100.1");
	pseudonyms_free(p);
}

static void
a_short_name_is_no_word_to_look_for(void)
{
	check(false, "{\"SerialNumber\":\"S1\",\"Model\":\"S1 server\"}",
	    "{\"SerialNumber\":\"B7SN000001\",\"Model\":\"S1 server\"}");
	check(false, "{\"HostName\":\"server\",\"Name\":\"the server\"}",
	    "{\"HostName\":\"host-1\",\"Name\":\"the server\"}");
}

static const struct unit_case cases[] = {
	UNIT_CASE(secrets_go_by_the_name_of_their_key),
	UNIT_CASE(what_is_no_secret_keeps_its_type),
	UNIT_CASE(all_texts_below_a_secret_go),
	UNIT_CASE(secrets_go_by_their_form),
	UNIT_CASE(urls_lose_users_paths_and_queries),
	UNIT_CASE(users_are_renamed_even_when_identities_are_kept),
	UNIT_CASE(the_same_thing_has_the_same_name_everywhere),
	UNIT_CASE(identities_are_kept_when_asked_for),
	UNIT_CASE(what_identifies_nobody_stays),
	UNIT_CASE(pseudonyms_pass_for_the_real_thing),
	UNIT_CASE(addresses_do_not_run_out),
	UNIT_CASE(a_short_name_is_no_word_to_look_for),
};

int
main(void)
{
	return UNIT_RUN("probe_scrub", cases);
}
