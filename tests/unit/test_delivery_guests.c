/* What is in the files: as the systems read them, by structure. */
#include "agent/delivery/delivery.h"

#include <stdio.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "tests/unit/delivery_rig.h"
#include "tests/unit/unit.h"

/* As Cluster API's kubeadm provider writes it. */
#define KUBEADM \
	"## template: jinja\n" \
	"#cloud-config\n" \
	"\n" \
	"write_files:\n" \
	"-   path: /run/kubeadm/kubeadm.yaml\n" \
	"    owner: root:root\n" \
	"    permissions: '0640'\n" \
	"    content: |\n" \
	"      ---\n" \
	"      nodeRegistration:\n" \
	"        name: '{{ ds.meta_data.local_hostname }}'\n" \
	"        kubeletExtraArgs:\n" \
	"          provider-id: '{{ ds.meta_data.provider_id }}'\n" \
	"runcmd:\n" \
	"  - 'kubeadm init && echo success > " \
	"/run/cluster-api/bootstrap-success.complete'\n" \
	"apt:\n" \
	"  conf: off\n"

static void
meta_data_names_the_machine(void)
{
	static const struct delivery_pair pairs[] = {
		{ "rack", "r \"1\"" },
		{ "no", "0123" },
		{ "line", "a\nb: c" },
	};
	struct delivery_rig r;
	struct err e;
	const char *text;
	cJSON *j;

	rig_begin(&r, RIG_DEBIAN, "#cloud-config\n");
	r.in.meta = pairs;
	r.in.n_meta = 3;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	text = rig_file(&r, true, "/nocloud/meta-data");
	j = yaml_parse(text, strlen(text), "meta", &e);
	CHECK_TEXT(json_str(j, "instance-id", ""), "claim-1");
	CHECK_TEXT(json_str(j, "local-hostname", ""), "worker-1");
	CHECK_TEXT(json_str(j, "provider_id", ""), "b7://default/host-1");
	CHECK_TEXT(json_str(j, "rack", ""), "r \"1\"");
	CHECK_TEXT(json_str(j, "no", ""), "0123");
	CHECK_TEXT(json_str(j, "line", ""), "a\nb: c");
	cJSON_Delete(j);
	rig_end(&r);
}

static void
a_given_hostname_wins(void)
{
	static const struct delivery_pair pairs[] = { { "local-hostname",
	    "mine" } };
	struct delivery_rig r;
	const char *text;

	rig_begin(&r, RIG_DEBIAN, "#cloud-config\n");
	r.in.meta = pairs;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	text = rig_file(&r, true, "/nocloud/meta-data");
	CU_ASSERT_TRUE(rig_has(text, "\"local-hostname\": \"mine\"\n"));
	CU_ASSERT_FALSE(rig_has(text, "worker-1"));
	rig_end(&r);
}

static void
text_is_a_part_as_it_stands(void)
{
	struct delivery_rig r;
	const char *text, *line;

	rig_begin(&r, RIG_DEBIAN, KUBEADM);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	text = rig_file(&r, true, "/nocloud/user-data");
	CU_ASSERT_TRUE(str_has_prefix(
	    text, "Content-Type: multipart/mixed; boundary=\"=_b7_"));
	CU_ASSERT_TRUE(rig_has(text, "\n\n" KUBEADM "\n--=_b7_"));
	CU_ASSERT_TRUE(rig_has(text, "Content-Type: text/jinja2;"));
	CU_ASSERT_TRUE(rig_has(text, "filename=\"zz-beskar7-report.sh\""));
	line = strstr(text, "\nB7_REPORT_URL='" RIG_URL "'\n");
	CU_ASSERT_PTR_NOT_NULL(line);
	CU_ASSERT_TRUE(rig_has(text, "\nB7_SENTINEL='1'\n"));
	CU_ASSERT_TRUE(rig_has(text, "\nB7_INSTALLED_ONLY='0'\n"));
	CU_ASSERT_TRUE(str_has_suffix(text, "--\n"));
	rig_end(&r);
}

static void
other_bytes_are_a_part_in_base64(void)
{
	static const char *const rows[][2] = {
		{ "#cloud-config\r\na: b\r\n", "text/cloud-config" },
		{ "#cloud-config\na: \xc3\xa9\n", "text/cloud-config" },
		{ "#!/bin/sh\n\x01\n", "text/x-shellscript" },
		{ "\x1f\x8b\x08\x01\xff", "application/gzip" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct delivery_rig r;
		const char *text, *type;
		char *back;

		rig_begin(&r, RIG_DEBIAN, rows[i][0]);
		CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
		text = rig_file(&r, true, "/nocloud/user-data");
		type = strstr(text, rows[i][1]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(type);
		back = rig_decode(type, "Content-Transfer-Encoding: base64\n"
					"\n");
		CHECK_TEXT(back, rows[i][0]);
		xfree(back);
		rig_end(&r);
	}
}

static void
a_message_is_nested_whole(void)
{
	static const char message[] =
	    "Content-Type: multipart/mixed; boundary=\"b\"\n"
	    "MIME-Version: 1.0\n\n--b\nContent-Type: text/x-shellscript\n\n"
	    "#!/bin/sh\n--b--\n";
	struct delivery_rig r;
	const char *text;

	rig_begin(&r, RIG_DEBIAN, message);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	text = rig_file(&r, true, "/nocloud/user-data");
	CU_ASSERT_TRUE(rig_has(text, message));
	CU_ASSERT_TRUE(rig_has(text, "B7_REPORT_URL='"));
	rig_end(&r);
}

static void
without_a_listener_the_data_stays_as_it_is(void)
{
	struct delivery_rig r;

	rig_begin(&r, RIG_DEBIAN, KUBEADM);
	r.in.report_url = NULL;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, true, "/nocloud/user-data"), KUBEADM);
	CU_ASSERT_FALSE(r.out.report);
	r.in.report_url = "http://x/r/'; rm -rf /'";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, true, "/nocloud/user-data"), KUBEADM);
	CU_ASSERT_FALSE(r.out.report);
	rig_end(&r);
}

static void
certificates_come_along_with_the_report(void)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nMII+/=\n"
				  "-----END CERTIFICATE-----\n";
	struct delivery_rig r;

	rig_begin(&r, RIG_DEBIAN, KUBEADM);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_TRUE(rig_has(
	    rig_file(&r, true, "/nocloud/user-data"), "B7_REPORT_CA=''\n"));
	r.in.report_ca = pem;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_TRUE(rig_has(rig_file(&r, true, "/nocloud/user-data"),
	    "B7_REPORT_CA='-----BEGIN CERTIFICATE-----\nMII+/=\n"));
	r.in.report_ca = "-----BEGIN CERTIFICATE-----'; rm -rf /; '";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_FALSE(r.out.report);
	rig_end(&r);
}

static void
an_installers_own_system_never_reports(void)
{
	static const enum rig_family all[] = { RIG_DEBIAN, RIG_UBUNTU,
		RIG_KAIROS, RIG_OTHER };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct delivery_rig r;
		bool found = false;

		rig_begin(&r, all[i], "#cloud-config\n{}\n");
		r.in.installer = true;
		CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
		CU_ASSERT_TRUE(r.out.report);
		for (size_t k = 0; k < r.out.iso.n_files; k++) {
			const char *p = r.out.iso.files[k].p;

			CU_ASSERT_FALSE(rig_has(p, "B7_INSTALLED_ONLY='0'"));
			found |= rig_has(p, "B7_INSTALLED_ONLY='1'");
		}
		CU_ASSERT_TRUE(found);
		rig_end(&r);
	}
}

static void
network_data_come_along(void)
{
	static const char net[] = "version: 2\nethernets: {}\n";
	struct delivery_rig r;
	char *back;

	rig_begin(&r, RIG_DEBIAN, "#cloud-config\n");
	r.in.network = (struct delivery_bytes){ net, sizeof(net) - 1 };
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, true, "/nocloud/network-config"), net);
	back = rig_decode(r.out.iso.args, " network-config=");
	CHECK_TEXT(back, net);
	xfree(back);
	r.in.second_drive = true;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, false, "/network-config"), net);
	CU_ASSERT_PTR_NULL(r.out.iso.args);
	rig_end(&r);
}

static void
network_data_of_others_are_refused(void)
{
	static const char *const rows[] = { "links: []\n", "version: 3\n",
		"[1]\n", "a: [\n", "network: {version: x}\n" };
	static const char *const fine[] = { "version: 1\nconfig: []\n",
		"network:\n  version: 2\n  x: on\n" };
	struct delivery_rig r;

	rig_begin(&r, RIG_DEBIAN, "#cloud-config\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		r.in.network =
		    (struct delivery_bytes){ rows[i], strlen(rows[i]) };
		CHECK_ROW(rig_run(&r) == MEDIA_BAD, rows[i]);
		CHECK_TEXT(r.out.reason, "FormatUnsupported");
		CHECK_ROW(rig_has(r.e.msg, "networkDataSecretRef"), rows[i]);
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		r.in.network =
		    (struct delivery_bytes){ fine[i], strlen(fine[i]) };
		CHECK_ROW(rig_run(&r) == MEDIA_DONE, fine[i]);
	}
	rig_end(&r);
}

/* ---- autoinstall --------------------------------------------------------- */

static cJSON *
autoinstall(struct delivery_rig *r, const char *payload, const char *wrapper)
{
	const char *text;
	struct err e;
	cJSON *j;

	rig_begin(r, RIG_UBUNTU, payload);
	r->in.installer = true;
	if (wrapper != NULL)
		r->in.wrapper =
		    (struct delivery_bytes){ wrapper, strlen(wrapper) };
	if (rig_run(r) != MEDIA_DONE)
		CHECK_TEXT(r->e.msg, "");
	text = rig_file(r, true, "/nocloud/user-data");
	CU_ASSERT_TRUE(str_has_prefix(text, "#cloud-config\n"));
	j = yaml_parse(text, strlen(text), "doc", &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

static void
kubeadm_data_are_nested_and_rendered(void)
{
	struct delivery_rig r;
	cJSON *j = autoinstall(&r, KUBEADM, NULL);
	const char *config;

	CU_ASSERT_EQUAL(json_i64(j, "autoinstall/version", 0), 1);
	config = json_str(j, "autoinstall/user-data/write_files/0/content", "");
	CU_ASSERT_TRUE(rig_has(config, "name: 'worker-1'\n"));
	CU_ASSERT_TRUE(rig_has(config, "provider-id: 'b7://default/host-1'\n"));
	CHECK_TEXT(
	    json_str(j, "autoinstall/user-data/hostname", ""), "worker-1");
	CU_ASSERT_TRUE(rig_has(
	    json_str(j, "autoinstall/user-data/runcmd/0", ""), "kubeadm init"));
	CU_ASSERT_FALSE(json_bool(j, "autoinstall/user-data/apt/conf", true));
	CHECK_TEXT(json_str(j, "autoinstall/user-data/write_files/1/path", ""),
	    "/var/lib/cloud/instance/scripts/zz-beskar7-report");
	CU_ASSERT_TRUE(rig_has(
	    json_str(j, "autoinstall/user-data/write_files/1/content", ""),
	    "\nB7_REPORT_URL='" RIG_URL "'\nB7_REPORT_CA=''\n"
	    "B7_INSTALLED_ONLY='1'\n"));
	cJSON_Delete(j);
	rig_end(&r);
}

static void
the_users_document_is_kept_around_it(void)
{
	static const char wrapper[] = "#cloud-config\n"
				      "autoinstall:\n"
				      "  version: 1\n"
				      "  storage: {layout: {name: direct}}\n"
				      "  user-data:\n"
				      "    hostname: given\n"
				      "    runcmd: [first]\n"
				      "    apt: {conf: on, x: y}\n";
	struct delivery_rig r;
	cJSON *j = autoinstall(&r, KUBEADM, wrapper);

	CHECK_TEXT(
	    json_str(j, "autoinstall/storage/layout/name", ""), "direct");
	CHECK_TEXT(json_str(j, "autoinstall/user-data/runcmd/0", ""), "first");
	CU_ASSERT_TRUE(rig_has(
	    json_str(j, "autoinstall/user-data/runcmd/1", ""), "kubeadm init"));
	CU_ASSERT_FALSE(json_bool(j, "autoinstall/user-data/apt/conf", true));
	CHECK_TEXT(json_str(j, "autoinstall/user-data/apt/x", ""), "y");
	cJSON_Delete(j);
	rig_end(&r);
	/* as it would stand in autoinstall.yaml */
	j = autoinstall(&r, "#!/bin/sh\necho x\n", "version: 1\nlocale: C\n");
	CHECK_TEXT(json_str(j, "autoinstall/locale", ""), "C");
	CHECK_TEXT(
	    json_str(j, "autoinstall/user-data/write_files/0/content", ""),
	    "#!/bin/sh\necho x\n");
	cJSON_Delete(j);
	rig_end(&r);
}

/* ---- Ignition ------------------------------------------------------------ */

static const char ign[] =
    "{\"ignition\":{\"version\":\"3.3.0\"},\"passwd\":{}}";

static cJSON *
merged(cJSON *j, const char *path)
{
	char *text = rig_decode(json_str(j, path, ""), "data:;base64,");
	struct err e;
	cJSON *out = json_parse(text, strlen(text), &e);

	xfree(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	return out;
}

/* The only file of a newc archive. */
static cJSON *
embedded(struct delivery_rig *r)
{
	const char *p = rig_file(r, true, "/images/ignition.img");
	size_t n = rig_size(r, true, "/images/ignition.img");
	unsigned size = 0;
	struct err e;
	cJSON *j;

	CU_ASSERT_FATAL(n > 256 && n % 512 == 0);
	CU_ASSERT_EQUAL(memcmp(p, "070701", 6), 0);
	CU_ASSERT_EQUAL(sscanf(p + 54, "%8x", &size), 1);
	CHECK_TEXT(p + 110, "config.ign");
	j = json_parse(p + 124, size, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	p += 124 + (size + 3) / 4 * 4;
	CHECK_TEXT(p + 110, "TRAILER!!!");
	return j;
}

static void
is_machine(cJSON *j, const char *only)
{
	cJSON *user = merged(j, "ignition/config/merge/0/source");
	char *text;

	CHECK_TEXT(json_str(j, "ignition/version", ""), "3.0.0");
	CHECK_TEXT(json_str(user, "ignition/version", ""), "3.3.0");
	cJSON_Delete(user);
	CHECK_TEXT(
	    json_str(j, "storage/files/0/path", ""), "/etc/beskar7/metadata");
	text = rig_decode(json_str(j, "storage/files/0/contents/source", ""),
	    "data:;base64,");
	CHECK_TEXT(text, "BESKAR7_INSTANCE_ID=\"claim-1\"\n"
			 "BESKAR7_HOSTNAME=\"worker-1\"\n"
			 "BESKAR7_PROVIDER_ID=\"b7://default/host-1\"\n");
	xfree(text);
	text = rig_decode(json_str(j, "storage/files/2/contents/source", ""),
	    "data:;base64,");
	CU_ASSERT_TRUE(rig_has(text, "B7_REPORT_URL='" RIG_URL "'\n"));
	CU_ASSERT_TRUE(rig_has(text, only));
	xfree(text);
	CHECK_TEXT(
	    json_str(j, "systemd/units/0/name", ""), "beskar7-report.service");
	CU_ASSERT_TRUE(rig_has(json_str(j, "systemd/units/0/contents", ""),
	    "\nExecStart=/bin/sh /etc/beskar7/report wait\n"));
}

static void
ignition_goes_into_the_embed_area(void)
{
	struct delivery_rig r;
	cJSON *j;

	rig_begin(&r, RIG_COREOS, ign);
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	j = embedded(&r);
	is_machine(j, "B7_INSTALLED_ONLY='0'");
	cJSON_Delete(j);
	rig_end(&r);
}

/* As Cluster API's kubeadm provider writes it, by way of Container Linux Config. */
static const char kubeadm_ign[] =
    "{\"ignition\":{\"config\":{},\"security\":{\"tls\":{}},\"timeouts\":{},"
    "\"version\":\"2.3.0\"},\"networkd\":{},\"passwd\":{\"users\":[{\"name\":"
    "\"core\"}]},\"storage\":{\"files\":[{\"filesystem\":\"root\",\"path\":"
    "\"/etc/kubeadm.yml\",\"contents\":{\"source\":\"data:,---%0A%22%7B%7B%20"
    "ds.meta_data.provider_id%20%7D%7D%22%0A\",\"verification\":{}},\"mode\":"
    "384},{\"filesystem\":\"root\",\"path\":\"/etc/more\",\"append\":true,"
    "\"contents\":{\"source\":\"data:,x\"}}]},\"systemd\":{\"units\":[{"
    "\"contents\":\"[Unit]\\n\",\"enabled\":true,\"name\":\"kubeadm.service\"},"
    "{\"enable\":true,\"name\":\"old.service\"}]}}";

static void
what_kubeadm_writes_becomes_specification_3(void)
{
	struct delivery_rig r;
	cJSON *j, *user;
	char *text;

	rig_begin(&r, RIG_COREOS, kubeadm_ign);
	r.in.secret_format = "ignition";
	CU_ASSERT_EQUAL_FATAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_TRUE(r.out.report);
	j = embedded(&r);
	user = merged(j, "ignition/config/merge/0/source");
	CHECK_TEXT(json_str(user, "ignition/version", ""), "3.0.0");
	CU_ASSERT_PTR_NULL(json_at(user, "networkd"));
	CU_ASSERT_PTR_NULL(json_at(user, "storage/files/0/filesystem"));
	CU_ASSERT_TRUE(json_bool(user, "storage/files/0/overwrite", false));
	CU_ASSERT_EQUAL(json_i64(user, "storage/files/0/mode", 0), 384);
	text = rig_decode(json_str(user, "storage/files/0/contents/source", ""),
	    "data:;base64,");
	CHECK_TEXT(text, "---\n\"b7://default/host-1\"\n");
	xfree(text);
	CHECK_TEXT(
	    json_str(user, "storage/files/1/append/0/source", ""), "data:,x");
	CU_ASSERT_PTR_NULL(json_at(user, "storage/files/1/contents"));
	CU_ASSERT_TRUE(json_bool(user, "systemd/units/0/enabled", false));
	CU_ASSERT_TRUE(json_bool(user, "systemd/units/1/enabled", false));
	CU_ASSERT_PTR_NULL(json_at(user, "systemd/units/1/enable"));
	cJSON_Delete(user);
	cJSON_Delete(j);
	rig_end(&r);
}

static void
an_installer_of_coreos_gets_it_for_the_disk(void)
{
	static const char live[] = "{\"ignition\":{\"version\":\"3.2.0\"}}";
	struct delivery_rig r;
	cJSON *j, *machine;

	rig_begin(&r, RIG_COREOS, ign);
	r.in.installer = true;
	r.in.wrapper = (struct delivery_bytes){ live, sizeof(live) - 1 };
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	j = embedded(&r);
	machine = merged(j, "ignition/config/merge/0/source");
	CHECK_TEXT(json_str(machine, "ignition/version", ""), "3.2.0");
	cJSON_Delete(machine);
	CHECK_TEXT(json_str(j, "storage/files/1/path", ""),
	    "/etc/coreos/installer.d/9000-beskar7.yaml");
	CHECK_TEXT(json_str(j, "storage/files/0/path", ""),
	    "/etc/beskar7/machine.ign");
	machine = merged(j, "storage/files/0/contents/source");
	is_machine(machine, "B7_INSTALLED_ONLY='1'");
	cJSON_Delete(machine);
	cJSON_Delete(j);
	r.in.wrapper.n = 0;
	r.in.kernel_args = "coreos.inst.install_dev=/dev/sda";
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	rig_end(&r);
}

/* ---- others -------------------------------------------------------------- */

static void
talos_and_kairos_are_filled_in(void)
{
	struct delivery_rig r;

	rig_begin(&r, RIG_TALOS,
	    "# x\n---\nversion: v1alpha1\n"
	    "id: \"{{ ds.meta_data.provider_id }}\" {{ other }}\n");
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, true, "/config.yaml"),
	    "# x\n---\nversion: v1alpha1\n"
	    "id: \"b7://default/host-1\" {{ other }}\n");
	rig_end(&r);
	rig_begin(&r, RIG_KAIROS,
	    "## template: jinja\n#cloud-config\n"
	    "h: {{ v1.local_hostname }}-{{ ds.meta_data['rack'] }}"
	    "{{instance_id}}\n");
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CHECK_TEXT(rig_file(&r, true, "/beskar7_data.yaml"),
	    "#cloud-config\nh: worker-1-r1claim-1\n");
	rig_end(&r);
}

static void
a_combustion_script_is_run_by_ours(void)
{
	static const char user[] = "#!/bin/sh\n# combustion: network prepare\n"
				   "echo {{ ds.meta_data.provider_id }}\n";
	static const char data[] = "#cloud-config\n";
	struct delivery_rig r;
	const char *run;

	rig_begin(&r, RIG_MICROOS, data);
	r.in.wrapper = (struct delivery_bytes){ user, sizeof(user) - 1 };
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	run = rig_file(&r, true, "/combustion/script");
	CU_ASSERT_TRUE(
	    str_has_prefix(run, "#!/bin/sh\n# combustion: network prepare\n"));
	CHECK_TEXT(rig_file(&r, true, "/combustion/main"),
	    "#!/bin/sh\n# combustion: network prepare\n"
	    "echo b7://default/host-1\n");
	CHECK_TEXT(rig_file(&r, true, "/combustion/bootstrap-data"), data);
	CU_ASSERT_TRUE(rig_has(rig_file(&r, true, "/combustion/report.sh"),
	    "B7_REPORT_URL='" RIG_URL "'\n"));
	r.in.report_url = NULL;
	CU_ASSERT_EQUAL(rig_run(&r), MEDIA_DONE);
	CU_ASSERT_TRUE(
	    rig_has(rig_file(&r, true, "/combustion/script"), "echo b7://"));
	rig_end(&r);
}

static const struct unit_case cases[] = {
	UNIT_CASE(meta_data_names_the_machine),
	UNIT_CASE(a_given_hostname_wins),
	UNIT_CASE(text_is_a_part_as_it_stands),
	UNIT_CASE(other_bytes_are_a_part_in_base64),
	UNIT_CASE(a_message_is_nested_whole),
	UNIT_CASE(without_a_listener_the_data_stays_as_it_is),
	UNIT_CASE(certificates_come_along_with_the_report),
	UNIT_CASE(an_installers_own_system_never_reports),
	UNIT_CASE(network_data_come_along),
	UNIT_CASE(network_data_of_others_are_refused),
	UNIT_CASE(kubeadm_data_are_nested_and_rendered),
	UNIT_CASE(the_users_document_is_kept_around_it),
	UNIT_CASE(ignition_goes_into_the_embed_area),
	UNIT_CASE(what_kubeadm_writes_becomes_specification_3),
	UNIT_CASE(an_installer_of_coreos_gets_it_for_the_disk),
	UNIT_CASE(talos_and_kairos_are_filled_in),
	UNIT_CASE(a_combustion_script_is_run_by_ours),
};

int
main(void)
{
	return UNIT_RUN("delivery_guests", cases);
}
