/*
 * A member is overlaid where the recording has it, whatever it held: what a
 * BMC does not show, its replay does not show either.
 */
#include "sim/bmc/replay_view.h"

#include <string.h>

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/replay_tree.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/task.h"
#include "sim/bmc/view.h"

/* ---- members ------------------------------------------------------------------- */

static void
set_text(cJSON *o, const char *key, const char *s)
{
	if (json_child(o, key))
		json_set(
		    o, key, s ? cJSON_CreateString(s) : cJSON_CreateNull());
}

static void
set_bool(cJSON *o, const char *key, bool v)
{
	if (json_child(o, key))
		json_set_bool(o, key, v);
}

static void
set_time(cJSON *o, const char *key, int64_t wall_us)
{
	char text[RFC3339_CAP];

	rfc3339_s(text, wall_us);
	set_text(o, key, text);
}

static const char *
or_null(const char *s)
{
	return *s ? s : NULL;
}

/* ---- the system ------------------------------------------------------------------ */

/* Only where each of its entries is one that this machine has. */
static void
set_order(cJSON *boot, const struct bmc_state *st)
{
	const cJSON *c, *list = json_arr(boot, "BootOrder");
	cJSON *order;
	char text[16];

	if (!list || !list->child)
		return;
	cJSON_ArrayForEach (c, list)
		if (!cJSON_IsString(c) || !machine_boot_option(c->valuestring))
			return;
	order = cJSON_CreateArray();
	for (unsigned i = 0; i < st->n_boot_order; i++) {
		(void)str_format(
		    text, sizeof(text), "Boot%04X", st->boot_order[i]);
		(void)cJSON_AddItemToArray(order, cJSON_CreateString(text));
	}
	json_set(boot, "BootOrder", order);
}

static void
set_boot(cJSON *boot, const struct request *rq, const struct boot_override *o)
{
	set_text(boot, "BootSourceOverrideEnabled", o->enabled);
	set_text(boot, "BootSourceOverrideTarget", o->target);
	if (rq->p->boot_mode != MODE_NULL)
		set_text(boot, "BootSourceOverrideMode", o->mode);
	set_text(boot, "UefiTargetBootSourceOverride", or_null(o->uefi_target));
	set_text(boot, "BootNext", or_null(o->boot_next));
	set_text(boot, "HttpBootUri", or_null(o->http_uri));
	set_order(boot, rq->st);
}

static void
set_system(cJSON *j, const struct request *rq)
{
	const struct bmc_state *st = rq->st;
	cJSON *boot = json_at_mut(j, "Boot"),
	      *p = json_at_mut(j, "BootProgress");

	set_text(j, "PowerState", view_power_shown(rq));
	set_time(j, "LastResetTime", st->reset_wall_us);
	set_text(j, "AssetTag", or_null(st->asset_tag));
	set_text(j, "HostName", or_null(st->host_name));
	set_text(j, "UUID", rq->b->hw.uuid);
	set_text(j, "SerialNumber", rq->b->hw.serial);
	set_bool(j, "LocationIndicatorActive", st->locator);
	set_text(p, "LastState", boot_progress_name(st->progress));
	set_time(p, "LastStateTime", st->progress_wall_us);
	if (cJSON_IsObject(boot))
		set_boot(boot, rq, &st->boot);
}

static void
set_settings(cJSON *j, const struct request *rq)
{
	const struct bmc_state *st = rq->st;

	set_boot(json_at_mut(j, "Boot"), rq,
	    st->has_pending ? &st->pending : &st->boot);
}

/* ---- virtual media ---------------------------------------------------------------- */

static void
set_image(cJSON *j, const struct request *rq, const struct slot_state *s)
{
	const char *empty = rq->p->vm_empty_string ? "" : NULL, *name;
	char *base;

	if (!s->image) {
		set_text(j, "Image", empty);
		set_text(j, "ImageName", empty);
		return;
	}
	name = strrchr(s->image, '/');
	name = name ? name + 1 : s->image;
	base = xstrndup(name, strcspn(name, "?"));
	set_text(j, "Image", s->image);
	set_text(j, "ImageName", base);
	xfree(base);
}

/* ".../VirtualMedia.InsertMedia" of one action is ".../VirtualMedia.EjectMedia"
 * of the other. */
static char *
sibling(const char *target, const char *name)
{
	const char *dot = strrchr(target, '.');
	size_t n = dot ? (size_t)(dot - target) : strlen(target);

	return xasprintf("%.*s%s", (int)n, target, strrchr(name, '.'));
}

/* Of those that show one action at a time. */
static void
late_action(cJSON *j, const struct slot_state *s)
{
	static const char *const names[] = { "#VirtualMedia.InsertMedia",
		"#VirtualMedia.EjectMedia" };
	const char *want = names[s->inserted], *other = names[!s->inserted];
	cJSON *actions = json_at_mut(j, "Actions"), *action;
	const char *shown =
	    json_str(json_child(actions, other), "target", NULL);
	char *target;

	if (!shown)
		return;
	if (!json_child(actions, want)) {
		target = sibling(shown, want);
		action = cJSON_CreateObject();
		json_set_str(action, "target", target);
		json_set(actions, want, action);
		xfree(target);
	}
	json_set(actions, other, NULL);
}

static void
set_media(cJSON *j, const struct request *rq)
{
	int slot = media_slot_of(rq);
	const struct slot_state *s;

	if (slot < 0)
		return;
	s = &rq->st->slots[slot];
	set_image(j, rq, s);
	set_text(j, "ConnectedVia", s->connected ? "URI" : "NotConnected");
	set_bool(j, "Inserted", s->inserted);
	set_bool(j, "WriteProtected", s->write_protected || !s->inserted);
	set_text(j, "UserName", s->user);
	set_text(j, "TransferProtocolType", s->protocol);
	set_text(j, "TransferMethod", s->method);
	set_bool(j, "VerifyCertificate", s->verify_certificate);
	if (rq->p->vm_late_actions)
		late_action(j, s);
}

/* ---- NICs, sessions, tasks --------------------------------------------------------- */

static const char *
mac_of(const struct bmc *b, const char *recorded, char out[18])
{
	uint8_t mac[6];
	char hex[13];
	size_t n = 0;

	for (const char *s = recorded; *s && n < 12; s++)
		if (*s != ':' && *s != '-')
			hex[n++] = *s;
	hex[n] = '\0';
	if (n != 12 || !hex_decode(hex, mac, 6))
		return recorded;
	/* In the maker's half: NICs of one board count up in the other. */
	mac[0] |= 2;
	mac[1] ^= (uint8_t)(b->index >> 8);
	mac[2] ^= (uint8_t)b->index;
	mac[0] ^= (uint8_t)(b->board << 2);
	(void)str_format(out, 18, "%02X:%02X:%02X:%02X:%02X:%02X", mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	return out;
}

/* One recording may serve many BMCs, which are not the same machine. */
static void
set_nic(cJSON *j, const struct request *rq)
{
	static const char *const keys[] = { "MACAddress",
		"PermanentMACAddress" };
	const char *mac;
	char text[18], other[18];

	if (rq->b->index == 0 && rq->b->board == 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		mac = json_str(j, keys[i], NULL);
		if (!mac || !str_copy(other, sizeof(other), mac))
			continue;
		json_set_str(j, keys[i], mac_of(rq->b, other, text));
	}
}

static void
member(cJSON *members, const char *base, const char *id)
{
	char uri[128];
	cJSON *ref = cJSON_CreateObject();

	(void)str_format(uri, sizeof(uri), "%s/%s", base, id);
	json_set_str(ref, "@odata.id", uri);
	(void)cJSON_AddItemToArray(members, ref);
}

static void
set_members(cJSON *j, cJSON *members)
{
	json_set_i64(j, "Members@odata.count", cJSON_GetArraySize(members));
	json_set(j, "Members@odata.nextLink", NULL);
	json_set(j, "Members", members);
}

static void
set_sessions(cJSON *j, const struct request *rq)
{
	cJSON *members = cJSON_CreateArray();
	const struct session *s;

	session_sweep(rq->b);
	TAILQ_FOREACH (s, &rq->b->sessions, link)
		member(members, V1 "/SessionService/Sessions", s->id);
	set_members(j, members);
}

static void
set_tasks(cJSON *j, const struct request *rq)
{
	cJSON *members = cJSON_CreateArray();
	const struct task *t;

	TAILQ_FOREACH (t, &rq->b->tasks, link)
		if (task_get(rq->b, t->id))
			member(members, V1 "/TaskService/Tasks", t->id);
	set_members(j, members);
}

/* ---- together ---------------------------------------------------------------------- */

static void
overlay(cJSON *j, const struct request *rq, enum replay_kind kind)
{
	switch (kind) {
	case REPLAY_SYSTEM:
		set_system(j, rq);
		break;
	case REPLAY_SETTINGS:
		set_settings(j, rq);
		break;
	case REPLAY_MEDIA:
		set_media(j, rq);
		break;
	case REPLAY_NIC:
		set_nic(j, rq);
		break;
	case REPLAY_SESSIONS:
		set_sessions(j, rq);
		break;
	case REPLAY_TASKS:
		set_tasks(j, rq);
		break;
	case REPLAY_STATIC:
	case REPLAY_ROOT:
	case REPLAY_MANAGER:
	case REPLAY_RESET:
	case REPLAY_INSERT:
	case REPLAY_EJECT:
	case REPLAY_VMM_CONTROL:
	case REPLAY_MANAGER_RESET:
	case REPLAY_KINDS:
		break;
	}
}

/* Warnings of a PATCH that did some of what it was asked. */
static void
add_messages(cJSON *j, const struct request *rq)
{
	char *text;
	cJSON *list;

	if (!rq->n_messages || rq->failed)
		return;
	text = xasprintf("[%s]", buf_str(&rq->messages));
	list = json_parse(text, strlen(text), NULL);
	json_set(j, "@Message.ExtendedInfo", list);
	xfree(text);
}

static void
add_etag(cJSON *j, const struct request *rq)
{
	char tag[ETAG_CAP], *text;

	json_set(j, "@odata.etag", NULL);
	if (!rq->p->etag_body || rq->p->etag_style == ETAG_NONE)
		return;
	text = json_print(j);
	/* of what stands before it: etag_of() stops there in the whole body */
	etag_of(rq, text, strlen(text) - 1, tag);
	xfree(text);
	json_set_str(j, "@odata.etag", tag);
}

void
replay_view(struct request *rq, struct jw *w)
{
	const struct replay_resource *res =
	    map_get(&rq->b->fleet->replay->tree, rq->path);
	cJSON *j = json_dup(res->json);
	char *text;

	overlay(j, rq, res->kind);
	add_messages(j, rq);
	add_etag(j, rq);
	text = json_print(j);
	(void)buf_adds(w->out, text); /* its overflow is looked at when sent */
	xfree(text);
	cJSON_Delete(j);
}
