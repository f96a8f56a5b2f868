#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/refusal.h"
#include "agent/redfish/service.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define BUSY_WAITS 6 /* iLO during POST: half a minute and more */
#define VERIFY_WAIT_US (2 * LOOP_S)
#define OPTIONS_MAX 24

struct boot_op {
	bool clear;
	enum redfish_boot_mode mode;
	struct rf_boot_ladder l;
	/* clear: which way, and where */
	unsigned at, tried_ways;
	enum rf_boot_place place;
	bool place_switched;
	unsigned waits, verifies, verify_most;
	bool mode_lost; /* armed, but with another boot mode */
	enum redfish_boot_mode mode_before;
	struct rf_refusal refusal;
	/* the entry of the boot menu that is the virtual CD */
	struct rf_members options;
	size_t at_option;
	bool searched, found;
	char option[32], path[256];
};

static void try_set(struct redfish *rf);
static void try_clear(struct redfish *rf);
static void verify(struct redfish *rf);
static void next_option(struct redfish *rf);

static void
boot_op_fini(void *p)
{
	struct boot_op *c = p;

	rf_members_fini(&c->options);
}

static enum rf_boot_place
place_of(const struct boot_op *c)
{
	return c->clear ? c->place : c->l.way.place;
}

static const struct rf_boot_view *
view_of(const struct redfish *rf, enum rf_boot_place p)
{
	return p == RF_PLACE_SETTINGS ? &rf->settings_boot : &rf->system_boot;
}

/* ---- reading back ----------------------------------------------------------- */

static bool
target_matches(const struct boot_op *c, const struct rf_boot_view *v)
{
	if (str_eq(v->target, rf_boot_target_name(c->l.way.target)))
		return true;
	/* Supermicro reads back what the firmware made of it. */
	return (c->l.way.target & (RF_TARGET_CD | RF_TARGET_USB_CD)) &&
	       (str_eq(v->target, "Cd") || str_eq(v->target, "UsbCd") ||
		   str_eq(v->target, "UefiBootNext"));
}

static bool
mode_fits(
    struct boot_op *c, const struct redfish *rf, const struct rf_boot_view *v)
{
	enum redfish_boot_mode now =
	    v->mode != RF_MODE_UNKNOWN ? v->mode : rf->system_boot.mode;
	enum redfish_boot_mode want =
	    c->mode != RF_MODE_UNKNOWN ? c->mode : c->mode_before;

	c->mode_lost = want != RF_MODE_UNKNOWN && now != want;
	/* A mode that was not asked for may also be no longer shown. */
	if (c->mode == RF_MODE_UNKNOWN && now == RF_MODE_UNKNOWN)
		c->mode_lost = false;
	return !c->mode_lost;
}

static void
give_up(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	const struct rf_boot_view *v = view_of(rf, place_of(c));

	if (c->mode != RF_MODE_UNKNOWN && (c->mode_lost || c->l.mode_refused))
		(void)rf_fail(rf, RF_CAUSE_MODE, ERR_REFUSED,
		    "the BMC does not take boot mode %s (it shows %s)%s%.80s",
		    redfish_boot_mode_name(c->mode),
		    redfish_boot_mode_name(rf->state.boot.mode),
		    c->refusal.any ? ": " : "",
		    c->refusal.any ? c->refusal.err.msg : "");
	else if (c->refusal.any)
		rf_refusal_fail(rf, &c->refusal,
		    c->clear ? "clear the boot override" : "boot once from CD");
	else
		(void)rf_fail(rf, RF_CAUSE_SILENT, ERR_PROTO,
		    "the BMC accepted a boot override of %s but shows %s, %s",
		    c->clear ? "Disabled"
			     : rf_boot_target_name(c->l.way.target),
		    redfish_override_name(v->enabled),
		    v->target[0] ? v->target : "no target");
}

static void
succeed(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	if (!c->clear) {
		rf->learned.boot = c->l.way;
		rf->learned.boot_known = true;
	} else {
		rf->learned.clear = c->at;
		rf->learned.clear_known = true;
	}
	rf_derive_boot(rf);
	rf_finish(rf);
}

static void
read_again(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	unsigned parts =
	    place_of(c) == RF_PLACE_SETTINGS ? RF_READ_BOOT : RF_READ_SYSTEM;

	/* What the System shows must not be older than what is judged by it. */
	if (c->clear && rf_boot_armed(&rf->system_boot))
		parts |= RF_READ_SYSTEM;
	rf_look(rf, parts, verify);
}

static void
clear_next_way(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	cJSON *probe = NULL;

	c->tried_ways |= 1U << c->at;
	for (c->at = 0; c->tried_ways & (1U << c->at); c->at++)
		;
	if (rf_boot_clear_body(c->at, view_of(rf, c->place), &probe))
		try_clear(rf);
	else
		give_up(rf);
	cJSON_Delete(probe);
}

static void
clear_there(struct redfish *rf, enum rf_boot_place place)
{
	struct boot_op *c = rf->op->ctx;

	c->place_switched = true;
	c->place = place;
	c->tried_ways = 0;
	try_clear(rf);
}

static void
verify_clear(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	enum rf_boot_place other =
	    c->place == RF_PLACE_SYSTEM ? RF_PLACE_SETTINGS : RF_PLACE_SYSTEM;

	if (rf_boot_armed(view_of(rf, c->place))) {
		if (c->verifies++ < c->verify_most)
			rf_wait(rf, VERIFY_WAIT_US, read_again);
		else
			clear_next_way(rf);
		return;
	}
	if (!rf->state.boot.armed)
		succeed(rf);
	else if (c->place_switched)
		give_up(rf);
	else
		clear_there(rf, other);
}

static void
verify(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	const struct rf_boot_view *v = view_of(rf, place_of(c));
	bool fits;

	rf->op->unverified = false;
	if (c->clear) {
		verify_clear(rf);
		return;
	}
	fits = rf_boot_armed(v) && target_matches(c, v);
	if (fits && mode_fits(c, rf, v)) {
		succeed(rf);
		return;
	}
	if (c->verifies++ < c->verify_most) {
		rf_wait(rf, VERIFY_WAIT_US, read_again);
		return;
	}
	/* Accepted and not done: rule 21. */
	if (rf_boot_ladder_next(&c->l, 0, NULL))
		try_set(rf);
	else
		give_up(rf);
}

/* ---- writing ---------------------------------------------------------------- */

static void
retry(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	if (c->clear)
		try_clear(rf);
	else
		try_set(rf);
}

static void
refused(struct redfish *rf, const struct rf_reply *r)
{
	struct boot_op *c = rf->op->ctx;
	bool elsewhere = rf_ext_has(&r->ext, RF_NO_ELSEWHERE) ||
			 rf_ext_has(&r->ext, RF_NO_READ_ONLY);

	if (place_of(c) == RF_PLACE_SYSTEM && rf->links.settings &&
	    rf_boot_refused_here(&r->ext)) {
		rf->learned.boot_in_settings = true;
		rf_derive_boot(rf);
	} else if (!rf->links.settings && rf_boot_refused_here(&r->ext)) {
		/* It has another place, which discovery did not see. */
		rf->links.known = false;
	}
	if (!c->clear) {
		if (rf_boot_ladder_next(&c->l, r->status, &r->ext))
			try_set(rf);
		else
			give_up(rf);
		return;
	}
	if (elsewhere && !c->place_switched && c->place == RF_PLACE_SYSTEM &&
	    rf->links.settings)
		clear_there(rf, RF_PLACE_SETTINGS);
	/* The settings object was cleared before: it is what counts. */
	else if (elsewhere && c->place_switched && !rf->state.boot.armed)
		succeed(rf);
	else
		clear_next_way(rf);
}

static void
on_patched(struct redfish *rf, const struct rf_reply *r)
{
	struct boot_op *c = rf->op->ctx;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "write the boot override");
		return;
	}
	if (r->ok) {
		c->verifies = 0;
		c->verify_most = r->status == 202 ? 4 : 1;
		rf_stale(rf, RF_READ_SYSTEM | RF_READ_BOOT);
		read_again(rf);
		return;
	}
	rf_refusal_keep(&c->refusal, r);
	if (rf_refusal_passes(r)) {
		if (c->waits < BUSY_WAITS)
			rf_wait(rf, rf_refusal_wait_us(r, c->waits++), retry);
		else
			rf_refusal_fail(
			    rf, &c->refusal, "write the boot override");
		return;
	}
	/* A licence or a missing role refuses every way alike. */
	if (r->status == 401 || r->status == 403)
		rf_refusal_fail(rf, &c->refusal, "write the boot override");
	else
		refused(rf, r);
}

static void
patch(struct redfish *rf, cJSON *body)
{
	bool settings = place_of(rf->op->ctx) == RF_PLACE_SETTINGS;

	rf_patch(rf, settings ? rf->links.settings : rf->links.system,
	    settings ? rf->settings_etag : rf->system_etag, body, on_patched);
}

/* ---- the entry of the boot menu ---------------------------------------------- */

static bool
says_virtual_cd(const char *s)
{
	return rf_text_contains(s, "virtual") &&
	       (rf_text_contains(s, "cd") || rf_text_contains(s, "dvd") ||
		   rf_text_contains(s, "optical"));
}

static void
on_option(struct redfish *rf, const struct rf_reply *r)
{
	struct boot_op *c = rf->op->ctx;
	const char *path;

	c->at_option++;
	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the boot options");
		return;
	}
	path = json_str(r->json, "UefiDevicePath", NULL);
	if (r->ok && (says_virtual_cd(json_str(r->json, "DisplayName", NULL)) ||
			 says_virtual_cd(path))) {
		(void)str_copy(c->path, sizeof(c->path), path ? path : "");
		(void)str_copy(c->option, sizeof(c->option),
		    json_str(r->json, "BootOptionReference", ""));
		c->found = true;
		try_set(rf);
		return;
	}
	next_option(rf);
}

static void
next_option(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	if (c->at_option < c->options.n && c->at_option < OPTIONS_MAX)
		rf_get(rf, c->options.v[c->at_option], on_option);
	else
		try_set(rf);
}

static void
on_options(struct redfish *rf, const struct rf_reply *r)
{
	struct boot_op *c = rf->op->ctx;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "list the boot options");
		return;
	}
	if (r->ok)
		rf_members_add(&c->options, rf->origin, r->json);
	next_option(rf);
}

/* Whether the way needs an entry that we do not have. */
static bool
lacks_entry(const struct boot_op *c)
{
	if (c->l.way.target == RF_TARGET_UEFI)
		return c->path[0] == '\0';
	return c->l.way.target == RF_TARGET_BOOT_NEXT && c->option[0] == '\0';
}

static void
try_set(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	if (lacks_entry(c) && !c->searched) {
		c->searched = true;
		rf_get(rf, rf->links.boot_options, on_options);
		return;
	}
	while (lacks_entry(c))
		if (!rf_boot_ladder_next(&c->l, 0, NULL)) {
			give_up(rf);
			return;
		}
	patch(rf, rf_boot_body(&c->l, c->option, c->path));
}

static void
try_clear(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	cJSON *body = NULL;

	if (rf_boot_clear_body(c->at, view_of(rf, c->place), &body))
		patch(rf, body);
	else
		give_up(rf);
}

/* ---- the two operations ------------------------------------------------------- */

static bool
is_so_already(const struct redfish *rf, const struct boot_op *c)
{
	const struct redfish_boot *b = &rf->state.boot;
	bool continuous_only =
	    rf->learned.boot_known &&
	    rf->learned.boot.enabled == RF_OVERRIDE_CONTINUOUS;

	if (!b->cd || b->disputed ||
	    (c->mode != RF_MODE_UNKNOWN && b->mode != c->mode))
		return false;
	return b->enabled == RF_OVERRIDE_ONCE ||
	       (b->enabled == RF_OVERRIDE_CONTINUOUS && continuous_only);
}

/* Boards on which Cd means the virtual one (ironic's list, quirk 1.4). */
static bool
wants_usb_cd(const struct redfish *rf)
{
	const char *vendor = rf->service.vendor,
		   *maker = rf->state.manufacturer;
	const char *model = rf->state.model ? rf->state.model : "";

	return (str_ieq(vendor, "Supermicro") ||
		   str_ieq(maker, "Supermicro")) &&
	       !str_has_prefix(model, "ARS-111GL-NHR");
}

struct rf_boot_hints
rf_boot_hints_of(const struct redfish *rf, enum redfish_boot_mode mode)
{
	return (struct rf_boot_hints){ .system = &rf->system_boot,
		.settings = rf->links.settings ? &rf->settings_boot : NULL,
		.mode = mode,
		.usb_cd_first = wants_usb_cd(rf),
		.boot_options = rf->links.boot_options != NULL,
		.worked = rf->learned.boot_known ? &rf->learned.boot : NULL };
}

static void
begin_set(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;
	struct rf_boot_hints h = rf_boot_hints_of(rf, c->mode);

	if (is_so_already(rf, c)) {
		rf->op->result.already = true;
		rf_finish(rf);
		return;
	}
	if (!rf->state.boot.supported) {
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_REFUSED,
		    "%s shows no boot override", rf->links.system);
		return;
	}
	c->mode_before = rf->state.boot.mode;
	rf_boot_ladder_init(&c->l, &h);
	try_set(rf);
}

static void
begin_clear(struct redfish *rf)
{
	struct boot_op *c = rf->op->ctx;

	if (!rf->state.boot.armed) {
		rf->op->result.already = true;
		rf_finish(rf);
		return;
	}
	c->place = rf_boot_armed(&rf->settings_boot) ? RF_PLACE_SETTINGS
						     : RF_PLACE_SYSTEM;
	c->at = rf->learned.clear_known ? rf->learned.clear : 0;
	try_clear(rf);
}

static void
look_set(struct redfish *rf)
{
	rf_look_fresh(rf, RF_READ_SYSTEM | RF_READ_BOOT, begin_set);
}

static void
look_clear(struct redfish *rf)
{
	rf_look_fresh(rf, RF_READ_SYSTEM | RF_READ_BOOT, begin_clear);
}

void
redfish_set_boot_once_cd(struct redfish *rf, enum redfish_boot_mode mode,
    redfish_done_fn *done, void *arg)
{
	struct boot_op *c;

	if (!rf_begin(rf, "boot-once", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), boot_op_fini);
	c->mode = mode;
	rf_need(rf, RF_READ_BOOT, look_set);
}

void
redfish_clear_boot(struct redfish *rf, redfish_done_fn *done, void *arg)
{
	struct boot_op *c;

	if (!rf_begin(rf, "boot-clear", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), boot_op_fini);
	c->clear = true;
	rf_need(rf, RF_READ_BOOT, look_clear);
}
