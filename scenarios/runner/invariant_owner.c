/*
 * Nothing when not ours (SAFETY.md 12): each write to a BMC is held against
 * what an agent could know of the API. What changed a moment ago it may not
 * have heard of yet.
 */
#include <string.h>

#include "agent/kube/shard.h"
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
#define LEASE "beskar7-agent"
/* A BMC may take three minutes for a write; that the taker heard of its term a
 * moment later does not count. */
#define FORMER (3 * LOOP_MIN - LOOP_S)

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

/* ---- leases -------------------------------------------------------------------- */

/* Of the shard of an object; "" = cannot be. */
static void
owner_lease_name(const struct invariants *x, const char *ns, const char *name,
    char out[SHARD_NAME_CAP])
{
	unsigned n = x->o.shards == 0 ? 1 : x->o.shards;
	char key[520];

	out[0] = '\0';
	if (str_format(key, sizeof(key), "%s/%s", ns, name))
		(void)shard_lease_name(out, LEASE, shard_of(key, n), n);
}

/* Why that agent may not act on an object of that name now; NULL: it may, or
 * there is no lease. */
static const char *
owner_unleased(struct invariants *x, int agent, int64_t at_us, const char *name)
{
	const struct fact_object *o = facts_object(
	    &x->facts, "coordination.k8s.io", "leases", "default", name);
	int64_t flight = x->o.synchronous ? FLIGHT : FLIGHT_SEEN, seconds;
	const char *holder;
	char me[16];

	if (o == NULL || o->tree == NULL || agent < 0)
		return o == NULL && x->o.shards > 1 ? "never was anybody's"
						    : NULL;
	holder = json_str(o->tree, "spec/holderIdentity", "");
	seconds = json_i64(o->tree, "spec/leaseDurationSeconds", 0);
	(void)str_format(me, sizeof(me), "agent-%d_", agent);
	if (!str_has_prefix(holder, me) && at_us - o->changed_at > flight)
		return holder[0] == '\0' ? "is nobody's" : holder;
	if (at_us > o->changed_at + seconds * LOOP_S + flight)
		return "ran out";
	return NULL;
}

/* what: "insert (...)", "POST /redfish/..." */
static void
owner_lease(struct invariants *x, const struct fact_object *host, int agent,
    int64_t at_us, const char *what)
{
	char lease[SHARD_NAME_CAP], name[360];
	const char *why;

	inv_host_name(host, name);
	owner_lease_name(x, json_str(host->tree, "metadata/namespace", ""),
	    json_str(host->tree, "metadata/name", ""), lease);
	why = owner_unleased(x, agent, at_us, lease);
	if (why != NULL)
		inv_fail(x, "write-without-lease", name,
		    "%s by agent-%d, but the lease %s: %s", what, agent, lease,
		    why);
	if (at_us < host->former_until && x->o.synchronous)
		inv_fail(x, "taker-waits", name,
		    "%s by agent-%d, %lld s too early for what the former "
		    "holder of %s may have asked of the BMC",
		    what, agent,
		    (long long)((host->former_until - at_us) / LOOP_S), lease);
}

/* What was sent under the lease may be carried out when it has ended. */
static void
owner_sent(struct invariants *x, const struct inv_call *c)
{
	const struct fact_bmc *b = facts_bmc(&x->facts, c->bmc);
	const struct fact_object *host =
	    b == NULL ? NULL : facts_host_of(&x->facts, b);
	char what[300];

	if (host == NULL || strstr(c->target, "/Sessions") != NULL)
		return;
	(void)str_format(what, sizeof(what), "%s %.200s", c->method, c->target);
	owner_lease(x, host, c->agent, c->at_us, what);
}

/* ".../namespaces/NS/PLURAL/NAME[/status]" of ours, but not a host's object
 * itself: machines claim, and remediations ask, there. */
static bool
owner_target(const char *target, char ns[260], char name[260])
{
	static const char *const plurals[] = { "physicalhosts",
		"beskar7machines", "beskar7clusters", "beskar7remediations",
		"beskar7machinetemplates" };
	const char *at = strstr(target, "/namespaces/"), *rest;
	size_t n;

	if (strstr(target, "/apis/" AX "/") == NULL || at == NULL)
		return false;
	at += strlen("/namespaces/");
	n = strcspn(at, "/");
	if (at[n] == '\0' || !str_format(ns, 260, "%.*s", (int)n, at))
		return false;
	for (size_t i = 0; i < sizeof(plurals) / sizeof(*plurals); i++) {
		rest = at + n + 1;
		if (!str_has_prefix(rest, plurals[i]) ||
		    rest[strlen(plurals[i])] != '/')
			continue;
		rest += strlen(plurals[i]) + 1;
		if (!str_format(
			name, 260, "%.*s", (int)strcspn(rest, "/?"), rest))
			return false;
		return i != 0 || strstr(rest, "/status") != NULL;
	}
	return false;
}

static void
owner_call(struct invariants *x, const struct inv_call *c)
{
	char ns[260], name[260], lease[SHARD_NAME_CAP];
	const char *why;

	if (x->o.shards <= 1 || !str_eq(c->method, "PATCH") || c->status == 0 ||
	    !owner_target(c->target, ns, name))
		return;
	owner_lease_name(x, ns, name, lease);
	why = owner_unleased(x, c->agent, c->at_us, lease);
	if (why != NULL)
		inv_fail(x, "driver-of-object", name,
		    "PATCH %s by agent-%d, but the lease %s: %s", c->target,
		    c->agent, lease, why);
}

/* A lease that ran out ends a life of its holder, as far as sessions go: those
 * are left to expire. */
static void
owner_term_over(struct invariants *x, const char *holder)
{
	int agent = str_has_prefix(holder, "agent-") ? holder[6] - '0' : -1;

	for (size_t i = 0; i < x->facts.bmcs.n; i++) {
		struct fact_bmc *b = x->facts.bmcs.v[i].value;

		for (struct fact_session *f = b->sessions; f != NULL;
		     f = f->next)
			f->dropped = f->dropped || f->agent == agent;
	}
}

/* The holder stops so long after its last renewal. */
#define TERM (10 * LOOP_S)

static void
owner_before(struct invariants *x, const struct inv_commit *c)
{
	const struct fact_object *o;
	const char *was = json_str(c->before, "spec/holderIdentity", "");

	if (!str_eq(c->resource, "leases") || was[0] == '\0')
		return;
	o = facts_object(&x->facts, c->group, c->resource, c->ns, c->name);
	if (o != NULL && c->at_us - o->changed_at >= TERM)
		owner_term_over(x, was);
}

/* Somebody else's term began, and the former one was not given up. */
static void
owner_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	const char *was = json_str(c->before, "spec/holderIdentity", "");
	const char *now = json_str(c->after, "spec/holderIdentity", "");
	char lease[SHARD_NAME_CAP];

	(void)o;
	if (!str_eq(c->resource, "leases") || was[0] == '\0' ||
	    now[0] == '\0' || str_eq(was, now))
		return;
	for (size_t i = 0; i < x->facts.objects.n; i++) {
		struct fact_object *h = x->facts.objects.v[i].value;

		if (!str_has_prefix(
			x->facts.objects.v[i].key, "physicalhosts." AX "/") ||
		    h->tree == NULL ||
		    (!str_eq(h->record.phase, "provisioning") &&
			!str_eq(h->record.phase, "releasing")))
			continue;
		owner_lease_name(x, json_str(h->tree, "metadata/namespace", ""),
		    json_str(h->tree, "metadata/name", ""), lease);
		if (str_eq(lease, c->name))
			h->former_until = c->at_us + FORMER;
	}
}

static void
owner_write(struct invariants *x, const struct inv_write *w)
{
	char name[360], what[300];

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
	(void)str_format(what, sizeof(what), "%s (%.200s)",
	    inv_write_name(w->kind), w->text);
	/* In virtual time judged when it was sent. */
	if (!x->o.synchronous)
		owner_lease(x, w->host, w->agent, w->at_us, what);
}

const struct inv_group inv_owner = { .before_commit = owner_before,
	.commit = owner_commit,
	.write = owner_write,
	.sent = owner_sent,
	.call = owner_call };
