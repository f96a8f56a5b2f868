/* What a recording tells about the knobs of its BMC. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/replay_tree.h"

#define VALUES_MAX 64

/* ---- lists --------------------------------------------------------------------- */

static void
add_strings(struct strlist *l, const cJSON *list)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, list)
		if (cJSON_IsString(c) && l->n < VALUES_MAX &&
		    !strlist_has(l, c->valuestring))
			strlist_add(l, c->valuestring);
}

/* Replaces a knob's list by what was found, if anything was. */
static void
keep_found(struct strlist *knob, struct strlist *found)
{
	if (found->n > 0)
		strlist_copy(knob, found);
	strlist_free(found);
}

static const cJSON *
linked(const struct replay *r, const cJSON *j, const char *path)
{
	char key[REPLAY_PATH];

	return replay_path(key, json_str(j, path, NULL)) ? replay_json(r, key)
							 : NULL;
}

static const cJSON *
parameter(const cJSON *info, const char *name)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(info, "Parameters"))
		if (str_eq(json_str(c, "Name", NULL), name))
			return c;
	return NULL;
}

static void
reset_types(const struct replay *r, const char *path, const char *name,
    struct strlist *knob)
{
	const cJSON *a =
	    json_child(json_obj(replay_json(r, path), "Actions"), name);
	const cJSON *info = linked(r, a, "@Redfish.ActionInfo");
	struct strlist found = { 0 };

	add_strings(&found, json_arr(a, "ResetType@Redfish.AllowableValues"));
	add_strings(
	    &found, json_arr(parameter(info, "ResetType"), "AllowableValues"));
	keep_found(knob, &found);
}

/* ---- boot ---------------------------------------------------------------------- */

static void
boot_values(const cJSON *system, const cJSON *settings, const char *name,
    struct strlist *knob)
{
	struct strlist found = { 0 };
	char key[80];

	(void)str_format(key, sizeof(key), "%s@Redfish.AllowableValues", name);
	add_strings(&found, json_arr(system, key));
	add_strings(&found, json_arr(settings, key));
	keep_found(knob, &found);
}

static void
settings_members(struct bmc_profile *p, const cJSON *settings)
{
	const cJSON *c;

	strlist_free(&p->boot_settings_props);
	cJSON_ArrayForEach (c, settings)
		if (!strchr(c->string, '@') &&
		    p->boot_settings_props.n < VALUES_MAX)
			strlist_add(&p->boot_settings_props, c->string);
}

/* Values offered in the settings object alone: the system refuses. */
static int
boot_resource(const cJSON *system, const cJSON *settings)
{
	static const char offer[] =
	    "BootSourceOverrideTarget@Redfish.AllowableValues";
	bool whole = json_child(settings, "BootSourceOverrideTarget") &&
		     json_child(settings, "BootSourceOverrideEnabled");

	if (!whole)
		return BOOT_ON_SYSTEM;
	return !json_arr(system, offer) && json_arr(settings, offer)
		   ? BOOT_ON_SETTINGS
		   : BOOT_ON_BOTH;
}

static void
boot_mode(struct bmc_profile *p, const cJSON *system, const cJSON *settings)
{
	const char *name = "BootSourceOverrideMode";
	const cJSON *m = json_child(system, name);

	if (!m)
		m = json_child(settings, name);
	if (!m)
		p->boot_mode = MODE_ABSENT;
	else if (cJSON_IsNull(m))
		p->boot_mode = MODE_NULL;
	else if (p->boot_mode == MODE_ABSENT || p->boot_mode == MODE_NULL)
		p->boot_mode = MODE_RW;
}

static bool
made_by_supermicro(const struct replay *r)
{
	const cJSON *root = replay_json(r, "/redfish/v1");

	return str_ieq(json_str(replay_json(r, r->system), "Manufacturer", ""),
		   "Supermicro") ||
	       str_ieq(json_str(root, "Vendor", ""), "Supermicro") ||
	       json_child(json_obj(root, "Oem"), "Supermicro");
}

static void
boot_knobs(const struct replay *r, struct bmc_profile *p)
{
	const cJSON *system = json_obj(replay_json(r, r->system), "Boot");
	const cJSON *settings = json_obj(replay_json(r, r->settings), "Boot");
	bool usb;

	boot_values(
	    system, settings, "BootSourceOverrideEnabled", &p->boot_enabled);
	boot_values(
	    system, settings, "BootSourceOverrideTarget", &p->boot_targets);
	boot_values(system, settings, "BootSourceOverrideMode", &p->boot_modes);
	boot_mode(p, system, settings);
	p->boot_resource = BOOT_ON_SYSTEM;
	strlist_free(&p->boot_settings_props);
	if (settings) {
		p->boot_resource = boot_resource(system, settings);
		settings_members(p, settings);
		xreplace(&p->boot_settings_id, strrchr(r->settings, '/') + 1);
	}
	/* Supermicro: Cd is a drive in the case */
	usb = strlist_has(&p->boot_targets, "UsbCd") &&
	      (made_by_supermicro(r) || !strlist_has(&p->boot_targets, "Cd"));
	xreplace(&p->boot_cd, usb ? "UsbCd" : "Cd");
	p->boot_progress =
	    json_obj(replay_json(r, r->system), "BootProgress") != NULL;
}

/* ---- virtual media ------------------------------------------------------------ */

static const cJSON *
first_slot(const struct replay *r, const char **path)
{
	const struct replay_resource *res;
	size_t i;

	for (i = 0; i < r->tree.n; i++) {
		res = r->tree.v[i].value;
		if (res->kind == REPLAY_MEDIA && res->slot == 0) {
			*path = r->tree.v[i].key;
			return res->json;
		}
	}
	return NULL;
}

static void
protocols(struct bmc_profile *p, const cJSON *list)
{
	static const char *const known[][2] = { { "HTTP", "http" },
		{ "HTTPS", "https" }, { "NFS", "nfs" }, { "CIFS", "cifs" } };
	struct strlist shown = { 0 }, found = { 0 };
	size_t i;

	add_strings(&shown, list);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlist_ihas(&shown, known[i][0]))
			strlist_add(&found, known[i][1]);
	strlist_free(&shown);
	keep_found(&p->vm_schemes, &found);
}

/* An ActionInfo lists what must and what may be sent. */
static void
insert_parameters(struct bmc_profile *p, const cJSON *info)
{
	static const char *const optional[] = { "Inserted", "WriteProtected" };
	const cJSON *c;
	size_t i;

	if (!parameter(info, "Image"))
		return;
	cJSON_ArrayForEach (c, json_arr(info, "Parameters"))
		if (json_bool(c, "Required", false) &&
		    !str_eq(json_str(c, "Name", "Image"), "Image") &&
		    !strlist_has(&p->vm_required, json_str(c, "Name", "")) &&
		    p->vm_required.n < 8)
			strlist_add(&p->vm_required, json_str(c, "Name", ""));
	for (i = 0; i < 2; i++)
		if (!parameter(info, optional[i]) &&
		    !strlist_has(&p->vm_forbidden, optional[i]))
			strlist_add(&p->vm_forbidden, optional[i]);
}

static void
media_knobs(const struct replay *r, struct bmc_profile *p)
{
	static const char insert[] = "#VirtualMedia.InsertMedia";
	const char *path = NULL;
	const cJSON *slot = first_slot(r, &path), *a, *info, *list;

	if (!slot)
		return;
	a = json_child(json_obj(slot, "Actions"), insert);
	info = linked(r, a, "@Redfish.ActionInfo");
	list = json_arr(a, "TransferProtocolType@Redfish.AllowableValues");
	if (!list)
		list = json_arr(
		    parameter(info, "TransferProtocolType"), "AllowableValues");
	protocols(p, list);
	insert_parameters(p, info);
	p->vm_late_actions = r->any_inserts != r->any_ejects;
	p->vm_empty_string = str_eq(json_str(slot, "Image", NULL), "");
	p->vm_parent = str_has_prefix(path, r->system) ? VM_SYSTEM : VM_MANAGER;
}

static void
slot_knobs(const struct replay *r, struct bmc_profile *p)
{
	size_t i;

	for (i = 0; i < p->n_slots; i++) {
		xfree(p->slots[i].id);
		xfree(p->slots[i].name);
		strlist_free(&p->slots[i].types);
	}
	memset(p->slots, 0, sizeof(p->slots));
	p->n_slots = r->n_slots;
	for (i = 0; i < r->n_slots; i++) {
		p->slots[i].id = xstrdup(r->slots[i].id);
		p->slots[i].name = xstrdup(r->slots[i].name);
		strlist_copy(&p->slots[i].types, &r->slots[i].types);
		p->slots[i].insert = r->slots[i].insert;
	}
}

/* ---- ETags, sessions ------------------------------------------------------------ */

static int
style_of(const char *tag)
{
	if (!tag[0])
		return ETAG_NONE;
	if (str_has_prefix(tag, "W/\""))
		return ETAG_WEAK;
	if (strspn(tag, "0123456789") == strlen(tag))
		return ETAG_DECIMAL;
	return str_has_prefix(tag, "\"W/'") ? ETAG_ODD : ETAG_STRONG;
}

static void
etag_knobs(const struct replay *r, struct bmc_profile *p)
{
	const char *body =
	    json_str(replay_json(r, r->system), "@odata.etag", "");

	/* a mockup without headers says nothing about them */
	if (!r->has_headers && !body[0])
		return;
	p->etag_body = body[0] != '\0';
	if (r->has_headers)
		p->etag_header = r->etag[0] != '\0';
	p->etag_style = style_of(r->etag[0] ? r->etag : body);
}

static void
session_knobs(const struct replay *r, struct bmc_profile *p)
{
	const cJSON *service = linked(
	    r, replay_json(r, "/redfish/v1"), "SessionService/@odata.id");
	int64_t s = json_i64(service, "SessionTimeout", 0);

	if (s >= 30 && s <= 86400)
		p->session_timeout_s = s;
	p->root_auth = r->root_needs_login;
}

void
replay_profile(const struct replay *r, struct bmc_profile *p)
{
	xreplace(&p->system_id, strrchr(r->system, '/') + 1);
	if (r->manager)
		xreplace(&p->manager_id, strrchr(r->manager, '/') + 1);
	reset_types(r, r->system, "#ComputerSystem.Reset", &p->reset_types);
	reset_types(r, r->manager, "#Manager.Reset", &p->manager_reset_types);
	boot_knobs(r, p);
	slot_knobs(r, p);
	media_knobs(r, p);
	etag_knobs(r, p);
	session_knobs(r, p);
}

static void
keep_text(char *out, size_t cap, const cJSON *system, const char *name)
{
	const char *s = json_str(system, name, NULL);

	if (s && strlen(s) < cap && s[0])
		(void)str_copy(out, cap, s); /* it fits */
}

void
replay_board(const struct replay *r, struct bmc *b)
{
	const cJSON *system = replay_json(r, r->system);
	struct bmc_state *st = &b->st;

	keep_text(st->asset_tag, sizeof(st->asset_tag), system, "AssetTag");
	keep_text(st->host_name, sizeof(st->host_name), system, "HostName");
	if (b->index > 0)
		return;
	keep_text(b->hw.uuid, sizeof(b->hw.uuid), system, "UUID");
	keep_text(b->hw.serial, sizeof(b->hw.serial), system, "SerialNumber");
}
