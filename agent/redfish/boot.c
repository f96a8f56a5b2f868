#include "agent/redfish/boot.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

static const struct {
	const char *name;
	unsigned bit;
} targets[] = {
	{ "None", RF_TARGET_NONE },
	{ "Cd", RF_TARGET_CD },
	{ "UsbCd", RF_TARGET_USB_CD },
	{ "Hdd", RF_TARGET_HDD },
	{ "UefiTarget", RF_TARGET_UEFI },
	{ "UefiBootNext", RF_TARGET_BOOT_NEXT },
};
#define N_TARGETS (sizeof(targets) / sizeof(targets[0]))

static unsigned
target_bit(const char *name)
{
	size_t i;

	for (i = 0; name && i < N_TARGETS; i++)
		if (str_eq(name, targets[i].name))
			return targets[i].bit;
	return 0;
}

const char *
rf_boot_target_name(unsigned bit)
{
	size_t i;

	for (i = 0; i < N_TARGETS; i++)
		if (targets[i].bit == bit)
			return targets[i].name;
	return "?";
}

const char *
rf_boot_place_name(enum rf_boot_place p)
{
	return p == RF_PLACE_SETTINGS ? "settings" : "system";
}

static enum redfish_override
override_of(const char *s)
{
	if (str_eq(s, "Disabled"))
		return RF_OVERRIDE_DISABLED;
	if (str_eq(s, "Once"))
		return RF_OVERRIDE_ONCE;
	if (str_eq(s, "Continuous"))
		return RF_OVERRIDE_CONTINUOUS;
	return RF_OVERRIDE_UNKNOWN;
}

static enum redfish_boot_mode
mode_of(const char *s)
{
	if (str_ieq(s, "UEFI"))
		return RF_MODE_UEFI;
	if (str_ieq(s, "Legacy"))
		return RF_MODE_LEGACY;
	return RF_MODE_UNKNOWN;
}

void
rf_boot_parse(struct rf_boot_view *v, const cJSON *system)
{
	const cJSON *boot = json_obj(system, "Boot"), *item;
	const char *s;

	memset(v, 0, sizeof(*v));
	if (!boot)
		return;
	v->has_enabled = json_child(boot, "BootSourceOverrideEnabled") != NULL;
	v->has_target = json_child(boot, "BootSourceOverrideTarget") != NULL;
	v->has_mode = json_child(boot, "BootSourceOverrideMode") != NULL;
	v->present = v->has_enabled || v->has_target;
	v->enabled =
	    override_of(json_str(boot, "BootSourceOverrideEnabled", NULL));
	v->mode = mode_of(json_str(boot, "BootSourceOverrideMode", NULL));
	s = json_str(boot, "BootSourceOverrideTarget", "");
	(void)str_copy(v->target, sizeof(v->target), s);
	cJSON_ArrayForEach (item,
	    json_arr(boot, "BootSourceOverrideTarget@Redfish.AllowableValues"))
		v->targets |= target_bit(cJSON_GetStringValue(item));
	cJSON_ArrayForEach (
	    item, json_arr(boot,
		      "BootSourceOverrideEnabled@Redfish.AllowableValues")) {
		s = cJSON_GetStringValue(item);
		if (override_of(s) != RF_OVERRIDE_UNKNOWN)
			v->enableds |= 1U << override_of(s);
	}
}

bool
rf_boot_armed(const struct rf_boot_view *v)
{
	if (!v->present || v->enabled == RF_OVERRIDE_DISABLED ||
	    v->target[0] == '\0' || str_eq(v->target, "None"))
		return false;
	return !(
	    v->enabled == RF_OVERRIDE_CONTINUOUS && str_eq(v->target, "Hdd"));
}

bool
rf_boot_armed_cd(const struct rf_boot_view *v)
{
	return rf_boot_armed(v) &&
	       (target_bit(v->target) & (RF_TARGET_CD | RF_TARGET_USB_CD)) != 0;
}

static bool
view_whole(const struct rf_boot_view *v)
{
	return v->has_enabled && v->has_target;
}

bool
rf_boot_contradicted(
    const struct rf_boot_view *system, const struct rf_boot_view *settings)
{
	return rf_boot_armed(system) && view_whole(settings) &&
	       settings->enabled == RF_OVERRIDE_DISABLED;
}

bool
rf_boot_offered_in_settings(
    const struct rf_boot_view *system, const struct rf_boot_view *settings)
{
	return view_whole(settings) && settings->targets != 0 &&
	       settings->enableds != 0 && system->targets == 0 &&
	       system->enableds == 0;
}

/* ---- the ladder ----------------------------------------------------------- */

static void
add_target(struct rf_boot_ladder *l, unsigned bit, unsigned offered)
{
	unsigned i;

	if (offered != 0 && !(offered & bit))
		return;
	for (i = 0; i < l->n_targets; i++)
		if (l->targets[i] == bit)
			return;
	if (l->n_targets < RF_BOOT_TARGETS)
		l->targets[l->n_targets++] = bit;
}

static void
choose_targets(struct rf_boot_ladder *l, const struct rf_boot_hints *h)
{
	unsigned offered = h->system->targets;

	if (h->settings)
		offered |= h->settings->targets; /* rule 18: the union */
	if (h->worked)
		add_target(l, h->worked->target, 0);
	if (h->usb_cd_first && (offered & RF_TARGET_USB_CD))
		add_target(l, RF_TARGET_USB_CD, offered);
	add_target(l, RF_TARGET_CD, offered);
	if (offered & RF_TARGET_USB_CD)
		add_target(l, RF_TARGET_USB_CD, offered);
	/* Never guessed: these name one entry of the boot menu. */
	if (h->boot_options && (offered & RF_TARGET_UEFI))
		add_target(l, RF_TARGET_UEFI, offered);
	if (h->boot_options && (offered & RF_TARGET_BOOT_NEXT))
		add_target(l, RF_TARGET_BOOT_NEXT, offered);
	if (l->n_targets == 0)
		l->targets[l->n_targets++] = RF_TARGET_CD;
}

static void
choose_places(struct rf_boot_ladder *l, const struct rf_boot_hints *h)
{
	bool settings = h->settings && h->settings->has_target;
	bool settings_first = settings && h->settings->has_enabled;

	if (h->worked && (settings || h->worked->place == RF_PLACE_SYSTEM))
		settings_first = h->worked->place == RF_PLACE_SETTINGS;
	if (settings && settings_first)
		l->places[l->n_places++] = RF_PLACE_SETTINGS;
	if (h->system->present || !settings)
		l->places[l->n_places++] = RF_PLACE_SYSTEM;
	if (settings && !settings_first)
		l->places[l->n_places++] = RF_PLACE_SETTINGS;
}

static enum rf_boot_shape
first_shape(const struct rf_boot_ladder *l)
{
	if (l->mode_wanted || l->mode_shown)
		return RF_SHAPE_FULL;
	return RF_SHAPE_NO_MODE;
}

static enum redfish_override
first_enabled(const struct rf_boot_ladder *l)
{
	return l->once_refused ? RF_OVERRIDE_CONTINUOUS : RF_OVERRIDE_ONCE;
}

static void
start_at(struct rf_boot_ladder *l)
{
	l->way.place = l->places[l->at_place];
	l->way.target = l->targets[l->at_target];
	l->way.enabled = first_enabled(l);
	l->way.shape = first_shape(l);
	if (l->mode_refused && l->way.shape == RF_SHAPE_FULL)
		l->way.shape = RF_SHAPE_NO_MODE;
}

void
rf_boot_ladder_init(struct rf_boot_ladder *l, const struct rf_boot_hints *h)
{
	enum redfish_boot_mode shown = h->system->mode;
	unsigned enableds = h->system->enableds;

	memset(l, 0, sizeof(*l));
	if (h->settings) {
		enableds |= h->settings->enableds;
		if (shown == RF_MODE_UNKNOWN)
			shown = h->settings->mode;
	}
	l->mode_wanted = h->mode != RF_MODE_UNKNOWN;
	l->mode_shown =
	    h->system->has_mode || (h->settings && h->settings->has_mode);
	l->mode = l->mode_wanted ? h->mode : shown;
	if (l->mode == RF_MODE_UNKNOWN)
		l->mode = RF_MODE_UEFI; /* AMI: null until the triple is set */
	l->once_refused = enableds != 0 &&
			  !(enableds & (1U << RF_OVERRIDE_ONCE)) &&
			  (enableds & (1U << RF_OVERRIDE_CONTINUOUS));
	choose_targets(l, h);
	choose_places(l, h);
	start_at(l);
	if (h->worked) {
		l->way.shape = h->worked->shape;
		l->way.enabled = h->worked->enabled;
		if (l->mode_wanted)
			l->way.shape = RF_SHAPE_FULL;
	}
}

static bool
next_place(struct rf_boot_ladder *l)
{
	if (l->at_place + 1 >= l->n_places)
		return false;
	l->at_place++;
	l->at_target = 0;
	start_at(l);
	return true;
}

static bool
next_target(struct rf_boot_ladder *l)
{
	if (l->at_target + 1 >= l->n_targets)
		return next_place(l);
	l->at_target++;
	start_at(l);
	return true;
}

/* Full, then without Mode, then Target alone; then another target. */
static bool
next_shape(struct rf_boot_ladder *l)
{
	if (l->way.shape + 1 >= RF_SHAPES)
		return next_target(l);
	l->way.shape++;
	/* Where the user named a mode, the later shapes are tried all the
	 * same: reading back decides whether the mode is the wanted one. */
	return true;
}

bool
rf_boot_refused_here(const struct rf_ext *x)
{
	if (rf_ext_has(x, RF_NO_ELSEWHERE))
		return true;
	return rf_ext_has(x, RF_NO_READ_ONLY) &&
	       (rf_ext_names(x, "Boot") ||
		   rf_ext_names(x, "BootSourceOverrideTarget") ||
		   rf_ext_names(x, "BootSourceOverrideEnabled"));
}

bool
rf_boot_ladder_next(
    struct rf_boot_ladder *l, int status, const struct rf_ext *x)
{
	if (!x)
		return next_shape(l);
	if (status == 404 || status == 405 || status == 501 ||
	    rf_boot_refused_here(x))
		return next_place(l);
	if (l->way.shape == RF_SHAPE_FULL &&
	    rf_ext_names(x, "BootSourceOverrideMode")) {
		l->mode_refused = true;
		l->way.shape = RF_SHAPE_NO_MODE;
		return true;
	}
	if (l->way.enabled == RF_OVERRIDE_ONCE &&
	    rf_ext_blames(x, RF_NO_VALUE, "BootSourceOverrideEnabled")) {
		l->once_refused = true;
		l->way.enabled = RF_OVERRIDE_CONTINUOUS;
		return true;
	}
	if (rf_ext_blames(x, RF_NO_VALUE, "BootSourceOverrideTarget"))
		return next_target(l);
	return next_shape(l);
}

static const char *
mode_text(enum redfish_boot_mode m)
{
	return m == RF_MODE_LEGACY ? "Legacy" : "UEFI";
}

cJSON *
rf_boot_body(
    const struct rf_boot_ladder *l, const char *option, const char *path)
{
	cJSON *body = cJSON_CreateObject(), *boot;
	const struct rf_boot_way *w = &l->way;

	boot = json_ensure_obj(body, "Boot");
	json_set_str(
	    boot, "BootSourceOverrideTarget", rf_boot_target_name(w->target));
	if (w->shape != RF_SHAPE_TARGET)
		json_set_str(boot, "BootSourceOverrideEnabled",
		    redfish_override_name(w->enabled));
	if (w->shape == RF_SHAPE_FULL)
		json_set_str(
		    boot, "BootSourceOverrideMode", mode_text(l->mode));
	if (w->target == RF_TARGET_UEFI)
		json_set_str(boot, "UefiTargetBootSourceOverride", path);
	if (w->target == RF_TARGET_BOOT_NEXT)
		json_set_str(boot, "BootNext", option);
	return body;
}

/*
 * Rule 19. Disabled alone is what most take; AMI wants all three even to
 * disable; iRMC answers 500 to None with anything beside it; sushy-tools has
 * no Disabled, and Hdd is its usual order.
 */
bool
rf_boot_clear_body(unsigned i, const struct rf_boot_view *v, cJSON **body)
{
	static const struct {
		const char *enabled, *target;
		bool mode;
	} ways[] = {
		{ "Disabled", NULL, false },
		{ "Disabled", "None", false },
		{ "Disabled", "None", true },
		{ NULL, "None", false },
		{ NULL, "Hdd", false },
	};
	cJSON *boot;

	if (i >= sizeof(ways) / sizeof(ways[0]))
		return false;
	*body = cJSON_CreateObject();
	boot = json_ensure_obj(*body, "Boot");
	if (ways[i].enabled)
		json_set_str(
		    boot, "BootSourceOverrideEnabled", ways[i].enabled);
	if (ways[i].target)
		json_set_str(boot, "BootSourceOverrideTarget", ways[i].target);
	if (ways[i].mode)
		json_set_str(
		    boot, "BootSourceOverrideMode", mode_text(v->mode));
	return true;
}
