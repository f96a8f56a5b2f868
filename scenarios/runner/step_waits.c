/* Steps that let time pass and look: wait, expect, advance, quiet, count. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/count.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"
#include "scenarios/runner/want.h"

#define WAIT_DEFAULT (10 * LOOP_MIN)

static bool
wait_run(struct play *p, const cJSON *a, struct err *e)
{
	int64_t within = shape_time(a, "within", WAIT_DEFAULT);
	struct want_list l = { 0 };
	int64_t real =
	    p->be->synchronous ? -1 : shape_time(a, "sockets-within", -1);
	bool ok = want_list_parse(&l, p, a, e), met;

	if (real >= 0)
		within = real;
	met = ok && (real >= 0 ? play_wait_real(p, real, want_list_met, &l)
			       : play_wait(p, within, want_list_met, &l));
	if (ok && !met) {
		ok = false;
		if (!p->failure.set)
			(void)err_set(e, ERR_TIMEOUT, 0,
			    "not within %lld s: %s",
			    (long long)(within / LOOP_S), want_list_why(&l));
		if (!p->failure.set && l.missed != NULL &&
		    l.missed->ref.kind != NULL)
			play_fail(p, "expectation", l.missed->ref.name,
			    "wait: %s", e->msg);
	}
	want_list_fini(&l);
	return ok;
}

static bool
expect_broken(void *arg)
{
	return !want_list_met(arg);
}

static bool
expect_run(struct play *p, const cJSON *a, struct err *e)
{
	int64_t stays = shape_time(a, "stays-for", 0);
	struct want_list l = { 0 };
	bool ok = want_list_parse(&l, p, a, e);

	if (ok && expect_broken(&l))
		ok = false;
	else if (ok && stays > 0)
		ok = !play_wait(p, stays, expect_broken, &l) && !p->failure.set;
	if (!ok && l.missed != NULL && !p->failure.set) {
		(void)err_set(
		    e, ERR_SPEC, 0, "expected otherwise: %s", l.missed->why);
		if (l.missed->ref.kind != NULL)
			play_fail(p, "expectation", l.missed->ref.name,
			    "expect: %s", l.missed->why);
	}
	want_list_fini(&l);
	return ok;
}

static bool
advance_run(struct play *p, const cJSON *a, struct err *e)
{
	(void)e;
	play_pass(p, shape_time(a, "", 0));
	return true;
}

static bool
quiet_run(struct play *p, const cJSON *a, struct err *e)
{
	(void)e;
	invariants_quiet(p->inv, true);
	play_pass(p, shape_time(a, "", 0));
	invariants_quiet(p->inv, false);
	return true;
}

static bool
count_run(struct play *p, const cJSON *a, struct err *e)
{
	return count_check(p, a, e);
}

static bool
reset_counters_run(struct play *p, const cJSON *a, struct err *e)
{
	int status;

	(void)a;
	cJSON_Delete(p->be->ops->bmc(
	    p->be, "POST", "/all/reset-counters", NULL, &status));
	return p->be->ops->kube_sim(p->be, "stats-reset", NULL, e);
}

const struct step_row steps_waits[] = {
	{ "wait", want_keys, S_MAP, want_check, wait_run,
	    "until something is so, `within` a time (10m)" },
	{ "expect", want_keys, S_MAP, want_check, expect_run,
	    "something is so now, or `stays-for` a time" },
	{ "advance", NULL, S_TIME, NULL, advance_run, "lets a time pass" },
	{ "quiet", NULL, S_TIME, NULL, quiet_run,
	    "lets a time pass in which nothing may be written" },
	{ "count", count_keys, S_MAP, count_arg_check, count_run,
	    "Redfish requests or API writes since reset-counters" },
	{ "reset-counters", NULL, S_NOW, NULL, reset_counters_run,
	    "counts from here" },
	{ 0 },
};
