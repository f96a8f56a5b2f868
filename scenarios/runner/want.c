/* See want.h. */
#include "scenarios/runner/want.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/walk.h"

const struct shape_key want_keys[] = {
	{ "object", S_REF, false,
	    "kind/name, kind/ns/name; names may be "
	    "globs: then all that match" },
	{ "bmc", S_TEXT, false, "a BMC, as its control API shows it" },
	{ "node", S_TEXT, false,
	    "CLUSTER/NAME, a node of a workload cluster (workload: true)" },
	{ "path", S_TEXT, false, "status/state; ~1 for / in a key" },
	{ "equals", S_ANY, false, "the value" },
	{ "not-equals", S_ANY, false, "" },
	{ "at-least", S_INT, false, "" },
	{ "matches", S_TEXT, false, "a glob" },
	{ "exists", S_BOOL, false, "whether path has a value" },
	{ "gone", S_BOOL, false, "the object is gone" },
	{ "condition", S_TEXT, false, "Type=True, Type=False, Type=Unknown" },
	{ "reason", S_TEXT, false, "of the condition" },
	{ "message", S_TEXT, false, "of the condition, a glob" },
	{ "event", S_TEXT, false, "an Event of this reason about the object" },
	{ "agent", S_AGENT, false, "an agent" },
	{ "running", S_BOOL, false, "whether the agent runs" },
	{ "count", S_INT, false, "so many objects" },
	{ "within", S_TIME, false, "wait: default 10m" },
	{ "sockets-within", S_TIME, false, "over sockets, in real time" },
	{ "stays-for", S_TIME, false, "expect: holds for so long" },
	{ "all", S_LIST, false, "several at once" },
	{ NULL, S_ANY, false, NULL },
};

static bool
want_has_value(const cJSON *a)
{
	static const char *const keys[] = { "equals", "not-equals", "at-least",
		"matches", "exists" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_child(a, keys[i]) != NULL)
			return true;
	return false;
}

/* What belongs together; the single keys are checked. */
static const char *
want_lacks(const cJSON *a)
{
	const char *status = strchr(json_str(a, "condition", ""), '=');
	const cJSON *path = json_child(a, "path");

	if (json_child(a, "object") == NULL && json_child(a, "bmc") == NULL &&
	    json_child(a, "node") == NULL && json_child(a, "agent") == NULL)
		return "object, bmc, node or agent says what to look at";
	if (json_child(a, "bmc") != NULL && path == NULL)
		return "a bmc needs a path";
	if ((path != NULL) != want_has_value(a))
		return "path goes with equals, not-equals, at-least, matches "
		       "or exists";
	if (status != NULL && !str_eq(status, "=True") &&
	    !str_eq(status, "=False") && !str_eq(status, "=Unknown") &&
	    !shape_open(json_child(a, "condition")))
		return "a condition is Type=True, Type=False or Type=Unknown";
	return NULL;
}

static bool
want_check_one(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	const char *lacks = want_lacks(a);

	return lacks == NULL || shape_error(s, path, e, "%s", lacks);
}

bool
want_check(const cJSON *arg, const char *path, const struct shape_source *s,
    struct err *e)
{
	const cJSON *all = json_child(arg, "all"), *a;
	char at[420];
	int i = 0;

	if (all == NULL)
		return want_check_one(arg, path, s, e);
	cJSON_ArrayForEach (a, all) {
		(void)str_format(at, sizeof(at), "%s/all/%d", path, i++);
		if (!shape_check(want_keys, a, at, s, e) ||
		    !want_check_one(a, at, s, e))
			return false;
	}
	return i > 0 || shape_error(s, path, e, "all needs a list of them");
}

bool
want_parse(struct want *w, struct play *p, const cJSON *a, struct err *e)
{
	const char *ref = json_str(a, "object", NULL);

	memset(w, 0, sizeof(*w));
	w->p = p;
	w->path = json_str(a, "path", NULL);
	w->equals = json_child(a, "equals");
	w->not_equals = json_child(a, "not-equals");
	w->at_least = json_child(a, "at-least");
	w->matches = json_str(a, "matches", NULL);
	w->has_exists = json_child(a, "exists") != NULL;
	w->exists = json_bool(a, "exists", true);
	w->gone = json_bool(a, "gone", false);
	w->condition = json_str(a, "condition", NULL);
	w->reason = json_str(a, "reason", NULL);
	w->message = json_str(a, "message", NULL);
	w->event = json_str(a, "event", NULL);
	w->bmc = json_str(a, "bmc", NULL);
	w->node = json_str(a, "node", NULL);
	w->agent = json_i64(a, "agent", -1);
	w->running = json_bool(a, "running", true);
	w->count = json_i64(a, "count", -1);
	return ref == NULL || object_ref_parse(&w->ref, ref, e);
}

static void
want_say(struct want *w, const char *name, const char *path, const cJSON *is)
{
	char *text = is == NULL ? xstrdup("absent") : json_print(is);

	(void)snprintf(
	    w->why, sizeof(w->why), "%s: %s is %.160s", name, path, text);
	xfree(text);
}

static bool
want_same(const cJSON *is, const cJSON *want)
{
	if (cJSON_IsNull(want))
		return is == NULL || cJSON_IsNull(is);
	/* "On" and numbers in texts compare as what they look like. */
	if (cJSON_IsString(is) && cJSON_IsNumber(want)) {
		char n[32];

		(void)snprintf(n, sizeof(n), "%.15g", want->valuedouble);
		return str_eq(json_str(is, "", NULL), n);
	}
	return is != NULL && json_equal(is, want);
}

static bool
want_value(struct want *w, const cJSON *tree, const char *name)
{
	const cJSON *is = json_at(tree, w->path);
	const char *text = json_str(is, "", NULL);
	bool ok = true;

	if (w->has_exists)
		ok = (is != NULL) == w->exists;
	if (w->equals != NULL)
		ok = ok && want_same(is, w->equals);
	if (w->not_equals != NULL)
		ok = ok && !want_same(is, w->not_equals);
	if (w->at_least != NULL)
		ok = ok && json_i64(is, "", INT64_MIN) >=
			       (int64_t)w->at_least->valuedouble;
	if (w->matches != NULL)
		ok = ok && text != NULL && str_glob(w->matches, text);
	if (!ok)
		want_say(w, name, w->path, is);
	return ok;
}

static const char *
want_message(const cJSON *tree, const char *type)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(tree, "status/conditions"))
		if (str_eq(json_str(c, "type", NULL), type))
			return json_str(c, "message", "");
	return "";
}

static bool
want_condition(struct want *w, const cJSON *tree, const char *name)
{
	const char *eq = strchr(w->condition, '=');
	const char *reason = "", *status;
	char type[80];
	bool ok;

	(void)str_copy(type, sizeof(type), w->condition);
	if (eq != NULL && (size_t)(eq - w->condition) < sizeof(type))
		type[eq - w->condition] = '\0';
	status = facts_condition(tree, type, &reason);
	ok = str_eq(status, eq == NULL ? "True" : eq + 1) &&
	     (w->reason == NULL || str_eq(w->reason, reason)) &&
	     (w->message == NULL ||
		 str_glob(w->message, want_message(tree, type)));
	if (!ok)
		(void)snprintf(w->why, sizeof(w->why),
		    "%s: %s is %s, %s: %.120s", name, type,
		    status == NULL ? "absent" : status, reason,
		    want_message(tree, type));
	return ok;
}

/* An Event of the reason about the object. */
static bool
want_event(struct want *w, const char *name)
{
	const struct map *m = &w->p->f->objects;

	for (size_t i = map_lower(m, "events."); i < m->n; i++) {
		const struct fact_object *o = m->v[i].value;

		if (!str_has_prefix(m->v[i].key, "events."))
			break;
		if (o->tree != NULL &&
		    str_eq(json_str(o->tree, "reason", NULL), w->event) &&
		    (str_eq(json_str(o->tree, "involvedObject/name", NULL),
			 name) ||
			str_eq(
			    json_str(o->tree, "regarding/name", NULL), name)))
			return true;
	}
	(void)snprintf(
	    w->why, sizeof(w->why), "%s: there is no Event %s", name, w->event);
	return false;
}

static bool
want_object(struct want *w, const struct fact_object *o, const char *name)
{
	if (o == NULL || o->tree == NULL) {
		(void)snprintf(
		    w->why, sizeof(w->why), "%s does not exist", name);
		return false;
	}
	if (w->path != NULL && !want_value(w, o->tree, name))
		return false;
	if (w->condition != NULL && !want_condition(w, o->tree, name))
		return false;
	return w->event == NULL ||
	       want_event(w, json_str(o->tree, "metadata/name", ""));
}

static struct walk
want_walk(const struct want *w)
{
	return walk_start(w->p->f, w->ref.kind->group, w->ref.kind->resource,
	    w->ref.ns, w->ref.name);
}

/* One live object of those that the glob matches. */
static bool
want_one(struct want *w, const struct fact_object *o, const char *key)
{
	if (!w->gone)
		return want_object(w, o, key);
	(void)snprintf(w->why, sizeof(w->why), "%s is still there", key);
	return false;
}

/* One change of the facts is one object that matches, or does not, from then
 * on: a count that lacks n cannot be right before n changes. */
static bool
want_too_early(const struct want *w)
{
	uint64_t lacks = (uint64_t)(w->lacks < 0 ? -w->lacks : w->lacks);

	return w->event == NULL && w->p->f->changes - w->counted_at < lacks;
}

/* Exactly so many. */
static bool
want_counted(struct want *w)
{
	struct walk k = want_walk(w);
	const struct fact_object *o;
	int64_t n = 0;

	if (want_too_early(w))
		return false;
	w->why[0] = '\0';
	while ((o = walk_next(&k)) != NULL)
		n += want_one(w, o, k.key);
	(void)snprintf(w->why + strlen(w->why), sizeof(w->why) - strlen(w->why),
	    " (%lld of %lld)", (long long)n, (long long)w->count);
	w->lacks = w->count - n;
	w->counted_at = w->p->f->changes;
	return n == w->count;
}

/* All that the glob matches; the last culprit is looked at first. */
static bool
want_all(struct want *w)
{
	struct walk k = want_walk(w);
	const struct fact_object *o =
	    w->culprit == NULL ? NULL : map_get(k.objects, w->culprit);
	bool any = w->gone;

	if (o != NULL && o->tree != NULL && !want_one(w, o, w->culprit))
		return false;
	while ((o = walk_next(&k)) != NULL) {
		any = true;
		if (!want_one(w, o, k.key)) {
			w->culprit = k.key;
			return false;
		}
	}
	if (!any)
		(void)snprintf(w->why, sizeof(w->why), "there is no %s/%s",
		    w->ref.kind->names[0], w->ref.name);
	return any;
}

static bool
want_single(struct want *w)
{
	const struct fact_object *o = facts_object(w->p->f, w->ref.kind->group,
	    w->ref.kind->resource, w->ref.ns, w->ref.name);

	if (!w->gone)
		return want_object(w, o, w->ref.name);
	(void)snprintf(
	    w->why, sizeof(w->why), "%s is still there", w->ref.name);
	return o == NULL || o->tree == NULL;
}

static bool
want_of_bmc(struct want *w)
{
	struct backend *be = w->p->be;
	char *path = xasprintf("/bmcs/%s", w->bmc);
	int status;
	cJSON *j = be->ops->bmc(be, "GET", path, NULL, &status);
	bool ok = status == 200 && want_value(w, j, w->bmc);

	if (status != 200)
		(void)snprintf(
		    w->why, sizeof(w->why), "there is no BMC %s", w->bmc);
	cJSON_Delete(j);
	xfree(path);
	return ok;
}

/* In its own API server, away or not. */
static bool
want_of_node(struct want *w)
{
	struct backend *be = w->p->be;
	const char *slash = strchr(w->node, '/'), *last = strrchr(w->node, '/');
	char *path = xasprintf("/clusters/%s%.*s/api/v1/nodes/%s",
	    slash == last ? "default/" : "",
	    last == NULL ? 0 : (int)(last - w->node), w->node,
	    last == NULL ? "" : last + 1);
	int status = 0;
	cJSON *j = be->ops->workload(be, "GET", path, NULL, &status);
	bool ok;

	(void)snprintf(w->why, sizeof(w->why), "node %s %s", w->node,
	    status == 200 ? "is there" : "is not there");
	if (w->gone)
		ok = status == 404;
	else
		ok = status == 200 &&
		     (w->path == NULL || want_value(w, j, w->node));
	cJSON_Delete(j);
	xfree(path);
	return ok;
}

bool
want_met(void *arg)
{
	struct want *w = arg;
	struct backend *be = w->p->be;

	if (w->agent >= 0) {
		(void)snprintf(w->why, sizeof(w->why), "agent %lld %s",
		    (long long)w->agent, w->running ? "does not run" : "runs");
		return be->ops->agent_running(be, (unsigned)w->agent) ==
		       w->running;
	}
	if (w->bmc != NULL)
		return want_of_bmc(w);
	if (w->node != NULL)
		return want_of_node(w);
	if (w->count >= 0)
		return want_counted(w);
	return object_ref_is_glob(&w->ref) ? want_all(w) : want_single(w);
}

bool
want_list_parse(
    struct want_list *l, struct play *p, const cJSON *arg, struct err *e)
{
	const cJSON *all = json_child(arg, "all"), *a;
	bool list = cJSON_IsArray(all);
	bool ok = true;

	l->n = list ? (size_t)cJSON_GetArraySize(all) : 1;
	l->v = xcalloc(l->n + 1, sizeof(*l->v));
	l->missed = NULL;
	if (!list)
		return want_parse(&l->v[0], p, arg, e);
	l->n = 0;
	cJSON_ArrayForEach (a, all) {
		ok = ok && want_parse(&l->v[l->n], p, a, e);
		l->n++;
	}
	return ok;
}

bool
want_list_met(void *arg)
{
	struct want_list *l = arg;

	if (l->missed != NULL && !want_met(l->missed))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (!want_met(&l->v[i])) {
			l->missed = &l->v[i];
			return false;
		}
	return true;
}

const char *
want_list_why(struct want_list *l)
{
	if (l->missed == NULL)
		return "";
	l->missed->lacks = 0;
	(void)want_met(l->missed);
	return l->missed->why;
}

void
want_list_fini(struct want_list *l)
{
	xfree(l->v);
}
