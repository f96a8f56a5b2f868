/* What the system on a medium finds there, family by family. */
#include <string.h>

#include "tests/unit/os_rig.h"
#include "tests/unit/unit.h"

#define T(path, text) \
	{ \
		path, text, 0, false \
	}
#define END \
	{ \
		NULL, NULL, 0, false \
	}

#define KUBEADM_FILE \
	"write_files:\n" \
	"- path: /run/kubeadm/kubeadm.yaml\n" \
	"  content: |\n" \
	"    apiVersion: kubeadm.k8s.io/v1beta3\n" \
	"    kind: JoinConfiguration\n" \
	"    nodeRegistration:\n" \
	"      name: '{{ ds.meta_data.local_hostname }}'\n" \
	"      kubeletExtraArgs:\n" \
	"        provider-id: \"{{ ds.meta_data.provider_id }}\"\n" \
	"runcmd:\n" \
	"- kubeadm join --config /run/kubeadm/kubeadm.yaml && touch /run/ok\n"
#define JINJA "## template: jinja\n#cloud-config\n" KUBEADM_FILE
#define META \
	"instance-id: claim-1\nlocal-hostname: n1\n" \
	"provider_id: b7://default/h1\n"
#define REPORT \
	"#!/bin/sh\nB7_REPORT_URL='http://10.0.0.1:8090/r/abc'\n" \
	"B7_INSTALLED_ONLY='0'\n"
#define MIXED \
	"Content-Type: multipart/mixed; boundary=\"=_b7_1\"\n" \
	"MIME-Version: 1.0\n\n" \
	"--=_b7_1\nContent-Type: text/jinja2; charset=\"us-ascii\"\n" \
	"MIME-Version: 1.0\n\n" JINJA "\n" \
	"--=_b7_1\nContent-Type: text/x-shellscript\n" \
	"Content-Transfer-Encoding: 7bit\n\n" REPORT "\n--=_b7_1--\n"
#define GRUB(args) \
	"set default=0\nmenuentry 'x' {\n linux /casper/vmlinuz " args \
	" ---\n initrd /casper/initrd\n}\n"
#define LIVE(args) \
	"menuentry x {\nlinux /live/vmlinuz boot=live " args \
	"\ninitrd /live/initrd.img\n}\n"

static struct os_facts
look(const char *family, bool installer, const struct tree_file *more)
{
	struct os_rig_image im;
	struct os_rig r = {
		.family = family, .installer = installer, .image = { &im }
	};
	struct os_facts f;

	os_rig_image(&im, family, NULL, more);
	os_rig_look(&r, &f);
	os_rig_free(&im);
	return f;
}

static void
every_family_is_missing_its_data(void)
{
	for (const struct tree_family *t = tree_families; t->name; t++) {
		struct os_facts f = look(t->name, false, NULL);

		CU_ASSERT_EQUAL(f.state, OS_DATA_MISSING);
		CU_ASSERT_NOT_EQUAL(f.why[0], '\0');
		CU_ASSERT_TRUE(os_family(t->name));
		f = look(t->name, true, NULL);
		CU_ASSERT_EQUAL(f.state, strcmp(t->name, "microos") == 0
					     ? OS_DATA_LATER
					     : OS_DATA_MISSING);
	}
	CU_ASSERT_FALSE(os_family("plan9"));
}

static void
a_seed_on_the_medium_is_found_by_the_kernels_arguments(void)
{
	static const struct tree_file good[] = {
		T("/boot/grub/grub.cfg",
		    LIVE("'ds=nocloud;s=/run/live/medium/b7/'")),
		T("/b7/user-data", MIXED), T("/b7/meta-data", META), END
	};
	struct os_facts f = look("cloud-init", false, good);

	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	CU_ASSERT_STRING_EQUAL(f.why, "");
	CU_ASSERT_STRING_EQUAL(f.source, "NoCloud /run/live/medium/b7/ in CD1");
	CU_ASSERT_STRING_EQUAL(f.instance_id, "claim-1");
	CU_ASSERT_STRING_EQUAL(f.hostname, "n1");
	CU_ASSERT_STRING_EQUAL(f.node_name, "n1");
	CU_ASSERT_STRING_EQUAL(f.provider_id, "b7://default/h1");
	CU_ASSERT_STRING_EQUAL(f.report_url, "http://10.0.0.1:8090/r/abc");
	CU_ASSERT_FALSE(f.report_form);
	CU_ASSERT_TRUE(f.kubelet);
	CU_ASSERT_FALSE(f.fails);
	CU_ASSERT_EQUAL(f.bytes, strlen(MIXED));
	CU_ASSERT_EQUAL(strlen(f.sha256), 64);
}

/* What real systems do not find, this one does not find either. */
static void
what_is_written_wrongly_is_not_found(void)
{
	static const struct {
		const char *grub, *why;
	} rows[] = {
		/* GRUB ends a command at a semicolon */
		{ LIVE("ds=nocloud;s=/run/live/medium/b7/"),
		    "NoCloud: no ds=" },
		{ LIVE("'ds=nocloud;s=/run/live/medium/b7'"),
		    "NoCloud: a seed must end with a slash: "
		    "/run/live/medium/b7" },
		{ LIVE("'ds=nocloud;s=/cdrom/b7/'"),
		    "NoCloud: nothing is mounted at: /cdrom/b7/" },
		{ LIVE("'ds=nocloud;s=/run/live/medium/c8/'"),
		    "NoCloud: there is no: /c8/user-data" },
		{ LIVE("'ds=none'"), "NoCloud: no ds=" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tree_file files[] = {
			T("/boot/grub/grub.cfg", rows[i].grub),
			T("/b7/user-data", MIXED), T("/b7/meta-data", META), END
		};
		struct os_facts f = look("cloud-init", false, files);

		CU_ASSERT_EQUAL(f.state, OS_DATA_MISSING);
		CU_ASSERT_EQUAL(
		    strncmp(f.why, rows[i].why, strlen(rows[i].why)), 0);
	}
}

static void
a_volume_in_another_drive_is_found(void)
{
	static const struct tree_file seed[] = { T("/user-data", JINJA),
		T("/meta-data", META), END };
	struct os_rig_image im, cd;
	struct os_rig r = { .family = "cloud-init",
		.image = { &im, NULL, &cd } };
	struct os_facts f;

	os_rig_image(&im, "cloud-init", NULL, NULL);
	os_rig_volume(&cd, "cidata", seed);
	os_rig_look(&r, &f);
	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	CU_ASSERT_STRING_EQUAL(f.source, "NoCloud volume cidata in CD3");
	CU_ASSERT_STRING_EQUAL(f.provider_id, "b7://default/h1");
	r.bios = true; /* isolinux reads its own configuration */
	os_rig_look(&r, &f);
	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	/* the kernel, initial and root file systems were read */
	CU_ASSERT_EQUAL(r.passes, 3);
	CU_ASSERT_STRING_EQUAL(r.phase, "data");
	os_rig_free(&cd);
	os_rig_volume(&cd, "CIDATA", seed + 1); /* no user-data */
	os_rig_look(&r, &f);
	CU_ASSERT_EQUAL(f.state, OS_DATA_MISSING);
	CU_ASSERT_STRING_EQUAL(f.why, "NoCloud: there is no: /user-data");
	os_rig_free(&cd);
	os_rig_volume(&cd, "CiData", seed); /* blkid's labels: no */
	os_rig_look(&r, &f);
	CU_ASSERT_EQUAL(f.state, OS_DATA_MISSING);
	os_rig_free(&cd);
	os_rig_free(&im);
}

#define NESTED \
	"  user-data:\n" \
	"    hostname: n2\n" \
	"    write_files:\n" \
	"    - path: /run/kubeadm/kubeadm-join-config.yaml\n" \
	"      content: |\n" \
	"        apiVersion: kubeadm.k8s.io/v1beta4\n" \
	"        kind: JoinConfiguration\n" \
	"        nodeRegistration:\n" \
	"          kubeletExtraArgs:\n" \
	"          - {name: provider-id, value: b7://default/h2}\n" \
	"    - path: /var/lib/cloud/instance/scripts/zz\n" \
	"      content: |\n" \
	"        #!/bin/sh\n" \
	"        B7_REPORT_URL='http://10.0.0.1/r/x'\n" \
	"        B7_INSTALLED_ONLY='1'\n"

static void
an_autoinstall_gives_the_new_system_its_own_data(void)
{
	struct tree_file files[] = { T("/boot/grub/grub.cfg",
					 GRUB("autoinstall "
					      "'ds=nocloud;s=/cdrom/b7/'")),
		T("/b7/user-data",
		    "#cloud-config\nautoinstall:\n  version: 1\n" NESTED),
		T("/b7/meta-data", META), END };
	struct os_facts f = look("ubuntu", true, files);

	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	CU_ASSERT_STRING_EQUAL(f.why, "");
	CU_ASSERT_STRING_EQUAL(f.format, "autoinstall");
	CU_ASSERT_STRING_EQUAL(f.provider_id, "b7://default/h2");
	CU_ASSERT_STRING_EQUAL(f.node_name, "n2");
	CU_ASSERT_STRING_EQUAL(f.report_url, "http://10.0.0.1/r/x");
	CU_ASSERT_TRUE(f.report_installed);
	/* without the argument it asks a person */
	files[0].text = GRUB("'ds=nocloud;s=/cdrom/b7/'");
	f = look("ubuntu", true, files);
	CU_ASSERT_EQUAL(f.state, OS_DATA_UNREADABLE);
	CU_ASSERT_EQUAL(strncmp(f.why, "autoinstall: it waits", 21), 0);
	files[0].text = GRUB("autoinstall 'ds=nocloud;s=/cdrom/b7/'");
	files[1].text = "#cloud-config\nautoinstall: {version: 2}\n";
	f = look("ubuntu", true, files);
	CU_ASSERT_STRING_EQUAL(f.why, "autoinstall: version must be 1");
	files[1].text = JINJA;
	f = look("ubuntu", true, files);
	CU_ASSERT_EQUAL(f.state, OS_DATA_MISSING);
	/* the medium's own file, the keyword left out */
	files[1].path = "/autoinstall.yaml";
	files[1].text = "version: 1\nidentity: {hostname: n3}\n";
	f = look("ubuntu", true, files);
	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	CU_ASSERT_STRING_EQUAL(f.hostname, "n3");
	CU_ASSERT_STRING_EQUAL(
	    f.source, "autoinstall /autoinstall.yaml in CD1");
}

static void
broken_data_comes_up_and_fails(void)
{
	static const struct {
		const char *data, *why;
	} rows[] = {
		{ "#cloud-config\na: [\n",
		    "a cloud-config that cannot be parsed" },
		{ "#cloud-config\n- a\n",
		    "a cloud-config that cannot be parsed: no mapping" },
		{ "hello\n", "nothing in the user data is understood" },
		{ "## template: jinja\n#cloud-config\nwrite_files:\n"
		  "- {path: /a, content: '--provider-id={{ ds.meta_data.nope "
		  "}}'}\n",
		    "the providerID was not rendered: "
		    "CI_MISSING_JINJA_VAR/nope" },
		{ "## template: jinja\n#cloud-config\na: {{ x.y }}\n",
		    "template: cannot go to y" },
		/* the header without the type of the template */
		{ "#cloud-config\n" KUBEADM_FILE,
		    "the providerID was not rendered: "
		    "{{ ds.meta_data.provider_id }}" },
		{ "#cloud-config\nwrite_files:\n- path: /k\n  content: |\n"
		  "    apiVersion: kubeadm.k8s.io/v1beta4\n"
		  "    kind: JoinConfiguration\n"
		  "    nodeRegistration: {kubeletExtraArgs: {a: b}}\n",
		    "kubeadm: kubeletExtraArgs is not as this has it: "
		    "kubeadm.k8s.io/v1beta4" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tree_file files[] = {
			T("/boot/grub/grub.cfg",
			    LIVE("'ds=nocloud;s=/run/live/medium/b7/'")),
			T("/b7/user-data", rows[i].data),
			T("/b7/meta-data", META), END
		};
		struct os_facts f = look("cloud-init", false, files);

		CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
		CU_ASSERT_TRUE(f.fails);
		CU_ASSERT_FALSE(f.kubelet);
		CU_ASSERT_STRING_EQUAL(f.why, rows[i].why);
	}
}

static void
cloud_init_phones_home_by_a_form(void)
{
	static const struct tree_file files[] = {
		T("/boot/grub/grub.cfg",
		    LIVE("'ds=nocloud;s=/run/live/medium/b7/'")),
		T("/b7/user-data", "#cloud-config\nhostname: mine\n"
				   "package_update: yes\n"),
		T("/b7/meta-data", META),
		T("/b7/vendor-data",
		    "#cloud-config\nhostname: theirs\nphone_home:\n"
		    "  url: http://10.0.0.1/r/$INSTANCE_ID\n  tries: 4\n"),
		END
	};
	struct os_facts f = look("cloud-init", false, files);

	CU_ASSERT_EQUAL(f.state, OS_DATA_FOUND);
	CU_ASSERT_STRING_EQUAL(f.hostname, "mine");
	CU_ASSERT_STRING_EQUAL(f.report_url, "http://10.0.0.1/r/claim-1");
	CU_ASSERT_TRUE(f.report_form);
	CU_ASSERT_EQUAL(f.report_tries, 4);
	CU_ASSERT_FALSE(f.kubelet);
}

static void
boots_that_end_early_are_named(void)
{
	static const struct tree_file no_kernel[] = {
		T("/boot/grub/grub.cfg", "menuentry x {\nlinux /vmlinuz\n}\n"),
		END
	};
	static const struct tree_file nothing[] = {
		T("/boot/grub/grub.cfg", "set timeout=3\n"), END
	};
	struct os_facts f = look("ubuntu", false, no_kernel);

	CU_ASSERT_EQUAL(f.state, OS_DATA_UNREADABLE);
	CU_ASSERT_STRING_EQUAL(f.why, "boot loader: there is no: /vmlinuz");
	f = look("ubuntu", false, nothing);
	CU_ASSERT_STRING_EQUAL(f.why, "boot loader: no entry with a kernel");
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(every_family_is_missing_its_data),
		UNIT_CASE(
		    a_seed_on_the_medium_is_found_by_the_kernels_arguments),
		UNIT_CASE(what_is_written_wrongly_is_not_found),
		UNIT_CASE(a_volume_in_another_drive_is_found),
		UNIT_CASE(an_autoinstall_gives_the_new_system_its_own_data),
		UNIT_CASE(broken_data_comes_up_and_fails),
		UNIT_CASE(cloud_init_phones_home_by_a_form),
		UNIT_CASE(boots_that_end_early_are_named),
	};

	return UNIT_RUN("os", cases);
}
