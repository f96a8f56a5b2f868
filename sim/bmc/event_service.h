/*
 * What the files of the EventService share: its words, and the handlers of
 * its subscriptions (EventDestination) for the route table in event_service.c.
 */
#ifndef B7_SIM_BMC_EVENT_SERVICE_H
#define B7_SIM_BMC_EVENT_SERVICE_H

#include <stdbool.h>

#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define EVT V1 "/EventService"
#define SUBS EVT "/Subscriptions"

struct jw;
struct request;
struct subscription;

/* NULL at the end; the policies in the order of enum retry_policy. */
extern const char *const event_types[];
extern const char *const event_severities[];
extern const char *const event_policies[];
bool event_word_in(const char *const *list, const char *s);
/* Does this BMC filter by EventTypes (old), by registries (new), or by both? */
bool event_by_types(const struct request *rq);
bool event_by_registries(const struct request *rq);

/* The one that the URI names; NULL = none. */
struct subscription *subscription_of(struct request *rq);
bool subscription_exists(struct request *rq);
bool subscription_owned(struct request *rq);
bool subscription_can_act(struct request *rq); /* not a stream */
void subscriptions_view(struct request *rq, struct jw *w);
void subscription_view(struct request *rq, struct jw *w);
void subscription_post(struct request *rq);
void subscription_patch(struct request *rq);
void subscription_delete(struct request *rq);
void subscription_act_resume(struct request *rq);
void subscription_act_suspend(struct request *rq);

#endif
