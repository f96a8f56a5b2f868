/*
 * SAFETY.md 5, 7, 8 and 9 with a media server: nothing is touched before the
 * medium is ready and in the record, each attempt has its own URL, media leave
 * their drives when they should, and no token shows anywhere. The media server
 * is the test.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/fake_media.h"

/* ---- before anything is begun -------------------------------------------------- */

static void
a_host_stays_claimed_until_its_medium_is_ready(void)
{
	static const struct {
		enum boot_media_state state;
		const char *media, *data, *words, *waiting;
	} rows[] = {
		{ BOOT_MEDIA_WORKING, NULL, NULL, NULL, "media: image" },
		{ BOOT_MEDIA_RETRY, "OriginFailed", NULL, "503 from there",
		    "media: image" },
		{ BOOT_MEDIA_REFUSED, "ChecksumMismatch", NULL,
		    "sha256 differs", "user: image" },
		{ BOOT_MEDIA_REFUSED, NULL, "FormatUnsupported",
		    "no such format", "user: user data" },
		{ BOOT_MEDIA_RETRY, NULL, "SecretNotFound", "Secret x",
		    "media: user data" },
		{ BOOT_MEDIA_REFUSED, NULL, "TooLarge", "262144 bytes",
		    "user: user data" },
	};
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.state = BOOT_MEDIA_WORKING;
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "status/operation/reason", "PreparingMedia", LOOP_MIN));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *row =
		    rows[i].words == NULL ? "working" : rows[i].words;

		t.f.state = rows[i].state;
		t.f.media_reason = rows[i].media;
		t.f.data_reason = rows[i].data;
		t.f.message = rows[i].words == NULL ? "" : rows[i].words;
		fake_media_wake(&t.f, BMC);
		rig_run(t.r, 5 * LOOP_S);
		CHECK_ROW(rig_is(t.r, HKEY, "status/state", "Claimed"), row);
		CHECK_ROW(rig_is(t.r, HKEY, "status/operation/waitingOn",
			      rows[i].waiting),
		    row);
		if (rows[i].media != NULL)
			CHECK_ROW(rig_is(t.r, HKEY, "?MediaReachable.reason",
				      rows[i].media),
			    row);
		if (rows[i].data != NULL) {
			CHECK_ROW(
			    rig_is(t.r, B7M, "m1", "?BootstrapDataReady.reason",
				rows[i].data),
			    row);
			CHECK_ROW(rig_is(t.r, B7M, "m1", "?BootstrapDataReady",
				      "False"),
			    row);
		}
		if (rows[i].words != NULL)
			CHECK_ROW(
			    message_has(t.r, B7M, "m1", rows[i].words), row);
	}
	CU_ASSERT_TRUE(record_is(t.r, "phase", "idle"));
	CU_ASSERT_EQUAL(t.r->bmc[0].writes - t.r->bmc[0].logins, 0);
	CU_ASSERT_EQUAL(t.f.attempt, 1);
	t.f.state = BOOT_MEDIA_READY;
	t.f.media_reason = t.f.data_reason = NULL;
	t.f.message = "";
	fake_media_wake(&t.f, BMC);
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	CU_ASSERT_TRUE(
	    rig_is(t.r, B7M, "m1", "?BootstrapDataReady.reason", "Ready"));
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?MediaReachable.reason", "Reachable"));
	story_end(&t);
}

static void
how_far_an_image_is_read_is_said_in_few_writes(void)
{
	struct story t;
	unsigned before;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.state = BOOT_MEDIA_WORKING;
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "status/operation/reason", "PreparingMedia", LOOP_MIN));
	rig_run(t.r, 10 * LOOP_S);
	before = t.r->commits;
	for (t.f.percent = 1; t.f.percent < 100; t.f.percent++) {
		fake_media_wake(&t.f, BMC);
		rig_run(t.r, LOOP_S);
	}
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "75 %"));
	/* Of the host and of its machine, at 25, 50 and 75. */
	CU_ASSERT_TRUE(t.r->commits - before <= 6);
	CU_ASSERT_TRUE(t.r->commits - before >= 3);
	story_end(&t);
}

static void
a_refused_host_is_given_back_at_once(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.state = BOOT_MEDIA_REFUSED;
	t.f.data_reason = "FormatUnsupported";
	t.f.message = "no such format";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(t.r, B7M, "m1", "?BootstrapDataReady.reason",
	    "FormatUnsupported", LOOP_MIN));
	rig_delete(t.r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(t.r, "m1", LOOP_MIN));
	rig_clean(t.r, BMC);
	/* What was said of one tenant's data is gone with it. */
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?BootstrapDataReady", NULL));
	CU_ASSERT_EQUAL(t.r->bmc[0].writes - t.r->bmc[0].logins, 0);
	story_end(&t);
}

static void
refused_hosts_take_no_place_of_the_limit(void)
{
	struct story t;
	struct rig_opts o = { .bmcs = 2, .agent = { .max_provisioning = 1 } };

	story_begin(&t, o);
	t.f.state = BOOT_MEDIA_REFUSED;
	t.f.media_reason = "NotAnISO";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(
	    rig_wait(t.r, B7M, "m1", "?HostClaimed", "True", LOOP_MIN));
	rig_run(t.r, LOOP_MIN);
	t.f.state = BOOT_MEDIA_READY;
	t.f.media_reason = NULL;
	/* Nobody wakes the first one; the second one goes its way. */
	rig_machine(t.r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m2", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(t.r->peak_provisioning, 1);
	story_end(&t);
}

static void
no_url_means_waiting_and_not_failing(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.mute = true;
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "status/operation/waitingOn", "media: url", LOOP_MIN));
	rig_run(t.r, LOOP_HOUR);
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 0);
	CU_ASSERT_EQUAL(t.r->bmc[0].resets, 0);
	t.f.mute = false;
	fake_media_wake(&t.f, BMC);
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	story_end(&t);
}

static void
a_transport_that_the_server_does_not_speak_is_named(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	rig_patch(t.r, HKEY, "{\"spec\":{\"mediaTransport\":\"HTTPS\"}}");
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(t.r, HKEY, "?MediaReachable.reason",
	    "TransportUnavailable", LOOP_MIN));
	rig_run(t.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 0);
	rig_patch(t.r, HKEY, "{\"spec\":{\"mediaTransport\":\"HTTP\"}}");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?MediaReachable", "True"));
	story_end(&t);
}

/* ---- the boot ------------------------------------------------------------------- */

struct cost {
	unsigned commits, writes, steady;
};

static struct cost
cost_of(bool media, const char *image, const char *kind)
{
	struct cost c;
	struct story t;
	unsigned before;

	story_begin(&t, (struct rig_opts){ .image = image, .kind = kind });
	if (!media) {
		rig_kill(t.r);
		t.r->o.agent.boot_media = NULL;
		rig_agent(t.r);
		rig_run(t.r, LOOP_MIN);
	}
	before = t.r->commits;
	rig_machine(t.r, "m1");
	/* All that a boot reads, one thing after the other. */
	for (unsigned i = 0; i < 60; i++) {
		int64_t *at[] = { &t.f.seen.catalog_us, &t.f.seen.loader_us,
			&t.f.seen.kernel_us, &t.f.seen.root_us };

		rig_run(t.r, 2 * LOOP_S);
		if (t.r->bmc[0].loads == 0 || t.f.seen.permille >= 1000)
			continue;
		t.f.has_seen = true;
		t.f.seen.bytes += 1000;
		t.f.seen.permille += 100;
		t.f.seen.last_us = now_us(&t);
		if (t.f.seen.permille <= 400)
			*at[t.f.seen.permille / 100 - 1] = now_us(&t);
	}
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	rig_run(t.r, 2 * LOOP_MIN);
	c.commits = t.r->commits - before;
	c.writes = t.r->bmc[0].writes - t.r->bmc[0].logins;
	before = t.r->commits;
	rig_run(t.r, 3 * LOOP_HOUR);
	c.steady = t.r->commits - before;
	story_end(&t);
	return c;
}

static void
a_media_server_costs_few_writes(void)
{
	static const char *const rows[][2] = { { "installer.iso", NULL },
		{ "live.iso", "Live" } };

	for (size_t i = 0; i < 2; i++) {
		struct cost with = cost_of(true, rows[i][0], rows[i][1]);
		struct cost without = cost_of(false, rows[i][0], rows[i][1]);

		(void)printf("%s: commits %u, without %u\n", rows[i][0],
		    with.commits, without.commits);
		CHECK_ROW(with.commits <= without.commits + 10, rows[i][0]);
		CHECK_ROW(with.writes == without.writes, rows[i][0]);
		CHECK_ROW(with.steady == 0, rows[i][0]);
	}
}

static void
each_attempt_has_a_url_of_its_own(void)
{
	struct rig_opts o = { .image = "no-boot.iso",
		.machine = "completion: {timeoutSeconds: 120, "
			   "maxAttempts: 2}" };
	char first[128] = "";
	struct story t;

	story_begin(&t, o);
	rig_machine(t.r, "m1");
	for (unsigned i = 0; i < 600 && !record_is(t.r, "attempt", "2"); i++) {
		struct bmc_snapshot s = rig_snap(t.r, BMC);

		if (s.media_inserted && first[0] == '\0')
			(void)str_copy(first, sizeof(first), s.media);
		rig_run(t.r, LOOP_S);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	CU_ASSERT_TRUE(
	    first != NULL && strstr(first, "/m/" FAKE_TOKEN) != NULL);
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "ArmingBoot", 10 * LOOP_MIN));
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "2"));
	CU_ASSERT_TRUE(rig_snap(t.r, BMC).media_inserted);
	CU_ASSERT_STRING_NOT_EQUAL(rig_snap(t.r, BMC).media, first);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 1);
	CU_ASSERT_EQUAL(t.f.attempt, 2);
	CU_ASSERT_TRUE(record_begins(t.r, "data", "embedded:0000abcd02"));
	story_end(&t);
}

static void
other_data_once_it_is_in(struct fake_media *f)
{
	f->hash = f->r->bmc[0].inserts > 0 ? 0xbeef : 0xabcd;
}

static void
data_that_changes_before_the_boot_is_put_in_anew(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.before = other_data_once_it_is_in;
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(record_begins(t.r, "data", "embedded:0000beef"));
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 2);
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	story_end(&t);
}

static void
data_that_changes_during_the_boot_is_said(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "Booting", 5 * LOOP_MIN));
	t.f.hash = 0xbeef;
	CU_ASSERT_TRUE(rig_wait(t.r, B7M, "m1", "?BootstrapDataReady.reason",
	    "BootstrapDataChanged", LOOP_MIN));
	CU_ASSERT_TRUE(record_begins(t.r, "data", "embedded:0000abcd"));
	t.f.hash = 0xabcd;
	CU_ASSERT_TRUE(rig_wait(
	    t.r, B7M, "m1", "?BootstrapDataReady.reason", "Ready", LOOP_MIN));
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	story_end(&t);
}

static void
an_origin_that_fails_during_the_boot_is_said(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "Booting", 5 * LOOP_MIN));
	t.f.state = BOOT_MEDIA_RETRY;
	t.f.media_reason = "OriginFailed";
	t.f.message = "503 from there";
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?MediaReachable.reason", "OriginFailed", LOOP_MIN));
	/* Nor does what the BMC says of the boot hide it. */
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "Installing", LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?MediaReachable.reason", "OriginFailed"));
	t.f.state = BOOT_MEDIA_READY;
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?MediaReachable", "True"));
	story_end(&t);
}

/* ---- the key, crashes --------------------------------------------------------------- */

static void
another_key_after_arming_is_no_lost_medium(void)
{
	struct story t;
	unsigned i = 0;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	rig_machine(t.r, "m1");
	for (; !record_begins(t.r, "armedAt", "1") && i < 60000; i++)
		rig_run(t.r, LOOP_MS);
	CU_ASSERT_TRUE(record_is(t.r, "onAt", NULL));
	rig_kill(t.r);
	t.f.key++;
	rig_agent(t.r);
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 1);
	/* It may have been armed and used up: then the attempt is over. */
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	story_end(&t);
}

static void
other_key_once_it_is_in(struct fake_media *f)
{
	f->key = f->r->bmc[0].inserts > 0;
}

static void
another_key_before_arming_puts_it_in_anew(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.before = other_key_once_it_is_in;
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 2);
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	story_end(&t);
}

/* Two media, and a death at request k. How many requests there were. */
static unsigned
die_once(bool kube, bool before, unsigned k)
{
	struct rig_opts o = { .image = "live.iso",
		.kind = "Live",
		.knobs = two_drives,
		.machine = "completion: {timeoutSeconds: 120}" };
	struct story t;
	char row[64];
	unsigned n;

	(void)str_format(row, sizeof(row), "%s %s request %u",
	    kube ? "api" : "bmc", before ? "before" : "after", k);
	story_begin(&t, o);
	t.f.way_of_two = "config";
	t.r->kill_kube = kube;
	t.r->kill_before = before;
	t.r->kill_at = k;
	rig_machine(t.r, "m1");
	CHECK_ROW(rig_provisioned(t.r, "m1", 40 * LOOP_MIN), row);
	rig_run(t.r, 4 * LOOP_MIN);
	/* It dies after that, too. */
	(void)rig_wait(t.r, B7M, "m1", "?HostProvisioned", "True", 1);
	n = t.r->mutations;
	t.r->kill_at = 0;
	rig_run(t.r, 5 * LOOP_MIN);
	CHECK_ROW(t.r->bmc[0].loads <= 2, row);
	CHECK_ROW(t.r->bmc[0].arms == t.r->bmc[0].loads, row);
	/* The data left, what the system lives on did not. */
	CHECK_ROW(rig_snap(t.r, BMC).media_inserted, row);
	CHECK_ROW(t.r->bmc[0].inserts == t.r->bmc[0].ejects + 1, row);
	CHECK_ROW(t.r->violations == 0, row);
	rig_delete(t.r, MACHINES, "m1");
	CHECK_ROW(rig_released(t.r, "m1", 30 * LOOP_MIN), row);
	rig_clean(t.r, BMC);
	CHECK_ROW(t.r->bmc[0].inserts == t.r->bmc[0].ejects, row);
	story_end(&t);
	return n;
}

static void
two_media_survive_death_at_every_write(void)
{
	for (unsigned way = 0; way < 4; way++) {
		unsigned n = die_once(way & 1, way & 2, 1000);

		CU_ASSERT_TRUE(n >= 5);
		/* Before the odd ones and after the even ones, and at the API
		 * the other way round: test_safety_boot has them all. */
		for (unsigned k = 1 + (way == 1 || way == 2); k <= n;
		     k += 2 * unit_stride())
			(void)die_once(way & 1, way & 2, k);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_host_stays_claimed_until_its_medium_is_ready),
		UNIT_CASE(how_far_an_image_is_read_is_said_in_few_writes),
		UNIT_CASE(a_refused_host_is_given_back_at_once),
		UNIT_CASE(refused_hosts_take_no_place_of_the_limit),
		UNIT_CASE(no_url_means_waiting_and_not_failing),
		UNIT_CASE(a_transport_that_the_server_does_not_speak_is_named),
		UNIT_CASE(a_media_server_costs_few_writes),
		UNIT_CASE(each_attempt_has_a_url_of_its_own),
		UNIT_CASE(data_that_changes_before_the_boot_is_put_in_anew),
		UNIT_CASE(data_that_changes_during_the_boot_is_said),
		UNIT_CASE(an_origin_that_fails_during_the_boot_is_said),
		UNIT_CASE(another_key_after_arming_is_no_lost_medium),
		UNIT_CASE(another_key_before_arming_puts_it_in_anew),
		UNIT_CASE(two_media_survive_death_at_every_write),
	};

	return RIG_CASES("safety_media", cases);
}
