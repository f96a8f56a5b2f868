/*
 * Writes to the system and to its settings object: the boot override with all
 * that vendors refuse about it, and a few plain properties.
 */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

#define P_ENABLED "Boot/BootSourceOverrideEnabled"
#define P_TARGET "Boot/BootSourceOverrideTarget"
#define P_MODE "Boot/BootSourceOverrideMode"
#define P_UEFI "Boot/UefiTargetBootSourceOverride"
#define P_NEXT "Boot/BootNext"
#define P_HTTP "Boot/HttpBootUri"
#define P_ORDER "Boot/BootOrder"

struct system_stage {
	struct boot_override boot;
	bool enabled, target, mode, uefi, order, other; /* given and good */
	bool settings; /* the write is to the settings object */
	uint8_t boot_order[BOOT_OPTIONS], n_order;
	char asset_tag[64], host_name[64];
	bool locator;
};

static struct system_stage *
stage(struct request *rq)
{
	return rq->stage;
}

/* May boot properties be written here, and now? */
static bool
boot_here(struct request *rq, const char *path)
{
	bool settings = stage(rq)->settings;
	const char *name = strrchr(path, '/') + 1;

	if (machine_in_post(rq->b) && rq->p->boot_post_lock)
		return request_refuse(
		    rq, REF_BOOT_POST_LOCK, path, name, NULL, NULL);
	if (!settings && rq->p->boot_resource == BOOT_ON_SETTINGS)
		return request_refuse(
		    rq, REF_BOOT_READ_ONLY, path, name, NULL, NULL);
	if (settings && rq->p->boot_settings_props.n &&
	    !strlist_has(&rq->p->boot_settings_props, name))
		return request_refuse(
		    rq, REF_PROPERTY_UNKNOWN, path, name, NULL, NULL);
	return true;
}

static bool
one_of(struct request *rq, const char *path, const cJSON *v,
    const struct strlist *known, char *out, size_t cap)
{
	const char *name = strrchr(path, '/') + 1;

	if (!boot_here(rq, path) || !patch_str(rq, path, v, out, cap))
		return false;
	if (strlist_has(known, out))
		return true;
	request_say(rq, REF_PROPERTY_VALUE, path, out, name, NULL);
	/* half an override would be a surprise: all or nothing */
	rq->failed = true;
	return false;
}

static bool
set_enabled(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	s->enabled = one_of(rq, P_ENABLED, v, &rq->p->boot_enabled,
	    s->boot.enabled, sizeof(s->boot.enabled));
	return s->enabled;
}

static bool
set_target(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	s->target = one_of(rq, P_TARGET, v, &rq->p->boot_targets,
	    s->boot.target, sizeof(s->boot.target));
	return s->target;
}

static bool
set_mode(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	if (rq->p->boot_mode == MODE_ABSENT)
		return request_refuse(rq, REF_PROPERTY_UNKNOWN, P_MODE,
		    "BootSourceOverrideMode", NULL, NULL);
	if (rq->p->boot_mode != MODE_RW)
		return request_refuse(rq, REF_BOOT_MODE_READ_ONLY, P_MODE,
		    "BootSourceOverrideMode", NULL, NULL);
	s->mode = one_of(rq, P_MODE, v, &rq->p->boot_modes, s->boot.mode,
	    sizeof(s->boot.mode));
	return s->mode;
}

static bool
set_uefi(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	s->uefi = boot_here(rq, P_UEFI) &&
		  patch_str(rq, P_UEFI, v, s->boot.uefi_target,
		      sizeof(s->boot.uefi_target));
	return s->uefi;
}

static bool
set_next(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	return boot_here(rq, P_NEXT) &&
	       patch_str(
		   rq, P_NEXT, v, s->boot.boot_next, sizeof(s->boot.boot_next));
}

static bool
set_http(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);

	return boot_here(rq, P_HTTP) &&
	       patch_str(
		   rq, P_HTTP, v, s->boot.http_uri, sizeof(s->boot.http_uri));
}

static bool
set_order(struct request *rq, const cJSON *v)
{
	struct system_stage *s = stage(rq);
	const cJSON *c;

	if (!boot_here(rq, P_ORDER))
		return false;
	s->n_order = 0;
	cJSON_ArrayForEach (c, v) {
		unsigned n =
		    cJSON_IsString(c) ? machine_boot_option(c->valuestring) : 0;

		if (!n || s->n_order == BOOT_OPTIONS) {
			request_say(rq, REF_PROPERTY_VALUE, P_ORDER,
			    cJSON_IsString(c) ? c->valuestring : "(no text)",
			    "BootOrder", NULL);
			return false;
		}
		s->boot_order[s->n_order++] = (uint8_t)n;
	}
	s->order = cJSON_IsArray(v);
	return s->order;
}

static bool
set_asset(struct request *rq, const cJSON *v)
{
	stage(rq)->other = true;
	return patch_str(rq, "AssetTag", v, stage(rq)->asset_tag,
	    sizeof(stage(rq)->asset_tag));
}

static bool
set_host_name(struct request *rq, const cJSON *v)
{
	stage(rq)->other = true;
	return patch_str(rq, "HostName", v, stage(rq)->host_name,
	    sizeof(stage(rq)->host_name));
}

static bool
set_locator(struct request *rq, const cJSON *v)
{
	stage(rq)->other = true;
	return patch_bool(
	    rq, "LocationIndicatorActive", v, &stage(rq)->locator);
}

/* ---- together ----------------------------------------------------------- */

static const char *
missing_of_triple(const struct system_stage *s)
{
	return !s->target    ? "BootSourceOverrideTarget"
	       : !s->enabled ? "BootSourceOverrideEnabled"
	       : !s->mode    ? "BootSourceOverrideMode"
			     : NULL;
}

static bool
fits_together(struct request *rq, const struct system_stage *s)
{
	bool mode_counts = rq->p->boot_mode == MODE_RW;

	if (rq->failed)
		return false;
	if (!s->enabled && !s->target && !s->mode)
		return true;
	if (rq->p->boot_triple && mode_counts && missing_of_triple(s))
		return request_refuse(rq, REF_BOOT_TRIPLE, "Boot",
		    missing_of_triple(s), NULL, NULL);
	/* iRMC: None goes alone; iLO5: None cannot be Once */
	if (rq->p->boot_none_conflict && s->target &&
	    str_eq(s->boot.target, "None") && (s->enabled || s->mode) &&
	    !str_eq(s->boot.enabled, "Disabled"))
		return request_refuse(rq, REF_BOOT_NONE_ENABLED, P_TARGET,
		    "BootSourceOverrideTarget", "BootSourceOverrideEnabled",
		    NULL);
	if (rq->p->boot_uefi_alone && s->target && s->enabled &&
	    str_eq(s->boot.target, "UefiTarget"))
		return request_refuse(rq, REF_BOOT_UEFI_TARGET, P_TARGET,
		    "BootSourceOverrideTarget", "BootSourceOverrideEnabled",
		    NULL);
	return true;
}

/* What firmware makes of what was not said. */
static void
complete(struct request *rq, struct system_stage *s)
{
	struct boot_override *o = &s->boot;

	if (rq->p->boot_silent_revert && s->target) {
		/* Supermicro: no Enabled means Once, no Mode means Legacy */
		if (!s->enabled)
			(void)str_copy(o->enabled, sizeof(o->enabled), "Once");
		if (!s->mode && rq->p->boot_mode == MODE_RW)
			(void)str_copy(o->mode, sizeof(o->mode), "Legacy");
	}
	if (str_eq(o->enabled, "Disabled") && s->enabled) {
		(void)str_copy(o->target, sizeof(o->target), "None");
		o->uefi_target[0] = o->boot_next[0] = '\0';
	}
	if (s->target && str_eq(o->target, "None"))
		(void)str_copy(o->enabled, sizeof(o->enabled), "Disabled");
}

static bool
commit(struct request *rq)
{
	struct system_stage *s = stage(rq);
	struct bmc *b = rq->b;

	if (!fits_together(rq, s))
		return false;
	if (rq->dry)
		return true;
	complete(rq, s);
	if (s->settings) {
		b->st.pending = s->boot;
		b->st.has_pending = true;
	} else {
		b->st.boot = s->boot;
	}
	if (s->order) {
		memcpy(
		    b->st.boot_order, s->boot_order, sizeof(b->st.boot_order));
		b->st.n_boot_order = s->n_order;
	}
	memcpy(b->st.asset_tag, s->asset_tag, sizeof(s->asset_tag));
	memcpy(b->st.host_name, s->host_name, sizeof(s->host_name));
	b->st.locator = s->locator;
	bmc_changed(b);
	if (s->enabled || s->target || s->mode)
		journal_notef(b, BMC_EV_BOOT_OVERRIDE, "%s %s %s%s",
		    s->boot.enabled, s->boot.target, s->boot.mode,
		    s->settings ? " (pending)" : "");
	return true;
}

static const struct patch_row boot_rows[] = {
	{ P_ENABLED, set_enabled, false },
	{ P_TARGET, set_target, false },
	{ P_MODE, set_mode, false },
	{ P_UEFI, set_uefi, false },
	{ P_NEXT, set_next, false },
	{ P_HTTP, set_http, false },
	{ P_ORDER, set_order, false },
	{ "AssetTag", set_asset, false },
	{ "HostName", set_host_name, false },
	{ "LocationIndicatorActive", set_locator, false },
};
#define N_BOOT_ROWS 7 /* those of the settings object */

static void
start(struct request *rq, bool settings)
{
	const struct bmc_state *st = &rq->b->st;
	struct patch_def d = { boot_rows,
		settings ? N_BOOT_ROWS
			 : sizeof(boot_rows) / sizeof(boot_rows[0]),
		commit };
	struct system_stage s = { .settings = settings };

	s.boot = settings && st->has_pending ? st->pending : st->boot;
	memcpy(s.asset_tag, st->asset_tag, sizeof(s.asset_tag));
	memcpy(s.host_name, st->host_name, sizeof(s.host_name));
	s.locator = st->locator;
	/* only what is shown can be written */
	patch_run(rq, &d, &s);
}

void
act_patch_system(struct request *rq)
{
	start(rq, false);
}

void
act_patch_settings(struct request *rq)
{
	start(rq, true);
}

/* ---- a boot option ------------------------------------------------------ */

static bool
set_option_enabled(struct request *rq, const cJSON *v)
{
	return patch_bool(rq, "BootOptionEnabled", v, rq->stage);
}

static bool
commit_option(struct request *rq)
{
	const bool *on = rq->stage;
	uint8_t bit = (uint8_t)(1u << machine_boot_option(rq->arg[0]));

	if (rq->dry)
		return true;
	if (*on)
		rq->b->st.boot_off &= (uint8_t)~bit;
	else
		rq->b->st.boot_off |= bit;
	bmc_changed(rq->b);
	return true;
}

static const struct patch_row option_rows[] = {
	{ "BootOptionEnabled", set_option_enabled, false },
};
static const struct patch_def option_def = { option_rows, 1, commit_option };

void
act_patch_boot_option(struct request *rq)
{
	bool on = true;

	patch_run(rq, &option_def, &on);
}
