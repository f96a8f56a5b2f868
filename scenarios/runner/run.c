/* See run.h: one file with one seed. */
#include "scenarios/runner/run.h"

#include <string.h>
#include <time.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/subst.h"

#define RUN_MATRIX_MAX 400 /* values of one variable */

struct run {
	const struct scenario *sc;
	const struct run_opts *o;
	uint64_t seed;
	struct run_result *r;
	struct map vars; /* of the matrix, owned texts */
	FILE *log;
	bool crashed;  /* the planned crash came */
	bool may_miss; /* a range ends where it does not */
};

static double
run_wall(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run_vars_print(const struct run *x, const char *before, FILE *out)
{
	for (size_t i = 0; i < x->vars.n; i++)
		(void)fprintf(out, "%s%s=%s", i == 0 ? before : ",",
		    x->vars.v[i].key, (const char *)x->vars.v[i].value);
}

/* What a person needs to see the same again. */
static void
run_report(const struct run *x, const struct play *p, FILE *out)
{
	const struct play_failure *f = &p->failure;
	struct err e = { 0 };

	(void)shape_error(&x->sc->src, f->path, &e, "%s", f->what);
	(void)fprintf(out, "%s\n", e.msg);
	(void)fprintf(out, "  %s\n", f->text);
	if (f->object[0] != '\0')
		(void)fprintf(out, "  object: %s\n", f->object);
	if (inv_row(f->what) != NULL)
		(void)fprintf(out, "  invariant: %s\n", inv_row(f->what)->says);
	(void)fprintf(out, "  seed %llu, virtual time %.6f s",
	    (unsigned long long)x->seed, (double)f->at_us / LOOP_S);
	run_vars_print(x, ", with ", out);
	(void)fprintf(out, "\n");
	if (p->trail != NULL)
		trail_print(p->trail, f->object, out);
	(void)fprintf(out, "  replay: %s run %s --seed %llu%s", x->o->program,
	    x->sc->file, (unsigned long long)x->seed,
	    x->o->sockets ? " --sockets" : "");
	run_vars_print(x, " --set ", out);
	(void)fprintf(out, " --log %s\n", "FILE");
}

static void
run_progress(void *arg, const char *text)
{
	const struct run *x = arg;

	if (x->o->verbose)
		(void)fprintf(stderr, "  %s: %s\n", x->sc->file, text);
}

/* One play; false: it failed. With again, the second time for the report. */
static bool
run_once(struct run *x, bool again)
{
	struct play_opts po = { .seed = x->seed,
		.root = x->o->root,
		.bin = x->o->bin,
		.sockets = x->o->sockets,
		.time_scale = x->o->time_scale,
		.log = again ? NULL : x->log,
		.trail = again,
		.agent_debug = x->o->debug,
		.vars = &x->vars,
		.may_miss = x->may_miss,
		.progress = run_progress,
		.progress_arg = x };
	struct err e = { 0 };
	struct play *p = play_new(x->sc, &po, &e);
	size_t size;
	FILE *out;
	bool ok;

	x->crashed = false;
	if (p == NULL) {
		x->r->report = xasprintf("%s: %s\n", x->sc->file, e.msg);
		(void)str_copy(x->r->what, sizeof(x->r->what), "error");
		return false;
	}
	ok = play_run(p);
	x->crashed = p->noted_crash;
	x->r->virtual_s += again ? 0 : (double)play_now(p) / LOOP_S;
	if (!ok && (again || x->o->sockets || x->log != NULL)) {
		xfree(x->r->report);
		x->r->report = NULL;
		out = open_memstream(&x->r->report, &size);
		if (out != NULL) {
			run_report(x, p, out);
			(void)fclose(out);
		}
		(void)str_copy(x->r->what, sizeof(x->r->what), p->failure.what);
	}
	play_free(p);
	return ok;
}

static bool
run_play(struct run *x)
{
	x->r->plays++;
	if (run_once(x, false))
		return true;
	x->r->ok = false;
	/* The same seed fails the same way: once more, looking closely. */
	if (x->r->report == NULL && run_once(x, true))
		x->r->report = xasprintf("%s: failed with seed %llu, but not "
					 "when it ran again: it is not "
					 "deterministic\n",
		    x->sc->file, (unsigned long long)x->seed);
	return false;
}

static void
run_set(struct run *x, const char *name, char *value)
{
	xfree(map_put(&x->vars, name, value));
}

static bool run_matrix(struct run *x, const struct scenario_var *v, size_t n);

static bool
run_matrix_list(struct run *x, const struct scenario_var *v, size_t n)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, v->list) {
		run_set(x, v->name, subst_value(item));
		if (!run_matrix(x, v + 1, n - 1))
			return false;
	}
	return true;
}

static bool
run_matrix_range(struct run *x, const struct scenario_var *v, size_t n)
{
	for (int64_t k = v->from; k <= v->to && k < v->from + RUN_MATRIX_MAX;
	     k += v->step) {
		run_set(x, v->name, xasprintf("%lld", (long long)k));
		x->may_miss = v->until_no_crash;
		if (!run_matrix(x, v + 1, n - 1))
			return false;
		if (v->until_no_crash && !x->crashed)
			break;
	}
	return true;
}

/* All combinations of the variables from v on; false: stop. */
static bool
run_matrix(struct run *x, const struct scenario_var *v, size_t n)
{
	if (n == 0)
		return run_play(x) || x->o->keep_going;
	return v->list != NULL ? run_matrix_list(x, v, n)
			       : run_matrix_range(x, v, n);
}

/* "k=3,when=after" instead of the matrix. */
static void
run_set_given(struct run *x, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		char *pair = xstrndup(text, n), *eq = strchr(pair, '=');

		if (eq != NULL) {
			*eq = '\0';
			run_set(x, pair, xstrdup(eq + 1));
		}
		xfree(pair);
		text += n + (text[n] == ',');
	}
}

/* The variables that have no value yet; how many. */
static size_t
run_not_given(struct run *x, struct scenario_var *v, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (map_get(&x->vars, v[i].name) == NULL)
			v[left++] = v[i];
	return left;
}

void
run_file(const struct scenario *sc, uint64_t seed, const struct run_opts *o,
    struct run_result *r)
{
	struct scenario_var vars[SCENARIO_VARS];
	size_t n = scenario_matrix(sc, o->sockets, vars);
	struct run x = { .sc = sc, .o = o, .seed = seed, .r = r };
	double began = run_wall();

	memset(r, 0, sizeof(*r));
	r->ok = true;
	if (o->log != NULL) {
		x.log = str_eq(o->log, "-") ? stdout : fopen(o->log, "a");
		if (x.log == NULL)
			(void)fprintf(
			    stderr, "cannot write the log %s\n", o->log);
	}
	if (o->set != NULL) {
		run_set_given(&x, o->set);
		n = run_not_given(&x, vars, n);
	}
	(void)run_matrix(&x, vars, n);
	if (x.log != NULL && x.log != stdout)
		(void)fclose(x.log);
	map_free(&x.vars, xfree);
	r->wall_s = run_wall() - began;
}

void
run_result_fini(struct run_result *r)
{
	/* open_memstream's and ours: the same allocator. */
	xfree(r->report);
	r->report = NULL;
}
