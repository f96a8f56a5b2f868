/*
 * The user's annotations that mean nothing now. Each is removed with an Event
 * (API.md): what stays would be obeyed months later, in another state.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static bool
asks_retry_idle(const struct host_pass *p)
{
	return p->h.asks.retry != NULL && p->h.record.phase != PHASE_ERROR;
}

static bool
asks_confirm_idle(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return p->h.asks.confirm != NULL &&
	       (r->phase != PHASE_PROVISIONING || r->on_s == 0 ||
		   !str_eq(p->h.asks.confirm, r->claim_id));
}

static bool
asks_reboot_idle(const struct host_pass *p)
{
	return p->h.asks.reboot != NULL &&
	       p->h.record.phase != PHASE_PROVISIONED;
}

static bool
asks_remediate_idle(const struct host_pass *p)
{
	return p->h.asks.remediate != NULL &&
	       p->h.record.phase != PHASE_PROVISIONED;
}

/* It waits for its machine, and is no offer to another one. */
static bool
asks_adopt_idle(const struct host_pass *p)
{
	const char *consumer = p->h.spec.consumer.name;

	return p->h.asks.adopt != NULL &&
	       (p->h.record.phase != PHASE_IDLE ||
		   (consumer != NULL && !str_eq(consumer, p->h.asks.adopt)));
}

struct asks_row {
	const char *annotation, *reason, *text;
	bool (*idle)(const struct host_pass *p);
};

static const struct asks_row rows[] = {
	{ ANN_RETRY, "RetryRefused", "retry is for hosts in Error",
	    asks_retry_idle },
	{ ANN_CONFIRM, "ConfirmRefused",
	    "confirm-provisioned names the claim id of a host that boots or "
	    "waits for evidence",
	    asks_confirm_idle },
	{ ANN_REBOOT, "RebootRefused", "reboot is for Provisioned hosts",
	    asks_reboot_idle },
	{ ANN_ADOPT, "AdoptionRefused",
	    "adopt is for hosts that nobody has and we have not driven",
	    asks_adopt_idle },
	{ ANN_REMEDIATE, "RemediationRefused",
	    "remediation is for Provisioned hosts", asks_remediate_idle },
};

/* Asked after host_identified, which answers an accept-identity that fits. */
enum verdict
host_asks_answered(void *arg)
{
	struct host_pass *p = arg;
	struct host_change ch = { .event_warning = true };

	/* In doubt nothing is answered, nor forgotten. */
	if (p->reads_only != NULL || p->claim == CLAIM_LOST)
		return V_NEXT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].idle(p)) {
			ch.drop_annotation = rows[i].annotation;
			ch.event_reason = rows[i].reason;
			(void)str_copy(
			    ch.event_text, sizeof(ch.event_text), rows[i].text);
			return host_act_write(p, &ch);
		}
	if (p->h.asks.accept_identity == NULL)
		return V_NEXT;
	ch.drop_annotation = ANN_ACCEPT_IDENTITY;
	ch.event_reason = "IdentityUnchanged";
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "accept-identity is for a host whose identity has changed");
	return host_act_write(p, &ch);
}
