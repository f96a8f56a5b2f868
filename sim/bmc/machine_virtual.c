/* The machine that the loop's clock drives: POST and ACPI; what it boots is
 * machine_boot.c. See machine_ops.h. */
#include "common/mem.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/guest.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/machine_ops.h"
#include "sim/bmc/medium.h"

/* POST is cut into these, so that BootProgress moves as on real machines. */
static const enum boot_progress post_steps[] = { PROGRESS_CPU, PROGRESS_MEMORY,
	PROGRESS_PCI, PROGRESS_HW_DONE };
#define POST_STEPS (sizeof(post_steps) / sizeof(post_steps[0]))

static void
after(struct bmc *b, int64_t us, loop_fn *fn)
{
	timer_start(bmc_loop(b), &b->m.timer, us, fn, b);
}

static void
post_step(void *arg)
{
	struct bmc *b = arg;
	int64_t post = b->profile->post_ms;

	if (b->m.post_step == POST_STEPS) {
		machine_boot(b);
		return;
	}
	machine_set_progress(b, (int)post_steps[b->m.post_step++]);
	if (post < 0)
		post = b->fleet->timing.post_ms;
	after(b, bmc_us(b, post) / (int64_t)POST_STEPS, post_step);
}

static void
virtual_post(struct bmc *b)
{
	guest_reset(b);
	b->m.post_step = 0;
	post_step(b);
}

/* ---- ACPI --------------------------------------------------------------- */

static void
shut_off(void *arg)
{
	machine_go_off(arg, false);
}

static void
shut_restart(void *arg)
{
	machine_restart_now(arg, "restarted by the OS");
}

static void
virtual_acpi(struct bmc *b, bool restart)
{
	if (b->m.phase != M_OS || fault_on_machine(b, FAULT_SHUTDOWN_IGNORED)) {
		journal_note(
		    b, BMC_EV_SHUTDOWN_IGNORED, machine_phase_name(b->m.phase));
		return;
	}
	b->m.phase = M_SHUTTING;
	after(b, bmc_us(b, b->fleet->timing.shutdown_ms),
	    restart ? shut_restart : shut_off);
}

/* ---- the rest ----------------------------------------------------------- */

static bool
virtual_is_halted(const struct bmc *b)
{
	(void)b;
	return true;
}

/* What runs was read before, and does not notice. */
static void
virtual_wiped(struct bmc *b)
{
	(void)b;
}

static void
virtual_fini(struct bmc *b)
{
	medium_cancel(b->m.medium);
	b->m.medium = NULL;
	guest_free(b);
}

const struct machine_ops machine_virtual = { .post = virtual_post,
	.halt = machine_boot_cancel,
	.is_halted = virtual_is_halted,
	.acpi = virtual_acpi,
	.medium = machine_boot_medium,
	.wiped = virtual_wiped,
	.fini = virtual_fini };
