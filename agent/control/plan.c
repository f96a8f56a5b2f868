/* See plan.h. */
#include "agent/control/plan.h"

#include <stddef.h>

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[V_NEXT] = "next",
		[V_WAIT] = "wait",
		[V_POLL] = "poll",
		[V_FAIL] = "fail",
		[V_STOP] = "stop",
	};

	return names[v];
}

enum verdict
plan_run(const struct step *steps, void *ctx, const char **at)
{
	for (; steps->name != NULL; steps++) {
		enum verdict v = steps->run(ctx);

		*at = steps->name;
		if (v != V_NEXT)
			return v;
	}
	return V_STOP;
}
