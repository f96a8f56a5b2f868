/* Virtual machines behind BMCs: QMP, firmware's words, power, media. */
#include <stdlib.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/qemu/console.h"
#include "sim/qemu/qmp.h"
#include "tests/unit/qemu_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define EJECT RIG_CD "/Actions/VirtualMedia.EjectMedia"
#define SECRET "http://10.2.0.1:8080/live.iso?size=24000000"

/* ---- QMP ------------------------------------------------------------------ */

struct talk {
	struct qmp q;
	char out[2048], events[512], broken[128], value[128], why[128];
	unsigned answers;
	bool full;
};

static bool
talk_send(void *arg, const char *p, size_t n)
{
	struct talk *t = arg;
	size_t at = strlen(t->out);

	(void)str_format(t->out + at, sizeof(t->out) - at, "%.*s", (int)n, p);
	return !t->full;
}

static void
talk_event(void *arg, const char *name, const cJSON *data)
{
	struct talk *t = arg;

	(void)str_format(t->events, sizeof(t->events), "%s %s", name,
	    json_str(data, "reason", "-"));
}

static void
talk_broken(void *arg, const char *why)
{
	struct talk *t = arg;

	CHECK_TEXT(t->broken, "");
	(void)str_copy(t->broken, sizeof(t->broken), why);
}

static void
talk_done(void *arg, const cJSON *value, const char *why)
{
	struct talk *t = arg;

	t->answers++;
	(void)str_copy(t->value, sizeof(t->value),
	    value ? json_str(value, "status", "{}") : "none");
	(void)str_copy(t->why, sizeof(t->why), why ? why : "");
}

static void
talk_open(struct talk *t)
{
	const struct qmp_host h = { .send = talk_send,
		.event = talk_event,
		.broken = talk_broken,
		.arg = t };

	memset(t, 0, sizeof(*t));
	qmp_init(&t->q, &h);
}

static void
say(struct talk *t, const char *s)
{
	qmp_input(&t->q, s, strlen(s));
}

static void
commands_wait_for_the_greeting_and_go_one_by_one(void)
{
	struct talk t;
	static const char greeting[] = "{\"QMP\": {}}\r\n";

	talk_open(&t);
	qmp_ask(&t.q, "query-status", NULL, talk_done, &t);
	qmp_ask(&t.q, "cont", NULL, talk_done, &t);
	CHECK_TEXT(t.out, "");
	for (const char *p = greeting; *p; p++)
		qmp_input(&t.q, p, 1);
	CHECK_TEXT(t.out, "{\"execute\":\"qmp_capabilities\",\"id\":3}\n");
	qmp_ask(&t.q, "stop", NULL, NULL, NULL);
	CHECK_TEXT(t.out, "{\"execute\":\"qmp_capabilities\",\"id\":3}\n");
	say(&t, "{\"return\": {}, \"id\": 3}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(t.out, "query-status"));
	CU_ASSERT_PTR_NULL(strstr(t.out, "cont"));
	say(&t, "{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"up\"}, "
		"\"id\": 1}\n");
	CHECK_TEXT(t.events, "STOP -");
	CHECK_TEXT(t.value, "up");
	CU_ASSERT_PTR_NOT_NULL(strstr(t.out, "cont"));
	say(&t, "{\"error\": {\"desc\": \"no such thing\"}, \"id\": 2}\n");
	CHECK_TEXT(t.why, "no such thing");
	CHECK_TEXT(t.value, "none");
	CU_ASSERT_EQUAL(t.answers, 2);
	CHECK_TEXT(t.broken, "");
	qmp_fini(&t.q);
}

static void
what_is_no_qmp_ends_the_conversation(void)
{
	static const char twice[] =
	    "{\"QMP\": {}}\n{\"id\": 1, \"return\": {}}\n"
	    "{\"return\": 1, \"id\": 1}\n";
	static const char *const bad[] = {
		"hello\n",
		"[]\n",
		"{}\n",
		"{\"return\": {}, \"id\": 1}\n",
		"{\"QMP\": {}}\n{\"QMP\": {}}\n",
		"{\"QMP\": {}}\n{\"return\": {}, \"id\": 7}\n",
		"{\"QMP\": {}}\n{\"return\": {}}\n",
		twice,
	};
	struct talk t;
	char *long_one = xmalloc(QMP_MESSAGE + 2);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		talk_open(&t);
		say(&t, bad[i]);
		CHECK_ROW(t.broken[0] != '\0', bad[i]);
		say(&t, "{\"event\": \"STOP\"}\n");
		CHECK_ROW(t.events[0] == '\0', bad[i]);
		qmp_fini(&t.q);
	}
	memset(long_one, ' ', QMP_MESSAGE + 1);
	talk_open(&t);
	qmp_input(&t.q, long_one, QMP_MESSAGE + 1);
	CHECK_TEXT(t.broken, "a message that is too long");
	qmp_fini(&t.q);
	xfree(long_one);
	talk_open(&t);
	t.full = true;
	say(&t, "{\"QMP\": {}}\n");
	CHECK_TEXT(t.broken, "cannot write to QMP");
	qmp_fini(&t.q);
	talk_open(&t);
	for (int i = 0; i <= QMP_WAITING; i++)
		qmp_ask(&t.q, "stop", cJSON_CreateObject(), NULL, NULL);
	CHECK_TEXT(t.broken, "too many commands wait");
	qmp_fini(&t.q);
}

/* ---- firmware ------------------------------------------------------------- */

static void
check_console(const char *text, const char *want)
{
	struct board_start s = { .order = { 2, 0, BOARD_DISK }, .n = 3 };
	struct console c;
	char got[256] = "";
	size_t n = strlen(text);

	console_start(&c, &s);
	while (n > 0) {
		struct console_said x = console_read(&c, &text, &n);
		size_t at = strlen(got);

		if (x.kind != CONSOLE_NOTHING)
			(void)str_format(got + at, sizeof(got) - at, "%c%d ",
			    "-bfn"[x.kind], x.what);
	}
	CHECK_TEXT(got, want);
}

static void
firmware_says_what_it_boots(void)
{
	check_console("\033c\033[?7l\033[2J\033[0mSeaBIOS (version 1)\r\n"
		      "Booting from DVD/CD...\r\n"
		      "Boot failed: Could not read from CDROM (code 3)\r\n"
		      "Booting from DVD/CD...\r\nBoot failed: x\r\n"
		      "Booting from Hard Disk...\r\n",
	    "b2 f2 b0 f0 b-1 ");
	check_console("Booting from Hard Disk...\r\n"
		      "Boot failed: not a bootable disk\r\n\n"
		      "No bootable device.\r\n",
	    "b-1 f-1 n0 ");
	check_console(
	    "\033[2JBdsDxe: loading Boot0001 \"UEFI QEMU DVD-ROM\" from "
	    "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x3,0xFFFF,0x0)\r\n"
	    "BdsDxe: failed to start Boot0001 \"UEFI QEMU DVD-ROM\" from "
	    "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x3,0xFFFF,0x0): Not Found\r\n"
	    "BdsDxe: starting Boot0002 \"UEFI QEMU HARDDISK\" from "
	    "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x0,0xFFFF,0x0)\r\n",
	    "f2 b-1 ");
	check_console("BdsDxe: loading Boot0002 \"EFI Internal Shell\" from "
		      "Fv(7)\r\nBdsDxe: starting Boot0002 \"EFI Internal "
		      "Shell\" from Fv(7)\r\n",
	    "n0 ");
	check_console(
	    "BdsDxe: No bootable option or device was found.\r\n", "n0 ");
}

static void
a_guest_cannot_forge_for_long(void)
{
	struct board_start s = { .order = { BOARD_DISK }, .n = 1 };
	struct console c;
	char *noise = xmalloc(CONSOLE_WATCHED);
	const char *p = noise;
	size_t n = CONSOLE_WATCHED;

	memset(noise, 'x', n);
	console_start(&c, &s);
	CU_ASSERT_EQUAL(console_read(&c, &p, &n).kind, CONSOLE_NOTHING);
	p = "\nNo bootable device.\n";
	n = strlen(p);
	CU_ASSERT_EQUAL(console_read(&c, &p, &n).kind, CONSOLE_NOTHING);
	CU_ASSERT_EQUAL(n, 0);
	xfree(noise);
}

/* ---- a machine ------------------------------------------------------------ */

static int
reset(struct qemu_rig *r, const char *type)
{
	char body[64];

	(void)str_format(body, sizeof(body), "{\"ResetType\":\"%s\"}", type);
	return rig_call(&r->g, "POST", RESET, body);
}

static void
arm(struct qemu_rig *r, const char *mode)
{
	char body[200];

	(void)str_format(body, sizeof(body),
	    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideTarget\":\"Cd\","
	    "\"BootSourceOverrideMode\":\"%s\"}}",
	    mode);
	CU_ASSERT_EQUAL(rig_call(&r->g, "PATCH", RIG_SYS, body), 200);
}

static void
insert(struct qemu_rig *r)
{
	CU_ASSERT_EQUAL(
	    rig_call(&r->g, "POST", INSERT, "{\"Image\":\"" SECRET "\"}"), 204);
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
a_once_boot_is_the_order_of_one_start(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	insert(&r);
	arm(&r, "UEFI");
	CU_ASSERT_EQUAL(reset(&r, "On"), 204);
	rig_run(&r.g, 3000);
	CU_ASSERT_EQUAL(r.spawned, 1);
	CU_ASSERT(has(r.argv, "id=cd0,bootindex=0 "));
	CU_ASSERT(has(r.argv, "drive=disk,bootindex=1 "));
	CU_ASSERT(has(r.argv, "if=pflash,unit=0"));
	CU_ASSERT(has(r.argv, "file=/state,,1/bmc-000/disk.raw "));
	CHECK_TEXT(r.vars_from, "/vars.fd");
	/* the medium is no argument, which everybody can read */
	CU_ASSERT_FALSE(has(r.argv, "live.iso"));
	CHECK_TEXT(r.commands, "qmp_capabilities blockdev-change-medium cont ");
	(void)rig_get(&r.g, RIG_SYS);
	CU_ASSERT(has(r.argv, rig_at(&r.g, "UUID")));
	CU_ASSERT(has(r.argv, rig_at(&r.g, "SerialNumber")));
	qemu_rig_console(&r,
	    "BdsDxe: starting Boot0001 from PciRoot(0x0)/Sata(0x1,0x0)\r\n");
	CU_ASSERT_EQUAL(rig_count(&r.g, "boot-started Cd"), 1);
	CHECK_TEXT(rig_snap(&r.g).boot_progress, "OSBootStarted");
	CU_ASSERT(has(r.kept, "BdsDxe: starting Boot0001"));
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	/* the OS restarts itself: another start, without the override */
	qemu_rig_event(&r, "guest-reset");
	rig_run(&r.g, 1000);
	CU_ASSERT_EQUAL(r.spawned, 2);
	CU_ASSERT_EQUAL(r.killed, 0);
	CU_ASSERT(has(r.argv, "drive=disk,bootindex=0 "));
	CU_ASSERT(has(r.argv, "id=cd0,bootindex=1 "));
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	CU_ASSERT_EQUAL(rig_snap(&r.g).boots, 2);
	qemu_rig_close(&r);
	CU_ASSERT_PTR_NULL(r.child);
}

static void
the_guest_switches_off(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	arm(&r, "Legacy");
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	CU_ASSERT_FALSE(has(r.argv, "pflash"));
	CU_ASSERT_PTR_NULL(r.vars_from);
	CU_ASSERT_EQUAL(reset(&r, "GracefulShutdown"), 204);
	rig_run(&r.g, 1000);
	CU_ASSERT(has(r.commands, "system_powerdown "));
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	qemu_rig_event(&r, "guest-shutdown");
	rig_run(&r.g, 5000);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	CU_ASSERT_PTR_NULL(r.child);
	CU_ASSERT_EQUAL(r.spawned, 1);
	/* and back by itself, when a restart was asked */
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	(void)reset(&r, "GracefulRestart");
	rig_run(&r.g, 100);
	qemu_rig_event(&r, "guest-shutdown");
	rig_run(&r.g, 8000);
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	CU_ASSERT_EQUAL(r.spawned, 3);
	qemu_rig_close(&r);
}

static void
what_does_not_quit_is_killed(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	r.deaf = true;
	CU_ASSERT_EQUAL(reset(&r, "ForceOff"), 204);
	rig_run(&r.g, 4000);
	/* the power is not off while there is a process */
	CHECK_TEXT(rig_snap(&r.g).power, "PoweringOff");
	rig_run(&r.g, 2000);
	CU_ASSERT_EQUAL(r.killed, 1);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	/* nor is a restart done before the old one is gone */
	r.deaf = false;
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	r.deaf = true;
	(void)reset(&r, "ForceRestart");
	rig_run(&r.g, 4000);
	CU_ASSERT_EQUAL(r.spawned, 2);
	r.deaf = false;
	rig_run(&r.g, 2000);
	CU_ASSERT_EQUAL(r.spawned, 3);
	/* On, then Off before it is gone: it stays off */
	(void)reset(&r, "ForceRestart");
	(void)reset(&r, "ForceOff");
	rig_run(&r.g, 9000);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	CU_ASSERT_EQUAL(r.spawned, 3);
	qemu_rig_close(&r);
}

static void
media_change_while_it_runs(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	insert(&r);
	rig_run(&r.g, 1000);
	CU_ASSERT(has(r.last, "\"execute\":\"blockdev-change-medium\""));
	CU_ASSERT(has(r.last, "\\\"driver\\\":\\\"http\\\""));
	CU_ASSERT(has(r.last, "live.iso?size=24000000"));
	CU_ASSERT_EQUAL(rig_call(&r.g, "POST", EJECT, "{}"), 204);
	rig_run(&r.g, 1000);
	CU_ASSERT(has(r.last, "\"execute\":\"eject\""));
	CU_ASSERT(has(r.last, "\"id\":\"cd0\",\"force\":true"));
	/* what cannot be opened is told, and the machine goes on */
	r.refuse = "blockdev-change-medium";
	insert(&r);
	CU_ASSERT(rig_until(&r.g, "media-failed it is refused", 1000));
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	qemu_rig_close(&r);
}

static void
kvm_that_does_not_work_is_left(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_AUTO);
	r.no_kvm = true;
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	CU_ASSERT_EQUAL(r.spawned, 2);
	CU_ASSERT(has(r.argv, "-accel tcg"));
	CHECK_TEXT(rig_snap(&r.g).power, "On");
	(void)reset(&r, "ForceRestart");
	rig_run(&r.g, 1000);
	CU_ASSERT_EQUAL(r.spawned, 3);
	qemu_rig_close(&r);
	qemu_rig_open(&r, QEMU_ACCEL_KVM);
	r.no_kvm = true;
	(void)reset(&r, "On");
	CU_ASSERT(rig_until(&r.g, "boot-failed QEMU: signal 6: abort", 5000));
	rig_run(&r.g, 5000);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	CU_ASSERT_EQUAL(r.spawned, 1);
	qemu_rig_close(&r);
}

static void
a_process_that_dies_is_a_machine_that_goes_off(void)
{
	struct qemu_rig r;

	qemu_rig_open(&r, QEMU_ACCEL_AUTO);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	qemu_rig_console(&r, "SeaBIOS\r\n");
	qemu_rig_dies(&r);
	rig_run(&r.g, 5000);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	CU_ASSERT_EQUAL(r.spawned, 1);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	qemu_rig_console(&r, "SeaBIOS\r\n");
	qemu_rig_qmp(&r, "Segmentation fault\n");
	rig_run(&r.g, 5000);
	CU_ASSERT_EQUAL(r.killed, 1);
	r.cannot = true;
	rig_forget(&r.g);
	(void)reset(&r, "On");
	CU_ASSERT(rig_until(&r.g, "boot-failed no process: none left", 5000));
	rig_run(&r.g, 5000);
	CHECK_TEXT(rig_snap(&r.g).power, "Off");
	qemu_rig_close(&r);
}

static void
a_swapped_board_is_another_machine(void)
{
	struct qemu_rig r;
	char first[64];

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	(void)str_copy(first, sizeof(first), rig_snap(&r.g).uuid);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	CU_ASSERT(has(r.argv, first));
	CU_ASSERT_EQUAL(
	    rig_control(&r.g, "POST", "/bmcs/bmc-000/wipe-disk", "{}"), 200);
	CU_ASSERT_EQUAL(r.wiped, 1);
	CU_ASSERT_EQUAL(
	    rig_control(&r.g, "POST", "/bmcs/bmc-000/swap-board", "{}"), 200);
	CU_ASSERT_PTR_NULL(r.child);
	CU_ASSERT_EQUAL(r.wiped, 2);
	(void)reset(&r, "On");
	rig_run(&r.g, 3000);
	CU_ASSERT_FALSE(has(r.argv, first));
	CU_ASSERT(has(r.argv, rig_snap(&r.g).uuid));
	qemu_rig_close(&r);
}

static void
boards_that_cannot_be_are_refused(void)
{
	static const struct bmc_override arm64 = { .bmc = "bmc-000",
		.arch = "aarch64" };
	struct qemu_rig r;
	struct bmc_fleet_opts o = { .addr = "10.1.0.9",
		.port = 443,
		.profiles_dir = "sim/bmc/profiles",
		.overrides = &arm64,
		.n_overrides = 1 };
	struct err e = { 0 };

	qemu_rig_open(&r, QEMU_ACCEL_TCG);
	o.board = qemu_maker(r.q);
	CU_ASSERT_PTR_NULL(bmc_fleet_new(&r.g.bmc_env, &o, &e));
	CHECK_TEXT(
	    e.msg, "bmc-000 is aarch64: --backend qemu has x86_64 alone");
	o.n_overrides = 0;
	o.name_prefix = "../x";
	CU_ASSERT_PTR_NULL(bmc_fleet_new(&r.g.bmc_env, &o, &e));
	qemu_rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(commands_wait_for_the_greeting_and_go_one_by_one),
		UNIT_CASE(what_is_no_qmp_ends_the_conversation),
		UNIT_CASE(firmware_says_what_it_boots),
		UNIT_CASE(a_guest_cannot_forge_for_long),
		UNIT_CASE(a_once_boot_is_the_order_of_one_start),
		UNIT_CASE(the_guest_switches_off),
		UNIT_CASE(what_does_not_quit_is_killed),
		UNIT_CASE(media_change_while_it_runs),
		UNIT_CASE(kvm_that_does_not_work_is_left),
		UNIT_CASE(a_process_that_dies_is_a_machine_that_goes_off),
		UNIT_CASE(a_swapped_board_is_another_machine),
		UNIT_CASE(boards_that_cannot_be_are_refused),
	};

	return UNIT_RUN("qemu", cases);
}
