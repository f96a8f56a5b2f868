/*
 * SAFETY.md 4 and 12: a BMC that shows another key than the one that is trusted
 * hears nothing more, whatever the host is doing, until the user says that the
 * key is right.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define REASON "?RedfishConnectionReady.reason"
#define ACCEPT AX "/accept-certificate"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 30000, .os_boot_ms = 5000
};

/* Another key, and no session that would go on under the old one. */
static void
another_key(struct rig *r)
{
	rig_bmc_do(r, "bmc-000", "certificate", NULL);
	rig_bmc_do(r, "bmc-000", "end-sessions", NULL);
}

static char *
pin_of(struct rig *r)
{
	char *pin = rig_record(r, "bmc-000", "pin");

	CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
	CU_ASSERT_EQUAL_FATAL(strlen(pin), 64);
	return pin;
}

/* What a person reads who must decide: the key that the BMC shows now. */
static char *
shown_key(struct rig *r)
{
	cJSON *h = rig_get(r, HOST, "bmc-000");
	const cJSON *c;
	char *key = NULL;

	cJSON_ArrayForEach (c, json_arr(h, "status/conditions")) {
		const char *m = json_str(c, "message", "");
		const char *at = strstr(m, ": fingerprint ");

		if (str_eq(json_str(c, "type", ""), "RedfishConnectionReady") &&
		    at != NULL)
			key = xstrndup(at + strlen(": fingerprint "), 64);
	}
	if (key == NULL) {
		char *text = json_print(json_obj(h, "status"));

		(void)fprintf(stderr, "%s\n", text == NULL ? "" : text);
		xfree(text);
	}
	cJSON_Delete(h);
	CU_ASSERT_PTR_NOT_NULL_FATAL(key);
	CU_ASSERT_EQUAL_FATAL(strlen(key), 64);
	return key;
}

static void
trust_by_fingerprint(struct rig *r, const char *pin)
{
	rig_patch(r, HOST, "bmc-000",
	    "{\"spec\":{\"redfishConnection\":{\"trustOnFirstUse\":null,"
	    "\"certificateFingerprint\":\"%s\"}}}",
	    pin);
}

static void
stays_silent(struct rig *r, const char *state)
{
	struct rig_bmc was = r->bmc[0];

	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].writes, was.writes);
	CU_ASSERT_EQUAL(r->bmc[0].logins, was.logins);
	CU_ASSERT_EQUAL(r->bmc[0].login_failures, was.login_failures);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", REASON, "CertificateChanged"));
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "status/state", state));
}

/* certificateFingerprint: the spec says which key is right; nothing else does. */
static void
a_fingerprint_that_no_longer_fits_stops_a_provision(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .trust = "trustOnFirstUse: true"
	};
	struct rig *r = rig_new(&o);
	char *pin = pin_of(r), *now;

	trust_by_fingerprint(r, pin);
	rig_run(r, LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", REASON, "Connected"));
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?HostProvisioned.reason",
	    "Booting", 10 * LOOP_MIN));
	another_key(r);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", REASON, "CertificateChanged", 10 * LOOP_MIN));
	stays_silent(r, "Provisioning");
	now = shown_key(r);
	CU_ASSERT_STRING_NOT_EQUAL(now, pin);
	/* the annotation is for trust on first use only */
	rig_annotate(r, "bmc-000", ACCEPT, now);
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(rig_event_count(r, "CertificateRefused"), 1);
	stays_silent(r, "Provisioning");
	/* Deleted meanwhile: nothing is given back on hearsay. */
	rig_delete(r, MACHINES, "m1");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", NULL, NULL));
	trust_by_fingerprint(r, now);
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	xfree(pin);
	xfree(now);
	rig_free(r);
}

static bool
annotated(struct rig *r, const char *key)
{
	cJSON *h = rig_get(r, HOST, "bmc-000");
	bool is = facts_annotation(h, key) != NULL;

	cJSON_Delete(h);
	return is;
}

static void
an_accepted_certificate_is_pinned_and_work_goes_on(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .trust = "trustOnFirstUse: true"
	};
	struct rig *r = rig_new(&o);
	char *pin = pin_of(r), *now, *kept;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?HostProvisioned.reason",
	    "Booting", 10 * LOOP_MIN));
	another_key(r);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", REASON, "CertificateChanged", 10 * LOOP_MIN));
	now = shown_key(r);
	rig_annotate(r, "bmc-000", ACCEPT, now);
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", REASON, "Connected", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(rig_event_count(r, "CertificateAccepted"), 1);
	CU_ASSERT_FALSE(annotated(r, ACCEPT));
	kept = pin_of(r);
	CU_ASSERT_STRING_EQUAL(kept, now);
	CU_ASSERT_STRING_NOT_EQUAL(kept, pin);
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 60 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
	/* and the next life goes by the same key */
	rig_kill(r);
	rig_agent(r);
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", REASON, "Connected"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	xfree(pin);
	xfree(now);
	xfree(kept);
	rig_free(r);
}

/* "AB:CD:...", as openssl prints it. */
static void
with_colons(const char *pin, char out[96])
{
	size_t n = 0;

	for (size_t i = 0; pin[i] != '\0'; i++) {
		if (i > 0 && i % 2 == 0)
			out[n++] = ':';
		out[n++] = (char)(pin[i] >= 'a' ? pin[i] - 'a' + 'A' : pin[i]);
	}
	out[n] = '\0';
}

static void
what_is_no_fingerprint_changes_no_pin(void)
{
	static const char *const bad[] = {
		"",
		"yes",
		"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
		"zzzz",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc"
		"def0",
	};
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .trust = "trustOnFirstUse: true"
	};
	struct rig *r = rig_new(&o);
	char *pin = pin_of(r), *now, *kept, text[96];

	another_key(r);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", REASON, "CertificateChanged", 10 * LOOP_MIN));
	now = shown_key(r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig_annotate(r, "bmc-000", ACCEPT, bad[i]);
		rig_run(r, LOOP_MIN);
		CU_ASSERT_FALSE(annotated(r, ACCEPT));
		kept = pin_of(r);
		CHECK_TEXT(kept, pin);
		xfree(kept);
	}
	CU_ASSERT_EQUAL(rig_event_count(r, "CertificateAccepted"), 0);
	/* another key than it shows: pinned as told, and still not trusted */
	rig_annotate(r, "bmc-000", ACCEPT,
	    "0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdef");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", REASON, "CertificateChanged"));
	with_colons(now, text);
	rig_annotate(r, "bmc-000", ACCEPT, text);
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", REASON, "Connected", 10 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	xfree(pin);
	xfree(now);
	rig_free(r);
}

/* An agent that dies and comes back every minute must lock no account. */
static void
refused_logins_are_remembered_by_the_next_life(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick, .no_agent = true };
	struct rig *r = rig_new(&o);
	char *refused;

	rig_patch(r, "secrets", "bmc-000",
	    "{\"stringData\":{\"password\":\"wrong\"}}");
	rig_agent(r);
	for (int i = 0; i < 40; i++) {
		rig_run(r, LOOP_MIN);
		rig_kill(r);
		rig_agent(r);
	}
	CU_ASSERT(r->bmc[0].login_failures >= 2);
	CU_ASSERT(r->bmc[0].login_failures <= 3);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", REASON, "AuthenticationFailed"));
	refused = rig_record(r, "bmc-000", "refused");
	CU_ASSERT_PTR_NOT_NULL_FATAL(refused);
	CU_ASSERT(refused[0] == '3' && refused[1] == ':');
	xfree(refused);
	/* three of one version are all there will ever be */
	rig_run(r, 3 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].login_failures, 3);
	rig_patch(r, "secrets", "bmc-000",
	    "{\"stringData\":{\"password\":\"b7-sim-secret\"}}");
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 5 * LOOP_MIN));
	refused = rig_record(r, "bmc-000", "refused");
	CU_ASSERT_PTR_NULL(refused);
	xfree(refused);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

static void
a_password_to_be_changed_stays_that_in_the_next_life(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick, .no_agent = true };
	struct rig *r = rig_new(&o);

	rig_bmc_do(r, "bmc-000", "password", "{\"changeRequired\":true}");
	rig_agent(r);
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", REASON,
	    "PasswordChangeRequired", 5 * LOOP_MIN));
	for (int i = 0; i < 40; i++) {
		rig_kill(r);
		rig_agent(r);
		rig_run(r, LOOP_MIN);
	}
	CU_ASSERT(r->bmc[0].logins <= 3);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", REASON, "PasswordChangeRequired"));
	rig_bmc_do(r, "bmc-000", "password",
	    "{\"password\":\"second\",\"changeRequired\":false}");
	rig_patch(r, "secrets", "bmc-000",
	    "{\"stringData\":{\"password\":\"second\"}}");
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 5 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* The value of the metric; 0 = there is none. */
static int64_t
expiry_of(struct rig *r)
{
	return metrics_get(stage_agent_metrics(r->s, 0),
	    "beskar7_bmc_certificate_expiry_timestamp_seconds",
	    "host=\"default/bmc-000\"");
}

static void
the_end_of_a_certificate_is_a_metric_while_there_is_a_host(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .trust = "trustOnFirstUse: true"
	};
	struct rig *r = rig_new(&o);
	int64_t was;

	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 5 * LOOP_MIN));
	was = expiry_of(r);
	CU_ASSERT(was > 0);
	rig_bmc_do(r, "bmc-000", "certificate",
	    "{\"validFromSeconds\":-60,\"expiresInSeconds\":864000}");
	rig_bmc_do(r, "bmc-000", "end-sessions", NULL);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", REASON, "CertificateChanged", 10 * LOOP_MIN));
	rig_delete(r, HOST, "bmc-000");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", NULL, NULL));
	CU_ASSERT_EQUAL(expiry_of(r), 0);
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a fingerprint that no longer fits stops a provision",
		    a_fingerprint_that_no_longer_fits_stops_a_provision },
		{ "an accepted certificate is pinned and work goes on",
		    an_accepted_certificate_is_pinned_and_work_goes_on },
		{ "what is no fingerprint changes no pin",
		    what_is_no_fingerprint_changes_no_pin },
		{ "refused logins are remembered by the next life",
		    refused_logins_are_remembered_by_the_next_life },
		{ "a password to be changed stays that in the next life",
		    a_password_to_be_changed_stays_that_in_the_next_life },
		{ "the end of a certificate is a metric while there is a host",
		    the_end_of_a_certificate_is_a_metric_while_there_is_a_host },
	};

	return RIG_CASES("safety_trust", cases);
}
