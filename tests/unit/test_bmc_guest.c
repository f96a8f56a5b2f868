/* Machines that read what they boot, install it, come up and report. */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/os_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define EJECT RIG_CD "/Actions/VirtualMedia.EjectMedia"
#define HOST "10.7.0.1"
#define MEDIA "http://" HOST ":80"
#define T(path, text) \
	{ \
		path, text, 0, false \
	}
#define END \
	{ \
		NULL, NULL, 0, false \
	}
#define META "instance-id: i-1\nlocal-hostname: n1\n"
#define KUBELET(id) \
	"#cloud-config\nhostname: n1\nwrite_files:\n- path: " \
	"/etc/kubeadm.yml\n" \
	"  content: |\n" \
	"    apiVersion: kubeadm.k8s.io/v1beta3\n" \
	"    kind: JoinConfiguration\n" \
	"    nodeRegistration:\n" \
	"      kubeletExtraArgs: {provider-id: " id "}\n" \
	"- path: /report\n" \
	"  content: |\n" \
	"    B7_REPORT_URL='" MEDIA "/r/token-1'\n"
#define LIVE \
	"menuentry x {\nlinux /live/vmlinuz boot=live " \
	"'ds=nocloud;s=/run/live/medium/b7/'\ninitrd /live/initrd.img\n}\n"

/* A server of images, and of reports. */
struct media {
	struct loop *loop;
	struct http_server *server;
	struct os_rig_image im[3];
	int status;       /* of reports */
	unsigned reports; /* that came */
	char body[512], type[64];
	uint64_t bytes;
	struct timer beat;
};

static void
posted(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct media *m = arg;
	const char *type = http_exchange_header(x, "Content-Type");

	m->reports++;
	(void)str_copy(m->body, sizeof(m->body), body.p);
	(void)str_copy(m->type, sizeof(m->type), type ? type : "");
	http_reply(x, m->status, NULL, 0, (struct http_bytes){ "", 0 });
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct media *m = arg;
	const char *target = http_exchange_target(x);
	const char *range = http_exchange_header(x, "Range");
	const struct os_rig_image *im;
	uint64_t from = 0, to = 0;
	char text[64], *dash;

	if (str_has_prefix(target, "/r/")) {
		http_exchange_collect(x, posted, m);
		return;
	}
	im = &m->im[target[1] - '0']; /* "/0.iso" */
	if (range != NULL) {
		(void)str_copy(text, sizeof(text), range + 6);
		dash = strchr(text, '-');
		*dash = '\0';
		(void)str_to_u64(text, &from);
		(void)str_to_u64(dash + 1, &to);
	}
	if (im->p == NULL || (range && to >= im->n)) {
		http_reply(x, 404, NULL, 0, (struct http_bytes){ "", 0 });
		return;
	}
	m->bytes += range ? to - from + 1 : 0;
	http_reply(x, range ? 206 : 200, NULL, 0,
	    range ? (struct http_bytes){ im->p + from, to - from + 1 }
		  : (struct http_bytes){ im->p, im->n });
}

static void
beat(void *arg)
{
	struct media *m = arg;

	timer_start(m->loop, &m->beat, LOOP_S, beat, m);
}

static void
open_with(struct rig *g, struct media *m, const char *knobs)
{
	struct http_listen_opts o = {
		.addr = HOST, .port = 80, .handle = handle, .arg = m
	};
	struct err e = { 0 };

	memset(m, 0, sizeof(*m));
	m->status = 204;
	rig_knobs(g, knobs);
	m->loop = world_spawn(g->w, "media", HOST, 0);
	m->server = http_listen(world_net(m->loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->server);
	beat(m);
}

static void
open_rig(struct rig *g, struct media *m)
{
	open_with(g, m, NULL);
}

static void
close_rig(struct rig *g, struct media *m)
{
	timer_stop(&m->beat);
	http_server_free(m->server);
	for (size_t i = 0; i < 3; i++)
		os_rig_free(&m->im[i]);
	rig_close(g);
}

static void
insert_and_start(struct rig *g, const char *name)
{
	char body[256];

	(void)str_format(
	    body, sizeof(body), "{\"Image\":\"" MEDIA "/%s\"}", name);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, body), 204);
	CU_ASSERT_EQUAL(rig_call(g, "PATCH", RIG_SYS,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
			    "\"BootSourceOverrideTarget\":\"Cd\","
			    "\"BootSourceOverrideMode\":\"UEFI\"}}"),
	    200);
	CU_ASSERT_EQUAL(
	    rig_call(g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
}

static const char *
shown(struct rig *g, const char *member)
{
	char path[64];

	CU_ASSERT_EQUAL(rig_control(g, "GET", "/bmcs/bmc-000", NULL), 200);
	(void)str_format(path, sizeof(path), "userData/%s", member);
	return rig_at(g, path);
}

static void
image(struct media *m, size_t i, const char *kind, const char *user)
{
	const struct tree_file files[] = { T("/boot/grub/grub.cfg", LIVE),
		T("/b7/user-data", user), T("/b7/meta-data", META), END };
	char *note;

	os_rig_free(&m->im[i]);
	os_rig_image(&m->im[i], "cloud-init", NULL, files);
	note = (char *)m->im[i].p + 16 * TREE_SECTOR + 883;
	memset(note, ' ', 512);
	memcpy(note, kind, strlen(kind));
}

#define LIVE_NOTE "b7sim kind=live family=cloud-init"
#define INSTALLER_NOTE "b7sim kind=installer after=reboot family=cloud-init"

static void
a_live_system_finds_its_data_and_reports(void)
{
	static const char *const order[] = { "medium-read loader",
		"boot-progress OSBootStarted", "medium-read configuration",
		"medium-read kernel", "medium-read system", "medium-read data",
		"medium-read done", "user-data Found cloud-init: NoCloud",
		"os-up medium", "bootstrapped b7://default/h1",
		"reported succeeded 204", NULL };
	struct media m;
	struct rig g;
	int at = -1;

	open_rig(&g, &m);
	image(&m, 0, LIVE_NOTE, KUBELET("b7://default/h1"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "reported", 300000));
	for (size_t i = 0; order[i] != NULL; i++) {
		at = rig_find(&g, order[i], at + 1);
		CHECK_ROW(at >= 0, order[i]);
		if (at < 0)
			rig_dump(&g);
	}
	CHECK_TEXT(m.type, "application/json");
	CHECK_TEXT(m.body, "{\"status\":\"succeeded\",\"hostname\":\"n1\","
			   "\"message\":\"\"}");
	CHECK_TEXT(shown(&g, "state"), "Bootstrapped");
	CHECK_TEXT(shown(&g, "source"), "NoCloud /run/live/medium/b7/ in Cd");
	CHECK_TEXT(shown(&g, "providerID"), "b7://default/h1");
	CHECK_TEXT(shown(&g, "nodeName"), "n1");
	CHECK_TEXT(shown(&g, "reported"), "true");
	CHECK_TEXT(shown(&g, "fromDisk"), "false");
	/* nothing shows the token, or the data */
	CU_ASSERT_EQUAL(rig_control(&g, "GET", "/bmcs/bmc-000", NULL), 200);
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "token-1"));
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "kubeadm"));
	CU_ASSERT_EQUAL(rig_count(&g, "token-1"), 0);
	close_rig(&g, &m);
}

static void
reports_are_sent_until_they_are_taken(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	m.status = 503;
	image(&m, 0, LIVE_NOTE, KUBELET("b7://default/h1"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped", 300000));
	rig_run(&g, 40000); /* 0, 2, 6, 14, 30 s */
	CU_ASSERT_EQUAL(m.reports, 5);
	CU_ASSERT_EQUAL(rig_count(&g, "report-failed"), 5);
	CHECK_TEXT(shown(&g, "reported"), "false");
	m.status = 204;
	rig_run(&g, 100000);
	CU_ASSERT_EQUAL(m.reports, 6);
	CHECK_TEXT(shown(&g, "reported"), "true");
	/* a machine that is off says nothing more */
	m.status = 503;
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 200000);
	CU_ASSERT_EQUAL(m.reports, 6);
	close_rig(&g, &m);
}

static void
an_installed_system_has_the_data_without_the_medium(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	image(&m, 0, INSTALLER_NOTE, KUBELET("b7://default/h1"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "installed", 300000));
	CU_ASSERT_EQUAL(m.reports, 0);
	(void)rig_call(&g, "POST", EJECT, "{}");
	os_rig_free(&m.im[0]); /* nobody has it any more */
	CU_ASSERT_TRUE(rig_until(&g, "reported succeeded", 300000));
	CHECK_TEXT(shown(&g, "fromDisk"), "true");
	CHECK_TEXT(shown(&g, "providerID"), "b7://default/h1");
	/* once an instance */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceRestart\"}"),
	    204);
	rig_forget(&g);
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped b7://default/h1", 300000));
	rig_run(&g, 100000);
	CU_ASSERT_EQUAL(m.reports, 1);
	CHECK_TEXT(shown(&g, "reported"), "true");
	close_rig(&g, &m);
}

static void
the_next_tenant_has_its_own_data_alone(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	image(&m, 0, INSTALLER_NOTE, KUBELET("b7://default/old"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "reported succeeded", 400000));
	(void)rig_call(&g, "POST", EJECT, "{}");
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 10000);
	/* a live image without data, while the old system is on the disk */
	os_rig_image(&m.im[1], "cloud-init", NULL, NULL);
	memcpy(
	    m.im[1].p + 16 * TREE_SECTOR + 883, LIVE_NOTE, strlen(LIVE_NOTE));
	rig_forget(&g);
	insert_and_start(&g, "1.iso");
	CU_ASSERT_TRUE(rig_until(&g, "boot-failed Cd: user data", 300000));
	CHECK_TEXT(shown(&g, "state"), "Missing");
	CHECK_TEXT(shown(&g, "providerID"), "");
	CHECK_TEXT(rig_at(&g, "phase"), "Stuck");
	CU_ASSERT_EQUAL(rig_count(&g, "boot-progress OSRunning"), 0);
	CU_ASSERT_EQUAL(m.reports, 1);
	/* and another tenant's */
	(void)rig_call(&g, "POST", EJECT, "{}");
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 10000);
	image(&m, 0, INSTALLER_NOTE, KUBELET("b7://default/new"));
	rig_forget(&g);
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped", 400000));
	CHECK_TEXT(shown(&g, "providerID"), "b7://default/new");
	CU_ASSERT_TRUE(rig_until(&g, "reported", 400000));
	CU_ASSERT_EQUAL(m.reports, 2);
	close_rig(&g, &m);
}

static void
broken_data_is_reported_as_a_failure(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	image(&m, 0, LIVE_NOTE, KUBELET("'CI_MISSING_JINJA_VAR/provider_id'"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrap-failed", 300000));
	CU_ASSERT_TRUE(rig_until(&g, "reported failed 204", 300000));
	CU_ASSERT_PTR_NOT_NULL(strstr(m.body, "\"status\":\"failed\""));
	CHECK_TEXT(shown(&g, "state"), "Failed");
	CHECK_TEXT(shown(&g, "kubelet"), "false");
	close_rig(&g, &m);
}

static void
a_medium_that_goes_ends_the_boot(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	image(&m, 0, LIVE_NOTE, KUBELET("b7://default/h1"));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "medium-read loader", 300000));
	os_rig_free(&m.im[0]);
	CU_ASSERT_TRUE(rig_until(
	    &g, "boot-failed Cd: system: image server answered 404", 300000));
	close_rig(&g, &m);
}

static void
a_form_is_tried_as_often_as_it_says(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	m.status = 500;
	image(&m, 0, LIVE_NOTE,
	    "#cloud-config\nphone_home: {url: '" MEDIA "/r/x', tries: 3}\n");
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped no kubelet", 300000));
	rig_run(&g, 100000);
	CU_ASSERT_EQUAL(m.reports, 3);
	CHECK_TEXT(m.type, "application/x-www-form-urlencoded");
	CHECK_TEXT(m.body,
	    "pub_key_rsa=N%2FA&pub_key_ecdsa=N%2FA&pub_key_ed25519=N%2FA&"
	    "instance_id=i-1&hostname=n1&fqdn=n1");
	close_rig(&g, &m);
}

static void
images_of_no_family_are_as_before(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_call(
	    &g, "POST", INSERT, "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}");
	(void)rig_call(&g, "PATCH", RIG_SYS,
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\"}}");
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}");
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium", 300000));
	CU_ASSERT_EQUAL(rig_count(&g, "user-data"), 0);
	CHECK_TEXT(shown(&g, "state"), "None");
	/* one of a family that may come up without */
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 10000);
	(void)rig_call(&g, "POST", EJECT, "{}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT,
			    "{\"Image\":\"" RIG_ORIGIN
			    "/live.iso?family=kairos&wants=nothing\"}"),
	    204);
	(void)rig_call(&g, "PATCH", RIG_SYS,
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\"}}");
	rig_forget(&g);
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}");
	CU_ASSERT_TRUE(rig_until(&g, "os-up medium", 300000));
	CHECK_TEXT(shown(&g, "state"), "None");
	CHECK_TEXT(shown(&g, "family"), "kairos");
	rig_close(&g);
}

static void
a_live_system_keeps_what_only_an_installed_one_reports(void)
{
	struct media m;
	struct rig g;

	open_rig(&g, &m);
	image(&m, 0, LIVE_NOTE,
	    KUBELET("b7://default/h1") "    B7_INSTALLED_ONLY='1'\n");
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped", 300000));
	rig_run(&g, 100000);
	CU_ASSERT_EQUAL(m.reports, 0);
	CHECK_TEXT(shown(&g, "reportURL"), "true");
	close_rig(&g, &m);
}

#define TWO_DRIVES \
	"{media: {slots: [{id: Cd, name: CD, types: [CD]}, " \
	"{id: Cd2, name: CD, types: [CD]}]}}"
#define MICRO_NOTE "b7sim kind=installer after=reboot family=microos"

/* The installer takes no data along: what it installed looks for itself. */
static void
microos_looks_when_it_boots_from_the_disk(void)
{
	static const struct tree_file config[] = { T("/combustion/script",
						       "#!/bin/sh\n"
						       "kubeadm join\n"),
		END };
	static const char second[] =
	    RIG_SYS "/VirtualMedia/Cd2/Actions/VirtualMedia.InsertMedia";
	struct media m;
	struct rig g;

	open_with(&g, &m, TWO_DRIVES);
	os_rig_image(&m.im[0], "microos", NULL, NULL);
	memcpy(
	    m.im[0].p + 16 * TREE_SECTOR + 883, MICRO_NOTE, strlen(MICRO_NOTE));
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(rig_until(&g, "installed", 300000));
	/* the volume comes when the installer has ended */
	(void)rig_call(&g, "POST", EJECT, "{}");
	os_rig_volume(&m.im[1], "combustion", config);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", second, "{\"Image\":\"" MEDIA "/1.iso\"}"),
	    204);
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped", 300000));
	CHECK_TEXT(shown(&g, "source"), "Combustion /combustion/script in Cd2");
	CHECK_TEXT(shown(&g, "fromDisk"), "true");
	CHECK_TEXT(shown(&g, "kubelet"), "true");
	/* and never looks again */
	os_rig_free(&m.im[1]);
	rig_forget(&g);
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceRestart\"}");
	CU_ASSERT_TRUE(rig_until(&g, "bootstrapped", 300000));
	/* installed anew, its first boot finds nothing: that is over, too */
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}");
	rig_run(&g, 10000);
	rig_forget(&g);
	insert_and_start(&g, "0.iso");
	CU_ASSERT_TRUE(
	    rig_until(&g, "boot-failed Hdd: user data: no volume", 400000));
	os_rig_volume(&m.im[1], "combustion", config);
	rig_forget(&g);
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceRestart\"}");
	CU_ASSERT_TRUE(
	    rig_until(&g, "boot-failed Hdd: user data: no volume", 300000));
	CHECK_TEXT(shown(&g, "state"), "Missing");
	close_rig(&g, &m);
}

static void
unknown_families_are_no_images(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_call(&g, "POST", INSERT,
	    "{\"Image\":\"" RIG_ORIGIN "/live.iso?family=plan9\"}");
	(void)rig_call(&g, "PATCH", RIG_SYS,
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\"}}");
	(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}");
	CU_ASSERT_TRUE(rig_until(&g, "answered 404", 300000));
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_live_system_finds_its_data_and_reports),
		UNIT_CASE(reports_are_sent_until_they_are_taken),
		UNIT_CASE(an_installed_system_has_the_data_without_the_medium),
		UNIT_CASE(the_next_tenant_has_its_own_data_alone),
		UNIT_CASE(broken_data_is_reported_as_a_failure),
		UNIT_CASE(a_medium_that_goes_ends_the_boot),
		UNIT_CASE(a_form_is_tried_as_often_as_it_says),
		UNIT_CASE(images_of_no_family_are_as_before),
		UNIT_CASE(
		    a_live_system_keeps_what_only_an_installed_one_reports),
		UNIT_CASE(microos_looks_when_it_boots_from_the_disk),
		UNIT_CASE(unknown_families_are_no_images),
	};

	return UNIT_RUN("bmc guest", cases);
}
