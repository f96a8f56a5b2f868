/*
 * SAFETY.md 7 and 8 with a media server: a second drive, media that leave when
 * they should, what was read as evidence, one tenant after the other. The media
 * server is the test.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/fake_media.h"

/* ---- the second drive ----------------------------------------------------------------- */

static void
the_data_has_a_drive_of_its_own(void)
{
	struct rig_opts o = { .knobs = two_drives };
	struct story t;

	story_begin(&t, o);
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(t.f.looks_of_two > 0);
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 2);
	/* The installer's media are gone, both. */
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 2);
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	CU_ASSERT_TRUE(record_begins(t.r, "data", "config:"));
	CU_ASSERT_TRUE(message_has(t.r, B7M, "m1", "on a medium of its own"));
	story_end(&t);
}

static void
one_drive_is_not_taken_for_two(void)
{
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(t.f.looks_of_two, 0);
	CU_ASSERT_TRUE(record_begins(t.r, "data", "embedded:"));
	CU_ASSERT_EQUAL(t.r->bmc[0].inserts, 1);
	story_end(&t);
}

static void
a_second_drive_that_refuses_is_none(void)
{
	struct rig_opts o = {
		.knobs =
		    "{media: {slots: [{id: Cd, name: CD, types: [CD, DVD]}, "
		    "{id: Cd2, name: CD 2, types: [CD, DVD], insert: refuse}]}}"
	};
	struct story t;

	story_begin(&t, o);
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_TRUE(record_begins(t.r, "data", "embedded:"));
	CU_ASSERT_TRUE(record_is(t.r, "attempt", "1"));
	CU_ASSERT_EQUAL(rig_event_count(t.r, "SecondDriveRefused"), 1);
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	story_end(&t);
}

static void
story_reports(struct story *t)
{
	char *claim = rig_record(t->r, BMC, "claim"), *text;

	text = xasprintf("succeeded %s 1 2026-01-01T00:10:00Z", claim);
	rig_annotate(t->r, BMC, AX "/report", text);
	xfree(text);
	xfree(claim);
}

static void
a_live_system_keeps_its_medium_and_loses_its_data(void)
{
	struct rig_opts o = {
		.image = "live.iso", .kind = "Live", .knobs = two_drives
	};
	struct story t;

	story_begin(&t, o);
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	/* Up by its BMC's word, and perhaps not at its data yet. */
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	rig_run(t.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 0);
	story_reports(&t);
	rig_run(t.r, LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 1);
	CU_ASSERT_TRUE(rig_snap(t.r, BMC).media_inserted);
	CU_ASSERT_TRUE(strstr(rig_snap(t.r, BMC).media, "live.iso") != NULL);
	CU_ASSERT_TRUE(record_is(t.r, "ejectedAt", NULL));
	CU_ASSERT_TRUE(record_begins(t.r, "dataGoneAt", "1"));
	/* Once, whoever asks. */
	rig_kill(t.r);
	rig_agent(t.r);
	rig_run(t.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 1);
	rig_delete(t.r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(t.r, "m1", 10 * LOOP_MIN));
	rig_clean(t.r, BMC);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 2);
	story_end(&t);
}

static void
data_that_nobody_reports_of_goes_at_the_deadline(void)
{
	struct rig_opts o = { .image = "live.iso",
		.kind = "Live",
		.knobs = two_drives,
		.machine = "completion: {timeoutSeconds: 1200}" };
	struct story t;

	story_begin(&t, o);
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	rig_run(t.r, 15 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 0);
	rig_run(t.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 1);
	CU_ASSERT_TRUE(rig_snap(t.r, BMC).media_inserted);
	story_end(&t);
}

static void
eject_when_up_closes_the_token_as_well(void)
{
	struct rig_opts o = { .image = "live.iso", .kind = "Live" };
	struct story t;

	story_begin(&t, o);
	rig_apply(t.r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: m1, labels: {cluster.x-k8s.io/cluster-name: c1, "
	    "cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec: {image: {url: \"http://10.0.0.3/live.iso\", kind: Live, "
	    "ejectWhenUp: true}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Machine\n"
	    "metadata: {name: m1, labels: {cluster.x-k8s.io/cluster-name: c1, "
	    "cluster.x-k8s.io/control-plane: \"\"}}\n"
	    "spec:\n  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: m1}}\n"
	    "  infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Machine, name: m1}\n");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(record_begins(t.r, "ejectedAt", "1"));
	rig_run(t.r, LOOP_MIN);
	CU_ASSERT_FALSE(rig_snap(t.r, BMC).media_inserted);
	story_end(&t);
}

/* ---- what was read ---------------------------------------------------------------------- */

static void
what_is_read_shows_how_far_it_is(void)
{
	struct rig_opts o = {
		.image = "live.iso", .kind = "Live", .knobs = tells_nothing
	};
	struct story t;

	story_begin(&t, o);
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "Booting", 5 * LOOP_MIN));
	rig_run(t.r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?MediaReachable.reason", "NotYetRead"));
	t.f.has_seen = true;
	t.f.seen = (struct boot_media_seen){ .bytes = 4096,
		.size = 1 << 20,
		.permille = 10,
		.first_us = now_us(&t),
		.last_us = now_us(&t),
		.catalog_us = now_us(&t) };
	rig_run(t.r, 10 * LOOP_S);
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?HostProvisioned.reason", "Booting"));
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "the BMC reads it"));
	t.f.seen.last_us = t.f.seen.loader_us = now_us(&t);
	rig_run(t.r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?HostProvisioned.reason", "ReadingImage"));
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "medium: boot loader read"));
	t.f.seen.last_us = t.f.seen.kernel_us = now_us(&t);
	t.f.seen.permille = 400;
	rig_run(t.r, 10 * LOOP_S);
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "medium: kernel read"));
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "read past the boot loader"));
	CU_ASSERT_TRUE(message_has(t.r, HKEY, "\"progressPercent\":60"));
	/* And proves nothing by itself. */
	rig_run(t.r, 2 * LOOP_HOUR);
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?HostProvisioned.reason", "WaitingForEvidence"));
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	story_end(&t);
}

static void
silence_is_said_and_proves_nothing(void)
{
	struct rig_opts o = {
		.image = "live.iso", .kind = "Live", .knobs = tells_nothing
	};
	struct story t;

	story_begin(&t, o);
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(t.r, HKEY, "?MediaReachable.reason",
	    "NoReadFromBMC", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?MediaReachable", "Unknown"));
	rig_run(t.r, 2 * LOOP_HOUR);
	CU_ASSERT_TRUE(
	    rig_is(t.r, HKEY, "?HostProvisioned.reason", "WaitingForEvidence"));
	CU_ASSERT_EQUAL(t.r->bmc[0].loads, 1);
	story_end(&t);
}

/* Firmware that says it never came past its tests, against what was read. */
static unsigned
attempts_of(bool loader, bool downloaded)
{
	struct rig_opts o = { .image = "no-boot.iso",
		.machine = "completion: {timeoutSeconds: 300, "
			   "maxAttempts: 2}" };
	struct story t;
	unsigned n;

	story_begin(&t, o);
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_wait(
	    t.r, HKEY, "?HostProvisioned.reason", "Booting", 5 * LOOP_MIN));
	rig_run(t.r, 10 * LOOP_S);
	t.f.has_seen = true;
	t.f.seen = (struct boot_media_seen){ .bytes = 1 << 20,
		.size = 1 << 20,
		.permille = downloaded ? 1000 : 100,
		.downloaded = downloaded,
		.first_us = now_us(&t),
		.last_us = now_us(&t),
		.loader_us = loader ? now_us(&t) : 0 };
	rig_run(t.r, 7 * LOOP_MIN);
	n = record_is(t.r, "attempt", "1") ? 1 : 2;
	CU_ASSERT_TRUE(n == 2 || rig_is(t.r, HKEY, "?HostProvisioned.reason",
				     "WaitingForEvidence"));
	if (downloaded && n == 1)
		CU_ASSERT_TRUE(message_has(t.r, HKEY, "copied all of it"));
	story_end(&t);
	return n;
}

static void
what_was_read_past_the_firmware_is_not_booted_again(void)
{
	CU_ASSERT_EQUAL(attempts_of(false, false), 2);
	CU_ASSERT_EQUAL(attempts_of(true, false), 1);
	/* A copy is no boot. */
	CU_ASSERT_EQUAL(attempts_of(true, true), 2);
}

/* How long the medium stayed after the server went off. */
static int64_t
stays_for(bool reading)
{
	int64_t off = 0;
	struct story t;

	story_begin(&t, (struct rig_opts){ .image = NULL });
	t.f.has_seen = true;
	t.f.seen.reading = reading;
	t.f.seen.bytes = 1;
	rig_machine(t.r, "m1");
	for (unsigned i = 0; i < 600 && record_is(t.r, "installedAt", NULL);
	     i++) {
		if (off == 0 && t.r->bmc[0].installs == 1)
			off = now_us(&t);
		rig_run(t.r, LOOP_S);
	}
	off = now_us(&t) - off;
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(t.r->bmc[0].ejects, 1);
	story_end(&t);
	return off;
}

static void
an_installers_medium_is_not_taken_while_it_is_read(void)
{
	CU_ASSERT_TRUE(stays_for(false) < 30 * LOOP_S);
	CU_ASSERT_TRUE(stays_for(true) > 110 * LOOP_S);
	CU_ASSERT_TRUE(stays_for(true) < 150 * LOOP_S);
}

/* ---- one tenant after the other ------------------------------------------------------------ */

static void
the_next_tenant_has_another_url_and_other_data(void)
{
	struct rig_opts o = {
		.image = "live.iso", .kind = "Live", .knobs = two_drives
	};
	char *first, *data;
	struct story t;

	story_begin(&t, o);
	t.f.way_of_two = "config";
	rig_machine(t.r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m1", 5 * LOOP_MIN));
	first = xstrdup(rig_snap(t.r, BMC).media);
	data = rig_record(t.r, BMC, "data");
	CU_ASSERT_TRUE(str_has_prefix(data, "config:"));
	rig_delete(t.r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(t.r, "m1", 10 * LOOP_MIN));
	rig_clean(t.r, BMC);
	CU_ASSERT_TRUE(record_is(t.r, "data", NULL));
	CU_ASSERT_TRUE(rig_is(t.r, HKEY, "?BootstrapDataReady", NULL));
	t.f.hash = 0xbeef;
	rig_machine(t.r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(t.r, "m2", 5 * LOOP_MIN));
	CU_ASSERT_STRING_NOT_EQUAL(rig_snap(t.r, BMC).media, first);
	/* In the first drive, wherever the last medium went. */
	CU_ASSERT_TRUE(strstr(rig_snap(t.r, BMC).media, "live.iso") != NULL);
	CU_ASSERT_FALSE(record_is(t.r, "data", data));
	xfree(first);
	xfree(data);
	story_end(&t);
}

static void
without_a_media_server_nothing_is_delivered_and_it_is_said(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 5 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m1", "?BootstrapDataReady.reason", "DeliveryNone"));
	CU_ASSERT_TRUE(message_has(r, B7M, "m1", "--media-listen"));
	CU_ASSERT_TRUE(rig_is(r, HKEY, "?BootstrapDataReady", NULL));
	CU_ASSERT_TRUE(record_is(r, "data", NULL));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_data_has_a_drive_of_its_own),
		UNIT_CASE(one_drive_is_not_taken_for_two),
		UNIT_CASE(a_second_drive_that_refuses_is_none),
		UNIT_CASE(a_live_system_keeps_its_medium_and_loses_its_data),
		UNIT_CASE(data_that_nobody_reports_of_goes_at_the_deadline),
		UNIT_CASE(eject_when_up_closes_the_token_as_well),
		UNIT_CASE(what_is_read_shows_how_far_it_is),
		UNIT_CASE(silence_is_said_and_proves_nothing),
		UNIT_CASE(what_was_read_past_the_firmware_is_not_booted_again),
		UNIT_CASE(an_installers_medium_is_not_taken_while_it_is_read),
		UNIT_CASE(the_next_tenant_has_another_url_and_other_data),
		UNIT_CASE(
		    without_a_media_server_nothing_is_delivered_and_it_is_said),
	};

	return RIG_CASES("safety_drive", cases);
}
