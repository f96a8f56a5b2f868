/* Which format, which way, and what is refused. */
#include "agent/delivery/delivery.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/delivery_rig.h"
#include "tests/unit/unit.h"

#define CC "#cloud-config\nruncmd: [true]\n"
#define IGN "{\"ignition\":{\"version\":\"3.1.0\"}}"
#define TALOS "version: v1alpha1\nmachine:\n  type: worker\n"
#define SCRIPT "#!/bin/sh\n# combustion: network\ntrue\n"

struct choice {
	enum rig_family family;
	const char *payload, *secret;
	bool installer, drive;
	const char *format, *mode; /* what comes of Auto */
	const char *label;         /* of the second medium, or of the ISO */
	const char *file, *args;
};

static const struct choice choices[] = {
	{ RIG_DEBIAN, CC, NULL, false, false, "CloudInit", "Embedded", NULL,
	    "/nocloud/user-data",
	    "ds=nocloud;s=file:///run/live/medium/nocloud/" },
	{ RIG_CASPER, CC, "cloud-config", false, false, "CloudInit", "Embedded",
	    NULL, "/nocloud/user-data", "ds=nocloud;s=file:///cdrom/nocloud/" },
	{ RIG_FEDORA, CC, "", false, false, "CloudInit", "Embedded", NULL,
	    "/nocloud/meta-data",
	    "ds=nocloud;s=file:///run/initramfs/live/nocloud/" },
	{ RIG_DEBIAN, CC, NULL, false, true, "CloudInit", "ConfigDrive",
	    "cidata", "/user-data", NULL },
	{ RIG_OTHER, CC, NULL, false, false, "CloudInit", "Embedded", "cidata",
	    "/user-data", NULL },
	{ RIG_OTHER, CC, NULL, true, true, "CloudInit", "ConfigDrive", "cidata",
	    "/user-data", NULL },
	{ RIG_UBUNTU, CC, "cloud-config", true, true, "Autoinstall", "Embedded",
	    NULL, "/nocloud/user-data",
	    "ds=nocloud;s=file:///cdrom/nocloud/ autoinstall" },
	{ RIG_UBUNTU, CC, NULL, false, false, "CloudInit", "Embedded", NULL,
	    "/nocloud/user-data", "ds=nocloud;s=file:///cdrom/nocloud/" },
	{ RIG_COREOS, IGN, "ignition", false, true, "Ignition", "Embedded",
	    NULL, "/images/ignition.img", NULL },
	{ RIG_OTHER, IGN, "ignition", false, true, "Ignition", "ConfigDrive",
	    "ignition", "/ignition/config.ign", NULL },
	{ RIG_MICROOS, IGN, "ignition", true, true, "Ignition", "ConfigDrive",
	    "ignition", "/ignition/config.ign", NULL },
	{ RIG_MICROOS, SCRIPT, NULL, true, false, "Combustion", "Embedded",
	    NULL, "/combustion/script", NULL },
	{ RIG_MICROOS, SCRIPT, NULL, true, true, "Combustion", "ConfigDrive",
	    "combustion", "/combustion/script", NULL },
	{ RIG_MICROOS, SCRIPT, NULL, false, true, "Combustion", "ConfigDrive",
	    "combustion", "/combustion/script", NULL },
	{ RIG_TALOS, TALOS, NULL, true, true, "Talos", "ConfigDrive",
	    "metal-iso", "/config.yaml", "talos.config=metal-iso" },
	{ RIG_TALOS, TALOS, NULL, true, false, "Talos", "Embedded", "metal-iso",
	    "/config.yaml", "talos.config=metal-iso" },
	{ RIG_KAIROS, CC, "cloud-config", true, false, "Kairos", "Embedded",
	    NULL, "/beskar7_data.yaml", NULL },
	{ RIG_KAIROS, CC, NULL, false, true, "Kairos", "ConfigDrive", "cidata",
	    "/user-data", NULL },
};

static void
auto_takes_what_works_on_that_image(void)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		const struct choice *c = &choices[i];
		struct delivery_rig r;
		bool drive;
		char row[32];

		(void)str_format(row, sizeof(row), "row %zu", i);
		rig_begin(&r, c->family, c->payload);
		r.in.secret_format = c->secret;
		r.in.installer = c->installer;
		r.in.second_drive = c->drive;
		CHECK_ROW(rig_run(&r) == MEDIA_DONE, row);
		drive = r.out.mode == DELIVERY_CONFIG_DRIVE;
		CHECK_TEXT(delivery_format_name(r.out.format), c->format);
		CHECK_TEXT(delivery_mode_name(r.out.mode), c->mode);
		CHECK_ROW(str_eq(drive ? r.out.config.label : r.out.iso.label,
			      c->label),
		    row);
		CHECK_ROW(rig_size(&r, !drive, c->file) > 0, row);
		CHECK_ROW(str_eq(r.out.iso.args, c->args), row);
		CHECK_ROW(drive == (r.out.config.n_files > 0), row);
		if (drive && c->family != RIG_KAIROS)
			CHECK_ROW(r.out.iso.n_files == 0, row);
		CHECK_ROW(r.out.report == (c->family != RIG_TALOS), row);
		CHECK_ROW(r.out.reason == NULL, row);
		rig_end(&r);
	}
}

struct refusal {
	enum rig_family family;
	const char *payload, *secret, *format, *mode, *wrapper;
	bool installer;
	const char *reason, *says;
};

static const struct refusal refusals[] = {
	{ RIG_DEBIAN, "", NULL, NULL, NULL, NULL, false,
	    "WaitingForBootstrapData", "empty" },
	{ RIG_DEBIAN, CC, "cloudy", NULL, NULL, NULL, false,
	    "FormatUnsupported", "cloudy" },
	{ RIG_DEBIAN, CC, "ignition", NULL, NULL, NULL, false,
	    "FormatUnsupported", "not Ignition's JSON" },
	{ RIG_DEBIAN, IGN, "cloud-config", NULL, NULL, NULL, false,
	    "FormatUnsupported", "says format cloud-config" },
	{ RIG_DEBIAN, CC, "cloud-config", "Ignition", NULL, NULL, false,
	    "FormatUnsupported", "userData.format asks for" },
	{ RIG_DEBIAN, "hello", NULL, NULL, NULL, NULL, false,
	    "FormatUnsupported", "nothing that is known" },
	{ RIG_DEBIAN, IGN, NULL, "CloudInit", NULL, NULL, false,
	    "FormatUnsupported", "an Ignition configuration" },
	{ RIG_DEBIAN, "{\"a\":1}", NULL, NULL, NULL, NULL, false,
	    "FormatUnsupported", "nothing that is known" },
	{ RIG_DEBIAN, CC, NULL, NULL, "ConfigDrive", NULL, false,
	    "DeliveryNone", "no second drive" },
	{ RIG_DEBIAN, CC, NULL, NULL, NULL, "x: y\n", false,
	    "FormatUnsupported", "wrapperSecretRef" },
	{ RIG_ANACONDA, CC, NULL, NULL, NULL, NULL, true, "FormatUnsupported",
	    "kickstart" },
	{ RIG_FLATCAR, IGN, NULL, NULL, NULL, NULL, false, "FormatUnsupported",
	    "ignition.config.url" },
	{ RIG_COREOS,
	    "{\"ignition\":{\"version\":\"2.3.0\"},\"storage\":"
	    "{\"disks\":[{\"device\":\"/dev/x\"}]}}",
	    "ignition", NULL, NULL, NULL, false, "FormatUnsupported",
	    "storage/disks" },
	{ RIG_COREOS,
	    "{\"ignition\":{\"version\":\"2.3.0\"},\"storage\":"
	    "{\"files\":[{\"filesystem\":\"data\",\"path\":\"/a\"}]}}",
	    "ignition", NULL, NULL, NULL, false, "FormatUnsupported",
	    "another file system" },
	{ RIG_COREOS, CC, NULL, "Ignition", NULL, NULL, false,
	    "FormatUnsupported", "a cloud-config" },
	{ RIG_COREOS, IGN, NULL, NULL, NULL, NULL, true, "FormatUnsupported",
	    "coreos.inst.install_dev" },
	{ RIG_COREOS, IGN, NULL, NULL, NULL, "#cloud-config\n", true,
	    "FormatUnsupported", "wrapperSecretRef" },
	{ RIG_TALOS, CC, NULL, "Talos", NULL, NULL, false, "FormatUnsupported",
	    "machine configuration" },
	{ RIG_MICROOS, CC, NULL, NULL, NULL, NULL, true, "FormatUnsupported",
	    "no script" },
	{ RIG_UBUNTU, "## template: jinja\n#cloud-config\na: {{ ds.x }}\n",
	    NULL, NULL, NULL, NULL, true, "FormatUnsupported", "line 3" },
	{ RIG_UBUNTU, "#cloud-config\na: [\n", NULL, NULL, NULL, NULL, true,
	    "FormatUnsupported", "the data:" },
	{ RIG_UBUNTU, "#cloud-config\n- a\n", NULL, NULL, NULL, NULL, true,
	    "FormatUnsupported", "no mapping" },
	{ RIG_UBUNTU, CC, NULL, NULL, NULL, "autoinstall: 1\n", true,
	    "FormatUnsupported", "no mapping" },
	{ RIG_UBUNTU, "\x1f\x8b\x08", NULL, NULL, NULL, NULL, true,
	    "FormatUnsupported", "compressed" },
};

static void
what_cannot_work_is_refused_with_its_reason(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct delivery_rig r;
		char row[32];

		(void)str_format(row, sizeof(row), "row %zu", i);
		rig_begin(&r, c->family, c->payload);
		r.in.secret_format = c->secret;
		r.in.installer = c->installer;
		CU_ASSERT_TRUE(delivery_format_parse(c->format, &r.in.format) &&
			       delivery_mode_parse(c->mode, &r.in.mode));
		if (c->wrapper != NULL)
			r.in.wrapper = (struct delivery_bytes){ c->wrapper,
				strlen(c->wrapper) };
		CHECK_ROW(rig_run(&r) == MEDIA_BAD, row);
		CHECK_TEXT(r.out.reason, c->reason);
		CHECK_ROW(r.e.kind == ERR_SPEC, row);
		if (!rig_has(r.e.msg, c->says))
			CHECK_TEXT(r.e.msg, c->says);
		rig_end(&r);
	}
}

static void
none_still_gives_the_users_arguments(void)
{
	struct delivery_rig r;

	rig_begin(&r, RIG_ANACONDA, NULL);
	r.in.mode = DELIVERY_NONE;
	r.in.kernel_args = "inst.ks=http://x/ks";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(r.out.reason, "DeliveryNone");
	CHECK_TEXT(r.out.iso.args, "inst.ks=http://x/ks");
	CU_ASSERT_EQUAL(r.out.mode, DELIVERY_NONE);
	CU_ASSERT_EQUAL(r.out.iso.n_files + r.out.config.n_files, 0);
	CU_ASSERT_FALSE(r.out.report);
	r.in.kernel_args = "two\nlines";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_BAD);
	CHECK_TEXT(r.out.reason, "FormatUnsupported");
	rig_end(&r);
}

static void
arguments_of_the_user_come_first_and_win(void)
{
	struct delivery_rig r;

	rig_begin(&r, RIG_DEBIAN, CC);
	r.in.kernel_args = "console=ttyS0";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(r.out.iso.args,
	    "console=ttyS0 ds=nocloud;s=file:///run/live/medium/nocloud/");
	r.in.kernel_args = "q ds=nocloud;s=file:///elsewhere/nocloud/";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(r.out.iso.args, "q ds=nocloud;s=file:///elsewhere/nocloud/");
	CU_ASSERT_TRUE(rig_size(&r, true, "/nocloud/user-data") > 0);
	rig_end(&r);
}

static void
the_largest_secret_fits_and_more_does_not(void)
{
	char *big = xcalloc(1, DELIVERY_PAYLOAD + 1);
	struct delivery_rig r;

	memset(big, '#', DELIVERY_PAYLOAD + 1);
	memcpy(big, CC, sizeof(CC) - 1);
	for (size_t i = 200; i < DELIVERY_PAYLOAD; i += 100)
		big[i] = '\n';
	rig_begin(&r, RIG_UBUNTU, CC);
	r.in.installer = true;
	r.in.data = (struct delivery_bytes){ big, DELIVERY_PAYLOAD };
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	r.in.format = DELIVERY_CLOUD_INIT;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_TRUE(
	    rig_size(&r, true, "/nocloud/user-data") > DELIVERY_PAYLOAD);
	r.in.data.n++;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_BAD);
	CHECK_TEXT(r.out.reason, "TooLarge");
	CU_ASSERT_EQUAL(r.e.kind, ERR_TOO_BIG);
	rig_end(&r);
	xfree(big);
}

static void
the_hash_is_of_all_that_goes_in(void)
{
	struct delivery_rig r;
	uint8_t a[32], b[32];

	rig_begin(&r, RIG_DEBIAN, CC);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	delivery_hash(&r.out, a);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	delivery_hash(&r.out, b);
	CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
	for (int i = 0; i < 4; i++) {
		r.in.provider_id = i == 0 ? "b7://other/host" : NULL;
		r.in.kernel_args = i == 1 ? "q" : NULL;
		r.in.second_drive = i == 2;
		r.in.report_url = i == 3 ? "http://x/r/y" : RIG_URL;
		CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
		delivery_hash(&r.out, b);
		CU_ASSERT_NOT_EQUAL(memcmp(a, b, 32), 0);
	}
	rig_end(&r);
}

static void
words_of_the_api_are_exact(void)
{
	enum delivery_mode m;
	enum delivery_format f;

	CU_ASSERT_TRUE(delivery_mode_parse(NULL, &m) && m == DELIVERY_AUTO);
	CU_ASSERT_TRUE(delivery_mode_parse("ConfigDrive", &m) &&
		       m == DELIVERY_CONFIG_DRIVE);
	CU_ASSERT_FALSE(delivery_mode_parse("configdrive", &m));
	CU_ASSERT_TRUE(
	    delivery_format_parse("Kairos", &f) && f == DELIVERY_KAIROS);
	CU_ASSERT_FALSE(delivery_format_parse("Kickstart", &f));
}

static void
names_that_are_ours_cannot_be_given(void)
{
	static const struct delivery_pair pairs[] = { { "instance-id",
	    "mine" } };
	struct delivery_rig r;

	rig_begin(&r, RIG_DEBIAN, CC);
	r.in.meta = pairs;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_BAD);
	CU_ASSERT_TRUE(rig_has(r.e.msg, "instance-id"));
	rig_end(&r);
}

static const struct unit_case cases[] = {
	UNIT_CASE(auto_takes_what_works_on_that_image),
	UNIT_CASE(what_cannot_work_is_refused_with_its_reason),
	UNIT_CASE(none_still_gives_the_users_arguments),
	UNIT_CASE(arguments_of_the_user_come_first_and_win),
	UNIT_CASE(the_largest_secret_fits_and_more_does_not),
	UNIT_CASE(the_hash_is_of_all_that_goes_in),
	UNIT_CASE(words_of_the_api_are_exact),
	UNIT_CASE(names_that_are_ours_cannot_be_given),
};

int
main(void)
{
	return UNIT_RUN("delivery_formats", cases);
}
