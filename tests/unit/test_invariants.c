/*
 * Each invariant of the scenario runner is fed a sequence that breaks it, and
 * must say so by its name; the same sequence without the wrong must pass.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/invariants_rig.h"

#define DROP_CLAIM "{\"spec\":{\"consumerRef\":null}}"

/* ---- the whole story without a wrong ----------------------------------------- */

static void
a_good_story_breaks_nothing(void)
{
	struct rig r;

	rig_open(&r);
	rig_provisioned(&r);
	rig_record(&r, "releasing", 1, ",\"power\":\"ForceOff\"");
	rig_host(
	    &r, "beskar7-agent", "{\"status\":{\"state\":\"Deprovisioning\"}}");
	rig_off(&r);
	rig_record(&r, "idle", 0, "");
	rig_host(&r, "beskar7-agent", DROP_CLAIM);
	rig_host(&r, "beskar7-agent", "{\"status\":{\"state\":\"Available\"}}");
	invariants_end(r.x, r.now);
	CU_ASSERT_STRING_EQUAL(r.said, "");
	rig_close(&r);
}

/* ---- one wrong each ------------------------------------------------------------ */

static void
wrong_two_hosts_one_machine(struct rig *r)
{
	cJSON *twin = json_dup(r->host);

	rig_claim(r);
	json_put(twin, "metadata/name", cJSON_CreateString("other"));
	json_put(twin, "spec/redfishConnection/address",
	    cJSON_CreateString("https://10.9.0.2"));
	json_put(twin, "metadata/annotations", cJSON_CreateObject());
	json_put(twin, "spec/consumerRef",
	    rig_json("{\"name\":\"m1\",\"claimID\":\"id-1\"}"));
	rig_commit(r, "beskar7-agent", AX, "physicalhosts", NULL, twin);
	cJSON_Delete(twin);
}

static void
wrong_one_board_two_hosts(struct rig *r)
{
	cJSON *twin = json_dup(r->host);

	rig_claim(r);
	json_put(twin, "metadata/name", cJSON_CreateString("other"));
	json_put(twin, "spec/consumerRef",
	    rig_json("{\"name\":\"m2\",\"claimID\":\"id-2\"}"));
	rig_commit(r, "beskar7-agent", AX, "physicalhosts", NULL, twin);
	cJSON_Delete(twin);
}

static void
wrong_a_to_b(struct rig *r)
{
	rig_claim(r);
	rig_host(r, "beskar7-agent",
	    "{\"spec\":{\"consumerRef\":{\"name\":\"m2\",\"claimID\":\"id-2\"}}"
	    "}");
}

static void
wrong_returned_on(struct rig *r)
{
	rig_provisioned(r);
	rig_host(r, "beskar7-agent", DROP_CLAIM);
}

static void
wrong_machine_gone_first(struct rig *r)
{
	rig_provisioned(r);
	rig_commit(r, "beskar7-agent", AX, "beskar7machines", r->machine, NULL);
}

static void
wrong_no_record(struct rig *r)
{
	rig_claim(r);
	rig_host(r, "admin",
	    "{\"metadata\":{\"annotations\":{\"" AX "/host-record\":null}}}");
	rig_pass(r, LOOP_MIN);
	rig_media(r, "eject");
}

static void
wrong_no_owner(struct rig *r)
{
	rig_media(r, "eject");
}

static void
wrong_paused(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_host(r, "admin",
	    "{\"metadata\":{\"annotations\":{\"" CAPI "/paused\":\"\"}}}");
	rig_pass(r, LOOP_MIN);
	rig_media(r, "insert");
}

static void
wrong_maintenance(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_host(r, "admin", "{\"spec\":{\"maintenance\":{\"reason\":\"x\"}}}");
	rig_pass(r, LOOP_MIN);
	rig_media(r, "insert");
}

static void
wrong_dangling(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_commit(r, "admin", AX, "beskar7machines", r->machine, NULL);
	rig_pass(r, LOOP_MIN);
	rig_media(r, "insert");
}

static void
wrong_other_claim(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_machine(r, "admin",
	    "{\"metadata\":{\"annotations\":{\"" AX "/claim-id\":\"id-9\"}}}");
	rig_pass(r, LOOP_MIN);
	rig_media(r, "insert");
}

static void
wrong_identity(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_host(r, "beskar7-agent",
	    "{\"status\":{\"conditions\":[{\"type\":\"IdentityVerified\","
	    "\"status\":\"False\",\"reason\":\"IdentityChanged\"}]}}");
	rig_pass(r, LOOP_MIN);
	rig_media(r, "insert");
}

static void
wrong_restart_with_medium(struct rig *r)
{
	rig_provision(r);
	rig_reset(r, "ForceRestart");
}

static void
wrong_on_while_going_off(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_media(r, "insert");
	rig_note(r, BMC_EV_POWER_STATE, "PoweringOff");
	rig_reset(r, "On");
}

static void
wrong_stranger(struct rig *r)
{
	rig_note(r, BMC_EV_POWER_BUTTON, "press");
	rig_note(r, BMC_EV_POWER_STATE, "On");
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_reset(r, "ForceOff");
}

static void
wrong_reset_of_provisioned(struct rig *r)
{
	rig_provisioned(r);
	rig_reset(r, "ForceRestart");
}

static void
wrong_arming_of_provisioned(struct rig *r)
{
	rig_provisioned(r);
	rig_note(r, BMC_EV_BOOT_OVERRIDE, "Once Cd UEFI");
}

static void
wrong_second_boot(struct rig *r)
{
	rig_provision(r);
	rig_reset(r, "On");
	rig_note(r, BMC_EV_MEDIUM_READ, "loader");
}

static void
wrong_reimage(struct rig *r)
{
	rig_provision(r);
	rig_record(r, "provisioned", 2, "");
	rig_note(r, BMC_EV_MEDIUM_READ, "loader");
}

static void
wrong_armed_without_medium(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_note(r, BMC_EV_BOOT_OVERRIDE, "Once Cd UEFI");
}

static void
wrong_available_with_medium(struct rig *r)
{
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Inspecting\"}}");
	rig_note(r, BMC_EV_MEDIA_INSERTED, "http://o/i.iso");
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Available\"}}");
}

static void
wrong_available_with_spent_budget(struct rig *r)
{
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Inspecting\"}}");
	rig_record(r, "error", 0, ",\"failed\":true");
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Available\"}}");
}

static void
wrong_error_left(struct rig *r)
{
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Error\"}}");
	r->said[0] = '\0'; /* how it came there is another matter */
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Claimed\"}}");
}

static void
wrong_provisioned_to_error(struct rig *r)
{
	rig_provisioned(r);
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Error\"}}");
}

static void
wrong_step_back(struct rig *r)
{
	rig_provisioned(r);
	rig_host(
	    r, "beskar7-agent", "{\"status\":{\"state\":\"Provisioning\"}}");
}

static void
wrong_provisioned_without_id(struct rig *r)
{
	rig_machine(r, "beskar7-agent",
	    "{\"status\":{\"initialization\":{\"provisioned\":true}}}");
}

static void
wrong_id_of_another_host(struct rig *r)
{
	rig_machine(r, "beskar7-agent",
	    "{\"status\":{\"hostRef\":{\"name\":\"bmc-000\"}}}");
	rig_machine(r, "beskar7-agent",
	    "{\"spec\":{\"providerID\":\"b7://default/bmc-007\"}}");
}

static void
wrong_id_changed(struct rig *r)
{
	rig_machine(r, "beskar7-agent",
	    "{\"spec\":{\"providerID\":\"b7://default/bmc-000\"}}");
	rig_machine(r, "beskar7-agent",
	    "{\"spec\":{\"providerID\":\"b7://default/bmc-001\"}}");
}

static void
wrong_provisioned_taken_back(struct rig *r)
{
	rig_machine(r, "beskar7-agent",
	    "{\"spec\":{\"providerID\":\"b7://default/bmc-000\"},\"status\":{"
	    "\"initialization\":{\"provisioned\":true}}}");
	rig_machine(r, "beskar7-agent",
	    "{\"status\":{\"initialization\":{\"provisioned\":false}}}");
}

static void
wrong_label_of_others(struct rig *r)
{
	rig_machine(r, "beskar7-agent",
	    "{\"metadata\":{\"labels\":{\"" CAPI "/cluster-name\":null}}}");
}

static void
wrong_finalizer_of_others(struct rig *r)
{
	rig_machine(r, "admin", "{\"metadata\":{\"finalizers\":[\"x.io/y\"]}}");
	rig_machine(r, "beskar7-agent", "{\"metadata\":{\"finalizers\":[]}}");
}

static void
wrong_spec_of_others(struct rig *r)
{
	rig_host(r, "beskar7-agent", "{\"spec\":{\"online\":true}}");
}

static void
rig_call(struct rig *r, int64_t started, int64_t ended)
{
	struct inv_call c = { .started_us = started,
		.at_us = ended,
		.agent = 0,
		.bmc = "bmc-000",
		.method = "GET",
		.target = "/redfish/v1",
		.status = 200,
		.heard = true };

	invariants_call(r->x, &c);
}

static void
wrong_two_requests(struct rig *r)
{
	rig_call(r, r->now, r->now + 100);
	rig_call(r, r->now + 50, r->now + 150);
}

static void
rig_login(struct rig *r, enum bmc_event_kind k, const char *text)
{
	rig_event(r, (struct bmc_event){ .kind = k,
			 .text = text,
			 .who = "root",
			 .from = "10.0.1.1:40000" });
}

static void
wrong_two_sessions(struct rig *r)
{
	rig_login(r, BMC_EV_SESSION_OPENED, "s1");
	rig_login(r, BMC_EV_SESSION_OPENED, "s2");
}

static void
wrong_guessing(struct rig *r)
{
	rig_login(r, BMC_EV_LOGIN_FAILED, "session");
	rig_pass(r, LOOP_MIN);
	rig_login(r, BMC_EV_LOGIN_FAILED, "session");
}

static void
wrong_marker_in_status(struct rig *r)
{
	rig_host(r, "beskar7-agent",
	    "{\"status\":{\"operation\":{\"message\":\"x " MARKER "\"}}}");
}

static void
wrong_marker_in_log(struct rig *r)
{
	static const char line[] = "info agent-0 booting data=" MARKER;

	invariants_text(r->x, "log", line, strlen(line));
}

static void
wrong_token_in_log(struct rig *r)
{
	static const char line[] =
	    "info agent-0 inserted http://10.0.0.1:8090/m/"
	    "abcdefghijklmnopqrstuvwx27/b.iso";

	invariants_text(r->x, "log", line, strlen(line));
}

static void
wrong_marker_in_event(struct rig *r)
{
	rig_note(r, BMC_EV_BOOT_FAILED, "DEV_CD: " MARKER);
}

static void
wrong_marker_in_url(struct rig *r)
{
	struct inv_call c = { .at_us = r->now,
		.bmc = "",
		.method = "GET",
		.target = "/x?data=" MARKER,
		.status = 200,
		.heard = true };

	invariants_call(r->x, &c);
}

static void
wrong_write_at_rest(struct rig *r)
{
	invariants_quiet(r->x, true);
	rig_host(r, "beskar7-agent", "{\"status\":{\"x\":1}}");
}

static const struct wrong {
	const char *invariant, *what;
	void (*run)(struct rig *r);
} wrongs[] = {
	{ "claim-one-host", "two hosts for a machine",
	    wrong_two_hosts_one_machine },
	{ "claim-one-identity", "one board under two claims",
	    wrong_one_board_two_hosts },
	{ "claim-a-to-b", "consumer replaced in one write", wrong_a_to_b },
	{ "claim-returned-clean", "given back while on", wrong_returned_on },
	{ "claim-kept-by-finalizer", "machine gone before its host",
	    wrong_machine_gone_first },
	{ "write-needs-host", "write without a record", wrong_no_record },
	{ "write-needs-owner", "write without an owner", wrong_no_owner },
	{ "write-while-paused", "write while paused", wrong_paused },
	{ "write-in-maintenance", "write in maintenance", wrong_maintenance },
	{ "write-dangling", "write with the consumer gone", wrong_dangling },
	{ "write-dangling", "write with another claim", wrong_other_claim },
	{ "write-identity-in-doubt", "write to a changed board",
	    wrong_identity },
	{ "power-on-from-off", "restart with a medium",
	    wrong_restart_with_medium },
	{ "power-on-from-off", "on while going off", wrong_on_while_going_off },
	{ "power-stranger", "a stranger's server off", wrong_stranger },
	{ "provisioned-untouched", "reset of a provisioned host",
	    wrong_reset_of_provisioned },
	{ "provisioned-untouched", "arming of a provisioned host",
	    wrong_arming_of_provisioned },
	{ "boot-once-per-attempt", "the medium booted twice",
	    wrong_second_boot },
	{ "boot-no-reimage", "imaged again", wrong_reimage },
	{ "boot-order", "armed without a medium", wrong_armed_without_medium },
	{ "pool-clean", "Available with a medium",
	    wrong_available_with_medium },
	{ "pool-clean", "Available with a spent budget",
	    wrong_available_with_spent_budget },
	{ "pool-error-stays", "Error left without retry", wrong_error_left },
	{ "pool-error-stays", "Provisioned became Error",
	    wrong_provisioned_to_error },
	{ "state-order", "Provisioned became Provisioning", wrong_step_back },
	{ "provider-id-first", "provisioned without an id",
	    wrong_provisioned_without_id },
	{ "provider-id-first", "the id of another host",
	    wrong_id_of_another_host },
	{ "outputs-sticky", "another providerID", wrong_id_changed },
	{ "outputs-sticky", "provisioned taken back",
	    wrong_provisioned_taken_back },
	{ "foreign-metadata", "somebody's label", wrong_label_of_others },
	{ "foreign-metadata", "somebody's finalizer",
	    wrong_finalizer_of_others },
	{ "spec-untouched", "the user's spec", wrong_spec_of_others },
	{ "bmc-one-request", "two requests at once", wrong_two_requests },
	{ "bmc-one-session", "two sessions", wrong_two_sessions },
	{ "login-lockout", "a wrong password again", wrong_guessing },
	{ "secret-marker", "a marker in a status", wrong_marker_in_status },
	{ "secret-marker", "a marker in a log", wrong_marker_in_log },
	{ "secret-marker", "a token in a log", wrong_token_in_log },
	{ "secret-marker", "a marker in what a BMC tells",
	    wrong_marker_in_event },
	{ "secret-marker", "a marker in a URL", wrong_marker_in_url },
	{ "steady-writes-nothing", "a write at rest", wrong_write_at_rest },
};
#define N_WRONGS (sizeof(wrongs) / sizeof(wrongs[0]))

static void
each_wrong_is_caught_by_its_name(void)
{
	struct rig r;

	for (size_t i = 0; i < N_WRONGS; i++) {
		rig_open(&r);
		CU_ASSERT_STRING_EQUAL(r.said, "");
		wrongs[i].run(&r);
		if (!str_eq(r.said, wrongs[i].invariant))
			(void)fprintf(stderr, "%s: %s, not %s\n",
			    wrongs[i].what, r.said, wrongs[i].invariant);
		CU_ASSERT_STRING_EQUAL(r.said, wrongs[i].invariant);
		rig_close(&r);
	}
}

/* The core stand-in's own; of test_role, test_invariants_heal and _lease. */
static void
every_invariant_has_a_wrong(void)
{
	for (const struct inv_row *row = inv_rows; row->name != NULL; row++) {
		bool found =
		    strstr(" contract api-rights remediation-fenced "
			   "write-without-lease taker-waits driver-of-object "
			   "node-of-claim ",
			row->name) != NULL;

		for (size_t i = 0; i < N_WRONGS; i++)
			found = found || str_eq(wrongs[i].invariant, row->name);
		if (!found)
			(void)fprintf(stderr, "no wrong for %s\n", row->name);
		CU_ASSERT_TRUE(found);
	}
}

/* An agent that cannot have heard of a pause is not blamed for it. */
static void
news_take_their_time(void)
{
	struct rig r;

	rig_open(&r);
	rig_claim(&r);
	rig_record(&r, "provisioning", 1, "");
	rig_host(&r, "admin",
	    "{\"metadata\":{\"annotations\":{\"" CAPI "/paused\":\"\"}}}");
	rig_pass(&r, LOOP_S);
	rig_media(&r, "insert");
	CU_ASSERT_STRING_EQUAL(r.said, "");
	facts_blind(invariants_facts(r.x), r.now + LOOP_HOUR);
	rig_pass(&r, LOOP_MIN);
	rig_media(&r, "eject");
	CU_ASSERT_STRING_EQUAL(r.said, "");
	rig_close(&r);
}

static void
a_crashed_agent_may_open_a_session_again(void)
{
	struct rig r;

	rig_open(&r);
	rig_login(&r, BMC_EV_SESSION_OPENED, "s1");
	facts_agent_started(invariants_facts(r.x), 0);
	rig_login(&r, BMC_EV_SESSION_OPENED, "s2");
	CU_ASSERT_STRING_EQUAL(r.said, "");
	rig_close(&r);
}

int
main(void)
{
	CU_pSuite suite;
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite("invariants", NULL, NULL);
	CU_add_test(
	    suite, "a good story breaks nothing", a_good_story_breaks_nothing);
	CU_add_test(suite, "each wrong is caught by its name",
	    each_wrong_is_caught_by_its_name);
	CU_add_test(
	    suite, "every invariant has a wrong", every_invariant_has_a_wrong);
	CU_add_test(suite, "news take their time", news_take_their_time);
	CU_add_test(suite, "a crashed agent may open a session again",
	    a_crashed_agent_may_open_a_session_again);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures == 0 ? 0 : 1;
}
