/* EventDestination: what a subscription may say when it is made or changed. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/action.h"
#include "sim/bmc/event_service.h"
#include "sim/bmc/registry.h"
#include "sim/bmc/request.h"
#include "sim/bmc/subscription.h"

#define LIST_MAX 32
#define HEADERS_MAX 8

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
	    rq, "DeliveryRetryPolicy", v, event_policies, &stage(rq)->policy);
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
		if (known && !event_word_in(known, c->valuestring))
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
	if (!event_by_registries(rq))
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
	return event_by_registries(rq) ? texts(rq, "MessageIds", v, NULL,
					     &stage(rq)->filter.messages)
				       : unknown(rq, "MessageIds");
}

static bool
set_no_messages(struct request *rq, const cJSON *v)
{
	return event_by_registries(rq) ? texts(rq, "ExcludeMessageIds", v, NULL,
					     &stage(rq)->filter.no_messages)
				       : unknown(rq, "ExcludeMessageIds");
}

static bool
set_types(struct request *rq, const cJSON *v)
{
	return event_by_registries(rq) ? texts(rq, "ResourceTypes", v, NULL,
					     &stage(rq)->filter.types)
				       : unknown(rq, "ResourceTypes");
}

static bool
set_event_types(struct request *rq, const cJSON *v)
{
	return event_by_types(rq) ? texts(rq, "EventTypes", v, event_types,
					&stage(rq)->filter.event_types)
				  : unknown(rq, "EventTypes");
}

static bool
set_severities(struct request *rq, const cJSON *v)
{
	return texts(rq, "Severities", v, event_severities,
	    &stage(rq)->filter.severities);
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

void
subscription_post(struct request *rq)
{
	struct stage s = { .heartbeat_min = 10 };

	create_run(rq, &create, &s);
	stage_free(&s);
}

static bool
commit_patch(struct request *rq)
{
	struct subscription *t = subscription_of(rq);

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

void
subscription_patch(struct request *rq)
{
	const struct subscription *t = subscription_of(rq);
	struct stage s = { 0 };

	if (!t)
		return; /* subscription_exists() was asked before */
	(void)str_copy(
	    s.context, sizeof(s.context), t->context ? t->context : "");
	s.policy = (int)t->policy;
	s.verify = t->verify;
	patch_run(rq, &patch, &s);
}
