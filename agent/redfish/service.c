#include "agent/redfish/service.h"

#include <string.h>

#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

void
rf_service_fini(struct rf_service *s)
{
	xfree(s->systems);
	xfree(s->managers);
	xfree(s->sessions);
	xfree(s->events);
	xfree(s->vendor);
	xfree(s->product);
	xfree(s->redfish_version);
	memset(s, 0, sizeof(*s));
}

void
rf_links_fini(struct rf_links *l)
{
	char **const all[] = { &l->system, &l->settings, &l->manager,
		&l->reset_target, &l->reset_info, &l->system_media,
		&l->manager_media, &l->boot_options, &l->ethernet, &l->storage,
		&l->simple_storage, &l->processors, &l->memory, &l->secure_boot,
		&l->chassis, &l->logs, &l->share_media, &l->iso_config };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		xfree(*all[i]);
	memset(l, 0, sizeof(*l));
}

/* Links.Sessions is required; some have only the service, whose collection is
 * then where the specification puts it (rule 8: the one literal we know). */
static char *
sessions_link(const char *origin, const cJSON *root)
{
	char *service, *link;
	size_t n;

	link = rf_text_link(
	    origin, json_str(root, "Links/Sessions/@odata.id", NULL));
	if (link)
		return link;
	service = rf_text_link(
	    origin, json_str(root, "SessionService/@odata.id", NULL));
	if (!service)
		return NULL;
	n = strlen(service);
	link = xasprintf(
	    "%s%sSessions", service, n > 0 && service[n - 1] == '/' ? "" : "/");
	xfree(service);
	return link;
}

/* "." is NoLinks: all but what is under Links. */
static unsigned
expand_levels(const cJSON *root)
{
	const cJSON *x = json_at(root, "ProtocolFeaturesSupported/ExpandQuery");
	int64_t max = json_i64(x, "MaxLevels", 1);

	if (!json_bool(x, "NoLinks", false))
		return 0;
	return json_bool(x, "Levels", false) && max > 1 ? 2 : 1;
}

bool
rf_service_parse(
    struct rf_service *s, const char *origin, const cJSON *root, struct err *e)
{
	const cJSON *oem = json_obj(root, "Oem");
	const char *vendor = json_str(root, "Vendor", NULL);

	if (!cJSON_IsObject(root))
		return err_set(
		    e, ERR_PROTO, 0, "the service root is not a JSON object");
	rf_text_keep_link(
	    &s->systems, origin, json_str(root, "Systems/@odata.id", NULL));
	/* Absent for minutes after a BMC reset (rule 15): worth a retry. */
	if (!s->systems)
		return err_set(e, ERR_PROTO, 0,
		    "the service root shows no Systems (the BMC may be "
		    "starting)");
	rf_text_keep_link(
	    &s->managers, origin, json_str(root, "Managers/@odata.id", NULL));
	xfree(s->sessions);
	s->sessions = sessions_link(origin, root);
	rf_text_keep_link(
	    &s->events, origin, json_str(root, "EventService/@odata.id", NULL));
	if (str_empty(vendor) && oem && oem->child)
		vendor = oem->child->string; /* rule 13 */
	rf_text_keep(&s->vendor, vendor);
	rf_text_keep(&s->product, json_str(root, "Product", NULL));
	rf_text_keep(
	    &s->redfish_version, json_str(root, "RedfishVersion", NULL));
	s->expand = expand_levels(root);
	s->known = true;
	return true;
}

static bool
members_have(const struct rf_members *m, const char *link)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (str_eq(m->v[i], link))
			return true;
	return false;
}

void
rf_members_add(
    struct rf_members *m, const char *origin, const cJSON *collection)
{
	const cJSON *item;
	char *link;

	cJSON_ArrayForEach (item, json_arr(collection, "Members")) {
		if (m->n == RF_MEMBERS_MAX) {
			m->truncated = true;
			break;
		}
		link = rf_text_link(origin, json_str(item, "@odata.id", NULL));
		if (!link || members_have(m, link)) {
			xfree(link);
			continue;
		}
		m->v[m->n++] = link;
	}
	rf_text_keep_link(&m->next, origin,
	    json_str(collection, "Members@odata.nextLink", NULL));
}

void
rf_members_fini(struct rf_members *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		xfree(m->v[i]);
	xfree(m->next);
	memset(m, 0, sizeof(*m));
}
