/* EventService: what can be subscribed to, and a test event. */
#include "sim/bmc/event_service.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/registry.h"
#include "sim/bmc/request.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/view.h"

const char *const event_types[] = { "StatusChange", "ResourceUpdated",
	"ResourceAdded", "ResourceRemoved", "Alert", "Other", NULL };
const char *const event_severities[] = { "OK", "Warning", "Critical", NULL };
const char *const event_policies[] = { "TerminateAfterRetries",
	"SuspendRetries", "RetryForever", "RetryForeverWithBackoff", NULL };
static const char *const resource_types[] = { "ComputerSystem", "Manager",
	"VirtualMedia", "Task", "AccountService", "ManagerAccount",
	"EventDestination", NULL };

static void
names(struct jw *w, const char *key, const char *const *list)
{
	jw_list(w, key);
	for (size_t i = 0; list[i]; i++)
		jw_s(w, NULL, list[i]);
	jw_end(w);
}

bool
event_by_types(const struct request *rq)
{
	return rq->p->event_style != EVENT_STYLE_REGISTRIES;
}

bool
event_by_registries(const struct request *rq)
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
	if (event_by_types(rq) && !event_by_registries(rq))
		names(w, "EventTypesForSubscription", event_types);
	if (event_by_registries(rq)) {
		jw_list(w, "RegistryPrefixes");
		for (size_t i = 1; (r = registry_at(i)); i++)
			jw_s(w, NULL, r->prefix);
		jw_end(w);
		names(w, "ResourceTypes", resource_types);
		jw_b(w, "IncludeOriginOfConditionSupported", false);
		jw_b(w, "ExcludeRegistryPrefix", true);
		jw_b(w, "ExcludeMessageId", true);
		names(w, "Severities", event_severities);
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

bool
event_word_in(const char *const *list, const char *s)
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

	if (!event_word_in(texts, c->string) &&
	    !event_word_in(others, c->string))
		return request_refuse(rq, REF_PARAMETER_UNKNOWN, c->string,
		    action, c->string, NULL);
	if ((event_word_in(texts, c->string) && !cJSON_IsString(c)) ||
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
	if (sev && !event_word_in(event_severities, sev))
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
	    .get = subscriptions_view,
	    .post = subscription_post,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_SUBSCRIBE },
	{ .pattern = SUBS "/*",
	    .schema = "EventDestination",
	    .version = "v1_14_0",
	    .get = subscription_view,
	    .patch = subscription_patch,
	    .del = subscription_delete,
	    .op_get = OP_READ_SERVICE,
	    .op_patch = OP_SUBSCRIBE,
	    .op_delete = OP_UNSUBSCRIBE,
	    .exists = subscription_exists,
	    .owned = subscription_owned },
	{ .pattern = SUBS "/*/Actions/EventDestination.ResumeSubscription",
	    .flags = ROUTE_ACTION,
	    .post = subscription_act_resume,
	    .op_post = OP_SUBSCRIBE,
	    .exists = subscription_can_act,
	    .owned = subscription_owned },
	{ .pattern = SUBS "/*/Actions/EventDestination.SuspendSubscription",
	    .flags = ROUTE_ACTION,
	    .post = subscription_act_suspend,
	    .op_post = OP_SUBSCRIBE,
	    .exists = subscription_can_act,
	    .owned = subscription_owned },
	{ .pattern = ROUTE_SSE,
	    .entity = "EventDestination",
	    .flags = ROUTE_RAW,
	    .get = view_stream,
	    .op_get = OP_STREAM,
	    .exists = has_stream },
	{ .pattern = NULL },
};
