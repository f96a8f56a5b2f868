/*
 * Both sides of user data: what the agent makes of a family's image, and what
 * the system on that image finds, which was written without the agent's code.
 */
#include <string.h>

#include "agent/delivery/delivery.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/os_rig.h"
#include "tests/unit/unit.h"

#define ID "b7://default/host-1"
#define URL "http://10.0.0.9:8091/r/abcdefghijklmnop"
#define KUBEADM \
	"write_files:\n" \
	"- path: /run/kubeadm/kubeadm-join-config.yaml\n" \
	"  content: |\n" \
	"    apiVersion: kubeadm.k8s.io/v1beta3\n" \
	"    kind: JoinConfiguration\n" \
	"    nodeRegistration:\n" \
	"      kubeletExtraArgs:\n" \
	"        provider-id: \"{{ ds.meta_data.provider_id }}\"\n" \
	"runcmd:\n- kubeadm join --config " \
	"/run/kubeadm/kubeadm-join-config.yaml\n"
#define JINJA "## template: jinja\n#cloud-config\n\n" KUBEADM
#define IGNITION \
	"{\"ignition\":{\"version\":\"3.4.0\"},\"storage\":{\"files\":[" \
	"{\"path\":\"/etc/default/kubelet\",\"contents\":{\"source\":" \
	"\"data:,KUBELET_EXTRA_ARGS=--provider-id=%24%7BBESKAR7_PROVIDER_ID" \
	"%7D\"}}]}}"
#define TALOS \
	"version: v1alpha1\nmachine:\n  type: worker\n  kubelet:\n" \
	"    extraArgs:\n      provider-id: '{{ ds.meta_data.provider_id " \
	"}}'\n" \
	"cluster: {}\n"
#define SCRIPT \
	"#!/bin/sh\n# combustion: network\n" \
	"cat > /etc/default/kubelet <<EOF\n" \
	"KUBELET_EXTRA_ARGS=\"--provider-id=" ID "\"\nEOF\n"
#define KAIROS \
	"#cloud-config\nk3s-agent:\n  enabled: true\n  args:\n" \
	"  - --kubelet-arg=provider-id={{ ds.meta_data.provider_id }}\n"
#define DISK "#cloud-config\ninstall: {auto: true, device: auto}\n"
#define COREOS_DISK \
	"{\"ignition\":{\"version\":\"3.4.0\"},\"storage\":{\"files\":[" \
	"{\"path\":\"/etc/coreos/installer.d/1.yaml\",\"contents\":" \
	"{\"source\":\"data:,dest-device: /dev/sda\"}}]}}"

struct row {
	const char *family, *payload, *wrapper, *args;
	bool installer, second;
	enum delivery_mode mode;
	const char *source; /* what the system says where it was; or why not */
	bool report;
};
static const struct row rows[] = {
	{ "cloud-init", JINJA, NULL, NULL, false, false, DELIVERY_EMBEDDED,
	    "NoCloud /", true },
	{ "cloud-init", JINJA, NULL, NULL, false, true, DELIVERY_CONFIG_DRIVE,
	    "NoCloud volume cidata in CD2", true },
	{ "cloud-init", JINJA, NULL, "console=ttyS1", false, true,
	    DELIVERY_AUTO, "NoCloud volume cidata in CD2", true },
	{ "ubuntu", JINJA, NULL, NULL, true, false, DELIVERY_EMBEDDED,
	    "NoCloud /cdrom/", true },
	{ "ubuntu", JINJA, "autoinstall: {version: 1, storage: {}}", NULL, true,
	    true, DELIVERY_CONFIG_DRIVE, "NoCloud volume cidata in CD2", true },
	{ "ubuntu", JINJA, NULL, "autoinstall", true, true, DELIVERY_AUTO,
	    "NoCloud /cdrom/", true },
	{ "ubuntu", JINJA, NULL, NULL, false, false, DELIVERY_EMBEDDED,
	    "NoCloud /cdrom/", true },
	{ "coreos", IGNITION, NULL, NULL, false, false, DELIVERY_AUTO,
	    "Ignition /images/ignition.img in CD1", true },
	{ "coreos", IGNITION, NULL, "coreos.inst.install_dev=/dev/sda", true,
	    false, DELIVERY_AUTO, "Ignition /images/ignition.img in CD1",
	    true },
	{ "coreos", IGNITION, COREOS_DISK, NULL, true, true, DELIVERY_AUTO,
	    "Ignition /images/ignition.img in CD1", true },
	{ "microos", IGNITION, NULL, NULL, true, true, DELIVERY_AUTO,
	    "Ignition /ignition/config.ign in CD2", true },
	{ "microos", SCRIPT, NULL, NULL, true, true, DELIVERY_CONFIG_DRIVE,
	    "Combustion /combustion/script in CD2", true },
	{ "talos", TALOS, NULL, NULL, true, false, DELIVERY_EMBEDDED,
	    "Talos /config.yaml in CD1", false },
	{ "talos", TALOS, NULL, NULL, true, true, DELIVERY_AUTO,
	    "Talos /config.yaml in CD2", false },
	{ "kairos", KAIROS, DISK, NULL, true, false, DELIVERY_AUTO,
	    "Kairos /beskar7_", true },
	{ "kairos", KAIROS, NULL, NULL, false, true, DELIVERY_CONFIG_DRIVE,
	    "Kairos /user-data in CD2", true },
};

struct both {
	struct os_rig_image base, iso, config;
	struct cd_rig rig;
	struct cd cd;
	struct sparse s;
	struct delivery_out out;
	struct err e;
};

static void
feed(struct both *b)
{
	const struct sparse_range *v;
	size_t n = sparse_wants(&b->s, &v);

	CU_ASSERT_FATAL(n > 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t left = b->base.n - v[i].at;

		sparse_put(&b->s, v[i].at, b->base.p + v[i].at,
		    (size_t)(v[i].n < left ? v[i].n : left));
	}
}

static bool
deliver(struct both *b, const struct row *r)
{
	struct delivery_in in = {
		.mode = r->mode,
		.data = { r->payload, strlen(r->payload) },
		.instance_id = "claim-1",
		.hostname = "worker-1",
		.provider_id = ID,
		.kernel_args = r->args,
		.report_url = URL,
		.installer = r->installer,
		.second_drive = r->second,
		.cd = &b->cd,
		.base = &b->s,
	};
	enum media_step step;

	if (r->wrapper != NULL)
		in.wrapper =
		    (struct delivery_bytes){ r->wrapper, strlen(r->wrapper) };
	while ((step = delivery(&b->out, &in, &b->e)) == MEDIA_WANTS) {
		delivery_free(&b->out);
		feed(b);
	}
	return step == MEDIA_DONE;
}

static void
make(struct both *b)
{
	struct composed c = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    cd_rig_compose(&b->rig, &b->cd, &b->s, &b->out.iso, &c, &b->e),
	    MEDIA_DONE);
	b->iso = b->base; /* its boot images stay where they are */
	b->iso.p = cd_rig_bytes(&b->rig, &c);
	b->iso.n = (size_t)c.size;
	composed_free(&c);
	if (b->out.config.label == NULL)
		return;
	CU_ASSERT_FATAL(volume_make(&c, &b->out.config, &b->e));
	b->config.p = cd_rig_bytes(&b->rig, &c);
	b->config.n = (size_t)c.size;
	composed_free(&c);
}

static void
begin(struct both *b, const char *family)
{
	memset(b, 0, sizeof(*b));
	os_rig_image(&b->base, family, NULL, NULL);
	b->rig.p = b->base.p;
	b->rig.n = b->base.n;
	sparse_init(&b->s, b->base.n);
	CU_ASSERT_EQUAL_FATAL(
	    cd_rig_parse(&b->rig, &b->cd, &b->s, &b->e), MEDIA_DONE);
}

static void
end(struct both *b)
{
	os_rig_free(&b->iso);
	os_rig_free(&b->config);
	os_rig_free(&b->base);
	delivery_free(&b->out);
	cd_free(&b->cd);
	sparse_free(&b->s);
}

static void
found(const struct both *b, const struct row *r, bool bios)
{
	struct os_rig o = { .family = r->family,
		.installer = r->installer,
		.bios = bios,
		.first_boot = str_eq(r->family, "microos"),
		.image = { &b->iso, b->config.p ? &b->config : NULL } };
	struct os_facts f;

	os_rig_look(&o, &f);
	CHECK_ROW(f.state == OS_DATA_FOUND, f.why);
	CHECK_ROW(!f.fails && f.kubelet, f.why);
	CHECK_ROW(str_has_prefix(f.source, r->source), f.source);
	CHECK_ROW(str_eq(f.provider_id, ID), f.provider_id);
	CHECK_ROW(str_eq(f.report_url, r->report ? URL : ""), r->source);
	CHECK_ROW(!r->report || !r->installer || f.report_installed,
	    "the installer's live system reports");
	CHECK_ROW(str_eq(f.node_name, "worker-1") || !r->report ||
		      str_eq(r->family, "microos") ||
		      str_eq(r->family, "kairos"),
	    f.node_name);
}

static void
every_family_finds_what_was_delivered(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct both b;

		begin(&b, rows[i].family);
		if (deliver(&b, &rows[i])) {
			make(&b);
			CHECK_ROW(
			    b.out.report == rows[i].report, rows[i].family);
			found(&b, &rows[i], false);
			found(&b, &rows[i], true);
		} else {
			CHECK_ROW(false, b.e.msg);
		}
		end(&b);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(every_family_finds_what_was_delivered),
	};

	return UNIT_RUN("os delivery", cases);
}
