/* See step.h. */
#include "scenarios/runner/step.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/subst.h"

const struct step_row *const step_tables[] = { steps_objects, steps_health,
	steps_waits, steps_world, steps_workload, steps_agents, steps_flow,
	NULL };

const struct step_row *
step_by_name(const char *name)
{
	for (size_t i = 0; step_tables[i] != NULL; i++)
		for (const struct step_row *r = step_tables[i]; r->name != NULL;
		     r++)
			if (str_eq(r->name, name))
				return r;
	return NULL;
}

/* When the file is read, and again when all values are known. */
static bool
step_check_arg(const struct step_row *r, const cJSON *arg, const char *at,
    const struct shape_source *s, struct err *e)
{
	bool ok = r->keys != NULL && (cJSON_IsObject(arg) || r->other == S_MAP)
		      ? shape_check(r->keys, arg, at, s, e)
		      : shape_value(r->other, r->name, arg, at, s, e);

	return ok && (r->check == NULL || r->check(arg, at, s, e));
}

static bool
step_check(const cJSON *step, const char *path, const struct shape_source *s,
    struct err *e)
{
	const cJSON *arg = cJSON_IsObject(step) ? step->child : NULL;
	const struct step_row *r;
	char at[400], inner[420];

	if (arg == NULL || arg->next != NULL)
		return shape_error(
		    s, path, e, "a step is a mapping with one key, its name");
	(void)str_format(at, sizeof(at), "%s/%s", path, arg->string);
	r = step_by_name(arg->string);
	if (r == NULL)
		return shape_error(s, at, e,
		    "unknown step \"%.40s\"; --list-steps names them",
		    arg->string);
	if (!step_check_arg(r, arg, at, s, e))
		return false;
	(void)str_format(inner, sizeof(inner), "%s/steps", at);
	return json_arr(arg, "steps") == NULL ||
	       steps_check(json_arr(arg, "steps"), inner, s, e);
}

bool
steps_check(const cJSON *list, const char *path, const struct shape_source *s,
    struct err *e)
{
	const cJSON *step;
	char at[400];
	int i = 0;

	if (!cJSON_IsArray(list))
		return shape_error(s, path, e, "steps are a list");
	cJSON_ArrayForEach (step, list) {
		(void)str_format(at, sizeof(at), "%s/%d", path, i++);
		if (!step_check(step, at, s, e))
			return false;
	}
	return true;
}

static bool
step_run(struct play *p, const cJSON *step, const char *path, struct err *e)
{
	const struct step_row *r = step_by_name(step->child->string);
	/* Inner steps are replaced when they run: their names may come from
	 * for-each. */
	bool outer = json_arr(step->child, "steps") != NULL;
	char at[400];
	cJSON *arg;
	bool ok;

	if (r == NULL) /* never: steps_check() knew it */
		return shape_error(&p->sc->src, path, e, "no such step");
	(void)str_format(at, sizeof(at), "%s/%s", path, r->name);
	(void)str_copy(p->path, sizeof(p->path), at);
	arg =
	    outer ? json_dup(step->child) : subst(step->child, play_var, p, e);
	if (arg == NULL)
		return shape_error(&p->sc->src, at, e, "%s", e->msg);
	play_note(p, "step", path, step->child);
	if (!outer && !step_check_arg(r, arg, at, &p->sc->src, e)) {
		cJSON_Delete(arg);
		return false;
	}
	ok = r->run(p, arg, e);
	cJSON_Delete(arg);
	if (!ok && !str_has_prefix(e->msg, p->sc->src.file)) {
		struct err was = *e;

		(void)str_copy(p->path, sizeof(p->path), at);
		return shape_error(&p->sc->src, at, e, "%s", was.msg);
	}
	return ok;
}

bool
steps_run(struct play *p, const cJSON *list, const char *path, struct err *e)
{
	const cJSON *step;
	char at[400];
	int i = 0;

	cJSON_ArrayForEach (step, list) {
		(void)str_format(at, sizeof(at), "%s/%d", path, i++);
		if (!step_run(p, step, at, e) || p->failure.set)
			return false;
	}
	return true;
}
