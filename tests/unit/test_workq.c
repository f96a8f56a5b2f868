#include "agent/control/workq.h"

#include <stdio.h>

#include "common/buf.h"
#include "common/loop.h"
#include "common/world.h"
#include "tests/unit/unit.h"

/* One process in a virtual world, and what ran in it. */
struct rig {
	struct world *w;
	struct loop *l;
	struct workq *q;
	struct buf ran;
	const char *again; /* added from inside its own run, once */
};

static void
rig_run(void *arg, const char *key)
{
	struct rig *r = arg;

	(void)buf_addf(&r->ran, "%lld:%s ",
	    (long long)(world_now_us(r->w) / LOOP_MS), key);
	if (r->again != NULL && strcmp(r->again, key) == 0) {
		r->again = NULL;
		workq_add(r->q, key);
	}
}

static void
rig_up(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->ran, 1 << 16);
	r->w = world_new(1);
	r->l = world_spawn(r->w, "p", "10.0.0.1", 0);
	r->q = workq_new(r->l, rig_run, r);
}

static void
rig_down(struct rig *r)
{
	workq_free(r->q);
	world_free(r->w);
	buf_free(&r->ran);
}

static void
rig_until_ms(struct rig *r, int64_t ms)
{
	(void)world_run(r->w, ms * LOOP_MS, NULL, NULL);
}

static void
runs_a_key_once_for_many_adds(void)
{
	struct rig r;

	rig_up(&r);
	workq_add(r.q, "a");
	workq_add(r.q, "b");
	workq_add(r.q, "a");
	workq_add_after(r.q, "a", LOOP_S);
	CU_ASSERT_EQUAL(workq_depth(r.q), 2);
	CHECK_TEXT(buf_str(&r.ran), ""); /* never inside the call */
	rig_until_ms(&r, 5000);
	CHECK_TEXT(buf_str(&r.ran), "0:a 0:b ");
	rig_down(&r);
}

static void
takes_the_earliest_of_several_delays(void)
{
	struct rig r;

	rig_up(&r);
	workq_add_after(r.q, "a", 3 * LOOP_S);
	workq_add_after(r.q, "a", LOOP_S);
	workq_add_after(r.q, "a", 2 * LOOP_S);
	workq_add_after(r.q, "b", 2 * LOOP_S);
	workq_add(r.q, "b");
	rig_until_ms(&r, 10000);
	CHECK_TEXT(buf_str(&r.ran), "0:b 1000:a ");
	rig_down(&r);
}

static void
runs_again_when_added_while_running(void)
{
	struct rig r;

	rig_up(&r);
	r.again = "a";
	workq_add(r.q, "a");
	rig_until_ms(&r, 1000);
	CHECK_TEXT(buf_str(&r.ran), "0:a 0:a ");
	rig_down(&r);
}

static void
forgets_a_delay_but_not_what_is_due(void)
{
	struct rig r;

	rig_up(&r);
	workq_add_after(r.q, "a", LOOP_S);
	workq_forget(r.q, "a");
	workq_add(r.q, "b");
	workq_forget(r.q, "b");
	workq_forget(r.q, "never added");
	rig_until_ms(&r, 5000);
	CHECK_TEXT(buf_str(&r.ran), "0:b ");
	rig_down(&r);
}

static void
runs_hundreds_in_the_order_they_came(void)
{
	struct rig r;
	struct buf want;
	char key[16];

	rig_up(&r);
	buf_init(&want, 1 << 16);
	for (int i = 999; i >= 0; i--) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		workq_add(r.q, key);
		(void)buf_addf(&want, "0:%s ", key);
	}
	rig_until_ms(&r, 1);
	CU_ASSERT_EQUAL(r.ran.n, want.n);
	CU_ASSERT_EQUAL(memcmp(buf_str(&r.ran), buf_str(&want), want.n), 0);
	buf_free(&want);
	rig_down(&r);
}

static void
frees_what_never_ran(void)
{
	struct rig r;

	rig_up(&r);
	workq_add(r.q, "a");
	workq_add_after(r.q, "b", LOOP_S);
	rig_down(&r); /* the sanitizer counts */
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "runs a key once for many adds",
		    runs_a_key_once_for_many_adds },
		{ "takes the earliest of several delays",
		    takes_the_earliest_of_several_delays },
		{ "runs again when added while running",
		    runs_again_when_added_while_running },
		{ "forgets a delay but not what is due",
		    forgets_a_delay_but_not_what_is_due },
		{ "runs hundreds in the order they came",
		    runs_hundreds_in_the_order_they_came },
		{ "frees what never ran", frees_what_never_ran },
	};

	return UNIT_RUN("workq", cases);
}
