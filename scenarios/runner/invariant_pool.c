/*
 * The pool and the states (API.md): what may become Available, and who moves a
 * host from where to where.
 */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/walk.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define PERSON (3 * LOOP_MIN) /* until a look at an idle host is due */

/* Steps that API.md does not have. */
static const char *const never[][2] = {
	{ "Provisioned", "Provisioning" },
	{ "Provisioned", "Claimed" },
	{ "Provisioned", "Enrolling" },
	{ "Provisioned", "Inspecting" },
	{ "Provisioned", "Available" },
	{ "Provisioning", "Available" },
	{ "Provisioning", "Inspecting" },
	{ "Provisioning", "Enrolling" },
	{ "Provisioning", "Claimed" },
	{ "Deprovisioning", "Provisioned" },
	{ "Deprovisioning", "Provisioning" },
	{ "Deprovisioning", "Claimed" },
	{ "Available", "Provisioned" },
	{ "Claimed", "Provisioned" },
	{ "Claimed", "Error" },
	{ "Enrolling", "Error" },
	{ "Inspecting", "Error" },
	{ "Available", "Error" },
};

static void
pool_clean(struct invariants *x, const struct inv_commit *c,
    const struct fact_object *o, const char *name)
{
	const struct fact_bmc *b = o->bmc;

	if (strcmp(o->record.phase, "idle") != 0 || o->record.failed)
		inv_fail(x, "pool-clean", name,
		    "Available with a record in phase %s%s", o->record.phase,
		    o->record.failed ? ", failed" : "");
	if (json_at(o->tree, "spec/consumerRef") != NULL)
		return;
	if (b == NULL || b->lies_until >= c->at_us ||
	    (b->person_at != FACT_NEVER && c->at_us - b->person_at < PERSON))
		return;
	if (!str_eq(b->power, "Off"))
		inv_fail(x, "pool-clean", name,
		    "Available while the machine is %s", b->power);
	if (b->media)
		inv_fail(x, "pool-clean", name,
		    "Available with a medium inserted: %s",
		    b->media_url == NULL ? "" : b->media_url);
	if (b->armed)
		inv_fail(x, "pool-clean", name,
		    "Available with the boot override %s", b->override_);
}

/* Steps of the status that the record stands for, whatever the order says. */
static bool
pool_by_record(const struct fact_object *o, const char *was, const char *is)
{
	/* After a crash the status may be older than the record, which is what
	 * it is a view of (SAFETY.md 1). */
	if (str_eq(o->record.phase, "idle") &&
	    (str_eq(is, "Available") || str_eq(is, "Inspecting") ||
		str_eq(is, "Claimed")))
		return true;
	/* Adopted: the record tells of no power-on that was ours. */
	return str_eq(is, "Provisioned") && str_eq(was, "Claimed") &&
	       str_eq(o->record.phase, "provisioned") && o->record.on_at == 0;
}

static void
pool_moved(struct invariants *x, const struct inv_commit *c,
    const struct fact_object *o, const char *name)
{
	const char *was = json_str(c->before, "status/state", "");
	const char *is = json_str(c->after, "status/state", "");
	bool forced = o->asked_at != FACT_NEVER;

	if (str_eq(was, is) || was[0] == '\0' || is[0] == '\0')
		return;
	if (str_eq(was, "Provisioned") && str_eq(is, "Error") && !forced)
		inv_fail(
		    x, "pool-error-stays", name, "Provisioned became Error");
	if (str_eq(was, "Error") && !str_eq(is, "Deprovisioning") && !forced)
		inv_fail(x, "pool-error-stays", name,
		    "Error became %s without retry", is);
	forced = forced || pool_by_record(o, was, is);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (str_eq(was, never[i][0]) && str_eq(is, never[i][1]) &&
		    !forced)
			inv_fail(
			    x, "state-order", name, "%s became %s", was, is);
	if (str_eq(is, "Available"))
		pool_clean(x, c, o, name);
}

static void
pool_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	char name[360];

	if (!str_eq(c->resource, "physicalhosts") || c->after == NULL ||
	    !inv_by_agent(x, c))
		return;
	inv_host_name(o, name);
	pool_moved(x, c, o, name);
}

/* At the end of everything the agent has had the time to look. */
static void
pool_end(struct invariants *x)
{
	struct walk w = walk_start(&x->facts, AX, "physicalhosts", NULL, NULL);
	struct inv_commit c = { .at_us = x->facts.now_us };
	const struct fact_object *o;
	char name[360];

	while ((o = walk_next(&w)) != NULL) {
		if (o->paused_at != FACT_NEVER ||
		    !str_eq(json_str(o->tree, "status/state", ""), "Available"))
			continue;
		inv_host_name(o, name);
		pool_clean(x, &c, o, name);
	}
}

const struct inv_group inv_pool = { .commit = pool_commit, .end = pool_end };
