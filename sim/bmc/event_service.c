/* EventService: what can be subscribed to, and by whom it was. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/action.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/registry.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/view.h"

#define EVT V1 "/EventService"
#define SUBS EVT "/Subscriptions"
#define LIST_MAX 32
#define HEADERS_MAX 8

static const char *const event_types[] = { "StatusChange", "ResourceUpdated",
	"ResourceAdded", "ResourceRemoved", "Alert", "Other", NULL };
static const char *const resource_types[] = { "ComputerSystem", "Manager",
	"VirtualMedia", "Task", "AccountService", "ManagerAccount",
	"EventDestination", NULL };
static const char *const severities[] = { "OK", "Warning", "Critical", NULL };
static const char *const policies[] = { "TerminateAfterRetries",
	"SuspendRetries", "RetryForever", "RetryForeverWithBackoff", NULL };

/* ---- the service -------------------------------------------------------- */

static void
names(struct jw *w, const char *key, const char *const *list)
{
	jw_list(w, key);
	for (size_t i = 0; list[i]; i++)
		jw_s(w, NULL, list[i]);
	jw_end(w);
}

static bool
by_types(const struct request *rq)
{
	return rq->p->event_style != EVENT_STYLE_REGISTRIES;
}

static bool
by_registries(const struct request *rq)
{
	return rq->p->event_style != EVENT_STYLE_TYPES;
}

static bool
has_stream(struct request *rq)
{
	return (rq->p->services & SERVICE_SSE) != 0;
}

static void
stream_properties(struct jw *w, const char *uri)
{
	jw_uri(w, "ServerSentEventUri", "%s", uri);
	jw_open(w, "SSEFilterPropertiesSupported");
	jw_b(w, "EventFormatType", true);
	jw_b(w, "MessageId", true);
	jw_b(w, "MetricReportDefinition", false);
	jw_b(w, "OriginResource", true);
	jw_b(w, "RegistryPrefix", true);
	jw_b(w, "ResourceType", true);
	jw_b(w, "SubordinateResources", false);
	jw_close(w);
}

static void
view_service(struct request *rq, struct jw *w)
{
	static const struct events fresh = { .attempts = 3, .interval_s = 10 };
	const struct events *e = rq->b->events ? rq->b->events : &fresh;
	const struct registry *r;

	view_names(w, "EventService", "Event Service");
	jw_b(w, "ServiceEnabled", !e->disabled);
	jw_i(w, "DeliveryRetryAttempts", e->attempts);
	jw_i(w, "DeliveryRetryIntervalSeconds", e->interval_s);
	jw_list(w, "EventFormatTypes");
	jw_s(w, NULL, "Event");
	jw_end(w);
	if (by_types(rq) && !by_registries(rq))
		names(w, "EventTypesForSubscription", event_types);
	if (by_registries(rq)) {
		jw_list(w, "RegistryPrefixes");
		for (size_t i = 1; (r = registry_at(i)); i++)
			jw_s(w, NULL, r->prefix);
		jw_end(w);
		names(w, "ResourceTypes", resource_types);
		jw_b(w, "IncludeOriginOfConditionSupported", false);
		jw_b(w, "ExcludeRegistryPrefix", true);
		jw_b(w, "ExcludeMessageId", true);
		names(w, "Severities", severities);
	}
	if (has_stream(rq))
		stream_properties(w, rq->p->sse_uri);
	jw_open(w, "SMTP");
	jw_b(w, "ServiceEnabled", false);
	jw_close(w);
	view_status(w, false);
	jw_ref(w, "Subscriptions", SUBS);
	jw_open(w, "Actions");
	view_action(rq, w, "EventService.SubmitTestEvent");
	jw_close(w);
	jw_close(w);
}

struct service_stage {
	bool enabled;
	int64_t attempts, interval_s;
};

static bool
set_service_enabled(struct request *rq, const cJSON *v)
{
	struct service_stage *s = rq->stage;

	return patch_bool(rq, "ServiceEnabled", v, &s->enabled);
}

static bool
set_attempts(struct request *rq, const cJSON *v)
{
	struct service_stage *s = rq->stage;

	return patch_int(rq, "DeliveryRetryAttempts", v, 0, 100, &s->attempts);
}

static bool
set_interval(struct request *rq, const cJSON *v)
{
	struct service_stage *s = rq->stage;

	return patch_int(
	    rq, "DeliveryRetryIntervalSeconds", v, 1, 3600, &s->interval_s);
}

static bool
commit_service(struct request *rq)
{
	const struct service_stage *s = rq->stage;
	struct events *e;

	if (rq->dry)
		return true;
	e = events_of(rq->b);
	e->disabled = !s->enabled;
	e->attempts = s->attempts;
	e->interval_s = s->interval_s;
	return true;
}

static const struct patch_row service_rows[] = {
	{ "ServiceEnabled", set_service_enabled, false },
	{ "DeliveryRetryAttempts", set_attempts, false },
	{ "DeliveryRetryIntervalSeconds", set_interval, false },
};
static const struct patch_def service_def = { service_rows, 3, commit_service };

static void
patch_service(struct request *rq)
{
	const struct events *e = rq->b->events;
	struct service_stage s = { true, 3, 10 };

	if (e)
		s = (struct service_stage){ !e->disabled, e->attempts,
			e->interval_s };
	patch_run(rq, &service_def, &s);
}

/* ---- SubmitTestEvent ---------------------------------------------------- */

static bool
is_listed(const char *const *list, const char *s)
{
	for (size_t i = 0; list[i]; i++)
		if (str_eq(list[i], s))
			return true;
	return false;
}

static bool
test_parameter(struct request *rq, const cJSON *c)
{
	static const char *const texts[] = { "EventId", "EventTimestamp",
		"EventType", "Message", "MessageId", "MessageSeverity",
		"OriginOfCondition", "Severity", NULL };
	static const char *const others[] = { "MessageArgs", "EventGroupId",
		NULL };
	static const char action[] = "#EventService.SubmitTestEvent";

	if (!is_listed(texts, c->string) && !is_listed(others, c->string))
		return request_refuse(rq, REF_PARAMETER_UNKNOWN, c->string,
		    action, c->string, NULL);
	if ((is_listed(texts, c->string) && !cJSON_IsString(c)) ||
	    (str_eq(c->string, "MessageArgs") && !cJSON_IsArray(c)) ||
	    (str_eq(c->string, "EventGroupId") && !json_is_number(c)))
		return request_refuse(rq, REF_PARAMETER_TYPE, c->string,
		    "(wrong type)", c->string, action);
	return true;
}

static bool
test_fits(struct request *rq)
{
	const char *sev = json_str(rq->json, "MessageSeverity", NULL);
	const cJSON *c;
	int64_t at;

	cJSON_ArrayForEach (c, rq->json)
		if (!test_parameter(rq, c))
			return false;
	if (!rq->json || !json_child(rq->json, "MessageId"))
		return request_refuse(rq, REF_PARAMETER_MISSING, "MessageId",
		    "#EventService.SubmitTestEvent", "MessageId", NULL);
	if (sev && !is_listed(severities, sev))
		return request_refuse(rq, REF_PARAMETER_VALUE,
		    "MessageSeverity", sev, "MessageSeverity",
		    "#EventService.SubmitTestEvent");
	if (json_str(rq->json, "EventTimestamp", NULL) &&
	    !rfc3339_parse(json_str(rq->json, "EventTimestamp", ""), &at))
		return request_refuse(rq, REF_PARAMETER_TYPE, "EventTimestamp",
		    "(no time)", "EventTimestamp",
		    "#EventService.SubmitTestEvent");
	return true;
}

static void
submit_test(struct request *rq)
{
	const cJSON *args = rq->json ? json_arr(rq->json, "MessageArgs") : NULL;
	struct notice n = { .kind = NOTICE_TEST };
	const cJSON *a;
	size_t i = 0;

	if (!test_fits(rq))
		return;
	n.id = json_str(rq->json, "MessageId", NULL);
	n.text = json_str(rq->json, "Message", NULL);
	n.severity = json_str(
	    rq->json, "MessageSeverity", json_str(rq->json, "Severity", NULL));
	n.origin = json_str(rq->json, "OriginOfCondition", NULL);
	n.event_type = json_str(rq->json, "EventType", NULL);
	n.event_id = json_str(rq->json, "EventId", NULL);
	n.timestamp = json_str(rq->json, "EventTimestamp", NULL);
	cJSON_ArrayForEach (a, args)
		if (cJSON_IsString(a) && i < MESSAGE_ARGS)
			n.args[i++] = a->valuestring;
	if (!rq->dry)
		event_tell(rq->b, &n);
	request_done(rq);
}

/* ---- subscriptions ------------------------------------------------------ */

static void
view_subscriptions(struct request *rq, struct jw *w)
{
	const struct subscription *s;
	long n = 0;

	view_members(w, "Event Subscriptions");
	if (rq->b->events)
		TAILQ_FOREACH (s, &rq->b->events->list, link) {
			jw_ref(w, NULL, SUBS "/%s", s->id);
			n++;
		}
	view_members_end(w, n);
}

static struct subscription *
of(struct request *rq)
{
	return subscription_get(rq->b, rq->arg[0]);
}

static bool
exists(struct request *rq)
{
	return of(rq) != NULL;
}

static bool
owned(struct request *rq)
{
	const struct subscription *s = of(rq);

	return s && str_eq(s->owner, rq->user);
}

static void
filter(struct request *rq, struct jw *w, const struct notice_filter *f)
{
	if (by_types(rq) && !by_registries(rq))
		jw_strings(w, "EventTypes", &f->event_types);
	if (!by_registries(rq))
		return;
	jw_strings(w, "RegistryPrefixes", &f->prefixes);
	jw_strings(w, "ExcludeRegistryPrefixes", &f->no_prefixes);
	jw_strings(w, "MessageIds", &f->messages);
	jw_strings(w, "ExcludeMessageIds", &f->no_messages);
	jw_strings(w, "ResourceTypes", &f->types);
	jw_strings(w, "Severities", &f->severities);
	jw_list(w, "OriginResources");
	for (size_t i = 0; i < f->origins.n; i++)
		jw_ref(w, NULL, "%s", f->origins.v[i]);
	jw_end(w);
	jw_i(w, "OriginResources@odata.count", (int64_t)f->origins.n);
	jw_b(w, "SubordinateResources", f->subordinate);
	jw_b(w, "IncludeOriginOfCondition", false);
}

static void
pushed(struct request *rq, struct jw *w, const struct subscription *s)
{
	if (rq->p->event_policy)
		jw_s(w, "DeliveryRetryPolicy", policies[s->policy]);
	jw_b(w, "VerifyCertificate", s->verify);
	jw_b(w, "SendHeartbeat", s->heartbeat);
	if (s->heartbeat)
		jw_i(w, "HeartbeatIntervalMinutes", s->heartbeat_min);
	jw_open(w, "Actions");
	view_action(rq, w, "EventDestination.ResumeSubscription");
	jw_close(w);
	view_action(rq, w, "EventDestination.SuspendSubscription");
	jw_close(w);
	jw_close(w);
}

static void
view_subscription(struct request *rq, struct jw *w)
{
	const struct subscription *s = of(rq);

	if (!s)
		return; /* exists() was asked before */
	view_names(w, s->id, s->name ? s->name : "Event Subscription");
	jw_s(w, "Destination", s->destination);
	jw_s(w, "Context", s->context ? s->context : "");
	jw_s(w, "Protocol", "Redfish");
	jw_s(w, "SubscriptionType", s->x ? "SSE" : "RedfishEvent");
	jw_s(w, "EventFormatType", "Event");
	filter(rq, w, &s->filter);
	jw_open(w, "Status");
	jw_s(w, "State", s->suspended ? "Disabled" : "Enabled");
	jw_s(w, "Health", s->attempt || s->suspended ? "Warning" : "OK");
	jw_close(w);
	if (!s->x)
		pushed(rq, w, s);
}

static void
delete_subscription(struct request *rq)
{
	struct subscription *s = of(rq);

	if (s && !rq->dry)
		subscription_drop(s);
	request_done(rq);
}

static bool
can_act(struct request *rq)
{
	const struct subscription *s = of(rq);

	return s && !s->x;
}

static void
resume(struct request *rq)
{
	struct subscription *s = of(rq);

	if (s && !rq->dry)
		subscription_resume(s);
	request_done(rq);
}

static void
suspend(struct request *rq)
{
	struct subscription *s = of(rq);

	if (s && !rq->dry) {
		push_stop(s);
		s->suspended = true;
	}
	request_done(rq);
}

/* ---- made and changed --------------------------------------------------- */

struct stage {
	char destination[SUBSCRIPTION_TEXT], context[SUBSCRIPTION_TEXT];
	char name[64];
	struct notice_filter filter;
	struct strlist headers;
	int policy;
	bool verify, heartbeat;
	int64_t heartbeat_min;
};

static struct stage *
stage(struct request *rq)
{
	return rq->stage;
}

static bool
wrong(struct request *rq, enum refusal r, const char *path, const char *text)
{
	request_say(rq, r, path, text, path, NULL);
	return false;
}

static bool
set_destination(struct request *rq, const cJSON *v)
{
	struct stage *s = stage(rq);
	struct err e = { 0 };
	struct url u;

	if (!patch_str(
		rq, "Destination", v, s->destination, sizeof(s->destination)))
		return false;
	return url_parse(&u, s->destination, &e) ||
	       wrong(rq, REF_PROPERTY_FORMAT, "Destination", s->destination);
}

static bool
set_protocol(struct request *rq, const cJSON *v)
{
	static const char *const known[] = { "Redfish", NULL };
	int i;

	return patch_enum(rq, "Protocol", v, known, &i);
}

static bool
set_type(struct request *rq, const cJSON *v)
{
	static const char *const known[] = { "RedfishEvent", NULL };
	int i;

	return patch_enum(rq, "SubscriptionType", v, known, &i);
}

static bool
set_format(struct request *rq, const cJSON *v)
{
	static const char *const known[] = { "Event", NULL };
	int i;

	return patch_enum(rq, "EventFormatType", v, known, &i);
}

static bool
set_context(struct request *rq, const cJSON *v)
{
	return patch_str(
	    rq, "Context", v, stage(rq)->context, sizeof(stage(rq)->context));
}

static bool
set_name(struct request *rq, const cJSON *v)
{
	return patch_str(
	    rq, "Name", v, stage(rq)->name, sizeof(stage(rq)->name));
}

static bool
unknown(struct request *rq, const char *path)
{
	return wrong(rq, REF_PROPERTY_UNKNOWN, path, path);
}

static bool
set_policy(struct request *rq, const cJSON *v)
{
	if (!rq->p->event_policy)
		return unknown(rq, "DeliveryRetryPolicy");
	return patch_enum(
	    rq, "DeliveryRetryPolicy", v, policies, &stage(rq)->policy);
}

static bool
set_verify(struct request *rq, const cJSON *v)
{
	return patch_bool(rq, "VerifyCertificate", v, &stage(rq)->verify);
}

static bool
set_heartbeat(struct request *rq, const cJSON *v)
{
	return patch_bool(rq, "SendHeartbeat", v, &stage(rq)->heartbeat);
}

static bool
set_heartbeat_min(struct request *rq, const cJSON *v)
{
	return patch_int(rq, "HeartbeatIntervalMinutes", v, 1, 65535,
	    &stage(rq)->heartbeat_min);
}

/* A list of texts; known NULL = any. */
static bool
texts(struct request *rq, const char *path, const cJSON *v,
    const char *const *known, struct strlist *out)
{
	const cJSON *c;

	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) > LIST_MAX)
		return wrong(rq, REF_PROPERTY_TYPE, path, "(no short list)");
	cJSON_ArrayForEach (c, v) {
		if (!cJSON_IsString(c))
			return wrong(
			    rq, REF_PROPERTY_TYPE, path, "(not a text)");
		if (known && !is_listed(known, c->valuestring))
			return wrong(
			    rq, REF_PROPERTY_VALUE, path, c->valuestring);
		strlist_add(out, c->valuestring);
	}
	return true;
}

static bool
prefixes(
    struct request *rq, const char *path, const cJSON *v, struct strlist *out)
{
	if (!by_registries(rq))
		return unknown(rq, path);
	if (!texts(rq, path, v, NULL, out))
		return false;
	for (size_t i = 0; i < out->n; i++)
		if (!registry_by_prefix(out->v[i], strlen(out->v[i])))
			return wrong(rq, REF_PROPERTY_VALUE, path, out->v[i]);
	return true;
}

static bool
set_prefixes(struct request *rq, const cJSON *v)
{
	return prefixes(rq, "RegistryPrefixes", v, &stage(rq)->filter.prefixes);
}

static bool
set_no_prefixes(struct request *rq, const cJSON *v)
{
	return prefixes(
	    rq, "ExcludeRegistryPrefixes", v, &stage(rq)->filter.no_prefixes);
}

static bool
set_messages(struct request *rq, const cJSON *v)
{
	return by_registries(rq) ? texts(rq, "MessageIds", v, NULL,
				       &stage(rq)->filter.messages)
				 : unknown(rq, "MessageIds");
}

static bool
set_no_messages(struct request *rq, const cJSON *v)
{
	return by_registries(rq) ? texts(rq, "ExcludeMessageIds", v, NULL,
				       &stage(rq)->filter.no_messages)
				 : unknown(rq, "ExcludeMessageIds");
}

static bool
set_types(struct request *rq, const cJSON *v)
{
	return by_registries(rq) ? texts(rq, "ResourceTypes", v, NULL,
				       &stage(rq)->filter.types)
				 : unknown(rq, "ResourceTypes");
}

static bool
set_event_types(struct request *rq, const cJSON *v)
{
	return by_types(rq) ? texts(rq, "EventTypes", v, event_types,
				  &stage(rq)->filter.event_types)
			    : unknown(rq, "EventTypes");
}

static bool
set_severities(struct request *rq, const cJSON *v)
{
	return texts(
	    rq, "Severities", v, severities, &stage(rq)->filter.severities);
}

static bool
set_origins(struct request *rq, const cJSON *v)
{
	const cJSON *c;

	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) > LIST_MAX)
		return wrong(rq, REF_PROPERTY_TYPE, "OriginResources",
		    "(no short list)");
	cJSON_ArrayForEach (c, v) {
		const char *id = json_str(c, "@odata.id", NULL);

		if (!id)
			return wrong(rq, REF_PROPERTY_TYPE, "OriginResources",
			    "(no reference)");
		strlist_add(&stage(rq)->filter.origins, id);
	}
	return true;
}

static bool
set_subordinate(struct request *rq, const cJSON *v)
{
	return patch_bool(
	    rq, "SubordinateResources", v, &stage(rq)->filter.subordinate);
}

static bool
set_include(struct request *rq, const cJSON *v)
{
	bool on;

	if (!patch_bool(rq, "IncludeOriginOfCondition", v, &on))
		return false;
	return !on || wrong(rq, REF_PROPERTY_VALUE, "IncludeOriginOfCondition",
			  "true");
}

/* [{"Name": "value"}]: sent with every event, never shown. */
static bool
set_headers(struct request *rq, const cJSON *v)
{
	const cJSON *o, *c;
	char line[512];

	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) > HEADERS_MAX)
		return wrong(
		    rq, REF_PROPERTY_TYPE, "HttpHeaders", "(no short list)");
	cJSON_ArrayForEach (o, v)
		cJSON_ArrayForEach (c, o) {
			if (!cJSON_IsString(c) || !*c->string ||
			    strlen(c->string) > 60 ||
			    c->string[strspn(c->string,
				"abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-_")] ||
			    strpbrk(c->valuestring, "\r\n") ||
			    !str_format(line, sizeof(line), "%s: %s", c->string,
				c->valuestring))
				return wrong(rq, REF_PROPERTY_FORMAT,
				    "HttpHeaders", "(not shown)");
			strlist_add(&stage(rq)->headers, line);
		}
	return true;
}

static void
stage_free(struct stage *s)
{
	notice_filter_free(&s->filter);
	strlist_free(&s->headers);
}

static bool
room(struct request *rq, const struct stage *s)
{
	const struct events *e = rq->b->events;
	const struct subscription *o;

	if (!e)
		return true;
	if (e->n >= (unsigned)rq->p->events_max)
		return request_refuse(
		    rq, REF_SUBSCRIPTION_LIMIT, NULL, NULL, NULL, NULL);
	TAILQ_FOREACH (o, &e->list, link)
		if (!rq->p->event_twice &&
		    str_eq(o->destination, s->destination))
			return request_refuse(rq, REF_SUBSCRIPTION_EXISTS,
			    "Destination", "EventDestination", "Destination",
			    s->destination);
	return true;
}

static void
take(struct subscription *t, struct stage *s)
{
	xreplace(&t->context, s->context);
	if (s->name[0])
		xreplace(&t->name, s->name);
	t->policy = (enum retry_policy)s->policy;
	if (t->verify != s->verify && t->peer) {
		http_peer_free(t->peer);
		t->peer = NULL;
		t->call = NULL;
	}
	t->verify = s->verify;
}

static void
commit_create(struct request *rq)
{
	struct stage *s = stage(rq);
	struct subscription *t;

	if (!room(rq, s))
		return;
	if (rq->dry) {
		request_done(rq);
		return;
	}
	t = subscription_new(rq->b);
	take(t, s);
	t->destination = xstrdup(s->destination);
	(void)str_copy(t->owner, sizeof(t->owner), rq->user);
	t->heartbeat = s->heartbeat;
	t->heartbeat_min = s->heartbeat_min;
	t->filter = s->filter;
	t->headers = s->headers;
	s->filter = (struct notice_filter){ 0 };
	s->headers = (struct strlist){ 0 };
	subscription_start(t);
	request_created(rq, SUBS "/%s", t->id);
}

static const struct patch_row create_rows[] = {
	{ "Destination", set_destination, true },
	{ "Protocol", set_protocol, true },
	{ "Context", set_context, false },
	{ "Name", set_name, false },
	{ "SubscriptionType", set_type, false },
	{ "EventFormatType", set_format, false },
	{ "DeliveryRetryPolicy", set_policy, false },
	{ "VerifyCertificate", set_verify, false },
	{ "SendHeartbeat", set_heartbeat, false },
	{ "HeartbeatIntervalMinutes", set_heartbeat_min, false },
	{ "RegistryPrefixes", set_prefixes, false },
	{ "ExcludeRegistryPrefixes", set_no_prefixes, false },
	{ "MessageIds", set_messages, false },
	{ "ExcludeMessageIds", set_no_messages, false },
	{ "ResourceTypes", set_types, false },
	{ "EventTypes", set_event_types, false },
	{ "Severities", set_severities, false },
	{ "OriginResources", set_origins, false },
	{ "SubordinateResources", set_subordinate, false },
	{ "IncludeOriginOfCondition", set_include, false },
	{ "HttpHeaders", set_headers, false },
};
static const struct create_def create = { create_rows,
	sizeof(create_rows) / sizeof(create_rows[0]), commit_create };

static void
post_subscription(struct request *rq)
{
	struct stage s = { .heartbeat_min = 10 };

	create_run(rq, &create, &s);
	stage_free(&s);
}

static bool
commit_patch(struct request *rq)
{
	struct subscription *t = of(rq);

	if (t && !rq->dry)
		take(t, stage(rq));
	return true;
}

static const struct patch_row patch_rows[] = {
	{ "Context", set_context, false },
	{ "DeliveryRetryPolicy", set_policy, false },
	{ "VerifyCertificate", set_verify, false },
};
static const struct patch_def patch = { patch_rows, 3, commit_patch };

static void
patch_subscription(struct request *rq)
{
	const struct subscription *t = of(rq);
	struct stage s = { 0 };

	if (!t)
		return; /* exists() was asked before */
	(void)str_copy(
	    s.context, sizeof(s.context), t->context ? t->context : "");
	s.policy = (int)t->policy;
	s.verify = t->verify;
	patch_run(rq, &patch, &s);
}

/* ---- routes ------------------------------------------------------------- */

const struct route event_routes[] = {
	{ .pattern = EVT,
	    .schema = "EventService",
	    .version = "v1_10_0",
	    .get = view_service,
	    .patch = patch_service,
	    .op_get = OP_READ_SERVICE,
	    .op_patch = OP_PATCH_SERVICE },
	ROUTE_DO(EVT "/Actions/EventService.SubmitTestEvent", submit_test,
	    OP_TEST_EVENT, NULL),
	{ .pattern = SUBS,
	    .schema = "EventDestinationCollection",
	    .flags = ROUTE_COLLECTION,
	    .get = view_subscriptions,
	    .post = post_subscription,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_SUBSCRIBE },
	{ .pattern = SUBS "/*",
	    .schema = "EventDestination",
	    .version = "v1_14_0",
	    .get = view_subscription,
	    .patch = patch_subscription,
	    .del = delete_subscription,
	    .op_get = OP_READ_SERVICE,
	    .op_patch = OP_SUBSCRIBE,
	    .op_delete = OP_UNSUBSCRIBE,
	    .exists = exists,
	    .owned = owned },
	{ .pattern = SUBS "/*/Actions/EventDestination.ResumeSubscription",
	    .flags = ROUTE_ACTION,
	    .post = resume,
	    .op_post = OP_SUBSCRIBE,
	    .exists = can_act,
	    .owned = owned },
	{ .pattern = SUBS "/*/Actions/EventDestination.SuspendSubscription",
	    .flags = ROUTE_ACTION,
	    .post = suspend,
	    .op_post = OP_SUBSCRIBE,
	    .exists = can_act,
	    .owned = owned },
	{ .pattern = ROUTE_SSE,
	    .entity = "EventDestination",
	    .flags = ROUTE_RAW,
	    .get = view_stream,
	    .op_get = OP_STREAM,
	    .exists = has_stream },
	{ .pattern = NULL },
};
