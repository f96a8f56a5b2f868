/* Steps that run steps: repeat, for-each; log; random operations. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/chaos.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"
#include "scenarios/runner/subst.h"

static const struct shape_key repeat_keys[] = {
	{ "times", S_INT, true, "" },
	{ "as", S_TEXT, false, "variable: 1, 2, ..." },
	{ "steps", S_LIST, true, "" },
	{ NULL, S_ANY, false, NULL },
};

static bool
flow_steps(struct play *p, const cJSON *a, const char *base, struct err *e)
{
	char at[420];

	(void)str_format(at, sizeof(at), "%s/steps", base);
	return steps_run(p, json_child(a, "steps"), at, e);
}

static bool
repeat_run(struct play *p, const cJSON *a, struct err *e)
{
	cJSON *times = subst(json_child(a, "times"), play_var, p, e);
	int64_t n = times == NULL ? -1 : json_i64(times, "", 1);
	const char *as = json_str(a, "as", "i");
	char base[400], value[24];
	bool ok = n >= 0;

	(void)str_copy(base, sizeof(base), p->path);
	for (int64_t i = 1; ok && i <= n; i++) {
		(void)snprintf(value, sizeof(value), "%lld", (long long)i);
		play_set_var(p, as, value);
		ok = flow_steps(p, a, base, e);
	}
	cJSON_Delete(times);
	return ok;
}

static const struct shape_key each_keys[] = {
	{ "in", S_LIST, true, "values" },
	{ "as", S_TEXT, true, "variable" },
	{ "steps", S_LIST, true, "" },
	{ NULL, S_ANY, false, NULL },
};

static bool
each_run(struct play *p, const cJSON *a, struct err *e)
{
	char base[400];
	const cJSON *v;

	(void)str_copy(base, sizeof(base), p->path);
	cJSON_ArrayForEach (v, json_child(a, "in")) {
		char *text = subst_value(v);

		play_set_var(p, json_str(a, "as", "it"), text);
		xfree(text);
		if (!flow_steps(p, a, base, e))
			return false;
	}
	return true;
}

static bool
log_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *text = cJSON_IsString(a) ? a->valuestring : "";

	(void)e;
	if (p->o.progress != NULL)
		p->o.progress(p->o.progress_arg, text);
	return true;
}

const struct step_row steps_flow[] = {
	{ "repeat", repeat_keys, S_MAP, NULL, repeat_run,
	    "runs steps several times" },
	{ "for-each", each_keys, S_MAP, NULL, each_run,
	    "runs steps once per value" },
	{ "log", NULL, S_TEXT, NULL, log_run, "says something" },
	{ "random", chaos_keys, S_MAP, NULL, chaos_run,
	    "random operations and faults, by the seed" },
	{ 0 },
};
