/* Boot devices, media, installers, operating systems. See machine.h. */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/guest.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/machine_ops.h"
#include "sim/bmc/media.h"
#include "sim/bmc/media_trust.h"
#include "sim/bmc/medium.h"

/* One range of a medium must come within this, or firmware gives up. */
#define RANGE_MS 60000
#define RANGE_MIN_US (2 * LOOP_S)

static const char *const device_names[] = { "None", "Pxe", "Hdd", "Cd", "Usb",
	"BiosSetup" };

static void try_next(struct bmc *b);

const char *
machine_device_name(enum device d)
{
	return device_names[d];
}

/* ---- choice ------------------------------------------------------------- */

static enum device
device_of_option(unsigned n)
{
	/* Boot0001, Boot0002, Boot0003 of the BootOptions view */
	return n == 1 ? DEV_PXE : n == 2 ? DEV_HDD : n == 3 ? DEV_CD : DEV_NONE;
}

unsigned
machine_boot_option(const char *ref)
{
	return str_has_prefix(ref, "Boot000") && ref[7] >= '1' &&
		       ref[7] <= '3' && ref[8] == '\0'
		   ? (unsigned)(ref[7] - '0')
		   : 0;
}

static enum device
device_of_path(const char *path)
{
	if (strstr(path, "HD("))
		return DEV_HDD;
	if (strstr(path, "USB(") || strstr(path, "CDROM("))
		return DEV_CD;
	return strstr(path, "MAC(") ? DEV_PXE : DEV_NONE;
}

static enum device
device_of_override(const struct bmc *b, const struct boot_override *o)
{
	if (str_eq(o->target, b->profile->boot_cd))
		return DEV_CD;
	if (str_eq(o->target, "UefiTarget"))
		return device_of_path(o->uefi_target);
	if (str_eq(o->target, "UefiBootNext"))
		return device_of_option(machine_boot_option(o->boot_next));
	if (str_eq(o->target, "Usb"))
		return DEV_USB;
	if (str_eq(o->target, "Hdd") || str_eq(o->target, "SDCard"))
		return DEV_HDD;
	if (str_eq(o->target, "Pxe") || str_eq(o->target, "UefiHttp"))
		return DEV_PXE;
	if (str_eq(o->target, "BiosSetup") || str_eq(o->target, "Utilities"))
		return DEV_SETUP;
	return DEV_NONE; /* also "Cd" where the virtual CD is UsbCd */
}

static void
add_device(struct bmc *b, enum device d)
{
	if (b->m.n_devices < MACHINE_DEVICES)
		b->m.devices[b->m.n_devices++] = (uint8_t)d;
}

static void
use_up(struct bmc *b)
{
	struct boot_override *o = &b->st.boot;

	if (!str_eq(o->enabled, "Once") ||
	    b->profile->boot_consume == CONSUME_NEVER ||
	    fault_on_machine(b, FAULT_ONCE_NOT_CONSUMED))
		return;
	journal_notef(b, BMC_EV_BOOT_CONSUMED, "%s %s %s", o->enabled,
	    o->target, o->mode);
	(void)str_copy(o->enabled, sizeof(o->enabled), "Disabled");
	(void)str_copy(o->target, sizeof(o->target), "None");
	o->uefi_target[0] = o->boot_next[0] = o->http_uri[0] = '\0';
	bmc_changed(b);
}

void
machine_choose(struct bmc *b)
{
	const struct boot_override *o = &b->st.boot;
	bool armed = !str_eq(o->enabled, "Disabled") &&
		     !str_eq(o->target, "None") &&
		     !fault_on_machine(b, FAULT_OVERRIDE_IGNORED);

	b->m.n_devices = 0;
	b->m.device = 0;
	b->m.uefi = !str_eq(o->mode, "Legacy");
	if (armed)
		add_device(b, device_of_override(b, o));
	for (unsigned i = 0; i < b->st.n_boot_order; i++)
		if (!(b->st.boot_off & 1u << b->st.boot_order[i]))
			add_device(b, device_of_option(b->st.boot_order[i]));
	use_up(b);
}

void
machine_boot(struct bmc *b)
{
	if (b->m.n_devices == 0)
		machine_choose(b);
	try_next(b);
}

static void
device_failed(struct bmc *b, enum device d, const char *why)
{
	journal_notef(b, BMC_EV_BOOT_FAILED, "%s: %s", device_names[d], why);
	try_next(b);
}

static void
stuck(struct bmc *b, const char *why)
{
	timer_stop(&b->m.timer);
	b->m.phase = M_STUCK;
	journal_note(b, BMC_EV_BOOT_FAILED, why);
}

/* ---- an OS -------------------------------------------------------------- */

static void
os_up(void *arg)
{
	struct bmc *b = arg;

	b->m.phase = M_OS;
	machine_set_progress(b, PROGRESS_OS_RUNNING);
	journal_notef(b, BMC_EV_OS_UP, "%s %s",
	    b->m.from_disk ? "disk" : "medium", b->m.running);
	guest_up(b);
}

static void
installed(void *arg)
{
	struct bmc *b = arg;

	xreplace(&b->m.disk_image, b->m.running);
	guest_installed(b, b->m.family);
	journal_note(b, BMC_EV_INSTALLED, b->m.disk_image);
	if (b->m.reboots)
		machine_restart_now(b, "restarted by the installer");
	else
		machine_go_off(b, false);
}

static void
install(void *arg)
{
	struct bmc *b = arg;

	b->m.phase = M_INSTALLING;
	if (b->m.says_running)
		machine_set_progress(b, PROGRESS_OS_RUNNING);
	journal_note(b, BMC_EV_INSTALL_STARTED, b->m.running);
	timer_start(bmc_loop(b), &b->m.timer,
	    bmc_us(b, b->fleet->timing.install_ms), installed, b);
}

static void
load(struct bmc *b, loop_fn *next)
{
	b->m.phase = M_LOADING;
	timer_start(bmc_loop(b), &b->m.timer,
	    bmc_us(b, b->fleet->timing.os_boot_ms), next, b);
}

static void
hand_over(struct bmc *b, enum device d)
{
	machine_set_progress(b, PROGRESS_OS_STARTED);
	journal_note(b, BMC_EV_BOOT_STARTED, device_names[d]);
}

static void
boot_disk(struct bmc *b)
{
	if (str_empty(b->m.disk_image)) {
		device_failed(b, DEV_HDD, "nothing bootable on the disk");
		return;
	}
	b->m.from_disk = true;
	xreplace(&b->m.running, b->m.disk_image);
	hand_over(b, DEV_HDD);
	b->m.phase = M_LOADING;
	if (!guest_disk(b))
		load(b, os_up);
}

/* ---- a medium ----------------------------------------------------------- */

static enum device
current(const struct bmc *b)
{
	return (enum device)b->m.devices[b->m.device - 1];
}

static void
medium_progress(void *arg, const char *phase, int64_t bytes)
{
	struct bmc *b = arg;
	struct bmc_event ev = { .kind = BMC_EV_MEDIUM_READ,
		.text = phase,
		.bytes = bytes,
		.slot = b->profile->slots[b->m.medium_slot].id };

	journal_add(b->fleet->journal, b, &ev);
	if (str_eq(phase, "loader")) {
		b->m.handed_over = true;
		b->m.medium_boots++;
		hand_over(b, current(b));
	}
}

static void
name_image(struct bmc *b, const struct iso_facts *f)
{
	const char *url = b->st.slots[b->m.medium_slot].image, *slash;
	char *name;

	if (f->id[0]) {
		xreplace(&b->m.running, f->id);
		return;
	}
	name = xstrndup(url, strcspn(url, "?#"));
	slash = strrchr(name, '/');
	xreplace(&b->m.running, slash ? slash + 1 : name);
	xfree(name);
}

static void
medium_failed(struct bmc *b, const char *what, const char *why)
{
	/* the boot loader has control: there is no way back */
	char text[256];

	(void)str_format(text, sizeof(text), "%s: %s%s",
	    device_names[current(b)], what, why);
	stuck(b, text);
}

void
machine_guest_read(struct bmc *b, const char *why)
{
	if (why)
		medium_failed(b, "", why);
	else
		load(b, b->m.installer && !b->m.from_disk ? install : os_up);
}

static void
medium_done(void *arg, const struct iso_facts *f, const char *why)
{
	struct bmc *b = arg;

	b->m.medium = NULL;
	if (why && !b->m.handed_over) {
		device_failed(b, current(b), why);
		return;
	}
	if (why) {
		medium_failed(b, "loader: ", why);
		return;
	}
	b->m.from_disk = false;
	b->m.installer = f->installer;
	b->m.reboots = f->reboots;
	b->m.says_running = f->says_running;
	b->m.family = f->family[0] != '\0';
	name_image(b, f);
	if (b->m.family)
		guest_read(b, b->m.medium_slot, f);
	else
		load(b, f->installer ? install : os_up);
}

static int
slot_with(const struct bmc *b, const char *type, const char *other)
{
	for (size_t i = 0; i < b->profile->n_slots; i++) {
		const struct strlist *t = &b->profile->slots[i].types;

		if (b->st.slots[i].inserted &&
		    (strlist_has(t, type) || strlist_has(t, other)))
			return (int)i;
	}
	return -1;
}

static void
boot_medium(struct bmc *b, enum device d)
{
	int slot = d == DEV_CD ? slot_with(b, "CD", "DVD")
			       : slot_with(b, "USBStick", "USBStick");
	int64_t timeout = bmc_us(b, RANGE_MS);
	struct medium_opts o = { .env = b->fleet->env,
		.depth = MEDIUM_BOOT,
		.uefi = b->m.uefi,
		.chunk = b->fleet->read_chunk,
		.max = b->fleet->read_max,
		.progress = medium_progress,
		.done = medium_done,
		.arg = b };

	if (slot >= 0 && fault_on_machine(b, FAULT_MEDIA_DROPS)) {
		media_drop(b, (unsigned)slot);
		slot = -1;
	}
	if (slot < 0) {
		device_failed(b, d, "no medium");
		return;
	}
	b->m.medium_slot = (uint8_t)slot;
	b->m.handed_over = false;
	b->m.phase = M_READING;
	o.url = b->st.slots[slot].image;
	o.timeout_us = timeout < RANGE_MIN_US ? RANGE_MIN_US : timeout;
	media_trust_apply(b, (unsigned)slot, &o);
	b->m.medium = medium_start(&o);
}

void
machine_boot_medium(struct bmc *b, unsigned slot)
{
	bool reads = b->m.phase == M_READING || b->m.phase == M_LOADING ||
		     b->m.phase == M_INSTALLING;

	if (b->st.slots[slot].inserted)
		return; /* nothing waits for one */
	if (!reads || b->m.from_disk || slot != b->m.medium_slot ||
	    (b->m.phase != M_READING && !b->m.installer))
		return;
	medium_cancel(b->m.medium);
	b->m.medium = NULL;
	guest_stop(b);
	if (b->m.phase == M_READING && !b->m.handed_over)
		device_failed(b, current(b), "the medium went away");
	else
		stuck(b, "Cd: the medium went away under the installer");
}

void
machine_boot_cancel(struct bmc *b)
{
	medium_cancel(b->m.medium);
	b->m.medium = NULL;
	guest_stop(b);
	b->m.handed_over = false;
}

/* ---- the others --------------------------------------------------------- */

static void
pxe_failed(void *arg)
{
	device_failed(arg, DEV_PXE, "no offer");
}

static void
boot_pxe(struct bmc *b)
{
	b->m.phase = M_PXE;
	timer_start(bmc_loop(b), &b->m.timer,
	    bmc_us(b, b->fleet->timing.pxe_ms), pxe_failed, b);
}

static void
enter_setup(struct bmc *b)
{
	b->m.phase = M_STUCK;
	machine_set_progress(b, PROGRESS_SETUP);
	journal_note(b, BMC_EV_BOOT_STARTED, device_names[DEV_SETUP]);
}

static void
try_next(struct bmc *b)
{
	enum device d;

	/* while firmware reads, nothing is from the disk */
	b->m.from_disk = false;
	if (b->m.device >= b->m.n_devices) {
		stuck(b, "no boot device");
		return;
	}
	d = (enum device)b->m.devices[b->m.device++];
	switch (d) {
	case DEV_CD:
	case DEV_USB:
		boot_medium(b, d);
		break;
	case DEV_HDD:
		boot_disk(b);
		break;
	case DEV_PXE:
		boot_pxe(b);
		break;
	case DEV_SETUP:
		enter_setup(b);
		break;
	case DEV_NONE:
		device_failed(b, d, "the override names no device here");
		break;
	}
}
