/*
 * The step `health`: what a MachineHealthCheck with a remediation template does
 * to a Machine that is found unhealthy, or well again (capi-contract 3.11).
 */
#include <string.h>

#include "agent/kube/condition.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"

#define MERGE "application/merge-patch+json"
#define TEMPLATE "Template"

static const struct shape_key health_keys[] = {
	{ "machine", S_TEXT, true, "name of the Machine" },
	{ "namespace", S_TEXT, false, "" },
	{ "is", S_TEXT, true, "bad, good" },
	{ "template", S_TEXT, false,
	    "of a Beskar7RemediationTemplate; bad: a remediation is made of "
	    "it" },
	{ NULL, S_ANY, false, NULL },
};

static bool
health_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const words[] = { "bad", "good", NULL };

	return shape_word(a, "is", words, path, s, e);
}

/* The reply, owned; NULL and e if it is an error. */
static cJSON *
health_call(struct play *p, const char *method, const struct object_ref *r,
    const char *sub, const cJSON *body, struct err *e)
{
	bool post = str_eq(method, "POST");
	char *path = kind_path(r->kind, r->ns, post ? NULL : r->name, sub);
	char *text = body == NULL ? NULL : json_print(body);
	const char *type = str_eq(method, "PATCH") ? MERGE : NULL;
	int status = 0;
	cJSON *reply = p->be->ops->api(p->be, method, path,
	    text == NULL   ? NULL
	    : type == NULL ? "application/json"
			   : type,
	    text, &status);

	if (status < 200 || status >= 300) {
		(void)err_set(e, status == 409 ? ERR_CONFLICT : ERR_REFUSED,
		    status, "%s %.80s: %d %.120s", method, path, status,
		    json_str(reply, "message", ""));
		cJSON_Delete(reply);
		reply = NULL;
	}
	xfree(text);
	xfree(path);
	return reply;
}

static bool
health_ref(struct object_ref *r, const char *kind, const cJSON *a,
    const char *name, struct err *e)
{
	char text[400];

	(void)str_format(text, sizeof(text), "%s/%s/%s", kind,
	    json_str(a, "namespace", "default"), name);
	return object_ref_parse(r, text, e);
}

static void
health_conditions(cJSON *status, bool good, bool external, int64_t now_us)
{
	const struct cond_stamp at = { 1, now_us };
	struct cond checked = { "HealthCheckSucceeded",
		good ? COND_TRUE : COND_FALSE,
		good ? "NodeHealthy" : "NodeUnhealthy", "" };
	struct cond waiting = { "ExternallyRemediated", COND_FALSE,
		"WaitingForRemediation", "" };

	(void)cond_set(status, &checked, &at);
	if (good) {
		(void)cond_remove(status, "ExternallyRemediated");
		(void)cond_remove(status, "OwnerRemediated");
	} else if (external) {
		(void)cond_set(status, &waiting, &at);
	}
}

/* Others write the Machine's status too: once more after a conflict. */
static bool
health_told(struct play *p, const struct object_ref *m, bool good,
    bool external, struct err *e)
{
	for (int i = 0; i < 5; i++) {
		cJSON *o = health_call(p, "GET", m, NULL, NULL, e), *st, *patch;
		cJSON *r = NULL;
		bool same;

		if (o == NULL)
			return false;
		st = kobj_status_dup(o);
		health_conditions(st, good, external, play_now(p));
		patch = kobj_status_patch(o, st);
		same = patch == NULL;
		if (!same)
			r = health_call(p, "PATCH", m, "status", patch, e);
		cJSON_Delete(patch);
		cJSON_Delete(st);
		cJSON_Delete(o);
		cJSON_Delete(r);
		if (same || r != NULL)
			return true;
		if (e->kind != ERR_CONFLICT)
			return false;
	}
	return false;
}

static cJSON *
health_owner(const cJSON *machine)
{
	cJSON *list = cJSON_CreateArray(), *o = cJSON_CreateObject();

	json_set_str(o, "apiVersion", kobj_api_version(machine));
	json_set_str(o, "kind", "Machine");
	json_set_str(o, "name", kobj_name(machine));
	json_set_str(o, "uid", kobj_uid(machine));
	cJSON_AddItemToArray(list, o);
	return list;
}

static cJSON *
health_clone(const cJSON *template, const cJSON *machine)
{
	const cJSON *in = json_obj(template, "spec/template");
	cJSON *o = cJSON_CreateObject(), *meta, *labels, *anns;
	char kind[128];
	size_t n;

	(void)str_copy(kind, sizeof(kind), kobj_kind(template));
	n = strlen(kind);
	if (str_has_suffix(kind, TEMPLATE))
		kind[n - strlen(TEMPLATE)] = '\0';
	json_set_str(o, "apiVersion", kobj_api_version(template));
	json_set_str(o, "kind", kind);
	meta = json_ensure_obj(o, "metadata");
	json_set_str(meta, "name", kobj_name(machine));
	json_set_str(meta, "namespace", kobj_ns(machine));
	json_set(meta, "labels", json_dup(json_obj(in, "metadata/labels")));
	json_set(meta, "annotations",
	    json_dup(json_obj(in, "metadata/annotations")));
	json_set(meta, "ownerReferences", health_owner(machine));
	labels = json_ensure_obj(meta, "labels");
	json_set_str(labels, "cluster.x-k8s.io/cluster-name",
	    json_str(machine, "spec/clusterName", ""));
	anns = json_ensure_obj(meta, "annotations");
	json_set_str(
	    anns, "cluster.x-k8s.io/cloned-from-name", kobj_name(template));
	json_set(o, "spec", json_dup(json_obj(in, "spec")));
	return o;
}

static bool
health_made(
    struct play *p, const cJSON *a, const struct object_ref *m, struct err *e)
{
	struct object_ref t, r;
	cJSON *template, *machine, *clone, *made;

	if (!health_ref(&t, "b7rt", a, json_str(a, "template", ""), e) ||
	    !health_ref(&r, "b7r", a, m->name, e))
		return false;
	template = health_call(p, "GET", &t, NULL, NULL, e);
	if (template == NULL)
		return false;
	machine = health_call(p, "GET", m, NULL, NULL, e);
	if (machine == NULL) {
		cJSON_Delete(template);
		return false;
	}
	clone = health_clone(template, machine);
	made = health_call(p, "POST", &r, NULL, clone, e);
	cJSON_Delete(clone);
	cJSON_Delete(template);
	cJSON_Delete(machine);
	cJSON_Delete(made);
	return made != NULL;
}

static bool
health_run(struct play *p, const cJSON *a, struct err *e)
{
	bool good = str_eq(json_str(a, "is", ""), "good");
	bool external = json_child(a, "template") != NULL;
	const char *name = json_str(a, "machine", "");
	struct object_ref m, r;
	cJSON *gone;

	if (!health_ref(&m, "machine", a, name, e) ||
	    !health_told(p, &m, good, external, e))
		return false;
	if (!good)
		return !external || health_made(p, a, &m, e);
	if (!health_ref(&r, "b7r", a, name, e))
		return false;
	gone = health_call(p, "DELETE", &r, NULL, NULL, e);
	cJSON_Delete(gone);
	return gone != NULL || e->code == 404;
}

const struct step_row steps_health[] = {
	{ "health", health_keys, S_MAP, health_check, health_run,
	    "finds a Machine unhealthy or well, as a MachineHealthCheck" },
	{ 0 },
};
