/*
 * SAFETY.md 2 and 11: one claim, one owner; fleet limits. Machines that race
 * for hosts, replies that are lost, consumers that people edit.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static unsigned
claimed(struct rig *r, unsigned machines, unsigned *waiting)
{
	unsigned n = 0;

	*waiting = machines;
	for (unsigned i = 0; i < machines; i++) {
		char name[16], host[64];
		bool lacks;

		(void)str_format(name, sizeof(name), "m%u", i);
		lacks = rig_is(
		    r, B7M, name, "?HostClaimed.reason", "NoHostAvailable");
		if (rig_host_of(r, name, host)[0] != '\0') {
			n++;
			*waiting = lacks ? machines : *waiting;
		} else if (lacks) {
			*waiting = i;
		}
	}
	return n;
}

static void
one_machine_too_many_waits_and_says_for_what(void)
{
	struct rig_opts o = { .bmcs = 4, .timing = quick };
	struct rig *r = rig_new(&o);
	unsigned waiting;
	char name[16], other[16], host[64];

	for (unsigned i = 0; i < 5; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		rig_machine(r, name);
	}
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(claimed(r, 5, &waiting), 4);
	CU_ASSERT_TRUE_FATAL(waiting < 5);
	(void)str_format(other, sizeof(other), "m%u", waiting == 0 ? 1 : 0);
	(void)str_format(name, sizeof(name), "m%u", waiting);
	/* The host that is given back is taken by the one that waits. */
	rig_host_of(r, other, host);
	rig_delete(r, MACHINES, other);
	CU_ASSERT_TRUE(rig_released(r, other, 10 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, host, "spec/consumerRef/name", name, 2 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_provisioned(r, name, 20 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[rig_index(host)].loads, 2);
	rig_free(r);
}

static void
a_lost_reply_to_the_claim_claims_once(void)
{
	static const bool stored[] = { true, false };

	for (size_t i = 0; i < 2; i++) {
		struct rig_opts o = { .bmcs = 3, .timing = quick };
		struct rig *r = rig_new(&o);
		struct kube_fail f = { .user = "beskar7-agent",
			.verb = "patch",
			.resource = HOST "." AX,
			.status = 503,
			.after_commit = stored[i],
			.count = 1 };
		unsigned waiting;

		kube_server_fail(stage_kube(r->s), &f);
		rig_machine(r, "m0");
		CU_ASSERT_TRUE(rig_provisioned(r, "m0", 20 * LOOP_MIN));
		CU_ASSERT_EQUAL(claimed(r, 1, &waiting), 1);
		rig_free(r);
	}
}

/* Deleted at every moment around its claim: the host comes back, or was never
 * taken. */
static void
a_machine_deleted_while_its_claim_is_under_way(void)
{
	for (int64_t us = 3 * LOOP_S; us < 8 * LOOP_S; us += LOOP_S / 3) {
		struct rig_opts o = { .bmcs = 2, .timing = quick };
		struct rig *r = rig_new(&o);

		rig_machine(r, "m0");
		rig_run(r, us);
		rig_delete(r, MACHINES, "m0");
		CU_ASSERT_TRUE(rig_released(r, "m0", 10 * LOOP_MIN));
		rig_clean(r, "bmc-000");
		rig_clean(r, "bmc-001");
		rig_free(r);
	}
}

static unsigned
writes_of(const struct rig *r, const char *host)
{
	const struct rig_bmc *b = &r->bmc[rig_index(host)];

	return b->resets + b->arms + b->inserts + b->ejects;
}

/* The consumer is edited away, to another claim, to another machine, or the
 * machine vanishes: no hardware action, ClaimLost; put back, it goes on. */
static void
edited(const char *patch, bool provisioned)
{
	struct rig_opts o = { .bmcs = 2, .timing = quick };
	struct rig *r = rig_new(&o);
	char host[64], *claim, *was;
	unsigned before;
	cJSON *h, *ref;

	rig_machine(r, "m0");
	if (!provisioned)
		rig_run(r, 25 * LOOP_S);
	else
		CHECK_ROW(rig_provisioned(r, "m0", 20 * LOOP_MIN), patch);
	rig_host_of(r, "m0", host);
	CU_ASSERT_TRUE_FATAL(host[0] != '\0');
	claim = rig_record(r, host, "claim");
	h = rig_get(r, HOST, host);
	ref = json_dup(json_obj(h, "spec"));
	was = json_print(ref);
	cJSON_Delete(ref);
	cJSON_Delete(h);
	rig_patch(r, HOST, host, "%s", patch);
	rig_run(r, 10 * LOOP_S);
	before = writes_of(r, host);
	rig_run(r, 30 * LOOP_MIN);
	CHECK_ROW(writes_of(r, host) == before, patch);
	CHECK_ROW(rig_is(r, HOST, host, "?HostProvisioned.reason", "ClaimLost"),
	    patch);
	CHECK_ROW(rig_event_count(r, "ClaimLost") == 1, patch);
	/* The machine takes no second host while the first is dangling. */
	CHECK_ROW(rig_is(r, HOST, rig_index(host) == 0 ? "bmc-001" : "bmc-000",
		      "spec/consumerRef/name", NULL),
	    patch);
	rig_patch(r, HOST, host,
	    "{\"spec\":{\"consumerRef\":null,"
	    "\"bootIsoSource\":null,"
	    "\"userDataSecretRef\":null}}");
	rig_patch(r, HOST, host, "{\"spec\":%s}", was);
	CHECK_ROW(rig_provisioned(r, "m0", 90 * LOOP_MIN), patch);
	CHECK_ROW(r->bmc[rig_index(host)].loads == 1, patch);
	rig_delete(r, MACHINES, "m0");
	CHECK_ROW(rig_released(r, "m0", 20 * LOOP_MIN), patch);
	rig_clean(r, host);
	xfree(was);
	xfree(claim);
	rig_free(r);
}

static void
a_consumer_edited_by_hand_stops_everything(void)
{
	static const char *const patches[] = {
		"{\"spec\":{\"consumerRef\":null,\"bootIsoSource\":null,"
		"\"userDataSecretRef\":null}}",
		"{\"spec\":{\"consumerRef\":{\"claimID\":"
		"\"11111111-2222-3333-4444-555555555555\"}}}",
		"{\"spec\":{\"consumerRef\":{\"name\":\"nobody\"}}}",
	};

	for (size_t i = 0; i < sizeof(patches) / sizeof(*patches); i++) {
		edited(patches[i], false);
		edited(patches[i], true);
	}
}

/* A machine goes while its host's consumerRef is edited away: its finalizer
 * holds until the user decides. */
static void
a_deleted_machine_waits_for_a_host_that_was_taken_from_it(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	char *claim;

	rig_machine(r, "m0");
	CU_ASSERT_TRUE(rig_provisioned(r, "m0", 20 * LOOP_MIN));
	claim = rig_record(r, "bmc-000", "claim");
	rig_patch(r, HOST, "bmc-000",
	    "{\"spec\":{\"consumerRef\":null,\"bootIsoSource\":null,"
	    "\"userDataSecretRef\":null}}");
	rig_run(r, LOOP_MIN);
	rig_delete(r, MACHINES, "m0");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m0", "?Deleting.reason", "Blocked"));
	rig_annotate(r, "bmc-000", AX "/force-release", claim);
	CU_ASSERT_TRUE(rig_released(r, "m0", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", "status/state", "Error", LOOP_MIN));
	rig_annotate(r, "bmc-000", AX "/retry", "yes");
	rig_clean(r, "bmc-000");
	xfree(claim);
	rig_free(r);
}

/* A consumer written by hand for a machine that does not exist, of another
 * namespace, of another kind. */
static void
a_made_up_consumer_moves_nothing(void)
{
	static const char *const refs[] = {
		"\"namespace\":\"default\",\"kind\":\"Beskar7Machine\"",
		"\"namespace\":\"other\",\"kind\":\"Beskar7Machine\"",
	};

	for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
		struct rig_opts o = { .bmcs = 1, .timing = quick };
		struct rig *r = rig_new(&o);

		rig_patch(r, HOST, "bmc-000",
		    "{\"spec\":{\"bootIsoSource\":\"http://10.0.0.3/"
		    "installer.iso\",\"consumerRef\":{\"apiVersion\":\"" AX
		    "/v1beta2\",\"name\":\"m9\",\"claimID\":\"11111111-2222-"
		    "3333-4444-555555555555\",%s}}}",
		    refs[i]);
		rig_run(r, 30 * LOOP_MIN);
		CHECK_ROW(writes_of(r, "bmc-000") == 0, refs[i]);
		CHECK_ROW(rig_is(r, HOST, "bmc-000", "?HostProvisioned.reason",
			      "ClaimLost"),
		    refs[i]);
		rig_patch(r, HOST, "bmc-000",
		    "{\"spec\":{\"bootIsoSource\":null,\"consumerRef\":null}}");
		rig_run(r, 3 * LOOP_MIN);
		rig_clean(r, "bmc-000");
		rig_free(r);
	}
}

/* A selector that no host matches yet: a label on an Available host is enough. */
static void
a_label_on_an_available_host_wakes_who_waits_for_it(void)
{
	struct rig_opts o = { .bmcs = 2,
		.timing = quick,
		.machine = "hostSelector: {matchLabels: {rack: a}}" };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m0");
	CU_ASSERT_TRUE(rig_wait(
	    r, B7M, "m0", "?HostClaimed.reason", "NoHostMatches", LOOP_MIN));
	rig_run(r, 10 * LOOP_MIN);
	rig_patch(
	    r, HOST, "bmc-001", "{\"metadata\":{\"labels\":{\"rack\":\"a\"}}}");
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-001", "spec/consumerRef/name", "m0", LOOP_MIN));
	rig_free(r);
}

/* SAFETY.md 11, to the letter, whatever runs at once. */
static void
fleet_limits_hold_exactly(void)
{
	struct rig_opts o = { .bmcs = 40,
		.timing = quick,
		.agent = { .max_provisioning = 7, .max_releasing = 3 } };
	struct rig *r = rig_new(&o);
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		rig_machine(r, name);
	}
	for (unsigned i = 0; i < 40; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		CU_ASSERT_TRUE(rig_provisioned(r, name, 60 * LOOP_MIN));
	}
	CU_ASSERT_EQUAL(r->peak_provisioning, 7);
	for (unsigned i = 0; i < 40; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		rig_delete(r, MACHINES, name);
	}
	for (unsigned i = 0; i < 40; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		CU_ASSERT_TRUE(rig_released(r, name, 60 * LOOP_MIN));
	}
	CU_ASSERT_EQUAL(r->peak_releasing, 3);
	rig_free(r);
}

static void
watch(struct rig *r, const char *resource, const char *name, const char *value)
{
	rig_patch(r, resource, name,
	    "{\"metadata\": {\"labels\": "
	    "{\"cluster.x-k8s.io/watch-filter\": \"%s\"}}}",
	    value);
}

static void
what_another_agent_watches_is_left_alone(void)
{
	struct rig_opts o = { .bmcs = 3,
		.timing = quick,
		.no_agent = true,
		.agent = { .watch_filter = "east" } };
	struct rig *r = rig_new(&o);

	watch(r, HOST, "bmc-000", "east");
	watch(r, HOST, "bmc-001", "west");
	watch(r, "beskar7clusters", "c1", "east");
	rig_agent(r);
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 5 * LOOP_MIN));
	for (unsigned i = 0; i < 2; i++) {
		rig_machine(r, i == 0 ? "m0" : "m1");
		watch(r, B7M, i == 0 ? "m0" : "m1", "east");
	}
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Provisioned", 20 * LOOP_MIN));
	CU_ASSERT_NOT_EQUAL(rig_is(r, B7M, "m0", "?HostClaimed", "True"),
	    rig_is(r, B7M, "m1", "?HostClaimed", "True"));
	for (unsigned i = 1; i < 3; i++) {
		CU_ASSERT_EQUAL(r->bmc[i].requests, 0);
		CU_ASSERT_TRUE(rig_is(
		    r, HOST, i == 1 ? "bmc-001" : "bmc-002", "status", NULL));
	}
	/* Handed over to this agent, the host serves who waits for one. */
	watch(r, HOST, "bmc-001", "east");
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-001", "status/state", "Provisioned", 20 * LOOP_MIN));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "one machine too many waits and says for what",
		    one_machine_too_many_waits_and_says_for_what },
		{ "a lost reply to the claim claims once",
		    a_lost_reply_to_the_claim_claims_once },
		{ "a machine deleted while its claim is under way",
		    a_machine_deleted_while_its_claim_is_under_way },
		{ "a consumer edited by hand stops everything",
		    a_consumer_edited_by_hand_stops_everything },
		{ "a deleted machine waits for a host taken from it",
		    a_deleted_machine_waits_for_a_host_that_was_taken_from_it },
		{ "a made-up consumer moves nothing",
		    a_made_up_consumer_moves_nothing },
		{ "a label on an Available host wakes who waits for it",
		    a_label_on_an_available_host_wakes_who_waits_for_it },
		{ "what another agent watches is left alone",
		    what_another_agent_watches_is_left_alone },
		{ "fleet limits hold exactly", fleet_limits_hold_exactly },
	};

	return RIG_CASES("safety-claim", cases);
}
