/*
 * SAFETY.md 5 and 7: the order of a boot, intents, evidence. The agent dies at
 * every single request that changes anything, before and after it takes effect.
 */
#include "tests/unit/safety_rig.h"

#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static const struct bmc_timing quick = { .post_ms = 15000,
	.install_ms = 20000 };

/* ---- crashes --------------------------------------------------------------- */

struct crash_story {
	bool kube, before, release;
	const char *image;
};

/* One provision and one release with a death at request k; how many requests
 * there were. */
static unsigned
crash_once(const struct crash_story *c, unsigned k)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.image = c->image,
		.kind = str_eq(c->image, "live.iso") ? "Live" : NULL };
	struct rig *r = rig_new(&o);
	char row[64];
	unsigned n = 0;

	(void)str_format(row, sizeof(row), "%s %s %s %s request %u",
	    c->image == NULL ? "installer.iso" : c->image,
	    c->release ? "release" : "provision", c->kube ? "api" : "bmc",
	    c->before ? "before" : "after", k);
	r->kill_kube = c->kube;
	r->kill_before = c->before;
	if (!c->release)
		r->kill_at = k;
	rig_machine(r, "m1");
	CHECK_ROW(rig_provisioned(r, "m1", 40 * LOOP_MIN), row);
	if (!c->release)
		n = r->mutations;
	r->kill_at = c->release ? k : 0;
	rig_delete(r, MACHINES, "m1");
	CHECK_ROW(rig_released(r, "m1", 30 * LOOP_MIN), row);
	if (c->release)
		n = r->mutations;
	rig_clean(r, "bmc-000");
	CHECK_ROW(r->bmc[0].loads <= 2, row);
	CHECK_ROW(r->bmc[0].arms == r->bmc[0].loads, row);
	CHECK_ROW(r->violations == 0, row);
	CHECK_ROW(k == 0 || k > n || r->kill_at == 0, row);
	rig_free(r);
	return n;
}

static void
crash_everywhere(const struct crash_story *c)
{
	unsigned n = crash_once(c, 1000);

	CU_ASSERT_TRUE(n >= (c->release ? 1u : 3u));
	for (unsigned k = 1; k <= n; k += unit_stride())
		(void)crash_once(c, k);
}

static void
provision_survives_death_before_bmc_requests(void)
{
	crash_everywhere(&(struct crash_story){ .before = true });
}

static void
provision_survives_death_after_bmc_requests(void)
{
	crash_everywhere(&(struct crash_story){ .before = false });
}

static void
provision_survives_death_before_api_writes(void)
{
	crash_everywhere(&(struct crash_story){ .kube = true, .before = true });
}

static void
provision_survives_death_after_api_writes(void)
{
	crash_everywhere(&(struct crash_story){ .kube = true });
}

static void
release_survives_death_before_bmc_requests(void)
{
	crash_everywhere(&(struct crash_story){
	    .release = true, .before = true, .image = "live.iso" });
}

static void
release_survives_death_after_bmc_requests(void)
{
	crash_everywhere(&(struct crash_story){ .release = true });
}

static void
release_survives_death_around_api_writes(void)
{
	crash_everywhere(&(struct crash_story){
	    .release = true, .kube = true, .before = true });
	crash_everywhere(
	    &(struct crash_story){ .release = true, .kube = true });
}

static void
rebooting_installer_survives_death_after_bmc_requests(void)
{
	crash_everywhere(
	    &(struct crash_story){ .image = "installer-reboot.iso" });
}

/* ---- lost replies ------------------------------------------------------------ */

static void
lost_one(const char *operation, const char *action, unsigned after)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	char rule[160];

	(void)str_format(rule, sizeof(rule),
	    "{\"action\":\"%s\",\"operation\":\"%s\",\"count\":1,"
	    "\"after\":%u}",
	    action, operation, after);
	rig_bmc_do(r, "bmc-000", "faults", rule);
	rig_machine(r, "m1");
	CHECK_ROW(rig_provisioned(r, "m1", 40 * LOOP_MIN), rule);
	CHECK_ROW(r->bmc[0].loads == 1, rule);
	CHECK_ROW(r->bmc[0].arms == 1, rule);
	rig_delete(r, MACHINES, "m1");
	CHECK_ROW(rig_released(r, "m1", 30 * LOOP_MIN), rule);
	rig_clean(r, "bmc-000");
	CHECK_ROW(r->violations == 0, rule);
	rig_free(r);
}

static void
a_lost_reply_to_any_write_boots_once(void)
{
	static const char *const ops[] = { "insert", "patch-boot", "reset",
		"eject" };

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		for (unsigned after = 0; after < 2; after++) {
			lost_one(ops[i], "lost-reply", after);
			lost_one(ops[i], "reset", after);
		}
}

static void
lost_replies_of_the_api_change_nothing(void)
{
	static const char *const resources[] = { HOST "." AX,
		HOST "." AX "/status", B7M "." AX, B7M "." AX "/status" };

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		struct rig_opts o = { .bmcs = 2, .timing = quick };
		struct rig *r = rig_new(&o);
		struct kube_fail f = { .user = "beskar7-agent",
			.verb = "patch",
			.resource = resources[i],
			.after_commit = true,
			.count = 30 };
		char host[64];

		kube_server_fail(stage_kube(r->s), &f);
		rig_machine(r, "m1");
		CHECK_ROW(
		    rig_provisioned(r, "m1", 40 * LOOP_MIN), resources[i]);
		rig_host_of(r, "m1", host);
		CHECK_ROW(r->bmc[rig_index(host)].loads == 1, resources[i]);
		kube_server_fail_clear(stage_kube(r->s));
		kube_server_fail(stage_kube(r->s), &f);
		rig_delete(r, MACHINES, "m1");
		CHECK_ROW(rig_released(r, "m1", 30 * LOOP_MIN), resources[i]);
		rig_clean(r, host);
		rig_free(r);
	}
}

/* ---- firmware that forgets ---------------------------------------------------- */

static void
once_that_is_not_used_up_boots_once(void)
{
	static const char *const images[] = { "installer.iso",
		"installer-reboot.iso" };

	for (size_t i = 0; i < 2; i++) {
		struct rig_opts o = {
			.bmcs = 1, .timing = quick, .image = images[i]
		};
		struct rig *r = rig_new(&o);

		rig_bmc_do(r, "bmc-000", "faults",
		    "{\"action\":\"once-not-consumed\"}");
		rig_machine(r, "m1");
		CHECK_ROW(rig_provisioned(r, "m1", 90 * LOOP_MIN), images[i]);
		CHECK_ROW(r->bmc[0].loads == 1, images[i]);
		CHECK_ROW(rig_snap(r, "bmc-000").os_from_disk, images[i]);
		rig_free(r);
	}
}

static void
a_medium_that_drops_is_no_success(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.machine = "completion: {timeoutSeconds: 600}" };
	struct rig *r = rig_new(&o);

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"media-drops\"}");
	rig_machine(r, "m1");
	rig_run(r, 120 * LOOP_MIN);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	CU_ASSERT_TRUE(r->bmc[0].loads == 0);
	CU_ASSERT_TRUE(r->bmc[0].arms <= 3);
	rig_free(r);
}

/* ---- evidence ------------------------------------------------------------------ */

static void
evidence_of_each_kind_of_image(void)
{
	static const struct {
		const char *image, *kind;
		bool disk;
	} rows[] = { { "live.iso", "Live", false },
		{ "installer.iso", "Installer", true },
		{ "installer-reboot.iso", "Installer", true } };

	for (size_t i = 0; i < 3; i++) {
		struct rig_opts o = { .bmcs = 1,
			.timing = quick,
			.image = rows[i].image,
			.kind = rows[i].kind };
		struct rig *r = rig_new(&o);

		rig_machine(r, "m1");
		CHECK_ROW(
		    rig_provisioned(r, "m1", 20 * LOOP_MIN), rows[i].image);
		CHECK_ROW(rig_snap(r, "bmc-000").os_from_disk == rows[i].disk,
		    rows[i].image);
		CHECK_ROW(r->bmc[0].loads == 1, rows[i].image);
		CHECK_ROW(rig_is(r, B7M, "m1", "spec/providerID",
			      "b7://default/bmc-000"),
		    rows[i].image);
		rig_free(r);
	}
}

/* Nothing on the medium ever ran: that is proven, and the budget bounds it. */
static void
a_medium_that_cannot_boot_spends_the_budget(void)
{
	static const char *const images[] = { "no-boot.iso", "not-an-iso.iso" };

	for (size_t i = 0; i < 2; i++) {
		struct rig_opts o = { .bmcs = 1,
			.timing = quick,
			.image = images[i],
			.machine = "completion: {timeoutSeconds: 600, "
				   "maxAttempts: 2}" };
		struct rig *r = rig_new(&o);

		rig_machine(r, "m1");
		CHECK_ROW(rig_wait(r, HOST, "bmc-000", "status/state", "Error",
			      60 * LOOP_MIN),
		    images[i]);
		CHECK_ROW(r->bmc[0].arms == 2, images[i]);
		CHECK_ROW(rig_is(r, HOST, "bmc-000", "?HostProvisioned.reason",
			      "BudgetSpent"),
		    images[i]);
		rig_run(r, LOOP_S); /* Events follow in their own time */
		CHECK_ROW(rig_event_count(r, "BudgetSpent") >= 1, images[i]);
		rig_run(r, 60 * LOOP_MIN);
		CHECK_ROW(r->bmc[0].arms == 2, images[i]);
		rig_delete(r, MACHINES, "m1");
		CHECK_ROW(rig_released(r, "m1", 30 * LOOP_MIN), images[i]);
		rig_run(r, 30 * LOOP_MIN);
		CHECK_ROW(rig_is(r, HOST, "bmc-000", "status/state", "Error"),
		    images[i]);
		CHECK_ROW(
		    str_eq(rig_snap(r, "bmc-000").power, "Off"), images[i]);
		rig_annotate(r, "bmc-000", AX "/retry", "");
		rig_clean(r, "bmc-000");
		rig_free(r);
	}
}

/* The installer never ends: WaitingForEvidence, and nothing more is done to the
 * machine, whoever presses what, until the user says so. */
static void
no_evidence_waits_and_never_images_again(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = { .post_ms = 15000, .install_ms = 100LL * 3600000 },
		.machine = "completion: {timeoutSeconds: 600}" };
	struct rig *r = rig_new(&o);
	char *claim;
	unsigned resets;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?HostProvisioned.reason",
	    "WaitingForEvidence", 30 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(r, B7M, "m1", "?HostProvisioned.reason",
	    "WaitingForEvidence", LOOP_MIN));
	resets = r->bmc[0].resets;
	rig_run(r, 12 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
	/* A wrong id is refused and removed. */
	rig_annotate(r, "bmc-000", AX "/confirm-provisioned", "nobody");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000",
	    "metadata/annotations/" AX "~1confirm-provisioned", NULL,
	    LOOP_MIN));
	rig_run(r, 3 * LOOP_MIN);
	CU_ASSERT_EQUAL(rig_event_count(r, "ConfirmRefused"), 1);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	claim = rig_record(r, "bmc-000", "claim");
	rig_annotate(r, "bmc-000", AX "/confirm-provisioned", claim);
	xfree(claim);
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	rig_free(r);
}

static void
a_live_image_that_goes_off_late_is_not_booted_again(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.image = "live.iso",
		.kind = "Live",
		.machine = "completion: {timeoutSeconds: 600, evidence: "
			   "Report}" };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?HostProvisioned.reason",
	    "WaitingForEvidence", 30 * LOOP_MIN));
	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
	CU_ASSERT_EQUAL(r->bmc[0].arms, 1);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "?HostProvisioned.reason",
	    "WaitingForEvidence"));
	rig_free(r);
}

/* What the BMC still shows of an earlier boot proves nothing. */
static void
stale_progress_is_no_evidence(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .image = "live.iso", .kind = "Live"
	};
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_machine(r, "m2");
	rig_run(r, 10 * LOOP_S);
	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"stale-read\",\"age\":\"70s\",\"operation\":"
	    "\"read-system\",\"for\":\"90s\"}");
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].loads, 2);
	CU_ASSERT_FALSE(str_empty(rig_snap(r, "bmc-000").os));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "evidence of each kind of image",
		    evidence_of_each_kind_of_image },
		{ "provision survives death before BMC requests",
		    provision_survives_death_before_bmc_requests },
		{ "provision survives death after BMC requests",
		    provision_survives_death_after_bmc_requests },
		{ "provision survives death before API writes",
		    provision_survives_death_before_api_writes },
		{ "provision survives death after API writes",
		    provision_survives_death_after_api_writes },
		{ "release survives death before BMC requests",
		    release_survives_death_before_bmc_requests },
		{ "release survives death after BMC requests",
		    release_survives_death_after_bmc_requests },
		{ "release survives death around API writes",
		    release_survives_death_around_api_writes },
		{ "a rebooting installer survives death after BMC requests",
		    rebooting_installer_survives_death_after_bmc_requests },
		{ "a lost reply to any write boots once",
		    a_lost_reply_to_any_write_boots_once },
		{ "lost replies of the API change nothing",
		    lost_replies_of_the_api_change_nothing },
		{ "Once that is not used up boots once",
		    once_that_is_not_used_up_boots_once },
		{ "a medium that drops is no success",
		    a_medium_that_drops_is_no_success },
		{ "a medium that cannot boot spends the budget",
		    a_medium_that_cannot_boot_spends_the_budget },
		{ "no evidence waits and never images again",
		    no_evidence_waits_and_never_images_again },
		{ "a live image that goes off late is not booted again",
		    a_live_image_that_goes_off_late_is_not_booted_again },
		{ "stale progress is no evidence",
		    stale_progress_is_no_evidence },
	};

	return RIG_CASES("safety-boot", cases);
}
