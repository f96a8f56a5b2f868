/*
 * Claims (SAFETY.md 2, 4, 8): one consumer a host, one host a machine, one
 * PhysicalHost a board; given back only clean.
 */
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/walk.h"

#define AX "infrastructure.cluster.x-k8s.io"

static const char *
claim_consumer(const cJSON *host)
{
	return json_str(host, "spec/consumerRef/name", NULL);
}

static const char *
claim_id(const cJSON *host)
{
	return json_str(host, "spec/consumerRef/claimID", "");
}

/* The user's order to drop the claim of a dead BMC. */
static bool
claim_forced(const cJSON *host)
{
	return facts_annotation(host, AX "/force-release") != NULL;
}

/* Another host that names the same consumer, or the same board in use. */
static void
claim_unique(struct invariants *x, const struct inv_commit *c,
    const struct fact_object *me)
{
	struct walk w = walk_start(&x->facts, AX, "physicalhosts", NULL, NULL);
	const struct fact_object *o;
	char name[360];

	inv_host_name(me, name);
	while ((o = walk_next(&w)) != NULL) {
		if (o == me || o->consumer == NULL)
			continue;
		if (str_eq(o->consumer, me->consumer))
			inv_fail(x, "claim-one-host", name,
			    "machine %s is also the consumer of %s",
			    claim_consumer(c->after), w.key);
		if (me->record.uuid[0] != '\0' &&
		    str_eq(me->record.uuid, o->record.uuid))
			inv_fail(x, "claim-one-identity", name,
			    "the board %s is claimed as %s as well",
			    me->record.uuid, w.key);
	}
}

/* By the agent, and not by force: the machine must be as it was before us. */
static void
claim_returned(struct invariants *x, const struct inv_commit *c,
    const struct fact_object *o)
{
	const struct fact_bmc *b = o->bmc;
	char name[360];

	if (!inv_by_agent(x, c) || claim_forced(c->before) || b == NULL ||
	    b->lies_until >= c->at_us)
		return;
	inv_host_name(o, name);
	if (!str_eq(b->power, "Off") && b->power_by == CAUSE_AGENT)
		inv_fail(x, "claim-returned-clean", name,
		    "the claim of %s was dropped while the machine is %s",
		    claim_consumer(c->before), b->power);
	/* Never begun: the medium is not ours. */
	if (b->media && b->boot_key != NULL)
		inv_fail(x, "claim-returned-clean", name,
		    "the claim of %s was dropped with a medium inserted",
		    claim_consumer(c->before));
	if (b->armed && b->boot_key != NULL)
		inv_fail(x, "claim-returned-clean", name,
		    "the claim of %s was dropped with the override %s",
		    claim_consumer(c->before), b->override_);
}

static void
claim_commit_host(struct invariants *x, const struct inv_commit *c,
    const struct fact_object *o)
{
	const char *was = claim_consumer(c->before);
	const char *is = claim_consumer(c->after);
	bool same =
	    str_eq(was, is) && str_eq(claim_id(c->before), claim_id(c->after));
	char name[360];

	if (is != NULL && !same)
		claim_unique(x, c, o);
	if (was != NULL && is != NULL && !same && inv_by_agent(x, c)) {
		inv_host_name(o, name);
		inv_fail(x, "claim-a-to-b", name,
		    "consumerRef went from %s to %s in one write", was, is);
	}
	if (was != NULL && is == NULL)
		claim_returned(x, c, o);
}

/* The finalizer of a machine went while a host still names it. */
static void
claim_commit_machine(struct invariants *x, const struct inv_commit *c)
{
	char key[400], name[360];
	const char *host;
	const struct fact_object *h;

	if (c->after != NULL || !inv_by_agent(x, c))
		return;
	(void)str_format(key, sizeof(key), "%s/%s", c->ns, c->name);
	host = map_get(&x->facts.consumers, key);
	h = host == NULL ? NULL : map_get(&x->facts.objects, host);
	if (h == NULL || h->tree == NULL ||
	    !str_eq(claim_consumer(h->tree), c->name))
		return;
	if (!str_eq(
		claim_id(h->tree), facts_annotation(c->before, AX "/claim-id")))
		return;
	inv_host_name(h, name);
	inv_fail(x, "claim-kept-by-finalizer", name,
	    "machine %s is gone, its host was not given back", c->name);
}

static void
claim_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	if (!str_eq(c->group, AX))
		return;
	if (str_eq(c->resource, "physicalhosts") && c->after != NULL)
		claim_commit_host(x, c, o);
	else if (str_eq(c->resource, "beskar7machines"))
		claim_commit_machine(x, c);
}

const struct inv_group inv_claims = { .commit = claim_commit };
