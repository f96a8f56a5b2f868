/*
 * BMCs with wrong certificates: another CA, another name, out of date, another
 * key than the one that was trusted. None of them learns a password.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/hostile_rig.h"

#define INSECURE "insecureSkipVerify: true"
#define CONN "RedfishConnectionReady"

static char *
ca_secret(const char *pem, const char *name)
{
	char *b64 = b64_encode(pem, strlen(pem));
	char *text = xasprintf("apiVersion: v1\nkind: Secret\n"
			       "metadata: {name: %s}\ndata: {ca.crt: %s}\n",
	    name, b64);

	xfree(b64);
	return text;
}

/* The credentials stayed here: nobody logged in, nothing was asked but,
 * perhaps, for the handshake. */
static void
kept_to_itself(struct hostile_rig *r, const char *reason, const char *word)
{
	struct bmc_snapshot snap;
	const char *message;

	CHECK_TEXT(
	    hostile_condition(r, "physicalhosts", "bmc-000", CONN, "status"),
	    "False");
	CHECK_TEXT(
	    hostile_condition(r, "physicalhosts", "bmc-000", CONN, "reason"),
	    reason);
	message =
	    hostile_condition(r, "physicalhosts", "bmc-000", CONN, "message");
	CHECK_ROW(strstr(message, word) != NULL, message);
	bmc_snapshot(bmc_fleet_at(stage_fleet(r->s), 0), &snap);
	CU_ASSERT_EQUAL(snap.requests, 0);
	CU_ASSERT_EQUAL(snap.logins + snap.login_failures, 0);
	CU_ASSERT_TRUE(r->calls <= 100);
}

static void
a_certificate_of_another_ca_gets_no_credentials(void)
{
	struct hostile_rig r, other;
	char *text;

	hostile_open_seed(&other, 1, 12);
	hostile_open(&r, 2);
	text = ca_secret(stage_ca_pem(other.s), "ca");
	hostile_apply(&r, text);
	xfree(text);
	hostile_host(&r, 0, NULL, "caBundleSecretRef: {name: ca}");
	hostile_host(&r, 1, NULL, INSECURE);
	hostile_agent(&r);
	hostile_run(&r, 10 * LOOP_MIN);
	kept_to_itself(&r, "TLSVerificationFailed", "not trusted");
	CHECK_TEXT(hostile_at(&r, "physicalhosts", "bmc-001", "status/state"),
	    "Available");
	/* The right one mends it, without a restart. */
	text = ca_secret(stage_ca_pem(r.s), "ca");
	hostile_apply(&r, text);
	xfree(text);
	CU_ASSERT_TRUE(hostile_wait(&r, "physicalhosts", "bmc-000",
			   "status/state", "Available", 12 * LOOP_MIN) >= 0);
	hostile_close(&r);
	hostile_close(&other);
}

static void
a_certificate_for_another_name_gets_no_credentials(void)
{
	struct hostile_rig r;
	char *text;

	hostile_open(&r, 1);
	world_dns(stage_world(r.s), "other.example.org", "127.16.0.1");
	text = ca_secret(stage_ca_pem(r.s), "ca");
	hostile_apply(&r, text);
	xfree(text);
	hostile_host(&r, 0, "https://other.example.org",
	    "caBundleSecretRef: {name: ca}");
	hostile_agent(&r);
	hostile_run(&r, 10 * LOOP_MIN);
	kept_to_itself(&r, "TLSVerificationFailed", "other.example.org");
	hostile_close(&r);
}

static void
an_expired_certificate_gets_no_credentials(void)
{
	static const int64_t years_30 = 30LL * 365 * 86400 * LOOP_S;
	struct stage_agent_opts o = { .wall_skew_us = years_30 };
	struct hostile_rig r;
	struct err e = { 0 };
	char *text;

	hostile_open(&r, 1);
	text = ca_secret(stage_ca_pem(r.s), "ca");
	hostile_apply(&r, text);
	xfree(text);
	hostile_host(&r, 0, NULL, "caBundleSecretRef: {name: ca}");
	CU_ASSERT_TRUE_FATAL(stage_agent_start(r.s, 0, &o, &e));
	hostile_run(&r, 10 * LOOP_MIN);
	kept_to_itself(&r, "TLSVerificationFailed", "out of date");
	hostile_close(&r);
}

static void
a_changed_key_gets_no_more_credentials(void)
{
	struct hostile_rig r;
	unsigned logins;

	hostile_open(&r, 1);
	hostile_host(&r, 0, NULL, "trustOnFirstUse: true");
	hostile_agent(&r);
	CU_ASSERT_TRUE_FATAL(hostile_wait(&r, "physicalhosts", "bmc-000",
				 "status/state", "Available", LOOP_MIN) >= 0);
	logins = r.logins;
	hostile_control(&r, "POST", "/bmcs/bmc-000/certificate", "{}");
	hostile_control(&r, "POST", "/bmcs/bmc-000/end-sessions", "{}");
	hostile_reset(&r);
	hostile_run(&r, 10 * LOOP_MIN);
	CHECK_TEXT(
	    hostile_condition(&r, "physicalhosts", "bmc-000", CONN, "reason"),
	    "CertificateChanged");
	CU_ASSERT_TRUE(logins >= 1);
	CU_ASSERT_EQUAL(r.logins, 0);
	CU_ASSERT_TRUE(r.calls <= 100);
	hostile_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a certificate of another CA gets no credentials",
		    a_certificate_of_another_ca_gets_no_credentials },
		{ "a certificate for another name gets no credentials",
		    a_certificate_for_another_name_gets_no_credentials },
		{ "an expired certificate gets no credentials",
		    an_expired_certificate_gets_no_credentials },
		{ "a changed key gets no more credentials",
		    a_changed_key_gets_no_more_credentials },
	};

	return UNIT_RUN("hostile_tls", cases);
}
