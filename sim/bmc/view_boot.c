/* Boot override, its settings object, boot options. */
#include <stdio.h>

#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

#define N_OPTIONS 3

static void
or_null(struct jw *w, const char *key, const char *v)
{
	jw_s(w, key, *v ? v : NULL);
}

/* Does this view of Boot have the property? */
static bool
shown(const struct request *rq, bool settings, const char *prop)
{
	if (!settings)
		return true;
	return !rq->p->boot_settings_props.n ||
	       strlist_has(&rq->p->boot_settings_props, prop);
}

static void
mode(struct request *rq, struct jw *w, const struct boot_override *o)
{
	if (rq->p->boot_mode == MODE_ABSENT)
		return;
	if (rq->p->boot_mode == MODE_NULL) {
		jw_null(w, "BootSourceOverrideMode");
		return;
	}
	jw_s(w, "BootSourceOverrideMode", o->mode);
	jw_strings(w, "BootSourceOverrideMode@Redfish.AllowableValues",
	    &rq->p->boot_modes);
}

static void
order(struct request *rq, struct jw *w)
{
	if (!rq->p->boot_options)
		return;
	jw_list(w, "BootOrder");
	for (unsigned i = 0; i < rq->st->n_boot_order; i++)
		jw_sf(w, NULL, "Boot%04X", rq->st->boot_order[i]);
	jw_end(w);
}

static void
override(struct request *rq, struct jw *w, const struct boot_override *o,
    bool settings)
{
	const struct strlist *targets = &rq->p->boot_targets;
	bool values = settings || rq->p->boot_values_both ||
		      rq->p->boot_resource != BOOT_ON_SETTINGS;

	if (shown(rq, settings, "BootSourceOverrideEnabled")) {
		jw_s(w, "BootSourceOverrideEnabled", o->enabled);
		if (values)
			jw_strings(w,
			    "BootSourceOverrideEnabled@Redfish."
			    "AllowableValues",
			    &rq->p->boot_enabled);
	}
	if (shown(rq, settings, "BootSourceOverrideMode"))
		mode(rq, w, o);
	if (shown(rq, settings, "BootSourceOverrideTarget")) {
		jw_s(w, "BootSourceOverrideTarget", o->target);
		if (values)
			jw_strings(w,
			    "BootSourceOverrideTarget@Redfish."
			    "AllowableValues",
			    targets);
	}
	if (strlist_has(targets, "UefiTarget") &&
	    shown(rq, settings, "UefiTargetBootSourceOverride"))
		or_null(w, "UefiTargetBootSourceOverride", o->uefi_target);
	if (strlist_has(targets, "UefiHttp") &&
	    shown(rq, settings, "HttpBootUri"))
		or_null(w, "HttpBootUri", o->http_uri);
	if (strlist_has(targets, "UefiBootNext") &&
	    shown(rq, settings, "BootNext"))
		or_null(w, "BootNext", o->boot_next);
	if (shown(rq, settings, "BootOrder"))
		order(rq, w);
}

static void
writeable(struct request *rq, struct jw *w)
{
	jw_list(w, "@Redfish.WriteableProperties");
	jw_s(w, NULL, "BootSourceOverrideEnabled");
	jw_s(w, NULL, "BootSourceOverrideTarget");
	if (rq->p->boot_mode == MODE_RW)
		jw_s(w, NULL, "BootSourceOverrideMode");
	jw_end(w);
}

void
view_boot(struct request *rq, struct jw *w)
{
	if (rq->p->boot_resource != BOOT_ON_SETTINGS)
		writeable(rq, w);
	override(rq, w, &rq->st->boot, false);
	if (rq->p->boot_options)
		jw_ref(w, "BootOptions", SYS "/BootOptions", rq->b->sys_id);
}

/* A settings object is there if something is written to it, or shown in it. */
bool
exists_settings(struct request *rq)
{
	return rq->p->boot_resource != BOOT_ON_SYSTEM ||
	       rq->p->boot_settings_props.n > 0;
}

void
view_settings(struct request *rq, struct jw *w)
{
	const struct bmc_state *st = rq->st;

	view_names(w, rq->p->boot_settings_id, "Pending Settings");
	jw_open(w, "Boot");
	override(rq, w, st->has_pending ? &st->pending : &st->boot, true);
	jw_close(w);
}

/* ---- boot options ------------------------------------------------------- */

bool
exists_boot_options(struct request *rq)
{
	return rq->p->boot_options;
}

void
view_boot_options(struct request *rq, struct jw *w)
{
	view_members(w, "Boot Options");
	for (unsigned i = 1; i <= N_OPTIONS; i++)
		jw_ref(w, NULL, "%s/Boot%04X", rq->path, i);
	view_members_end(w, N_OPTIONS);
}

bool
exists_boot_option(struct request *rq)
{
	return rq->p->boot_options && machine_boot_option(rq->arg[0]) != 0;
}

void
view_boot_option(struct request *rq, struct jw *w)
{
	static const char *const aliases[] = { "Pxe", "Hdd", "Cd" };
	unsigned n = machine_boot_option(rq->arg[0]);
	char mac[18], name[64], path[160];

	hardware_mac(&rq->b->hw, 0, mac);
	if (n == 1) {
		(void)snprintf(name, sizeof(name), "UEFI PXEv4 (MAC:%s)", mac);
		(void)snprintf(path, sizeof(path),
		    "PciRoot(0x0)/Pci(0x2,0x0)/MAC(%s,0x1)/IPv4(0.0.0.0)", mac);
	} else if (n == 2) {
		(void)str_copy(name, sizeof(name), "Hard Drive");
		(void)snprintf(path, sizeof(path),
		    "HD(1,GPT,%s,0x800,0x100000)/\\EFI\\BOOT\\BOOTX64.EFI",
		    rq->b->hw.bmc_uuid);
	} else {
		(void)str_copy(name, sizeof(name), "UEFI Virtual CD");
		(void)str_copy(path, sizeof(path),
		    "PciRoot(0x0)/Pci(0x14,0x0)/USB(0x9,0x0)");
	}
	view_names(w, rq->arg[0], name);
	jw_s(w, "BootOptionReference", rq->arg[0]);
	jw_s(w, "DisplayName", name);
	jw_s(w, "Alias", aliases[n - 1]);
	jw_s(w, "UefiDevicePath", path);
	jw_b(w, "BootOptionEnabled", !(rq->st->boot_off & 1u << n));
}
