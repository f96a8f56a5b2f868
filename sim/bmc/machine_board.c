/* A machine that somebody else runs (board.h), as machine_ops.h has it. */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/board.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/machine_ops.h"
#include "sim/bmc/media.h"
#include "sim/bmc/media_trust.h"

static const struct board_ops *
board_ops(const struct bmc *b)
{
	return b->fleet->board->ops;
}

static enum board_drive
drive_of(const struct bmc *b, size_t slot)
{
	const struct strlist *t = &b->profile->slots[slot].types;

	if (strlist_has(t, "CD") || strlist_has(t, "DVD"))
		return BOARD_DRIVE_CD;
	return strlist_has(t, "USBStick") ? BOARD_DRIVE_STICK
					  : BOARD_DRIVE_NONE;
}

/* ---- what happened ------------------------------------------------------- */

static enum device
device_of(const struct bmc *b, int what)
{
	if (what == BOARD_DISK)
		return DEV_HDD;
	if (what < 0 || (size_t)what >= b->profile->n_slots)
		return DEV_NONE;
	return drive_of(b, (size_t)what) == BOARD_DRIVE_CD ? DEV_CD : DEV_USB;
}

/* The last part of the medium's path, as long as it is no secret. */
static void
name_running(struct bmc *b, int what)
{
	const char *url = what >= 0 ? b->st.slots[what].image : NULL, *slash;
	char *name;

	if (!url) {
		xreplace(&b->m.running, "disk");
		return;
	}
	name = xstrndup(url, strcspn(url, "?#"));
	slash = strrchr(name, '/');
	xreplace(&b->m.running, slash ? slash + 1 : name);
	xfree(name);
}

static void
board_booting(void *arg, int what)
{
	struct bmc *b = arg;
	enum device d = device_of(b, what);

	b->m.from_disk = d == DEV_HDD;
	if (d == DEV_CD || d == DEV_USB) {
		b->m.medium_slot = (uint8_t)what;
		b->m.medium_boots++;
	}
	name_running(b, what);
	/* From here on nobody but the OS knows how far it is. */
	b->m.phase = M_OS;
	machine_set_progress(b, PROGRESS_OS_STARTED);
	journal_note(b, BMC_EV_BOOT_STARTED, machine_device_name(d));
}

static void
board_failed(void *arg, int what, const char *why)
{
	struct bmc *b = arg;

	journal_notef(b, BMC_EV_BOOT_FAILED, "%s: %s",
	    machine_device_name(device_of(b, what)), why);
}

static void
board_nothing(void *arg, const char *why)
{
	struct bmc *b = arg;

	b->m.phase = M_STUCK;
	journal_note(b, BMC_EV_BOOT_FAILED, why);
}

static void
board_restarted(void *arg, const char *why)
{
	machine_restart_now(arg, why);
}

static void
board_off(void *arg, const char *why)
{
	struct bmc *b = arg;

	bool again = b->m.again && !why;

	if (why)
		journal_note(b, BMC_EV_BOOT_FAILED, why);
	machine_go_off(b, again);
}

static void
board_halted(void *arg)
{
	machine_halted(arg);
}

static void
board_drive_failed(void *arg, unsigned drive, const char *why)
{
	struct bmc *b = arg;
	struct bmc_event ev = { .kind = BMC_EV_MEDIA_FAILED,
		.text = why,
		.slot = b->profile->slots[drive].id };

	journal_add(b->fleet->journal, b, &ev);
}

/* ---- the board ----------------------------------------------------------- */

static void
tell_medium(struct bmc *b, unsigned slot)
{
	struct slot_state *s = &b->st.slots[slot];
	struct board_medium m = { .url = s->inserted ? s->image : NULL,
		.verify = media_verifies(b, slot) };

	if (drive_of(b, slot) != BOARD_DRIVE_NONE)
		board_ops(b)->medium(b->m.board, slot, &m);
}

bool
machine_board_make(struct bmc *b, struct err *e)
{
	const struct bmc_profile *p = b->profile;
	struct board_facts f = { .name = b->name,
		.uuid = b->hw.uuid,
		.serial = b->hw.serial,
		.maker = p->manufacturer,
		.model = p->model,
		.arch = b->hw.arch,
		.nics = (unsigned)p->nics,
		.n_drives = p->n_slots };
	struct board_host h = { .booting = board_booting,
		.failed = board_failed,
		.nothing = board_nothing,
		.restarted = board_restarted,
		.off = board_off,
		.halted = board_halted,
		.drive_failed = board_drive_failed,
		.arg = b };

	if (f.nics > BOARD_NICS)
		f.nics = BOARD_NICS;
	for (unsigned i = 0; i < f.nics; i++)
		hardware_mac(&b->hw, i, f.mac[i]);
	for (size_t i = 0; i < f.n_drives; i++)
		f.drives[i] = drive_of(b, i);
	b->m.board = board_ops(b)->make(b->fleet->board->self, &f, &h, e);
	if (!b->m.board)
		return false;
	for (unsigned i = 0; i < p->n_slots; i++)
		if (b->st.slots[i].inserted)
			tell_medium(b, i);
	return true;
}

/* A board that was swapped is another machine, made when it is needed. */
static bool
have_board(struct bmc *b)
{
	struct err e = { 0 };

	if (b->m.board || machine_board_make(b, &e))
		return true;
	journal_note(b, BMC_EV_BOOT_FAILED, e.msg);
	return false;
}

/* ---- POST ---------------------------------------------------------------- */

/* Each drive of that kind that has a medium: what cannot boot falls through. */
static void
add_media(struct bmc *b, enum board_drive kind, struct board_start *s)
{
	enum device d = kind == BOARD_DRIVE_CD ? DEV_CD : DEV_USB;
	size_t n = s->n;

	for (size_t i = 0; i < b->profile->n_slots; i++) {
		if (drive_of(b, i) != kind || !b->st.slots[i].inserted)
			continue;
		if (fault_on_machine(b, FAULT_MEDIA_DROPS))
			media_drop(b, (unsigned)i);
		else if (s->n < BOARD_ORDER)
			s->order[s->n++] = (int)i;
	}
	if (s->n == n)
		journal_notef(b, BMC_EV_BOOT_FAILED, "%s: no medium",
		    machine_device_name(d));
}

static bool
is_in(const struct board_start *s, int what)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->order[i] == what)
			return true;
	return false;
}

/* False: it does not boot at all. */
static bool
plan(struct bmc *b, struct board_start *s)
{
	bool media[2] = { false, false };

	for (unsigned i = 0; i < b->m.n_devices; i++)
		switch ((enum device)b->m.devices[i]) {
		case DEV_CD:
		case DEV_USB: {
			bool cd = b->m.devices[i] == DEV_CD;

			if (!media[cd])
				add_media(b,
				    cd ? BOARD_DRIVE_CD : BOARD_DRIVE_STICK, s);
			media[cd] = true;
			break;
		}
		case DEV_HDD:
			if (!is_in(s, BOARD_DISK) && s->n < BOARD_ORDER)
				s->order[s->n++] = BOARD_DISK;
			break;
		case DEV_PXE:
			journal_note(b, BMC_EV_BOOT_FAILED,
			    "Pxe: no boot server in its network");
			break;
		case DEV_SETUP:
			return s->n > 0;
		case DEV_NONE:
			journal_note(b, BMC_EV_BOOT_FAILED,
			    "None: the override names no device here");
			break;
		}
	return true;
}

static void
post(struct bmc *b)
{
	struct board_start s = { 0 };

	b->m.again = b->m.from_disk = false;
	machine_set_progress(b, PROGRESS_CPU);
	if (!have_board(b)) {
		machine_go_off(b, false);
		return;
	}
	if (b->m.n_devices == 0)
		machine_choose(b);
	if (!plan(b, &s)) {
		b->m.phase = M_STUCK;
		machine_set_progress(b, PROGRESS_SETUP);
		journal_note(
		    b, BMC_EV_BOOT_STARTED, machine_device_name(DEV_SETUP));
		return;
	}
	s.uefi = b->m.uefi;
	board_ops(b)->start(b->m.board, &s);
}

/* ---- the rest ------------------------------------------------------------ */

static void
halt(struct bmc *b)
{
	b->m.again = false;
	if (b->m.board)
		board_ops(b)->halt(b->m.board);
}

static bool
is_halted(const struct bmc *b)
{
	return !b->m.board || board_ops(b)->is_halted(b->m.board);
}

static void
acpi(struct bmc *b, bool restart)
{
	if (fault_on_machine(b, FAULT_SHUTDOWN_IGNORED) || is_halted(b)) {
		journal_note(
		    b, BMC_EV_SHUTDOWN_IGNORED, machine_phase_name(b->m.phase));
		return;
	}
	b->m.again = restart; /* once the OS has switched it off */
	board_ops(b)->button(b->m.board);
}

static void
medium(struct bmc *b, unsigned slot)
{
	if (b->m.board)
		tell_medium(b, slot);
}

static void
wiped(struct bmc *b)
{
	if (have_board(b))
		board_ops(b)->wipe(b->m.board);
}

static void
fini(struct bmc *b)
{
	if (b->m.board)
		board_ops(b)->free(b->m.board);
	b->m.board = NULL;
}

const struct machine_ops machine_board = { .post = post,
	.halt = halt,
	.is_halted = is_halted,
	.acpi = acpi,
	.medium = medium,
	.wiped = wiped,
	.fini = fini };
