/* What a pass says becomes a status: conditions, Ready, the operation. */
#include "agent/control/report.h"

#include "agent/control/host_details.h"
#include "agent/kube/condition.h"
#include "agent/redfish/redfish.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/yaml.h"
#include "tests/unit/unit.h"

#define NOW 1767225600000000LL

static void
host_of(struct host *h, const char *yaml)
{
	host_init(h, "ns/h", yaml_parse(yaml, strlen(yaml), "host", NULL));
}

static void
leaves_what_it_does_not_mention(void)
{
	struct report r = { 0 };
	struct host h;
	cJSON *s;

	host_of(&h, "metadata: {generation: 4}\n"
		    "status:\n"
		    "  state: Available\n"
		    "  observedPowerState: \"On\"\n"
		    "  hardwareDetails: {model: X}\n"
		    "  conditions:\n"
		    "  - {type: HostAvailable, status: \"True\", reason: "
		    "Available, message: \"\", lastTransitionTime: "
		    "\"2025-01-01T00:00:00Z\"}\n");
	report_reset(&r);
	report_say(
	    &r, HC_CONNECTION, SAY_FALSE, "ConnectionFailed", "%s", "refused");
	s = report_status(&r, &h, NULL, NOW);
	CHECK_TEXT(json_str(s, "state", NULL), "Available");
	CHECK_TEXT(json_str(s, "observedPowerState", NULL), "On");
	CHECK_TEXT(json_str(s, "hardwareDetails/model", NULL), "X");
	CU_ASSERT_EQUAL(cond_get(s, "HostAvailable"), COND_TRUE);
	CU_ASSERT_EQUAL(cond_get(s, "RedfishConnectionReady"), COND_FALSE);
	CU_ASSERT_EQUAL(cond_get(s, "Ready"), COND_FALSE);
	CU_ASSERT_EQUAL(json_i64(s, "observedGeneration", 0), 4);
	cJSON_Delete(s);
	report_reset(&r);
	host_fini(&h);
}

/* What runs is another matter than what was inspected. */
static void
addresses_are_of_a_provisioned_host_and_go_with_it(void)
{
	static const char inspected[] = "{\"model\":\"Y\"}";
	struct report r = { 0 };
	struct host h;
	cJSON *s;

	host_of(&h, "metadata: {generation: 1}\n"
		    "status:\n"
		    "  hardwareDetails: {model: X, hostName: old, addresses: "
		    "[10.0.0.1]}\n");
	report_reset(&r);
	report_state(&r, HOST_PROVISIONED);
	s = report_status(&r, &h, inspected, NOW);
	CHECK_TEXT(json_str(s, "hardwareDetails/model", NULL), "Y");
	CHECK_TEXT(json_str(s, "hardwareDetails/hostName", NULL), "old");
	CHECK_TEXT(
	    json_str(s, "hardwareDetails/addresses/0", NULL), "10.0.0.1");
	cJSON_Delete(s);
	r.network = xstrdup("{\"hostName\":\"new\"}");
	s = report_status(&r, &h, NULL, NOW);
	CHECK_TEXT(json_str(s, "hardwareDetails/hostName", NULL), "new");
	CU_ASSERT_PTR_NULL(json_at(s, "hardwareDetails/addresses"));
	cJSON_Delete(s);
	report_reset(&r);
	report_state(&r, HOST_DEPROVISIONING);
	s = report_status(&r, &h, NULL, NOW);
	CU_ASSERT_PTR_NULL(json_at(s, "hardwareDetails/hostName"));
	CU_ASSERT_PTR_NULL(json_at(s, "hardwareDetails/addresses"));
	CHECK_TEXT(json_str(s, "hardwareDetails/model", NULL), "X");
	cJSON_Delete(s);
	report_reset(&r);
	host_fini(&h);
}

/* Some BMCs show their own NIC as one of the system's, or their own name. */
static void
nothing_of_the_bmc_is_the_systems(void)
{
	static char name[] = "node-1", one[] = "10.0.0.5", two[] = "10.0.0.6",
		    six[] = "2001:db8::1";
	static const struct {
		const char *bmc, *want;
	} rows[] = {
		{ "https://10.0.0.9", "{\"hostName\":\"node-1\",\"addresses\":["
				      "\"10.0.0.5\",\"10.0.0.6\","
				      "\"2001:db8::1\"]}" },
		{ "https://10.0.0.5:8443/x",
		    "{\"hostName\":\"node-1\",\"addresses\":["
		    "\"10.0.0.6\",\"2001:db8::1\"]}" },
		{ "https://[2001:db8::1]",
		    "{\"hostName\":\"node-1\",\"addresses\":["
		    "\"10.0.0.5\",\"10.0.0.6\"]}" },
		{ "https://Node-1.example.com",
		    "{\"addresses\":[\"10.0.0.5\",\"10.0.0.6\","
		    "\"2001:db8::1\"]}" },
		{ "http://node-1", "{\"addresses\":[\"10.0.0.5\","
				   "\"10.0.0.6\",\"2001:db8::1\"]}" },
	};
	struct redfish_state s = { .host_name = name,
		.addresses = { one, two, six } };
	struct redfish_state none = { 0 };
	char *text;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		text = host_details_network(&s, rows[i].bmc);
		CHECK_TEXT(text, rows[i].want);
		xfree(text);
	}
	text = host_details_network(&none, "https://10.0.0.9");
	CHECK_TEXT(text, "{}");
	xfree(text);
}

static void
keeps_the_beginning_of_an_operation(void)
{
	struct report r = { 0 };
	struct host h;
	cJSON *s;

	host_of(&h, "metadata: {generation: 1}\n"
		    "status: {operation: {kind: Provision, attempt: 1, since: "
		    "\"2025-01-01T00:00:00Z\", lastEvidence: {what: \"Boot\", "
		    "time: \"2025-01-01T00:00:01Z\"}}}\n");
	report_reset(&r);
	report_op(&r, "Provision", "Booting", "%s", "x");
	r.op.attempt = 1;
	report_evidence(&r, NOW / 1000000, "%s", "Boot");
	s = report_status(&r, &h, NULL, NOW);
	CHECK_TEXT(
	    json_str(s, "operation/since", NULL), "2025-01-01T00:00:00Z");
	/* The same evidence again is not news. */
	CHECK_TEXT(json_str(s, "operation/lastEvidence/time", NULL),
	    "2025-01-01T00:00:01Z");
	cJSON_Delete(s);
	/* Another attempt begins now, without the old one's evidence. */
	r.op.attempt = 2;
	xfree(r.op.evidence);
	r.op.evidence = NULL;
	s = report_status(&r, &h, NULL, NOW);
	CHECK_TEXT(
	    json_str(s, "operation/since", NULL), "2026-01-01T00:00:00Z");
	CU_ASSERT_PTR_NULL(json_at(s, "operation/lastEvidence"));
	cJSON_Delete(s);
	report_reset(&r);
	host_fini(&h);
}

/* By the reason; the second boot is further than the first, and a reason
 * without a number leaves the old one. */
static void
an_operation_says_how_far_it_is(void)
{
	static const struct {
		const char *kind, *reason;
		int64_t installed_s, percent;
	} rows[] = {
		{ "Provision", "Claimed", 0, 0 },
		{ "Provision", "InsertingMedia", 0, 20 },
		{ "Provision", "Booting", 0, 40 },
		{ "Provision", "Installing", 0, 60 },
		{ "Provision", "Booting", 5, 80 },
		{ "Provision", "BootFailed", 0, 30 },
		{ "Release", "Verifying", 0, 80 },
		{ "Enroll", "Connecting", 0, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report r = { 0 };
		struct host h;
		cJSON *s;

		host_of(&h, "metadata: {generation: 1}\n"
			    "status: {operation: {kind: Provision, "
			    "progressPercent: 30}}\n");
		h.record.installed_s = rows[i].installed_s;
		report_reset(&r);
		report_op(&r, rows[i].kind, rows[i].reason, "%s", "x");
		s = report_status(&r, &h, NULL, NOW);
		CHECK_ROW(json_i64(s, "operation/progressPercent", -1) ==
			      rows[i].percent,
		    rows[i].reason);
		cJSON_Delete(s);
		report_reset(&r);
		host_fini(&h);
	}
}

static void
says_nothing_but_paused_when_paused(void)
{
	struct report r = { 0 };
	struct host h;
	cJSON *s;

	host_of(&h, "metadata: {generation: 1}\n"
		    "status: {state: Provisioned, operation: {kind: "
		    "Reboot}}\n");
	report_reset(&r);
	report_say(&r, HC_PAUSED, SAY_TRUE, "Paused", "%s", "");
	report_say(&r, HC_CONNECTION, SAY_FALSE, "ConnectionFailed", "%s", "");
	report_state(&r, HOST_ERROR);
	r.only_paused = true;
	s = report_status(&r, &h, NULL, NOW);
	CU_ASSERT_EQUAL(cond_get(s, "Paused"), COND_TRUE);
	CU_ASSERT_EQUAL(cond_get(s, "RedfishConnectionReady"), COND_ABSENT);
	CHECK_TEXT(json_str(s, "state", NULL), "Provisioned");
	CHECK_TEXT(json_str(s, "operation/kind", NULL), "Reboot");
	cJSON_Delete(s);
	report_reset(&r);
	host_fini(&h);
}

static void
drops_the_operation_at_rest(void)
{
	struct report r = { 0 };
	struct host h;
	cJSON *s;

	host_of(&h, "metadata: {generation: 1}\n"
		    "status: {operation: {kind: Release}}\n");
	report_reset(&r);
	report_op(&r, "Inspect", "Inspecting", "%s", "x");
	report_rest(&r);
	s = report_status(&r, &h, "{\"model\":\"Y\"}", NOW);
	CU_ASSERT_PTR_NULL(json_at(s, "operation"));
	CHECK_TEXT(json_str(s, "hardwareDetails/model", NULL), "Y");
	cJSON_Delete(s);
	report_reset(&r);
	host_fini(&h);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "leaves what it does not mention",
		    leaves_what_it_does_not_mention },
		{ "addresses are of a provisioned host, and go with it",
		    addresses_are_of_a_provisioned_host_and_go_with_it },
		{ "nothing of the BMC is the system's",
		    nothing_of_the_bmc_is_the_systems },
		{ "keeps the beginning of an operation",
		    keeps_the_beginning_of_an_operation },
		{ "an operation says how far it is",
		    an_operation_says_how_far_it_is },
		{ "says nothing but Paused when paused",
		    says_nothing_but_paused_when_paused },
		{ "drops the operation at rest", drops_the_operation_at_rest },
	};

	return UNIT_RUN("report", cases);
}
