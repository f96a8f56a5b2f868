/*
 * Field errors in the words of the real API server, so that people and
 * scripts that know Kubernetes read what they expect:
 *
 *   spec.port: Invalid value: 0: spec.port in body should be greater than ...
 *
 * A list holds at most FIELD_ERRORS_MAX; later ones set `more`. Source:
 * apimachinery's field errors and their mapping to metav1.Status causes.
 */
#ifndef B7_SIM_KUBE_SCHEMA_ERRORS_H
#define B7_SIM_KUBE_SCHEMA_ERRORS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define FIELD_ERRORS_MAX 100

enum field_cause {
	FIELD_REQUIRED,
	FIELD_INVALID,
	FIELD_NOT_SUPPORTED,
	FIELD_DUPLICATE,
	FIELD_TOO_LONG,
	FIELD_TOO_MANY,
	FIELD_TYPE_INVALID,
	FIELD_FORBIDDEN
};

struct field_error {
	enum field_cause cause;
	char *path; /* owned; "spec.list[0].name" */
	char *body; /* owned; "Required value", "Invalid value: 0: ..." */
};

/* All zero is an empty list. */
struct field_errors {
	struct field_error *v; /* owned */
	size_t n, cap;
	bool more;
};

void field_errors_free(struct field_errors *l);
/* "FieldValueRequired", the reason of a metav1.StatusCause. */
const char *field_cause_reason(enum field_cause c);
/* Adds with the body ready-made. */
void field_errors_add(struct field_errors *l, enum field_cause c,
    const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds "Invalid value: <value>: <detail>"; value NULL shows as "null". */
void field_errors_invalid(struct field_errors *l, const char *path,
    const cJSON *value, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "p: body", or "[p: body, q: body]"; duplicates once. Owned by caller. */
char *field_errors_text(const struct field_errors *l);
/* For Status.details.causes: [{reason, message, field}]. Owned by caller. */
cJSON *field_errors_causes(const struct field_errors *l);
/* The whole 422 Status ("Kind.group \"name\" is invalid: ..."); group may be
 * "" for core kinds. Owned by caller. */
cJSON *field_errors_status(const struct field_errors *l, const char *group,
    const char *kind, const char *name);

#endif
