/* See vm.h. */
#include "sim/qemu/vm.h"

#include <string.h>

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/qemu/argv.h"
#include "sim/qemu/drive.h"

/* Until the guest runs: media are opened, and software emulation is slow. */
#define START_US (120 * LOOP_S)
#define QUIT_US (5 * LOOP_S)

static void vm_launch(struct board *d, const struct board_start *s);

static struct log *
vm_log(const struct board *d)
{
	return d->q->env->log;
}

/* ---- the end of a process ------------------------------------------------- */

static void
vm_kill(void *arg)
{
	struct board *d = arg;

	if (d->child)
		d->q->seam->kill(d->child);
}

/* KVM may open and yet not run a thing: then it is tried no more. */
static bool
vm_blames_kvm(struct board *d)
{
	if (d->state != VM_STARTING && (d->state != VM_RUNNING || d->heard))
		return false;
	if (!d->kvm || d->q->o.accel != QEMU_ACCEL_AUTO)
		return false;
	d->q->kvm_fails = true;
	LOGW(vm_log(d), "KVM does not work here, going on without",
	    F_STR("bmc", d->f.name), F_STR("how", d->how));
	return true;
}

static void
vm_ended(void *arg)
{
	struct board *d = arg;
	enum vm_state was = d->state;
	bool retry = vm_blames_kvm(d), again = d->again;

	timer_stop(&d->timer);
	d->q->seam->free(d->child);
	d->child = NULL;
	qmp_fini(&d->qmp);
	d->state = VM_OFF;
	d->again = false;
	if (retry) {
		vm_launch(d, &d->start);
	} else if (was == VM_ENDING && again) {
		vm_launch(d, &d->next);
	} else if (was == VM_ENDING) {
		d->host.halted(d->host.arg);
	} else {
		LOGW(vm_log(d), "QEMU ended", F_STR("bmc", d->f.name),
		    F_STR("how", d->how));
		d->host.off(d->host.arg, d->how);
	}
}

static void
vm_child_ended(void *arg, const char *how)
{
	struct board *d = arg;

	(void)str_format(d->how, sizeof(d->how), "QEMU: %s", how);
	loop_defer(d->q->env->loop, &d->end, vm_ended, d);
}

static void
vm_halt(struct board *d)
{
	d->again = false;
	if (d->state == VM_OFF || d->state == VM_ENDING)
		return;
	d->state = VM_ENDING;
	qmp_ask(&d->qmp, "quit", NULL, NULL, NULL);
	timer_start(d->q->env->loop, &d->timer, QUIT_US, vm_kill, d);
}

static bool
vm_is_halted(const struct board *d)
{
	return d->state == VM_OFF;
}

/* ---- what the guest does -------------------------------------------------- */

static void
vm_console(void *arg, const char *p, size_t n)
{
	struct board *d = arg;

	d->q->seam->keep(d->q->seam->self, &d->paths, p, n);
	d->heard = true;
	while (n > 0 && d->state == VM_RUNNING) {
		struct console_said s = console_read(&d->console, &p, &n);

		if (s.kind == CONSOLE_BOOTING)
			d->host.booting(d->host.arg, s.what);
		else if (s.kind == CONSOLE_FAILED)
			d->host.failed(
			    d->host.arg, s.what, "firmware could not boot it");
		else if (s.kind == CONSOLE_NO_DEVICE)
			d->host.nothing(d->host.arg, "no boot device");
	}
}

static void
vm_event(void *arg, const char *name, const cJSON *data)
{
	struct board *d = arg;
	const char *reason = json_str(data, "reason", "");

	if (d->state != VM_RUNNING || !str_eq(name, "SHUTDOWN"))
		return;
	LOGI(vm_log(d), "the guest stopped", F_STR("bmc", d->f.name),
	    F_STR("reason", reason));
	if (str_eq(reason, "guest-reset"))
		d->host.restarted(d->host.arg, "restarted by the OS");
	else if (str_has_prefix(reason, "guest-"))
		d->host.off(d->host.arg, NULL);
}

static bool
vm_send(void *arg, const char *p, size_t n)
{
	struct board *d = arg;

	return d->q->seam->send(d->child, p, n);
}

static void
vm_broken(void *arg, const char *why)
{
	struct board *d = arg;

	LOGW(vm_log(d), "QMP is broken", F_STR("bmc", d->f.name),
	    F_STR("why", why));
	vm_kill(d);
}

static void
vm_qmp(void *arg, const char *p, size_t n)
{
	struct board *d = arg;

	qmp_input(&d->qmp, p, n);
}

/* ---- the start ------------------------------------------------------------ */

static void
vm_runs(void *arg, const cJSON *value, const char *why)
{
	struct board *d = arg;

	(void)value;
	if (d->state != VM_STARTING)
		return;
	if (why) {
		LOGW(vm_log(d), "QEMU does not start the guest",
		    F_STR("bmc", d->f.name), F_STR("why", why));
		vm_kill(d);
		return;
	}
	timer_stop(&d->timer);
	d->state = VM_RUNNING;
	LOGI(vm_log(d), "the guest runs", F_STR("bmc", d->f.name),
	    F_STR("accel", d->kvm ? "kvm" : "tcg"));
}

static bool
vm_is_uefi(const struct board *d)
{
	switch (d->q->o.firmware) {
	case QEMU_FIRMWARE_UEFI:
		return true;
	case QEMU_FIRMWARE_BIOS:
		return false;
	case QEMU_FIRMWARE_AUTO:
		break;
	}
	return d->start.uefi;
}

static bool
vm_spawn(struct board *d, struct err *e)
{
	const struct qemu_seam *seam = d->q->seam;
	struct argv_in in = { .o = &d->q->o,
		.f = &d->f,
		.start = &d->start,
		.paths = &d->paths,
		.kvm = d->kvm,
		.uefi = vm_is_uefi(d) };
	struct child_host h = { .qmp = vm_qmp,
		.console = vm_console,
		.ended = vm_child_ended,
		.arg = d };
	char **argv;

	if (!seam->prepare(seam->self, &d->paths, d->q->o.disk_bytes,
		in.uefi ? d->q->o.uefi_vars : NULL, e))
		return false;
	argv = argv_make(&in);
	d->child = seam->spawn(seam->self, argv, d->paths.log, &h, e);
	argv_free(argv);
	return d->child != NULL;
}

static void
vm_not_started(void *arg)
{
	struct board *d = arg;

	d->state = VM_OFF;
	if (d->again) {
		d->again = false;
		vm_launch(d, &d->next);
		return;
	}
	d->host.off(d->host.arg, d->how);
}

static void
vm_launch(struct board *d, const struct board_start *s)
{
	const struct qmp_host h = { .send = vm_send,
		.event = vm_event,
		.broken = vm_broken,
		.arg = d };
	struct err e = { 0 };

	d->start = *s;
	d->heard = false;
	d->kvm = d->q->o.accel == QEMU_ACCEL_KVM ||
		 (d->q->o.accel == QEMU_ACCEL_AUTO && !d->q->kvm_fails);
	d->state = VM_STARTING;
	console_start(&d->console, &d->start);
	if (!vm_spawn(d, &e)) {
		/* the BMC is not told from inside of its call */
		LOGW(vm_log(d), "no virtual machine", F_STR("bmc", d->f.name),
		    F_ERR(&e));
		(void)str_copy(d->how, sizeof(d->how), e.msg);
		d->state = VM_ENDING;
		loop_defer(d->q->env->loop, &d->end, vm_not_started, d);
		return;
	}
	qmp_init(&d->qmp, &h);
	for (unsigned i = 0; i < d->f.n_drives; i++) {
		d->drives[i].loaded = false;
		if (d->drives[i].url)
			drive_change(d, i);
	}
	qmp_ask(&d->qmp, "cont", NULL, vm_runs, d);
	timer_start(d->q->env->loop, &d->timer, START_US, vm_kill, d);
}

static void
vm_start(struct board *d, const struct board_start *s)
{
	if (d->state == VM_OFF) {
		vm_launch(d, s);
		return;
	}
	vm_halt(d); /* as of now */
	d->next = *s;
	d->again = true;
}

static void
vm_button(struct board *d)
{
	if (d->state == VM_RUNNING)
		qmp_ask(&d->qmp, "system_powerdown", NULL, NULL, NULL);
}

/* URLs hold tokens. */
static void
url_set(struct vm_drive *v, const char *url)
{
	if (v->url)
		secret_wipe(v->url, strlen(v->url));
	xreplace(&v->url, url);
}

static void
vm_medium(struct board *d, unsigned drive, const struct board_medium *m)
{
	struct vm_drive *v;

	if (drive >= d->f.n_drives || d->f.drives[drive] == BOARD_DRIVE_NONE)
		return;
	v = &d->drives[drive];
	url_set(v, m->url);
	v->verify = m->verify;
	if (d->state == VM_STARTING || d->state == VM_RUNNING)
		drive_change(d, drive);
}

static void
vm_wipe(struct board *d)
{
	d->q->seam->wipe(d->q->seam->self, &d->paths);
}

/* ---- life ----------------------------------------------------------------- */

static void
vm_free(struct board *d)
{
	timer_stop(&d->timer);
	deferred_cancel(&d->end);
	if (d->child) {
		d->q->seam->free(d->child);
		qmp_fini(&d->qmp);
	}
	for (unsigned i = 0; i < BOARD_DRIVES; i++)
		url_set(&d->drives[i], NULL);
	for (size_t i = 0; i < d->n_owned; i++)
		xfree(d->owned[i]);
	xfree(d);
}

/* Freed at its end. */
static char *
own(struct board *d, char *s)
{
	d->owned[d->n_owned++] = s;
	return s;
}

/* A name becomes a folder. */
static bool
name_fits(const char *s)
{
	if (s[0] == '\0' || s[0] == '.')
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static struct board *
vm_make(void *self, const struct board_facts *f, const struct board_host *h,
    struct err *e)
{
	struct qemu *q = self;
	struct board *d;

	if (!name_fits(f->name)) {
		(void)err_set(e, ERR_SPEC, 0,
		    "%s: no name for a folder of --qemu-dir", f->name);
		return NULL;
	}
	if (!str_eq(f->arch, "x86_64")) {
		(void)err_set(e, ERR_SPEC, 0,
		    "%s is %s: --backend qemu has x86_64 alone", f->name,
		    f->arch);
		return NULL;
	}
	d = xcalloc(1, sizeof(*d));
	d->q = q;
	d->host = *h;
	d->f = *f;
	d->f.name = own(d, xstrdup(f->name));
	d->f.uuid = own(d, xstrdup(f->uuid));
	d->f.serial = own(d, xstrdup(f->serial));
	d->f.maker = own(d, xstrdup(f->maker));
	d->f.model = own(d, xstrdup(f->model));
	d->f.arch = NULL;
	for (unsigned i = 0; i < BOARD_DRIVES; i++) {
		d->drives[i].owner = d;
		d->drives[i].index = i;
	}
	d->paths.dir = own(d, xasprintf("%s/%s", q->o.dir, f->name));
	d->paths.disk = own(d, xasprintf("%s/disk.raw", d->paths.dir));
	d->paths.vars = own(d, xasprintf("%s/uefi-vars.fd", d->paths.dir));
	d->paths.console = own(d, xasprintf("%s/console.log", d->paths.dir));
	d->paths.log = own(d, xasprintf("%s/qemu.log", d->paths.dir));
	return d;
}

const struct board_ops vm_ops = { .make = vm_make,
	.start = vm_start,
	.halt = vm_halt,
	.is_halted = vm_is_halted,
	.button = vm_button,
	.medium = vm_medium,
	.wipe = vm_wipe,
	.free = vm_free };
