/* Root and sessions. */
#include <string.h>

#include "common/str.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/view.h"

#define SCHEMAS "http://redfish.dmtf.org/schemas/v1/"

void
view_versions(struct request *rq, struct jw *w)
{
	(void)rq;
	jw_open(w, NULL);
	jw_s(w, "v1", V1 "/");
	jw_close(w);
}

static void
root_uuid(struct request *rq, struct jw *w)
{
	const char *u = rq->p->root_uuid;

	if (str_eq(u, "board"))
		jw_s(w, "UUID", rq->b->hw.service_uuid);
	else if (str_eq(u, "null"))
		jw_null(w, "UUID");
	else if (!str_eq(u, "missing"))
		jw_s(w, "UUID", u);
}

static void
root_features(const struct bmc_profile *p, struct jw *w)
{
	bool full = p->query_expand == EXPAND_FULL;

	jw_open(w, "ProtocolFeaturesSupported");
	jw_b(w, "ExcerptQuery", false);
	jw_b(w, "FilterQuery", false);
	jw_b(w, "OnlyMemberQuery", p->query_only);
	jw_b(w, "SelectQuery", p->query_select);
	jw_b(w, "MultipleHTTPRequests", true);
	jw_open(w, "ExpandQuery");
	jw_b(w, "ExpandAll", full);
	jw_b(w, "Levels", full);
	jw_b(w, "Links", full);
	jw_b(w, "NoLinks", p->query_expand != EXPAND_NONE);
	if (full)
		jw_i(w, "MaxLevels", p->query_levels);
	jw_close(w);
	jw_open(w, "DeepOperations");
	jw_b(w, "DeepPATCH", false);
	jw_b(w, "DeepPOST", false);
	jw_close(w);
	jw_close(w);
}

/* Services that a profile may lack. */
static const struct {
	unsigned service;
	const char *name;
} root_parts[] = {
	{ 0, "Systems" },
	{ 0, "Chassis" },
	{ 0, "Managers" },
	{ 0, "SessionService" },
	{ 0, "AccountService" },
	{ SERVICE_EVENTS, "EventService" },
	{ SERVICE_UPDATE, "UpdateService" },
	{ SERVICE_CERTIFICATES, "CertificateService" },
	{ SERVICE_REGISTRIES, "Registries" },
	{ SERVICE_SCHEMAS, "JsonSchemas" },
};
#define N_ROOT_PARTS (sizeof(root_parts) / sizeof(root_parts[0]))

static bool
has_part(const struct request *rq, size_t i)
{
	if (str_eq(root_parts[i].name, "SessionService"))
		return rq->p->sessions;
	return !root_parts[i].service ||
	       (rq->p->services & root_parts[i].service);
}

/* Services come up one after the other, and the root is there first. */
static bool
is_partial(const struct request *rq)
{
	const struct bmc *b = rq->b;

	return rq->p->root_partial_ms && b->up_at_us &&
	       bmc_now(b) - b->up_at_us < bmc_us(b, rq->p->root_partial_ms);
}

void
view_root(struct request *rq, struct jw *w)
{
	view_names(w, "RootService", "Root Service");
	jw_s(w, "RedfishVersion", rq->p->redfish_version);
	root_uuid(rq, w);
	if (*rq->p->vendor)
		jw_s(w, "Vendor", rq->p->vendor);
	if (*rq->p->product)
		jw_s(w, "Product", rq->p->product);
	jw_s(w, "ServiceIdentification", rq->b->name);
	root_features(rq->p, w);
	if (is_partial(rq))
		return;
	if (*rq->p->oem_key && !map_get(rq->p->oem, "ServiceRoot")) {
		jw_open(w, "Oem");
		jw_open(w, rq->p->oem_key);
		jw_close(w);
		jw_close(w);
	}
	jw_open(w, "Links");
	if (rq->p->sessions)
		jw_ref(w, "Sessions", V1 "/SessionService/Sessions");
	jw_ref(w, "ManagerProvidingService", MGR, rq->b->mgr_id);
	jw_close(w);
	for (size_t i = 0; i < N_ROOT_PARTS; i++)
		if (has_part(rq, i))
			jw_ref(w, root_parts[i].name, V1 "/%s",
			    root_parts[i].name);
	jw_ref(w, "Tasks", V1 "/TaskService");
}

static void
odata_entry(struct jw *w, const char *name, const char *url)
{
	jw_open(w, NULL);
	jw_s(w, "name", name);
	jw_s(w, "kind", "Singleton");
	jw_s(w, "url", url);
	jw_close(w);
}

void
view_odata(struct request *rq, struct jw *w)
{
	char url[64];

	jw_open(w, NULL);
	jw_s(w, "@odata.context", V1 "/$metadata");
	jw_list(w, "value");
	odata_entry(w, "Service", V1 "/");
	for (size_t i = 0; i < N_ROOT_PARTS; i++) {
		(void)str_format(
		    url, sizeof(url), V1 "/%s", root_parts[i].name);
		if (has_part(rq, i))
			odata_entry(w, root_parts[i].name, url);
	}
	odata_entry(w, "TaskService", V1 "/TaskService");
	odata_entry(w, "Sessions", V1 "/SessionService/Sessions");
	jw_end(w);
	jw_close(w);
}

static void
metadata_include(struct buf *b, const char *schema, const char *version)
{
	buf_addf(b,
	    "<edmx:Reference Uri=\"" SCHEMAS "%s_v1.xml\">"
	    "<edmx:Include Namespace=\"%s\"/>",
	    schema, schema);
	if (version)
		buf_addf(
		    b, "<edmx:Include Namespace=\"%s.%s\"/>", schema, version);
	buf_adds(b, "</edmx:Reference>\n");
}

/* Types that are no resource of their own here, and the annotations. */
static void
metadata_inner(struct buf *b)
{
	static const char *const inner[][2] = { { "AttributeRegistry",
						    "v1_3_6" },
		{ "Event", "v1_8_0" }, { "Message", "v1_2_0" },
		{ "MessageRegistry", "v1_6_2" }, { "Settings", "v1_3_5" } };

	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		metadata_include(b, inner[i][0], inner[i][1]);
	buf_adds(b, "<edmx:Reference Uri=\"" SCHEMAS
		    "RedfishExtensions_v1.xml\"><edmx:Include Namespace=\""
		    "RedfishExtensions.v1_0_0\" Alias=\"Redfish\"/>"
		    "</edmx:Reference>\n");
}

static bool
seen_before(const struct request *rq, const struct route *r)
{
	const struct route *o;

	for (size_t i = 0; (o = route_at(rq->p, i)) != r; i++)
		if (str_eq(o->schema, r->schema))
			return true;
	return false;
}

void
view_metadata(struct request *rq, struct jw *w)
{
	struct buf *b = w->out;
	const struct route *r;

	rq->content_type = "application/xml; charset=utf-8";
	buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/"
		    "odata/ns/edmx\" Version=\"4.0\">\n");
	for (size_t i = 0; (r = route_at(rq->p, i)); i++)
		if (r->schema && !seen_before(rq, r))
			metadata_include(b, r->schema, r->version);
	metadata_inner(b);
	buf_adds(b, "<edmx:DataServices>"
		    "<Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm"
		    "\" Namespace=\"Service\">"
		    "<EntityContainer Name=\"Service\" Extends=\""
		    "ServiceRoot.v1_17_0.ServiceContainer\"/>"
		    "</Schema></edmx:DataServices></edmx:Edmx>\n");
}

/* ---- sessions ----------------------------------------------------------- */

void
view_session_service(struct request *rq, struct jw *w)
{
	view_names(w, "SessionService", "Session Service");
	jw_b(w, "ServiceEnabled", true);
	jw_i(w, "SessionTimeout", rq->b->session_timeout_s);
	view_status(w, false);
	jw_ref(w, "Sessions", V1 "/SessionService/Sessions");
}

void
view_sessions(struct request *rq, struct jw *w)
{
	const struct session *s;

	session_sweep(rq->b);
	view_members(w, "Sessions");
	TAILQ_FOREACH (s, &rq->b->sessions, link)
		jw_ref(w, NULL, V1 "/SessionService/Sessions/%s", s->id);
	view_members_end(w, rq->b->n_sessions);
}

bool
exists_sessions(struct request *rq)
{
	return rq->p->sessions;
}

bool
exists_session(struct request *rq)
{
	session_sweep(rq->b);
	return rq->p->sessions && session_get(rq->b, rq->arg[0]) != NULL;
}

void
view_session(struct request *rq, struct jw *w)
{
	const struct session *s = session_get(rq->b, rq->arg[0]);

	if (!s)
		return; /* exists_session() was asked before */
	view_names(w, s->id, "User Session");
	jw_s(w, "UserName", s->user);
	jw_null(w, "Password");
	jw_s(w, "SessionType", "Redfish");
	jw_time(w, "CreatedTime", s->created_wall_us);
	jw_s(w, "ClientOriginIPAddress", s->from);
}
