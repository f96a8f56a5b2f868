/* One BMC: its life, its identity, what happens to it as a whole. */
#include "sim/bmc/bmc.h"

#include "common/env.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/bmc/bios.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/health.h"
#include "sim/bmc/history.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/log.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/media.h"
#include "sim/bmc/media_oem.h"
#include "sim/bmc/media_trust.h"
#include "sim/bmc/network.h"
#include "sim/bmc/reread.h"
#include "sim/bmc/session.h"
#include "sim/bmc/storage.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/task.h"
#include "sim/bmc/trace.h"

/* From the answer to Manager.Reset until the controller is gone: the client gets
 * it, and may close its session. */
#define RESTART_PAUSE_MS 1000

int64_t
bmc_now(const struct bmc *b)
{
	return loop_mono_us(b->fleet->env->loop);
}

int64_t
bmc_wall(const struct bmc *b)
{
	/* the battery is empty: seconds since it was plugged in */
	if (fault_armed(b, FAULT_CLOCK_1970))
		return bmc_now(b);
	return loop_wall_us(b->fleet->env->loop);
}

struct loop *
bmc_loop(const struct bmc *b)
{
	return b->fleet->env->loop;
}

int64_t
bmc_us(const struct bmc *b, int64_t ms)
{
	return ms > 0 ? ms * b->fleet->timing.time_scale : 0;
}

void
bmc_changed(struct bmc *b)
{
	b->st.rev++;
	history_note(b);
}

static const char *
fill_id(const struct bmc *b, const char *id)
{
	if (str_eq(id, "{uuid}"))
		return b->hw.uuid;
	if (str_eq(id, "{serial}"))
		return b->hw.serial;
	return b->fleet->one_service ? b->name : id;
}

static void
fill_ids(struct bmc *b)
{
	b->sys_id = fill_id(b, b->profile->system_id);
	b->mgr_id = fill_id(b, b->profile->manager_id);
	b->cha_id = fill_id(b, b->profile->chassis_id);
	fleet_ids_learn(b);
}

static void
first_order(struct bmc *b)
{
	static const char *const devices[] = { "Pxe", "Hdd", "Cd" };
	const struct strlist *l = &b->profile->boot_order;

	b->st.n_boot_order = 0;
	for (size_t i = 0; i < l->n && i < BOOT_OPTIONS; i++)
		for (uint8_t d = 0; d < 3; d++)
			if (str_eq(l->v[i], devices[d]))
				b->st.boot_order[b->st.n_boot_order++] =
				    (uint8_t)(d + 1);
}

static void
first_state(struct bmc *b)
{
	struct boot_override *o = &b->st.boot;

	(void)str_copy(o->enabled, sizeof(o->enabled), "Disabled");
	(void)str_copy(o->target, sizeof(o->target), "None");
	(void)str_copy(o->mode, sizeof(o->mode), "UEFI");
	(void)str_copy(b->st.asset_tag, sizeof(b->st.asset_tag), b->name);
	(void)str_copy(b->st.host_name, sizeof(b->st.host_name), b->name);
	first_order(b);
	b->st.bmc_reset_wall_us = bmc_wall(b);
	machine_init(b);
}

void
bmc_init(struct bmc *b)
{
	TAILQ_INIT(&b->sessions);
	TAILQ_INIT(&b->tasks);
	TAILQ_INIT(&b->traces);
	b->root.must_change = b->profile->password_change;
	b->root.slot = 2;
	b->lockout_after = b->profile->lockout_after;
	b->lockout_s = b->profile->lockout_s;
	b->session_timeout_s = b->profile->session_timeout_s;
	hardware_make(
	    &b->hw, b->profile, b->fleet->env->seed, b->name, b->board);
	fill_ids(b);
	first_state(b);
}

void
bmc_fini(struct bmc *b)
{
	timer_stop(&b->bmc_timer);
	events_free(b);
	log_free(b);
	firmware_free(b);
	bios_free(b);
	network_free(b);
	health_free(b);
	storage_free(b);
	media_trust_free(b);
	media_oem_free(b);
	media_cancel_all(b);
	reread_free(b);
	machine_fini(b);
	while (TAILQ_FIRST(&b->sessions)) {
		struct session *s = TAILQ_FIRST(&b->sessions);

		TAILQ_REMOVE(&b->sessions, s, link);
		secret_wipe(s, sizeof(*s));
		xfree(s);
	}
	task_drop_all(b);
	trace_clear(b);
	history_stop(b);
	bmc_state_fini(&b->st);
	tls_identity_free(b->identity);
	secret_free(&b->csr_key);
	account_fini(b);
	xfree(b->name);
}

void
bmc_swap_board(struct bmc *b)
{
	struct bmc_state *st = &b->st;

	media_cancel_all(b);
	reread_free(b);
	machine_fini(b);
	session_close_all(b, "board swapped");
	events_forget(b);
	log_free(b);
	firmware_free(b);
	bios_free(b);
	network_free(b);
	health_free(b);
	storage_free(b);
	media_trust_free(b);
	media_oem_free(b);
	task_drop_all(b);
	bmc_state_fini(st);
	*st = (struct bmc_state){ .rev = st->rev + 1 };
	b->m = (struct machine){ .boots = b->m.boots,
		.medium_boots = b->m.medium_boots };
	b->board++;
	b->off_at_us = b->eject_at_us = 0;
	fleet_ids_forget(b);
	hardware_make(
	    &b->hw, b->profile, b->fleet->env->seed, b->name, b->board);
	fill_ids(b);
	first_state(b);
	machine_wipe_disk(b);
	history_note(b);
	journal_note(b, BMC_EV_BOARD_SWAPPED, b->hw.uuid);
}

static void
up_again(void *arg)
{
	struct bmc *b = arg;

	b->down = false;
	b->up_at_us = bmc_now(b);
	firmware_activate(b, FIRMWARE_BMC);
	b->st.bmc_reset_wall_us = bmc_wall(b);
	bmc_changed(b);
	journal_note(b, BMC_EV_BMC_RESTARTED, "up");
}

void
bmc_restart(struct bmc *b, const char *who)
{
	struct bmc_event ev = {
		.kind = BMC_EV_BMC_RESTARTED, .text = "down", .who = who
	};

	media_cancel_all(b);
	if (!b->profile->vm_keep)
		media_drop_all(b);
	session_close_all(b, "BMC restarted");
	task_drop_all(b);
	b->down = true;
	for (struct account *a = &b->root; a; a = a->next)
		a->failures = 0;
	events_restart(b);
	firmware_restart(b);
	journal_add(b->fleet->journal, b, &ev);
	timer_start(bmc_loop(b), &b->bmc_timer,
	    bmc_us(b, b->fleet->timing.bmc_restart_ms), up_again, b);
}

static void
restart_now(void *arg)
{
	bmc_restart(arg, "client");
}

void
bmc_restart_soon(struct bmc *b)
{
	timer_start(bmc_loop(b), &b->bmc_timer, bmc_us(b, RESTART_PAUSE_MS),
	    restart_now, b);
}

int
bmc_cd_slot(const struct bmc *b)
{
	int first = -1;

	for (size_t i = 0; i < b->profile->n_slots; i++) {
		const struct strlist *t = &b->profile->slots[i].types;

		if (!strlist_has(t, "CD") && !strlist_has(t, "DVD"))
			continue;
		if (b->st.slots[i].inserted)
			return (int)i;
		if (first < 0)
			first = (int)i;
	}
	return first;
}
