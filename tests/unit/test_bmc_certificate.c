/* The BMC's own certificate: shown, asked for, replaced; network settings. */
#include <stdlib.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define CERTS RIG_MGR "/NetworkProtocol/HTTPS/Certificates"
#define SERVICE "/redfish/v1/CertificateService"
#define GENERATE SERVICE "/Actions/CertificateService.GenerateCSR"
#define REPLACE SERVICE "/Actions/CertificateService.ReplaceCertificate"

/* Key and certificate of somebody, as PEM after each other. */
static char *
foreign(struct rig *g, bool with_key)
{
	struct tls_issue o = { .subject = "another",
		.names = "another,10.1.0.1",
		.not_before_s = 1700000000,
		.not_after_s = 1900000000 };
	struct err e = { 0 };
	char *cert = NULL, *key = NULL, *both;
	struct tls_identity *i = tls_identity_issue(
	    &o, world_entropy(g->client_loop), &cert, &key, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	both = xasprintf("%s%s", with_key ? key : "", cert);
	tls_identity_free(i);
	xfree(cert);
	xfree(key);
	return both;
}

static int
replace(struct rig *g, const char *pem)
{
	cJSON *j = cJSON_CreateObject(), *uri = cJSON_CreateObject();
	char *body;

	json_set_str(j, "CertificateString", pem);
	json_set_str(j, "CertificateType", "PEM");
	json_set_str(uri, "@odata.id", CERTS "/1");
	json_set(j, "CertificateUri", uri);
	body = json_print(j);
	(void)rig_call(g, "POST", REPLACE, body);
	xfree(body);
	cJSON_Delete(j);
	return g->r.status;
}

static void
the_certificate_is_shown_where_it_is_used(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_get(&g, SERVICE "/CertificateLocations"), 200);
	CHECK_TEXT(rig_at(&g, "Links/Certificates/0/@odata.id"), CERTS "/1");
	CU_ASSERT_EQUAL(rig_get(&g, CERTS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "Subject/CommonName"), "bmc-000");
	CHECK_TEXT(rig_at(&g, "Issuer/CommonName"), "Beskar7 simulated BMCs");
	CHECK_TEXT(rig_at(&g, "CertificateType"), "PEM");
	rig_close(&g);
}

static void
another_with_its_key_takes_its_place(void)
{
	struct rig g;
	char *pem;

	rig_open(&g, NULL);
	pem = foreign(&g, true);
	CU_ASSERT_EQUAL(replace(&g, pem), 204);
	CU_ASSERT_EQUAL(rig_count(&g, "certificate "), 1);
	CU_ASSERT_EQUAL(rig_get(&g, CERTS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "Subject/CommonName"), "another");
	CHECK_TEXT(rig_at(&g, "ValidNotAfter"), "2030-03-17T17:46:40Z");
	CHECK_ROW(strstr(rig_at(&g, "CertificateString"),
		      "BEGIN CERTIFICATE") != NULL,
	    "PEM");
	CHECK_ROW(strstr(g.r.text, "PRIVATE") == NULL, "no key");
	/* and connections that come see it */
	rig_run(&g, 10 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	xfree(pem);
	rig_close(&g);
}

static void
one_without_a_key_needs_a_request_before_it(void)
{
	struct rig g;
	char *pem;

	rig_open(&g, NULL);
	pem = foreign(&g, false);
	CU_ASSERT_EQUAL(replace(&g, pem), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterValueFormatError");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", GENERATE,
		"{\"CommonName\":\"bmc.example.com\",\"Organization\":\"O\","
		"\"OrganizationalUnit\":\"U\",\"City\":\"C\","
		"\"State\":\"S\",\"Country\":\"DE\",\"AlternativeNames\":"
		"[\"bmc.example.com\",\"10.1.0.1\"],"
		"\"CertificateCollection\":{\"@odata.id\":\"" CERTS "\"}}"),
	    200);
	CHECK_TEXT(rig_at(&g, "CertificateCollection/@odata.id"), CERTS);
	CHECK_ROW(str_has_prefix(rig_at(&g, "CSRString"),
		      "-----BEGIN CERTIFICATE REQUEST-----\n"),
	    "a request");
	/* a certificate for another key than that of the request */
	CU_ASSERT_EQUAL(replace(&g, pem), 400);
	CU_ASSERT_EQUAL(replace(&g, "nonsense"), 400);
	CU_ASSERT_EQUAL(rig_get(&g, CERTS "/1"), 200);
	CHECK_TEXT(rig_at(&g, "Subject/CommonName"), "bmc-000");
	xfree(pem);
	rig_close(&g);
}

static void
bad_requests_make_no_key(void)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{ "{}", "ActionParameterMissing" },
		{ "{\"CommonName\":\"x\"}", "ActionParameterMissing" },
		{ "{\"CommonName\":\"x\",\"CertificateCollection\":"
		  "{\"@odata.id\":\"/x\"}}",
		    "ActionParameterValueNotInList" },
		{ "{\"CommonName\":\"x\",\"Hat\":1}",
		    "ActionParameterUnknown" },
		{ "{\"CommonName\":\"x\",\"City\":1}",
		    "ActionParameterValueTypeError" },
		{ "{\"CommonName\":\"x\",\"KeyPairAlgorithm\":\"RSA\"}",
		    "ActionParameterValueNotInList" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_call(&g, "POST", GENERATE, rows[i].body) == 400,
		    rows[i].body);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	rig_close(&g);
}

static void
time_servers_are_patched_element_by_element(void)
{
	static const struct {
		const char *servers, *then;
	} rows[] = {
		{ "[\"a\",\"b\",\"c\"]", "[\"a\",\"b\",\"c\"]" },
		{ "[{},null,\"d\"]", "[\"a\",\"d\"]" },
		{ "[{},\"e\"]", "[\"a\",\"e\"]" },
		{ "[{}]", "[\"a\"]" },
		{ "[null]", "[]" },
		{ "[{}]", "[]" },
	};
	struct rig g;
	char body[128];

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)str_format(body, sizeof(body),
		    "{\"NTP\":{\"NTPServers\":%s}}", rows[i].servers);
		CHECK_ROW(rig_call(&g, "PATCH", RIG_MGR "/NetworkProtocol",
			      body) == 200,
		    body);
		CHECK_TEXT(rig_at(&g, "NTP/NTPServers"), rows[i].then);
	}
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_MGR "/NetworkProtocol",
			    "{\"NTP\":{\"NTPServers\":[1]}}"),
	    400);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_MGR "/NetworkProtocol",
			    "{\"IPMI\":{\"ProtocolEnabled\":false}}"),
	    200);
	CHECK_TEXT(rig_at(&g, "IPMI/ProtocolEnabled"), "false");
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_certificate_is_shown_where_it_is_used),
		UNIT_CASE(another_with_its_key_takes_its_place),
		UNIT_CASE(one_without_a_key_needs_a_request_before_it),
		UNIT_CASE(bad_requests_make_no_key),
		UNIT_CASE(time_servers_are_patched_element_by_element),
	};

	return UNIT_RUN("bmc certificate", cases);
}
