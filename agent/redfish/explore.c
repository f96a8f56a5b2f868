#include "agent/redfish/explore.h"

#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define RUNGS_MAX 24 /* of one ladder: enough for all that is in them */

/* ---- exchanges, resources --------------------------------------------------- */

void
redfish_observe(struct redfish *rf, redfish_observe_fn *observe, void *arg)
{
	rf->observe = observe;
	rf->observe_arg = arg;
}

const char *
redfish_root(const struct redfish *rf)
{
	return rf->root;
}

char *
redfish_target(const struct redfish *rf, const char *link)
{
	return rf_text_link(rf->origin, link);
}

struct fetch_op {
	char *target; /* owned */
	redfish_take_fn *take;
	void *arg;
};

static void
fetch_op_fini(void *p)
{
	struct fetch_op *c = p;

	xfree(c->target);
}

static void
on_fetched(struct redfish *rf, const struct rf_reply *r)
{
	const struct fetch_op *c = rf->op->ctx;

	if (!r->ok) {
		rf_fail_reply(rf, r, "read");
		return;
	}
	c->take(c->arg, r->json, r->headers, r->n_headers);
	rf_finish(rf);
}

void
redfish_fetch(struct redfish *rf, const char *target, redfish_take_fn *take,
    redfish_done_fn *done, void *arg)
{
	struct fetch_op *c;

	if (!rf_begin(rf, "fetch", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), fetch_op_fini);
	c->target = redfish_target(rf, target);
	c->take = take;
	c->arg = arg;
	if (!c->target)
		(void)rf_fail(rf, RF_CAUSE_SPEC, ERR_SPEC,
		    "%.80s is no resource of this BMC", target);
	else
		rf_get(rf, c->target, on_fetched);
}

/* ---- what was found --------------------------------------------------------- */

static void
set_or_null(cJSON *o, const char *key, const char *s)
{
	json_set(o, key, s ? cJSON_CreateString(s) : cJSON_CreateNull());
}

static void
say(cJSON *list, const char *s)
{
	(void)cJSON_AddItemToArray(list, cJSON_CreateString(s));
}

static cJSON *
list_in(cJSON *o, const char *key)
{
	cJSON *list = cJSON_CreateArray();

	json_set(o, key, list);
	return list;
}

static void
describe_service(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "service");

	set_or_null(o, "vendor", rf->service.vendor);
	set_or_null(o, "product", rf->service.product);
	set_or_null(o, "redfishVersion", rf->service.redfish_version);
	json_set_bool(o, "rootNeedsLogin", rf->service.needs_login);
	set_or_null(o, "sessions", rf->service.sessions);
	set_or_null(o, "managers", rf->service.managers);
}

static void
describe_system(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "system");
	const struct redfish_state *st = &rf->state;

	set_or_null(o, "uri", rf->links.system);
	set_or_null(o, "manager", rf->links.manager);
	set_or_null(o, "manufacturer", st->manufacturer);
	set_or_null(o, "model", st->model);
	set_or_null(o, "uuid", st->uuid);
	set_or_null(o, "serial", st->serial);
	set_or_null(o, "bios", st->bios_version);
	json_set_bool(o, "bootProgress", st->progress != RF_PROGRESS_ABSENT);
	json_set_bool(o, "ethernet", rf->links.ethernet != NULL);
	json_set_bool(o, "storage",
	    rf->links.storage != NULL || rf->links.simple_storage != NULL);
}

static void
describe_power(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "power"), *list;
	unsigned v;

	set_or_null(o, "reset", rf->links.reset_target);
	set_or_null(o, "actionInfo", rf->links.reset_info);
	list = list_in(o, "offered");
	for (v = 0; v < RF_VALUES; v++)
		if (rf->reset_values & (1U << v))
			say(list, rf_reset_value_name((enum rf_reset_value)v));
	set_or_null(o, "missing", rf->state.reset_missing);
}

static void
describe_view(const struct rf_boot_view *v, cJSON *o)
{
	cJSON *list;
	unsigned bit;

	list = list_in(o, "enabled");
	for (bit = RF_OVERRIDE_DISABLED; bit <= RF_OVERRIDE_CONTINUOUS; bit++)
		if (v->enableds & (1U << bit))
			say(list,
			    redfish_override_name((enum redfish_override)bit));
	list = list_in(o, "targets");
	for (bit = 1; bit <= RF_TARGET_BOOT_NEXT; bit <<= 1)
		if (v->targets & bit)
			say(list, rf_boot_target_name(bit));
	json_set_bool(o, "hasEnabled", v->has_enabled);
	json_set_bool(o, "hasTarget", v->has_target);
	json_set_bool(o, "hasMode", v->has_mode);
}

static void
describe_boot(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "boot");

	json_set_bool(o, "supported", rf->state.boot.supported);
	json_set_str(o, "mode", redfish_boot_mode_name(rf->state.boot.mode));
	describe_view(&rf->system_boot, json_ensure_obj(o, "system"));
	set_or_null(o, "settingsUri", rf->links.settings);
	if (rf->links.settings)
		describe_view(
		    &rf->settings_boot, json_ensure_obj(o, "settings"));
	set_or_null(o, "options", rf->links.boot_options);
}

static void
describe_schemes(unsigned bits, cJSON *list)
{
	static const char *const names[] = { "http", "https", "nfs", "cifs" };
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bits & (1U << i))
			say(list, names[i]);
}

static void
describe_media(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "media"), *slots, *slot, *ways;
	const struct redfish_slot *s;
	const struct rf_slot_ways *w;
	size_t i;

	set_or_null(o, "systemCollection", rf->links.system_media);
	set_or_null(o, "managerCollection", rf->links.manager_media);
	set_or_null(o, "missing", rf->state.media_missing);
	slots = list_in(o, "slots");
	for (i = 0; i < rf->state.n_slots; i++) {
		s = &rf->state.slots[i];
		w = &rf->ways[i];
		slot = cJSON_CreateObject();
		json_set_str(slot, "uri", s->uri);
		set_or_null(slot, "id", s->id);
		json_set_bool(slot, "cd", s->cd);
		json_set_bool(slot, "usable", s->usable);
		ways = list_in(slot, "ways");
		if (w->insert)
			say(ways, rf_insert_by_name(RF_BY_ACTION));
		if (w->oem)
			say(ways, rf_insert_by_name(RF_BY_OEM));
		if (w->patch)
			say(ways, rf_insert_by_name(RF_BY_PATCH));
		describe_schemes(s->schemes, list_in(slot, "schemes"));
		(void)cJSON_AddItemToArray(slots, slot);
	}
}

/* ---- ladders ----------------------------------------------------------------- */

static void
boot_ladder(const struct redfish *rf, cJSON *list)
{
	static const char *const shapes[RF_SHAPES] = {
		"Target, Enabled and Mode", "Target and Enabled", "Target"
	};
	struct rf_boot_hints h = rf_boot_hints_of(rf, RF_MODE_UNKNOWN);
	struct rf_boot_ladder l;
	char text[96];
	int n = 0;

	if (!rf->state.boot.supported)
		return;
	rf_boot_ladder_init(&l, &h);
	do {
		(void)str_format(text, sizeof(text), "%s: %s %s (%s)",
		    rf_boot_place_name(l.way.place),
		    redfish_override_name(l.way.enabled),
		    rf_boot_target_name(l.way.target), shapes[l.way.shape]);
		say(list, text);
	} while (++n < RUNGS_MAX && rf_boot_ladder_next(&l, 0, NULL));
}

static void
clear_ladder(const struct redfish *rf, cJSON *list)
{
	const struct rf_boot_view *v =
	    rf->system_boot.present ? &rf->system_boot : &rf->settings_boot;
	cJSON *body;
	char *text;
	unsigned i;

	if (!rf->state.boot.supported)
		return;
	for (i = 0; rf_boot_clear_body(i, v, &body); i++) {
		text = json_print(json_child(body, "Boot"));
		say(list, text);
		xfree(text);
		cJSON_Delete(body);
	}
}

/* As refusals would lead through them that name nothing in particular. */
static void
insert_ladder(const struct redfish *rf, size_t slot, cJSON *list)
{
	static const struct rf_ext nothing_said = { 0 };
	struct rf_insert_ladder l;
	char text[96];
	int n = 0;

	if (!rf_insert_ladder_init(&l, &rf->ways[slot],
		rf->learned.insert_known ? &rf->learned.insert : NULL))
		return;
	do {
		rf_insert_way_name(&l.way, text, sizeof(text));
		say(list, text);
	} while (
	    ++n < RUNGS_MAX && rf_insert_ladder_next(&l, 400, &nothing_said));
}

static size_t
first_usable(const struct redfish *rf)
{
	size_t i;

	for (i = 0; i < rf->state.n_slots; i++)
		if (rf->state.slots[i].usable)
			break;
	return i;
}

static void
media_ladders(const struct redfish *rf, cJSON *o)
{
	cJSON *insert = list_in(o, "insert"), *eject = list_in(o, "eject");
	size_t slot = first_usable(rf);
	char text[32];
	unsigned by;

	set_or_null(o, "slot",
	    slot < rf->state.n_slots ? rf->state.slots[slot].uri : NULL);
	if (slot == rf->state.n_slots)
		return;
	insert_ladder(rf, slot, insert);
	for (by = 0; by < RF_EJECT_BYS; by++) {
		if (!rf_eject_possible((enum rf_eject_by)by, &rf->ways[slot]))
			continue;
		(void)str_format(text, sizeof(text), "eject:%s",
		    rf_eject_by_name((enum rf_eject_by)by));
		say(eject, text);
	}
}

static void
reset_ladder(const struct redfish *rf, enum redfish_reset r, cJSON *list)
{
	enum redfish_power from = r == RF_RESET_ON ? RF_POWER_OFF : RF_POWER_ON;
	unsigned refused = rf->learned.reset_refused;
	int v;

	if (!rf->links.reset_target)
		return;
	while ((v = rf_reset_choose(r, rf->reset_values, refused, from)) >= 0) {
		say(list, rf_reset_value_name((enum rf_reset_value)v));
		refused |= 1U << v;
	}
	if (r == RF_RESET_FORCE_RESTART)
		say(list, "ForceOff, then On");
}

static void
describe_ladders(const struct redfish *rf, cJSON *out)
{
	cJSON *o = json_ensure_obj(out, "ladders"), *list, *resets;
	unsigned r;

	list = list_in(o, "session");
	if (rf_session_possible(rf))
		say(list, "session token");
	say(list, "Basic");
	boot_ladder(rf, list_in(o, "boot"));
	clear_ladder(rf, list_in(o, "clear"));
	media_ladders(rf, o);
	resets = json_ensure_obj(o, "reset");
	for (r = RF_RESET_ON; r <= RF_RESET_GRACEFUL_RESTART; r++)
		reset_ladder(rf, (enum redfish_reset)r,
		    list_in(resets, redfish_reset_name((enum redfish_reset)r)));
}

cJSON *
redfish_capabilities(const struct redfish *rf)
{
	cJSON *out = cJSON_CreateObject();

	describe_service(rf, out);
	describe_system(rf, out);
	describe_power(rf, out);
	describe_boot(rf, out);
	describe_media(rf, out);
	describe_ladders(rf, out);
	return out;
}
