#include "sim/kube/request.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/kube/protobuf.h"

#define PATH_PARTS 10
#define PATH_MAX_BYTES 2048

void
ks_request_free(struct ks_request *rq)
{
	xfree(rq->ns);
	xfree(rq->name);
	xfree(rq->sub);
	xfree(rq->resource);
	xfree(rq->cont);
	xfree(rq->manager);
	xfree(rq->propagation);
	ks_selector_free(&rq->labels);
	ks_selector_free(&rq->fields);
	*rq = (struct ks_request){ 0 };
}

bool
ks_parse_revision(const char *text, int64_t *rv)
{
	*rv = -1;
	if (str_empty(text))
		return true;
	return str_to_i64(text, rv) && *rv >= 0;
}

bool
ks_type_is(const char *content_type, const char *type)
{
	if (content_type == NULL)
		return false;
	content_type += strspn(content_type, " ");
	return strcspn(content_type, "; ") == strlen(type) &&
	       str_has_iprefix(content_type, type);
}

/* ---- path --------------------------------------------------------------- */

struct path {
	char text[PATH_MAX_BYTES];
	char *part[PATH_PARTS];
	size_t n;
};

static bool
split(struct path *p, const char *target)
{
	size_t len = strcspn(target, "?");
	char *at;

	p->n = 0;
	if (len == 0 || len >= sizeof(p->text) || target[0] != '/')
		return false;
	memcpy(p->text, target, len);
	p->text[len] = '\0';
	if (len > 1 && p->text[len - 1] == '/')
		p->text[len - 1] = '\0';
	at = p->text;
	while (at != NULL && *at == '/') {
		if (p->n == PATH_PARTS)
			return false;
		*at++ = '\0';
		p->part[p->n++] = at;
		at = strchr(at, '/');
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->part[i][0] == '\0' || !url_unescape(p->part[i]))
			return false;
	return true;
}

/* Index of the first part after the version, 0 if not such a path. */
static size_t
after_version(const struct path *p)
{
	if (p->n > 2 && str_eq(p->part[0], "api"))
		return 2;
	if (p->n > 3 && str_eq(p->part[0], "apis"))
		return 3;
	return 0;
}

bool
ks_is_resource_path(const char *target)
{
	struct path p;

	return split(&p, target) && after_version(&p) > 0;
}

/* Groups of CRDs have no page of their own for what is not there. */
static bool
is_builtin_group(const struct ks_kinds *kinds, const char *group)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i]->special != KS_CUSTOM &&
		    str_eq(kinds->v[i]->group, group))
			return true;
	return group[0] == '\0';
}

static bool
no_such_path(struct ks_status *st, bool builtin)
{
	if (!builtin)
		return ks_no_page(st);
	ks_status_set(st, 404, "NotFound",
	    "the server could not find the requested resource");
	st->details = cJSON_CreateObject();
	return false;
}

/* "namespaces/x/secrets" is, "namespaces/x/status" is not. */
static bool
in_namespace(const struct path *p, size_t i, const char *group)
{
	if (!str_eq(p->part[i], "namespaces") || p->n - i <= 2)
		return false;
	return group[0] != '\0' || p->n - i > 3 ||
	       (!str_eq(p->part[i + 2], "status") &&
		   !str_eq(p->part[i + 2], "finalize"));
}

static bool
is_read(const char *method)
{
	return str_eq(method, "GET") || str_eq(method, "HEAD");
}

static bool
scope_fits(const struct ks_request *rq)
{
	if (!rq->kind->namespaced)
		return rq->ns[0] == '\0';
	if (rq->ns[0] != '\0')
		return true;
	return rq->name[0] == '\0' &&
	       (rq->kind->special != KS_CUSTOM || is_read(rq->in->method));
}

static bool
parse_path(
    struct ks_request *rq, const struct ks_kinds *kinds, struct ks_status *st)
{
	const char *group, *version, *parts[4] = { NULL };
	struct path p;
	size_t i, n = 0;
	bool builtin;

	if (!split(&p, rq->in->target) || (i = after_version(&p)) == 0)
		return no_such_path(st, false);
	group = i == 2 ? "" : p.part[1];
	builtin = is_builtin_group(kinds, group);
	version = p.part[i - 1];
	if (in_namespace(&p, i, group)) {
		rq->ns = xstrdup(p.part[i + 1]);
		i += 2;
	}
	for (; i < p.n && n < 4; i++)
		parts[n++] = p.part[i];
	if (n > 3 || !ks_kind_lookup(kinds, group, version, parts[0], &rq->kind,
			 &rq->version))
		return no_such_path(st, builtin);
	rq->name = xstrdup(parts[1] != NULL ? parts[1] : "");
	rq->sub = xstrdup(parts[2] != NULL ? parts[2] : "");
	if (rq->ns == NULL)
		rq->ns = xstrdup("");
	return scope_fits(rq) || no_such_path(st, builtin);
}

static bool
check_sub(const struct ks_request *rq, struct ks_status *st)
{
	if (rq->sub[0] == '\0')
		return true;
	if (str_eq(rq->sub, "status") && rq->version->has_status)
		return true;
	if (str_eq(rq->sub, "finalize") && rq->kind->special == KS_NAMESPACE &&
	    str_eq(rq->in->method, "PUT"))
		return true;
	if (rq->kind->special == KS_CUSTOM)
		return ks_not_found(st, rq->kind, rq->name);
	return no_such_path(st, true);
}

/* ---- query -------------------------------------------------------------- */

static bool
take_bool(const char *target, const char *name, bool *out)
{
	char *v = url_query(target, name);

	if (v == NULL)
		return false;
	*out = v[0] == '\0' || str_ieq(v, "true") || str_eq(v, "1");
	xfree(v);
	return true;
}

static bool
take_int(
    const char *target, const char *name, int64_t *out, struct ks_status *st)
{
	char *v = url_query(target, name);
	bool ok = v == NULL || v[0] == '\0' || str_to_i64(v, out);

	if (!ok)
		ks_bad_request(st, "%s: invalid value \"%.40s\"", name, v);
	else if (*out < 0)
		*out = 0;
	xfree(v);
	return ok;
}

static bool
take_selectors(struct ks_request *rq, struct ks_status *st)
{
	char *labels = url_query(rq->in->target, "labelSelector");
	char *fields = url_query(rq->in->target, "fieldSelector");
	const char *unknown = NULL;
	bool ok = false;
	struct err e;

	if (!ks_labels_parse(&rq->labels, labels, &e) ||
	    !ks_fields_parse(&rq->fields, fields, &e))
		ks_bad_request(st, "%s", e.msg);
	else if (!ks_fields_known(&rq->fields, rq->kind, &unknown))
		ks_bad_request(st, "field label not supported: %s", unknown);
	else
		ok = true;
	xfree(labels);
	xfree(fields);
	return ok;
}

static bool
bad_revision(const struct ks_request *rq, struct ks_status *st, const char *rv)
{
	static const char text[] =
	    "resourceVersion: Invalid value: \"%.40s\": strconv.ParseUint: "
	    "parsing \"%.40s\": invalid syntax";
	char why[200];

	(void)str_format(why, sizeof(why), text, rv, rv);
	if (str_eq(rq->verb, "list"))
		return ks_bad_request(st, "invalid resource version: %s", why);
	return ks_unthought(st, "%s", why);
}

static bool
take_revision(struct ks_request *rq, struct ks_status *st)
{
	char *rv = url_query(rq->in->target, "resourceVersion");
	char *match = url_query(rq->in->target, "resourceVersionMatch");
	bool ok = true;

	rq->rv_exact = str_eq(match, "Exact");
	rq->rv_not_older = str_eq(match, "NotOlderThan");
	if (!ks_parse_revision(rv, &rq->rv))
		ok = bad_revision(rq, st, rv);
	else if (!str_empty(match) && rq->rv < 0 && !rq->initial_events_given)
		ok = ks_bad_option(st, "ListOptions", "resourceVersionMatch",
		    "FieldValueForbidden",
		    "Forbidden: resourceVersionMatch is forbidden unless "
		    "resourceVersion is provided");
	else if (!str_empty(match) && !rq->rv_exact && !rq->rv_not_older)
		ok = ks_bad_option(st, "ListOptions", "resourceVersionMatch",
		    "FieldValueNotSupported",
		    "Unsupported value: \"%.40s\": supported values: "
		    "\"Exact\", \"NotOlderThan\", \"\"",
		    match);
	else if (rq->rv_exact && rq->rv == 0)
		ok = ks_bad_option(st, "ListOptions", "resourceVersionMatch",
		    "FieldValueForbidden",
		    "Forbidden: resourceVersionMatch \"exact\" is forbidden "
		    "for resourceVersion \"0\"");
	xfree(rv);
	xfree(match);
	return ok;
}

static const char *
options_of(const struct ks_request *rq)
{
	return str_eq(rq->verb, "create")           ? "CreateOptions"
	       : str_eq(rq->verb, "update")         ? "UpdateOptions"
	       : str_has_prefix(rq->verb, "delete") ? "DeleteOptions"
						    : "PatchOptions";
}

static bool
take_write_options(struct ks_request *rq, struct ks_status *st)
{
	char *dry = url_query(rq->in->target, "dryRun");
	char *validation = url_query(rq->in->target, "fieldValidation");
	bool ok = true;

	if (!str_empty(dry) && !str_eq(dry, "All"))
		ok = ks_bad_option(st, options_of(rq), "dryRun",
		    "FieldValueNotSupported",
		    "Unsupported value: [\"%.40s\"]: supported values: "
		    "\"All\"",
		    dry);
	rq->dry_run = str_eq(dry, "All");
	if (str_eq(validation, "Strict"))
		rq->validation = KS_STRICT;
	else if (str_eq(validation, "Ignore"))
		rq->validation = KS_IGNORE;
	else if (!str_empty(validation) && !str_eq(validation, "Warn"))
		ok = ks_bad_option(st, options_of(rq), "fieldValidation",
		    "FieldValueNotSupported",
		    "Unsupported value: \"%.40s\": supported values: \"\", "
		    "\"Ignore\", \"Strict\", \"Warn\"",
		    validation);
	xfree(dry);
	xfree(validation);
	(void)take_bool(rq->in->target, "force", &rq->force);
	rq->propagation = url_query(rq->in->target, "propagationPolicy");
	return ok;
}

/* As the real server does: the part of the User-Agent before its '/'. */
static void
take_manager(struct ks_request *rq)
{
	const char *agent = rq->in->agent != NULL ? rq->in->agent : "unknown";

	rq->manager = url_query(rq->in->target, "fieldManager");
	rq->manager_given = !str_empty(rq->manager);
	if (rq->manager_given)
		return;
	xfree(rq->manager);
	rq->manager = xstrndup(agent, strcspn(agent, "/"));
}

static bool
check_manager(const struct ks_request *rq, struct ks_status *st)
{
	for (const char *p = rq->manager; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return ks_bad_option(st, options_of(rq), "fieldManager",
			    "FieldValueInvalid",
			    "Invalid value: \"%s\": invalid character U+%04X "
			    "(at position %d)",
			    *p == '\t' ? "a\\tb" : "?", (unsigned)*p,
			    (int)(p - rq->manager));
	if (strlen(rq->manager) <= 128)
		return true;
	if (rq->manager_given)
		return ks_bad_option(st, options_of(rq), "fieldManager",
		    "FieldValueTooLong",
		    "Too long: may not be more than 128 bytes");
	rq->manager[128] = '\0';
	return true;
}

/* A broken escape would otherwise pass for an absent parameter. */
static bool
check_escapes(const char *target, struct ks_status *st)
{
	for (const char *p = strchr(target, '%'); p != NULL;
	     p = strchr(p + 1, '%'))
		if (strspn(p + 1, "0123456789abcdefABCDEF") < 2 ||
		    (p[1] == '0' && p[2] == '0'))
			return ks_bad_request(
			    st, "invalid URL escape \"%.3s\"", p);
	return true;
}

static bool
parse_query(struct ks_request *rq, struct ks_status *st)
{
	const char *t = rq->in->target;
	char *inc;
	bool ok;

	rq->rv = -1;
	if (!check_escapes(t, st))
		return false;
	take_manager(rq);
	if (!check_manager(rq, st))
		return false;
	if (strchr(t, '?') == NULL)
		return true;
	inc = url_query(t, "includeObject");
	ok = table_include_parse(inc, &rq->include) ||
	     ks_bad_request(st,
		 "Unable to convert to Table as requested: includeObject: "
		 "Invalid value: \"%.40s\": must be 'Metadata', 'Object', "
		 "'None', or empty",
		 inc);
	xfree(inc);
	(void)take_bool(t, "allowWatchBookmarks", &rq->bookmarks);
	rq->initial_events_given =
	    take_bool(t, "sendInitialEvents", &rq->initial_events);
	rq->cont = url_query(t, "continue");
	if (rq->initial_events_given && str_eq(rq->verb, "list"))
		return ks_bad_option(st, "ListOptions", "sendInitialEvents",
		    "FieldValueForbidden",
		    "Forbidden: sendInitialEvents is forbidden for list");
	return ok && take_selectors(rq, st) && take_revision(rq, st) &&
	       take_int(t, "limit", &rq->limit, st) &&
	       take_int(t, "timeoutSeconds", &rq->timeout_s, st) &&
	       take_write_options(rq, st);
}

/* ---- method and media types --------------------------------------------- */

static bool
not_allowed(const struct ks_request *rq, struct ks_status *st)
{
	bool builtin = rq->kind->special != KS_CUSTOM;
	const char *verb = str_eq(rq->in->method, "POST")     ? "create"
			   : str_eq(rq->in->method, "DELETE") ? "delete"
							      : NULL;

	if (rq->sub[0] != '\0' && !builtin && verb != NULL) {
		(void)ks_status_set(st, 405, "MethodNotAllowed",
		    "%s is not supported on resources of kind \"%s\"", verb,
		    rq->kind->resource);
		ks_status_about(st, rq->kind, NULL);
		return false;
	}
	(void)ks_status_set(st, 405, "MethodNotAllowed",
	    "the server does not allow this method on the requested resource");
	if (builtin)
		st->details = cJSON_CreateObject();
	return false;
}

/* Kinds whose collections cannot be deleted. */
static bool
keeps_all(const struct ks_kind *k)
{
	return k->special == KS_NAMESPACE;
}

static const struct {
	const char *type;
	enum ks_patch_type patch;
} patch_types[] = {
	{ "application/merge-patch+json", KS_PATCH_MERGE },
	{ "application/json-patch+json", KS_PATCH_JSON },
	{ "application/strategic-merge-patch+json", KS_PATCH_STRATEGIC },
	{ "application/apply-patch+yaml", KS_PATCH_APPLY },
};

static bool
check_patch(struct ks_request *rq, struct ks_status *st)
{
	for (size_t i = 0; i < sizeof(patch_types) / sizeof(patch_types[0]);
	     i++)
		if (ks_type_is(rq->in->content_type, patch_types[i].type))
			rq->patch = patch_types[i].patch;
	if (rq->patch == KS_PATCH_NONE ||
	    (rq->patch == KS_PATCH_STRATEGIC && rq->kind->special == KS_CUSTOM))
		return ks_status_set(st, 415, "UnsupportedMediaType",
		    "the body of the request was in an unknown format - "
		    "accepted media types include: %s",
		    rq->kind->special == KS_CUSTOM
			? "application/json-patch+json, "
			  "application/merge-patch+json, "
			  "application/apply-patch+yaml"
			: "application/json-patch+json, "
			  "application/merge-patch+json, "
			  "application/strategic-merge-patch+json, "
			  "application/apply-patch+yaml");
	rq->verb = rq->patch == KS_PATCH_APPLY ? "apply" : "patch";
	return true;
}

static bool
check_body_type(const struct ks_request *rq, struct ks_status *st)
{
	const char *t = rq->in->content_type;

	if (str_empty(t) || ks_type_is(t, "application/json") ||
	    ks_type_is(t, "application/yaml") ||
	    (ks_type_is(t, KS_PROTOBUF_TYPE) && rq->kind->special != KS_CUSTOM))
		return true;
	return ks_status_set(st, 415, "UnsupportedMediaType",
	    "the body of the request was in an unknown format - accepted media "
	    "types include: application/json, "
	    "application/yaml, " KS_PROTOBUF_TYPE);
}

/* Which verb a method is where: on one object, on a collection, on the
 * collections of all namespaces together. */
enum place {
	P_OBJECT = 1,
	P_COLLECTION = 2,
	P_SPREAD = 4,
	P_SUB = 8
};
static const struct {
	const char *method;
	unsigned places;
	const char *verb;
} verbs[] = {
	{ "GET", P_OBJECT | P_SUB, "get" },
	{ "HEAD", P_OBJECT | P_SUB, "get" },
	{ "GET", P_COLLECTION | P_SPREAD, "list" },
	{ "HEAD", P_COLLECTION | P_SPREAD, "list" },
	{ "POST", P_COLLECTION, "create" },
	{ "PUT", P_OBJECT | P_SUB, "update" },
	{ "PATCH", P_OBJECT | P_SUB, "patch" },
	{ "DELETE", P_OBJECT, "delete" },
	{ "DELETE", P_COLLECTION, "deletecollection" },
};

static enum place
place_of(const struct ks_request *rq)
{
	if (rq->sub[0] != '\0')
		return P_SUB;
	if (rq->name[0] != '\0')
		return P_OBJECT;
	return rq->kind->namespaced && rq->ns[0] == '\0' ? P_SPREAD
							 : P_COLLECTION;
}

static bool
parse_method(struct ks_request *rq, struct ks_status *st)
{
	enum place at = place_of(rq);
	bool watch = false;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq(verbs[i].method, rq->in->method) &&
		    (verbs[i].places & at) != 0)
			rq->verb = verbs[i].verb;
	if (rq->verb[0] == '\0' ||
	    (str_eq(rq->verb, "deletecollection") && keeps_all(rq->kind)))
		return not_allowed(rq, st);
	(void)take_bool(rq->in->target, "watch", &watch);
	if (watch && str_eq(rq->verb, "list"))
		rq->verb = "watch";
	if (str_eq(rq->verb, "patch"))
		return check_patch(rq, st);
	if (str_eq(rq->verb, "create") || str_eq(rq->verb, "update"))
		return check_body_type(rq, st);
	return true;
}

static bool
parse_accept(struct ks_request *rq, struct ks_status *st)
{
	const char *a = rq->in->accept;

	if (table_accepted(a))
		rq->form = KS_TABLE;
	else if (table_partial_accepted(a))
		rq->form = KS_PARTIAL;
	if (rq->form != KS_JSON || str_empty(a) ||
	    strstr(a, "application/json") != NULL || strstr(a, "*/*") != NULL ||
	    strstr(a, "application/*") != NULL)
		return true;
	return ks_status_set(st, 406, "NotAcceptable",
	    "only the following media types are accepted: application/json, "
	    "application/yaml, " KS_PROTOBUF_TYPE);
}

bool
ks_request_parse(struct ks_request *rq, const struct ks_kinds *kinds,
    const struct ks_input *in, struct ks_status *st)
{
	*rq = (struct ks_request){ .in = in, .rv = -1, .verb = "" };
	if (!parse_path(rq, kinds, st))
		return false;
	rq->resource = rq->sub[0] == '\0'
			   ? xstrdup(rq->kind->resource)
			   : xasprintf("%s/%s", rq->kind->resource, rq->sub);
	return check_sub(rq, st) && parse_method(rq, st) &&
	       parse_accept(rq, st) && parse_query(rq, st);
}
