/* How soon hints have their looks, and how many. */
#include <CUnit/Basic.h>

#include "agent/control/pace.h"
#include "tests/unit/unit.h"

#define S 1000000LL

static void
the_first_hint_is_looked_after_at_once(void)
{
	struct pace p = { 0 };

	CU_ASSERT_EQUAL(pace_delay(&p, 0), 0);
	pace_look(&p, 100 * S, false);
	CU_ASSERT_EQUAL(pace_delay(&p, 160 * S), 0);
	/* half a second after the last look, whatever that was for */
	CU_ASSERT_EQUAL(pace_delay(&p, 100 * S), PACE_GAP_US);
	CU_ASSERT_EQUAL(pace_delay(&p, 100 * S + 1), PACE_GAP_US - 1);
}

/* Looks of a BMC that always has another hint. */
static unsigned
looks_in(struct pace *p, int64_t from, int64_t until)
{
	unsigned n = 0;

	for (;;) {
		from += pace_delay(p, from);
		if (from >= until)
			return n;
		pace_look(p, from, true);
		n++;
	}
}

static void
chatter_has_a_budget(void)
{
	struct pace p = { 0 };

	/* the burst, at once */
	CU_ASSERT_EQUAL(looks_in(&p, 1000 * S, 1009 * S), 18);
	CU_ASSERT_EQUAL(looks_in(&p, 1009 * S, 1012 * S), 3);
	/* then one in ten seconds, for ever */
	CU_ASSERT_EQUAL(looks_in(&p, 1012 * S, 1112 * S), 10);
	CU_ASSERT_EQUAL(looks_in(&p, 1112 * S, 4712 * S), 360);
	/* which comes back with quiet */
	CU_ASSERT_EQUAL(looks_in(&p, 4912 * S, 4914 * S), 4);
	CU_ASSERT_EQUAL(looks_in(&p, 4914 * S, 4944 * S), 19);
}

static void
looks_of_other_causes_spend_nothing(void)
{
	struct pace p = { 0 };

	for (int i = 0; i < 1000; i++)
		pace_look(&p, i * S, false);
	CU_ASSERT_EQUAL(pace_delay(&p, 1000 * S), 0);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_first_hint_is_looked_after_at_once),
		UNIT_CASE(chatter_has_a_budget),
		UNIT_CASE(looks_of_other_causes_spend_nothing),
	};

	return UNIT_RUN("pace", cases);
}
