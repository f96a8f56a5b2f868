/* See scenario.h: the keys of a file's first level. */
#include "scenarios/runner/scenario.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "scenarios/runner/count.h"
#include "scenarios/runner/step.h"

#define SCENARIO_MAX (1u << 20)

static const struct shape_key top_keys[] = {
	{ "name", S_TEXT, true, "what it shows, in a few words" },
	{ "description", S_TEXT, false, "more words" },
	{ "tags", S_LIST, false, "words to select by" },
	{ "bmcs", S_MAP, false, "the simulated BMCs" },
	{ "agents", S_MAP, false, "how many agents, with which options" },
	{ "hosts", S_ANY, false, "Secrets and PhysicalHosts for the BMCs" },
	{ "cluster", S_MAP, false, "a Cluster with its Machines" },
	{ "workload", S_ANY, false,
	    "true, or {provider-id: TEMPLATE}: workload clusters with API "
	    "servers and kubelets of their own" },
	{ "manifests", S_LIST, false, "objects, or {file: PATH}" },
	{ "vars", S_MAP, false, "names for values, used as ${name}" },
	{ "matrix", S_MAP, false, "run the whole file once per value" },
	{ "sockets", S_MAP, false, "what is otherwise over sockets" },
	{ "steps", S_LIST, true, "what happens, in order" },
	{ "end", S_MAP, false, "what holds at the end" },
	{ "markers", S_LIST, false, "texts that must appear nowhere" },
	{ "bootstrap-data", S_TEXT, false, "payload of bootstrap Secrets" },
	{ "bootstrap-format", S_TEXT, false, "what they say it is" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key bmcs_keys[] = {
	{ "count", S_INT, false, "how many" },
	{ "profiles", S_LIST, false, "vendor profiles, dealt round robin" },
	{ "replay", S_TEXT, false, "folder of a recording that all serve" },
	{ "plain", S_BOOL, false, "HTTP instead of HTTPS" },
	{ "timing", S_MAP, false, "how long things take" },
	{ "overrides", S_LIST, false, "settings of single BMCs" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key timing_keys[] = {
	{ "power-on", S_TIME, false, "" },
	{ "power-off", S_TIME, false, "" },
	{ "shutdown", S_TIME, false, "" },
	{ "post", S_TIME, false, "" },
	{ "os-boot", S_TIME, false, "" },
	{ "install", S_TIME, false, "" },
	{ "insert", S_TIME, false, "" },
	{ "eject", S_TIME, false, "" },
	{ "bmc-restart", S_TIME, false, "" },
	{ "pxe", S_TIME, false, "" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key override_keys[] = {
	{ "bmc", S_TEXT, true, "name" },
	{ "profile", S_TEXT, false, "" },
	{ "username", S_TEXT, false, "" },
	{ "password", S_TEXT, false, "" },
	{ "serial", S_TEXT, false, "" },
	{ "uuid", S_TEXT, false, "" },
	{ "arch", S_TEXT, false, "" },
	{ "powered-on", S_BOOL, false, "runs an OS at the start" },
	{ "disk-image", S_TEXT, false, "what its disk holds" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key agents_keys[] = {
	{ "count", S_INT, false, "started before the first step; default 1" },
	{ "busy-interval", S_TIME, false, "" },
	{ "idle-interval", S_TIME, false, "" },
	{ "bmc-grace", S_TIME, false, "" },
	{ "max-provisioning", S_INT, false, "" },
	{ "max-releasing", S_INT, false, "" },
	{ "event-streams", S_INT, false, "BMCs followed at once; 0 = none" },
	{ "leader-elect", S_BOOL, false, "" },
	{ "shards", S_INT, false, "a Lease each; implies leader-elect" },
	{ "image-origins", S_TEXT, false, "" },
	{ "media", S_BOOL, false,
	    "they serve the machines' media, all at one address" },
	{ "watch-filter", S_TEXT, false, "" },
	{ "namespace", S_TEXT, false, "" },
	{ "clock-skew", S_TIME, false,
	    "wall clock of agent n is n times "
	    "this ahead" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key hosts_keys[] = {
	{ "count", S_INT, false, "the first so many BMCs; default all" },
	{ "namespace", S_TEXT, false, "" },
	{ "trust", S_TEXT, false, "ca (default), insecure, first-use" },
	{ "spec", S_MAP, false, "merged into each spec" },
	{ "labels", S_MAP, false, "" },
	{ NULL, S_ANY, false, NULL },
};

const struct shape_key cluster_keys[] = {
	{ "name", S_TEXT, true, "" },
	{ "namespace", S_TEXT, false, "" },
	{ "control-plane", S_INT, false, "machines; default 1" },
	{ "workers", S_INT, false, "machines; default 0" },
	{ "image", S_TEXT, false, "URL, or a name of the image origin" },
	{ "kind", S_TEXT, false, "Installer (default) or Live" },
	{ "endpoint", S_TEXT, false, "host of the control plane" },
	{ "machine-spec", S_MAP, false, "merged into each Beskar7Machine" },
	{ "step", S_BOOL, false, "true: made by the step `cluster` only" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key workload_keys[] = {
	{ "provider-id", S_TEXT, false, "kubelets register with it" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key sockets_keys[] = {
	{ "vars", S_MAP, false, "other values for some" },
	{ "matrix", S_MAP, false, "other values for some" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key end_keys[] = {
	{ "converge", S_ANY, false, "time until all is at rest; false" },
	{ "quiet", S_ANY, false, "time in which nothing is written; false" },
	{ "resting", S_LIST, false, "hosts that may stay as they are" },
	{ "waiting", S_LIST, false, "machines that may stay without a host" },
	{ "counts", S_LIST, false, "as the step `count`" },
	{ NULL, S_ANY, false, NULL },
};

static bool
scenario_part(struct scenario *s, const char *key, const struct shape_key *keys,
    struct err *e)
{
	const cJSON *v = json_child(s->doc, key);

	return v == NULL || !cJSON_IsObject(v) ||
	       shape_check(keys, v, key, &s->src, e);
}

static bool
scenario_bmcs(struct scenario *s, struct err *e)
{
	const cJSON *b = json_child(s->doc, "bmcs");
	const cJSON *t = json_child(b, "timing"), *o;
	char path[64];
	int i = 0;

	if (t != NULL &&
	    !shape_check(timing_keys, t, "bmcs/timing", &s->src, e))
		return false;
	cJSON_ArrayForEach (o, json_child(b, "overrides")) {
		(void)str_format(path, sizeof(path), "bmcs/overrides/%d", i++);
		if (!shape_check(override_keys, o, path, &s->src, e))
			return false;
	}
	return true;
}

/* converge, quiet: a time or false; counts: as the step. */
static bool
scenario_end(struct scenario *s, struct err *e)
{
	static const char *const times[] = { "converge", "quiet" };
	const cJSON *end = json_child(s->doc, "end"), *c;
	char path[64];
	int i = 0;

	for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
		const cJSON *v = json_child(end, times[k]);

		(void)str_format(path, sizeof(path), "end/%s", times[k]);
		if (v != NULL && !cJSON_IsFalse(v) &&
		    !shape_value(S_TIME, times[k], v, path, &s->src, e))
			return false;
	}
	cJSON_ArrayForEach (c, json_child(end, "counts")) {
		(void)str_format(path, sizeof(path), "end/counts/%d", i++);
		if (!shape_check(count_keys, c, path, &s->src, e) ||
		    !count_arg_check(c, path, &s->src, e))
			return false;
	}
	return true;
}

/* Each variable: a list of values, or {from, to, until}. */
static bool
scenario_matrix_check(
    struct scenario *s, const cJSON *m, const char *at, struct err *e)
{
	static const struct shape_key range_keys[] = {
		{ "from", S_INT, false, "default 1" },
		{ "to", S_INT, false, "default 200" },
		{ "step", S_INT, false, "default 1" },
		{ "until", S_TEXT, false, "no-crash" },
		{ NULL, S_ANY, false, NULL },
	};
	static const char *const ends[] = { "no-crash", NULL };
	const cJSON *v;
	char path[160];

	cJSON_ArrayForEach (v, m) {
		(void)str_format(path, sizeof(path), "%s/%s", at, v->string);
		if (cJSON_IsArray(v))
			continue;
		if (!shape_check(range_keys, v, path, &s->src, e) ||
		    !shape_word(v, "until", ends, path, &s->src, e))
			return false;
		if (json_i64(v, "step", 1) < 1)
			return shape_error(
			    &s->src, path, e, "step must be 1 or more");
	}
	return true;
}

/* Does a net step, at any depth, make a rule of this name? */
static bool
steps_make_rule(const cJSON *steps, const char *name)
{
	const cJSON *step;

	cJSON_ArrayForEach (step, steps) {
		const cJSON *arg = step->child;

		if (str_eq(arg->string, "net") &&
		    str_eq(json_str(arg, "name", ""), name))
			return true;
		if (steps_make_rule(json_arr(arg, "steps"), name))
			return true;
	}
	return false;
}

static bool
steps_cut(const cJSON *steps)
{
	const cJSON *step;

	cJSON_ArrayForEach (step, steps) {
		const cJSON *arg = step->child;

		if ((str_eq(arg->string, "net") &&
			str_eq(json_str(arg, "to", ""), "kube")) ||
		    steps_cut(json_arr(arg, "steps")))
			return true;
	}
	return false;
}

bool
scenario_cuts(const struct scenario *s)
{
	return steps_cut(json_child(s->doc, "steps"));
}

/* A misspelt heal would else be found hours into a run, or never. */
static bool
scenario_heals(
    struct scenario *s, const cJSON *steps, const char *path, struct err *e)
{
	const cJSON *step;
	char at[400];
	int i = 0;

	cJSON_ArrayForEach (step, steps) {
		const cJSON *arg = step->child;

		(void)str_format(
		    at, sizeof(at), "%s/%d/%s", path, i++, arg->string);
		if (str_eq(arg->string, "heal") && cJSON_IsString(arg) &&
		    !shape_open(arg) && !str_eq(arg->valuestring, "all") &&
		    !steps_make_rule(
			json_child(s->doc, "steps"), arg->valuestring))
			return shape_error(&s->src, at, e,
			    "no net step makes a rule named \"%.40s\"",
			    arg->valuestring);
		(void)str_format(
		    at, sizeof(at), "%s/%d/%s/steps", path, i - 1, arg->string);
		if (!scenario_heals(s, json_arr(arg, "steps"), at, e))
			return false;
	}
	return true;
}

/* Over sockets only what the file has can be otherwise. */
static bool
scenario_sockets_known(struct scenario *s, const char *key, struct err *e)
{
	const cJSON *all = json_child(s->doc, key), *v;
	char path[160];

	cJSON_ArrayForEach (v, json_child(json_child(s->doc, "sockets"), key)) {
		(void)str_format(
		    path, sizeof(path), "sockets/%s/%s", key, v->string);
		if (json_child(all, v->string) == NULL)
			return shape_error(&s->src, path, e,
			    "%.60s is not in the file's %s", v->string, key);
	}
	return true;
}

static bool
scenario_sockets(struct scenario *s, struct err *e)
{
	const cJSON *m = json_child(json_child(s->doc, "sockets"), "matrix");

	return scenario_part(s, "sockets", sockets_keys, e) &&
	       scenario_sockets_known(s, "vars", e) &&
	       scenario_sockets_known(s, "matrix", e) &&
	       scenario_matrix_check(s, m, "sockets/matrix", e);
}

static bool
scenario_check(struct scenario *s, struct err *e)
{
	const cJSON *steps = json_child(s->doc, "steps");

	return shape_check(top_keys, s->doc, "", &s->src, e) &&
	       scenario_part(s, "bmcs", bmcs_keys, e) && scenario_bmcs(s, e) &&
	       scenario_part(s, "agents", agents_keys, e) &&
	       scenario_part(s, "hosts", hosts_keys, e) &&
	       scenario_part(s, "cluster", cluster_keys, e) &&
	       (cJSON_IsBool(json_child(s->doc, "workload")) ||
		   scenario_part(s, "workload", workload_keys, e)) &&
	       scenario_part(s, "end", end_keys, e) && scenario_end(s, e) &&
	       scenario_matrix_check(
		   s, json_child(s->doc, "matrix"), "matrix", e) &&
	       scenario_sockets(s, e) &&
	       steps_check(steps, "steps", &s->src, e) &&
	       scenario_heals(s, steps, "steps", e);
}

bool
scenario_load(
    struct scenario *s, struct files *files, const char *file, struct err *e)
{
	struct buf b;

	memset(s, 0, sizeof(*s));
	buf_init(&b, SCENARIO_MAX);
	if (!files->read(files->self, file, &b, e)) {
		buf_free(&b);
		return err_wrap(e, "%s", file);
	}
	s->file = xstrdup(file);
	s->text = buf_take(&b, &s->src.n);
	buf_free(&b);
	s->src.file = s->file;
	s->src.text = s->text;
	s->doc = yaml_parse(s->text, s->src.n, file, e);
	if (s->doc == NULL || !scenario_check(s, e)) {
		scenario_free(s);
		return false;
	}
	s->name = json_str(s->doc, "name", "");
	s->description = json_str(s->doc, "description", "");
	return true;
}

void
scenario_free(struct scenario *s)
{
	cJSON_Delete(s->doc);
	xfree(s->file);
	xfree(s->text);
	memset(s, 0, sizeof(*s));
}

const cJSON *
scenario_sockets_of(const struct scenario *s, const char *key, bool sockets)
{
	return sockets ? json_child(json_child(s->doc, "sockets"), key) : NULL;
}

size_t
scenario_matrix(const struct scenario *s, bool sockets,
    struct scenario_var out[SCENARIO_VARS])
{
	const cJSON *over = scenario_sockets_of(s, "matrix", sockets), *v, *m;
	size_t n = 0;

	cJSON_ArrayForEach (v, json_child(s->doc, "matrix")) {
		if (n == SCENARIO_VARS)
			break;
		m = json_child(over, v->string);
		if (m == NULL)
			m = v;
		out[n] = (struct scenario_var){ .name = v->string };
		if (cJSON_IsArray(m)) {
			out[n].list = m;
		} else {
			out[n].from = json_i64(m, "from", 1);
			out[n].to = json_i64(m, "to", 200);
			out[n].step = json_i64(m, "step", 1);
			out[n].until_no_crash =
			    str_eq(json_str(m, "until", NULL), "no-crash");
		}
		n++;
	}
	return n;
}
