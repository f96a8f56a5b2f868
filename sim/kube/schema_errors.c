#include "sim/kube/schema_errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define BODY_MAX 8192
#define VALUE_MAX 1024 /* bytes of a value that a message repeats */
#define TEXT_MAX (256U << 10)

static const struct {
	const char *reason, *words;
} causes[] = {
	[FIELD_REQUIRED] = { "FieldValueRequired", "Required value" },
	[FIELD_INVALID] = { "FieldValueInvalid", "Invalid value" },
	[FIELD_NOT_SUPPORTED] = { "FieldValueNotSupported",
	    "Unsupported value" },
	[FIELD_DUPLICATE] = { "FieldValueDuplicate", "Duplicate value" },
	[FIELD_TOO_LONG] = { "FieldValueTooLong", "Too long" },
	[FIELD_TOO_MANY] = { "FieldValueTooMany", "Too many" },
	[FIELD_TYPE_INVALID] = { "FieldValueTypeInvalid", "Invalid value" },
	[FIELD_FORBIDDEN] = { "FieldValueForbidden", "Forbidden" },
};

void
field_errors_free(struct field_errors *l)
{
	for (size_t i = 0; i < l->n; i++) {
		xfree(l->v[i].path);
		xfree(l->v[i].body);
	}
	xfree(l->v);
	*l = (struct field_errors){ 0 };
}

const char *
field_cause_reason(enum field_cause c)
{
	return causes[c].reason;
}

static struct field_error *
new_entry(struct field_errors *l)
{
	if (l->n == FIELD_ERRORS_MAX) {
		l->more = true;
		return NULL;
	}
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 4 : l->cap * 2;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	return &l->v[l->n++];
}

void
field_errors_add(struct field_errors *l, enum field_cause c, const char *path,
    const char *fmt, ...)
{
	struct field_error *f = new_entry(l);
	char detail[BODY_MAX];
	va_list ap;

	if (f == NULL)
		return;
	va_start(ap, fmt);
	/* A cut detail is still a detail. */
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	f->cause = c;
	f->path = xstrdup(path[0] == '\0' ? "<nil>" : path);
	f->body = detail[0] == '\0'
		      ? xstrdup(causes[c].words)
		      : xasprintf("%s: %s", causes[c].words, detail);
}

/* As Go prints it: strings quoted, "null" for nothing, else JSON. */
static char *
value_text(const cJSON *v)
{
	char *text;
	size_t n;

	if (v == NULL || cJSON_IsNull(v))
		return xstrdup("\"null\"");
	text = json_print(v);
	for (n = 0; n < VALUE_MAX && text[n] != '\0'; n++)
		;
	if (text[n] != '\0') {
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		text[n] = '\0';
		char *cut = xasprintf("%s...", text);
		xfree(text);
		text = cut;
	}
	return text;
}

void
field_errors_invalid(struct field_errors *l, const char *path,
    const cJSON *value, const char *fmt, ...)
{
	char detail[BODY_MAX];
	va_list ap;
	char *v = value_text(value);

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	field_errors_add(l, FIELD_INVALID, path, "%s%s%s", v,
	    detail[0] == '\0' ? "" : ": ", detail);
	xfree(v);
}

static bool
seen_before(const struct field_errors *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(l->v[k].path, l->v[i].path) &&
		    str_eq(l->v[k].body, l->v[i].body))
			return true;
	return false;
}

char *
field_errors_text(const struct field_errors *l)
{
	struct buf b, all;
	size_t shown = 0;
	char *s;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < l->n; i++) {
		if (seen_before(l, i))
			continue;
		if (shown++ > 0)
			(void)buf_adds(&b, ", ");
		(void)buf_adds(&b, l->v[i].path);
		(void)buf_adds(&b, ": ");
		(void)buf_adds(&b, l->v[i].body);
	}
	if (l->more) {
		shown++;
		(void)buf_adds(&b, ", and more");
	}
	if (shown < 2)
		return buf_take(&b, NULL);
	buf_init(&all, TEXT_MAX + 2);
	(void)buf_addc(&all, '[');
	(void)buf_adds(&all, buf_str(&b));
	(void)buf_addc(&all, ']');
	s = buf_take(&all, NULL);
	buf_free(&b);
	return s;
}

cJSON *
field_errors_causes(const struct field_errors *l)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < l->n; i++) {
		cJSON *c = cJSON_CreateObject();

		json_set_str(c, "reason", causes[l->v[i].cause].reason);
		json_set_str(c, "message", l->v[i].body);
		json_set_str(c, "field", l->v[i].path);
		(void)cJSON_AddItemToArray(list, c);
	}
	return list;
}

cJSON *
field_errors_status(const struct field_errors *l, const char *group,
    const char *kind, const char *name)
{
	cJSON *st = cJSON_CreateObject(), *details = cJSON_CreateObject();
	char *text = field_errors_text(l);
	char *msg = xasprintf("%s%s%s \"%s\" is invalid: %s", kind,
	    str_empty(group) ? "" : ".", str_empty(group) ? "" : group, name,
	    text);

	json_set_str(st, "kind", "Status");
	json_set_str(st, "apiVersion", "v1");
	json_set(st, "metadata", cJSON_CreateObject());
	json_set_str(st, "status", "Failure");
	json_set_str(st, "message", msg);
	json_set_str(st, "reason", "Invalid");
	json_set_str(details, "name", name);
	if (!str_empty(group))
		json_set_str(details, "group", group);
	json_set_str(details, "kind", kind);
	json_set(details, "causes", field_errors_causes(l));
	json_set(st, "details", details);
	json_set_i64(st, "code", 422);
	xfree(msg);
	xfree(text);
	return st;
}
