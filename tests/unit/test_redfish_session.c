/* Trust, logins and sessions: what is sent before a BMC is trusted, and who
 * logs in how often. */
#include "tests/unit/redfish_rig.h"

#define SYS "/redfish/v1/Systems/system-1"
#define SESS "/redfish/v1/SessionService/Sessions"

static void
identify_sends_no_credentials(void)
{
	struct rig g;

	rig_open(&g, "generic");
	OK(&g, redfish_identify(g.rf, rig_done, &g));
	CHECK_TEXT(buf_str(&g.fake.log), "GET /redfish/v1/\n");
	CU_ASSERT_EQUAL(g.fake.logins + g.fake.login_failures, 0);
	g.fake.root_needs_login = true;
	OK(&g, redfish_identify(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.logins + g.fake.login_failures, 0);
	rig_close(&g);
}

static void
nothing_but_identify_runs_before_trust(void)
{
	struct redfish_tls first = { .first_use = true },
			   trusted = { .first_use = false };
	struct rig g;

	rig_open(&g, "generic");
	redfish_set_tls(g.rf, &first);
	OK(&g, redfish_identify(g.rf, rig_done, &g));
	FAILS(&g, RF_CAUSE_TLS, redfish_discover(g.rf, rig_done, &g));
	FAILS(&g, RF_CAUSE_TLS, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.logins + g.fake.login_failures, 0);
	redfish_set_tls(g.rf, &trusted);
	DISCOVER(&g);
	rig_close(&g);
}

static void
a_discovery_after_identify_does_not_ask_twice(void)
{
	struct rig g;

	rig_open(&g, "generic");
	OK(&g, redfish_identify(g.rf, rig_done, &g));
	DISCOVER(&g);
	CU_ASSERT_EQUAL(g.r.requests, 6);
	DISCOVER(&g); /* asked for again: from the top */
	CU_ASSERT_EQUAL(g.r.requests, 6);
	CU_ASSERT_EQUAL(g.fake.logins, 1);
	rig_close(&g);
}

static void
a_root_behind_a_login_is_read_with_basic_then_a_session(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.root_needs_login = true;
	DISCOVER(&g);
	CU_ASSERT_EQUAL(g.fake.logins, 1);
	CU_ASSERT_EQUAL(g.fake.login_failures, 0);
	CU_ASSERT_TRUE(redfish_has_session(g.rf));
	CU_ASSERT_TRUE(rig_quirks_are(&g, "root:login"));
	rig_close(&g);
}

static void
an_expired_session_is_renewed_once_and_the_request_repeated(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	fake_bmc_expire(&g.fake); /* as after a restart of the BMC */
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(g.r.requests, 4); /* a DELETE for safety */
	CU_ASSERT_EQUAL(g.fake.logins, 2);
	CU_ASSERT_EQUAL(g.fake.sessions, 1);
	rig_close(&g);
}

static bool
never_authorized(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)body;
	return str_eq(method, "GET") && !str_eq(path, "/redfish/v1/") &&
	       fake_refuse(a, 401, "NoValidSession", NULL, NULL);
}

static void
a_login_that_leads_nowhere_is_not_repeated_and_leaves_no_session(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = never_authorized;
	FAILS(&g, RF_CAUSE_AUTH, redfish_discover(g.rf, rig_done, &g));
	FAILS(&g, RF_CAUSE_AUTH, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.logins, 1);
	CU_ASSERT_EQUAL(g.fake.sessions, 0);
	rig_close(&g);
}

static void
wrong_credentials_are_tried_three_times_ten_minutes_apart(void)
{
	struct redfish_credentials good;
	struct secret pw = { NULL, 0 };
	struct rig g;
	int i;

	rig_open(&g, "generic");
	g.fake.password = "changed";
	for (i = 0; i < 100; i++) {
		FAILS(&g, RF_CAUSE_AUTH, redfish_discover(g.rf, rig_done, &g));
		CU_ASSERT_EQUAL(g.r.err.kind, ERR_AUTH);
		rig_sleep(&g, LOOP_MIN);
	}
	CU_ASSERT_EQUAL(g.fake.login_failures, 3);
	CU_ASSERT_EQUAL(redfish_login_hold(g.rf), -1);
	/* the same pair again changes nothing, another one does */
	good = (struct redfish_credentials){ "root", &g.password, "v1" };
	redfish_set_credentials(g.rf, &good);
	FAILS(&g, RF_CAUSE_AUTH, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.login_failures, 3);
	secret_set(&pw, "changed", 7);
	good = (struct redfish_credentials){ "root", &pw, "v2" };
	redfish_set_credentials(g.rf, &good);
	secret_free(&pw);
	CU_ASSERT_EQUAL(redfish_login_hold(g.rf), 0);
	DISCOVER(&g);
	CU_ASSERT_EQUAL(g.fake.logins, 1);
	CU_ASSERT_PTR_NULL(strstr(buf_str(&g.lines), "s3cret"));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&g.lines), "token-"));
	rig_close(&g);
}

static void
a_rotated_secret_ends_the_old_session_first(void)
{
	struct redfish_credentials next;
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	fake_bmc_forget_log(&g.fake);
	next = (struct redfish_credentials){ "root", &g.password, "v2" };
	redfish_set_credentials(g.rf, &next);
	READ(&g, RF_READ_SYSTEM);
	CHECK_TEXT(buf_str(&g.fake.log),
	    "DELETE " SESS "/1\nPOST " SESS "\nGET " SYS "\n");
	CU_ASSERT_EQUAL(g.fake.sessions, 1);
	rig_close(&g);
}

static void
close_deletes_the_session(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.no_location = true; /* then the body tells (CIMC) */
	DISCOVER(&g);
	OK(&g, redfish_close(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.sessions, 0);
	CU_ASSERT_FALSE(redfish_has_session(g.rf));
	OK(&g, redfish_close(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.logouts, 1);
	READ(&g, RF_READ_SYSTEM); /* and comes back when needed */
	CU_ASSERT_EQUAL(g.fake.sessions, 1);
	rig_close(&g);
}

static bool
no_session_left(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)body;
	return str_eq(method, "POST") && str_has_suffix(path, "/Sessions") &&
	       fake_refuse(a, 503, "RAC0218", NULL, NULL);
}

static void
basic_serves_while_no_session_is_to_be_had(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = no_session_left;
	DISCOVER(&g);
	CU_ASSERT_FALSE(redfish_has_session(g.rf));
	g.fake.hook = NULL;
	rig_sleep(&g, 11 * LOOP_MIN);
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_TRUE(redfish_has_session(g.rf));
	CU_ASSERT_EQUAL(g.fake.login_failures, 0);
	rig_close(&g);
}

static bool
password_must_change(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)body;
	return str_eq(method, "GET") && !str_eq(path, "/redfish/v1/") &&
	       fake_refuse(a, 403, "PasswordChangeRequired",
		   "/redfish/v1/AccountService/Accounts/1", NULL);
}

static void
a_password_to_be_changed_is_its_own_cause(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = password_must_change;
	FAILS(
	    &g, RF_CAUSE_PASSWORD_CHANGE, redfish_discover(g.rf, rig_done, &g));
	CHECK_TEXT(g.r.message_id, "PasswordChangeRequired");
	FAILS(
	    &g, RF_CAUSE_PASSWORD_CHANGE, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.logins, 1);
	CU_ASSERT_EQUAL(g.fake.sessions, 0);
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(identify_sends_no_credentials),
	UNIT_CASE(nothing_but_identify_runs_before_trust),
	UNIT_CASE(a_discovery_after_identify_does_not_ask_twice),
	UNIT_CASE(a_root_behind_a_login_is_read_with_basic_then_a_session),
	UNIT_CASE(an_expired_session_is_renewed_once_and_the_request_repeated),
	UNIT_CASE(
	    a_login_that_leads_nowhere_is_not_repeated_and_leaves_no_session),
	UNIT_CASE(wrong_credentials_are_tried_three_times_ten_minutes_apart),
	UNIT_CASE(a_rotated_secret_ends_the_old_session_first),
	UNIT_CASE(close_deletes_the_session),
	UNIT_CASE(basic_serves_while_no_session_is_to_be_had),
	UNIT_CASE(a_password_to_be_changed_is_its_own_cause),
};

int
main(void)
{
	return UNIT_RUN("redfish_session", cases);
}
