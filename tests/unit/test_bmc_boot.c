/* Power, boot, media: the machine's story event by event. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define EJECT RIG_CD "/Actions/VirtualMedia.EjectMedia"

static int
reset(struct rig *g, const char *type)
{
	char body[64];

	(void)str_format(body, sizeof(body), "{\"ResetType\":\"%s\"}", type);
	return rig_call(g, "POST", RESET, body);
}

static int
insert(struct rig *g, const char *path)
{
	char body[256];

	(void)str_format(
	    body, sizeof(body), "{\"Image\":\"" RIG_ORIGIN "%s\"}", path);
	return rig_call(g, "POST", INSERT, body);
}

static int
arm(struct rig *g, const char *enabled)
{
	char body[160];

	(void)str_format(body, sizeof(body),
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"%s\","
	    "\"BootSourceOverrideTarget\":\"Cd\","
	    "\"BootSourceOverrideMode\":\"UEFI\"}}",
	    enabled);
	return rig_call(g, "PATCH", RIG_SYS, body);
}

/* Every text comes after the one before it. */
static void
story(struct rig *g, const char *const *lines)
{
	int at = 0;

	for (; *lines; lines++) {
		int found = rig_find(g, *lines, at);

		CHECK_ROW(found >= 0, *lines);
		if (found < 0) {
			rig_dump(g);
			return;
		}
		at = found + 1;
	}
}

static void
installs_from_a_medium_and_powers_off(void)
{
	static const char *const lines[] = { "media-inserted " RIG_ORIGIN
					     "/installer.iso",
		"boot-override Once Cd UEFI", "power-write On",
		"power-state PoweringOn", "power-state On", "reset power on",
		"boot-progress PrimaryProcessorInitializationStarted",
		"boot-progress SystemHardwareInitializationComplete",
		"boot-consumed Once Cd UEFI", "medium-read size",
		"medium-read pvd", "medium-read catalog", "medium-read loader",
		"boot-progress OSBootStarted", "boot-started Cd",
		"medium-read system", "medium-read done",
		"install-started installer.iso", "installed installer.iso",
		"power-state PoweringOff", "power-state Off", NULL };
	static const char *const disk[] = { "media-ejected", "power-state On",
		"boot-failed Pxe: no offer", "boot-started Hdd",
		"boot-progress OSRunning", "os-up disk installer.iso", NULL };
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(insert(&g, "/installer.iso"), 204);
	CU_ASSERT_EQUAL(arm(&g, "Once"), 200);
	CHECK_TEXT(rig_at(&g, "Boot/BootSourceOverrideTarget"), "Cd");
	CU_ASSERT_EQUAL(reset(&g, "On"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "power-state Off", 300000));
	story(&g, lines);
	CHECK_TEXT(rig_snap(&g).disk_image, "installer.iso");
	CHECK_TEXT(rig_snap(&g).override_enabled, "Disabled");
	CU_ASSERT_EQUAL(rig_snap(&g).medium_boots, 1);

	rig_forget(&g);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", EJECT, "{}"), 204);
	CU_ASSERT_EQUAL(reset(&g, "On"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up", 300000));
	story(&g, disk);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "BootProgress/LastState"), "OSRunning");
	CU_ASSERT_EQUAL(rig_snap(&g).boots, 2);
	rig_close(&g);
}

static void
an_installer_that_reboots_comes_up_from_the_disk(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)insert(&g, "/installer-reboot.iso?id=debian-13");
	(void)arm(&g, "Once");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(rig_until(&g, "os-up disk debian-13", 400000));
	CU_ASSERT_EQUAL(rig_count(&g, "boot-started Cd"), 1);
	CU_ASSERT_EQUAL(rig_count(&g, "power-state Off"), 0);
	rig_close(&g);
}

static void
continuous_boots_the_medium_again(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)insert(&g, "/live.iso");
	(void)arm(&g, "Continuous");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium live.iso", 300000));
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "ForceRestart"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium live.iso", 300000));
	CHECK_TEXT(rig_snap(&g).override_enabled, "Continuous");
	CU_ASSERT_EQUAL(rig_snap(&g).medium_boots, 2);
	rig_close(&g);
}

static void
each_reset_type_does_what_it_says(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)insert(&g, "/live.iso");
	(void)arm(&g, "Continuous");
	/* restarts power on from off */
	CU_ASSERT_EQUAL(reset(&g, "ForceRestart"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up", 300000));
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "Nmi"), 204);
	rig_run(&g, 60000);
	CHECK_TEXT(rig_snap(&g).power, "On");
	CU_ASSERT_EQUAL(reset(&g, "GracefulRestart"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up", 300000));
	CU_ASSERT_EQUAL(rig_count(&g, "power-state"), 0);
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "PowerCycle"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up", 300000));
	CU_ASSERT_EQUAL(rig_count(&g, "power-state Off"), 1);
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "PushPowerButton"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "power-state Off", 60000));
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "ForceOn"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "os-up", 300000));
	rig_forget(&g);
	CU_ASSERT_EQUAL(reset(&g, "GracefulShutdown"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "power-state Off", 60000));
	rig_forget(&g);
	/* in POST nobody listens to ACPI; ForceOff works */
	(void)reset(&g, "On");
	rig_run(&g, 5000);
	CU_ASSERT_EQUAL(reset(&g, "GracefulShutdown"), 204);
	rig_run(&g, 2000);
	CU_ASSERT_EQUAL(rig_count(&g, "shutdown-ignored Post"), 1);
	CHECK_TEXT(rig_snap(&g).power, "On");
	CU_ASSERT_EQUAL(reset(&g, "ForceOff"), 204);
	CU_ASSERT_TRUE(rig_until(&g, "power-state Off", 60000));
	CU_ASSERT_EQUAL(reset(&g, "Explode"), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterValueNotInList");
	rig_close(&g);
}

struct bad_medium {
	const char *path, *said;
};

static void
media_that_cannot_boot_fall_through(void)
{
	static const struct bad_medium rows[] = {
		{ "/not-an-iso.iso", "Cd: not an ISO 9660 image" },
		{ "/no-boot.iso", "Cd: no El Torito boot record" },
		{ "/no-range.iso", "Cd: image server ignores Range" },
		{ "/truncated.iso", "Cd: image server: eof" },
		{ "/live.iso?kind=x", NULL },
	};
	struct rig g;

	for (size_t i = 0; i < 4; i++) {
		char want[160];

		rig_open(&g, NULL);
		CU_ASSERT_EQUAL(insert(&g, rows[i].path), 204);
		(void)arm(&g, "Once");
		(void)reset(&g, "On");
		CHECK_ROW(rig_until(&g, "boot-failed no boot device", 400000),
		    rows[i].path);
		(void)str_format(
		    want, sizeof(want), "boot-failed %s", rows[i].said);
		CHECK_ROW(rig_count(&g, want) >= 1, rows[i].path);
		CU_ASSERT_EQUAL(rig_count(&g, "boot-started"), 0);
		CHECK_TEXT(rig_snap(&g).power, "On");
		rig_close(&g);
	}
}

static void
a_missing_image_is_refused_at_the_insert(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(insert(&g, "/missing.iso"), 400);
	CHECK_TEXT(rig_message(&g), "ResourceAtUriInUnknownFormat");
	CU_ASSERT_EQUAL(rig_count(&g, "media-failed image server answered"), 1);
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	/* and an origin that vanishes later fails the boot */
	CU_ASSERT_EQUAL(insert(&g, "/live.iso"), 204);
	origin_fail(g.origin, "/live.iso", 404, 0);
	(void)arm(&g, "Once");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(
	    rig_until(&g, "boot-failed Cd: image server answered 404", 300000));
	rig_close(&g);
}

static void
an_origin_that_is_too_slow_ends_the_read(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(insert(&g, "/slow.iso?rate=100"), 204);
	(void)arm(&g, "Once");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(
	    rig_until(&g, "boot-failed Cd: image server: deadline", 900000));
	rig_close(&g);
}

static void
the_medium_is_really_read(void)
{
	struct rig g;
	struct origin_count c;

	rig_open(&g, NULL);
	(void)insert(&g, "/live.iso?size=3000000");
	(void)arm(&g, "Once");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium", 300000));
	c = origin_count(g.origin, "/live.iso");
	CU_ASSERT_EQUAL(c.heads, 2); /* at the insert and at the boot */
	CU_ASSERT_TRUE(c.gets >= 9);
	CU_ASSERT_TRUE(c.bytes >= 3000000);
	rig_close(&g);
}

static void
an_ejected_medium_stops_the_read_and_the_installer(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)insert(&g, "/installer.iso");
	(void)arm(&g, "Once");
	(void)reset(&g, "On");
	CU_ASSERT_TRUE(rig_until(&g, "install-started", 300000));
	CU_ASSERT_EQUAL(rig_call(&g, "POST", EJECT, "{}"), 204);
	CU_ASSERT_EQUAL(rig_count(&g, "went away under the installer"), 1);
	rig_run(&g, 600000);
	CHECK_TEXT(rig_snap(&g).disk_image, "");
	CHECK_TEXT(rig_snap(&g).power, "On");
	rig_close(&g);
}

static void
a_host_can_be_found_on(void)
{
	static const struct bmc_override ov = { .bmc = "bmc-000",
		.powered_on = true,
		.disk_image = "old",
		.serial = "S1" };
	struct bmc_fleet_opts o = { .overrides = &ov, .n_overrides = 1 };
	struct rig g;

	rig_open(&g, &o);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "On");
	CHECK_TEXT(rig_at(&g, "SerialNumber"), "S1");
	CHECK_TEXT(rig_snap(&g).os, "old");
	rig_close(&g);
}

static void
the_same_seed_gives_the_same_events(void)
{
	char *first[64];
	size_t n = 0;

	for (int run = 0; run < 2; run++) {
		struct rig g;

		rig_open(&g, NULL);
		(void)insert(&g, "/live.iso");
		(void)arm(&g, "Once");
		(void)reset(&g, "On");
		(void)rig_until(&g, "os-up", 300000);
		for (size_t i = 0; i < g.n_events && i < 64; i++) {
			if (run == 0)
				first[n++] = strdup(g.events[i]);
			else if (i < n)
				CHECK_TEXT(g.events[i], first[i]);
		}
		if (run == 1)
			CU_ASSERT_EQUAL(g.n_events, n);
		rig_close(&g);
	}
	for (size_t i = 0; i < n; i++)
		free(first[i]);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "installs from a medium and powers off",
		    installs_from_a_medium_and_powers_off },
		{ "an installer that reboots comes up from the disk",
		    an_installer_that_reboots_comes_up_from_the_disk },
		{ "continuous boots the medium again",
		    continuous_boots_the_medium_again },
		{ "each reset type does what it says",
		    each_reset_type_does_what_it_says },
		{ "media that cannot boot fall through",
		    media_that_cannot_boot_fall_through },
		{ "a missing image is refused at the insert",
		    a_missing_image_is_refused_at_the_insert },
		{ "an origin that is too slow ends the read",
		    an_origin_that_is_too_slow_ends_the_read },
		{ "the medium is really read", the_medium_is_really_read },
		{ "an ejected medium stops the read and the installer",
		    an_ejected_medium_stops_the_read_and_the_installer },
		{ "a host can be found on", a_host_can_be_found_on },
		{ "the same seed gives the same events",
		    the_same_seed_gives_the_same_events },
	};

	return UNIT_RUN("bmc boot", cases);
}
