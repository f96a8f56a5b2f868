/*
 * What machines report, stored at their hosts (agent/control/phoned.h) before they
 * are answered: an optimistic patch of one annotation, by whichever replica was
 * asked, leading or not. The same report again costs no write.
 */
#ifndef B7_AGENT_CLAIMS_REPORTS_H
#define B7_AGENT_CLAIMS_REPORTS_H

#include "agent/claims/tenants.h"
#include "agent/kube/client.h"
#include "agent/serve/serve.h"

/* A host's report is written at most so often, whatever it says. */
#define REPORTS_PAUSE_US (2 * 1000000LL)
#define REPORTS_AT_ONCE 256 /* hosts; others are told to come again */

struct reports;

struct reports *reports_new(struct kube_client *k, struct tenants *t);
void reports_free(struct reports *rs); /* after the server */

/* As hooks of the server; self is the reports. ERR_NOTFOUND: the claim is over;
 * ERR_BUSY: later. */
void reports_store(void *self, struct live_claim *c,
    const struct serve_report *r, serve_stored *fn, void *arg);
bool reports_cancel(struct reports *rs, const void *arg); /* it was there */

#endif
