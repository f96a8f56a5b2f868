/* At rest nothing is written: neither to the API nor to a BMC. */
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

static void
quiet_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	char name[360];
	cJSON *diff;
	char *text;

	(void)o;
	if (!x->quiet || !inv_by_agent(x, c) || str_eq(c->resource, "leases"))
		return;
	/* In real time they are counted up ten minutes later, whatever the
	 * time scale. */
	if (!x->o.synchronous && str_eq(c->resource, "events"))
		return;
	diff = json_merge_diff(c->before, c->after);
	json_put(diff, "metadata/managedFields", NULL);
	text = json_print(diff);
	(void)str_format(
	    name, sizeof(name), "%s/%s/%s", c->resource, c->ns, c->name);
	inv_fail(
	    x, "steady-writes-nothing", name, "%s of %.380s", c->verb, text);
	xfree(text);
	cJSON_Delete(diff);
}

static void
quiet_write(struct invariants *x, const struct inv_write *w)
{
	if (x->quiet)
		inv_fail(x, "steady-writes-nothing", w->bmc->name, "%s (%s)",
		    inv_write_name(w->kind), w->text);
}

const struct inv_group inv_quiet = { .commit = quiet_commit,
	.write = quiet_write };
