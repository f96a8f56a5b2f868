#include <string.h>

#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "agent/redfish/walk.h"
#include "common/json.h"
#include "common/str.h"

static void next_slot(struct redfish *rf);
static void ask_manager(struct redfish *rf);
static void finish_media(struct redfish *rf);

void
rf_free_etags(char **etags, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		xfree(etags[i]);
	xfree(etags);
}

static void
add_slot(struct redfish *rf, const char *target, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;
	char etag[RF_ETAG_CAP];
	size_t n = w->n_slots;

	w->slots = xreallocarray(w->slots, n + 1, sizeof(*w->slots));
	w->ways = xreallocarray(w->ways, n + 1, sizeof(*w->ways));
	w->etags = xreallocarray(w->etags, n + 1, sizeof(*w->etags));
	memset(&w->slots[n], 0, sizeof(w->slots[n]));
	memset(&w->ways[n], 0, sizeof(w->ways[n]));
	rf_etag_of(etag, r->etag, r->json);
	w->etags[n] = xstrdup(etag);
	rf_slot_parse(&w->slots[n], &w->ways[n], rf->origin, target, r->json);
	w->n_slots++;
}

/* Something of a slot is in it; a page without any of that is none. */
static bool
is_slot(const cJSON *media)
{
	return json_child(media, "Image") || json_child(media, "Inserted") ||
	       json_child(media, "MediaTypes") ||
	       json_child(media, "Actions") || json_child(media, "Oem");
}

static void
on_slot(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;
	const char *target = w->members.v[w->at++];

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read a virtual media slot");
		return;
	}
	if (r->ok)
		add_slot(rf, target, r);
	if (!r->ok ||
	    !is_slot(r->json)) /* one bad slot must not hide the others */
		rf_doubt(rf, RF_READ_MEDIA, r);
	next_slot(rf);
}

static bool
any_usable(const struct rf_walk *w)
{
	size_t i;

	for (i = 0; i < w->n_slots; i++)
		if (w->slots[i].usable)
			return true;
	return false;
}

static void
next_slot(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	if (w->at < w->members.n && w->n_slots < RF_SLOTS_MAX)
		rf_get(rf, w->members.v[w->at], on_slot);
	else if (!any_usable(w) && !w->manager_asked)
		ask_manager(rf);
	else
		finish_media(rf);
}

/* Supermicro X11: no slots until something is mounted by its own means. */
static void
keep_iso_config(struct redfish *rf, const cJSON *collection)
{
	const cJSON *vendor;
	const char *ref = NULL;

	cJSON_ArrayForEach (vendor, json_obj(collection, "Oem"))
		if (!ref)
			ref = json_str(
			    vendor, "VirtualMediaConfig/@odata.id", NULL);
	rf_text_keep_link(&rf->links.iso_config, rf->origin, ref);
}

static void
on_media(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "list the virtual media");
		return;
	}
	if (r->ok) {
		rf_members_add(&w->members, rf->origin, r->json);
		keep_iso_config(rf, r->json);
	} else {
		rf_doubt(rf, RF_READ_MEDIA, r);
	}
	if (r->ok && w->members.next && !w->members.truncated &&
	    ++w->pages < RF_PAGES_MAX) {
		rf_get(rf, w->members.next, on_media);
		return;
	}
	next_slot(rf);
}

static void
walk_media(struct redfish *rf, const char *collection)
{
	struct rf_walk *w = rf->op->walk;

	rf_members_fini(&w->members);
	w->at = 0;
	w->pages = 0;
	rf_get(rf, collection, on_media);
}

static void
on_manager(struct redfish *rf, const struct rf_reply *r)
{
	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the manager");
		return;
	}
	if (r->ok)
		rf_text_keep_link(&rf->links.manager_media, rf->origin,
		    json_str(r->json, "VirtualMedia/@odata.id", NULL));
	else
		rf_doubt(rf, RF_READ_MEDIA, r);
	if (rf->links.manager_media &&
	    !str_eq(rf->links.manager_media, rf->links.system_media))
		walk_media(rf, rf->links.manager_media);
	else
		finish_media(rf);
}

static void
on_managers(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "list the managers");
		return;
	}
	rf_members_fini(&w->members);
	if (r->ok)
		rf_members_add(&w->members, rf->origin, r->json);
	else
		rf_doubt(rf, RF_READ_MEDIA, r);
	if (w->members.n == 0) {
		finish_media(rf);
		return;
	}
	xreplace(&rf->links.manager, w->members.v[0]);
	ask_manager(rf);
}

/* Rule 12: ManagedBy, else Managers of the system, else those of the root. */
static void
ask_manager(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	if (rf->links.manager) {
		w->manager_asked = true;
		rf_get(rf, rf->links.manager, on_manager);
	} else if (rf->service.managers && !w->manager_asked) {
		w->manager_asked = true;
		rf_get(rf, rf->service.managers, on_managers);
	} else {
		finish_media(rf);
	}
}

static void
swap_slots(struct rf_walk *w, size_t a, size_t b)
{
	struct redfish_slot slot = w->slots[a];
	struct rf_slot_ways ways = w->ways[a];
	char *etag = w->etags[a];

	w->slots[a] = w->slots[b];
	w->ways[a] = w->ways[b];
	w->etags[a] = w->etags[b];
	w->slots[b] = slot;
	w->ways[b] = ways;
	w->etags[b] = etag;
}

static void
sort_slots(struct rf_walk *w)
{
	size_t i, k;

	for (i = 1; i < w->n_slots; i++)
		for (k = i; k > 0 && rf_slot_compare(&w->slots[k], &w->ways[k],
					 &w->slots[k - 1], &w->ways[k - 1]) < 0;
		     k--)
			swap_slots(w, k, k - 1);
}

static const char *
why_no_media(const struct rf_links *l, const struct rf_walk *w)
{
	if (any_usable(w))
		return NULL;
	if (l->share_media)
		return "virtual media only by the maker's own action, from NFS "
		       "and SMB shares: iRMC firmware with InsertMedia is "
		       "needed";
	if (l->iso_config)
		return "virtual media only by the maker's own IsoConfig: BMC "
		       "firmware with InsertMedia is needed";
	return w->n_slots > 0
		   ? "no virtual media slot takes a CD image (a licence may be "
		     "missing)"
		   : "neither the system nor its manager lists virtual media";
}

static void
finish_media(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;
	struct redfish_state *st = &rf->state;

	sort_slots(w);
	rf_text_keep(&st->media_missing, why_no_media(&rf->links, w));
	rf_slots_fini(st->slots, st->n_slots);
	rf_slot_ways_fini(rf->ways, st->n_slots);
	rf_free_etags(rf->slot_etags, st->n_slots);
	st->slots = w->slots;
	st->n_slots = w->n_slots;
	rf->ways = w->ways;
	rf->slot_etags = w->etags;
	w->slots = NULL;
	w->ways = NULL;
	w->etags = NULL;
	w->n_slots = 0;
	st->media_at_us = st->boot_at_us = rf_now(rf);
	st->parts |= RF_READ_MEDIA | RF_READ_BOOT;
	rf->links.known = true;
	rf_doubt_settle(rf);
	rf_derive_boot(rf);
	w->then(rf);
}

void
rf_walk_media(struct redfish *rf)
{
	if (rf->links.system_media)
		walk_media(rf, rf->links.system_media);
	else
		ask_manager(rf);
}
