/*
 * Nothing when not ours (SAFETY.md 12): each write to a BMC is held against
 * what an agent could know of the API. What changed a moment ago it may not
 * have heard of yet.
 */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define AX "infrastructure.cluster.x-k8s.io"
/* From the commit to an agent that acts on it. */
#define HEARD (5 * LOOP_S)
/* From the send to the execution. */
#define FLIGHT (1 * LOOP_S)
/* Over sockets: and from there to us, by two streams. */
#define FLIGHT_SEEN (3 * LOOP_S)

static void
owner_host(struct invariants *x, const struct inv_write *w, const char *name)
{
	bool power = w->kind == WRITE_ON || w->kind == WRITE_OFF;

	if (inv_known_for(x, w->host->bare_at, HEARD))
		inv_fail(x, "write-needs-host", name,
		    "%s (%s) without finalizer and record",
		    inv_write_name(w->kind), w->text);
	if (inv_known_for(x, w->host->unowned_at, HEARD) &&
	    !str_eq(w->host->record.phase, "releasing") &&
	    !(power && w->host->online_at != FACT_NEVER))
		inv_fail(x, "write-needs-owner", name,
		    "%s (%s) on a host without a consumer, phase %s",
		    inv_write_name(w->kind), w->text, w->host->record.phase);
}

static void
owner_allowed(struct invariants *x, const struct inv_write *w, const char *name)
{
	int64_t cluster = facts_cluster_paused(&x->facts, w->host);

	if (inv_known_for(x, w->host->paused_at, HEARD) ||
	    inv_known_for(x, cluster, HEARD))
		inv_fail(x, "write-while-paused", name,
		    "%s (%s) while the %s is paused", inv_write_name(w->kind),
		    w->text,
		    w->host->paused_at != FACT_NEVER ? "host" : "cluster");
	if (inv_known_for(x, w->host->maintenance_at, HEARD))
		inv_fail(x, "write-in-maintenance", name, "%s (%s)",
		    inv_write_name(w->kind), w->text);
}

static void
owner_dangling(
    struct invariants *x, const struct inv_write *w, const char *name)
{
	const char *consumer =
	    json_str(w->host->tree, "spec/consumerRef/name", NULL);
	const char *id =
	    json_str(w->host->tree, "spec/consumerRef/claimID", "");
	const struct fact_object *m = facts_consumer(&x->facts, w->host);

	if (consumer == NULL)
		return;
	if (m == NULL || m->tree == NULL) {
		if (inv_known_for(
			x, m == NULL ? w->host->changed_at : m->gone_at, HEARD))
			inv_fail(x, "write-dangling", name,
			    "%s (%s), but the consumer %s does not exist",
			    inv_write_name(w->kind), w->text, consumer);
		return;
	}
	if (!str_eq(facts_annotation(m->tree, AX "/claim-id"), id) &&
	    inv_known_for(x, m->changed_at, HEARD) &&
	    inv_known_for(x, w->host->changed_at, HEARD))
		inv_fail(x, "write-dangling", name,
		    "%s (%s), but %s has another claim id",
		    inv_write_name(w->kind), w->text, consumer);
}

static void
owner_doubt(struct invariants *x, const struct inv_write *w, const char *name)
{
	int64_t since = w->host->doubt_at;

	/* Somebody put it right since; the condition follows later. */
	if (w->host->user_at > since || w->bmc->person_at > since ||
	    x->facts.secrets_at > since)
		return;
	if (inv_known_for(x, since, HEARD))
		inv_fail(x, "write-identity-in-doubt", name, "%s (%s)",
		    inv_write_name(w->kind), w->text);
}

static void
owner_lease(struct invariants *x, const struct inv_write *w, const char *name)
{
	const struct fact_object *o = facts_object(&x->facts,
	    "coordination.k8s.io", "leases", "default", "beskar7-agent");
	int64_t flight = x->o.synchronous ? FLIGHT : FLIGHT_SEEN, seconds;
	const char *holder;
	char me[16];

	if (o == NULL || o->tree == NULL || w->agent < 0)
		return;
	holder = json_str(o->tree, "spec/holderIdentity", "");
	seconds = json_i64(o->tree, "spec/leaseDurationSeconds", 0);
	(void)str_format(me, sizeof(me), "agent-%d_", w->agent);
	if (!str_has_prefix(holder, me) && w->at_us - o->changed_at > flight)
		inv_fail(x, "write-without-lease", name,
		    "%s (%s) by agent-%d, the lease is %s's",
		    inv_write_name(w->kind), w->text, w->agent,
		    holder[0] == '\0' ? "nobody" : holder);
	else if (w->at_us > o->changed_at + seconds * LOOP_S + flight)
		inv_fail(x, "write-without-lease", name,
		    "%s (%s) by agent-%d, whose lease ran out",
		    inv_write_name(w->kind), w->text, w->agent);
}

static void
owner_write(struct invariants *x, const struct inv_write *w)
{
	char name[360];

	if (w->host == NULL) {
		if (x->facts.blind_until == FACT_NEVER ||
		    x->facts.now_us - x->facts.blind_until > HEARD)
			inv_fail(x, "write-needs-host", w->bmc->name,
			    "%s (%s), but no PhysicalHost has its address",
			    inv_write_name(w->kind), w->text);
		return;
	}
	inv_host_name(w->host, name);
	owner_host(x, w, name);
	owner_allowed(x, w, name);
	owner_dangling(x, w, name);
	owner_doubt(x, w, name);
	owner_lease(x, w, name);
}

const struct inv_group inv_owner = { .write = owner_write };
