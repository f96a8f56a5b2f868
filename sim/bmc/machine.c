/* Power and POST. See machine.h; the boot itself is machine_boot.c. */
#include "sim/bmc/machine.h"

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bios.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine_ops.h"
#include "sim/bmc/storage.h"

static const char *const reset_names[RESET_N] = { "On", "ForceOff",
	"GracefulShutdown", "GracefulRestart", "ForceRestart", "Nmi", "ForceOn",
	"PushPowerButton", "PowerCycle" };

const char *
reset_type_name(enum reset_type t)
{
	return reset_names[t];
}

int
reset_type_by_name(const char *s)
{
	for (int i = 0; i < RESET_N; i++)
		if (str_eq(reset_names[i], s))
			return i;
	return -1;
}

const char *
machine_phase_name(enum machine_phase p)
{
	static const char *const names[] = { "Off", "GoingOn", "Post",
		"Reading", "Pxe", "Loading", "Installing", "Os", "Stuck",
		"Shutting", "GoingOff" };

	return names[p];
}

static const struct machine_ops *
ops(const struct bmc *b)
{
	return b->fleet->machine;
}

static void
after(struct bmc *b, int64_t us, loop_fn *fn)
{
	timer_start(bmc_loop(b), &b->m.timer, us, fn, b);
}

static void
set_power(struct bmc *b, enum power p)
{
	if (b->st.power == p)
		return;
	b->st.power = p;
	bmc_changed(b);
	journal_note(b, BMC_EV_POWER_STATE, power_name(p));
}

void
machine_set_progress(struct bmc *b, int progress)
{
	if (b->st.progress == (enum boot_progress)progress)
		return;
	b->st.progress = (enum boot_progress)progress;
	b->st.progress_wall_us = bmc_wall(b);
	bmc_changed(b);
	journal_note(
	    b, BMC_EV_BOOT_PROGRESS, boot_progress_name(b->st.progress));
}

/* ---- POST --------------------------------------------------------------- */

/* Settings that wait for a reset are taken over now. */
static void
apply_pending(struct bmc *b)
{
	if (!b->st.has_pending)
		return;
	b->st.boot = b->st.pending;
	b->st.has_pending = false;
	bmc_changed(b);
	journal_notef(b, BMC_EV_BOOT_OVERRIDE, "%s %s %s (was pending)",
	    b->st.boot.enabled, b->st.boot.target, b->st.boot.mode);
}

static void
start_post(struct bmc *b, const char *why)
{
	b->m.boots++;
	b->m.phase = M_POST;
	b->st.reset_wall_us = bmc_wall(b);
	bmc_changed(b);
	journal_note(b, BMC_EV_RESET, why);
	apply_pending(b);
	firmware_activate(b, FIRMWARE_BIOS);
	bios_post(b);
	storage_post(b);
	b->st.secure_boot_now = b->st.secure_boot;
	b->m.n_devices = 0;
	if (b->profile->boot_consume == CONSUME_RESET)
		machine_choose(b);
	ops(b)->post(b);
}

/* ---- power -------------------------------------------------------------- */

static int64_t
power_ms(const struct bmc *b, bool on)
{
	int64_t own = on ? b->profile->power_on_ms : b->profile->power_off_ms;

	if (own >= 0)
		return own;
	return on ? b->fleet->timing.power_on_ms
		  : b->fleet->timing.power_off_ms;
}

static void
on_done(void *arg)
{
	struct bmc *b = arg;

	if (fault_on_machine(b, FAULT_POWER_STUCK))
		return; /* for ever PoweringOn */
	set_power(b, POWER_ON);
	start_post(b, "power on");
}

static void
go_on(struct bmc *b)
{
	b->m.phase = M_GOING_ON;
	set_power(b, POWER_GOING_ON);
	after(b, bmc_us(b, power_ms(b, true)), on_done);
}

static void
off_done(void *arg)
{
	struct bmc *b = arg;

	if (fault_on_machine(b, FAULT_POWER_STUCK))
		return;
	if (!ops(b)->is_halted(b))
		return; /* machine_halted() comes */
	b->m.phase = M_OFF;
	b->off_at_us = bmc_now(b);
	machine_set_progress(b, PROGRESS_NONE);
	set_power(b, POWER_OFF);
	if (!b->m.then_on)
		return;
	b->m.then_on = false;
	go_on(b);
}

void
machine_halted(struct bmc *b)
{
	if (b->m.phase == M_GOING_OFF && !timer_armed(&b->m.timer))
		off_done(b);
}

void
machine_go_off(struct bmc *b, bool then_on)
{
	ops(b)->halt(b);
	xreplace(&b->m.running, NULL);
	b->m.phase = M_GOING_OFF;
	b->m.then_on = then_on;
	set_power(b, POWER_GOING_OFF);
	after(b, bmc_us(b, power_ms(b, false)), off_done);
}

void
machine_restart_now(struct bmc *b, const char *why)
{
	ops(b)->halt(b);
	xreplace(&b->m.running, NULL);
	timer_stop(&b->m.timer);
	start_post(b, why);
}

/* ---- what can be asked -------------------------------------------------- */

bool
machine_is_on(const struct bmc *b)
{
	return b->m.phase != M_OFF && b->m.phase != M_GOING_OFF;
}

bool
machine_in_post(const struct bmc *b)
{
	return b->m.phase == M_POST;
}

bool
machine_os_up(const struct bmc *b)
{
	return b->m.phase == M_OS || b->m.phase == M_SHUTTING;
}

static void
ask_on(struct bmc *b)
{
	if (b->m.phase == M_OFF)
		go_on(b);
	else if (b->m.phase == M_GOING_OFF)
		b->m.then_on = true;
}

static void
ask_off(struct bmc *b)
{
	if (b->m.phase == M_GOING_OFF)
		b->m.then_on = false;
	else if (b->m.phase != M_OFF)
		machine_go_off(b, false);
}

/* ForceRestart and PowerCycle. */
static void
ask_again(struct bmc *b, bool cycle)
{
	if (!machine_is_on(b))
		ask_on(b);
	else if (cycle)
		machine_go_off(b, true);
	else if (b->m.phase != M_GOING_ON)
		machine_restart_now(b, "ForceRestart");
}

void
machine_reset(struct bmc *b, enum reset_type t)
{
	switch (t) {
	case RESET_ON:
	case RESET_FORCE_ON:
		ask_on(b);
		break;
	case RESET_FORCE_OFF:
		ask_off(b);
		break;
	case RESET_GRACEFUL_SHUTDOWN:
		if (machine_is_on(b))
			ops(b)->acpi(b, false);
		break;
	case RESET_GRACEFUL_RESTART:
		if (machine_is_on(b))
			ops(b)->acpi(b, true);
		else
			ask_on(b);
		break;
	case RESET_FORCE_RESTART:
		ask_again(b, false);
		break;
	case RESET_POWER_CYCLE:
		ask_again(b, true);
		break;
	case RESET_PUSH:
		machine_button(b, false);
		break;
	case RESET_NMI:
	case RESET_N:
		break;
	}
}

void
machine_button(struct bmc *b, bool hold)
{
	if (!machine_is_on(b))
		ask_on(b);
	else if (hold)
		ask_off(b);
	else
		ops(b)->acpi(b, false);
}

/* ---- life --------------------------------------------------------------- */

void
machine_init(struct bmc *b)
{
	b->m.phase = M_OFF;
	b->st.power = POWER_OFF;
	b->st.progress = PROGRESS_NONE;
	b->st.progress_wall_us = b->st.reset_wall_us = bmc_wall(b);
}

void
machine_fini(struct bmc *b)
{
	timer_stop(&b->m.timer);
	ops(b)->fini(b);
	xreplace(&b->m.disk_image, NULL);
	xreplace(&b->m.running, NULL);
}

void
machine_medium_changed(struct bmc *b, unsigned slot)
{
	ops(b)->medium(b, slot);
}

void
machine_wipe_disk(struct bmc *b)
{
	xreplace(&b->m.disk_image, NULL);
	ops(b)->wiped(b);
}

void
machine_start_running(struct bmc *b, const char *disk_image)
{
	xreplace(&b->m.disk_image, disk_image);
	xreplace(&b->m.running, disk_image);
	b->m.from_disk = true;
	b->m.phase = M_OS;
	b->m.boots = 1;
	b->st.power = POWER_ON;
	b->st.progress = PROGRESS_OS_RUNNING;
}
