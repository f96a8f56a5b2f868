#include "sim/kube/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/kind.h"
#include "sim/kube/schema_errors.h"

#define MESSAGE_MAX 8192u

void
ks_status_fini(struct ks_status *st)
{
	xfree(st->message);
	cJSON_Delete(st->details);
	xfree(st->cont);
	*st = (struct ks_status){ 0 };
}

static void set_message(struct ks_status *st, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
static void
set_message(struct ks_status *st, const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut if longer */
	st->message = xstrdup(text);
}

bool
ks_status_set(
    struct ks_status *st, int code, const char *reason, const char *fmt, ...)
{
	va_list ap;

	ks_status_fini(st);
	st->code = code;
	st->reason = reason;
	va_start(ap, fmt);
	set_message(st, fmt, ap);
	va_end(ap);
	return false;
}

void
ks_status_about(struct ks_status *st, const struct ks_kind *k, const char *name)
{
	if (st->details == NULL)
		st->details = cJSON_CreateObject();
	if (!str_empty(name))
		json_set_str(st->details, "name", name);
	if (k == NULL)
		return;
	if (k->group[0] != '\0')
		json_set_str(st->details, "group", k->group);
	json_set_str(st->details, "kind", k->plural);
}

static cJSON *
new_cause(const char *reason, const char *message, const char *field)
{
	cJSON *c = cJSON_CreateObject();

	json_set_str(c, "reason", reason);
	json_set_str(c, "message", message);
	json_set_str(c, "field", field);
	return c;
}

void
ks_status_cause(struct ks_status *st, const char *reason, const char *message,
    const char *field)
{
	cJSON *causes;

	if (st->details == NULL)
		st->details = cJSON_CreateObject();
	causes = json_child(st->details, "causes");
	if (causes == NULL) {
		causes = cJSON_CreateArray();
		json_set(st->details, "causes", causes);
	}
	cJSON_AddItemToArray(causes, new_cause(reason, message, field));
}

cJSON *
ks_status_json(const struct ks_status *st)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "kind", "Status");
	json_set_str(j, "apiVersion", "v1");
	json_set_str(json_ensure_obj(j, "metadata"), "continue", st->cont);
	json_set_str(j, "status", "Failure");
	json_set_str(j, "message", st->message);
	json_set_str(j, "reason", st->reason);
	if (st->details != NULL)
		json_set(j, "details", json_dup(st->details));
	if (st->retry_after_s > 0) {
		cJSON *d = json_ensure_obj(j, "details");

		json_set_i64(d, "retryAfterSeconds", st->retry_after_s);
	}
	json_set_i64(j, "code", st->code);
	return j;
}

bool
ks_bad_request(struct ks_status *st, const char *fmt, ...)
{
	va_list ap;

	ks_status_fini(st);
	st->code = 400;
	st->reason = "BadRequest";
	va_start(ap, fmt);
	set_message(st, fmt, ap);
	va_end(ap);
	return false;
}

bool
ks_unthought(struct ks_status *st, const char *fmt, ...)
{
	va_list ap;

	ks_status_fini(st);
	st->code = 500;
	va_start(ap, fmt);
	set_message(st, fmt, ap);
	va_end(ap);
	return false;
}

bool
ks_no_page(struct ks_status *st)
{
	ks_status_set(st, 404, "NotFound", "404 page not found");
	st->plain = true;
	return false;
}

bool
ks_bad_option(struct ks_status *st, const char *kind, const char *field,
    const char *reason, const char *fmt, ...)
{
	struct ks_status why = { 0 };
	va_list ap;

	va_start(ap, fmt);
	set_message(&why, fmt, ap);
	va_end(ap);
	ks_status_set(st, 422, "Invalid",
	    "%s.meta.k8s.io \"\" is invalid: %s: %s", kind, field, why.message);
	ks_status_cause(st, reason, why.message, field);
	json_set_str(st->details, "group", "meta.k8s.io");
	json_set_str(st->details, "kind", kind);
	ks_status_fini(&why);
	return false;
}

bool
ks_not_found(struct ks_status *st, const struct ks_kind *k, const char *name)
{
	ks_status_set(
	    st, 404, "NotFound", "%s \"%s\" not found", k->resource, name);
	ks_status_about(st, k, name);
	return false;
}

bool
ks_exists(struct ks_status *st, const struct ks_kind *k, const char *name,
    bool ending)
{
	ks_status_set(st, 409, "AlreadyExists", "%s%s \"%s\" already exists",
	    ending ? "object is being deleted: " : "", k->resource, name);
	ks_status_about(st, k, name);
	return false;
}

bool
ks_conflict(struct ks_status *st, const struct ks_kind *k, const char *name,
    const char *why)
{
	ks_status_set(st, 409, "Conflict",
	    "Operation cannot be fulfilled on %s \"%s\": %s", k->resource, name,
	    why);
	ks_status_about(st, k, name);
	return false;
}

bool
ks_expired(struct ks_status *st, const char *fmt, ...)
{
	va_list ap;

	ks_status_fini(st);
	st->code = 410;
	st->reason = "Expired";
	va_start(ap, fmt);
	set_message(st, fmt, ap);
	va_end(ap);
	return false;
}

bool
ks_invalid_end(struct ks_status *st, struct field_errors *l,
    const struct ks_kind *k, const char *name)
{
	cJSON *causes;
	char *text;

	if (l->n == 0)
		return true;
	text = field_errors_text(l);
	ks_status_set(st, 422, "Invalid", "%s%s%s \"%s\" is invalid: %s",
	    k->kind, k->group[0] != '\0' ? "." : "", k->group,
	    name != NULL ? name : "", text);
	xfree(text);
	causes = field_errors_causes(l);
	ks_status_about(st, k, name);
	/* The kind here is the Kind, not the plural, unlike elsewhere. */
	json_set_str(st->details, "kind", k->kind);
	json_set(st->details, "causes", causes);
	field_errors_free(l);
	return false;
}

bool
ks_status_err(struct ks_status *st, const struct err *e)
{
	if (e->kind == ERR_TOO_BIG)
		return ks_status_set(st, 413, "RequestEntityTooLarge",
		    "Request entity too large: %s", e->msg);
	if (e->kind == ERR_INTERNAL)
		return ks_status_set(st, 500, "InternalError",
		    "Internal error occurred: %s", e->msg);
	return ks_bad_request(st, "%s", e->msg);
}
