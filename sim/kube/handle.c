#include "sim/kube/handle.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/body.h"
#include "sim/kube/delete.h"
#include "sim/kube/kept.h"
#include "sim/kube/output.h"

void
ks_reply_free(struct ks_reply *rp)
{
	xfree(rp->text);
	if (rp->list != NULL)
		ks_list_free(rp->list);
	ks_warnings_free(&rp->warnings);
	*rp = (struct ks_reply){ 0 };
}

void
ks_reply_json(struct ks_reply *rp, int status, cJSON *j)
{
	char *text = json_print(j);

	rp->status = status;
	rp->text = xasprintf("%s\n", text);
	xfree(text);
	cJSON_Delete(j);
}

void
ks_reply_status(struct ks_reply *rp, const struct ks_status *st)
{
	if (st->plain) {
		rp->status = st->code;
		rp->text = xasprintf("%s\n", st->message);
		rp->type = "text/plain; charset=utf-8";
		return;
	}
	ks_reply_json(rp, st->code, ks_status_json(st));
	rp->retry_after_s = st->retry_after_s;
}

/* The tree is what was just stored: its text need not be printed again. */
static struct ks_object *
stored(const struct ks_request *rq, const cJSON *tree)
{
	struct ks_object *o =
	    ks_store_get(rq->kind, rq->ns, json_str(tree, "metadata/name", ""));
	int64_t rv;

	if (o == NULL || rq->dry_run ||
	    !ks_parse_revision(
		json_str(tree, "metadata/resourceVersion", ""), &rv) ||
	    rv != o->rv)
		return NULL;
	return o;
}

static void
reply_object(struct kube_server *s, const struct ks_request *rq, int status,
    cJSON *tree, struct ks_reply *rp)
{
	struct ks_view view = { rq->version, rq->kind->kind, rq->form,
		rq->include };
	struct ks_object *o = ks_view_plain(&view) ? stored(rq, tree) : NULL;

	if (o != NULL) {
		rp->status = status;
		rp->text = ks_view_text(&view, o);
		ks_kept_put(&s->store.kept, o, tree);
		return;
	}
	ks_reply_json(rp, status,
	    ks_view_object(
		&view, json_own(tree), loop_wall_us(s->env.loop), false));
}

static bool
get(struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp,
    struct ks_status *st)
{
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	struct ks_view view = { .version = rq->version, .form = rq->form };

	if (o == NULL)
		return ks_not_found(st, rq->kind, rq->name);
	if (!ks_view_plain(&view)) {
		reply_object(s, rq, 200, ks_object_tree(o), rp);
		return true;
	}
	rp->status = 200;
	rp->text = ks_view_text(&view, o);
	return true;
}

static bool
list(struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp,
    struct ks_status *st)
{
	rp->list = ks_list_new(s, rq, st);
	rp->status = 200;
	return rp->list != NULL;
}

static bool
create(struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp,
    struct ks_status *st)
{
	cJSON *obj = ks_body_parse(rq, st);

	if (obj != NULL)
		obj = ks_create(s, rq, obj, &rp->warnings, st);
	if (obj == NULL)
		return false;
	reply_object(s, rq, 201, obj, rp);
	return true;
}

static bool
update(struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp,
    struct ks_status *st)
{
	cJSON *obj = ks_body_parse(rq, st);

	if (obj != NULL)
		obj = ks_update(s, rq, obj, &rp->warnings, st);
	if (obj == NULL)
		return false;
	reply_object(s, rq, 200, obj, rp);
	return true;
}

static bool
patch(struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp,
    struct ks_status *st)
{
	bool created;
	cJSON *obj = ks_patch(s, rq, &created, &rp->warnings, st);

	if (obj == NULL)
		return false;
	reply_object(s, rq, created ? 201 : 200, obj, rp);
	return true;
}

static cJSON *
deleted_status(const struct ks_object *o)
{
	cJSON *j = cJSON_CreateObject(), *d = cJSON_CreateObject();

	json_set_str(j, "kind", "Status");
	json_set_str(j, "apiVersion", "v1");
	json_set(j, "metadata", cJSON_CreateObject());
	json_set_str(j, "status", "Success");
	json_set_str(d, "name", o->name);
	if (o->kind->group[0] != '\0')
		json_set_str(d, "group", o->kind->group);
	json_set_str(d, "kind", o->kind->plural);
	json_set_str(d, "uid", o->uid);
	json_set(j, "details", d);
	return j;
}

static bool
delete_one(struct kube_server *s, const struct ks_request *rq,
    struct ks_reply *rp, struct ks_status *st)
{
	struct ks_who who = { rq->verb, rq->in->user, rq->manager };
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	struct ks_delete_opts opts;
	bool gone, ok = false;
	cJSON *last;

	if (o == NULL)
		return ks_not_found(st, rq->kind, rq->name);
	(void)ks_object_ref(o);
	if (ks_delete_opts_parse(&opts, rq, st)) {
		last = ks_delete(s, &who, o, &opts, &gone, st);
		ok = last != NULL;
		if (ok && gone)
			ks_reply_json(rp, 200, deleted_status(o));
		if (ok && !gone)
			reply_object(s, rq, 200, json_dup(last), rp);
		json_drop(last);
	}
	ks_delete_opts_free(&opts);
	ks_object_unref(o);
	return ok;
}

/* Answers with the list of what it deleted, as it was. */
static bool
delete_many(struct kube_server *s, const struct ks_request *rq,
    struct ks_reply *rp, struct ks_status *st)
{
	struct ks_who who = { rq->verb, rq->in->user, rq->manager };
	struct ks_delete_opts opts;
	struct ks_snapshot sn = { 0 };
	bool gone, ok;

	ok = ks_delete_opts_parse(&opts, rq, st);
	if (ok)
		rp->list = ks_list_new(s, rq, st);
	ok = rp->list != NULL &&
	     ks_store_snapshot(&s->store, rq->kind, rq->ns, 0, &sn);
	for (size_t i = 0; ok && i < sn.n; i++) {
		struct ks_object *o = sn.v[i];

		if (!ks_labels_match(&rq->labels, &o->labels) ||
		    !ks_fields_match(&rq->fields, o) ||
		    ks_store_by_uid(&s->store, o->uid) == NULL)
			continue;
		cJSON *last = ks_delete(s, &who, o, &opts, &gone, st);

		ok = last != NULL;
		json_drop(last);
	}
	if (!ok && rp->list != NULL) {
		ks_list_free(rp->list);
		rp->list = NULL;
	}
	rp->status = 200;
	ks_snapshot_free(&sn);
	ks_delete_opts_free(&opts);
	return ok;
}

static const struct {
	const char *verb;
	bool (*run)(struct kube_server *s, const struct ks_request *rq,
	    struct ks_reply *rp, struct ks_status *st);
} verbs[] = {
	{ "get", get },
	{ "list", list },
	{ "create", create },
	{ "update", update },
	{ "patch", patch },
	{ "apply", patch },
	{ "delete", delete_one },
	{ "deletecollection", delete_many },
};

void
ks_execute(
    struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp)
{
	struct ks_status st = { 0 };
	bool ok = false;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq(verbs[i].verb, rq->verb))
			ok = verbs[i].run(s, rq, rp, &st);
	if (!ok)
		ks_reply_status(rp, &st);
	else if (rq->version->deprecated)
		ks_warn(&rp->warnings,
		    rq->version->warning != NULL
			? xstrdup(rq->version->warning)
			: xasprintf("%s %s is deprecated",
			      rq->version->api_version, rq->kind->kind));
	ks_status_fini(&st);
}
