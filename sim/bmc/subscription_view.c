/* EventDestination: how a subscription is shown, suspended, resumed, ended. */
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/event_service.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/view.h"

void
subscriptions_view(struct request *rq, struct jw *w)
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

struct subscription *
subscription_of(struct request *rq)
{
	return subscription_get(rq->b, rq->arg[0]);
}

bool
subscription_exists(struct request *rq)
{
	return subscription_of(rq) != NULL;
}

bool
subscription_owned(struct request *rq)
{
	const struct subscription *s = subscription_of(rq);

	return s && str_eq(s->owner, rq->user);
}

static void
filter(struct request *rq, struct jw *w, const struct notice_filter *f)
{
	if (event_by_types(rq) && !event_by_registries(rq))
		jw_strings(w, "EventTypes", &f->event_types);
	if (!event_by_registries(rq))
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
		jw_s(w, "DeliveryRetryPolicy", event_policies[s->policy]);
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

void
subscription_view(struct request *rq, struct jw *w)
{
	const struct subscription *s = subscription_of(rq);

	if (!s)
		return; /* subscription_exists() was asked before */
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

void
subscription_delete(struct request *rq)
{
	struct subscription *s = subscription_of(rq);

	if (s && !rq->dry)
		subscription_drop(s);
	request_done(rq);
}

bool
subscription_can_act(struct request *rq)
{
	const struct subscription *s = subscription_of(rq);

	return s && !s->x;
}

void
subscription_act_resume(struct request *rq)
{
	struct subscription *s = subscription_of(rq);

	if (s && !rq->dry)
		subscription_resume(s);
	request_done(rq);
}

void
subscription_act_suspend(struct request *rq)
{
	struct subscription *s = subscription_of(rq);

	if (s && !rq->dry) {
		push_stop(s);
		s->suspended = true;
	}
	request_done(rq);
}
