#include "agent/redfish/slot.h"

#include <string.h>

#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define INSERT "Actions/#VirtualMedia.InsertMedia"
#define EJECT "Actions/#VirtualMedia.EjectMedia"

/* Listed by Lenovo XCC, never insertable from outside (quirk 1.5). */
static bool
internal_id(const char *id)
{
	return str_has_prefix(id, "RDOC") || str_has_prefix(id, "Remote");
}

static unsigned
schemes_of(const cJSON *list)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = { { "HTTP", RF_SCHEME_HTTP }, { "HTTPS", RF_SCHEME_HTTPS },
		{ "NFS", RF_SCHEME_NFS }, { "CIFS", RF_SCHEME_CIFS } };
	const cJSON *item;
	unsigned bits = 0;
	size_t i;

	cJSON_ArrayForEach (item, list) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (str_ieq(cJSON_GetStringValue(item), known[i].name))
				bits |= known[i].bit;
	}
	return bits;
}

static void
parse_types(struct redfish_slot *s, struct rf_slot_ways *w, const cJSON *media)
{
	const cJSON *list = json_arr(media, "MediaTypes"), *item;
	const char *type;
	bool says = false;

	s->cd = false;
	w->typed = false;
	cJSON_ArrayForEach (item, list) {
		type = cJSON_GetStringValue(item);
		says |= type != NULL;
		if (str_ieq(type, "CD") || str_ieq(type, "DVD")) {
			s->cd = true;
			w->typed = true;
		}
	}
	s->cd |= !says; /* perhaps */
}

/*
 * Image and ImageName stay after an eject on Supermicro, Inserted lags on
 * Lenovo, iLO4 has no Inserted at all.
 */
static bool
is_inserted(const struct redfish_slot *s, const cJSON *media)
{
	bool inserted;

	if (str_ieq(s->connected_via, "NotConnected"))
		return false;
	if (json_get_bool(media, "Inserted", &inserted) == JSON_GOT)
		return inserted;
	if (json_child(media, "Inserted"))
		return false; /* null */
	return s->image != NULL || s->image_name != NULL;
}

/* An OEM action whose name ends so, below Oem or Oem/<vendor>. */
static const char *
oem_action(const cJSON *media, const char *suffix)
{
	const cJSON *vendor, *action;

	cJSON_ArrayForEach (vendor, json_obj(media, "Oem")) {
		cJSON_ArrayForEach (action, json_obj(vendor, "Actions")) {
			if (str_has_suffix(action->string, suffix))
				return json_str(action, "target", NULL);
		}
	}
	return NULL;
}

static void
keep_url(char **dst, const char *s)
{
	char clean[URL_MAX];

	(void)rf_text_clean(clean, sizeof(clean), s);
	if (!str_eq(*dst, clean))
		xreplace(dst, clean[0] ? clean : NULL);
}

static void
keep_way(char **dst, const char *origin, const char *ref)
{
	if (ref)
		rf_text_keep_link(dst, origin, ref);
}

void
rf_slot_parse(struct redfish_slot *s, struct rf_slot_ways *w,
    const char *origin, const char *uri, const cJSON *media)
{
	const cJSON *insert = json_obj(media, INSERT);
	char id[RF_TEXT_MAX];
	size_t n;
	const char *segment = rf_text_segment(uri, &n);

	xreplace(&s->uri, uri);
	(void)str_format(id, sizeof(id), "%.*s", (int)(n < 100 ? n : 100),
	    segment ? segment : "");
	rf_text_keep(&s->id, json_str(media, "Id", id));
	rf_text_keep(&s->connected_via, json_str(media, "ConnectedVia", NULL));
	rf_text_keep(&s->image_name, json_str(media, "ImageName", NULL));
	/* A URL may be longer than other values are allowed to be. */
	keep_url(&s->image, json_str(media, "Image", NULL));
	parse_types(s, w, media);
	s->inserted = is_inserted(s, media);
	keep_way(&w->insert, origin, json_str(insert, "target", NULL));
	keep_way(&w->eject, origin, json_str(media, EJECT "/target", NULL));
	keep_way(&w->oem, origin, oem_action(media, "VirtualMedia.VmmControl"));
	w->verifies = json_bool(media, "VerifyCertificate", false);
	w->patch |= json_child(media, "Image") != NULL;
	w->credentials =
	    json_at(insert, "UserName@Redfish.AllowableValues") != NULL;
	s->schemes |= schemes_of(
	    json_arr(insert, "TransferProtocolType@Redfish.AllowableValues"));
	s->usable = s->cd && !internal_id(s->id ? s->id : "") &&
		    (w->insert || w->oem || w->patch);
}

static const char *
base_name(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash ? slash + 1 : url;
}

bool
redfish_slot_holds(const struct redfish_slot *s, const char *url)
{
	const char *name = base_name(url), *rest;

	if (!s->inserted)
		return false;
	if (s->image) {
		if (str_eq(s->image, url))
			return true;
		/* Without its scheme, or as "//host/path" (iRMC, X11). */
		rest = strstr(url, "://");
		if (rest && str_has_suffix(s->image, rest + 3))
			return true;
		if (strstr(s->image, "://"))
			return false; /* plainly another one */
		return name[0] && str_has_suffix(s->image, name);
	}
	return s->image_name && name[0] && str_eq(s->image_name, name);
}

static int
rank(const struct redfish_slot *s, const struct rf_slot_ways *w)
{
	if (!s->usable)
		return 9;
	return (w->typed ? 0 : 4) + (w->insert ? 0 : w->oem ? 1 : 2);
}

int
rf_slot_compare(const struct redfish_slot *a, const struct rf_slot_ways *aw,
    const struct redfish_slot *b, const struct rf_slot_ways *bw)
{
	int ra = rank(a, aw), rb = rank(b, bw);
	const char *x = a->id ? a->id : "", *y = b->id ? b->id : "";

	if (ra != rb)
		return ra - rb;
	/* "2" before "10"; iDRAC10 lists [2,1] and boots only from 1. */
	if (strlen(x) != strlen(y))
		return strlen(x) < strlen(y) ? -1 : 1;
	return strcmp(x, y);
}

void
rf_slot_ways_fini(struct rf_slot_ways *w, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		xfree(w[i].insert);
		xfree(w[i].eject);
		xfree(w[i].oem);
	}
	xfree(w);
}
