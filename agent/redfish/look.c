#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define SETTINGS_PACE_US LOOP_MIN /* RF_READ_BOOT_PACED */

static void next(struct redfish *rf);

/* ---- taking over what was read --------------------------------------------- */

/* An ETag that stays while the state moves cannot be polled with. */
static void
distrust_etag(struct redfish *rf, const char *etag,
    const struct rf_boot_view *before, enum redfish_power power,
    enum redfish_progress progress)
{
	if (!etag[0] || !str_eq(rf->system_etag, etag))
		return;
	if (power != rf->state.power || progress != rf->state.progress ||
	    memcmp(before, &rf->system_boot, sizeof(*before)) != 0)
		rf->learned.no_conditional = true;
}

void
rf_take_system(struct redfish *rf, const char *target, const struct rf_reply *r)
{
	struct rf_boot_view before = rf->system_boot;
	enum redfish_power power = rf->state.power;
	enum redfish_progress progress = rf->state.progress;
	char etag[RF_ETAG_CAP], *keep = xstrdup(target);
	unsigned values = 0;

	rf_etag_of(etag, r->etag, r->json);
	rf_system_parse(&rf->state, r->json);
	rf_boot_parse(&rf->system_boot, r->json);
	if (rf_boot_armed(&rf->system_boot) &&
	    memcmp(&before, &rf->system_boot, sizeof(before)) != 0)
		rf->settings_current = false;
	rf_system_links(&rf->links, &values, rf->origin, r->json);
	if (rf->links.settings_useless)
		xreplace(&rf->links.settings, NULL);
	if (values != 0)
		rf->reset_values = values;
	if (power != rf->state.power || progress != rf->state.progress ||
	    memcmp(&before, &rf->system_boot, sizeof(before)) != 0)
		rf->settings_due = true;
	distrust_etag(rf, etag, &before, power, progress);
	if (!str_eq(rf->system_etag, etag))
		xreplace(&rf->system_etag, etag);
	xfree(rf->links.system);
	rf->links.system = keep;
	rf->state.system_at_us = rf->full_read_us = rf_now(rf);
	rf_derive_boot(rf);
}

void
rf_take_settings(struct redfish *rf, const struct rf_reply *r)
{
	char etag[RF_ETAG_CAP];

	rf_etag_of(etag, r->etag, r->json);
	if (!str_eq(rf->settings_etag, etag))
		xreplace(&rf->settings_etag, etag);
	rf_boot_parse(&rf->settings_boot, r->json);
	rf->settings_current = true;
	rf->settings_due = false;
	rf_derive_boot(rf);
}

void
rf_take_slot(struct redfish *rf, size_t slot, const struct rf_reply *r)
{
	char etag[RF_ETAG_CAP], *uri = xstrdup(rf->state.slots[slot].uri);

	rf_etag_of(etag, r->etag, r->json);
	if (!str_eq(rf->slot_etags[slot], etag))
		xreplace(&rf->slot_etags[slot], etag);
	rf_slot_parse(
	    &rf->state.slots[slot], &rf->ways[slot], rf->origin, uri, r->json);
	xfree(uri);
}

static bool
view_is_cd(const struct redfish *rf, const struct rf_boot_view *v)
{
	if (rf_boot_armed_cd(v))
		return true;
	/* The entry of the boot menu that we found to be the virtual CD. */
	return rf_boot_armed(v) && rf->learned.boot_known &&
	       rf->learned.boot.target >= RF_TARGET_UEFI &&
	       str_eq(v->target, rf_boot_target_name(rf->learned.boot.target));
}

/* What the next boot goes by is in the settings object only: the System shows
 * what the last boot went by (a Once whose boot never came stays there). To be
 * believed it must be known of this BMC, and no older than the other. */
static bool
settings_rule(const struct redfish *rf)
{
	return rf->settings_current &&
	       (rf->learned.boot_in_settings ||
		   rf_boot_offered_in_settings(
		       &rf->system_boot, &rf->settings_boot));
}

/* Where there are two places, the one that is armed speaks, unless the other is
 * known to be what counts. */
void
rf_derive_boot(struct redfish *rf)
{
	const struct rf_boot_view *v = &rf->system_boot;
	struct redfish_boot *b = &rf->state.boot;
	bool contradicted;

	if (!rf->links.settings)
		memset(&rf->settings_boot, 0, sizeof(rf->settings_boot));
	contradicted =
	    rf_boot_contradicted(&rf->system_boot, &rf->settings_boot);
	if (rf_boot_armed(&rf->settings_boot) || !v->present ||
	    (contradicted && settings_rule(rf)))
		v = &rf->settings_boot;
	/* Where arming had to be done in the System, the other is not heard. */
	b->disputed = contradicted && v == &rf->system_boot &&
		      !(rf->learned.boot_known &&
			  rf->learned.boot.place == RF_PLACE_SYSTEM);
	b->in_settings = rf->learned.boot_in_settings;
	b->supported = rf->system_boot.present || rf->settings_boot.present;
	b->enabled = v->enabled;
	b->mode = v->mode != RF_MODE_UNKNOWN ? v->mode : rf->system_boot.mode;
	rf_text_keep(&b->target, v->target);
	b->armed = rf_boot_armed(v);
	b->cd = view_is_cd(rf, v);
}

/* ---- looking ---------------------------------------------------------------- */

static void
look_get(
    struct redfish *rf, const char *target, const char *etag, rf_cont_fn *cont)
{
	if (rf->op->look_quiet)
		rf_get_if_changed(rf, target, etag, cont);
	else
		rf_get(rf, target, cont);
}

/* A link that was good is gone (BMC reset, another board): once, from the top. */
static bool
start_over(struct redfish *rf, const struct rf_reply *r)
{
	if ((r->status != 404 && r->status != 410) || rf->op->rediscovered ||
	    rf->op->look_one)
		return false;
	rf->op->rediscovered = true;
	rf->service.known = false;
	/* Discovery reads all that a look does. */
	rf_rediscover(rf, rf->op->after_look);
	return true;
}

static void
on_system(struct redfish *rf, const struct rf_reply *r)
{
	if (!r->ok) {
		if (!start_over(rf, r))
			rf_fail_reply(rf, r, "read the system");
		return;
	}
	if (r->status == 304)
		rf->state.system_at_us = rf_now(rf);
	else
		rf_take_system(rf, rf->links.system, r);
	next(rf);
}

static void
on_settings(struct redfish *rf, const struct rf_reply *r)
{
	if (!r->ok) {
		if (!start_over(rf, r))
			rf_fail_reply(rf, r, "read the boot settings");
		return;
	}
	if (r->status != 304)
		rf_take_settings(rf, r);
	rf->settings_current = true;
	rf->settings_due = false;
	rf->state.boot_at_us = rf_now(rf);
	next(rf);
}

static void
on_slot(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_op *op = rf->op;

	if (!r->ok) {
		if (!start_over(rf, r))
			rf_fail_reply(rf, r, "read the virtual media");
		return;
	}
	if (r->status != 304)
		rf_take_slot(rf, op->look_slot, r);
	if (op->look_one) {
		op->after_look(rf);
		return;
	}
	op->look_slot++;
	next(rf);
}

static bool
next_slot(struct redfish *rf)
{
	struct rf_op *op = rf->op;
	const struct redfish_state *st = &rf->state;

	while (op->look_slot < st->n_slots && !st->slots[op->look_slot].usable)
		op->look_slot++;
	if (op->look_slot == st->n_slots) {
		rf->state.media_at_us = rf_now(rf);
		op->look &= ~RF_READ_MEDIA;
		return false;
	}
	look_get(rf, st->slots[op->look_slot].uri,
	    rf->slot_etags[op->look_slot], on_slot);
	return true;
}

static bool
settings_wanted(const struct redfish *rf)
{
	int64_t at = rf->state.boot_at_us;

	return !rf->op->look_paced || rf->settings_due || at == 0 ||
	       rf_now(rf) - at >= SETTINGS_PACE_US;
}

static void
next(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (op->look & RF_READ_SYSTEM) {
		op->look &= ~RF_READ_SYSTEM;
		look_get(rf, rf->links.system, rf->system_etag, on_system);
		return;
	}
	if (op->look & RF_READ_BOOT) {
		op->look &= ~RF_READ_BOOT;
		if (rf->links.settings && settings_wanted(rf)) {
			look_get(rf, rf->links.settings, rf->settings_etag,
			    on_settings);
			return;
		}
		if (!rf->links.settings)
			rf->state.boot_at_us = rf->state.system_at_us;
	}
	if ((op->look & RF_READ_MEDIA) && next_slot(rf))
		return;
	rf_derive_boot(rf);
	op->after_look(rf);
}

static void
look(struct redfish *rf, unsigned parts, bool quiet, rf_step_fn *then)
{
	struct rf_op *op = rf->op;

	op->look = parts;
	op->look_slot = 0;
	op->look_quiet = quiet;
	op->look_one = false;
	op->after_look = then;
	next(rf);
}

void
rf_look(struct redfish *rf, unsigned parts, rf_step_fn *then)
{
	look(rf, parts, false, then);
}

void
rf_look_quiet(struct redfish *rf, unsigned parts, rf_step_fn *then)
{
	look(rf, parts, true, then);
}

bool
rf_fresh(const struct redfish *rf, int64_t at_us)
{
	return at_us != 0 && rf_now(rf) - at_us <= rf->fresh_us;
}

void
rf_look_fresh(struct redfish *rf, unsigned parts, rf_step_fn *then)
{
	if (rf_fresh(rf, rf->state.system_at_us))
		parts &= ~RF_READ_SYSTEM;
	if (rf_fresh(rf, rf->state.boot_at_us))
		parts &= ~RF_READ_BOOT;
	if (rf_fresh(rf, rf->state.media_at_us))
		parts &= ~RF_READ_MEDIA;
	look(rf, parts, false, then);
}

void
rf_stale(struct redfish *rf, unsigned parts)
{
	if (parts & RF_READ_SYSTEM)
		rf->state.system_at_us = 0;
	if (parts & RF_READ_BOOT)
		rf->state.boot_at_us = 0;
	if (parts & RF_READ_MEDIA)
		rf->state.media_at_us = 0;
}

void
rf_look_slot(struct redfish *rf, size_t slot, rf_step_fn *then)
{
	struct rf_op *op = rf->op;

	op->look = 0;
	op->look_slot = slot;
	op->look_quiet = false;
	op->look_one = true;
	op->after_look = then;
	rf_get(rf, rf->state.slots[slot].uri, on_slot);
}
