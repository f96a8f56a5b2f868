/*
 * What an API call failed with: a metav1.Status in the making. Functions that
 * can fail take a `struct ks_status *` last (never NULL), fill it and return
 * false. Messages follow k8s.io/apimachinery's errors word for word where
 * kubectl or client-go look at them.
 */
#ifndef B7_SIM_KUBE_STATUS_H
#define B7_SIM_KUBE_STATUS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct field_errors;
struct ks_kind;

struct ks_status {
	int code;           /* HTTP; 0 = none */
	const char *reason; /* constant */
	char *message;      /* owned */
	cJSON *details;     /* owned; may be NULL */
	int64_t retry_after_s;
	char *cont; /* owned; metadata.continue, to go on all the same */
	bool plain; /* the message as text instead of a Status */
};

void ks_status_fini(struct ks_status *st);
bool ks_status_set(struct ks_status *st, int code, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* details {name, group, kind}; kind is the plural name there. */
void ks_status_about(
    struct ks_status *st, const struct ks_kind *k, const char *name);
/* Adds details.causes[]; NULL members are left out. */
void ks_status_cause(struct ks_status *st, const char *reason,
    const char *message, const char *field);
/* A Failure Status; owned by the caller. */
cJSON *ks_status_json(const struct ks_status *st);

/* 422 of a parameter: kind is "CreateOptions" and so on. */
bool ks_bad_option(struct ks_status *st, const char *kind, const char *field,
    const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* What the real server says where no handler is: text, no Status. */
bool ks_no_page(struct ks_status *st);
/* 500 without a reason: errors that the real server did not think of. */
bool ks_unthought(struct ks_status *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool ks_bad_request(struct ks_status *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool ks_not_found(
    struct ks_status *st, const struct ks_kind *k, const char *name);
/* ending: the one that has the name is being deleted. */
bool ks_exists(struct ks_status *st, const struct ks_kind *k, const char *name,
    bool ending);
/* "Operation cannot be fulfilled on ...: <why>" */
bool ks_conflict(struct ks_status *st, const struct ks_kind *k,
    const char *name, const char *why);
bool ks_expired(struct ks_status *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* true (and nothing set) if the list is empty, else 422 Invalid; frees it. */
bool ks_invalid_end(struct ks_status *st, struct field_errors *l,
    const struct ks_kind *k, const char *name);

/* From errors of libraries below: 400, 413 or 500. */
bool ks_status_err(struct ks_status *st, const struct err *e);

#endif
