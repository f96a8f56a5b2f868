#include "sim/kube/admit.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/builtin.h"
#include "sim/kube/meta.h"
#include "sim/kube/state.h"

#define MAX_WARNINGS 20u

void
ks_warn(struct ks_warnings *w, char *text)
{
	if (w->n >= MAX_WARNINGS) {
		xfree(text);
		return;
	}
	w->v = xreallocarray(w->v, w->n + 1, sizeof(char *));
	w->v[w->n++] = text;
}

void
ks_warnings_free(struct ks_warnings *w)
{
	for (size_t i = 0; i < w->n; i++)
		xfree(w->v[i]);
	xfree(w->v);
	*w = (struct ks_warnings){ 0 };
}

static bool
check_namespace(const struct ks_request *rq, cJSON *meta, struct ks_status *st)
{
	const char *ns = json_str(meta, "namespace", "");

	if (ns[0] == '\0' && rq->ns[0] != '\0')
		json_set_str(meta, "namespace", rq->ns);
	else if (!str_eq(ns, rq->ns) && rq->kind->namespaced)
		return ks_bad_request(st,
		    "the namespace of the provided object does not match the "
		    "namespace sent on the request");
	if (rq->ns[0] == '\0')
		json_set(meta, "namespace", NULL);
	return true;
}

static bool
other_kind(const struct ks_request *rq, const cJSON *obj, const char *kind,
    struct ks_status *st)
{
	const char *name = json_str(obj, "metadata/name", "");
	char why[200];

	(void)str_format(why, sizeof(why),
	    "Invalid value: \"%.80s\": must be %s", kind, rq->kind->kind);
	(void)ks_status_set(st, 422, "Invalid",
	    "%.80s.%s \"%s\" is invalid: kind: %s", kind, rq->kind->group, name,
	    why);
	ks_status_about(st, rq->kind, name);
	json_set_str(st->details, "kind", kind);
	ks_status_cause(st, "FieldValueInvalid", why, "kind");
	return false;
}

bool
ks_check_type(const struct ks_request *rq, cJSON *obj, struct ks_status *st)
{
	const char *kind = json_str(obj, "kind", "");
	const char *version = json_str(obj, "apiVersion", "");
	bool typed = rq->kind->special != KS_CUSTOM;
	cJSON *meta;

	if (!cJSON_IsObject(obj))
		return ks_bad_request(st, "the body must be a JSON object");
	meta = json_child(obj, "metadata");
	if (meta != NULL && !cJSON_IsObject(meta) && !cJSON_IsNull(meta))
		return ks_bad_request(st, "metadata must be an object");
	if (kind[0] == '\0' && !typed)
		return ks_bad_request(
		    st, "Object 'Kind' is missing in the body");
	if ((version[0] != '\0' || !typed) &&
	    !str_eq(version, rq->version->api_version))
		return ks_bad_request(st,
		    "the API version in the data (%.120s) does not match the "
		    "expected API version (%s)",
		    version, rq->version->api_version);
	if (kind[0] != '\0' && !str_eq(kind, rq->kind->kind) && !typed)
		return other_kind(rq, obj, kind, st);
	if (kind[0] != '\0' && !str_eq(kind, rq->kind->kind))
		return ks_bad_request(st,
		    "%.80s in version \"%s\" cannot be handled as a %s", kind,
		    rq->version->name, rq->kind->kind);
	json_set_str(obj, "kind", rq->kind->kind);
	return check_namespace(rq, ks_meta(obj), st);
}

static bool
unknown_fields(const struct ks_request *rq, struct schema_unknown *u,
    struct ks_warnings *w, struct ks_status *st)
{
	bool ok = true;

	if (u->n > 0 && rq->validation == KS_STRICT) {
		char *text = schema_unknown_text(u);

		ok = ks_bad_request(st,
		    "%s in version \"%s\" cannot be handled as a %s: %s",
		    rq->kind->kind, rq->version->name, rq->kind->kind, text);
		xfree(text);
	}
	for (size_t i = 0; ok && i < u->n && rq->validation == KS_WARN; i++)
		ks_warn(w, xasprintf("unknown field \"%s\"", u->v[i]));
	schema_unknown_free(u);
	return ok;
}

static bool
prune(const struct ks_request *rq, cJSON *obj, struct ks_warnings *w,
    struct ks_status *st)
{
	struct schema_unknown unknown = { 0 };

	ks_meta_prune(ks_meta(obj), &unknown);
	if (rq->version->schema != NULL)
		schema_prune(rq->version->schema, obj, &unknown);
	return unknown_fields(rq, &unknown, w, st);
}

/* The predecessor, if the schema of the request found it valid. */
static const cJSON *
known_valid(const struct ks_request *rq, const cJSON *before)
{
	int64_t rv;

	if (before == NULL || rq->kind->n_versions != 1 ||
	    !ks_parse_revision(
		json_str(before, "metadata/resourceVersion", ""), &rv) ||
	    rv <= rq->kind->schema_rv)
		return NULL;
	return before;
}

static void
warn_finalizers(const cJSON *obj, struct ks_warnings *w)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(obj, "metadata/finalizers")) {
		if (!cJSON_IsString(c) || strchr(c->valuestring, '/') != NULL ||
		    str_eq(c->valuestring, "orphan") ||
		    str_eq(c->valuestring, "foregroundDeletion"))
			continue;
		ks_warn(
		    w, xasprintf("metadata.finalizers: \"%.120s\": prefer a "
				 "domain-qualified finalizer name to avoid "
				 "accidental conflicts with other finalizer "
				 "writers",
			   c->valuestring));
	}
}

/* What the real server decodes into structures, metadata and builtin kinds, fails
 * there when a type is wrong. Frees the list then. */
static bool
decodes(
    const struct ks_request *rq, struct field_errors *l, struct ks_status *st)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct field_error *f = &l->v[i];

		if (f->cause != FIELD_TYPE_INVALID ||
		    (rq->kind->special == KS_CUSTOM &&
			!str_has_prefix(f->path, "metadata")))
			continue;
		(void)ks_bad_request(st,
		    "%s in version \"%s\" cannot be handled as a %s: %s: %s",
		    rq->kind->kind, rq->version->name, rq->kind->kind, f->path,
		    f->body);
		field_errors_free(l);
		return false;
	}
	return true;
}

/* Builtin kinds are defaulted in ways that marks do not follow. */
static bool
takes_marks(const struct ks_request *rq, const cJSON *before)
{
	return rq->kind->special == KS_CUSTOM &&
	       known_valid(rq, before) != NULL;
}

void
ks_mark_same(const struct ks_request *rq, const cJSON *before, cJSON *after)
{
	cJSON *c;

	if (!takes_marks(rq, before))
		return;
	/* The server itself still changes the metadata. */
	cJSON_ArrayForEach (c, after)
		if (!str_eq(c->string, "metadata"))
			(void)json_mark_same(json_child(before, c->string), c);
}

static void
validate(const struct ks_request *rq, const cJSON *before, const cJSON *obj,
    struct field_errors *l)
{
	const struct schema *schema = rq->version->schema;

	if (takes_marks(rq, before))
		(void)schema_validate_marked(schema, before, obj, l);
	else
		(void)schema_validate_change(
		    schema, known_valid(rq, before), obj, l);
}

bool
ks_admit(struct kube_server *s, const struct ks_request *rq,
    const cJSON *before, cJSON *obj, struct ks_warnings *w,
    struct ks_status *st)
{
	const struct schema *schema = rq->version->schema;
	struct field_errors l = { 0 };

	if (!prune(rq, obj, w, st))
		return false;
	if (schema != NULL && rq->patch == KS_PATCH_APPLY)
		schema_default_applied(schema, obj);
	else if (schema != NULL)
		schema_default(schema, obj);
	ks_builtin_default(rq->kind, before, obj, loop_wall_us(s->env.loop));
	if (before != NULL)
		ks_meta_update(
		    json_child(before, "metadata"), ks_meta(obj), &l);
	(void)schema_validate_metadata(obj, rq->kind->namespaced, &l);
	if (schema != NULL)
		validate(rq, before, obj, &l);
	ks_builtin_validate(rq->kind, before, obj, &l);
	if (l.n == 0 && rq->kind->special == KS_CUSTOM)
		warn_finalizers(obj, w);
	return decodes(rq, &l, st) &&
	       ks_invalid_end(
		   st, &l, rq->kind, json_str(obj, "metadata/name", rq->name));
}
